"""Stands as pytest, which is not there in a sandbox, with what test files take of it: marks, fixtures, raises, approx.

Only what tests of single functions use; `suites` runs it. What is missing fails as an import does."""

from __future__ import annotations

import contextlib
import importlib
import math
import re
import warnings as _warnings
from collections.abc import Callable, Iterator
from typing import Any


class Outcome(BaseException):
    """A test that ended itself: skipped or expected to fail. No program can raise it."""


class Failed(AssertionError):
    """pytest.fail."""


class ExceptionInfo:
    """What `raises` hands out."""

    value: Any = None

    @property
    def type(self) -> Any:
        return type(self.value)

    @property
    def typename(self) -> str:
        return type(self.value).__name__

    def match(self, pattern: str) -> bool:
        if not re.search(pattern, str(self.value)):
            raise AssertionError(f"{pattern!r} does not match {str(self.value)[:200]!r}")
        return True

    def exconly(self) -> str:
        return f"{type(self.value).__name__}: {self.value}"


class _Raises:
    def __init__(self, expected: Any, match: str | None) -> None:
        self._expected, self._match, self._info = expected, match, ExceptionInfo()

    def __enter__(self) -> ExceptionInfo:
        return self._info

    def __exit__(self, kind: Any, error: BaseException | None, _: object) -> bool:
        if error is None:
            raise Failed(f"did not raise {getattr(self._expected, '__name__', self._expected)}")
        if not isinstance(error, self._expected):
            return False
        self._info.value = error
        if self._match is not None:
            self._info.match(self._match)
        COUNT[0]()
        return True


COUNT: list[Callable[[], None]] = [lambda: None]
"""Told when `raises` held."""


def raises(expected: Any, *arguments: Any, match: Any = None, check: Any = None, **keywords: Any) -> Any:
    context = _Raises(expected, getattr(match, "pattern", match))
    if not arguments:
        return context
    with context as info:
        arguments[0](*arguments[1:], **keywords)
    return info


@contextlib.contextmanager
def warns(expected: Any = Warning, *, match: str | None = None) -> Iterator[Any]:
    with _warnings.catch_warnings(record=True) as caught:
        _warnings.simplefilter("always")
        yield caught
    if not any(issubclass(w.category, expected) and re.search(match or "", str(w.message)) for w in caught):
        raise Failed(f"did not warn with {expected}")
    COUNT[0]()


class approx:
    """Equal to a number, or to numbers in a list, tuple, dict or array, within a tolerance."""

    __array_ufunc__ = None
    __array_priority__ = 100

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> None:
        self._expected, self._rel, self._abs, self._nan_ok = expected, rel, abs, nan_ok

    def __eq__(self, got: object) -> bool:
        return self._same(got, self._expected)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"approx({self._expected!r})"

    def _same(self, got: Any, expected: Any) -> bool:
        if hasattr(expected, "tolist") or type(got).__module__ == "numpy":
            lists = [x.tolist() if hasattr(x, "tolist") else x for x in (got, expected)]
            return self._same(*lists)
        if isinstance(expected, dict):
            same_keys = isinstance(got, dict) and got.keys() == expected.keys()
            return same_keys and all(self._same(got[k], v) for k, v in expected.items())
        if isinstance(expected, list | tuple):
            if not isinstance(got, list | tuple) or len(got) != len(expected):
                return False
            return all(map(self._same, got, expected))
        if isinstance(expected, bool | str | bytes) or expected is None or not isinstance(got, int | float | complex):
            return _is_decimal(got, expected, self) or bool(got == expected)
        if isinstance(expected, float) and math.isnan(expected):
            return self._nan_ok and isinstance(got, float) and math.isnan(got)
        return bool(got == expected) or self._is_close(got, expected)

    def _is_close(self, got: Any, expected: Any) -> bool:
        if any(isinstance(x, float) and math.isinf(x) for x in (got, expected)):
            return False
        relative = self._rel if self._rel is not None else 0.0 if self._abs is not None else 1e-6
        tolerance = max(relative * abs(expected), self._abs if self._abs is not None else 1e-12)
        return bool(abs(got - expected) <= tolerance)


def _is_decimal(got: Any, expected: Any, tolerance: approx) -> bool:
    if type(got).__name__ not in ("Decimal", "Fraction") or type(got).__module__ not in ("decimal", "fractions"):
        return False
    return isinstance(expected, int | float) and tolerance._is_close(float(got), float(expected))


class Mark:
    """One mark on a test."""

    def __init__(self, name: str, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None) -> None:
        self.name, self.args, self.kwargs = name, arguments, keywords or {}

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        bare = len(arguments) == 1 and not keywords and not self.args and not self.kwargs
        if bare and (callable(arguments[0]) or isinstance(arguments[0], type)) and self.name not in ("skipif",):
            arguments[0].pytestmark = [*vars(arguments[0]).get("pytestmark", ()), self]
            return arguments[0]
        if not self.args and not self.kwargs:
            return _Marker(Mark(self.name, arguments, keywords))
        return self


class _Marker:
    def __init__(self, mark: Mark) -> None:
        self.mark = mark

    def __call__(self, function: Any) -> Any:
        function.pytestmark = [*vars(function).get("pytestmark", ()), self.mark]
        return function


class _Marks:
    def __getattr__(self, name: str) -> Mark:
        return Mark(name)


class Param:
    """pytest.param."""

    def __init__(self, *values: Any, marks: Any = (), id: str | None = None) -> None:
        self.values, self.id = values, id
        self.marks = list(marks) if isinstance(marks, list | tuple) else [marks]


class Fixture:
    """A fixture's function and its options."""

    def __init__(self, function: Any, options: dict[str, Any]) -> None:
        self.function, self.options = function, options
        self.name = options.get("name") or function.__name__


def fixture(function: Any = None, **options: Any) -> Any:
    return Fixture(function, options) if function is not None else lambda inner: Fixture(inner, options)


def skip(reason: str = "", **_: Any) -> None:
    raise Outcome(reason)


def fail(reason: str = "", *_: Any, **__: Any) -> None:
    raise Failed(reason)


def importorskip(name: str, *_: Any, **__: Any) -> Any:
    return importlib.import_module(name)


def main(*_: Any, **__: Any) -> int:
    return 0


def deprecated_call(**options: Any) -> Any:
    return warns((DeprecationWarning, PendingDeprecationWarning), **options)


mark = _Marks()
param = Param
xfail = exit = skip
MonkeyPatch = FixtureRequest = CaptureFixture = Any
