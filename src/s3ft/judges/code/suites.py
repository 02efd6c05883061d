"""Tests written for unittest or pytest: told from other tests, for `sandbox/inside/suites.py` to run."""

from __future__ import annotations

import ast
import functools
import re
import sys
from pathlib import Path

_RUNNERS = ("unittest", "pytest")
_USUAL = re.compile(
    r"(?:your|my|the|test)?_?(?:solutions?|main|program|code|module|submission|answer|candidate|implementation|impl|app|src"
    r"|task|task_func|problem|script|file|function|package|project|exercise|completion)(?:_?(?:module|file|code|under_test|\d+))?"
)


def is_suite(tree: ast.Module) -> bool:
    """Whether something has to collect and run the tests: classes of tests, fixtures, parameters, a runner's names."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Name | ast.alias)
            and _root(node.id if isinstance(node, ast.Name) else node.name) in _RUNNERS
        ):
            return True
        if isinstance(node, ast.ImportFrom) and _root(node.module or "") in _RUNNERS:
            return True
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name.startswith("test")]
    if any(len(s.args.args) > len(s.args.defaults) and s.name not in called for s in functions):
        return True
    tests = [s for s in tree.body if isinstance(s, ast.ClassDef) and s.name.startswith("Test")]
    return any(isinstance(s, ast.FunctionDef) and s.name.startswith("test") for test in tests for s in test.body)


def without_program_imports(source: str, tree: ast.Module, entry: str) -> tuple[str, ast.Module]:
    """The tests without imports of the module that holds the program (`from solution import f`), as if it were theirs.

    That is a module which is neither of the standard library nor installed, and which has the entry point or is called
    as such modules are."""
    modules = _Modules(entry)
    modules.visit(tree)
    if not modules.found:
        return source, tree
    tree = ast.fix_missing_locations(_Unimported(modules.found, modules.names).visit(tree))
    source = ast.unparse(tree)
    return source, ast.parse(source)


class _Modules(ast.NodeVisitor):
    """The modules that hold the program, and the names that they are known by."""

    def __init__(self, entry: str) -> None:
        self._entry = entry
        self.found: set[str] = set()
        self.names: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if _is_unknown(alias.name) and _USUAL.fullmatch(_root(alias.name)):
                self.found.add(alias.name)
                self.names.add(alias.asname or alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        has_entry = bool(self._entry) and any(alias.name == self._entry for alias in node.names)
        if node.level or (_is_unknown(module) and (has_entry or _USUAL.fullmatch(_root(module)))):
            self.found.add("." * node.level + module)


class _Unimported(ast.NodeTransformer):
    def __init__(self, modules: set[str], names: set[str]) -> None:
        self._modules, self._names = modules, names

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        node.names = [alias for alias in node.names if alias.name not in self._modules]
        return node if node.names else ast.Pass()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        if "." * node.level + (node.module or "") not in self._modules:
            return node
        renamed = [alias for alias in node.names if alias.asname and alias.asname != alias.name]
        if not renamed:
            return ast.Pass()
        targets = ast.Tuple([ast.Name(str(alias.asname), ast.Store()) for alias in renamed], ast.Store())
        return ast.Assign([targets], ast.Tuple([ast.Name(alias.name, ast.Load()) for alias in renamed], ast.Load()))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id in self._names:
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        return node


def _root(name: str) -> str:
    return name.partition(".")[0]


@functools.cache
def _is_unknown(module: str) -> bool:
    root = _root(module)
    if root in sys.stdlib_module_names or root in (*_RUNNERS, "inside", "__future__"):
        return False
    folders = [Path(path) for path in sys.path if path.endswith("-packages")]
    return not any((folder / root).exists() or (folder / f"{root}.py").exists() for folder in folders)
