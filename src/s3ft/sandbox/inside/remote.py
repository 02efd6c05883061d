"""What the tests hold in place of a function, class or object of the program's.

The program's code has no part in a comparison, nor in arithmetic, with what the tests expect:

- An object in the place of plain data is wrong as soon as it is compared or calculated with.
- Two objects are equal if what they held when they were handed over is equal, one of them was made by the tests from
  just that afterwards, and the program does not deny it. Everything else about them is undecided.
- Only an object of a class that the tests use as one may answer yes or no to what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .attributes import BUILTIN, PLAIN

if TYPE_CHECKING:
    from .examiner import Exam

_ASKED = {
    *("__name__", "__qualname__", "__doc__", "__module__", "__annotations__", "__wrapped__", "__self__", "__dict__"),
    *("__members__", "__slots__", "__dataclass_fields__", "__bases__", "__version__"),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """How the tests came to an object."""

    role: str
    """name: by its name; class: made by a class that the tests use as one; maybe: by what is written like a class;
    given: any other way."""
    method: str = ""
    """The attribute that a callable was taken from its object by."""
    is_mixed: bool = False
    """Came of arithmetic with plain data."""
    name: str = ""
    """Of the program's names."""
    arguments: tuple[Any, ...] = ()
    """What the tests made it of, as sent."""
    keywords: tuple[tuple[str, Any], ...] = ()
    asked: int = 0
    """Count of requests when the tests made it."""


class Remote:
    """A function, class or object of the program's."""

    __slots__ = ("_exam", "_info", "_kind", "_number", "_origin", "_when")

    def __init__(self, exam: Exam, number: int, kind: str, info: dict[str, Any], origin: Origin) -> None:
        for name, value in zip(Remote.__slots__, (exam, info, kind, number, origin, exam.asked), strict=True):
            object.__setattr__(self, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        exam, origin = _exam(self), _origin(self)
        sent = tuple(exam.out(a) for a in arguments)
        named = {name: exam.out(value) for name, value in keywords.items()}
        role = exam.roles.get(origin.name, "given") if origin.role == "name" else origin.role
        is_maker = origin.role == "name" and origin.name in exam.makers
        made = Origin(role, "", origin.is_mixed, "", sent, tuple(named.items()), exam.asked + 1)
        result = exam.use(["call", number(self), sent, named, role != "given" and not origin.method], made, arguments)
        if is_maker and not isinstance(result, Remote | BaseException):
            raise exam.undecided(f"{origin.name}() gave plain data; a comparison with it")
        if origin.method and result is not None and not isinstance(result, Remote):
            _check_answer(self, result, bool(arguments or keywords))
        return result

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            # Asked by isinstance; what tests ask for in their own words is `class_of`.
            return Remote
        if name[:2] == name[-2:] == "__" and name not in _ASKED:
            # numpy and others ask objects for such things, and some answers make them read memory.
            if name in Remote.__dict__:
                return object.__getattribute__(self, name)
            raise AttributeError(name)
        exam, origin = _exam(self), _origin(self)
        _info(self).pop("length", None)
        if origin.is_mixed and name in PLAIN:
            raise exam.undecided(f".{name}")
        role = exam.roles.get(origin.name, "given") if origin.role == "name" else origin.role
        made = Origin(role, name, origin.is_mixed, name if origin.role == "name" else "", asked=exam.asked + 1)
        return exam.use(["attribute", number(self), "get", [name]], made)

    def __setattr__(self, name: str, value: Any) -> None:
        exam = _exam(self)
        exam.use(["attribute", number(self), "set", [name, exam.out(value)]], _origin(self))

    def __delattr__(self, name: str) -> None:
        _exam(self).use(["attribute", number(self), "delete", [name]], _origin(self))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Remote):
            return _same(self, other)
        if other is None:
            return False
        value = _info(self).get("value")
        if value is not None and _info(self).get("flat"):
            return bool(value[0] == other)
        raise _against_plain(self, "==")

    def __hash__(self) -> int:
        found = operate("hash", self)
        return found if isinstance(found, int) else 0

    def __contains__(self, item: object) -> bool:
        exam, origin = _exam(self), _origin(self)
        if origin.role == "class" and not origin.is_mixed:
            return operate("contains", self, item) is True
        # What it goes through is plain data, and is compared here.
        return any(item is each or item == each for each in _items(self, exam))

    def __bool__(self) -> bool:
        if _origin(self).is_mixed:
            raise _exam(self).undecided("bool()")
        return operate("bool", self) is True

    def __iter__(self) -> Any:
        return _items(self, _exam(self))

    def __reversed__(self) -> Any:
        return _items(self, _exam(self), "reversed")

    def __instancecheck__(self, instance: object) -> bool:
        if isinstance(instance, Remote):
            return operate("isinstance", instance, self) is True
        return type(instance).__name__ == _info(self).get("name") and hasattr(type(instance), "_fields")

    def __subclasscheck__(self, kind: object) -> bool:
        return isinstance(kind, Remote) and operate("issubclass", kind, self) is True

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        raise _exam(self).undecided("a class of the tests' made from it", "would live in both processes")

    def __enter__(self) -> Any:
        return operate("enter", self)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        # AssertionError and what ends the tests are nobody's to swallow.
        if error is None or isinstance(error, AssertionError) or not isinstance(error, Exception):
            operate("exit", self, None, "")
            return False
        swallowed = operate("exit", self, type(error).__name__, str(error)) is True
        if swallowed and _info(self).get("holds_assertions"):
            raise _exam(self).undecided("with")
        return swallowed

    def __await__(self) -> Any:
        return operate("await", self)
        yield

    def __copy__(self) -> Any:
        return operate("copy", self)

    def __deepcopy__(self, memo: object) -> Any:
        return operate("deepcopy", self)

    def __repr__(self) -> str:
        return str(operate("repr", self))

    def __str__(self) -> str:
        return str(operate("str", self))

    def __format__(self, spec: str) -> str:
        return str(operate("format", self, spec))


def _get(name: str) -> Callable[[Remote], Any]:
    return lambda remote: object.__getattribute__(remote, name)


_exam: Callable[[Remote], Exam] = _get("_exam")
_origin: Callable[[Remote], Origin] = _get("_origin")
_info: Callable[[Remote], dict[str, Any]] = _get("_info")
number: Callable[[Remote], int] = _get("_number")
kind_of: Callable[[Remote], str] = _get("_kind")
_when: Callable[[Remote], int] = _get("_when")


def _check_answer(remote: Remote, result: Any, is_handed: bool) -> None:
    """Of plain data from a method: whether the method may have had the say."""
    origin, exam = _origin(remote), _exam(remote)
    is_plain = origin.method in PLAIN
    if origin.role == "given":
        is_own_word = (is_handed and (is_plain or isinstance(result, bool))) or (is_plain and isinstance(result, bool))
    else:
        is_own_word = is_plain and (origin.is_mixed or (origin.role == "maybe" and is_handed))
    if is_own_word and isinstance(result, bool) and origin.role == "given" and origin.method in BUILTIN:
        raise exam.wrong(f"an object with a .{origin.method}() of its own where the tests expect plain data")
    if is_own_word:
        raise exam.undecided(f".{origin.method}()")


def operate(name: str, remote: Remote, *arguments: Any, is_mixed: bool = False) -> Any:
    exam, origin = _exam(remote), _origin(remote)
    made = replace(
        origin, method=name if name == "type" else "", name="", role="given" if origin.role == "name" else origin.role
    )
    made = replace(made, is_mixed=is_mixed or origin.is_mixed, arguments=(), keywords=())
    result = exam.use(["operation", number(remote), name, [exam.out(a) for a in arguments]], made)
    if name == "getitem" and made.role == "given" and isinstance(result, bool):
        raise exam.undecided("[]")
    return result


def class_of(remote: Any) -> Any:
    """What `type` says; of a Remote, that is another Remote: never a class that is trusted here."""
    if not isinstance(remote, Remote):
        return type(remote)
    found = operate("type", remote)
    return found if isinstance(found, Remote) else Remote


def is_same(one: Any, other: Any) -> bool:
    """`one is other`: each reply makes a Remote of its own for the same object."""
    if isinstance(one, Remote) and isinstance(other, Remote):
        return number(one) == number(other)
    return one is other


def is_callable(value: Any) -> bool:
    """`callable`, which would be true of every Remote."""
    return bool(_info(value).get("calls")) if isinstance(value, Remote) else callable(value)


def _against_plain(remote: Remote, sign: str) -> BaseException:
    exam, info = _exam(remote), _info(remote)
    if _origin(remote).role == "given" and info.get("class") not in exam.class_numbers:
        return exam.wrong(f"a {kind_of(remote)} object where the tests expect plain data")
    return exam.undecided(sign)


def _same(one: Remote, other: Remote) -> bool:
    exam = _exam(one)
    if "class" in (_info(one).get("nature"), _info(other).get("nature")):
        if "name" in (_origin(one).role, _origin(other).role) or "type" in (_origin(one).method, _origin(other).method):
            return number(one) == number(other)
        raise exam.undecided("==")
    states = _info(one).get("state"), _info(other).get("state")
    if states[0] is None or states[1] is None or _info(one).get("class") != _info(other).get("class"):
        raise exam.undecided("==")
    is_known = (_is_expected(one) and _when(other) < _origin(one).asked) or (
        _is_expected(other) and _when(one) < _origin(other).asked
    )
    if not is_known:
        raise exam.undecided("==")
    is_equal = states[0] == states[1]
    if (operate("eq", one, other) is True) != is_equal:
        raise exam.undecided("==")
    exam.known += 1
    return is_equal


def _is_expected(remote: Remote) -> bool:
    """Whether an object holds just what the tests made it of, in order or by name."""
    origin, info = _origin(remote), _info(remote)
    state = info["state"]
    if (name := state.get("enum")) is not None:
        return bool(
            name == origin.method or (len(origin.arguments) == 1 and origin.arguments[0] in (name, state["value"]))
        )
    sent = list(origin.arguments)
    if origin.role not in ("class", "maybe") or not (sent or origin.keywords):
        return False
    held = list(state.values())
    return held[: len(sent)] == sent and all(
        value in (state.get(name), state.get(f"_{name}")) for name, value in origin.keywords
    )


def _items(remote: Remote, exam: Exam, kind: str = "iter") -> Iterator[Any]:
    source = operate(kind, remote)
    if not isinstance(source, Remote):
        yield from source
        return
    count = 0
    while True:
        try:
            item = operate("next", source)
        except StopIteration:
            break
        count += 1
        yield item
    _check_length(remote, count)


def _check_length(remote: Remote, length: Any) -> None:
    """What a result says of its length has to be what it gave, and the other way round."""
    if _info(remote).setdefault("length", length) != length and _origin(remote).role == "given":
        raise _exam(remote).wrong(f"a {kind_of(remote)} object of two lengths")


def _unary(name: str) -> Callable[..., Any]:
    def method(self: Remote, *arguments: Any) -> Any:
        result = operate(name, self, *arguments)
        if _origin(self).is_mixed and not isinstance(result, Remote) and name != "getitem":
            raise _exam(self).undecided(f"{name}()")
        if name == "len":
            _check_length(self, result)
        return result

    return method


def _binary(name: str, reflected: bool = False) -> Callable[[Remote, Any], Any]:
    def method(self: Remote, other: Any) -> Any:
        exam, role = _exam(self), _origin(self).role
        if isinstance(other, Remote):
            if "given" in (role, _origin(other).role) or "name" in (role, _origin(other).role):
                raise exam.undecided(name)
            return operate(name, self, other, is_mixed=_origin(other).is_mixed)
        if role != "class":
            raise _against_plain(self, name)
        result = operate(f"r{name}" if reflected else name, self, other, is_mixed=True)
        if not isinstance(result, Remote):
            raise exam.undecided(name)
        return result

    return method


def _ordered(sign: str) -> Callable[[Remote, Any], Any]:
    def refuse(self: Remote, other: Any) -> Any:
        raise _exam(self).undecided(sign) if isinstance(other, Remote) else _against_plain(self, sign)

    return refuse


ARITHMETIC = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "matmul", "lshift", "rshift"),
    "divmod",
)
for _name in ("len", "next", "int", "float", "complex", "round", "getitem", "setitem", "delitem", "neg", "pos", "abs"):
    setattr(Remote, f"__{_name}__", _unary(_name))
for _name in ("invert", "trunc", "ceil", "floor"):
    setattr(Remote, f"__{_name}__", _unary(_name))
for _name in ARITHMETIC:
    setattr(Remote, f"__{_name}__", _binary(_name))
    setattr(Remote, f"__r{_name}__", _binary(_name, reflected=True))
    if _name != "divmod":
        setattr(Remote, f"__i{_name}__", _binary(f"i{_name}"))
for _name, _sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    setattr(Remote, f"__{_name}__", _ordered(_sign))
