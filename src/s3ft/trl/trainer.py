"""S3FTTrainer: TRL sets everything up, then the rows are rewritten by the recipe and tokenised by the chat policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
from transformers.integrations import is_deepspeed_zero3_enabled
from trl import SFTConfig, SFTTrainer, pack_dataset

from s3ft.chat import TemplateUnsupported
from s3ft.config import ChatConfig
from s3ft.models import loading
from s3ft.progress import say
from s3ft.train import card
from s3ft.train.ranks import from_first
from s3ft.train.rows import Rows, prepare, stated_length
from s3ft.trl import settings
from s3ft.trl.rows import Chats, distinct, gold_records, read, say_dropped
from s3ft.trl.settings import Ladder, argument_errors
from s3ft.trl.targets import model_name, opened, targets
from s3ft.types import Completion, Example, Record, UserError

_STAND_IN = datasets.Dataset.from_dict({"input_ids": [[0, 0]], "labels": [[-100, 0]]})
"""What TRL is set up with before there are targets."""


class S3FTTrainer(SFTTrainer):
    """An SFTTrainer that first rewrites its training set by the recipe, and trains on ids that were checked row by row.

    Takes what SFTTrainer takes, and a `judge`: a name, {"name": ..., option: value}, a TRL reward function, or a
    function judge(example, completion) -> Verdict; a recipe that asks no model needs none. Evaluation rows keep their
    gold. `s3ft_records` are the rows' histories, `s3ft_dropped` the rows left out with their reasons. Raises
    ArgumentError, which is a UserError and a ValueError, and before anything is generated if an argument is wrong."""

    args: SFTConfig

    def __init__(
        self,
        model: Any,
        args: Any = None,
        data_collator: Any = None,
        train_dataset: Any = None,
        eval_dataset: Any = None,
        processing_class: Any = None,
        judge: Any = None,
        **more: Any,
    ) -> None:
        with argument_errors():
            if train_dataset is None:
                raise UserError("`train_dataset` is required; give rows with a prompt and its answer")
            args = settings.own(args, model_name(model))
            settings.require_supported(args, more.get("formatting_func"))
            ladder = settings.ladder(args, judge)
            rows = read(_stream(train_dataset, args), "train_dataset", args.assistant_only_loss)
            examples = from_first(lambda: distinct(rows))
            if not examples:
                raise UserError("train_dataset: found no rows; give rows with a prompt and its answer")
            model, processing_class, self._commit = opened(model, processing_class, args)
        # Labels are made here and not by TRL.
        args.assistant_only_loss, args.dataset_kwargs = False, {"skip_prepare_dataset": True}
        stand_in = dict.fromkeys(eval_dataset, _STAND_IN) if isinstance(eval_dataset, dict) else _STAND_IN
        held_out = None if eval_dataset is None else stand_in
        super().__init__(model, args, data_collator, _STAND_IN, held_out, processing_class, **more)
        with argument_errors():
            if is_deepspeed_zero3_enabled():
                raise UserError(
                    "DeepSpeed ZeRO-3: one process generates, and has only a part of the weights; make the targets "
                    "with s3ft.build_dataset first, and train on them with SFTTrainer"
                )
            self._chats = _chats(self.model, self.processing_class, args)
            self._files: list[Rows] = []
            self.eval_dataset = self._tokenised(eval_dataset)
            self.s3ft_dropped: list[tuple[str, str]] = []
            fitting = self._fitting(examples, ladder)
            self.s3ft_records: list[Record] = from_first(
                lambda: self._answered(fitting, ladder, more.get("peft_config"))
            )
            found = prepare(self.s3ft_records, self._chats.of, args.max_length)
            self.s3ft_dropped += found.dropped
            say_dropped("train_dataset", self.s3ft_dropped, len(examples))
            self._made = {"recipe": ladder.name, "rows": len(found), "sources": found.sources}
            self.train_dataset = self._packed(found, args.packing)

    def evaluate(self, eval_dataset: Any = None, *more: Any, **named: Any) -> dict[str, float]:
        """As TRL's; rows are tokenised by the same chat policy as those for training."""
        with argument_errors():
            # A name is that of one of the sets that are there.
            if not isinstance(eval_dataset, str):
                eval_dataset = self._tokenised(eval_dataset)
        return super().evaluate(eval_dataset, *more, **named)

    def predict(self, test_dataset: Any, *more: Any, **named: Any) -> Any:
        """As transformers'; rows are tokenised by the same chat policy as those for training."""
        with argument_errors():
            test_dataset = self._tokenised(test_dataset)
        return super().predict(test_dataset, *more, **named)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """As transformers', and the folder can be used by others as it is."""
        super().save_model(output_dir, _internal_call)
        if self.args.should_save:
            folder, base = Path(output_dir or str(self.args.output_dir)), str(getattr(self.model, "name_or_path", ""))
            facts = {**self._made, "seed": self.args.seed, "steps": self.state.global_step}
            card.finish(folder, base, self.processing_class, facts, self._commit)

    def _fitting(self, examples: list[Example], ladder: Ladder) -> list[Example]:
        """Without the rows whose prompts alone fill max_length: no target of theirs could be trained on. Raises
        UserError for a row whose gold may have to be trained on and cannot."""
        found = []
        for example in examples:
            chat = self._chats.of(example)
            limit = self.args.max_length or stated_length(chat.tokenizer)
            ids = chat.prompt_ids(example.prompt, example.tools)
            if example.tools and ids == chat.prompt_ids(example.prompt):
                raise UserError(
                    f"train_dataset, row {example.id!r}: the chat template does not read 'tools'; leave the column out"
                )
            length = len(ids)
            if limit is not None and length >= limit:
                self.s3ft_dropped.append((example.id, f"the prompt has {length} tokens, the limit is {limit}"))
                continue
            if ladder.takes_gold:
                try:
                    chat.target(example.prompt, Completion(example.gold), example.tools)
                except TemplateUnsupported as error:
                    raise UserError(f"train_dataset, row {example.id!r}: {error}") from error
            found.append(example)
        if not found:
            raise UserError(
                f"train_dataset: no rows to train on, {len(examples)} left out ({self.s3ft_dropped[0][1]}); "
                "raise max_length"
            )
        return found

    def _answered(self, examples: list[Example], ladder: Ladder, new_adapter: Any) -> list[Record]:
        with _without(self.model, new_adapter):
            return list(targets(self.model, self._chats, examples, ladder))

    def _tokenised(self, rows: Any) -> Any:
        """Evaluation rows, one set or several by name, with the gold as completion."""
        if isinstance(rows, dict):
            return {name: self._tokenised(own) for name, own in rows.items()}
        if rows is None or "input_ids" in (getattr(rows, "column_names", None) or ()):
            return rows
        examples = list(read(rows, "eval_dataset"))
        try:
            found = prepare(gold_records(examples), self._chats.of, self.args.max_length)
        except UserError as error:
            raise UserError(f"eval_dataset: {error}") from error
        say_dropped("eval_dataset", found.dropped, len(examples))
        is_packed = self.args.packing if self.args.eval_packing is None else self.args.eval_packing
        return self._packed(found, is_packed)

    def _packed(self, rows: Rows, is_packed: bool) -> datasets.Dataset:
        self._files.append(rows)
        found = rows.dataset()
        if self.args.shuffle_dataset:
            found = found.shuffle(seed=self.args.seed)
        if not is_packed:
            return found
        assert self.args.max_length is not None, "checked before anything is loaded"
        return pack_dataset(found, self.args.max_length, self.args.packing_strategy)


def _stream(rows: Any, args: SFTConfig) -> Iterable[Any]:
    """Of rows whose number is not known, those that max_steps takes."""
    if args.max_steps <= 0 or not (isinstance(rows, datasets.IterableDataset | Iterator)):
        return rows  # type: ignore[no-any-return]
    of_a_step = args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size
    say(
        f"train_dataset: the first {args.max_steps * of_a_step} rows of the stream are read, as many as max_steps takes"
    )
    return islice(rows, args.max_steps * of_a_step)


def _chats(model: Any, processing_class: Any, args: SFTConfig) -> Chats:
    tokenizer = getattr(processing_class, "tokenizer", processing_class)
    config = ChatConfig(keep_reasoning=getattr(args, "keep_reasoning", settings.S3FTConfig.keep_reasoning))
    return Chats(tokenizer, config, loading.stop_ids(model.generation_config))


def _without(model: Any, new_adapter: Any) -> AbstractContextManager[Any]:
    """The model as it was before TRL put an adapter on it. One whose start is named changes the weights under it, and
    both together are that model."""
    start = getattr(new_adapter, "init_lora_weights", True)
    return nullcontext() if new_adapter is None or isinstance(start, str) else model.disable_adapter()
