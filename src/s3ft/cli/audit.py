"""`s3ft judge`: verdicts on a file of completions, and how far they can be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from s3ft import judges
from s3ft.cli import audit_sample
from s3ft.cli.audit_sample import Stratum
from s3ft.data import atomic, jsonl
from s3ft.evaluate import statistics
from s3ft.progress import progress
from s3ft.protocols import Backend
from s3ft.types import Capability, Completion, Example, Request, Sampling, Score, UserError, Verdict

if TYPE_CHECKING:
    from s3ft.backends.cache import Cached

BATCH_ROWS = 256
BATCH_CHARACTERS = 8_000_000
"""Rows are judged in batches of at most so many rows and about so many characters: what is in memory at once."""
KEPT = 200
"""Disagreements of each kind that are kept to be shown; all are counted."""

Spec = str | dict[str, Any]

_REFERENCES: dict[str, tuple[tuple[type, ...], str]] = {
    "math": ((str, int, float), "a number or text"),
    "qa": ((str, list), "a text or a list of accepted answers"),
    "exact": ((str, int, float, list), "a text, a number or a list of them"),
    "code": ((dict,), "a mapping with tests"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file."""

    line: int
    id: Any
    example: Example
    completion: str
    label: bool | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A verdict that is not the label."""

    row: Row
    verdict: Verdict


@dataclass
class Agreement:
    """A judge's verdicts and the labels. None counts as rejected: it never makes a target."""

    verdicts: Counter[bool | None] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why the judge was undecided."""
    accepted_right: int = 0
    accepted_wrong: int = 0
    rejected_right: int = 0
    rejected_wrong: int = 0
    worst: list[Disagreement] = field(default_factory=list)
    """Wrong answers accepted; each becomes a training target."""
    lost: list[Disagreement] = field(default_factory=list)
    """Right answers rejected."""
    unsure: list[Disagreement] = field(default_factory=list)
    """Right answers on which the judge said None."""

    @property
    def labelled(self) -> int:
        return self.accepted_right + self.accepted_wrong + self.rejected_right + self.rejected_wrong

    @property
    def disagreements(self) -> list[Disagreement]:
        """Worst first."""
        return [*self.worst, *self.lost, *self.unsure]

    def shares(self) -> dict[str, statistics.Estimate]:
        """Agreement, precision, recall, false-positive rate and share of None, each with its 95 % Wilson interval."""
        right, wrong = self.accepted_right + self.rejected_right, self.accepted_wrong + self.rejected_wrong
        return {
            "agreement": statistics.wilson(self.accepted_right + self.rejected_wrong, right + wrong),
            "precision": statistics.wilson(self.accepted_right, self.accepted_right + self.accepted_wrong),
            "recall": statistics.wilson(self.accepted_right, right),
            "false_positive_rate": statistics.wilson(self.accepted_wrong, wrong),
            "none_share": self.none_share(),
        }

    def none_share(self) -> statistics.Estimate:
        return statistics.wilson(self.verdicts[None], self.verdicts.total())

    def add(self, row: Row, verdict: Verdict) -> None:
        self.verdicts[verdict.correct] += 1
        if verdict.correct is None and (verdict.reason in self.reasons or len(self.reasons) < KEPT):
            self.reasons[verdict.reason] += 1
        if row.label is None:
            return
        accepted = verdict.correct is True
        self.accepted_right += accepted and row.label
        self.accepted_wrong += accepted and not row.label
        self.rejected_right += not accepted and row.label
        self.rejected_wrong += not accepted and not row.label
        if accepted != row.label:
            kind = self.worst if accepted else self.unsure if verdict.correct is None else self.lost
            if len(kind) < KEPT:
                kind.append(Disagreement(_short(row), verdict))


@dataclass
class Audit:
    """What judging a file found."""

    judge: str
    rows: int
    agreement: Agreement
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
    found = Audit(_name(specs[0]), 0, Agreement(), None if compare is None else _name(specs[1]))
    found.other_agreement = None if compare is None else Agreement()
    sample = audit_sample.Reservoirs([_name(s) for s in specs]) if sample_path is not None else None
    with ExitStack() as stack:
        advance = stack.enter_context(progress("judge", _count(rows_path)))
        out = stack.enter_context(atomic.whole(Path(out_path))) if out_path is not None else None
        for rows in _batches(_rows(rows_path, found.judge)):
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


@dataclass
class Opener:
    """Opens the models that a judge names, their generations kept, and counts what they are asked."""

    calls: int | None = None

    def __call__(self, model: str | None, backend: Mapping[str, Any] | None) -> Backend:
        """Raises UserError if the model is not named or cannot be had."""
        from s3ft import config
        from s3ft.runs import directory

        if model is None:
            raise UserError("judge 'llm': which model shall be asked? add -o model=NAME")
        named = config.parse({"model": model, "task": "rows", "backend": dict(backend or {})})
        self.calls = self.calls or 0
        return _Counted(directory.Run(named, Path()).base(), self)


class _Counted:
    """A backend that notes how many completions or likelihoods it is asked for."""

    def __init__(self, backend: Cached, opener: Opener) -> None:
        self._backend, self._opener = backend, opener

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._backend.capabilities

    @property
    def identity(self) -> Mapping[str, Any]:
        return self._backend.identity

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        self._opener.calls = (self._opener.calls or 0) + len(requests) * sampling.num_samples
        return self._backend.generate(requests, sampling)

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        self._opener.calls = (self._opener.calls or 0) + len(requests)
        return self._backend.score(requests, completions)


def show(audit: Audit) -> None:
    """Prints what was found as tables."""
    from s3ft.cli import audit_table

    audit_table.show(audit)


def _add(found: Audit, row: Row, verdicts: Sequence[Verdict], sample: audit_sample.Reservoirs | None) -> None:
    found.rows += 1
    found.agreement.add(row, verdicts[0])
    if found.other_agreement is not None:
        first, second = verdicts
        found.other_agreement.add(row, second)
        found.table[first.correct, second.correct] += 1
        if (first.correct is True) != (second.correct is True) and len(found.differing) < KEPT:
            found.differing.append((_short(row), first, second))
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


def _rows(path: Path | str, judge: str) -> Iterator[Row]:
    for number, (line, row) in enumerate(jsonl.numbered(path, ("prompt", "completion", "reference")), 1):
        place = f"{path}:{line}"
        label = row.get("label")
        if label is not None and not isinstance(label, bool):
            raise UserError(
                f"{place}: field 'label' is {_brief(label)}, expected true or false; fix it or leave it out"
            )
        if not isinstance(row["completion"], str):
            raise UserError(
                f"{place}: field 'completion' is {_brief(row['completion'])}, expected text; an empty one is \"\""
            )
        _check_reference(row["reference"], judge, place)
        name = number if row.get("id") is None else row["id"]
        meta = {k: v for k, v in row.items() if k not in ("id", "prompt", "completion", "reference", "label")}
        example = Example(str(name), _messages(row["prompt"], place), "", row["reference"], meta=meta)
        yield Row(line, name, example, row["completion"], label)


def _messages(prompt: Any, place: str) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if isinstance(prompt, list) and prompt and all(isinstance(m, dict) and "role" in m for m in prompt):
        return prompt
    raise UserError(f"{place}: field 'prompt' is {_brief(prompt)}, expected text or a list of messages")


def _check_reference(reference: Any, judge: str, place: str) -> None:
    types, expected = _REFERENCES.get(judge, ((object,), "what the judge compares with"))
    texts = reference if judge == "qa" and isinstance(reference, list) else []
    is_wrong = reference is None or isinstance(reference, bool) or not isinstance(reference, types)
    if is_wrong or any(not isinstance(t, str) for t in texts):
        raise UserError(f"{place}: field 'reference' is {_brief(reference)}, expected {expected}; fix or drop the row")


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += len(row.completion)
        if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _count(path: Path | str) -> int | None:
    """Lines of a file; None for a pipe, which can be read only once."""
    if not Path(path).is_file():
        return None
    with Path(path).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) or None


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


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _short(row: Row) -> Row:
    """The row with no more of a huge completion than is shown."""
    kept = row.completion if len(row.completion) <= 4000 else f"{row.completion[:2000]} ... {row.completion[-2000:]}"
    return Row(row.line, row.id, row.example, kept, row.label)
