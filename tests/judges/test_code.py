# ruff: noqa: E501  (programs and tests in tables)
"""Programs judged by asserts: right ones, wrong ones, and tests that cannot be judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from s3ft.judges import load
from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, UserError, Verdict

SQUARE = "def f(n):\n    return n * n\n"
TESTS = {"tests": ["assert f(2) == 4", "assert f(3) == 9"]}


@pytest.fixture(scope="module")
def ask() -> Iterator[judge]:
    try:
        found = judge(timeout=1.0, workers=2)
    except UserError as error:
        pytest.skip(str(error))
    yield found
    found.close()


def one(ask: judge, text: str, reference: Any = TESTS, prompt: str = "") -> Verdict:
    messages = [{"role": "user", "content": prompt}] if prompt else []
    return ask([Example("1", messages, "", reference)], [Completion(text)])[0]


REASONS = {
    "def f(n): return n + n": "wrong value: `assert f(3) == 9` got 6",
    "def f(n): return n / 0": "exception: ZeroDivisionError: division by zero",
    "def f(n): return [0] * 10 ** 10": "out of memory",
    "def f(n): raise MemoryError": "out of memory",
    "import os\ndef f(n): os.abort()": "crash: killed by SIG",
    "import os\ndef f(n): os._exit(0)": "exited early",
    "def f(n): raise SystemExit": "exited early",
    "def g(n): return n": "undefined: the program defines no 'f'",
    "def f(n: return": "no program: SyntaxError",
    "I do not know.": "no program: SyntaxError",
    "def f(n): return 4\0": "no program",
    "": "no program: the completion is empty",
    "x" * (1 << 21): "no program: the completion has 2097152 characters",
    "def f(n): return n.x": "exception: AttributeError",
}


def test_a_program_without_end_is_a_timeout(ask: judge) -> None:
    verdict = one(ask, "def f(n):\n    while True: pass")
    assert verdict.correct is False
    # On a busy machine the clock on the wall may come first.
    assert re.match(r"timeout: (over 1 s of CPU time|no end within \d+ s by the clock)", verdict.reason)


@pytest.mark.parametrize("text", REASONS)
def test_the_reason_says_what_went_wrong(ask: judge, text: str) -> None:
    verdict = one(ask, text)
    assert verdict.correct is False
    assert verdict.reason.startswith(REASONS[text])
    assert verdict.reason.endswith(f"[isolation: {ask.isolation}]")


def test_the_assertion_that_failed_is_told_among_several_on_a_line(ask: judge) -> None:
    reason = one(ask, SQUARE, {"tests": "assert f(2) == 4; assert f(3) == 8"}).reason
    assert reason.startswith("wrong value: `assert f(3) == 8` got 9")


RIGHT: dict[str, tuple[str, Any]] = {
    "asserts": (SQUARE, TESTS),
    "one source": (SQUARE, {"tests": "assert f(2) == 4\nassert f(3) == 9, 'no'"}),
    "check(candidate)": (SQUARE, {"tests": "def check(c):\n    assert c(2) == 4\n", "entry_point": "f"}),
    "check, called": (SQUARE, {"tests": "def check(c):\n    assert c(2) == 4\ncheck(f)\n", "entry_point": "f"}),
    "a loop": (SQUARE, {"tests": "for n in range(5):\n    assert f(n) == n ** 2"}),
    "a helper": (SQUARE, {"tests": "def good(n):\n    return f(n) == n * n\nassert good(4) and good(5)"}),
    "a test function": (SQUARE, {"tests": "def test_f():\n    assert f(2) == 4\n"}),
    "a tolerance": ("def f(n): return n / 3", {"tests": ["assert abs(f(1) - 0.3333333) < 1e-6"]}),
    "isclose": ("def f(n): return n / 3", {"tests": ["import math\nassert math.isclose(f(1), 1/3)"]}),
    "isclose of literals": ("def f(n): return n / 2", {"tests": ["assert math.isclose(f(1), 0.5, rel_tol=1e-9)"]}),
    "a named check": ("def check(n): return n > 0", {"tests": ["assert check(1) == True", "assert not check(-1)"]}),
    "a builtin's name": ("def sum(a, b): return a + b", {"tests": ["assert sum(1, 2) == 3", "assert sum(2, 2) == 4"]}),
    "sets": ("def f(n): return {n, 1}", {"tests": ["assert f(2) == {1, 2}", "assert sorted(f(3)) == [1, 3]"]}),
    "set of a list": ("def f(n): return [n, 1, n]", {"tests": ["assert set(f(2)) == {1, 2}"]}),
    "many of the same": ("def f(n): return [0, 1] * 500", {"tests": ["assert set(f(2)) == {0, 1}"]}),
    "True for 1": ("def f(n): return True", {"tests": ["assert f(2) == 1"]}),
    "is": ("def f(n): return None", {"tests": ["assert f(2) is None"]}),
    "-0.0": ("def f(n): return -0.0", {"tests": ["assert f(2) == 0"]}),
    "a namedtuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef f(n): return P(n, 1)",
        {"tests": ["assert f(2) == (2, 1)"]},
    ),
    "a defaultdict": (
        "def f(n):\n    d = defaultdict(int)\n    d[n] += 1\n    return d",
        {"tests": ["assert f(2) == {2: 1}"]},
    ),
    "a big integer": ("def f(n): return n ** 30000", {"tests": ["assert f(2) == 2 ** 30000"]}),
    "a generator": ("def f(n):\n    yield from range(n)", {"tests": ["assert list(f(3)) == [0, 1, 2]"]}),
    "a range": ("def f(n): return range(n)", {"tests": ["assert list(f(3)) == [0, 1, 2]", "assert f(2) == range(2)"]}),
    "a truthy object": (
        "import re\ndef f(s): return re.match('a', s)",
        {"tests": ["assert f('ab')", "assert not f('b')"]},
    ),
    "Decimal": ("from decimal import Decimal\ndef f(n): return Decimal(n)", {"tests": ["assert f(2) == 2"]}),
    "Fraction": ("from fractions import Fraction\ndef f(n): return Fraction(n, 2)", {"tests": ["assert f(1) == 0.5"]}),
    "a date": (
        "import datetime\ndef f(n): return datetime.date(2020, 1, n)",
        {"tests": ["import datetime\nassert f(2) == datetime.date(2020, 1, 2)"]},
    ),
    "bytes": ("def f(n): return bytes([n])", {"tests": ["assert f(2) == b'\\x02'"]}),
    "a lone surrogate": ("def f(n): return chr(0xd800)", {"tests": ["assert f(2) == '\\ud800'"]}),
    "classes of the program": (
        "class P:\n    def __init__(self, a): self.a = a\ndef f(ps): return max(p.a for p in ps)",
        {"tests": ["assert f([P(1), P(5)]) == 5"]},
    ),
    "setup after the program": (
        "class N:\n    def __init__(self, v): self.v, self.next = v, None\ndef f(n): return n.v + (f(n.next) if n.next else 0)",
        {"tests": ["assert f(root) == 3"], "setup": "root = N(1)\nroot.next = N(2)"},
    ),
    "setup for the program": (
        "def f(values):\n    head = Node(values[0])\n    return head",
        {"tests": ["assert f([7]).v == 7"], "setup": "class Node:\n    def __init__(self, v): self.v = v\n"},
    ),
    "methods": (
        "class S:\n    def __init__(self): self.x = []\n    def push(self, v): self.x.append(v)\n    def __len__(self): return len(self.x)",
        {"tests": "s = S()\ns.push(1)\ns.push(2)\nassert len(s) == 2\nassert s.x == [1, 2]"},
    ),
    "a function given": ("def f(g, n): return g(g(n))", {"tests": ["assert f(lambda x: x + 1, 3) == 5"]}),
    "a type given": (
        "def f(xs, t): return [x for x in xs if isinstance(x, t)]",
        {"tests": ["assert f([1, 'a'], int) == [1]"]},
    ),
    "a list changed in place": ("def f(xs): xs.sort()", {"tests": "x = [2, 1]\nf(x)\nassert x == [1, 2]"}),
    "an argument changed": (
        "def f(xs):\n    xs.append(1)\n    return len(xs)",
        {"tests": ["assert f([]) == 1", "assert f([]) == 1"]},
    ),
    "an exception asked for": (
        "def f(n):\n    if n < 0: raise ValueError('negative')\n    return n",
        {"tests": "try:\n    f(-1)\n    ok = False\nexcept ValueError as e:\n    ok = 'negative' in str(e)\nassert ok"},
    ),
    "numpy in the tests": (SQUARE, {"tests": "import numpy as np\nassert np.allclose([f(2.0), f(3)], [4, 9])"}),
    "the usual imports": (
        "def f(n: List[int]) -> Optional[int]: return max(n) if n else inf",
        {"tests": ["assert f([1]) == 1"]},
    ),
    "a module taken for granted": ("def f(n): return statistics.mean(n)", {"tests": ["assert f([1, 3]) == 2"]}),
    "a main block": (SQUARE + "if __name__ == '__main__':\n    print(f(int(input())))\n", TESTS),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\ndef f(n): return P(n).a * n",
        TESTS,
    ),
    "much output": ("def f(n):\n    print('x' * 100000)\n    return n * n", TESTS),
    "asyncio": ("import asyncio\nasync def g(n): return n * n\ndef f(n): return asyncio.run(g(n))", TESTS),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\ndef f(n):\n    with ThreadPoolExecutor(2) as p: return list(p.map(lambda x: x * x, [n]))[0]",
        TESTS,
    ),
    "random with a seed of its own": (
        "import random\nx = random.random()\ndef f(n): return n * n if x == 0.8444218515250481 else 0",
        TESTS,
    ),
    "Windows newlines": (SQUARE.replace("\n", "\r\n"), TESTS),
    "numpy without an import": ("def f(n): return int(np.square(n))", {"tests": ["assert f(2) == 4"]}),
    "stdin": ("import sys\ndef f(n): return n * n + len(sys.stdin.read())", TESTS),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_passes(ask: judge, name: str) -> None:
    text, reference = RIGHT[name]
    verdict = one(ask, text, reference)
    assert verdict.correct is True, verdict.reason


WRONG: dict[str, tuple[str, Any]] = {
    "it says that files cannot be written": (
        "def f(n):\n    open('/tmp/x', 'w').close()\n    raise OSError(30, 'Read-only file system', '/tmp/x')",
        TESTS,
    ),
    "it says that a package is missing": (
        "def f(n): raise ModuleNotFoundError(\"No module named 'numpy'\")",
        {"tests": ["import numpy\nassert f(2) == 4"]},
    ),
    "it sleeps while the tests wait": ("import time\ndef f(n): time.sleep(99)", {"tests": "x = 4\nassert f(2) == x"}),
    "the helper is patched": ("abs = lambda x: 0\ndef f(n): return 0", {"tests": ["assert abs(f(3) - 9) < 1e-6"]}),
    "sorted is patched": (
        "sorted = lambda x: [3, 9]\ndef f(n): return 0",
        {"tests": ["assert sorted(f(3)) == [3, 9]"]},
    ),
    "math is patched": (
        "import math\nmath.isclose = lambda *a, **k: True\ndef f(n): return 0",
        {"tests": ["assert math.isclose(f(1), 3.5)"]},
    ),
    "the test's helper is defined": (
        "def good(x): return True\ndef f(n): return 0",
        {"tests": "def good(x):\n    return x == 9\nassert good(f(3))"},
    ),
    "an iterator cut short": ("def f(n): raise StopIteration", {"tests": "assert all(map(f, [1, 2]))"}),
    "NaN": ("def f(n): return float('nan')", {"tests": ["assert f(1) == float('nan')"]}),
    "an object equal to all": (
        "class E:\n    def __eq__(self, o): return True\ndef f(n): return E()",
        {"tests": "x = 4\nassert f(2) == x"},
    ),
    "a list is no tuple": ("def f(n): return [1, 2]", {"tests": ["assert f(2) == (1, 2)"]}),
    "a set as a list": ("def f(n): return {1, 2}", {"tests": ["assert f(2) == [1, 2]"]}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_program_does_not(ask: judge, name: str) -> None:
    text, reference = WRONG[name]
    verdict = one(ask, text, reference)
    assert verdict.correct is False, verdict.reason


UNDECIDED: dict[str, tuple[Any, str]] = {
    "no reference": (None, "no tests: the reference is None"),
    "no tests": ({"entry_point": "f"}, "no tests"),
    "empty tests": ({"tests": []}, "no tests"),
    "tests of another type": ({"tests": 3}, "tests, entry_point and setup are expected"),
    "tests that do not parse": ({"tests": ["assert f(2 =="]}, "the tests do not parse"),
    "null bytes": ({"tests": "assert f(2) == 4\0"}, "the tests do not parse"),
    "no assertion": ({"tests": "f(2)"}, "the tests made no assertion"),
    "nothing asked of the program": ({"tests": "assert 1 == 1"}, "the tests made no assertion about the program"),
    "no entry point for check": ({"tests": "def check(c):\n    assert c(2) == 4"}, "the tests define check"),
    "tests that leave": ({"tests": "assert f(2) == 4\nraise SystemExit"}, "unsupported: the tests left early"),
    "tests that need more": ({"tests": "import torch\nassert torch.tensor(f(2)) == 4"}, "unsupported: the tests need"),
    "tests without end": ({"tests": "assert f(2) == 4\nwhile True: pass"}, "the tests did not end: timeout"),
    "an object of the tests' own": (
        {"tests": "class Mine: pass\nassert f(Mine()) == 4"},
        "unsupported: the tests hand the program a Mine object",
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_tests_that_cannot_be_judged_give_none(ask: judge, name: str) -> None:
    reference, reason = UNDECIDED[name]
    verdict = one(ask, SQUARE, reference)
    assert verdict.correct is None
    assert verdict.reason.startswith(reason)


def test_equality_of_the_programs_own_objects_is_its_own_word(ask: judge) -> None:
    program = "class P:\n    def __eq__(self, o): return True\ndef f(n): return P()\n"
    verdict = one(ask, program, {"tests": ["assert f(1) == P()"]})
    assert verdict.correct is None
    assert "would be the program's word" in verdict.reason


def test_swallowing_what_must_not_be_swallowed_does_not_pass(ask: judge) -> None:
    tests = "try:\n    assert f(1) == P()\nexcept BaseException:\n    pass\nassert f(1)\n"
    assert one(ask, "class P: pass\ndef f(n): return P()\n", {"tests": tests}).correct is None
    tests = "try:\n    f(1)\nexcept BaseException:\n    pass\nassert True\n"
    assert one(ask, "import os\ndef f(n): os._exit(0)\n", {"tests": tests}).correct is False
    assert one(ask, SQUARE, {"tests": tests}).correct is True


def test_order_is_kept_and_each_row_has_its_own_verdict(ask: judge) -> None:
    texts = [f"def f(n): return n * n + {i % 3}" for i in range(40)]
    verdicts = ask([Example(str(i), [], "", TESTS) for i in range(40)], [Completion(t) for t in texts])
    assert [v.correct for v in verdicts] == [i % 3 == 0 for i in range(40)]
    assert [v.answer for v in verdicts] == texts


def test_a_verdict_is_remembered_by_program_tests_and_limits(ask: judge, monkeypatch: pytest.MonkeyPatch) -> None:
    first = one(ask, SQUARE + "# remembered\n")
    monkeypatch.setattr(ask, "_run", lambda rows: pytest.fail("ran again") if rows else None)
    assert one(ask, SQUARE + "# remembered\n") == first


def test_a_dead_worker_is_replaced_and_its_program_tried_again() -> None:
    ask = judge(timeout=1.0, workers=1, cache=False)
    assert one(ask, SQUARE).correct is True
    ask._desks[0]._jails["candidate"]._process.kill()
    assert one(ask, SQUARE).correct is True
    ask.close()


def test_a_program_whose_jail_dies_twice_has_failed(ask: judge, monkeypatch: pytest.MonkeyPatch) -> None:
    from s3ft.sandbox import JailError

    def dies(*_: Any) -> None:
        raise JailError("the jail died")

    monkeypatch.setattr("s3ft.judges.code.run.run_batch", dies)
    verdict = one(ask, SQUARE + "# dies\n")
    assert verdict.correct is False
    assert verdict.reason.startswith("crash: the jail died")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": "soon"}, "timeout is 'soon'"),
        ({"memory_mb": 3}, "memory_mb is 3"),
        ({"workers": 0}, "workers is 0"),
        ({"isolation": "docker"}, "isolation: found 'docker'"),
    ],
)
def test_options_out_of_range_are_one_line(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        judge(**options)


def test_isolation_none_is_stamped_and_runs_only_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    found = load({"name": "code", "isolation": "none", "timeout": 1.0})
    (verdict,) = found([Example("1", [], "", TESTS)], [Completion(SQUARE)])
    assert verdict == Verdict(True, SQUARE, "2 assertions held [isolation: none]")


BODY = "    return n * n\n"
HEADER = 'from typing import List\n\ndef helper(n):\n    return n\n\ndef f(n: int) -> int:\n    """Square.\n    >>> f(2)\n    4\n    """\n'
WRITTEN = {
    "a fence": f"Here it is:\n```python\n{SQUARE}```\nIt squares.",
    "the last fence": f"```python\ndef f(n): return 0\n```\nBetter:\n```python\n{SQUARE}```",
    "a fence that is no program": f"```python\n{SQUARE}```\nRun it:\n```bash\npython f.py\n```",
    "usage in a fence of its own": f"```python\n{SQUARE}```\nUsage:\n```python\nprint(f(2))\n```",
    "no language": f"```\n{SQUARE}```",
    "never closed": f"Sure!\n```python\n{SQUARE}",
    "closed on the line": "```python\ndef f(n): return n * n```",
    "closed only": f"{SQUARE}```\nThis squares the number.",
    "indented": "1. Do this:\n\n   ```python\n   def f(n):\n       return n * n\n   ```",
    "tildes": f"~~~python\n{SQUARE}~~~",
    "marks": f"[[BEGIN]]\n{SQUARE}[[DONE]]",
    "marks and a fence": f"[[BEGIN]]\n```python\n{SQUARE}```\n[[DONE]]",
    "single marks": f"[BEGIN]\n{SQUARE}[DONE]",
    "marks without an end": f"[[BEGIN]]\n{SQUARE}",
    "prose around": f"Here is the function:\n\n{SQUARE}\nIt returns the square of n.",
    "prose after": f"{SQUARE}\nThis function squares its input, doesn't it?",
    "thoughts": f"<think>\n```python\ndef f(n): return 1\n```\n</think>\n{SQUARE}",
    "parts in two fences": "```python\ndef square(n):\n    return n * n\n```\nthen\n```python\ndef f(n):\n    return square(n)\n```",
    "a byte order mark": f"\ufeff{SQUARE}",
    "a lambda": "f = lambda n: n * n",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_program_is_found_in_what_a_model_writes(ask: judge, name: str) -> None:
    verdict = one(ask, WRITTEN[name])
    assert verdict.correct is True, verdict.reason


BODIES = {
    "a body": BODY,
    "without its first indentation": BODY.lstrip(),
    "without any": "x = n\nreturn x * n",
    "and a helper of the prompt's": "    return helper(n) * n",
    "in a fence": f"```python\n{BODY}```",
    "a base model that runs on": f"{BODY}\n\ndef g(n):\n    return (",
    "the whole function, with a helper of the prompt's": "def f(n):\n    return helper(n) * n\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_joined_to_the_signature_of_the_prompt(ask: judge, name: str) -> None:
    verdict = one(ask, BODIES[name], TESTS | {"entry_point": "f"}, HEADER)
    assert verdict.correct is True, verdict.reason
