"""No object of a program's own decides a test, no program talks itself out of being wrong, and honest ones pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict
from sandbox import cheats, counterparts, honest, honest_shapes, kept, own_word

CHEATS = cheats.CHEATS | own_word.CHEATS | kept.CHEATS
BLAMED = cheats.BLAMED | own_word.BLAMED
HONEST = honest.HONEST | honest_shapes.HONEST | kept.HONEST
PASSES = {name: program for program, names in counterparts.PASSES.items() for name in names}


@pytest.fixture(scope="module")
def ask(tier: str) -> Iterator[judge]:
    found = judge(timeout=1.0, workers=1, isolation=tier, cache=False)
    yield found
    found.close()


def one(ask: judge, case: tuple[str, dict[str, Any]]) -> Verdict:
    return ask([Example("1", [], "", case[1])], [Completion(case[0])])[0]


def test_there_are_enough_of_them() -> None:
    assert len(CHEATS) == len(cheats.CHEATS) + len(own_word.CHEATS) + len(kept.CHEATS) >= 200
    assert len(HONEST) == len(honest.HONEST) + len(honest_shapes.HONEST) + len(kept.HONEST) >= 200


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_not_accepted(ask: judge, name: str) -> None:
    verdict = one(ask, CHEATS[name])
    assert verdict.correct is not True, verdict.reason


def test_every_cheat_has_a_counterpart_or_none_is_possible() -> None:
    assert cheats.CHEATS.keys() == (PASSES.keys() & cheats.CHEATS.keys()) | counterparts.WITHOUT
    assert PASSES.keys() <= CHEATS.keys() - counterparts.WITHOUT


@pytest.mark.parametrize("name", PASSES)
def test_an_honest_program_passes_the_tests_of_a_cheat(ask: judge, name: str) -> None:
    verdict = one(ask, (PASSES[name], CHEATS[name][1]))
    assert verdict.correct is True, verdict.reason


@pytest.mark.parametrize("name", BLAMED)
def test_what_a_program_does_is_blamed_on_it(ask: judge, name: str) -> None:
    verdict = one(ask, BLAMED[name])
    assert verdict.correct is False, verdict.reason


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_passes(ask: judge, name: str) -> None:
    verdict = one(ask, HONEST[name])
    assert verdict.correct is True, verdict.reason


@pytest.mark.parametrize("name", cheats.UNSEEN)
def test_what_the_program_cannot_see_is_not_held_against_it(ask: judge, name: str) -> None:
    verdict = one(ask, cheats.UNSEEN[name])
    assert verdict.correct is None, verdict.reason
    assert verdict.reason.startswith("unsupported: ")


@pytest.mark.parametrize("name", honest_shapes.UNDECIDED)
def test_an_honest_program_is_never_blamed_for_what_only_it_can_say(ask: judge, name: str) -> None:
    verdict = one(ask, honest_shapes.UNDECIDED[name])
    assert verdict.correct is None, verdict.reason


@pytest.mark.parametrize("name", own_word.FAULTS)
def test_what_the_tests_do_wrong_themselves_is_not_the_programs_fault(ask: judge, name: str) -> None:
    verdict = one(ask, own_word.FAULTS[name])
    assert verdict.correct is None, verdict.reason
    assert (
        "the tests fail by themselves" in verdict.reason or "setup fails" in verdict.reason or "parse" in verdict.reason
    )


FOUND = "def find(xs): return -xs[0] / xs[1]\n"
CHECK = {
    "tests": "def check(f):\n    for c in ([1, 2], [3, 4]):\n        s = f(c)\n        assert abs(poly(c, s)) < 1e-4",
    "entry_point": "find",
}
GIVEN = (
    'def poly(xs, x):\n    return sum(c * x**i for i, c in enumerate(xs))\n\ndef find(xs):\n    """A zero of poly."""\n'
)


@pytest.mark.parametrize(
    ("program", "prompt", "correct"),
    [
        (FOUND, GIVEN, True),
        ("def poly(xs, x): return 0\ndef find(xs): return 5\n", GIVEN, False),
        ("def poly(xs, x): return 0\ndef find(xs): return 5\n", "", None),
    ],
)
def test_a_function_that_the_prompt_gives_is_the_prompts(
    ask: judge, program: str, prompt: str, correct: object
) -> None:
    example = Example("1", [{"role": "user", "content": prompt}], "", CHECK)
    (verdict,) = ask([example], [Completion(program)])
    assert verdict.correct is correct, verdict.reason
