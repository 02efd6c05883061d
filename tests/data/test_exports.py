"""Rows in other trainers' forms: each held against the trainer's documented form, tools and system prompts kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from s3ft.data import exports, jsonl
from s3ft.types import UserError

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": {"what": "fox", "n": 2}}}
SYSTEM = {"role": "system", "content": "Be brief."}
ASKED = {"role": "user", "content": "Where is the fox?"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
FOUND = {"role": "tool", "content": "in the den", "tool_call_id": "c1"}
ANSWER = {"role": "assistant", "content": "In its den."}


def _row(id: str, *prompt: dict[str, Any], tools: list[Any] | None = None) -> dict[str, Any]:
    made = {"id": id, "prompt": list(prompt), "completion": [ANSWER], "source": "self"}
    return {**made, "tools": json.dumps(tools)} if tools else made


PLAIN = _row("plain", SYSTEM, ASKED)
SEVERAL = _row(
    "several", ASKED, {"role": "assistant", "content": "Which one?"}, {"role": "user", "content": "The red."}
)
TOOLS = _row("tools", SYSTEM, ASKED, CALLED, FOUND, tools=[TOOL])
BARE = _row("bare", ASKED, tools=[TOOL["function"]])


def _written(form: exports.Form, folder: Path, *rows: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    notes = exports.write(form, rows, "mine", folder / form, "<|im_end|>")
    return list(jsonl.read(folder / form / "mine.jsonl")), notes


@pytest.mark.parametrize("form", exports.FORMS)
def test_every_form_has_the_whole_conversation_its_tools_and_the_target_last(
    form: exports.Form, tmp_path: Path
) -> None:
    found, notes = _written(form, tmp_path, PLAIN, SEVERAL, TOOLS, BARE)
    assert "4 rows; system prompts are kept, tools too" in notes
    assert [len(r["messages"]) for r in found] == [3, 4, 5, 2]
    for row in found:
        assert (row["messages"][-1]["role"], row["messages"][-1]["content"]) == ("assistant", ANSWER["content"])
    assert [found[k]["messages"][0]["content"] for k in (0, 2)] == [SYSTEM["content"]] * 2
    for row in found[2:]:
        tools = json.loads(row["tools"]) if isinstance(row["tools"], str) else row["tools"]
        assert [t["function"]["name"] for t in tools] == ["find"]
    assert not any(r.get("tools") for r in found[:2])


def test_openai_trains_on_the_last_answer_alone_and_arguments_are_text(tmp_path: Path) -> None:
    """The form of FineTuneChatRequestInput: weight 0 or 1 on assistant turns, function arguments as JSON text."""
    found, notes = _written("openai", tmp_path, SEVERAL, TOOLS)
    weights = [[m.get("weight") for m in r["messages"] if m["role"] == "assistant"] for r in found]
    assert weights == [[0, None], [0, None]]
    [call] = found[1]["messages"][2]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"what": "fox", "n": 2}
    assert call["id"] == found[1]["messages"][3]["tool_call_id"]
    assert "OpenAI asks for at least 10 rows" in notes
    assert set(found[1]) == {"messages", "tools"}


def test_axolotl_is_told_which_turn_to_train_on_and_where_a_turn_ends(tmp_path: Path) -> None:
    """The documented form of `type: chat_template` with one flag a message; schemas and arguments are text there."""
    found, _ = _written("axolotl", tmp_path, SEVERAL, TOOLS)
    assert [[m["training"] for m in r["messages"]] for r in found] == [[False] * 3 + [True], [False] * 4 + [True]]
    assert json.loads(found[1]["tools"][0]["function"]["parameters"]) == TOOL["function"]["parameters"]
    told = yaml.safe_load((tmp_path / "axolotl" / "axolotl.yaml").read_text())
    [data] = told["datasets"]
    assert Path(data["path"]).is_file()
    assert (data["type"], data["field_messages"], data["message_field_training"]) == (
        "chat_template",
        "messages",
        "training",
    )
    assert (data["roles_to_train"], data["train_on_eos"], told["eot_tokens"]) == ([], "turn", ["<|im_end|>"])


def test_llamafactory_finds_the_file_its_columns_and_its_roles(tmp_path: Path) -> None:
    found, notes = _written("llamafactory", tmp_path, PLAIN, SEVERAL, TOOLS)
    told = json.loads((tmp_path / "llamafactory" / "dataset_info.json").read_text())["mine"]
    assert (tmp_path / "llamafactory" / told["file_name"]).is_file()
    assert told["formatting"] == "sharegpt"
    tags = told["tags"]
    roles = {v for k, v in tags.items() if k not in ("role_tag", "content_tag")}
    for row in found:
        assert set(row) == set(told["columns"].values())
        assert all(set(m) == {tags["role_tag"], tags["content_tag"]} and m["role"] in roles for m in row["messages"])
    called = found[2]["messages"][2]
    assert (called["role"], json.loads(called["content"])) == (
        "function_call",
        [{"name": "find", "arguments": {"what": "fox", "n": 2}}],
    )
    assert any("mask_history: true" in n for n in notes)


@pytest.mark.parametrize(
    ("form", "row", "why"),
    [
        ("llamafactory", _row("x", ASKED, ASKED), "x: its turns do not alternate"),
        (
            "llamafactory",
            _row("x", ASKED, {**CALLED, "content": "I look"}, FOUND),
            "x: a turn that calls tools has text",
        ),
        (
            "openai",
            _row("x", ASKED, CALLED, {"role": "tool", "content": "y"}),
            "x: a tool's result without tool_call_id",
        ),
        (
            "axolotl",
            _row("x", ASKED, {**CALLED, "tool_calls": [{"name": "f"}]}, FOUND),
            "x: a tool call without function",
        ),
    ],
)
def test_a_row_that_a_form_has_no_place_for_is_left_out_and_named(
    form: exports.Form, row: dict[str, Any], why: str, tmp_path: Path
) -> None:
    found, notes = _written(form, tmp_path, PLAIN, row)
    assert len(found) == 1
    assert any(f"1 rows left out, which the form has no place for: {why}" in n for n in notes)
    with pytest.raises(UserError, match=f"--to {form}: none of the rows fits \\({why}"):
        exports.write(form, [row], "mine", tmp_path / "none", "")
    assert not (tmp_path / "none").exists()
