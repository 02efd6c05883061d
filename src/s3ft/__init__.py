"""Selective Self-to-Supervised Fine-Tuning (Gupta et al., Findings of NAACL 2025, arXiv 2502.08130)."""

from typing import Any

__all__ = ["S3FTConfig", "S3FTTrainer", "build_dataset"]


def __getattr__(name: str) -> Any:
    """The interface for users of TRL, imported when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 's3ft' has no attribute {name!r}")
    from s3ft import trl

    return getattr(trl, name)
