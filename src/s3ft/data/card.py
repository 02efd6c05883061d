"""The card of training files: train/README.md, which says where each row's completion comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3ft.data import atomic

_FIELDS = """Each line: `id`; `prompt`, a list of messages; `completion`, one assistant message, all that is trained on;
`source`, where the completion comes from; `tools`, JSON text, where a row has some. `datasets.load_dataset` reads this
folder, one configuration a recipe, and TRL's `SFTTrainer` takes the rows as they are."""

_LICENCE = """Completions from `gold` are the data set's own, all others were written by the model; the terms
and licences of both hold for what is made with these rows."""


def write(folder: Path, made_from: Mapping[str, str], recipes: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """README.md beside the files. `made_from`: model, task and judge by name; `recipes`: of each its ladder and what
    the build counted."""
    with atomic.whole(folder / "README.md") as file:
        file.write(_text(made_from, recipes))


def _text(made_from: Mapping[str, str], recipes: Mapping[str, tuple[str, dict[str, Any]]]) -> str:
    import yaml

    head = {
        "configs": [{"config_name": name, "data_files": f"{name}.jsonl"} for name in recipes],
        "task_categories": ["text-generation"],
        "tags": ["s3ft"],
    }
    sources = list(dict.fromkeys(s for _, facts in recipes.values() for s in facts["composition"]))
    lines = [
        *("---", yaml.safe_dump(head, sort_keys=False).strip(), "---"),
        f"# Training rows for {made_from['model']}: {made_from['task']}",
        *("", "Made by [s3ft](https://arxiv.org/abs/2502.08130): of the sources in a recipe's ladder, the first whose"),
        f"completion the judge accepted gives a row its target. Judge: {made_from['judge']}.",
        *("", "| " + " | ".join(["recipe", "ladder", "targets", *sources]) + " |"),
        "|" + "---|" * (3 + len(sources)),
    ]
    for name, (ladder, facts) in recipes.items():
        shares = [f"{facts['composition'].get(s, 0):.1%}" for s in sources]
        lines.append("| " + " | ".join([name, ladder, f"{facts['targets']} of {facts['rows']} rows", *shares]) + " |")
    return "\n".join([*lines, "", _FIELDS, "", _LICENCE, ""])
