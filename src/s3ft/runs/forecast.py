"""How long a run takes: what a pilot, or an earlier run of the same setting on this machine, took for a row."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from s3ft import processes
from s3ft.data import atomic
from s3ft.digest import digest
from s3ft.runs.directory import Run

FILE = "forecast.json"


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds on this machine; None for what was not measured yet."""

    build: float | None = None
    """One training row under all recipes."""
    train: float | None = None
    """One row of one pass of one adapter."""
    evaluate: float | None = None
    """One adapter, or the base, on all its items."""
    start: float | None = None
    """A process of a stage until it has imported what it works with."""


def known(run: Run) -> Rates:
    return Rates(**(run.store.get(_key(run)) or {}))


def keep(run: Run, **measured: float) -> None:
    """Remembers what was measured, for the next forecast of this setting."""
    run.store.put({_key(run): {**asdict(known(run)), **measured}})


def keep_pilot(run: Run, seconds: Mapping[str, float | None], tokens: Mapping[str, float]) -> None:
    """Remembers what a pilot said of a whole run: seconds by stage, generated tokens by recipe."""
    run.store.put({_pilot(run): {"seconds": dict(seconds), "generated_tokens": dict(tokens)}})


def took(run: Run, stage: str, seconds: float) -> None:
    """Adds what a stage took to forecast.json, if there was a pilot of this very run, which stands there too."""
    path, pilot = run.folder / FILE, run.store.get(_pilot(run))
    if pilot is None:
        path.unlink(missing_ok=True)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    before = found.get("took", {}) if found.get("pilot") == pilot else {}
    atomic.write_json(path, {"pilot": pilot, "took": {**before, stage: before.get(stage, 0.0) + seconds}})


def _pilot(run: Run) -> str:
    config = run.config
    size = config.model_dump(mode="json", include={"limit", "recipes", "seeds", "sweep"})
    return digest(["pilot", _key(run), size, config.train.epochs])


def _key(run: Run) -> str:
    config = run.config
    parts = {"task", "judge", "sampling", "backend", "evaluate"}
    setting = {"method", "dtype", "device", "lora_rank", "max_length", "batch_size", "extra"}
    how = [config.model_dump(mode="json", include=parts), config.train.model_dump(mode="json", include=setting)]
    return digest(["seconds", run.model.fingerprint, how, platform.node(), processes.num_cores()])


def seconds(run: Run, rates: Rates, rows: int, parts: int) -> dict[str, float | None]:
    """Forecast of each stage that is still to do, over so many training rows; None where nothing is known."""
    config = run.config
    to_build = sum(not run.summary_file(name).is_file() for name in run.recipes)
    adapters = [a.folder for a in run.arms().values() if a is not None and a.scale == 1.0]
    to_train = sum(not (folder / "s3ft.json").is_file() for folder in adapters)
    to_measure = sum(not (run.folder / "evals" / f"{name}.json").is_file() for name in run.arms())
    sweep = config.sweep
    tried = len(sweep.learning_rate or (0,)) * len(sweep.lora_rank or (0,)) * len(sweep.seeds) if sweep else 0
    points = tried * len(run.recipes)
    passes = rows * config.train.epochs
    work = {
        "build": (rates.build, rows * to_build / len(run.recipes)),
        "sweep": (rates.train, points * passes),
        "train": (rates.train, -(-to_train // max(1, parts)) * passes),
        "evaluate": (rates.evaluate, -(-to_measure // max(1, parts))),
    }
    start = rates.start or 0.0
    return {s: 0.0 if not n else None if rate is None else start + rate * n for s, (rate, n) in work.items()}
