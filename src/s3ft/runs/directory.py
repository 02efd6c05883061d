"""The run directory: one config, one folder, and the stages one after another in processes of their own."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import yaml

from s3ft import judges, plugins
from s3ft.backends import cache
from s3ft.data import atomic, splits
from s3ft.evaluate import measure
from s3ft.models import locate
from s3ft.config.schema import RunConfig, parse
from s3ft.progress import PART, console
from s3ft.types import (Example, Judge, Split, Task, UserError)

_HOLDER = "S3FT_RUN"
"""Names the run whose lock a stage inherited."""

SMALL = 200_000_000
"""Bytes of weights below which a second core does more for a second adapter than for the first."""

STAGES = ("build", "sweep", "train", "evaluate", "report")


@dataclass
class Run:
    """A run directory with what its stages share; heavy parts are opened when first used."""

    config: RunConfig
    folder: Path

    @cached_property
    def store(self) -> cache.Store:
        return cache.Store(cache.folder(self.config.cache) / "generations.sqlite")

    @cached_property
    def model(self) -> Path:
        return locate.folder(self.config.model, self.config.revision)

    @cached_property
    def fingerprint(self) -> str:
        return locate.fingerprint(self.model, self.store)

    @cached_property
    def task(self) -> Task:
        return splits.open_task(self.config.task)

    def judge(self) -> Judge:
        """The run's judge; one that asks a model asks the base model, whatever it judges."""
        found = judges.load(self.config.judge or self.task.judge)
        if hasattr(found, "bind"):
            found.bind(self.base(), self.beside)
        return found

    def base(self) -> cache.Cached:
        """The base model, its generations kept."""
        return cache.Cached(self.backend(), self.store)

    def beside(self, name: str | None, backend: Mapping[str, Any] | None) -> cache.Cached:
        """Another model, such as a judge's own: `name` and `backend` are as in a config; what is None is the run's."""
        given = {k: v for k, v in {"model": name, "backend": backend}.items() if v is not None}
        config = parse({**self.config.model_dump(mode="json"), **given}, "the judge's model")
        return Run(config, self.folder).base()

    def backend(self, adapter: Path | None = None, scale: float = 1.0) -> Any:
        from s3ft import backends

        return backends.load(self.config, self.model, self.fingerprint, adapter, scale)

    def count(self, split: Split, limit: int | None) -> splits.Counts:
        """Reads the split once: rows, what was left out, and the digest of the rows."""
        counts = splits.Counts()
        for _ in splits.examples(self.task, split, limit, counts):
            pass
        return counts

    def examples(self, split: Split, limit: int | None) -> Iterator[Example]:
        return splits.examples(self.task, split, limit)

    def records(self, recipe: str) -> Path:
        return self.folder / "records" / f"{recipe}.jsonl"

    def summary(self, recipe: str) -> dict[str, Any]:
        """What build wrote of a recipe. Raises UserError where it has not run."""
        found: dict[str, Any] | None = atomic.read_json(self.records(recipe).with_suffix(".json"))
        if found is None:
            raise UserError(f"{self.folder}: no records of {recipe!r} yet; run s3ft build first, or s3ft run for all")
        return found

    def adapter(self, recipe: str, seed: int) -> Path:
        return self.folder / "adapters" / recipe / f"seed-{seed}"

    def arms(self) -> list[tuple[str, Path | None, float]]:
        """(name in evals/, adapter, its strength) of everything that is measured; base first."""
        pairs = [(r, s) for r in self.config.ladders() for s in self.config.seeds]
        tuned = [(arm(r, s), self.adapter(r, s), 1.0) for r, s in pairs]
        dialled = [(arm(r, s, x), self.adapter(r, s), x) for r, s in pairs for x in self.config.evaluate.scales]
        return [("base", None, 1.0), *tuned, *dialled]

    def parts(self) -> int:
        """Processes for adapters side by side: one a core for a small model without a GPU, else one."""
        on_cpu = self.config.backend.device == "cpu" or not Path("/dev/nvidia0").exists()
        size = sum(p.stat().st_size for p in self.model.glob("*.safetensors"))
        small = self.config.backend.name == "transformers" and on_cpu and size < SMALL
        return min(_cores(), len(self.arms()) - 1, 8) if small else 1

    def log(self, text: str) -> None:
        """A line on the terminal and, with the time, in log.txt; of several ranks, the first one's."""
        if os.environ.get("RANK", "0") != "0":
            return
        console.print(text, soft_wrap=True)
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')} {text}\n")


def arm(recipe: str, seed: int, scale: float = 1.0) -> str:
    """The name of an adapter, at a strength, in evals/."""
    return f"{recipe}-seed-{seed}" + ("" if scale == 1.0 else f"-scale-{scale:g}")


def open_run(config: RunConfig, name: str) -> Run:
    """The run directory runs/NAME, made where it is absent, once everything that the config names is found.

    Further strengths of the adapters (evaluate.scales) may be asked of a run at any time. Raises UserError where it
    belongs to another config, with the differing fields and the ways out."""
    folder = Path("runs") / name
    run = Run(config, folder)
    plain = config.model_dump(mode="json", exclude={"cache"})
    begun = folder / "config.yaml"
    then = yaml.safe_load(begun.read_text(encoding="utf-8")) if begun.is_file() else None
    if then == plain:
        return run
    if (
        then is not None
        and {**then, "evaluate": {**then.get("evaluate", {}), "scales": plain["evaluate"]["scales"]}} == plain
    ):
        _write_config(begun, plain)
        return _dated(run)
    if any((folder / made).exists() for made in ("records", "adapters", "evals")):
        changed = "; ".join(sorted(_differences(then, plain))[:5])
        raise UserError(
            f"{folder} was begun with another config: {changed}. Go back to that config, choose another name with "
            f"--name, or delete {folder}"
        )
    _find_everything(run)
    _write_config(begun, plain)
    atomic.write_json(folder / "versions.json", {"begun": date.today().isoformat(), **versions()})
    return _dated(run)


def _dated(run: Run) -> Run:
    """The run with the day it began for templates that print a date, so that midnight changes nothing."""
    begun = (atomic.read_json(run.folder / "versions.json") or {}).get("begun")
    chat = run.config.chat.model_copy(update={"date": run.config.chat.date or begun})
    return Run(run.config.model_copy(update={"chat": chat}), run.folder)


def _write_config(path: Path, plain: dict[str, Any]) -> None:
    with atomic.whole(path) as file:
        yaml.safe_dump(plain, file, sort_keys=False, allow_unicode=True)


def _find_everything(run: Run) -> None:
    """Raises UserError for whatever the config names that is not there, before any work is done."""
    plugins.find("backend", run.config.backend.name)
    for recipe in run.config.ladders().values():
        for source in recipe.ladder:
            plugins.load("source", source)
    judges.load(run.config.judge or run.task.judge)
    locate.require_chat_template(run.model)
    run.count("train", run.config.limit)
    run.count(run.config.evaluate.split, run.config.evaluate.rows)
    if run.config.sweep is not None:
        run.count("validation", run.config.sweep.rows)
    measure.require_benchmarks(run.config.evaluate)


@contextmanager
def locked(run: Run) -> Iterator[IO[str]]:
    """Holds the run directory for one command at a time; the lock ends with its processes, however they end.

    A stage that `everything` started works under the lock that it inherited, and of the processes of `accelerate
    launch` the first one holds it. Raises UserError where it is held."""
    with (run.folder / ".lock").open("w") as file:
        first = os.environ.get("RANK", "0") == "0"
        if first and os.environ.get(_HOLDER) != str(run.folder.resolve()):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                line = f"{run.folder}: another s3ft is at work here; wait for it, or choose another --name"
                raise UserError(line) from error
        yield file


def everything(run: Run, config_path: Path, overrides: tuple[str, ...]) -> int:
    """Runs the stages one after another, each in a process of its own. Returns the first exit code that is not 0."""
    with locked(run) as lock:
        environment = {**os.environ, _HOLDER: str(run.folder.resolve())}
        for stage in STAGES:
            if stage == "sweep" and run.config.sweep is None:
                continue
            command = [sys.executable, "-m", "s3ft", stage, str(config_path), *overrides, "--name", run.folder.name]
            parts = run.parts() if stage in ("train", "evaluate") else 1
            if parts > 1:
                environment["OMP_NUM_THREADS"] = str(max(1, _cores() // parts))
            # A stage that outlives this process keeps the lock, so that nothing writes beside it.
            started = [
                subprocess.Popen(command, env={**environment, PART: f"{part}/{parts}"}, pass_fds=[lock.fileno()])
                for part in range(parts)
            ]
            code = next((code for process in started if (code := process.wait())), 0)
            for process in started:
                process.wait()
            if code:
                return code if code > 0 else 1
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """The versions that a result depends on, as far as they are installed."""
    packages = ("s3ft", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "lm_eval", "math-verify")
    return {"python": platform.python_version(), "platform": platform.platform(), **{p: version(p) for p in packages}}


def _differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then.keys() | now.keys():
            yield from _differences(then.get(key), now.get(key), f"{where}.{key}" if where else key)
    elif then != now:
        yield f"{where} was {then!r}, is {now!r}"
