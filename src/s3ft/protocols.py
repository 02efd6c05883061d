"""What a plug-in has to give: judges, sources, tasks and backends. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

from s3ft.types import Capability, Completion, Example, Request, Sampling, Score, UserError, Verdict


class Judge(Protocol):
    """A batch judge; a plain function judge(example, completion) -> Verdict is accepted wherever one is named.

    A judge that asks a model takes the parameter `open_model` (OpenModel) when it is made."""

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]: ...


class Backend(Protocol):
    """A model that writes completions.

    A backend's file defines `backend`, a class: `backend(config, model, chat, adapter)` with `config` an instance of
    its own `Config` (a config.BackendConfig, see docs/extending.md), `model` the ModelFiles of the run, `chat` the chat
    policy (chat.Chat) and `adapter` an Adapter or None."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do besides generating."""
        ...

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything about the model that changes its output, as JSON: the cache keys on it."""
        ...

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        """Yields (index of the request, its `num_samples` completions) as they are finished, in any order."""
        ...


Finished = list[tuple[int, list[Completion]]]
"""What `Backend.generate` yields, of several requests."""


@runtime_checkable
class BatchingBackend(Backend, Protocol):
    """A backend that answers requests together, so that the log probabilities of one depend, in their last digits, on
    which others were asked with it: the cache keeps all or none of them."""

    def generate_batches(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        """As `generate`, what was answered together as one."""
        ...


class ScoringBackend(Backend, Protocol):
    """A backend with the capability `score`."""

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        """Likelihood of each completion after its prompt; None for one that cannot be scored."""
        ...


OpenModel = Callable[[str | None, Mapping[str, Any] | None], Backend]
"""(model, backend section of a config) -> the backend of that model; None is the run's own."""


class InProcessBackend(Backend, Protocol):
    """A backend with the capability `in_process`."""

    @property
    def local(self) -> Any:
        """The models.local.LocalModel."""
        ...


_MEANS: dict[Capability, str] = {
    "score": "log probabilities",
    "adapters": "answers with an adapter",
    "token_ids": "token ids",
    "in_process": "a model in this process",
}


def scoring(backend: Backend) -> ScoringBackend | None:
    """The backend if it gives log probabilities, else None."""
    return cast(ScoringBackend, backend) if "score" in backend.capabilities else None


def require(backend: Backend, capability: Capability, why: str) -> None:
    """Raises UserError if the backend lacks a capability; `why` says what needs it."""
    if capability not in backend.capabilities:
        raise UserError(
            f"{why}, which needs {_MEANS[capability]} ({capability}), and this backend gives none; "
            "choose another backend, such as transformers, or leave that out"
        )
