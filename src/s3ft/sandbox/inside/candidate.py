"""The untrusted process: runs one program and hands out values. It is told calls, never what they should give."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from . import extract, prelude, served, values, wire

MODULE = "program"


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
        send(["unparsed", prelude.describe(error)])
        return
    send(["program", None if source == work["text"] else source[: prelude.SHOWN]])
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    try:
        module.__dict__.update(__builtins__=prelude.BUILTINS, __file__=f"{MODULE}.py")
        prelude.bind(module.__dict__, work["modules"])
        if work["setup"]:
            exec(work["setup"], module.__dict__)
        if "sqlite3" in source:
            importlib.import_module(".databases", __package__).install()
        exec(code, module.__dict__)
    except BaseException as error:
        send(["raised", *_raised(error)])
        return
    if work["calls"] is None:
        send(["loaded"])
        served.Server(module.__dict__, channel, send).serve()
        return
    for name, arguments, keywords in work["calls"]:
        send(_call(module.__dict__, name, arguments, keywords))


def _call(space: dict[str, Any], name: str, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
    if name not in space:
        return ["undefined", name]
    try:
        args = [values.decode(a) for a in arguments]
        result = space[name](*args, **{k: values.decode(v) for k, v in keywords.items()})
        return ["value", values.encode(result, label=_own)]
    except BaseException as error:
        return ["raised", *_raised(error)]


def _own(value: Any, tree: Any) -> Any:
    return tree if served.is_bare(type(value)) else ["own", 0, type(value).__name__[:80], {}, tree]


def _raised(error: BaseException) -> list[Any]:
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    return [type(error).__name__[:80], names, prelude.describe(error)]


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
