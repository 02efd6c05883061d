"""What the tests of killed and of several processes run: python script.py MODEL OUT STEP_TO_DIE_AFTER DROPOUT"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

import tiny
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, TrainConfig
from s3ft.progress import Bar
from s3ft.train.arm import Arm, Base
from s3ft.train.loop import train
from s3ft.train.rows import prepare

CONFIG = TrainConfig(batch_size=8, learning_rate=1e-2, save_seconds=0.0)
STEPS = 6


@dataclass
class Deadly(Bar):
    """Kills the process after so many rows."""

    dies_after: int = 0

    def __call__(self, number: float) -> None:
        super().__call__(number)
        if self.dies_after and self.done >= self.dies_after:
            os.kill(os.getpid(), signal.SIGKILL)


def run(model: Path, out: Path, dies_after: int = 0, dropout: float = 0.1) -> dict[str, object]:
    """`dies_after`: steps."""
    rows = prepare(tiny.gold_records(24), open_chat(tiny.tokenizer(), ChatConfig()))
    config = CONFIG.model_copy(update={"lora_dropout": dropout})
    arm = Arm("sft", 0, config, STEPS)
    return train(
        Base(model, torch.float32),
        rows,
        out,
        arm,
        bar=Deadly("train", None, "rows", dies_after=dies_after * CONFIG.batch_size),
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
