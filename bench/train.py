"""Training speed: python bench/train.py [MODEL ...]

Our setting against TRL's defaults at the same precision, on the same rows in the same steps with dropout 0: supervised
tokens a second (of processor time on a CPU, which neighbours disturb less; of wall time on a GPU), peak memory, and the
largest difference between the losses of a step. MODEL: folders of models; default: a random one of 100 million
parameters. Each arm has a process of its own, and its first step is not timed."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH, STEPS, ROWS = 16, 6, 96
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

    from s3ft import training
    from s3ft.backends.transformers import load_model, load_tokenizer
    from s3ft.chat import open_chat
    from s3ft.config import ChatConfig, TrainConfig
    from s3ft.tokens import prepare

    class Setting(TrainConfig):
        method: str = "lora"

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    rows = prepare(records(ROWS), open_chat(load_tokenizer(model), ChatConfig()))
    extra: dict[str, Any] = {"warmup_steps": 0}
    if not ours:
        # TRL's own choices: batches of 8 padded to their longest row, activations recomputed.
        extra |= {"per_device_train_batch_size": 8, "gradient_accumulation_steps": BATCH // 8}
        extra |= {"gradient_checkpointing": True}
        _shuffle_within_steps(rows)
    config = Setting(method=method, batch_size=BATCH, lora_dropout=0.0, extra=extra)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        watch = training.Watch(Path(folder) / "log.jsonl", 1e9)
        watch.begin(None)
        watch.advance = lambda n: marks.append(clock())
        loaded = load_model(model, dtype, False, {})
        steps = STEPS + 1
        trainer = training.trainer_for(loaded, rows, Path(folder), config, 1e-4, 0, steps, dtype, device, watch)
        trainer.train()
    marks = marks[1:]
    per_step = [0] * (STEPS + 1)
    for place, i in enumerate(rows.order(0, STEPS + 1, BATCH)):
        per_step[place // BATCH] += sum(label != -100 for label in rows.dataset()[i]["labels"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    return {"rate": sum(per_step[1:]) / (marks[-1] - marks[0]), "losses": watch.losses, "peak_mb": peak}


def _shuffle_within_steps(rows: Any) -> None:
    """TRL draws rows at random: the same rows in each step, not by length."""
    ordered = type(rows).order

    def order(self: Any, seed: int, steps: int, batch_size: int) -> list[int]:
        found = ordered(self, seed, steps, batch_size)
        draw = random.Random(seed)
        parts = [found[s : s + batch_size] for s in range(0, len(found), batch_size)]
        return [i for part in parts for i in draw.sample(part, len(part))]

    type(rows).order = order


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
        models = [Path(a) for a in argv] or [random_model(Path(folder))]
        print("model               method   TRL tok/s  ours tok/s  ratio   TRL MB  ours MB  largest loss difference")
        for model in models:
            for method in ("lora", "full"):
                trl, ours = measured(model, method, False), measured(model, method, True)
                difference = max(abs(a - b) for a, b in zip(trl["losses"], ours["losses"], strict=True))
                name = "random 100M" if not argv else model.name
                print(
                    f"{name:20s}{method:8s}{trl['rate']:10.1f}{ours['rate']:12.1f}{ours['rate'] / trl['rate']:7.2f}"
                    f"{trl['peak_mb']:9.0f}{ours['peak_mb']:9.0f}{difference:14.1e}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
