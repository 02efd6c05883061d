"""The untrusted process: runs one program and hands out values. It is told calls, never what they should give."""

from __future__ import annotations

import gc
import importlib
import operator
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from . import extract, prelude, values, wire

MODULE = "program"
_SHOWN = 100_000


def run(work: dict[str, Any], fds: tuple[int, ...]) -> None:
    """Finds, runs and calls the program of `work`: text, names, prompt, modules, setup, and calls (None: serve them
    as asked); or runs it as a script."""
    if work.get("is_script"):
        importlib.import_module(".script", __package__).run(work, fds)
        return
    channel = fds[0]
    gc.enable()
    send = _sender(channel)
    try:
        source, code = extract.program(work["text"], work["names"], work["prompt"])
    except BaseException as error:
        send(["unparsed", _describe(error)])
        return
    send(["program", None if source == work["text"] else source[:_SHOWN]])
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    try:
        module.__dict__["__builtins__"] = prelude.BUILTINS
        prelude.bind(module.__dict__, work["modules"])
        if work["setup"]:
            exec(work["setup"], module.__dict__)
        exec(code, module.__dict__)
    except BaseException as error:
        send(["raised", *_raised(error)])
        return
    if work["calls"] is None:
        send(["loaded"])
        _Server(module.__dict__, channel, send).serve()
        return
    for name, arguments, keywords in work["calls"]:
        send(_call(module.__dict__, name, arguments, keywords))


def _call(space: dict[str, Any], name: str, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
    if name not in space:
        return ["undefined", name]
    try:
        args = [values.decode(a) for a in arguments]
        result = space[name](*args, **{k: values.decode(v) for k, v in keywords.items()})
        return ["value", values.encode(result)]
    except BaseException as error:
        return ["raised", *_raised(error)]


class _Server:
    """Answers the examiner: calls, attributes and operations on objects that stay here."""

    def __init__(self, space: dict[str, Any], channel: int, send: Callable[[Any], None]) -> None:
        self._space, self._channel, self._send = space, channel, send
        self._objects: list[Any] = []

    def serve(self) -> None:
        while True:
            try:
                request = wire.receive(self._channel, values.MAX_BYTES)
            except wire.Broken:
                return
            try:
                self._send(self._answer(request))
            except values.Unsupported as error:
                self._send(["unsupported", str(error)])
            except BaseException as error:
                self._send(["raised", *_raised(error)])

    def _answer(self, request: list[Any]) -> list[Any]:
        kind = request[0]
        if kind == "get":
            name = request[1]
            return ["value", self._out(self._space[name]), []] if name in self._space else ["undefined", name]
        target = self._objects[request[1]]
        if kind == "call":
            arguments = [self._in(a) for a in request[2]]
            before = [self._snapshot(a) for a in arguments]
            result = target(*arguments, **{k: self._in(v) for k, v in request[3].items()})
            after = [self._snapshot(a) for a in arguments]
            # A function may change a list that it is given, and the test may look at the list.
            changed = [[i, b] for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
            return ["value", self._out(result), changed]
        arguments = [self._in(a) for a in request[3]]
        if kind == "attribute":
            return ["value", self._out(_ATTRIBUTES[request[2]](target, *arguments)), []]
        try:
            return ["value", self._out(_OPERATIONS[request[2]](target, *arguments)), []]
        except StopIteration:
            return ["stop"]

    def _out(self, value: Any) -> Any:
        return values.encode(value, self._keep)

    def _in(self, tree: Any) -> Any:
        return values.decode(tree, self._open)

    def _keep(self, value: Any) -> int:
        for number, known in enumerate(self._objects):
            if known is value:
                return number
        self._objects.append(value)
        return len(self._objects) - 1

    def _open(self, number: int, kind: str) -> Any:
        if number >= 0:
            return self._objects[number]

        def back(*arguments: Any) -> Any:
            # A function of the tests, handed to the program: it runs where the tests run.
            self._send(["callback", -number - 1, [self._out(a) for a in arguments]])
            reply = wire.receive(self._channel, values.MAX_BYTES)
            if reply[0] == "raised":
                raise RuntimeError(reply[1])
            return self._in(reply[1])

        return back

    def _snapshot(self, value: Any) -> Any:
        return self._out(value) if isinstance(value, list | dict | set | bytearray) else None


_ATTRIBUTES: dict[str, Callable[..., Any]] = {"get": getattr, "set": setattr, "delete": delattr}
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(operator, name)
        for name in (
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "pow",
            "neg",
            "pos",
            "abs",
            "invert",
            "and_",
            "or_",
        )
    },
    **{
        name: getattr(operator, name) for name in ("xor", "matmul", "lshift", "rshift", "getitem", "setitem", "delitem")
    },
    **{f.__name__: f for f in (len, iter, next, bool, str, repr, int, float, round, hash, isinstance, issubclass)},
}


def _raised(error: BaseException) -> list[Any]:
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    return [type(error).__name__[:80], names, _describe(error)]


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except BaseException:
        return type(error).__name__[:80]


def _sender(channel: int) -> Callable[[Any], None]:
    # Bound once: what a program does to these names later reaches only its own words, which prove nothing.
    write, pack, limit = os.write, wire.pack, values.MAX_BYTES

    def send(message: Any) -> None:
        data = pack(message)
        if len(data) > limit:
            data = pack(["unsupported", f"a result of {len(data)} bytes"])
        view = memoryview(data)
        while view:
            view = view[write(channel, view) :]

    return send
