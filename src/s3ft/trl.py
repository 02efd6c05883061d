"""The ladder for users of TRL: a data set of targets for any trainer, and an SFTTrainer that makes its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import torch
from trl import SFTConfig, SFTTrainer

from s3ft import judges, plugins
from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.data import formats, records, splits
from s3ft.models import loading
from s3ft.models.local import LocalModel
from s3ft.models.locate import folder
from s3ft.pipeline import BuildOptions, build_records
from s3ft.progress import console, progress
from s3ft.recipes import RECIPES
from s3ft.sources.paraphrase import PROMPT
from s3ft.train import card
from s3ft.train.rows import prepare
from s3ft.types import Example, Recipe, Record, Sampling, UserError

BATCH_SIZE = 32
"""Prompts generated for at once."""


def build_dataset(
    model: Any,
    dataset: Any,
    judge: Any,
    recipe: str | Recipe = "s3ft",
    *,
    processing_class: Any = None,
    options: BuildOptions = BuildOptions(),  # noqa: B008
    chat: ChatConfig = ChatConfig(),  # noqa: B008
) -> datasets.Dataset:
    """Training targets for any trainer: columns id, prompt, completion (both lists of messages), source and verdict.

    `model`: a folder, a Hub id, "lab", or a model in memory with its tokenizer as `processing_class`. `dataset`: rows
    as prompt and completion, messages, Alpaca or ShareGPT; a column `reference` is what the judge compares with, else
    the gold itself. `judge`: a name, {"name": ..., option: value}, a TRL reward function, or a function
    judge(example, completion) -> Verdict. Raises UserError as `s3ft build` does."""
    local = _local(model, processing_class, chat)
    made = _records(local, dataset, judge, recipe, options)
    return datasets.Dataset.from_list([row for record in made for row in _rows(record, chat.keep_reasoning)])


@dataclass
class S3FTConfig(SFTConfig):
    """SFTConfig with the ladder's settings."""

    recipe: str = field(default="s3ft", metadata={"help": "A recipe of s3ft list."})
    answer_tokens: int = field(default=512, metadata={"help": "Most tokens of an answer that is sampled as a target."})
    paraphrase: str = field(default=PROMPT, metadata={"help": "Asks for the gold in the model's own words."})
    keep_reasoning: bool = field(default=True, metadata={"help": "Train on the model's own thoughts."})
    rejected_gold: str = field(default="keep", metadata={"help": "keep, or drop rows whose gold the judge rejects."})
    max_undecided: float = field(default=0.05, metadata={"help": "Share of None from the judge that stops the build."})

    def __post_init__(self) -> None:
        # TRL's default is bf16, which raises on a machine without a GPU.
        if self.bf16 is None and loading.device("auto").type == "cpu":
            self.bf16 = False
        super().__post_init__()  # type: ignore[no-untyped-call]


class S3FTTrainer(SFTTrainer):
    """An SFTTrainer that first rewrites its training set by the recipe, and trains on ids that were checked row by row.

    `s3ft_records` are the rows' histories, `s3ft_dropped` the rows left out with their reasons."""

    def __init__(
        self,
        model: Any,
        args: S3FTConfig | None = None,
        train_dataset: Any = None,
        judge: Any = None,
        processing_class: Any = None,
        **more: Any,
    ) -> None:
        if train_dataset is None or judge is None:
            raise UserError("S3FTTrainer needs train_dataset and judge; judge is a name of s3ft list, or a function")
        args = args or S3FTConfig("s3ft-trainer")
        local = _local(model, processing_class, ChatConfig(keep_reasoning=args.keep_reasoning), args.use_cpu)
        options = BuildOptions(
            Sampling(max_tokens=args.answer_tokens), args.paraphrase, args.rejected_gold, args.max_undecided
        )
        self.s3ft_records = list(_records(local, train_dataset, judge, args.recipe, options))
        rows = prepare(self.s3ft_records, local.chat, args.max_length)
        self.s3ft_dropped = rows.dropped
        self._s3ft_rows = rows
        args.max_length, args.packing = None, False
        args.dataset_kwargs = {"skip_prepare_dataset": True}
        super().__init__(
            model=local.model, args=args, train_dataset=rows.dataset(), processing_class=rows.tokenizer, **more
        )

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """As transformers', and the folder can be used by others as it is."""
        super().save_model(output_dir, _internal_call)
        if self.args.should_save:
            recipe, seed, rows = vars(self.args)["recipe"], self.args.seed, self._s3ft_rows
            facts = {"recipe": recipe, "seed": seed, "rows": len(rows), "steps": self.state.global_step}
            folder, base = Path(output_dir or str(self.args.output_dir)), str(getattr(self.model, "name_or_path", ""))
            card.finish(folder, base, self.processing_class, {**facts, "sources": rows.sources})


def _local(model: Any, tokenizer: Any, chat: ChatConfig, use_cpu: bool = False) -> LocalModel:
    """The model that answers, with the chat policy of its tokenizer."""
    if isinstance(model, str):
        path, where = folder(model), torch.device("cpu") if use_cpu else loading.device("auto")
        tokenizer = tokenizer or loading.load_tokenizer(path)
        model = loading.load_model(path, loading.dtype("auto", where, path)).to(where).eval()
    if tokenizer is None:
        raise UserError("a model in memory needs its tokenizer; give processing_class=...")
    stops = loading.stop_ids(model.generation_config)
    return LocalModel(model, open_chat(tokenizer, chat, stop_ids=stops), BATCH_SIZE)


def _records(local: LocalModel, rows: Any, judge: Any, recipe: str | Recipe, options: BuildOptions) -> Iterator[Record]:
    if isinstance(recipe, str) and recipe not in RECIPES:
        raise UserError(plugins.unknown("recipe", recipe, list(RECIPES)))
    rungs = RECIPES[recipe] if isinstance(recipe, str) else recipe
    examples = splits.distinct("rows", _examples(rows))
    made = build_records(examples, rungs, local, judges.of(judge, lambda name, backend: local), local.chat, options)
    with progress("build", len(rows) if isinstance(rows, Sized) else None) as bar:
        bar.detail, made.advance = made.progress, lambda n: bar(n / made.steps)
        for _, found in made:
            yield from found


def _examples(rows: Any) -> Iterator[Example]:
    for number, row in enumerate(rows, 1):
        place = f"row {number}"
        found = formats.read(row, place)
        if number == 1:
            console.print(f"data: {found.mapping}", highlight=False)
        reference = row["reference"] if row.get("reference") is not None else found.reference
        offered = formats.tools(row.get("tools"), place, "tools")
        yield formats.example(row, found.prompt, found.gold, reference, offered, row.get("id"))


def _rows(record: Record, keep_reasoning: bool) -> Iterator[Mapping[str, Any]]:
    rows = records.training_rows(record, keep_reasoning)
    for row, candidate in zip(rows, (record.candidates[k] for k in record.targets), strict=True):
        yield {**row, "verdict": None if candidate.verdict is None else candidate.verdict.correct}
