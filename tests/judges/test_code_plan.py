"""What is read from the tests alone: which names they use as classes, what they use without importing it."""

from __future__ import annotations

import pytest

from s3ft.judges.code.lacking import lacking
from s3ft.judges.code.tests import plan
from s3ft.types import Verdict


@pytest.mark.parametrize(
    ("tests", "classes", "maybe", "makers"),
    [
        ("assert f(2) == 4", "", "", ""),
        ("s = Stack()\ns.push(1)\nassert s.pop() == 1", "Stack", "", ""),
        ("assert Average([1]) == 1", "", "Average", ""),
        ("assert Join(['a']).startswith('a')", "", "Join", ""),
        ("assert f(P(1, 2)) == P(2, 1)", "", "P", "P"),
        ("assert f(pair(1, 2)) == pair(2, 1)", "", "", "pair"),
        ("try:\n    f(1)\nexcept bad:\n    pass", "bad", "", "bad"),
        ("assert isinstance(f(1), node)", "node", "", "node"),
        ("assert (Vector(1, 2) + Vector(3, 4)).x == 4", "Vector", "", ""),
        ("class T:\n    def setUp(s):\n        s.x = Stack()\n    def test(s):\n        s.x.push(1)", "Stack", "", ""),
        ("def stack():\n    s = Stack()\n    yield s\ndef test(stack):\n    stack.push(1)", "Stack", "", ""),
    ],
)
def test_classes_are_known_by_their_use(tests: str, classes: str, maybe: str, makers: str) -> None:
    found = plan({"tests": tests}).roles
    assert [" ".join(names) for names in (found.classes, found.maybe, found.makers)] == [classes, maybe, makers]


def test_modules_that_everybody_knows_are_not_asked_of_the_program() -> None:
    found = plan({"tests": "assert np.allclose(f(2), Decimal(4)) and f(3) == fit(3)"})
    assert dict(found.modules) == {"np": "numpy", "Decimal": "decimal:Decimal"}
    assert found.names == ("f", "fit")


@pytest.mark.parametrize(
    ("reason", "prompt", "told"),
    [
        ("exception: ModuleNotFoundError: No module named 'torch'", "Use torch.", "no torch"),
        ("exception: ModuleNotFoundError: No module named 'torch.nn'", "Use torch.", "no torch"),
        ("exception: ModuleNotFoundError: No module named 'torch'", "Add.", ""),
        ("exception: ModuleNotFoundError: No module named 'numpy'", "Use numpy.", ""),
        ("exception: ModuleNotFoundError: No module named 'json'", "Use json.", ""),
        ("exception: PermissionError: [Errno 13] Permission denied: '/etc/shadow'", "", ""),
        ("exception: OSError: [Errno 30] Read-only file system: 'x'", "", ""),
        ("wrong value: 3", "", ""),
    ],
)
def test_what_the_sandbox_lacks_is_not_the_programs_fault(reason: str, prompt: str, told: str) -> None:
    pytest.importorskip("numpy")
    problem = lacking(Verdict(False, "", reason), plan({"tests": "assert f(1) == 1"}), prompt, ("numpy",))
    assert told in problem
    assert bool(told) == bool(problem)
