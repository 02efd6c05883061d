"""The config of a run: YAML plus key=value, checked before anything else happens."""

from s3ft.config.load import load, parse, section
from s3ft.config.schema import (
    BackendConfig,
    ChatConfig,
    EvaluateConfig,
    RunConfig,
    Section,
    SweepConfig,
    TrainConfig,
    backend_section,
)
from s3ft.config.suites import SUITES

__all__ = [
    "SUITES",
    "BackendConfig",
    "ChatConfig",
    "EvaluateConfig",
    "RunConfig",
    "Section",
    "SweepConfig",
    "TrainConfig",
    "backend_section",
    "load",
    "parse",
    "section",
]
