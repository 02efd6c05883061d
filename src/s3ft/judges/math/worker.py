"""The process in which math-verify does the algebra: one JSON question a line in, one JSON verdict a line out.

Killing it is the time limit, so math-verify's own limits (signal.alarm, main thread only) are off."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from typing import Any

MAX_MEMORY = 4 * 2**30


def _confine(limit: float) -> None:
    """Where the system can, the process ends itself should nobody be left to kill it."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limit)


def _expressions(text: str) -> list[Any]:
    from math_verify import parse

    found: list[Any] = parse(f"${text}$", parsing_timeout=None, raise_on_error=True, fallback_mode="no_fallback")
    if not found:
        found = parse(text, parsing_timeout=None, raise_on_error=True, fallback_mode="no_fallback")
    return found


def _verdict(reference: str, answer: str) -> tuple[bool | None, str]:
    from math_verify import verify

    gold = _expressions(reference)
    if not gold:
        return None, "reference not understood"
    found = _expressions(answer)
    if not found:
        return None, "answer not understood"
    right = verify(gold, found, timeout_seconds=None, raise_on_error=True, allow_set_relation_comp=True)
    return bool(right), "algebra"


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    if sys.platform.startswith("linux"):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    import math_verify  # noqa: F401

    out.write("ready\n")
    out.flush()
    for line in iter(sys.stdin.readline, ""):
        question = json.loads(line)
        _confine(question["limit"] + 5)
        try:
            correct, reason = _verdict(question["reference"], question["answer"])
        except (Exception, RecursionError) as error:
            correct, reason = None, f"math-verify failed: {type(error).__name__}"
        _confine(0)
        out.write(json.dumps({"correct": correct, "reason": reason}) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
