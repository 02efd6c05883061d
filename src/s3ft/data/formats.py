"""The forms in which fine-tuning data comes, told apart by their columns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from s3ft.digest import digest
from s3ft.types import Example, Message, UserError

Row = Mapping[str, Any]
Reader = Callable[[Row, str], tuple[list[Message], list[str]]]
"""(row, its place for messages) -> prompt, accepted answers. Raises UserError for a row that is not of the form."""

_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
}
_QUESTIONS = ("question", "query", "problem", "instruction", "input", "prompt")
_CONTEXTS = ("context", "passage", "document")
_ANSWERS = ("solution", "answer", "answers", "response", "output", "completion", "target", "gold")


@dataclass(frozen=True, slots=True)
class Read:
    """One row as it was understood."""

    prompt: list[Message]
    gold: str
    reference: Any
    """What the judge compares with: the gold, or every accepted answer."""
    mapping: str
    """Where each of them was found, in words."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The same as options of the task `rows`, where they can say it."""


def read(row: Row, place: str, advice: str = "name yours with task.prompt and task.gold") -> Read:
    """A row whose form is told by its columns. Raises UserError with the columns found, and the advice."""
    for name, (columns, reader) in FORMS.items():
        if all(row.get(c) is not None for c in columns):
            return understood(*reader(row, place), name)
    question, gold = _first(row, _QUESTIONS), _first(row, _ANSWERS)
    if question is None or gold is None:
        found = ", ".join(f"{k} (empty)" if v in (None, "", []) else k for k, v in row.items())
        raise UserError(
            f"{place}: columns found: {found}; none of the known forms ({'; '.join(FORMS)}; question and "
            f"answer); {advice}"
        )
    return _question(row, place, question, gold)


def understood(prompt: list[Message], answers: list[str], mapping: str) -> Read:
    """The first of several accepted answers is the gold, and the judge compares with all of them."""
    if len(answers) == 1:
        return Read(prompt, answers[0], answers[0], mapping)
    return Read(prompt, answers[0], answers, f"{mapping} (a list: the first is the gold, any is right)")


def _question(row: Row, place: str, question: str, gold: str) -> Read:
    context = _first(row, _CONTEXTS)
    # That of another row may be empty, which a template would not know.
    columns = {"prompt": question, "gold": gold} if context is None else {}
    turns_ = turns(row[question], place, question)
    if context is not None and isinstance(row[context], str) and len(turns_) == 1:
        turns_ = [{"role": "user", "content": f"{row[context]}\n\n{turns_[0]['content']}"}]
        question = f"{context} and {question}"
    found = understood(turns_, answers(row[gold], place, gold), f"prompt from {question}, gold from {gold}")
    if gold == "solution" and row.get("answer") is not None:
        # Mathematics data: the worked solution and, by itself, its result.
        columns = {**columns, "reference": "answer"} if columns else {}
        found = replace(found, reference=row["answer"], mapping=f"{found.mapping}, compared with answer")
    return replace(found, columns=columns)


def _first(row: Row, names: Sequence[str]) -> str | None:
    return next((n for n in names if row.get(n) not in (None, "", [])), None)


def prompt_completion(row: Row, place: str) -> tuple[list[Message], list[str]]:
    return turns(row["prompt"], place, "prompt"), answers(row["completion"], place, "completion")


def prompt_gold(row: Row, place: str) -> tuple[list[Message], list[str]]:
    return turns(row["prompt"], place, "prompt"), answers(row["gold"], place, "gold")


def messages(row: Row, place: str) -> tuple[list[Message], list[str]]:
    *before, last = turns(row["messages"], place, "messages", ends="assistant")
    return before, answers(last["content"], place, "messages")


def alpaca(row: Row, place: str) -> tuple[list[Message], list[str]]:
    """Instruction, optional input and output (Taori et al. 2023)."""
    question = answers(row["instruction"], place, "instruction")[0]
    if row.get("input"):
        question = f"{question}\n\n{row['input']}"
    system: list[Message] = [{"role": "system", "content": row["system"]}] if row.get("system") else []
    return [*system, {"role": "user", "content": question}], answers(row["output"], place, "output")


def sharegpt(row: Row, place: str) -> tuple[list[Message], list[str]]:
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
    return before, [str(last["content"])]


FORMS: dict[str, tuple[tuple[str, ...], Reader]] = {
    "messages": (("messages",), messages),
    "prompt and completion": (("prompt", "completion"), prompt_completion),
    "prompt and gold": (("prompt", "gold"), prompt_gold),
    "ShareGPT conversations": (("conversations",), sharegpt),
    "Alpaca instruction, input and output": (("instruction", "output"), alpaca),
}


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
            f"{place}: column {column!r} holds {_short(value)}, expected a list of tools; fix it, or "
            "give the column another name"
        )
    return value or None


def answers(value: Any, place: str, column: str) -> list[str]:
    """Accepted answers, each once: a text or number, a list of them, {"text": [...]} as in SQuAD, or a list of messages
    with one assistant turn. Raises UserError if there is none."""
    found = list(dict.fromkeys(_texts(value)))
    if not found:
        raise UserError(f"{place}: column {column!r} holds {_short(value)}, expected text; fill it or drop the row")
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("text", value.get("content") if value.get("role") == "assistant" else None)
    if isinstance(value, list):
        is_talk = len(value) > 1 and any(isinstance(v, dict) and "role" in v for v in value)
        return [] if is_talk else [text for inner in value for text in _texts(inner)]
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return [str(value)]
    return [value] if isinstance(value, str) and value.strip() else []


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
