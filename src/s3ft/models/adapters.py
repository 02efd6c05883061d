"""A model with what training wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from s3ft.digest import file_digest
from s3ft.models import loading, locate
from s3ft.types import Adapter, ModelFiles, UserError


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


def require_lora(adapter: Adapter) -> None:
    """Raises UserError for a whole model."""
    if is_whole_model(adapter.folder):
        raise UserError(f"{adapter.folder}: a whole model, and this backend loads LoRA adapters; take transformers")


def scaled_folder(adapter: Adapter) -> Path:
    """A folder that holds the LoRA adapter at its scale, for what loads adapters from disk: its own, or a copy in it
    whose alpha is multiplied by the scale."""
    if adapter.scale == 1.0:
        return adapter.folder
    folder = adapter.folder / "scaled" / f"{adapter.scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    for weights in adapter.folder.glob("*.safetensors"):
        shutil.copyfile(weights, folder / weights.name)
    config = json.loads((adapter.folder / "adapter_config.json").read_text(encoding="utf-8"))
    config["lora_alpha"] *= adapter.scale
    config["alpha_pattern"] = {k: v * adapter.scale for k, v in (config.get("alpha_pattern") or {}).items()}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def rank(adapter: Adapter) -> int:
    """The highest rank in a LoRA adapter."""
    config = json.loads((adapter.folder / "adapter_config.json").read_text(encoding="utf-8"))
    ranks: list[int] = [config["r"], *(config.get("rank_pattern") or {}).values()]
    return max(ranks)


def with_adapter(model: Any, adapter: Adapter) -> Any:
    """The model with a PEFT adapter whose effect is multiplied by its scale; merged if the precision loses nothing."""
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    tuned = PeftModel.from_pretrained(model, str(adapter.folder))
    for layer in tuned.modules():
        if isinstance(layer, LoraLayer):
            layer.scale_layer(adapter.scale)
    return tuned.merge_and_unload() if model.dtype == torch.float32 else tuned


def write_merged(base: ModelFiles, adapter: Adapter, folder: Path) -> None:
    """A model folder with the adapter merged into the base, in the precision of the base's checkpoint; a model whose
    weights were all trained, as it was trained. All else, such as tokenizer and chat template, are the base's files.

    Raises UserError for weights that are quantised or cannot be merged."""
    from peft import PeftModel

    is_whole = is_whole_model(adapter.folder)
    model = loading.load_model(adapter.folder if is_whole else base.folder, "auto", base.trust_remote_code)
    if getattr(model.config, "quantization_config", None) is not None:
        raise UserError(f"model {base.folder}: its weights are quantised, merging would round them; serve the adapter")
    if not is_whole:
        try:
            model = PeftModel.from_pretrained(model, str(adapter.folder)).merge_and_unload(safe_merge=True)
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{adapter.folder}: cannot be merged: {' '.join(str(error).split())[:300]}") from error
    model.save_pretrained(folder)
    for file in locate.files(base.folder):
        is_saved = file.name == "config.json" or file.suffix == ".safetensors" or file.name.endswith(".index.json")
        if not is_saved:
            shutil.copyfile(file, folder / file.name)
