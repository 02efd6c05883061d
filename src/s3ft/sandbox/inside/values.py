"""Plain data across the boundary: tagged JSON, encoded by the untrusted side and decoded, bounded, by the trusted one.

None, bool, int, float and str are themselves; everything else is a list whose first item is a tag. Subclasses are
flattened with the methods of their base class, so that no method of the untrusted side has a say in a comparison."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

MAX_DEPTH = 100
MAX_BYTES = 2 << 20
"""The longest message, in bytes."""
_SMALL = 1 << 53
_SAME_HASH = 100


class Unsupported(Exception):
    """A value that cannot cross."""


class Opaque:
    """An object that stayed on the other side; equal to nothing but itself."""

    def __init__(self, number: int, kind: str) -> None:
        self.number, self.kind = number, kind

    def __repr__(self) -> str:
        return f"<{self.kind} object>"


def encode(value: Any, keep: Callable[[Any], int | None] = lambda _: 0, depth: int = 0) -> Any:
    """JSON for a value. `keep` numbers an object that stays behind; where it says None, Unsupported is raised."""
    kind = type(value)
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if kind is int:
        return value if -_SMALL < value < _SMALL else ["int", hex(value)]
    if depth > MAX_DEPTH:
        raise Unsupported(f"nested deeper than {MAX_DEPTH}")
    for tag, base, items in _CONTAINERS:
        if kind is base or isinstance(value, base):
            return [tag, *[encode(item, keep, depth + 1) for item in items(value)]]
    for base, flat in _FLAT:
        if isinstance(value, base):
            return encode(flat(value), keep, depth + 1) if base in (int, float, str) else flat(value)
    if isinstance(value, dict):
        return ["dict", *[[encode(k, keep, depth + 1), encode(v, keep, depth + 1)] for k, v in dict.items(value)]]
    if kind in _VIEWS:
        return [_VIEWS[kind], *[encode(item, keep, depth + 1) for item in value]]
    if (kind is type or callable(value)) and (name := _BUILTIN_NAMES.get(id(value))):
        return ["builtin", name]
    rare = _rare(value, kind, keep, depth)
    if rare is not None:
        return rare
    number = keep(value)
    if number is None:
        raise Unsupported(f"a {kind.__name__} object")
    return ["object", number, str(kind.__name__)[:80]]


_CONTAINERS: list[tuple[str, type, Callable[[Any], Iterator[Any]]]] = [
    ("list", list, list.__iter__),
    ("tuple", tuple, tuple.__iter__),
    ("set", set, set.__iter__),
    ("frozenset", frozenset, frozenset.__iter__),
    ("deque", deque, deque.__iter__),
]
_FLAT: list[tuple[type, Callable[[Any], Any]]] = [
    (int, int.__int__),
    (float, float.__float__),
    (str, str.__str__),
    (bytes, lambda v: ["bytes", bytes.hex(v)]),
    (bytearray, lambda v: ["bytearray", bytearray.hex(v)]),
    (complex, lambda v: ["complex", complex.__complex__(v).real, complex.__complex__(v).imag]),
    (range, lambda v: ["range", hex(v.start), hex(v.stop), hex(v.step)]),
]
_BUILTINS: dict[str, Any] = {
    f.__name__: f
    for f in (
        *(
            int,
            float,
            complex,
            bool,
            str,
            bytes,
            bytearray,
            list,
            tuple,
            set,
            frozenset,
            dict,
            range,
            object,
            type(None),
        ),
        *(abs, all, any, chr, divmod, hash, hex, len, max, min, ord, pow, repr, reversed, round, sorted, sum),
    )
}
_BUILTIN_NAMES = {id(f): name for name, f in _BUILTINS.items()}
_VIEWS = {type({}.keys()): "keys", type({}.values()): "dict_values", type({}.items()): "items"}


def _rare(value: Any, kind: type, keep: Callable[[Any], int | None], depth: int) -> Any:
    # Only a module that somebody imported can have made the value; importing it here would cost every program.
    if (decimal := sys.modules.get("decimal")) and isinstance(value, decimal.Decimal):
        return ["Decimal", decimal.Decimal.__str__(value)]
    if (fractions := sys.modules.get("fractions")) and isinstance(value, fractions.Fraction):
        return ["Fraction", hex(value.numerator), hex(value.denominator)]
    if datetime := sys.modules.get("datetime"):
        if kind is datetime.timedelta:
            return ["timedelta", value.days, value.seconds, value.microseconds]
        if kind in (datetime.datetime, datetime.date, datetime.time):
            return [kind.__name__, value.isoformat()]
    if kind.__module__ == "numpy" and (numpy := sys.modules.get("numpy")):
        if isinstance(value, numpy.generic):
            return encode(value.item(), keep, depth + 1)
        if isinstance(value, numpy.ndarray):
            return ["ndarray", value.dtype.str, encode(value.tolist(), keep, depth + 1)]
    return None


def decode(tree: Any, opened: Callable[[int, str], Any] = Opaque, depth: int = 0) -> Any:
    """The value that a tree stands for; `opened` makes what stands for an object left behind. Raises ValueError."""
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    if not isinstance(tree, list) or not tree or not isinstance(tree[0], str) or depth > 2 * MAX_DEPTH:
        raise ValueError("malformed value")
    tag, items = tree[0], tree[1:]
    try:
        if tag == "dict":
            pairs = [(decode(k, opened, depth + 1), decode(v, opened, depth + 1)) for k, v in items]
            return dict(zip(_spread([k for k, _ in pairs]), [v for _, v in pairs], strict=True))
        if tag in _HASHED and len(items) > _SAME_HASH:
            items = list({json.dumps(item): item for item in items}.values())
        if tag in _MAKE:
            return _MAKE[tag]([decode(item, opened, depth + 1) for item in items])
        if tag == "object":
            number, kind = items
            if type(number) is not int or not isinstance(kind, str):
                raise ValueError("malformed value")
            return opened(number, kind)
        if tag in _PARSE:
            return _PARSE[tag](*items)
    except (TypeError, ArithmeticError, AttributeError, RecursionError, LookupError) as error:
        raise ValueError(f"malformed value: {error}") from error
    raise ValueError(f"malformed value: tag {tag[:20]!r}")


def _spread(keys: list[Any]) -> list[Any]:
    # Many keys of one hash make building a set quadratic: a way to stall the trusted side with little data.
    if len(keys) > _SAME_HASH:
        hashes = sorted(hash(key) for key in keys)
        if any(a == b for a, b in zip(hashes, hashes[_SAME_HASH:], strict=False)):
            raise ValueError("keys chosen to collide")
    return keys


def _hex(text: Any) -> int:
    if not isinstance(text, str):
        raise ValueError("malformed value")
    return int(text, 16)


def _decimal(text: str) -> Any:
    import decimal

    return decimal.Decimal(text)


def _fraction(numerator: str, denominator: str) -> Any:
    import fractions

    return fractions.Fraction(_hex(numerator), _hex(denominator))


def _datetime(kind: str) -> Callable[..., Any]:
    def parse(*items: Any) -> Any:
        import datetime

        return datetime.timedelta(*items) if kind == "timedelta" else getattr(datetime, kind).fromisoformat(*items)

    return parse


def _ndarray(dtype: str, tree: Any) -> Any:
    import numpy

    return numpy.array(decode(tree), dtype=numpy.dtype(dtype) if dtype[1:2] in "biufcSU" else None)


_MAKE: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "deque": deque,
    "set": lambda items: set(_spread(items)),
    "frozenset": lambda items: frozenset(_spread(items)),
    "keys": lambda items: dict.fromkeys(_spread(items)).keys(),
    "dict_values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(zip(_spread([k for k, _ in items]), [v for _, v in items], strict=True)).items(),
}
_HASHED = ("set", "frozenset", "keys")
_PARSE: dict[str, Callable[..., Any]] = {
    "int": _hex,
    "builtin": _BUILTINS.__getitem__,
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": complex,
    "range": lambda *ends: range(*map(_hex, ends)),
    "Decimal": _decimal,
    "Fraction": _fraction,
    "ndarray": _ndarray,
    **{kind: _datetime(kind) for kind in ("datetime", "date", "time", "timedelta")},
}
HEAVY = ("Decimal", "Fraction", "ndarray", "object", "range")
"""Tags whose values can make work, or decide, beyond their own size: compared inside a sandbox only."""


def is_plain(tree: Any) -> bool:
    """Whether a tree holds no HEAVY tag."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list) and node:
            if isinstance(node[0], str) and node[0] in HEAVY:
                return False
            stack.extend(node)
    return True
