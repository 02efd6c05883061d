# ruff: noqa: E501  (programs and tests in tables)
"""Tests written for unittest and pytest: right programs, wrong ones, and programs that attack the runner."""

from __future__ import annotations

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict

RIGHT = "def root(n):\n    if n < 0:\n        raise ValueError('negative: ' + str(n))\n    return n ** 0.5\n"


def one(ask: judge, text: str, tests: str) -> Verdict:
    return ask([Example("1", [], "", {"tests": tests, "entry_point": "root"})], [Completion(text)])[0]


def case(body: str, head: str = "import unittest\n", tail: str = "") -> str:
    return f"{head}class TestRoot(unittest.TestCase):\n" + "".join(f"    {line}\n" for line in body.split("\n")) + tail


MAIN = "if __name__ == '__main__':\n    unittest.main()\n"
UNITTEST: dict[str, str] = {
    "assertEqual": case("def test_a(self):\n    self.assertEqual(root(4), 2)\n    self.assertNotEqual(root(4), 3)"),
    "assertAlmostEqual": case(
        "def test_a(self):\n    self.assertAlmostEqual(root(2), 1.41421356, places=6)\n    self.assertAlmostEqual(root(2), 1.4, delta=0.1)"
    ),
    "assertTrue": case(
        "def test_a(self):\n    self.assertTrue(root(4) == 2)\n    self.assertFalse(root(4) > 2)\n    self.assertIsInstance(root(4), float)"
    ),
    "assertRaises": case(
        "def test_a(self):\n    self.assertRaises(ValueError, root, -1)\n    with self.assertRaises(ValueError):\n        root(-1)"
    ),
    "the exception": case(
        "def test_a(self):\n    with self.assertRaises(ValueError) as context:\n        root(-2)\n    self.assertIn('-2', str(context.exception))\n    with self.assertRaisesRegex(ValueError, 'neg.*'):\n        root(-1)"
    ),
    "setUp": case(
        "def setUp(self):\n    self.n = 9\ndef tearDown(self):\n    del self.n\ndef test_a(self):\n    self.assertEqual(root(self.n), 3)"
    ),
    "setUpClass": case(
        "@classmethod\ndef setUpClass(cls):\n    cls.n = 16\n@classmethod\ndef tearDownClass(cls):\n    cls.n = None\ndef test_a(self):\n    self.assertEqual(root(self.n), 4)"
    ),
    "subTest": case(
        "def test_a(self):\n    for n, want in ((4, 2), (9, 3)):\n        with self.subTest(n=n):\n            self.assertEqual(root(n), want)"
    ),
    "a main block": case("def test_a(self):\n    self.assertEqual(root(4), 2)", tail=MAIN),
    "unittest.main()": case(
        "def test_a(self):\n    self.assertEqual(root(4), 2)", tail="unittest.main(argv=[''], exit=False)\n"
    ),
    "an import of the program": case(
        "def test_a(self):\n    self.assertEqual(root(4), 2)", "import unittest\nfrom solution import root\n", MAIN
    ),
    "an import of everything": case(
        "def test_a(self):\n    self.assertEqual(root(4), 2)",
        "from unittest import TestCase\nimport unittest\nfrom main import *\n",
    ),
    "the program's module": case(
        "def test_a(self):\n    self.assertEqual(solution.root(4), 2)", "import unittest\nimport solution\n"
    ),
    "an alias": case(
        "def test_a(self):\n    self.assertEqual(r(4), 2)", "import unittest\nfrom your_module import root as r\n"
    ),
    "an import by the name of the function": case(
        "def test_a(self):\n    self.assertEqual(root(4), 2)", "import unittest\nfrom roots_of_numbers import root\n"
    ),
    "TestCase by its name": "from unittest import TestCase, main\nclass Checks(TestCase):\n    def test_a(self):\n        self.assertEqual(root(4), 2)\n",
    "two classes": case("def test_a(self):\n    self.assertEqual(root(4), 2)")
    + "class TestMore(unittest.TestCase):\n    def test_b(self):\n        self.assertEqual(root(9), 3)\n",
    "a base class": "import unittest\nclass Base(unittest.TestCase):\n    n = 4\n    def check(self):\n        self.assertEqual(root(self.n), self.n ** 0.5)\nclass TestIt(Base):\n    n = 9\n    def test_a(self):\n        self.check()\n",
    "plain asserts": case("def test_a(self):\n    assert root(4) == 2"),
    "a skipped test": case(
        "@unittest.skip('slow')\ndef test_a(self):\n    self.assertEqual(root(4), 3)\ndef test_b(self):\n    self.assertEqual(root(4), 2)\ndef test_c(self):\n    self.skipTest('later')\n    self.fail()"
    ),
    "lists and dicts": case(
        "def test_a(self):\n    self.assertListEqual([root(1), root(4)], [1, 2])\n    self.assertDictEqual({'a': root(4)}, {'a': 2})\n    self.assertCountEqual([root(4), root(1)], [1, 2])"
    ),
    "the program with itself, too": case(
        "def test_a(self):\n    self.assertEqual(root(4), root(4))\n    self.assertEqual(root(4), 2, 'four')"
    ),
    "unittest without an import": case("def test_a(self):\n    self.assertEqual(root(4), 2)", ""),
    "clean-ups": case(
        "def test_a(self):\n    self.addCleanup(lambda: None)\n    self.assertLess(root(4), 2.1)\n    self.assertIsNone(None)"
    ),
}
PYTEST: dict[str, str] = {
    "functions": "def test_a():\n    assert root(4) == 2\ndef test_b():\n    assert root(9) == 3\n",
    "functions, imported": "from solution import root\ndef test_a():\n    assert root(4) == 2\n",
    "raises": "import pytest\ndef test_a():\n    with pytest.raises(ValueError):\n        root(-1)\n",
    "raises, matched": "import pytest\ndef test_a():\n    with pytest.raises(ValueError, match=r'neg.*-3') as info:\n        root(-3)\n    assert '-3' in str(info.value)\n    assert info.type is ValueError\n",
    "raises, called": "import pytest\ndef test_a():\n    pytest.raises(ValueError, root, -1)\n",
    "raises one of several": "from pytest import raises\ndef test_a():\n    with raises((TypeError, ValueError)):\n        root(-1)\n",
    "parametrize": "import pytest\n@pytest.mark.parametrize('n, want', [(4, 2), (9, 3)])\ndef test_a(n, want):\n    assert root(n) == want\n",
    "parametrize, names in a list": "import pytest\n@pytest.mark.parametrize(['n', 'want'], [[4, 2], pytest.param(9, 3, id='nine')], ids=['a', 'b'])\ndef test_a(n, want):\n    assert root(n) == want\n",
    "parametrize, one name": "import pytest\n@pytest.mark.parametrize('n', [1, 4, 9])\ndef test_a(n):\n    assert root(n) ** 2 == n\n",
    "parametrize twice": "import pytest\n@pytest.mark.parametrize('n', [4, 9])\n@pytest.mark.parametrize('k', [1, 2])\ndef test_a(n, k):\n    assert root(n) * k == n ** 0.5 * k\n",
    "approx": "import pytest\ndef test_a():\n    assert root(2) == pytest.approx(1.41421356)\n    assert [root(2)] == pytest.approx([1.4142], abs=1e-3)\n    assert {'x': root(2)} == pytest.approx({'x': 1.414}, rel=1e-3)\n    assert root(4) != pytest.approx(2.1)\n",
    "approx on the left": "from pytest import approx\ndef test_a():\n    assert approx(1.41421356) == root(2)\n",
    "a fixture": "import pytest\n@pytest.fixture\ndef n():\n    return 4\ndef test_a(n):\n    assert root(n) == 2\n",
    "a fixture that yields": "import pytest\nseen = []\n@pytest.fixture()\ndef n():\n    seen.append('up')\n    yield 4\n    seen.append('down')\ndef test_a(n):\n    assert root(n) == 2\ndef test_b():\n    assert seen == ['up', 'down'] and root(1) == 1\n",
    "a fixture of a fixture": "import pytest\n@pytest.fixture\ndef a():\n    return 2\n@pytest.fixture(name='n')\ndef make_n(a):\n    return a * a\ndef test_a(n, a):\n    assert root(n) == a\n",
    "a fixture with parameters": "import pytest\n@pytest.fixture(params=[(4, 2), (9, 3)])\ndef pair(request):\n    return request.param\ndef test_a(pair):\n    assert root(pair[0]) == pair[1]\n",
    "a fixture for all": "import pytest\nx = {}\n@pytest.fixture(autouse=True)\ndef prepared():\n    x['n'] = 4\ndef test_a():\n    assert root(x['n']) == 2\n",
    "a fixture of a module": "import pytest\ncount = []\n@pytest.fixture(scope='module')\ndef n():\n    count.append(1)\n    return 4\ndef test_a(n):\n    assert root(n) == 2\ndef test_b(n):\n    assert root(n) == 2 and len(count) == 1\n",
    "a class": "class TestRoot:\n    def test_a(self):\n        assert root(4) == 2\n    def helper(self):\n        assert False\n",
    "a class with a set-up": "class TestRoot:\n    def setup_method(self):\n        self.n = 4\n    def test_a(self):\n        assert root(self.n) == 2\n",
    "a class with parameters": "import pytest\nclass TestRoot:\n    @pytest.fixture\n    def two(self):\n        return 2\n    @pytest.mark.parametrize('n', [4])\n    def test_a(self, n, two):\n        assert root(n) == two\n",
    "marks": "import pytest\n@pytest.mark.slow\ndef test_a():\n    assert root(4) == 2\n@pytest.mark.skip(reason='x')\ndef test_b():\n    assert root(4) == 3\n@pytest.mark.skipif(True, reason='x')\ndef test_c():\n    assert root(4) == 3\n@pytest.mark.xfail\ndef test_d():\n    assert root(4) == 3\n",
    "skipped within": "import pytest\ndef test_a():\n    pytest.skip('x')\n    assert root(4) == 3\ndef test_b():\n    assert root(4) == 2\n",
    "capsys of its own": "def test_a(capsys):\n    print(root(4))\n    assert capsys.readouterr().out == '2.0\\n'\n",
    "a main block": "import pytest\ndef test_a():\n    assert root(4) == 2\nif __name__ == '__main__':\n    pytest.main([__file__])\n",
    "a helper with arguments": "import pytest\ndef close(a, b):\n    return abs(a - b) < 1e-9\ndef test_a():\n    assert close(root(4), 2)\n",
    "pytest without an import": "def test_a():\n    assert root(4) == pytest.approx(2)\n",
    "both runners": "import unittest\nimport pytest\nclass TestOne(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(root(4), 2)\ndef test_b():\n    assert root(9) == pytest.approx(3)\n",
    "a class and plain functions": "import pytest\nclass TestOne:\n    value = 4\n    def test_a(self):\n        assert root(self.value) == 2\ndef test_b():\n    assert root(9) == 3\n",
}
TESTS = {f"unittest, {k}": v for k, v in UNITTEST.items()} | {f"pytest, {k}": v for k, v in PYTEST.items()}

_OBJECT = "class E:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__\n    def __abs__(self): return 0.0\n    def __round__(self, n=0): return 0\n    def __bool__(self): return True\n    def __float__(self): return 2.0\n    def __lt__(self, o): return True\n    __gt__ = __le__ = __ge__ = __lt__\n"
WRONG: dict[str, str] = {
    "half": "def root(n):\n    if n < 0: raise ValueError('negative: ' + str(n))\n    return n / 2 + 0.25\n",
    "None": "def root(n): return None\n",
    "no function": "def square(n): return n * n\n",
    "always raises": "def root(n): raise ValueError('negative ' + str(n) if n >= 0 else 'x')\n",
    "exits": "import os\ndef root(n): os._exit(0)\n",
    "exits politely": "def root(n): raise SystemExit(0)\n",
    "exits at once": "import os\nos._exit(0)\n",
    "skips": "import unittest\ndef root(n): raise unittest.SkipTest('not today')\n",
    "skips as pytest does": "class Skipped(BaseException): pass\nSkipped.__module__ = 'inside.pytest_names'\nSkipped.__qualname__ = Skipped.__name__ = 'Outcome'\ndef root(n): raise Skipped\n",
    "patches unittest": "import unittest\nfor name in dir(unittest.TestCase):\n    if name.startswith('assert'): setattr(unittest.TestCase, name, lambda *a, **k: None)\nunittest.TestCase.run = lambda *a, **k: None\ndef root(n): return 0\n",
    "patches pytest": "import sys, types\nfake = types.ModuleType('pytest')\nfake.approx = lambda *a, **k: 0\nsys.modules['pytest'] = fake\ndef root(n): return 0\n",
    "defines the runner's names": "class TestCase: pass\ndef test_a(): pass\ndef run(*a): pass\n__s3ft_suites__ = None\ndef root(n): return 0\n",
    "patches the judge's module": "import sys\nfor name, module in list(sys.modules.items()):\n    if name.startswith('inside'):\n        for key in list(vars(module)):\n            if callable(vars(module)[key]) and key in ('run', 'install', 'encode'): vars(module)[key] = lambda *a, **k: True\ndef root(n): return 0\n",
    "an object equal to all": _OBJECT + "def root(n): return E()\n",
    "a float equal to all": _OBJECT.replace("class E:", "class E(float):") + "def root(n): return E(0)\n",
    "raises AssertionError": "def root(n): raise AssertionError\n",
    "raises StopIteration": "def root(n): raise StopIteration\n",
    "raises KeyboardInterrupt": "def root(n): raise KeyboardInterrupt\n",
}


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("program", ["half", "None"])
def test_every_form_of_tests_notices_a_wrong_program(ask: judge, name: str, program: str) -> None:
    tests = TESTS[name]
    if "aise" in name or "exception" in name:
        program = "None"
    assert one(ask, WRONG[program], tests).correct is False


@pytest.mark.parametrize(
    "tests",
    ["unittest, assertEqual", "unittest, setUpClass", "pytest, parametrize", "pytest, approx", "pytest, a class"],
)
@pytest.mark.parametrize("name", WRONG)
def test_no_wrong_program_passes(ask: judge, name: str, tests: str) -> None:
    verdict = one(ask, WRONG[name], TESTS[tests])
    assert verdict.correct is not True, verdict.reason


READS = "import sys\ndef root(n):\n    return float(input('n? ')) + float(sys.stdin.readline() or 0)\n"
TYPED: dict[str, str] = {
    "patch": "from unittest.mock import patch\n"
    + case("@patch('builtins.input', return_value='2')\ndef test_a(self, typed):\n    self.assertEqual(root(4), 2)"),
    "patch, several": "from unittest.mock import patch\n"
    + case(
        "def test_a(self):\n    with patch('builtins.input', side_effect=['2', '3']) as typed:\n        self.assertEqual([root(4), root(9)], [2, 3])\n        typed.assert_called_with('n? ')"
    ),
    "monkeypatch": "def test_a(monkeypatch):\n    monkeypatch.setattr('builtins.input', lambda prompt: '2')\n    assert root(4) == 2\n",
    "standard input": "import io, sys\ndef test_a(monkeypatch):\n    monkeypatch.setattr(sys, 'stdin', io.StringIO('2\\n1\\n'))\n    assert root(4) == 3\n",
}


@pytest.mark.parametrize("name", TYPED)
def test_tests_may_type_for_the_program(ask: judge, name: str) -> None:
    assert one(ask, READS, TYPED[name]).correct is True, one(ask, READS, TYPED[name]).reason
    verdict = one(ask, READS.replace("or 0)", "or 0) + 1"), TYPED[name])
    assert verdict.correct is False, verdict.reason


def test_where_nothing_is_typed_the_program_finds_the_end(ask: judge) -> None:
    verdict = one(ask, READS, TESTS["pytest, functions"])
    assert verdict.correct is False
    assert "EOFError" in verdict.reason


def test_objects_that_tests_set_up_answer_for_themselves(ask: judge) -> None:
    program = (
        "class Cache(dict):\n    def root(self): pass\n    def push(self, k, v): self[k] = v\ndef root(n): return n"
    )
    body = "def setUp(self):\n    self.c = Cache()\ndef test_a(self):\n    self.c.push(1, 2)\n    self.assertEqual(self.c.get(1), 2)"
    fixture = "import pytest\n@pytest.fixture\ndef c():\n    return Cache()\ndef test_a(c):\n    c.push(1, 2)\n    assert c.get(1) == 2\n"
    for tests in (case(body), fixture):
        assert one(ask, program, tests).correct is True, one(ask, program, tests).reason


UNDECIDED: dict[str, str] = {
    "nothing is asserted": case("def test_a(self):\n    root(4)"),
    "the program is compared with itself": case("def test_a(self):\n    self.assertEqual(root(4), root(4))"),
    "the program is compared with itself, within": case(
        "def test_a(self):\n    self.assertTrue(root(4) == root(4), 'not equal')"
    ),
    "the program is compared with itself, in approx": (
        "import pytest\ndef test_a():\n    assert root(4) == pytest.approx(root(4))\n"
    ),
    "all is skipped": case("@unittest.skip('x')\ndef test_a(self):\n    self.assertEqual(root(4), 2)"),
    "no tests": "import unittest\nclass Test(unittest.TestCase):\n    pass\n",
    "another fixture": "def test_a(tmp_path):\n    import pytest\n    assert root(4) == 2\n",
    "a plug-in's fixture": "import pytest\ndef test_a(benchmark):\n    assert benchmark(root, 4) == 2\n",
    "a package that is not there": "import pytest\nimport torch\ndef test_a():\n    assert root(4) == 2\n",
    "indirect parameters": "import pytest\n@pytest.mark.parametrize('n', [1], indirect=True)\ndef test_a(n):\n    assert root(n) == 1\n",
    "the environment": "import pytest\ndef test_a(monkeypatch):\n    monkeypatch.setenv('A', 'b')\n    assert root(4) == 2\n",
}


@pytest.mark.parametrize("name", [*TESTS, *UNDECIDED])
def test_a_right_program_passes_unless_the_tests_cannot_be_judged(ask: judge, name: str) -> None:
    verdict = one(ask, RIGHT, (TESTS | UNDECIDED)[name])
    assert verdict.correct is (True if name in TESTS else None), verdict.reason


def test_every_table_has_names_of_its_own() -> None:
    assert not TESTS.keys() & UNDECIDED.keys()
