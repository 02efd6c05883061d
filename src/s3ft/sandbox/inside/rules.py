"""What a thing of the program's may answer, and when it would be deciding a test by its own word."""

from __future__ import annotations

from typing import Any

from .attributes import BUILTIN, PLAIN
from .handles import exam_of, info_of, kind_of, number, operate, origin_of, when_of


def check_answer(remote: object, result: Any, is_handed: bool) -> None:
    """Of plain data from a method: whether the method may have had the say."""
    origin, exam = origin_of(remote), exam_of(remote)
    is_plain = origin.method in PLAIN
    if origin.role == "given":
        # What it is handed may be what the tests expect: a distance to it, a difference, an echo.
        is_handed_to_its_own = is_handed and (
            is_plain or isinstance(result, bool) or not info_of(remote).get("library")
        )
        is_own_word = is_handed_to_its_own or (is_plain and isinstance(result, bool))
    else:
        is_own_word = is_plain and (origin.is_mixed or (origin.role == "maybe" and is_handed))
    if is_own_word and isinstance(result, bool) and origin.role == "given" and origin.method in BUILTIN:
        raise exam.wrong(f"an object with a .{origin.method}() of its own where the tests expect plain data")
    if is_own_word:
        raise exam.undecided(f".{origin.method}()")


def check_length(remote: object, length: Any) -> None:
    """What a result says of its length has to be what it gave, and the other way round."""
    if info_of(remote).setdefault("length", length) != length and origin_of(remote).role == "given":
        raise exam_of(remote).wrong(f"a {kind_of(remote)} object of two lengths")


def against_plain(remote: object, sign: str, other: object = None) -> BaseException:
    """What to raise if it is compared or calculated with plain data."""
    exam, info = exam_of(remote), info_of(remote)
    if type(other).__module__.split(".")[0] == "pandas":
        return exam.undecided(sign)
    if origin_of(remote).role in ("given", "class") and info.get("class") not in exam.class_numbers:
        return exam.wrong(f"a {kind_of(remote)} object where the tests expect plain data")
    return exam.undecided(sign)


def same(one: object, other: object) -> bool:
    """`==` of two objects."""
    exam = exam_of(one)
    if "class" in (info_of(one).get("nature"), info_of(other).get("nature")):
        if "name" in (origin_of(one).role, origin_of(other).role) or "type" in (
            origin_of(one).method,
            origin_of(other).method,
        ):
            return number(one) == number(other)
        raise exam.undecided("==")
    states = info_of(one).get("state"), info_of(other).get("state")
    if are_made(one, other) and None in states:
        return operate("eq", one, other) is True
    if states[0] is None or states[1] is None or info_of(one).get("class") != info_of(other).get("class"):
        raise exam.undecided("==")
    is_known = (_is_expected(one) and when_of(other) < origin_of(one).asked) or (
        _is_expected(other) and when_of(one) < origin_of(other).asked
    )
    if not is_known:
        raise exam.undecided("==")
    is_equal: bool = states[0] == states[1]
    if (operate("eq", one, other) is True) != is_equal:
        if are_made(one, other):
            return not is_equal
        raise exam.undecided("==")
    exam.known += 1
    return is_equal


def is_told_apart(one: object, other: object) -> bool:
    """Whether `is` says something: the tests made one of them, or called an enumeration's member by its name."""
    sides = (one, other)
    return any(
        (origin_of(side).is_direct and origin_of(side).role in ("class", "maybe"))
        or info_of(side).get("nature") == "class"
        or (info_of(side).get("state") or {}).get("enum") == origin_of(side).method != ""
        for side in sides
    )


def are_made(one: object, other: object) -> bool:
    """Whether both are what a test of their class makes, and neither what a function gave."""
    return all(origin_of(remote).is_direct and origin_of(remote).role in ("class", "maybe") for remote in (one, other))


def _is_expected(remote: object) -> bool:
    """Whether an object holds just what the tests made it of, in order or by name."""
    origin, info = origin_of(remote), info_of(remote)
    state = info["state"]
    if (name := state.get("enum")) is not None:
        return bool(
            name == origin.method or (len(origin.arguments) == 1 and origin.arguments[0] in (name, state["value"]))
        )
    sent = list(origin.arguments)
    if origin.role not in ("class", "maybe") or not (sent or origin.keywords):
        return False
    held = list(state.values())
    return held[: len(sent)] == sent and all(
        value in (state.get(name), state.get(f"_{name}")) for name, value in origin.keywords
    )
