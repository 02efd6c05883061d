"""The table of a run: for the terminal and for report.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from s3ft.report import details, gate, plot, words
from s3ft.report.details import Cells, line, score, signed, table


def summary(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for the base and each recipe: task, loss, targets; scores in percent."""
    every = sources(found)
    yield ["", "task", "gain", "mean drop", "targets", "NLL/token"]
    yield ["base", score(found["base"]["target"]), "", "", "", ""]
    for name, result in found["recipes"].items():
        shares = result["composition"]
        parts = [f"{100 * shares.get(s, 0):.0f}" for s in (*every, "dropped")]
        nats = result["nll_per_token_all"]
        yield [
            name,
            score(result["target"]),
            signed(result["gain"]),
            signed(result["mean_drop"]),
            "/".join(parts),
            "" if nats is None else f"{nats:.3f}",
        ]


def sources(found: dict[str, Any]) -> list[str]:
    """Every source of the run's recipes, in the order of the recipe that has most of them first."""
    recipes = sorted(found["recipes"].values(), key=lambda r: -len(r["composition"]))
    return [s for s in dict.fromkeys(s for r in recipes for s in r["composition"]) if s != "dropped"]


def by_benchmark(found: dict[str, Any]) -> Iterator[Cells]:
    """The header, then one row for the base and each recipe: every benchmark."""
    benchmarks = list(found["base"]["benchmarks"])
    yield ["", *benchmarks]
    for name, result in {"base": found["base"], **found["recipes"]}.items():
        yield [name, *(score(result["benchmarks"][n]) for n in benchmarks)]


def notes(found: dict[str, Any]) -> Iterator[str]:
    """What must be said with the table."""
    items, seeds = ", ".join(f"{n} {k}" for n, k in found["items"].items()), len(found["seeds"])
    over = f"seeds and items], +- standard deviation over {seeds} seeds"
    if seeds == 1:
        over = "items]; one seed, so that nothing is said of other seeds"
    yield (
        f"Percent; [95 % interval over {over}. Items: {items}. Gain (on the task) and mean drop (on the benchmarks) "
        "are against the base, paired by item; a drop is positive when something was lost. "
        f"Targets: percent of rows from {'/'.join([*sources(found), 'dropped'])}. NLL/token: "
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
    shares = {"base": found["base"], **found["recipes"]}
    if any(part for result in shares.values() for part in result["undecided_share"].values()):
        yield (
            "Verdicts undecided, which count as wrong: "
            + "; ".join(f"{name} {_undecided(result)}" for name, result in shares.items())
            + "."
        )
    if against := found.get("s3ft_over_sft"):
        yield f"S3FT - SFT on the task: {signed(against['target'])} points."
        if ratio := against.get("retention_ratio"):
            what = "Retention ratio (what S3FT lost / what SFT lost)"
            if ratio["mean"] is None:
                yield f"{what}: undefined, {ratio['undefined_because']}; the paper's is {ratio['paper']:.2f}."
            else:
                mean, low, high = (f"{ratio[k]:.2f}" for k in ("mean", "low", "high"))
                yield f"{what}: {mean} [{low}, {high}]; the paper's is {ratio['paper']:.2f}."
    yield from details.power(found)


def markdown(found: dict[str, Any], margin: float) -> str:
    """report.md: the verdicts, the table, the picture, and what each recipe's targets went through."""
    lines = [f"# {found['task']} on {found['model']}", ""]
    lines += [f"- **{d.word}** {d.sentence}" for d in gate.decide_all(found, margin)]
    lines += ["", *table(summary(found))]
    if found["base"]["benchmarks"]:
        lines += ["", *table(by_benchmark(found))]
    for note in notes(found):
        lines += ["", note]
    if plot.loss_of(found):
        lines += ["", "![Task gain against general loss](report.svg)"]
    lines += ["", "## Item by item", "", *table(details.items(found))]
    for note in details.item_notes(found):
        lines += ["", note]
    if found["comparisons"]:
        lines += ["", "## Recipe against recipe", "", *table(details.comparisons(found))]
    lines += _sweep(found)
    lines += ["", "## Targets", ""]
    lines += [line(["recipe", "targets", "filtered", "rejected by the judge", "undecided", "generated tokens", "s"])]
    lines += [line(["---"] * 7)]
    for name, result in found["recipes"].items():
        counts = [_counts(result[k]) for k in ("filtered", "rejected")] + [_undecided(result)]
        seconds = _counts({k: round(v) for k, v in result["seconds"].items()})
        lines += [line([name, str(result["targets"]), *counts, str(result["generated_tokens"]), seconds])]
    lines += ["", "NLL/token of the targets under the base (nats):", ""]
    asked = sorted({s for r in found["recipes"].values() for s in r["nll_per_token"]})
    lines += [line(["recipe", *asked]), line(["---"] * (len(asked) + 1))]
    for name, result in found["recipes"].items():
        nats = result["nll_per_token"]
        lines += [line([name, *(f"{nats[s]:.3f}" if s in nats else "" for s in asked)])]
    lines += _scales(found)
    return "\n".join(lines) + "\n"


def _sweep(found: dict[str, Any]) -> list[str]:
    """What the sweep measured, if there was one."""
    if found["sweep"] is None:
        return []
    rows = next(iter(found["sweep"].values()))["rows"]
    lines = ["", "## Sweep", "", f"On {rows} validation rows, with seeds that are not reported elsewhere."]
    lines += ["", *table(details.sweep(found))]
    if plot.has_front(found):
        lines += ["", "![Score against divergence at every setting](front.svg)"]
    if found["front"]["equal_setting"]:
        lines += ["", "At equal setting, paired by row:", "", *table(details.equal_setting(found))]
    for said in details.equal_score(found):
        lines += ["", said]
    return lines


def _scales(found: dict[str, Any]) -> list[str]:
    """Gain and loss at every measured scale of the adapters, if any."""
    points = [(n, p) for n, r in found["recipes"].items() for p in r.get("scales", [])]
    if not points:
        return []
    lines = ["", "## Adapter-scale sweep", "", line(["recipe", "scale", "gain", "mean drop"]), line(["---"] * 4)]
    for name, point in points:
        lines.append(line([name, f"{point['scale']:g}", signed(point["gain"]), signed(point["mean_drop"])]))
    return lines


def show(found: dict[str, Any], folder: Path, margin: float) -> None:
    """Prints the verdicts, the tables, narrow enough for a terminal, and where everything is."""
    console = Console(highlight=False)
    parts = [summary(found), *([by_benchmark(found)] if found["base"]["benchmarks"] else []), details.items(found)]
    for number, part in enumerate(parts):
        header, *body = part
        title = "" if number else f"{found['task']} on {found['model']}"
        grid = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for place, name in enumerate(header):
            # In two lines, else the table is wider than 80 columns.
            title = name.replace("NLL/", "NLL/\n").replace(", ", "\n")
            side: Literal["left", "right"] = "right" if place else "left"
            grid.add_column(title, vertical="bottom", justify=side, no_wrap=True)
        for cells in body:
            grid.add_row(*cells)
        console.print(grid)
        console.print()
    for note in (*notes(found), *details.item_notes(found)):
        console.print(note, markup=False)
    console.print()
    for decision in gate.decide_all(found, margin):
        console.print(f"{decision.word}: {decision.sentence}", markup=False)
    console.print(f"report: {folder / 'report.html'}, {folder / 'report.md'}", soft_wrap=True, markup=False)
    console.print(f"adapters: {folder / 'adapters'}; one row: s3ft explain {folder} ID", soft_wrap=True, markup=False)


def _undecided(result: dict[str, Any]) -> str:
    """Of what the judge was asked: for targets, and on the task's items."""
    shares, of = result["undecided_share"], {"build": "targets", "target": "test items"}
    return ", ".join(f"{100 * shares[k]:.1f} % of {what}" for k, what in of.items() if k in shares)


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{k} {n}" for k, n in counts.items()) or "-"
