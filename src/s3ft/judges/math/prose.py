"""The quantity that a sentence is about: how an answer is found where it is not marked as one."""

from __future__ import annotations

import re
from collections.abc import Callable

from s3ft.judges.math.quantity import number_word
from s3ft.judges.math.text import plain

SENTENCE = re.compile(r"(?<=[.!?])(?:\*\*|\\\)|\$)?\s+(?=[A-Z*$(]|\\(?![\])]))|\n+")
_DISPLAY = re.compile(r":[ \t]*\n\s*|\\\[(?:[^\\]|\\[^\]]){0,600}?\\\]|\$\$[^$]{0,600}\$\$")
_ASIDE = re.compile(
    r"\W*(?:note|remember|this (?:assumes|means we|estimation|solution)"
    r"|this (?:\w+ )?is (?:because|achieved|attained|based)|let me know|i hope|hope|please"
    r"|feel free|if you (?:have|need|want|would)|(?:to )?(?:check|verify)|verification|assuming|is there)\b",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"\W*(?:\w+\s+)?(?:therefore|so|thus|hence|in (?:total|conclusion|summary)|finally|altogether|consequently)\b",
    re.IGNORECASE,
)
_REASON = re.compile(r",|\b(?:because|since|as|so|where|which|that|after|when|if|given)\b", re.IGNORECASE)
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+"
_MATH = (
    r"\\\((?:[^\\]|\\[^)]){1,400}?\\\)|\\\[(?:[^\\]|\\[^\]]){1,400}?\\\]|\$\$[^$]{1,400}\$\$"
    r"|(?<!\\)\$(?![\s\d])[^$\n]{1,300}\$|(?<!\\)\$\d[^$\n a-z]{0,100}\$(?!\d)"
    r"|[-−]?\d*(?:\\[dtc]?frac\s?(?:\{[^{}]{1,60}\}|\d)\s?(?:\{[^{}]{1,60}\}|\d)|\\sqrt\s?(?:\{[^{}]{1,60}\}|\d)|\\pi\b)"
)
_PLAIN = (
    rf"(?<![\w.,^_])[-−]?\s?(?:\\?[$€£¥₹])?\s?[-−]?(?:{_NUMBER})"
    r"(?:\s?/\s?\d+|\s\d+/\d+)?(?:\s?(?:\\?%|percent|per cent))?"
)
_COMPOUND = re.compile(
    r"\d+(?:\.\d+)?[ -](?:hours?|minutes?|days?|weeks?|years?|feet|foot|dollars?|pounds?),?(?: and)? "
    r"\d+(?:\.\d+)?[ -](?:seconds?|minutes?|hours?|days?|months?|inch(?:es)?|cents?|ounces?)\b"
)
_CLAUSE = re.compile(r"\b(?:is|are|was|were|will|has|have|the|earns?|makes?|costs?|takes?)\b|=", re.IGNORECASE)
_JOINT = re.compile(r"\s*(?:,|;|,?\s*and|,?\s*or)\s*")
_QUANTITY = re.compile(rf"(?P<bold>\*\*[^*\n]{{1,200}}\*\*)|(?P<math>{_MATH})|(?P<plain>{_PLAIN})(?![\w^]*=)")
_SOFT = (
    r"(?:\b(?:approximately|about|around|roughly|only|exactly|just|still|now|then|also|at (?:least|most)|equal to)\b"
)
_IS = r"\b(?:is|are|was|were|be|equals?|totals?|a total of)\b"
_HAS = r"\b(?:gets?|got|makes?|ha[sd]|have|left with|pa(?:id|ys?)|costs?|needs?|takes?|took|to)\b|:"
_COPULA = re.compile(rf"(?:{_IS}|{_HAS}|=)\s*{_SOFT}|\b(?:a total of|an?)\b|\\approx|[*$\\(\s])*$", re.IGNORECASE)
_STRONG = re.compile(rf"(?:{_IS}|=)\s*{_SOFT}|[*$\\(\[:\s])*$", re.IGNORECASE)
_WHICH = re.compile(
    r"\b(?:which (?:is|equals|means|gives|makes)|round(?:s|ed)? (?:up |down |off )?to"
    r"|so|thus|hence|therefore|giving|making|leaving),?\s*\W{0,3}$"
)
_AFTERWARDS = re.compile(
    r"\b(?:in|for|of|with|than|at|per|within|after|every|over|from|by|on|each|all|and an?|the|these|those)\s*$",
    re.IGNORECASE,
)
_TERM = re.compile(r"(?:\s?/?[A-Za-z]{1,20}){0,4}\s?(?:[-+*×÷=/−]|\\times|\\cdot)\s?[\d$(\\]")
_VALUE = rf"-?\\[dt]?frac\{{[^{{}}]{{1,60}}\}}\{{[^{{}}]{{1,60}}\}}|-?(?:{_NUMBER})"
_RESULT = re.compile(
    rf"(?<!\b[a-zA-Z])(?<!\b[a-zA-Z]\s)=\s?(?:\\?\$|\\text\{{[^{{}}]{{0,60}}\}}|\s|\\?\(){{0,4}}({_VALUE})(?![\d.]*\s?(?:[*×+÷]|/\s?[\d$]))"
)


def readings(region: str) -> tuple[str, ...]:
    """A short statement is the answer; in a long one it is the quantity that begins it, or the one it is about."""
    words = region.split()
    if len(words) <= 2 or _is_bare(region):
        return (_calm(region),)
    first = _QUANTITY.match(region)
    if not first:
        return (_calm(region), *_pick(region, "", str))
    rest = region[first.end() :]
    if "=" in rest:
        return (_calm(first[0]),) if _REASON.search(rest.partition("=")[0]) else (_calm(region),)
    if re.match(r"[^.;]{0,60}\band\s+\W{0,3}\d", rest):
        return (_calm(region),)
    if len(words) > 10:
        return (_calm(first[0]),)
    ways = (_calm(first[0]), _calm(region))
    return ways if re.search(r"\d", rest) else ways[::-1]


def _is_bare(text: str) -> bool:
    """Whether a text is mathematics without language around it."""
    return re.search(r"[A-Za-z]{2,}", re.sub(r"\\[a-zA-Z]+(?:\{[a-zA-Z ]*\})?|\b(?:and|or)\b", "", text)) is None


def _calm(text: str) -> str:
    """Without the exclamation mark that ends a sentence."""
    return text.strip().rstrip("!*. ") if not text.rstrip().endswith(("$", ")")) else text.strip()


def closing(text: str, fits: Callable[[str], bool], prompt: Callable[[], str]) -> tuple[str, ...]:
    """What the last sentence that concludes something says; nothing where no sentence holds an answer that `fits`."""
    text = _DISPLAY.sub(lambda m: re.sub(r"\s*\n\s*", " ", m[0]), text)
    sentences = [s for s in SENTENCE.split(text) if s and s.strip() and fits(s)]
    if not sentences:
        return ()
    plausible = [s for s in sentences[-4:] if not _ASIDE.match(s)] or sentences[-1:]
    chosen = plausible[-1]
    if not _CONCLUDES.match(chosen) and not re.search(r"=|\b(?:is|are|was|were)\b", chosen):
        chosen = next((s for s in reversed(plausible[-2:]) if _CONCLUDES.match(s)), chosen)
    if _is_bare(chosen) or (_QUANTITY.match(chosen) and len(chosen.split()) <= 10 and "=" not in chosen):
        return readings(chosen.strip())
    return _pick(chosen, text.rpartition(chosen)[0], prompt) or ((chosen.strip(),) if fits("words") else ())


def _pick(sentence: str, work: str, prompt: Callable[[], str]) -> tuple[str, ...]:
    """The quantity a sentence is about: what was just computed, what "is", what the question does not hold.

    Formulas joined by commas or words come first as one list."""
    found = [m for m in _QUANTITY.finditer(sentence) if re.search(r"\d", m[0]) or (m["bold"] and _quantity_words(m[0]))]
    if not found:
        found = [m for m in _QUANTITY.finditer(sentence) if m["math"] or m["bold"]]
    one = _one_of(sentence, found, work, prompt)
    if one is None:
        return ()
    run = [m for m in found[-1:] if m["math"]]
    while run and len(run) < len(found) and (before := found[-len(run) - 1])["math"]:
        if not _JOINT.fullmatch(sentence[before.end() : run[0].start()]):
            break
        run.insert(0, before)
    return (sentence[run[0].start() : run[-1].end()], one) if len(run) > 1 else (one,)


def _one_of(sentence: str, found: list[re.Match[str]], work: str, prompt: Callable[[], str]) -> str | None:
    if not found:
        return _worded(sentence)
    compound = _COMPOUND.findall(sentence)
    if compound:
        return str(compound[-1])
    if len(found) == 1:
        return _with_unit(sentence, found[0])
    # a result in the sentence itself counts too, but n = 11 there only names a part of it
    results = {_short(m[1]) for part in (work, sentence) for m in list(_RESULT.finditer(part))[-1:]}
    asked = set(re.findall(r"\d+(?:\.\d+)?", prompt().replace(",", "")))
    scores = []
    for match in found:
        value = re.search(_VALUE, match[0].rpartition("=")[2])
        bare = _short(value[0]) if value else match[0]
        before = sentence[: match.start()]
        score = 3.0 * bool(match["bold"])
        score += 3 * (bare in results)
        score += 2 * bool(_STRONG.search(before[-60:])) + bool(_COPULA.search(before[-60:]))
        score += bare not in asked
        score += 2 * bool(_WHICH.search(before[-40:]))
        score -= 3 * bool(_TERM.match(sentence[match.end() : match.end() + 60]))
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
        if within and (_CLAUSE.search(inner) or len(plain(inner).split()) > 12):
            return _with_unit(inner, within[-1])
        return _calm(inner)
    if match["math"]:
        percent = re.match(r"\s*(?:\\?%|percent)", sentence[match.end() :])
        return text + ("%" if percent else "")
    if re.search(r"(?<!\d )\b(?:minus|negative) $", sentence[max(match.start() - 12, 0) : match.start()]):
        text = "-" + text.strip()
    unit = re.match(r"[ -]?[A-Za-z]{3,20}", sentence[match.end() : match.end() + 24])
    return text.strip() + (unit[0] if unit else "")


def _short(number: str) -> str:
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _worded(sentence: str) -> str | None:
    """The last number written as words; "one" alone is no number."""
    words = re.findall(r"[A-Za-z-]+", sentence)
    for length in (4, 3, 2, 1):
        for start in range(len(words) - length, -1, -1):
            piece = words[start : start + length]
            whole = "and" not in (piece[0].lower(), piece[-1].lower()) and piece[0] != "one"
            if whole and number_word(" ".join(piece)) is not None:
                return " ".join(piece)
    return None
