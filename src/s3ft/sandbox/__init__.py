"""Runs model-written Python where it can read little, change nothing, reach nobody and not last."""

from s3ft.sandbox.jail import Jail, JailError, Limits, Outcome
from s3ft.sandbox.tiers import Tier, choose

__all__ = ["Jail", "JailError", "Limits", "Outcome", "Tier", "choose"]
