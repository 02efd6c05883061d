"""The published measures of reading comprehension, so that published numbers can be repeated."""

from __future__ import annotations

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalized(text: str) -> str:
    """Lower case without punctuation, articles and extra white space, as SQuAD's own script does (Rajpurkar 2016)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact(completion: str, reference: str) -> float:
    return float(normalized(completion) == normalized(reference))


def contains(completion: str, reference: str) -> float:
    """Whether the normalised reference is part of the normalised completion (best_subspan_em of Liu et al. 2023)."""
    sought = normalized(reference)
    return float(bool(sought) and sought in normalized(completion))


def f1(completion: str, reference: str) -> float:
    """Token F1: the harmonic mean of precision and recall over the words of both."""
    said, gold = normalized(completion).split(), normalized(reference).split()
    common = sum((Counter(said) & Counter(gold)).values())
    return 2 * common / (len(said) + len(gold)) if common else float(said == gold)
