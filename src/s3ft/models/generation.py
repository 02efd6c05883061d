"""Prompts to sampled ids with their log probabilities, many at once; what is finished leaves the batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers

from s3ft.chat import Chat
from s3ft.digest import digest
from s3ft.types import Sampling

LEAVING = 0.25
"""Share of a batch's rows that have to be finished before they leave it: each time, the others' keys and values are
copied."""
_NO_STEPS = frozenset(
    {
        *(
            "_from_model_config",
            "transformers_version",
            "use_cache",
            "max_length",
            "max_new_tokens",
            "output_attentions",
        ),
        *("bos_token_id", "eos_token_id", "pad_token_id", "do_sample", "temperature", "top_p", "top_k", "min_p"),
        *("typical_p", "repetition_penalty", "no_repeat_ngram_size", "suppress_tokens", "bad_words_ids"),
    }
)
"""Fields of a generation config that do not count steps from the beginning of `generate`."""


@dataclass
class Drawn:
    """What was sampled of one row."""

    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    """Of each of `ids`, by the model as it is."""


def draw(model: Any, chat: Chat, prompts: Sequence[list[int]], max_tokens: int, sampling: Sampling) -> list[Drawn]:
    """`num_samples` rows a prompt, in order, each up to what ended it or `max_tokens`.

    The model has to be in evaluation mode. Whenever a quarter of the rows is finished, `generate` is left and goes on
    with the others and what the cache holds of them."""
    prompts = [p for p in prompts for _ in range(sampling.num_samples)]
    pad, width = chat.stop_ids[0], max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    noise = PerRowGumbelSampler(prompts, sampling) if sampling.temperature > 0 else None
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    leaving = LEAVING if _can_be_left(model, plain) else 1.0
    found, going, cache = [Drawn() for _ in prompts], torch.arange(len(prompts), device=model.device), None
    while len(going):
        begun = ids.shape[1]
        ends = Ends(chat, sampling.stop, max(1, int(leaving * len(going))))
        settings = transformers.GenerationConfig(
            max_new_tokens=max_tokens - (begun - width),
            do_sample=False,
            eos_token_id=list(chat.stop_ids),
            pad_token_id=pad,
            return_dict_in_generate=True,
            # A model that was trained with checkpointing says False.
            use_cache=True,
        )
        sampled = SampledLogprobs()
        with sampled.listening(plain):
            out = model.generate(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=cache,
                generation_config=settings,
                logits_processor=transformers.LogitsProcessorList([noise] if noise else []),
                stopping_criteria=transformers.StoppingCriteriaList([ends]),
            )
        ids, drawn = out.sequences, out.sequences[:, begun:]
        rows = zip(going.tolist(), ends.lengths(drawn), drawn.tolist(), sampled.of(drawn).tolist(), strict=True)
        for place, length, row, logprobs in rows:
            found[place].ids += row[:length]
            found[place].logprobs += logprobs[:length]
        if ids.shape[1] - width >= max_tokens:
            break
        left = (~ends.done).nonzero()[:, 0]
        going, ids = going[left], ids[left]
        mask = torch.nn.functional.pad(mask[left], (0, ids.shape[1] - mask.shape[1]), value=1)
        if noise:
            noise.keep(left)
        cache = out.past_key_values if len(going) else None
        if cache is not None:
            cache.batch_select_indices(left)
    return found


def _can_be_left(model: Any, plain: Any) -> bool:
    """Whether `generate` may be left and gone on with: nothing counts its steps, no virtual tokens come before the
    prompt, and the keys and values of single rows can be taken out."""
    if getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False):
        return False
    if {name for name, value in plain.generation_config.to_diff_dict().items() if value} - _NO_STEPS:
        return False
    layers = transformers.DynamicCache(config=plain.config).layers
    return all(hasattr(layer, "batch_select_indices") for layer in layers)


class Ends(transformers.StoppingCriteria):
    """Where each row ended; stops all rows when `enough` of them have."""

    def __init__(self, chat: Chat, texts: Sequence[str], enough: int) -> None:
        self._criteria = transformers.StoppingCriteriaList([transformers.EosTokenCriteria(list(chat.stop_ids))])
        if texts:
            self._criteria.append(transformers.StopStringCriteria(chat.tokenizer, list(texts)))
        self._enough, self._steps = enough, list[torch.Tensor]()

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> torch.Tensor:
        ended = self._criteria(input_ids, scores, **kwargs)
        self._steps.append(ended | self._steps[-1] if self._steps else ended)
        return self.done | bool(self.done.sum() >= self._enough)

    @property
    def done(self) -> torch.Tensor:
        """Whether each row has ended, shape (rows,)."""
        return self._steps[-1]

    def lengths(self, drawn: torch.Tensor) -> list[int]:
        """Of each row of `drawn`, shape (rows, steps), how many tokens were sampled before it ended; the last of them
        ended it."""
        found: list[int] = (drawn.shape[1] - torch.stack(self._steps).sum(0) + self.done.long()).tolist()
        return found


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


class PerRowGumbelSampler(transformers.LogitsProcessor):
    """Sampling by Gumbel noise (argmax of log p + noise), seeded by row: the same row draws the same in any batch."""

    def __init__(self, prompts: list[list[int]], sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = transformers.TopPLogitsWarper(sampling.top_p) if sampling.top_p < 1 else None
        self._draws = []
        for place, prompt in enumerate(prompts):
            own = digest([prompt, sampling.seed, place % sampling.num_samples])
            self._draws.append(torch.Generator().manual_seed(int(own[:15], 16)))

    def keep(self, rows: torch.Tensor) -> None:
        """Goes on with these rows."""
        self._draws = [self._draws[row] for row in rows.tolist()]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float() / self._temperature
        if self._top_p is not None:
            scores = self._top_p(input_ids, scores)
        uniform = torch.stack([torch.rand(scores.shape[-1], generator=g) for g in self._draws])
        return scores - torch.log(-torch.log(uniform.clamp_min(1e-20))).to(scores.device)
