"""Reads a config: YAML and key=value overrides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from s3ft.config import errors
from s3ft.config.schema import RunConfig
from s3ft.types import UserError


def load(path: Path, overrides: tuple[str, ...] = ()) -> RunConfig:
    """Reads a YAML config and key=value overrides (train.epochs=1). Raises UserError in one line."""
    if not path.is_file():
        raise UserError(f"config {str(path)!r}: no such file; see examples/ for one to start from")
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"config {path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise UserError(f"config {path}: found {type(data).__name__}, expected a mapping such as 'model: lab'")
    for override in overrides:
        _override(data, override)
    return parse(data, str(path))


def parse(data: dict[str, Any], where: str = "config") -> RunConfig:
    """A config from plain data. Raises UserError naming the first wrong field."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{where}: {errors.first_line(error, RunConfig)}") from error


class _Loader(yaml.SafeLoader):
    """YAML 1.2 floats, so that 1e-4 is a number, dates as text, and no key twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (k for k, _ in node.value if isinstance(k, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"duplicate key {key.value!r}"
                raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+0123456789.")
)


def section(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Plain data of key=value texts."""
    data: dict[str, Any] = {}
    for override in overrides:
        _override(data, override)
    return data


def _override(data: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UserError(f"override {text!r}: expected key=value, such as train.epochs=1")
    *parents, last = key.split(".")
    section = data
    for parent in parents:
        inner = section.get(parent)
        inner = {"name": inner} if isinstance(inner, str) else inner if inner is not None else {}
        if not isinstance(inner, dict):
            raise UserError(f"override {text!r}: {parent!r} holds {inner!r}, expected a section")
        section[parent] = inner
        section = inner
    try:
        section[last] = yaml.load(value, _Loader)
    except yaml.YAMLError as error:
        raise UserError(f"override {text!r}: the value is not YAML; quote it: {key}='\"...\"'") from error
