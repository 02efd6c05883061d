"""The climb against an oracle that walks the rungs for one row at a time, as the paper describes it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3ft import ladder
from s3ft.ladder import Means
from s3ft.pipeline import chunks
from s3ft.recipes import RECIPES
from s3ft.types import Candidate, Completion, Example, Message, Recipe, Record, Rung, Score, Source, UserError, Verdict

CORRECT = {"right": True, "wrong": False, "unknown": None, "meta": True, "odd": True}
"""What the judge says of each kind of text; talk about the task is right, and so is what cannot be trained on."""
UNFINISHED = {"blank": "empty", "length": "reached max_tokens", "error": "generation failed"}
META, ODD = "talks about the task", "the template drops it"
SCORES: list[Score | None] = [None, Score(-4.0, 4), Score(-4.0, 2), Score(-6.0, 6), Score(-0.5, 1), Score(0.0, 0)]


class Written(NamedTuple):
    kind: str
    tag: int
    score: int
    """A place in SCORES."""

    @property
    def text(self) -> str:
        return " \n\t" if self.kind == "blank" else f"{self.kind} {self.tag} {self.score}"

    def completion(self) -> Completion:
        finish: Any = self.kind if self.kind in ("length", "error") else "stop"
        return Completion(self.text, f"<think>{self.tag}</think>{self.text}", (self.tag, self.score), finish, 2)


def right(tag: int, score: int = 0) -> Written:
    return Written("right", tag, score)


def wrong(tag: int) -> Written:
    return Written("wrong", tag, 0)


class Row(NamedTuple):
    gold: str
    written: list[list[Written]]
    """What each rung that asks gives, in the recipe's order."""


def _ask(example: Example, paraphrase: str) -> list[Message]:
    return example.prompt


def _meta(example: Example, completion: Completion) -> str:
    return META if completion.text.startswith("meta") else ""


SOURCES = {
    "self": Source(_ask, answers_prompt=True),
    "paraphrase": Source(_ask, _meta),
    "hint.py:mine": Source(_ask, _meta, answers_prompt=True),
    "gold": Source(None),
}
MOST_RUNGS = 4

completions = st.builds(
    Written, st.sampled_from([*CORRECT, *UNFINISHED]), st.integers(0, 2), st.integers(0, len(SCORES) - 1)
)
offers = st.lists(st.lists(completions, max_size=5), min_size=MOST_RUNGS, max_size=MOST_RUNGS)
tables = st.lists(st.builds(Row, st.sampled_from(["right", "wrong", "unknown"]), offers), max_size=7)
rungs = st.builds(
    Rung,
    st.sampled_from([*SOURCES]),
    num_samples=st.integers(1, 5),
    keep=st.sampled_from(["first", "distinct", "likeliest"]),
)
recipes = st.lists(rungs, min_size=1, max_size=MOST_RUNGS).map(tuple)


@dataclass
class World:
    rows: list[Row]
    asked: list[tuple[Rung, str]] = field(default_factory=list)
    judged: list[Completion] = field(default_factory=list)
    scored: list[Completion] = field(default_factory=list)

    def examples(self) -> list[Example]:
        return [Example(f"row-{i}", [{"role": "user", "content": "?"}], r.gold) for i, r in enumerate(self.rows)]

    def judge(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        self.judged += completions
        return [Verdict(CORRECT[c.text.split()[0]], answer=c.text) for c in completions]

    def check(self, example: Example, candidate: Candidate) -> Candidate:
        return replace(candidate, filtered=ODD) if candidate.trained.text.startswith("odd") else candidate

    def score(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Score | None]:
        self.scored += completions
        return [SCORES[int(c.text.split()[2])] for c in completions]

    def climb(self, recipe: Recipe, size: int = 100, drop: bool = False) -> list[Record]:
        return [record for rows in chunks(self.examples(), size) for record in self._climb(rows, recipe, drop)]

    def _climb(self, rows: list[Example], recipe: Recipe, drop: bool) -> list[Record]:
        places: Iterator[tuple[int, Rung]] = iter(list(enumerate(r for r in recipe if SOURCES[r.source].ask)))

        def propose(rung: Rung, examples: Sequence[Example]) -> list[list[Completion]]:
            place, expected = next(places)
            assert rung == expected
            self.asked += [(rung, e.id) for e in examples]
            found = [self.rows[int(e.id.removeprefix("row-"))].written[place] for e in examples]
            return [[w.completion() for w in offered] for offered in found]

        means = Means(SOURCES, propose, self.judge, self.check, self.score, drop)
        return ladder.climb(rows, recipe, means, [Verdict(CORRECT[e.gold]) for e in rows])


def _is_fit(written: Written, source: str) -> bool:
    filters = SOURCES[source].filter is _meta
    return written.kind == "right" or (written.kind == "meta" and not filters)


def _mean(written: Written) -> float:
    score = SCORES[written.score]
    return score.logprob / score.num_tokens if score and score.num_tokens else float("-inf")


def _oracle(row: Row, recipe: Recipe, drop: bool) -> tuple[list[str], list[int], int]:
    """(texts of all candidates, places of the targets, rungs that were asked) of one row."""
    seen: list[str] = []
    asked = 0
    for rung in recipe:
        begin = len(seen)
        if rung.source == "gold":
            seen.append(row.gold)
            if not drop or row.gold != "wrong":
                return seen, [begin], asked
            continue
        offered = row.written[asked]
        asked += 1
        seen += [w.text for w in offered]
        fit = [k for k, w in enumerate(offered) if _is_fit(w, rung.source)]
        if fit and rung.keep == "distinct":
            return seen, [begin + k for k in fit if offered[k].text not in [w.text for w in offered[:k]]], asked
        if fit:
            likeliest = max(fit, key=lambda k: _mean(offered[k])) if rung.keep == "likeliest" else fit[0]
            return seen, [begin + likeliest], asked
    return seen, [], asked


@settings(max_examples=250, deadline=None)
@given(tables, recipes, st.booleans(), st.integers(1, 8))
def test_every_row_gets_what_the_first_rung_with_an_accepted_completion_keeps_whatever_the_chunks(
    rows: list[Row], recipe: Recipe, drop: bool, size: int
) -> None:
    world = World(rows)
    records = world.climb(recipe, size, drop)
    assert [r.example for r in records] == world.examples()
    for row, record in zip(rows, records, strict=True):
        seen, targets, _ = _oracle(row, recipe, drop)
        assert [c.completion.text for c in record.candidates] == seen
        assert record.targets == targets
        for k in record.targets:
            assert record.candidates[k].accepted or record.candidates[k].source == "gold"


@settings(max_examples=150, deadline=None)
@given(tables, recipes, st.booleans())
def test_a_rung_is_climbed_for_open_rows_only_once_and_in_order(rows: list[Row], recipe: Recipe, drop: bool) -> None:
    world = World(rows)
    world.climb(recipe, drop=drop)
    expected = []
    for place, rung in enumerate(r for r in recipe if SOURCES[r.source].ask):
        expected += [(rung, f"row-{i}") for i, row in enumerate(rows) if _oracle(row, recipe, drop)[2] > place]
    assert world.asked == expected


@settings(max_examples=150, deadline=None)
@given(tables, recipes)
def test_what_is_unfinished_or_filtered_is_kept_in_the_history_never_judged_and_never_a_target(
    rows: list[Row], recipe: Recipe
) -> None:
    world = World(rows)
    records = world.climb(recipe, 3)
    history = [(r, place, c) for r in records for place, c in enumerate(r.candidates)]
    for record, place, candidate in history:
        source = SOURCES[candidate.source]
        assert candidate.is_generated == (source.ask is not None)
        assert candidate.answers_prompt == source.answers_prompt
        if not candidate.is_generated:
            assert candidate.verdict == Verdict(CORRECT[record.example.gold])
            continue
        kind = candidate.completion.text.split()[0] if candidate.completion.text.strip() else "blank"
        is_meta = kind == "meta" and source.filter is _meta
        assert candidate.filtered == UNFINISHED.get(kind, META if is_meta else ODD if kind == "odd" else "")
        assert (candidate.verdict is None) == (kind in UNFINISHED or is_meta)
        if kind in ("wrong", "unknown") or candidate.filtered:
            assert place not in record.targets
    assert sorted(c.text for c in world.judged) == sorted(
        c.completion.text for _, _, c in history if c.is_generated and c.verdict is not None
    )


@settings(max_examples=150, deadline=None)
@given(tables, recipes)
def test_only_accepted_completions_of_a_rung_that_keeps_the_likeliest_are_scored_as_they_are_trained(
    rows: list[Row], recipe: Recipe
) -> None:
    world = World(rows)
    expected = []
    for row, record in zip(rows, world.climb(recipe, 3), strict=True):
        places = iter(record.candidates)
        offers = iter(row.written)
        for rung in recipe[: _climbed(record, recipe, row)]:
            offered = [next(places) for _ in next(offers)] if SOURCES[rung.source].ask else [next(places)]
            for c in offered:
                is_scored = rung.keep == "likeliest" and c.is_generated and c.accepted
                score = SCORES[int(c.completion.text.split()[2])] if is_scored else None
                assert (c.logprob, c.num_scored) == ((score.logprob, score.num_tokens) if score else (None, None))
                expected += [c.completion if c.answers_prompt else Completion(c.completion.text)] if is_scored else []
        assert next(places, None) is None
    assert sorted(map(repr, world.scored)) == sorted(map(repr, expected))


def _climbed(record: Record, recipe: Recipe, row: Row) -> int:
    """Rungs that a row was on, the last one included."""
    asked, seen = 0, 0
    for number, rung in enumerate(recipe, 1):
        is_asked = SOURCES[rung.source].ask is not None
        seen += len(row.written[asked]) if is_asked else 1
        asked += is_asked
        if any(k < seen for k in record.targets):
            return number
    return len(recipe)


def test_the_recipes_differ_as_their_papers_do() -> None:
    own = Row("right", [[right(0)], [right(1)]])
    told = Row("right", [[wrong(0)], [right(1)]])
    late = Row("right", [[wrong(0)], [wrong(1)], [wrong(2), right(0), right(1)]])
    lost = Row("wrong", [[Written("unknown", 0, 0)], [wrong(1)], [wrong(2)]])
    found = {}
    for name, recipe in RECIPES.items():
        asks_paraphrase_first = recipe[0].source == "paraphrase"
        rows = [r._replace(written=r.written[1:]) if asks_paraphrase_first else r for r in (own, told, late, lost)]
        records = World(rows).climb(recipe)
        found[name] = [r.candidates[r.targets[0]].source if r.targets else None for r in records]
    assert found == {
        "sft": ["gold"] * 4,
        "sdft": ["paraphrase", "paraphrase", "gold", "gold"],
        "ssr": ["self", "gold", "gold", "gold"],
        "s3ft": ["self", "paraphrase", "gold", "gold"],
        "s3ft+": ["self", "paraphrase", "paraphrase", "gold"],
        "rft": ["self", None, None, None],
        "no_gold": ["self", "paraphrase", None, None],
    }


@pytest.mark.parametrize(
    ("keep", "targets"),
    [
        ("first", ["right 0 2"]),
        ("distinct", ["right 0 2", "right 1 1", "right 2 4", "right 0 0"]),
        ("likeliest", ["right 2 4"]),  # -0.5 a token, where the others have -2, -1 and none
    ],
)
def test_what_a_rung_keeps(keep: Any, targets: list[str]) -> None:
    drawn = [wrong(0), right(0, 2), right(1, 1), right(0, 2), right(2, 4), right(0, 0), right(1, 1)]
    (record,) = World([Row("right", [drawn])]).climb((Rung("self", 7, keep=keep),))
    assert [record.candidates[k].completion.text for k in record.targets] == targets


def test_of_equally_likely_completions_and_of_those_without_a_score_the_first_is_kept() -> None:
    for drawn in ([right(0, 1), right(1, 3)], [right(0, 0), right(1, 0)], [right(0, 0), right(1, 5)]):
        (record,) = World([Row("right", [drawn])]).climb((Rung("self", 2, keep="likeliest"),))
        assert record.targets == [0]
    (record,) = World([Row("right", [[right(0, 0), right(1, 2)]])]).climb((Rung("self", 2, keep="likeliest"),))
    assert record.targets == [1]


def test_a_second_rung_of_one_source_is_asked_where_the_first_had_nothing() -> None:
    first, second = Rung("self"), Rung("self", 3, 1.0, "distinct")
    rows = [Row("right", [[right(0)], []]), Row("right", [[wrong(0)], [right(1), wrong(1), right(2)]])]
    world = World(rows)
    records = world.climb((first, second, Rung("gold")))
    assert [r.targets for r in records] == [[0], [1, 3]]
    assert world.asked == [(first, "row-0"), (first, "row-1"), (second, "row-1")]


def test_an_accepted_completion_that_cannot_be_trained_on_leaves_the_row_open() -> None:
    odd = Written("odd", 0, 0)
    (record,) = World([Row("right", [[odd], [right(1)]])]).climb(RECIPES["s3ft"])
    assert [c.filtered for c in record.candidates] == [ODD, ""]
    assert record.candidates[0].verdict == Verdict(True, answer=odd.text)
    assert not record.candidates[0].accepted
    assert record.targets == [1]


@pytest.mark.parametrize(("gold", "is_kept"), [("right", True), ("unknown", True), ("wrong", False)])
def test_gold_is_left_out_only_if_the_judge_rejects_it_and_the_config_says_so(gold: str, is_kept: bool) -> None:
    (record,) = World([Row(gold, [])]).climb(RECIPES["sft"], drop=True)
    assert bool(record.targets) == is_kept
    assert record.candidates[0].verdict == Verdict(CORRECT[gold])
    (record,) = World([Row(gold, [])]).climb(RECIPES["sft"])
    assert record.targets == [0]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_judge_that_returns_another_number_of_verdicts_stops_the_build(number: int) -> None:
    examples = World([Row("right", [])]).examples()

    def propose(rung: Rung, examples: Sequence[Example]) -> list[list[Completion]]:
        return [[right(0).completion(), right(1).completion()]]

    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [Verdict(True)] * number

    with pytest.raises(UserError, match=f"{number} verdicts for 2 completions"):
        ladder.climb(examples, RECIPES["rft"], Means(SOURCES, propose, judge), [Verdict(True)])
