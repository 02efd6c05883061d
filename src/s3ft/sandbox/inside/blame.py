"""Whose fault it is that tests fail, and whose word it is that they hold."""

from __future__ import annotations

import ast
import importlib
from typing import Any

_TAKE_CLASSES = {"isinstance", "issubclass", "raises", "assertRaises"}
_ASSERTIONS = (
    *("assert", "check", "verify", "expect", "ensure", "test", "should", "must", "compare", "equal", "match"),
    *("to_", "is_", "tobe", "toequal"),
)
"""How functions are called that raise, and give nothing."""
_OTHERWISE = (OSError, ImportError, RecursionError, MemoryError)
"""Errors with reasons of their own, or of limits that another process may not have."""
FULL_MARKS = (0, 1, 100)
_NEARLY_NOTHING = 1e-3


def tests_fault(error: BaseException, work: dict[str, Any], missing: set[str], asked: int) -> str:
    """Why tests that fail with an error of their own cannot be judged; empty if the program may be to blame.

    `missing`: names that they want of the program and that it does not have; `asked`: how often it was asked."""
    if isinstance(error, _OTHERWISE):
        return ""
    why = f"the tests fail by themselves: {type(error).__name__}: {error}"
    if isinstance(error, NameError) and error.name in missing:
        return "" if _is_programs(work, error.name) else why
    if work["entry"] in missing:
        return ""
    if not asked:
        return why
    line, trace = 0, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == "<tests>" else line
        trace = trace.tb_next
    return why if line in work["foreign"] and not isinstance(error, AssertionError) else ""


def _is_programs(work: dict[str, Any], name: str) -> bool:
    """Whether a name that nobody defines is one that a program has to: it is called, used as a class, or asserted."""
    tree = ast.parse(f"{work['setup']}\n{work['tests']}")
    wanted: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            wanted.append(node.func)
            is_of_classes = getattr(node.func, "id", getattr(node.func, "attr", "")) in _TAKE_CLASSES
            wanted += node.args if is_of_classes else []
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            wanted += [*node.decorator_list, *(node.bases if isinstance(node, ast.ClassDef) else [])]
        elif isinstance(node, ast.ExceptHandler) and node.type is not None:
            wanted.append(node.type)
        elif isinstance(node, ast.Attribute) and name[:1].isupper():
            wanted.append(node.value)
        elif isinstance(node, ast.Compare):
            wanted += [part for side in (node.left, *node.comparators) for part in _uncalled(side)]
    return name == work["entry"] or any(isinstance(node, ast.Name) and node.id == name for node in wanted)


def _uncalled(side: ast.AST) -> list[ast.AST]:
    """An expression and its parts, without what calls in it are handed."""
    if isinstance(side, ast.Call):
        return [side.func]
    return [side, *(part for inner in ast.iter_child_nodes(side) for part in _uncalled(inner))]


def is_weak(value: Any, name: str, tests: str) -> bool:
    """Whether an answer, of a function of that name, is one that compares rather than computes: yes or no, full marks,
    nothing, a word of its own, no complaint."""
    if value is None:
        return name.lower().startswith(_ASSERTIONS)
    if isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return abs(value) in FULL_MARKS or abs(value) < _NEARLY_NOTHING
    if isinstance(value, str):
        return not value or _is_only_compared(value, tests)
    if isinstance(value, list | tuple | set | frozenset):
        return len(set(map(repr, value))) < 2 and all(is_weak(item, name, tests) for item in value)
    return isinstance(value, dict) and not value


def _is_only_compared(text: str, tests: str) -> bool:
    """Whether a text stands in the tests as what is expected, and nowhere as what is given."""
    nodes = list(ast.walk(ast.parse(tests)))
    sides = [side for node in nodes if isinstance(node, ast.Compare) for side in (node.left, *node.comparators)]
    sides += [
        a for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "attr", "")[:6] == "assert" for a in n.args
    ]
    expected = [part for side in sides for part in _uncalled(side)]
    compared, written = ([n for n in p if isinstance(n, ast.Constant) and n.value == text] for p in (expected, nodes))
    return 0 < len(compared) == len(written)


def from_prompt(prompt: str, names: list[str]) -> dict[str, Any]:
    """The functions that the prompt gives whole: nobody's word, as the program does not make them."""
    # Few tests need them, and what is imported beforehand every fork has to carry.
    extract, definitions = (importlib.import_module(f".{name}", __package__) for name in ("extract", "definitions"))
    header = extract.declared(prompt, names)
    whole = [
        s.name for s in ast.parse(header).body if isinstance(s, ast.FunctionDef) and not all(map(_is_idle, s.body))
    ]
    space: dict[str, Any] = {}
    exec(compile(definitions.lacking(header, "\n".join(whole)), "<prompt>", "exec", dont_inherit=True), space)
    return {name: space[name] for name in names if name in whole and name in space}


def _is_idle(part: ast.stmt) -> bool:
    return isinstance(part, ast.Pass | ast.Raise) or (
        isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
    )
