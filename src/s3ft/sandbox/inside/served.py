"""The program's side of tests that run elsewhere: calls, attributes and operations on objects that stay here."""

from __future__ import annotations

import builtins
import collections
import copy
import enum
import functools
import importlib
import io
import math
import operator
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from . import lent, prelude, shared, typed, values, warned, wire
from .names import replace

_MAX_PRINTED = 1 << 18


class Server:
    """Answers the examiner until it has gone."""

    def __init__(self, space: dict[str, Any], channel: int, send: Callable[[Any], None]) -> None:
        self._space, self._channel, self._send = space, channel, send
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._lent = lent.Borrowed(self._out, self._number)
        self._printed = _Printed()
        sys.stdout = self._printed
        warned.forward(lambda kind, text: self._send(["warned", self._bases(kind), text]))
        sys.stdin = typed.Typed(self._typed)
        prelude.BUILTINS["input"] = builtins.input = lambda prompt="", /: self._typed("input", str(prompt))

    def serve(self) -> None:
        while True:
            try:
                request = wire.receive(self._channel, values.MAX_BYTES)
            except wire.Broken:
                return
            news = None
            try:
                reply = self._answer(request)
            except values.Unsupported as error:
                reply = ["unsupported", str(error)]
            except BaseException as error:
                reply = ["raised", *self._raised(error)]
            try:
                news = self._lent.news()
            except values.Unsupported as error:
                reply = ["unsupported", str(error)]
            if text := self._printed.taken():
                self._send(["printed", text])
            if news:
                self._send(news)
            self._send(reply)

    def _answer(self, request: list[Any]) -> list[Any]:
        kind = request[0]
        if kind == "get":
            name = request[1]
            return ["value", self._held(self._space[name])] if name in self._space else ["undefined", name]
        if kind == "seed":
            shared.sow(request[1], self._in(request[2]))
            return ["value", None]
        if kind == "put":
            replace(self._space[request[1]], self._in(request[2]))
            return ["value", None]
        target = self._objects[request[1]]
        if kind == "refill":
            self._lent.refill(request[1], target, self._in(request[2]))
            return ["value", None]
        if kind == "call":
            return self._call(target, *request[2:])
        arguments = [self._in(a) for a in request[3]]
        if kind == "attribute":
            return ["value", self._held(_ATTRIBUTES[request[2]](target, *arguments))]
        try:
            result = _OPERATIONS[request[2]](target, *arguments)
        except (StopIteration, StopAsyncIteration):
            return ["stop"]
        return ["value", self._held(result) if request[2] == "type" else self._out(result)]

    def _call(self, target: Any, sent: list[Any], named: dict[str, Any], is_instance: bool) -> list[Any]:
        arguments = [self._in(a) for a in (*sent, *named.values())]
        before = self._lent.trees(arguments)
        result = None
        try:
            result = target(*arguments[: len(sent)], **dict(zip(named, arguments[len(sent) :], strict=True)))
        finally:
            # A function may change a list that it is given, or keep it, and the test may look at the list.
            self._lent.give_back(arguments, before, result)
        for index, argument in enumerate(arguments):
            if result is argument and lent.is_mutable(argument):
                return ["value", ["argument", index]]
        # Of a class that the tests use, they want the methods too.
        is_own = is_instance and isinstance(target, type) and type(result).__module__ not in ("builtins", "collections")
        return ["value", self._keep(result) if is_own else self._out(result)]

    def _held(self, value: Any) -> Any:
        """A name or an attribute: what can be called is called here."""
        return self._keep(value) if callable(value) else self._out(value)

    def _out(self, value: Any) -> Any:
        return (
            self._keep(value) if isinstance(value, enum.Enum) else values.encode(value, self._keep, label=self._label)
        )

    def _label(self, value: Any, tree: Any) -> Any:
        if is_bare(type(value)) or len(self._objects) > _MOST_LABELS:
            return tree
        _, number, name, info = self._keep(value)
        return ["own", number, name, info | {"own": _own_ways(type(value))}, tree]

    def _in(self, tree: Any) -> Any:
        return values.decode(tree, self._open)

    def _keep(self, value: Any) -> Any:
        if isinstance(value, type) and issubclass(value, BaseException):
            tree = self._bases(value)
            if isinstance(tree, str):
                return ["builtin", tree]
            return tree if tree[0] == "error" else ["error", self._number(value), value.__name__[:80], [tree]]
        kind = type(value)
        if isinstance(value, type):
            if value.__bases__ == (tuple,) and (fields := values.named_fields(value)) and is_bare(value):
                return ["fields", self._number(value), value.__name__[:80], fields]
            return [
                "object",
                self._number(value),
                "type",
                {"nature": "class", "calls": True, "name": value.__name__[:80]},
            ]
        info: dict[str, Any] = {"class": self._number(kind), "calls": callable(value), "library": _is_library(value)}
        if isinstance(value, enum.Enum):
            info["state"] = {"enum": value.name, "value": _plain(value.value)}
            info["flat"] = isinstance(value, int | str)
        elif isinstance(value, _WRAPPERS):
            info |= {"flat": True, "state": _state(value)}
        elif not callable(value) and (state := _state(value)) is not None:
            info["state"] = state
        return ["object", self._number(value), str(kind.__name__)[:80], info]

    def _number(self, value: Any) -> int:
        # The list keeps everything alive: no number is ever another object's.
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def _bases(self, kind: type) -> Any:
        if getattr(builtins, kind.__name__, None) is kind:
            return kind.__name__
        if kind.__module__ != "program" and kind.__module__.split(".")[0] in sys.stdlib_module_names:
            return [kind.__module__, kind.__qualname__]
        above = [self._bases(base) for base in kind.__bases__ if issubclass(base, BaseException)]
        return ["error", self._number(kind), kind.__name__[:80], above]

    def _raised(self, error: BaseException) -> list[Any]:
        text = _text(error)
        try:
            held = [values.encode(error.args, self._keep), self._keep(error)]
        except BaseException:
            held = None
        return [self._bases(type(error)), text, held]

    def _open(self, tag: str, number: int, kind: str, *rest: Any) -> Any:
        if tag == "fields":
            return values.named_class(kind, rest[0])
        if number >= 0:
            return self._objects[number]

        def back(*arguments: Any, **keywords: Any) -> Any:
            # A function of the tests, handed to the program: it runs where the tests run.
            sent = [self._out(a) for a in arguments], {k: self._out(v) for k, v in keywords.items()}
            if text := self._printed.taken():
                self._send(["printed", text])
            self._send(["callback", -number - 1, *sent])
            reply = wire.receive(self._channel, values.MAX_BYTES)
            if reply[0] == "raised":
                raise self._error(*reply[1:])
            for index, after in reply[2]:
                replace(arguments[index], self._in(after))
            return self._in(reply[1])

        back.__name__ = back.__qualname__ = kind
        return back

    def _typed(self, method: str, prompt: str = "") -> str:
        """What is typed where the tests run, which may have patched it."""
        if text := self._printed.taken():
            self._send(["printed", text])
        self._send(["input", method, prompt])
        reply = wire.receive(self._channel, values.MAX_BYTES)
        if reply[0] == "raised":
            raise builtin_error(*reply[1:])
        return str(reply[1])

    def _error(self, kinds: list[str], text: str, number: int | None) -> BaseException:
        if number is not None and isinstance(error := self._objects[number], BaseException):
            return error
        return builtin_error(kinds, text)


_LIBRARY = (types.GeneratorType, re.Match, re.Pattern)
"""Classes that the program did not write, of which it gives objects that stay behind."""


_MOST_LABELS, _MOST_WAYS = 10_000, 200
_USERS = (collections.UserDict, collections.UserList, collections.UserString)
_WRAPPERS = (
    *(int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, collections.deque),
    *_USERS,
)
"""Plain data in an object, or of a class of its own: compared as what it holds."""


def _is_library(value: Any) -> bool:
    """Whether it is a method of theirs, bound to an object."""
    return type(value) is types.BuiltinMethodType and type(value.__self__) in _LIBRARY


def builtin_error(kinds: list[str], text: str) -> BaseException:
    """The nearest exception that Python has itself."""
    for name in kinds:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            try:
                return kind(text)
            except TypeError:
                continue
    return RuntimeError(text)


class _Printed(io.StringIO):
    """Standard output, handed over with each reply, as the tests may redirect it."""

    def write(self, text: str) -> int:
        return super().write(text) if self.tell() < _MAX_PRINTED else len(text)

    def taken(self) -> str:
        text = self.getvalue() if self.tell() else ""
        if text:
            self.seek(0)
            self.truncate()
        return text[:_MAX_PRINTED]


def _text(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except BaseException:
        return ""


def is_bare(kind: type) -> bool:
    """Whether a class is a namedtuple's, with nothing but its fields."""
    own = {name for name in vars(kind) if not name.startswith("_")}
    return own == set(vars(kind).get("_fields", "_")) and kind.__new__.__module__.startswith("namedtuple_")


def _own_ways(kind: type) -> list[str]:
    """What a class of plain data does in its own way, comparisons apart: those are the plain class's."""
    above = [base for base in kind.__mro__ if base.__module__ not in values.MODULES]
    plain = kind.__mro__[len(above)]
    own = {
        name for base in above for name, item in vars(base).items() if getattr(item, "__module__", 0) != "collections"
    }
    own |= {"__getitem__"} if "__missing__" in own else set()
    return sorted(name for name in own if name.startswith("__") or hasattr(plain, name))[:_MOST_WAYS]


def _plain(value: Any) -> Any:
    try:
        return values.encode(value, lambda _: None)
    except values.Unsupported:
        return None


def _state(value: Any) -> dict[str, Any] | None:
    """The attributes of an object of the program's class, if all are plain data."""
    kind = type(value)
    held = getattr(value, "__dict__", None)
    if isinstance(value, tuple) and (fields := values.named_fields(kind)):
        held = dict(zip(fields, tuple.__iter__(value), strict=False))
    if kind.__module__ != "program" or type(held) is not dict or len(held) > 50:
        return None
    try:
        return {name: values.encode(item, lambda _: None) for name, item in held.items()}
    except values.Unsupported:
        return None


def _swallows(target: Any, kind: str | None, text: str, leave: str = "__exit__") -> Any:
    if kind is None:
        return getattr(target, leave)(None, None, None)
    error = builtin_error([kind, "Exception"], text)
    return getattr(target, leave)(type(error), error, None)


@functools.cache
def _loop() -> Any:
    """One for the whole run, as an asynchronous generator ends with its loop."""
    return importlib.import_module("asyncio").Runner()


def _awaited(target: Any) -> Any:
    async def wait() -> Any:
        return await target

    return _loop().run(wait())


_ATTRIBUTES: dict[str, Callable[..., Any]] = {"get": getattr, "set": setattr, "delete": delattr}
_SYMBOLS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift")
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("neg", "pos", "abs", "invert", "xor", "getitem", "setitem")},
    **{name: getattr(operator, name) for name in ("delitem", "contains", "eq", "lt", "le", "gt", "ge", *_SYMBOLS)},
    **{
        f"i{name}": getattr(operator, f"i{name}")
        for name in (*_SYMBOLS, "and", "or", "xor")
        if name not in ("and", "or")
    },
    **{"and": operator.and_, "or": operator.or_, "iand": operator.iand, "ior": operator.ior},
    **{f.__name__: f for f in (len, iter, next, bool, str, repr, int, float, complex, round, hash, isinstance)},
    **{f.__name__: f for f in (issubclass, type, reversed, format, divmod, math.trunc, math.ceil, math.floor)},
    **{"enter": lambda target: target.__enter__(), "exit": _swallows, "await": _awaited},
    **{"copy": copy.copy, "deepcopy": copy.deepcopy},
    **{"aiter": lambda target: target.__aiter__(), "anext": lambda target: _awaited(target.__anext__())},
    "aenter": lambda target: _awaited(target.__aenter__()),
    "aexit": lambda target, kind, text: _awaited(_swallows(target, kind, text, "__aexit__")),
    "flat": lambda target: (
        target.value if isinstance(target, enum.Enum) else target.data if isinstance(target, _USERS) else target
    ),
}
# The program's object stands on the right.
_OPERATIONS |= {
    f"r{name}": lambda target, other, do=do: do(other, target)
    for name, do in list(_OPERATIONS.items())
    if name in (*_SYMBOLS, "and", "or", "xor", "divmod")
}
