# ruff: noqa: E501  (completions in tables)
"""The program is found in what models write, however they write it; no wrong program is made right by that."""

from __future__ import annotations

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict

TESTS = {"tests": ["assert area(2, 3) == 6", "assert area(4, 5) == 20"], "entry_point": "area"}
GOOD = "def area(w, h):\n    return w * h\n"
BAD = "def area(w, h):\n    return w + h\n"
USES = "def area(w, h):\n    return times(w, h)\n"
HELPER = "def times(a, b):\n    return a * b\n"


def fenced(code: str, label: str = "python") -> str:
    return f"```{label}\n{code}```"


def margin(text: str, by: str) -> str:
    return "".join(by + line if line.strip() else line for line in text.splitlines(keepends=True))


HONEST: dict[str, str] = {
    "a helper afterwards": f"{fenced(USES)}\nIt needs this helper:\n{fenced(HELPER)}",
    "a helper afterwards, with usage": f"{fenced(USES)}\nHelper:\n{fenced(HELPER + chr(10) + 'print(area(2, 3))' + chr(10))}",
    "a helper before and one afterwards": f"{fenced('def one(x):' + chr(10) + '    return x' + chr(10))}\n{fenced('def area(w, h):' + chr(10) + '    return times(one(w), h)' + chr(10))}\n{fenced(HELPER)}",
    "a constant afterwards": f"{fenced('def area(w, h):' + chr(10) + '    return w * h * UNIT' + chr(10))}\nwith\n{fenced('UNIT = 1' + chr(10))}",
    "an import afterwards": f"{fenced('def area(w, h):' + chr(10) + '    return mul(w, h)' + chr(10))}\nImport this:\n{fenced('from operator import mul' + chr(10))}",
    "a helper's helper afterwards": f"{fenced(USES)}\n{fenced('def times(a, b):' + chr(10) + '    return plus(a, b)' + chr(10))}\n{fenced('def plus(a, b):' + chr(10) + '    return a * b' + chr(10))}",
    "a later block that uses a local's name": f"{fenced('def area(w, h):' + chr(10) + '    result = w * h' + chr(10) + '    return result' + chr(10))}\nUsage:\n{fenced('result = area(1, 2)' + chr(10) + 'print(result)' + chr(10))}",
    "a later test block": f"{fenced(GOOD)}\nTests:\n{fenced('assert area(1, 2) == 2' + chr(10))}",
    "an unclosed fence before": f"1. First try:\n   ```python\n   def area(w, h)\n2. Then:\n   ```python\n{margin(GOOD, '   ')}   ```",
    "an unclosed fence in a nested list": f"* Step\n  - ```python\n    import math\n  * Final\n    ```python\n{margin(GOOD, '    ')}    ```\nDone.",
    "two unclosed fences": f"```python\nx = (\n```python\ny = [\n```python\n{GOOD}```",
    "an unclosed fence of another language": f"```bash\npip install x\n\n```python\n{GOOD}```",
    "a fence on a bullet's line": f"- ```python\n{margin(GOOD, '  ')}  ```",
    "a session": ">>> def area(w, h):\n...     return w * h\n...\n>>> area(2, 3)\n6\n",
    "a session in a fence": "```python\n>>> def area(w, h):\n...     return w * h\n...\n>>> area(2, 3)\n6\n```",
    "a session with pycon": "```pycon\n>>> def area(w, h):\n...     return w * h\n... \n>>> print(area(2, 3))\n6\n```",
    "a session with an error": ">>> area(1, 2)\nTraceback (most recent call last):\n  File \"<stdin>\", line 1, in <module>\nNameError: name 'area' is not defined\n>>> def area(w, h):\n...     return w * h\n",
    "a session with two definitions": ">>> def times(a, b):\n...     return a * b\n...\n>>> def area(w, h):\n...     return times(w, h)\n...\n>>> area(1, 1)\n1",
    "a session amid prose": "Here is a session:\n\n>>> def area(w, h):\n...     return w * h\n...\n>>> area(2, 3)\n6\n\nAs you see, it works.",
    "a session with a margin": "    >>> def area(w, h):\n    ...     return w * h\n    >>> area(2, 3)\n    6\n",
    "IPython": "In [1]: def area(w, h):\n   ...:     return w * h\n   ...:\n\nIn [2]: area(2, 3)\nOut[2]: 6\n",
    "IPython in a fence": "```ipython\nIn [1]: import math\n\nIn [2]: def area(w, h):\n   ...:     return w * h\n   ...: \n\nIn [3]: area(2, 3)\nOut[3]: 6\n```",
    "IPython with magics": "In [1]: %load_ext autoreload\nIn [2]: def area(w, h):\n   ...:     return w * h\nIn [3]: %timeit area(1, 2)\n51 ns per loop",
    "a notebook's shell line": f"```python\n!pip install numpy\n%matplotlib inline\n{GOOD}```",
    "quoted": "".join(f"> {line}\n" for line in f"Here:\n```python\n{GOOD}```".split("\n")),
    "quoted without a space": "".join(f">{line}\n" for line in f"```python\n{GOOD}```".split("\n")),
    "quoted twice": "".join(f"> > {line}\n" for line in f"```python\n{GOOD}```".split("\n")),
    "quoted without a fence": "".join(f"> {line}\n" for line in GOOD.rstrip().split("\n")),
    "an answer below a quote": f"> Write area.\n\n{fenced(GOOD)}",
    "under a bullet": f"- Code:\n\n{margin(GOOD, '    ')}\n- Done",
    "under a number": f"1. The function:\n\n{margin(GOOD, '       ')}\n2. That is all.",
    "under a bullet with a tab": f"* Code:\n\n{margin(GOOD, chr(9))}\n* Done",
    "old Markdown": f"The function is\n\n{margin(GOOD, '    ')}\nand it multiplies.",
    "on a bullet": "- def area(w, h):\n      return w * h\n",
    "class Solution": "class Solution:\n    def area(self, w, h):\n        return w * h\n",
    "class Solution in a fence": fenced(
        "from typing import List\n\nclass Solution:\n    def area(self, w: int, h: int) -> int:\n        return w * h\n"
    ),
    "class Solution with a helper method": "class Solution:\n    def times(self, a, b):\n        return a * b\n    def area(self, w, h):\n        return self.times(w, h)\n",
    "class Solution with a static method": "class Solution:\n    @staticmethod\n    def area(w, h):\n        return w * h\n",
    "class Solution with a state": "class Solution:\n    def __init__(self):\n        self.k = 1\n    def area(self, w, h):\n        self.k += 1\n        return w * h\n",
    "another class": fenced("class Geometry:\n    def area(self, w, h):\n        return w * h\n"),
    "without other imports": "def area(w, h):\n    return functools.reduce(operator.mul, [w, h])\n",
    "numbered lines": "```\n1 def area(w, h):\n2     return w * h\n```",
    "in a span": "Use `area = lambda w, h: w * h` for that.",
    "Jupyter cells": fenced("# %%\nimport math\n# %%\ndef area(w, h):\n    return w * h\n# %%\narea(1, 2)\n"),
    "Windows newlines in a quote": "> ```python\r\n> def area(w, h):\r\n>     return w * h\r\n> ```\r\n",
    "attributes of a fence": "```{.python .numberLines}\ndef area(w, h):\n    return w * h\n```",
    "a title of a fence": '```python title="area.py"\ndef area(w, h):\n    return w * h\n```',
    "a docstring with a session": fenced(
        'def area(w, h):\n    """Area.\n\n    >>> area(1, 2)\n    2\n    """\n    return w * h\n'
    ),
    "a docstring with a fence": fenced(
        'def area(w, h):\n    """Area.\n\n    ```python\n    area(1, 2)\n    ```\n    """\n    return w * h\n'
    ),
    "a docstring with a quote": fenced('def area(w, h):\n    """\n> Area.\n    """\n    return w * h\n'),
    "a diff": "One line differs:\n```diff\n def area(w, h):\n-    return w + h\n+    return w * h\n```",
    "a unified diff": "```diff\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n+import math\n-def area(w, h): return 0\n+def area(w, h):\n+    return w * h\n```",
    "lines with a plus": "+def area(w, h):\n+    return w * h\n",
    "no-break spaces": GOOD.replace("    ", "\u00a0" * 4),
    "no-break spaces in a fence": fenced(GOOD.replace(" ", "\u00a0")),
    "no-break spaces beside text that keeps them": "def area(w, h):\n\u00a0\u00a0return w * h * len('\u00a0')\n",
    "wide spaces": GOOD.replace("    ", "\u3000"),
    "characters without a width": GOOD.replace("* h", "* h\u200b"),
    "its own file": "import os\nHERE = os.path.dirname(__file__)\ndef area(w, h):\n    return w * h\n",
    "tests for pytest beside it": f"import pytest\n{GOOD}\n@pytest.mark.parametrize('w', [1])\ndef test_area(w):\n    assert area(w, 1) == w\n",
    "zoneinfo": "from zoneinfo import ZoneInfo\ndef area(w, h):\n    return w * h if ZoneInfo('Europe/Paris').key else 0\n",
}
WRONG: dict[str, str] = {
    "a wrong one in each place": f"{fenced(BAD)}\n>>> def area(w, h):\n...     return w + h\n",
    "a wrong session": ">>> def area(w, h):\n...     return w + h\n",
    "a wrong quote": "".join(f"> {line}\n" for line in BAD.split("\n")),
    "a wrong class": "class Solution:\n    def area(self, w, h):\n        return w + h\n",
    "the right one in the thoughts": f"<think>{fenced(GOOD)}</think>{fenced(BAD)}",
    "the right one, then a wrong one": f"{fenced(GOOD)}\nBetter:\n{fenced(BAD)}",
    "another name": fenced("def surface(w, h):\n    return w * h\n"),
    "a method of two classes": "class A:\n    def area(self, w, h): return w * h\nclass B:\n    def area(self, w, h): return w * h\n",
    "only words": "The area is the width times the height.",
    "only usage": ">>> area(2, 3)\n6\n",
    "a helper that is nowhere": fenced(USES),
    "the tests, quoted": "> assert area(2, 3) == 6",
    "a wrong right-looking comment": "# def area(w, h): return w * h\ndef area(w, h): return 6\n",
    "a class that needs arguments": "class Solution:\n    def __init__(self, k): self.k = k\n    def area(self, w, h): return w * h\n",
    "a wrong diff": "```diff\n-def area(w, h): return w * h\n+def area(w, h): return w + h\n```",
    "wrong, with no-break spaces": BAD.replace("    ", "\u00a0" * 4),
    "wrong, with tests for pytest": f"import pytest\n{BAD}",
    "code in another language": "```javascript\nfunction area(w, h) { return w * h }\n```",
}


def one(ask: judge, text: str) -> Verdict:
    return ask([Example("1", [{"role": "user", "content": "Write area(w, h)."}], "", TESTS)], [Completion(text)])[0]


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_is_found(ask: judge, name: str) -> None:
    verdict = one(ask, HONEST[name])
    assert verdict.correct is True, f"{verdict.reason}\n{verdict.answer}"


@pytest.mark.parametrize(
    "text",
    [fenced("def area(w, h):\n    return int(np.prod([w, h]))\n"), "def area(w, h): return int(np.sum([w])) * h\n"],
)
def test_numpy_is_taken_for_granted_as_the_standard_library_is(ask: judge, text: str) -> None:
    example = Example("1", [{"role": "user", "content": "Write area(w, h)."}], "", TESTS)
    assert ask([example], [Completion(text)])[0].correct is True


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_program_stays_wrong(ask: judge, name: str) -> None:
    verdict = one(ask, WRONG[name])
    assert verdict.correct is False, f"{verdict.reason}\n{verdict.answer}"
