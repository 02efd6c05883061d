"""How many tokens a device holds at once, and what is done when it holds fewer."""

from __future__ import annotations

import math
from typing import Any

import torch

from s3ft.types import UserError

CPU_TOKENS = 16384
"""Larger batches are no faster on a CPU."""
SHARE = 0.3
"""Of a GPU's free memory, for keys and values; activations and logits take some of the rest."""


def batch_tokens(model: Any) -> int:
    """Tokens of prompts and completions together to generate for at once: on a GPU, those whose keys and values take a
    share of what is free, a power of two, so that a little more or less of it changes no batch."""
    if model.device.type != "cuda":
        return CPU_TOKENS
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    of_a_token = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    free, _ = torch.cuda.mem_get_info(model.device)
    return int(2 ** int(math.log2(max(1, SHARE * free / of_a_token))))


def ran_out(error: RuntimeError) -> bool:
    """Whether an error of torch says that memory was not enough, on a GPU or a CPU."""
    return isinstance(error, torch.OutOfMemoryError) or any(
        said in str(error) for said in ("out of memory", "can't allocate memory")
    )


def require_smaller(rows: int, smallest: str, error: Exception) -> None:
    """Raises UserError if there is no half of the rows to try."""
    if rows < 2:
        raise UserError(
            f"out of memory on {smallest}: {' '.join(str(error).split())[:200]}; free some, or take a smaller model or "
            "precision (backend.dtype)"
        ) from error
