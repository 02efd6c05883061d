"""`s3ft judge`: verdicts on a file of completions, and how far they can be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from s3ft import judges
from s3ft.cli import audit_rows, audit_sample, audit_targets
from s3ft.cli.audit_counts import Agreement
from s3ft.cli.audit_rows import Row
from s3ft.cli.audit_sample import Stratum
from s3ft.data import atomic
from s3ft.progress import progress
from s3ft.protocols import Backend
from s3ft.types import Completion, UserError, Verdict

if TYPE_CHECKING:
    from s3ft.backends.metered import Metered

DIFFERING = 200
"""Rows on which two judges differ that are kept to be shown; all are counted."""

Spec = str | dict[str, Any]


@dataclass
class Audit:
    """What judging a file found."""

    judge: str
    rows: int
    agreement: Agreement
    by_source: dict[str, Agreement] = field(default_factory=dict)
    """Of the rows that say from which rung of a recipe they come."""
    other: str | None = None
    """The second judge's name."""
    other_agreement: Agreement | None = None
    table: Counter[tuple[bool | None, bool | None]] = field(default_factory=Counter)
    """Verdicts of the first and the second judge on the same row, counted."""
    differing: list[tuple[Row, Verdict, Verdict]] = field(default_factory=list)
    """Rows that one of them accepts and the other does not."""
    calls: int | None = None
    """What the judge asked of a model, where it asks one."""
    sample: audit_sample.Outcome | None = None


def judge_file(
    judge_spec: Spec,
    rows_path: Path | str,
    out_path: Path | str | None = None,
    compare: Spec | None = None,
    sample_path: Path | str | None = None,
) -> Audit:
    """Judges rows {"id", "prompt", "completion", "reference"} (+ "label"), streamed, in input order.

    A judge is a name, {"name": ..., option: value} or either of them as YAML. Verdicts {"id", "correct", "answer",
    "reason"} go to `out_path`; where a row has no id, its number (from 1) is echoed. `sample_path` is written with
    rows for a person to label, or read back where it is there already. Raises UserError naming file, line and field."""
    if out_path is not None and Path(out_path).absolute() == Path(rows_path).absolute():
        raise UserError(f"{out_path}: the verdicts would replace the rows; give --out another name")
    specs = [_spec(s) for s in (judge_spec, compare) if s is not None]
    opener = Opener()
    asked = [judges.load(s, opener if i == 0 else Opener()) for i, s in enumerate(specs)]
    found = Audit(_name(specs[0]), 0, Agreement(), other=None if compare is None else _name(specs[1]))
    found.other_agreement = None if compare is None else Agreement()
    sample = audit_sample.Reservoirs([_name(s) for s in specs]) if sample_path is not None else None
    with ExitStack() as stack:
        advance = stack.enter_context(progress("judge", audit_rows.count(rows_path)))
        out = stack.enter_context(atomic.whole(Path(out_path))) if out_path is not None else None
        for rows in audit_rows.batches(rows_path, found.judge):
            examples, completions = [r.example for r in rows], [Completion(r.completion) for r in rows]
            verdicts = [judge(examples, completions) for judge in asked]
            for i, row in enumerate(rows):
                _add(found, row, [v[i] for v in verdicts], sample)
                if out is not None:
                    v = verdicts[0][i]
                    said = {"id": row.id, "correct": v.correct, "answer": v.answer, "reason": v.reason}
                    atomic.write_line(out, said)
            advance(len(rows))
    found.calls = opener.calls
    if sample is not None and sample_path is not None:
        found.sample = audit_sample.write_or_read(Path(sample_path), sample)
    return found


class Opener:
    """Opens the models that a judge names, their generations kept, and counts what they are asked."""

    def __init__(self) -> None:
        self._opened: list[Metered] = []

    @property
    def calls(self) -> int | None:
        """Completions and likelihoods; None where no model is asked."""
        return sum(backend.calls for backend in self._opened) if self._opened else None

    def __call__(self, model: str | None, backend: Mapping[str, Any] | None) -> Backend:
        """Raises UserError if the model is not named or cannot be had."""
        from s3ft import config
        from s3ft.backends.metered import Metered
        from s3ft.runs import directory

        if model is None:
            raise UserError("judge 'llm': which model shall be asked? add -o model=NAME")
        run = directory.Run(config.parse({"model": model, "task": "rows", "backend": dict(backend or {})}), Path())
        self._opened.append(Metered(run.backend(), run.store))
        return self._opened[-1]


def show(audit: Audit) -> None:
    """Prints what was found as tables."""
    from s3ft.cli import audit_table

    audit_table.show(audit)


def _add(found: Audit, row: Row, verdicts: Sequence[Verdict], sample: audit_sample.Reservoirs | None) -> None:
    found.rows += 1
    found.agreement.add(row, verdicts[0])
    if row.source in audit_targets.RUNGS:
        found.by_source.setdefault(row.source, Agreement()).add(row, verdicts[0])
    if found.other_agreement is not None:
        first, second = verdicts
        found.other_agreement.add(row, second)
        found.table[first.correct, second.correct] += 1
        if (first.correct is True) != (second.correct is True) and len(found.differing) < DIFFERING:
            found.differing.append((row.short(), first, second))
    if sample is not None:
        stratum: Stratum = tuple(v.correct is True for v in verdicts)
        sample.offer(stratum, _for_a_person(row, verdicts))


def _for_a_person(row: Row, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "id": row.id,
        "prompt": row.example.prompt,
        "completion": row.completion,
        "reference": row.example.reference,
        "answers": [v.answer for v in verdicts],
        "reasons": [v.reason for v in verdicts],
    }


def _spec(spec: Spec) -> dict[str, Any]:
    """A judge as plain data; a name may be a whole one in YAML, such as "{first: [math, {name: llm, model: lab}]}"."""
    options = {"name": spec} if isinstance(spec, str) else dict(spec)
    name = options.get("name")
    if not isinstance(name, str) or not name.startswith("{"):
        return options
    try:
        written = yaml.safe_load(name)
    except yaml.YAMLError as error:
        raise UserError(f"judge {name!r}: not YAML: {' '.join(str(error).split())}") from error
    return {**written, **{k: v for k, v in options.items() if k != "name"}}


def _name(spec: dict[str, Any]) -> str:
    return str(spec.get("name") or next(iter(spec), None))
