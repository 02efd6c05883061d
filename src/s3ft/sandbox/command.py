"""The command line that starts a zygote: what a jail can see, and with which rights."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any, Literal

TierName = Literal["bwrap", "landlock", "none"]
Role = Literal["candidate", "examiner"]

ENVIRONMENT = {
    # A fixed seed, so that sets print and iterate in one order; python -I and -E would ignore it.
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "LC_ALL": "C.UTF-8",
    # Symbols are looked up once, before the forks, and not in each of them.
    "LD_BIND_NOW": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_INSIDE = Path(__file__).parent / "inside"
_START = (
    "import sys, json; sys.path.insert(0, sys.argv[1]); from inside.zygote import main; main(json.loads(sys.argv[2]))"
)
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/nix/store", "/usr/share/zoneinfo")


def line(tier: TierName, role: Role, uid: int | None, memory: int) -> list[str]:
    """Arguments for exec. `uid`: what programs run as, where this process is root. `memory`: bytes for each."""
    interpreter = os.path.realpath(sys.executable)
    readable, paths, packages = _python()
    settings: dict[str, Any] = {"tier": tier, "role": role, "uid": uid, "memory": memory}
    settings |= {"readable": readable, "paths": paths, "packages": packages}
    python = [interpreter, "-s", "-P", "-S", "-B", "-c", _START, str(_INSIDE.parent), json.dumps(settings)]
    return [*_bwrap(uid, [interpreter, *readable]), *python] if tier == "bwrap" else python


def _bwrap(uid: int | None, visible: list[str]) -> list[str]:
    program = shutil.which("bwrap") or "bwrap"
    spaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if uid is None:
        rights = ["--unshare-user", "--cap-drop", "ALL"]
    else:
        # Root's bwrap keeps every capability unless told; these let the zygote give up being root.
        kept = ("CAP_SETUID", "CAP_SETGID", "CAP_DAC_READ_SEARCH")
        rights = ["--cap-drop", "ALL", *(word for name in kept for word in ("--cap-add", name))]
    # Root's bwrap makes missing parents 0700, where programs under another user could not pass.
    parents = {str(p) for path in [*visible, "/dev/null"] for p in Path(path).parents if str(p) != "/"}
    folders = [word for path in sorted(parents) for word in ("--perms", "0755", "--dir", path)]
    binds = [word for path in visible for word in ("--ro-bind", path, path)]
    return [
        *(program, *spaces, *rights, "--new-session", *folders, *binds),
        *("--dev-bind", "/dev/null", "/dev/null", "--remount-ro", "/", "--chdir", "/"),
    ]


@functools.cache
def _python() -> tuple[list[str], list[str], dict[str, str]]:
    """What can be read, where Python looks for modules, and the folders of packages by name."""
    library = sysconfig.get_path("stdlib")
    readable = [library, f"{sys.base_prefix}/lib", str(_INSIDE), *_SYSTEM]
    packages: dict[str, str] = {}
    # The one package beyond the standard library: tests compare with numpy.allclose.
    found = importlib.util.find_spec("numpy")
    if found is not None and found.submodule_search_locations:
        packages["numpy"] = found.submodule_search_locations[0]
        readable += [packages["numpy"], f"{packages['numpy']}.libs"]
    seen = [path for path in dict.fromkeys(readable) if os.path.exists(path)]
    outer = [path for path in seen if not any(path != other and path.startswith(f"{other}/") for other in seen)]
    return outer, [library, f"{library}/lib-dynload"], packages
