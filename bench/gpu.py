"""What has to be seen on a GPU once: python bench/gpu.py [--out bench/gpu.json] [--tiny]

Generation and scoring in 16 bits; LoRA, QLoRA (if bitsandbytes is installed) and full training, with and without
recomputed activations; vLLM in process (if installed); a random Mistral in the shape of the 7B one; the quickstart.
Prints one JSON; each part has a process of its own, and one that fails says why in its place. --tiny runs the same
parts on small shapes, on a CPU too, to test this file. Without a GPU: one line, and exit 0."""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from train import WORDS, random_model, records

SHAPES = {
    "7B": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32},
    "1B": {"hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22, "num_attention_heads": 32},
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
}
FLOPS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bfloat16 operations a second, by the makers' data sheets."""
TRAINED_ROWS, STEPS, BATCH = 64, 4, 16


def shape_of(name: str) -> Any:
    from transformers import MistralConfig

    return MistralConfig(
        **SHAPES[name],
        num_key_value_heads=SHAPES[name]["num_attention_heads"] // 4,
        vocab_size=16384,
        max_position_embeddings=4096,
        sliding_window=None,
    )


def opened(name: str, folder: Path) -> tuple[Any, Any]:
    """A random model of a shape in memory, and the chat policy of the tokenizer in `folder`."""
    import torch
    from transformers import AutoModelForCausalLM

    from s3ft.chat import open_chat
    from s3ft.config import ChatConfig
    from s3ft.models.loading import load_tokenizer

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with device:
        model = AutoModelForCausalLM.from_config(shape_of(name), dtype=dtype_of(device))
    return model.eval(), open_chat(load_tokenizer(folder), ChatConfig())


def dtype_of(device: Any) -> Any:
    import torch

    return torch.bfloat16 if device.type == "cuda" else torch.float32


def asked(count: int) -> Any:
    import random

    from s3ft.types import Request

    draw = random.Random(0)
    texts = (" ".join(draw.choices(WORDS, k=int(draw.lognormvariate(4.3, 0.6)))) for _ in range(count))
    return [Request([{"role": "user", "content": text}]) for text in texts]


def peak() -> float:
    """Megabytes taken at most since the last call."""
    import torch

    if not torch.cuda.is_available():
        return 0.0
    found = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return round(found, 1)


def generation(name: str, folder: Path) -> dict[str, Any]:
    """Tokens a second generated and scored, and how far the two likelihoods of the same tokens are apart."""
    from s3ft.models.local import LocalModel
    from s3ft.models.memory import batch_tokens
    from s3ft.types import Completion, Sampling

    model, chat = opened(name, folder)
    count, length = (16, 8) if name == "tiny" else (256, 128)
    local, requests, sampling = LocalModel(model, chat), asked(count), Sampling(length)
    list(local.generate(requests[:4], Sampling(4)))
    begun = time.perf_counter()
    found = dict(local.generate(requests, sampling))
    generated = time.perf_counter() - begun
    completions = [Completion("first add the two numbers") for _ in requests]
    begun = time.perf_counter()
    scores = local.score(requests, completions)
    scored = time.perf_counter() - begun
    one, alone = local.score(requests[:1], completions[:1])[0], scores[0]
    return {
        "parameters": model.num_parameters(),
        "batch_tokens": batch_tokens(model),
        "generated_per_second": round(sum(c[0].num_tokens for c in found.values()) / generated, 1),
        "rows_scored_per_second": round(len(scores) / scored, 1),
        "score_alone_and_in_a_batch_differ_by": round(abs(one.logprob - alone.logprob), 4) if one and alone else None,
        "peak_mb": peak(),
    }


def training(method: str, name: str, folder: Path) -> dict[str, Any]:
    """Tokens a second trained, model FLOP utilisation and peak memory, with the rows of a pass as chosen and with
    recomputed activations."""
    import torch
    from transformers import TrainerCallback

    from s3ft.config import TrainConfig
    from s3ft.models.loading import load_model
    from s3ft.train import sft
    from s3ft.train.arm import Arm, Base
    from s3ft.train.rows import prepare

    found: dict[str, Any] = {}
    for way in ("as chosen", "recomputed"):
        model, chat = opened(name, folder)
        device, dtype = model.device, model.dtype
        if method == "qlora":
            from transformers import BitsAndBytesConfig

            model.save_pretrained(folder / name)
            del model
            four_bits = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
            model = load_model(folder / name, dtype, quantization_config=four_bits)
        elif method == "full":
            model = model.float()
        extra: dict[str, Any] = {"warmup_steps": 0}
        if way == "recomputed":
            extra["gradient_checkpointing"] = True
        config = TrainConfig(method=method, batch_size=BATCH, learning_rate=1e-5, lora_dropout=0.0, extra=extra)
        rows = prepare(records(TRAINED_ROWS), chat)
        marks: list[float] = []

        class Marks(TrainerCallback):
            def on_step_end(self, *_: Any, marks: list[float] = marks, **__: Any) -> None:
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                marks.append(time.perf_counter())

        with tempfile.TemporaryDirectory() as out:
            callback = sft.TrainingCallback(Path(out) / "log.jsonl", 1e9)
            callback.begin(0, [])
            steps = STEPS if name != "tiny" else 2
            arm = Arm("bench", 0, config, steps)
            peak()
            trainer = sft.trainer_for(model, rows, Path(out), arm, Base(folder, dtype, device), callback)
            trainer.add_callback(Marks())
            trainer.train()
        of_a_step = sum(rows.lengths[i] for i in rows.order(0, steps, BATCH)) / steps
        rate = of_a_step / statistics.median(b - a for a, b in itertools.pairwise(marks))
        card = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
        flops = next((f for part, f in FLOPS.items() if part in card), None)
        # Forward, and backward through activations; through weights too if all are trained.
        operations = (6 if method == "full" else 4) * model.num_parameters()
        found[way] = {
            "tokens_per_second": round(rate, 1),
            "mfu": round(rate * operations / flops, 3) if flops and method != "qlora" else None,
            "rows_a_pass": trainer.args.per_device_train_batch_size,
            "gradient_checkpointing": trainer.args.gradient_checkpointing,
            "peak_mb": peak(),
        }
        del trainer, model
    return found


def vllm(name: str, folder: Path) -> dict[str, Any]:
    from s3ft import backends
    from s3ft.config import parse
    from s3ft.types import ModelFiles, Sampling

    model, chat = opened(name, folder)
    model.save_pretrained(folder / name)
    chat.tokenizer.save_pretrained(folder / name)
    del model
    config = parse({"model": "m", "task": "lab", "backend": {"name": "vllm"}}).backend
    backend = backends.load(config, ModelFiles(folder / name, "m"), chat)
    list(backend.generate(asked(4), Sampling(4)))
    begun = time.perf_counter()
    found = dict(backend.generate(asked(256), Sampling(128)))
    seconds = time.perf_counter() - begun
    return {"generated_per_second": round(sum(c[0].num_tokens for c in found.values()) / seconds, 1)}


def quickstart(tiny: bool) -> dict[str, Any]:
    """The table of examples/quickstart.yaml."""
    example = Path(__file__).parents[1] / "examples" / "quickstart.yaml"
    less = ["limit=24", "evaluate.rows=16", "evaluate.limit=6", "train.epochs=1", "seeds=[0]", "recipes=[s3ft]"]
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "s3ft", "run", str(example), "cache=cache", *(less if tiny else [])]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        report = json.loads((Path(folder) / "runs" / "quickstart" / "report.json").read_text())
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "base": report["base"]["target"]["mean"],
        **{name: found["target"]["mean"] for name, found in report["recipes"].items()},
    }


def part(kind: str, name: str, folder: str) -> dict[str, Any]:
    random_model(Path(folder))
    if kind == "quickstart":
        return quickstart(name == "tiny")
    if kind == "vllm":
        return vllm(name, Path(folder))
    return generation(name, Path(folder)) if kind == "generation" else training(kind, name, Path(folder))


def main(argv: list[str]) -> int:
    if argv[:1] == ["--part"]:
        print(json.dumps(part(*argv[1:4])))
        return 0
    options = argparse.ArgumentParser()
    options.add_argument("--out", type=Path)
    options.add_argument("--tiny", action="store_true")
    chosen = options.parse_args(argv)
    import torch

    if not torch.cuda.is_available() and not chosen.tiny:
        print("bench/gpu.py: no GPU here; nothing was measured")
        return 0
    parts = [("generation", "1B"), ("generation", "7B"), ("lora", "1B"), ("lora", "7B"), ("full", "1B")]
    parts += [("qlora", "1B")] if importlib.util.find_spec("bitsandbytes") else []
    parts += [("vllm", "1B")] if importlib.util.find_spec("vllm") else []
    parts = [*parts, ("quickstart", "1B")]
    if chosen.tiny:
        parts = [(kind, "tiny") for kind in dict.fromkeys(kind for kind, _ in parts) if kind != "vllm"]
    found: dict[str, Any] = {"card": torch.cuda.get_device_name() if torch.cuda.is_available() else "none"}
    for kind, name in parts:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--part", kind, name, folder]
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ}, check=False)
        key = kind if kind == "quickstart" else f"{kind} {name}"
        failed = done.returncode != 0
        found[key] = {"error": done.stderr[-600:]} if failed else json.loads(done.stdout.splitlines()[-1])
        print(f"{key}: {'failed' if failed else 'done'}", file=sys.stderr, flush=True)
    print(json.dumps(found, indent=1))
    if chosen.out:
        chosen.out.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
