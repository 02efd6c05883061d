"""Models that write and weigh completions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3ft import cache, model, plugins
from s3ft.config import RunConfig, parse


def load(config: RunConfig, model: Path, fingerprint: str, adapter: Path | None = None, scale: float = 1.0) -> Any:
    """The backend that the config names, for the model in `model`, with an adapter at `scale` where one is given."""
    return plugins.load("backend", config.backend.name)(config, model, fingerprint, adapter, scale)


def another(name: str | None, backend: Mapping[str, Any] | None, config: RunConfig | None, store: cache.Store) -> Any:
    """A model beside that of a run, such as a judge's own, with its generations kept in `store`.

    `name` and `backend` are as the fields `model` and `backend` of a config; what is not given is the run's. Raises
    UserError where there is neither a name nor a run."""
    known = config.model_dump(mode="json") if config else {"task": "rows"}
    given = {"model": name, "backend": backend}
    made = parse({**known, **{k: v for k, v in given.items() if v is not None}}, "the judge's model")
    folder = model.folder(made.model, made.revision)
    return cache.Cached(load(made, folder, model.fingerprint(folder, store)), store)
