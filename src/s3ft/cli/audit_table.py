"""The tables of `s3ft judge`."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3ft.cli import audit_targets
from s3ft.cli.audit import Audit
from s3ft.cli.audit_counts import Agreement, Disagreement
from s3ft.evaluate.statistics import Estimate
from s3ft.progress import shown

SHOWN = 10
"""Disagreements of each kind that are printed."""
_SAID = {True: "accepts", False: "rejects", None: "undecided"}


def show(audit: Audit) -> None:
    console = Console(highlight=False, markup=False)
    verdicts = audit.agreement.verdicts
    console.print(
        f"{audit.judge}: {audit.rows:,} rows, {verdicts[True]:,} accepted, {verdicts[False]:,} rejected, "
        f"{verdicts[None]:,} undecided ({verdicts[None] / max(1, audit.rows):.1%})",
        soft_wrap=True,
    )
    if audit.calls is not None:
        console.print(f"completions asked of the judge's model: {audit.calls:,}")
    for reason, count in audit.agreement.reasons.most_common(5):
        console.print(Text(f"  undecided: {_line(reason, 200)} ({count:,})"), soft_wrap=True)
    _agreements(console, audit)
    if audit.other is not None:
        _comparison(console, audit)
    if audit.agreement.labelled:
        _targets(console, audit)
        _bars(console, audit.agreement)
        _disagreements(console, audit.agreement)
    if audit.sample is not None:
        _sample(console, audit)


def _agreements(console: Console, audit: Audit) -> None:
    columns = [(audit.judge, audit.agreement)]
    if audit.other is not None and audit.other_agreement is not None:
        columns.append((audit.other, audit.other_agreement))
    if not audit.agreement.labelled:
        return
    rows, questions = audit.agreement.labelled, audit.agreement.questions
    of = "" if questions == rows else f" on {questions:,} question{'s' * (questions > 1)}"
    title = f"{rows:,} labelled rows{of}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for name, _ in columns:
        table.add_column(Text(name), min_width=21, overflow="fold")
    found = [agreement.shares() for _, agreement in columns]
    for share in found[0]:
        table.add_row(share.replace("_", " "), *(_share(f[share]) for f in found))
    for count in ("accepted_right", "accepted_wrong", "rejected_right", "rejected_wrong"):
        table.add_row(count.replace("_", ", "), *(f"{getattr(a, count):,}" for _, a in columns))
    console.print(table)
    by = "by question" if 1 < questions < rows else "by row"
    console.print(f"None (undecided) counts as rejected; intervals are 95 % (Wilson), {by}")


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


def _targets(console: Console, audit: Audit) -> None:
    """What the judge's errors mean for a training file."""
    agreement = audit.agreement
    shares, rows = agreement.shares(), agreement.labelled
    found = audit_targets.separation(agreement)
    if found is not None and found.low <= 0:
        console.print(
            f"\n{audit.judge} cannot be told from a judge that guesses: it accepts {shares['recall'].mean:.3f} of the "
            f"right answers and {shares['false_positive_rate'].mean:.3f} of the wrong ones (difference "
            f"{_share(found)}). Do not select targets with it.",
            soft_wrap=True,
        )
    if found is None or not agreement.count([True]):
        return
    base_rate = agreement.count(labels=[True]) / rows
    rates = shares["recall"].mean, shares["false_positive_rate"].mean
    fewer = audit_targets.wrong_among_accepted(base_rate / 2, *rates)
    console.print(
        "\nWhat that means for targets: an accepted wrong answer is trained on as if it were right. Here "
        f"{base_rate:.1%} of the answers are right; the judge accepts {rates[0]:.1%} of these and {rates[1]:.1%} of "
        f"the wrong ones, so that {1 - shares['precision'].mean:.1%} of what it accepts is wrong. The fewer answers "
        f"are right, the larger this share: at {base_rate / 2:.1%} right answers it would be {fewer:.1%}.",
        soft_wrap=True,
    )
    rungs = audit_targets.rungs(agreement, audit.by_source)
    table = Table(box=None, pad_edge=False, title="\nexpected training file of s3ft", title_justify="left")
    table.add_column("rung", no_wrap=True)
    table.add_column("of all targets", justify="right")
    table.add_column("wrong among them", no_wrap=True)
    for rung in rungs:
        wrong = "0 (taken without a verdict)" if rung.source == "gold" else _share(rung.wrong)
        table.add_row(rung.source, f"{rung.targets:.1%}", wrong)
    table.add_row("all", "100.0%", f"{audit_targets.overall(rungs):.3f}")
    console.print(table)
    known = [s for s in audit_targets.RUNGS if s in audit.by_source and audit.by_source[s].labelled]
    like = f"those rows whose source is {' or '.join(known)}, and else like all rows" if known else "all rows here"
    console.print(f"if the answers of each rung are like {like}", soft_wrap=True)


def _bars(console: Console, agreement: Agreement) -> None:
    found = audit_targets.bars(agreement)
    if not found:
        return
    table = Table(box=None, pad_edge=False, title="\naccepted from a score on", title_justify="left")
    for column in ("bar", "accepted", "false positives", "agreement", "recall", "wrong targets"):
        table.add_column(column, justify="right")
    for bar in found:
        shares = (bar.false_positive_rate, bar.agreement, bar.recall, bar.wrong_targets)
        name = "as judged" if bar.bar is None else f"{bar.bar:.3g}"
        table.add_row(name, f"{bar.accepted:,}", *("-" if s != s else f"{s:.3f}" for s in shares))
    console.print(table)


def _disagreements(console: Console, agreement: Agreement) -> None:
    kinds: list[tuple[str, int, list[Disagreement]]] = [
        ("wrong answers accepted", agreement.accepted_wrong, agreement.worst),
        ("right answers rejected", agreement.count([False], [True]), agreement.lost),
        ("right answers undecided", agreement.count([None], [True]), agreement.unsure),
    ]
    for what, total, found in kinds:
        if total:
            more = f", the first {SHOWN} of them" if total > SHOWN else ""
            console.print(f"\n{what}: {total:,}{more}")
        for one in found[:SHOWN]:
            said = f"{_SAID[one.verdict.correct]} what the label calls {'right' if one.row.label else 'wrong'}"
            _block(console, f"line {one.row.line} id {one.row.id}: {said}", one.row, [one.verdict])


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
        score = "" if verdict.score is None else f", score {verdict.score:.3g}"
        reason = _line(verdict.reason, 160) or "no reason given"
        lines.append(Text(f"  answer     {_line(str(verdict.answer), 120)}  ({reason}{score})"))
    for line in lines:
        console.print(line, soft_wrap=True)


def _ends(text: str) -> str:
    return _line(text, 300) if len(text) <= 300 else f"{_line(text[:100], 100)} ... {_line(text[-200:], 200)}"


def _line(text: str, most: int) -> str:
    """One printable line: what a model wrote cannot steer the terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in shown(text[: 4 * most])).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _share(share: Estimate) -> str:
    if share.mean != share.mean:
        return "no such rows"
    return f"{share.mean:.3f}  [{share.low:.3f}, {share.high:.3f}]"
