"""TRL's SFTTrainer, set up so that it trains on our ids and labels and on nothing else, and watched while it does."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from s3ft.data import made
from s3ft.processes import is_first_rank, world_size
from s3ft.train import settings
from s3ft.train.arm import Arm, Base
from s3ft.train.rows import Rows
from s3ft.types import UserError

COMPLETE = "complete"
"""The file that a checkpoint gets when all else in it is on disk: the log so far, and the digests of the files."""

CPU_TOKENS = 1024
"""Tokens of a forward pass on a CPU: beyond, padding costs more than larger products gain."""


class TrainingCallback(transformers.TrainerCallback):
    """Keeps the log, checkpoints by the clock, and stops a run whose numbers are no longer finite."""

    def __init__(self, log: Path, save_seconds: float) -> None:
        self.advance: Callable[[int], None] = lambda n: None
        """Called with the steps done."""
        self.resumed = 0
        """The step after which this training began."""
        self._rows: list[dict[str, Any]] = []
        self._log, self._every = log, save_seconds
        self._saved = time.monotonic()

    @property
    def losses(self) -> list[float]:
        """The loss of every step that was logged."""
        return [row["loss"] for row in self._rows]

    def begin(self, step: int, log: list[dict[str, Any]]) -> None:
        """Begins after a step, with the log so far."""
        if is_first_rank():
            self._log.write_text("".join(json.dumps(row) + "\n" for row in log), encoding="utf-8")
        self._rows, self.resumed = list(log), step

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._tell(self.resumed)

    def _tell(self, steps: int) -> None:
        if is_first_rank():
            self.advance(steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if not logs or "loss" not in logs:
            return
        row = {"step": state.global_step}
        row |= {k: logs[k] for k in ("loss", "learning_rate", "grad_norm") if k in logs}
        bad = [k for k, v in row.items() if not math.isfinite(v)]
        if bad:
            kept = sorted(self._log.parent.glob("checkpoint-*"))
            where = f"; the last good checkpoint is {kept[-1]}" if kept else ""
            raise UserError(
                f"training: {bad[0]} is {row[bad[0]]} at step {state.global_step}; lower train.learning_rate, "
                f"or train in float32{where}"
            )
        self._rows.append(row)
        if is_first_rank():
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        self._tell(1)
        is_due = time.monotonic() - self._saved >= self._every and state.global_step < state.max_steps
        control.should_save = control.should_save or _as_main(is_due)
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._saved = time.monotonic()
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        if not is_first_rank():
            return
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        for path in files:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        made.write(folder / COMPLETE, {"step": state.global_step, "log": self._rows}, files)


def trainer_for(model: Any, rows: Rows, folder: Path, arm: Arm, base: Base, callback: TrainingCallback) -> Any:
    """An SFTTrainer over the rows in their order for the arm's steps. Raises UserError for arguments that TRL or PEFT
    reject."""
    config, steps, dtype, device = arm.config, arm.steps or 1, base.dtype, base.device
    peft_config = settings.lora(config)
    share = settings.rows_of_a_step(config)
    order = rows.order(arm.seed, steps, config.batch_size)
    micro, checkpointing = _memory(model, rows, share, dtype, device)
    plan = settings.Plan(folder, config.rate(arm.recipe), steps, arm.seed, dtype, device, micro, checkpointing)
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    arguments = settings.arguments(config, plan)
    if world_size() == 1 and arguments.n_gpu > 1:
        # One process trains on one GPU; TRL does not take DataParallel. Several GPUs: accelerate launch.
        arguments._n_gpu = 1
    return settings.trainer(model, arguments, rows.dataset(order), (rows.tokenizer, rows.pad), peft_config, [callback])


def _as_main(flag: bool) -> bool:
    """What the first process says: clocks differ, and a checkpoint is written by all."""
    if not torch.distributed.is_initialized():
        return flag
    from accelerate.utils import broadcast_object_list

    return bool(broadcast_object_list([flag])[0])


def _memory(model: Any, rows: Rows, batch: int, dtype: torch.dtype, device: torch.device) -> tuple[int, bool]:
    """Rows of a forward pass, a divisor of `batch`, and whether activations must be recomputed to fit the GPU.

    Activations take about 34 bytes per token, layer and hidden unit at 2 bytes a number (Korthikanti et al. 2022,
    arXiv 2205.05198, equation 2, without the attention matrix)."""
    longest = max(rows.lengths)
    divisors = [d for d in range(batch, 0, -1) if batch % d == 0]
    if device.type != "cuda":
        return next((d for d in divisors if d * longest <= CPU_TOKENS), 1), False
    shape = model.config.get_text_config()
    per_token = 17 * torch.finfo(dtype).bits // 8 * shape.hidden_size * shape.num_hidden_layers
    free = 0.7 * (torch.cuda.mem_get_info(device)[0] - model.get_memory_footprint())
    fitting = next((d for d in divisors if d * longest * per_token <= free), 0)
    if fitting * longest >= min(batch * longest, 2048):
        return fitting, False
    slim = per_token / 8
    return next((d for d in divisors if d * longest * slim <= free), 1), True
