"""A model with what training wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from s3ft.digest import file_digest
from s3ft.types import Adapter, UserError


def is_whole_model(folder: Path) -> bool:
    """Whether training wrote all weights, and no LoRA adapter."""
    return not (folder / "adapter_config.json").is_file()


def identity(adapter: Adapter | None) -> Any:
    """What tells an adapter at its scale from any other, as JSON."""
    if adapter is None:
        return None
    return [[file_digest(p) for p in sorted(adapter.folder.glob("*.safetensors"))], adapter.scale]


def require_scalable(adapter: Adapter) -> None:
    """Raises UserError for a whole model at another scale than 1."""
    if is_whole_model(adapter.folder) and adapter.scale != 1.0:
        raise UserError("evaluate.scales needs train.method: lora; a fully trained model has no adapter to scale")


def with_adapter(model: Any, adapter: Adapter) -> Any:
    """The model with a PEFT adapter whose effect is multiplied by its scale; merged if the precision loses nothing."""
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    tuned = PeftModel.from_pretrained(model, str(adapter.folder))
    for layer in tuned.modules():
        if isinstance(layer, LoraLayer):
            layer.scale_layer(adapter.scale)
    return tuned.merge_and_unload() if model.dtype == torch.float32 else tuned
