"""From a config to its run directory: made, continued, grown, or rejected with the fields that differ."""

from __future__ import annotations

import json
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from s3ft import judges, overrides, plugins
from s3ft.config import RunConfig
from s3ft.data import atomic, splits
from s3ft.digest import digest
from s3ft.evaluate import benchmarks
from s3ft.models import locate
from s3ft.pipeline import require_capabilities, require_fields
from s3ft.processes import is_first_rank, locked
from s3ft.progress import say
from s3ft.runs import directory
from s3ft.runs.directory import Run
from s3ft.types import UserError

RUNS = Path("runs")
LONGEST_NAME = 100
"""Characters; file systems take names of 255 bytes."""


@contextmanager
def opened(config: RunConfig, name: str) -> Iterator[tuple[Run, TextIO]]:
    """The run runs/NAME and its lock: made if it is absent, once everything that the config names is found.

    More seeds, recipes, benchmarks, test rows or adapter scales may be asked of a run at any time. Raises UserError if
    the run belongs to a config under which its finished parts would be wrong, with the differing fields and the ways
    out."""
    if not re.fullmatch(rf"[A-Za-z0-9_][\w.-]{{0,{LONGEST_NAME - 1}}}", name):
        raise UserError(
            f"--name: found {name!r}, expected letters, digits, '_', '-' and '.', at most {LONGEST_NAME}; the run is "
            "runs/NAME"
        )
    folder = RUNS / name
    then = _begun_with(folder)
    resolved = with_date(config, then)
    run = Run(resolved, folder)
    if not is_same(then, resolved):
        if then is not None and directory.has_results(folder):
            _require_same(then, resolved, folder)
        settle(run)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder) as lock:
        if is_first_rank():
            _prepare(run, then)
        yield run, lock


def _begun_with(folder: Path) -> RunConfig | None:
    """The config that a run was begun with; a damaged one is named and written again: every part has its own key."""
    try:
        found = directory.read_config(folder)
    except UserError as error:
        say(str(error))
        return None
    if found is None and directory.has_results(folder):
        say(f"{folder / 'config.yaml'}: missing; written again")
    return found


def _prepare(run: Run, then: RunConfig | None) -> None:
    try:
        _read_data(run)
        for split in {"train", run.config.evaluate.split, *(("validation",) if run.config.sweep else ())}:
            run.counts(split)
        require_fields(run.recipes, run.task.paraphrase, run.examples("train"))
    except UserError:
        if then is None:
            directory.discard(run.folder)
        raise
    if not _has_versions(run, then is not None or directory.has_results(run.folder)):
        atomic.write_json(run.folder / "versions.json", {"begun": date.today().isoformat(), **versions()})
    if not is_same(then, run.config):
        directory.write_config(run.folder, run.config)


def _has_versions(run: Run, is_begun: bool) -> bool:
    """Whether versions.json can be read; of a run that was begun before, a line says why it cannot."""
    path, what = run.folder / "versions.json", "damaged"
    try:
        if isinstance(json.loads(path.read_text(encoding="utf-8")), dict):
            return True
    except FileNotFoundError:
        what = "missing"
    except ValueError:
        pass
    if is_begun or what == "damaged":
        run.log(f"{path}: {what}; written again with today's versions")
    return False


def with_date(config: RunConfig, then: RunConfig | None = None) -> RunConfig:
    """The config with the day the run began, so that midnight changes nothing for templates that print a date."""
    begun = config.chat.date or (then.chat.date if then else None) or date.today().isoformat()
    return config.model_copy(update={"chat": config.chat.model_copy(update={"date": begun})})


def settle(run: Run) -> None:
    """Raises UserError for whatever the config names that is not there or cannot work, before any work is done."""
    for recipe in run.recipes.values():
        for rung in recipe:
            plugins.load("source", rung.source)
    require_fields(run.recipes, run.task.paraphrase)
    _require_sources(run)
    benchmarks.require(run.config.evaluate)
    judges.open_models(judges.load(run.judge_spec, run.open_model))
    locate.require_chat_template(run.model.folder)
    require_capabilities(run.recipes, run.backend())
    from s3ft.runs.quiet import quiet_libraries
    from s3ft.train import settings

    quiet_libraries()
    settings.require(run.config, run.model.folder, run.chat.tokenizer)


def _require_sources(run: Run) -> None:
    """Raises UserError for an override that names a source which no recipe has."""
    known = {rung.source for recipe in run.recipes.values() for rung in recipe}
    for id, decision in run.overrides.items():
        if decision not in {*known, overrides.DROP}:
            raise UserError(
                f"{run.config.overrides}: row {id!r}: "
                + plugins.unknown("source of this run's recipes", decision, sorted(known))
            )


def _read_data(run: Run) -> None:
    """Reads the task's rows once. Raises UserError if they are not those of what was made before."""
    key = digest([_state(run.config.task), run.config.limit])
    before = splits.counts(run.data)
    if before is not None and splits.counts(run.data, key) is not None:
        return
    if directory.has_results(run.folder) and not (run.data / "splits.json").is_file():
        say(f"{run.data / 'splits.json'}: missing; the rows are read again")
    partial = run.folder / "data.partial"
    shutil.rmtree(partial, ignore_errors=True)
    now = splits.write(run.task, partial, key, run.config.limit)
    if before is not None and directory.has_results(run.folder):
        changed = [s for s in splits.ORDER if before[s].digest != now[s].digest]
        if changed:
            shutil.rmtree(partial)
            rows = ", ".join(_change(s, before[s].rows, now[s].rows) for s in changed)
            raise UserError(
                f"{run.folder} was begun with other rows: {rows}. Go back to those rows, choose another name with "
                f"--name, or delete {run.folder}"
            )
    shutil.rmtree(run.data, ignore_errors=True)
    partial.replace(run.data)


def _change(split: str, before: int, now: int) -> str:
    return f"{split} had {before} rows, has {now}" if before != now else f"{split} has {now} rows, some of them changed"


def _state(spec: Any) -> Any:
    """A task's options; a file that they name counts by its content if it is Python, else by its size and time."""
    if isinstance(spec, dict):
        return {key: _state(value) for key, value in spec.items()}
    path = Path(spec) if isinstance(spec, str) and spec else None
    if path is None or path.suffix == ".py" or not path.exists():
        return plugins.identity(spec)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [spec, [[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in files]]


def is_same(then: RunConfig | None, now: RunConfig) -> bool:
    """Whether all fields are equal; the class of a backend in the user's file is made anew each time it is read."""
    return then is not None and then.model_dump(mode="json") == now.model_dump(mode="json")


def _require_same(then: RunConfig, now: RunConfig, folder: Path) -> None:
    both = then.ladders().keys() & now.ladders().keys()
    changed = "; ".join(sorted(_differences(_fixed(then, both), _fixed(now, both)))[:5])
    if changed:
        raise UserError(
            f"{folder} was begun with another config: {changed}. Go back to that config, choose another name with "
            f"--name, or delete {folder}"
        )


def _fixed(config: RunConfig, recipes: set[str]) -> dict[str, Any]:
    """What finished parts rest on; of recipes and rates, those of `recipes`."""
    plain = config.model_dump(mode="json", exclude={"cache", "seeds", "evaluate", "recipes", "backend", "overrides"})
    plain["train"]["learning_rate"] = {name: config.train.rate(name) for name in recipes}
    for name in config.train.changes_nothing:
        del plain["train"][name]
    ladders = config.ladders()
    plain["recipes"] = {
        name: [[r.source, r.num_samples, r.temperature, r.keep] for r in ladders[name]] for name in recipes
    }
    plain["backend"] = directory.settings(config.backend)
    return plain


def _differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then.keys() | now.keys():
            yield from _differences(then.get(key), now.get(key), f"{where}.{key}" if where else key)
    elif then != now:
        yield f"{where} was {then!r}, is {now!r}"


def versions() -> dict[str, str]:
    """The versions that a result depends on, as far as they are installed."""
    packages = ("s3ft", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "lm_eval", "math-verify")
    return {"python": platform.python_version(), "platform": platform.platform(), **{p: version(p) for p in packages}}
