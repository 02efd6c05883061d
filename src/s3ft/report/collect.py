"""All numbers of a run, from its files, as the JSON of report.json; docs/report_json.md names the fields."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from s3ft.config import RunConfig, parse
from s3ft.data import made
from s3ft.evaluate import statistics
from s3ft.progress import say
from s3ft.report import drift, flips, front, measured
from s3ft.report.measured import Arm, stack
from s3ft.types import UserError

PAPER_RETENTION = 2.5 / 4.4
"""What S3FT lost over what SFT lost, in the paper (Gupta et al. 2025, abstract)."""

_OF_BUILD = (
    "composition",
    "nll_per_token",
    "nll_per_token_all",
    "generated_tokens",
    "rows",
    "targets",
    "undecided",
    "filtered",
    "rejected",
)


@dataclass(frozen=True)
class _Run:
    """What is reported on."""

    folder: Path
    config: RunConfig
    order: measured.Order
    base: Arm
    tuned: dict[str, list[Arm]]
    """Of each recipe, one arm a seed."""
    general: list[str]
    """The benchmarks that a drop is measured on."""
    missing: list[str]
    """Arms that are not measured yet; their recipes are left out."""

    def names(self, recipe: str) -> list[str]:
        """A recipe's arms in evals/."""
        return [f"{recipe}-seed-{seed}" for seed in self.config.seeds]


def report(folder: Path, outdated: Sequence[str] = ()) -> dict[str, Any]:
    """The content of report.json. All scores are fractions; what is undefined or was not measured is None.

    Raises UserError if nothing is measured but the base; arms that are `outdated` count as not measured."""
    run = _opened(folder, outdated)
    config, recipes, base = run.config, list(run.tuned), run.base
    return {
        "model": config.model,
        "task": config.task["name"],
        "split": config.evaluate.split,
        "seeds": list(config.seeds),
        "missing": run.missing,
        "intervals": {"level": 0.95, "over": ["seeds", "items"] if len(config.seeds) > 1 else ["items"]},
        "items": {n: len(names) for n, names in run.order.items()},
        "strata": {n: dict(Counter(map(str, s.strata))) for n, s in base.items() if s.strata is not None},
        "data": _summary(folder, recipes[0])["data"],
        "base": {
            **_scores([base]),
            "drift": drift.of(folder, ["base"]),
            "undecided_share": {"target": _undecided(run, ["base"])},
            "seconds": {"evaluate": _seconds(folder / "evals" / "base.json")},
        },
        "recipes": {recipe: _recipe(run, recipe) for recipe in recipes},
        "comparisons": [_compared(run, ours, theirs) for theirs, ours in combinations(recipes, 2)],
        "sweep": front.sweep(folder, recipes) if config.sweep else None,
        "front": front.compared(folder, recipes) if config.sweep else None,
        "forecast": _json(folder / "forecast.json", "forecast") if (folder / "forecast.json").exists() else {},
        "versions": _json(folder / "versions.json", "versions"),
        **({"s3ft_over_sft": _against(run)} if {"sft", "s3ft"} <= run.tuned.keys() else {}),
    }


def _opened(folder: Path, outdated: Sequence[str]) -> _Run:
    config = parse(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")), str(folder / "config.yaml"))
    base, order = measured.base(folder)
    names = {r: [f"{r}-seed-{s}" for s in config.seeds] for r in config.ladders()}
    missing = [arm for arms in names.values() for arm in arms if arm in outdated or not measured.is_there(folder, arm)]
    done = {r: arms for r, arms in names.items() if not set(arms) & set(missing)}
    if outdated and not done:
        raise UserError(f"{folder}: {outdated[0]} was trained on other targets than records/ now has; s3ft run goes on")
    # Where nothing is done, the first arm says what to do.
    tuned = {r: [measured.arm(folder, arm, order) for arm in arms] for r, arms in (done or names).items()}
    general = [n for n in base if n != "target" and n not in config.evaluate.extra_benchmarks]
    return _Run(folder, config, order, base, tuned, general, missing)


def _recipe(run: _Run, recipe: str) -> dict[str, Any]:
    folder, base, arms, names = run.folder, run.base, run.tuned[recipe], run.names(recipe)
    summary = _summary(folder, recipe)
    found = {
        **_scores(arms),
        **_change(run, arms),
        "drops": {n: _difference([base], arms, [n]) for n in base if n != "target"},
        "flips": {n: flips.flips([base], arms, n) for n in base},
        "drift": drift.of(folder, names),
        **{n: summary[n] for n in _OF_BUILD},
        "undecided_share": {"target": _undecided(run, names)},
        "seconds": {
            "build": summary["seconds"],
            "train": sum(_seconds(folder / "adapters" / recipe / f"seed-{s}" / "s3ft.json") for s in run.config.seeds),
            "evaluate": sum(_seconds(folder / "evals" / f"{name}.json") for name in names),
        },
    }
    if judged := summary.get("judged"):
        found["undecided_share"]["build"] = sum(summary["undecided"].values()) / judged
    if scales := run.config.evaluate.scales:
        scaled = {x: [measured.arm(folder, f"{n}-scale-{x:g}", run.order) for n in names] for x in scales}
        found["scales"] = [{"scale": x, **_change(run, scaled.get(x, arms))} for x in sorted({*scales, 1.0})]
    return found


def _change(run: _Run, arms: list[Arm]) -> dict[str, Any]:
    """What was gained on the task, and what the benchmarks lost on average, None where there are none."""
    drop = _difference([run.base], arms, run.general) if run.general else None
    if drop:
        lost = [[run.base[n].values - arm[n].values for n in run.general] for arm in arms]
        drop["per_seed"] = [float(np.mean([values.mean() for values in of_arm])) for of_arm in lost]
    return {"gain": _difference(arms, [run.base], ["target"]), "mean_drop": drop}


def _difference(ours: list[Arm], theirs: list[Arm], names: list[str]) -> dict[str, Any]:
    """Ours minus theirs, a mean over sets of items, paired by item and seed."""
    pairs = [(stack(ours, n), stack(theirs, n)) for n in names]
    return dict(statistics.mean_difference(pairs, [ours[0][n].strata for n in names]).as_dict())


def _compared(run: _Run, ours: str, theirs: str) -> dict[str, Any]:
    """One recipe against another, paired by item and seed: ours minus theirs."""
    one, other = run.tuned[ours], run.tuned[theirs]
    return {
        "ours": ours,
        "theirs": theirs,
        "target": _difference(one, other, ["target"]),
        "mean_benchmark": _difference(one, other, run.general) if run.general else None,
        "benchmarks": {n: _difference(one, other, [n]) for n in run.base if n != "target"},
        "flips": {n: flips.flips(other, one, n) for n in run.base},
        "drift": drift.difference(run.folder, run.names(ours), run.names(theirs)),
    }


def _against(run: _Run) -> dict[str, Any]:
    """S3FT against SFT, paired by item: the difference on the task, and the ratio of what they lost."""
    ours, theirs = run.tuned["s3ft"], run.tuned["sft"]
    found: dict[str, Any] = {"target": _difference(ours, theirs, ["target"])}
    if run.general:
        found["benchmarks"] = _difference(ours, theirs, run.general)
        lost = [(run.base[n].values, stack(ours, n), stack(theirs, n)) for n in run.general]
        ratio = statistics.ratio_of_drops(lost, [run.base[n].strata for n in run.general]).as_dict()
        why = "what SFT lost is not apart from zero" if ratio["mean"] is None else None
        found["retention_ratio"] = {**ratio, "paper": PAPER_RETENTION, "undefined_because": why}
    return found


def _scores(arms: list[Arm]) -> dict[str, Any]:
    return {
        "target": _estimate(arms, "target"),
        "benchmarks": {n: _estimate(arms, n) for n in arms[0] if n != "target"},
        "outcomes": flips.outcomes(arms),
    }


def _estimate(arms: list[Arm], name: str) -> dict[str, Any]:
    per_seed = [float(arm[name].values.mean()) for arm in arms]
    spread = {"std_over_seeds": float(np.std(per_seed, ddof=1))} if len(per_seed) > 1 else {}
    found = statistics.mean_over_items(stack(arms, name), arms[0][name].strata)
    return {**found.as_dict(), "per_seed": per_seed, **spread}


def _summary(folder: Path, recipe: str) -> dict[str, Any]:
    found = made.read(folder / "records" / f"{recipe}.json")
    if found is None:
        raise UserError(f"{folder}: no records of {recipe!r} as build writes them; run s3ft build, or s3ft run for all")
    return found


def _undecided(run: _Run, arms: list[str]) -> float:
    """The share of the task's items, over arms, on which the judge was undecided."""
    facts = [made.read(run.folder / "evals" / f"{arm}.json") or {} for arm in arms]
    return float(sum(f.get("undecided", 0) for f in facts) / (len(run.order["target"]) * len(arms)))


def _seconds(path: Path) -> float:
    return float((made.read(path) or {}).get("seconds", 0.0))


def _json(path: Path, what: str) -> Any:
    """What a file of no result holds; nothing if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        say(f"{path}: missing or damaged; the report has no {what}")
        return {}
