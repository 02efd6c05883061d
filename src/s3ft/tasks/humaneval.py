"""HumanEval, functions to complete (Chen et al. 2021, arXiv 2107.03374): test rows alone, a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s3ft.data import readers
from s3ft.prompts import fill
from s3ft.types import Example, Message, Split, Task

PROMPT = """Complete this Python function. Write the whole function, with its imports, in one code block.

```python
{function}
```"""

PARAPHRASE = """{prompt}

For guidance, this is a correct function:
{gold}

Now write your own, in the way you would write it yourself, in one code block."""

HUB = "openai/openai_humaneval"


def task(path: readers.Where = HUB, judge: str | dict[str, Any] = "code") -> Task:
    """From the Hub, or `path`: a file with the columns of the data set, all of it test rows."""

    def rows(split: Split) -> Iterator[Example]:
        if split != "test":
            return
        # A file is all test rows, and no split is taken from it.
        where = {"train": path, "test": path} if isinstance(path, str) and readers.is_file(path) else path
        for row, place in readers.rows(where, split, lambda row, place: []):
            yield _example(*(str(readers.column(row, name, place)) for name in _COLUMNS))

    return Task("humaneval", rows, judge, PARAPHRASE)


_COLUMNS = ("task_id", "prompt", "canonical_solution", "test", "entry_point")


def _example(name: str, function: str, solution: str, tests: str, entry: str) -> Example:
    gold = f"```python\n{function}{solution.rstrip()}\n```"
    return Example(name, _messages(function), gold, {"tests": tests, "entry_point": entry})


def _messages(function: str) -> list[Message]:
    return [{"role": "user", "content": fill(PROMPT, {"function": function.strip()})}]
