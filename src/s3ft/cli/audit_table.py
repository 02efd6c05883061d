"""The tables of `s3ft judge`."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3ft.cli.audit import Agreement, Audit
from s3ft.evaluate.statistics import Estimate

SHOWN = 20
"""Disagreements that are printed."""
_SAID = {True: "accepts", False: "rejects", None: "undecided"}


def show(audit: Audit) -> None:
    console = Console(highlight=False)
    verdicts = audit.agreement.verdicts
    console.print(
        f"{audit.judge}: {audit.rows:,} rows, {verdicts[True]:,} accepted, {verdicts[False]:,} rejected, "
        f"{verdicts[None]:,} could not tell",
        soft_wrap=True,
    )
    if audit.calls is not None:
        console.print(f"completions asked of the judge's model: {audit.calls:,}")
    for reason, count in audit.agreement.reasons.most_common(5):
        console.print(Text(f"  could not tell: {_line(reason, 200)} ({count:,})"), soft_wrap=True)
    _agreements(console, audit)
    if audit.other is not None:
        _comparison(console, audit)
    if audit.agreement.labelled:
        _disagreements(console, audit.agreement)
    if audit.sample is not None:
        _sample(console, audit)


def _agreements(console: Console, audit: Audit) -> None:
    columns = [(audit.judge, audit.agreement)]
    if audit.other is not None and audit.other_agreement is not None:
        columns.append((audit.other, audit.other_agreement))
    if not audit.agreement.labelled:
        return
    table = Table(box=None, pad_edge=False, title=f"{audit.agreement.labelled:,} labelled rows", title_justify="left")
    table.add_column("", no_wrap=True)
    for name, _ in columns:
        table.add_column(Text(name), min_width=21, overflow="fold")
    found = [agreement.shares() for _, agreement in columns]
    for share in found[0]:
        table.add_row(share.replace("_", " "), *(_share(f[share]) for f in found))
    for count in ("accepted_right", "accepted_wrong", "rejected_right", "rejected_wrong"):
        table.add_row(count.replace("_", ", "), *(f"{getattr(a, count):,}" for _, a in columns))
    console.print(table)
    console.print("None counts as rejected; intervals are 95 % (Wilson)")


def _comparison(console: Console, audit: Audit) -> None:
    table = Table(box=None, pad_edge=False, title="rows by verdict", title_justify="left")
    table.add_column(Text(f"{audit.judge} \\ {audit.other}"))
    kinds: tuple[bool | None, ...] = (True, False, None)
    for second in kinds:
        table.add_column(_SAID[second], justify="right")
    for first in kinds:
        table.add_row(_SAID[first], *(f"{audit.table[first, second]:,}" for second in kinds))
    console.print(table)
    for row, ours, theirs in audit.differing[:SHOWN]:
        said = f"{audit.judge} {_SAID[ours.correct]}, {audit.other} {_SAID[theirs.correct]}"
        label = "" if row.label is None else f", label {'right' if row.label else 'wrong'}"
        _block(console, f"line {row.line} id {row.id}: {said}{label}", row, [ours, theirs])
    differ = sum(n for (a, b), n in audit.table.items() if (a is True) != (b is True))
    if differ > SHOWN:
        console.print(f"... and {differ - SHOWN:,} more that one of them accepts and the other does not")


def _disagreements(console: Console, agreement: Agreement) -> None:
    total = agreement.accepted_wrong + agreement.rejected_right
    if total:
        console.print(f"\n{total:,} disagreements with the labels, worst first")
    for found in agreement.disagreements[:SHOWN]:
        said = f"{_SAID[found.verdict.correct]} what the label calls {'right' if found.row.label else 'wrong'}"
        _block(console, f"line {found.row.line} id {found.row.id}: {said}", found.row, [found.verdict])
    if total > SHOWN:
        console.print(f"... and {total - SHOWN:,} more")


def _sample(console: Console, audit: Audit) -> None:
    sample = audit.sample
    assert sample is not None
    if not sample.labelled:
        console.print(
            f"\n{sample.path}: {sample.drawn:,} rows to label. Put true (right) or false (wrong) in the field label "
            "and repeat the command.",
            soft_wrap=True,
        )
        return
    table = Table(box=None, pad_edge=False, title=f"\n{sample.path}: {sample.labelled} of {sample.drawn} rows labelled")
    for column in ("stratum", "rows", "labelled", "right"):
        table.add_column(column)
    for name, counts in sample.by_stratum.items():
        table.add_row(Text(name), *(f"{n:,}" for n in counts))
    console.print(table)
    if sample.wrong_targets is not None:
        console.print(f"wrong targets to expect of what {audit.judge} accepts: {_share(sample.wrong_targets)}")
    if sample.lost is not None:
        console.print(f"right answers among what {audit.judge} rejects: {_share(sample.lost)}")


def _block(console: Console, head: str, row: Any, verdicts: list[Any]) -> None:
    lines = [
        Text(_line(head, 200), style="bold"),
        Text(f"  reference  {_line(str(row.example.reference), 200)}"),
        Text(f"  completion {_ends(row.completion)}"),
    ]
    for verdict in verdicts:
        lines.append(Text(f"  answer     {_line(str(verdict.answer), 120)}  ({_line(verdict.reason, 160) or 'equal'})"))
    for line in lines:
        console.print(line, soft_wrap=True)


def _ends(text: str) -> str:
    return _line(text, 300) if len(text) <= 300 else f"{_line(text[:100], 100)} ... {_line(text[-200:], 200)}"


def _line(text: str, most: int) -> str:
    """One printable line: what a model wrote cannot steer the terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _share(share: Estimate) -> str:
    if share.mean != share.mean:
        return "no such rows"
    return f"{share.mean:.3f}  [{share.low:.3f}, {share.high:.3f}]"
