"""Exceptions of the program's, as exceptions that the tests can catch: a class here for each class there."""

from __future__ import annotations

import builtins
import contextlib
import sys
from typing import Any

from .handles import Exam, Origin, number
from .remote import Remote

_MARK = "__s3ft_from_program__"
_DEEPEST = 20


class Mirror(type):
    """The class of a class of the program's exceptions. Calling it makes the exception there."""

    _s3ft: Remote

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        made = cls._s3ft(*arguments, **keywords)
        return _instance(_as_error(cls), (), str(made), made) if isinstance(made, Remote) else made

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(cls._s3ft, name)


def _as_error(kind: type) -> type[BaseException]:
    assert issubclass(kind, BaseException)
    return kind


def _text(self: Any) -> str:
    return str(self.__dict__.get("_s3ft_text", ""))


def _attribute(self: Any, name: str) -> Any:
    if name.startswith("__") or (remote := self.__dict__.get("_s3ft_remote")) is None:
        raise AttributeError(name)
    return getattr(remote, name)


def mirror(exam: Exam, tree: Any, depth: int = 0) -> type[BaseException]:
    """The exception class for a tree: a builtin's name, a library's [module, name], or [tag, number, name, bases].

    Raises ValueError."""
    if isinstance(tree, str):
        found = getattr(builtins, tree, None)
    elif isinstance(tree, list) and len(tree) == 2 and all(isinstance(part, str) for part in tree):
        # Only what the tests have imported: they can name no other.
        found = getattr(sys.modules.get(tree[0]), tree[1], Exception)
    elif isinstance(tree, list) and len(tree) == 4 and tree[0] == "error" and depth < _DEEPEST:
        return _own(exam, tree[1], tree[2], tree[3], depth)
    else:
        raise ValueError("malformed exception")
    return found if isinstance(found, type) and issubclass(found, BaseException) else Exception


def _own(exam: Exam, index: Any, name: Any, bases: Any, depth: int) -> type[BaseException]:
    if type(index) is not int or not isinstance(name, str) or not isinstance(bases, list):
        raise ValueError("malformed exception")
    if index not in exam.mirrors:
        above = tuple(mirror(exam, base, depth + 1) for base in bases[:_DEEPEST]) or (Exception,)
        # The program may claim StopIteration, which would silently cut short a loop of the tests.
        above = tuple(RuntimeError if issubclass(b, StopIteration | StopAsyncIteration) else b for b in above)
        remote = Remote(exam, index, name, {"nature": "class"}, Origin("name", name=name))
        space = {"_s3ft": remote, "__str__": _text, "__getattr__": _attribute, "__module__": "program"}
        try:
            exam.mirrors[index] = _as_error(Mirror(name, above, space))
        except TypeError:
            exam.mirrors[index] = _as_error(Mirror(name, above[:1], space))
    return exam.mirrors[index]


def raised(exam: Exam, tree: Any, text: str, arguments: Any, remote: Remote | None) -> BaseException:
    """The exception that the program raised, to be raised in the tests."""
    kind = mirror(exam, tree)
    if issubclass(kind, StopIteration | StopAsyncIteration | GeneratorExit | KeyboardInterrupt):
        kind = RuntimeError
    return _instance(kind, arguments if isinstance(arguments, tuple) else (text,), text, remote)


def _instance(kind: type[BaseException], arguments: tuple[Any, ...], text: str, remote: Remote | None) -> BaseException:
    error = kind.__new__(kind, *arguments)
    if not isinstance(kind, Mirror):
        # Some of the library's take more than they keep; what they keep is in place without it.
        with contextlib.suppress(Exception):
            error.__init__(*arguments)  # type: ignore[misc]
    error.args = arguments
    error.__dict__.update({_MARK: True, "_s3ft_text": text, "_s3ft_remote": remote})
    return error


def is_programs(error: BaseException) -> bool:
    return bool(error.__dict__.get(_MARK))


def tree_number(value: Any) -> int | None:
    """The number of what stands for an exception, or its class, of the program's; None for anything else."""
    if isinstance(value, Mirror):
        return number(value._s3ft)
    if isinstance(value, BaseException) and isinstance(remote := value.__dict__.get("_s3ft_remote"), Remote):
        return number(remote)
    return None


def is_in_library(error: BaseException) -> bool:
    """Whether a function of the library failed on a Remote that it was handed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code.co_filename in ("<tests>", "<setup>"):
        return False
    return any(isinstance(value, Remote) for value in trace.tb_frame.f_locals.values())


def is_shown_by_pandas(error: BaseException) -> bool:
    """Whether pandas compared a Remote with what the tests expect: a DataFrame that stayed in its process."""
    trace = error.__traceback__
    while trace is not None:
        if "/pandas/" in trace.tb_frame.f_code.co_filename and is_in_library(error):
            return True
        trace = trace.tb_next
    return False
