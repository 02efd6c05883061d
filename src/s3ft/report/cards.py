"""What was measured, in the model card of every adapter: what was lost first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from s3ft.data import atomic
from s3ft.report import details, gate

HEADING = "\n## Measured\n"


def write(found: dict[str, Any], folder: Path, margin: float) -> None:
    """Writes the section `Measured` of adapters/RECIPE/seed-N/README.md, in place of an earlier one."""
    for decision in gate.decide_all(found, margin):
        for place, seed in enumerate(found["seeds"]):
            card = folder / "adapters" / decision.recipe / f"seed-{seed}" / "README.md"
            if not card.is_file() or _is_checked(card):
                continue
            before = card.read_text(encoding="utf-8")
            said = before.partition(HEADING)[0] + "\n".join([HEADING, *_section(found, decision, place), ""])
            if said != before:
                with atomic.whole(card) as file:
                    file.write(said)


def _is_checked(card: Path) -> bool:
    """Whether the adapter's digests hold its card: a change would be taken for damage."""
    try:
        return card.name in json.loads((card.parent / "s3ft.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _section(found: dict[str, Any], decision: gate.Decision, place: int) -> Iterator[str]:
    base, result = found["base"], found["recipes"][decision.recipe]
    over = " and ".join(found["intervals"]["over"])
    yield f"**{decision.word}** {decision.sentence}"
    yield ""
    yield f"Percent on {found['task']}; changes in points against the base, paired by item, over all seeds"
    yield f"({', '.join(map(str, found['seeds']))}), with 95 % intervals over {over}."
    yield ""
    yield from ("| | items | base | this adapter | change |", "|---|---|---|---|---|")
    drops = sorted(result["drops"].items(), key=lambda drop: -drop[1]["mean"])
    for name, drop in drops:
        scores = [base["benchmarks"][name]["mean"], result["benchmarks"][name]["per_seed"][place]]
        yield _line(name, found["items"][name], scores, _negative(drop))
    yield _line(
        "the task",
        found["items"]["target"],
        [base["target"]["mean"], result["target"]["per_seed"][place]],
        result["gain"],
    )
    if result["mean_drop"] is not None:
        yield ""
        yield f"Mean drop on the benchmarks: {details.signed(result['mean_drop'])} points; positive is a loss."
    if flips := result["flips"]["target"]:
        yield ""
        yield (
            f"Of {flips['items']} test items, {flips['right_to_wrong']:g} turned wrong and {flips['wrong_to_right']:g} "
            "right, a mean over seeds."
        )


def _line(name: str, items: int, scores: list[float], change: dict[str, Any]) -> str:
    return details.line([name, str(items), *(f"{100 * score:.1f}" for score in scores), details.signed(change)])


def _negative(drop: dict[str, Any]) -> dict[str, Any]:
    """A drop as a change, negative when something was lost; 0.0 as it is, and not -0.0."""
    mean, low, high = (None if drop[k] is None else 0.0 - drop[k] for k in ("mean", "high", "low"))
    return {"mean": mean, "low": low, "high": high}
