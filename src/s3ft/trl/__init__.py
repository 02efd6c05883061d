"""The ladder for users of TRL: a data set of targets for any trainer, and an SFTTrainer that makes its own."""

from s3ft.trl.settings import S3FTConfig
from s3ft.trl.targets import build_dataset
from s3ft.trl.trainer import S3FTTrainer

__all__ = ["S3FTConfig", "S3FTTrainer", "build_dataset"]
