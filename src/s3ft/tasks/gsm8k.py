"""GSM8K, grade-school mathematics (Cobbe et al. 2021, arXiv 2110.14168)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from s3ft.data import readers
from s3ft.digest import digest
from s3ft.prompts import fill
from s3ft.types import Example, Message, Split, Task

PROMPT = """Solve this problem step by step. Show your work, and end with the line "The answer is {answer}", where \
{answer} is an integer.

{question}"""

PARAPHRASE = """{prompt}

For guidance, this is a correct solution:
{gold}

Now write your own step-by-step solution to the problem, in the way you would explain it yourself, without referring \
to the solution above. End with the line "The answer is N", where N is an integer."""

_CALCULATOR = re.compile(r"<<[^<>\n]*=[^<>\n]*>>")


def task(path: readers.Where = "openai/gsm8k:main", judge: str | dict[str, Any] = "math") -> Task:
    """From the Hub, or `path`: a JSONL file with the columns question and answer, or {train: ..., test: ...}.

    Calculator annotations (<<48/2=24>>) are no text to learn and are removed from the gold; the judge compares with
    the number after ####. There is no validation split: it is 5 % of the training rows by a hash of the prompt."""

    def messages(row: dict[str, Any], place: str) -> list[Message]:
        return [{"role": "user", "content": fill(PROMPT, {"question": readers.column(row, "question", place)})}]

    def rows(split: Split) -> Iterator[Example]:
        for row, place in readers.rows(path, split, messages):
            question, answer = readers.column(row, "question", place), str(readers.column(row, "answer", place))
            gold = _CALCULATOR.sub("", answer).strip()
            name = digest([question, answer])[:16]
            yield Example(name, messages(row, place), gold, answer, meta={"question": question})

    return Task("gsm8k", rows, judge, PARAPHRASE)
