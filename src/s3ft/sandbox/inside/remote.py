"""What the tests hold in place of a function, class or object of the program's.

The program's code has no part in a comparison, nor in arithmetic, with what the tests expect:

- An object in the place of plain data is wrong as soon as it is compared or calculated with.
- Two objects are equal if what they held when they were handed over is equal, one of them was made by the tests from
  just that afterwards, and the program does not deny it. Everything else about them is undecided.
- Only an object of a class that the tests use as one may answer yes or no to what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .attributes import PLAIN
from .carried import SIGNS, remote_of
from .handles import Exam, Origin, exam_of, info_of, number, operate, origin_of
from .rules import against_plain, are_made, check_answer, check_length, is_told_apart, same

_ASKED = {
    *("__name__", "__qualname__", "__doc__", "__module__", "__annotations__", "__wrapped__", "__self__", "__dict__"),
    *("__members__", "__slots__", "__dataclass_fields__", "__bases__", "__version__"),
}


class Remote:
    """A function, class or object of the program's."""

    __slots__ = ("_exam", "_info", "_kind", "_number", "_origin", "_when")

    def __init__(self, exam: Exam, number: int, kind: str, info: dict[str, Any], origin: Origin) -> None:
        for name, value in zip(Remote.__slots__, (exam, info, kind, number, origin, exam.asked), strict=True):
            object.__setattr__(self, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        exam, origin = exam_of(self), origin_of(self)
        sent = tuple(exam.out(a) for a in arguments)
        named = {name: exam.out(value) for name, value in keywords.items()}
        role = exam.roles.get(origin.name, "given") if origin.role == "name" else origin.role
        is_maker = origin.role == "name" and origin.name in exam.makers
        made = Origin(role, "", origin.is_mixed, "", sent, tuple(named.items()), origin.role == "name", exam.asked + 1)
        given = (*arguments, *keywords.values())
        plain = (*sent, *named.values())
        lent = [exam.lent.tree(value, tree) for value, tree in zip(given, plain, strict=True)]
        row, by_name = lent[: len(sent)], dict(zip(named, lent[len(sent) :], strict=True))
        result = exam.use(["call", number(self), row, by_name, role != "given" and not origin.method], made, given)
        if is_maker and not isinstance(result, Remote | BaseException):
            raise exam.undecided(f"{origin.name}() gave plain data; a comparison with it")
        if origin.method and result is not None and not isinstance(result, Remote):
            check_answer(self, result, bool(arguments or keywords))
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
        exam, origin = exam_of(self), origin_of(self)
        info_of(self).pop("length", None)
        if origin.is_mixed and name in PLAIN:
            raise exam.undecided(f".{name}")
        role = exam.roles.get(origin.name, "given") if origin.role == "name" else origin.role
        made = Origin(role, name, origin.is_mixed, name if origin.role == "name" else "", asked=exam.asked + 1)
        return exam.use(["attribute", number(self), "get", [name]], made)

    def __setattr__(self, name: str, value: Any) -> None:
        exam = exam_of(self)
        exam.use(["attribute", number(self), "set", [name, exam.out(value)]], origin_of(self))

    def __delattr__(self, name: str) -> None:
        exam_of(self).use(["attribute", number(self), "delete", [name]], origin_of(self))

    def __eq__(self, other: object) -> bool:
        other = other if (held := remote_of(other)) is None else held
        if isinstance(other, Remote):
            return same(self, other)
        if other is None:
            return False
        if info_of(self).get("flat"):
            return bool(operate("flat", self) == other)
        raise against_plain(self, "==", other)

    def __hash__(self) -> int:
        found = operate("hash", self)
        return found if isinstance(found, int) else 0

    def __contains__(self, item: object) -> bool:
        exam, origin = exam_of(self), origin_of(self)
        if origin.role == "class" and not origin.is_mixed:
            return operate("contains", self, item) is True
        # What it goes through is plain data, and is compared here.
        return any(item is each or item == each for each in _items(self, exam))

    def __bool__(self) -> bool:
        if origin_of(self).is_mixed:
            raise exam_of(self).undecided("bool()")
        if word := info_of(self).get("word"):
            exam_of(self).words.add(word)
        return operate("bool", self) is True

    def __iter__(self) -> Any:
        return _items(self, exam_of(self))

    def __reversed__(self) -> Any:
        return _items(self, exam_of(self), "reversed")

    def __instancecheck__(self, instance: object) -> bool:
        instance = instance if (held := remote_of(instance)) is None else held
        if isinstance(instance, Remote):
            return operate("isinstance", instance, self) is True
        return type(instance).__name__ == info_of(self).get("name") and hasattr(type(instance), "_fields")

    def __subclasscheck__(self, kind: object) -> bool:
        return isinstance(kind, Remote) and operate("issubclass", kind, self) is True

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        raise exam_of(self).undecided("a class of the tests' made from it", "would live in both processes")

    def __enter__(self) -> Any:
        return operate("enter", self)

    def __exit__(self, kind: Any, error: Any, trace: Any, leave: str = "exit") -> bool:
        # AssertionError and what ends the tests are nobody's to swallow.
        if error is None or isinstance(error, AssertionError) or not isinstance(error, Exception):
            operate(leave, self, None, "")
            return False
        swallowed = operate(leave, self, type(error).__name__, str(error)) is True
        if swallowed and info_of(self).get("holds_assertions"):
            raise exam_of(self).undecided("with")
        return swallowed

    def __await__(self) -> Any:
        return operate("await", self)
        yield

    def __aiter__(self) -> Any:
        return operate("aiter", self)

    async def __anext__(self) -> Any:
        try:
            return operate("anext", self)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Any:
        return operate("aenter", self)

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return Remote.__exit__(self, kind, error, trace, "aexit")

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


def class_of(remote: Any) -> Any:
    """What `type` says; of a Remote, that is another Remote: never a class that is trusted here."""
    held = remote_of(remote)
    remote = remote if held is None else held
    if not isinstance(remote, Remote):
        return type(remote)
    found = operate("type", remote)
    return found if isinstance(found, Remote) else Remote


def is_same(one: Any, other: Any) -> bool:
    """`one is other`: each reply makes a Remote of its own for the same object."""
    one, other = (each if (held := remote_of(each)) is None else held for each in (one, other))
    if isinstance(one, Remote) and isinstance(other, Remote):
        if is_told_apart(one, other):
            exam_of(one).known += 1
        return number(one) == number(other)
    return one is other


def is_callable(value: Any) -> bool:
    """`callable`, which would be true of every Remote."""
    if not isinstance(value, Remote):
        return callable(value)
    exam_of(value).asked += 1
    return bool(info_of(value).get("calls"))


def patch_asyncio() -> None:
    """`asyncio.run` of what the program gives happens where the program is."""
    import asyncio

    local = asyncio.run

    def run(main: Any, **options: Any) -> Any:
        return operate("await", main) if isinstance(main, Remote) else local(main, **options)

    asyncio.run = run


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
    check_length(remote, count)


def _unary(name: str) -> Callable[..., Any]:
    def method(self: Remote, *arguments: Any) -> Any:
        result = operate(name, self, *arguments)
        if origin_of(self).is_mixed and not isinstance(result, Remote) and name != "getitem":
            raise exam_of(self).undecided(f"{name}()")
        if name == "len":
            check_length(self, result)
        return result

    return method


def _binary(name: str, reflected: bool = False) -> Callable[[Remote, Any], Any]:
    def method(self: Remote, other: Any) -> Any:
        exam, role = exam_of(self), origin_of(self).role
        if isinstance(other, Remote):
            if "given" in (role, origin_of(other).role) or "name" in (role, origin_of(other).role):
                raise exam.undecided(name)
            return operate(name, self, other, is_mixed=origin_of(other).is_mixed)
        if role != "class":
            raise against_plain(self, name, other)
        result = operate(f"r{name}" if reflected else name, self, other, is_mixed=True)
        if not isinstance(result, Remote):
            raise exam.undecided(name)
        return result

    return method


def _ordered(name: str, sign: str) -> Callable[[Remote, Any], Any]:
    def compare(self: Remote, other: Any) -> bool:
        if isinstance(other, Remote) and are_made(self, other):
            return operate(name, self, other) is True
        raise exam_of(self).undecided(sign) if isinstance(other, Remote) else against_plain(self, sign, other)

    return compare


for _name in ("len", "next", "int", "float", "complex", "round", "getitem", "setitem", "delitem", "neg", "pos", "abs"):
    setattr(Remote, f"__{_name}__", _unary(_name))
for _name in ("invert", "trunc", "ceil", "floor"):
    setattr(Remote, f"__{_name}__", _unary(_name))
for _name in SIGNS:
    setattr(Remote, f"__{_name}__", _binary(_name))
    setattr(Remote, f"__r{_name}__", _binary(_name, reflected=True))
    if _name != "divmod":
        setattr(Remote, f"__i{_name}__", _binary(f"i{_name}"))
for _name, _sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    setattr(Remote, f"__{_name}__", _ordered(_name, _sign))
