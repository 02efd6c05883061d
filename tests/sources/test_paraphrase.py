"""The sources: what each asks the model, and what the filter of paraphrases keeps out."""

import time

import pytest

from s3ft.sources import gold, paraphrase, self
from s3ft.types import Completion, Example

EGGS = (
    "Janet's ducks lay 16 eggs a day. She eats three, bakes with four and sells the rest for $2 each. How much a day?"
)
WORKED = (
    "She eats and bakes with 3 + 4 = 7 eggs.\nSo she sells 16 - 7 = 9 eggs.\nShe makes 9 * 2 = 18 dollars.\n#### 18"
)
FINE = (
    "Three and four eggs are used, that is 7. Out of 16, 9 remain. At $2 each she earns 9 * 2 = 18. The answer is 18."
)
PROGRAM = """[[BEGIN]]
def first_even(numbers):
    found = None
    for number in numbers:
        if number % 2 == 0:
            found = number
            break
    return found
[[DONE]]"""
LONG_TEXT = (
    "The bridge was opened in 1932 after eight years of work by some fourteen hundred people, and it has carried "
    "trains, cars and walkers across the harbour ever since."
)


def _filtered(completion: str, answer: str = WORKED, prompt: str = EGGS, raw: str = "") -> str:
    return paraphrase.source.filter(
        Example("a", [{"role": "user", "content": prompt}], answer), Completion(completion, raw)
    )


META = [
    "According to the reference, she sells nine eggs.",
    "The reference answer says 18.",
    "As the reference solution shows, nine eggs are left.",
    "Your reference is right: 18.",
    "Based on the provided reference, she makes 18 dollars.",
    "Here is my response:",
    "Here's my own version of it.",
    "This is your response.",
    "Sure! In my own words:",
    "Here is the answer in your own words.",
    "My paraphrase of it follows.",
    "Here is a rephrased solution.",
    "Paraphrased answer:",
    "Rewritten response:",
    "A paraphrase of the text:",
    "Using the guide, we find it step by step.",
    "The given answer is right.",
    "As the provided solution says, she bakes with four.",
    "Now it's your turn.",
    "Here is my own step-by-step solution:",
    "Here is my own explanation.",
    "Following the solution above, nine are left.",
    "According to the correct solution, nine are left.",
    "This matches the answer provided.",
    "As shown in the above solution, she uses seven.",
    "Guided by the example answer:",
    "Based on the reference code, a loop is enough.",
]


@pytest.mark.parametrize("talk", META)
def test_talk_about_the_reference_is_filtered(talk: str) -> None:
    assert _filtered(f"{talk}\n{FINE}") == "mentions the reference"
    assert _filtered(f"{FINE[:-18]} {talk.upper()} The answer is 18.") == "mentions the reference"


@pytest.mark.parametrize("talk", META)
def test_the_same_words_are_fine_where_the_task_speaks_so_itself(talk: str) -> None:
    assert _filtered(f"{talk}\n{FINE}", prompt=f"{EGGS}\nHint:   {talk}") == ""
    assert _filtered(f"{talk}\n{FINE}", answer=f"{talk}\n{WORKED}") == ""


def test_a_system_prompt_or_an_earlier_turn_is_the_task_too() -> None:
    turns = [{"role": "system", "content": "Quote the reference text."}, {"role": "user", "content": EGGS}]
    example = Example("a", turns, WORKED)
    assert paraphrase.source.filter(example, Completion(f"The reference text says so. {FINE}")) == ""


def test_talk_in_thoughts_is_talk() -> None:
    thoughts = "<think>The reference answer gives 18, so I should get there.</think>"
    assert _filtered(FINE, raw=thoughts + FINE) == "mentions the reference"
    assert _filtered(FINE, raw=f"<think>7 eggs are gone.</think>{FINE}") == ""


@pytest.mark.parametrize(
    "text",
    [
        "The tagline is a reference to a monologue in the film, which was made in 1996 and shown widely.",
        "Angles are measured from the reference point at the centre. The reference angle is 30 degrees, so we add 45.",
        "In the reference frame of the train, the ball falls straight down, since both move at the same speed.",
        "The function returns a reference to the list, so the reference count goes up by one for each caller.",
        "Her response was quick: she sold nine eggs, and his version of the story does not change that number.",
        "Following the river, they walked 3 miles; following the road, they walked 5, so the road is longer.",
        "Based on the price per egg, nine eggs bring 18 dollars, which matches the sum in her notes exactly.",
        "She thought about the answer for long. Finally she said it was nine, because seven of them were gone.",
        "The solution is heated to 80 degrees, and the salt provided dissolves in it within some ten minutes.",
        "In other words, nine eggs are left over, and at two dollars each they bring eighteen dollars a day.",
        "The immune response begins within hours; the first response is unspecific, and the second is learnt.",
    ],
)
def test_ordinary_words_are_no_talk_about_the_reference(text: str) -> None:
    assert _filtered(text, answer="Something of the kind is so.\nIt has been shown by others, too.") == ""


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        (WORKED, WORKED),
        (f"  {WORKED.upper()}\n", WORKED),
        (WORKED.replace("\n", "  "), WORKED),
        (LONG_TEXT, LONG_TEXT),
        (LONG_TEXT.replace("some", "about"), LONG_TEXT),
        (LONG_TEXT.replace(".", "!").replace(",", ";"), LONG_TEXT),
        (PROGRAM, PROGRAM),
        (PROGRAM.replace("    ", "\t"), PROGRAM),
        ("Paris.", "Paris"),
        ("42", "42"),
    ],
)
def test_a_copy_of_the_gold_is_filtered(completion: str, answer: str) -> None:
    assert _filtered(completion, answer) == "copies the gold"


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        (FINE, WORKED),
        (
            "For eight years about fourteen hundred people worked on it before it opened in 1932. Ever since, walkers, "
            "cars and trains have crossed the harbour on it.",
            LONG_TEXT,
        ),
        ("[[BEGIN]]\ndef first_even(xs):\n    return next((x for x in xs if x % 2 == 0), None)\n[[DONE]]", PROGRAM),
        ("[[BEGIN]]\nfirst_even = lambda xs: ([x for x in xs if not x % 2] or [None])[0]\n[[DONE]]", PROGRAM),
        (PROGRAM.replace("number", "n").replace("found", "hit").replace("break", "return hit"), PROGRAM),
        ("def square(x):\n    return x ** 2", "def square(x):\n    y = x * x\n    return y"),
        ("It is Paris.", "Paris"),
        ("The capital of France is Paris.", "Paris"),
        ("She earns 42.", "42"),
        (
            "Spielberg made it; it came out in 1993.",
            "The film was directed by Steven Spielberg and released in June 1993.",
        ),
        ("Yes.", "Yes, it is, as far as anybody has been able to tell until today."),
        ("Robert Pirsig wrote it.", "It was written by Robert M. Pirsig, and it came out in the spring of 1974"),
        ("They are in Missouri.", "They live in St. Louis, Missouri, in the United States of America"),
    ],
)
def test_other_words_for_the_same_are_fine(completion: str, answer: str) -> None:
    assert _filtered(completion, answer) == ""


@pytest.mark.parametrize(
    "completion",
    [
        "18",
        "$18",
        "The answer is 18.",
        "**Answer:** 18",
        "So, the final answer is 18 dollars.",
        "Therefore, the answer to the question of how much she makes a day is 18.",
        "#### 18",
        "\\boxed{18}",
        "$$\\boxed{18}$$",
        "She makes 18 dollars a day.",
        "Eighteen dollars.\nThe answer is 18.",
    ],
)
def test_a_bare_answer_is_filtered_out_where_the_gold_shows_work(completion: str) -> None:
    assert _filtered(completion) == "shows no work"


@pytest.mark.parametrize(
    "completion",
    [
        "She sells 16 - 3 - 4 = 9 eggs and makes 9 * 2 = 18 dollars, so the answer is 18.",
        "To find the answer, subtract 3 and 4 from 16 and multiply the 9 that are left by 2, which gives 18.",
        "The answer is 18. She has 16 eggs, uses 7 of them, sells the other 9, and gets 2 dollars for each.",
        "Answer: 18\n\nShe has 16 eggs, uses 7, sells 9, and gets 2 dollars for each.",
        "9 eggs are left (16 - 3 - 4 = 9), so 9 * 2 = \\boxed{18}",
        "16 - 3 - 4 = 9\n9 * 2 = 18\nThe answer is 18",
        "1. 3 + 4 = 7\n2. 16 - 7 = 9\n3. 9 * 2 = 18\n\n**The answer is 18.**",
        "7 eggs are used. 9 eggs are sold. 9 * 2.0 = 18.0. The answer is 18.0.",
    ],
)
def test_short_work_is_work(completion: str) -> None:
    assert _filtered(completion) == ""


def test_the_request_holds_the_whole_conversation_the_gold_and_the_row_s_own_fields() -> None:
    before = [
        {"role": "system", "content": "s {gold}"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
    ]
    example = Example(
        "a",
        [*before, {"role": "user", "content": "do {gold}", "name": "n"}],
        "GOLD {prompt}",
        meta={"tests": "T", "gold": "x"},
    )
    assert paraphrase.ask(example, "{prompt}|{gold}|{tests}|{none} {answer}") == [
        *before,
        {"role": "user", "content": "do {gold}|GOLD {prompt}|T|{none} {answer}", "name": "n"},
    ]


def test_the_default_request_has_prompt_and_gold_and_no_field_left() -> None:
    (turn,) = paraphrase.ask(Example("a", [{"role": "user", "content": EGGS}], WORKED), paraphrase.PROMPT)
    assert turn["content"].startswith(EGGS)
    assert WORKED in turn["content"]
    assert "{" not in turn["content"]


def test_a_self_answer_is_asked_for_with_the_prompt_alone_and_gold_is_not_asked_for() -> None:
    example = Example("a", [{"role": "user", "content": EGGS}], WORKED)
    assert self.source.ask is not None
    assert self.source.ask(example, "{prompt} {gold}") == example.prompt
    assert self.source.filter(example, Completion("my response to the reference")) == ""
    assert gold.source.ask is None
    assert self.source.answers_prompt
    assert not paraphrase.source.answers_prompt


@pytest.mark.parametrize(
    "piece", ["so the answer ", "the reference ", "following the ", "a. ", "answer ", " ", "\n", "#### ", "so "]
)
def test_a_completion_that_runs_in_circles_takes_no_time(piece: str) -> None:
    begun = time.process_time()
    _filtered(piece * 20_000)
    _filtered(piece * 2000, answer="so " * 2000 + "= 3.\n4")
    assert time.process_time() - begun < 3
