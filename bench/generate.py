"""Tokens generated a CPU second: python bench/generate.py [--out bench/generate.json]

The backends that run in this process against a bare `model.generate`, one prompt after another and in batches of 16 as
they come, greedy in float32: on the miniature's training prompts and on a random model of 100 million parameters with
prompts of uneven length. Each arm has a process of its own, the arms run in turn ROUNDS times, medians are shown; only
generating is timed, after a warm-up. The texts of the arms are compared. vLLM takes part where it is installed (make
test-engines has it). Last, what a build of the miniature spends beside generating."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from train import WORDS, random_model

ROUNDS = 3
ARMS = ("loop", "plain 16", "transformers", "vllm")
ROWS = {"miniature": {"loop": 40}, "random 100M": {"loop": 4}}
"""Prompts of an arm that would take long; their texts are compared with the same prompts' of the others."""
PROMPTS = {"miniature": 300, "random 100M": 20}
MAX_TOKENS = {"miniature": 96, "random 100M": 16}
ENGINE = {"name": "vllm", "dtype": "float32", "extra": {"enforce_eager": True, "max_num_seqs": 256}}


def requests_of(name: str) -> Any:
    from s3ft import lab
    from s3ft.types import Request

    draw, count = random.Random(0), PROMPTS[name]
    asked = (
        [row["prompt"] for row in lab.load("train")[:count]]
        if name == "miniature"
        else [" ".join(draw.choices(WORDS, k=int(draw.lognormvariate(3.6, 0.6)))) for _ in range(count)]
    )
    return [Request([{"role": "user", "content": text}]) for text in asked]


def arm(kind: str, name: str, folder: Path) -> dict[str, Any]:
    """Tokens, CPU seconds and texts of one arm, in this process."""
    import torch

    from s3ft import backends
    from s3ft.chat import open_chat
    from s3ft.config import ChatConfig, parse
    from s3ft.models import loading
    from s3ft.types import ModelFiles, Sampling

    torch.set_num_threads(1)
    chat = open_chat(loading.load_tokenizer(folder), ChatConfig(), stop_ids=loading.stop_ids_of(folder))
    requests = requests_of(name)[: ROWS[name].get(kind)]
    sampling = Sampling(MAX_TOKENS[name])
    if kind in ("loop", "plain 16"):
        work = bare(loading.load_model(folder, torch.float32).eval(), chat, 1 if kind == "loop" else 16)
    else:
        section = ENGINE if kind == "vllm" else {"name": "transformers", "dtype": "float32", "device": "cpu"}
        config = parse({"model": "m", "task": "lab", "backend": section}).backend
        backend = backends.load(config, ModelFiles(folder, "m"), chat)

        def work(asked: Any, how: Any) -> Any:
            found = dict(backend.generate(asked, how))
            return [(found[i][0].raw, found[i][0].num_tokens) for i in range(len(asked))]

    work(requests[:2], Sampling(4))
    begun = time.process_time()
    found = work(requests, sampling)
    used = time.process_time() - begun
    return {"tokens": sum(n for _, n in found), "seconds": used, "texts": [text for text, _ in found]}


def bare(model: Any, chat: Any, size: int) -> Callable[[Any, Any], list[tuple[str, int]]]:
    """What a script would do: prompts as they come, padded on the left."""
    import torch

    def work(requests: Any, sampling: Any) -> list[tuple[str, int]]:
        ids = [chat.prompt_ids(r.prompt) for r in requests]
        found = []
        for start in range(0, len(ids), size):
            batch = ids[start : start + size]
            width = max(map(len, batch))
            pad = chat.stop_ids[0]
            out = model.generate(
                torch.tensor([[pad] * (width - len(p)) + p for p in batch]),
                attention_mask=torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in batch]),
                max_new_tokens=sampling.max_tokens,
                do_sample=False,
                eos_token_id=list(chat.stop_ids),
                pad_token_id=pad,
            )
            for request, row in zip(requests[start : start + size], out[:, width:].tolist(), strict=True):
                completion = chat.completion(request.prompt, row, "length")
                found.append((completion.raw, completion.num_tokens))
        return found

    return work


def build() -> dict[str, float]:
    """Wall seconds of `s3ft build` on the miniature, in this process, and those inside generation and scoring."""
    begun = time.perf_counter()
    from s3ft.config import parse
    from s3ft.models.local import LocalModel
    from s3ft.runs import build as stage
    from s3ft.runs import opening

    spent = {"generate": 0.0, "score": 0.0, "open": 0.0}
    generated, scored = LocalModel.generate_batches, LocalModel.score

    def generate_batches(self: Any, *given: Any) -> Any:
        batches, now = generated(self, *given), time.perf_counter()
        for batch in batches:
            spent["generate"] += time.perf_counter() - now
            yield batch
            now = time.perf_counter()

    def score(self: Any, *given: Any) -> Any:
        now = time.perf_counter()
        try:
            return scored(self, *given)
        finally:
            spent["score"] += time.perf_counter() - now

    LocalModel.generate_batches, LocalModel.score = generate_batches, score  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        recipe = {"model": "lab", "task": "lab", "recipes": ["s3ft"], "sampling": {"max_tokens": 96}, "cache": "cache"}
        with opening.opened(parse(recipe), "bench") as (run, _):
            spent["open"] = time.perf_counter() - begun
            stage.build(run)
    return {**spent, "all": time.perf_counter() - begun}


def measured(*arguments: str) -> Any:
    variables = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "VLLM_CPU_KVCACHE_SPACE": "1"}
    environment = {**variables, "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR", **os.environ}
    command = [sys.executable, __file__, "--arm", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compared(name: str, folder: Path) -> dict[str, Any]:
    """The median rate of every arm, its ratio to the plain batches and the share of equal texts."""
    arms = [a for a in ARMS if a != "vllm" or importlib.util.find_spec("vllm") is not None]
    rounds = [{a: measured(a, name, str(folder)) for a in arms} for _ in range(ROUNDS)]
    ours = rounds[0]["transformers"]["texts"]
    found: dict[str, Any] = {}
    for a in arms:
        rates = [r[a]["tokens"] / r[a]["seconds"] for r in rounds]
        over = [
            rate / (r["plain 16"]["tokens"] / r["plain 16"]["seconds"]) for rate, r in zip(rates, rounds, strict=True)
        ]
        same = [x == y for r in rounds for x, y in zip(r[a]["texts"], ours, strict=False)]
        found[a] = {
            "prompts": len(rounds[0][a]["texts"]),
            "tokens": rounds[0][a]["tokens"],
            "tokens_per_cpu_second": round(statistics.median(rates), 1),
            "over_plain_16": round(statistics.median(over), 2),
            "equal_texts": sum(same) / len(same),
        }
        print(
            f"{name:13}{a:14}{found[a]['tokens']:8,}{found[a]['tokens_per_cpu_second']:10,.1f}"
            f"{found[a]['over_plain_16']:8.2f}{found[a]['equal_texts']:8.3f}",
            flush=True,
        )
    if "vllm" in found:
        pairs = [
            (r["transformers"]["tokens"] / r["transformers"]["seconds"]) / (r["vllm"]["tokens"] / r["vllm"]["seconds"])
            for r in rounds
        ]
        found["transformers over vllm"] = round(statistics.median(pairs), 2)
        print(f"{name:13}transformers over vllm: {found['transformers over vllm']}", flush=True)
    return found


def main(argv: list[str]) -> int:
    if argv[:1] == ["--arm"]:
        print(json.dumps(build() if argv[1] == "build" else arm(argv[1], argv[2], Path(argv[3]))))
        return 0
    asked = argparse.ArgumentParser()
    asked.add_argument("--out", type=Path)
    out = asked.parse_args(argv).out
    from s3ft import lab

    print("model        arm             tokens  tok/CPUs  over 16  equal")
    found: dict[str, Any] = {"miniature": compared("miniature", lab.MODEL)}
    write(out, found)
    with tempfile.TemporaryDirectory() as folder:
        found["random 100M"] = compared("random 100M", random_model(Path(folder)))
    write(out, found)
    builds = [measured("build") for _ in range(ROUNDS)]
    spent = {k: statistics.median(b[k] for b in builds) for k in builds[0]}
    inside = spent["all"] - spent["open"]
    found["build"] = {
        "seconds": {k: round(v, 2) for k, v in spent.items()},
        "not_generation": round(1 - spent["generate"] / inside, 3),
        "neither_generation_nor_scoring": round(1 - (spent["generate"] + spent["score"]) / inside, 3),
    }
    print(json.dumps(found["build"]))
    write(out, found)
    return 0


def write(out: Path | None, found: dict[str, Any]) -> None:
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
