"""The process that runs tests against a program in another process: expected values and comparisons stay here.

What the tests call of the program is a `Remote`, which asks the other process; plain data comes back. The tests have
passed when they ran to their end, at least one assertion ran, and the program was asked at least once."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable
from typing import Any

from . import arrays, blame, called, carried, errors, prelude, rewrite, shared, typed, values, wire
from .evidence import Evidence
from .handles import Origin, kind_of, number
from .lent import Lent
from .names import Names
from .remote import Remote, is_callable, patch_asyncio
from .shown import LONGEST, show, words

_MAX_PROGRAM = 100_000
_MANY, _LARGE = 2_000, 10**6


class Undecidable(BaseException):
    """Only the program's own process could answer; past every `except Exception` of the tests."""


class Wrong(BaseException):
    """The program gave an object in the place of plain data."""


class Gone(BaseException):
    """The program's process is gone."""


def run(work: dict[str, Any], fds: tuple[int, ...]) -> None:
    """Runs `work`: setup, tests, names (the program's), check (a function to hand the entry point to), functions
    (tests to call), modules (name and module, to be there for the tests), is_suite (unittest's or pytest's), roles and
    makers of `judges.code.classes`."""
    gc.enable()
    exam = Exam(fds, work)
    wire.send(fds[1], exam.judge(work))


class Exam:
    """The state of one run."""

    def __init__(self, fds: tuple[int, ...], work: dict[str, Any]) -> None:
        self._channel, self._report = fds
        self._local: list[Callable[..., Any]] = []
        self.roles: dict[str, str] = work["roles"]
        self.makers: set[str] = set(work["makers"])
        self.class_numbers: set[int] = set()
        """Of the classes that the tests use."""
        self.mirrors: dict[int, type[BaseException]] = {}
        self.asked = self.known = self._received = 0
        self._evidence = Evidence(lambda: (self.asked, self.known))
        self.seen = ""
        self.wrong_why = self.undecidable = self.gone = self.program = ""
        self._is_blamed = False
        self._unseen: set[str] = set()
        """What the tests changed in their own process, where the program does not see it."""
        self._unloaded: list[Any] = []
        self._names = Names(self)
        self.lent = Lent(self.out)
        self._tests = work["tests"]
        self.words: set[str] = set()
        """Functions of the program's that decided about its own results."""
        self.has_failed_inside = False
        """Whether an assertion of the tests failed in a function that the program called."""
        self.unlike: set[str] = set()
        """What classes of plain data do in their own way, and the tests used in the plain one."""

    def judge(self, work: dict[str, Any]) -> dict[str, Any]:
        """The report: how it ended, why, where."""
        try:
            self._load()
            if self._unloaded:
                return self._outcome("unloaded") | {"message": self._unloaded}
            self._run(work)
        except (Undecidable, Wrong, Gone):
            outcome = self._outcome("held")
        except AssertionError as error:
            if errors.is_shown_by_pandas(error):
                return self._outcome(
                    "undecidable", "the tests want a DataFrame, which cannot leave the program's process"
                )
            outcome = self._outcome("failed", f"AssertionError: {error}"[:LONGEST] if str(error) else "")
            outcome = self._at_fault(error, work) or outcome
        except BaseException as error:
            outcome = self._at_fault(error, work) or self._ended(error)
        else:
            outcome = self._outcome("held" if self._evidence.held and self.asked else "empty")
            if self._evidence.circular and not self._evidence.held:
                outcome = self._outcome("undecidable", "the tests compare the program only with itself")
            elif outcome["end"] == "held" and self.words:
                what = ", ".join(f"{name}()" for name in sorted(self.words))
                outcome = self._outcome("undecidable", f"{what} of the program would judge what the program gave")
            elif outcome["end"] == "held" and self.has_failed_inside:
                outcome = self._outcome("undecidable", "the program went on after an assertion that failed within it")
        if self._unseen and outcome["end"] in ("failed", "raised"):
            what = ", ".join(sorted(self._unseen))
            outcome = self._outcome("undecidable", f"the tests change {what} in their own process"[:LONGEST])
        if self.unlike and outcome["end"] in ("failed", "raised"):
            what = ", ".join(sorted(self.unlike))
            outcome = self._outcome("undecidable", f"the tests use {what}, which only the program knows"[:LONGEST])
        # The tests may have caught what must not be caught.
        for end in ("gone", "wrong", "undecidable"):
            if why := self.wrong_why if end == "wrong" else str(getattr(self, end)):
                return self._outcome(end, why)
        return outcome

    def _at_fault(self, error: BaseException, work: dict[str, Any]) -> dict[str, Any] | None:
        if errors.is_programs(error) or not isinstance(error, Exception):
            return None
        why = blame.tests_fault(error, work, {*work["names"]} - self._names.held.keys(), self.asked)
        return self._outcome("undecidable", why[:LONGEST]) if why else None

    def _ended(self, error: BaseException) -> dict[str, Any]:
        why = f"{type(error).__name__}: {error}"[:LONGEST]
        if not errors.is_programs(error):
            if isinstance(error, OSError):
                return self._outcome("undecidable", f"the tests need files: {why}"[:LONGEST])
            if isinstance(error, ImportError):
                return self._outcome("undecidable", f"the tests need what is not there: {error}"[:LONGEST])
            if not isinstance(error, Exception):
                return self._outcome("undecidable", f"the tests left early: {type(error).__name__}")
            if self.class_numbers and ("'Remote'" in str(error) or errors.is_in_library(error)):
                return self._outcome(
                    "undecidable", f"the tests want more of an object than can be asked: {why}"[:LONGEST]
                )
        return self._outcome("raised", why)

    def _outcome(self, end: str, why: str = "") -> dict[str, Any]:
        return {
            **{"end": end, "why": why, "line": self._evidence.line, "seen": self.seen},
            **{"held": self._evidence.held, "program": self.program},
        }

    def _load(self) -> None:
        while (message := self._receive())[0] != "loaded":
            if message[0] == "program" and len(message) == 2:
                self.program = (message[1] if isinstance(message[1], str) else "")[:_MAX_PROGRAM]
            elif message[0] in ("raised", "unparsed"):
                self._unloaded = [words(word) for word in message[:4]]
                return
            else:
                raise self._lost("the program spoke out of turn")

    def _run(self, work: dict[str, Any]) -> None:
        space: dict[str, Any] = {"__name__": "__tests__", **prelude.MODULES}
        space |= rewrite.helpers(self._evidence, _strict, self._names.own, self._word) | {"callable": is_callable}
        if "numpy" in sys.modules:
            arrays.guard()
        if "asyncio" in work["tests"]:
            patch_asyncio()
        if "seed" in work["tests"]:
            shared.seeds(lambda path, seed: self.ask(["seed", path, self.out(seed)]))
        if any(word in work["tests"] for word in ("patch", "environ", "putenv")):
            shared.watch(self._unseen)
        suites = importlib.import_module(".suites", __package__) if work["is_suite"] else None
        if suites is not None:
            # First, as it is where pytest comes from.
            suites.install(space)
        for name, module in work["modules"]:
            space[name] = _found(module)
        said = {name for _, name, _ in work["words"]} - {work["entry"]}
        trusted = blame.from_prompt(work["prompt"], sorted(said)) if said and work["prompt"] else {}
        constants = {name for name in work["names"] if not isinstance(self._names.get(name), Remote | type)}
        space |= self._names.held | trusted
        for name, value in self._names.held.items():
            if name in self.roles and isinstance(value, Remote):
                self.class_numbers.add(number(value))
        exec(compile(work["setup"], "<setup>", "exec", dont_inherit=True), space)
        decided = [row for row in work["words"] if row[1] not in trusted]
        tree = rewrite.tests(work["tests"], frozenset(constants - trusted.keys()), decided, work["circles"])
        exec(compile(tree, "<tests>", "exec", dont_inherit=True), space)
        if work["check"]:
            space[work["check"]](space[work["entry"]])
        for name in work["functions"]:
            space[name]()
        if suites is not None:
            suites.run(space)

    def _word(self, value: Any, name: str, is_always: bool) -> Any:
        """What a function of the program's says of the program's results beside the tests' data, or what follows."""
        if isinstance(value, Remote):
            object.__getattribute__(value, "_info")["word"] = name
        if is_always or blame.is_weak(value, name, self._tests):
            self.words.add(name)
        return value

    def use(self, request: list[Any], origin: Origin, arguments: tuple[Any, ...] = ()) -> Any:
        """Asks the program's process and gives back the value, or raises what was raised there."""
        self.asked += 1
        self.received()
        self._names.put_back()
        self.lent.put_back(self.ask)
        reply = self.ask(request, arguments)
        what, rest = reply[0], reply[1:]
        if what == "value" and len(rest) == 1:
            tree = rest[0]
            if isinstance(tree, list) and tree[:1] == ["argument"]:
                result = arguments[tree[1]]
            else:
                result = self.open(tree, origin)
                if request[0] == "attribute" and callable(result) and not isinstance(result, Remote | type):
                    # What is called by an object's attribute is the program's, and never a function that lives here.
                    raise self._lost("the program spoke out of turn")
            self.seen = show(result)
            return result
        if what == "stop" and request[0] == "operation":
            raise StopIteration
        if what == "unsupported":
            raise self.wrong(f"{words(rest[0]) if rest else 'nothing'}")
        if what == "raised" and len(rest) == 3:
            self.seen = words(rest[1])
            raise self._raised(rest[0], rest[1], rest[2], origin)
        raise self._lost("the program spoke out of turn")

    def _raised(self, tree: Any, text: Any, held: Any, origin: Origin) -> BaseException:
        try:
            remote = self.open(held[1], Origin(origin.role)) if isinstance(held, list) and len(held) == 2 else None
            arguments = self.open(held[0], Origin(origin.role)) if remote is not None else None
            return errors.raised(self, tree, words(text), arguments, remote if isinstance(remote, Remote) else None)
        except ValueError as error:
            return self._lost(str(error))

    def ask(self, request: list[Any], arguments: tuple[Any, ...] = ()) -> list[Any]:
        try:
            wire.send(self._channel, request)
            while (reply := self._receive())[0] in ("callback", "printed", "input", "lent", "warned"):
                if reply[0] == "printed":
                    sys.stdout.write(str(reply[1]))
                elif reply[0] == "warned":
                    if "warn" in self._tests.lower():
                        importlib.import_module(".warned", __package__).repeat(self, reply[1], reply[2])
                elif reply[0] == "lent":
                    self.lent.hear(reply, arguments, lambda tree: self.open(tree, Origin("given")))
                else:
                    self.received()
                    is_call = reply[0] == "callback"
                    answer = called.answer(self, self._local[reply[1]], reply, self._keep) if is_call else None
                    wire.send(self._channel, answer or typed.answer(reply))
        except OSError:
            raise self._lost("the program's process is gone") from None
        except (LookupError, TypeError):
            raise self._lost("the program spoke out of turn") from None
        return reply

    def _receive(self) -> list[Any]:
        try:
            message = wire.receive(self._channel, values.MAX_BYTES)
        except (wire.Broken, OSError) as error:
            raise self._lost(str(error)) from None
        if not isinstance(message, list) or not message:
            raise self._lost("the program spoke out of turn")
        return message

    def received(self) -> None:
        """Counts answers of the program's and its calls of the tests' functions."""
        self._received += 1
        if self._received == _MANY:
            self._blame(f"more than {_MANY} answers")

    def _blame(self, what: str) -> None:
        """Tells the judge beforehand whose fault it is if the tests never end."""
        if not self._is_blamed:
            self._is_blamed = True
            wire.send(self._report, {"blame": what[:LONGEST]})

    def _lost(self, why: str) -> Gone:
        self.gone = why[:LONGEST]
        return Gone()

    def wrong(self, why: str) -> Wrong:
        self.wrong_why = self.wrong_why or f"the program gave {why}"
        return Wrong()

    def undecided(self, what: str, why: str = "would be the program's word") -> Undecidable:
        self.undecidable = f"{what} on an object of the program's own class {why}"
        return Undecidable()

    def open(self, tree: Any, origin: Origin) -> Any:
        def opened(tag: str, index: int, kind: str, *rest: Any) -> Any:
            if tag == "error":
                return errors.mirror(self, [tag, index, kind, *rest])
            if tag == "own":
                value = values.decode(rest[1], opened)
                return carried.carry(value, Remote(self, index, kind[:80], rest[0], origin))
            if tag == "fields":
                return values.named_class(kind, rest[0])
            info = rest[0] if rest and isinstance(rest[0], dict) else {}
            return Remote(self, index, kind[:80], info, origin)

        if large := values.is_large(tree, _LARGE):
            self._blame(large)
        try:
            return values.decode(tree, opened)
        except (ValueError, MemoryError, OverflowError) as error:
            raise self._lost(f"{type(error).__name__}: {error}") from None

    def out(self, value: Any) -> Any:
        """The tree of a value of the tests, for the program."""
        try:
            return values.encode(value, self._keep, label=_labelled)
        except values.Unsupported as error:
            self.undecidable = f"the tests hand the program {error}, which cannot leave their process"
            raise Undecidable from None

    def _keep(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return ["object", number(value), kind_of(value)]
        if (index := errors.tree_number(value)) is not None:
            return ["object", index, "error"]
        if isinstance(value, type) and (fields := values.named_fields(value)):
            return ["fields", 0, value.__name__, fields]
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == "builtins":
            return ["builtin", value.__name__]
        if callable(value) and not isinstance(value, type):
            self._local.append(value)
            name = getattr(value, "__name__", "function")
            return ["object", -len(self._local), name if isinstance(name, str) else "function"]
        return None


def _labelled(value: Any, tree: Any) -> Any:
    remote = carried.remote_of(value)
    return tree if remote is None else ["object", number(remote), kind_of(remote)]


def _strict(value: Any) -> Any:
    """A context manager of the program's around assertions: it must not swallow what they raise."""
    if isinstance(value, Remote):
        object.__getattribute__(value, "_info")["holds_assertions"] = True
    return value


def _found(path: str) -> Any:
    module, _, name = path.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name) if name else found
