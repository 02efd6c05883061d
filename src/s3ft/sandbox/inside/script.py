"""A program run as a script: what it reads comes from standard input, what it prints is all that counts."""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
import types
from typing import Any

from . import extract, prelude, wire


def run(work: dict[str, Any], fds: tuple[int, ...]) -> None:
    """`fds`: where its output goes, where this process tells about it, what it reads. Ends the process."""
    gc.enable()
    output, report, given = fds
    tell = _teller(report)
    try:
        source, code = extract.program(work["text"], [extract.SCRIPT], work["prompt"])
    except BaseException as error:
        tell(["unparsed", prelude.describe(error)])
        return
    tell(["program", None if source == work["text"] else source[: prelude.SHOWN]])
    for here, there in ((given, 0), (output, 1)):
        os.dup2(here, there)
        os.close(here)
    sys.stdin = _text(io.BufferedReader(io.FileIO(0, closefd=False)), "r")
    sys.stdout = _text(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "w")
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout)
    sys.argv = ["program.py"]
    module = types.ModuleType("__main__")
    module.__dict__.update(__builtins__=prelude.BUILTINS, __file__=sys.argv[0])
    sys.modules["__main__"] = module
    status = 1
    try:
        prelude.bind(module.__dict__, work["modules"])
        if "sqlite3" in source:
            importlib.import_module(".databases", __package__).install()
        exec(code, module.__dict__)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        tell(["raised", type(error).__name__[:80], [], prelude.describe(error)])
    _finish()
    os._exit(status & 0xFF)


def _finish() -> None:
    """What an interpreter does at its end: threads, registered functions, and what was not written yet."""
    try:
        if threading := sys.modules.get("threading"):
            threading._shutdown()
        atexit._run_exitfuncs()
    finally:
        for stream in {sys.stdout, sys.__stdout__}:
            if stream is not None:
                stream.flush()


def _text(stream: Any, mode: str) -> io.TextIOWrapper:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape")
    # As the interpreter's own streams have it; templates of contests look at it.
    vars(text)["mode"] = mode
    return text


def _teller(report: int) -> Any:
    send = wire.send

    def tell(message: list[Any]) -> None:
        send(report, message)

    return tell
