"""Rows as TRL takes them, read as examples; those that S3FT cannot use are named in one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from s3ft.chat import Chat, open_chat
from s3ft.config import ChatConfig
from s3ft.data import formats, splits
from s3ft.digest import digest
from s3ft.progress import say
from s3ft.trl.settings import ArgumentError, in_python
from s3ft.types import Candidate, Completion, Example, Record

TEMPLATE_ARGUMENTS = "chat_template_kwargs"
"""The column with a row's arguments of the chat template, as TRL names it."""
_NAMED = 5
"""Rows that are named in a message."""
_IMAGES = "the rows appear to be vision-related, and S3FT trains on text only; train with SFTTrainer"
_UNFIT = {
    "input_ids": "the rows are token ids already, and S3FT asks the model its prompts; give prompt and completion, or "
    "train with SFTTrainer",
    "image": _IMAGES,
    "images": _IMAGES,
}


class Chats:
    """The chat policies of one tokenizer: one for each set of arguments of the chat template in the rows."""

    def __init__(self, tokenizer: Any, config: ChatConfig, stop_ids: Iterable[int]) -> None:
        self._tokenizer, self._config, self._stop_ids = tokenizer, config, list(stop_ids)
        self._opened: dict[str, Chat] = {}

    def of(self, example: Example | None = None) -> Chat:
        """The policy of a row; of None, that of rows without arguments."""
        given = example.meta.get(TEMPLATE_ARGUMENTS, {}) if example else {}
        key = digest(given)
        if key not in self._opened:
            config = self._config.model_copy(update={"template_kwargs": {**self._config.template_kwargs, **given}})
            self._opened[key] = open_chat(self._tokenizer, config, stop_ids=self._stop_ids)
            for note in self._opened[key].notes:
                say(f"chat: {in_python(note)}")
        return self._opened[key]


def read(rows: Any, what: str, assistant_only: bool = False) -> Iterator[Example]:
    """The rows of a data set, a list or a stream. Raises ArgumentError for those that have no prompt or no answer.

    `assistant_only`: TRL's assistant_only_loss."""
    if isinstance(rows, Mapping):
        names = ", ".join(map(str, rows))
        if any(isinstance(own, list | tuple) for own in rows.values()):
            raise ArgumentError(f"{what}: found the columns {names}; give a Dataset, as Dataset.from_dict makes it")
        raise ArgumentError(f"{what}: found the splits {names}; give one of them, such as {what}[{next(iter(rows))!r}]")
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise ArgumentError(f"{what}: found {type(rows).__name__}, expected rows: a list, a Dataset or a generator")
    for number, row in enumerate(rows, 1):
        place = f"{what}, row {number}"
        if not isinstance(row, Mapping):
            raise ArgumentError(
                f"{place}: found {type(row).__name__} in a {type(rows).__name__}, expected a row with columns; give a "
                "list of dicts or a Dataset"
            )
        if unfit := next((line for column, line in _UNFIT.items() if column in row), ""):
            raise ArgumentError(f"{place}: columns found: {', '.join(row)}: {unfit}")
        found = formats.read(row, place, "name yours prompt and completion")
        if number == 1:
            say(f"{what}: {found.mapping}")
        if assistant_only and "completion" not in row and any(m["role"] == "assistant" for m in found.prompt):
            raise ArgumentError(
                f"{place}: assistant_only_loss trains on every turn of the assistant, S3FT on the last; give each turn "
                "a row of its own as prompt and completion, or leave assistant_only_loss out"
            )
        yield _example(row, found, place)


def _example(row: Mapping[str, Any], read: formats.Read, place: str) -> Example:
    reference = row["reference"] if row.get("reference") is not None else read.reference
    offered = formats.tools(row.get("tools"), place, "tools")
    found = formats.example(row, read.prompt, read.gold, reference, offered, row.get("id"))
    asked = row.get(TEMPLATE_ARGUMENTS) or {}
    if not isinstance(asked, Mapping):
        raise ArgumentError(f"{place}: column {TEMPLATE_ARGUMENTS!r} holds {asked!r:.80}, expected a mapping")
    # Arrow writes None where another row has an argument.
    given = {k: v for k, v in asked.items() if v is not None}
    if not given:
        return found
    id = found.id if row.get("id") is not None else digest([found.id, given])[:16]
    return replace(found, id=id, meta={**found.meta, TEMPLATE_ARGUMENTS: given})


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Each row once, in order; what is left out is said. Raises UserError for one id with two contents."""
    found = list(examples)
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in found:
        groups[digest(example.meta.get(TEMPLATE_ARGUMENTS, {}))].append(example)
    kept = {id(example) for group in groups.values() for example in splits.distinct("rows", group)}
    if len(kept) < len(found):
        say(f"rows: {len(found) - len(kept)} of {len(found)} left out, they have prompt and answer of an earlier row")
    return [example for example in found if id(example) in kept]


def gold_records(examples: Iterable[Example]) -> Iterator[Record]:
    """Records with the gold as target."""
    for example in examples:
        yield Record(example, [Candidate("gold", Completion(example.gold), is_generated=False)], [0])


def say_dropped(what: str, dropped: list[tuple[str, str]], total: int) -> None:
    """Names the rows that were left out, with their reasons."""
    if dropped:
        named = "; ".join(f"{id}: {reason}" for id, reason in dropped[:_NAMED])
        more = "; ..." if len(dropped) > _NAMED else ""
        say(f"{what}: {len(dropped)} of {total} rows left out ({named}{more})")
