"""Values that leave the sandbox as plain data, and those that stay behind."""

from __future__ import annotations

import array
import collections
import contextlib
import datetime
import decimal
import fractions
import ipaddress
import json
import math
import pathlib
import time
import types
import uuid
import zoneinfo
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3ft.sandbox.inside import values, wire

hashable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner),
    max_leaves=8,
)
plain = st.recursive(
    hashable,
    lambda inner: st.lists(inner) | st.dictionaries(hashable, inner) | st.sets(hashable) | st.tuples(inner, inner),
    max_leaves=20,
)


def there_and_back(value: Any) -> Any:
    return values.decode(json.loads(wire.pack(values.encode(value))[4:]))


@given(plain)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value) or isinstance(value, set | frozenset | dict | list | tuple)


@pytest.mark.parametrize(
    "value",
    [
        2**200,
        -(2**64),
        -0.0,
        math.inf,
        "\ud800",
        range(3, 9, 2),
        range(10**30),
        bytearray(b"x"),
        collections.deque([1, (2,)]),
        decimal.Decimal("1.50"),
        fractions.Fraction(1, 3),
        datetime.date(2020, 2, 29),
        datetime.datetime(2020, 2, 29, 1, 2, 3, 4),
        datetime.time(1, 2),
        datetime.timedelta(1, 2, 3),
        {1: 2}.keys(),
        {1: 2}.items(),
        int,
        len,
        KeyError,
        slice(1, None, 2),
        collections.Counter("aab"),
        collections.OrderedDict(b=1, a=2),
        collections.defaultdict(list, {1: [2]}),
        collections.deque([1, 2], 3),
        collections.ChainMap({1: 2}, {3: 4}),
        types.MappingProxyType({1: 2}),
        types.SimpleNamespace(a=(1,)),
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_interface("::1/8"),
        datetime.UTC,
        datetime.timezone(datetime.timedelta(hours=2), "X"),
        zoneinfo.ZoneInfo("Europe/Paris"),
        pathlib.PureWindowsPath("a/b"),
        ...,
        NotImplemented,
        uuid.UUID(int=5),
        pathlib.PurePath("a/b"),
        array.array("d", [0.5]),
        datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    ],
)
def test_other_values_come_back_too(value: Any) -> None:
    found = there_and_back(value)
    assert found == value
    assert repr(found) == repr(value)
    assert type(found) is type(value)


def test_not_a_number_and_types_are_kept() -> None:
    assert math.isnan(there_and_back(math.nan))
    assert there_and_back(True) is True
    assert [type(v) for v in there_and_back([1, 1.0, True, "1"])] == [int, float, bool, str]


def test_numpy_scalars_are_numbers_and_arrays_stay_arrays() -> None:
    assert there_and_back(numpy.int64(3)) == 3
    assert type(there_and_back(numpy.float32(0.5))) is float
    found = there_and_back(numpy.array([[1, 2]]))
    assert isinstance(found, numpy.ndarray)
    assert found.tolist() == [[1, 2]]


def test_no_method_of_a_subclass_is_asked() -> None:
    def lie(*_: Any) -> Any:
        raise AssertionError("asked")

    names = ("__eq__", "__iter__", "__repr__", "__len__", "__str__", "items", "__int__", "__hash__")
    methods = dict.fromkeys(names, lie)
    for base, value in ((int, 3), (str, "a"), (list, [1]), (tuple, (1,)), (dict, {1: 2}), (float, 0.5), (bytes, b"x")):
        liar = type("Liar", (base,), methods)(value)
        assert there_and_back(liar) == value


def test_an_object_stays_behind_and_equals_nothing_but_itself() -> None:
    found = there_and_back(object())
    assert isinstance(found, values.Opaque)
    assert found == found
    assert found not in (1, "object", None, there_and_back(object()))


@pytest.mark.parametrize("value", [[[]] * 2, {"a": [1]}])
def test_only_heavy_values_are_not_plain(value: Any) -> None:
    assert values.is_plain(values.encode(value))
    assert not values.is_plain(values.encode([value, decimal.Decimal(1)]))
    assert not values.is_plain(values.encode({1: object()}))


def test_what_is_too_deep_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(values.Unsupported):
        values.encode(deep)
    tree: list[Any] = ["list"]
    for _ in range(500):
        tree = ["list", tree]
    with pytest.raises(ValueError, match="malformed"):
        values.decode(tree)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*values._MAKE, *values._PARSE, "dict", "object"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(
    st.one_of(
        json_values,
        st.tuples(st.sampled_from([*values._MAKE, *values._PARSE, "dict", "object"]), json_values).map(list),
    )
)
def test_hostile_trees_give_a_value_or_a_value_error(tree: Any) -> None:
    values.is_plain(tree)
    with contextlib.suppress(ValueError):
        values.decode(tree)


@pytest.mark.parametrize("tag", ["set", "frozenset", "keys", "dict", "items"])
def test_keys_that_collide_do_not_stall_the_judge(tag: str) -> None:
    keys = [["int", hex(i * (2**61 - 1))] for i in range(1, 20000)]
    tree = [
        tag,
        *([[k, 1] for k in keys] if tag == "dict" else [["tuple", k, 1] for k in keys] if tag == "items" else keys),
    ]
    start = time.process_time()
    with pytest.raises(ValueError, match="collide"):
        values.decode(tree)
    assert time.process_time() - start < 1.0


def test_messages_are_split_and_bounded() -> None:
    data = bytearray(wire.pack([1]) + wire.pack({"a": 2}) + b"\x00\x00")
    assert wire.split(data, 100) == ([[1], {"a": 2}], True)
    assert data == b"\x00\x00"
    assert wire.split(bytearray(b"\xff\xff\xff\xff"), 100) == ([], False)
    assert wire.split(bytearray(b"\x00\x00\x00\x01{"), 100) == ([], False)
    assert wire.split(bytearray(b"\x00\x00\xff\xff" + b"[" * 0xFFFF), 1 << 20) == ([], False)
