"""All numbers of a run, from its files, as the JSON of report.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from s3ft.config import parse
from s3ft.data import jsonl, made
from s3ft.evaluate import statistics
from s3ft.types import UserError

PAPER_RETENTION = 2.5 / 4.4
"""What S3FT lost over what SFT lost, in the paper (Gupta et al. 2025, abstract)."""


def report(folder: Path) -> dict[str, Any]:
    """The content of report.json. All scores are fractions; every interval is 95 %, over items."""
    config = parse(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")), str(folder / "config.yaml"))
    recipes, seeds = list(config.ladders()), config.seeds
    ids = {n: sorted(scores) for n, scores in _scores(folder, "base").items()}
    base = _in_order(folder, "base", ids)
    tuned = {r: [_in_order(folder, f"{r}-seed-{s}", ids) for s in seeds] for r in recipes}
    extra = config.evaluate.extra_benchmarks
    general = [n for n in base if n != "target" and n not in extra]
    found: dict[str, Any] = {
        "model": config.model,
        "task": config.task["name"],
        "seeds": list(seeds),
        "items": {n: len(names) for n, names in ids.items()},
        "data": _summary(folder, recipes[0])["data"],
        "base": _measured([base], [*general, *extra]),
        "recipes": {},
        "versions": _versions(folder),
    }
    num = len(ids["target"])
    found["base"]["undecided_share"] = {"target": _undecided(folder, ["base"], num)}
    found["base"]["seconds"] = {"evaluate": _seconds(folder / "evals" / "base.json")}
    for recipe, arms in tuned.items():
        summary = _summary(folder, recipe)
        result = _measured(arms, [*general, *extra])
        result["gain"] = statistics.difference(_stack(arms, "target"), base["target"]).as_dict()
        if general:
            result["mean_drop"] = _mean_drop(base, arms, general)
            per_seed = [float(np.mean([base[n].mean() - arm[n].mean() for n in general])) for arm in arms]
            result["mean_drop"]["per_seed"] = per_seed
        if scales := config.evaluate.scales:
            scaled = {x: [_in_order(folder, f"{recipe}-seed-{s}-scale-{x:g}", ids) for s in seeds] for x in scales}
            result["scales"] = [_at_scale(x, base, scaled.get(x, arms), general) for x in sorted({*scales, 1.0})]
        names = (
            "composition",
            "nll_per_token",
            "nll_per_token_all",
            "generated_tokens",
            "rows",
            "targets",
            "undecided",
        )
        result |= {n: summary[n] for n in (*names, "filtered", "rejected")}
        shares = {"target": _undecided(folder, [f"{recipe}-seed-{s}" for s in seeds], num)}
        if judged := summary.get("judged"):
            shares["build"] = sum(summary["undecided"].values()) / judged
        result["undecided_share"] = shares
        result["seconds"] = {
            "build": summary["seconds"],
            "train": sum(_seconds(folder / "adapters" / recipe / f"seed-{s}" / "s3ft.json") for s in seeds),
            "evaluate": sum(_seconds(folder / "evals" / f"{recipe}-seed-{s}.json") for s in seeds),
        }
        found["recipes"][recipe] = result
    if {"sft", "s3ft"} <= tuned.keys():
        found["s3ft_over_sft"] = _against(base, tuned["s3ft"], tuned["sft"], general)
    return found


def _mean_drop(base: dict[str, Any], arms: list[dict[str, Any]], general: list[str]) -> dict[str, Any]:
    return dict(statistics.mean_difference([(base[n], _stack(arms, n)) for n in general]).as_dict())


def _at_scale(scale: float, base: dict[str, Any], arms: list[dict[str, Any]], general: list[str]) -> dict[str, Any]:
    """One point of the adapter-scale sweep: gain and loss with the adapter at a scale between 0 and 1."""
    gain = statistics.difference(_stack(arms, "target"), base["target"]).as_dict()
    return {"scale": scale, "gain": gain, **({"mean_drop": _mean_drop(base, arms, general)} if general else {})}


def _against(base: dict[str, Any], ours: list[Any], theirs: list[Any], general: list[str]) -> dict[str, Any]:
    """S3FT against SFT, paired by item: the difference on the task, and the ratio of what they lost."""
    found: dict[str, Any] = {
        "target": statistics.difference(_stack(ours, "target"), _stack(theirs, "target")).as_dict()
    }
    if general:
        kept = [(_stack(ours, n), _stack(theirs, n)) for n in general]
        found["benchmarks"] = statistics.mean_difference(kept).as_dict()
        arms = [(base[n], _stack(ours, n), _stack(theirs, n)) for n in general]
        found["retention_ratio"] = {**statistics.ratio_of_drops(arms).as_dict(), "paper": PAPER_RETENTION}
    return found


def _measured(arms: list[dict[str, Any]], benchmarks: Sequence[str]) -> dict[str, Any]:
    return {"target": _estimate(arms, "target"), "benchmarks": {n: _estimate(arms, n) for n in benchmarks}}


def _estimate(arms: list[dict[str, Any]], name: str) -> dict[str, Any]:
    per_seed = [float(arm[name].mean()) for arm in arms]
    spread = {"std_over_seeds": float(np.std(per_seed, ddof=1))} if len(per_seed) > 1 else {}
    return {**statistics.mean_over_items(_stack(arms, name)).as_dict(), "per_seed": per_seed, **spread}


def _stack(arms: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.stack([arm[name] for arm in arms])


def _in_order(folder: Path, arm: str, ids: dict[str, list[str]]) -> dict[str, np.ndarray]:
    """Scores of an arm by set, in the order of `ids`, so that arms are paired by id."""
    found = _scores(folder, arm)
    if {n: sorted(scores) for n, scores in found.items()} != ids:
        raise UserError(
            f"{folder}: {arm} was measured on other items than the base; delete evals/ and run s3ft evaluate again"
        )
    return {name: np.array([found[name][i] for i in names]) for name, names in ids.items()}


def _scores(folder: Path, arm: str) -> dict[str, dict[str, float]]:
    path = folder / "evals" / f"{arm}.json"
    if made.read(path) is None:
        raise UserError(
            f"{folder}: {arm} has not been measured, or its files are damaged; run s3ft evaluate first, or s3ft "
            "run for all"
        )
    found: dict[str, dict[str, float]] = {}
    for sample in jsonl.read(path.with_suffix(".samples.jsonl")):
        found.setdefault(sample["set"], {})[sample["id"]] = sample["score"]
    return found


def _summary(folder: Path, recipe: str) -> dict[str, Any]:
    found = made.read(folder / "records" / f"{recipe}.json")
    if found is None:
        raise UserError(f"{folder}: no records of {recipe!r} as build writes them; run s3ft build, or s3ft run for all")
    return found


def _undecided(folder: Path, arms: Sequence[str], num: int) -> float:
    """The share of the task's items, over arms, on which the judge was undecided."""
    facts = [made.read(folder / "evals" / f"{arm}.json") or {} for arm in arms]
    return float(sum(f.get("undecided", 0) for f in facts) / (num * len(arms)))


def _seconds(path: Path) -> float:
    return float((made.read(path) or {}).get("seconds", 0.0))


def _versions(folder: Path) -> Any:
    path = folder / "versions.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
