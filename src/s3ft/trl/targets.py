"""Targets of a model in memory: the pipeline of the command line over the rows of a TRL user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import datasets
from trl import SFTConfig

from s3ft import judges
from s3ft.config import ChatConfig
from s3ft.data import records
from s3ft.models import loading
from s3ft.models.local import LocalModel
from s3ft.models.locate import folder, source
from s3ft.pipeline import BuildOptions, build_records
from s3ft.progress import Bar, progress, say
from s3ft.protocols import Backend
from s3ft.trl.rows import TEMPLATE_ARGUMENTS, Chats, distinct, read
from s3ft.trl.settings import Ladder, argument_errors, as_ladder
from s3ft.types import Completion, Example, Recipe, Record, UserError, Verdict


def build_dataset(
    model: Any,
    dataset: Any,
    judge: Any = None,
    recipe: str | Recipe = "s3ft",
    *,
    processing_class: Any = None,
    options: BuildOptions = BuildOptions(),  # noqa: B008
    chat: ChatConfig = ChatConfig(),  # noqa: B008
) -> datasets.Dataset:
    """Training targets for any trainer: columns id, prompt, completion (both lists of messages), source and verdict,
    and tools and chat_template_kwargs where the rows have them.

    `model`: a folder, a Hub id, "lab", or a model in memory. `dataset`: rows as prompt and completion, messages, Alpaca
    or ShareGPT; a column `reference` is what the judge compares with, else the gold itself. `judge`: a name, {"name":
    ..., option: value}, a TRL reward function, or a function judge(example, completion) -> Verdict; a recipe that asks
    no model needs none. `processing_class`: the tokenizer; left out, the one that belongs to the model. Raises
    ArgumentError, a UserError, as `s3ft build` does."""
    with argument_errors():
        ladder = as_ladder(recipe, judge, options)
        examples = distinct(read(dataset, "dataset"))
        local, tokenizer = _loaded(model, processing_class)
        chats = Chats(tokenizer, chat, loading.stop_ids(local.generation_config))
        made = list(targets(local, chats, examples, ladder))
        rows = [row for record in made for row in _rows(record, chat.keep_reasoning)]
        for column in ("tools", TEMPLATE_ARGUMENTS):
            if all(row[column] is None for row in rows):
                rows = [{k: v for k, v in row.items() if k != column} for row in rows]
        return datasets.Dataset.from_list(rows)


def targets(model: Any, chats: Chats, examples: Sequence[Example], ladder: Ladder) -> Iterator[Record]:
    """The records of the rows, in their order."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        groups[repr(sorted(example.meta.get(TEMPLATE_ARGUMENTS, {}).items()))].append(place)
    found: dict[int, Record] = {}
    options, judge = ladder.options, ladder.judge
    if judge is None:
        judge, options = _undecided, BuildOptions(options.sampling, options.paraphrase, max_undecided=1.0)

    def open_model(name: str | None, backend: Mapping[str, Any] | None) -> Backend:
        if backend is not None:
            raise UserError(
                "the judge's backend: here models answer in this process; leave backend out, or use s3ft build"
            )
        if name is None:
            return LocalModel(model, chats.of())
        other, tokenizer = _loaded(name, None)
        chat = Chats(tokenizer, ChatConfig(), loading.stop_ids(other.generation_config)).of()
        return LocalModel(other, chat)

    asked = judges.of(judge, open_model)
    builds = []
    for places in groups.values():
        chat, rows = chats.of(examples[places[0]]), [examples[i] for i in places]
        build = build_records(rows, {ladder.name: ladder.recipe}, LocalModel(model, chat), asked, chat, options)
        builds.append((places, build))
    with progress("build", len(examples)) as bar:
        for places, build in builds:
            bar.detail, build.advance = build.progress, partial(_rows_done, bar, build.steps)
            made = (record for _, chunk in build for record in chunk)
            found.update(zip(places, made, strict=True))
            if ladder.judge is not None and (undecided := build.counts.undecided()):
                say(f"judge: warning: {undecided}")
    return (found[place] for place in range(len(examples)))


def _rows_done(bar: Bar, steps: int, done: int) -> None:
    bar(done / steps)


def _undecided(example: Example, completion: Completion) -> Verdict:
    return Verdict(None, reason="no judge was given")


def model_name(model: Any) -> str:
    """The id or folder of a model, as its config has it if it is in memory."""
    return model if isinstance(model, str) else str(getattr(getattr(model, "config", None), "name_or_path", "") or "")


def model_commit(model: Any) -> str | None:
    """The commit of a Hub model in memory, where transformers says it: newer versions do not."""
    return getattr(getattr(model, "config", None), "_commit_hash", None)


def opened(model: Any, tokenizer: Any, args: SFTConfig) -> tuple[Any, Any, str | None]:
    """What TRL is given as model and processing_class, and the commit of a Hub model as far as it is known: a name
    stays a name, so that TRL loads the model as it always does. Raises UserError for files that are not there."""
    init = args.model_init_kwargs if isinstance(args.model_init_kwargs, dict) else {}
    revision = commit = model_commit(model)
    if isinstance(model, str):
        revision = init.get("revision")
        found = folder(model, revision)
        commit = source(found)[1]
        model = str(found) if model == "lab" else model
    if tokenizer is None:
        tokenizer = _tokenizer(model_name(model), revision, args.trust_remote_code)
    return model, tokenizer, commit


def _loaded(model: Any, tokenizer: Any) -> tuple[Any, Any]:
    """A model in memory and its tokenizer."""
    tokenizer = tokenizer or _tokenizer(model_name(model), model_commit(model))
    if isinstance(model, str):
        path, where = folder(model), loading.device("auto")
        model = loading.load_model(path, loading.dtype("auto", where, path)).to(where).eval()
    return model, tokenizer


def _tokenizer(name: str, revision: str | None = None, trust_remote_code: bool = False) -> Any:
    if not name:
        raise UserError("a model in memory that has no name needs its tokenizer; give processing_class=...")
    return loading.load_tokenizer(folder(name, revision), trust_remote_code)


def _rows(record: Record, keep_reasoning: bool) -> Iterator[dict[str, Any]]:
    example = record.example
    more = {"tools": None, TEMPLATE_ARGUMENTS: example.meta.get(TEMPLATE_ARGUMENTS)}
    rows = records.training_rows(record, keep_reasoning)
    for row, candidate in zip(rows, (record.candidates[k] for k in record.targets), strict=True):
        yield {**more, **row, "verdict": None if candidate.verdict is None else candidate.verdict.correct}
