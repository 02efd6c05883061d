"""The program in what a chat model wrote: after its thoughts, between marks, in fences, among prose, or only a body.

Runs inside the sandbox, because the compiler itself is fair game for a hostile text."""

from __future__ import annotations

import re
import textwrap
from types import CodeType

_THOUGHTS = re.compile(r".*(?:</think(?:ing)?>|</thought>|\[/THINK\]|<\|channel\|>final<\|message\|>)", re.S)
_MARKS = re.compile(r"BEGIN\]|</|THINK\]|<\|")
_MARKED = re.compile(r"\[\[?BEGIN\]?\](.*?)(?:\[\[?DONE\]?\]|\[\[?END\]?\]|\Z)", re.S)
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)")
_PYTHON = {"", "python", "py", "python3", "python2", "ipython", "pycon", "code", "py3"}
_CODE = re.compile(
    r"^(?:from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+\w|(?:async[ \t]+)?def[ \t]+\w|class[ \t]+\w|@\w|\w+[ \t]*=[^=])"
)
_BINDS = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=[^=]", re.M)
_IMPORTS = re.compile(r"^(?:from[ \t]+[\w.]+[ \t]+import|import)[ \t]+(.+)$", re.M)
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_MAX_STARTS, _MAX_CUTS = 12, 12


def program(text: str, names: list[str], prompt: str = "") -> tuple[str, CodeType]:
    """The source that defines one of `names` (any program where there are none) and its code.

    Raises SyntaxError where nothing in the text is Python, ValueError for null bytes."""
    is_bare = "```" not in text and "~~~" not in text and not _MARKS.search(text)
    if is_bare and "def " not in prompt:
        whole = _compiled(text, names)
        if whole is not None and defines(text, names):
            return whole
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    answer = _THOUGHTS.sub("", text, count=1)
    text = answer if answer.strip() else text
    marked = [m[1] for m in _MARKED.finditer(text) if m[1].strip()]
    pieces = [piece for part in [*marked[::-1], text] for piece in _pieces(part)]
    header = _header(prompt, names)
    first: tuple[str, CodeType] | None = None
    for attempt in (_compiled, _trimmed):
        for index, piece in enumerate(pieces):
            found = attempt(piece, names)
            if found is None:
                continue
            if defines(piece, names):
                return _complete(found, [*pieces[index + 1 :], *([header] if header else [])])
            first = first or found
        if header:
            for piece in pieces:
                if (joined := _joined(header, piece, names)) is not None:
                    return joined
    if first is not None:
        return first
    source = next(iter(pieces), "")
    return source, compile(source, "<program>", "exec", dont_inherit=True)


def defines(source: str, names: list[str]) -> bool:
    """Whether a name is bound at the top level of a source; true where no names are asked for."""
    return not names or any(f"\ndef {name}(" in f"\n{source}" for name in names) or not _bound(source).isdisjoint(names)


def _pieces(text: str) -> list[str]:
    """What may be the program, the likeliest first: Python blocks from the last, the text around them, then all."""
    inside: list[str] = []
    outside: list[str] = [""]
    fence, label, block = "", "", ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence, label, block = mark[1], mark[2].lower(), ""
        elif fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            inside += [block] if label in _PYTHON else []
            outside.append("")
            fence = ""
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
    # A fence that a docstring closed too early, or that was never opened: everything but the fences themselves.
    without = "\n".join(line for line in text.split("\n") if not _FENCE.match(line))
    pieces = [*inside[::-1], *outside[::-1], without]
    return [textwrap.dedent(p).strip("\n") for p in dict.fromkeys(pieces) if p.strip()]


def _compiled(source: str, names: list[str]) -> tuple[str, CodeType] | None:
    try:
        return source, compile(source, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _trimmed(source: str, names: list[str]) -> tuple[str, CodeType] | None:
    """The source without the prose before and after: from a line that starts code to the last that still parses."""
    lines = source.split("\n")
    starts = [i for i, line in enumerate(lines) if _CODE.match(line)][:_MAX_STARTS]
    for start in starts:
        found = _cut(lines[start:])
        if found is not None and defines(found[0], names):
            return found
    return None


def _cut(lines: list[str]) -> tuple[str, CodeType] | None:
    """As many lines from the front as parse."""
    for _ in range(_MAX_CUTS):
        source = "\n".join(lines)
        try:
            return source, compile(source, "<program>", "exec", dont_inherit=True)
        except SyntaxError as error:
            lines = lines[: min(max((error.lineno or 1) - 1, 0), len(lines) - 1)]
            if not lines:
                return None
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _header(prompt: str, names: list[str]) -> str:
    """The code in a prompt that declares what is to be written: signature, imports, helpers."""
    for piece in _pieces(prompt) if names and prompt else []:
        found = _compiled(piece, names) or _trimmed(piece, names)
        if found and defines(found[0], names):
            return found[0]
    return ""


def _joined(header: str, body: str, names: list[str]) -> tuple[str, CodeType] | None:
    """A body under its signature; the first line may have lost its indentation; base models run on after it."""
    texts = [textwrap.indent(body, "    "), "    " + body, *([body] if body[:1] in " \t" else [])]
    for source in (f"{header}\n{text}\n" for text in texts):
        if (found := _compiled(source, names)) is not None:
            return found
    for source in (f"{header}\n{text}\n" for text in texts):
        found = _cut(source.split("\n"))
        if found is not None and found[0].count("\n") > header.count("\n") and defines(found[0], names):
            return found
    return None


def _complete(found: tuple[str, CodeType], others: list[str]) -> tuple[str, CodeType]:
    """Puts before the program the other blocks, or the prompt's code, that bind what it uses and lacks."""
    source = found[0]
    for other in others:
        lacking = (_bound(other) - _bound(source)).intersection(_WORD.findall(source))
        if lacking and (whole := _compiled(f"{other}\n\n{source}", [])) is not None:
            source, found = whole[0], whole
    return found


def _bound(source: str) -> set[str]:
    names = {m[1] or m[2] for m in _BINDS.finditer(source)}
    for imported in _IMPORTS.findall(source):
        names.update(part.split(" as ")[-1].strip(" ()") for part in imported.split(","))
    return names
