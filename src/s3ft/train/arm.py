"""What is trained: a base, and the arms over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from s3ft.config import TrainConfig


@dataclass(frozen=True)
class Base:
    """The model that is trained, and how it is held."""

    model: Path | str
    dtype: torch.dtype
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    trust_remote_code: bool = False


@dataclass(frozen=True)
class Arm:
    """One training: a recipe's rows under a seed."""

    recipe: str
    seed: int
    config: TrainConfig
    steps: int | None = None
    """Optimizer steps of `config.batch_size` rows; default: `config.epochs` passes."""
    key: str = ""
    """What the adapter is made from, kept in s3ft.json."""
