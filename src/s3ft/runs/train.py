"""The stages `sweep` and `train`: adapters for every recipe, all with the same number of optimizer steps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from s3ft.config import RunConfig, TrainConfig
from s3ft.data import made, records
from s3ft.digest import digest
from s3ft.processes import mine
from s3ft.progress import progress
from s3ft.runs.directory import Run
from s3ft.types import Adapter, UserError


@dataclass(frozen=True)
class Job:
    """One adapter to train."""

    recipe: str
    seed: int
    folder: Path
    setting: TrainConfig
    key: str


def sweep(run: Run) -> None:
    """sweep/RECIPE.json: the points tried for each recipe, their scores on validation rows, and the best of them."""
    config = run.config
    if config.sweep is None:
        return
    _require_targets(run)
    rows = [run.counts("validation").digest, config.sweep.rows]
    jobs = {
        name: [_job(run, name, s, config.sweep.seed, "sweep") for s in _points(config, name)] for name in run.recipes
    }
    keys = {name: digest([[j.key for j in points], rows]) for name, points in jobs.items()}
    missing = [n for n in jobs if made.read(run.folder / "sweep" / f"{n}.json", keys[n]) is None]
    if reused := [n for n in jobs if n not in missing]:
        run.log(f"sweep: reused {', '.join(reused)}")
    if not missing:
        return
    _train(run, [job for name in missing for job in jobs[name]])
    from s3ft.backends.cache import Cached
    from s3ft.evaluate import mean, target

    examples, judge = list(run.examples("validation", config.sweep.rows)), run.judge()
    for name in missing:
        tried: list[dict[str, Any]] = []
        with progress(f"sweep {name}: validation", len(examples) * len(jobs[name])) as bar:
            for job in jobs[name]:
                backend = Cached(run.evaluation_backend(Adapter(job.folder)), run.store)
                score = mean(target.measure(config.sampling, backend, examples, judge, bar))
                tried.append(
                    {"learning_rate": job.setting.learning_rate, "lora_rank": job.setting.lora_rank, "score": score}
                )
        best = max(tried, key=lambda point: point["score"])
        chosen = {k: best[k] for k in ("learning_rate", "lora_rank")}
        found = {"key": keys[name], "rows": len(examples), "chosen": chosen, "tried": tried}
        made.write(run.folder / "sweep" / f"{name}.json", found, [])
        run.log(
            f"sweep {name}: " + ", ".join(f"{p['learning_rate']:g} r{p['lora_rank']} {p['score']:.3f}" for p in tried)
        )
        run.log(f"sweep {name}: takes {chosen['learning_rate']:g} at rank {chosen['lora_rank']}")


def train(run: Run) -> None:
    """adapters/RECIPE/seed-N for every recipe and seed; all with the same number of optimizer steps."""
    _require_targets(run)
    jobs = []
    for name in run.recipes:
        setting = _setting(run, name)
        jobs += [_job(run, name, setting, seed, "adapters") for seed in run.config.seeds]
    _train(run, mine(jobs))


def _setting(run: Run, recipe: str) -> TrainConfig:
    """The training setting of a recipe: its own learning rate, or what its sweep chose."""
    chosen: dict[str, Any] = {"learning_rate": run.config.train.rate(recipe)}
    if run.config.sweep is not None:
        found = made.read(run.folder / "sweep" / f"{recipe}.json")
        if found is None:
            raise UserError(f"{run.folder}: no sweep of {recipe!r} yet; run s3ft sweep first, or s3ft run for all")
        chosen = found["chosen"]
    return run.config.train.model_copy(update=chosen)


def _points(config: RunConfig, recipe: str) -> list[TrainConfig]:
    assert config.sweep is not None
    rates = config.sweep.learning_rate or (config.train.rate(recipe),)
    ranks = config.sweep.lora_rank or (config.train.lora_rank,)
    points = product(rates, ranks)
    return [config.train.model_copy(update={"learning_rate": rate, "lora_rank": rank}) for rate, rank in points]


def _require_targets(run: Run) -> None:
    for name in run.recipes:
        if not run.summary(name)["targets"]:
            raise UserError(
                f"recipe {name!r}: none of {run.summary(name)['rows']} rows has a target, so there is nothing to train "
                "on; leave the recipe out, or see records/ for what the judge said"
            )


def _job(run: Run, recipe: str, setting: TrainConfig, seed: int, where: str) -> Job:
    folder = run.adapter(recipe, seed)
    if where == "sweep":
        folder = run.folder / "sweep" / recipe / f"{setting.learning_rate:g}-r{setting.lora_rank}"
    plain = setting.model_dump(mode="json", exclude=set(setting.changes_nothing))
    how = [plain, run.config.chat.model_dump(mode="json"), seed, _steps(run)]
    return Job(recipe, seed, folder, setting, digest([run.summary(recipe)["key"], how]))


def _steps(run: Run) -> int:
    """Optimizer steps of every arm: the config's epochs over the data set's rows, whatever a recipe made of them."""
    rows, size = run.counts("train").rows, run.config.train.batch_size
    return max(1, round(-(-rows // size) * run.config.train.epochs))


def _train(run: Run, jobs: list[Job]) -> None:
    missing = [job for job in jobs if made.read(job.folder / "s3ft.json", job.key) is None]
    if reused := [f"{job.recipe} seed {job.seed}" for job in jobs if job not in missing]:
        run.log(f"train: reused {', '.join(reused)}")
    if not missing:
        return
    from s3ft.models import loading
    from s3ft.runs.quiet import quiet_libraries
    from s3ft.train import loop
    from s3ft.train.arm import Arm, Base
    from s3ft.train.rows import prepare

    quiet_libraries()
    config = run.config
    device = loading.device(config.train.device, "train.device")
    dtype = loading.dtype(config.train.dtype, device, run.model.folder)
    base = Base(run.model.folder, dtype, device, config.trust_remote_code)
    longest = config.train.max_length or loading.context_length(run.model.folder)
    prepared: dict[str, Any] = {}
    with progress("train", len(missing) * _steps(run) * config.train.batch_size) as bar:
        for job in missing:
            if job.recipe not in prepared:
                prepared = {job.recipe: prepare(records.read(run.records(job.recipe)), run.chat, longest)}
            arm = Arm(job.recipe, job.seed, job.setting, _steps(run), job.key)
            facts = loop.train(base, prepared[job.recipe], job.folder, arm, bar=bar)
            names = ", ".join(id for id, _ in facts["dropped"][:5])
            left_out = f", {len(facts['dropped'])} rows left out ({names})" if facts["dropped"] else ""
            run.log(f"train {job.recipe} seed {job.seed}: loss {facts['mean_loss']:.3f}{left_out}")
