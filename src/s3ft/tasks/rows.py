"""Your own rows: JSON lines, CSV, parquet or a Hub data set, by column names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from s3ft.data import formats, readers
from s3ft.progress import say
from s3ft.prompts import fill, names
from s3ft.sources.paraphrase import PROMPT
from s3ft.types import Example, Message, Split, Task, UserError


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
    stratum: str | None = None,
) -> Task:
    """Rows of `path`: a file, a Hub id ("name", with ":configuration" and "@revision" if need be), or {train: ...,
    validation: ..., test: ...}.

    `prompt` is a column (text, or a list of messages) or a template over columns ("Question: {question}"); `gold` and
    `reference` are columns; a field inside one is answer.text. Of a list of accepted answers, or SQuAD's {text: [...]},
    the first is the gold. Without `reference` the judge compares with the gold, or with every accepted answer. Without
    `prompt` and `gold` the form is told by the columns: prompt and completion, messages, Alpaca, ShareGPT, question and
    answer. What was understood is printed. `stratum` is a column that tells kinds of rows apart: intervals take items
    as drawn within their kind. What has no test or validation split of its own is split by a hash of the prompt: 5 % of
    the rows each for validation and test; of fewer than 400 rows 20 each, or 20 % for test and 10 % for validation if
    that is less."""
    said = False

    def read(row: dict[str, Any], place: str) -> formats.Read:
        nonlocal said
        found = formats.read(row, place) if prompt is None and gold is None else named(row, place)
        if reference is not None:
            compared = _compared(readers.column(row, reference, place))
            found = replace(found, reference=compared, mapping=f"{found.mapping}, compared with {reference}")
        if not said:
            say(f"data: {place.rpartition(' row ')[0]}: {found.mapping}")
            said = True
        turns = [{"role": "system", "content": system}, *found.prompt] if system else found.prompt
        return replace(found, prompt=turns)

    def named(row: dict[str, Any], place: str) -> formats.Read:
        turns = _prompt(row, place, prompt or "prompt")
        answers = formats.answers(readers.column(row, gold or "gold", place), place, gold or "gold")
        asked = prompt or "prompt"
        where = f"the template over {', '.join(names(asked))}" if asked not in row and names(asked) else asked
        return formats.understood(turns, answers, f"prompt from {where}, gold from {gold or 'gold'}")

    def example(row: dict[str, Any], place: str) -> Example:
        found, offered = read(row, place), formats.tools(row.get(tools), place, tools)
        # A column of another name than the default was asked for: it must be there.
        own = row.get(id) if id == "id" else readers.column(row, id, place)
        if stratum is not None:
            readers.column(row, stratum, place)
        return formats.example(row, found.prompt, found.gold, found.reference, offered, own)

    def is_unread(row: dict[str, Any]) -> bool:
        try:
            example(row, "")
        except UserError:
            return True
        return False

    def rows(split: Split) -> Iterator[Example]:
        try:
            for row, place in readers.rows(path, split, lambda r, p: read(r, p).prompt):
                yield example(row, place)
        except UserError as error:
            unread = [is_unread(row) for row in readers.every(path, split)]
            if any(unread):
                raise UserError(f"{error} ({sum(unread)} of {len(unread)} rows cannot be read)") from error
            raise

    return Task("rows", rows, judge, paraphrase, stratum)


def _compared(value: Any) -> Any:
    """SQuAD's {text: [...]} as the list of accepted answers that it is; anything else is the judge's to read."""
    return value["text"] if isinstance(value, dict) and isinstance(value.get("text"), list) else value


def _prompt(row: dict[str, Any], place: str, prompt: str) -> list[Message]:
    if prompt not in row and names(prompt):
        text = fill(prompt, {name: readers.column(row, name, place) for name in names(prompt)})
        return [{"role": "user", "content": text}]
    return formats.turns(readers.column(row, prompt, place), place, prompt)
