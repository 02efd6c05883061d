"""Plain data across the boundary: tagged JSON, encoded by the untrusted side and decoded, bounded, by the trusted one.

None, bool, int, float and str are themselves; everything else is a list whose first item is a tag. Subclasses are
flattened with the methods of their base class, so that no method of the untrusted side has a say in a comparison."""

from __future__ import annotations

import builtins
import functools
import json
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from types import MappingProxyType, SimpleNamespace
from typing import Any

from . import rare

MAX_DEPTH = 100
MAX_BYTES = 2 << 20
"""The longest message, in bytes."""
_SMALL = 1 << 53
_SAME_HASH = 100


class Unsupported(Exception):
    """A value that cannot cross."""


Keep = Callable[[Any], Any]
"""Makes the tree of an object that stays behind; None where it must not."""


Label = Callable[[Any, Any], Any]
"""Gets a value and its tree, and gives the tree to send."""
MODULES = {"builtins", "collections", "numpy", "datetime", "decimal", "fractions", "uuid", "pathlib", "zoneinfo"}
MODULES |= {"ipaddress", "types", "array"}
"""Where the classes are from that come back as they are."""


class Opaque:
    """An object that stayed on the other side; equal to nothing but itself."""

    def __init__(self, tag: str, number: int, kind: str, *rest: Any) -> None:
        self.number, self.kind = number, kind

    def __repr__(self) -> str:
        return f"<{self.kind} object>"


def _opaque(value: Any) -> Any:
    return ["object", 0, type(value).__name__[:80]]


def encode(value: Any, keep: Keep = _opaque, depth: int = 0, label: Label | None = None) -> Any:
    """JSON for a value. Raises Unsupported where `keep` says None, and for what is too deep. `label` gets plain data of
    classes that are not Python's."""
    kind = type(value)
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if kind is int:
        return value if -_SMALL < value < _SMALL else ["int", hex(value)]
    if depth > MAX_DEPTH:
        raise Unsupported(f"a value nested deeper than {MAX_DEPTH}")
    tree = _flat(value, kind, keep, lambda item: encode(item, keep, depth + 1, label))
    if tree is None:
        tree = keep(value)
        if tree is None:
            raise Unsupported(f"a {kind.__name__} object")
    elif label is not None and kind.__module__ not in MODULES:
        tree = label(value, tree)
    return tree


def _flat(value: Any, kind: type, keep: Keep, inner: Callable[[Any], Any]) -> Any:
    """The tree of plain data; None for other values. `inner` encodes what it holds."""
    if kind is not tuple and isinstance(value, tuple) and (fields := named_fields(kind)):
        return ["named", kind.__name__[:80], fields, *map(inner, tuple.__iter__(value))]
    for tag, base, each in _CONTAINERS:
        if kind is base or isinstance(value, base):
            return [tag, *([_DEQUE_MAXLEN(value)] if base is deque else []), *map(inner, each(value))]
    for base, flat in _FLAT:
        if isinstance(value, base):
            return inner(flat(value)) if base in (int, float, str) else flat(value)
    if isinstance(value, dict):
        tag = next((name for name, base in _DICTS.items() if isinstance(value, base)), "dict")
        options = [_factory(value, keep)] if tag == "defaultdict" else []
        # `dict` knows nothing of the order of an OrderedDict.
        keys = OrderedDict.__iter__(value) if tag == "OrderedDict" else dict.__iter__(value)
        return [tag, *options, *([inner(k), inner(dict.__getitem__(value, k))] for k in keys)]
    if kind is slice:
        return ["slice", inner(value.start), inner(value.stop), inner(value.step)]
    if kind in _HOLDERS:
        tag, inside = _HOLDERS[kind]
        return [tag, *map(inner, inside(value))]
    if kind in _VIEWS:
        return [_VIEWS[kind], *map(inner, value)]
    if (kind is type or callable(value) or kind in _SINGLE) and (name := _BUILTIN_NAMES.get(id(value))):
        return ["builtin", name]
    return rare.encode(value, inner)


def _factory(value: Any, keep: Keep) -> Any:
    made = vars(defaultdict)["default_factory"].__get__(value)
    # Of a function nothing is left in plain data; comparisons can do without it.
    return None if keep is _opaque and id(made) not in _BUILTIN_NAMES else encode(made, keep)


def named_fields(kind: type) -> list[str] | None:
    """The fields of a namedtuple's class; None for every other class."""
    fields = kind.__dict__.get("_fields") or next(
        (b.__dict__["_fields"] for b in kind.__mro__ if "_fields" in b.__dict__), None
    )
    if type(fields) is tuple and fields and all(type(f) is str for f in fields):
        return list(fields)
    return None


_DICTS: dict[str, Any] = {"Counter": Counter, "OrderedDict": OrderedDict, "defaultdict": defaultdict}
_CONTAINERS: list[tuple[str, type, Callable[[Any], Iterator[Any]]]] = [
    ("list", list, list.__iter__),
    ("tuple", tuple, tuple.__iter__),
    ("set", set, set.__iter__),
    ("frozenset", frozenset, frozenset.__iter__),
    ("deque", deque, deque.__iter__),
]
_DEQUE_MAXLEN: Callable[[Any], Any] = vars(deque)["maxlen"].__get__
_FLAT: list[tuple[type, Callable[[Any], Any]]] = [
    (int, int.__int__),
    (float, float.__float__),
    (str, str.__str__),
    (bytes, lambda v: ["bytes", bytes.hex(v)]),
    (bytearray, lambda v: ["bytearray", bytearray.hex(v)]),
    (complex, lambda v: ["complex", complex.__complex__(v).real, complex.__complex__(v).imag]),
    (range, lambda v: ["range", hex(v.start), hex(v.stop), hex(v.step)]),
]
_HOLDERS: dict[type, tuple[str, Callable[[Any], list[Any]]]] = {
    ChainMap: ("ChainMap", lambda v: v.maps),
    MappingProxyType: ("mappingproxy", lambda v: [dict(v)]),
    SimpleNamespace: ("namespace", lambda v: [vars(v)]),
    memoryview: ("memoryview", lambda v: [v.tobytes()]),
}
_TYPES = (
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
)
_FUNCTIONS = (abs, all, any, chr, divmod, hash, hex, len, max, min, ord, pow, repr, reversed, round, sorted, sum)
_BUILTINS: dict[str, Any] = {
    **{kind.__name__: kind for kind in (*_TYPES, type(None))},
    **{function.__name__: function for function in _FUNCTIONS},
    **{n: kind for n, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)},
}
_SINGLE = (type(...), type(NotImplemented))
_BUILTINS |= {"Ellipsis": ..., "NotImplemented": NotImplemented}
_BUILTIN_NAMES = {id(f): name for name, f in _BUILTINS.items()}
_VIEWS = {type({}.keys()): "keys", type({}.values()): "dict_values", type({}.items()): "items"}


def decode(tree: Any, opened: Callable[..., Any] = Opaque, depth: int = 0) -> Any:
    """The value that a tree stands for. Raises ValueError. `opened` is handed the items of what stands for an object
    left behind; without it, values are as plain as can be: a namedtuple is a tuple."""
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    if not isinstance(tree, list) or not tree or not isinstance(tree[0], str) or depth > 2 * MAX_DEPTH:
        raise ValueError("malformed value")
    tag, items = tree[0], tree[1:]
    try:
        if tag == "dict" or tag in _DICTS:
            options, items = (items[:1], items[1:]) if tag == "defaultdict" else ([], items)
            pairs = [(decode(k, opened, depth + 1), decode(v, opened, depth + 1)) for k, v in items]
            found = dict(zip(_spread([k for k, _ in pairs]), [v for _, v in pairs], strict=True))
            return found if tag == "dict" else _DICTS[tag](*[decode(o, opened, depth + 1) for o in options], found)
        if tag == "named":
            row = [decode(item, opened, depth + 1) for item in items[2:]]
            return tuple(row) if opened is Opaque else named_class(items[0], items[1])._make(row)
        if tag in _HASHED and len(items) > _SAME_HASH:
            items = list({json.dumps(item): item for item in items}.values())
        if tag in _MAKE:
            return _MAKE[tag]([decode(item, opened, depth + 1) for item in items])
        if tag in ("object", "error", "fields", "own"):
            if len(items) < 2 or type(items[0]) is not int or not isinstance(items[1], str):
                raise ValueError("malformed value")
            return opened(tag, *items)
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


@functools.lru_cache(maxsize=64)
def _named_class(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name if name.isidentifier() else "Row", fields, rename=True)


def named_class(name: Any, fields: Any) -> Any:
    """A namedtuple's class. Raises ValueError."""
    if not isinstance(name, str) or not isinstance(fields, list) or not all(isinstance(f, str) for f in fields):
        raise ValueError("malformed value")
    return _named_class(name[:80], tuple(fields))


_MAKE: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "deque": lambda items: deque(items[1:], items[0]),
    "ChainMap": lambda items: ChainMap(*items),
    "mappingproxy": lambda items: MappingProxyType(items[0]),
    "namespace": lambda items: SimpleNamespace(**items[0]),
    "memoryview": lambda items: memoryview(items[0]),
    "slice": lambda items: slice(*items),
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
    "Decimal": rare.decimal,
    "Fraction": rare.fraction,
    "ndarray": lambda dtype, shape, tree: rare.ndarray(dtype, shape, decode(tree)),
    "UUID": rare.uuid,
    "Path": rare.path,
    "ip": rare.ip,
    "timezone": lambda offset, name: rare.timezone(decode(offset), name),
    "ZoneInfo": rare.zone,
    "array": lambda typecode, tree: rare.array(typecode, decode(tree)),
    **{kind: rare.clock(kind) for kind in ("datetime", "date", "time", "timedelta")},
}
HEAVY = ("Decimal", "Fraction", "ndarray", "object", "error", "fields", "own", "range")
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


def is_large(tree: Any, bound: int) -> str:
    """What in a tree stands for far more than it takes up, in words; empty if there is nothing."""
    if isinstance(tree, int | float | str):
        return f"a number beyond {bound}" if not isinstance(tree, str) and abs(tree) > bound else ""
    stack, num = [tree], 0
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            num += len(node)
            tag = node[0] if node and isinstance(node[0], str) else ""
            if tag in ("Decimal", "int") or (tag == "range" and any(len(str(end)) > 7 for end in node)):
                return f"a large {tag}"
            stack.extend(node)
        elif isinstance(node, int | float) and abs(node) > bound:
            return f"a number beyond {bound}"
        elif isinstance(node, str) and len(node) > bound // 10:
            return f"{len(node)} characters"
    return f"{num} items" if num > bound // 20 else ""
