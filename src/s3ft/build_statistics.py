"""What a build came to: counts that a report can be made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from s3ft.types import Example, Recipe, Record, Verdict


@dataclass
class VerdictCounts:
    """What a judge said, over any number of completions."""

    asked: int = 0
    rejected: int = 0
    undecided: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why it could not decide."""
    rejected_ids: list[str] = field(default_factory=list)
    """The first rows rejected, at most 20."""

    def add(self, examples: Sequence[Example], verdicts: Sequence[Verdict]) -> None:
        for example, verdict in zip(examples, verdicts, strict=True):
            self.asked += 1
            if verdict.correct is None:
                self.undecided += 1
                self.reasons[verdict.reason] += 1
            elif not verdict.correct:
                self.rejected += 1
                self.rejected_ids = [*self.rejected_ids, example.id][:20]

    def as_dict(self) -> dict[str, Any]:
        return {"rejected": self.rejected, "undecided": self.undecided, "rejected_ids": self.rejected_ids}


@dataclass
class RecipeCounts:
    """What a build of one recipe came to."""

    sources: tuple[str, ...] = ()
    """The sources of the recipe, in its order."""
    rows: int = 0
    targets: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    """Rows by the source of their target; "dropped" when there is none."""
    filtered: Counter[str] = field(default_factory=Counter)
    """Completions filtered out without the judge, as "source: reason"."""
    judged: VerdictCounts = field(default_factory=VerdictCounts)
    """Over every completion that the model wrote."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Completions that the judge found wrong, by source."""
    undecided: Counter[str] = field(default_factory=Counter)
    """Completions on which the judge was undecided, by source."""
    overridden: Counter[str] = field(default_factory=Counter)
    """Rows that a person decided, by source, "drop", or "not applied" where the source had nothing to train on."""
    generated_tokens: int = 0
    nats: dict[str, float] = field(default_factory=dict)
    """Negative log probability of the targets under the base, by source."""
    scored: Counter[str] = field(default_factory=Counter)
    """Tokens that `nats` sums over."""

    def add(self, record: Record) -> None:
        self.rows += 1
        self.targets += len(record.targets)
        self.by_source[record.candidates[record.targets[0]].source if record.targets else "dropped"] += 1
        for candidate in record.candidates:
            self.generated_tokens += candidate.completion.num_tokens
            self.filtered[f"{candidate.source}: {candidate.filtered}"] += bool(candidate.filtered)
            # The gold is judged once for all recipes, and counted there.
            if candidate.verdict is not None and candidate.is_generated:
                self.judged.add([record.example], [candidate.verdict])
                self.rejected[candidate.source] += candidate.verdict.correct is False
                self.undecided[candidate.source] += candidate.verdict.correct is None
        for candidate in (record.candidates[k] for k in record.targets):
            if candidate.logprob is not None:
                self.nats[candidate.source] = self.nats.get(candidate.source, 0.0) - candidate.logprob
                self.scored[candidate.source] += candidate.num_scored or 0

    def as_dict(self) -> dict[str, Any]:
        names = dict.fromkeys([*self.sources, *self.by_source, "dropped"])
        nll = {name: self.nats[name] / n for name, n in self.scored.items() if n}
        overall = sum(self.nats.values()) / self.scored.total() if self.scored.total() else None
        return {
            "rows": self.rows,
            "targets": self.targets,
            "composition": {name: self.by_source[name] / self.rows for name in names},
            "filtered": {k: n for k, n in self.filtered.items() if n},
            "rejected": {k: n for k, n in self.rejected.items() if n},
            "undecided": {k: n for k, n in self.undecided.items() if n},
            "judged": self.judged.asked,
            "overridden": {k: n for k, n in self.overridden.items() if n},
            "generated_tokens": self.generated_tokens,
            "nll_per_token": nll,
            "nll_per_token_all": overall,
        }


@dataclass
class BuildCounts:
    """What a build came to: the gold, and each recipe by name."""

    gold: VerdictCounts
    recipes: dict[str, RecipeCounts]

    def undecided(self) -> str:
        """On how many completions the judge was undecided, and the most frequent reason; empty if on none."""
        counts = [self.gold, *(c.judged for c in self.recipes.values())]
        reasons = sum((c.reasons for c in counts), Counter[str]())
        if not reasons:
            return ""
        return (
            f"undecided on {reasons.total()} of {sum(c.asked for c in counts)} completions, such as: "
            f"{reasons.most_common(1)[0][0]}"
        )

    @classmethod
    def of(cls, recipes: dict[str, Recipe]) -> BuildCounts:
        names = {name: tuple(dict.fromkeys(r.source for r in recipe)) for name, recipe in recipes.items()}
        return cls(VerdictCounts(), {name: RecipeCounts(sources) for name, sources in names.items()})
