"""Assertions that need no process of their own: literals, calls of the program, a few harmless functions.

Most tests are `assert f(literals) == literal`. The program's process gets the calls, and the comparison is made here,
on plain values. Nothing of the tests or of the program is executed."""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from s3ft.sandbox.inside import values

Call = tuple[str, list[Any], dict[str, Any]]
"""Name, encoded arguments, encoded keyword arguments."""
Value = Callable[[Iterator[Any]], Any]
"""Takes the encoded results of the calls, in order of evaluation, and gives the value of an expression."""


class Undecided(Exception):
    """A value that has to be compared by the examiner."""


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion."""

    place: tuple[int, int]
    """Line and column where it starts in the tests."""
    calls: list[Call]
    value: Value
    is_circular: bool = False
    """Both sides of the comparison are the program's."""

    def holds(self, trees: list[Any]) -> bool:
        """Whether it holds for the encoded results of its calls. Raises what the comparison raises, or Undecided."""
        if not all(values.is_plain(tree) for tree in trees):
            raise Undecided
        return bool(self.value(iter(trees)))


def checks_of(tree: ast.Module, names: frozenset[str], entry: str) -> list[Check] | None:
    """All assertions of the tests, as they run; None where one of them, or another statement, has to be executed."""
    found = []
    for node, candidate in _assertions(tree, entry) or ():
        reader = _Reader(names | {candidate}, {candidate: entry})
        value = reader.read(node.test)
        if value is None or not reader.calls:
            return None
        found.append(Check((node.lineno, node.col_offset), reader.calls, value, reader.is_circular))
    # The examiner says so if the program is compared with nothing but itself.
    return found if any(not check.is_circular for check in found) else None


def _assertions(tree: ast.Module, entry: str) -> list[tuple[ast.Assert, str]] | None:
    """Assertions in the order they run, each with the name that stands for the entry point there."""
    found: list[tuple[ast.Assert, str]] = []
    body: list[ast.stmt] | None = None
    parameter, ran = "", False
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "check" and body is None:
            arguments = statement.args
            if len(arguments.args) != 1 or arguments.defaults or arguments.vararg or arguments.kwonlyargs:
                return None
            if statement.decorator_list:
                return None
            body, parameter = statement.body, arguments.args[0].arg
        elif isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call) and body is not None:
            is_check = isinstance(call.func, ast.Name) and call.func.id == "check" and not call.keywords
            if not is_check or [getattr(a, "id", None) for a in call.args] != [entry] or ran:
                return None
            found += [(s, parameter) for s in body if isinstance(s, ast.Assert)]
            ran = True
        elif isinstance(statement, ast.Assert):
            found.append((statement, entry))
        elif not _is_idle(statement):
            return None
    if body is not None:
        if not all(isinstance(s, ast.Assert) or _is_idle(s) for s in body):
            return None
        if not ran:
            found += [(s, parameter) for s in body if isinstance(s, ast.Assert)]
    # What an idle assignment binds is no literal any more where an assertion reads it: the reader refuses the name.
    return found


def _is_idle(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if isinstance(statement, ast.Assign):
        return all(isinstance(t, ast.Name) for t in statement.targets) and _literal(statement.value) is not None
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def _literal(node: ast.expr) -> tuple[Any] | None:
    try:
        return (ast.literal_eval(node),)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


@dataclass(slots=True)
class _Reader:
    names: frozenset[str]
    stands_for: dict[str, str]
    calls: list[Call] = field(default_factory=list)
    is_circular: bool = False

    def read(self, node: ast.expr) -> Value | None:
        is_literal = not isinstance(node, ast.Compare) and not (isinstance(node, ast.Call) and node.args)
        literal = _literal(node) if is_literal else None
        if literal is not None:
            return lambda trees: literal[0]
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            by_identity = isinstance(node.ops[0], ast.Is | ast.IsNot)
            if by_identity and getattr(node.comparators[0], "value", 0) not in (None, True, False):
                return None
            start = len(self.calls)
            left, middle = self.read(node.left), len(self.calls)
            right = self.read(node.comparators[0])
            self.is_circular = start < middle < len(self.calls)
            compare = _COMPARE[type(node.ops[0])]
            if left is None or right is None:
                return None
            return lambda trees: compare(left(trees), right(trees))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._apply(operator.not_, node.operand)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return self._apply(operator.sub, node.left, node.right)
        if not isinstance(node, ast.Call) or any(isinstance(a, ast.Starred) for a in node.args):
            return None
        if isinstance(node.func, ast.Attribute):
            return self._is_close(node) if ast.unparse(node.func) == "math.isclose" else None
        name = getattr(node.func, "id", "")
        if name in self.names:
            return self._call(name, node)
        if node.keywords or not node.args or (len(node.args) > 1 and name != "round"):
            return None
        if name in ("set", "frozenset"):
            return self._set(name, node.args[0])
        return self._apply(_WRAPPERS[name], *node.args) if name in _WRAPPERS else None

    def _apply(self, function: Callable[..., Any], *nodes: ast.expr) -> Value | None:
        parts = [self.read(n) for n in nodes]
        if None in parts:
            return None
        return lambda trees: function(*[part(trees) for part in parts if part is not None])

    def _is_close(self, node: ast.Call) -> Value | None:
        tolerances = {str(k.arg): _literal(k.value) for k in node.keywords}
        given = {name: value[0] for name, value in tolerances.items() if value is not None}
        if len(given) < len(node.keywords) or not given.keys() <= {"rel_tol", "abs_tol"}:
            return None
        return self._apply(lambda a, b: math.isclose(a, b, **given), *node.args) if len(node.args) == 2 else None

    def _call(self, name: str, node: ast.Call) -> Value | None:
        positional = [_literal(a) for a in node.args]
        keywords = {k.arg: _literal(k.value) for k in node.keywords}
        if None in positional or None in keywords or None in keywords.values():
            return None
        try:
            arguments = [values.encode(v[0], _stays) for v in positional if v is not None]
            named = {str(k): values.encode(v[0], _stays) for k, v in keywords.items() if v is not None}
        except values.Unsupported:
            return None
        self.calls.append((self.stands_for.get(name, name), arguments, named))
        return lambda trees: values.decode(next(trees))

    def _set(self, kind: str, inner: ast.expr) -> Value | None:
        """A set of the program's values is made by the decoder, which refuses keys chosen to collide."""
        if (
            not isinstance(inner, ast.Call)
            or getattr(inner.func, "id", "") not in self.names
            or self.read(inner) is None
        ):
            return None

        def value(trees: Iterator[Any]) -> Any:
            tree = next(trees)
            if not isinstance(tree, list) or tree[0] not in ("list", "tuple", "set", "frozenset"):
                raise Undecided
            return values.decode([kind, *tree[1:]])

        return value


def _stays(value: Any) -> None:
    return None


def _in_order(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        # The order of a set is the program's process' own.
        if isinstance(value, set | frozenset):
            raise Undecided
        return kind(value)

    return make


_WRAPPERS: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (abs, bool, float, int, len, round, sorted)},
    "list": _in_order(list),
    "tuple": _in_order(tuple),
}


def show(tree: Any) -> str:
    """A result for a person, cut."""
    try:
        return cut(repr(values.decode(tree)))
    except (ValueError, RecursionError):
        return cut(json.dumps(tree))


def cut(text: str, length: int = 300) -> str:
    return text if len(text) <= length else text[:length] + "..."
