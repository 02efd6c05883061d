"""Completions from a file, for dry runs and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from s3ft.config import BackendConfig
from s3ft.data import jsonl
from s3ft.types import Adapter, Capability, Completion, ModelFiles, Request, Sampling, UserError

if TYPE_CHECKING:
    from s3ft.chat import Chat


class backend:
    """backend: {name: scripted, path: FILE.jsonl}. Several rows of one prompt are its samples, in order. A prompt that
    is not in the file gives a completion that failed."""

    class Config(BackendConfig):
        """Where the completions are."""

        name: str = "scripted"
        path: str
        """JSON lines {"prompt", "completion"}: `prompt` is the text of the last user turn."""

    def __init__(self, config: Config, model: ModelFiles, chat: Chat, adapter: Adapter | None = None) -> None:
        self._written: dict[str, list[str]] = {}
        for number, row in jsonl.numbered(config.path, required=("prompt", "completion")):
            if not isinstance(row["prompt"], str) or not isinstance(row["completion"], str):
                raise UserError(f"{config.path}:{number}: prompt and completion must be text; fix the row")
            self._written.setdefault(row["prompt"], []).append(row["completion"])

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset()

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"scripted": self._written}

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        for index, request in enumerate(requests):
            texts = self._written.get(request.prompt[-1]["content"], [])
            drawn = [texts[(sampling.seed + k) % len(texts)] for k in range(sampling.num_samples)] if texts else []
            failed = [Completion("", finish_reason="error")] * sampling.num_samples
            yield index, [_finished(t) for t in drawn] or failed


def _finished(text: str) -> Completion:
    return Completion(text, raw=text, num_tokens=len(text.split()))
