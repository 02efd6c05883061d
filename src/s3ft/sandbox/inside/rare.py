"""Values of library types. Their modules are imported only when somebody has made such a value."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import arrays

IPS = tuple(f"IPv{n}{part}" for n in (4, 6) for part in ("Address", "Network", "Interface"))


def encode(value: Any, inner: Callable[[Any], Any]) -> Any:
    """The tree of a value of these kinds, None for any other; `inner` encodes what it holds."""
    # Only a module that somebody imported can have made the value; importing it here would cost every program.
    if (decimal := sys.modules.get("decimal")) and isinstance(value, decimal.Decimal):
        return ["Decimal", decimal.Decimal.__str__(value)]
    if (fractions := sys.modules.get("fractions")) and isinstance(value, fractions.Fraction):
        base = fractions.Fraction
        return ["Fraction", *(hex(int(base.__dict__[part].fget(value))) for part in ("numerator", "denominator"))]
    if datetime := sys.modules.get("datetime"):
        for base in (datetime.datetime, datetime.date, datetime.time):
            if isinstance(value, base):
                zone = value.tzinfo if base is not datetime.date else None
                key = getattr(zone, "key", None)
                return [base.__name__, base.isoformat(value), key if isinstance(key, str) else None]
        if type(value) is datetime.timezone:
            offset, name = (
                value.__getinitargs__() if len(value.__getinitargs__()) > 1 else (value.utcoffset(None), None)
            )
            return ["timezone", inner(offset), name]
        if isinstance(value, datetime.timedelta):
            base = datetime.timedelta
            return ["timedelta", *(int(base.__dict__[p].__get__(value)) for p in ("days", "seconds", "microseconds"))]
    if (uuid := sys.modules.get("uuid")) and isinstance(value, uuid.UUID):
        return ["UUID", uuid.UUID.__str__(value)]
    if (pathlib := sys.modules.get("pathlib")) and isinstance(value, pathlib.PurePath):
        windows = isinstance(value, pathlib.PureWindowsPath)
        kind = "PureWindowsPath" if windows else "Path" if isinstance(value, pathlib.Path) else "PurePath"
        return ["Path", kind, pathlib.PurePath.__str__(value)]
    if (zoneinfo := sys.modules.get("zoneinfo")) and type(value) is zoneinfo.ZoneInfo and isinstance(value.key, str):
        return ["ZoneInfo", value.key]
    if (ipaddress := sys.modules.get("ipaddress")) and type(value) in [getattr(ipaddress, name) for name in IPS]:
        return ["ip", type(value).__name__, str(value)]
    if (array := sys.modules.get("array")) and isinstance(value, array.array):
        return ["array", str(value.typecode), inner(array.array.tolist(value))]
    if numpy := sys.modules.get("numpy"):
        if isinstance(value, numpy.generic):
            return inner(numpy.generic.item(value))
        if isinstance(value, numpy.ndarray):
            flat = numpy.ndarray.ravel(value)
            items = inner(numpy.ndarray.tolist(flat))
            return ["ndarray", value.dtype.str, [int(n) for n in value.shape], items]
    return None


def decimal(text: str) -> Any:
    import decimal

    return decimal.Decimal(text)


def fraction(numerator: str, denominator: str) -> Any:
    import fractions

    return fractions.Fraction(int(numerator, 16), int(denominator, 16))


def clock(kind: str) -> Callable[..., Any]:
    """Makes a date, a time, both, or a difference."""

    def parse(*items: Any) -> Any:
        import datetime

        if kind == "timedelta":
            return datetime.timedelta(*items)
        value = getattr(datetime, kind).fromisoformat(items[0])
        if isinstance(key := items[1], str) and kind == "datetime":
            import zoneinfo

            try:
                return value.replace(tzinfo=zoneinfo.ZoneInfo(key[:80]), fold=_fold(value, zoneinfo.ZoneInfo(key[:80])))
            except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
                return value
        return value

    return parse


def _fold(value: Any, zone: Any) -> int:
    """Which of two equal clock times, when clocks are set back, has the value's offset."""
    return int(value.replace(tzinfo=zone, fold=0).utcoffset() != value.utcoffset())


def uuid(text: str) -> Any:
    import uuid

    return uuid.UUID(text)


def path(kind: str, text: str) -> Any:
    import pathlib

    kinds = {"Path": pathlib.Path, "PurePath": pathlib.PurePath, "PureWindowsPath": pathlib.PureWindowsPath}
    return kinds[kind](text)


def ip(kind: str, text: str) -> Any:
    import ipaddress

    return getattr(ipaddress, kind if kind in IPS else "")(text[:200])


def timezone(offset: Any, name: Any) -> Any:
    import datetime

    return datetime.timezone(offset, *([name] if isinstance(name, str) else []))


def zone(key: str) -> Any:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(key[:80])
    except (OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError(f"no time zone {key[:80]}") from None


def array(typecode: str, items: Any) -> Any:
    import array

    return array.array(typecode, items)


def ndarray(dtype: str, shape: list[int], items: Any) -> Any:
    import numpy

    kind = numpy.dtype(dtype) if dtype[1:2] in "biufcSUmM" else None
    array = numpy.array(items, dtype=kind).reshape(shape)
    return array if array.size else arrays.empty(array)
