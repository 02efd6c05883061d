"""The stage `sweep`: several learning rates and ranks for every recipe, and which of them is trained."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from s3ft.backends.cache import Cached
from s3ft.config import RunConfig, TrainConfig
from s3ft.data import jsonl, made
from s3ft.digest import digest
from s3ft.evaluate import Sample, drift, mean, statistics, target
from s3ft.progress import progress
from s3ft.runs import base_answers
from s3ft.runs.directory import Run
from s3ft.runs.train import Job, job, require_targets, train_jobs
from s3ft.types import Adapter, UserError


def sweep(run: Run) -> None:
    """sweep/RECIPE.json: the points tried for each recipe, their scores on validation rows, how far they moved from the
    base, and the one that is taken; sweep/RECIPE.samples.jsonl: the same row by row. All are means over the sweep's
    seeds."""
    config = run.config
    if config.sweep is None:
        raise UserError("sweep: the config names no values to try; add sweep: {learning_rate: [1e-4, 3e-4]}")
    require_targets(run)
    rows = [run.counts("validation").digest, config.sweep.rows, "one standard error"]
    jobs = {n: [_jobs(run, n, setting, config.sweep.seeds) for setting in _points(config, n)] for n in run.recipes}
    keys = {name: digest([[[j.key for j in seeds] for seeds in points], rows]) for name, points in jobs.items()}
    missing = [n for n in jobs if made.read(run.folder / "sweep" / f"{n}.json", keys[n]) is None]
    if reused := [n for n in jobs if n not in missing]:
        run.log(f"sweep: reused {', '.join(reused)}")
    if not missing:
        return
    train_jobs(run, [job for name in missing for point in jobs[name] for job in point])
    examples, judge = list(run.examples("validation", config.sweep.rows)), run.judge()
    plain = run.evaluation_backend()
    base = target.measure(config.sampling, Cached(plain, run.store), examples, judge, run.task.stratum)
    reference = base_answers.reference(run, plain, base_answers.task_rows(examples), [])
    for name in missing:
        tried, samples = [], _rows(None, base, [])
        with progress(f"sweep {name}: validation", len(examples) * sum(map(len, jobs[name]))) as bar:
            for point in jobs[name]:
                scores, divergences = [], []
                for trained in point:
                    backend = run.evaluation_backend(Adapter(trained.folder))
                    kept = Cached(backend, run.store)
                    scores.append(target.measure(config.sampling, kept, examples, judge, run.task.stratum, bar))
                    divergences.append(drift.measure(base_answers.local(backend), reference) if reference else [])
                measured, moved = _over_seeds(scores, ("score",)), _over_seeds(divergences, ("kl", "nll"))
                samples += _rows(point[0], measured, moved)
                tried.append(_point(point[0], measured, moved))
        take(tried)
        chosen = next({k: p[k] for k in ("learning_rate", "lora_rank")} for p in tried if p["chosen"])
        lines = run.folder / "sweep" / f"{name}.samples.jsonl"
        jsonl.write_whole(lines, samples)
        found = {"key": keys[name], "rows": len(examples), "base": mean(base), "chosen": chosen, "tried": tried}
        made.write(run.folder / "sweep" / f"{name}.json", found, [lines])
        for line in table(name, tried):
            run.log(line)


def table(name: str, tried: list[dict[str, Any]]) -> list[str]:
    """The points of a recipe as lines of text; scores in percent, divergence in nats a token."""
    lines = [f"sweep {name}:     rate  rank         score    KL/token"]
    for p in tried:
        score = f"{100 * p['score']:.1f} +- {100 * p['standard_error']:.1f}"
        moved = "not measured" if p["kl"] is None else f"{p['kl']:.4f}"
        why = "  taken" if p["chosen"] else "  within one SE" if p["within_one_se"] else ""
        lines.append(f"sweep {name}: {p['learning_rate']:8g}  {p['lora_rank']:4d}  {score:>12}  {moved:>10}{why}")
    return lines


def take(tried: list[dict[str, Any]]) -> None:
    """Marks the points within one standard error of the best score, and of them the one that moved least from the base
    (Breiman et al. 1984, section 3.4.3, with the divergence as what is to be small); the best score where it was not
    measured."""
    best = max(tried, key=lambda p: p["score"])
    for point in tried:
        point["within_one_se"] = point["score"] >= best["score"] - best["standard_error"]
    near = [p for p in tried if p["within_one_se"] and p["kl"] is not None]
    taken = min(near, key=lambda p: (p["kl"], -p["score"])) if near else best
    for point in tried:
        point["chosen"] = point is taken


def _over_seeds(found: list[list[Sample]], measures: tuple[str, ...]) -> list[Sample]:
    """Row by row the mean of what every seed's adapter got."""
    return [
        {**rows[0], **{m: sum(r[m] for r in rows) / len(rows) for m in measures}} for rows in zip(*found, strict=True)
    ]


def _point(point: Job, measured: list[Sample], moved: list[Sample]) -> dict[str, Any]:
    scores = np.array([s["score"] for s in measured])
    return {
        "learning_rate": point.setting.learning_rate,
        "lora_rank": point.setting.lora_rank,
        "score": mean(measured),
        "standard_error": statistics.standard_error(scores),
        "kl": sum(s["kl"] for s in moved) / len(moved) if moved else None,
    }


def _rows(point: Job | None, measured: list[Sample], moved: list[Sample]) -> list[dict[str, Any]]:
    """A line for every row: the point (None: the base), the score and, where measured, how far it moved."""
    by_id = {s["id"]: {k: s[k] for k in ("kl", "nll")} for s in moved}
    where = {
        "learning_rate": point.setting.learning_rate if point else None,
        "lora_rank": point.setting.lora_rank if point else None,
    }
    kept = ("id", "score", "stratum")
    return [{**where, **{k: s[k] for k in kept if k in s}, **by_id.get(s["id"], {})} for s in measured]


def _jobs(run: Run, recipe: str, setting: TrainConfig, seeds: tuple[int, ...]) -> list[Job]:
    """The trainings of one point, one a seed."""
    folder = run.folder / "sweep" / recipe / f"{setting.learning_rate:g}-r{setting.lora_rank}"
    return [job(run, recipe, setting, seed, folder / f"seed-{seed}") for seed in seeds]


def _points(config: RunConfig, recipe: str) -> list[TrainConfig]:
    assert config.sweep is not None
    rates = config.sweep.learning_rate or (config.train.rate(recipe),)
    ranks = config.sweep.lora_rank or (config.train.lora_rank,)
    points = product(rates, ranks)
    return [config.train.model_copy(update={"learning_rate": rate, "lora_rank": rank}) for rate, rank in points]
