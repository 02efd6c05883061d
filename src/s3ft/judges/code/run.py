"""One program at a time through one pair of jails, and the words of its verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from s3ft.judges.code import script
from s3ft.judges.code.checks import Undecided, show
from s3ft.judges.code.lacking import lacking
from s3ft.judges.code.tests import Plan
from s3ft.sandbox import Jail, JailError, Limits, Tier
from s3ft.sandbox.command import Role
from s3ft.sandbox.inside import prelude
from s3ft.sandbox.session import run_batch, run_exam
from s3ft.types import Verdict


class Desk:
    """A jail for programs and, once a test has to run, one for tests. They are started when needed, and again."""

    def __init__(self, tier: Tier, limits: Limits, memory_mb: int, packages: tuple[str, ...]) -> None:
        self._tier, self._limits, self._memory_mb = tier, limits, memory_mb
        self._packages = packages
        # The tests are to end first, so that it is known who kept whom waiting.
        self._served = Limits(limits.cpu_s, extra_s=5)
        self._room = Limits(limits.cpu_s)
        self._jails: dict[Role, Jail] = {}

    def judge(self, plan: Plan, text: str, prompt: str) -> Verdict:
        """Raises JailError where a jail died; the next call starts another."""
        try:
            names = [plan.entry] if plan.entry else list(plan.names)
            work = {"text": text, "names": names, "prompt": prompt, "setup": plan.before}
            work["modules"] = prelude.modules(text)
            if plan.pairs:
                verdict = script.judge(self._jail("candidate"), plan.pairs, work, self._limits)
            else:
                verdict = (self._batch(plan, work) if plan.checks else None) or self._exam(plan, work)
            problem = lacking(verdict, plan, prompt, self._packages) or self._setup_fault(verdict, plan, work)
            return Verdict(None, verdict.answer, f"unsupported: {problem}") if problem else verdict
        except JailError:
            self.close()
            raise

    def close(self) -> None:
        for jail in self._jails.values():
            jail.close()
        self._jails = {}

    def _jail(self, role: Role) -> Jail:
        if role not in self._jails:
            try:
                self._jails[role] = Jail(self._tier, role, self._memory_mb, self._packages)
            except JailError as error:
                # Not the program's doing.
                raise RuntimeError(f"no jail could be started: {error}") from error
        return self._jails[role]

    def _batch(self, plan: Plan, work: dict[str, Any]) -> Verdict | None:
        """None where a value is no plain data: then the tests have to run."""
        grade = _Grade(plan, work["text"])
        calls = [call for check in plan.checks for call in check.calls]
        outcome = run_batch(
            self._jail("candidate"), work | {"calls": calls}, self._limits, grade.take, _uses_numpy(work["text"])
        )
        failure = outcome.failure(self._limits)
        if grade.is_undecided:
            return None
        if grade.verdict is None:
            return Verdict(False, grade.program, failure or "exited early: the program ended before its tests")
        if grade.verdict.correct and failure:
            return Verdict(False, grade.program, failure)
        return grade.verdict

    def _setup_fault(self, verdict: Verdict, plan: Plan, work: dict[str, Any]) -> str:
        """What fails in the reference's setup even where there is no program; empty if nothing does."""
        grade = _Grade(plan, "")
        if plan.before and verdict.correct is False and verdict.reason.startswith("exception"):
            empty = work | {"text": "pass", "names": [], "calls": []}
            run_batch(self._jail("candidate"), empty, self._limits, grade.take)
        return f"the reference's setup fails: {grade.verdict.reason}" if grade.verdict else ""

    def _exam(self, plan: Plan, work: dict[str, Any]) -> Verdict:
        tests = {
            **{"tests": plan.tests, "setup": plan.setup, "names": plan.names, "entry": plan.entry},
            **{"check": plan.check, "functions": plan.functions, "modules": plan.modules, "is_suite": plan.is_suite},
            "roles": dict.fromkeys(plan.roles.maybe, "maybe") | dict.fromkeys(plan.roles.classes, "class"),
            "makers": plan.roles.makers,
            **{"words": plan.provenance.words, "circles": plan.provenance.circles},
            **{"foreign": plan.provenance.foreign, "prompt": work["prompt"] if plan.provenance.words else ""},
        }
        exam = run_exam(
            (self._jail("candidate"), self._jail("examiner")),
            work | {"calls": None},
            tests,
            (self._served, self._room),
            _uses_numpy(work["text"] + plan.tests + plan.setup),
        )
        failure = exam.candidate.failure(self._served)
        if exam.report is None:
            ended = exam.examiner.failure(self._room) or "no report"
            waited = exam.examiner.by_wall and exam.examiner.cpu_s < self._room.cpu_s / 10
            if exam.blame and not failure:
                return Verdict(False, work["text"], f"{ended} of the tests, with {exam.blame} from the program")
            if failure or waited:
                return Verdict(False, work["text"], failure or ended)
            return Verdict(None, work["text"], f"the tests did not end: {ended}")
        return _reported(plan, exam.report, failure, work["text"])


def _uses_numpy(source: str) -> bool:
    return "numpy" in source or "np." in source


class _Grade:
    """Holds what a program's process sends against the assertions, one after another; the first failure ends it."""

    def __init__(self, plan: Plan, text: str) -> None:
        self._plan = plan
        self._checks = list(plan.checks)
        self._trees: list[Any] = []
        self.program = text
        self._started = self.is_undecided = False
        self.verdict: Verdict | None = None

    def take(self, message: list[Any]) -> bool:
        """True where nothing more is wanted."""
        if self.verdict is not None or self.is_undecided:
            return True
        kind, self._started, started = message[0], True, self._started
        if kind == "program" and len(message) == 2 and not started:
            self.program = self.program if message[1] is None else str(message[1])
        elif kind == "value" and len(message) == 2 and self._checks:
            self._trees.append(message[1])
            if len(self._trees) == len(self._checks[0].calls):
                self._hold()
        else:
            where = f" in `{self._plan.line(*self._checks[0].place)}`" if kind == "raised" and self._checks else ""
            self._fail(unloaded(message) + where)
        return self.is_undecided or (self.verdict is not None and not self.verdict.correct)

    def _hold(self) -> None:
        check, trees, self._trees = self._checks[0], self._trees, []
        try:
            held = check.holds(trees)
        except Undecided:
            self.is_undecided = True
            return
        except Exception as error:
            self._fail(f"exception: {type(error).__name__}: {error} in `{self._plan.line(*check.place)}`")
            return
        if not held:
            self._fail(f"wrong value: `{self._plan.line(*check.place)}` got {', '.join(map(show, trees))}")
            return
        del self._checks[0]
        if not self._checks:
            self.verdict = Verdict(True, self.program, _held(len(self._plan.checks)))

    def _fail(self, reason: str) -> None:
        self.verdict = Verdict(False, self.program, reason)


def unloaded(message: list[Any]) -> str:
    """A program's failure in words, from what its process said."""
    kind, words = message[0], [w if isinstance(w, str) else str(w)[:300] for w in message[1:]]
    if kind == "unparsed" and words:
        return f"no program: {words[0]}"
    if kind == "undefined" and words:
        return f"undefined: the program defines no {words[0]!r}"
    if kind == "raised" and len(words) >= 3:
        if words[0] == "MemoryError":
            return "out of memory"
        if words[0] in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
            return f"exited early: {words[2]}"
        return f"exception: {words[2]}"
    if kind == "unsupported" and words:
        return f"wrong value: {words[0]}"
    return "exited early: the program spoke out of turn"


def _reported(plan: Plan, report: dict[str, Any], failure: str, text: str) -> Verdict:
    end, why, seen, program = (str(report.get(k, "")) for k in ("end", "why", "seen", "program"))
    program = program or text
    line, held = int(report.get("line", 0)), int(report.get("held", 0))

    def at() -> str:
        return f"`{plan.line(line)}`" if line else "the tests"

    verdicts: dict[str, Callable[[], Verdict]] = {
        "held": lambda: Verdict(not failure, program, failure or _held(held)),
        "failed": lambda: Verdict(False, program, f"wrong value: {at()} {why}, last seen {seen or 'nothing'}"),
        "raised": lambda: Verdict(False, program, f"{_kind(why)} in {at()}"),
        "empty": lambda: Verdict(None, program, "the tests made no assertion about the program"),
        "wrong": lambda: Verdict(False, program, f"wrong value: {why} in {at()}"),
        "undecidable": lambda: Verdict(None, program, f"unsupported: {why}"),
        "gone": lambda: Verdict(False, program, failure or f"exited early: {why}"),
        "unloaded": lambda: Verdict(False, program, unloaded(list(report.get("message", [""])))),
    }
    return verdicts[end]()


def _kind(why: str) -> str:
    if why.startswith(("SystemExit", "KeyboardInterrupt", "GeneratorExit")):
        return f"exited early: {why}"
    return "out of memory" if why.startswith("MemoryError") else f"exception: {why}"


def _held(num: int) -> str:
    return f"{num} assertion{'s' * (num != 1)} held"
