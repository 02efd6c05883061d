"""Exact match with the reference, or one of a list of references, up to outer white space and without thoughts."""

from __future__ import annotations

from s3ft.judges.answer_part import answer_part
from s3ft.types import Completion, Example, Verdict


def judge(example: Example, completion: Completion) -> Verdict:
    """Compares text with `example.reference`: a string, a number or a list of accepted ones."""
    references = example.reference if isinstance(example.reference, list) else [example.reference]
    if not references or any(isinstance(r, dict | list) or r is None for r in references):
        return Verdict(None, reason=f"reference is {example.reference!r}, expected a string or a list of strings")
    answer = answer_part(completion.text).strip()
    if {answer, completion.text.strip()} & {str(r).strip() for r in references}:
        return Verdict(True, answer=answer)
    return Verdict(False, answer=answer, reason=f"not equal to {str(references[0])!r}")
