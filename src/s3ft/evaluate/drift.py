"""How far a tuned model is from its base, without benchmarks: both read the base's own answers.

For every token of the base's answer, the divergence of the tuned model's distribution from the base's, KL(base ||
tuned) in nats, and the token's negative log likelihood: one forward pass over what the base wrote. The base measured
against itself, in other batches, is the noise floor. Of each distribution of the base, the most likely tokens are kept
and the others are one event together, so that the divergence is a lower bound (data processing inequality), and no two
models are in memory at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3ft.evaluate import Sample
from s3ft.types import Completion, Request

if TYPE_CHECKING:
    import torch

    from s3ft.models.local import LocalModel

LONGEST = 128
"""Tokens of an answer that are read."""
KEPT = 64
"""Tokens of the base's distribution that are kept one by one."""
BATCH_TOKENS = 2048
"""Tokens of a forward pass: their logits must fit."""


@dataclass(frozen=True)
class Answer:
    """A prompt with the base's answer to it, as token ids."""

    set: str
    """"task" or "general": on the task, or off it."""
    id: str
    ids: list[int]
    """The prompt, the answer and, where it ended, its end of turn."""
    num_prompt: int


@dataclass(frozen=True)
class Reference:
    """What the base says of its own answers."""

    answers: list[Answer]
    logprobs: list[torch.Tensor]
    """Of each answer: log probabilities of the KEPT most likely tokens, shape (tokens, kept)."""
    tokens: list[torch.Tensor]
    """Which they are."""
    nll: list[float]
    """Mean negative log likelihood of each answer's tokens, in nats."""


def answers(
    local: LocalModel, name: str, rows: Sequence[tuple[str, Request]], completions: Sequence[Completion]
) -> list[Answer]:
    """The base's completions of (id, request) as token ids; empty ones and those without ids are left out."""
    found = []
    for (id, request), completion in zip(rows, completions, strict=True):
        if completion.token_ids and completion.finish_reason != "error":
            prompt = local.chat.prompt_ids(request.prompt, request.tools)
            end = [] if completion.stop_id is None else [completion.stop_id]
            found.append(Answer(name, id, [*prompt, *[*completion.token_ids, *end][:LONGEST]], len(prompt)))
    return found


def reference(local: LocalModel, answers: list[Answer]) -> Reference:
    """One forward pass of the base."""
    by_place: dict[int, tuple[torch.Tensor, torch.Tensor, float]] = {}
    for place, logprobs, labels in _read(local, answers, BATCH_TOKENS):
        top = logprobs.topk(min(KEPT, logprobs.shape[-1]), dim=-1)
        nll = -float(logprobs.gather(1, labels[:, None]).mean())
        by_place[place] = (top.values.cpu(), top.indices.cpu(), nll)
    rows = [by_place[n] for n in range(len(answers))]
    return Reference(answers, [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


def measure(local: LocalModel, base: Reference, batch_tokens: int = BATCH_TOKENS) -> list[Sample]:
    """One forward pass: per answer the mean divergence from the base and the mean negative log likelihood (nats a
    token), and whether greedy decoding would write the same."""
    found: dict[int, Sample] = {}
    for place, logprobs, labels in _read(local, base.answers, batch_tokens):
        theirs, kept = base.logprobs[place].to(logprobs.device), base.tokens[place].to(logprobs.device)
        answer = base.answers[place]
        found[place] = {
            "set": answer.set,
            "id": answer.id,
            "kl": round(float(_divergence(theirs, logprobs.gather(1, kept)).mean()), 7),
            "nll": round(-float(logprobs.gather(1, labels[:, None]).mean()), 7),
            "nll_base": round(base.nll[place], 7),
            "same": bool((logprobs.argmax(-1) == labels).all()),
            "tokens": len(labels),
        }
    return [found[n] for n in range(len(base.answers))]


def _divergence(theirs: torch.Tensor, ours: torch.Tensor) -> torch.Tensor:
    """KL(theirs || ours) over the kept tokens and the rest as one event, both of shape (tokens, kept)."""
    p, q = theirs.double(), ours.double()
    rest_p, rest_q = ((1 - x.exp().sum(-1)).clamp_min(1e-12) for x in (p, q))
    return ((p.exp() * (p - q)).sum(-1) + rest_p * (rest_p.log() - rest_q.log())).clamp_min(0)


def _read(
    local: LocalModel, answers: list[Answer], batch_tokens: int
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """(place, log probabilities of shape (tokens, vocabulary), tokens) of every answer, the longest first."""
    import torch

    left = sorted(range(len(answers)), key=lambda n: -len(answers[n].ids))
    while left:
        width = len(answers[left[0]].ids)
        batch, left = left[: (size := max(1, batch_tokens // width))], left[size:]
        rows = [answers[n].ids for n in batch]
        ids = torch.tensor([r + [0] * (width - len(r)) for r in rows], device=local.model.device)
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows], device=local.model.device)
        with torch.inference_mode():
            logits = local.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        for row, n in enumerate(batch):
            start, end = answers[n].num_prompt, len(answers[n].ids)
            yield n, logits[row, start - 1 : end - 1].float().log_softmax(-1), ids[row, start:end]
