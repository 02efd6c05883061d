"""The climb against an oracle that walks the ladder for one row at a time, as the paper describes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3ft import ladder
from s3ft.build_statistics import Tally
from s3ft.recipes import RECIPES
from s3ft.types import (
    Candidate,
    Completion,
    Example,
    Message,
    Recipe,
    Record,
    Request,
    Sampling,
    Score,
    Source,
    Task,
    UserError,
    Verdict,
)

CORRECT = {"right": True, "wrong": False, "unknown": None}
UNFIT = {"blank": "empty", "length": "reached max_tokens", "error": "generation failed", "meta": "talks about it"}


class Written(NamedTuple):
    kind: str
    tag: int

    def completion(self) -> Completion:
        text = " \n\t" if self.kind == "blank" else f"{self.kind} {self.tag}"
        return Completion(text, finish_reason=self.kind if self.kind in ("length", "error") else "stop")  # type: ignore[arg-type]


Attempts = list[list[Written]]


class Row(NamedTuple):
    gold: str
    written: dict[str, Attempts]


written = st.builds(Written, st.sampled_from([*CORRECT, *UNFIT]), st.integers(0, 2))
attempts = st.lists(st.lists(written, max_size=4), min_size=3, max_size=3)
table = st.builds(Row, st.sampled_from([*CORRECT]), st.fixed_dictionaries({"self": attempts, "paraphrase": attempts}))
ladders = st.tuples(st.permutations(["self", "paraphrase"]), st.integers(0, 2), st.booleans()).map(
    lambda drawn: (*drawn[0][: drawn[1]], *(["gold"] if drawn[2] or not drawn[1] else []))
)
recipes = st.builds(Recipe, ladders, num_samples=st.just(4), keep=st.sampled_from(["first", "distinct"]))
tries = st.fixed_dictionaries({"self": st.integers(1, 3), "paraphrase": st.integers(1, 3)})


def _meta(example: Example, completion: Completion) -> str:
    return UNFIT["meta"] if completion.text.startswith("meta") else ""


SOURCES = {
    "self": Source(lambda e, t: e.prompt, _meta),
    "paraphrase": Source(lambda e, t: e.prompt, _meta),
    "gold": Source(None),
}


@dataclass
class World:
    rows: list[Row]
    asked: list[tuple[str, int, str]] = field(default_factory=list)
    judged: list[tuple[str, Completion]] = field(default_factory=list)

    def examples(self) -> list[Example]:
        return [Example(f"row-{i}", [{"role": "user", "content": "?"}], r.gold) for i, r in enumerate(self.rows)]

    def propose(self, name: str, examples: Sequence[Example], attempt: int) -> list[list[Completion]]:
        self.asked += [(name, attempt, e.id) for e in examples]
        rows = [self.rows[int(e.id.removeprefix("row-"))] for e in examples]
        return [[w.completion() for w in row.written[name][attempt]] for row in rows]

    def judge(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        self.judged += [(e.id, c) for e, c in zip(examples, completions, strict=True)]
        return [Verdict(CORRECT[c.text.split()[0]], answer=c.text) for c in completions]

    def climb(self, recipe: Recipe, size: int, times: Mapping[str, int], refused_gold: str) -> list[Record]:
        records = []
        for rows in ladder.chunks(iter(self.examples()), size):
            golds = [Verdict(CORRECT[e.gold]) for e in rows]
            records += ladder.climb(
                rows, recipe, SOURCES, self.propose, self.judge, golds, attempts=times, refused_gold=refused_gold
            )
        return records


def _oracle(row: Row, recipe: Recipe, times: Mapping[str, int], refused_gold: str) -> tuple[list[str], list[str]]:
    """(texts of all candidates, texts of the targets) of one row."""
    seen: list[str] = []
    for source in recipe.ladder:
        if source == "gold":
            refused = refused_gold == "drop" and row.gold == "wrong"
            return [*seen, row.gold], [] if refused else [row.gold]
        for attempt in range(times[source]):
            offered = row.written[source][attempt]
            seen += [w.completion().text for w in offered]
            accepted = list(dict.fromkeys(w.completion().text for w in offered if w.kind == "right"))
            if accepted:
                return seen, accepted[:1] if recipe.keep == "first" else accepted
    return seen, []


@settings(max_examples=150, deadline=None)
@given(st.lists(table, max_size=7), recipes, tries, st.sampled_from(["keep", "drop"]), st.integers(1, 8))
def test_every_row_gets_the_first_accepted_completion_of_the_ladder_whatever_the_chunks(
    rows: list[Row], recipe: Recipe, times: dict[str, int], refused_gold: str, size: int
) -> None:
    world = World(rows)
    records = world.climb(recipe, size, times, refused_gold)
    assert [r.example for r in records] == world.examples()
    for row, record in zip(rows, records, strict=True):
        seen, targets = _oracle(row, recipe, times, refused_gold)
        assert [c.completion.text for c in record.candidates] == seen
        assert [record.candidates[k].completion.text for k in record.targets] == targets
        assert sorted(set(record.targets)) == record.targets
        for k in record.targets:
            assert record.candidates[k].accepted or record.candidates[k].source == "gold"


@settings(max_examples=100, deadline=None)
@given(st.lists(table, max_size=7), recipes, tries)
def test_a_source_is_asked_for_open_rows_only_once_an_attempt_and_in_order(
    rows: list[Row], recipe: Recipe, times: dict[str, int]
) -> None:
    world = World(rows)
    world.climb(recipe, 100, times, "keep")
    expected = []
    still_open = list(range(len(rows)))
    for source in recipe.ladder[: -1 if recipe.ladder[-1] == "gold" else None]:
        for attempt in range(times[source]):
            expected += [(source, attempt, f"row-{i}") for i in still_open]
            still_open = [i for i in still_open if all(w.kind != "right" for w in rows[i].written[source][attempt])]
    assert world.asked == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(table, min_size=1, max_size=7), recipes, tries)
def test_what_is_cut_failed_empty_or_refused_is_kept_in_the_history_never_judged_and_never_a_target(
    rows: list[Row], recipe: Recipe, times: dict[str, int]
) -> None:
    world = World(rows)
    records = world.climb(recipe, 3, times, "keep")
    for _, completion in world.judged:
        assert completion.text.split()[0] in CORRECT
        assert completion.finish_reason == "stop"
    for record in records:
        for place, candidate in enumerate(record.candidates):
            if candidate.source == "gold":
                continue
            kind = candidate.completion.text.split()[0] if candidate.completion.text.strip() else "blank"
            assert candidate.refusal == UNFIT.get(kind, "")
            assert (candidate.verdict is None) == (kind in UNFIT)
            if kind != "right":
                assert place not in record.targets
    history = [c for r in records for c in r.candidates if c.source != "gold" and c.verdict is not None]
    assert len(history) == len(world.judged)


def test_the_recipes_differ_as_their_papers_do() -> None:
    own = {"self": [[Written("right", 0)]], "paraphrase": [[Written("right", 1)]]}
    told = {"self": [[Written("wrong", 0)]], "paraphrase": [[Written("right", 1)]]}
    lost = {"self": [[Written("unknown", 0)]], "paraphrase": [[Written("wrong", 1)]]}
    rows = [Row("right", own), Row("right", told), Row("wrong", lost)]
    found = {}
    for name, recipe in RECIPES.items():
        records = World(rows).climb(recipe, 3, {}, "keep")
        found[name] = [r.candidates[r.targets[0]].source if r.targets else None for r in records]
    assert found == {
        "sft": ["gold", "gold", "gold"],
        "sdft": ["paraphrase", "paraphrase", "gold"],
        "ssr": ["self", "gold", "gold"],
        "s3ft": ["self", "paraphrase", "gold"],
        "rft": ["self", None, None],
        "own": ["self", "paraphrase", None],
    }


@pytest.mark.parametrize(("gold", "kept"), [("right", True), ("unknown", True), ("wrong", False)])
def test_gold_is_left_out_only_where_the_judge_refuses_it_and_the_config_says_so(gold: str, kept: bool) -> None:
    (record,) = World([Row(gold, {})]).climb(RECIPES["sft"], 1, {}, "drop")
    assert bool(record.targets) == kept
    assert record.candidates[0].verdict == Verdict(CORRECT[gold])
    (record,) = World([Row(gold, {})]).climb(RECIPES["sft"], 1, {}, "keep")
    assert record.targets == [0]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_judge_that_returns_another_number_of_verdicts_stops_the_build(number: int) -> None:
    world = World([Row("right", {"self": [[Written("right", 0), Written("right", 1)]]})])
    examples = world.examples()

    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [Verdict(True)] * number

    with pytest.raises(UserError, match=f"{number} verdicts for 2 completions"):
        ladder.climb(examples, RECIPES["rft"], SOURCES, world.propose, judge, [Verdict(True)])


class Echo:
    """A backend that writes how it was asked, in reverse order."""

    identity: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.asked: list[tuple[Request, Sampling]] = []

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        self.asked += [(r, sampling) for r in requests]
        for i in reversed(range(len(requests))):
            yield i, [Completion(f"{requests[i].prompt[-1]['content']} {k}") for k in range(sampling.num_samples)]

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        return [
            Score(-float(len(c.text)), 3) if r.prompt[-1]["content"] != "none" else None
            for r, c in zip(requests, completions, strict=True)
        ]


def _task() -> Task:
    return Task("t", lambda split: iter(()), "exact", "{prompt} {gold}")


def _ask(example: Example, task: Task) -> list[Message]:
    return [{"role": "user", "content": f"{task.name} {example.id}"}]


def test_completions_come_back_to_their_rows_whatever_order_the_backend_has() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    rows = [Example(str(i), [], "g", tools=tools if i == 2 else None) for i in range(4)]
    backend, finished = Echo(), []
    propose = ladder.proposer(
        _task(), {"self": Source(_ask)}, backend, Sampling(num_samples=2, temperature=0.3, seed=5), finished.append
    )
    assert [[c.text for c in row] for row in propose("self", rows, 0)] == [[f"t {i} 0", f"t {i} 1"] for i in range(4)]
    assert sum(finished) == 4
    assert [r.tools for r, _ in backend.asked] == [None, None, tools, None]
    assert {s for _, s in backend.asked} == {Sampling(num_samples=2, temperature=0.3, seed=5)}


@pytest.mark.parametrize(("configured", "drawn"), [(0.0, 0.7), (1.2, 1.2)])
def test_attempts_after_the_first_are_sampled_each_with_its_own_seed(configured: float, drawn: float) -> None:
    backend = Echo()
    sampling = Sampling(temperature=configured, seed=3)
    propose = ladder.proposer(_task(), {"self": Source(_ask)}, backend, sampling, lambda n: None)
    for attempt in range(3):
        propose("self", [Example("a", [], "g")], attempt)
    assert [(s.temperature, s.seed) for _, s in backend.asked] == [(configured, 3), (drawn, 4), (drawn, 5)]


def test_every_target_is_weighed_and_nothing_else() -> None:
    def record(prompt: str, targets: list[int]) -> Record:
        candidates = [Candidate("self", Completion("a" * (k + 1))) for k in range(3)]
        return Record(Example(prompt, [{"role": "user", "content": prompt}], "g"), candidates, targets)

    weighed = ladder.weigh([record("a", [0, 2]), record("b", []), record("none", [1])], Echo())
    found = [[(c.logprob, c.num_scored) for c in r.candidates] for r in weighed]
    nothing = (None, None)
    assert found == [[(-1.0, 3), nothing, (-3.0, 3)], [nothing] * 3, [nothing] * 3]
    assert [r.targets for r in weighed] == [[0, 2], [], [1]]


def _tally(asked: int, undecided: int, reason: str = "timeout") -> Tally:
    tally = Tally()
    rows = [Example(str(i), [], "g") for i in range(asked)]
    verdicts = [Verdict(None, reason=reason) if i < undecided else Verdict(False) for i in range(asked)]
    tally.add(rows, verdicts)
    return tally


@pytest.mark.parametrize(
    ("tallies", "stops"),
    [
        ([(19, 19)], False),
        ([(20, 1)], False),
        ([(20, 2)], True),
        ([(100, 5)], False),
        ([(100, 6)], True),
        ([(10, 1), (10, 1)], True),
        ([(0, 0)], False),
    ],
)
def test_too_many_undecided_verdicts_stop_a_build(tallies: list[tuple[int, int]], stops: bool) -> None:
    counted = [_tally(*t) for t in tallies]
    if not stops:
        ladder.stop_if_undecided(counted, 0.05)
        return
    with pytest.raises(UserError, match=r"could not tell on \d+ of \d+ completions.*timeout \(\d+\).*max_undecided"):
        ladder.stop_if_undecided(counted, 0.05)


def test_the_commonest_reasons_are_named_first() -> None:
    with pytest.raises(UserError, match=r"slow \(7\); broken \(5\); "):
        ladder.stop_if_undecided([_tally(20, 5, "broken"), _tally(20, 7, "slow")], 0.05)
