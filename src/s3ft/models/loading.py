"""Weights and tokenizers from disk: device, precision, context length."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import torch
import transformers

from s3ft import plugins
from s3ft.models import tokenizer_files
from s3ft.types import UserError

_FROM_PRETRAINED = frozenset(
    {
        *("attn_implementation", "quantization_config", "device_map", "max_memory", "offload_folder", "use_kernels"),
        *("low_cpu_mem_usage", "subfolder", "variant", "gguf_file", "tp_plan", "tp_size", "offload_buffers", "config"),
        *("experts_implementation", "ignore_mismatched_sizes", "key_mapping", "weights_only", "kernel_config"),
    }
)
"""Arguments of from_pretrained beside those that s3ft sets, and beside the fields of the model's config."""


def device(name: str, field: str = "backend.device") -> torch.device:
    """The device that `field` of the config names. Raises UserError if there is no such GPU."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise UserError(f"{field}: found {name!r}, expected auto, cpu, cuda or cuda:N")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"{field}: found {name!r}, but this machine has no CUDA GPU; use auto or cpu")
    found = torch.device(name)
    if found.index is not None and found.type == "cuda" and found.index >= torch.cuda.device_count():
        raise UserError(f"{field}: found {name!r}, but this machine has {torch.cuda.device_count()} GPUs; count from 0")
    return found


def dtype(name: str, where: torch.device, folder: Path) -> torch.dtype:
    """Precision of the weights: as named, else float32 on a CPU, and on a GPU bfloat16 unless the checkpoint is in
    float16. The GPU is not asked what it has: that would take memory of it in processes that only look."""
    if name == "auto" and where.type == "cpu":
        return torch.float32
    if name == "auto":
        is_half = transformers.AutoConfig.from_pretrained(folder).dtype == torch.float16
        return torch.float16 if is_half else torch.bfloat16
    named: torch.dtype = getattr(torch, name)
    return named


def load_tokenizer(folder: Path, trust_remote_code: bool = False) -> Any:
    """The tokenizer in a folder. Raises UserError in one line."""
    try:
        return tokenizer_files.load(folder, trust_remote_code)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"tokenizer of {folder}: {_line(error)}") from error


def load_model(
    folder: Path | str, dtype: torch.dtype | Literal["auto"], trust_remote_code: bool = False, **extra: Any
) -> Any:
    """The causal language model in a folder; `dtype` auto is the checkpoint's own, and `extra` goes to from_pretrained.
    Raises UserError in one line."""
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=trust_remote_code, use_safetensors=True, **extra
        )
    except Exception as error:
        raise UserError(f"model {folder}: {_line(error)}") from error


def require_extra(folder: Path, extra: dict[str, Any], trust_remote_code: bool = False) -> None:
    """Raises UserError for an argument that `load_model` would fail with, as far as can be told without weights."""
    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
    for name in extra:
        if name not in _FROM_PRETRAINED and not hasattr(config, name):
            raise UserError(plugins.unknown("argument of backend.extra", name, sorted(_FROM_PRETRAINED)))
    if (way := extra.get("attn_implementation")) is not None:
        shape(folder, trust_remote_code, attn_implementation=way)


def shape(folder: Path, trust_remote_code: bool = False, **extra: Any) -> Any:
    """The causal language model in a folder without its weights, on torch's meta device. Raises UserError."""
    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
        with torch.device("meta"):
            return transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code, **extra)
    except Exception as error:
        raise UserError(f"model {folder}: {_line(error)}") from error


def stop_ids(settings: transformers.GenerationConfig) -> list[int]:
    """Every id on which a model's generation ends."""
    ends = settings.eos_token_id
    return [ends] if isinstance(ends, int) else list(ends or [])


def stop_ids_of(folder: Path) -> list[int]:
    """Every id on which generation with the model in a folder ends, as far as its files say."""
    try:
        return stop_ids(transformers.GenerationConfig.from_pretrained(folder))
    except OSError:
        return []


def context_length(folder: Path) -> int:
    """Tokens that the model in a folder takes; 4096 if its config does not say."""
    return room(transformers.AutoConfig.from_pretrained(folder)) or 4096


def room(config: Any) -> int | None:
    """Tokens that a model with this transformers config takes; None if it does not say."""
    stated: int | None = getattr(config.get_text_config(), "max_position_embeddings", None)
    return stated or None


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
