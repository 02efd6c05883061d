"""The config of a run: YAML plus key=value, checked before anything else happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from s3ft import plugins
from s3ft.recipes import RECIPES
from s3ft.types import Recipe, Sampling, UserError

Extra = dict[str, Any]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ChatConfig(_Section):
    """One chat policy for generating, judging, training and evaluating."""

    template_kwargs: Extra = {}
    """Arguments of the chat template, such as enable_thinking: false."""
    keep_reasoning: bool = True
    """Train on the model's own thoughts where a self answer has them; judges never see them."""
    date: str | None = None
    """What a template that prints today's date is given, YYYY-MM-DD; default: the day the run began."""


class BackendConfig(_Section):
    """What generates."""

    name: str = "transformers"
    """A backend of `s3ft list`, or file.py[:attr]."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Precision of the weights; auto is the checkpoint's own on a GPU and float32 on a CPU."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    batch_size: int = Field(default=32, ge=1)
    """Prompts generated for at once."""
    extra: Extra = {}
    """Passed to the library below: from_pretrained for transformers."""


class SamplingConfig(_Section):
    """How completions are drawn; greedy by default."""

    max_tokens: int = Field(default=512, ge=1)
    """A completion that reaches this length without ending is not accepted."""
    temperature: float = Field(default=0.0, ge=0.0)
    """0 is greedy. Recipes that ask several samples of a row draw at 0.7 where this is 0."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Nucleus sampling."""
    seed: int = 0
    """Seed of the draws."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion, beside the model's own end of turn."""

    def sampling(self, num_samples: int = 1) -> Sampling:
        temperature = self.temperature or (0.7 if num_samples > 1 else 0.0)
        return Sampling(self.max_tokens, temperature, self.top_p, num_samples, self.seed, self.stop)


class TrainConfig(_Section):
    """How adapters are trained; the paper's setting where it gives one."""

    method: Literal["lora", "qlora", "full"] = "lora"
    """LoRA; LoRA over weights in 4 bits (with bitsandbytes); or all weights, which writes a whole model, no adapter."""
    lora_rank: int = Field(default=8, ge=0)
    """Rank of the LoRA adapter (paper: 8)."""
    lora_alpha: int = Field(default=16, ge=1)
    """LoRA scaling (paper: 16)."""
    lora_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """LoRA dropout (paper: 0.1)."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """The modules that get an adapter."""
    learning_rate: float | dict[str, float] = 1e-4
    """Peak learning rate, or one for each recipe by name."""
    epochs: float = Field(default=3, gt=0)
    """Passes over the training rows."""
    batch_size: int = Field(default=16, ge=1)
    """Rows per optimizer step."""
    schedule: str = "cosine"
    """Learning-rate schedule, as transformers names them."""
    warmup: float = Field(default=0.05, ge=0.0)
    """Share of the steps that warm up, or their number where 1 or more."""
    max_length: int | None = Field(default=None, ge=1)
    """Rows with more tokens are left out, counted and named; default: what the model takes."""
    report_to: str | tuple[str, ...] = "none"
    """Experiment trackers, as transformers names them: tensorboard, wandb, trackio."""
    extra: Extra = {}
    """Passed to trl.SFTConfig; peft arguments under extra.lora."""

    def rate(self, recipe: str) -> float:
        if not isinstance(self.learning_rate, dict):
            return self.learning_rate
        if recipe not in self.learning_rate:
            raise UserError(
                f"train.learning_rate has no entry for {recipe!r}, found {', '.join(self.learning_rate)}; add one"
            )
        return self.learning_rate[recipe]


class SweepConfig(_Section):
    """Values to try for each recipe; the best by the task's score on validation rows is trained with every seed."""

    learning_rate: tuple[float, ...] = ()
    """Learning rates; none: the one of `train`."""
    lora_rank: tuple[int, ...] = ()
    """Ranks; none: the one of `train`."""
    rows: int | None = Field(default=None, ge=1)
    """Validation rows to measure on; default: all."""


class EvaluateConfig(_Section):
    """Before and after, by the same call."""

    benchmarks: tuple[str, ...] = ()
    """Tasks of lm-evaluation-harness, or of `include`."""
    beside: tuple[str, ...] = ()
    """Further benchmarks that measure the task itself, by the harness's own score: shown, and not in the drop."""
    include: str | None = None
    """A folder with lm-evaluation-harness YAML tasks; "lab" for the miniature's."""
    scales: tuple[float, ...] = ()
    """Further strengths of every adapter to measure, such as [0.25, 0.5, 0.75]: the retention dial."""
    limit: int | None = Field(default=None, ge=1)
    """Items per benchmark; default: all."""
    rows: int | None = Field(default=None, ge=1)
    """Test rows of the target task; default: all."""
    split: Literal["validation", "test"] = "test"
    """The split that the target task is measured on."""
    batch_size: int = Field(default=32, ge=1)
    """Items at once."""
    extra: Extra = {}
    """Passed to lm_eval.simple_evaluate."""


class RecipeConfig(_Section):
    """A recipe of the user's own."""

    ladder: tuple[str, ...] = Field(min_length=1)
    """Sources, nearest the model first: names of `s3ft list`, or file.py[:attr]."""
    num_samples: int = Field(default=1, ge=1)
    """Completions asked of a source per row."""
    keep: Literal["first", "distinct"] = "first"
    """The first accepted completion, or every distinct accepted one."""


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class RunConfig(_Section):
    """Everything that a run depends on."""

    model: str
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
    recipes: tuple[str | dict[str, RecipeConfig], ...] = ("sft", "s3ft")
    """Names of `s3ft list`, or {my_recipe: {ladder: [self, gold]}}."""
    backend: Annotated[BackendConfig, BeforeValidator(_named)] = BackendConfig()
    sampling: SamplingConfig = SamplingConfig()
    chat: ChatConfig = ChatConfig()
    train: TrainConfig = TrainConfig()
    sweep: SweepConfig | None = None
    """Choose learning rate and rank for each recipe; default: as in `train`."""
    evaluate: EvaluateConfig = EvaluateConfig()
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """One training a recipe and seed; scores are averaged over them."""
    paraphrase_attempts: int = Field(default=1, ge=1)
    """How often a paraphrase is asked for before the next rung; further ones are sampled."""
    refused_gold: Literal["keep", "drop"] = "keep"
    """What becomes of gold that the judge refuses: kept and counted, or the row left out."""
    max_undecided: float = Field(default=0.05, ge=0.0, le=1.0)
    """A build stops when the judge says None to a larger share of what it was asked."""
    cache: str | None = None
    """Folder of generations shared by all runs; default: s3ft in the user's cache folder."""

    @model_validator(mode="after")
    def _recipes_exist(self) -> RunConfig:
        names = [n for r in self.recipes for n in ([r] if isinstance(r, str) else r)]
        for name in names:
            if name not in RECIPES and not any(isinstance(r, dict) and name in r for r in self.recipes):
                raise ValueError(plugins.unknown("recipe", name, list(RECIPES)))
        for name in names:
            if not re.fullmatch(r"[\w.-]+", name):
                raise ValueError(f"recipes: found the name {name!r}, expected letters, digits, '_', '-' and '.'")
        if not names or len(set(names)) < len(names):
            raise ValueError(f"recipes: found {names}, expected one or more names, each once")
        if isinstance(self.train.learning_rate, dict):
            for name in names:
                self.train.rate(name)
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: found {list(self.seeds)}, expected each once")
        if not isinstance(self.task.get("name"), str):
            raise ValueError(f"task: found {self.task}, expected a name or a mapping with a name")
        return self

    def ladders(self) -> dict[str, Recipe]:
        """The recipes of this run by name, in the config's order."""
        found: dict[str, Recipe] = {}
        for entry in self.recipes:
            if isinstance(entry, str):
                found[entry] = RECIPES[entry]
            else:
                found |= {name: Recipe(**recipe.model_dump()) for name, recipe in entry.items()}
        return found


def load(path: Path, overrides: tuple[str, ...] = ()) -> RunConfig:
    """Reads a YAML config and key=value overrides (train.epochs=1). Raises UserError in one line."""
    if not path.is_file():
        raise UserError(f"config {str(path)!r}: no such file; see examples/ for one to start from")
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"config {path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise UserError(f"config {path}: found {type(data).__name__}, expected a mapping such as 'model: lab'")
    for override in overrides:
        _override(data, override)
    return parse(data, str(path))


def parse(data: dict[str, Any], where: str = "config") -> RunConfig:
    """A config from plain data. Raises UserError naming the first wrong field."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{where}: {_first(error)}") from error


class _Loader(yaml.SafeLoader):
    """YAML 1.2 floats, so that 1e-4 is a number, dates as text, and no key twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (k for k, _ in node.value if isinstance(k, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"the key {key.value!r} stands twice"
                raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+0123456789.")
)


def section(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Plain data of key=value texts."""
    data: dict[str, Any] = {}
    for override in overrides:
        _override(data, override)
    return data


def _override(data: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UserError(f"override {text!r}: expected key=value, such as train.epochs=1")
    *parents, last = key.split(".")
    section = data
    for parent in parents:
        inner = section.get(parent)
        inner = {"name": inner} if isinstance(inner, str) else inner if inner is not None else {}
        if not isinstance(inner, dict):
            raise UserError(f"override {text!r}: {parent!r} holds {inner!r}, expected a section")
        section[parent] = inner
        section = inner
    try:
        section[last] = yaml.load(value, _Loader)
    except yaml.YAMLError as error:
        raise UserError(f"override {text!r}: the value is not YAML; quote it: {key}='\"...\"'") from error


def _first(error: ValidationError) -> str:
    """One line: field, what was found, what was expected."""
    first = max(error.errors(include_url=False), key=lambda e: (e["type"] == "extra_forbidden", len(e["loc"])))
    parts = [str(p) for p in first["loc"] if not str(p).startswith("dict[")]
    field = ".".join(parts)
    if first["type"] == "extra_forbidden":
        section = _section(parts[:-1])
        return plugins.unknown("field", field, [".".join([*parts[:-1], n]) for n in section.model_fields])
    if first["type"] == "missing":
        return f"field {field!r} is missing; add it"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    return f"field {field!r}: found {first['input']!r}; {first['msg'].lower()}"


def _section(parts: list[str]) -> type[BaseModel]:
    section: Any = RunConfig
    for part in parts:
        annotation = section.model_fields[part].annotation if part in section.model_fields else None
        kinds = [k for k in (annotation, *get_args(annotation)) if isinstance(k, type) and issubclass(k, BaseModel)]
        if not kinds:
            return RecipeConfig
        section = kinds[0]
    found: type[BaseModel] = section
    return found
