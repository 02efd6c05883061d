"""Every field of a config, documented once."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from s3ft import plugins
from s3ft.config import checks, suites
from s3ft.recipes import RECIPES
from s3ft.types import Recipe, Rung, Sampling, UserError

Extra = dict[str, Any]


class Section(BaseModel):
    """A part of a config: frozen, with no field but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool(cls, value: Any, info: ValidationInfo) -> Any:
        # Older versions of pydantic name no field when they validate a default.
        if info.field_name is not None:
            checks.no_bool(value, cls.model_fields[info.field_name].annotation)
        return value


class ChatConfig(Section):
    """One chat policy for generating, judging, training and evaluating."""

    template_kwargs: Extra = {}
    """Arguments of the chat template, such as enable_thinking: false."""
    keep_reasoning: bool = True
    """Train on the model's own thoughts if a self answer has them; judges never see them."""
    date: str | None = None
    """What a template that prints today's date is given, YYYY-MM-DD; default: the day the run began."""

    @model_validator(mode="after")
    def _is_day(self) -> ChatConfig:
        if self.date is not None:
            checks.day(self.date, "date")
        return self


class BackendConfig(Section):
    """What generates. Each backend adds the fields of its own."""

    speed_only: ClassVar[frozenset[str]] = frozenset()
    """Fields that change no answer: a finished run may change them."""

    name: str = "transformers"
    """A backend of `s3ft list`, or file.py[:attr]."""


class TrainConfig(Section):
    """How adapters are trained; the paper's setting when it gives one."""

    changes_nothing: ClassVar[frozenset[str]] = frozenset({"report_to", "save_seconds"})
    """Fields that change no adapter: a finished run may change them."""

    method: Literal["lora", "qlora", "full"] = "lora"
    """LoRA; LoRA over weights in 4 bits (with bitsandbytes); or all weights, which writes a whole model, no adapter."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Precision of training; auto is float32 on a CPU, on a GPU bfloat16 unless the checkpoint is in float16."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    lora_rank: int = Field(default=8, ge=0)
    """Rank of the LoRA adapter (paper: 8); 0 only if method is full, which has none."""
    lora_alpha: int = Field(default=16, ge=1)
    """LoRA scaling (paper: 16)."""
    lora_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """LoRA dropout (paper: 0.1)."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """The modules that get an adapter."""
    learning_rate: float | dict[str, float] = 1e-4
    """Peak learning rate, or one for each recipe by name."""
    epochs: float = Field(default=3, gt=0, le=10_000)
    """Passes over the training rows."""
    budget: Literal["steps", "passes"] = "steps"
    """What is equal for all recipes: steps (epochs over the data set's rows, whatever a recipe made of them), or passes
    over a recipe's own targets, so that a recipe with fewer targets takes fewer steps."""
    batch_size: int = Field(default=16, ge=1)
    """Rows per optimizer step."""
    schedule: str = "cosine"
    """Learning-rate schedule, as transformers names them."""
    warmup: float = Field(default=0.05, ge=0.0)
    """Share of the steps that warm up, or their number if 1 or more."""
    max_length: int | None = Field(default=None, ge=1)
    """Rows with more tokens are left out, counted and named; default: what the model takes."""
    report_to: str | tuple[str, ...] = "none"
    """Experiment trackers, as transformers names them: tensorboard, wandb, trackio."""
    save_seconds: float = Field(default=300.0, ge=0.0)
    """Seconds between checkpoints: what a killed run loses at most; 0 writes one after every step."""
    extra: Extra = {}
    """Passed to trl.SFTConfig; peft arguments under extra.lora."""

    @model_validator(mode="after")
    def _sound(self) -> TrainConfig:
        checks.rates(self.learning_rate, "learning_rate")
        if self.method != "full" and self.lora_rank < 1:
            raise ValueError(f"lora_rank: found {self.lora_rank}, expected 1 or more (the paper: 8), or method: full")
        if self.warmup > 1 and self.warmup != int(self.warmup):
            raise ValueError(f"warmup: found {self.warmup}, expected a share below 1 or a whole number of steps")
        if "" in (self.target_modules, *self.target_modules) or not self.target_modules:
            raise ValueError("target_modules: found an empty name, expected names of modules, or all-linear")
        return self

    def rate(self, recipe: str) -> float:
        if not isinstance(self.learning_rate, dict):
            return self.learning_rate
        if recipe not in self.learning_rate:
            raise UserError(
                f"train.learning_rate has no entry for {recipe!r}, found {', '.join(self.learning_rate)}; add one"
            )
        return self.learning_rate[recipe]


class SweepConfig(Section):
    """Values to try for each recipe. Of those whose score on validation rows is within one standard error of the best,
    the one that changes the base's own answers least is trained with every seed."""

    learning_rate: tuple[float, ...] = ()
    """Learning rates; none: the one of `train`."""
    lora_rank: tuple[int, ...] = ()
    """Ranks; none: the one of `train`."""
    rows: int | None = Field(default=None, ge=1)
    """Validation rows to measure on; default: all."""
    seeds: tuple[int, ...] = Field(default=(1000,), min_length=1)
    """Seeds of the trainings that are compared, whose scores are averaged; none of the run's `seeds`, so that what
    chose the values is not reported."""

    @model_validator(mode="after")
    def _sound(self) -> SweepConfig:
        checks.rates(self.learning_rate, "learning_rate")
        checks.each_once(self.learning_rate, "learning_rate")
        checks.each_once(self.lora_rank, "lora_rank")
        checks.seeds(self.seeds, "seeds")
        if any(rank < 1 for rank in self.lora_rank):
            raise ValueError(f"lora_rank: found {min(self.lora_rank)}, expected 1 or more")
        return self


_BENCHMARKS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


class EvaluateConfig(Section):
    """Before and after, by the same call."""

    benchmarks: Annotated[tuple[str, ...], WithJsonSchema(_BENCHMARKS)] = ()
    """paper (mmlu, truthfulqa_mc2, hellaswag, winogrande), wide (ifeval, gsm8k and humaneval too), or a list of names:
    tasks of lm-evaluation-harness or of `include`; the programs of mbpp and humaneval are run in our sandbox."""
    extra_benchmarks: tuple[str, ...] = ()
    """Further benchmarks that measure the task itself, by the harness's own score: shown, and not in the drop."""
    include: str | None = None
    """A folder with lm-evaluation-harness YAML tasks; "lab" for the miniature's."""
    data: str | None = None
    """A folder with the rows of mmlu, truthfulqa, hellaswag, winogrande, gsm8k, ifeval, mbpp or humaneval as
    NAME_SPLIT.jsonl; default: the Hub."""
    scales: tuple[float, ...] = ()
    """Further scales of every adapter to measure, such as [0.25, 0.5, 0.75]: the adapter-scale sweep."""
    limit: int | None = Field(default=None, ge=1)
    """Items per benchmark; default: all."""
    rows: int | None = Field(default=None, ge=1)
    """Test rows of the target task; default: all."""
    drift_rows: int = Field(default=100, ge=0)
    """Of the base's own answers, how many on the task, and how many off it, every adapter is compared with the base on;
    0: none. One forward pass each."""
    split: Literal["validation", "test"] = "test"
    """The split that the target task is measured on."""
    batch_size: int = Field(default=32, ge=1)
    """Items at once."""
    extra: Extra = {}
    """Passed to lm_eval.simple_evaluate."""

    @model_validator(mode="after")
    def _sound(self) -> EvaluateConfig:
        checks.each_once([*self.benchmarks, *self.extra_benchmarks], "benchmarks and extra_benchmarks")
        return self


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def backend_section(value: Any) -> Any:
    """The section of the backend that is named, read by the backend's own Config."""
    data = _named(value)
    if isinstance(data, BackendConfig) or not isinstance(data, dict):
        return data
    name = data.get("name", "transformers")
    if not isinstance(name, str):
        raise ValueError(f"backend.name: found {name!r}, expected a name of s3ft list")
    try:
        config = plugins.config_of(plugins.load("backend", name), name)
        return config.model_validate({**data, "name": name})
    except UserError as error:
        raise ValueError(str(error)) from error
    except ValidationError as error:
        from s3ft.config import errors

        raise ValueError(errors.first_line(error, config, ("backend",))) from error


def _rung(value: Any) -> Any:
    return {"source": value} if isinstance(value, str) else value


def _recipe(value: Any) -> Any:
    if isinstance(value, dict) and "ladder" in value:
        raise ValueError(
            "a recipe is a list of rungs, found a mapping with 'ladder'; write {mine: [self, {source: paraphrase, "
            "num_samples: 4}, gold]}"
        )
    return value


Rungs = Annotated[tuple[Annotated[Rung, BeforeValidator(_rung)], ...], BeforeValidator(_recipe), Field(min_length=1)]


class RunConfig(Section):
    """Everything that a run depends on."""

    model: str = Field(min_length=1)
    """Hub id, folder, or "lab": the miniature that ships with s3ft."""

    revision: str | None = None
    """Commit or tag of a Hub model."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model."""
    task: Annotated[dict[str, Any], BeforeValidator(_named)]
    """A task by name, or {name: ..., option: value}."""
    judge: str | dict[str, Any] | None = None
    """A judge by name or {name: ..., option: value}; default: the task's own."""
    limit: int | None = Field(default=None, ge=1)
    """Training rows to use, the first ones; default: all."""
    recipes: tuple[str | dict[str, Rungs], ...] = ("sft", "s3ft")
    """Names of `s3ft list`, or {mine: [self, {source: paraphrase, num_samples: 4, keep: likeliest}, gold]}."""
    backend: Annotated[SerializeAsAny[BackendConfig], BeforeValidator(backend_section)] = Field(
        default="transformers", validate_default=True
    )
    """Where the base model's answers come from, by name or {name: ..., option: value}."""
    sampling: Sampling = Sampling()
    """How completions are drawn."""
    chat: ChatConfig = ChatConfig()
    train: TrainConfig = TrainConfig()
    sweep: SweepConfig | None = None
    """Choose learning rate and rank for each recipe; default: as in `train`."""
    evaluate: EvaluateConfig = EvaluateConfig()
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """One training a recipe and seed; scores are averaged over them."""
    rejected_gold: Literal["keep", "drop"] = "keep"
    """What becomes of gold that the judge rejects: kept and counted, or the row left out."""
    overrides: str | None = None
    """A file of JSON lines {"id", "source"} or {"id", "drop": true}: the target of a training row as you decide it."""
    max_undecided: float = Field(default=0.05, ge=0.0, le=1.0)
    """A build stops when the judge says None to a larger share of what it was asked."""
    cache: str | None = None
    """Folder of generations shared by all runs; default: s3ft in the user's cache folder."""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        checks.finite(data)
        for (old, *path), way in _RENAMED.items():
            section: Any = data
            for part in path:
                section = section.get(part) if isinstance(section, dict) else None
            if isinstance(section, dict) and old in section:
                raise ValueError(f"field {'.'.join([*path, old])!r} is gone: {way}")
        return suites.expanded(data)

    @model_validator(mode="after")
    def _sound(self) -> RunConfig:
        names = [n for r in self.recipes for n in ([r] if isinstance(r, str) else r)]
        for entry in self.recipes:
            if isinstance(entry, str) and entry not in RECIPES:
                raise ValueError(plugins.unknown("recipe", entry, list(RECIPES)))
        checks.recipes(self.ladders(), names)
        if isinstance(self.train.learning_rate, dict):
            for name in names:
                self.train.rate(name)
            for name in self.train.learning_rate.keys() - {*names, *RECIPES}:
                raise ValueError(plugins.unknown("recipe in train.learning_rate", name, [*names, *RECIPES]))
        checks.seeds(self.seeds, "seeds")
        checks.seeds((self.sampling.seed,), "sampling.seed")
        if self.sweep is not None and (both := set(self.sweep.seeds) & set(self.seeds)):
            raise ValueError(
                f"sweep.seeds: found {min(both)}, which is also in seeds; choose another: a seed that values were "
                "chosen with flatters them"
            )
        if self.sweep is not None and not self.sweep.learning_rate and not self.sweep.lora_rank:
            raise ValueError("sweep: found no values to try, expected learning_rate, lora_rank or both as lists")
        if self.sweep is not None and self.evaluate.split == "validation":
            raise ValueError(
                "evaluate.split: found validation, but the sweep chooses on these rows; expected test, or no sweep"
            )
        checks.scales(self.evaluate.scales, self.train.method)
        checks.revision(self.model, self.revision)
        if self.sweep is not None and self.sweep.lora_rank and self.train.method == "full":
            raise ValueError("sweep.lora_rank: train.method is full, which has no rank; leave one of them out")
        if not isinstance(self.task.get("name"), str):
            raise ValueError(f"task: found {self.task}, expected a name or a mapping with a name")
        if self.judge is not None and not self.judge:
            raise ValueError(
                f"judge: found {self.judge!r}, expected a name of s3ft list; leave it out for the task's own"
            )
        if self.sampling.num_samples != 1:
            raise ValueError("field 'sampling.num_samples' belongs to a rung: {mine: [{source: self, num_samples: 4}]}")
        return self

    def ladders(self) -> dict[str, Recipe]:
        """The recipes of this run by name, in the config's order."""
        found: dict[str, Recipe] = {}
        for entry in self.recipes:
            found |= {entry: RECIPES[entry]} if isinstance(entry, str) else entry
        return found


_RENAMED: dict[tuple[str, ...], str] = {
    ("paraphrase_attempts",): "write a recipe with {source: paraphrase, num_samples: N}",
    ("refused_gold",): "it is called rejected_gold",
    ("beside", "evaluate"): "it is called evaluate.extra_benchmarks",
    ("seed", "sweep"): "it is called sweep.seeds, a list",
}
"""(field, the sections it stood in) -> what to write instead."""
