"""Runs tests written for unittest or pytest, in the process that holds the tests; the first failure ends it."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import unittest
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import pytest_names
from .pytest_names import Outcome
from .pytest_suite import Space, Suite, run_optional

_HELD = "__s3ft_assertion_held__"


def install(space: Space) -> None:
    """Before the tests are loaded: what they import, and assertions that count when they held."""
    hold: Callable[[int], None] = space[_HELD]
    sys.modules["pytest"] = pytest_names
    pytest_names.COUNT[0] = lambda: hold(_line())
    unittest.main = lambda *a, **k: None  # type: ignore[assignment]
    setattr(unittest.TestCase, "skipTest", _skip_test)  # noqa: B010
    busy: list[str] = []
    for name in dir(unittest.TestCase):
        if name.startswith("assert"):
            setattr(unittest.TestCase, name, _counted(getattr(unittest.TestCase, name), hold, busy))


def run(space: Space) -> None:
    """All tests of `space` in their order. Raises what the first one that fails raises, ImportError for a fixture that
    there is not."""
    here = ModuleType("__tests__")
    vars(here).update(space)
    sys.modules["__tests__"] = here
    suite = Suite(space)
    run_optional(space.get("setUpModule"))
    for item in list(space.values()):
        if isinstance(item, type) and issubclass(item, unittest.TestCase) and item.__module__ == "__tests__":
            _run_case(item)
    run_optional(space.get("tearDownModule"))
    with contextlib.ExitStack() as module:
        suite.stacks["module"] = suite.stacks["session"] = suite.stacks["package"] = module
        run_optional(space.get("setup_module"), here)
        for name, item in list(space.items()):
            if name.startswith("test") and inspect.isfunction(item) and item.__module__ == "__tests__":
                suite.function(item, None)
            elif name.startswith("Test") and isinstance(item, type) and not issubclass(item, unittest.TestCase):
                suite.klass(item)
        run_optional(space.get("teardown_module"), here)


def _skip_test(case: unittest.TestCase, reason: str = "") -> None:
    raise Outcome(reason)


def _line() -> int:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename != "<tests>":
        frame = frame.f_back
    return frame.f_lineno


class _Context:
    """A context manager of unittest's whose end is an assertion."""

    def __init__(self, inner: Any, held: Callable[[], None]) -> None:
        self._inner, self._held = inner, held

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *error: Any) -> Any:
        swallowed = self._inner.__exit__(*error)
        if error[0] is None or swallowed:
            self._held()
        return swallowed


def _counted(method: Callable[..., Any], hold: Callable[[int], None], busy: list[str]) -> Callable[..., Any]:
    @functools.wraps(method)
    def check(*arguments: Any, **keywords: Any) -> Any:
        if busy:
            return method(*arguments, **keywords)
        line = _line()
        busy.append(method.__name__)
        try:
            result = method(*arguments, **keywords)
        finally:
            busy.pop()
        if hasattr(result, "__exit__"):
            return _Context(result, lambda: hold(line))
        hold(line)
        return result

    return check


def _run_case(case: type[unittest.TestCase]) -> None:
    names = [name for name in vars(case) if name.startswith("test")]
    names += [name for name in unittest.TestLoader().getTestCaseNames(case) if name not in names]
    if _is_skipped(case) or not names:
        return
    with contextlib.suppress(Outcome):
        case.setUpClass()
        try:
            for name in names:
                if not _is_skipped(getattr(case, name)):
                    with contextlib.suppress(Outcome):
                        # Unlike `run`, it lets errors through.
                        case(name).debug()
        finally:
            case.tearDownClass()
            case.doClassCleanups()


def _is_skipped(*marked: Any) -> bool:
    return any(
        getattr(m, "__unittest_skip__", False) or getattr(m, "__unittest_expecting_failure__", False) for m in marked
    )
