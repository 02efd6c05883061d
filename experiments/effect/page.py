"""Writes the tables and the picture of results.json into docs/effect.md and the README.

python -m experiments.effect.page"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from s3ft.data import atomic
from s3ft.report import plot
from s3ft.report.details import nats, signed, table

RESULTS = Path(__file__).parent / "results.json"
ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs" / "effect.md", ROOT / "README.md")
PICTURE = ROOT / "docs" / "effect.svg"
NAMES = {"lab_facts": "facts", "lab_misconceptions": "misconceptions", "lab_reading": "reading"}
NARROW, HARMLESS = 0.02, 0.01
"""CRITERIA.md: no difference of more than 2 points; an additional loss below 1 point."""

Found = dict[str, Any]


def questions(found: Found) -> list[list[str]]:
    """The questions of CRITERIA.md with their answers."""
    own = found["own"]
    asked = [
        ("1. S3FT - SFT, benchmarks, equal rate", found["equal_rate"], ("s3ft", "sft"), "benchmarks"),
        ("2. S3FT - SFT, task, own rate", own, ("s3ft", "sft"), "task"),
        ("3. S3FT - SFT, benchmarks, own rate", own, ("s3ft", "sft"), "benchmarks"),
        ("4. S3FT - SDFT, task, own rate", own, ("s3ft", "sdft"), "task"),
        ("4. S3FT - SDFT, benchmarks, own rate", own, ("s3ft", "sdft"), "benchmarks"),
        ("5. S3FT+ - S3FT, task, own rate", own, ("s3ft+", "s3ft"), "task"),
        ("5. S3FT+ - S3FT, benchmarks, own rate", own, ("s3ft+", "s3ft"), "benchmarks"),
    ]
    rows = [["question", "difference", f"at {', '.join(found['rates'])}", "by the criteria"]]
    for words, where, pair, measure in asked:
        each = [_pair(r["differences"], pair)[measure]["mean"] for r in found["rates"].values()]
        said = ", ".join(f"{100 * mean:+.1f}" for mean in each)
        asked_of = where if isinstance(where, list) else (where or {}).get("differences", [])
        if not any((d["ours"], d["theirs"]) == pair for d in asked_of):
            rows.append([words, "", said, "not measured yet"])
            continue
        main = _pair(asked_of, pair)[measure]
        decided = verdict(main, each if where is own else [])
        if pair[0] == "s3ft+" and measure == "benchmarks" and decided != "established" and main["low"] > -HARMLESS:
            decided = "no additional loss of 1 point"
        rows.append([words, signed(main), said, decided])
    return rows


def verdict(difference: Found, at_equal_rate: list[float]) -> str:
    """What CRITERIA.md calls a difference with its interval."""
    mean, low, high = (difference[k] for k in ("mean", "low", "high"))
    if (low > 0 or high < 0) and all(other * mean > 0 for other in at_equal_rate):
        return "established"
    if low > -NARROW and high < NARROW:
        return "no difference of more than 2 points"
    return "not established"


def _pair(differences: list[Found], pair: tuple[str, str]) -> Found:
    return next(d for d in differences if (d["ours"], d["theirs"]) == pair)


def arms(run: Found) -> list[list[str]]:
    """Every arm of one run, against the base."""
    base = run["base"]
    rates = run.get("learning_rate", {})
    rows = [["", *(["rate"] if rates else []), "task", "gain", "loss", *NAMES.values(), "KL/token, off task"]]
    shown = [f"{100 * base[n]:.1f}" for n in ("target", *NAMES)]
    rows.append(["base", *([""] if rates else []), shown[0], "", "", *shown[1:], ""])
    for name, arm in run["arms"].items():
        rate = [f"{rates[name]:g}"] if rates else []
        left = [f"{100 * (base[n] - arm['losses'][n]['mean']):.1f}" for n in NAMES]
        moved = nats(arm["kl"]["general"])
        task = f"{100 * arm['task']['mean']:.1f}"
        rows.append([name, *rate, task, signed(arm["gain"]), signed(arm["loss"]), *left, moved])
    return rows


def pooled(found: Found) -> list[list[str]]:
    """Arms in pairs at equal rate, all rates together."""
    rows = [["", "task", "benchmarks", *NAMES.values()]]
    for d in found["equal_rate"]:
        rows.append([f"{d['ours']} - {d['theirs']}", *(signed(d[n]) for n in ("task", "benchmarks", *NAMES))])
    return rows


def chosen(found: Found) -> list[list[str]]:
    """Validation score and divergence at every rate, and which rate was taken."""
    rows = [["", "rate", "score", "standard error", "KL/token", ""]]
    for name, points in found["points"].items():
        for p in points:
            why = "taken" if p["chosen"] else "within one standard error" if p["within_one_se"] else ""
            score, error = f"{100 * p['score']:.1f}", f"{100 * p['standard_error']:.1f}"
            rows.append([name, f"{p['learning_rate']:g}", score, error, f"{p['kl']:.3f}", why])
    return rows


def equal_score(found: Found) -> list[list[str]]:
    """What arms lost at the best validation score that both reach."""
    rows = [["", "score", "loss of the first", "loss of the second"]]
    for d in found["equal_score"]:
        lost = [f"{100 * d['losses'][d[side]]:.1f}" for side in ("ours", "theirs")]
        rows.append([f"{d['ours']} and {d['theirs']}", f"{100 * d['score']:.1f}", *lost])
    return rows


def targets(found: Found) -> list[list[str]]:
    """What every arm was trained on."""
    run = next(iter(found["rates"].values()))
    rows = [["", "self", "paraphrase", "gold", "NLL/token", "generated tokens"]]
    for name, arm in run["arms"].items():
        shares = [f"{100 * arm['composition'].get(s, 0):.1f} %" for s in ("self", "paraphrase", "gold")]
        rows.append([name, *shares, f"{arm['nll_per_token']:.3f}", f"{arm['generated_tokens']:,}"])
    return rows


def blocks(found: Found) -> dict[str, list[str]]:
    """Every generated part of the pages, by name."""
    made = {
        "questions": questions(found),
        **{f"rate {rate}": arms(run) for rate, run in found["rates"].items()},
        "pooled": pooled(found),
        "chosen": chosen(found),
        "equal score": equal_score(found),
        "targets": targets(found),
    }
    if found["own"] is not None:
        made["own"] = arms(found["own"])
    return {name: table(rows) for name, rows in made.items()}


def filled(page: str, made: dict[str, list[str]]) -> str:
    """A page with its generated parts, each between <!-- NAME --> and <!-- end -->, written anew."""

    def part(match: re.Match[str]) -> str:
        return "\n".join([f"<!-- {match[1]} -->", "", *made[match[1]], "", "<!-- end -->"])

    return re.sub(r"<!-- ((?!end)[\w. ]+) -->\n.*?<!-- end -->", part, page, flags=re.DOTALL)


def draw(found: Found, path: Path) -> None:
    """Every arm at every rate: task against loss."""
    figure, axes = plot.canvas("task against loss, two seeds a point")
    axes.axvline(0, color="0.8", linewidth=1)
    axes.plot(0, 0, "k*", markersize=10)
    for name in next(iter(found["rates"].values()))["arms"]:
        points = [(rate, run["arms"][name]) for rate, run in found["rates"].items()]
        x, y = [100 * arm["loss"]["mean"] for _, arm in points], [100 * arm["gain"]["mean"] for _, arm in points]
        axes.plot(x, y, "o-", markersize=4, linewidth=1, label=name)
        for a, b, (rate, _) in zip(x, y, points, strict=True):
            axes.annotate(rate, (a, b), xytext=(4, 4), textcoords="offset points", fontsize=7)
    axes.set_xlabel("mean loss on the benchmarks, points")
    axes.set_ylabel("gain on validation rows, points")
    axes.legend(frameon=False)
    plot.save(figure, path)


def main() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    made = blocks(found)
    for path in PAGES:
        text = filled(path.read_text(encoding="utf-8"), made)
        with atomic.whole(path) as file:
            file.write(text)
    draw(found, PICTURE)


if __name__ == "__main__":
    main()
