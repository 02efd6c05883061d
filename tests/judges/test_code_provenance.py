"""Which of the program's answers are its own word on what it gave, read from the tests alone."""

from __future__ import annotations

import ast

import pytest

from s3ft.judges.code.provenance import Place, provenance

NAMES = frozenset({"f", "g", "close", "Solution", "LIMIT"})


def shown(tests: str, places: list[Place]) -> list[str]:
    """The parts of the tests at the places."""
    nodes = [n for n in ast.walk(ast.parse(tests)) if isinstance(n, ast.expr)]
    found = {(n.lineno, n.col_offset, n.end_lineno, n.end_col_offset): ast.unparse(n) for n in nodes}
    return [found[place] for place in places]


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("assert close(f(2), 5)", ["close(f(2), 5)"]),
        ("r = f(2)\nassert close(r, 5)", ["close(r, 5)"]),
        ("def t(got, want):\n    assert close(got, want)\nt(f(2), 5)", ["close(got, want)"]),
        ("t = lambda got, want: close(got, want)\nassert t(f(2), 5)", ["close(got, want)", "t(f(2), 5)"]),
        ("for n, want in [(1, 2)]:\n    assert close(f(n), want)", ["close(f(n), want)"]),
        ("assert all(close(a, b) for a, b in zip(f(2), [1]))", ["all((close(a, b) for a, b in zip(f(2), [1])))"]),
        ("s = Solution()\nassert s.close(s.f(2), 5)", ["s.close(s.f(2), 5)"]),
        ("assert close(5)(f(2))", ["close(5)(f(2))"]),
        ("assert close(f(2)).to(5)", ["close(f(2)).to(5)"]),
        ("d = close(f(2), 5)\nassert d < 1", ["close(f(2), 5)", "d < 1"]),
        ("assert all(map(close, f(2), [5]))", ["all(map(close, f(2), [5]))", "map(close, f(2), [5])"]),
        ("assert f(f(2), 5) == 7", []),
        ("assert g(f(2)) == 7", []),
        ("def close2(a, b): return a == b\nassert close2(f(2), 5)", []),
        ("assert isinstance(f(2), int) and f(3) == 5", []),
        ("s = Solution()\ns.push(1)\nassert s.has(1)", []),
    ],
)
def test_a_program_that_is_handed_its_result_beside_data_may_be_deciding(tests: str, words: list[str]) -> None:
    found = provenance(ast.parse(tests), NAMES, frozenset({"Solution"}), "")
    assert set(words) <= set(shown(tests, [place for place, _, _ in found.words]))
    assert bool(words) == bool(found.words)


@pytest.mark.parametrize(
    ("tests", "circles"),
    [
        ("a = f(5)\nb = g(7)\nassert a == b", ["a == b"]),
        ("assert f(5) in g(7)", ["f(5) in g(7)"]),
        ("assert f(5) == LIMIT", ["f(5) == LIMIT"]),
        ("assert close(f(5)) is True", ["close(f(5))", "close(f(5)) is True"]),
        ("assert f(5) == 4", []),
        ("assert f(5) is True", []),
        ("assert f(Solution(1)) == Solution(2)", []),
    ],
)
def test_what_holds_the_program_against_itself_is_known(tests: str, circles: list[str]) -> None:
    found = provenance(ast.parse(tests), NAMES, frozenset({"Solution"}), "")
    assert sorted(shown(tests, list(found.circles))) == sorted(circles)


def test_what_the_tests_are_for_may_answer_about_the_results_of_others() -> None:
    tree = ast.parse("assert close(f(2), 5)")
    assert provenance(tree, NAMES, frozenset(), "close", "close").words == ()


def test_lines_without_a_part_of_the_programs_are_the_tests_own() -> None:
    tests = "x = 5\ny = f(x)\nz = y + 1\nif y:\n    w = 4\nraise ValueError\ndef t():\n    v = 3\n"
    assert provenance(ast.parse(tests), NAMES, frozenset(), "").foreign == (1, 8)
