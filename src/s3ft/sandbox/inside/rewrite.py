"""What is changed in tests before they run: assertions are counted, `is` and `type` are asked where objects live, and
it is noted what either side of a comparison asked of the program."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .evidence import Evidence
from .remote import class_of

_COUNT, _TYPE, _STRICT, _OWN = (f"__s3ft_{name}__" for name in ("assertion_held", "type", "strict", "own"))
_MARK, _COMPARE, _LEFT, _RIGHT, _START = (f"__s3ft_{name}__" for name in ("mark", "compare", "left", "right", "start"))
_WORD, _CIRCLE = (f"__s3ft_{name}__" for name in ("word", "circle"))
_ONE_SIDED = {"assertTrue", "assertFalse", "assertIsNone", "assertIsNotNone"}
"""Their second argument is a message."""
_CONTEXTS = {"raises", "warns"}
"""Of pytest's."""
_SIGNS: dict[type[ast.cmpop], str] = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le"}
_SIGNS |= {ast.Gt: "gt", ast.GtE: "ge", ast.Is: "is", ast.IsNot: "is"}


def helpers(
    evidence: Evidence, strict: Callable[[Any], Any], own: Callable[[str], Any], word: Callable[..., Any]
) -> dict[str, Callable[..., Any]]:
    """What rewritten tests call. `strict` gets the context managers around assertions and gives them back, `own` the
    names of constants and gives what they hold. `word` gets what may be the program's word, its function's name, and
    whether it is in any case, and gives the first back."""
    noted: dict[str, Callable[..., Any]] = {_COUNT: evidence.hold, _MARK: evidence.mark}
    noted |= {_COMPARE: evidence.compare, _LEFT: evidence.left, _RIGHT: evidence.right, _START: evidence.start}
    noted |= {_WORD: word, _CIRCLE: evidence.circle}
    return {**noted, _TYPE: class_of, _STRICT: strict, _OWN: own}


def tests(source: str, constants: frozenset[str], words: list[Any], circles: list[Any]) -> ast.Module:
    """`constants`: names that hold plain data of the program's, or nothing yet; `words` and `circles` as
    `judges.code.provenance` has them. Raises SyntaxError."""
    rewriter = _Rewriter(constants, words, circles)
    rewritten: ast.Module = ast.fix_missing_locations(rewriter.visit(ast.parse(source)))
    return rewritten


class _Rewriter(ast.NodeTransformer):
    def __init__(self, constants: frozenset[str], words: list[Any], circles: list[Any]) -> None:
        self._constants = constants
        self._words = {tuple(place): (name, is_always) for place, name, is_always in words}
        self._circles = {tuple(place) for place in circles}

    def visit(self, node: ast.AST) -> Any:
        done = super().visit(node)
        if not isinstance(node, ast.expr) or not (self._words or self._circles):
            return done
        place = node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
        if place in self._circles:
            return _call(_CIRCLE, node, _call(_MARK, node), done, ast.Constant(isinstance(node, ast.Compare)))
        if place in self._words:
            return _call(_WORD, node, done, *map(ast.Constant, self._words[place]))
        return done

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        self.generic_visit(node)
        before, after = (ast.parse(f"{_COUNT}({n})").body[0] for n in (-node.lineno, node.lineno))
        return [ast.copy_location(before, node), node, ast.copy_location(after, node)]

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
        """NumPy's, pandas' and the mocks' assertions, which end without a word if they hold."""
        called = node.value.func if isinstance(node.value, ast.Call) else None
        is_assertion = isinstance(called, ast.Attribute) and called.attr.startswith("assert_")
        self.generic_visit(node)
        after = ast.copy_location(ast.parse(f"{_COUNT}({node.lineno})").body[0], node)
        return [node, after] if is_assertion else [node]

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        sign = _SIGNS.get(type(node.ops[0]))
        if sign is None or (sign == "is" and isinstance(node.comparators[0], ast.Constant)):
            return node
        mark = _call(_MARK, node)
        same = _call(_COMPARE, node, ast.Constant(sign), mark, node.left, mark, node.comparators[0], mark)
        return ast.copy_location(ast.UnaryOp(ast.Not(), same), node) if isinstance(node.ops[0], ast.IsNot) else same

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1 and not node.keywords:
            return _call(_TYPE, node, node.args[0])
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        sides = node.args[:2] if name.startswith("assert") and name not in _ONE_SIDED else []
        if len(sides) == 2 and not any(isinstance(side, ast.Starred) for side in sides):
            noted = zip((_LEFT, _RIGHT), sides, strict=True)
            node.args[:2] = [_call(helper, node, _call(_MARK, node), side) for helper, side in noted]
        if name.startswith("assert") or name in _CONTEXTS:
            node.func = _call(_START, node, ast.Constant(node.lineno), node.func)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._constants and isinstance(node.ctx, ast.Load):
            return _call(_OWN, node, ast.Constant(node.id))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if node.attr == "__class__" and isinstance(node.ctx, ast.Load):
            return _call(_TYPE, node, node.value)
        return node

    def visit_With(self, node: ast.With) -> ast.With:
        asserts = any(
            isinstance(n, ast.Assert) or (isinstance(n, ast.Attribute) and n.attr.startswith("assert"))
            for statement in node.body
            for n in ast.walk(statement)
        )
        self.generic_visit(node)
        if asserts:
            for item in node.items:
                item.context_expr = _call(_STRICT, node, item.context_expr)
        return node

    visit_AsyncWith = visit_With  # type: ignore[assignment]


def _call(name: str, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), list(arguments), []), place)
