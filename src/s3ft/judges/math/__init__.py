"""Math: the final answer equals the reference as people mean it."""

from s3ft.judges.math.judge import judge

__all__ = ["judge"]
