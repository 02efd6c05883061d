"""One spelling for mathematical text: LaTeX, Unicode and prose brought to a small common notation."""

from __future__ import annotations

import re

_UNICODE = {
    **dict.fromkeys("−–—﹣－‐‑‒", "-"),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\0", " "),
    **dict.fromkeys("\u200b\u200c\u200d\ufeff", ""),
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{{{i}}}" for i in range(10)), strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"_{{{i}}}" for i in range(10)), strict=True)),
    **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
    **{"½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}"},
    **{"×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot ", "∙": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/"},
    **{"π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "°": r"^\circ ", "º": r"^\circ ", "±": r"\pm "},
    **{"≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "≈": r"\approx "},
    **{"，": ",", "．": ".", "：": ":", "％": "%", "（": "(", "）": ")", "＄": "$", "’": "'", "“": "", "”": ""},
}
_TRANSLATION = str.maketrans(_UNICODE)

_SPACES = re.compile(r"(?<!\\)\\(?:[,;:>! ]|(?:q?quad|hfill|thinspace|,)(?![a-zA-Z]))|~")
_GONE = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|mathstrut|hspace\{[^{}]*\}|boldmath"
    r"|phantom\{[^{}]*\})(?![a-zA-Z])\s*"
)
_FRACTIONS = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|up|normal)?|mbox|hbox|textrm|mathrm|mathbf|mathit|mathsf|operatorname|rm|bf)"
    r"\s*\{([^{}]*)\}"
)
_WORDY = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|up|normal)?|mbox|hbox)\b")
_NAMES = {
    r"\leq": r"\le",
    r"\geq": r"\ge",
    r"\neq": r"\ne",
    r"\leqslant": r"\le",
    r"\geqslant": r"\ge",
    r"\lt": "<",
    r"\gt": ">",
    r"\ast": "*",
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\lbrack": "[",
    r"\rbrack": "]",
    r"\degree": r"^\circ",
    r"\degrees": r"^\circ",
    r"\pounds": "£",
    r"\euro": "€",
    r"\dollar": "$",
    r"\percent": "%",
    r"\varnothing": r"\emptyset",
    r"\land": ",",
    r"\lor": ",",
    r"\div": "/",
    r"\colon": ":",
    r"\to": r"\rightarrow",
    r"\qquad": " ",
}
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_BARE_FRACTION = re.compile(r"\\frac\s*(?:(\d)\s*(\d)|(\d)\s*(\{[^{}]*\})|(\{[^{}]*\})\s*(\d))")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d|[a-zA-Z](?![a-zA-Z]))")
_DEGREES = re.compile(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\\,(?=\d{3}(?!\d)))\s*(?=\d)")
_POWER = re.compile(r"(?<=[\w)}])\*\*(?=[-\w({])")
_DOLLAR = re.compile(r"\\?\$")
_EDGES = " \t\r\n.,;:*_`"


def clean(text: str) -> str:
    """Text that every encoder takes: no lone surrogates, no null bytes."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", " ")


def depth(text: str) -> int:
    """How deep brackets of any kind are nested."""
    level = most = 0
    for character in text:
        if character in "{([":
            level += 1
            most = max(most, level)
        elif character in "})]":
            level -= 1
    return most


_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)


def braced(text: str, start: int, stop: int | None = None) -> str | None:
    """What stands between the brace at `start` and its partner; None where it is not closed before `stop`."""
    level = 0
    for match in _BRACES.finditer(text, start, len(text) if stop is None else stop):
        if match[0] == "{":
            level += 1
        elif match[0] == "}":
            level -= 1
            if level == 0:
                return text[start + 1 : match.start()]
    return None


def plain(text: str) -> str:
    r"""One answer in the common notation: no sizes, spacing commands or delimiters, \frac{}{} and \sqrt{} with braces,
    \text{word} as "word", degrees as the letter °."""
    text = (text.translate(_TRANSLATION) if not text.isascii() else text).replace('"', "")
    if "\\" in text or "{" in text:
        text = _latex(text)
    text = _dollars(_POWER.sub("^", text).replace("**", "").replace("__", ""))
    text = _edges(text)
    return re.sub(r"\s+", " ", text)


def _latex(text: str) -> str:
    text = _THOUSANDS.sub("", text)
    text = re.sub(r"\\(?:boxed|fbox)\s*(?=\{)", "", text)
    text = re.sub(r"\\[()]|\\\[|\\\](?!\w)", " ", text)
    text = _GONE.sub("", text)
    text = _SPACES.sub(" ", text)
    text = _FRACTIONS.sub(lambda _: r"\frac", text)
    for _ in range(3):
        text, count = _TEXT.subn(_word, text)
        if not count:
            break
    text = _COMMAND.sub(lambda m: _NAMES.get(m[0], m[0]), text)
    text = _DEGREES.sub("°", text)
    text = text.replace(r"\%", "%").replace(r"\&", "&").replace(r"\_", "_").replace(r"\#", "#")
    text = _BARE_FRACTION.sub(
        lambda m: "\\frac" + "".join(g if g.startswith("{") else f"{{{g}}}" for g in m.groups() if g), text
    )
    return _BARE_ROOT.sub(r"\\sqrt{\1}", text)


def _word(match: re.Match[str]) -> str:
    inner = match[1]
    if not _WORDY.match(match[0]) and len(inner.strip()) < 2:
        return inner
    if re.search(r"\d|[%$\\]", inner) or not inner.strip():
        return f" {inner} "
    return f' "{inner.strip()}" '


def _dollars(text: str) -> str:
    r"""Math delimiters gone, money signs kept: "$" stays where a number follows and no partner closes it."""
    text = text.replace("$$", " ")
    if "$" not in text:
        return text
    marks = list(_DOLLAR.finditer(text))
    bare = [m for m in marks if m[0] == "$"]
    if (
        len(bare) >= 2
        and len(bare) % 2 == 0
        and (bare[0].start() == 0 or not re.match(r"\$\d[\d,.]*\s", text[bare[0].start() :]))
    ):
        gone = {m.start() for m in bare}
        text = "".join(" " if i in gone else c for i, c in enumerate(text))
    elif len(bare) == 1 and not re.match(r"\s*[-+]?\s*[.\d]", text[bare[0].end() :]):
        text = text.replace("$", " ") if len(marks) == 1 else text
    return text.replace(r"\$", "$")


def _edges(text: str) -> str:
    text = (
        text.rstrip(_EDGES + "\\").lstrip(_EDGES.replace(".", ""))
        if not text.rstrip().endswith("\\}")
        else text.strip()
    )
    if text.startswith(".") and not text[1:2].isdigit():
        text = text.lstrip(_EDGES)
    while len(text) > 1 and text[0] == "{" and braced(text, 0) == text[1:-1]:
        text = text[1:-1].strip()
    return text
