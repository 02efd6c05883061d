r"""Where a completion states its answer: the last of \boxed{}, "#### N" and "the answer is", else its closing sentence.

All searches are linear in the length of the text; the prose ones look at its end only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from s3ft.judges._math_quantity import number_word
from s3ft.judges._math_text import braced, plain

TAIL = 20_000
"""Characters from the end in which a stated answer is looked for."""
CLOSING = 3_000
"""Characters from the end in which the closing sentence is looked for."""

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{")
_OPEN_BOX = re.compile(r"\\boxed\s*\{?([^{}$\n]*)")
_BETWEEN = re.compile(r"(?:[\s$,;&.]|\\[\[\]()]|\\(?:text|quad|qquad)\b|[{}]|\band\b|\bor\b|[a-zA-Z]\s*=|\*\*)*")
_HASHES = re.compile(r"####[ \t]*([^\n]+)")
_HEADING = re.compile(r"\d+[.)]\s+[A-Za-z]|[A-Za-z*]")
_STATED = re.compile(
    r"\b(?:answer|ans|result|solution)\b(?:[ \t]+(?:to|for|of)\b[^.\n:=]{0,100}?)?(?:\*\*|__|\s|\\\)|\})*"
    r"(?:(?:\b(?:is|are|was|equals|would be|will be|should be|must be|comes out to|therefore|then|thus)\b|:|=|＝|：)[\s*:_]*)+",
    re.IGNORECASE,
)
_FINAL = re.compile(r"\b(?:answer|ans)\b", re.IGNORECASE)
_LETTER_A = re.compile(r"(?:^|\n)[ \t]*(?:\*\*)?A(?:nswer)?(?:\*\*)?[ \t]*:(?:\*\*)?[ \t]*(?=\S)")
_NEXT = re.compile(
    r"\n\s*(?:\*\*|#+\s*)?(?:Q|Question|Problem|Human|User|Instruction)(?:\s*\d+)?\s*(?:\*\*)?:", re.IGNORECASE
)
_THOUGHT = re.compile(
    r"</(?:think|thinking|thought|reasoning|reflection)>|\[/THINK\]|<\|end_of_thought\|>|◁/think▷", re.IGNORECASE
)
_THINKING = re.compile(
    r"\s*(?:<(?:think|thinking|thought|reasoning)>|\[THINK\]|<\|begin_of_thought\|>|◁think▷)", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])(?:\*\*|\\\)|\$)?\s+(?=[A-Z*\\$(])|\n+")
_ASIDE = re.compile(
    r"\W*(?:note|remember|this (?:assumes|means we|is because|estimation|solution)|let me know|i hope|feel free|if you|(?:to )?(?:check|verify)|"
    r"verification|please|assuming|is there|hope)\b",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"\W*(?:\w+\s+)?(?:therefore|so|thus|hence|in (?:total|conclusion|summary)|finally|altogether|consequently)\b", re.I
)
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+"
_MATH = r"\\\((?:[^\\]|\\[^)]){1,400}?\\\)|\\\[(?:[^\\]|\\[^\]]){1,400}?\\\]|\$\$[^$]{1,400}\$\$|(?<!\\)\$(?![\s\d])[^$\n]{1,300}\$|(?<!\\)\$\d[^$\n a-z]{0,100}\$(?!\d)"
_LATEX = r"[-−]?\d*\s*(?:\\[dtc]?frac\s*(?:\{[^{}]{1,60}\}|\d)\s*(?:\{[^{}]{1,60}\}|\d)|\\sqrt\s*(?:\{[^{}]{1,60}\}|\d)|\\pi\b)"
_QUANTITY = re.compile(
    rf"(?P<bold>\*\*[^*\n]{{1,200}}\*\*)|(?P<math>{_MATH}|{_LATEX})|(?<![\w.,^_])(?P<plain>[-−]?\s?(?:\\?[$€£¥₹])?\s?[-−]?(?:{_NUMBER})"
    rf"(?:\s*/\s*\d+|\s+\d+/\d+)?(?:\s*(?:\\?%|percent|per cent))?)(?![\w^]*=)"
)
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|totals?|gets?|got|makes?|has|have|had|left with|paid|pays?|costs?|needs?|takes?|took|to)\b"
    r"|=|:)\s*(?:\b(?:approximately|about|around|roughly|only|exactly|just|still|now|then|also|a total of|at least|at most|equal to|an?)\b|\\approx|[*$\\(\s])*$",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|totals?)\b|=)[^\w]*(?:\b(?:approximately|about|around|only|exactly|now|at least|at most|equal to)\b|[*$\\(\s])*$",
    re.I,
)
_AFTERWARDS = re.compile(
    r"\b(?:in|for|of|with|than|at|per|within|after|every|over|from|by|on|each|all|and a|an?|the|these|those)\s*$", re.I
)
_RESULT = re.compile(r"=\s*(?:\\?\$|\\text\{[^{}]*\}|\s|\\?\()*(-?(?:" + _NUMBER + r"))(?![\d.]*\s*[*×+/÷])")


@dataclass(frozen=True, slots=True)
class Stated:
    """Answers a completion states, the likeliest first; the later ones are other readings of the same place."""

    answers: tuple[str, ...]
    where: str


def answer_part(text: str) -> str:
    """A completion without its thoughts; a thought that never ends leaves nothing."""
    last = None
    for last in _THOUGHT.finditer(text):  # noqa: B007
        pass
    if last:
        return text[last.end() :]
    return "" if _THINKING.match(text) else text


def stated(text: str, fits: Callable[[str], bool], prompt: Callable[[], str] = str) -> Stated | None:
    """The answer of a completion without thoughts; `fits` says whether a piece of text can be one at all.

    `prompt` gives the question, asked for only where a closing sentence holds several numbers."""
    found = _explicit(text, fits)
    if found and (more := _NEXT.search(text)) and (before := _explicit(text[: more.start()], fits)):
        return before
    return found or _closing(text[-CLOSING:], fits, prompt)


def _explicit(text: str, fits: Callable[[str], bool]) -> Stated | None:
    base = max(0, len(text) - TAIL)
    tail = text[base:]
    found = [f for f in (_boxed(text), _hashes(tail, base, fits), _said(tail, base, fits)) if f]
    if not found:
        return None
    return max(found, key=lambda f: f[0])[1]


def _boxed(text: str) -> tuple[int, Stated] | None:
    end, boxes = len(text), []
    for _ in range(8):
        start = max(text.rfind(r"\boxed", 0, end), text.rfind(r"\fbox", 0, end))
        if start < 0:
            break
        match = _BOX.match(text, start)
        inside = braced(text, match.end() - 1) if match else None
        if inside is None and not boxes:
            open_box = _OPEN_BOX.match(text, start)
            inside = open_box[1] if open_box and len(open_box[1]) < 100 else None
            stop = open_box.end() if open_box and inside else start
        else:
            stop = match.end() + len(inside) + 1 if match and inside is not None else start
        if inside is not None and inside.strip(" \\$"):
            if boxes and not (stop <= boxes[-1][0] <= stop + 60 and _BETWEEN.fullmatch(text[stop : boxes[-1][0]])):
                break
            boxes.append((start, inside, stop))
        end = start
    if not boxes:
        return None
    start, inside, stop = boxes[0]
    after = text[stop : stop + 12]
    if re.match(r"\s*(?:\\?%|percent)", after) and "%" not in inside:
        inside += "%"
    answers = [inside]
    if len(boxes) > 1:
        between = " or " if any(" or" in text[b[2] : a[0]] for a, b in zip(boxes, boxes[1:], strict=False)) else ", "
        joined = between.join(b[1] for b in reversed(boxes))
        answers = [joined] if between == " or " else [joined, inside]
    return start, Stated(tuple(answers), "boxed")


def _hashes(tail: str, base: int, fits: Callable[[str], bool]) -> tuple[int, Stated] | None:
    for match in reversed(list(_HASHES.finditer(tail))[-20:]):
        line = match[1].strip()
        if len(line) <= 200 and fits(line) and not _HEADING.match(line):
            return base + match.start(), Stated((line,), "after ####")
    return None


def _said(tail: str, base: int, fits: Callable[[str], bool]) -> tuple[int, Stated] | None:
    matches = [m for m in _STATED.finditer(tail) if _FINAL.match(m[0])] + list(_LETTER_A.finditer(tail))
    for match in sorted(matches, key=lambda m: m.end(), reverse=True)[:20]:
        region = _region(tail[match.end() : match.end() + 1000])
        if region and fits(region):
            return base + match.end(), Stated(_readings(region), "stated answer")
    return None


def _region(text: str) -> str:
    """The statement that begins a text: a display formula, or a sentence up to its end."""
    text = text.lstrip(" \n\t*:_>")
    for opening, closing in ((r"\[", r"\]"), ("$$", "$$"), (r"\(", r"\)")):
        if text.startswith(opening) and closing in text[2:]:
            inner = text[2 : text.index(closing, 2)]
            rest = re.match(r"\s*(\\?%|and\b[^.\n]*|or\b[^.\n]*|,[^.\n]*\\\))?", text[text.index(closing, 2) + 2 :])
            return inner + " " + (rest[1] or "" if rest else "")
    line = _SENTENCE.split(text, maxsplit=1)[0]
    return re.sub(r"\.?\s*I hope it is correct.*", "", line).strip()


def _readings(region: str) -> tuple[str, ...]:
    """A short statement is the answer; in a long one it is the quantity that begins it, or the one it is about."""
    words = region.split()
    if len(words) <= 2 or _is_bare(region):
        return (_calm(region),)
    first = _QUANTITY.match(region)
    if first and len(words) <= 10 and "=" not in region[first.end() :]:
        return (
            (_calm(region), _calm(first[0]))
            if not re.search(r"\d", region[first.end() :])
            else (_calm(first[0]), _calm(region))
        )
    if first:
        return (_calm(first[0]),)
    picked = _pick(region, "", str)
    return (_calm(region), picked) if picked else (_calm(region),)


def _is_bare(text: str) -> bool:
    """Whether a text is mathematics without language around it."""
    return re.search(r"[A-Za-z]{2,}", re.sub(r"\\[a-zA-Z]+(?:\{[a-zA-Z ]*\})?", "", text)) is None


def _calm(text: str) -> str:
    """Without the exclamation mark that ends a sentence."""
    return text.strip().rstrip("!*. ") if not text.rstrip().endswith(("$", ")")) else text.strip()


def _closing(text: str, fits: Callable[[str], bool], prompt: Callable[[], str]) -> Stated | None:
    sentences = [s for s in _SENTENCE.split(text) if s and s.strip() and fits(s)]
    if not sentences:
        return None
    plausible = [s for s in sentences[-4:] if not _ASIDE.match(s)] or sentences[-1:]
    chosen = plausible[-1]
    if not _CONCLUDES.match(chosen) and not re.search(r"=|\b(?:is|are|was|were)\b", chosen):
        chosen = next((s for s in reversed(plausible[-2:]) if _CONCLUDES.match(s)), chosen)
    if _is_bare(chosen) or (_QUANTITY.match(chosen) and len(chosen.split()) <= 10 and "=" not in chosen):
        return Stated(_readings(chosen.strip()), "closing sentence")
    picked = _pick(chosen, text, prompt)
    return Stated((picked,), "closing sentence") if picked else None


def _pick(sentence: str, work: str, prompt: Callable[[], str]) -> str | None:
    """The quantity a sentence is about: what was just computed, what "is", what the question does not hold."""
    found = [m for m in _QUANTITY.finditer(sentence) if re.search(r"\d", m[0]) or (m["bold"] and _quantity_words(m[0]))]
    if not found:
        found = [m for m in _QUANTITY.finditer(sentence) if m["math"] or m["bold"]]
    if not found:
        return _worded(sentence)
    if len(found) == 1:
        return _with_unit(sentence, found[0])
    result = None
    for result in _RESULT.finditer(work):  # noqa: B007
        pass
    asked = set(re.findall(r"\d+(?:\.\d+)?", prompt().replace(",", "")))
    scores = []
    for match in found:
        number = re.search(_NUMBER, match[0])
        bare = number[0].replace(",", "") if number else match[0]
        before = sentence[: match.start()]
        score = 3.0 * bool(match["bold"])
        score += 3 * bool(result and bare.rstrip("0").rstrip(".") == result[1].replace(",", "").rstrip("0").rstrip("."))
        score += 2 * bool(_STRONG.search(before[-60:])) + bool(_COPULA.search(before[-60:]))
        score += bare not in asked
        score -= 1.5 * bool(_AFTERWARDS.search(before[-20:]))
        scores.append(score)
    best = max(range(len(found)), key=lambda i: (scores[i], i))
    return _with_unit(sentence, found[best])


def _quantity_words(text: str) -> bool:
    return any(number_word(w) is not None for w in re.findall(r"[A-Za-z-]+", text))


def _with_unit(sentence: str, match: re.Match[str]) -> str:
    text = match[0]
    if match["bold"]:
        inner = text.strip("*")
        within = list(_QUANTITY.finditer(inner))
        if len(plain(inner).split()) > 8 and within:
            return _with_unit(inner, within[-1])
        return _calm(inner)
    if match["math"]:
        percent = re.match(r"\s*(?:\\?%|percent)", sentence[match.end() :])
        return text + ("%" if percent else "")
    unit = re.match(r"\s*-?[A-Za-z]+", sentence[match.end() :])
    return text.strip() + (unit[0] if unit else "")


def _worded(sentence: str) -> str | None:
    words = re.findall(r"[A-Za-z-]+", sentence)
    for length in (4, 3, 2, 1):
        for start in range(len(words) - length, -1, -1):
            piece = " ".join(words[start : start + length])
            number = number_word(piece)
            if (
                number is not None
                and words[start] != "one"
                and words[start].lower() != "and"
                and words[start + length - 1] != "and"
            ):
                return piece
    return None
