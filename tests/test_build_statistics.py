"""What a build is counted as: sources of targets, filtered, rejected and undecided completions, log likelihoods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3ft.build_statistics import BuildCounts, RecipeCounts, VerdictCounts
from s3ft.recipes import RECIPES
from s3ft.types import Candidate, Completion, Example, Record, Rung, Verdict


def _record(id: str, *candidates: Candidate, targets: tuple[int, ...] = ()) -> Record:
    return Record(Example(id, [], "g"), list(candidates), list(targets))


def _candidate(source: str, correct: bool | None = None, *, tokens: int = 0, filtered: str = "") -> Candidate:
    verdict = None if filtered else Verdict(correct, reason="why" if correct is None else "")
    return Candidate(source, Completion("x", num_tokens=tokens), verdict, filtered, is_generated=source != "gold")


def _scored(source: str, logprob: float, tokens: int) -> Candidate:
    return Candidate(source, Completion("x"), Verdict(True), logprob=logprob, num_scored=tokens)


def test_a_build_is_counted_by_where_its_targets_came_from() -> None:
    counts = RecipeCounts()
    counts.add(_record("1", _candidate("self", True, tokens=5), targets=(0,)))
    counts.add(
        _record("2", _candidate("self", False, tokens=7), _candidate("paraphrase", True, tokens=3), targets=(1,))
    )
    copied = _candidate("paraphrase", filtered="copies the gold", tokens=2)
    counts.add(_record("3", _candidate("self", None, tokens=4), copied, _candidate("gold", True), targets=(2,)))
    counts.add(_record("4", _candidate("self", False), _candidate("self", False)))
    found = counts.as_dict()
    assert found["rows"] == 4
    assert found["targets"] == 3
    assert found["composition"] == {"self": 0.25, "paraphrase": 0.25, "gold": 0.25, "dropped": 0.25}
    assert found["filtered"] == {"paraphrase: copies the gold": 1}
    assert found["rejected"] == {"self": 3}
    assert found["undecided"] == {"self": 1}
    assert found["generated_tokens"] == 21
    assert found["nll_per_token"] == {}
    assert found["nll_per_token_all"] is None


def test_the_columns_are_the_recipe_s_own_sources_in_its_order() -> None:
    counts = BuildCounts.of({**RECIPES, "mine": (Rung("hint.py"), Rung("self"), Rung("hint.py", 4), Rung("gold"))})
    for recipe in counts.recipes.values():
        recipe.add(_record("1"))
    columns = {name: list(recipe.as_dict()["composition"]) for name, recipe in counts.recipes.items()}
    assert columns["mine"] == ["hint.py", "self", "gold", "dropped"]
    assert columns["sft"] == ["gold", "dropped"]
    assert columns["no_gold"] == ["self", "paraphrase", "dropped"]
    assert counts.recipes["mine"].as_dict()["composition"] == {"hint.py": 0, "self": 0, "gold": 0, "dropped": 1}


def test_a_row_with_several_targets_is_one_row_of_its_source() -> None:
    counts = RecipeCounts(("mine.py", "self"))
    counts.add(_record("1", *[_candidate("self", True)] * 3, targets=(0, 2)))
    counts.add(_record("2", _candidate("mine.py", True), targets=(0,)))
    found = counts.as_dict()
    assert (found["rows"], found["targets"]) == (2, 3)
    assert found["composition"] == {"mine.py": 0.5, "self": 0.5, "dropped": 0}


def test_verdicts_on_what_was_not_generated_are_no_verdicts_of_the_recipe() -> None:
    counts = RecipeCounts()
    gold = [_candidate("gold", correct) for correct in (False, None, True)]
    for i, candidate in enumerate(gold):
        counts.add(_record(str(i), _candidate("self", False), candidate, targets=(1,)))
    assert (counts.judged.asked, counts.judged.rejected, counts.judged.undecided) == (3, 3, 0)
    assert counts.as_dict()["rejected"] == {"self": 3}
    assert counts.as_dict()["undecided"] == {}


def test_log_likelihoods_are_summed_over_tokens_of_targets_alone() -> None:
    counts = RecipeCounts()
    counts.add(_record("1", _scored("self", -2.0, 4), _scored("self", -100.0, 1), targets=(0,)))
    counts.add(_record("2", _scored("self", -7.0, 2), targets=(0,)))
    counts.add(_record("3", _scored("gold", -12.0, 4), targets=(0,)))
    counts.add(_record("4", _candidate("gold", True), targets=(0,)))
    found = counts.as_dict()
    assert found["nll_per_token"] == {"self": pytest.approx(9 / 6), "gold": pytest.approx(3)}
    assert found["nll_per_token_all"] == pytest.approx(21 / 10)


kinds = st.lists(st.tuples(st.sampled_from(["self", "paraphrase", "gold", "own.py"]), st.booleans()), max_size=12)


@given(kinds.filter(bool))
def test_shares_sum_to_one(rows: list[tuple[str, bool]]) -> None:
    counts = RecipeCounts()
    for i, (source, accepted) in enumerate(rows):
        counts.add(_record(str(i), _candidate(source, accepted), targets=(0,) if accepted else ()))
    assert sum(counts.as_dict()["composition"].values()) == pytest.approx(1)


def test_verdicts_are_counted_and_the_first_twenty_rejected_rows_named() -> None:
    counts = VerdictCounts()
    examples = [Example(str(i), [], "g") for i in range(30)]
    counts.add(examples, [Verdict(None, reason="slow") if i % 3 == 0 else Verdict(i % 3 == 1) for i in range(30)])
    counts.add(examples, [Verdict(False)] * 30)
    assert (counts.asked, counts.rejected, counts.undecided) == (60, 40, 10)
    assert counts.reasons == {"slow": 10}
    named = [*(str(i) for i in range(2, 30, 3)), *(str(i) for i in range(10))]
    assert counts.as_dict() == {"rejected": 40, "undecided": 10, "rejected_ids": named}


def test_there_is_one_verdict_for_each_example() -> None:
    with pytest.raises(ValueError, match="zip"):
        VerdictCounts().add([Example("1", [], "g")], [])
