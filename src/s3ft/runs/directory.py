"""The run directory: all that a stage or a worker process gets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from s3ft import backends, judges, overrides, tasks
from s3ft.backends import cache
from s3ft.config import BackendConfig, RunConfig, parse
from s3ft.data import atomic, made, splits
from s3ft.digest import digest
from s3ft.models import locate
from s3ft.progress import say, shown
from s3ft.protocols import Backend, Judge
from s3ft.types import Adapter, Capability, Example, ModelFiles, Recipe, Split, Task, UserError

PARTS = ("records", "adapters", "evals")
"""The folders with what a run made."""

DIGEST = "# SHA-256 of what follows: "
"""The first line of config.yaml: YAML that was cut short can still be YAML."""

REWRITTEN = "s3ft run CONFIG writes it again"


@dataclass
class Run:
    """A run directory with what its stages share; heavy parts are opened when first used."""

    config: RunConfig
    """The resolved config, the date of the run included."""
    folder: Path

    @cached_property
    def store(self) -> cache.Store:
        return cache.Store(cache.folder(self.config.cache) / "generations.sqlite")

    @cached_property
    def model(self) -> ModelFiles:
        folder = locate.folder(self.config.model, self.config.revision)
        return ModelFiles(folder, locate.fingerprint(folder, self.store), self.config.trust_remote_code)

    @cached_property
    def chat(self) -> Any:
        """The chat policy of the model that is trained."""
        from s3ft.chat import open_chat
        from s3ft.models import loading

        folder = self.model.folder
        tokenizer = loading.load_tokenizer(folder, self.config.trust_remote_code)
        return open_chat(tokenizer, self.config.chat, stop_ids=loading.stop_ids_of(folder))

    @cached_property
    def task(self) -> Task:
        return tasks.load(self.config.task)

    @cached_property
    def recipes(self) -> dict[str, Recipe]:
        return self.config.ladders()

    @cached_property
    def overrides(self) -> dict[str, str]:
        """The rows whose target a person decided."""
        return overrides.read(self.config.overrides)

    @property
    def judge_spec(self) -> str | dict[str, Any]:
        return self.config.judge or self.task.judge

    def judge(self) -> Judge:
        """The run's judge; one that asks a model asks the base model, whatever it judges."""
        return judges.load(self.judge_spec, self.open_model)

    def open_model(self, name: str | None, backend: Mapping[str, Any] | None) -> Backend:
        """The base, or another model as a config names it; its generations are kept."""
        if name is None and backend is None:
            return self.base()
        given: dict[str, Any] = {k: v for k, v in {"model": name, "backend": backend}.items() if v is not None}
        if name is not None:
            given["revision"] = None
        config = parse({**self.config.model_dump(mode="json"), **given}, "the judge's model")
        return Run(config, self.folder).base()

    def base(self) -> cache.Cached:
        """The base model, its generations kept."""
        return cache.Cached(self.backend(), self.store)

    def backend(self, adapter: Adapter | None = None) -> Backend:
        """The backend of the config. Raises UserError if it cannot answer with the adapter."""
        return backends.load(self.config.backend, self.model, self.chat, adapter)

    def evaluation_backend(self, adapter: Adapter | None = None, needs: Capability = "adapters") -> Backend:
        """What base and adapters are measured by: the config's backend, or transformers in this process if that one
        lacks what is needed. A fully trained model is no adapter: it needs its weights in this process."""
        plain = self.backend()
        if self.config.train.method == "full":
            needs = "in_process"
        if needs in plain.capabilities:
            return self.backend(adapter) if adapter else plain
        config = parse({**self.config.model_dump(mode="json"), "backend": "transformers"}).backend
        return backends.load(config, self.model, self.chat, adapter)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def counts(self, split: Split) -> splits.SplitCounts:
        """What reading a split found. Raises UserError for a split without rows."""
        found = splits.counts(self.data)
        if found is None:
            raise UserError(f"{self.data}: the rows are missing; repeat the command with the config, or s3ft run")
        splits.require_rows(self.task.name, split, found[split])
        return found[split]

    def examples(self, split: Split, limit: int | None = None) -> Iterator[Example]:
        return splits.read(self.data, split, limit)

    def records(self, recipe: str) -> Path:
        return self.folder / "records" / f"{recipe}.jsonl"

    def targets(self, recipe: str) -> Path:
        return self.folder / "train" / f"{recipe}.jsonl"

    def summary_file(self, recipe: str) -> Path:
        return self.records(recipe).with_suffix(".json")

    def summary(self, recipe: str) -> dict[str, Any]:
        """What build wrote of a recipe, its files checked. Raises UserError if it has not run."""
        if recipe not in self._summaries:
            found = made.read(self.summary_file(recipe))
            if found is None:
                raise UserError(
                    f"{self.folder}: no records of {recipe!r} as build writes them; run s3ft build first, or s3ft run "
                    "for all"
                )
            self._summaries[recipe] = found
        return self._summaries[recipe]

    @cached_property
    def _summaries(self) -> dict[str, dict[str, Any]]:
        return {}

    def adapter(self, recipe: str, seed: int) -> Path:
        return self.folder / "adapters" / recipe / f"seed-{seed}"

    def arms(self) -> dict[str, Adapter | None]:
        """What is measured, by its name in evals/: the base, and every adapter at every scale."""
        found: dict[str, Adapter | None] = {"base": None}
        for scale in (1.0, *self.config.evaluate.scales):
            for recipe in self.recipes:
                for seed in self.config.seeds:
                    found[arm(recipe, seed, scale)] = Adapter(self.adapter(recipe, seed), scale)
        return found

    def log(self, text: str) -> None:
        """A line on the terminal and, with the time, in log.txt; of several ranks, the first one's."""
        if os.environ.get("RANK", "0") != "0":
            return
        text = shown(text)
        say(text)
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')} {text}\n")


def arm(recipe: str, seed: int, scale: float = 1.0) -> str:
    """The name of an adapter, at a scale, in evals/."""
    return f"{recipe}-seed-{seed}" + ("" if scale == 1.0 else f"-scale-{scale:g}")


def trained(adapter: Adapter) -> dict[str, Any]:
    """What training wrote of an adapter, its files checked."""
    found = made.read(adapter.folder / "s3ft.json")
    if found is None:
        raise UserError(f"{adapter.folder}: no adapter as train writes it; run s3ft train first, or s3ft run for all")
    return found


def read_config(folder: Path) -> RunConfig | None:
    """The resolved config of a run directory; None if there is none. Raises UserError for one that cannot be read."""
    path = folder / "config.yaml"
    if not path.is_file():
        return None
    try:
        first, _, rest = (text := path.read_text(encoding="utf-8")).partition("\n")
        if first.startswith(DIGEST) and first != DIGEST + digest(rest):
            raise UserError(f"{path}: damaged or changed; {REWRITTEN}")
        data = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: damaged ({' '.join(str(error).split())[:200]}); {REWRITTEN}") from error
    if not isinstance(data, dict):
        raise UserError(f"{path}: damaged, found {type(data).__name__}; {REWRITTEN}")
    return parse(data, str(path))


def existing(folder: Path) -> Run:
    """The run in a directory. Raises UserError if there is none."""
    config = read_config(folder)
    if config is None:
        raise UserError(f"{folder}: no run (no config.yaml); give a folder under runs/")
    return Run(config, folder)


def write_config(folder: Path, config: RunConfig) -> None:
    """config.yaml, whole."""
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    with atomic.whole(folder / "config.yaml") as file:
        file.write(f"{DIGEST}{digest(text)}\n{text}")


def has_results(folder: Path) -> bool:
    """Whether a stage of the run has written anything."""
    return any((folder / part).exists() for part in PARTS)


def discard(folder: Path) -> None:
    """Removes a run directory in which nothing was made yet."""
    if not has_results(folder):
        shutil.rmtree(folder, ignore_errors=True)


def settings(config: BackendConfig) -> dict[str, Any]:
    """The fields of a backend that can change an answer."""
    return config.model_dump(mode="json", exclude=set(config.speed_only))
