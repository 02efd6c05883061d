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
import transformers

from s3ft.chat import Chat, Target, TemplateUnsupported
from s3ft.digest import digest
from s3ft.models import shared_prompt
from s3ft.models.loading import room
from s3ft.protocols import Finished
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
        return chain.from_iterable(self.generate_batches(requests, sampling))

    def generate_batches(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        ids = [self.chat.prompt_ids(r.prompt, r.tools) for r in requests]
        by_length = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        while by_length and len(ids[by_length[0]]) >= self._room:
            yield [(by_length.pop(0), [Completion("", finish_reason="length")] * sampling.num_samples)]
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
            found: Finished = []
            for place, index in enumerate(batch):
                drawn = rows[place * sampling.num_samples : (place + 1) * sampling.num_samples]
                found.append((index, [self._completion(requests[index], row, sampling) for row in drawn]))
            yield found

    def _batch(self, prompts: list[list[int]], sampling: Sampling) -> list[tuple[list[int], list[float]]]:
        """Sampled ids of `num_samples` rows per prompt and the log probability of each, padding included."""
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
            max_new_tokens=min(sampling.max_tokens, self._room - min(map(len, prompts))),
            do_sample=False,
            eos_token_id=list(self.chat.stop_ids),
            pad_token_id=pad,
            # A model that was trained with checkpointing says False.
            use_cache=True,
        )
        sampled = SampledLogprobs()
        with evaluating(self.model), sampled.listening(self._plain):
            out = self.model.generate(input_ids=ids, attention_mask=mask, generation_config=settings, **extra)
            logprobs = sampled.of(out[:, width:]).tolist()
        rows = zip(out[:, width:].tolist(), logprobs, prompts, strict=True)
        return [(row[: self._room - len(p)], found) for row, found, p in rows]

    def _completion(self, request: Request, drawn: tuple[list[int], list[float]], sampling: Sampling) -> Completion:
        row, logprobs = drawn
        found = self.chat.completion(request.prompt, row, "length", stop=sampling.stop, tools=request.tools)
        if found.stop_id is None:
            return found
        return replace(found, logprob=math.fsum(logprobs[: found.num_tokens]))

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
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
            size = max(1, SCORED_TOKENS // len(targets[by_length[0]].input_ids))
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
            most = max(1, SCORED_TOKENS // max(lengths[i] for i in own))
            groups += [own[k : k + most] for k in range(0, len(own), most) if len(own) > 1]
        groups.sort(key=lambda own: -max(lengths[i] for i in own))
        found: list[tuple[int, Score]] = []
        while groups:
            widest = max(len(own) for own in groups)
            size = max(1, SCORED_TOKENS // (max(lengths[i] for i in groups[0]) * widest))
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


class SampledLogprobs:
    """Log probabilities of sampled tokens by the model's own logits, which nothing that generation does to them (a
    repetition penalty in the model's generation config, a temperature) has touched yet.

    Only the logits of the newest step are held, shape (rows, vocabulary): a token is known when it comes back as the
    next step's input."""

    def __init__(self) -> None:
        self._logits: torch.Tensor | None = None
        self._steps: list[torch.Tensor] = []

    @contextmanager
    def listening(self, model: Any) -> Iterator[None]:
        handle = model.register_forward_hook(self._hear, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    def _hear(self, model: Any, args: Any, kwargs: Mapping[str, Any], output: Any) -> None:
        if self._logits is not None:
            self._take(kwargs["input_ids"][:, -1])
        # A copy, as a view would hold the logits of the whole prompt.
        self._logits = output.logits[:, -1].to(torch.float32, copy=True)

    def _take(self, ids: torch.Tensor) -> None:
        assert self._logits is not None
        self._steps.append(self._logits.gather(-1, ids[:, None])[:, 0] - self._logits.logsumexp(-1))

    def of(self, ids: torch.Tensor) -> torch.Tensor:
        """The log probabilities of all that was sampled, shape (rows, tokens). A prompt may have taken several
        passes; the sampled tokens are the last."""
        self._take(ids[:, -1])
        return torch.stack(self._steps[-ids.shape[1] :], 1)


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
