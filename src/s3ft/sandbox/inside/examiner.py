"""The process that runs tests against a program in another process: expected values and comparisons stay here.

What the tests call of the program is a `Remote`, which asks the other process; plain data comes back. The tests have
passed when they ran to their end, at least one assertion ran, and the program was asked at least once."""

from __future__ import annotations

import ast
import builtins
import gc
from collections.abc import Callable
from typing import Any

from . import prelude, values, wire

_COUNT = "__s3ft_assertion_held__"
_SHOWN = 300


class Undecidable(BaseException):
    """Only the program's own process could answer; past every `except Exception` of the tests."""


class Gone(BaseException):
    """The program's process is gone."""


def run(work: dict[str, Any], fds: tuple[int, ...]) -> None:
    """Runs `work`: setup, tests, names (the program's), check (a function to hand the entry point to), called."""
    gc.enable()
    exam = _Exam(fds[0])
    wire.send(fds[1], exam.judge(work))


class _Exam:
    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._local: list[Callable[..., Any]] = []
        self.held = self.asked = 0
        self.line = 0
        self.seen = ""
        self.undecidable = self.gone = self.program = ""
        self._unloaded: list[Any] = []

    def judge(self, work: dict[str, Any]) -> dict[str, Any]:
        try:
            self._load()
            if self._unloaded:
                return self._outcome("unloaded") | {"message": self._unloaded}
            self._run(work)
        except Undecidable:
            return self._outcome("undecidable", self.undecidable)
        except Gone:
            return self._outcome("gone", self.gone)
        except AssertionError as error:
            outcome = self._outcome("failed", f"AssertionError: {error}"[:_SHOWN] if str(error) else "")
        except ImportError as error:
            return self._outcome("undecidable", f"the tests need what is not there: {error}"[:_SHOWN])
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            return self._outcome("undecidable", f"the tests left early: {type(error).__name__}")
        except Exception as error:
            outcome = self._outcome("raised", f"{type(error).__name__}: {error}"[:_SHOWN])
        else:
            outcome = self._outcome("held" if self.held and self.asked else "empty")
        # The tests may have caught what must not be caught.
        if self.gone:
            return self._outcome("gone", self.gone)
        return self._outcome("undecidable", self.undecidable) if self.undecidable else outcome

    def _outcome(self, end: str, why: str = "") -> dict[str, Any]:
        return {
            "end": end,
            "why": why,
            "line": self.line,
            "seen": self.seen,
            "held": self.held,
            "program": self.program,
        }

    def _load(self) -> None:
        while (message := self._receive())[0] != "loaded":
            if message[0] == "program":
                self.program = str(message[1] or "")
            elif message[0] in ("raised", "unparsed"):
                self._unloaded = message
                return
            else:
                raise self._lost("the program spoke out of turn")

    def _run(self, work: dict[str, Any]) -> None:
        space: dict[str, Any] = {"__name__": "__tests__", **prelude.MODULES, _COUNT: self._hold}
        for name in work["names"]:
            reply = self._ask(["get", name])
            if reply[0] == "value":
                space[name] = self._in(reply[1])
                self.asked += not isinstance(space[name], Remote)
        exec(compile(work["setup"], "<setup>", "exec", dont_inherit=True), space)
        tree = _Counted().visit(ast.parse(work["tests"]))
        exec(compile(ast.fix_missing_locations(tree), "<tests>", "exec", dont_inherit=True), space)
        if work["check"]:
            space[work["check"]](space[work["entry"]])
        for name in work["functions"]:
            space[name]()

    def _hold(self, line: int) -> None:
        if line < 0:
            self.line = -line
        else:
            self.held += 1

    def use(self, *request: Any) -> Any:
        """Asks the program's process and gives back the value, or raises what was raised there."""
        self.asked += 1
        reply = self._ask(list(request))
        if reply[0] == "value":
            self.seen = _show(result := self._in(reply[1]))
            return result, {int(i): self._in(changed) for i, changed in reply[2]}
        if reply[0] == "stop" and request[0] == "operation" and request[2] == "next":
            raise StopIteration
        if reply[0] == "unsupported":
            self.undecidable = f"the program gave {reply[1]}"
            raise Undecidable
        if reply[0] == "raised":
            self.seen = str(reply[3])[:_SHOWN]
            raise _exception(reply[2])(reply[3])
        raise self._lost("the program spoke out of turn")

    def _ask(self, request: list[Any]) -> list[Any]:
        try:
            wire.send(self._channel, request)
        except OSError:
            raise self._lost("the program's process is gone") from None
        while (reply := self._receive())[0] == "callback":
            try:
                result = self._local[reply[1]](*[self._in(a) for a in reply[2]])
                answer = ["value", self.out(result)]
            except Exception as error:
                answer = ["raised", f"{type(error).__name__}: {error}"[:_SHOWN]]
            wire.send(self._channel, answer)
        return reply

    def _receive(self) -> list[Any]:
        try:
            message = wire.receive(self._channel, values.MAX_BYTES)
        except (wire.Broken, OSError) as error:
            raise self._lost(str(error)) from None
        if not isinstance(message, list) or not message:
            raise self._lost("the program spoke out of turn")
        return message

    def _lost(self, why: str) -> Gone:
        self.gone = why
        return Gone()

    def _in(self, tree: Any) -> Any:
        try:
            return values.decode(tree, lambda number, kind: Remote(self, number, kind))
        except ValueError as error:
            raise self._lost(str(error)) from None

    def out(self, value: Any) -> Any:
        try:
            return values.encode(value, self._keep)
        except values.Unsupported as error:
            self.undecidable = f"the tests hand the program {error}, which cannot leave their process"
            raise Undecidable from None

    def _keep(self, value: Any) -> int | None:
        if isinstance(value, Remote):
            return object.__getattribute__(value, "_number")
        if callable(value) and not isinstance(value, type):
            self._local.append(value)
            return -len(self._local)
        return None

    def undecided(self, what: str) -> Undecidable:
        self.undecidable = f"{what} on an object of the program's own class would be the program's word"
        return Undecidable()


class _Counted(ast.NodeTransformer):
    """Marks the line before each assertion, and counts it after it held."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        self.generic_visit(node)
        before, after = (ast.parse(f"{_COUNT}({n})").body[0] for n in (-node.lineno, node.lineno))
        return [ast.copy_location(before, node), node, ast.copy_location(after, node)]


def _exception(names: list[str]) -> type[Exception]:
    # The nearest built-in kind. StopIteration would silently cut short a loop of the tests.
    for name in names:
        kind = getattr(builtins, str(name), None)
        if (
            isinstance(kind, type)
            and issubclass(kind, Exception)
            and not issubclass(kind, StopIteration | StopAsyncIteration)
        ):
            if issubclass(kind, UnicodeError | BaseExceptionGroup):
                return ValueError if issubclass(kind, UnicodeError) else Exception
            return kind
    return RuntimeError


def _show(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


class Remote:
    """A function, class or object of the program's. Equal to itself only: anything else would be the program's word."""

    __slots__ = ("_exam", "_kind", "_number")

    def __init__(self, exam: _Exam, number: int, kind: str) -> None:
        for name, value in (("_exam", exam), ("_number", number), ("_kind", kind)):
            object.__setattr__(self, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        exam, number = _of(self)
        sent = [exam.out(a) for a in arguments], {k: exam.out(v) for k, v in keywords.items()}
        result, changed = exam.use("call", number, *sent)
        for index, value in changed.items():
            _replace(arguments[index], value)
        return result

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__dict__"):
            return object.__getattribute__(self, name)
        exam, number = _of(self)
        return exam.use("attribute", number, "get", [name])[0]

    def __setattr__(self, name: str, value: Any) -> None:
        exam, number = _of(self)
        exam.use("attribute", number, "set", [name, exam.out(value)])

    def __delattr__(self, name: str) -> None:
        exam, number = _of(self)
        exam.use("attribute", number, "delete", [name])

    def __eq__(self, other: object) -> bool:
        exam, number = _of(self)
        if isinstance(other, Remote):
            if _of(other)[1] == number:
                return True
            raise exam.undecided("==")
        return False

    def __hash__(self) -> int:
        return hash(("s3ft", _of(self)[1]))

    def __contains__(self, item: object) -> bool:
        raise _of(self)[0].undecided("in")

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, Remote) and _operation("isinstance", instance, self) is True

    def __bool__(self) -> bool:
        return _operation("bool", self) is True

    def __iter__(self) -> Any:
        result = _operation("iter", self)
        return result if isinstance(result, Remote) else iter(result)

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '_kind')} object>"

    def __str__(self) -> str:
        return str(_operation("str", self))


def _of(remote: Remote) -> tuple[_Exam, int]:
    return object.__getattribute__(remote, "_exam"), object.__getattribute__(remote, "_number")


def _operation(name: str, remote: Remote, *arguments: Any) -> Any:
    exam, number = _of(remote)
    return exam.use("operation", number, name, [exam.out(a) for a in arguments])[0]


def _method(name: str) -> Callable[..., Any]:
    return lambda self, *arguments: _operation(name, self, *arguments)


def _refused(name: str) -> Callable[[Remote, object], Any]:
    def refuse(self: Remote, other: object) -> Any:
        raise _of(self)[0].undecided(name)

    return refuse


for _name in ("len", "next", "int", "float", "round", "getitem", "setitem", "delitem", "neg", "pos", "abs", "invert"):
    setattr(Remote, f"__{_name}__", _method(_name))
for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and_",
    "or_",
    "xor",
    "matmul",
    "lshift",
    "rshift",
):
    setattr(Remote, f"__{_name.rstrip('_')}__", _method(_name))
for _name, _sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    setattr(Remote, f"__{_name}__", _refused(_sign))


def _replace(old: Any, new: Any) -> None:
    """Makes a list, dict or set what the program made of it, in place."""
    if isinstance(old, list | bytearray):
        old[:] = new
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)
