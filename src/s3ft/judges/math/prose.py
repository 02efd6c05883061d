"""The quantity that a sentence is about: how an answer is found if it is not marked as one."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from s3ft.judges.math.doubt import asked, correction, denied, operand, refuses
from s3ft.judges.math.number_words import with_digits
from s3ft.judges.math.quantity import CALCULATED
from s3ft.judges.units import unit_of

SENTENCE = re.compile(r"(?<=[.!?])(?:\*\*|\\\)|\$)?\s+(?=[A-Z*$(]|\\(?![\])]))|\n+")
_DISPLAY = re.compile(r":[ \t]*\n\s*|\\\[(?:[^\\]|\\[^\]]){0,600}?\\\]|\$\$[^$]{0,600}\$\$")
_ASIDE = re.compile(
    r"\W*(?:note|remember|this (?:assumes|means we|estimation|solution)"
    r"|this (?:\w+ )?is (?:because|achieved|attained|based)|let me know|i hope|hope|please|source"
    r"|feel free|ask me|if you (?:have|need|want|would)|(?:to |let(?: me|'s|us) )?(?:double[- ])?(?:check|verify)"
    r"(?!.*\b(?:so|thus|hence|therefore)\b)|verification|assuming|is there)\b"
    r"|\s*\([^()]*[A-Za-z]{3}[^()]*\)\W*$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"[^\w(]*(?:[A-Za-z]+ ){0,4}(?:total|result|sum|output|cost|amount|number|solution)\b[^:=\d]{0,30}[:=]", re.I
)
_NUMBER = r"\d+(?:,\d+)*(?:\.\d+)?|\.\d+"
_MATH = (
    r"\\\((?:[^\\]|\\[^)]){1,400}?\\\)|\\\[(?:[^\\]|\\[^\]]){1,400}?\\\]|\$\$[^$]{1,400}\$\$"
    r"|(?<!\\)\$(?![\s\d])[^$\n]{1,300}\$|(?<!\\)\$\d[^$\n ]{0,100}\$(?!\d)"
    r"|-?\d*(?:\\[dtc]?frac\s?(?:\{[^{}]{1,60}\}|\d)\s?(?:\{[^{}]{1,60}\}|\d)|\\sqrt\s?(?:\{[^{}]{1,60}\}|\d)|\\pi\b)"
)
_PLAIN = (
    rf"(?<![\w.,^_\\])\(-?(?:{_NUMBER})(?:, ?-?(?:{_NUMBER}))+\)"
    r"|(?<![\w.,^_])-?\s?(?:\\?[$€£¥₹])?\s?-?(?:\d{1,4}(?::\d{1,4})+(?:\s?[ap]\.?m\b\.?)?|\d{1,2}\s?(?:[ap]\.?m\b\.?|o'clock)"
    rf"|(?:{_NUMBER})(?:\s?(?:\\times|\\cdot|\*)\s{{0,2}}10\s?(?:\^|\*\*)\s?(?:\{{-?\d+\}}|-?\d+)|\s?/\s?\d+|\s\d+/\d+)?)"
    r"(?:\s?(?:\\?%|percent|per cent))?"
)
_COMPOUND = re.compile(
    r"\d+(?:\.\d+)?[ -](?:hours?|minutes?|days?|weeks?|years?|feet|foot|dollars?|pounds?),?(?: and)? "
    r"\d+(?:\.\d+)?[ -](?:seconds?|minutes?|hours?|days?|months?|inch(?:es)?|cents?|ounces?)\b"
)
_PERHAPS = r"(?: (?:else|maybe|perhaps|possibly|even))?"
_EITHER = re.compile(rf"(?:\s[A-Za-z]+)?,? or{_PERHAPS} ")
_MORE = re.compile(rf"[^.;]{{0,60}}\b(?:and|or){_PERHAPS}\s+\W{{0,3}}\d|,{_PERHAPS}\s+\d|\s+(?:to|through) \d")
_RATHER = re.compile(r"^.*,? or (?:rather|better) ")
_BRACKET = re.compile(r"\s*\((?![^()]*\b(?:not|wrong|incorrect|false)\b)[^()]*[A-Za-z]{3}[^()]*\)(?=\W*$)")
_NUMBERS = re.compile(
    rf"\bare:?\s+((?:{_NUMBER})(?:\s*,\s*(?:{_NUMBER}))*,?\s+(?:and|or)\s+(?:{_NUMBER}))(?:\s+[a-z]+){{0,3}}\W*$"
)
_BETWEEN = re.compile(r"\b(?:between|from) \d[\d.]* (?:and|to) \d[\d.]*|(?<![\w.{-])\d+-\d+(?![\w.}-])", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"(?P<bold>\*\*[^*\n]{{1,200}}\*\*)|(?P<math>{_MATH})|(?P<plain>{_PLAIN})(?![\w^]*=)", re.ASCII | re.IGNORECASE
)
_LIST = re.compile(rf"(?:{_MATH})(?:\s*(?:,?\s*(?:and|or)|[,;])\s*(?:{_MATH}))+", re.ASCII | re.IGNORECASE)
_LEADS = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|totals?|means|gives|gets?|got|makes?|ha[sd]|have|left with|pa(?:id|ys?)|costs?"
    r"|needs?|takes?|took|to|i\.e\.|so|thus|hence|therefore|making|giving|leaving|a total of)(?!\w)|[=:])"
    r"(?:\s*\b(?:approximately|about|around|roughly|only|exactly|just|still|now|then|also|at (?:least|most)|equal to"
    r"|a total of|an?)\b|\\approx|[*$\\(\[:,\s])*$",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"(?:\b(?:which|that) (?:is|equals|means|gives|makes|simplifies to)|\bi\.e\.|\bround(?:s|ed)? (?:up |down |off )?to"
    r"|\b(?:so|thus|hence|therefore|giving|making|leaving)),?\s*\W{0,3}$"
)
_CONCLUDES = re.compile(r"\b(?:so|thus|hence|therefore),?\s[^.,;\d]{0,12}=[\s$*]*$", re.IGNORECASE)
_AFTERWARDS = re.compile(
    r"\b(?:in|for|(?<!total )of|with|than|at|per|within|after|every|over|from|by|on|each|all|and an?|the|these"
    r"|those)\s*$",
    re.IGNORECASE,
)
_VALUE = rf"-?\\[dt]?frac\{{[^{{}}]{{1,60}}\}}\{{[^{{}}]{{1,60}}\}}|-?(?:{_NUMBER})"
_RESULT = re.compile(
    rf"(?<!\b[a-zA-Z])(?<!\b[a-zA-Z]\s)(?<!\d[a-zA-Z])(?<!\d[a-zA-Z]\s)=\s?(?:\\?\$|\\text\{{[^{{}}]{{0,60}}\}}|\s|\\?\(){{0,4}}({_VALUE})"
    r"(?![\d.]*\s?(?:[*+]|\\times|/\s?[\d$]))"
)

Quantity = re.Match[str]


def readings(region: str) -> tuple[str, ...]:
    """A short statement is the answer; in a long one it is the quantity that begins it, or the one it is about."""
    region = with_digits(region)
    words = region.split()
    first = _QUANTITY.match(region)
    if first and _is_no_answer(region, first) and not CALCULATED.fullmatch(region.strip(" .!*")):
        return _pick(region, "")
    if len(words) <= 2 or _is_bare(region) or re.match(r"(?:either|between|from|both)\b", region):
        return (_unstressed(region),)
    if not first:
        return (_unstressed(region), *_pick(region, ""))
    rest = region[first.end() :]
    if "=" in rest or _MORE.match(rest):
        return (_unstressed(region),)
    others = [m for m in _QUANTITY.finditer(rest) if _WHICH.search(rest[max(m.start() - 30, 0) : m.start()])][:1]
    whole = () if others or len(words) > 10 else (_unstressed(region),)
    return (*whole, _with_unit(region, first), *(_with_unit(rest, m) for m in others))


def closing(text: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """What the last sentence that concludes something says; nothing if no sentence holds an answer that `fits`."""
    text = _DISPLAY.sub(lambda m: re.sub(r"\s*\n\s*", " ", m[0]), text)
    every = [s for s in SENTENCE.split(text) if s and s.strip()]
    sentences = [s for s, after in zip(every, [*every[1:], ""], strict=False) if fits(s) and not asked(s, after)]
    if not sentences or refuses(sentences[-1]):
        return ()
    plausible = [s for s in sentences[-4:] if not _ASIDE.match(s)] or sentences[-1:]
    chosen = plausible[-1]
    work = text.rpartition(chosen)[0]
    chosen = with_digits(_LABEL.sub("", chosen) if _LABEL.match(chosen) and fits(_LABEL.sub("", chosen)) else chosen)
    if "ratio" in chosen or "odds" in chosen:
        chosen = re.sub(r"(\d+) to (\d+)", r"\1:\2", chosen)
    if (corrected := correction(chosen)) and fits(corrected):
        chosen = corrected
    for superseded in (_RATHER, _BRACKET):
        chosen = shorter if fits(shorter := superseded.sub("", chosen)) else chosen
    if CALCULATED.fullmatch(chosen.strip(" .!*")):
        return (chosen.strip(" .!*"),)
    first = _QUANTITY.match(chosen)
    is_short = first and len(chosen.split()) <= 10 and "=" not in chosen
    if (is_short or _is_bare(chosen)) and not (first and _is_no_answer(chosen, first)):
        return readings(chosen.strip())
    return _pick(chosen, work) or ((chosen.strip(),) if fits("words") else ())


def _is_no_answer(sentence: str, match: Quantity) -> bool:
    return denied(sentence, match.start(), match.end()) or operand(sentence, match.start(), match.end())


def _is_bare(text: str) -> bool:
    """Whether a text is mathematics without language around it."""
    return re.search(r"[^\W\d_]{2,}", re.sub(r"\\[a-zA-Z]+(?:\{[a-zA-Z ]*\})?|\b(?:and|or)\b", "", text)) is None


def _unstressed(text: str) -> str:
    """Without the exclamation mark that ends a sentence, and without asterisks."""
    return text.strip().rstrip("!*. ") if not text.rstrip().endswith(("$", ")")) else text.strip()


def _pick(sentence: str, work: str) -> tuple[str, ...]:
    """The quantity a sentence is about: what was just computed, what "is", what the question does not hold.

    Formulas joined by commas or words come first as one list."""
    if between := _BETWEEN.search(sentence):
        return (between[0],)
    if several := _NUMBERS.search(sentence):
        return (several[1],)
    found = [m for m in _QUANTITY.finditer(sentence) if re.search(r"[\w\\]", m[0])]
    found = [m for m in found if not _is_no_answer(sentence, m)]
    if not found:
        return ()
    best = _best(sentence, found, work)
    for one, other in pairwise(found):
        if best in (one, other) and _EITHER.fullmatch(sentence[one.end() : other.start()]):
            return (f"{_with_unit(sentence, one)} or {_with_unit(sentence, other)}",)
    if len(found) > 1 and (compound := _COMPOUND.findall(sentence)):
        return (str(compound[-1]),)
    lists = [m[0] for m in _LIST.finditer(sentence) if m.end() == found[-1].end()]
    return (*lists, _with_unit(sentence, best))


def _best(sentence: str, found: list[Quantity], work: str) -> Quantity:
    if len(found) == 1:
        return found[0]
    # a result in the sentence itself counts too, but n = 11 there only names a part of it
    results = {_short(m[1]) for part in (work, sentence) for m in list(_RESULT.finditer(part))[-1:]}

    def score(match: Quantity) -> float:
        value = re.search(_VALUE, match[0].rpartition("=")[2])
        bare = _short(value[0]) if value else match[0]
        before = sentence[: match.start()]
        return (
            3.0 * bool(match["bold"])
            + 3 * (bare in results)
            + 3 * bool(_LEADS.search(before[-60:]))
            + 3 * bool(_CONCLUDES.search(before[-30:]))
            - 1.5 * bool(_AFTERWARDS.search(before[-20:]))
        )

    return max(found, key=lambda m: (score(m), m.start()))


def _with_unit(sentence: str, match: Quantity) -> str:
    text = match[0]
    if compound := _COMPOUND.match(sentence, match.start()):
        return str(compound[0])
    if match["bold"]:
        inner = text.strip("*").rpartition(": ")[2]
        within = list(_QUANTITY.finditer(inner))
        if within and ("=" in inner or len(inner.split()) > 12):
            return _with_unit(inner, within[-1])
        return _unstressed(inner)
    if match["math"]:
        percent = re.match(r"\s*(?:\\?%|percent)", sentence[match.end() :])
        return text + ("%" if percent else "")
    if re.search(r"(?<!\d )\b(?:minus|negative) $", sentence[max(match.start() - 12, 0) : match.start()]):
        text = "-" + text.strip()
    unit = re.match(
        r"[ -]?((?:(?:square|cubic) )?[A-Za-z]{1,20}(?:\^\d|/[a-z]+| per [a-z]+)?)",
        sentence[match.end() : match.end() + 40],
    )
    known = unit and (len(unit[1]) > 2 or (unit_of(unit[1]) and unit[1] not in ("a", "in", "s")))
    return text.strip() + (unit[0] if unit and known else "")


def _short(number: str) -> str:
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number
