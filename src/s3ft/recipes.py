"""The recipes, as data. One climb (build.py) serves them all; a config may add its own."""

from __future__ import annotations

from s3ft.types import Recipe

RECIPES: dict[str, Recipe] = {
    # Plain supervised fine-tuning.
    "sft": Recipe(ladder=("gold",)),
    # Self-Distillation Fine-Tuning, Yang et al. 2024, arXiv 2402.13669.
    "sdft": Recipe(ladder=("paraphrase", "gold")),
    # Selective Self-Rehearsal, Gupta et al. 2024, arXiv 2409.04787.
    "ssr": Recipe(ladder=("self", "gold")),
    # Selective Self-to-Supervised Fine-Tuning, Gupta et al. 2025, arXiv 2502.08130.
    "s3ft": Recipe(ladder=("self", "paraphrase", "gold")),
    # Rejection-sampling fine-tuning, Yuan et al. 2023, arXiv 2308.01825: rows without an accepted answer are left out.
    "rft": Recipe(ladder=("self",), num_samples=8, keep="distinct"),
    # S3FT without its last rung: rows with no accepted target in the model's own words are left out.
    "own": Recipe(ladder=("self", "paraphrase")),
}
