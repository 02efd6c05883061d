"""The parts of what a chat model wrote that may be its program: fences, what is around them, quotes, sessions."""

from __future__ import annotations

import importlib
import re
import textwrap
from collections.abc import Iterator

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(`{3,}|~{3,})[ \t]*(?:\{?\.?([\w+#.-]*))")
_PYTHON = {"", "python", "py", "python3", "python2", "ipython", "ipython3", "pycon", "code", "py3", "jupyter", "repl"}
_PYTHON |= {"pypy", "pypy3", "console", "doctest", "cell", "code-cell", "diff", "patch"}
_QUOTE = re.compile(r"^[ \t]*>(?!>>) ?", re.M)
_SESSION = re.compile(r"^[ \t]*(?:>>>(?: |$)|In \[ ?\d*\]:)", re.M)
_PROMPT = re.compile(r"^[ \t]*(?:>>> ?|In \[ ?\d*\]: ?)(.*)")
_GOES_ON = re.compile(r"^[ \t]*\.\.\.(?::)?(?: (.*)|$)")
_MAGIC = re.compile(r"^[ \t]*(?:[%!]\S.*|\?\w.*|\w[\w.]*\?{1,2}[ \t]*)$")
_SPAN = re.compile(r"(?<!`)`([^`\n]*(?:def |lambda|=)[^`\n]*)`(?!`)")
_NUMBERED = re.compile(r"^[ \t]*\d+[ \t]?[|:.)]?(?: |\t|$)")
_HTML = re.compile(r"<code[^>]*>(.*?)(?:</code>|\Z)", re.S | re.I)
_ADDED = re.compile(r"^\+(?!\+\+)", re.M)
_REMOVED = re.compile(r"^(?:-|\+\+\+|@@|diff |index )")
_MAX_SPANS = 6


def pieces(text: str) -> Iterator[str]:
    """What may be the program, the likeliest first, without the margin that all its lines share."""
    return _different(_all(text))


def unlikely(text: str) -> Iterator[str]:
    """What may be the program where nothing else is: quoted, typed into a session, indented under a bullet."""
    return _different(_unlikely(text))


def _different(found: Iterator[str]) -> Iterator[str]:
    seen = set()
    for piece in found:
        piece = textwrap.dedent(piece).strip("\n")
        if piece.strip() and piece not in seen:
            seen.add(piece)
            yield piece


def _all(text: str) -> Iterator[str]:
    inside, outside = _blocks(text, reopens=False)
    yield from inside[::-1]
    again, _ = _blocks(text, reopens=True)
    yield from again[::-1]
    yield from outside[::-1]
    # A fence that a docstring closed too early, or that was never opened: everything but the fences themselves.
    yield "\n".join(line for line in text.split("\n") if not _FENCE.match(line))


def _unlikely(text: str) -> Iterator[str]:
    if _QUOTE.search(text):
        plain = text
        while _QUOTE.search(plain):
            plain = _QUOTE.sub("", plain)
        yield from _all(plain)
        text = plain
    first = list(_all(text))
    if _SESSION.search(text):
        yield from (_typed(piece) for piece in first if _SESSION.search(piece))
    for piece in first:
        lines = piece.split("\n")
        if _ADDED.search(piece):
            yield "\n".join(re.sub(r"^[+ ]", "", line) for line in lines if not _REMOVED.match(line))
        if any(_MAGIC.match(line) for line in lines):
            yield "\n".join(line for line in lines if not _MAGIC.match(line))
        told = [line for line in lines if line.strip()]
        if len(told) > 1 and all(_NUMBERED.match(line) for line in told):
            yield "\n".join(_NUMBERED.sub("", line) for line in lines)
    for shown in _HTML.findall(text):
        yield importlib.import_module("html").unescape(shown)
    yield from _indented(text)
    yield from [span[1] for span in _SPAN.finditer(text)][-_MAX_SPANS:][::-1]


def _blocks(text: str, reopens: bool) -> tuple[list[str], list[str]]:
    """Python in fences, and the text between them. `reopens`: a fence with a language within another one starts anew,
    as the one before was never closed."""
    inside: list[str] = []
    outside: list[str] = [""]
    fence, label, block = "", "", ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and "`" in line[mark.end() :]:
            mark = None
        if not fence and mark:
            fence, label, block = mark[1], mark[2].lower(), ""
        elif fence and line.strip().lstrip("> \t").startswith(fence) and not line.strip("> \t").strip(fence[0]):
            inside += [block] if label in _PYTHON else []
            outside.append("")
            fence = ""
        elif fence and reopens and mark and mark[2]:
            inside += [block] if label in _PYTHON else []
            fence, label, block = mark[1], mark[2].lower(), ""
        elif fence and line.rstrip().endswith(fence):
            inside += [block + line.rstrip().rstrip(fence[0])] if label in _PYTHON else []
            outside.append("")
            fence = ""
        elif fence:
            block += line + "\n"
        else:
            outside[-1] += line + "\n"
    if fence and label in _PYTHON:
        inside.append(block)
    return inside, outside


def _typed(text: str) -> str:
    """What was typed into Python or IPython, without what it answered, and without what it answered with an error."""
    typed: list[list[str]] = []
    is_open = False
    for line in text.split("\n"):
        if prompt := _PROMPT.match(line):
            typed.append([prompt[1]])
            is_open = True
        elif is_open and (more := _GOES_ON.match(line)):
            typed[-1].append(more[1] or "")
        else:
            if typed and line.strip().startswith("Traceback (most recent"):
                typed.pop()
            is_open = False
    return "\n".join(line for lines in typed for line in lines if not _MAGIC.match(line))


def _indented(text: str) -> Iterator[str]:
    """Runs of lines with a margin, from the last: code in a list, or as Markdown had it before fences."""
    runs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") or not line.strip():
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    for run in runs[::-1]:
        yield "\n".join(run)
    # A line of the list may start the code itself.
    yield re.sub(r"^([ \t]*)(?:[-*+]|\d+[.)])([ \t]+)", lambda m: " " * len(m[0].expandtabs(4)), text, flags=re.M)
