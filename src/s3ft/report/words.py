"""What a reader of the numbers must be told: what is too small, was not measured, or is the same thing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s3ft.data.splits import FEW, few_rows

PAPER_MODEL = "Mistral-7B-Instruct-v0.2"
PAPER = {
    "gsm8k": ((40.3, 53.4, 54.8, 56.9), (49.5, 42.1, 8.4)),
    "mbpp": ((22.2, 32.8, 35.8, 39.4), (30.2, 32.4, 37.4)),
    "nq": ((64.7, 60.0, 67.1, 67.1), (66.0, 25.6, 8.1)),
}
"""Gupta et al. 2025, tables 2 and 3, by task: percent right of base, sft, sdft and s3ft; percent of s3ft's targets from
self, paraphrase and gold."""


def sentences(found: dict[str, Any]) -> Iterator[str]:
    """Sentences on the content of report.json; none if there is nothing to warn of."""
    if found["missing"]:
        yield f"Not measured yet on the targets of now, and left out: {', '.join(found['missing'])}; s3ft run goes on."
    if few_test_rows := few_rows(found["split"], found["items"].get("target", 0)):
        yield f"{few_test_rows}."
    few = [f"{name} ({n})" for name, n in found["items"].items() if name != "target" and n < FEW]
    if few:
        yield f"Too few items to tell recipes apart by: {', '.join(few)}; raise evaluate.limit."
    if not found["base"]["benchmarks"]:
        yield "What else changed was not measured: no benchmarks. Name some in evaluate.benchmarks."
    for name, result in found["recipes"].items():
        shares = result["composition"]
        if len([s for s in shares if s != "dropped"]) > 1 and shares.get("gold", 0) + shares.get("dropped", 0) >= 1:
            yield f"{name} has no word of the model's own in its targets: it is SFT by another name."
    if found["task"] in PAPER and found["model"].rstrip("/").endswith(PAPER_MODEL):
        scores, shares = (", ".join(map(str, numbers)) for numbers in PAPER[found["task"]])
        yield (
            f"The paper on this task and model (tables 2 and 3): base, sft, sdft and s3ft {scores} % right; s3ft's "
            f"targets from self, paraphrase and gold {shares} %."
        )
