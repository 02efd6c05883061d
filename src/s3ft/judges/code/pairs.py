"""Tests as pairs of an input and an output, as APPS, LiveCodeBench and others have them: of a script, which reads and
prints, or of a function, whose inputs are arguments. What is expected stays here."""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from s3ft.judges.code.checks import Check, cut
from s3ft.sandbox.inside import values

_CLOSE = 1e-6
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 4000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Tests of a script (`texts`) or of a function (`name`, `tests`, `checks`)."""

    problem: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    """Standard input and standard output."""
    name: str = ""
    tests: str = ""
    """The checks as assertions, to be shown."""
    checks: tuple[Check, ...] = ()


def read(reference: dict[str, Any]) -> Pairs | None:
    """The pairs of a reference: {"inputs": [...], "outputs": [...], "fn_name"?: name} or a list of {"input", "output"}.

    They are the reference, its `tests` or `input_output`, or JSON text there. None for other forms. Never raises."""
    name = reference.get("fn_name") or reference.get("func_name") or ""
    for source in (reference, *(reference[k] for k in ("tests", "input_output") if k in reference)):
        found = _loaded(source)
        if isinstance(found, dict) and {"inputs", "outputs"} <= found.keys():
            name = found.get("fn_name") or name
            return _pairs(found["inputs"], found["outputs"], name, reference.get("entry_point") or "")
        if (
            isinstance(found, list)
            and found
            and all(isinstance(t, dict) and {"input", "output"} <= t.keys() for t in found)
        ):
            if not name and any(t.get("testtype") == "functional" for t in found):
                name = reference.get("entry_point") or ""
            inputs, outputs = [t["input"] for t in found], [t["output"] for t in found]
            return _pairs(inputs, outputs, name, reference.get("entry_point") or "")
    return None


def _loaded(source: Any) -> Any:
    if not isinstance(source, str) or source.lstrip()[:1] not in ("{", "["):
        return source
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        return source


def _pairs(inputs: Any, outputs: Any, name: Any, entry: Any) -> Pairs:
    if not isinstance(inputs, list) or not isinstance(outputs, list) or not inputs:
        return Pairs("no tests: inputs and outputs are expected to be lists that are not empty")
    if len(inputs) != len(outputs):
        return Pairs(f"the tests have {len(inputs)} inputs and {len(outputs)} outputs")
    if not isinstance(name, str) or not isinstance(entry, str):
        return Pairs("fn_name is expected to be text")
    if not name and entry.isidentifier() and not any(isinstance(i, str) for i in inputs):
        name = "" if all(_is_lines(i) for i in [*inputs, *outputs]) else entry
    if name:
        return _function(inputs, outputs, name)
    texts = [(_text(i), _text(o)) for i, o in zip(inputs, outputs, strict=True)]
    if any(i is None or o is None for i, o in texts):
        return Pairs("inputs and outputs of a script are expected to be text or lists of lines")
    if not any(o and o.strip() for _, o in texts):
        return Pairs("no tests: every output is empty")
    return Pairs(texts=tuple((str(i), str(o)) for i, o in texts))


def _is_lines(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, list) and all(isinstance(line, str) for line in item))


def _text(item: Any) -> str | None:
    if isinstance(item, list) and all(isinstance(line, str | int | float) for line in item):
        return "\n".join(map(str, item))
    return str(item) if isinstance(item, str | int | float) else None


def _function(inputs: list[Any], outputs: list[Any], name: str) -> Pairs:
    checks, lines = [], []
    name = name.rpartition(".")[2]
    for number, (given, wanted) in enumerate(zip(inputs, outputs, strict=True), 1):
        try:
            arguments, keywords = _arguments(given)
            expected = _parsed(wanted) if isinstance(given, str) and isinstance(wanted, str) else wanted
            encoded = [values.encode(a) for a in arguments], {str(k): values.encode(v) for k, v in keywords.items()}
        except (ValueError, values.Unsupported) as error:
            return Pairs(f"test {number}: the input of {name} is no JSON: {cut(str(error), 80)}")
        shown = [*map(repr, arguments), *(f"{k}={v!r}" for k, v in keywords.items())]
        lines.append(f"assert {name}({', '.join(shown)}) == {expected!r}")
        checks.append(Check((number, 0), [(name, *encoded)], _same_as(expected)))
    return Pairs(name=name, tests="\n".join(lines), checks=tuple(checks))


def _arguments(given: Any) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(given, dict):
        return [], given
    if isinstance(given, list):
        return given, {}
    if isinstance(given, str):
        return [_parsed(line) for line in given.split("\n") if line.strip()], {}
    return [given], {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            raise ValueError(text) from None


def _same_as(expected: Any) -> Any:
    def same(trees: Any) -> bool:
        got = values.decode(next(trees))
        # APPS has the result in a list of its own in some of its tests.
        return _same(got, expected) or (isinstance(expected, list) and len(expected) == 1 and _same(got, expected[0]))

    return same


def _same(got: Any, expected: Any) -> bool:
    """JSON has no tuples and only text for keys; calculated numbers may differ in their last digits."""
    if isinstance(expected, list):
        is_list = isinstance(got, list | tuple) and len(got) == len(expected)
        return is_list and all(map(_same, got, expected))
    if isinstance(expected, dict):
        if not isinstance(got, dict) or len(got) != len(expected):
            return False
        named = {k if isinstance(k, str) else str(k): v for k, v in got.items()}
        return named.keys() == expected.keys() and all(_same(named[k], v) for k, v in expected.items())
    if isinstance(expected, float) and isinstance(got, int | float) and not isinstance(got, bool):
        return got == expected or (math.isfinite(expected) and abs(got - expected) <= _CLOSE * max(1.0, abs(expected)))
    return type(got) in (type(expected), float, int) and bool(got == expected)


def difference(got: str, expected: str) -> str:
    """What is wrong with an output, in words; empty where it is right: the same lines but for white space at their
    ends, with numbers that are equal, or close where the expected one has a fraction."""
    ours, theirs = _lines(got), _lines(expected)
    for number, (our, their) in enumerate(zip(ours, theirs, strict=False), 1):
        if our != their and not _is_same_line(our, their):
            return f"line {number} is {cut(repr(our), 100)}, not {cut(repr(their), 100)}"
    if len(ours) != len(theirs):
        return f"{len(ours)} lines, not {len(theirs)}"
    return ""


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").strip("\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _is_same_line(our: str, their: str) -> bool:
    ours, theirs = our.split(), their.split()
    if len(ours) != len(theirs) or not all(map(_is_same_word, ours, theirs)):
        return False
    # Between numbers white space does not count; in text, which may be a drawing, it does.
    return all(map(_NUMBER.fullmatch, theirs)) or re.split(r"\S+", our) == re.split(r"\S+", their)


def _is_same_word(our: str, their: str) -> bool:
    if our == their:
        return True
    if max(len(our), len(their)) > _LONGEST_NUMBER or not (_NUMBER.fullmatch(our) and _NUMBER.fullmatch(their)):
        return False
    try:
        a, b = Decimal(our), Decimal(their)
        is_whole = not re.search(r"[.eE]", their)
        return a == b or (not is_whole and abs(a - b) <= Decimal(_CLOSE) * max(Decimal(1), abs(b)))
    except (InvalidOperation, OverflowError):
        return False
