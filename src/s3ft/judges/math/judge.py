r"""Math: the final answer equals the reference as people mean it.

The reference is a number, a LaTeX string, a text with \boxed{}, or GSM8K's own answer text ("... #### 18"). Numbers,
lists, tuples, intervals, matrices and expressions are decided exactly where that is cheap; math-verify
(github.com/huggingface/Math-Verify) decides the rest in a process that is killed when its time is over."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from s3ft.judges.answer_part import answer_part
from s3ft.judges.math.algebra import Algebra
from s3ft.judges.math.compare import MAX_LENGTH, compare, is_words
from s3ft.judges.math.extract import stated
from s3ft.judges.math.number_words import with_digits
from s3ft.judges.math.text import clean, plain
from s3ft.judges.math.value import TooLarge
from s3ft.types import Completion, Example, UserError, Verdict


class judge:
    """Judges a batch. Algebra may take `timeout_s` seconds on one row; the verdict after that is None.

    Raises UserError where `timeout_s` is no positive number."""

    def __init__(self, timeout_s: float = 5.0) -> None:
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 < timeout_s < 3600:
            raise UserError(f"judge 'math': timeout_s is {timeout_s!r}, expected seconds above 0 and below 3600")
        self._algebra = Algebra(float(timeout_s))

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(e, c) for e, c in zip(examples, completions, strict=True)]

    def _one(self, example: Example, completion: Completion) -> Verdict:
        try:
            reference = reference_answer(example.reference)
            if reference is None:
                expected = "expected a number or a text with one"
                return Verdict(None, reason=f"reference is {_short(example.reference)}, {expected}")
            text = clean(completion.text)
            verdict = self._judged(reference, text)
            if verdict.correct is False and (scale := _scale_asked(example)) and scale in text:
                literal = self._judged(reference, re.sub(rf"(?<=\w)\s+{scale}s?\b", "", text))
                return literal if literal.correct else verdict
            return verdict
        except Exception as error:
            return Verdict(None, reason=f"judge failed: {type(error).__name__}: {_short(str(error))}")

    def _judged(self, reference: str, text: str) -> Verdict:
        found = stated(answer_part(text), _fitting(reference))
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


def _scale_asked(example: Example) -> str:
    """The scale in which a question wants its number: how many million?"""
    asked = str(example.prompt[-1].get("content", "")) if example.prompt else ""
    found = re.search(r"\b(?:how many|in|of) (hundred|thousand|million|billion|trillion)s?\b", asked, re.IGNORECASE)
    return found[1].lower() if found else ""


def reference_answer(reference: Any) -> str | None:
    """The answer that a reference states; None where it states none."""
    if isinstance(reference, bool) or not isinstance(reference, str | int | float):
        return None
    if isinstance(reference, int | float):
        return repr(reference) if math.isfinite(reference) else None
    return _stated_reference(reference)


@lru_cache(maxsize=1 << 12)
def _stated_reference(reference: str) -> str | None:
    text = clean(reference).strip()
    if "####" in text:
        text = text.rpartition("####")[2].strip()
    elif r"\boxed" in text or len(text.split()) > 8:
        found = stated(text, lambda piece: True)
        text = found.answers[0] if found else text
    return text if len(text) <= MAX_LENGTH and plain(text) else None


@lru_cache(maxsize=1 << 12)
def _fitting(reference: str) -> Any:
    """Whether a piece of text can hold an answer of the reference's kind."""
    if re.search(r"\d", with_digits(reference)):
        wanted = r"[\d\\]|\b[A-E]\b" if re.search(r"\([A-E]\)", reference) else r"[\d\\]"
        return lambda piece: re.search(wanted, with_digits(piece)) is not None
    if is_words(reference):
        return lambda piece: True
    return lambda piece: re.search(r"[\d\\$(]|\b[A-Za-z]\b", piece) is not None


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
