"""The recipes, as data. One ladder (ladder.py) serves them all; a config may add its own."""

from __future__ import annotations

from s3ft.types import Recipe, Rung

SELF, PARAPHRASE, GOLD = Rung("self"), Rung("paraphrase"), Rung("gold")

RECIPES: dict[str, Recipe] = {
    # Plain supervised fine-tuning.
    "sft": (GOLD,),
    # Self-Distillation Fine-Tuning, Yang et al. 2024, arXiv 2402.13669.
    "sdft": (PARAPHRASE, GOLD),
    # Selective Self-Rehearsal, Gupta et al. 2024, arXiv 2409.04787.
    "ssr": (SELF, GOLD),
    # Selective Self-to-Supervised Fine-Tuning, Gupta et al. 2025, arXiv 2502.08130.
    "s3ft": (SELF, PARAPHRASE, GOLD),
    # Ours: S3FT with one more rung for the rows that it would leave to the gold.
    "s3ft+": (SELF, PARAPHRASE, Rung("paraphrase", num_samples=4, temperature=1.0, keep="likeliest"), GOLD),
    # Rejection-sampling fine-tuning, Yuan et al. 2023, arXiv 2308.01825: rows without an accepted answer are left out.
    "rft": (Rung("self", num_samples=8, keep="distinct"),),
    # S3FT without its last rung: rows with no accepted target in the model's own words are left out.
    "no_gold": (SELF, PARAPHRASE),
}


def described(recipe: Recipe) -> str:
    """One line, such as "self > paraphrase (4 samples, likeliest) > gold"."""
    return " > ".join(_rung(rung) for rung in recipe)


def _rung(rung: Rung) -> str:
    parts = [f"{rung.num_samples} samples"] if rung.num_samples > 1 else []
    parts += [f"temperature {rung.temperature:g}"] if rung.temperature is not None else []
    parts += [rung.keep] if rung.keep != "first" else []
    return rung.source + (f" ({', '.join(parts)})" if parts else "")
