"""The stage `train`: adapters for every recipe and seed, all with the same budget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3ft.config import TrainConfig
from s3ft.data import made, records
from s3ft.digest import digest
from s3ft.processes import mine
from s3ft.progress import progress
from s3ft.runs.directory import Run, arm
from s3ft.types import UserError


@dataclass(frozen=True)
class Job:
    """One adapter to train."""

    recipe: str
    seed: int
    folder: Path
    setting: TrainConfig
    key: str


def train(run: Run) -> None:
    """adapters/RECIPE/seed-N for every recipe and seed; all with the same budget."""
    require_targets(run)
    jobs = []
    for name in run.recipes:
        setting = _setting(run, name)
        jobs += [job(run, name, setting, seed, run.adapter(name, seed)) for seed in run.config.seeds]
    train_jobs(run, mine(jobs))


def _setting(run: Run, recipe: str) -> TrainConfig:
    """The training setting of a recipe: its own learning rate, or what its sweep chose."""
    chosen: dict[str, Any] = {"learning_rate": run.config.train.rate(recipe)}
    if run.config.sweep is not None:
        found = made.read(run.folder / "sweep" / f"{recipe}.json")
        if found is None:
            raise UserError(f"{run.folder}: no sweep of {recipe!r} yet; run s3ft sweep first, or s3ft run for all")
        chosen = found["chosen"]
    return run.config.train.model_copy(update=chosen)


def outdated(run: Run) -> list[str]:
    """The arms whose adapters were trained on other targets, or otherwise, than records and config now say."""
    return [arm(name, seed) for name in run.recipes for seed in run.config.seeds if is_outdated(run, name, seed)]


def is_outdated(run: Run, recipe: str, seed: int) -> bool:
    """Whether an adapter is there that was trained on other targets, or otherwise, than records and config now say."""
    wanted = job(run, recipe, _setting(run, recipe), seed, run.adapter(recipe, seed))
    facts = made.read(wanted.folder / "s3ft.json")
    return facts is not None and facts["key"] != wanted.key


def require_targets(run: Run) -> None:
    """Raises UserError for a recipe without any target."""
    for name in run.recipes:
        if not run.summary(name)["targets"]:
            raise UserError(
                f"recipe {name!r}: none of {run.summary(name)['rows']} rows has a target, so there is nothing to train "
                "on; leave the recipe out, or see records/ for what the judge said"
            )


def job(run: Run, recipe: str, setting: TrainConfig, seed: int, folder: Path) -> Job:
    """A training and what it is made from."""
    plain = setting.model_dump(mode="json", exclude=set(setting.changes_nothing))
    how = [plain, run.config.chat.model_dump(mode="json"), seed, steps(run, recipe)]
    return Job(recipe, seed, folder, setting, digest([run.summary(recipe)["key"], how]))


def steps(run: Run, recipe: str) -> int:
    """Optimizer steps of a recipe's arms, whatever other recipes the config has: epochs over the data set's rows or, if
    the budget is passes, over the recipe's own targets."""
    config = run.config.train
    rows = run.summary(recipe)["targets"] if config.budget == "passes" else run.counts("train").rows
    return max(1, round(-(-rows // config.batch_size) * config.epochs))


def _name(job: Job) -> str:
    how = job.setting
    return f"{job.recipe} seed {job.seed}, rate {how.learning_rate:g}" + (
        f", rank {how.lora_rank}" if how.method != "full" else ""
    )


def train_jobs(run: Run, jobs: list[Job]) -> None:
    """Trains what is missing."""
    missing = [job for job in jobs if made.read(job.folder / "s3ft.json", job.key) is None]
    if reused := [_name(job) for job in jobs if job not in missing]:
        run.log(f"train: reused {'; '.join(reused)}")
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
    size = config.train.batch_size
    with progress("train", sum(steps(run, job.recipe) for job in missing) * size) as bar:
        for job in missing:
            if job.recipe not in prepared:
                prepared = {job.recipe: prepare(records.read(run.records(job.recipe)), run.chat, longest)}
            arm = Arm(job.recipe, job.seed, job.setting, steps(run, job.recipe), job.key)
            facts = loop.train(base, prepared[job.recipe], job.folder, arm, bar=bar)
            names = ", ".join(id for id, _ in facts["dropped"][:5])
            left_out = f", {len(facts['dropped'])} rows left out ({names})" if facts["dropped"] else ""
            run.log(f"train {_name(job)}: loss {facts['mean_loss']:.3f}{left_out}")
