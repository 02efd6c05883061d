"""Plain data of a class of the program's: in the tests' process it is plain data, with the plain class's methods in
every comparison and calculation; what that class lacks is asked of the program."""

from __future__ import annotations

import functools
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from .attributes import BUILTIN
from .handles import exam_of, info_of, kind_of, operate
from .names import replace

_MUTABLE = (list, dict, set, bytearray, deque)
_SIMPLE = (int, float, complex, str, bytes, frozenset, list, dict, set, bytearray)
SIGNS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "matmul", "lshift", "rshift"),
    "divmod",
)
_OTHERS = (
    *("neg", "pos", "abs", "invert", "int", "float", "complex", "index", "round", "trunc", "ceil", "floor", "len"),
    *("getitem", "setitem", "delitem", "contains", "iter", "reversed", "next", "bool", "call", "str", "repr", "format"),
)
_WAYS = {f"__{before}{sign}__" for before in ("", "r", "i") for sign in SIGNS}
_WAYS |= {f"__{name}__" for name in _OTHERS} | {name for name in BUILTIN if not name.startswith("_")}
"""What a class of the program's may do in its own way so that it matters. Comparisons are the plain class's."""
_MODULE, _REMOTE, _WAS = "s3ft", "s3ft remote", "s3ft was"


def carry(value: Any, remote: Any) -> Any:
    """`value`, of a plain class, with the thing of the program's that it is the data of."""
    own = info_of(remote).get("own")
    names = tuple(name for name in own if name in _WAYS) if isinstance(own, list) else ()
    base: Any = type(value)
    if isinstance(value, tuple):
        made = tuple.__new__(_carrier(base, names), value)
    elif isinstance(value, defaultdict):
        made = _carrier(base, names)(value.default_factory, value)
    elif isinstance(value, deque):
        made = _carrier(base, names)(value, value.maxlen)
    elif isinstance(value, _SIMPLE) and base is not bool:
        made = _carrier(base, names)(value)
    else:
        make, given, *_ = value.__reduce_ex__(2)
        if make is not base:
            return value
        made = _carrier(base, names)(*given)
    vars(made)[_REMOTE] = remote
    settle(made)
    return made


def settle(value: Any) -> None:
    """To be called when the program and the tests' process hold the same."""
    if isinstance(value, _MUTABLE) and type(value).__module__ == _MODULE:
        plain: Any = type(value).__mro__[1]
        vars(value)[_WAS] = plain.copy(value)


def remote_of(value: Any) -> Any:
    """The thing of the program's that a value is the data of; None for other values, and where tests changed it."""
    held = vars(value) if type(value).__module__ == _MODULE else {}
    return None if _WAS in held and held[_WAS] != value else held.get(_REMOTE)


@functools.lru_cache(maxsize=256)
def _carrier(base: Any, names: tuple[str, ...]) -> Any:
    ways = {name: _way(getattr(base, name, None), name) for name in names}
    return type(base)(base.__name__, (base,), {**ways, "__getattr__": _asked, "__module__": _MODULE})


def _asked(self: Any, name: str) -> Any:
    if (remote := vars(self).get(_REMOTE)) is None or name[:2] == name[-2:] == "__":
        raise AttributeError(name)
    found = getattr(remote, name)
    if not isinstance(self, _MUTABLE) or not callable(found):
        return found
    if remote_of(self) is None:
        exam_of(remote).unlike.add(f".{name} of a {kind_of(remote)} object after a change by the tests")

    def call(*arguments: Any, **keywords: Any) -> Any:
        result = found(*arguments, **keywords)
        replace(self, operate("flat", remote))
        settle(self)
        return result

    return call


def _way(plain: Any, name: str) -> Any:
    """The plain class's way of what the program's class does in its own: noted, as tests that then fail may be about
    the other."""

    def note(self: Any) -> None:
        if (remote := vars(self).get(_REMOTE)) is not None:
            exam_of(remote).unlike.add(f".{name} of a {kind_of(remote)} object")

    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        note(self)
        if plain is None:
            raise TypeError(f"no plain data has {name}")
        return plain(self, *arguments, **keywords)

    def attribute(self: Any) -> Any:
        note(self)
        read: Callable[..., Any] | None = getattr(plain, "__get__", None)
        return plain if read is None else read(self)

    return method if plain is None or callable(plain) else property(attribute)
