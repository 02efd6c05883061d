"""The program in what a chat model wrote: after its thoughts, between marks, in fences, among prose, or only a body.

Runs inside the sandbox, because the compiler itself is fair game for a hostile text."""

from __future__ import annotations

import importlib
import re
import textwrap
from collections.abc import Callable
from types import CodeType, ModuleType

from . import pieces

Program = tuple[str, CodeType]
"""Source and code."""
_THOUGHTS = re.compile(r".*(?:</think(?:ing)?>|</thought>|\[/THINK\]|<\|channel\|>final<\|message\|>)", re.S)
_MARKS = re.compile(r"BEGIN\]|</|THINK\]|<\|")
_MARKED = re.compile(r"\[\[?BEGIN\]?\](.*?)(?:\[\[?DONE\]?\]|\[\[?END\]?\]|\Z)", re.S)
_CODE = re.compile(
    r"^(?:from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+\w|(?:async[ \t]+)?def[ \t]+\w|class[ \t]+\w|@\w"
    r"|\w+(?:[ \t]*,[ \t]*\*?\w+)*[ \t]*=[^=]|print\(|for[ \t]\w.*[ \t]in[ \t].*:|while[ \t]\w.*:|with[ \t]\w.*:|try:)"
)
_BINDS = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=[^=]", re.M)
_IMPORTS = re.compile(r"^(?:from[ \t]+[\w.]+[ \t]+import|import)[ \t]+(.+)$", re.M)
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_MAX_STARTS, _MAX_CUTS = 12, 12
_ODD = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000", "\u00ad\u200b-\u200f\u2060\ufeff"
"""Spaces that Python takes for none, and characters without a width."""
_NO_CODE = r"('''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|#[^\n]*)"
_ODD_IN_CODE = re.compile(rf"(?s:{_NO_CODE})|([{_ODD[0]}])|[{_ODD[1]}]")
SCRIPT = "<script>"
"""In place of a name: a program that reads and prints, or one that prints."""
READER, WRITER = "<reader>", "<writer>"
_READS = re.compile(r"\b(?:input|stdin|open|fileinput|os\.read)\b")
_PRINTS = re.compile(r"\b(?:print|pprint|stdout|os\.write|open)\b")


def program(text: str, names: list[str], prompt: str = "") -> Program:
    """The source that defines one of `names` (any program where there are none) and its code.

    Raises SyntaxError where nothing in the text is Python, ValueError for null bytes."""
    if names == [SCRIPT]:
        return _script(text)
    is_bare = "```" not in text and "~~~" not in text and not _MARKS.search(text)
    if is_bare and "def " not in prompt:
        whole = _compiled(text, names)
        if whole is not None and defines(text, names):
            return whole
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    answer = _THOUGHTS.sub("", text, count=1)
    text = answer if answer.strip() else text
    marked = [m[1] for m in _MARKED.finditer(text) if m[1].strip()]
    likely = [piece for part in [*marked[::-1], text] for piece in pieces.pieces(part)]
    header = declared(prompt, names)
    first: Program | None = None
    for attempt in (_compiled, _trimmed):
        found, first = _search(likely, names, header, attempt, first)
        if found is not None:
            return found
    unlikely = list(pieces.unlikely(text))
    for attempt in (_compiled, _trimmed):
        found, first = _search(unlikely, names, "", attempt, first)
        if found is not None:
            return found
    if first is not None:
        return first
    source = next(iter(likely), "")
    return source, compile(source, "<program>", "exec", dont_inherit=True)


def _script(text: str) -> Program:
    for kind in (READER, WRITER):
        try:
            found = program(text, [kind])
        except SyntaxError:
            continue
        if defines(found[0], [kind]):
            return found
    return program(text, [])


def _search(
    parts: list[str],
    names: list[str],
    header: str,
    attempt: Callable[[str, list[str]], Program | None],
    first: Program | None,
) -> tuple[Program | None, Program | None]:
    """The program among `parts`, made complete, and the first part that is Python at all."""
    methods: list[tuple[int, Program]] = []
    for index, part in enumerate(parts):
        found = attempt(part, names)
        if found is None:
            continue
        if defines(found[0], names):
            return _complete(found, parts, index, header), first
        if (bound := _with_method(found[0], names)) is not None:
            methods.append((index, bound))
        first = first or found
    for index, bound in methods:
        return _complete(bound, parts, index, header), first
    if header:
        for part in parts:
            if (joined := _joined(header, part, names)) is not None:
                return joined, first
    return None, first


def defines(source: str, names: list[str]) -> bool:
    """Whether a name is bound at the top level of a source; true where no names are asked for."""
    if names in ([READER], [WRITER]):
        return bool(_PRINTS.search(source)) and (names == [WRITER] or bool(_READS.search(source)))
    return not names or any(f"\ndef {name}(" in f"\n{source}" for name in names) or not _bound(source).isdisjoint(names)


def _compiled(source: str, names: list[str]) -> Program | None:
    try:
        return source, compile(source, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if "non-printable" not in str(error):
            return None
    return _compiled(usual, names) if (usual := _usual_spaces(source)) != source else None


def _usual_spaces(source: str) -> str:
    """What was copied from a page may have other spaces; in strings and comments they stay."""
    return _ODD_IN_CODE.sub(lambda m: m[1] or " " * bool(m[2]), source)


def _trimmed(source: str, names: list[str]) -> Program | None:
    """The source without the prose before and after: from a line that starts code to the last that still parses."""
    lines = source.split("\n")
    starts = [i for i, line in enumerate(lines) if _CODE.match(line)][:_MAX_STARTS]
    for start in starts:
        found = _cut(lines[start:])
        if found is not None and defines(found[0], names):
            return found
    return None


def _cut(lines: list[str]) -> Program | None:
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


def declared(prompt: str, names: list[str]) -> str:
    """The code in a prompt that declares what is to be written: signature, imports, helpers."""
    for piece in pieces.pieces(prompt) if names and prompt else []:
        found = _compiled(piece, names) or _trimmed(piece, names)
        if found and defines(found[0], names):
            return found[0]
    return ""


def _joined(header: str, body: str, names: list[str]) -> Program | None:
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


def _complete(found: Program, parts: list[str], index: int, header: str) -> Program:
    """Puts before the program what the other blocks, or the prompt's code, bind of what it uses and lacks."""
    source = found[0]
    for other in [*parts[index + 1 :], *([header] if header else [])]:
        lacking = (_bound(other) - _bound(source)).intersection(_WORD.findall(source))
        if lacking and (whole := _compiled(f"{other}\n\n{source}", [])) is not None:
            source, found = whole[0], whole
    # A later block may use the program as well: of that only the definitions are taken.
    for other in parts[:index][::-1]:
        if (_bound(other) - _bound(source)).intersection(_WORD.findall(source)) and (
            added := _definitions().lacking(other, source)
        ):
            whole = _compiled(f"{added}\n\n{source}", [])
            source, found = (whole[0], whole) if whole is not None else (source, found)
    return found


def _with_method(source: str, names: list[str]) -> Program | None:
    if len(names) != 1 or f"def {names[0]}(" not in source:
        return None
    whole = _definitions().with_method(source, names[0])
    return _compiled(whole, names) if whole else None


def _definitions() -> ModuleType:
    # Few completions need it, and what is imported beforehand every fork has to carry.
    return importlib.import_module(".definitions", __package__)


def _bound(source: str) -> set[str]:
    names = {m[1] or m[2] for m in _BINDS.finditer(source)}
    for imported in _IMPORTS.findall(source):
        names.update(part.split(" as ")[-1].strip(" ()") for part in imported.split(","))
    return names
