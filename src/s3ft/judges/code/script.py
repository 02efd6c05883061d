"""Runs a script on one input after another and compares what it prints."""

from __future__ import annotations

from typing import Any

from s3ft.judges.code.pairs import difference
from s3ft.sandbox import Jail, Limits, scripts
from s3ft.types import Verdict

_MOST = 8 << 20
_TIMES = 4


def judge(jail: Jail, pairs: tuple[tuple[str, str], ...], work: dict[str, Any], limits: Limits) -> Verdict:
    """The first pair that does not hold ends it. Raises JailError."""
    program = work["text"]
    with_numpy = "numpy" in program or "np." in program
    for number, (given, expected) in enumerate(pairs, 1):
        place = f"test {number} of {len(pairs)}"
        # An output far longer than the expected one is wrong before it ends.
        most = min(_MOST, _TIMES * len(expected) + (1 << 16))
        ran = scripts.run(jail, work, limits, given.encode(errors="surrogateescape"), most, with_numpy)
        told = next((m[1] for m in ran.messages if isinstance(m, list) and m[:1] == ["program"] and len(m) == 2), None)
        program = told if isinstance(told, str) else program
        if why := _failure(ran, limits):
            return Verdict(False, program, f"{why} in {place}")
        wrong = difference(ran.output.decode(errors="replace"), expected)
        if wrong:
            return Verdict(False, program, f"wrong output: {place}: {wrong}")
    return Verdict(True, program, f"{len(pairs)} output{'s' * (len(pairs) != 1)} held")


def _failure(ran: scripts.Ran, limits: Limits) -> str:
    if ran.is_cut:
        return f"wrong output: more than {len(ran.output)} bytes"
    if failure := ran.outcome.failure(limits):
        return failure
    for message in ran.messages:
        words = [str(word)[:300] for word in message] if isinstance(message, list) else []
        if words[:1] == ["unparsed"] and len(words) == 2:
            return f"no program: {words[1]}"
        if words[:1] == ["raised"] and len(words) == 4 and ran.outcome.code:
            return "out of memory" if words[1] == "MemoryError" else f"exception: {words[3]}"
    return f"exit code {ran.outcome.code}" if ran.outcome.code else ""
