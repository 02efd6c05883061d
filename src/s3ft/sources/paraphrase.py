"""The gold in the model's own words: y'' = M(x; y)."""

from __future__ import annotations

import re
import sys
from difflib import SequenceMatcher

from s3ft.prompts import fill
from s3ft.types import Completion, Example, Message, Source

PROMPT = """{prompt}

Here is a reference answer:
{gold}

Using the reference answer as a guide, write your own response to the task above, in your own words and with the work \
shown. Write it as if you had found it yourself: do not mention the reference answer."""
"""The default request; a task may bring its own."""


def ask(example: Example, paraphrase: str) -> list[Message]:
    *before, last = example.prompt
    fields = {**example.meta, "prompt": last["content"], "gold": example.gold}
    return [*before, {**last, "content": fill(paraphrase, fields)}]


_META = re.compile(
    r"""\b(?:the|this|that|your|given|provided)\s+(?:given\s+|provided\s+)?reference\b
        (?!\s+(?:to|point|frame|number|count|angle|value|level|line|list|letter|manual|book|desk|date|year|price
              |type|class|variable|object|count(?:er|ing)|genome|group|section|electrode|temperature|pressure)\b)
      | \breference\s+(?:answer|response|solution|explanation|text|code|implementation|program)\b
      | \b(?:my|your)\s+(?:own\s+)?(?:response|version|paraphrase|rewrite|rephrasing)\b
      | \b(?:my|your)\s+own\s+(?:step-by-step\s+)?(?:solution|explanation|answer|words)\b
      | \b(?:the|as)\s+(?:given|provided|guide)\s+(?:answer|solution|response)\b
      | \b(?:according\s+to|based\s+on|following|as\s+(?:in|shown\s+in|per)|consistent\s+with|match(?:es|ing)?
          |agree(?:s|ing)?\s+with|refer(?:s|red|ring)?\s+to|guided\s+by)\s+(?:the|this|that)\s+
        (?:(?:above|correct|sample|example|guiding)\s+(?:solution|answer|response|explanation)
          |(?:solution|answer|response|explanation)\s+(?:above|provided|given))\b
      | \b(?:paraphrased?|rewritten|reworded|rephrased)\s+(?:answer|solution|response|version)\b
      | \bparaphras(?:e|ing)\s+of\s+the\b
      | \bnow\s+it['’]s\s+your\s+turn\b | ^\s*your\s+turn\b
      | \busing\s+the\s+(?:reference|guide)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\w+|[-+*/=]")
_ANSWER = re.compile(
    r"""(?:\b(?:so|thus|hence|therefore|and|the|final|correct|my)\b[\s,*_]*)*
        (?:\#{4} | \\boxed | \banswer\b [^.,;:=!?\n\d]{0,80}? (?:\b(?:is|was|equals|would\s+be)\b|[:=]))
        (?:(?![.!?]\s)[^\n])* \s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCES = re.compile(r"(?<=[a-z]{3}[.!?])\s+|(?<=\d[.!?])\s+|\n")
_CODE = re.compile(r"^\s*(?:def|class)\s+\w+|\[\[BEGIN\]\]|^```", re.MULTILINE)

TAIL = 600
"""Characters in which the statement of the answer is looked for."""
NEAR_COPY = 0.95
"""Share of matching words from which a long paraphrase counts as a copy."""
LONG = 20
"""Words from which a near copy is filtered out; a short answer has no other words."""


def rejection(example: Example, completion: Completion) -> str:
    """Meta talk, in thoughts too (unless prompt or gold use the phrase), a copy of the gold, or a bare answer when
    the gold shows work (short code is no bare answer)."""
    text = completion.text
    known = _plain("\n".join([*(str(m.get("content")) for m in example.prompt), example.gold]))
    for found in _META.finditer(completion.raw or text):
        if _plain(found[0]) not in known:
            return "mentions the reference"
    words, gold = _WORD.findall(text.lower()), _WORD.findall(example.gold.lower())
    if words == gold or (len(gold) >= LONG and _alike(words, gold)):
        return "copies the gold"
    work, shown = _work(text, 12), 0 if _CODE.search(example.gold) else _work(example.gold, sys.maxsize)
    if shown >= 5 and work < max(3, shown // 5):
        return "shows no work"
    return ""


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _alike(words: list[str], gold: list[str]) -> bool:
    matcher = SequenceMatcher(None, words, gold, autojunk=False)
    # The two bounds from above are cheap, the ratio takes seconds on thousands of words.
    return min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= NEAR_COPY and matcher.ratio() >= NEAR_COPY


def _work(text: str, alone: int) -> int:
    """Words before the statement of the answer; a sentence with neither statement nor equation is work from `alone`
    words on."""
    text = text.strip()
    before = text[:-TAIL] + _ANSWER.sub("", text[-TAIL:])
    words = len(_WORD.findall(before))
    sentences = [s for s in _SENTENCES.split(before) if s.strip()]
    is_bare = len(sentences) <= 1 and before == text and "=" not in text and words < alone
    return 0 if is_bare else words


source = Source(ask, rejection)
