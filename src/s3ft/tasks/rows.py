"""Your own rows: JSON lines, CSV, parquet or a Hub data set, by column names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s3ft.data import formats, readers
from s3ft.progress import console
from s3ft.prompts import fill, names
from s3ft.sources.paraphrase import PROMPT
from s3ft.types import Example, Message, Split, Task


def task(
    path: readers.Where,
    prompt: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    system: str | None = None,
    id: str = "id",
    judge: str | dict[str, Any] = "exact",
    paraphrase: str = PROMPT,
    tools: str = "tools",
) -> Task:
    """Rows of `path`: a file, a Hub id ("name", with ":configuration" and "@revision" if need be), or {train: ...,
    validation: ..., test: ...}.

    `prompt` is a column (text, or a list of messages) or a template over columns ("Question: {question}"); `gold` and
    `reference` are columns, `reference` the gold itself where it is not given. Without `prompt` and `gold` the form is
    told by the columns: prompt and completion, messages, Alpaca, ShareGPT; what was understood is printed. What has no
    test or validation split of its own is split by a hash of the prompt: 90 train, 5 validation, 5 test."""
    said = False

    def read(row: dict[str, Any], place: str) -> tuple[list[Message], str]:
        nonlocal said
        if prompt is None and gold is None:
            form = formats.detect(row, place)
            if not said:
                console.print(f"data: read as {form}", highlight=False)
                said = True
            turns, answer = formats.FORMS[form][1](row, place)
        else:
            turns = _prompt(row, place, prompt or "prompt")
            answer = formats.answer(readers.column(row, gold or "gold", place), place, gold or "gold")
        return ([{"role": "system", "content": system}, *turns] if system else turns), answer

    def example(row: dict[str, Any], place: str) -> Example:
        turns, answer = read(row, place)
        compared = answer if reference is None else readers.column(row, reference, place)
        offered = formats.tools(row.get(tools), place, tools)
        return formats.example(row, turns, answer, compared, offered, row.get(id))

    def rows(split: Split) -> Iterator[Example]:
        return (example(row, place) for row, place in readers.rows(path, split, lambda r, p: read(r, p)[0]))

    return Task("rows", rows, judge, paraphrase)


def _prompt(row: dict[str, Any], place: str, prompt: str) -> list[Message]:
    if prompt not in row and names(prompt):
        text = fill(prompt, {name: readers.column(row, name, place) for name in names(prompt)})
        return [{"role": "user", "content": text}]
    return formats.turns(readers.column(row, prompt, place), place, prompt)
