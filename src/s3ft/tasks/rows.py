"""The user's own rows: JSON lines, CSV, parquet or a Hub data set, by column names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s3ft.config import digest
from s3ft.fill import fill, names
from s3ft.sources.paraphrase import PROMPT
from s3ft.tasks import _read
from s3ft.types import Example, Message, Split, Task, UserError


def task(
    path: _read.Where,
    prompt: str = "prompt",
    gold: str = "gold",
    reference: str | None = None,
    system: str | None = None,
    id: str = "id",
    judge: str | dict[str, Any] = "exact",
    paraphrase: str = PROMPT,
    tools: str = "tools",
) -> Task:
    """Rows of `path`: a file, a Hub id ("name" or "name:configuration"), or {train: ..., validation: ..., test: ...}.

    `prompt` is a column (text, or a list of messages) or a template over columns ("Question: {question}"); `gold`
    and `reference` are columns, `reference` the gold itself where it is not given. What has no test or validation
    split of its own is split by a hash of the prompt: 90 train, 5 validation, 5 test."""

    def messages(row: dict[str, Any], place: str) -> list[Message]:
        if prompt not in row and names(prompt):
            content: Any = fill(prompt, {name: _read.column(row, name, place) for name in names(prompt)})
        else:
            content = _read.column(row, prompt, place)
        if isinstance(content, str) and content.strip():
            turns: list[Message] = [{"role": "user", "content": content}]
        elif isinstance(content, list) and content and all(isinstance(m, dict) and "role" in m for m in content):
            turns = content
        else:
            raise UserError(f"{place}: column {prompt!r} holds {content!r}, expected text or a list of messages")
        if turns[-1]["role"] != "user":
            raise UserError(f"{place}: the prompt ends with a turn of {turns[-1]['role']!r}, expected the user's")
        return [{"role": "system", "content": system}, *turns] if system else turns

    def example(row: dict[str, Any], place: str) -> Example:
        turns, answer = messages(row, place), _read.column(row, gold, place)
        if not isinstance(answer, str) or not answer.strip():
            raise UserError(
                f"{place}: column {gold!r} holds {answer!r}, expected text to train on; fill it or drop the row"
            )
        compared = answer if reference is None else _read.column(row, reference, place)
        columns = {k: v for k, v in row.items() if isinstance(v, str | int | float | bool)}
        name = str(row[id]) if row.get(id) is not None else digest([turns, answer])[:16]
        return Example(name, turns, answer, compared, row.get(tools), columns)

    def rows(split: Split) -> Iterator[Example]:
        return (example(row, place) for row, place in _read.rows(path, split, messages))

    return Task("rows", rows, judge, paraphrase)
