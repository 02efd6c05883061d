"""Training rows in the forms of other trainers: each a folder with NAME.jsonl and what the trainer has to be told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from s3ft.data import atomic, jsonl
from s3ft.types import Message, UserError

Form = Literal["llamafactory", "axolotl", "openai", "messages"]
FORMS: tuple[Form, ...] = get_args(Form)
Row = dict[str, Any]
"""A line of train/RECIPE.jsonl."""

OPENAI_LEAST = 10
"""Rows that a fine-tuning job of OpenAI asks for."""
_OPENAI_FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id")
_LLAMAFACTORY_ROLES = {"system": "system", "user": "user", "assistant": "assistant", "tool": "observation"}
_SIDES = ({"user", "observation"}, {"assistant", "function_call"})


class _Unfit(Exception):
    """A row for which a form has no place, and why."""


def write(form: Form, rows: Iterable[Row], name: str, out: Path, end_of_turn: str) -> list[str]:
    """Writes the folder `out` and gives what the user has to know, a line each. Rows that the form cannot hold are left
    out and said. `end_of_turn`: the token on which the model stops. Raises UserError if no row is left."""
    unfit: dict[str, str] = {}
    seen: Counter[str] = Counter()
    with atomic.whole_folder(out) as folder:
        count = jsonl.write_whole(folder / f"{name}.jsonl", _converted(_MAKERS[form], rows, unfit, seen))
        left_out = "; ".join(f"{id}: {why}" for id, why in list(unfit.items())[:3])
        if not count:
            raise UserError(f"--to {form}: none of the rows fits ({left_out or 'there are none'}); choose another form")
        if form == "llamafactory":
            atomic.write_json(folder / "dataset_info.json", {name: _dataset_info(name)})
        if form == "axolotl":
            with atomic.whole(folder / "axolotl.yaml") as file:
                file.write(_axolotl(out / f"{name}.jsonl", end_of_turn))
    notes = [f"{count} rows; system prompts are kept" + (", tools too" if seen["tools"] else "")]
    if unfit:
        notes.append(f"{len(unfit)} rows left out, which the form has no place for: {left_out}")
    if form == "llamafactory":
        history = ", mask_history: true (else earlier answers are trained on too)" if seen["earlier answers"] else ""
        notes.append(f"LLaMA-Factory: dataset_dir: {out}, dataset: {name}, template: the model's{history}")
    elif form == "axolotl":
        notes.append(f"axolotl: {out / 'axolotl.yaml'} holds what goes into its config")
    elif form == "openai" and count < OPENAI_LEAST:
        notes.append(f"OpenAI asks for at least {OPENAI_LEAST} rows")
    elif form == "messages" and seen["earlier answers"]:
        notes.append("the form does not say that earlier answers are not trained on: take only the last turn as target")
    return notes


def _converted(
    make: Callable[[Row], Row], rows: Iterable[Row], unfit: dict[str, str], seen: Counter[str]
) -> Iterator[Row]:
    for row in rows:
        try:
            made = make(row)
        except _Unfit as error:
            unfit[str(row["id"])] = str(error)
            continue
        seen["tools"] += "tools" in row
        seen["earlier answers"] += any(m["role"] == "assistant" for m in row["prompt"])
        yield made


def _messages(row: Row) -> Row:
    return {"messages": [*row["prompt"], *row["completion"]], **_tools(row)}


def _openai(row: Row) -> Row:
    """Earlier answers have weight 0: a job trains on every answer else."""
    turns = [_openai_turn(m) for m in row["prompt"]]
    turns = [{**m, "weight": 0} if m["role"] == "assistant" else m for m in turns]
    return {"messages": [*turns, *row["completion"]], **_tools(row)}


def _openai_turn(turn: Message) -> Message:
    if turn["role"] == "tool" and not turn.get("tool_call_id"):
        raise _Unfit("a tool's result without tool_call_id")
    return _with_calls({k: v for k, v in turn.items() if k in _OPENAI_FIELDS}, json.dumps)


def _axolotl_row(row: Row) -> Row:
    """Schemas and arguments are text, as axolotl takes them: as columns of one type they would get one another's
    fields."""
    turns = [{**_with_calls(m, json.dumps), "training": False} for m in row["prompt"]]
    tools = _tools(row)
    for tool in tools.get("tools", []):
        tool["function"] = {**tool["function"], "parameters": json.dumps(tool["function"].get("parameters", {}))}
    return {"messages": [*turns, *({**m, "training": True} for m in row["completion"])], **tools}


def _llamafactory(row: Row) -> Row:
    turns = [_llamafactory_turn(m) for m in [*row["prompt"], *row["completion"]]]
    spoken = turns[1:] if turns[0]["role"] == "system" else turns
    if any(m["role"] not in _SIDES[k % 2] for k, m in enumerate(spoken)):
        raise _Unfit("its turns do not alternate between user or tool and assistant")
    return {"messages": turns, "tools": json.dumps(_tools(row)["tools"]) if "tools" in row else ""}


def _llamafactory_turn(turn: Message) -> Message:
    if not turn.get("tool_calls"):
        if turn["role"] not in _LLAMAFACTORY_ROLES:
            raise _Unfit(f"a turn of {turn['role']!r}")
        return {"role": _LLAMAFACTORY_ROLES[turn["role"]], "content": turn["content"] or ""}
    if turn["content"]:
        raise _Unfit("a turn that calls tools has text too")
    calls = [c["function"] for c in _with_calls(turn, lambda given: given)["tool_calls"]]
    return {"role": "function_call", "content": json.dumps([{k: c[k] for k in ("name", "arguments")} for c in calls])}


def _with_calls(turn: Message, written: Callable[[Any], Any]) -> Message:
    """The turn with the arguments of its tool calls as `written` makes them of JSON values."""
    if not turn.get("tool_calls"):
        return turn
    calls = []
    for call in turn["tool_calls"]:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or "name" not in function:
            raise _Unfit("a tool call without function and name")
        given = function.get("arguments", {})
        try:
            given = json.loads(given) if isinstance(given, str) else given
        except ValueError as error:
            raise _Unfit(f"a tool call whose arguments are not JSON: {given[:40]!r}") from error
        calls.append({"type": "function", **call, "function": {**function, "arguments": written(given)}})
    return {**turn, "tool_calls": calls}


def _tools(row: Row) -> Row:
    """The tools of a row, each as {"type": "function", "function": ...}."""
    if "tools" not in row:
        return {}
    return {"tools": [t if "function" in t else {"type": "function", "function": t} for t in json.loads(row["tools"])]}


_MAKERS: dict[Form, Callable[[Row], Row]] = {
    "llamafactory": _llamafactory,
    "axolotl": _axolotl_row,
    "openai": _openai,
    "messages": _messages,
}


def _dataset_info(name: str) -> dict[str, Any]:
    """LLaMA-Factory's description of the file: its ShareGPT form under OpenAI's names. Its own form of that name adds a
    system prompt to rows without one."""
    tags = {f"{tag}_tag": tag for tag in ("role", "content", "user", "assistant", "observation", "system")}
    return {
        "file_name": f"{name}.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "tools": "tools"},
        "tags": {**tags, "function_tag": "function_call"},
    }


def _axolotl(file: Path, end_of_turn: str) -> str:
    return (
        "chat_template: tokenizer_default\n"
        f"eot_tokens: [{json.dumps(end_of_turn)}]\n"
        "datasets:\n"
        f"  - path: {json.dumps(str(file))}\n"
        "    ds_type: json\n"
        "    type: chat_template\n"
        "    field_messages: messages\n"
        "    field_tools: tools\n"
        "    message_property_mappings: {role: role, content: content}\n"
        "    message_field_training: training\n"
        "    roles_to_train: []\n"
        "    train_on_eos: turn\n"
    )
