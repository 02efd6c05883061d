"""What a build of one recipe came to: counts that a report can be made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from s3ft.types import Example, Record, Verdict


@dataclass
class Tally:
    """What a judge said, over any number of completions."""

    asked: int = 0
    refused: int = 0
    undecided: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why it could not tell."""
    refused_ids: list[str] = field(default_factory=list)
    """The first rows refused, at most 20."""

    def add(self, examples: Sequence[Example], verdicts: Sequence[Verdict]) -> None:
        for example, verdict in zip(examples, verdicts, strict=True):
            self.asked += 1
            if verdict.correct is None:
                self.undecided += 1
                self.reasons[verdict.reason] += 1
            elif not verdict.correct:
                self.refused += 1
                self.refused_ids = [*self.refused_ids, example.id][:20]

    def as_dict(self) -> dict[str, Any]:
        return {"refused": self.refused, "undecided": self.undecided, "refused_ids": self.refused_ids}


@dataclass
class Summary:
    """What a build of one recipe came to, for the report."""

    rows: int = 0
    targets: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    """Rows by the source of their target; "dropped" where there is none."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Completions turned down before the judge, as "source: reason"."""
    judged: Tally = field(default_factory=Tally)
    """Over every completion of the model's."""
    refused: Counter[str] = field(default_factory=Counter)
    """Completions the judge found wrong, by source."""
    undecided: Counter[str] = field(default_factory=Counter)
    """Completions the judge could not tell of, by source."""
    generated_tokens: int = 0
    nats: dict[str, float] = field(default_factory=dict)
    scored: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        self.rows += 1
        self.targets += len(record.targets)
        self.by_source[record.candidates[record.targets[0]].source if record.targets else "dropped"] += 1
        for candidate in record.candidates:
            self.generated_tokens += candidate.completion.num_tokens
            self.refusals[f"{candidate.source}: {candidate.refusal}"] += bool(candidate.refusal)
            # Gold is judged once for all recipes, and counted there.
            if candidate.verdict is not None and candidate.source != "gold":
                self.judged.add([record.example], [candidate.verdict])
                self.refused[candidate.source] += candidate.verdict.correct is False
                self.undecided[candidate.source] += candidate.verdict.correct is None
        for candidate in (record.candidates[k] for k in record.targets):
            if candidate.logprob is not None:
                self.nats[candidate.source] = self.nats.get(candidate.source, 0.0) - candidate.logprob
                self.scored[candidate.source] += candidate.num_scored or 0

    def as_dict(self) -> dict[str, Any]:
        shares = {name: self.by_source[name] / self.rows for name in ("self", "paraphrase", "gold", "dropped")}
        shares |= {name: n / self.rows for name, n in self.by_source.items() if name not in shares}
        nll = {name: self.nats[name] / n for name, n in self.scored.items() if n}
        overall = sum(self.nats.values()) / sum(self.scored.values()) if self.scored.total() else None
        return {
            "rows": self.rows,
            "targets": self.targets,
            "composition": shares,
            "refused_before_judge": {k: n for k, n in self.refusals.items() if n},
            "refused_by_judge": {k: n for k, n in self.refused.items() if n},
            "undecided": {k: n for k, n in self.undecided.items() if n},
            "generated_tokens": self.generated_tokens,
            "nll_per_token": nll,
            "nll_per_token_all": overall,
        }
