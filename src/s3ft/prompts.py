"""Prompt templates, filled in one pass: braces in code or JSON, and in what is filled in, stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIELD = re.compile(r"\{(\w+(?:\.\w+)*)\}")


def fill(template: str, fields: Mapping[str, object]) -> str:
    """Replaces {name} where `fields` has the name; everything else is text."""
    return _FIELD.sub(lambda m: str(fields[m[1]]) if m[1] in fields else m[0], template)


def names(template: str) -> list[str]:
    """The field names that a template mentions, in order."""
    return _FIELD.findall(template)
