"""Completions from a file: for dry runs and tests of everything around a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from s3ft.config.schema import RunConfig
from s3ft.data import jsonl
from s3ft.types import Completion, Example, Request, Sampling, Score, UserError


class backend:
    """backend: {name: scripted, extra: {path: FILE.jsonl}} with rows {"prompt", "completion"}.

    `prompt` is the text of the last user turn; several rows of one prompt are its samples, in order. A prompt that
    is not in the file gives a completion that failed."""

    def __init__(
        self, config: RunConfig, model: Path, fingerprint: str, adapter: Path | None = None, scale: float = 1.0
    ) -> None:
        path = config.backend.extra.get("path")
        if not isinstance(path, str):
            raise UserError("backend scripted: needs extra: {path: FILE.jsonl} with rows {prompt, completion}")
        self._written: dict[str, list[str]] = {}
        for number, row in jsonl.numbered(Path(path), required=("prompt", "completion")):
            if not isinstance(row["prompt"], str) or not isinstance(row["completion"], str):
                raise UserError(f"{path}:{number}: prompt and completion must be text; mend the row")
            self._written.setdefault(row["prompt"], []).append(row["completion"])
        self._adapter = adapter

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"scripted": self._written, "adapter": str(self._adapter)}

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        for index, request in enumerate(requests):
            texts = self._written.get(request.prompt[-1]["content"], [])
            drawn = [texts[(sampling.seed + k) % len(texts)] for k in range(sampling.num_samples)] if texts else []
            yield index, [_finished(t) for t in drawn] or [Completion("", finish_reason="error")]

    def prove(self, example: Example, completion: Completion) -> str:
        return ""

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        return [None for _ in completions]


def _finished(text: str) -> Completion:
    return Completion(text, raw=text, num_tokens=len(text.split()))
