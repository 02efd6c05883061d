"""Models that write and weigh completions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from s3ft import plugins
from s3ft.config.schema import RunConfig


def load(config: RunConfig, model: Path, fingerprint: str, adapter: Path | None = None, scale: float = 1.0) -> Any:
    """The backend that the config names, for the model in `model`, with an adapter at `scale` where one is given."""
    return plugins.load("backend", config.backend.name)(config, model, fingerprint, adapter, scale)
