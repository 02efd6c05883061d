"""Examples to records: check, gold verdicts, ladder, scores and counts, for the command line and TRL users alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from s3ft import overrides, plugins, prompts
from s3ft.build_statistics import BuildCounts, VerdictCounts
from s3ft.ladder import Means, climb, with_score
from s3ft.overrides import Decisions
from s3ft.progress import share
from s3ft.protocols import Backend, Judge, require, scoring
from s3ft.sources.paraphrase import PROMPT
from s3ft.types import Completion, Example, Recipe, Record, Request, Rung, Sampling, Score, Source, UserError, Verdict

if TYPE_CHECKING:
    from s3ft.chat import Chat

CHUNK = 1024
"""Rows in memory at once."""
SCORED_AT_ONCE = 64
"""Targets between two steps of the progress bar."""
ENOUGH = 20
"""Verdicts from which the share of undecided ones stops a build."""
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How records are made; the defaults are the config's."""

    sampling: Sampling = field(default_factory=Sampling)
    paraphrase: str = PROMPT
    """The user turn that asks for the gold in the model's own words."""
    rejected_gold: str = "keep"
    """What becomes of gold that the judge rejects: "keep" (and count it) or "drop" the row."""
    max_undecided: float = 0.05
    """Share of None from the judge above which the build stops."""
    overrides: Decisions = field(default_factory=dict)
    """Rows whose target a person decided."""


def build_records(
    examples: Iterable[Example],
    recipe: Recipe | Mapping[str, Recipe],
    backend: Backend,
    judge: Judge,
    chat: Chat,
    options: BuildOptions = BuildOptions(),
    advance: Advance = lambda n: None,
) -> Build:
    """The records of one recipe, or of several by name, made as they are iterated over; rows are read once.

    `advance` is called with the finished steps: `Build.steps` for each row. Raises UserError for a source that does not
    exist, for a capability that the backend lacks, and when the judge is undecided on too many completions."""
    recipes = dict(recipe) if isinstance(recipe, Mapping) else {"recipe": recipe}
    sources = {rung.source: plugins.load("source", rung.source) for rungs in recipes.values() for rung in rungs}
    require_capabilities(recipes, backend)
    return Build(examples, recipes, sources, backend, judge, chat, options, advance, BuildCounts.of(recipes))


def require_capabilities(recipes: Mapping[str, Recipe], backend: Backend) -> None:
    """Raises UserError if a recipe needs what the backend does not give, or the backend is a server that cannot be
    used: it is asked here what it gives, before any row is spent."""
    gives_scores = "score" in backend.capabilities
    for name, rungs in recipes.items():
        if not gives_scores and any(rung.keep == "likeliest" for rung in rungs):
            require(backend, "score", f"recipe {name!r} keeps the likeliest completion")


def require_fields(recipes: Mapping[str, Recipe], paraphrase: str, examples: Iterable[Example] = ()) -> None:
    """Raises UserError if a recipe asks for paraphrases, and their prompt has no {gold}, or a field that a row lacks:
    the model would be shown its name in braces."""
    if not any(rung.source == "paraphrase" for rungs in recipes.values() for rung in rungs):
        return
    asked, known = prompts.names(paraphrase), ("prompt", "gold")
    if "gold" not in asked:
        raise UserError(
            f"paraphrase prompt {paraphrase[:60]!r} has no field {{gold}}, so that the model is never shown the gold; "
            "add {gold}, or use a recipe without paraphrase"
        )
    for example in examples if set(asked) - {*known} else ():
        if unknown := [name for name in asked if name not in known and name not in example.meta]:
            fields = list(dict.fromkeys([*known, *example.meta]))
            line = plugins.unknown("field", unknown[0], fields)
            raise UserError(f"paraphrase prompt: {line} (row {example.id!r})")


@dataclass
class Build:
    """Records as they are made: iterating yields (recipe, records of a chunk of rows). Made by `build_records`."""

    examples: Iterable[Example]
    recipes: Mapping[str, Recipe]
    sources: Mapping[str, Source]
    backend: Backend
    judge: Judge
    chat: Chat
    options: BuildOptions
    advance: Advance
    counts: BuildCounts
    """What was counted so far."""
    recipe: str = ""
    """The recipe that is made now."""
    accepted: dict[str, Counter[str]] = field(default_factory=dict)
    """Completions that the judge accepted so far, by recipe and source."""
    _source: str = ""
    _asked: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._asked = {
            name: max(1, sum(self.sources[rung.source].ask is not None for rung in rungs))
            for name, rungs in self.recipes.items()
        }

    @property
    def steps(self) -> int:
        """Steps of the progress bar for each row: the gold's verdict, every rung that asks the model, and scoring."""
        return 1 + sum(self._asked.values()) + len(self.recipes)

    def __iter__(self) -> Iterator[tuple[str, list[Record]]]:
        for rows in chunks(self.examples):
            require_fields(self.recipes, self.options.paraphrase, rows)
            gold = self.judge(rows, [Completion(e.gold) for e in rows])
            self.counts.gold.add(rows, gold)
            _stop_if_gold_is_rejected(self.counts.gold, gold)
            if self.counts.gold.undecided == self.counts.gold.asked:
                _stop_if_undecided([self.counts.gold], self.options.max_undecided)
            self.advance(len(rows))
            for name, recipe in self.recipes.items():
                self.recipe = name
                with share(self.advance, len(rows) * self._asked[name]) as inner:
                    records = climb(rows, recipe, self._means(inner), gold)
                records = self._decided(records, gold)
                with share(self.advance, len(rows)) as inner:
                    records = self._scored(records, inner)
                for record in records:
                    self.counts.recipes[name].add(record)
                yield name, records
            _stop_if_undecided(
                [self.counts.gold, *(c.judged for c in self.counts.recipes.values())], self.options.max_undecided
            )

    def _decided(self, records: list[Record], gold: Sequence[Verdict]) -> list[Record]:
        """The records with the targets that a person decided, which are counted."""
        decisions, counts = self.options.overrides, self.counts.recipes[self.recipe]
        for place, record in enumerate(records):
            if (decision := decisions.get(record.example.id)) is not None:
                records[place], counted = overrides.decided(
                    record, decision, counts.sources, gold[place], self.chat.checked
                )
                counts.overridden[counted] += bool(counted)
        return records

    def _means(self, advance: Advance) -> Means:
        return Means(
            self.sources,
            lambda rung, examples: self._proposed(rung, examples, advance),
            self._judged,
            self.chat.checked,
            self._scores if scoring(self.backend) else None,
            self.options.rejected_gold == "drop",
        )

    def _proposed(self, rung: Rung, examples: Sequence[Example], advance: Advance) -> list[list[Completion]]:
        ask = self.sources[rung.source].ask
        assert ask is not None
        self._source = rung.source
        requests = [Request(ask(e, self.options.paraphrase), e.tools) for e in examples]
        found: list[list[Completion]] = [[] for _ in requests]
        for index, completions in self.backend.generate(requests, _drawn(self.options.sampling, rung)):
            found[index] = completions
            advance(1)
        return found

    def _judged(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        verdicts = self.judge(examples, completions)
        counts = self.accepted.setdefault(self.recipe, Counter())
        counts[self._source] += sum(v.correct is True for v in verdicts)
        return verdicts

    def progress(self) -> str:
        """What was accepted so far under the recipe that is made now, in words."""
        counts = self.accepted.get(self.recipe)
        said = f": {', '.join(f'{n} {source}' for source, n in counts.items())} accepted" if counts else ""
        return f"{self.recipe}{said}"

    def _scores(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Score | None]:
        scorer = scoring(self.backend)
        assert scorer is not None
        return scorer.score([Request(e.prompt, e.tools) for e in examples], completions)

    def _scored(self, records: list[Record], advance: Advance) -> list[Record]:
        """The records with the base model's likelihood on every target, if the backend gives likelihoods."""
        if scoring(self.backend) is None:
            return records
        places = [
            (r, k) for r, record in enumerate(records) for k in record.targets if record.candidates[k].logprob is None
        ]
        candidates = [list(record.candidates) for record in records]
        for start in range(0, len(places), SCORED_AT_ONCE):
            part = places[start : start + SCORED_AT_ONCE]
            scores = self._scores([records[r].example for r, _ in part], [candidates[r][k].trained for r, k in part])
            for (r, k), score in zip(part, scores, strict=True):
                candidates[r][k] = with_score(candidates[r][k], score)
            advance(len(part))
        return [replace(record, candidates=c) for record, c in zip(records, candidates, strict=True)]


def _drawn(sampling: Sampling, rung: Rung) -> Sampling:
    """The config's sampling with the rung's samples and temperature."""
    temperature = rung.temperature
    if temperature is None:
        temperature = sampling.temperature or (0.7 if rung.num_samples > 1 else 0.0)
    return replace(sampling, num_samples=rung.num_samples, temperature=temperature)


def chunks(examples: Iterable[Example], size: int = CHUNK) -> Iterator[list[Example]]:
    """Lists of at most `size` examples."""
    rows = iter(examples)
    while chunk := list(islice(rows, size)):
        yield chunk


def _stop_if_undecided(counts: Sequence[VerdictCounts], limit: float) -> None:
    asked, undecided = sum(c.asked for c in counts), sum(c.undecided for c in counts)
    if asked >= ENOUGH and undecided / asked > limit:
        reasons = sum((c.reasons for c in counts), Counter[str]())
        why = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common(3))
        raise UserError(
            f"the judge is undecided on {undecided} of {asked} completions, at most {limit:.0%} are allowed: {why}; "
            "fix the references or the judge, or raise max_undecided"
        )


def _stop_if_gold_is_rejected(counts: VerdictCounts, verdicts: Sequence[Verdict]) -> None:
    if counts.rejected == counts.asked:
        answers = Counter(v.reason or f"compared {v.answer!r}" for v in verdicts)
        why = "; ".join(f"{reason} ({n})" for reason, n in answers.most_common(3))
        raise UserError(
            f"the judge rejects the gold of all {counts.asked} rows read: {why}; that is a fault of the judge or of "
            "the references; fix them"
        )
