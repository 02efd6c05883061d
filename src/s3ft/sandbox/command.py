"""The command line that starts a zygote: what a jail can see, and with which rights."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import sysconfig
from glob import glob
from pathlib import Path
from typing import Any, Literal

from s3ft.sandbox import packages

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
_ALSO = ("/etc/ld.so.cache", "/nix/store", "/usr/share/zoneinfo")


def line(
    tier: TierName, role: Role, uid: int | None, memory: int, allowed: tuple[str, ...] = packages.DEFAULT
) -> list[str]:
    """Arguments for exec. `uid`: what programs run as, where this process is root. `memory`: bytes for each.
    `allowed`: packages to import beside the standard library."""
    interpreter = os.path.realpath(sys.executable)
    library = sysconfig.get_path("stdlib")
    roots, hidden = _library()
    modules, folders = packages.find(allowed)
    readable = [*roots, str(_INSIDE), *folders]
    settings: dict[str, Any] = {"tier": tier, "role": role, "uid": uid, "memory": memory}
    settings |= {"readable": readable, "hidden": hidden, "packages": modules}
    settings |= {"paths": [library, f"{library}/lib-dynload"]}
    python = [interpreter, "-s", "-P", "-S", "-B", "-c", _START, str(_INSIDE.parent), json.dumps(settings)]
    if tier != "bwrap":
        return python
    return [*_bwrap(uid, [interpreter, *roots], hidden, [str(_INSIDE), *folders]), *python]


def _bwrap(uid: int | None, roots: list[str], hidden: list[str], shown: list[str]) -> list[str]:
    """`hidden` is covered within `roots`, and `shown` may lie within what is hidden."""
    program = shutil.which("bwrap") or "bwrap"
    spaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if uid is None:
        rights = ["--unshare-user", "--cap-drop", "ALL"]
    else:
        # Root's bwrap keeps every capability unless told; these let the zygote give up being root.
        kept = ("CAP_SETUID", "CAP_SETGID", "CAP_DAC_READ_SEARCH")
        rights = ["--cap-drop", "ALL", *(word for name in kept for word in ("--cap-add", name))]
    # Root's bwrap makes missing parents 0700, where programs under another user could not pass.
    parents = {str(p) for path in [*roots, *shown, "/dev/null"] for p in Path(path).parents if str(p) != "/"}
    within = tuple(f"{root}/" for root in roots)
    made = [path for path in sorted(parents) if not path.startswith(within) and path not in roots]
    folders = [word for path in made for word in ("--perms", "0755", "--dir", path)]
    binds, late = ([word for path in paths for word in ("--ro-bind", path, path)] for paths in (roots, shown))
    covers = [word for path in hidden for word in ("--perms", "0755", "--tmpfs", path)]
    closed = [word for path in [*hidden, "/"] for word in ("--remount-ro", path)]
    return [
        *(program, *spaces, *rights, "--new-session", *folders, *binds, *covers, *late),
        *("--dev-bind", "/dev/null", "/dev/null", *closed, "--chdir", "/"),
    ]


@functools.cache
def _library() -> tuple[list[str], list[str]]:
    """Folders and files of the standard library and the system's shared libraries, and what is hidden in them."""
    library, prefix = sysconfig.get_path("stdlib"), sys.base_prefix
    # Other packages, with what they bring along, lie in folders of these names.
    hidden = [f"{library}/{name}" for name in ("site-packages", "dist-packages")]
    roots = [library]
    if prefix not in ("/", "/usr"):
        roots.append(f"{prefix}/lib")
        hidden += [path for path in glob(f"{prefix}/lib/*/") if not f"{library}/".startswith(path)]
    triplet = sysconfig.get_config_var("MULTIARCH") or "none"
    system = [path for path in (f"/lib/{triplet}", f"/usr/lib/{triplet}") if os.path.isdir(path)]
    whole = ["/lib64", "/usr/lib64"] if system else ["/lib", "/lib64", "/usr/lib", "/usr/lib64"]
    hidden += [path for root in whole for path in glob(f"{root}/python*/*-packages")]
    seen = [path for path in dict.fromkeys([*roots, *system, *whole, *_ALSO]) if os.path.exists(path)]
    outer = [path for path in seen if not any(path != other and path.startswith(f"{other}/") for other in seen)]
    folders = [path.rstrip("/") for path in hidden]
    return outer, [path for path in dict.fromkeys(folders) if os.path.isdir(path) and not os.path.islink(path)]
