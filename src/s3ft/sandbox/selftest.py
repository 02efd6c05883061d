"""Tries to break out of a tier, through the path that programs take, before it is trusted with one."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich

from s3ft.sandbox import session
from s3ft.sandbox.command import TierName
from s3ft.sandbox.jail import Jail, JailError, Limits

_LIMITS = Limits(cpu_s=2.0)
_SECRET = "S3FT_SELF_TEST_SECRET"

_TRY = """
def probe(*args):
    try:
        return bool(attempt(*args))
    except (Exception, SystemExit):
        return False
"""
_ATTACKS: dict[str, str] = {
    "reads a file outside": "def attempt(file, folder, port, pid, other): return open(file).read()",
    "lists a folder outside": """
import os
def attempt(file, folder, port, pid, other): return os.listdir(folder) is not None
""",
    "writes a file": """
import os, posix
def attempt(file, folder, port, pid, other):
    # Not `open`, which lets programs write in their own memory.
    for place in (folder, "/tmp", "/dev/shm", "/var/tmp", ".", "/", os.path.dirname(os.__file__)):
        try:
            posix.open(place + "/s3ft-self-test", posix.O_WRONLY | posix.O_CREAT)
            return True
        except OSError:
            pass
""",
    "sees the environment": f"import os\ndef attempt(file, folder, port, pid, other): return {_SECRET!r} in os.environ",
    "reads /proc of others": """
def attempt(file, folder, port, pid, other): return open(f"/proc/{pid}/environ", "rb").read(1)
""",
    "connects to this machine": """
import socket
def attempt(file, folder, port, pid, other):
    socket.create_connection(("127.0.0.1", port), 1)
    return True
""",
    "sends to a Unix socket": """
import socket
def attempt(file, folder, port, pid, other):
    for address in (folder + "/socket", "\\0" + folder):
        try:
            return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", address)
        except OSError:
            pass
""",
    "reads a package that it may not import": """
def attempt(file, folder, port, pid, other): return open(other).read()
""",
    "signals another process": """
import os
def attempt(file, folder, port, pid, other):
    for target in (pid, os.getppid(), -1):
        try:
            os.kill(target, 0)
            return True
        except OSError:
            pass
""",
    "sets a signal off through fcntl": """
import fcntl, os
def attempt(file, folder, port, pid, other):
    return fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid()) == 0
""",
    "forks": "import os\ndef attempt(file, folder, port, pid, other): return os.fork() or os._exit(0)",
    "starts a program": """
import os
def attempt(file, folder, port, pid, other): return os.posix_spawn("/bin/true", ["true"], {})
""",
    "takes memory beyond its limit": "def attempt(file, folder, port, pid, other): return bytearray(1 << 30)",
    "makes memory that no limit counts": """
import os
def attempt(file, folder, port, pid, other): return os.memfd_create("x")
""",
    "is root": "import os\ndef attempt(file, folder, port, pid, other): return os.getuid() == 0",
}


def failure(tier: TierName) -> str:
    """What got through, or why the tier cannot start; empty where it held."""
    os.environ[_SECRET] = "1"
    try:
        jail = Jail(tier)
    except JailError as error:
        return " ".join(str(error).split())
    finally:
        del os.environ[_SECRET]
    try:
        return next(_leaks(jail), "")
    except JailError as error:
        return f"self-test: {error}"
    finally:
        jail.close()


def _leaks(jail: Jail) -> Iterator[str]:
    honest = "import bisect, decimal, json\ndef probe(*args): return [1, args[2]]"
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
    ):
        named.bind(f"{folder}/socket")
        abstract.bind(f"\0{folder}")
        os.chmod(f"{folder}/socket", 0o777)
        os.chmod(folder, 0o777)
        secret = Path(folder) / "secret"
        secret.write_text("secret")
        secret.chmod(0o644)
        given = [str(secret), folder, server.getsockname()[1], os.getpid(), rich.__file__]
        if (found := _ask(jail, honest, given)) != ["value", ["list", 1, given[2]]]:
            yield f"self-test: an honest program fails ({found})"
        for what, source in _ATTACKS.items():
            found = _ask(jail, source + _TRY, given)
            if found not in (["value", False], ["ended"]):
                yield f"self-test: a program {what} ({found})"
        if (found := _ask(jail, "import os\ndef probe(*args): os._exit(0)", given)) != ["ended"]:
            yield f"self-test: a program that leaves early is not noticed ({found})"
        if sorted(os.listdir(folder)) != ["secret", "socket"]:
            yield "self-test: a file was left behind"


def _ask(jail: Jail, source: str, given: list[Any]) -> Any:
    work = {
        "text": source,
        "names": ["probe"],
        "prompt": "",
        "modules": [],
        "setup": "",
        "calls": [["probe", given, {}]],
    }
    replies: list[Any] = []

    def take(message: list[Any]) -> bool:
        if message[0] != "program":
            replies.append(message)
        return bool(replies)

    session.run_batch(jail, work, _LIMITS, take)
    return replies[0] if replies else ["ended"]
