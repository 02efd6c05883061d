"""What a reference asks: which names are the program's, where its setup runs, what is left to the examiner."""

from __future__ import annotations

import ast
import builtins
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from s3ft.judges.code import pairs, suites
from s3ft.judges.code.checks import Check, checks_of, cut
from s3ft.judges.code.classes import NONE, Roles, roles
from s3ft.judges.code.provenance import NOTHING, Provenance, provenance
from s3ft.sandbox.inside import prelude

_BUILTINS = frozenset(dir(builtins))
_TRUSTED = _BUILTINS | frozenset(prelude.MODULES) | {"__name__", "__file__"}
_KNOWN_AS = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "dt": "datetime", "pytest": "pytest"}
"""Short names that everybody knows a module by."""
_KNOWN_IN = {
    **dict.fromkeys(("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple", "ChainMap"), "collections"),
    **{
        "timedelta": "datetime",
        "timezone": "datetime",
        "Decimal": "decimal",
        "Fraction": "fractions",
        "Path": "pathlib",
        "StringIO": "io",
        "ZoneInfo": "zoneinfo",
    },
    **{"redirect_stdout": "contextlib", "suppress": "contextlib", "deepcopy": "copy", "isclose": "math"},
}
"""Names that tests use without importing them, and where they are from. The program has no say in what they mean."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a reference is judged."""

    problem: str = ""
    """Why it cannot be."""
    entry: str = ""
    names: tuple[str, ...] = ()
    """What the tests take from the program."""
    tests: str = ""
    before: str = ""
    """Setup for the program's process."""
    setup: str = ""
    """Setup for the examiner, after the program has run."""
    check: str = ""
    """A function of the tests that is to be handed the entry point."""
    functions: tuple[str, ...] = ()
    """Test functions that nothing calls."""
    is_suite: bool = False
    """Written for unittest or pytest."""
    modules: tuple[tuple[str, str], ...] = ()
    """Name and module (or module:name) that the tests use without importing it."""
    provenance: Provenance = NOTHING
    roles: Roles = NONE
    checks: tuple[Check, ...] = ()
    """The assertions, where all of them can be held against plain values; else the examiner is needed."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Inputs and outputs of a script, in place of all of this."""

    def line(self, number: int, column: int | None = None) -> str:
        """The assertion that starts on a line of the tests, the first one where no column is given."""
        for node in ast.walk(ast.parse(self.tests)):
            if isinstance(node, ast.Assert) and node.lineno == number and column in (None, node.col_offset):
                return cut(ast.unparse(ast.Assert(node.test)))
        lines = self.tests.split("\n")
        return cut(lines[number - 1].strip()) if 0 < number <= len(lines) else f"line {number} of the tests"


def plan(reference: Any) -> Plan:
    """Reads {"tests": source or list of asserts, "entry_point"?: name, "setup"?: source}, or the pairs of
    `judges.code.pairs`. Never raises."""
    if isinstance(reference, dict) and (found := pairs.read(reference)) is not None:
        names = (found.name,) if found.name else ()
        return Plan(found.problem, found.name, names, found.tests, checks=found.checks, pairs=found.texts)
    if not isinstance(reference, dict) or "tests" not in reference:
        return Plan(f"no tests: the reference is {cut(repr(reference))}, expected {{'tests': ...}}")
    tests, entry, setup = reference["tests"], reference.get("entry_point") or "", reference.get("setup") or ""
    if isinstance(tests, list) and all(isinstance(test, str) for test in tests):
        tests = "\n".join(tests)
    if not isinstance(tests, str) or not isinstance(entry, str) or not isinstance(setup, str):
        return Plan("tests, entry_point and setup are expected to be text (tests: or a list of asserts)")
    return _plan(tests.replace("\r\n", "\n"), entry, setup.replace("\r\n", "\n"))


@functools.lru_cache(maxsize=1024)
def _plan(tests: str, entry: str, setup: str) -> Plan:
    if not tests.strip():
        return Plan("no tests: they are empty")
    try:
        tree, before = ast.parse(tests), ast.parse(setup)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Plan(f"the tests do not parse: {type(error).__name__}: {error}")
    tests, tree = suites.without_program_imports(tests, tree, entry)
    is_suite = suites.is_suite(tree)
    used, given = _names(tree), _names(before)
    own_setup = not given.free
    classes = [s.name for s in before.body if isinstance(s, ast.ClassDef)] if own_setup else []
    after = [s for s in before.body if not (own_setup and isinstance(s, ast.ClassDef))]
    names = (used.free - given.bound) | given.free | set(classes)
    asked, entry = entry, entry or _entry(tree, used, names)
    names |= {entry} - {""}
    check = next((s.name for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == "check"), "")
    if check and (check in used.loaded - {entry} or _calls_itself(tree, check)):
        check = ""
    elif check and not entry:
        return Plan("the tests define check(candidate) and the reference names no entry_point")
    modules = dict(_unimported(tree, names - {entry} - given.bound))
    names -= modules.keys()
    found = roles(tree, frozenset(names), entry, frozenset(classes))
    is_literal = own_setup and not is_suite
    checks = checks_of(tree, frozenset(names - set(found.makers)), entry) if is_literal else None
    kinds = frozenset((*found.classes, *found.maybe))
    traced = provenance(tree, frozenset(names), kinds, entry, asked) if not checks else NOTHING
    return Plan(
        entry=entry,
        names=tuple(sorted(names)),
        tests=tests,
        before=setup if own_setup else "",
        setup=ast.unparse(ast.Module(after, [])),
        check=check,
        functions=() if is_suite else tuple(f for f in _test_functions(tree) if f not in used.loaded),
        is_suite=is_suite,
        modules=tuple(modules.items()),
        provenance=traced,
        roles=found,
        checks=tuple(checks or ()),
    )


@dataclass(frozen=True, slots=True)
class _Names:
    loaded: set[str]
    bound: set[str]
    called: list[str]
    """Functions called by name."""

    @property
    def free(self) -> set[str]:
        return self.loaded - self.bound - _TRUSTED


def _names(tree: ast.AST) -> _Names:
    found = _Names(set(), set(), [])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (found.loaded if isinstance(node.ctx, ast.Load) else found.bound).add(node.id)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                found.called.append(node.func.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.bound.add(node.name)
        elif isinstance(node, ast.arg):
            found.bound.add(node.arg)
        elif isinstance(node, ast.alias):
            found.bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.bound.add(node.name)
    return found


def _unimported(tree: ast.Module, names: set[str]) -> Iterator[tuple[str, str]]:
    """Modules, and well-known things from them, that the tests use without importing them."""
    if not names:
        return
    bases = {n.value.id for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    called = set(_names(tree).called)
    for name in sorted(names):
        if name in _KNOWN_IN:
            yield name, f"{_KNOWN_IN[name]}:{name}"
        elif name in bases - called and (name in _KNOWN_AS or name in sys.stdlib_module_names or name == "numpy"):
            yield name, _KNOWN_AS.get(name, name)


def _entry(tree: ast.Module, used: _Names, names: set[str]) -> str:
    """The function under test where the reference does not name it: the first that an assertion calls.

    A name that is also a builtin (`assert sum(1, 2) == 3`) is the program's only where nothing else can be."""
    ours = [name for name in used.called if name in names]
    if ours:
        return ours[0]
    first = [_outermost(s.test) for s in tree.body if isinstance(s, ast.Assert)]
    return first[0] if first and len(set(first)) == 1 and not names else ""


def _outermost(node: ast.expr) -> str:
    left = node.left if isinstance(node, ast.Compare) else node
    return left.func.id if isinstance(left, ast.Call) and isinstance(left.func, ast.Name) else ""


def _calls_itself(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and getattr(s.value.func, "id", "") == name
        for s in tree.body
    )


def _test_functions(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test") and not statement.args.args:
            yield statement.name
