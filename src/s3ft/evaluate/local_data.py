"""Rows of MMLU, TruthfulQA, HellaSwag, WinoGrande, GSM8K and IFEval from a folder, in the form of their data sets on
the Hub, for lm-evaluation-harness's own tasks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from s3ft.config import EvaluateConfig
from s3ft.data import jsonl
from s3ft.data.readers import Row, column
from s3ft.types import UserError


@dataclass(frozen=True)
class Family:
    """Benchmarks over one data set."""

    measured: str
    """The split that is measured: what a file without a split in its name holds."""
    shown: str
    """The split that few-shot examples are taken from."""
    row: Callable[[Row, str], Row]
    """A row of a file, and its place for messages, as a row of the Hub's data set."""


def _mmlu(row: Row, place: str) -> Row:
    answer, choices = str(column(row, "answer", place)), column(row, "choices", place)
    _require(isinstance(choices, list) and len(choices) == 4, place, "choices", choices, "a list of four texts")
    _require(answer in ("0", "1", "2", "3"), place, "answer", answer, "the place of the right choice, 0 to 3")
    texts = {name: column(row, name, place) for name in ("question", "subject")}
    return {**texts, "choices": choices, "answer": int(answer)}


def _truthfulqa(row: Row, place: str) -> Row:
    """Choices in the order of the published multiple-choice form: true answers, then false ones."""
    if "mc2_targets" in row:
        return {name: column(row, name, place) for name in ("question", "mc1_targets", "mc2_targets")}
    best = str(column(row, "Best Answer", place)).strip()
    true, false = (_answers(row, name, place) for name in ("Correct Answers", "Incorrect Answers"))
    return {
        "question": column(row, "Question", place),
        "mc1_targets": _targets([best], false),
        "mc2_targets": _targets(true, false),
    }


def _answers(row: Row, name: str, place: str) -> list[str]:
    found = [part.strip() for part in str(column(row, name, place)).split(";") if part.strip()]
    _require(bool(found), place, name, row[name], "answers separated by ';'")
    return list(dict.fromkeys(found))


def _targets(true: list[str], false: list[str]) -> Row:
    return {"choices": [*true, *false], "labels": [1] * len(true) + [0] * len(false)}


def _hellaswag(row: Row, place: str) -> Row:
    label, endings = str(column(row, "label", place)), column(row, "endings", place)
    _require(isinstance(endings, list) and len(endings) == 4, place, "endings", endings, "a list of four texts")
    _require(label in ("0", "1", "2", "3"), place, "label", label, "the place of the right ending, 0 to 3")
    activity = column(row, "activity_label", place)
    if "ctx_a" in row:
        begun, phrase = row["ctx_a"], str(column(row, "ctx_b", place))
    else:
        context = str(column(row, "ctx" if "ctx" in row else "context", place))
        begun, phrase = _cut(context, str(column(row, "source_id", place)))
    return {"activity_label": activity, "ctx_a": begun, "ctx_b": phrase, "endings": endings, "label": label}


def _cut(context: str, source: str) -> tuple[str, str]:
    """Whole sentences, and the noun phrase that the ending goes on from: captions of ActivityNet have one, texts of
    WikiHow none. The harness gives the phrase a capital."""
    found = None if source.startswith("wikihow") else re.fullmatch(r"(.*[.!?][\"')]*) +([^.!?]*)", context, re.DOTALL)
    return (found[1], found[2]) if found else (context, "")


def _winogrande(row: Row, place: str) -> Row:
    found = {name: str(column(row, name, place)) for name in ("sentence", "option1", "option2", "answer")}
    _require("_" in found["sentence"], place, "sentence", found["sentence"], "a text with _ in the place of the option")
    _require(found["answer"] in ("1", "2"), place, "answer", found["answer"], "1 or 2")
    return found


def _gsm8k(row: Row, place: str) -> Row:
    return {name: str(column(row, name, place)) for name in ("question", "answer")}


def _ifeval(row: Row, place: str) -> Row:
    return {name: column(row, name, place) for name in ("key", "prompt", "instruction_id_list", "kwargs")}


def _require(holds: bool, place: str, name: str, found: Any, expected: str) -> None:
    if not holds:
        raise UserError(f"{place}: column {name!r}: found {str(found)[:80]!r}, expected {expected}")


FAMILIES = {
    "mmlu": Family("test", "dev", _mmlu),
    "truthfulqa": Family("validation", "train", _truthfulqa),
    "hellaswag": Family("validation", "train", _hellaswag),
    "winogrande": Family("validation", "train", _winogrande),
    "gsm8k": Family("test", "train", _gsm8k),
    "ifeval": Family("train", "train", _ifeval),
}
_DATA_SETS = {
    ("cais/mmlu", None): "mmlu",
    ("truthfulqa/truthful_qa", "multiple_choice"): "truthfulqa",
    ("Rowan/hellaswag", None): "hellaswag",
    ("allenai/winogrande", "winogrande_xl"): "winogrande",
    ("openai/gsm8k", "main"): "gsm8k",
    ("google/IFEval", None): "ifeval",
}
"""What the harness's tasks read: path and name, None for any."""


def family(config: EvaluateConfig, name: str) -> str | None:
    """The family of a benchmark whose rows come from `evaluate.data`; None for any other."""
    return next((f for f in FAMILIES if config.data and f"{name}_".startswith(f"{f}_")), None)


def files(config: EvaluateConfig, name: str, measured: str) -> dict[str, Path]:
    """The files of a data set by split. Raises UserError if that of the measured split is missing or there are two."""
    folder = Path(config.data or "").expanduser()
    if not folder.is_dir():
        raise UserError(f"evaluate.data: found {config.data!r}, expected a folder with files such as {name}.jsonl")
    found: dict[str, Path] = {}
    for path in sorted(folder.glob(f"{name}*.jsonl")):
        if match := re.fullmatch(rf"{name}(?:_(train|dev|validation|test))?(?:_\d+)?\.jsonl", path.name):
            split = match[1] or measured
            if split in found:
                raise UserError(
                    f"evaluate.data: {found[split]} and {path} are both the split {split} of {name}; keep one of them"
                )
            found[split] = path
    if measured not in found:
        raise UserError(
            f"evaluate.data: {folder} has no {name}_{measured}.jsonl, and no {name}.jsonl; add the rows of {name}, or "
            f"leave {name} out of evaluate.benchmarks"
        )
    return found


def tasks(manager: Any, config: EvaluateConfig, name: str) -> dict[str, Any]:
    """The benchmark for the harness: its own tasks, prompt, metric and few-shot rule, over the rows of the folder."""
    from datasets import Dataset
    from lm_eval.api.task import ConfigurableTask

    own = family(config, name) or name
    kind = FAMILIES[own]
    paths = files(config, own, kind.measured)

    @cache
    def rows(split: str) -> list[Row]:
        if split not in paths:
            return []
        read = enumerate(jsonl.read(paths[split]), 1)
        return [kind.row(row, f"{paths[split]} row {number}") for number, row in read]

    class Local(ConfigurableTask):
        """A task of the harness that takes its rows from the folder where it reads the family's data set."""

        def __init__(self, config: dict[str, Any]) -> None:
            super().__init__(config={k: v for k, v in config.items() if k != "class"})

        def download(self, dataset_kwargs: dict[str, Any] | None = None, **more: Any) -> None:
            path, part = self.DATASET_PATH, self.DATASET_NAME
            if own not in (_DATA_SETS.get((path, part)), _DATA_SETS.get((path, None))):
                super().download(dataset_kwargs, **more)
                return
            splits = {split: _part(rows(split), part) for split in (kind.shown, kind.measured)}
            measured = splits[kind.measured]
            if not measured:
                raise UserError(
                    f"{paths[kind.measured]}: no rows of {part}; add them, or name the tasks that have rows "
                    "in evaluate.benchmarks"
                )
            self._require_shown(len(splits[kind.shown]), part)
            # A split without rows has the columns all the same.
            self.dataset = {
                split: Dataset.from_list(found) if found else Dataset.from_list(measured[:1]).select([])
                for split, found in splits.items()
            }

        def _require_shown(self, number: int, part: str | None) -> None:
            asked, set_by_task = config.extra.get("num_fewshot"), self.config.num_fewshot
            shots = int((set_by_task if asked is None or set_by_task == 0 else asked) or 0)
            if shots > number:
                split = kind.shown
                where = paths.get(split) or f"{config.data}/{own}_{split}.jsonl, which is not there,"
                of = f" of {part}" if own == "mmlu" else ""
                raise UserError(
                    f"evaluate.extra.num_fewshot: {shots} examples are to be shown, {where} has {number}{of}; add "
                    "them, or ask for fewer"
                )

    return {"group": f"{name}, from files", "task": [{"task": leaf, "class": Local} for leaf in _leaves(manager, name)]}


def _part(rows: list[Row], part: str | None) -> list[Row]:
    """The rows of a subject, if the family has subjects."""
    return [row for row in rows if row.get("subject", part) == part]


def _leaves(manager: Any, name: str) -> list[str]:
    """The tasks that a task, tag or group of the harness is made of."""
    entry = manager.task_index[name]
    if name in manager.all_subtasks:
        return [name]
    if name in manager.all_tags:
        return sorted(entry.tags)
    # Names alone: the harness has YAML tags of its own, such as !function.
    listed = yaml.load(entry.yaml_path.read_text(encoding="utf-8"), yaml.BaseLoader)["task"]
    names = [one if isinstance(one, str) else one.get("task") or one["group"] for one in listed]
    return [leaf for inner in names for leaf in _leaves(manager, inner)]
