"""Judges say whether a completion is right. A judge that fails says None: never wrong, never right."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, cast

from s3ft import plugins
from s3ft.types import Completion, Example, Judge, UserError, Verdict


def load(spec: str | dict[str, Any]) -> Judge:
    """The batch judge for "name" or {"name": ..., option: value}. Raises UserError for an unknown name or option."""
    options = {"name": spec} if isinstance(spec, str) else dict(spec)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise UserError(f"judge: found {spec!r}, expected a name or a mapping with a name")
    found = plugins.load("judge", name)
    if not inspect.isclass(found):
        if options:
            raise UserError(f"judge {name!r} takes no options, found {', '.join(options)}; leave them out")
        return _Each(found)
    try:
        inspect.signature(found).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(found).parameters) or "none"
        raise UserError(f"judge {name!r}: {error}; its options are {known}") from error
    return cast(Judge, found(**options))


class _Each:
    """A plain function judge(example, completion) -> Verdict, asked row by row; what it raises becomes None."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(e, c) for e, c in zip(examples, completions, strict=True)]

    def _one(self, example: Example, completion: Completion) -> Verdict:
        try:
            verdict = self._function(example, completion)
        except Exception as error:
            return Verdict(None, reason=f"judge failed: {type(error).__name__}: {error}")
        if not isinstance(verdict, Verdict):
            return Verdict(None, reason=f"judge returned {type(verdict).__name__}, expected a Verdict")
        return verdict
