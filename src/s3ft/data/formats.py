"""The forms in which fine-tuning data comes, told apart by their columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from s3ft.digest import digest
from s3ft.types import Example, Message, UserError

Row = Mapping[str, Any]
Reader = Callable[[Row, str], tuple[list[Message], str]]
"""(row, its place for messages) -> prompt, gold. Raises UserError for a row that is not of the form."""

_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
}


def prompt_completion(row: Row, place: str) -> tuple[list[Message], str]:
    return turns(row["prompt"], place, "prompt"), answer(row["completion"], place, "completion")


def prompt_gold(row: Row, place: str) -> tuple[list[Message], str]:
    return turns(row["prompt"], place, "prompt"), answer(row["gold"], place, "gold")


def messages(row: Row, place: str) -> tuple[list[Message], str]:
    *before, last = turns(row["messages"], place, "messages", ends="assistant")
    return before, answer(last["content"], place, "messages")


def alpaca(row: Row, place: str) -> tuple[list[Message], str]:
    """Instruction, optional input and output (Taori et al. 2023)."""
    question = answer(row["instruction"], place, "instruction")
    if row.get("input"):
        question = f"{question}\n\n{row['input']}"
    system: list[Message] = [{"role": "system", "content": row["system"]}] if row.get("system") else []
    return [*system, {"role": "user", "content": question}], answer(row["output"], place, "output")


def sharegpt(row: Row, place: str) -> tuple[list[Message], str]:
    """Conversations of {"from": human | gpt | system, "value": text}."""
    found = []
    for turn in row["conversations"]:
        role = _ROLES.get(str(turn.get("from"))) if isinstance(turn, dict) else None
        if role is None or not isinstance(turn.get("value"), str):
            raise UserError(
                f"{place}: 'conversations' holds {turn!r}, expected {{'from': human or gpt, 'value': text}}"
            )
        found.append({"role": role, "content": turn["value"]})
    *before, last = turns(found, place, "conversations", ends="assistant")
    return before, str(last["content"])


FORMS: dict[str, tuple[tuple[str, ...], Reader]] = {
    "messages": (("messages",), messages),
    "prompt and completion": (("prompt", "completion"), prompt_completion),
    "prompt and gold": (("prompt", "gold"), prompt_gold),
    "ShareGPT conversations": (("conversations",), sharegpt),
    "Alpaca instruction, input and output": (("instruction", "output"), alpaca),
}


def detect(row: Row, place: str) -> str:
    """The name of the form that has all its columns in `row`. Raises UserError with the columns found."""
    for name, (columns, _) in FORMS.items():
        if all(row.get(c) is not None for c in columns):
            return name
    known = "; ".join(f"{name}" for name in FORMS)
    raise UserError(
        f"{place}: columns found: {', '.join(row)}; none of the known forms ({known}); name yours with task.prompt and "
        "task.gold"
    )


def example(row: Row, turns: list[Message], gold: str, reference: Any, offered: Any, id: Any) -> Example:
    """One row, prepared; without an id of its own its content's hash is its id."""
    columns = {k: v for k, v in row.items() if isinstance(v, str | int | float | bool)}
    content = [turns, gold] if offered is None else [turns, gold, offered]
    return Example(digest(content)[:16] if id is None else str(id), turns, gold, reference, offered, columns)


def turns(value: Any, place: str, column: str, ends: str = "user") -> list[Message]:
    """Text or a list of messages as messages that end with a turn of `ends`."""
    if isinstance(value, str) and value.strip() and ends == "user":
        return [{"role": "user", "content": value}]
    is_list = isinstance(value, list) and bool(value)
    if not is_list or not all(isinstance(m, dict) and "role" in m and "content" in m for m in value):
        raise UserError(f"{place}: column {column!r} holds {_short(value)}, expected text or a list of messages")
    if len(value) < 1 + (ends == "assistant"):
        raise UserError(f"{place}: column {column!r} has one message, expected a prompt and the answer to it")
    if value[-1]["role"] != ends:
        raise UserError(f"{place}: column {column!r} ends with a turn of {value[-1]['role']!r}, expected {ends!r}")
    for number, turn in enumerate(value, 1):
        # A turn that calls tools may have no text.
        if not isinstance(turn["content"], str) and (turn["content"] is not None or turn is value[-1]):
            where = "ends with" if turn is value[-1] else f"has as turn {number}"
            raise UserError(
                f"{place}: column {column!r} {where} {_short(turn['content'])}, expected text; images and "
                "other parts are not trained on, drop the row"
            )
    return list(value)


def tools(value: Any, place: str, column: str) -> list[dict[str, Any]] | None:
    """Tool descriptions as chat templates take them, or those as JSON text; None where there are none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UserError(f"{place}: column {column!r} holds {_short(value)}, which is not JSON: {error}") from error
    if value is not None and not (isinstance(value, list) and all(isinstance(t, dict) for t in value)):
        raise UserError(
            f"{place}: column {column!r} holds {_short(value)}, expected a list of tools; name yours with task.tools"
        )
    return value or None


def answer(value: Any, place: str, column: str) -> str:
    """Text that is not empty; of a list of messages, its only assistant turn."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0].get("content")
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{place}: column {column!r} holds {_short(value)}, expected text; fill it or drop the row")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
