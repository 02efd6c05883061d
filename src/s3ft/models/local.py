"""A model in memory that writes and scores completions."""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

import torch

from s3ft.chat import Chat, Target, TemplateUnsupported
from s3ft.models import memory, shared_prompt
from s3ft.models.generation import Drawn, draw
from s3ft.models.loading import room
from s3ft.protocols import Finished
from s3ft.types import Capability, Completion, Request, Sampling, Score

SCORED_TOKENS = 4096
"""Tokens of a forward pass that scores: their logits, one number for each token of the vocabulary, must fit."""
LEAST_SCORED = 64
"""If not even so many fit, no more is tried."""


class LocalModel:
    """A backend over a model in this process: batches by length, greedy or sampled with noise of each row's own, so
    that batches do not change answers."""

    def __init__(self, model: Any, chat: Chat, batch_tokens: int | None = None) -> None:
        """`batch_tokens`: what is held at once, prompts and completions together; by default what fits. Less if memory
        turns out to be less."""
        self.model, self.chat = model, chat
        self._room = room(model.config) or 4096
        self._batch_tokens = batch_tokens or memory.batch_tokens(model)
        self._scored_tokens = SCORED_TOKENS

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
        return chain.from_iterable(self.generate_batches(requests, sampling))

    def generate_batches(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        ids = [self.chat.prompt_ids(r.prompt, r.tools) for r in requests]
        by_length = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        while by_length and len(ids[by_length[0]]) >= self._room:
            yield [(by_length.pop(0), [Completion("", finish_reason="length")] * sampling.num_samples)]
        while by_length:
            longest = len(ids[by_length[0]])
            each = sampling.num_samples * min(longest + sampling.max_tokens, self._room)
            size = max(1, self._batch_tokens // each)
            batch = by_length[:size]
            try:
                rows = self._drawn([ids[i] for i in batch], sampling)
            except RuntimeError as error:
                if not memory.ran_out(error):
                    raise
                memory.require_smaller(len(batch), f"{sampling.num_samples} x {longest} tokens of a prompt", error)
                self._batch_tokens = len(batch) // 2 * each
                continue
            by_length = by_length[size:]
            found: Finished = []
            for place, index in enumerate(batch):
                own = rows[place * sampling.num_samples : (place + 1) * sampling.num_samples]
                found.append((index, [self._completion(requests[index], row, sampling) for row in own]))
            yield found

    def _drawn(self, prompts: list[list[int]], sampling: Sampling) -> list[Drawn]:
        """`num_samples` rows a prompt, none longer than the model's context."""
        most = min(sampling.max_tokens, self._room - min(map(len, prompts)))
        with evaluating(self.model):
            rows = draw(self.model, self.chat, prompts, most, sampling)
        for place, row in enumerate(rows):
            del row.ids[self._room - len(prompts[place // sampling.num_samples]) :]
        return rows

    def _completion(self, request: Request, drawn: Drawn, sampling: Sampling) -> Completion:
        found = self.chat.completion(request.prompt, drawn.ids, "length", stop=sampling.stop, tools=request.tools)
        if found.stop_id is None:
            return found
        return replace(found, logprob=math.fsum(drawn.logprobs[: found.num_tokens]))

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        while True:
            try:
                return self._scored(requests, completions)
            except RuntimeError as error:
                if not memory.ran_out(error):
                    raise
                memory.require_smaller(self._scored_tokens // LEAST_SCORED, f"{LEAST_SCORED} scored tokens", error)
                self._scored_tokens //= 2

    def _scored(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        targets: dict[int, Target] = {}
        for index, (request, completion) in enumerate(zip(requests, completions, strict=True)):
            with suppress(TemplateUnsupported):
                target = self.chat.target(request.prompt, completion, request.tools)
                if len(target.input_ids) <= self._room:
                    targets[index] = target
        scores: list[Score | None] = [None] * len(requests)
        for index, score in self._shared(targets):
            scores[index] = score
            del targets[index]
        by_length = sorted(targets, key=lambda i: -len(targets[i].input_ids))
        while by_length:
            size = max(1, self._scored_tokens // len(targets[by_length[0]].input_ids))
            batch, by_length = by_length[:size], by_length[size:]
            found = self._scores([targets[i].input_ids for i in batch], [targets[i].num_prompt for i in batch])
            for i, score in zip(batch, found, strict=True):
                scores[i] = score
        return scores

    def _shared(self, targets: Mapping[int, Target]) -> list[tuple[int, Score]]:
        """The scores of targets that have their prompt in common with others, each prompt passed through once; empty if
        the model cannot do that."""
        prompts: dict[tuple[int, ...], list[int]] = {}
        for index, target in targets.items():
            prompts.setdefault(tuple(target.input_ids[: target.num_prompt]), []).append(index)
        if not self._parameters >= shared_prompt.NEEDED:
            return []
        lengths = {index: len(target.input_ids) for index, target in targets.items()}
        groups = []
        for own in prompts.values():
            most = max(1, self._scored_tokens // max(lengths[i] for i in own))
            groups += [own[k : k + most] for k in range(0, len(own), most) if len(own) > 1]
        groups.sort(key=lambda own: -max(lengths[i] for i in own))
        found: list[tuple[int, Score]] = []
        while groups:
            widest = max(len(own) for own in groups)
            size = max(1, self._scored_tokens // (max(lengths[i] for i in groups[0]) * widest))
            batch, groups = groups[:size], groups[size:]
            prompt_ids = [targets[own[0]].input_ids[: targets[own[0]].num_prompt] for own in batch]
            ends = [[targets[i].input_ids[targets[i].num_prompt :] for i in own] for own in batch]
            with evaluating(self.model):
                sums = shared_prompt.logprobs(self.model, prompt_ids, ends)
            if sums is None:
                return []
            indexes = [i for own in batch for i in own]
            found += [(i, Score(s, lengths[i] - targets[i].num_prompt)) for i, s in zip(indexes, sums, strict=True)]
        return found

    @cached_property
    def _plain(self) -> Any:
        """The model itself, whose forward generation calls; PEFT wraps it."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    @cached_property
    def _parameters(self) -> frozenset[str]:
        """What the model's forward takes; nothing is relied on where virtual tokens come before the prompt."""
        if getattr(getattr(self.model, "active_peft_config", None), "is_prompt_learning", False):
            return frozenset()
        return frozenset(inspect.signature(self._plain.forward).parameters)

    def _scores(self, rows: list[list[int]], prompts: list[int]) -> list[Score]:
        from trl.trainer.utils import selective_log_softmax

        width = max(map(len, rows))
        ids = torch.tensor([r + [0] * (width - len(r)) for r in rows], device=self.model.device)
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows], device=self.model.device)
        # What stands before the first completion predicts nothing that is asked for.
        start = min(prompts) - 1
        asked = {"logits_to_keep": width - start} if "logits_to_keep" in self._parameters else {}
        with evaluating(self.model):
            logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False, **asked).logits[:, start - width :]
            logprobs = selective_log_softmax(logits[:, :-1].float(), ids[:, start + 1 :])
        sums = [
            logprobs[k, p - 1 - start : len(r) - 1 - start].sum().item()
            for k, (r, p) in enumerate(zip(rows, prompts, strict=True))
        ]
        return [Score(s, len(r) - p) for s, r, p in zip(sums, rows, prompts, strict=True)]


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """The model without dropout, gradients and router losses; everything is put back. Not inference mode: what a model
    keeps from it, such as positions, could not be trained with afterwards."""
    training = [module for module in model.modules() if module.training]
    config = model.config.get_text_config()
    # A loss over the experts, which TRL asks for, has no place in generation: its mask is of another length.
    router = getattr(config, "output_router_logits", False)
    for module in training:
        module.training = False
    if router:
        config.output_router_logits = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
        if router:
            config.output_router_logits = True
