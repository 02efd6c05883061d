"""The miniature: a small instruct model with its task and benchmarks. How it was made stands in experiments/lab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
MODEL = _FOLDER / "model"
"""The pre-trained base, an ordinary Transformers folder."""
DATA = _FOLDER / "data"
"""Rows of the task's splits and of the benchmarks, as JSON lines."""
BENCHMARKS = _FOLDER / "benchmarks"
"""Tasks of lm-evaluation-harness: lab_facts, lab_misconceptions, lab_reading, lab_comparing."""

PARAPHRASE = """{prompt}
Reference answer:
{gold}
Use it as a guide and write your own answer."""
"""The user turn that asks for the gold in the base's own words, as it was met in pre-training."""


def load(name: str) -> list[dict[str, Any]]:
    """The rows of data/NAME.jsonl."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
