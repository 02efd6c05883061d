"""The gold in the model's own words: y'' = M(x; y). A right final answer is not enough to be trained on."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from s3ft.fill import fill
from s3ft.types import Completion, Example, Message, Source, Task

PROMPT = """{prompt}

Here is a reference answer:
{gold}

Using the reference answer as a guide, write your own response to the task above, in your own words and with the work \
shown. Write it as if you had found it yourself: do not mention the reference answer."""
"""The default request; a task may bring its own."""


def ask(example: Example, task: Task) -> list[Message]:
    *before, last = example.prompt
    fields = {**example.meta, "prompt": last["content"], "gold": example.gold}
    return [*before, {**last, "content": fill(task.paraphrase, fields)}]


_META = re.compile(
    r"""\b(?:the|this|that|your|a|given|provided)\s+(?:given\s+|provided\s+)?reference\b
      | \breference\s+(?:answer|response|solution|text|code)\b
      | \b(?:my|your)\s+(?:own\s+)?(?:response|version|paraphrase|rewrite)\b
      | \bin\s+(?:my|your)\s+own\s+words\b
      | \b(?:the|as)\s+(?:given|provided|guide)\s+(?:answer|solution|response)\b
      | \b(?:paraphrased?|rewritten|reworded|rephrased)\s+(?:answer|solution|response|version)\b
      | \bnow\s+it['’]s\s+your\s+turn\b | ^\s*your\s+turn\b
      | \busing\s+the\s+(?:reference|guide)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\w+|[-+*/=]")
_ANSWER = re.compile(r"(?:^|(?<=[.!?\n]))[^.!?\n]*(?:####|\banswer\b|\\boxed)[^\n]*\s*\Z", re.IGNORECASE)

NEAR_COPY = 0.95
"""Share of matching words from which a long paraphrase counts as a copy."""
LONG = 20
"""Words from which a near copy is refused; a short answer has no other words."""


def refuse(example: Example, completion: Completion) -> str:
    """Meta talk (unless prompt or gold use the phrase), a copy of the gold, or a bare answer where it shows work."""
    text = completion.text
    known = f"{example.prompt[-1].get('content', '')}\n{example.gold}".lower()
    for found in _META.finditer(text):
        if found[0].strip().lower() not in known:
            return "talks about the reference"
    words, gold = _WORD.findall(text.lower()), _WORD.findall(example.gold.lower())
    if words == gold or (len(gold) >= LONG and SequenceMatcher(None, words, gold, autojunk=False).ratio() >= NEAR_COPY):
        return "copies the gold"
    work, shown = _work(text), _work(example.gold)
    if shown >= 5 and work < max(3, shown // 5):
        return "shows no work"
    return ""


def _work(text: str) -> int:
    """Words before the sentence that states the answer; none where there is one sentence only."""
    before = _ANSWER.sub("", text.strip())
    one_sentence = len([s for s in re.split(r"(?<=[.!?])\s+|\n", before.strip()) if s]) <= 1
    return (
        0 if one_sentence and before == text.strip() and len(_WORD.findall(before)) < 12 else len(_WORD.findall(before))
    )


source = Source(ask, refuse)
