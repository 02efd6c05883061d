"""The table of a run: for the terminal and for report.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from s3ft.report import words

Cells = list[str]


def summary(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for the base and each recipe: task, loss, targets; scores in percent."""
    sources = _sources(found)
    yield ["", "task", "gain", "mean drop", "targets", "NLL/token"]
    yield ["base", _score(found["base"]["target"]), "", "", "", ""]
    for name, result in found["recipes"].items():
        shares = result["composition"]
        parts = [f"{100 * shares.get(s, 0):.0f}" for s in (*sources, "dropped")]
        nats = result["nll_per_token_all"]
        yield [
            name,
            _score(result["target"]),
            _signed(result["gain"]),
            _signed(result["mean_drop"]) if "mean_drop" in result else "",
            "/".join(parts),
            "" if nats is None else f"{nats:.3f}",
        ]


def _sources(found: dict[str, Any]) -> list[str]:
    """Every source of the run's recipes, in the order of the recipe that has most of them first."""
    recipes = sorted(found["recipes"].values(), key=lambda r: -len(r["composition"]))
    return [s for s in dict.fromkeys(s for r in recipes for s in r["composition"]) if s != "dropped"]


def by_benchmark(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for the base and each recipe: every benchmark."""
    benchmarks = list(found["base"]["benchmarks"])
    yield ["", *benchmarks]
    for name, result in {"base": found["base"], **found["recipes"]}.items():
        yield [name, *(_score(result["benchmarks"][n]) for n in benchmarks)]


def notes(found: dict[str, Any]) -> Iterator[str]:
    """What must be said with the table."""
    items = ", ".join(f"{n} {k}" for n, k in found["items"].items())
    yield (
        f"Percent; [95 % interval over items], +- standard deviation over {len(found['seeds'])} seeds. Items: {items}. "
        "Gain (on the task) and mean drop (on the benchmarks) are against the base, paired by item; a drop is positive "
        "when something was lost. "
        f"Targets: percent of rows from {'/'.join([*_sources(found), 'dropped'])}. NLL/token: "
        "negative log likelihood of a target's token under the base, in nats."
    )
    yield from words.sentences(found)
    data = found["data"]
    gold = data["gold"]
    yield (
        f"Training rows: {data['rows']} ({data['duplicates']} duplicates removed, {data['in_evaluation_split']} "
        f"removed: the prompt is also in an evaluation split). Gold answers: {gold['rejected']} rejected by the judge, "
        f"{gold['undecided']} undecided."
    )
    if against := found.get("s3ft_over_sft"):
        yield f"S3FT - SFT on the task: {_signed(against['target'])} points."
        if ratio := against.get("retention_ratio"):
            yield (
                f"Retention ratio (what S3FT lost / what SFT lost): {_number(ratio['mean'])} [{_number(ratio['low'])}, "
                f"{_number(ratio['high'])}]; the paper's is {ratio['paper']:.2f}."
            )


def markdown(found: dict[str, Any]) -> str:
    """report.md: the table, the picture, and what each recipe's targets went through."""
    lines = [f"# {found['task']} on {found['model']}", "", *_table(summary(found))]
    if found["base"]["benchmarks"]:
        lines += ["", *_table(by_benchmark(found))]
    for note in notes(found):
        lines += ["", note]
    lines += ["", "![Task gain against general loss](report.svg)", "", "## Targets", ""]
    lines += [_line(["recipe", "targets", "filtered", "rejected by the judge", "undecided", "generated tokens", "s"])]
    lines += [_line(["---"] * 7)]
    for name, result in found["recipes"].items():
        counts = [_counts(result[k]) for k in ("filtered", "rejected", "undecided")]
        seconds = _counts({k: round(v) for k, v in result["seconds"].items()})
        lines += [_line([name, str(result["targets"]), *counts, str(result["generated_tokens"]), seconds])]
    lines += ["", "NLL/token of the targets under the base (nats):", ""]
    sources = sorted({s for r in found["recipes"].values() for s in r["nll_per_token"]})
    lines += [_line(["recipe", *sources]), _line(["---"] * (len(sources) + 1))]
    for name, result in found["recipes"].items():
        nats = result["nll_per_token"]
        lines += [_line([name, *(f"{nats[s]:.3f}" if s in nats else "" for s in sources)])]
    lines += _scales(found)
    return "\n".join(lines) + "\n"


def _scales(found: dict[str, Any]) -> list[str]:
    """Gain and loss at every measured scale of the adapters, if any."""
    points = [(n, p) for n, r in found["recipes"].items() for p in r.get("scales", [])]
    if not points:
        return []
    lines = ["", "## Adapter-scale sweep", "", _line(["recipe", "scale", "gain", "mean drop"]), _line(["---"] * 4)]
    for name, point in points:
        drop = _signed(point["mean_drop"]) if "mean_drop" in point else ""
        lines.append(_line([name, f"{point['scale']:g}", _signed(point["gain"]), drop]))
    return lines


def show(found: dict[str, Any], path: Path) -> None:
    """Prints the tables, narrow enough for a terminal, and where the report is."""
    console = Console(highlight=False)
    parts = [summary(found), by_benchmark(found)] if found["base"]["benchmarks"] else [summary(found)]
    for number, part in enumerate(parts):
        header, *body = part
        title = "" if number else f"{found['task']} on {found['model']}"
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for place, name in enumerate(header):
            # In two lines, else the table is wider than 80 columns.
            title = name.replace("NLL/", "NLL/\n")
            side: Literal["left", "right"] = "right" if place else "left"
            table.add_column(title, vertical="bottom", justify=side, no_wrap=True)
        for cells in body:
            table.add_row(*cells)
        console.print(table)
        console.print()
    for note in notes(found):
        console.print(note, markup=False)
    console.print(f"report: {path}", soft_wrap=True, markup=False)


def _table(cells: Iterator[Cells]) -> list[str]:
    header, *body = cells
    return [_line(header), _line(["---"] * len(header)), *map(_line, body)]


def _score(estimate: dict[str, Any]) -> str:
    spread = f" +-{100 * estimate['std_over_seeds']:.1f}" if "std_over_seeds" in estimate else ""
    return f"{100 * estimate['mean']:.1f}{spread}"


def _signed(estimate: dict[str, Any]) -> str:
    mean, low, high = (100 * estimate[k] for k in ("mean", "low", "high"))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{k} {n}" for k, n in counts.items()) or "-"


def _line(cells: Cells) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
