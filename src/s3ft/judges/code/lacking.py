"""When a program fails for want of something that the sandbox does not give, and not by its own fault."""

from __future__ import annotations

import re
import sys
import zoneinfo

from s3ft.judges.code.tests import Plan
from s3ft.sandbox import packages
from s3ft.types import Verdict

_MODULE = re.compile(r"exception: ModuleNotFoundError: No module named '(\w+)")
_ZONE = "exception: ZoneInfoNotFoundError"


def lacking(verdict: Verdict, plan: Plan, prompt: str, allowed: tuple[str, ...]) -> str:
    """What the sandbox lacks, in words; empty if the program is to blame. `allowed`: packages for programs.

    The program's own word is not enough: it could raise what it likes. A package counts only if programs cannot import
    it, and the tests, their setup or the prompt ask for it: its own choice is the program's own risk."""
    if verdict.correct is not False:
        return ""
    if (found := _MODULE.match(verdict.reason)) and found[1] not in sys.stdlib_module_names:
        asked = " ".join([plan.tests, plan.setup, plan.before, prompt, *(module for _, module in plan.modules)])
        if re.search(rf"\b{found[1]}\b", asked) and found[1] not in packages.find(allowed)[0]:
            return f"the sandbox has no {found[1]}, which the tests or the prompt ask for"
    if verdict.reason.startswith(_ZONE) and not zoneinfo.available_timezones():
        return "this machine has no time zones (/usr/share/zoneinfo)"
    return ""
