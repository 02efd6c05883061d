"""When a program fails for want of something that the sandbox does not give, and not by its own fault."""

from __future__ import annotations

import importlib.util
import re
import sys

from s3ft.judges.code.tests import Plan
from s3ft.types import Verdict

_MODULE = re.compile(r"exception: ModuleNotFoundError: No module named '(\w+)")
_FILE = re.compile(
    r"exception: \w+: (?:\[Errno 2\] No usable temporary directory|\[Errno 27\]"
    r"|\[Errno (?:1|2|13|30)\] [^']*'/(?:tmp|var/tmp|dev/shm)|\[Errno (?:13|30)\] [^']*'[^/'])"
)
_WRITES = re.compile(r"\btempfile\b|\bopen\(|\.write_(?:text|bytes)\(|\bmkdir\b|\bmakedirs\b|\bsqlite3\b|\bshelve\b")
_ZONE = "exception: ZoneInfoNotFoundError"


def lacking(verdict: Verdict, text: str, plan: Plan, prompt: str) -> str:
    """What the sandbox lacks, in words; empty if the program is to blame.

    A package counts only if the tests, their setup or the prompt ask for it: its own choice is the program's own risk.
    """
    reason = verdict.reason
    if verdict.correct is not False:
        return ""
    if (found := _MODULE.match(reason)) and found[1] not in sys.stdlib_module_names:
        asked = " ".join([plan.tests, plan.setup, plan.before, prompt, *(module for _, module in plan.modules)])
        has_it = found[1] == "numpy" and importlib.util.find_spec("numpy") is not None
        if re.search(rf"\b{found[1]}\b", asked) and not has_it:
            return f"the sandbox has no {found[1]}, which the tests or the prompt ask for"
    if _FILE.match(reason) and _WRITES.search(text):
        return f"the sandbox gives no files to write to ({reason})"
    if reason.startswith(_ZONE) and "zoneinfo" in text and not _has_zones():
        return "this machine has no time zones (/usr/share/zoneinfo)"
    return ""


def _has_zones() -> bool:
    import zoneinfo

    return bool(zoneinfo.available_timezones())
