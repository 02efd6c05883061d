import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3ft.build_statistics import Summary, Tally
from s3ft.types import Candidate, Completion, Example, Record, Verdict


def _record(id: str, *candidates: Candidate, targets: tuple[int, ...] = ()) -> Record:
    return Record(Example(id, [], "g"), list(candidates), list(targets))


def _candidate(source: str, correct: bool | None = None, *, tokens: int = 0, refusal: str = "") -> Candidate:
    verdict = None if refusal else Verdict(correct, reason="why" if correct is None else "")
    return Candidate(source, Completion("x", num_tokens=tokens), verdict, refusal)


def _weighed(source: str, logprob: float, tokens: int) -> Candidate:
    return Candidate(source, Completion("x"), Verdict(True), logprob=logprob, num_scored=tokens)


def test_a_build_is_counted_by_where_its_targets_came_from() -> None:
    summary = Summary()
    summary.add(_record("1", _candidate("self", True, tokens=5), targets=(0,)))
    summary.add(
        _record("2", _candidate("self", False, tokens=7), _candidate("paraphrase", True, tokens=3), targets=(1,))
    )
    refused = _candidate("paraphrase", refusal="copies the gold", tokens=2)
    summary.add(_record("3", _candidate("self", None, tokens=4), refused, _candidate("gold", True), targets=(2,)))
    summary.add(_record("4", _candidate("self", False), _candidate("self", False)))
    found = summary.as_dict()
    assert found["rows"] == 4
    assert found["targets"] == 3
    assert found["composition"] == {"self": 0.25, "paraphrase": 0.25, "gold": 0.25, "dropped": 0.25}
    assert found["refused_before_judge"] == {"paraphrase: copies the gold": 1}
    assert found["refused_by_judge"] == {"self": 3}
    assert found["undecided"] == {"self": 1}
    assert found["generated_tokens"] == 21
    assert found["nll_per_token"] == {}
    assert found["nll_per_token_all"] is None


def test_a_row_with_several_targets_is_one_row_of_its_source() -> None:
    summary = Summary()
    summary.add(_record("1", *[_candidate("self", True)] * 3, targets=(0, 2)))
    summary.add(_record("2", _candidate("mine.py", True), targets=(0,)))
    found = summary.as_dict()
    assert (found["rows"], found["targets"]) == (2, 3)
    assert found["composition"] == {"self": 0.5, "paraphrase": 0, "gold": 0, "dropped": 0, "mine.py": 0.5}


def test_nats_are_summed_over_tokens_of_targets_alone() -> None:
    summary = Summary()
    summary.add(_record("1", _weighed("self", -2.0, 4), _weighed("self", -100.0, 1), targets=(0,)))
    summary.add(_record("2", _weighed("self", -7.0, 2), targets=(0,)))
    summary.add(_record("3", _weighed("gold", -12.0, 4), targets=(0,)))
    summary.add(_record("4", _candidate("gold", True), targets=(0,)))
    found = summary.as_dict()
    assert found["nll_per_token"] == {"self": pytest.approx(9 / 6), "gold": pytest.approx(3)}
    assert found["nll_per_token_all"] == pytest.approx(21 / 10)


kinds = st.lists(st.tuples(st.sampled_from(["self", "paraphrase", "gold", "own.py"]), st.booleans()), max_size=12)


@given(kinds.filter(bool))
def test_shares_sum_to_one(rows: list[tuple[str, bool]]) -> None:
    summary = Summary()
    for i, (source, accepted) in enumerate(rows):
        summary.add(_record(str(i), _candidate(source, accepted), targets=(0,) if accepted else ()))
    assert sum(summary.as_dict()["composition"].values()) == pytest.approx(1)


def test_a_tally_counts_and_names_the_first_twenty() -> None:
    tally = Tally()
    examples = [Example(str(i), [], "g") for i in range(30)]
    tally.add(examples, [Verdict(None, reason="slow") if i % 3 == 0 else Verdict(i % 3 == 1) for i in range(30)])
    tally.add(examples, [Verdict(False)] * 30)
    assert (tally.asked, tally.refused, tally.undecided) == (60, 40, 10)
    assert tally.reasons == {"slow": 10}
    assert tally.refused_ids == [*(str(i) for i in range(2, 30, 3)), *(str(i) for i in range(10))]


def test_a_tally_takes_one_verdict_for_each_example() -> None:
    with pytest.raises(ValueError, match="zip"):
        Tally().add([Example("1", [], "g")], [])
