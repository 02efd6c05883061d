"""Reads a config: YAML and key=value overrides."""

from __future__ import annotations

import codecs
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
    if path.is_dir():
        raise UserError(
            f"config {str(path)!r}: found a folder, expected a YAML file; see examples/ for one to start from"
        )
    if not path.exists():
        raise UserError(f"config {str(path)!r}: no such file; see examples/ for one to start from")
    try:
        data = yaml.load(_text(path), _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"config {path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise UserError(f"config {path}: found {type(data).__name__}, expected a mapping such as 'model: lab'")
    for override in overrides:
        _override(data, override)
    return parse(data, str(path))


def _text(path: Path) -> str:
    """The file's text. Raises UserError for one that cannot be read, or is not in UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"config {path}: cannot be read ({error.strerror}); give a YAML file that can") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        raise UserError(f"config {path}: not UTF-8, it looks like UTF-16 or no text; save the file as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"config {path}: not UTF-8 (byte 0x{content[error.start]:02x} at {error.start}); save the file as UTF-8"
        ) from error


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
