"""Which tiers this machine gives."""

from __future__ import annotations

import functools

from s3ft import sandbox
from s3ft.types import UserError


@functools.cache
def why_not(tier: str) -> str:
    """Why a tier cannot be had here; empty where it can."""
    try:
        sandbox.choose(tier)
    except UserError as error:
        return str(error)
    return ""
