"""One spelling for mathematical text: LaTeX, Unicode and the number formats of other languages."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

_SYMBOLS = str.maketrans(
    {
        **dict.fromkeys("−–—﹣‐‑‒", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\ufeff", ""),
        **{"×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/", "º": "°", "。": ".\n"},
        **{"π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "±": r"\pm ", "≈": r"\approx ", "≠": r"\ne "},
        **{"≤": r"\le ", "≥": r"\ge ", "∪": r"\cup ", "∈": r"\in ", "’": "'", "“": '"', "”": '"'},
    }
)
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_RAISED = re.compile("[⁰¹²³⁴-⁹⁻]+")
_LOWERED = re.compile("[₀-₉]+")
_TIMES = re.compile(r"(\d)(?:\s?[xX]\s?(?=10\s?(?:\^|\*\*))|\s[xX]\s(?=[\d$(]))")
_COMMA_LANGUAGE = re.compile(
    r"\b(?:ist|lautet|beträgt|ergebnis|antwort|und|est|réponse|les|une|respuesta|es|el|los|resposta|é|risposta|è|il"
    r"|ответ|равно|это)\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"\b(?:the|is|are|so|we|and|she|he)\b", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?(?![\d,]|\.\d)")
_DOT_AND_COMMA = re.compile(r"\.\d{3},\d")  # a quick look before a slow one
_DOTS_AND_COMMA = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+),(\d{1,2})(?!\d)")

_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_SPACES = re.compile(r"(?<!\\)\\(?:[,;:>! ]|q?quad(?![a-zA-Z]))|~")
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle)(?![a-zA-Z])\s*")
_TEXT = re.compile(r"\\(text(?:bf|it|rm|sf|tt|up|normal)?|mbox|hbox|mathrm|mathbf|mathit|operatorname)\s*\{([^{}]*)\}")
_NAMED = r"\dfrac \tfrac \cfrac \leq \geq \neq \leqslant \geqslant \lt \gt \ast \div \colon \degree \varnothing"
_RENAMED = r"\frac \frac \frac \le \ge \ne \le \ge < > * / : ^\circ \emptyset"
_NAMES = dict(zip(_NAMED.split(), _RENAMED.split(), strict=True)) | {r"\langle": "(", r"\rangle": ")"}
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_BARE_FRACTION = re.compile(r"\\frac\s*(\d|\{[^{}]*\})\s*(\d|\{[^{}]*\})")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d|[a-zA-Z](?![a-zA-Z]))")
_DEGREES = re.compile(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\\,(?=\d{3}(?!\d)))\s*(?=\d)")
_COLUMN = re.compile(r"\\begin\{([pbv]matrix)\}([^&]*?)\\end\{\1\}", re.DOTALL)
_POWER = re.compile(r"(?<=[\w)}])\*\*(?=[-\w({])")
_TAG = re.compile(r"</?[a-zA-Z]{1,10}>")
_DOLLARS = re.compile(r"(?<!\\)\$([^$]*)(?<!\\)\$")
_LONE_DOLLAR = re.compile(r"(?<!\\)\$(?!\s*[-+]?\s*[.\d])")
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_EDGES = " \t\r\n.,;:*_`"


def clean(text: str) -> str:
    """A text whose signs and digits are those of ASCII where there are such, without lone surrogates and null bytes."""
    if not text.isascii():
        text = _RAISED.sub(r"^{\g<0>}", text.encode("utf-8", "replace").decode("utf-8"))
        text = _VULGAR.sub(lambda m: r"\frac{" + unicodedata.normalize("NFKC", m[0]).replace("⁄", "}{") + "}", text)
        text = unicodedata.normalize("NFKC", _LOWERED.sub(r"_{\g<0>}", text).translate(_SYMBOLS)).replace("\u2212", "-")
        text = re.sub(r"(?![0-9])\d", lambda m: str(unicodedata.digit(m[0])), text)
    return _TIMES.sub(r"\1 \\times ", text.replace("\0", " "))


def decimal_points(text: str) -> str:
    """1.250,50 as 1250.50; in a text of a language that writes a decimal comma also 1.250 as 1250 and 3,5 as 3.5."""
    if _DOT_AND_COMMA.search(text):
        text = _DOTS_AND_COMMA.sub(lambda m: f"{m[1].replace('.', '')}.{m[2]}", text)
    if not _ENGLISH.search(text) and _COMMA_LANGUAGE.search(text):
        return _COMMA_NUMBER.sub(lambda m: m[1].replace(".", "") + (f".{m[2]}" if m[2] else ""), text)
    return text


def depth(text: str) -> int:
    """How deep brackets of any kind are nested."""
    return max(accumulate((c in "{([") - (c in "})]") for c in text), default=0)


def braced(text: str, start: int, stop: int | None = None) -> str | None:
    """What is between the brace at `start` and its partner; None if it is not closed before `stop`."""
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
    r"""One answer of a `clean` text in the common notation: no sizes, spacing commands or delimiters, \frac{}{} and
    \sqrt{} with braces, \text{word} as "word", degrees as the letter °, a column of a matrix as a tuple."""
    if _NUMBER.fullmatch(text):
        return text
    text = _TAG.sub(" ", text.replace('"', ""))
    if "\\" in text or "{" in text:
        text = _latex(text)
    text = _POWER.sub("^", text).replace("**", "").replace("__", "").replace("$$", " ")
    text = _LONE_DOLLAR.sub(" ", _DOLLARS.sub(r" \1 ", text)).replace(r"\$", "$")
    return re.sub(r"\s+", " ", _edges(text))


def _latex(text: str) -> str:
    text = _THOUSANDS.sub("", text).replace("{:}", ":")
    text = re.sub(r"\\(?:boxed|fbox)\s*(?=\{)", "", text)
    text = re.sub(r"\\[()]|\\\[|\\\](?!\w)", " ", text)
    text = _SPACES.sub(" ", _SIZES.sub("", text))
    for _ in range(3):
        text, count = _TEXT.subn(_text_command, text)
        if not count:
            break
    text = _COMMAND.sub(lambda m: _NAMES.get(m[0], m[0]), text)
    text = _DEGREES.sub("°", text)
    text = re.sub(r"\\([%&_#])", r"\1", text) if r"\begin" not in text else text.replace(r"\%", "%")
    text = _BARE_FRACTION.sub(lambda m: r"\frac" + "".join(f"{{{g.strip('{}')}}}" for g in m.groups()), text)
    text = _COLUMN.sub(lambda m: "(" + ", ".join(c for c in m[2].split(r"\\") if c.strip()) + ")", text)
    return _BARE_ROOT.sub(r"\\sqrt{\1}", text)


def _text_command(match: re.Match[str]) -> str:
    name, inner = match.groups()
    if len(inner.strip()) < 2 and name.startswith(("math", "operator")):
        return inner
    if re.search(r"\d|[%$\\]", inner) or not inner.strip():
        return f" {inner} "
    return f' "{inner.strip()}" '


def _edges(text: str) -> str:
    text = text.strip()
    if not text.endswith(r"\}"):
        text = text.rstrip(_EDGES + "\\")
    text = text.lstrip(_EDGES.replace(".", ""))
    if text.startswith(".") and not text[1:2].isdigit():
        text = text.lstrip(_EDGES)
    while len(text) > 1 and text[0] == "{" and braced(text, 0) == text[1:-1]:
        text = text[1:-1].strip()
    return text
