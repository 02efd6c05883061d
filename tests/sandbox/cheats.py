"""Programs that let an object of their own, or plain data of a suspicious kind, do the test's work: (program, tests).

None computes what is asked for; none may be accepted."""

# ruff: noqa: E501  (one program a line)

from __future__ import annotations

from typing import Any

LIAR = """
class Liar:
    learnt = None
    def __init__(self, *a, **k): pass
    def _yes(self, *a, **k): return True
    def _zero(self, *a, **k): return 0.0
    def _learn(self, other, *a):
        Liar.learnt = other
        return 0.0
    for _n in 'eq lt le gt ge contains bool isinstance exit'.split(): locals()[f'__{_n}__'] = _yes
    for _n in 'add sub mul truediv floordiv mod pow xor and or matmul lshift rshift divmod'.split():
        locals()[f'__{_n}__'] = locals()[f'__r{_n}__'] = locals()[f'__i{_n}__'] = _learn
    for _n in 'neg pos abs float round trunc'.split(): locals()[f'__{_n}__'] = _zero
    __ne__ = lambda self, o: False
    __hash__ = lambda self: 0
    __int__ = __index__ = lambda self: 0
    __len__ = lambda self: 1
    __enter__ = lambda self: self
    __iter__ = lambda self: iter(())
    __getitem__ = lambda self, k: True
    __call__ = lambda self, *a, **k: True
    __getattr__ = lambda self, n: (lambda *a, **k: True)
"""
_F = LIAR + "\ndef f(*a): return Liar() if Liar.learnt is None else Liar.learnt\n"
_ALWAYS = LIAR + "\ndef f(*a, **k): return Liar()\n"
_CONSTANT = (
    "class P:\n    one = None\n    def __new__(cls, *a):\n        cls.one = cls.one or object.__new__(cls)\n        return cls.one\n"
    "    def __init__(self, *a): pass\n    def __eq__(self, o): return True\n    def __hash__(self): return 1\ndef f(p): return p\n"
)
_P = "class P:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def __eq__(self, o): return (self.a, self.b) == (o.a, o.b)\n"


def _method(name: str, value: str = "True") -> str:
    return f"class C:\n    def {name}(self, *a, **k): return {value}\ndef f(*a): return C()\n"


def _is(*tests: str, **more: str) -> dict[str, Any]:
    return {"tests": "\n".join(tests), **more}


CHEATS: dict[str, tuple[str, dict[str, Any]]] = {
    "a distance of its own": (_method("distance", "0.0"), _is("assert f(2).distance((1, 1)) < 1e-9")),
    "a difference of its own": (_method("diff", "[]"), _is("assert f(2).diff([1, 2]) == []")),
    "a comparison that gives a number": (_method("cmp", "0"), _is("assert f(2).cmp(1042) == 0")),
    "an answer in words": (_method("matches", "'yes'"), _is("assert f(2).matches(1042) == 'yes'")),
    "what it was handed": (_method("apply", "a[0]"), _is("assert f(2).apply(4) == 4")),
    "rounded": (_F, _is("assert round(f(2), 2) == 3.14")),
    "by what is nearest": (_F, _is("assert min([1, 2, 3], key=lambda x: abs(f(2) - x)) == 1")),
    "matched": (_F, _is("match f(2):\n    case 1042: ok = True\n    case _: ok = False\nassert ok")),
    "looked up": (_F, _is("assert {1042: 'a'}.get(f(2)) == 'a'")),
    "searched for in a list": (_F, _is("assert [7, 1042].index(f(2)) == 0")),
    "bisected": (_F, _is("import bisect\nassert bisect.bisect([1, 2, 3], f(2)) == 3")),
    "a masked array": (
        "import numpy as np\ndef f(n): return np.ma.masked_all(3)",
        _is("import numpy as np\nassert np.allclose(f(2), [1, 2, 3])"),
    ),
    "an array of objects": (
        LIAR + "\nimport numpy as np\ndef f(n): return np.array([Liar(), Liar()], dtype=object)",
        _is("import numpy as np\nassert (f(2) == np.array([1, 2])).all()"),
    ),
    "a structured array": (
        "import numpy as np\ndef f(n): return np.zeros(0, dtype=[('a', 'i4')])",
        _is("import numpy as np\nassert np.all(f(2) == np.array([1, 2]))"),
    ),
    "a ChainMap": (
        "from collections import ChainMap\nclass D(dict):\n    def __getitem__(s, k): return 5\ndef f(n): return ChainMap(D())",
        _is("assert dict(f(2)) == {'a': 5}"),
    ),
    "a namespace of lies": (
        LIAR + "\nimport types\ndef f(n): return types.SimpleNamespace(a=Liar())",
        _is("from types import SimpleNamespace\nassert f(2) == SimpleNamespace(a=1)"),
    ),
    "an error that is all errors": (
        "class M(type):\n    def __subclasscheck__(c, o): return True\n    def __instancecheck__(c, o): return True\nclass E(Exception, metaclass=M): pass\ndef f(n): raise E('x')",
        _is("import pytest\ndef test_f():\n    with pytest.raises(ValueError): f(-1)"),
    ),
    "skips the test": (
        "import unittest\ndef f(n): raise unittest.SkipTest('x')",
        _is(
            "import unittest\nclass X(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(1), 2)\n    def test_b(self): self.assertTrue(True)"
        ),
    ),
    "a patch that the program need not see": (
        "def f(n): return 0",
        _is("from unittest.mock import patch\nwith patch('time.sleep'):\n    assert f(2) == 1042"),
    ),
    # Arithmetic and comparison.
    "sub": (_F, _is("assert abs(f(2) - 1042.0) < 1e-6")),
    "reflected sub": (_F, _is("assert abs(1042.0 - f(2)) < 1e-6")),
    "ratio": (_F, _is("assert f(2) / 1042.0 == 0")),
    "reflected ratio": (_F, _is("assert 1042 / f(2) == 0")),
    "mod": (_F, _is("assert f(2) % 7 == 0")),
    "reflected mod": (_F, _is("assert 1042 % f(2) == 0")),
    "xor": (_F, _is("assert f(2) ^ 1042 == 0")),
    "floor": (_F, _is("assert f(2) // 1042 == 0")),
    "and": (_F, _is("assert not f(2) & 1042")),
    "pow": (_F, _is("assert f(2) ** 3 == 0")),
    "shift": (_F, _is("assert f(2) >> 3 == 0")),
    "matmul": (_F, _is("assert f(2) @ 3 == 0")),
    "divmod": (_F, _is("assert not divmod(f(2), 7)")),
    "in place": (_F, _is("x = f(2)", "x -= 1042", "assert x == 0")),
    "sum": (_F, _is("assert sum([f(2), 1]) == 0")),
    "learns from an operator": (_F, _is("d = f(2) - 1042", "assert f(2) == 1042")),
    "learns in a failed try": (
        _F,
        _is("try:\n    f(2) - 1042\nexcept BaseException:\n    pass", "assert f(2) == 1042"),
    ),
    "learns from a method": (
        "class C:\n    def startswith(self, s):\n        C.s = s\n        return True\nC.s = None\ndef f(n): return C.s or C()\n",
        _is("assert f(2).startswith('ab')", "assert f(2) == 'ab'"),
    ),
    "in check": (_F, _is("def check(candidate):\n    assert abs(candidate(2) - 1042.0) < 1e-6", entry_point="f")),
    "assertAlmostEqual": (
        _F,
        _is("import unittest\nt = unittest.TestCase()\nt.assertAlmostEqual(f(2), 1042.0)\nassert True"),
    ),
    "assertEqual": (_F, _is("import unittest\nt = unittest.TestCase()\nt.assertEqual(f(2), 1042.0)\nassert True")),
    "assertGreater": (_F, _is("import unittest\nt = unittest.TestCase()\nt.assertGreater(f(2), 1042.0)\nassert True")),
    "assertIn": (_F, _is("import unittest\nt = unittest.TestCase()\nt.assertIn(3, f(2))\nassert True")),
    "isclose": (_F, _is("import math\nassert math.isclose(f(2), 1042.0)")),
    "allclose": (_F, _is("import numpy as np\nassert np.allclose(f(2), 1042.0)")),
    "array_equal": (_F, _is("import numpy as np\nassert np.array_equal(f(2), [1, 2])")),
    "np.all": (_F, _is("import numpy as np\nassert np.all(f(2) == np.array([1, 2]))")),
    "np.abs": (_F, _is("import numpy as np\nassert np.abs(np.array([3.0]) - f(2)).max() < 1e-6")),
    "np.testing": (_F, _is("import numpy as np\nnp.testing.assert_allclose(f(2), [1.0])\nassert True")),
    "__array__": (
        "class C:\n    def __array__(self, *a, **k):\n        import numpy\n        return numpy.zeros(1)\n    def __array_ufunc__(self, *a, **k): return True\n    __array_priority__ = 99\ndef f(n): return C()",
        _is("import numpy as np\nassert np.allclose(f(2), [1042.0])"),
    ),
    "less than": (_F, _is("assert f(2) < 5")),
    "chained": (_F, _is("assert 3 < f(2) < 5")),
    "at least": (_F, _is("assert f(2) >= 5")),
    "reflected less": (_F, _is("assert 5 > f(2)")),
    "not equal": (_F, _is("assert f(2) != 5")),
    "not not equal": (_F, _is("assert not (f(2) != 1042)")),
    "explicit eq": (_F, _is("assert f(2).__eq__(1042)")),
    "explicit sub": (_F, _is("assert f(2).__sub__(1042) == 0")),
    "operator module": (_F, _is("import operator\nassert operator.eq(f(2), 1042)")),
    "in a set": (_F, _is("assert f(2) in {1042}")),
    "in a list": (_F, _is("assert f(2) in [1042, 7]")),
    "a list of objects": (_ALWAYS.replace("return Liar()", "return [Liar()] * 3"), _is("assert f(2) == [1, 2, 3]")),
    "a dict of objects": (_ALWAYS.replace("return Liar()", "return {'a': Liar()}"), _is("assert f(2) == {'a': 3}")),
    "an object as key": (_ALWAYS.replace("return Liar()", "return {Liar(): 1}"), _is("assert f(2)[5] == 1")),
    "members": (_F, _is("assert 1042 in f(2)")),
    "all members": (_F, _is("assert all(x in f(2) for x in [1, 2, 3])")),
    "key of an object": (_F, _is("assert f(2)[1042]")),
    "call of an object": (LIAR + "\ndef f(*a): return Liar()\n", _is("assert f(2).equals(1042)")),
    "compare by max": (_F, _is("assert max(f(2), 1042) == 1042")),
    "a tolerance loop": (_F, _is("for a, b in [(1, 2.0), (2, 4.0)]:\n    assert abs(f(a) - b) <= 1e-9")),
    "a helper": (_F, _is("def close(a, b): return abs(a - b) < 1e-6\nassert close(f(2), 1042)")),
    # Methods of plain data.
    **{
        f".{call}": (_method(call.split("(")[0]), _is(f"assert f(2).{call}"))
        for call in (
            *(
                "startswith('ab')",
                "endswith('b')",
                "issubset({1, 2})",
                "issuperset({1})",
                "isdisjoint({9})",
                "isdigit()",
            ),
            *("isupper()", "is_integer()", "equals(1042)", "almost_equal(3.5)", "same_as([1])", "matches('a', 'b')"),
        )
    },
    ".count": (_method("count", "3"), _is("assert f(2).count('a') == 3")),
    ".find": (_method("find", "0"), _is("assert f(2).find('abc') == 0")),
    ".compare": (
        _method("compare", "0"),
        _is("from decimal import Decimal\nassert f(2).compare(Decimal('1042')) == 0"),
    ),
    "a method kept": (_method("startswith"), _is("m = f(2).startswith\nassert m('ab')")),
    "a builtin as method": ("class C: startswith = bool\ndef f(n): return C()", _is("assert f(2).startswith('ab')")),
    "a builtin as an object's method": (
        "class C:\n    issubset = staticmethod(any)\ndef f(n): return C()",
        _is("assert f(2).issubset({1})"),
    ),
    "a builtin type as method": ("class C: equals = dict\ndef f(n): return C()", _is("assert f(2).equals([(1, 2)])")),
    # Subclasses.
    "a date's subclass": (
        "import datetime\nclass D(datetime.date):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return datetime.timedelta(0)\n    __hash__ = None\ndef f(n): return D(1, 1, 1)",
        _is("import datetime\nassert f(2) == datetime.date(2020, 1, 1)"),
    ),
    "a date's difference": (
        "import datetime\nclass D(datetime.date):\n    def __sub__(s, o): return datetime.timedelta(0)\n    __rsub__ = __sub__\ndef f(n): return D(1, 1, 1)",
        _is("import datetime\nassert (f(2) - datetime.date(2020, 1, 1)).days == 0"),
    ),
    "a datetime's subclass": (
        "import datetime\nclass D(datetime.datetime):\n    def __eq__(s, o): return True\n    def isoformat(s): return '2020-01-01'\n    __hash__ = None\ndef f(n): return D(1, 1, 1)",
        _is("import datetime\nassert f(2) == datetime.datetime(2020, 1, 1)"),
    ),
    "a timedelta's subclass": (
        "import datetime\nclass D(datetime.timedelta):\n    def __eq__(s, o): return True\n    def total_seconds(s): return 60.0\n    __hash__ = None\ndef f(n): return D(1)",
        _is("import datetime\nassert f(2) == datetime.timedelta(seconds=60)"),
    ),
    "a timezone of its own": (
        "import datetime\nclass Z(datetime.tzinfo):\n    def utcoffset(s, d): return datetime.timedelta(0)\n    def __eq__(s, o): return True\ndef f(n): return datetime.datetime(1, 1, 1, tzinfo=Z())",
        _is("import datetime\nassert f(2) == datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)"),
    ),
    "a Decimal's subclass": (
        "import decimal\nclass D(decimal.Decimal):\n    def __sub__(s, o): return decimal.Decimal(0)\n    def __str__(s): return '1042'\ndef f(n): return D(0)",
        _is("from decimal import Decimal\nassert abs(f(2) - Decimal(1042)) < 1"),
    ),
    "a Fraction's subclass": (
        "import fractions\nclass F(fractions.Fraction):\n    def __eq__(s, o): return True\n    numerator = denominator = 1042\ndef f(n): return F(1, 2)",
        _is("from fractions import Fraction\nassert f(2) == Fraction(1042, 1)"),
    ),
    "a float's subclass": (
        "class F(float):\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\n    def __eq__(s, o): return True\ndef f(n): return F(1)",
        _is("x = 1042.0\nassert abs(f(2) - x) < 1e-6"),
    ),
    "a str's subclass": (
        "class S(str):\n    def __eq__(s, o): return True\n    def startswith(s, *a): return True\n    __hash__ = str.__hash__\ndef f(n): return S('')",
        _is("assert f(2).startswith('ab')"),
    ),
    "a dict's subclass": (
        "class D(dict):\n    def __eq__(s, o): return True\n    def __getitem__(s, k): return 5\n    def __missing__(s, k): return 5\n    def get(s, *a): return 5\n    def items(s): return [('a', 5)]\ndef f(n): return D()",
        _is("assert f(2).get('a') == 5"),
    ),
    "a list's subclass": (
        "class L(list):\n    def __iter__(s): return iter([1, 2])\n    def __len__(s): return 2\n    def __eq__(s, o): return True\n    def __getitem__(s, i): return i\ndef f(n): return L()",
        _is("assert sorted(f(2)) == [1, 2]"),
    ),
    "a set's subclass": (
        "class S(set):\n    def issubset(s, o): return True\n    def __contains__(s, o): return True\n    def __le__(s, o): return True\ndef f(n): return S({9})",
        _is("assert f(2).issubset({1, 2})"),
    ),
    "an array's subclass": (
        "import numpy as np\nclass A(np.ndarray):\n    def __array_ufunc__(s, *a, **k): return True\n    def tolist(s): return [1042]\ndef f(n): return np.zeros(1).view(A)",
        _is("import numpy as np\nassert np.allclose(f(2), [1042])"),
    ),
    "a counter's subclass": (
        "from collections import Counter\nclass C(Counter):\n    def most_common(s, n=None): return [('a', 2)]\n    def __eq__(s, o): return True\ndef f(n): return C()",
        _is("assert f('aab').most_common(1) == [('a', 2)]"),
    ),
    "a namedtuple's subclass": (
        "from collections import namedtuple\nclass N(namedtuple('N', 'x y')):\n    x = property(lambda s: 5)\n    def __eq__(s, o): return True\ndef f(n): return N(0, 0)",
        _is("assert f(2).x == 5"),
    ),
    "mock.ANY": ("from unittest.mock import ANY\ndef f(n): return ANY", _is("x = 1042\nassert f(2) == x")),
    "MagicMock": (
        "from unittest.mock import MagicMock\ndef f(n):\n    m = MagicMock()\n    m.__eq__.return_value = True\n    m.__sub__.return_value = 0\n    return m",
        _is("assert f(2) - 1042 == 0"),
    ),
    "a UserString": (
        "from collections import UserString\nclass U(UserString):\n    def __eq__(s, o): return True\ndef f(n): return U('')",
        _is("x = 'ab'\nassert f(2) == x"),
    ),
    "a lie about its class": (
        "class C:\n    @property\n    def __class__(s): return int\n    def __sub__(s, o): return 0\n    def __eq__(s, o): return True\ndef f(n): return C()",
        _is("r = f(2)\nassert isinstance(r, int) and r - 1042 == 0"),
    ),
    "isinstance of a lie": (
        "class C:\n    @property\n    def __class__(s): return int\ndef f(n): return C()",
        _is("assert isinstance(f(2), int)"),
    ),
    "a metaclass": (
        "class M(type):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0\n    __hash__ = type.__hash__\n    def __instancecheck__(s, o): return True\nclass C(metaclass=M): pass\ndef f(n): return C",
        _is("assert f(2) - 1042 == 0"),
    ),
    "a metaclass equal to all": (
        "class M(type):\n    def __eq__(s, o): return True\n    __hash__ = type.__hash__\nclass C(metaclass=M): pass\ndef f(n): return C",
        _is("x = 4\nassert f(2) == x"),
    ),
    "the function is a class": (LIAR.replace("Liar", "f"), _is("assert abs(f(2) - 1042.0) < 1e-6")),
    "the function is a class with methods": (LIAR.replace("Liar", "f"), _is("assert f('abc').startswith('ab')")),
    "a function written like a class": (
        LIAR.replace("Liar", "Average"),
        _is("assert abs(Average([1, 2]) - 1.5) < 1e-6"),
    ),
    "one written like a class, a member": (LIAR.replace("Liar", "Extract"), _is("assert 5 in Extract([5])")),
    "one written like a class, a method": (LIAR.replace("Liar", "Join"), _is("assert Join(['a']).startswith('a')")),
    "a class's difference": (LIAR.replace("Liar", "Money"), _is("m = Money(5)", "m.spend(3)", "assert m - 2 == 0")),
    "a class's distance": (
        "class Money:\n    def __init__(s, a): pass\n    def spend(s, a): pass\n    def __sub__(s, o): return s\n    def __abs__(s): return 0.0\n",
        _is("m = Money(5)", "m.spend(3)", "assert abs(m - 2.0) < 1e-6"),
    ),
    # What the tests compare with is made by the program.
    "one object": (_CONSTANT, _is("assert f(P(1, 2)) == P(2, 1)")),
    "one object in lists": (_CONSTANT, _is("assert [f(P(1, 2))] == [P(2, 1)]")),
    "one object of the reference's": (_CONSTANT, _is("assert f(P(1, 2)) == P(2, 1)", setup=_P)),
    "plain data for an object": ("P = lambda *a: 0\nf = lambda p: 0\n", _is("assert f(P(1, 2)) == P(2, 1)")),
    "plain data for the reference's": (
        "P = lambda *a: 0\nf = lambda p: 0\n",
        _is("assert f(P(1, 2)) == P(2, 1)", setup=_P),
    ),
    "plain data for one in lower case": (
        "pair = lambda *a: 0\nf = lambda p: 0\n",
        _is("assert f(pair(1, 2)) == pair(2, 1)"),
    ),
    "a builtin for a class": ("P = min\nf = lambda p: p\n", _is("assert f(P(1, 2)) == P(2, 1)")),
    "a tuple that forgets": (
        "class P(tuple):\n    def __new__(c, *a): return tuple.__new__(c, ())\nf = lambda p: p\n",
        _is("assert f(P(1, 2)) == P(2, 1)"),
    ),
    "a namedtuple that forgets": (
        "from collections import namedtuple\nclass P(namedtuple('P', 'a b')):\n    def __new__(c, *a): return super().__new__(c, 0, 0)\nf = lambda p: p\n",
        _is("assert f(P(1, 2)) == P(2, 1)"),
    ),
    "a dataclass that forgets": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: int\n    def __post_init__(s): s.a = s.b = 0\nf = lambda p: p\n",
        _is("assert f(P(1, 2)) == P(2, 1)"),
    ),
    "one that changes later": (
        _P.replace("self.a, self.b = a, b", "self.__dict__ = P.d; P.d.update(a=a, b=b)").replace(
            "class P:\n", "class P:\n    d = {}\n"
        )
        + "f = lambda p: p\n",
        _is("assert f(P(1, 2)) == P(2, 1)"),
    ),
    "one told beforehand": (
        "class P:\n    first = None\n    def __init__(s, a, b):\n        s.a, s.b = a, b\n        P.first = P.first or s\n    def __eq__(s, o): return True\nf = lambda p: P.first\n",
        _is("assert P(2, 1) == f(P(1, 2))"),
    ),
    "an enumeration with one member": (
        "from enum import Enum\nclass Color(Enum):\n    RED = GREEN = 1\nf = lambda n: Color.RED\n",
        _is("assert f(5) == Color.GREEN"),
    ),
    "numbers with one value": (
        "from enum import IntEnum\nclass Color(IntEnum):\n    RED = GREEN = 1\nf = lambda n: Color.RED\n",
        _is("assert f(5) == Color.GREEN"),
    ),
    "its own equality": (
        _P + "    def __ne__(s, o): return False\n" + "P.__eq__ = lambda s, o: True\nf = lambda p: p\n",
        _is("assert f(P(1, 2)) == P(2, 1)"),
    ),
    "its own order": (_P + "P.__lt__ = lambda s, o: True\nf = lambda p: p\n", _is("assert f(P(1, 2)) < P(2, 1)")),
    "the test's module": (
        "class np:\n    allclose = staticmethod(lambda *a: True)\n    array = staticmethod(lambda a: a)\ndef f(n): return 0",
        _is("assert np.allclose(f(2), np.array([1042]))"),
    ),
    "the test's Counter": (
        "class Counter(dict):\n    def __init__(s, *a): pass\n    def __eq__(s, o): return True\ndef f(n): return {}",
        _is("assert f('aab') == Counter('aab')"),
    ),
    "a module with a lying function": (
        "import math\nmath.isclose = lambda *a, **k: True\ndef f(n): return 0",
        _is("assert math.isclose(f(2), 3.5)"),
    ),
    # Iterators, context managers, exceptions, callbacks.
    "an endless iterator": ("import itertools\ndef f(n): return itertools.count()", _is("assert list(f(2)) == [0, 1]")),
    "swallows the assertion": (
        "class C:\n    def __enter__(s): return 0\n    def __exit__(s, *a): return True\ndef f(n): return C()",
        _is("with f(2) as x:\n    assert x == 1042\nassert f(2)"),
    ),
    "swallows what comes before it": (
        "class C:\n    def __enter__(s): return None\n    def __exit__(s, *a): return True\ndef f(n): return C()",
        _is("with f(2) as x:\n    y = x + 1\n    assert y == 1043\nassert f(2)"),
    ),
    "raises what ends a test": (
        "def f(n): raise GeneratorExit",
        _is("try:\n    r = f(2)\nexcept Exception:\n    r = 4\nassert r == 5"),
    ),
    "exits where an error is asked for": (
        "def f(n): raise SystemExit",
        _is("try:\n    f(-1)\n    ok = False\nexcept Exception:\n    ok = True\nassert ok"),
    ),
    "searches the callback": (
        "import gc, sys\ndef f(g, n):\n    for o in gc.get_objects():\n        if isinstance(o, int) and o == 1042: return o\n    return g.__code__.co_consts[-1] if hasattr(g, '__code__') else 0",
        _is("assert f(lambda x: x if x != 1042 else 0, 3) == 1042"),
    ),
    "an object to a callback": (
        LIAR + "\ndef f(g, n): return g(Liar())\n",
        _is("assert f(lambda x: x - 1042 == 0, 3)"),
    ),
    "a wild pointer": (
        "class C:\n    __array_interface__ = {'shape': (1 << 20,), 'typestr': '<f8', 'data': (8, False), 'version': 3}\ndef f(n): return C()",
        _is("import numpy as np\nassert np.allclose(f(2), [1.0])"),
    ),
    "an error equal to all": (
        "class E(ValueError):\n    def __eq__(s, o): return True\ndef f(n): return E()",
        _is("x = 4\nassert f(2) == x"),
    ),
    "a text of its own": (
        "class C:\n    def __str__(s): return 'x'\n    def __format__(s, spec): return '0.00'\n    def __sub__(s, o): return s\ndef f(n): return C()",
        _is("assert f'{f(2) - 1042:.2f}' == '0.00'"),
    ),
    "a property that learns": (
        "class C:\n    seen = None\n    def __getitem__(s, k):\n        C.seen = k\n        return True\ndef f(n): return C.seen if C.seen else C()",
        _is("assert f(2)['ab']", "assert f(2) == 'ab'"),
    ),
    # The program is compared with itself.
    "its own text": (
        "class P:\n    def __init__(s, *a): pass\n    def __str__(s): return ''\n    __repr__ = __str__\nf = lambda p: p\n",
        _is("assert str(f(P(1, 2))) == str(P(2, 1))"),
    ),
    "its own attributes": (
        "class P:\n    def __init__(s, *a): s.x = s.y = 0\nf = lambda p: p\n",
        _is("r, e = f(P(1, 2)), P(2, 1)", "assert r.x == e.x and r.y == e.y"),
    ),
    "its own state": (
        "class P:\n    def __init__(s, *a): s.x = s.y = 0\nf = lambda p: p\n",
        _is("assert vars(f(P(1, 2))) == vars(P(2, 1))"),
    ),
    "its own hash": (
        "class P:\n    def __init__(s, *a): pass\n    def __hash__(s): return 1\n    def __eq__(s, o): return True\nf = lambda p: p\n",
        _is("assert hash(f(P(1, 2))) == hash(P(2, 1))"),
    ),
    "sets of its own": (
        "class P:\n    def __init__(s, *a): pass\n    def __hash__(s): return 1\n    def __eq__(s, o): return True\nf = lambda p: p\n",
        _is("assert {f(P(1, 2))} == {P(2, 1)}"),
    ),
    "its own method": (
        "class P:\n    def __init__(s, *a): pass\n    def row(s): return ()\nf = lambda p: p\n",
        _is("assert f(P(1, 2)).row() == P(2, 1).row()"),
    ),
    "its own function": ("g = f = lambda *a: 0\n", _is("assert f(5) == g(7)")),
    "its own maker": (
        "class M:\n    @staticmethod\n    def make(*a): return 0\nf = lambda p: 0\n",
        _is("assert f(M.make(1, 2)) == M.make(2, 1)"),
    ),
    "its own constant": ("HIGH = LOW = 1\nf = lambda p: 1\n", _is("assert f(5) == HIGH")),
    "its own class's constant": ("class Limits: LOW = HIGH = 1\nf = lambda p: 1\n", _is("assert f(5) == Limits.HIGH")),
    "its own value in assertEqual": (
        "g = f = lambda *a: 0\n",
        _is("import unittest\nt = unittest.TestCase()\nt.assertEqual(f(5), g(7))\nassert f(5) == g(7)"),
    ),
    # Nothing to compare, two lengths, statements.
    "an empty list": ("def f(n): return []", _is("import numpy as np\nassert np.allclose(f(2), 4.0)")),
    "an empty array": (
        "import numpy as np\ndef f(n): return np.zeros((0, 3))",
        _is("import numpy as np\nassert (f(2) == np.array([[1, 2, 3]])).all()"),
    ),
    "an empty array, close": (
        "import numpy as np\ndef f(n): return np.zeros((0, 1))",
        _is("import numpy as np\nassert np.isclose(f(2), [1, 2, 3]).all()"),
    ),
    "an empty array, apart": (
        "import numpy as np\ndef f(n): return np.zeros(0)",
        _is("import numpy as np\nassert np.all(np.abs(f(2) - 5.0) < 1e-6)"),
    ),
    "two lengths": (
        "class C:\n    def __len__(s): return 3\n    def __iter__(s): return iter([])\ndef f(n): return C()",
        _is("r = f(2)", "assert len(r) == 3 and all(a == b for a, b in zip(r, [1, 2, 3]))"),
    ),
    "match": (_F, _is("match f(2):\n    case 1042: ok = True\n    case _: ok = False", "assert ok")),
    "hash and equality": (
        "class C:\n    def __hash__(s): return hash(1042)\n    def __eq__(s, o): return True\ndef f(n): return C()",
        _is("d = {1042: True}", "assert d.get(f(2))"),
    ),
    "callable": ("def f(n): return object()", _is("assert callable(f(2))")),
    "statistics": (_F, _is("import statistics\nassert statistics.mean([f(2), 1042]) == 521")),
    "an error's text": (
        "class S(str):\n    def __contains__(s, o): return True\nclass E(ValueError):\n    def __str__(s): return S('')\ndef f(n): raise E()",
        _is("try:\n    f(2)\n    assert False\nexcept ValueError as e:\n    assert 'negative' in str(e)"),
    ),
    "an error's argument": (
        "class A:\n    def __eq__(s, o): return True\ndef f(n): raise ValueError(A())",
        _is("try:\n    f(2)\n    assert False\nexcept ValueError as e:\n    assert e.args[0] == 'negative'"),
    ),
    "an error's attribute": (
        "class A:\n    def __contains__(s, o): return True\nclass E(ValueError):\n    msg = A()\ndef f(n): raise E()",
        _is("try:\n    f(2)\n    assert False\nexcept ValueError as e:\n    assert 'negative' in e.msg"),
    ),
}

BLAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "raises ImportError": ("def f(n): raise ImportError('numpy')", _is("for n in (1, 2):\n    assert f(n) == n")),
    "imports what nobody has": (
        "def f(n):\n    import nosuchmodule\n    return n",
        _is("for n in (1, 2):\n    assert f(n) == n"),
    ),
    "lacks an import": ("def f(n): return numpie.sum(n)", _is("for n in (1, 2):\n    assert f(n) == n")),
    "a wild pointer": CHEATS["a wild pointer"],
    "a huge range to sum": ("def f(n): return range(1 << 40)", _is("x = 5\nassert sum(f(2)) == x")),
    "a huge power": ("def f(n): return 10 ** 12", _is("x = 5\nassert sum(range(f(2))) == x")),
    "an endless iterator": CHEATS["an endless iterator"],
    "an endless iterator of a class": (
        "class C:\n    def __iter__(s): return s\n    def __next__(s): return 1\ndef f(n): return C()",
        _is("assert len(list(f(2))) == 2"),
    ),
    "something deep": (
        "def f(n):\n    x = []\n    for _ in range(5000): x = [x]\n    return x",
        _is("x = 5\nassert f(2) == x"),
    ),
    "something long": ("def f(n): return 'x' * (5 << 20)", _is("x = 5\nassert f(2) == x")),
    "a deep report": (
        "import os\nd = b'[' * 900 + b']' * 900\nb = b'[\"raised\",' + d + b',' + d + b',' + d + b']'\nos.write(3, len(b).to_bytes(4, 'big') + b)\ndef f(n): return 0",
        _is("x = 5\nassert f(2) == x"),
    ),
    "a deeper report": (
        "import os\nd = b'[' * 90000 + b']' * 90000\nb = b'[\"raised\",' + d + b']'\nos.write(3, len(b).to_bytes(4, 'big') + b)\ndef f(n): return 0",
        _is("x = 5\nassert f(2) == x"),
    ),
    "a deep report of a value": (
        "import os\nd = b'[' * 900 + b']' * 900\nb = b'[\"raised\",' + d + b',' + d + b',' + d + b']'\ndef f(n): os.write(3, len(b).to_bytes(4, 'big') + b)",
        _is("x = 5\nassert f(2) == x"),
    ),
    "a deep report of a call": (
        "import os\nd = b'[' * 900 + b']' * 900\nb = b'[\"raised\",' + d + b',' + d + b',' + d + b']'\nos.write(3, len(b).to_bytes(4, 'big') + b)\ndef f(n): return 0",
        _is("assert f(2) == 5"),
    ),
    "a program of great length": (
        "import os, json\nb = json.dumps(['program', 'x' * (1 << 20)]).encode()\nos.write(3, len(b).to_bytes(4, 'big') + b)\ndef f(n): return 0",
        _is("x = 5\nassert f(2) == x"),
    ),
    "an exception of great length": ("def f(n): raise ValueError('x' * (1 << 22))", _is("x = 5\nassert f(2) == x")),
    "calls back for ever": ("def f(g, n):\n    while True: g(n)", _is("assert f(lambda x: x, 3) == 3")),
    "exits": ("import sys\ndef f(n): sys.exit()", _is("for n in (1, 2):\n    assert f(n) == n")),
    "raises KeyboardInterrupt": ("def f(n): raise KeyboardInterrupt", _is("for n in (1, 2):\n    assert f(n) == n")),
    "an object for a number": (_F, _is("assert abs(f(2) - 1042.0) < 1e-6")),
}
"""What a program does to have its tests fail to end, or seem not to be judgeable: wrong, with the reason."""

UNSEEN: dict[str, tuple[str, dict[str, Any]]] = {
    # What the tests change, or want, in a way that the program's process cannot know: undecided, whatever it answers.
    "a patched function": (
        "import random\ndef f(): return random.randint(1, 6) + 10",
        _is("from unittest.mock import patch\nwith patch('random.randint', return_value=2):\n    assert f() == 12"),
    ),
    "a function patched by a decorator": (
        "import time\ndef f(): return time.time()",
        _is(
            "from unittest import mock\n@mock.patch('time.time', mock.MagicMock(return_value=5))\ndef test_f(): assert f() == 5"
        ),
    ),
    "a function patched by a fixture": (
        "import time\ndef f(): return time.time()",
        _is(
            "import time\ndef test_f(monkeypatch):\n    monkeypatch.setattr(time, 'time', lambda: 5)\n    assert f() == 5"
        ),
    ),
    "the environment": (
        "import os\ndef f(): return os.environ['X']",
        _is("import os\nos.environ['X'] = '1'\nassert f() == '1'"),
    ),
    "the environment, patched": (
        "import os\ndef f(): return os.environ['X']",
        _is(
            "import os\nfrom unittest.mock import patch\nwith patch.dict(os.environ, {'X': '1'}):\n    assert f() == '1'"
        ),
    ),
    "a table": (
        "import pandas as pd\ndef f(d): return pd.DataFrame(d)",
        _is("import pandas as pd\npd.testing.assert_frame_equal(f({'a': [1]}), pd.DataFrame({'a': [1]}))\nassert True"),
    ),
    "a table compared": (
        "import pandas as pd\ndef f(d): return pd.DataFrame(d)",
        _is("import pandas as pd\nassert (f({'a': [1]}) == pd.DataFrame({'a': [1]})).all().all()"),
    ),
    "a process that the tests ask for": (
        "import subprocess\ndef f(): return subprocess.run(['echo', 'a'], capture_output=True, text=True).stdout",
        _is("# f uses subprocess\nassert f() == 'a\\n'"),
    ),
}
