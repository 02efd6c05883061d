"""What the tests of killed and of several processes run: python script.py MODEL OUT STEP_TO_DIE_AFTER DROPOUT"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch

import tiny
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, TrainConfig
from s3ft.train.arm import Arm, Base
from s3ft.train.loop import train
from s3ft.train.rows import prepare

CONFIG = TrainConfig(batch_size=8, learning_rate=1e-2, save_seconds=0.0)
STEPS = 6


def run(model: Path, out: Path, dies_after: int = 0, dropout: float = 0.1) -> dict[str, object]:
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        if dies_after and done >= dies_after:
            os.kill(os.getpid(), signal.SIGKILL)

    rows = prepare(tiny.gold_records(24), open_chat(tiny.tokenizer(), ChatConfig()))
    config = CONFIG.model_copy(update={"lora_dropout": dropout})
    arm = Arm("sft", 0, config, STEPS)
    return train(Base(model, torch.float32), rows, out, arm, advance=advance)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
