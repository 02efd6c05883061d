"""When a program fails for want of something that the sandbox does not give, and not by its own fault."""

from __future__ import annotations

import re
import sys
import zoneinfo

from s3ft.judges.code.tests import Plan
from s3ft.sandbox import packages
from s3ft.types import Verdict

_MODULE = re.compile(r"exception: ModuleNotFoundError: No module named '(\w+)")
_REFUSED = re.compile(
    r"out of memory|exception: (?:PermissionError|OSError|FileNotFoundError|BlockingIOError|gaierror|URLError"
    r"|ConnectionError|OperationalError)"
)
"""How what the jail refuses ends."""
_REFUSING = re.compile(
    r"\b(subprocess(?:es)?|multiprocessing|multiple processes|ProcessPool\w*|os\.(?:system|fork|popen)|shell commands?"
    r"|sockets?|urllib|requests|urlopen|download|HTTP|hard links?|chown|mkfifo)\b",
    re.IGNORECASE,
)
"""Words in tests or prompt for what no program may do here."""
_ZONE = "exception: ZoneInfoNotFoundError"


def lacking(verdict: Verdict, plan: Plan, prompt: str, allowed: tuple[str, ...]) -> str:
    """What the sandbox lacks, in words; empty if the program is to blame. `allowed`: packages for programs.

    The program's own word is not enough: it could raise what it likes. A package counts only if programs cannot import
    it, and the tests, their setup or the prompt ask for it: its own choice is the program's own risk."""
    if verdict.correct is not False:
        return ""
    asked = " ".join([plan.tests, plan.setup, plan.before, prompt, *(module for _, module in plan.modules)])
    missing = found[1] if (found := _MODULE.match(verdict.reason)) else ""
    is_ours = missing in (*sys.stdlib_module_names, "pytest", *packages.find(allowed)[0])
    if missing and not is_ours and re.search(rf"\b{missing}\b", asked):
        return f"the sandbox has no {missing}, which the tests or the prompt ask for"
    if _REFUSED.match(verdict.reason) and (found := _REFUSING.search(asked)):
        return f"the sandbox refuses what the tests or the prompt ask for: {found[1]}"
    if verdict.reason.startswith(_ZONE) and not zoneinfo.available_timezones():
        return "this machine has no time zones (/usr/share/zoneinfo)"
    return ""
