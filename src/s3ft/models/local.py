"""A model in memory that writes and scores completions."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import torch
import transformers

from s3ft.chat import Chat, Target, TemplateUnsupported
from s3ft.digest import digest
from s3ft.models.loading import room
from s3ft.types import Capability, Completion, Request, Sampling, Score, UserError

SCORED_TOKENS = 4096
"""Tokens of a forward pass that scores: their logits, one number for each token of the vocabulary, must fit."""


class LocalModel:
    """A backend over a model in this process: batches by length, greedy or sampled with noise of each row's own, so
    that batches do not change answers."""

    def __init__(self, model: Any, chat: Chat, batch_size: int) -> None:
        self.model, self.chat, self._batch_size = model, chat, batch_size
        self._room = room(model.config) or 4096

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({"score", "token_ids"})

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """SHA-256 over all weights, and the chat policy."""
        total = hashlib.sha256()
        for name, weight in sorted(self.model.state_dict().items()):
            total.update(f"{name} {weight.dtype} {tuple(weight.shape)} ".encode())
            total.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return {"weights": total.hexdigest(), "chat": self.chat.identity, "device": self.model.device.type}

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        ids = [self.chat.prompt_ids(r.prompt, r.tools) for r in requests]
        by_length = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        size = max(1, self._batch_size // sampling.num_samples)
        while by_length:
            batch, by_length = by_length[:size], by_length[size:]
            try:
                rows = self._batch([ids[i] for i in batch], sampling)
            except torch.OutOfMemoryError as error:
                torch.cuda.empty_cache()
                if len(batch) == 1:
                    raise UserError(
                        f"out of GPU memory on one prompt of {len(ids[batch[0]])} tokens: {error}"
                    ) from error
                by_length, size = batch + by_length, len(batch) // 2
                continue
            for place, index in enumerate(batch):
                drawn = rows[place * sampling.num_samples : (place + 1) * sampling.num_samples]
                yield index, [self._completion(requests[index], row, sampling) for row in drawn]

    def _batch(self, prompts: list[list[int]], sampling: Sampling) -> list[list[int]]:
        """Sampled ids of `num_samples` rows per prompt, padding included."""
        pad = self.chat.stop_ids[0]
        prompts = [p for p in prompts for _ in range(sampling.num_samples)]
        width = max(map(len, prompts))
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=self.model.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self.model.device)
        extra: dict[str, Any] = {}
        if sampling.temperature > 0:
            extra["logits_processor"] = transformers.LogitsProcessorList([PerRowGumbelSampler(prompts, sampling)])
        if sampling.stop:
            extra |= {"stop_strings": list(sampling.stop), "tokenizer": self.chat.tokenizer}
        settings = transformers.GenerationConfig(
            max_new_tokens=max(1, min(sampling.max_tokens, self._room - min(map(len, prompts)))),
            do_sample=False,
            eos_token_id=list(self.chat.stop_ids),
            pad_token_id=pad,
        )
        with torch.inference_mode():
            out = self.model.generate(input_ids=ids, attention_mask=mask, generation_config=settings, **extra)
        rows: list[list[int]] = out[:, width:].tolist()
        return [row[: max(0, self._room - len(p))] for row, p in zip(rows, prompts, strict=True)]

    def _completion(self, request: Request, row: list[int], sampling: Sampling) -> Completion:
        return self.chat.completion(request.prompt, row, "length", stop=sampling.stop, tools=request.tools)

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        targets: dict[int, Target] = {}
        for index, (request, completion) in enumerate(zip(requests, completions, strict=True)):
            with suppress(TemplateUnsupported):
                targets[index] = self.chat.target(request.prompt, completion, request.tools)
        scores: list[Score | None] = [None] * len(requests)
        by_length = sorted(targets, key=lambda i: -len(targets[i].input_ids))
        while by_length:
            size = max(1, SCORED_TOKENS // len(targets[by_length[0]].input_ids))
            batch, by_length = by_length[:size], by_length[size:]
            found = self._scores([targets[i].input_ids for i in batch], [targets[i].num_prompt for i in batch])
            for i, score in zip(batch, found, strict=True):
                scores[i] = score
        return scores

    @cached_property
    def _can_keep_logits(self) -> bool:
        plain = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        return "logits_to_keep" in inspect.signature(plain.forward).parameters

    def _scores(self, rows: list[list[int]], prompts: list[int]) -> list[Score]:
        from trl.trainer.utils import selective_log_softmax

        width = max(map(len, rows))
        ids = torch.tensor([r + [0] * (width - len(r)) for r in rows], device=self.model.device)
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows], device=self.model.device)
        # What stands before the first completion predicts nothing that is asked for.
        start = min(prompts) - 1
        asked = {"logits_to_keep": width - start} if self._can_keep_logits else {}
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False, **asked).logits[:, start - width :]
            logprobs = selective_log_softmax(logits[:, :-1].float(), ids[:, start + 1 :])
        sums = [
            logprobs[k, p - 1 - start : len(r) - 1 - start].sum().item()
            for k, (r, p) in enumerate(zip(rows, prompts, strict=True))
        ]
        return [Score(s, len(r) - p) for s, r, p in zip(sums, rows, prompts, strict=True)]


class PerRowGumbelSampler(transformers.LogitsProcessor):
    """Sampling by Gumbel noise (argmax of log p + noise), seeded by row: the same row draws the same in any batch."""

    def __init__(self, prompts: list[list[int]], sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = transformers.TopPLogitsWarper(sampling.top_p) if sampling.top_p < 1 else None
        self._draws = []
        for place, prompt in enumerate(prompts):
            own = digest([prompt, sampling.seed, place % sampling.num_samples])
            self._draws.append(torch.Generator().manual_seed(int(own[:15], 16)))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float() / self._temperature
        if self._top_p is not None:
            scores = self._top_p(input_ids, scores)
        uniform = torch.stack([torch.rand(scores.shape[-1], generator=g) for g in self._draws])
        return scores - torch.log(-torch.log(uniform.clamp_min(1e-20))).to(scores.device)
