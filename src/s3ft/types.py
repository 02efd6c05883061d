"""The words of s3ft, as frozen dataclasses. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

Message = dict[str, Any]
"""One chat turn: {"role": "system" | "user" | "assistant" | "tool", "content": str, ...}."""

_AS_CONFIG: dict[str, Any] = {"extra": "forbid", "allow_inf_nan": False, "use_attribute_docstrings": True}
"""How pydantic reads a dataclass that is a part of a config."""

Split = Literal["train", "validation", "test"]
Keep = Literal["first", "distinct", "likeliest"]
Capability = Literal["score", "adapters", "token_ids", "in_process"]
"""What a backend can do besides generating: give log probabilities; answer with a LoRA adapter; take prompts as ids and
give ids back; hand out its model, which then is in this process."""


class UserError(Exception):
    """A mistake of the user's: one line that says what was found, what was expected and what to do. Exit code 2."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a task, prepared."""

    id: str
    """The row's own id, else a hash of its content."""
    prompt: list[Message]
    """What the model sees; ends with a user turn."""
    gold: str
    """The data set's own answer, as text to train on."""
    reference: Any = None
    """JSON that the judge compares with."""
    tools: list[dict[str, Any]] | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote."""

    text: str
    """The answer, thoughts removed: all that a judge sees."""
    raw: str = ""
    """Everything sampled, thoughts included, stop token excluded."""
    token_ids: tuple[int, ...] | None = None
    """The sampled ids without the stop token, when the backend gives them."""
    finish_reason: Literal["stop", "length", "error"] = "stop"
    num_tokens: int = 0
    stop_id: int | None = None
    """The token that was sampled after `token_ids` and ended the completion."""
    logprob: float | None = field(default=None, compare=False)
    """Sum of log probabilities (nats) of `token_ids` and `stop_id` under the model as it is, whatever temperature,
    top_p or penalty they were drawn with; when the backend gives it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says about one completion."""

    correct: bool | None
    """None: undecided; counts as not accepted, never as wrong."""
    answer: str | None = None
    """The part of the completion that was compared."""
    reason: str = ""
    score: float | None = None
    """How sure a judge that scores is: higher is more likely correct; on the judge's own scale."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One completion offered as a training target, and what became of it."""

    source: str
    completion: Completion
    verdict: Verdict | None = None
    """None when `filtered` says why it never came to the judge; of a completion that is not generated, information."""
    filtered: str = ""
    """Why it is no target whatever the judge says: cut at max_tokens, mentions the reference, cannot be trained on."""
    is_generated: bool = True
    """Written by the model; the gold is not."""
    answers_prompt: bool = False
    """Sampled after the training prompt itself, so that its very token ids can be trained on."""
    logprob: float | None = None
    """Sum of log probabilities (nats) of completion and end of turn under the base model."""
    num_scored: int | None = None
    """Tokens that `logprob` sums over."""

    @property
    def trained(self) -> Completion:
        """What is trained on: an answer to the training prompt as it was sampled; of any other the answer alone, since
        it was sampled, and thought about, after another prompt."""
        return self.completion if self.answers_prompt else Completion(self.completion.text)

    @property
    def accepted(self) -> bool:
        return not self.filtered and self.verdict is not None and self.verdict.correct is True


@dataclass(frozen=True, slots=True)
class Record:
    """One row's whole history under a recipe."""

    example: Example
    candidates: list[Candidate]
    targets: list[int]
    """Indexes into `candidates`; empty when the row was left out."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a recipe: which source to ask, how often, and which accepted completions to keep."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _AS_CONFIG

    source: str
    """A source of `s3ft list`, or file.py[:attr]."""
    num_samples: int = 1
    """Completions asked for each row."""
    temperature: float | None = None
    """None: the temperature of the config, or 0.7 when that is 0 and several samples are asked for."""
    keep: Keep = "first"
    """The first accepted completion, every distinct accepted one, or the accepted one that has the highest mean log
    probability under the base."""

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise ValueError(f"num_samples: found {self.num_samples}, expected 1 or more")
        if self.temperature is not None and not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature: found {self.temperature}, expected 0 or more")


Recipe = tuple[Rung, ...]
"""A way of turning (prompt, gold) into targets: rungs, nearest the model's own distribution first."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn, in the words of vLLM and the OpenAI interface; greedy by default."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _AS_CONFIG

    max_tokens: int = 512
    """A completion that reaches this length without ending is not accepted."""
    temperature: float = 0.0
    """0 is greedy. Rungs that ask for several samples draw at 0.7 if this is 0."""
    top_p: float = 1.0
    """Nucleus sampling."""
    num_samples: int = 1
    """Completions of a prompt; in a config the rungs say it."""
    seed: int = 0
    """Seed of the draws."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion, in addition to the model's own end of turn."""

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens: found {self.max_tokens}, expected 1 or more")
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature: found {self.temperature}, expected 0 or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p: found {self.top_p}, expected above 0 and at most 1")
        if self.num_samples < 1:
            raise ValueError(f"num_samples: found {self.num_samples}, expected 1 or more")
        if isinstance(self.stop, str) or "" in self.stop:
            raise ValueError(f"stop: found {self.stop!r}, expected texts, none of them empty: an empty one ends all")


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for a backend."""

    prompt: list[Message]
    tools: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a model finds a completion."""

    logprob: float
    """Sum of log probabilities (nats) of the completion and its end of turn."""
    num_tokens: int


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on disk."""

    folder: Path
    fingerprint: str
    """SHA-256 over its files."""
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True)
class Adapter:
    """What training wrote: a LoRA adapter, or a whole model."""

    folder: Path
    scale: float = 1.0
    """What the effect of a LoRA adapter is multiplied by."""


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, its prompts and the judge it names."""

    name: str
    rows: Callable[[Split], Iterator[Example]]
    """Examples of a split, streamed, in a fixed order."""
    judge: str | dict[str, Any]
    paraphrase: str
    """The user turn that asks for the gold in the model's own words; fields {prompt}, {gold} and those of `meta`."""
    stratum: str | None = None
    """The field of Example.meta that tells kinds of rows apart: intervals take items as drawn within their kind."""


def keep_all(example: Example, completion: Completion) -> str:
    """The filter of a source that needs none."""
    return ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a target can come from."""

    ask: Callable[[Example, str], list[Message]] | None
    """(example, the task's paraphrase prompt) -> the prompt to give the model; None: the gold is taken as it is."""
    filter: Callable[[Example, Completion], str] = keep_all
    """Why a completion is no target although its answer may be right; empty when it is one."""
    answers_prompt: bool = False
    """Whether `ask` gives the training prompt itself: what is sampled is then trained on, token by token."""
