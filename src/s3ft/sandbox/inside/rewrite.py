"""What is changed in tests before they run: assertions are counted, `is` and `type` are asked where objects live."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

_COUNT, _IS, _TYPE, _STRICT = (f"__s3ft_{name}__" for name in ("assertion_held", "is", "type", "strict"))


def helpers(
    count: Callable[[int], None],
    is_same: Callable[[Any, Any], bool],
    class_of: Callable[[Any], Any],
    strict: Callable[[Any], Any],
) -> dict[str, Any]:
    """What rewritten tests call. `count` gets minus the line before an assertion, and the line once it held."""
    return {_COUNT: count, _IS: is_same, _TYPE: class_of, _STRICT: strict}


def tests(source: str) -> ast.Module:
    """Raises SyntaxError."""
    return ast.fix_missing_locations(_Rewriter().visit(ast.parse(source)))


class _Rewriter(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        self.generic_visit(node)
        before, after = (ast.parse(f"{_COUNT}({n})").body[0] for n in (-node.lineno, node.lineno))
        return [ast.copy_location(before, node), node, ast.copy_location(after, node)]

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Is | ast.IsNot):
            return node
        if isinstance(node.comparators[0], ast.Constant):
            return node
        same = _call(_IS, node, node.left, node.comparators[0])
        return same if isinstance(node.ops[0], ast.Is) else ast.copy_location(ast.UnaryOp(ast.Not(), same), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1 and not node.keywords:
            return _call(_TYPE, node, node.args[0])
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


def _call(name: str, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), list(arguments), []), place)
