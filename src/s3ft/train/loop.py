"""Records -> token ids and labels, checked -> TRL SFTTrainer + PEFT -> adapter."""

from __future__ import annotations

import gc
import json
import logging
import math
import os
import shutil
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers

from s3ft.config import TrainConfig
from s3ft.data import atomic, made
from s3ft.digest import digest
from s3ft.models import loading
from s3ft.processes import is_first_rank, local_rank
from s3ft.progress import Bar, progress, say
from s3ft.train import card
from s3ft.train.arm import Arm, Base
from s3ft.train.rows import Rows
from s3ft.train.settings import require_bitsandbytes
from s3ft.train.sft import COMPLETE, TrainingCallback, trainer_for
from s3ft.types import UserError


def train(
    base: Base,
    rows: Rows,
    out_dir: Path,
    arm: Arm,
    *,
    bar: Bar | None = None,
) -> dict[str, Any]:
    """Trains on `rows` and writes `out_dir` whole: the PEFT adapter, log.jsonl, and s3ft.json with the facts that are
    also returned.

    A repeat after a kill goes on from the newest checkpoint and ends in the same adapter. The result does not depend on
    what the process trained before. `bar` counts rows; by default there is one for this training.

    Raises UserError: lora_rank 0, arguments that TRL or PEFT reject, rows longer than the model takes, a loss or
    gradient that is not finite (the last good checkpoint stays), an adapter that changes nothing."""
    begun = time.monotonic()
    config, where = arm.config, base.device
    steps = arm.steps or max(1, round(len(rows) / config.batch_size * config.epochs))
    arm = replace(arm, steps=steps)
    plain = config.model_dump(mode="json", exclude=set(config.changes_nothing))
    made_of = digest([str(base.model), rows.digest, plain, arm.recipe, arm.seed, steps, str(base.dtype), arm.key])
    partial = _opened(out_dir, made_of)
    loaded = _load(base, config)
    _fits(rows, loaded.config)
    watch = TrainingCallback(partial / "log.jsonl", config.save_seconds)
    trainer = trainer_for(loaded, rows, partial, arm, base, watch)
    try:
        before = _logits(trainer.model, rows)
        trainer.accelerator.wait_for_everyone()
        resume, done = _checkpoint(partial)
        watch.begin(done["step"], done["log"])
        with nullcontext(bar) if bar else progress("train", steps * config.batch_size) as shown:
            _follow(shown, watch, arm, rows)
            result = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        change = float((_logits(trainer.model, rows) - before).abs().max())
        if not change > 0:
            raise UserError(
                f"{arm.recipe}, seed {arm.seed}: the trained adapter changes no logit; raise train.learning_rate "
                "or epochs"
            )
        facts = {
            "key": arm.key,
            "recipe": arm.recipe,
            "seed": arm.seed,
            "steps": steps,
            "rows": len(rows),
            "dropped": rows.dropped,
            "matches": rows.matches,
            "chat": rows.policy,
            "sources": rows.sources,
            "supervised_tokens": rows.num_supervised,
            "final_loss": watch.losses[-1] if watch.losses else None,
            "mean_loss": sum(watch.losses) / len(watch.losses) if watch.losses else None,
            "logit_change": change,
            "adapter_norm": _norm(trainer.model),
            "resumed_from": done["step"],
            "processes": trainer.accelerator.num_processes,
            "seconds": time.monotonic() - begun,
            "train_seconds": result.metrics["train_runtime"],
        }
        if trainer.is_world_process_zero():
            _finish(trainer, partial, out_dir, base, facts)
        trainer.accelerator.wait_for_everyone()
        return facts
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"{arm.recipe}, seed {arm.seed}: out of GPU memory; set train.extra: {{per_device_train_batch_size: 1, "
            "gradient_checkpointing: true}, or train.max_length, or train.method: qlora"
        ) from error
    finally:
        if "wandb" in trainer.args.report_to:
            # An open run would take in the next arm too.
            sys.modules["wandb"].finish(exit_code=int(sys.exc_info()[0] is not None))
        trainer.model = trainer.model_wrapped = trainer.optimizer = None
        del trainer, loaded
        gc.collect()
        if where.type == "cuda":
            torch.cuda.empty_cache()


def _follow(bar: Bar, watch: TrainingCallback, arm: Arm, rows: Rows) -> None:
    """Lets a bar show the recipe, the seed, the loss and how many tokens of rows are passed through in a second."""
    begun, size = time.monotonic(), arm.config.batch_size
    per_step, first = size * sum(rows.lengths) / len(rows), watch.resumed

    def detail() -> str:
        said = f"{arm.recipe} seed {arm.seed}, rate {arm.config.rate(arm.recipe):g}"
        if watch.losses:
            speed = per_step * (len(watch.losses) - first) / (time.monotonic() - begun)
            said += f", loss {watch.losses[-1]:.3f}" + (f", {speed:,.0f} tokens/s" if speed else "")
        return said

    bar.detail, watch.advance = detail, lambda steps: bar(steps * size)


def _opened(out_dir: Path, made_of: str) -> Path:
    """The folder trained into, with what a killed run of the same setting left there."""
    partial = out_dir.with_name(out_dir.name + ".partial")
    if _setting(partial) != made_of and is_first_rank():
        shutil.rmtree(partial, ignore_errors=True)
        atomic.write_json(partial / "setting.json", made_of)
    return partial


def _setting(partial: Path) -> Any:
    """What a killed training was made of; None if that cannot be read."""
    try:
        return json.loads((partial / "setting.json").read_text(encoding="utf-8"))
    except OSError:
        if any(partial.glob("checkpoint-*")):
            say(f"{partial / 'setting.json'}: missing; the training begins anew")
        return None
    except ValueError:
        say(f"{partial / 'setting.json'}: damaged; the training begins anew")
        return None


def _load(base: Base, config: TrainConfig) -> Any:
    """The model to train. `train.method` qlora loads it in 4 bits (NF4, Dettmers et al. 2023, arXiv 2305.14314); full
    keeps the weights in float32, where small steps do not round away, and computes in the base's dtype."""
    extra: dict[str, Any] = {}
    if config.method == "qlora":
        # Says at import, on a CPU, that an optional package could make 4-bit products faster.
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        require_bitsandbytes()
        index = local_rank() if base.device.index is None else base.device.index
        extra["device_map"] = {"": index if base.device.type == "cuda" else base.device.type}
        extra["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=base.dtype,
        )
    dtype = torch.float32 if config.method == "full" else base.dtype
    return loading.load_model(base.model, dtype, base.trust_remote_code, **extra)


def _fits(rows: Rows, config: Any) -> None:
    room = loading.room(config)
    longest = max(range(len(rows)), key=lambda i: rows.lengths[i])
    if room and rows.lengths[longest] > room:
        raise UserError(
            f"row {rows.keys[longest]!r} has {rows.lengths[longest]} tokens, the model takes {room}; "
            f"set train.max_length: {room}, longer rows are then left out and named"
        )


def _checkpoint(partial: Path) -> tuple[Path | None, dict[str, Any]]:
    """The newest checkpoint that was written to its end, with its step and the log until then; a damaged one is said
    and left aside."""
    for folder in sorted(partial.glob("checkpoint-*"), key=lambda p: -int(p.name.split("-")[1])):
        if (found := made.read(folder / COMPLETE)) is not None:
            return folder, found
    return None, {"step": 0, "log": []}


def _logits(model: Any, rows: Rows) -> torch.Tensor:
    """Logits of the shortest row's last 8 positions."""
    shortest = min(range(len(rows)), key=lambda i: rows.lengths[i])
    ids = rows.dataset()[shortest]["input_ids"]
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        out = model(input_ids=torch.tensor([ids], device=next(model.parameters()).device), use_cache=False)
    model.train(was_training)
    logits: torch.Tensor = out.logits[0, -8:].float().cpu()
    return logits


def _norm(model: Any) -> float:
    """Euclidean norm of what was trained."""
    squares = [float(p.detach().float().square().sum()) for p in model.parameters() if p.requires_grad]
    return math.sqrt(sum(squares))


def _finish(trainer: Any, partial: Path, out_dir: Path, base: Base, facts: dict[str, Any]) -> None:
    """The adapter under its name, checkpoints gone, everything on disk before the rename."""
    trainer.accelerator.unwrap_model(trainer.model).save_pretrained(partial)
    card.finish(partial, base.model, trainer.processing_class, facts)
    for path in [*partial.glob("checkpoint-*"), partial / "setting.json"]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    # The card is written again by each report.
    files = sorted(p for p in partial.iterdir() if p.is_file() and p.name != card.NAME)
    made.write(partial / "s3ft.json", facts, files)
    for path in [*partial.iterdir(), partial]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    shutil.rmtree(out_dir, ignore_errors=True)
    partial.replace(out_dir)
