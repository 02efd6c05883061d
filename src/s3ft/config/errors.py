"""One line for the first thing that is wrong with a config: the field, what was found, what was expected."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from s3ft import plugins


def first_line(error: ValidationError, schema: type[BaseModel], prefix: Sequence[str] = ()) -> str:
    """The line for the most telling error; `prefix` are the sections above `schema`."""
    first = max(error.errors(include_url=False), key=lambda e: (_is_unknown(e), len(e["loc"])))
    parts = [str(p) for p in first["loc"] if not str(p).startswith(("dict[", "function-", "tuple["))]
    parts = [p for p in parts if p not in ("str", "float", "Rung")]
    field = ".".join([*prefix, *parts])
    if _is_unknown(first):
        known = [".".join([*prefix, *parts[:-1], n]) for n in _fields(schema, parts[:-1])]
        return plugins.unknown("field", field, known)
    if first["type"] in ("missing", "missing_argument"):
        return f"field {field!r} is missing; add it"
    if first["type"] == "value_error":
        said = str(first["ctx"]["error"])
        if not parts:
            return said
        is_field = said.partition(":")[0] in _fields(schema, parts)
        return f"{field}.{said}" if is_field else f"{field}: {said}"
    said = first["msg"].lower().partition(" or instance of")[0]
    for python, yaml in (("valid tuple", "list"), ("valid dictionary", "mapping")):
        said = said.replace(python, yaml)
    return f"field {field!r}: found {first['input']!r}; {said}"


def _is_unknown(error: Any) -> bool:
    return error["type"] in ("extra_forbidden", "unexpected_keyword_argument")


def _fields(schema: Any, parts: Sequence[str]) -> list[str]:
    """The field names of the section that `parts` lead to."""
    for part in parts:
        annotation = schema.model_fields[part].annotation if _is_model(schema) and part in schema.model_fields else None
        found = [k for k in _kinds(annotation) if _is_model(k) or dataclasses.is_dataclass(k)]
        if not found:
            break
        schema = found[0]
    return list(schema.model_fields) if _is_model(schema) else [f.name for f in dataclasses.fields(schema)]


def _kinds(annotation: Any) -> list[Any]:
    """The classes in an annotation, the innermost last."""
    return [annotation, *(k for inner in get_args(annotation) for k in _kinds(inner))]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
