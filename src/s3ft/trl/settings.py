"""The trainer's arguments, TRL's and the ladder's: honoured, or rejected before anything is generated."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import transformers
from trl import SFTConfig

from s3ft import plugins
from s3ft.models import loading
from s3ft.pipeline import BuildOptions
from s3ft.recipes import RECIPES
from s3ft.sources.paraphrase import PROMPT
from s3ft.types import Recipe, Sampling, UserError


class ArgumentError(UserError, ValueError):
    """A mistake in what a trainer was given: a ValueError too, as TRL's own are."""


def in_python(line: str) -> str:
    """A message in the words of the Python interface: rows have arguments of the chat template in a column."""
    return line.replace("chat.template_kwargs", "the column chat_template_kwargs")


@contextmanager
def argument_errors() -> Iterator[None]:
    """Raises every UserError as an ArgumentError."""
    try:
        yield
    except ArgumentError:
        raise
    except UserError as error:
        raise ArgumentError(in_python(str(error))) from error


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


def own(args: Any, name: str) -> SFTConfig:
    """The trainer's copy of its arguments: TRL writes into them. Without any, the defaults for a model's name."""
    if args is None:
        return S3FTConfig(f"{name.rstrip('/').split('/')[-1]}-S3FT")
    if isinstance(args, SFTConfig):
        made = copy.copy(args)
        for f in fields(args):
            value = getattr(args, f.name)
            if isinstance(value, dict | list) or is_dataclass(value):
                setattr(made, f.name, copy.deepcopy(value))
        return made
    if isinstance(args, transformers.TrainingArguments):
        # to_dict hides the token.
        return S3FTConfig(**{**args.to_dict(), "hub_token": args.hub_token})
    raise ArgumentError(f"args: found {type(args).__name__}, expected S3FTConfig, SFTConfig or TrainingArguments")


def require_supported(args: SFTConfig, formatting_func: Any) -> None:
    """Raises ArgumentError for what TRL's trainer does and this one cannot."""
    template = args.chat_template_path or ""
    for is_wrong, line in (
        (
            formatting_func is not None,
            "formatting_func: it makes one text of a row, and S3FT needs prompt and answer apart; map the rows to "
            "prompt and completion instead",
        ),
        (
            args.completion_only_loss is False,
            "completion_only_loss: found False, expected None or True: S3FT trains on completions only; leave it out",
        ),
        (
            args.packing_strategy == "wrapped" and (args.packing or args.eval_packing),
            "packing_strategy: found wrapped, which cuts targets; take bfd",
        ),
        (
            (args.packing or args.eval_packing) and args.max_length is None,
            "packing: it needs max_length, the tokens of a pack; set max_length",
        ),
        (
            template.endswith((".jinja", ".j2")) and not Path(template).is_file(),
            f"chat_template_path: found {template}, which is no file",
        ),
        (
            args.truncation_mode != "keep_start",
            f"truncation_mode: found {args.truncation_mode}, but no row is cut: one that is longer than max_length is "
            "left out and named; leave it out",
        ),
        (
            isinstance(args.dataset_kwargs, dict) and bool(args.dataset_kwargs.get("skip_prepare_dataset")),
            "dataset_kwargs: skip_prepare_dataset cannot be set, the rows are rewritten before they are trained on; "
            "leave it out",
        ),
    ):
        if is_wrong:
            raise ArgumentError(line)


@dataclass(frozen=True)
class Ladder:
    """How targets are made."""

    name: str
    recipe: Recipe
    judge: Any
    """What judges.of takes; None if the recipe asks no model."""
    options: BuildOptions

    @property
    def takes_gold(self) -> bool:
        return not all(_is_asked(rung.source) for rung in self.recipe)


def ladder(args: SFTConfig, judge: Any) -> Ladder:
    """The ladder's settings; of an SFTConfig, which has none, the defaults."""

    def given(name: str) -> Any:
        return getattr(args, name, getattr(S3FTConfig, name))

    try:
        sampling = Sampling(max_tokens=given("answer_tokens"))
    except ValueError as error:
        raise ArgumentError(f"answer_tokens: {error}") from error
    options = BuildOptions(sampling, given("paraphrase"), given("rejected_gold"), given("max_undecided"))
    return as_ladder(given("recipe"), judge, options)


def as_ladder(recipe: str | Recipe, judge: Any, options: BuildOptions) -> Ladder:
    """Raises UserError for a recipe that does not exist, and for one that needs a judge and has none."""
    if isinstance(recipe, str) and recipe not in RECIPES:
        raise UserError(plugins.unknown("recipe", recipe, list(RECIPES)))
    if options.rejected_gold not in ("keep", "drop"):
        raise UserError(f"rejected_gold: found {options.rejected_gold!r}, expected keep or drop")
    rungs = RECIPES[recipe] if isinstance(recipe, str) else recipe
    if judge is None and (options.rejected_gold == "drop" or any(_is_asked(rung.source) for rung in rungs)):
        needed = "rejected_gold: drop" if options.rejected_gold == "drop" else f"recipe {recipe!r}"
        raise UserError(f"{needed} needs a judge; give judge=..., a name of s3ft list or a function")
    return Ladder(recipe if isinstance(recipe, str) else "recipe", rungs, judge, options)


def _is_asked(source: str) -> bool:
    return plugins.load("source", source).ask is not None
