"""The tables of report.md below the first: items, drift, recipe against recipe, the sweep and its front."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from s3ft.evaluate.target import OUTCOMES

Cells = list[str]


def score(estimate: dict[str, Any]) -> str:
    """A score in percent, with its standard deviation over seeds if there are several."""
    spread = f" +-{100 * estimate['std_over_seeds']:.1f}" if "std_over_seeds" in estimate else ""
    return f"{100 * estimate['mean']:.1f}{spread}"


def signed(estimate: dict[str, Any] | None) -> str:
    """A difference in points with its interval."""
    if estimate is None:
        return "not measured"
    if estimate["low"] is None:
        return f"{100 * estimate['mean']:+.1f} [too few items]"
    mean, low, high = (100 * estimate[k] for k in ("mean", "low", "high"))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def nats(estimate: dict[str, Any] | None, sign: str = "") -> str:
    """Nats a token with their interval."""
    if estimate is None:
        return "not measured"
    if estimate["low"] is None:
        return f"{estimate['mean']:{sign}.2g}"
    mean, low, high = (estimate[k] for k in ("mean", "low", "high"))
    return f"{mean:{sign}.2g} [{low:{sign}.2g}, {high:{sign}.2g}]"


def items(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for the base and each recipe: flips on the task, and drift on and off it."""
    yield ["", "won", "lost", "p", "KL/token, task", "KL/token, off task", "same answers"]
    for name, result in {"base": found["base"], **found["recipes"]}.items():
        flips = result.get("flips", {}).get("target")
        counted = ["", "", ""]
        if flips:
            counted = [f"{flips['wrong_to_right']:.3g}", f"{flips['right_to_wrong']:.3g}", f"{flips['p']:.2g}"]
        drift = result["drift"] or {}
        moved = [f"{drift[n]['kl']['mean']:.2g}" if n in drift else "not measured" for n in ("task", "general")]
        same = "/".join(f"{100 * part['same']['mean']:.0f}" for part in drift.values()) or "not measured"
        yield [name, *counted, *moved, same]


def item_notes(found: dict[str, Any]) -> Iterator[str]:
    """What must be said with that table."""
    yield (
        "Won and lost: test items that turned right and wrong against the base, a mean over seeds; p: McNemar's exact "
        "test. KL/token: divergence from the base on the base's own answers, in nats; the base's own line, measured in "
        "other batches, is the noise floor. Same answers: percent that greedy decoding would write again, on the "
        "task/off it."
    )
    for name, result in found["recipes"].items():
        lost = (result["flips"].get("target") or {}).get("lost_as", {})
        other = {k: n for k, n in lost.items() if k != "wrong" and n}
        if other:
            total = sum(lost.values())
            said = "; ".join(f"{n:.3g} {OUTCOMES.get(k, k)}" for k, n in other.items())
            yield f"{name}: of {total:.3g} lost answers, not for lack of knowledge: {said}."


def power(found: dict[str, Any]) -> Iterator[str]:
    """What the items could have shown, where the task or the drop is undecided."""
    over = " and ".join(found["intervals"]["over"])
    for field, what in (("gain", "on the task"), ("mean_drop", "mean drop")):
        changes = {name: result[field] for name, result in found["recipes"].items() if result[field]}
        if said := [f"{name} ({_undecided(change)})" for name, change in changes.items() if not _decided(change)]:
            yield f"Undecided, {what}, with what these {over} could have shown: {', '.join(said)}."


def _decided(change: dict[str, Any]) -> bool:
    return change["low"] is not None and bool(change["low"] > 0 or change["high"] < 0)


def _undecided(change: dict[str, Any]) -> str:
    shown, needed = change["detectable"], change["items_to_decide"]
    least = "no difference" if shown is None else f"{100 * shown:.1f} points"
    if not change["mean"]:
        return f"{least}; nothing was measured"
    return f"{least}; {'more items alone would not decide' if needed is None else f'{needed} items would decide'}"


def comparisons(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for each pair of recipes."""
    yield ["", "task", "won/lost", "p", "benchmarks", "KL/token, task", "KL/token, off task"]
    for pair in found["comparisons"]:
        flips, drift = pair["flips"].get("target"), pair["drift"] or {}
        counted = (
            [f"{flips['wrong_to_right']:.3g}/{flips['right_to_wrong']:.3g}", f"{flips['p']:.2g}"] if flips else ["", ""]
        )
        moved = [nats(drift.get(n), "+") for n in ("task", "general")]
        yield [
            f"{pair['ours']} - {pair['theirs']}",
            signed(pair["target"]),
            *counted,
            signed(pair["mean_benchmark"]),
            *moved,
        ]


def sweep(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for each point of each recipe."""
    yield ["recipe", "rate", "rank", "score", "gain", "KL/token", ""]
    for recipe, tried in found["sweep"].items():
        for point in tried["points"]:
            why = "taken" if point["chosen"] else "within one standard error" if point["within_one_se"] else ""
            where = [f"{point['learning_rate']:g}", str(point["lora_rank"])]
            yield [recipe, *where, score(point["score"]), signed(point["gain"]), nats(point["kl"]), why]


def equal_setting(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for each pair of recipes and setting."""
    yield ["", "rate", "rank", "score", "KL/token"]
    for pair in found["front"]["equal_setting"]:
        where = [f"{pair['learning_rate']:g}", str(pair["lora_rank"])]
        yield [f"{pair['ours']} - {pair['theirs']}", *where, signed(pair["score"]), nats(pair["kl"], "+")]


def equal_score(found: dict[str, Any]) -> Iterator[str]:
    """A sentence for each pair of recipes."""
    for pair in found["front"]["equal_score"]:
        yield (
            f"At a score of {100 * pair['score']:.1f}, the best that both reach, {pair['ours']} is "
            f"{pair['ours_kl']:.2g} nats a token from the base and {pair['theirs']} {pair['theirs_kl']:.2g} (between "
            "points on a straight line, no interval)."
        )


def table(cells: Iterable[Cells]) -> list[str]:
    """As markdown."""
    header, *body = cells
    return [line(header), line(["---"] * len(header)), *map(line, body)]


def line(cells: Cells) -> str:
    """One row of a markdown table."""
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
