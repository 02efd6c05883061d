"""What a reader of the numbers must be told: what is too small, was not measured, or is the same thing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s3ft.data.splits import FEW, few_rows


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
