"""Unit tests: the program in a completion is run in a sandbox, and what it gives is compared outside of it."""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from collections import deque
from collections.abc import Sequence

from s3ft import sandbox
from s3ft.judges.code.run import Desk
from s3ft.judges.code.tests import plan
from s3ft.sandbox import JailError, Limits
from s3ft.sandbox.packages import DEFAULT
from s3ft.types import Completion, Example, UserError, Verdict

_MAX_TEXT = 1 << 20
_MAX_KNOWN = 10_000


class judge:
    """`example.reference` is {"tests": source or list of asserts, "entry_point"?: name, "setup"?: source}, where the
    source may be for unittest or pytest; or pairs: {"inputs": [...], "outputs": [...], "fn_name"?: name}.

    True: every assertion ran and held. False: with what came instead. None: the tests cannot be judged. The isolation
    in force stands at the end of every reason."""

    def __init__(
        self,
        timeout: float = 8.0,
        memory_mb: int = 512,
        workers: int | None = None,
        isolation: str = "auto",
        cache: bool = True,
        packages: Sequence[str] = DEFAULT,
    ) -> None:
        """`timeout`: CPU seconds of a program. `workers`: programs at a time, default one per core. `isolation`: auto,
        bwrap, landlock or none. `cache`: remember verdicts by program, tests and limits. `packages`: what programs may
        import beside the standard library, if it is installed, with what it requires. Raises UserError."""
        if not (isinstance(timeout, int | float) and math.isfinite(timeout) and 0 < timeout <= 3600):
            raise UserError(f"judge code: timeout is {timeout!r}, expected CPU seconds between 0 and 3600")
        if not (isinstance(memory_mb, int) and memory_mb >= 128):
            raise UserError(f"judge code: memory_mb is {memory_mb!r}, expected at least 128 (MiB)")
        workers = workers if workers is not None else len(os.sched_getaffinity(0))
        if not (isinstance(workers, int) and workers >= 1):
            raise UserError(f"judge code: workers is {workers!r}, expected 1 or more")
        if isinstance(packages, str) or not all(isinstance(name, str) for name in packages):
            raise UserError(f"judge code: packages is {packages!r}, expected a list of names, such as [numpy, pandas]")
        self.isolation = sandbox.choose(isolation)
        limits = Limits(float(timeout))
        self._desks = [Desk(self.isolation, limits, memory_mb, tuple(packages)) for _ in range(workers)]
        self._known: dict[str, Verdict] | None = {} if cache else None

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        rows = [_Row(e, c) for e, c in zip(examples, completions, strict=True)]
        open_: dict[str, list[_Row]] = {}
        for number, row in enumerate(rows):
            row.verdict = row.unjudged() or (self._known or {}).get(row.key)
            if row.verdict is None:
                open_.setdefault(row.key if self._known is not None else str(number), []).append(row)
        self._run([same[0] for same in open_.values()])
        for same in open_.values():
            for row in same:
                row.verdict = same[0].verdict
                self._remember(row)
        return [self._stamped(row.verdict) for row in rows]

    def close(self) -> None:
        """Ends the processes; they also end with the interpreter."""
        for desk in self._desks:
            desk.close()

    def _remember(self, row: _Row) -> None:
        if self._known is None or row.verdict is None or row.verdict.correct is None:
            return
        self._known[row.key] = row.verdict
        if len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def _run(self, rows: list[_Row]) -> None:
        left = deque(rows)
        threads = [threading.Thread(target=_work, args=(desk, left)) for desk in self._desks[1 : len(rows)]]
        for thread in threads:
            thread.start()
        try:
            _work(self._desks[0], left)
        finally:
            left.clear()
            for thread in threads:
                thread.join()
        # A program whose jail died is tried once more, alone.
        for row in rows:
            if row.verdict is None:
                row.judge(self._desks[0])
        for row in rows:
            if row.verdict is None:
                row.verdict = Verdict(False, row.text, f"crash: {row.death}")

    def _stamped(self, verdict: Verdict | None) -> Verdict:
        assert verdict is not None
        return Verdict(verdict.correct, verdict.answer, f"{verdict.reason} [isolation: {self.isolation}]")


def _work(desk: Desk, left: deque[_Row]) -> None:
    while left:
        try:
            row = left.popleft()
        except IndexError:
            return
        row.judge(desk)


class _Row:
    """One program on its way to a verdict."""

    def __init__(self, example: Example, completion: Completion) -> None:
        self.plan = plan(example.reference)
        self.text = completion.text
        content = example.prompt[-1].get("content") if example.prompt else ""
        self.prompt = content if isinstance(content, str) else ""
        self.verdict: Verdict | None = None
        self.death = ""
        told = json.dumps([self.text, self.prompt, example.reference], sort_keys=True, default=repr)
        self.key = hashlib.sha256(told.encode()).hexdigest()

    def unjudged(self) -> Verdict | None:
        """The verdict where there is nothing to run."""
        if self.plan.problem:
            return Verdict(None, reason=self.plan.problem)
        if not self.text.strip():
            return Verdict(False, reason="no program: the completion is empty")
        if len(self.text) > _MAX_TEXT:
            return Verdict(False, reason=f"no program: the completion has {len(self.text)} characters")
        return None

    def judge(self, desk: Desk) -> None:
        try:
            self.verdict = desk.judge(self.plan, self.text, self.prompt)
        except JailError as error:
            self.death = str(error)
        except Exception as error:
            self.verdict = Verdict(None, reason=f"judge failed: {type(error).__name__}: {error}")
