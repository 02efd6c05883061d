"""Where what the tests handle comes from: which of the program's answers are its own word on what it gave.

Of `is_close(f(2), 1042.0)`, where the program defines `is_close`, the program would be the judge of itself. Only the
tests are read, without regard to order: a name may hold whatever is ever put into it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from s3ft.sandbox.inside.blame import FULL_MARKS

Place = tuple[int, int, int | None, int | None]
"""Line and column of start and end."""
Marks = frozenset[str]
"""Names of the program's functions that a value comes of, and:"""
DATA, OBJECT, WORD, SELF = "data ", "object ", "word ", "self "
"""The tests' data, an object that they made of a class of the program's; the program's word on what it gave, beside
the tests' data or alone. With _HELD before a mark: what a function of the program's was handed, which an object that
it gave may hold; with _FUNCTION before a name: the function itself."""
_HELD, _FUNCTION = "held ", "function "
_KINDS = (DATA, OBJECT, WORD, SELF)
_NONE: Marks = frozenset()
_PUTS = {"append", "add", "extend", "update", "insert", "setdefault", "appendleft"}
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ORDERED = {"assertLess", "assertLessEqual", "assertGreater", "assertGreaterEqual"}
_PASSES = 4
_FACTS = {"isinstance", "issubclass", "hasattr", "callable", "type", "len"}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is said of expressions and lines of the tests."""

    words: tuple[tuple[Place, str, bool], ...] = ()
    """Calls and comparisons in which the program may decide about its own result, with the name of its function, and
    whether it does so whatever comes of them."""
    circles: tuple[Place, ...] = ()
    """Those that hold the program against nothing but itself."""
    foreign: tuple[int, ...] = ()
    """Lines of statements that always run and that the program has no part in."""


NOTHING = Provenance()


def provenance(
    tree: ast.Module, names: frozenset[str], classes: frozenset[str], entry: str, asked: str = ""
) -> Provenance:
    """`names`: the program's, `classes` among them. `asked`: the one that the tests are for, as the reference says;
    what it answers about the results of others is what is asked for."""
    reader = _Reader(tree, names, classes, entry)
    for _ in range(_PASSES):
        before = dict(reader.held)
        reader.known.clear()
        try:
            reader.visit(tree)
        except RecursionError:
            return NOTHING
        if reader.held == before:
            break
    foreign = {n for first, last in _foreign(tree.body, reader) for n in range(first, last + 1)}
    words = tuple((place, *said) for place, said in sorted(reader.words.items()) if said[0] != asked)
    return Provenance(words, tuple(sorted(reader.circles)), tuple(sorted(foreign)))


_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _Reader(ast.NodeVisitor):
    def __init__(self, tree: ast.Module, names: frozenset[str], classes: frozenset[str], entry: str) -> None:
        self._classes = classes
        self._functions: dict[str, _Function] = {
            n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        self._called = {name: name for name in names}
        handed = {a.id for n in ast.walk(tree) if isinstance(n, ast.Call) for a in n.args if isinstance(a, ast.Name)}
        self._values = {n for n in names - called if n.isupper() or n not in classes | handed}
        if (check := self._functions.get("check")) and entry and check.args.args:
            self._called[check.args.args[0].arg] = entry
        self._inside = [""]
        self._parameters = {a.arg for n in ast.walk(tree) if isinstance(n, ast.arguments) for a in n.args} - {"self"}
        self.known: dict[tuple[int, str], Marks] = {}
        """Of expressions that were read in this pass."""
        self.held: dict[tuple[str, str], Marks] = {}
        """By function of the tests and name; of what a function gives, by "" and its name with ()."""
        self.words: dict[Place, tuple[str, bool]] = {}
        self.circles: set[Place] = set()

    def of(self, node: ast.AST | None) -> Marks:
        """The marks of an expression; notes what is found in it."""
        key = id(node), self._inside[-1]
        if key not in self.known:
            self.known[key] = self._read(node)
        return self.known[key]

    def _read(self, node: ast.AST | None) -> Marks:
        if node is None or (isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))):
            return _NONE
        if isinstance(node, ast.Constant):
            return frozenset({DATA})
        key = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        for scope in dict.fromkeys((self._inside[-1], "")):
            if (scope, key) in self.held:
                return self.held[scope, key]
        if isinstance(node, ast.Name):
            if key in self._called and key not in self._classes | self._values:
                return frozenset({_FUNCTION + self._called[key]})
            return frozenset({key} if key in self._values else {DATA} if key in self._parameters else ())
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Subscript):
            return self.of(node.value) | (self.of(node.slice) - {DATA})
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            for part in node.generators:
                self._bind(part.target, part.iter, is_each=True)
                self._all(part.ifs)
            return self._all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            sides = (node.left, node.right)
            # A difference from what is expected is the tests' own comparison.
            is_own = any(self.of(s) == {DATA} and getattr(s, "value", None) not in FULL_MARKS for s in sides)
            return self._all(list(sides)) - ({WORD} if is_own else _NONE)
        if isinstance(node, ast.NamedExpr):
            self._bind(node.target, node.value)
            return self.of(node.value)
        if isinstance(node, ast.Return | ast.Yield) and self._inside[-1]:
            self._put(f"{self._inside[-1]}()", self.of(node.value), "")
        return self._all(ast.iter_child_nodes(node))

    def _all(self, nodes: Iterator[ast.AST] | list[ast.AST] | list[ast.expr]) -> Marks:
        return _NONE.union(*map(self.of, nodes))

    def _call(self, node: ast.Call) -> Marks:
        given = [*node.args, *(k.value for k in node.keywords)]
        plain = self._all([part for part in given if not isinstance(part, ast.Lambda)])
        for part in given:
            for parameter in part.args.args if isinstance(part, ast.Lambda) else ():
                self._put(parameter.arg, plain)
        marks = self._all(given)
        function = node.func
        if isinstance(function, ast.Name):
            name = function.id
            if name in self._called:
                is_class = name in self._classes
                held = frozenset({OBJECT, *_held(marks)})
                return held if is_class else self._answer(node, self._called[name], marks)
            if name in self._functions:
                return self._own(name, node.args, 0) or marks | {DATA}
            if name in _FACTS:
                return marks - {WORD, SELF}
        base = self.of(function.value if isinstance(function, ast.Attribute) else function)
        if isinstance(function, ast.Attribute):
            name = function.attr
            is_class = ast.unparse(function.value) in self._classes
            if is_class or _others(base, "") or OBJECT in base:
                found = self._answer(node, name, marks | _unheld(base))
                return found if is_class or OBJECT in base else found | base | marks
            if name in self._functions:
                return self._own(name, node.args, 1) or marks
            if isinstance(function.value, ast.Name) and name in _PUTS:
                self._put(function.value.id, marks)
            if name.startswith("assert") and WORD in marks:
                said = [node] if name in _ORDERED else [part for part in node.args if WORD in self.of(part)]
                self.words |= {_place(part): (name, name in _ORDERED) for part in said}
        elif _others(base, ""):
            return self._answer(node, min(_others(base, "")), marks | _unheld(base))
        handed = sorted(mark.removeprefix(_FUNCTION) for mark in base | marks if mark.startswith(_FUNCTION))
        if handed and DATA in marks and _others(marks, handed[0]):
            self.words[_place(node)] = handed[0], True
        return base | marks

    def _answer(self, node: ast.Call, name: str, marks: Marks) -> Marks:
        """A call of the program's."""
        found = {name, *_held(marks)}
        if _others(marks, name) and DATA in marks:
            self.words[_place(node)] = name, False
            found.add(WORD)
        elif _others(marks, name):
            self.circles.add(_place(node))
            found.add(SELF)
        return frozenset(found)

    def _own(self, name: str, given: list[ast.expr], skipped: int) -> Marks:
        """A call of the tests' function."""
        for parameter, value in zip(self._functions[name].args.args[skipped:], given, strict=False):
            self._bind(ast.Name(parameter.arg), value, scope=name)
        return self.held.get(("", f"{name}()"), _NONE)

    def _compare(self, node: ast.Compare) -> Marks:
        sides = [self.of(side) for side in (node.left, *node.comparators)]
        marks = _NONE.union(*sides)
        is_plain = any(isinstance(side, ast.Constant) and not self.of(side) for side in node.comparators)
        if WORD in marks and (is_plain or any(isinstance(op, _ORDER) for op in node.ops)):
            self.words[_place(node)] = min(_others(marks, "")), False
        elif not marks & {DATA, OBJECT} and (SELF in marks or all(_others(side, "") for side in sides)):
            self.circles.add(_place(node))
        return marks

    def _bind(self, target: ast.expr, value: ast.expr, is_each: bool = False, scope: str | None = None) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[ast.expr] | None = (
                value.elts if isinstance(value, ast.Tuple | ast.List) and not is_each else None
            )
            if is_each and isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                parts = {"zip": value.args, "enumerate": [ast.Constant(None), *value.args]}.get(value.func.id)
            if parts is not None and len(parts) == len(target.elts):
                for inner, part in zip(target.elts, parts, strict=True):
                    self._bind(inner, part, is_each)
                return
            for inner in target.elts:
                self._bind(inner, value)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value)
        elif isinstance(target, ast.Name) and isinstance(value, ast.Name) and value.id in self._called:
            self._called.setdefault(target.id, self._called[value.id])
        elif isinstance(target, ast.Name | ast.Attribute):
            self._put(ast.unparse(target), self.of(value), scope if isinstance(target, ast.Name) else "")
        elif isinstance(target, ast.Subscript):
            self._bind(target.value, value)

    def _put(self, name: str, marks: Marks, scope: str | None = None) -> None:
        key = self._inside[-1] if scope is None else scope, name
        self.held[key] = self.held.get(key, _NONE) | marks

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr | ast.Return):
            self.of(node)
        else:
            super().generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)

        if isinstance(node.value, ast.Lambda) and isinstance(target := node.targets[0], ast.Name):
            self._functions[target.id] = node.value
            self._inside.append(target.id)
            self._put(f"{target.id}()", self.of(node.value.body), "")
            self._inside.pop()

    def visit_Assert(self, node: ast.Assert) -> None:
        marks = self.of(node.test)
        if WORD in marks and not isinstance(node.test, ast.Compare | ast.BoolOp):
            self.words[_place(node.test)] = min(_others(marks, "")), False

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._bind(node.target, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._bind(node.target, node.value)

    def visit_For(self, node: ast.For) -> None:
        self._bind(node.target, node.iter, is_each=True)
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._bind(node.optional_vars, node.context_expr)
        self.of(node.context_expr)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside.append(node.name)
        for parameter in node.args.args:
            # A fixture is known by its name.
            if (given := ("", f"{parameter.arg}()")) in self.held:
                self._put(parameter.arg, self.held[given])
        super().generic_visit(node)
        self._inside.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def has_part(self, node: ast.AST) -> bool:
        """Whether the program has a part in what happens there."""
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        marked = {name for (_, name), marks in self.held.items() if marks - {DATA}}
        return not names.isdisjoint({*self._called, *self._functions, *marked, "self"})


def _others(marks: Marks, name: str) -> Marks:
    """The program's functions that something comes of, but for one."""
    return frozenset(m for m in marks if m not in _KINDS and m != name and not m.startswith((_HELD, _FUNCTION)))


def _held(marks: Marks) -> Iterator[str]:
    return (m if m.startswith(_HELD) else _HELD + m for m in marks if m not in (WORD, SELF, OBJECT))


def _unheld(marks: Marks) -> Marks:
    return frozenset(m.removeprefix(_HELD) for m in marks if m.startswith(_HELD))


def _place(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _foreign(body: list[ast.stmt], reader: _Reader) -> Iterator[tuple[int, int]]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield from _foreign(statement.body, reader)
        elif not isinstance(statement, ast.Raise | ast.Assert) and not reader.has_part(statement):
            yield statement.lineno, statement.end_lineno or statement.lineno
