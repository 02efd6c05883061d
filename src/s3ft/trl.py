"""The ladder for users of TRL: a data set of targets for any trainer, and an SFTTrainer that makes its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import datasets
import torch
from trl import SFTConfig, SFTTrainer

from s3ft import judges, ladder, plugins
from s3ft.backends.transformers import Loaded, device, dtype, load_model, load_tokenizer, stop_ids
from s3ft.build_statistics import Tally
from s3ft.chat.policy import Chat, open_chat
from s3ft.config.schema import ChatConfig, SamplingConfig
from s3ft.data import formats, records
from s3ft.digest import digest
from s3ft.models.locate import folder
from s3ft.progress import console, progress, share
from s3ft.recipes import RECIPES
from s3ft.sources.paraphrase import PROMPT
from s3ft.train.rows import prepare
from s3ft.types import Completion, Example, Recipe, Record, Task, UserError

Row = Mapping[str, Any]


def build_dataset(
    model: Any,
    dataset: Any,
    judge: Any,
    recipe: str | Recipe = "s3ft",
    *,
    processing_class: Any = None,
    sampling: SamplingConfig | None = None,
    chat: ChatConfig | None = None,
    paraphrase: str = PROMPT,
    batch_size: int = 32,
    max_undecided: float = 0.05,
) -> datasets.Dataset:
    """Training targets for any trainer: columns id, prompt, completion (both lists of messages), source and verdict.

    `model`: a folder, a Hub id, "lab", or a model in memory with its tokenizer as `processing_class`. `dataset`: rows
    as prompt and completion, messages, Alpaca or ShareGPT; a column `reference` is what the judge compares with, else
    the gold itself. `judge`: a name, {"name": ..., option: value}, a TRL reward function, or a function
    judge(example, completion) -> Verdict. Raises UserError as `s3ft build` does."""
    loaded, opened = _model(model, processing_class, chat or ChatConfig(), batch_size)
    made = list(_climb(loaded, dataset, judge, recipe, sampling or SamplingConfig(), paraphrase, max_undecided))
    return datasets.Dataset.from_list([row for record in made for row in _rows(record, opened)])


@dataclass
class S3FTConfig(SFTConfig):
    """SFTConfig with the ladder's settings."""

    recipe: str = field(default="s3ft", metadata={"help": "A recipe of s3ft list."})
    answer_tokens: int = field(default=512, metadata={"help": "Most tokens of an answer that is sampled as a target."})
    paraphrase: str = field(default=PROMPT, metadata={"help": "Asks for the gold in the model's own words."})
    keep_reasoning: bool = field(default=True, metadata={"help": "Train on the model's own thoughts."})
    max_undecided: float = field(default=0.05, metadata={"help": "Share of None from the judge that stops the build."})


class S3FTTrainer(SFTTrainer):
    """An SFTTrainer that first rewrites its training set by the recipe, and trains on ids that were proven row by row.

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
        on_cpu = device("auto").type == "cpu"
        args = args or S3FTConfig("s3ft-trainer", use_cpu=on_cpu, bf16=not on_cpu)
        if isinstance(model, str):
            where = torch.device("cpu") if args.use_cpu else device("auto")
            path = folder(model)
            processing_class = processing_class or load_tokenizer(path)
            model = load_model(path, dtype("auto", where, path), False, {}).to(where)
        loaded, chat = _model(model, processing_class, ChatConfig(keep_reasoning=args.keep_reasoning), 32)
        sampling = SamplingConfig(max_tokens=args.answer_tokens)
        climbed = _climb(loaded, train_dataset, judge, args.recipe, sampling, args.paraphrase, args.max_undecided)
        self.s3ft_records = list(climbed)
        rows = prepare(self.s3ft_records, chat, args.max_length)
        self.s3ft_dropped = rows.dropped
        self._s3ft_rows = rows
        args.max_length, args.packing = None, False
        args.dataset_kwargs = {"skip_prepare_dataset": True}
        super().__init__(model=model, args=args, train_dataset=rows.dataset(), processing_class=rows.tokenizer, **more)


def _model(model: Any, tokenizer: Any, chat: ChatConfig, batch_size: int) -> tuple[Loaded, Chat]:
    if isinstance(model, str):
        path, where = folder(model), device("auto")
        tokenizer = tokenizer or load_tokenizer(path)
        model = load_model(path, dtype("auto", where, path), False, {}).to(where).eval()
    if tokenizer is None:
        raise UserError("a model in memory needs its tokenizer; give processing_class=...")
    opened = open_chat(tokenizer, chat, stop_ids=stop_ids(model.generation_config))
    return Loaded(model, tokenizer, opened, batch_size), opened


def _climb(
    model: Loaded, rows: Any, judge: Any, recipe: str | Recipe, sampling: SamplingConfig, paraphrase: str, limit: float
) -> Iterator[Record]:
    if isinstance(recipe, str) and recipe not in RECIPES:
        raise UserError(plugins.unknown("recipe", recipe, list(RECIPES)))
    rungs = RECIPES[recipe] if isinstance(recipe, str) else recipe
    asked = judges.of(judge)
    if hasattr(asked, "bind"):
        asked.bind(model)
    sources = {name: plugins.load("source", name) for name in rungs.ladder}
    task = Task("rows", lambda split: iter(()), "exact", paraphrase)
    tally = Tally()
    with progress("build", len(rows)) as advance:
        for chunk in ladder.chunks(_examples(rows)):
            golds = asked(chunk, [Completion(e.gold) for e in chunk])
            tally.add(chunk, golds)
            with share(advance, len(chunk)) as inner:
                propose = ladder.proposer(task, sources, model, sampling.sampling(rungs.num_samples), inner)
                climbed = ladder.climb(chunk, rungs, sources, propose, asked, golds)
            for record in climbed:
                verdicts = [c.verdict for c in record.candidates if c.verdict is not None]
                tally.add([record.example] * len(verdicts), verdicts)
            ladder.stop_if_undecided([tally], limit)
            yield from climbed


def _examples(rows: Any) -> Iterator[Example]:
    form = ""
    for number, row in enumerate(rows, 1):
        place = f"row {number}"
        if not form:
            form = formats.detect(row, place)
            console.print(f"data: read as {form}", highlight=False)
        prompt, gold = formats.FORMS[form][1](row, place)
        reference = row["reference"] if row.get("reference") is not None else gold
        name = str(row["id"]) if row.get("id") is not None else digest([prompt, gold])[:16]
        yield Example(name, prompt, gold, reference, row.get("tools"))


def _rows(record: Record, chat: Chat) -> Iterator[dict[str, Any]]:
    rows = records.training_rows(record, chat.keep_reasoning)
    for row, candidate in zip(rows, (record.candidates[k] for k in record.targets), strict=True):
        yield {**row, "verdict": None if candidate.verdict is None else candidate.verdict.correct}
