"""The cache with a meter: what it was asked, and what the backend behind it had to generate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from s3ft.backends.cache import Cached, Store
from s3ft.digest import digest
from s3ft.protocols import Backend, Finished
from s3ft.types import Completion, Request, Sampling, Score


class Metered(Cached):
    """A cached backend whose requests and tokens are counted and whose time is taken."""

    def __init__(self, backend: Backend, store: Store) -> None:
        super().__init__(backend, store)
        self.calls = 0
        """Completions and likelihoods that were asked for."""
        self.asked: dict[str, int] = {}
        """Tokens of every request, by what was asked."""
        self.seconds, self.tokens = 0.0, 0
        """What the backend took, and generated; nothing for what was kept."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        self.calls += len(requests) * sampling.num_samples
        for index, completions in super().generate(requests, sampling):
            request = requests[index]
            key = digest([request.prompt, request.tools, sampling.num_samples, sampling.temperature])
            self.asked[key] = sum(c.num_tokens for c in completions)
            yield index, completions

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        self.calls += len(requests)
        return super().score(requests, completions)

    def _finished(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        drawn = super()._finished(requests, sampling)
        while True:
            begun = time.monotonic()
            found = next(drawn, None)
            self.seconds += time.monotonic() - begun
            if found is None:
                return
            self.tokens += sum(c.num_tokens for _, completions in found for c in completions)
            yield found
