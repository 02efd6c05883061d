"""Which part of a completion is the answer, and which part of a prompt is the question."""

from __future__ import annotations

import re

from s3ft.judges.answer_part import answer_part, before_next_question
from s3ft.types import Example

LONGEST = 100_000
"""Characters of a completion that are read."""
LONG_PROMPT = 60
"""Words from which a prompt is taken to hold more than the question."""

_ANSWER = re.compile(
    r"(?:^|\n)[ \t>*_#]*(?:(?:the|my|final|short|correct)\s+){0,2}answer(?:\s+is)?[ *_]*[:：][ *_]*(?=\S)|<answer>",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    r"</answer>|\n[ \t>*_#]*(?:explanation|reason|reasoning|note|background|context)[ *_]*[:：]", re.IGNORECASE
)
_CORRECTED = re.compile(
    r"(?:[.…!?;:–—-]|\.\.\.|,)\s*(?:oh|hmm+)?[,. ]*(?:no,?\s+wait|wait,?\s+no|wait|actually|correction|scratch that|"
    r"(?:sorry,?\s+)?i\s+meant?|let me correct (?:that|myself))\b[\s,.:;…–—-]*(?=\S)",
    re.IGNORECASE,
)
LONGEST_CORRECTED = 25
"""Words before a correction, at most; what is longer is an account and not an answer that is taken back."""

_QUESTION = re.compile(r"(?:^|\n)[ \t>*_#]*question[ *_]*[:：][ *_]*(\S[^\n]*)", re.IGNORECASE)
_ENDS = re.compile(r"[\n.?!]")


def stated(completion: str) -> str:
    """What a completion answers with, of a huge one both ends read.

    Thoughts and what follows an invented next question are cut off. Of the rest it is what an answer tag
    or the last line beginning with "Answer:" holds, else all; of a correction, the new answer."""
    if len(completion) > LONGEST:
        completion = f"{completion[: LONGEST // 2]}\n{completion[-LONGEST // 2 :]}"
    completion = before_next_question(answer_part(completion))
    marked = list(_ANSWER.finditer(completion))
    if marked:
        completion = _EXPLAINED.split(completion[marked[-1].end() :], maxsplit=1)[0]
    corrections = list(_CORRECTED.finditer(completion[:2000]))
    if corrections and len(completion[: corrections[-1].start()].split()) <= LONGEST_CORRECTED:
        completion = completion[corrections[-1].end() :]
    return completion


def asked(example: Example) -> str:
    """The question: the row's own field, else what the prompt marks as one, else a short prompt as it is."""
    field = example.meta.get("question")
    if isinstance(field, str):
        return field
    prompt = next((m["content"] for m in reversed(example.prompt) if m.get("role") == "user"), "")
    if not isinstance(prompt, str):
        return ""
    marked = _QUESTION.findall(prompt)
    if marked:
        return str(marked[-1])
    if len(prompt.split()) <= LONG_PROMPT:
        return prompt
    before, mark, _ = prompt.rpartition("?")
    return f"{_ENDS.split(before)[-1]}?" if mark else ""
