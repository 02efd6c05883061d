"""What is known here of a thing of the program's: which it is, how the tests came to it, what it said of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol


class Exam(Protocol):
    """What a thing of the program's needs of the run that it belongs to; `examiner.Exam` has it."""

    roles: dict[str, str]
    makers: set[str]
    class_numbers: set[int]
    mirrors: dict[int, type[BaseException]]
    asked: int
    known: int
    words: set[str]
    unlike: set[str]
    has_failed_inside: bool
    lent: Any

    def use(self, request: list[Any], origin: Origin, arguments: tuple[Any, ...] = ()) -> Any: ...

    def ask(self, request: list[Any]) -> list[Any]: ...

    def open(self, tree: Any, origin: Origin) -> Any: ...

    def out(self, value: Any) -> Any: ...

    def wrong(self, why: str) -> BaseException: ...

    def undecided(self, what: str, why: str = ...) -> BaseException: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """How the tests came to an object."""

    role: str
    """name: by its name; class: made by a class that the tests use as one; maybe: by what is written like a class;
    given: any other way."""
    method: str = ""
    """The attribute that a callable was taken from its object by."""
    is_mixed: bool = False
    """Came of arithmetic with plain data."""
    name: str = ""
    """Of the program's names."""
    arguments: tuple[Any, ...] = ()
    """What the tests made it of, as sent."""
    keywords: tuple[tuple[str, Any], ...] = ()
    is_direct: bool = False
    """Made by the tests' own call of a class."""
    asked: int = 0
    """Count of requests when the tests made it."""


def _get(name: str) -> Callable[[object], Any]:
    return lambda remote: object.__getattribute__(remote, name)


exam_of: Callable[[object], Exam] = _get("_exam")
origin_of: Callable[[object], Origin] = _get("_origin")
info_of: Callable[[object], dict[str, Any]] = _get("_info")
number: Callable[[object], int] = _get("_number")
kind_of: Callable[[object], str] = _get("_kind")
when_of: Callable[[object], int] = _get("_when")


def operate(name: str, remote: object, *arguments: Any, is_mixed: bool = False) -> Any:
    """Has an operation done in the program's process."""
    exam, origin = exam_of(remote), origin_of(remote)
    made = replace(
        origin, method=name if name == "type" else "", name="", role="given" if origin.role == "name" else origin.role
    )
    made = replace(made, is_mixed=is_mixed or origin.is_mixed, arguments=(), keywords=(), is_direct=False)
    result = exam.use(["operation", number(remote), name, [exam.out(a) for a in arguments]], made)
    if name == "getitem" and made.role == "given" and isinstance(result, bool):
        raise exam.undecided("[]")
    return result
