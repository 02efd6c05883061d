"""The numbers of docs/effect.md, from the run directories, as one small JSON file."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from s3ft.data import atomic
from s3ft.evaluate import statistics
from s3ft.report import measured
from s3ft.report.measured import Arm, stack
from s3ft.runs import sweep

BENCHMARKS = ("lab_facts", "lab_misconceptions", "lab_reading")
DIGITS = 5


def chosen_rates(tried: dict[float, Path]) -> dict[str, float]:
    """The rate of every arm, by the rule of s3ft's sweep."""
    return {arm: next(p["learning_rate"] for p in points if p["chosen"]) for arm, points in _points(tried).items()}


def write(path: Path, tried: dict[float, Path], own: Path | None) -> None:
    """What is there so far: every arm at every rate, the rates that were chosen, and every arm at its own."""
    reports = {rate: _report(folder) for rate, folder in tried.items()}
    found = {
        "versions": json.loads((next(iter(tried.values())) / "versions.json").read_text(encoding="utf-8")),
        "rates": {f"{rate:g}": _extract(reports[rate]) for rate in sorted(tried)},
        "points": _points(tried),
        "equal_rate": _equal_rate(tried, reports),
        "equal_score": _equal_score(reports),
        "own": None if own is None else {"learning_rate": chosen_rates(tried), **_extract(_report(own))},
    }
    with atomic.whole(path) as file:
        file.write(json.dumps(_rounded(found), indent=1) + "\n")


def _report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def _extract(report: dict[str, Any]) -> dict[str, Any]:
    """What is shown of one run."""
    return {
        "seeds": report["seeds"],
        "items": report["items"],
        "base": {
            "target": report["base"]["target"]["mean"],
            **{n: report["base"]["benchmarks"][n]["mean"] for n in BENCHMARKS},
        },
        "arms": {name: _arm(result) for name, result in report["recipes"].items()},
        "differences": [
            {
                "ours": pair["ours"],
                "theirs": pair["theirs"],
                "task": _interval(pair["target"]),
                "benchmarks": _interval(pair["mean_benchmark"]),
                **{n: _interval(pair["benchmarks"][n]) for n in BENCHMARKS},
                "kl": {name: _interval(value) for name, value in (pair["drift"] or {}).items()},
            }
            for pair in report["comparisons"]
        ],
    }


def _arm(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": {**_interval(result["target"]), "per_seed": result["target"]["per_seed"]},
        "gain": _interval(result["gain"]),
        "loss": {**_interval(result["mean_drop"]), "per_seed": result["mean_drop"]["per_seed"]},
        "losses": {n: _interval(result["drops"][n]) for n in BENCHMARKS},
        "kl": {name: _interval(part["kl"]) for name, part in (result["drift"] or {}).items()},
        "composition": result["composition"],
        "generated_tokens": result["generated_tokens"],
        "nll_per_token": result["nll_per_token_all"],
        "targets": result["targets"],
    }


def _interval(estimate: dict[str, Any]) -> dict[str, Any]:
    return {name: estimate[name] for name in ("mean", "low", "high")}


def _points(tried: dict[float, Path]) -> dict[str, list[dict[str, Any]]]:
    """Every arm at every rate, as the sweep sees it: validation score over the selection seeds, and divergence."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rate in sorted(tried):
        report = _report(tried[rate])
        arms = _arms(tried[rate], report)
        for name, result in report["recipes"].items():
            scores = stack(arms[name], "target").mean(0)
            point = {
                "learning_rate": rate,
                "score": float(scores.mean()),
                "standard_error": statistics.standard_error(scores),
                "kl": result["drift"]["task"]["kl"]["mean"],
            }
            found.setdefault(name, []).append(point)
    for points in found.values():
        sweep.take(points)
    return found


def _arms(folder: Path, report: dict[str, Any]) -> dict[str, list[Arm]]:
    """Every arm's adapters as they were measured, one a seed."""
    _, order = measured.base(folder)
    return {r: [measured.arm(folder, f"{r}-seed-{s}", order) for s in report["seeds"]] for r in report["recipes"]}


def _equal_rate(tried: dict[float, Path], reports: dict[float, dict[str, Any]]) -> list[dict[str, Any]]:
    """Arms in pairs over all rates together: each adapter as a seed, paired by rate, seed and item."""
    arms: dict[str, list[Arm]] = {}
    for rate, folder in tried.items():
        for name, found in _arms(folder, reports[rate]).items():
            arms.setdefault(name, []).extend(found)
    return [
        {
            "ours": ours,
            "theirs": theirs,
            "task": _difference(arms[ours], arms[theirs], ("target",)),
            "benchmarks": _difference(arms[ours], arms[theirs], BENCHMARKS),
            **{n: _difference(arms[ours], arms[theirs], (n,)) for n in BENCHMARKS},
        }
        for theirs, ours in combinations(arms, 2)
    ]


def _difference(ours: list[Arm], theirs: list[Arm], names: tuple[str, ...]) -> dict[str, Any]:
    pairs = [(stack(ours, n), stack(theirs, n)) for n in names]
    return _interval(statistics.mean_difference(pairs, [ours[0][n].strata for n in names]).as_dict())


def _equal_score(reports: dict[float, dict[str, Any]]) -> list[dict[str, Any]]:
    """Arms in pairs: what each lost at the best validation score that both reach, on a straight line between its rates,
    the base first; no interval. Pairs of which one is nowhere better than the base are left out."""
    base = next(iter(reports.values()))["base"]["target"]["mean"]
    curves: dict[str, list[tuple[float, float]]] = {}
    for report in reports.values():
        for name, result in report["recipes"].items():
            curves.setdefault(name, [(base, 0.0)]).append((result["target"]["mean"], result["mean_drop"]["mean"]))
    found = []
    for theirs, ours in combinations(curves, 2):
        score = min(max(s for s, _ in curves[n]) for n in (ours, theirs))
        if score > base:
            lost = {n: float(np.interp(score, *zip(*sorted(curves[n]), strict=True))) for n in (ours, theirs)}
            found.append({"ours": ours, "theirs": theirs, "score": score, "losses": lost})
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
