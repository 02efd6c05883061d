"""What the program said or gave, as words for a person."""

from __future__ import annotations

from typing import Any

from .handles import kind_of
from .remote import Remote

LONGEST = 300
"""Characters."""


def words(word: Any) -> Any:
    """Text of the program's, or names, as it is to be shown: bounded, and nothing that has to be unfolded."""
    if isinstance(word, list):
        return [words(part) for part in word[:20] if isinstance(part, str)]
    return word[:LONGEST] if isinstance(word, str) else "..."


def show(value: Any) -> str:
    """A value, cut; asks nothing of the program."""
    if isinstance(value, Remote):
        return f"a {kind_of(value)} object"
    if isinstance(value, list | tuple | dict | set) and any(isinstance(v, Remote) for v in value):
        return f"a {type(value).__name__} of {len(value)}"
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
