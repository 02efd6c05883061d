"""Which names of the program the tests use as classes. Only the tests are read: a program says of itself what it likes.

An object of a class that the tests make and use may answer for itself (`stack.pop()`); an object in the place of plain
data may not (`f(2).startswith("a")`)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from s3ft.sandbox.inside.attributes import PLAIN

_CAPITAL = re.compile(r"_*[A-Z][A-Za-z0-9]*$")
_TAKE_CLASSES = {"isinstance", "issubclass", "raises", "assertRaises", "assertRaisesRegex", "assertIsInstance"}


@dataclass(frozen=True, slots=True)
class Roles:
    """What the tests take the program's names for; every other name is a function or a value."""

    classes: tuple[str, ...]
    """Used as classes."""
    maybe: tuple[str, ...]
    """Written like classes, without a use that only a class has."""
    makers: tuple[str, ...]
    """They make what a result is compared with: plain data from them would be an expected value of the program's."""


NONE = Roles((), (), ())


def roles(tree: ast.Module, names: frozenset[str], entry: str, given: frozenset[str]) -> Roles:
    """`given`: classes that the reference's setup defines."""
    if names == {entry} and not given and not _CAPITAL.match(entry):
        return NONE
    capital = {name for name in names if _CAPITAL.match(name)}
    found = given | (set(_evidence(tree, capital)) | set(_named_as_classes(tree))) & names
    makers = given | ((capital | found) - {entry}) | _made_for_comparison(tree, names - {entry})
    return Roles(tuple(sorted(found)), tuple(sorted(capital - found)), tuple(sorted(makers)))


def _called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _evidence(tree: ast.Module, capital: set[str]) -> Iterator[str]:
    """Names whose objects the tests use as no plain data can be used, or change in a statement of its own."""
    held: dict[str, str] = {}

    def maker(node: ast.expr) -> str:
        if isinstance(node, ast.Name | ast.Attribute):
            return held.get(ast.unparse(node), "")
        if isinstance(node, ast.BinOp):
            return maker(node.left) or maker(node.right)
        if isinstance(node, ast.UnaryOp):
            return maker(node.operand)
        return name if (name := _called(node)) in capital else ""

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (name := maker(node.value)):
            held |= {
                ast.unparse(target): name for target in node.targets if isinstance(target, ast.Name | ast.Attribute)
            }
    for node in tree.body:
        # A fixture: tests know what it gives by its name.
        if isinstance(node, ast.FunctionDef):
            given = [n.value for n in ast.walk(node) if isinstance(n, ast.Return | ast.Yield) and n.value is not None]
            held |= dict.fromkeys([node.name], next(filter(None, map(maker, given)), ""))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in capital:
                yield node.value.id
            elif node.attr not in PLAIN and (name := maker(node.value)):
                yield name
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and (name := maker(function.value)):
                yield name


def _named_as_classes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Call) and getattr(node.func, "attr", _called(node)) in _TAKE_CLASSES:
            asked = node.args
        elif isinstance(node, ast.ExceptHandler) and node.type is not None:
            asked = [node.type]
        elif isinstance(node, ast.ClassDef):
            asked = node.bases
        for part in asked:
            parts = part.elts if isinstance(part, ast.Tuple) else [part]
            yield from (p.id for p in parts if isinstance(p, ast.Name))


def _made_for_comparison(tree: ast.Module, names: frozenset[str]) -> set[str]:
    """Names called for an argument of another and also for what is compared: `f(pair(1, 2)) == pair(2, 1)`."""
    inner: set[str] = set()
    compared: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                inner |= {_called(part) for part in ast.walk(argument)}
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            sides = (node.left, node.comparators[0])
            compared |= {_called(side) for side in sides if all(_called(other) for other in sides)}
    return inner & compared & names
