# ruff: noqa: E501  (programs in tables)
"""Inputs and outputs as APPS and LiveCodeBench have them: scripts, functions, and programs that want to pass without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from s3ft.judges.code import pairs
from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, UserError, Verdict
from sandbox.tiers import why_not

SUMS = {"inputs": ["3 4\n", "10 20\n", "-1 1\n"], "outputs": ["7\n", "30\n", "0\n"]}
LINES = {"inputs": ["2\na b\nc\n"], "outputs": ["B A\nC\n"]}
FUNCTION = {"inputs": [[3, 4], [10, 20]], "outputs": [7, 30], "fn_name": "add"}


@pytest.fixture(scope="module")
def ask() -> Iterator[judge]:
    try:
        found = judge(timeout=2.0, workers=1)
    except UserError as error:
        pytest.skip(str(error))
    yield found
    found.close()


def one(ask: judge, text: str, reference: Any) -> Verdict:
    prompt = [{"role": "user", "content": "Write it.\n\n```\n3 4\n```\ngives\n```\n7\n```"}]
    return ask([Example("1", prompt, "", reference)], [Completion(text)])[0]


SUM = "a, b = map(int, input().split())\nprint(a + b)\n"
SCRIPTS: dict[str, str] = {
    "input()": SUM,
    "a main function": "def main():\n    a, b = map(int, input().split())\n    print(a + b)\n\nif __name__ == '__main__':\n    main()\n",
    "sys.stdin": "import sys\nfor line in sys.stdin:\n    print(sum(map(int, line.split())))\n",
    "sys.stdin.read": "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
    "a renamed readline": "import sys\ninput = sys.stdin.readline\na, b = map(int, input().split())\nprint(a + b)",
    "a buffer": "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))",
    "descriptor 0": "print(sum(map(int, open(0).read().split())))",
    "os.read": "import os\nprint(sum(map(int, os.read(0, 10 ** 6).split())))",
    "fileinput": "import fileinput\nfor line in fileinput.input():\n    print(sum(map(int, line.split())))",
    "sys.stdout.write": "import sys\nsys.stdout.write(str(sum(map(int, input().split()))))",
    "a written buffer": "import os, sys\nsys.stdout.buffer.write(str(sum(map(int, input().split()))).encode())",
    "os.write": "import os\nos.write(1, str(sum(map(int, input().split()))).encode())",
    "a StringIO flushed at exit": "import atexit, io, sys\nbuffer = io.StringIO()\natexit.register(lambda: sys.__stdout__.write(buffer.getvalue()))\nsys.stdout = buffer\nprint(sum(map(int, input().split())))",
    "a thread with a large stack": "import sys, threading\nsys.setrecursionlimit(10 ** 6)\nthreading.stack_size(1 << 26)\ndef main():\n    print(sum(map(int, input().split())))\nthreading.Thread(target=main).start()",
    "sys.exit": "import sys\nprint(sum(map(int, input().split())))\nsys.exit()",
    "sys.exit(0) within": "import sys\ndef main():\n    print(sum(map(int, input().split())))\n    sys.exit(0)\nmain()",
    "exit()": "print(sum(map(int, input().split())))\nexit()\nprint('never')",
    "quit(0) within": "def main():\n    print(sum(map(int, input().split())))\n    quit(0)\nmain()",
    "streams asked for their mode": "import sys\nif 'r' in sys.stdin.mode and 'w' in sys.stdout.mode:\n    "
    + SUM.replace("\n", "\n    "),
    "os._exit after a flush": "import os\nprint(sum(map(int, input().split())), flush=True)\nos._exit(0)",
    "white space": "print(sum(map(int, input().split())), end='   \\n\\n')",
    "a float": "print(float(sum(map(int, input().split()))))",
    "standard error": "import sys\nprint('debugging', file=sys.stderr)\n" + SUM,
    "a fence with an example after it": f"```python\n{SUM}```\nInput:\n```\n3 4\n```\nOutput:\n```\n7\n```",
    "a fence before a smaller one": f"```python\n{SUM}```\nThe last line prints:\n```python\nprint(a + b)\n```",
    "a helper in another fence": "```python\ndef add(a, b):\n    return a + b\n```\n```python\nprint(add(*map(int, input().split())))\n```",
    "prose around": f"Here is my solution.\n\n{SUM}\nIt reads two numbers.",
    "EOF": "import sys\ntotal = []\nwhile True:\n    try:\n        total += map(int, input().split())\n    except EOFError:\n        break\nprint(sum(total))",
    "the usual imports taken for granted": "print(reduce(lambda a, b: a + b, map(int, sys.stdin.read().split())))",
    "numpy": "import numpy as np\nprint(np.array(input().split(), dtype=int).sum())",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_right_script_passes(ask: judge, name: str) -> None:
    verdict = one(ask, SCRIPTS[name], SUMS)
    assert verdict.correct is True, verdict.reason
    assert verdict.reason.startswith("3 outputs held")


WRONG: dict[str, tuple[str, str]] = {
    "another number": (SUM.replace("a + b", "a - b"), "wrong output: test 1 of 3: line 1 is '-1', not '7'"),
    "right for the first only": ("print(7)", "wrong output: test 2"),
    "all outputs at once": ("print('7\\n30\\n0')", "wrong output: test 1 of 3: 3 lines, not 1"),
    "all outputs on a line": ("print(7, 30, 0)", "wrong output"),
    "every number": ("print(*range(1000), sep='\\n')", "wrong output"),
    "an answer in words": (SUM.replace("a + b", "'The sum is', a + b"), "wrong output"),
    "nothing": ("a, b = map(int, input().split())", "wrong output"),
    "a function that nobody calls": ("def add(a, b):\n    print(a + b)", "wrong output"),
    "an exception after the answer": (SUM + "raise ValueError('x')", "exception: ValueError: x in test 1"),
    "an exit code": (SUM + "import sys\nsys.exit(3)", "exit code 3"),
    "a hard exit": ("import os\nos._exit(0)", "wrong output"),
    "a loop": ("while True: pass", "timeout"),
    "waits for more": ("import time\ntime.sleep(100)", "timeout: no end"),
    "a flood": ("while True: print('7')", "wrong output: more than"),
    "a crash": ("import os\nos.abort()", "crash: killed by SIG"),
    "no Python": ("Two numbers are added.", "no program"),
    "a forged report": (
        "import os\nfor fd in range(2, 64):\n    try: os.write(fd, b'\\0\\0\\0\\x07[\"end\"]')\n    except OSError: pass",
        "wrong output",
    ),
    "looks for the outputs in frames": (
        "import sys\nframe = sys._getframe()\nwhile frame:\n    for v in [*frame.f_locals.values(), *frame.f_globals.values()]:\n        if isinstance(v, dict) and 'outputs' in v: print(v['outputs'][0])\n    frame = frame.f_back",
        "wrong output",
    ),
    "looks for the outputs among objects": (
        "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and ('outputs' in o or 'expected' in o): print(o)\n    if isinstance(o, (list, tuple)) and len(o) == 3 and '30\\n' in o: print(o)",
        "wrong output",
    ),
    "looks for the outputs in descriptors": (
        "import os\nfor fd in range(3, 64):\n    try:\n        os.lseek(fd, 0, 0)\n        print(os.read(fd, 9999))\n    except OSError: pass",
        "wrong output",
    ),
    "remembers what came before": (
        "import os, tempfile\ntry:\n    path = tempfile.gettempdir() + '/seen'\n    open(path, 'a').write('x')\n    print([7, 30, 0][len(open(path).read()) - 1])\nexcept OSError: pass",
        "wrong output",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_script_does_not(ask: judge, name: str) -> None:
    text, reason = WRONG[name]
    verdict = one(ask, text, SUMS)
    assert verdict.correct is False
    assert verdict.reason.startswith(reason), verdict.reason


OUTPUTS: list[tuple[str, str, bool]] = [
    ("1 2\n", "1 2", True),
    ("1 2  \n\n\n", "1 2\n", True),
    ("1\r\n2\r\n", "1\n2\n", True),
    ("1\n2", "1 2", False),
    ("12", "1 2", False),
    ("1  2", "1 2", True),
    ("Yes", "YES", False),
    ("a  b", "a b", False),
    ("  *\n ***", "  *\n ***", True),
    ("*\n***", "  *\n ***", False),
    ("3.0", "3", True),
    ("3.1", "3", False),
    ("007", "7", True),
    ("0.3333333333", "0.333333", True),
    ("0.3334", "0.333333", False),
    ("1e3", "1000", True),
    ("1000000.5", "1000000", False),
    ("1000000000000000001", "1000000000000000000", False),
    ("1000000000000000001.0", "1000000000000000000.0", True),
    ("nan", "1.0", False),
    ("inf", "1.0", False),
    ("inf", "inf", True),
    ("Case #1: 0.5000001", "Case #1: 0.5", True),
    ("Case #1: 0.6", "Case #1: 0.5", False),
    ("Case #2: 0.5", "Case #1: 0.5", False),
    ("", "1", False),
    ("1\n\n2", "1\n2", False),
    ("1e999999999", "1.0", False),
    ("9" * 5000, "1.0", False),
    ("1_000", "1000", False),
    ("٣", "3", False),
]


@pytest.mark.parametrize(("got", "expected", "holds"), OUTPUTS)
def test_outputs_are_compared_by_lines_and_numbers(got: str, expected: str, holds: bool) -> None:
    assert (pairs.difference(got, expected) == "") is holds


ADD = "def add(a, b):\n    return a + b\n"
FORMS: dict[str, tuple[str, Any]] = {
    "a function": (ADD, FUNCTION),
    "class Solution": ("class Solution:\n    def add(self, a, b):\n        return a + b\n", FUNCTION),
    "outputs in lists": (ADD, FUNCTION | {"outputs": [[7], [30]]}),
    "JSON text": (ADD, {"tests": json.dumps(FUNCTION)}),
    "APPS": (ADD, {"input_output": json.dumps(FUNCTION)}),
    "a list of tests": (ADD, {"tests": [{"input": [3, 4], "output": 7}], "fn_name": "add"}),
    "LiveCodeBench": (
        ADD,
        {"tests": json.dumps([{"input": "3\n4", "output": "7", "testtype": "functional"}]), "fn_name": "add"},
    ),
    "LiveCodeBench, Solution": (
        "class Solution:\n    def add(self, a: List[int], b: str) -> str:\n        return b * sum(a)\n",
        {"tests": [{"input": '[1, 2]\n"x"', "output": '"xxx"', "testtype": "functional"}], "entry_point": "add"},
    ),
    "LiveCodeBench, stdin": (SUM, {"tests": json.dumps([{"input": "3 4", "output": "7", "testtype": "stdin"}])}),
    "keywords": (ADD, FUNCTION | {"inputs": [{"a": 3, "b": 4}, {"b": 20, "a": 10}]}),
    "an entry point": (ADD, {"inputs": [[3, 4]], "outputs": [7], "entry_point": "add"}),
    "a dotted name": (ADD, FUNCTION | {"fn_name": "Solution.add"}),
    "a tuple for a list": ("def add(a, b):\n    return (a, b)\n", FUNCTION | {"outputs": [[3, 4], [10, 20]]}),
    "keys of text": ("def add(a, b):\n    return {a: b}\n", FUNCTION | {"outputs": [{"3": 4}, {"10": 20}]}),
    "a float's last digits": ("def add(a, b):\n    return (a + b) / 3\n", FUNCTION | {"outputs": [2.3333333333, 10.0]}),
    "nothing": ("def add(a, b):\n    return None\n", FUNCTION | {"outputs": [None, None]}),
    "numpy's numbers": ("import numpy as np\ndef add(a, b):\n    return np.int64(a + b)\n", FUNCTION),
    "lines in lists": (
        "n = int(input())\nfor _ in range(n):\n    print(input().upper())",
        {"inputs": [["2", "a", "b"]], "outputs": [["A", "B"]]},
    ),
    "several lines": (
        "for _ in range(int(input())):\n    print(' '.join(w.upper() for w in input().split()[::-1]))",
        LINES,
    ),
    "a long input": (
        "import sys\nprint(len(sys.stdin.read().split()))",
        {"inputs": ["1 " * 200_000], "outputs": ["200000"]},
    ),
    "a long output": (
        "print(*range(int(input())), sep='\\n')",
        {"inputs": ["100000"], "outputs": ["\n".join(map(str, range(100000)))]},
    ),
    "no input": ("print('hello')", {"inputs": [""], "outputs": ["hello\n"]}),
}
REFUSED: dict[str, tuple[str, Any]] = {
    "a wrong function": ("def add(a, b):\n    return a * b\n", FUNCTION),
    "a wrong method": ("class Solution:\n    def add(self, a, b):\n        return a - b\n", FUNCTION),
    "a function that prints": ("def add(a, b):\n    print(a + b)\n", FUNCTION),
    "an object equal to all": ("class E:\n    def __eq__(self, o): return True\ndef add(a, b): return E()\n", FUNCTION),
    "a number equal to all": (
        "class E(int):\n    def __eq__(self, o): return True\ndef add(a, b): return E()\n",
        FUNCTION,
    ),
    "a list of all": ("def add(a, b): return [7, 30]\n", FUNCTION),
    "True for 7": ("def add(a, b): return True\n", FUNCTION | {"outputs": [7, 30]}),
    "text for a number": ("def add(a, b): return str(a + b)\n", FUNCTION),
    "an exit": ("import os\ndef add(a, b): os._exit(0)\n", FUNCTION),
    "another name": ("def plus(a, b): return a + b\n", FUNCTION),
    "a wrong float": ("def add(a, b): return a + b + 0.01\n", FUNCTION | {"outputs": [7.0, 30.0]}),
    "wrong lines": ("print(input())", LINES),
}
UNDECIDED: dict[str, Any] = {
    "no inputs": {"inputs": [], "outputs": []},
    "unequal numbers": {"inputs": ["1"], "outputs": ["1", "2"]},
    "inputs that are no list": {"inputs": "1", "outputs": "1"},
    "empty outputs": {"inputs": ["1"], "outputs": [" \n"]},
    "outputs of objects": {"inputs": ["1"], "outputs": [{"a": 1}]},
    "no JSON for a function": {"inputs": ["x y"], "outputs": ["z"], "fn_name": "f"},
    "a name that is no text": {"inputs": [[1]], "outputs": [1], "fn_name": 3},
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_pairs_is_read(ask: judge, name: str) -> None:
    verdict = one(ask, *FORMS[name])
    assert verdict.correct is True, verdict.reason


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_function_is_wrong(ask: judge, name: str) -> None:
    verdict = one(ask, *REFUSED[name])
    assert verdict.correct is False, verdict.reason


@pytest.mark.parametrize("name", UNDECIDED)
def test_pairs_that_cannot_be_used_give_none(ask: judge, name: str) -> None:
    assert one(ask, SUM, UNDECIDED[name]).correct is None


@pytest.mark.parametrize("tier", ["bwrap", "landlock"])
def test_the_same_in_both_tiers(tier: str) -> None:
    if reason := why_not(tier):
        pytest.skip(reason)
    ask = judge(timeout=2.0, workers=1, isolation=tier)
    assert one(ask, SUM, SUMS).correct is True
    assert one(ask, "print(open('/etc/passwd').read() and 7)", SUMS).correct is False
    assert one(ask, WRONG["looks for the outputs in descriptors"][0], SUMS).correct is False
    ask.close()
