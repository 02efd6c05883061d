"""What a reader of the numbers must be told: what is too small, was not measured, or is the same thing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FEW = 30
"""Items below which the 95 % interval of a score can be wider than 35 points."""


def sentences(found: dict[str, Any]) -> Iterator[str]:
    """Sentences on the content of report.json; none if there is nothing to warn of."""
    if found["missing"]:
        yield f"Not measured yet on the targets of now, and left out: {', '.join(found['missing'])}; s3ft run goes on."
    items = found["items"].get("target", 0)
    if items < FEW:
        some = f"{items} test row{'s' * (items != 1)}"
        yield f"The test set is too small to say anything: {some}. Give task.path a test file, or more rows."
    few = [f"{name} ({n})" for name, n in found["items"].items() if name != "target" and n < FEW]
    if few:
        yield f"Too few items to say anything: {', '.join(few)}; raise evaluate.limit."
    if not found["base"]["benchmarks"]:
        yield "What else changed was not measured: no benchmarks. Name some in evaluate.benchmarks."
    for name, result in found["recipes"].items():
        shares = result["composition"]
        if len([s for s in shares if s != "dropped"]) > 1 and shares.get("gold", 0) + shares.get("dropped", 0) >= 1:
            yield f"{name} has no word of the model's own in its targets: it is SFT by another name."
