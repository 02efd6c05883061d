r"""Math: the final answer equals the reference as people mean it.

The reference is a number, a LaTeX string, a text with \boxed{}, or GSM8K's own answer text ("... #### 18"). Numbers,
lists, tuples, intervals, matrices and expressions are decided exactly where that is cheap; math-verify
(github.com/huggingface/Math-Verify) decides the rest in a process that is killed when its time is over."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Any

from s3ft.judges.math.compare import MAX_LENGTH, compare, is_words
from s3ft.judges.math.extract import answer_part, stated
from s3ft.judges.math.quantity import number_word
from s3ft.judges.math.text import clean, plain
from s3ft.judges.math.value import TooLarge
from s3ft.types import Completion, Example, UserError, Verdict

STARTUP_S = 120.0
"""Seconds that the algebra process may take to import its library on a busy machine."""

_WORD = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{3,}")


class judge:
    """Judges a batch. Algebra may take `timeout_s` seconds on one row; the verdict after that is None.

    Raises UserError where `timeout_s` is no positive number."""

    def __init__(self, timeout_s: float = 5.0) -> None:
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 < timeout_s < 3600:
            raise UserError(f"judge 'math': timeout_s is {timeout_s!r}, expected seconds above 0 and below 3600")
        self._algebra = _Algebra(float(timeout_s))

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(e, c) for e, c in zip(examples, completions, strict=True)]

    def _one(self, example: Example, completion: Completion) -> Verdict:
        try:
            reference = reference_answer(example.reference)
            if reference is None:
                return Verdict(
                    None, reason=f"reference is {_short(example.reference)}, expected a number or a text with one"
                )
            return self._judged(example, reference, clean(completion.text))
        except Exception as error:
            return Verdict(None, reason=f"judge failed: {type(error).__name__}: {_short(str(error))}")

    def _judged(self, example: Example, reference: str, text: str) -> Verdict:
        found = stated(answer_part(text), _fitting(reference), lambda: _question(example))
        if found is None:
            return Verdict(False, reason="no answer found")
        verdict = Verdict(False)
        for answer in found.answers:
            verdict = self._compared(reference, answer, found.where)
            if verdict.correct is not False:
                break
        return verdict

    def _compared(self, reference: str, answer: str, where: str) -> Verdict:
        shown = answer.strip()[:500]
        try:
            correct, how = compare(reference, answer), where
        except TooLarge as error:
            return Verdict(None, answer=shown, reason=f"too large to compare: {error}")
        if correct is None:
            correct, how = self._algebra.ask(plain(reference), plain(answer))
        if correct is None:
            return Verdict(None, answer=shown, reason=how)
        return Verdict(correct, answer=shown, reason=how if correct else f"{how}: not {_short(reference)}")


def reference_answer(reference: Any) -> str | None:
    """The answer that a reference states; None where it states none."""
    if isinstance(reference, bool) or not isinstance(reference, str | int | float):
        return None
    if isinstance(reference, int | float):
        return repr(reference) if reference == reference and abs(reference) != float("inf") else None
    text = clean(reference).strip()
    if "####" in text:
        text = text.rpartition("####")[2].strip()
    elif r"\boxed" in text or len(_WORD.findall(text)) > 6:
        found = stated(text, lambda piece: True)
        text = found.answers[0] if found else text
    return text if len(text) <= MAX_LENGTH and plain(text) else None


def _fitting(reference: str) -> Any:
    """Whether a piece of text can hold an answer of the reference's kind."""
    if re.search(r"\d", reference):
        return lambda piece: (
            re.search(r"[\d\\½⅓⅔¼¾]", piece) is not None
            or any(number_word(w) is not None for w in re.findall(r"[A-Za-z]+", piece[:500]))
        )
    if is_words(reference):
        return lambda piece: True
    return lambda piece: re.search(r"[\d\\$(]|\b[A-Za-z]\b", piece) is not None


def _question(example: Example) -> str:
    return "\n".join(m["content"] for m in example.prompt[-1:] if isinstance(m.get("content"), str))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class _Algebra:
    """math-verify in a process of its own: started when first asked, killed and started anew when it takes too long."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._at_exit: weakref.finalize[Any, Any] | None = None
        self._owner = os.getpid()

    def ask(self, reference: str, answer: str) -> tuple[bool | None, str]:
        """(verdict, how it came about)."""
        with self._lock:
            process = self._running()
            if process is None:
                return None, "the algebra process does not start"
            question = {"reference": reference, "answer": answer, "limit": self._limit}
            line = self._exchange(process, json.dumps(question) + "\n", self._limit)
            if line is None:
                return None, f"timeout after {self._limit:g} s"
            if not line:
                self._close()
                return None, "the algebra process ended"
            found = json.loads(line)
            return found["correct"], found["reason"]

    def _running(self) -> subprocess.Popen[str] | None:
        if self._owner != os.getpid():
            self._process, self._at_exit, self._owner = None, None, os.getpid()
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._close()
        # -P: a file named like a standard module, in the user's folder, must not be imported
        command = [sys.executable, "-P", "-m", "s3ft.judges.math.worker"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        self._process = process
        self._at_exit = weakref.finalize(self, _end, process, os.getpid())
        if not self._exchange(process, "", STARTUP_S):
            self._close()
            return None
        return process

    def _exchange(self, process: subprocess.Popen[str], line: str, limit: float) -> str | None:
        """The next line the process writes; None where it had to be killed."""
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit, kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            timer.cancel()
        if late.is_set():
            self._close()
            return None
        return answer

    def _close(self) -> None:
        if self._at_exit is not None:
            self._at_exit()
        self._process = self._at_exit = None


def _end(process: subprocess.Popen[str], owner: int) -> None:
    if os.getpid() != owner:
        return
    process.kill()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            pass
    process.wait()
