"""What bench/chaos.py puts into every process of a run as its sitecustomize: at a named moment, it does harm.

S3FT_CHAOS holds JSON: "event" (an audit event of Python, or "insert": a row written to the cache), "path" (a pattern of
the file or the name of the module), "at" (its N-th time in a process), "in_worker" (whether only a stage's process
counts), "action" (kill, worker: only the process itself, int, term, fill) and "fired" (a file that is made when the
moment has come). Audit events come before what they name is done."""

import fnmatch
import json
import os
import signal
import sqlite3
import sys
import threading

_PLAN = json.loads(os.environ.get("S3FT_CHAOS", "null"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_seen = 0


def _hook(event, args):
    if event == _PLAN["event"] and isinstance(args[0], (str, bytes, os.PathLike)):
        path = os.fsdecode(args[1] if event == "os.rename" else args[0])
        is_write = event != "open" or "w" in (args[1] or "") or "a" in (args[1] or "") or args[2] & _WRITING
        if is_write and fnmatch.fnmatch(path, "*" + _PLAN["path"]):
            _moment()


def _watched(connect):
    def connected(*args, **settings):
        store = connect(*args, **settings)
        store.set_trace_callback(lambda line: line.startswith("INSERT OR REPLACE INTO kept") and _moment())
        return store

    return connected


def _moment():
    global _seen
    _seen += 1
    if _seen < _PLAN["at"]:
        return
    try:
        os.close(os.open(_PLAN["fired"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    if _PLAN["action"] == "kill":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    elif _PLAN["action"] == "worker":
        os.kill(os.getpid(), signal.SIGKILL)
    elif _PLAN["action"] in ("int", "term"):
        if _PLAN["event"] == "insert":
            # What a callback of SQLite raises is lost, and a signal's handler may run within one: not from here.
            threading.Timer(0.01, _stop, [_PLAN["action"]]).start()
        else:
            _stop(_PLAN["action"])
    elif _PLAN["action"] == "fill":
        _fill(_PLAN["folder"])


def _stop(how):
    if how == "int":
        os.killpg(os.getpgrp(), signal.SIGINT)
    else:
        os.kill(os.getpgrp(), signal.SIGTERM)


def _fill(folder):
    """Takes all room of a file system."""
    with open(os.path.join(folder, "filler"), "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass


if _PLAN and ("S3FT_PARENT" in os.environ or not _PLAN["in_worker"]):
    sys.addaudithook(_hook)
    if _PLAN["event"] == "insert":
        sqlite3.connect = _watched(sqlite3.connect)
