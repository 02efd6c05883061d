"""The words of s3ft, as frozen dataclasses and two protocols. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Message = dict[str, Any]
"""One chat turn: {"role": "system" | "user" | "assistant" | "tool", "content": str, ...}."""

Split = Literal["train", "validation", "test"]


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
    """The sampled ids without the stop token, where the backend gives them."""
    finish_reason: Literal["stop", "length", "error"] = "stop"
    num_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's word on one completion."""

    correct: bool | None
    """None: could not tell; counts as not accepted, never as wrong."""
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
    """None where `refusal` turned it down before; of gold it is information only."""
    refusal: str = ""
    """Why it was turned down before any judge: cut at max_tokens, or talk about the reference, say."""
    logprob: float | None = None
    """Sum of log probabilities (nats) of completion and end of turn under the base model."""
    num_scored: int | None = None
    """Tokens that `logprob` sums over."""

    @property
    def trained(self) -> Completion:
        """What is trained on: a self answer as it was sampled, of any other the answer alone, since it was sampled,
        and thought about, after another prompt."""
        return self.completion if self.source == "self" else Completion(self.completion.text)

    @property
    def accepted(self) -> bool:
        return not self.refusal and self.verdict is not None and self.verdict.correct is True


@dataclass(frozen=True, slots=True)
class Record:
    """One row's whole history under a recipe."""

    example: Example
    candidates: list[Candidate]
    targets: list[int]
    """Indexes into `candidates`; empty where the row was left out."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way of turning (prompt, gold) into targets: a ladder of sources, nearest the model first."""

    ladder: tuple[str, ...]
    num_samples: int = 1
    """Completions asked of a source per row."""
    keep: Literal["first", "distinct"] = "first"
    """The first accepted completion, or every distinct accepted one of the first source that has any."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn; the words of vLLM and the OpenAI interface."""

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    num_samples: int = 1
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for a backend."""

    prompt: list[Message]
    tools: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, its prompts and the judge it names."""

    name: str
    rows: Callable[[Split], Iterator[Example]]
    """Examples of a split, streamed, in a fixed order."""
    judge: str | dict[str, Any]
    paraphrase: str
    """The user turn that asks for the gold in the model's own words; fields {prompt}, {gold} and those of `meta`."""


def _fine(example: Example, completion: Completion) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a target can come from."""

    ask: Callable[[Example, Task], list[Message]] | None
    """The prompt to give the model; None: the gold is taken as it is."""
    refuse: Callable[[Example, Completion], str] = _fine
    """Why a completion is no target although its answer may be right; empty where it is one."""


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a model finds a completion."""

    logprob: float
    """Sum of log probabilities (nats) of the completion and its end of turn."""
    num_tokens: int


class Judge(Protocol):
    """A batch judge; a plain function judge(example, completion) -> Verdict is accepted wherever one is named."""

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]: ...


class Backend(Protocol):
    """A model that can write and, where it gives likelihoods, weigh. The backend of a config has `prove` as well:
    prove(example, completion) -> why the completion could not be trained on by the chat template, or nothing."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything about the model that changes its output, as JSON: the cache keys on it."""
        ...

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        """Yields (index of the request, its `num_samples` completions) as they are finished, in any order."""
        ...

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        """Likelihood of each completion after its prompt; None where the backend gives none."""
        ...
