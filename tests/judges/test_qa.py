"""The reading-comprehension judge: verdicts on classes of answers, options, and input that should cost no time."""

import time
from pathlib import Path
from typing import Any

import pytest

from judges.qa_asserted_cases import ASSERTED, NOT_ASSERTED
from judges.qa_cases import CASES
from s3ft import judges
from s3ft.judges.qa import published
from s3ft.judges.qa import text as words
from s3ft.judges.qa.features import FEATURES
from s3ft.judges.qa.judge import judge
from s3ft.judges.qa.weights import WEIGHTS
from s3ft.types import Completion, Example, UserError, Verdict


def _verdict(completion: str, reference: Any, question: str = "", **options: Any) -> Verdict:
    example = Example("1", [{"role": "user", "content": question}], "", reference)
    return judge(**options)([example], [Completion(completion)])[0]


RIGHT = [
    ("Who voiced Aladdin?", ["Scott Weinger"], "Scott Weinger"),
    ("Who voiced Aladdin?", ["Scott Weinger"], "Aladdin was voiced by the actor Scott Weinger in the film of 1992."),
    ("Who voiced Aladdin?", ["Scott Weinger"], "Weinger"),
    ("who was it", ["J. R. R. Tolkien"], "It was written by J.R.R. Tolkien."),
    ("who was it", ["U.S. President John F. Kennedy"], "The speech was given by President John F. Kennedy."),
    ("who played him", ["Hugo Weaving"], "In the film he was played byHugo Weavingin 201612."),
    ("when did it open", ["1961"], "The first line was opened back in19611."),
    ("when did it open", ["July 1, 1967"], "It opened on 1 July 1967, on a Saturday."),
    ("when did it open", ["22 July 1947", "15 August 1947"], "It was adopted on July 22nd, 1947 by the Assembly."),
    ("how many are there", ["Twenty-seven"], "There have been 27 amendments."),
    ("how many are there", ["27"], "There have been twenty seven amendments."),
    ("how many people live there", ["1,600"], "About 1600 people live there."),
    ("which war was it", ["World War II"], "That was during World War 2."),
    ("which queen", ["Elizabeth I"], "It was Queen Elizabeth I of England."),
    ("which queen", ["Elizabeth II"], "elizabeth ii"),
    ("computer based models of real life are called", ["Computer simulations"], "They are called simulations."),
    ("what breed", ["Collie (Rough)", "Rough Collie"], "Lassie was a Rough Collie."),
    ("name one of the two", ["(John) EHRLICHMANN or (Bob) HALDEMAN"], "One of them was Haldeman."),
    ("who painted it", ["Édouard Manet"], "It was painted by Edouard Manet."),
    ("what is the band", ["Needtobreathe"], "The song is by the band Need To Breathe."),
    ("which country", ["the United States"], "It is the USA."),
    ("which country", ["United Kingdom"], "the UK"),
    ("which agency", ["NASA"], "It was the National Aeronautics and Space Administration."),
    ("which body", ["World Health Organization"], "That is the WHO's task."),
    ("when", ["the 1990s"], "in the early '90s"),
    ("how is it sent", ["e-mail"], "by email"),
    ("how much", ["$2.5 million"], "It cost 2.5 million dollars."),
    ("what does it do", ["tubers"], "It stores food in a tuber."),
    ("首都はどこですか", ["東京"], "日本の首都は東京です。"),
]
WRONG = [
    ("Who voiced Aladdin?", ["Scott Weinger"], "Robin Williams"),
    ("Who voiced Aladdin?", ["Scott Weinger"], "Aladdin was voiced by Scott Menville."),
    ("Who voiced Aladdin?", ["Scott Weinger"], "Scott"),
    ("Who voiced Aladdin?", ["Scott Weinger"], "It was not Scott Weinger."),
    ("Who voiced Aladdin?", ["Scott Weinger"], "Robin Williams, rather than Scott Weinger."),
    ("Who voiced Aladdin?", ["Scott Weinger"], "Aladdin"),
    ("who voiced him", ["scott weinger"], "scott menville"),
    ("who voiced him", ["scott weinger"], "It was Scott Menville."),
    ("when did it open", ["1961"], "It opened in 1962."),
    ("when did it open", ["July 1, 1967"], "It opened on July 1, 1968."),
    ("when did it open", ["July 1, 1967"], "July 2, 1967"),
    ("how many are there", ["27"], "There are 33 of them."),
    ("how many are there", ["27"], "There are 270 of them."),
    ("who wrote it", ["Charlotte Brontë"], "Emily Brontë"),
    ("who was it", ["Barack Obama"], "Michelle Obama"),
    ("what gas is it", ["carbon dioxide"], "carbon monoxide"),
    ("which part", ["the left ventricle"], "It is the right ventricle of the heart."),
    ("how much", ["$2.5 million"], "It cost 2.5 billion dollars."),
    ("which colours", ["blue and white"], "blue"),
    ("which body", ["World Health Organization"], "the World Trade Organization"),
    ("which country", ["Niger"], "Nigeria"),
    ("which country", ["Austria"], "Australia"),
    ("which country", ["Iran"], "It is Iraq."),
    ("which war was it", ["World War II"], "World War I"),
    ("which war was it", ["World War I"], "It was World War II."),
    ("which queen", ["Elizabeth I"], "Queen Elizabeth II"),
    ("which king", ["George V"], "It was King George VI."),
    ("what is the capital", ["Paris"], "I'm sorry, but I could not find any information about the capital."),
    ("what is the capital of France", ["Paris"], "The capital of France is a large city."),
]


@pytest.mark.parametrize(("question", "reference", "completion"), RIGHT)
def test_right_answers_are_accepted(question: str, reference: list[str], completion: str) -> None:
    found = _verdict(completion, reference, question)
    assert found.correct is True, found


@pytest.mark.parametrize(("question", "reference", "completion"), WRONG)
def test_wrong_answers_are_refused(question: str, reference: list[str], completion: str) -> None:
    found = _verdict(completion, reference, question)
    assert found.correct is False, found
    assert found.reason


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, cases in ASSERTED.items() for case in cases])
def test_an_answer_that_is_asserted_is_accepted(kind: str, case: tuple[str, list[str], str]) -> None:
    question, reference, completion = case
    found = _verdict(completion, reference, question)
    assert found.correct is True, (kind, found)


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, cases in NOT_ASSERTED.items() for case in cases])
def test_an_answer_that_is_only_mentioned_is_not_accepted(kind: str, case: tuple[str, list[str], str]) -> None:
    question, reference, completion = case
    found = _verdict(completion, reference, question)
    assert found.correct is False, (kind, found)


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, cases in CASES.items() for case in cases])
def test_hard_answers(kind: str, case: tuple[str, list[str], str, bool]) -> None:
    question, reference, completion, correct = case
    found = _verdict(completion, reference, question)
    assert found.correct is correct, (kind, found)


@pytest.mark.parametrize(
    "completion",
    [
        "unanswerable",
        "Unanswerable.",
        "The passage does not mention who built it.",
        "The passage doesn't say.",
        "It is not stated in the text.",
        "This question cannot be answered from the passage. The passage is about trains.",
        "I'm sorry, but there is no information about that.",
        "There is not enough information to tell.",
        "The text mentions a bridge, but it does not answer the question, so I cannot determine it.",
        "I don’t know.",
    ],
)
def test_abstaining_is_right_where_there_is_no_answer_and_wrong_where_there_is(completion: str) -> None:
    assert _verdict(completion, ["unanswerable"], "who built it").correct is True
    assert _verdict(completion, ["Isambard Brunel"], "who built it").correct is False


@pytest.mark.parametrize(
    "completion",
    [
        "Isambard Brunel",
        "It was built by Brunel, who was not known for haste.",
        "The passage does not mention it. However, it was built by Brunel.",
        "The text does not say who built it, but it was Brunel.",
        "It was not given a name until 1850.",
    ],
)
def test_an_answer_is_wrong_where_there_is_none(completion: str) -> None:
    assert _verdict(completion, ["unanswerable"], "who built it").correct is False


@pytest.mark.parametrize(
    ("completion", "references", "correct"),
    [
        ("It controlled Australia, but the answer is not provided. The passage does not say.", ["Australia"], False),
        ("I could not find any information about Paris.", ["Paris"], False),
        ("The passage does not name it, but it is Paris.", ["Paris"], True),
        ("None", ["None", "no one"], True),
    ],
)
def test_who_abstains_gives_no_answer(completion: str, references: list[str], correct: bool) -> None:
    assert _verdict(completion, references, "which place").correct is correct


def test_unanswerable_may_stand_beside_an_answer() -> None:
    both = ["unanswerable", "1850"]
    assert _verdict("It was in 1850.", both, "when").correct is True
    assert _verdict("unanswerable", both, "when").correct is True
    assert _verdict("It was in 1851.", both, "when").correct is False


@pytest.mark.parametrize(
    ("completion", "reference", "correct"),
    [
        ("Yes, it was built there.", "yes", True),
        ("No, it was not.", "yes", False),
        ("no", ["No."], True),
        ("It was built in Spain. So the answer is no.", "no", True),
        ("It was built there.", "yes", None),
        ("No Country for Old Men", "No Country for Old Men", True),
    ],
)
def test_yes_and_no(completion: str, reference: Any, correct: bool | None) -> None:
    assert _verdict(completion, reference).correct is correct


def test_what_stands_behind_answer_counts() -> None:
    text = "The passage names Robin Williams and Scott Weinger.\n\n**Answer:** Robin Williams"
    assert _verdict(text, ["Scott Weinger"], "Who voiced Aladdin?").correct is False
    assert _verdict(text, ["Robin Williams"], "Who voiced Aladdin?").correct is True


def test_a_passage_in_the_prompt_is_not_taken_for_the_question() -> None:
    passage = "Aladdin is a film. Aladdin was voiced by the actor Scott Weinger, then seventeen years old. " * 8
    for prompt in (f"{passage}\n\nQuestion: Who voiced him?", f"{passage}\nWho voiced him?", f"{passage}\nName him."):
        assert _verdict("He was voiced by Scott Menville.", ["Scott Weinger"], prompt).correct is False
        assert _verdict("He was voiced by Scott Weinger.", ["Scott Weinger"], prompt).correct is True


@pytest.mark.parametrize("reference", [[], None, 3, {"a": 1}, ["a", 2], "", ["", " "]])
def test_a_reference_that_cannot_be_read_is_no_verdict(reference: Any) -> None:
    found = _verdict("Paris", reference)
    assert found.correct is None
    assert "reference is" in found.reason


def test_nothing_is_wrong() -> None:
    assert _verdict(" \n", ["Paris"]) == Verdict(False, "", "empty")


def test_published_measures_are_squads() -> None:
    assert published.normalized("The  Cat's, a hat!") == "cats hat"
    assert published.f1("the cat sat on a mat", "a cat on the mat today") == pytest.approx(2 * 3 / (4 + 4))
    assert published.f1("", "the") == 1.0
    assert published.exact("The Cat", "cat.") == 1.0
    assert published.contains("it is the cat food", "cat") == 1.0
    assert published.contains("concatenate", "cat") == 1.0
    assert published.contains("the cart", "cat") == 0.0
    assert published.contains("anything", "!") == 0.0


@pytest.mark.parametrize(
    ("match", "threshold", "correct"),
    [("exact", None, False), ("contains", None, True), ("f1", None, False), ("f1", 0.3, True), ("scored", None, True)],
)
def test_measures_are_options(match: str, threshold: float | None, correct: bool) -> None:
    text = "It was the actor Scott Weinger in the film"
    assert _verdict(text, "Scott Weinger", "who", match=match, threshold=threshold).correct is correct


def test_a_higher_bar_is_stricter() -> None:
    text, gold = "Weinger", ["Scott Weinger"]
    assert _verdict(text, gold, "who").correct is True
    assert _verdict(text, gold, "who", threshold=6.0).correct is False


def test_every_feature_has_a_fitted_weight() -> None:
    assert list(WEIGHTS) == list(FEATURES)


def test_a_verdict_carries_its_score() -> None:
    right, wrong = _verdict("Scott Weinger", ["Scott Weinger"], "who"), _verdict("Menville", ["Scott Weinger"], "who")
    assert right.score is not None
    assert wrong.score is not None
    assert right.score > 0 > wrong.score
    assert f"score {right.score:.2f}" in right.reason
    assert _verdict("a cat", ["the cat"], match="f1").score == pytest.approx(1.0)


def test_a_band_of_scores_is_undecided() -> None:
    text, gold = "It was Weinger", ["Scott Weinger"]
    score = _verdict(text, gold, "who").score
    assert score is not None
    for band, correct in (([score - 1, score + 1], None), ([score, score + 1], None), ([score - 1, score], True)):
        assert _verdict(text, gold, "who", undecided=band).correct is correct
    assert _verdict("Scott Weinger", gold, "who", undecided=[-1.0, 0.1]).correct is True
    assert _verdict("Robin Williams", gold, "who", undecided=[-1.0, 0.1]).correct is False


def test_the_next_judge_is_asked_if_the_score_is_undecided(tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(
        "from s3ft.types import Verdict\n\ndef judge(example, completion):\n    return Verdict(False, reason='asked')\n"
    )
    chain = judges.load({"first": [{"name": "qa", "undecided": [-50, 50]}, str(other)]})
    example = Example("1", [{"role": "user", "content": "who"}], "", ["Scott Weinger"])
    found = chain([example], [Completion("Scott Weinger")])[0]
    assert found.correct is False
    assert "asked" in found.reason


@pytest.mark.parametrize("band", [3, [1], [1, 0], ["a", 1], [True, 2], [0, float("nan")]])
def test_a_band_that_cannot_be_read_is_named(band: Any) -> None:
    with pytest.raises(UserError, match=r"undecided is .*expected two numbers"):
        judges.load({"name": "qa", "undecided": band})


def test_wrong_options_are_named() -> None:
    with pytest.raises(UserError, match="did you mean 'exact'"):
        judges.load({"name": "qa", "match": "exakt"})
    with pytest.raises(UserError, match="threshold is 'high', expected a number"):
        judges.load({"name": "qa", "threshold": "high"})


@pytest.mark.parametrize(
    "text",
    [
        "Hugo was the man " * 600_000,
        "\nanswer: " * 1_000_000,
        "does not the " * 800_000,
        "(" * 10**7,
        "e\u0301" * 5_000_000,
    ],
)
def test_ten_megabytes_take_no_time(text: str) -> None:
    begun = time.monotonic()
    assert _verdict(text, ["Hugo Weaving", "unanswerable"], "who").correct is False
    assert time.monotonic() - begun < 5


def test_hostile_prompts_and_references_take_no_time() -> None:
    begun = time.monotonic()
    _verdict("a b", ["( " * 20_000 + " or " * 20_000, "a/" * 50_000, " " * 10**6 + "x"], "? " * 10**5 + "x" * 10**6)
    assert time.monotonic() - begun < 5


def test_words_are_read_as_people_read_them() -> None:
    assert [w for w, _ in words.tokens("The U.S. fleet's 1,600 men, on the 22nd of Feb.")] == [
        *("us", "fleet", "1600", "men", "on", "22", "of", "february")
    ]
    assert words.stem("studies") == words.stem("study")
    assert words.is_near("johann", "johannes")
    assert not words.is_near("niger", "nigeria")
