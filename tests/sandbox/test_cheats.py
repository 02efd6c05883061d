"""No object of a program's own decides a test, no program talks itself out of being wrong, and honest ones pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict
from sandbox import cheats, honest


@pytest.fixture(scope="module")
def ask(tier: str) -> Iterator[judge]:
    found = judge(timeout=1.0, workers=1, isolation=tier, cache=False)
    yield found
    found.close()


def one(ask: judge, case: tuple[str, dict[str, Any]]) -> Verdict:
    return ask([Example("1", [], "", case[1])], [Completion(case[0])])[0]


def test_there_are_enough_of_them() -> None:
    assert len(cheats.CHEATS) >= 60
    assert len(honest.HONEST) >= 60


@pytest.mark.parametrize("name", cheats.CHEATS)
def test_a_cheat_is_not_accepted(ask: judge, name: str) -> None:
    verdict = one(ask, cheats.CHEATS[name])
    assert verdict.correct is not True, verdict.reason


@pytest.mark.parametrize("name", cheats.BLAMED)
def test_what_a_program_does_is_blamed_on_it(ask: judge, name: str) -> None:
    verdict = one(ask, cheats.BLAMED[name])
    assert verdict.correct is False, verdict.reason


@pytest.mark.parametrize("name", honest.HONEST)
def test_an_honest_program_passes(ask: judge, name: str) -> None:
    verdict = one(ask, honest.HONEST[name])
    assert verdict.correct is True, verdict.reason


@pytest.mark.parametrize("name", cheats.UNSEEN)
def test_what_the_program_cannot_see_is_not_held_against_it(ask: judge, name: str) -> None:
    verdict = one(ask, cheats.UNSEEN[name])
    assert verdict.correct is None, verdict.reason
    assert verdict.reason.startswith("unsupported: ")
