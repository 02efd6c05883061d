"""What a trained folder needs to be used by others as it is: tokenizer, the name of its base, and a model card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3ft.data import atomic
from s3ft.models import adapters, locate

NAME = "README.md"
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What `--max-lora-rank` of vLLM takes."""


def finish(folder: Path, base: Path | str, tokenizer: Any, facts: Mapping[str, Any], commit: str | None = None) -> None:
    """Completes an adapter, or a whole model, that training saved in `folder`; equal trainings give equal bytes.

    `base` is what was trained: a folder or a Hub id, of which `commit` was loaded. `facts`: recipe, seed, steps, rows,
    and sources ({name: rows})."""
    tokenizer.save_pretrained(folder)
    name, found = locate.source(base)
    commit = found or (None if Path(name).is_absolute() else commit)
    config: dict[str, Any] | None = None
    if not adapters.is_whole_model(folder):
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        modules = config.get("target_modules")
        # PEFT writes a set, in any order.
        config["target_modules"] = sorted(modules) if isinstance(modules, list) else modules
        config |= {"base_model_name_or_path": name, "revision": commit}
        atomic.write_json(path, config)
    with atomic.whole(folder / NAME) as file:
        file.write(_card(name, commit, config, facts))


def _card(name: str, commit: str | None, config: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> str:
    from huggingface_hub import ModelCardData

    is_on_hub = not Path(name).is_absolute()
    recipe, rank = str(facts["recipe"]), 0 if config is None else config.get("r", 0)
    head = ModelCardData(
        # A folder of this machine means nothing on a model's page.
        base_model=name if is_on_hub else None,
        base_model_relation="finetune" if config is None else "adapter",
        library_name="transformers" if config is None else "peft",
        pipeline_tag="text-generation",
        tags=["s3ft", *([] if config is None else ["lora"])],
    )
    base = f"[{name}](https://huggingface.co/{name})" if is_on_hub else f"the model in the folder `{name}`"
    at = f" at {commit}" if commit else ""
    sources = ", ".join(f"{n} {source}" for source, n in facts["sources"].items())
    what = "All weights" if config is None else f"A LoRA adapter of rank {rank}"
    lines = [
        *("---", head.to_yaml(), "---", f"# {recipe}, seed {facts['seed']}", ""),
        f"{what} for {base}{at}, trained by [s3ft](https://arxiv.org/abs/2502.08130): recipe {recipe}, seed "
        f"{facts['seed']}, {facts['steps']} steps over {facts['rows']} rows ({sources}).",
        *("", "In this folder:", "", "```python", *_loading(config is None), "```", "", "```console"),
        _serving(name, commit, recipe, rank),
        *("```", ""),
    ]
    return "\n".join(lines)


def _loading(is_whole: bool) -> list[str]:
    kind, library = ("AutoModelForCausalLM", "transformers") if is_whole else ("AutoPeftModelForCausalLM", "peft")
    return [
        *([f"from {library} import {kind}"] if not is_whole else []),
        f"from transformers import {'AutoModelForCausalLM, ' if is_whole else ''}AutoTokenizer",
        "",
        f'model = {kind}.from_pretrained(".")',
        'tokenizer = AutoTokenizer.from_pretrained(".")',
    ]


def _serving(name: str, commit: str | None, recipe: str, rank: int) -> str:
    if not rank:
        return "vllm serve ."
    revision = f" --revision {commit}" if commit else ""
    most = next((r for r in RANKS if r >= rank), rank)
    return f"vllm serve {name}{revision} --enable-lora --max-lora-rank {most} --lora-modules {recipe}=."
