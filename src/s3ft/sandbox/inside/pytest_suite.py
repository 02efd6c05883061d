"""Test functions and classes as pytest finds them, with their marks and fixtures."""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from .pytest_names import Fixture, Mark, Outcome, Param

Space = dict[str, Any]


def run_optional(function: Any, *arguments: Any) -> None:
    if inspect.isfunction(function) or inspect.ismethod(function):
        function(*arguments[: len(inspect.signature(function).parameters)])


class Suite:
    """Test functions and classes as pytest finds them, with their fixtures."""

    def __init__(self, space: Space) -> None:
        self._fixtures = {f.name: f for f in space.values() if isinstance(f, Fixture)}
        self._marks = _marks(SimpleNamespace(**{"pytestmark": space.get("pytestmark", [])}))
        self._space = space
        self._made: dict[tuple[str, str, Any], Any] = {}
        self.stacks: dict[str, contextlib.ExitStack] = {}

    def klass(self, kind: type) -> None:
        if _is_off(marks := [*self._marks, *_marks(kind)]):
            return
        self._made = {key: value for key, value in self._made.items() if key[0] != "class"}
        with contextlib.ExitStack() as self.stacks["class"]:
            run_optional(getattr(kind, "setup_class", None))
            for name in [n for c in kind.__mro__[::-1] for n in vars(c) if n.startswith("test")]:
                self.function(inspect.getattr_static(kind, name), kind, marks)
            run_optional(getattr(kind, "teardown_class", None))

    def function(self, function: Any, kind: type | None, outer: list[Mark] | None = None) -> None:
        function = getattr(function, "__func__", function)
        marks = [*(self._marks if outer is None else outer), *_marks(function)]
        if not callable(function) or _is_off(marks):
            return
        known = self._fixtures | {f.name: f for f in vars(kind or object).values() if isinstance(f, Fixture)}
        sets = [_arguments(mark) for mark in marks if mark.name == "parametrize"]
        for chosen in itertools.product(*sets):
            if not any(_is_off(extra) for _, extra in chosen):
                given = {name: value for values, _ in chosen for name, value in values.items()}
                for params in _combined(_needed(function, known, given, marks), known):
                    self._once(function, kind, given, known, params, marks)

    def _once(
        self,
        function: Any,
        kind: type | None,
        given: Space,
        known: dict[str, Fixture],
        params: Space,
        marks: list[Mark],
    ) -> None:
        self._made = {key: value for key, value in self._made.items() if key[0] != "function"}
        instance = kind() if kind is not None else None
        with contextlib.suppress(Outcome), contextlib.ExitStack() as stack:
            self.stacks["function"] = stack
            for name in ("setup_method",) if instance is not None else ("setup_function",):
                run_optional(getattr(instance, name, self._space.get(name)), function)
            request = _Request(self, instance, known, params, given)
            for name in [n for n, f in known.items() if f.options.get("autouse")] + _used(marks):
                request.value(name)
            named = [n for n in _parameters(function) if n != "self" or instance is None]
            values = {
                name: given[name] if name in given else request.value(name)
                for name in named
                if _is_asked(function, name, given)
            }
            result = function(instance, **values) if instance is not None else function(**values)
            if inspect.iscoroutine(result):
                import asyncio

                asyncio.run(result)
            if instance is not None:
                run_optional(getattr(instance, "teardown_method", None), function)
            else:
                run_optional(self._space.get("teardown_function"), function)

    def made(self, scope: str, name: str, param: Any, make: Callable[[], Any]) -> Any:
        key = (scope, name, repr(param))
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


class _Request:
    """pytest's `request`, and what looks fixtures up."""

    def __init__(self, suite: Suite, instance: Any, known: dict[str, Fixture], params: Space, given: Space) -> None:
        self._suite, self.instance, self._known, self._params, self._given = suite, instance, known, params, given
        self.param: Any = None

    def value(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        if name == "request":
            return self
        if name not in self._known:
            return self._built_in(name)
        found = self._known[name]
        scope = str(found.options.get("scope", "function"))
        scope = scope if scope in self._suite.stacks else "function"
        return self._suite.made(scope, name, self._params.get(name), lambda: self._make(found, scope))

    getfixturevalue = value

    def addfinalizer(self, function: Callable[[], Any]) -> None:
        self._suite.stacks["function"].callback(function)

    def _make(self, found: Fixture, scope: str) -> Any:
        names = [n for n in inspect.signature(found.function).parameters if n != "self"]
        inner = _Request(self._suite, self.instance, self._known, self._params, self._given)
        inner.param = self._params.get(found.name)
        values = {name: inner.value(name) for name in names}
        has_self = "self" in inspect.signature(found.function).parameters
        result = found.function(self.instance, **values) if has_self else found.function(**values)
        if inspect.isgenerator(result):
            value = next(result)
            self._suite.stacks[scope].callback(lambda: next(result, None))
            return value
        return result

    def _built_in(self, name: str) -> Any:
        stack = self._suite.stacks["function"]
        if name in ("capsys", "capfd"):
            return self._suite.made("function", "capsys", None, lambda: _Captured(stack))
        if name == "monkeypatch":
            return self._suite.made("function", name, None, lambda: _Patches(stack))
        raise ImportError(f"the fixture {name!r}")


class _Captured:
    """What is printed, by the tests and by the program."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._out, self._err = io.StringIO(), io.StringIO()
        stack.enter_context(contextlib.redirect_stdout(self._out))
        stack.enter_context(contextlib.redirect_stderr(self._err))

    def readouterr(self) -> Any:
        texts = [stream.getvalue() for stream in (self._out, self._err)]
        for stream in (self._out, self._err):
            stream.seek(0)
            stream.truncate()
        return _Output(*texts)

    @contextlib.contextmanager
    def disabled(self) -> Iterator[None]:
        yield


class _Output(tuple[str, str]):
    out = property(lambda self: self[0])
    err = property(lambda self: self[1])

    def __new__(cls, out: str, err: str) -> _Output:
        return super().__new__(cls, (out, err))


class _Patches:
    """monkeypatch, in the tests' process."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack

    def setattr(self, target: Any, name: Any, *value: Any, raising: bool = True) -> None:
        from unittest import mock

        patch = mock.patch.object(target, name, value[0]) if value else mock.patch(target, name)
        self._stack.enter_context(patch)

    def setitem(self, mapping: Any, key: Any, value: Any) -> None:
        from unittest import mock

        self._stack.enter_context(mock.patch.dict(mapping, {key: value}))

    def __getattr__(self, name: str) -> Any:
        raise ImportError(f"monkeypatch.{name}, which the program's process would not see")


def _marks(item: Any) -> list[Mark]:
    found = getattr(item, "pytestmark", [])
    return [_mark(mark) for mark in (found if isinstance(found, list | tuple) else [found])]


def _mark(mark: Any) -> Mark:
    found: Mark = getattr(mark, "mark", mark)
    return found


def _is_off(marks: list[Mark]) -> bool:
    """Whether a test is not to be run."""
    return any(m.name in ("skip", "xfail") or (m.name == "skipif" and any(m.args[:1])) for m in map(_mark, marks))


def _used(marks: list[Mark]) -> list[str]:
    return [str(name) for mark in marks if mark.name == "usefixtures" for name in mark.args]


def _arguments(mark: Mark) -> list[tuple[Space, list[Mark]]]:
    """The sets of arguments of a parametrize mark, each with its marks."""
    names, rows = [*mark.args, *(mark.kwargs[k] for k in ("argnames", "argvalues") if k in mark.kwargs)][:2]
    if mark.kwargs.get("indirect"):
        raise ImportError("parametrize with indirect=True")
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    sets = []
    for row in rows:
        values = row.values if isinstance(row, Param) else (row,) if len(names) == 1 else tuple(row)
        sets.append((dict(zip(names, values, strict=True)), row.marks if isinstance(row, Param) else []))
    return sets


def _parameters(function: Any) -> list[str]:
    """The parameters that pytest fills: not those that decorators of `mock.patch` fill, the first ones but self."""
    names = list(inspect.signature(function).parameters)
    patched = sum(str(p.new) == "sentinel.DEFAULT" for p in getattr(function, "patchings", ()))
    first = int(names[:1] == ["self"])
    return names[:first] + names[first + patched :]


def _is_asked(function: Any, name: str, given: Space) -> bool:
    parameter = inspect.signature(function).parameters[name]
    is_named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    return is_named and (parameter.default is parameter.empty or name in given)


def _needed(function: Any, known: dict[str, Fixture], given: Space, marks: list[Mark]) -> list[str]:
    """Fixtures that a test comes to, those of fixtures included."""
    left = [
        *_parameters(function),
        *_used(marks),
        *(n for n, f in known.items() if f.options.get("autouse")),
    ]
    found: list[str] = []
    while left:
        name = left.pop()
        if name in known and name not in found and name not in given:
            found.append(name)
            left += inspect.signature(known[name].function).parameters
    return found


def _combined(names: list[str], known: dict[str, Fixture]) -> Iterator[Space]:
    """All choices of the parameters that fixtures have."""
    several = [n for n in names if known[n].options.get("params") is not None]
    rows = [[p.values[0] if isinstance(p, Param) else p for p in known[n].options["params"]] for n in several]
    for chosen in itertools.product(*rows):
        yield dict(zip(several, chosen, strict=True))
