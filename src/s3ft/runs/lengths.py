"""Prompts that leave the model no room for an answer, found before any row is spent."""

from __future__ import annotations

import json

from s3ft.runs.directory import Run
from s3ft.types import Split, UserError

SHOWN = 5


def too_long(run: Run, split: Split) -> str:
    """Which prompts of a split are as long as the model's context or longer, in words; empty if none is. Raises
    UserError if all training prompts are.

    A token takes a byte at least, so that only long prompts have to be tokenized."""
    from s3ft.models.loading import context_length

    room, chat = context_length(run.model.folder), run.chat
    of_a_turn = len(chat.prompt_ids([{"role": "user", "content": ""}]))
    rows, found = 0, dict[str, int]()
    for example in run.examples(split):
        rows += 1
        most = sum(len(json.dumps(m, ensure_ascii=False).encode()) + of_a_turn for m in example.prompt)
        if most >= room or example.tools:
            length = len(chat.prompt_ids(example.prompt, example.tools))
            if length >= room:
                found[example.id] = length
    if not found:
        return ""
    if split == "train" and len(found) == rows:
        raise UserError(
            f"all {rows} training prompts are longer than the model's context of {room} tokens, the shortest has "
            f"{min(found.values())}; shorten them, or take a model with a longer context"
        )
    named = ", ".join(list(found)[:SHOWN]) + (" ..." if len(found) > SHOWN else "")
    what = "are not trained on" if split == "train" else "count as not answered"
    return f"{len(found)} of {rows} {split} prompts have no room for an answer in {room} tokens and {what}: {named}"
