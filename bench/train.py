"""Training speed: python bench/train.py [MODEL ...]

Our setting against an SFTTrainer with an SFTConfig of TRL's defaults, at the same precision, on the same token ids and
labels in the same steps of 16 rows, with dropout 0: supervised tokens a second (of processor time on a CPU, which
neighbours disturb less; of wall time on a GPU), peak memory, and the largest difference between the losses of a step.
MODEL: folders of models; default: the miniature and a random one of 100 million parameters. Each arm has a process of
its own, the arms run in turn ROUNDS times, the medians are shown, and a run's first step is not timed."""

from __future__ import annotations

import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH, STEPS, ROWS, ROUNDS = 16, 3, 64, 3
RATE, COLUMNS = 1e-4, ("rate", "peak_mb")
TEXT = "add the two numbers first then halve what you have and say which answer is right for all of them"
WORDS = TEXT.split()


def records(count: int) -> Any:
    """Rows of uneven length, as answers with their work shown are."""
    from s3ft.types import Candidate, Completion, Example, Record

    draw = random.Random(0)
    for n in range(count):
        asked, answer = (" ".join(draw.choices(WORDS, k=int(draw.lognormvariate(3.6, 0.6)))) for _ in range(2))
        example = Example(str(n), [{"role": "user", "content": asked}], answer)
        yield Record(example, [Candidate("gold", Completion(answer))], [0])


def random_model(folder: Path) -> Path:
    """100 million random parameters, with a byte-level tokenizer and a ChatML template."""
    from templates import byte_level, tokenizer_for
    from transformers import LlamaConfig, LlamaForCausalLM

    chatml = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    tokenizer = tokenizer_for(byte_level(None).to_str(), chatml, "random")
    shape = LlamaConfig(
        vocab_size=16384,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def arm(model: Path, method: str, ours: bool) -> dict[str, Any]:
    """Trains for STEPS + 1 steps in this process."""
    import torch
    from transformers import TrainerCallback, set_seed

    from s3ft.chat import open_chat
    from s3ft.config import ChatConfig
    from s3ft.models.loading import load_model, load_tokenizer
    from s3ft.train.rows import prepare

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    rows = prepare(records(ROWS), open_chat(load_tokenizer(model), ChatConfig()))
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    marks: list[float] = []
    losses: list[float] = []

    class Marks(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            if device.type == "cuda":
                torch.cuda.synchronize()
            marks.append(clock())

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            losses.extend([logs["loss"]] if "loss" in logs else [])

    with tempfile.TemporaryDirectory() as folder:
        make = our_trainer if ours else trl_trainer
        set_seed(0)
        held = torch.float32 if method == "full" else dtype
        trainer = make(load_model(model, held), rows, Path(folder), method, dtype, device)
        trainer.add_callback(Marks)
        trainer.train()
    per_step = [0] * (STEPS + 1)
    for place, i in enumerate(rows.order(0, STEPS + 1, BATCH)):
        per_step[place // BATCH] += sum(label != -100 for label in rows.dataset()[i]["labels"])
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    return {"rate": sum(per_step[1:]) / (marks[-1] - marks[0]), "losses": losses, "peak_mb": peak}


def our_trainer(model: Any, rows: Any, folder: Path, method: str, dtype: Any, device: Any) -> Any:
    from s3ft.config import TrainConfig
    from s3ft.train import sft
    from s3ft.train.arm import Arm, Base

    extra = {"warmup_steps": 0}
    config = TrainConfig(method=method, batch_size=BATCH, learning_rate=RATE, lora_dropout=0.0, extra=extra)
    callback = sft.TrainingCallback(folder / "log.jsonl", 1e9)
    callback.begin(0, [])
    base = Base(folder, dtype, device)
    return sft.trainer_for(model, rows, folder, Arm("bench", 0, config, STEPS + 1), base, callback)


def trl_trainer(model: Any, rows: Any, folder: Path, method: str, dtype: Any, device: Any) -> Any:
    """TRL's own choices but for the precision and what makes the steps comparable: the same 16 rows in each, in an
    order drawn at random as TRL's would be, the same rate, schedule, seed and shape of adapter."""
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    order, draw = rows.order(0, STEPS + 1, BATCH), random.Random(0)
    steps = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    arguments = SFTConfig(
        str(folder),
        use_cpu=device.type == "cpu",
        bf16=device.type != "cpu",
        max_steps=STEPS + 1,
        gradient_accumulation_steps=BATCH // 8,
        learning_rate=RATE,
        lr_scheduler_type="cosine",
        seed=0,
        logging_steps=1,
        dataset_kwargs={"skip_prepare_dataset": True},
        train_sampling_strategy="sequential",
    )
    return SFTTrainer(
        model,
        arguments,
        train_dataset=rows.dataset([i for step in steps for i in draw.sample(step, len(step))]),
        processing_class=rows.tokenizer,
        peft_config=LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules="all-linear")
        if method == "lora"
        else None,
    )


def measured(model: Path, method: str, ours: bool) -> dict[str, Any]:
    environment = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    command = [sys.executable, __file__, "--arm", str(model), method, str(int(ours))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(argv: list[str]) -> int:
    if argv[:1] == ["--arm"]:
        print(json.dumps(arm(Path(argv[1]), argv[2], argv[3] == "1")))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        models = {Path(a).name: Path(a) for a in argv}
        if not models:
            from s3ft.models.locate import folder as folder_of

            models = {"miniature": folder_of("lab"), "random 100M": random_model(Path(folder))}
        print("model               method   TRL tok/s  ours tok/s  ratio   TRL MB  ours MB  largest loss difference")
        for name, model in models.items():
            for method in ("lora", "full"):
                pairs = [(measured(model, method, False), measured(model, method, True)) for _ in range(ROUNDS)]
                trl, ours = (
                    {k: statistics.median(r[k] for r in arm) for k in COLUMNS} for arm in zip(*pairs, strict=True)
                )
                ratio = statistics.median(o["rate"] / t["rate"] for t, o in pairs)
                difference = max(abs(a - b) for t, o in pairs for a, b in zip(t["losses"], o["losses"], strict=True))
                print(
                    f"{name:20s}{method:8s}{trl['rate']:10.1f}{ours['rate']:12.1f}{ratio:7.2f}"
                    f"{trl['peak_mb']:9.0f}{ours['peak_mb']:9.0f}{difference:14.1e}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
