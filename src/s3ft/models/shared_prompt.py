"""Several completions of one prompt scored with one forward pass over the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

LAYERS = (DynamicLayer, DynamicSlidingWindowLayer)
NEEDED = frozenset({"logits_to_keep", "position_ids", "past_key_values"})
"""Parameters of a model's forward without which prompts cannot be shared."""


def logprobs(
    model: Any, prompts: Sequence[list[int]], completions: Sequence[Sequence[list[int]]]
) -> list[float] | None:
    """The sum of log probabilities (nats) of each completion, in order; None if the model has no plain key-value cache.

    `completions` are those of each prompt, none of them empty. Prompts are padded on the left, completions on the
    right; a completion reads the keys and values of its prompt."""
    from trl.trainer.utils import selective_log_softmax

    width = max(map(len, prompts))
    places = [p for p, own in enumerate(completions) for _ in own]
    owner = cast(torch.LongTensor, torch.tensor(places, device=model.device))
    rows = [c for own in completions for c in own]
    length = max(map(len, rows))
    lengths = torch.tensor([len(p) for p in prompts], device=model.device)
    ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts], device=model.device)
    mask = (torch.arange(width, device=model.device) >= width - lengths[:, None]).long()
    positions = (mask.cumsum(-1) - 1).clamp_min(0)
    ends = torch.tensor([c + [0] * (length - len(c)) for c in rows], device=model.device)
    is_real = torch.tensor([[1] * len(c) + [0] * (length - len(c)) for c in rows], device=model.device)
    with torch.no_grad():
        first = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1)
        cache = first.past_key_values
        # Other caches hold a state that has no rows to be repeated, such as that of a recurrent layer.
        if type(cache) is not DynamicCache or not all(type(layer) in LAYERS for layer in cache.layers):
            return None
        cache.reorder_cache(owner)
        then = model(
            input_ids=ends,
            attention_mask=torch.cat([mask[owner], is_real], 1),
            position_ids=lengths[owner, None] + torch.arange(length, device=model.device),
            past_key_values=cache,
        )
        logits = torch.cat([first.logits[owner, -1:], then.logits[:, :-1]], 1)
        found = selective_log_softmax(logits.float(), ends) * is_real
    sums: list[float] = found.sum(-1).tolist()
    return sums
