"""report.html: one file that opens from disk, with the verdict, the tables, the pictures and single rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from s3ft.data import atomic
from s3ft.report import browser, details, gate, table

HEADINGS = {
    "": "recipe",
    "task": "task score, %",
    "gain": "gain on the task, points",
    "mean drop": "mean drop elsewhere, points",
    "NLL/token": "NLL of its targets, nats/token",
    "won": "turned right",
    "lost": "turned wrong",
    "KL/token, task": "moved on the task, nats/token",
    "KL/token, off task": "moved off the task, nats/token",
    "same answers": "same answers on/off task, %",
}
"""Plain headings for those of the terminal."""

_PICTURES = {
    "report.svg": "Gain on the task against what was lost elsewhere, one point a recipe with 95 % intervals",
    "front.svg": "Gain against divergence from the base at every setting of the sweep",
}


def write(found: dict[str, Any], folder: Path, margin: float = gate.MARGIN) -> None:
    """Writes report.html beside the pictures, which it holds too; nothing is loaded from elsewhere."""
    template = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(template).render(
        found=found,
        decisions=gate.decide_all(found, margin),
        margin=100 * margin,
        tables=_tables(found),
        notes=[*table.notes(found), *details.item_notes(found)],
        pictures={name: (text, _picture(folder / name)) for name, text in _PICTURES.items()},
        rows=_as_script(browser.rows(folder, found)),
    )
    with atomic.whole(folder / "report.html") as file:
        file.write(page)


def _tables(found: dict[str, Any]) -> dict[str, list[list[str]]]:
    """Title -> header and rows; what was not measured has no table."""
    made = {
        "Recipes": _recipes(found),
        "Benchmarks, %": table.by_benchmark(found) if found["base"]["benchmarks"] else [],
        "Item by item": details.items(found),
        "Recipe against recipe": details.comparisons(found) if found["comparisons"] else [],
        "What became of the rows": _funnel(found),
        "Negative log likelihood (NLL) of the targets under the base by source, nats/token": _nats(found),
        "Cost": _cost(found),
        "Forecast and actual": _forecast(found),
        "Adapter scales": _scales(found),
        "Sweep": details.sweep(found) if found["sweep"] else [],
    }
    every = {title: [list(cells) for cells in rows] for title, rows in made.items()}
    return {
        title: [[HEADINGS.get(cell, cell) for cell in rows[0]], *rows[1:]]
        for title, rows in every.items()
        if len(rows) > 1
    }


def _recipes(found: dict[str, Any]) -> Iterator[list[str]]:
    """The summary of the terminal, each source of targets in a column of its own."""
    header, *rows = table.summary(found)
    place, names = header.index("targets"), [*table.sources(found), "dropped"]
    yield [*header[:place], *(f"targets: {n}, %" for n in names), *header[place + 1 :]]
    for cells in rows:
        shares = cells[place].split("/") if cells[place] else [""] * len(names)
        yield [*cells[:place], *shares, *cells[place + 1 :]]


def _funnel(found: dict[str, Any]) -> list[list[str]]:
    sources = list(dict.fromkeys(s for r in found["recipes"].values() for s in r["composition"]))
    rows = [["recipe", "rows", *sources, "filtered", "rejected by the judge", "undecided"]]
    for name, result in found["recipes"].items():
        shares = [f"{100 * result['composition'].get(s, 0):.1f} %" for s in sources]
        rows.append(
            [name, str(result["rows"]), *shares, *(_counts(result[k]) for k in ("filtered", "rejected", "undecided"))]
        )
    return rows


def _nats(found: dict[str, Any]) -> list[list[str]]:
    sources = sorted({s for r in found["recipes"].values() for s in r["nll_per_token"]})
    rows = [["recipe", *sources]]
    for name, result in found["recipes"].items():
        nats = result["nll_per_token"]
        rows.append([name, *(f"{nats[s]:.3f}" if s in nats else "-" for s in sources)])
    return rows if sources else []


def _cost(found: dict[str, Any]) -> list[list[str]]:
    rows = [["recipe", "generated tokens", *(f"{stage}, s" for stage in ("build", "train", "evaluate"))]]
    for name, result in found["recipes"].items():
        seconds = [f"{result['seconds'][stage]:.0f}" for stage in ("build", "train", "evaluate")]
        rows.append([name, f"{result['generated_tokens']:,}", *seconds])
    return rows


def _forecast(found: dict[str, Any]) -> list[list[str]]:
    """What the pilot said, where there was one, beside what came; a stage's seconds are those of all recipes."""
    if not (pilot := found["forecast"].get("pilot")):
        return []
    rows = [["", "forecast of the pilot", "actual"]]
    for name, tokens in pilot["generated_tokens"].items():
        if name in found["recipes"]:
            actual = found["recipes"][name]["generated_tokens"]
            rows.append([f"{name}: generated tokens", f"{tokens:,.0f}", f"{actual:,}"])
    for stage, seconds in found["forecast"]["took"].items():
        expected = pilot["seconds"].get(stage)
        rows.append([f"{stage}, s", "not known" if expected is None else f"{expected:.0f}", f"{seconds:.0f}"])
    return rows


def _scales(found: dict[str, Any]) -> list[list[str]]:
    points = [(n, p) for n, r in found["recipes"].items() for p in r.get("scales", [])]
    rows = [[n, f"{p['scale']:g}", details.signed(p["gain"]), details.signed(p["mean_drop"])] for n, p in points]
    return [["recipe", "scale", "gain", "mean drop"], *rows]


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{k} {n}" for k, n in counts.items()) or "-"


def _picture(path: Path) -> str:
    """The <svg> element of a picture; empty where none was drawn."""
    if not path.is_file():
        return ""
    found = re.search(r"<svg.*</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
    return found[0] if found else ""


def _as_script(rows: list[dict[str, Any]]) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace").decode("utf-8")
