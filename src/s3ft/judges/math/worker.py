"""The process in which math-verify does the algebra: one JSON question a line in, one JSON verdict a line out.

The system kills it when its processor time for a question is over, in C code too; math-verify's own limits are off."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
from typing import Any

MAX_MEMORY = 4 * 2**30


def _expressions(text: str) -> list[Any]:
    from math_verify import parse

    for form in (f"${text}$", text):
        if found := parse(form, parsing_timeout=None, raise_on_error=True, fallback_mode="no_fallback"):
            return list(found)
    return []


def _verdict(reference: str, answer: str) -> tuple[bool | None, str]:
    from math_verify import verify

    gold, found = _expressions(reference), _expressions(answer)
    if not gold or not found:
        return None, f"{'answer' if gold else 'reference'} not understood"
    right = verify(gold, found, timeout_seconds=None, raise_on_error=True, allow_set_relation_comp=True)
    return bool(right), "algebra"


def main(limit: float) -> None:
    """Answers until its input ends; `limit`: seconds of processor time for each question."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    _verdict("x + 1", "1 + x")  # the imports of the first call are not part of a question
    for line in iter(sys.stdin.readline, ""):
        signal.setitimer(signal.ITIMER_PROF, limit)
        try:
            correct, reason = _verdict(**json.loads(line))
        except (Exception, RecursionError) as error:
            correct, reason = None, f"math-verify failed: {type(error).__name__}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        out.write(json.dumps({"correct": correct, "reason": reason}) + "\n")
        out.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]))
