"""Which isolation this machine gives, tested before the first program and never silently less."""

from __future__ import annotations

import functools
import shutil
import sys
from typing import Literal

from s3ft.progress import console
from s3ft.sandbox import selftest
from s3ft.sandbox.command import TierName
from s3ft.sandbox.inside import landlock, seccomp
from s3ft.types import UserError

Isolation = Literal["auto", "bwrap", "landlock", "none"]
Tier = TierName
_WAYS_OUT = (
    "install bubblewrap (apt-get install bubblewrap) where unprivileged user namespaces are allowed, use a kernel with "
    "Landlock (5.13 or later), or run model-written programs unprotected by name: isolation: none"
)


@functools.cache
def choose(isolation: str = "auto") -> Tier:
    """The tier in force, printed once. Raises UserError where there is none, or the one asked for does not hold."""
    if not sys.platform.startswith("linux"):
        raise UserError(
            f"code judge: found {sys.platform}, it runs programs on Linux only; use a container or a virtual machine"
        )
    if isolation == "none":
        console.print("code judge: isolation none: model-written programs run with all your rights", style="bold red")
        return "none"
    if isolation not in ("auto", "bwrap", "landlock"):
        raise UserError(f"isolation: found {isolation!r}, expected auto, bwrap, landlock or none")
    names: tuple[Tier, ...] = ("bwrap", "landlock") if isolation == "auto" else (isolation,)  # type: ignore[assignment]
    why: list[str] = []
    for name in names:
        failure = _missing(name) or selftest.failure(name)
        if not failure:
            passed_over = f" ({'; '.join(why)})" if why else ""
            console.print(f"code judge: isolation {name}{passed_over}", soft_wrap=True)
            return name
        why.append(f"{name}: {failure}")
    raise UserError(f"code judge: no isolation on this machine ({'; '.join(why)}); {_WAYS_OUT}")


def _missing(tier: Tier) -> str:
    if not seccomp.is_known():
        return "no list of system calls for this machine"
    if tier == "bwrap":
        return "" if shutil.which("bwrap") else "bubblewrap is not installed"
    return "" if landlock.abi() else "this kernel has no Landlock, or forbids it here"
