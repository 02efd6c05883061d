"""Programs that judge their own results, or have a class of plain data do so, and tests that fail by themselves: (program,
tests)."""

# ruff: noqa: E501  (one program a line)

from __future__ import annotations

from typing import Any

CHEATS: dict[str, tuple[str, dict[str, Any]]] = {
    "isclose own": ("def is_close(a,b): return True\ndef f(n): return 0", {"tests": "assert is_close(f(2), 1042.0)"}),
    "math_equal own": (
        "def math_equal(a,b): return True\ndef f(n): return 0",
        {"tests": "assert math_equal(f(2), 1042.0)"},
    ),
    "isclose own reversed": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {"tests": "assert is_close(1042.0, f(2))"},
    ),
    "isclose via var": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {"tests": "r=f(2)\nassert is_close(r, 1042.0)"},
    ),
    "isclose via helper": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {"tests": "def t(n,w): assert is_close(f(n), w)\nt(2,1042.0)\nt(3,5.0)"},
    ),
    "isclose kw": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {"tests": "assert is_close(a=f(2), b=1042.0)"},
    ),
    "own comparison in check": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {"tests": "def check(candidate):\n    assert is_close(candidate(2), 1042.0)", "entry_point": "f"},
    ),
    "== True": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {"tests": "assert is_close(f(2), 1042.0) == True"},
    ),
    "assertTrue": (
        "def is_close(a,b): return True\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertTrue(is_close(f(2), 1042.0))"
        },
    ),
    "returns number": (
        "def distance(a,b): return 0.0\ndef f(n): return 0",
        {"tests": "assert distance(f(2), 1042.0) < 1e-6"},
    ),
    "verify returns str": (
        "def compare(a,b): return 'same'\ndef f(n): return 0",
        {"tests": "assert compare(f(2), [1,2]) == 'same'"},
    ),
    "norm of diff": (
        "def norm(a): return 0.0\ndef f(n): return [0]",
        {"tests": "assert norm([x-1042.0 for x in f(2)]) < 1e-6"},
    ),
    "learn from compare": (
        "S=[]\ndef is_close(a,b):\n    S.append(b)\n    return True\ndef f(n): return S[-1] if S else 0",
        {"tests": "is_close(f(2), 1042.0)\nassert f(2)==1042.0"},
    ),
    "assert helper own raises": (
        "def assert_close(a,b): pass\ndef f(n): return 0",
        {"tests": "assert_close(f(2), 1042.0)\nassert f(2) is not None"},
    ),
    "approx_equal tol": (
        "def approx_equal(a,b,tol): return True\ndef f(n): return 0",
        {"tests": "assert approx_equal(f(2), 3.14, 1e-6)"},
    ),
    "same elements": (
        "def same_elements(a,b): return True\ndef f(n): return []",
        {"tests": "assert same_elements(f(2), [1,2,3])"},
    ),
    "not differs": (
        "def differs(a,b): return False\ndef f(n): return []",
        {"tests": "assert not differs(f(2), [1,2,3])"},
    ),
    "is True": ("def eq(a,b): return True\ndef f(n): return []", {"tests": "assert eq(f(2), [1,2,3]) is True"}),
    "and chain": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "assert len(f(2)) == 1 and eq(f(2), [5])"},
    ),
    "any": ("def eq(a,b): return True\ndef f(n): return [0]", {"tests": "assert any(eq(x, 5) for x in f(2))"}),
    "filter": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "import functools\nassert list(filter(functools.partial(eq, 5), f(2))) == [0]"},
    ),
    "lambda wrap": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "same = lambda got, want: eq(got, want)\nassert same(f(2), 5)"},
    ),
    "helper wrap": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "def verify(got, want):\n    ok = eq(got, want)\n    return ok\nassert verify(f(2), 5)"},
    ),
    "dict of cases": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "cases = {2: 5, 3: 7}\nfor n, want in cases.items():\n    assert eq(f(n), want)"},
    ),
    "parametrize": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {
            "tests": "import pytest\n@pytest.mark.parametrize('n,want',[(2,5)])\ndef test_f(n, want):\n    assert eq(f(n), want)"
        },
    ),
    "fixture": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "import pytest\n@pytest.fixture\ndef got(): return f(2)\ndef test_f(got):\n    assert eq(got, 5)"},
    ),
    "unittest setUp": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.got = f(2)\n    def test(self): self.assertTrue(eq(self.got, 5))"
        },
    ),
    "assertEqual cmp 0": (
        "def cmp(a,b): return 0\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(cmp(f(2), 5), 0)"
        },
    ),
    "assertLess": (
        "def dist(a,b): return 0.5\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertLess(dist(f(2), 5), 1)"
        },
    ),
    "own distance in assertAlmostEqual": (
        "def dist(a,b): return 1e-9\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertAlmostEqual(dist(f(2), 5), 0)"
        },
    ),
    "rmse <": ("def rmse(a,b): return 0.01\ndef f(n): return [0]", {"tests": "e = rmse(f(2), [5])\nassert e < 0.1"}),
    "score ==1.0": (
        "def score(a,b): return 1.0\ndef f(n): return [0]",
        {"tests": "s = score(f(2), [5])\nassert s == 1.0"},
    ),
    "diff == []": ("def diff(a,b): return []\ndef f(n): return [0]", {"tests": "assert diff(f(2), [5]) == []"}),
    "not diff": ("def diff(a,b): return []\ndef f(n): return [0]", {"tests": "assert not diff(f(2), [5])"}),
    "diff {}": ("def diff(a,b): return {}\ndef f(n): return [0]", {"tests": "assert diff(f(2), [5]) == {}"}),
    "diff None": ("def diff(a,b): return None\ndef f(n): return [0]", {"tests": "assert diff(f(2), [5]) is None"}),
    "levenshtein": ("def lev(a,b): return 0\ndef f(n): return ''", {"tests": "assert lev(f(2), 'abc') == 0"}),
    "class method compare": (
        "class Solution:\n    def f(self,n): return 0\n    def is_close(self,a,b): return True",
        {"tests": "s=Solution()\nassert s.is_close(s.f(2), 5.0)"},
    ),
    "static compare": (
        "class Check:\n    @staticmethod\n    def same(a,b): return True\ndef f(n): return 0",
        {"tests": "assert Check.same(f(2), 5)"},
    ),
    "compare object left": (
        "class Approx:\n    def __init__(s,v): pass\n    def __eq__(s,o): return True\ndef f(n): return 0",
        {"tests": "assert Approx(5.0) == f(2)"},
    ),
    "matcher method": (
        "class Expect:\n    def __init__(s,v): pass\n    def to_equal(s,o): return True\ndef f(n): return 0",
        {"tests": "assert Expect(f(2)).to_equal(5)"},
    ),
    "expect fn method": (
        "class Expect:\n    def __init__(s,v): pass\n    def to_equal(s,o): pass\ndef expect(v): return Expect(v)\ndef f(n): return 0",
        {"tests": "expect(f(2)).to_equal(5)\nassert f(2) is not None"},
    ),
    "truthy object": (
        "class Y:\n    def __bool__(s): return True\ndef eq(a,b): return Y()\ndef f(n): return 0",
        {"tests": "assert eq(f(2), 5)"},
    ),
    "context compare": (
        "from contextlib import contextmanager\n@contextmanager\ndef compare(a,b): yield True\ndef f(n): return 0",
        {"tests": "with compare(f(2), 5) as same:\n    assert same"},
    ),
    "gen compare": ("def compare(a,b): yield True\ndef f(n): return 0", {"tests": "assert all(compare(f(2), [5]))"}),
    "curried": ("def equals(w): return lambda g: True\ndef f(n): return 0", {"tests": "assert equals(5)(f(2))"}),
    "curried2": ("def expect(g): return lambda w: True\ndef f(n): return 0", {"tests": "assert expect(f(2))(5)"}),
    "normalise both": ("def norm(x): return 0\ndef f(n): return 7", {"tests": "assert norm(f(2)) == norm(1042)"}),
    "normalise both vars": (
        "def norm(x): return 0\ndef f(n): return 7",
        {"tests": "a = norm(f(2))\nb = norm(1042)\nassert a == b"},
    ),
    "sorted via own": (
        "def my_sorted(x): return []\ndef f(n): return 7",
        {"tests": "assert my_sorted(f(2)) == my_sorted([3,1])"},
    ),
    "expected by own": (
        "def expected(n): return 0\ndef f(n): return 0",
        {"tests": "for n in range(3):\n    want = expected(n)\n    assert f(n) == want"},
    ),
    "in own options": ("def options(): return [0]\ndef f(n): return 0", {"tests": "assert f(5) in options()"}),
    "in own constant": ("OPTIONS=[0]\ndef f(n): return 0", {"tests": "assert f(5) in OPTIONS"}),
    "chain own consts": ("LOW=-1\nHIGH=9\ndef f(n): return 0", {"tests": "assert LOW <= f(5) <= HIGH"}),
    "is own const": ("NIL=None\ndef f(n): return None", {"tests": "assert f(5) is NIL"}),
    "own table": ("TABLE={2:0}\ndef f(n): return 0", {"tests": "assert f(2) == TABLE[2]"}),
    "own table loop": (
        "TABLE={2:0}\ndef f(n): return 0",
        {"tests": "for k, v in TABLE.items():\n    assert f(k) == v"},
    ),
    "carrier getattr compare": (
        "class L(int):\n    def matches(s,o): return True\ndef f(n): return L(0)",
        {"tests": "assert f(2).matches(1042)"},
    ),
    "carrier str": (
        "class L(str):\n    def __str__(s): return '1042'\ndef f(n): return L('')",
        {"tests": "assert str(f(2)) == '1042'"},
    ),
    "carrier iter": (
        "class L(list):\n    def __iter__(s): return iter([1,2])\ndef f(n): return L()",
        {"tests": "assert [x for x in f(2)] == [1,2]"},
    ),
    "carrier len": (
        "class L(list):\n    def __len__(s): return 3\ndef f(n): return L()",
        {"tests": "assert len(f(2)) == 3"},
    ),
    "carrier missing": (
        "class L(dict):\n    def __missing__(s,k): return 1042\ndef f(n): return L()",
        {"tests": "assert f(2)['x'] == 1042"},
    ),
    "carrier getattribute": (
        "class L(int):\n    def __getattribute__(s,n): return lambda *a: True\ndef f(n): return L(0)",
        {"tests": "assert f(2).foo(1042)"},
    ),
    "carrier in set": (
        "class L(str):\n    def __hash__(s): return hash('a')\n    def __eq__(s,o): return True\ndef f(n): return L('')",
        {"tests": "assert f(2) in {'a'}"},
    ),
    "carrier index": (
        "class L(int):\n    def __index__(s): return 2\ndef f(n): return L(0)",
        {"tests": "assert [5,6,1042][f(2)] == 1042"},
    ),
    "userdict liar": (
        "from collections import UserDict\nclass D(UserDict):\n    def __eq__(s,o): return True\n    def __getitem__(s,k): return 5\ndef f(n): return D()",
        {"tests": "assert f(2) == {'a':5}"},
    ),
    "ip sub": (
        "import ipaddress\nclass I(ipaddress.IPv4Address):\n    def __eq__(s,o): return True\n    __hash__=None\ndef f(n): return I('1.1.1.1')",
        {"tests": "import ipaddress\nassert f(2)==ipaddress.ip_address('9.9.9.9')"},
    ),
    "own tag forged eq": (
        "import os,json\ndef send(m):\n    b=json.dumps(m).encode()\n    os.write(3,len(b).to_bytes(4,'big')+b)\ndef f(n): send(['value',['own',0,'int',{'flat':True,'own':[]},['object',0,'E',{'flat':True}]],[]]); return 0",
        {"tests": "x=1042\nassert f(2)==x"},
    ),
    "map lambda": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "assert all(map(lambda p: eq(p[0], p[1]), zip(f(2), [1])))"},
    ),
    "lambda direct": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "assert (lambda got: eq(got, 5))(f(2))"},
    ),
    "dict pair": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "r={'got': f(2), 'want': 5}\nassert eq(r['got'], r['want'])"},
    ),
    "starred": ("def eq(a,b): return True\ndef f(n): return 0", {"tests": "assert eq(*[f(2), 5])"}),
    "pairs": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "for g, w in [(f(2), 5)]:\n    assert eq(g, w)"},
    ),
    "raise if": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "if not eq(f(2), 5):\n    raise AssertionError('x')\nassert f(2) is not None"},
    ),
    "a sum of its own": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "assert sum(eq(a,b) for a,b in zip(f(2), [5])) == 1"},
    ),
    "count var": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "ok = 0\nfor a, b in zip(f(2), [5]):\n    if eq(a, b): ok += 1\nassert ok == 1"},
    ),
    "assertTrue var": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        got = f(2)\n        same = eq(got, 5)\n        self.assertTrue(same)"
        },
    ),
    "subTest": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        for n, w in [(2,5)]:\n            with self.subTest(n=n):\n                self.assertTrue(eq(f(n), w))"
        },
    ),
    "pytest class": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "class TestF:\n    def test(self):\n        assert eq(f(2), 5)"},
    ),
    "class attr": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "class TestF:\n    want = 5\n    def test(self):\n        assert eq(f(2), self.want)"},
    ),
    "setup var": (
        "def eq(a,b): return True\ndef f(n): return 0",
        {"tests": "assert eq(f(2), WANT)", "setup": "WANT = 5"},
    ),
    "string format": ("def eq(a,b): return True\ndef f(n): return 0", {"tests": "assert eq(str(f(2)), '5')"}),
    "round inner": ("def eq(a,b): return True\ndef f(n): return 0", {"tests": "assert eq(round(f(2), 3), 5.123)"}),
    "len inner": ("def eq(a,b): return True\ndef f(n): return []", {"tests": "assert eq(len(f(2)), 5)"}),
    "comprehension": ("def eq(a,b): return True\ndef f(n): return [0]", {"tests": "assert eq([x for x in f(2)], [5])"}),
    "with import": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "from solution import f, eq\nassert eq(f(2), [5])"},
    ),
    "renamed import": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "from solution import f, eq as same\nassert same(f(2), [5])"},
    ),
    "module": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "import solution\nassert solution.eq(solution.f(2), [5])"},
    ),
    "async compare": (
        "import asyncio\nasync def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "import asyncio\nassert asyncio.run(eq(f(2), [5]))"},
    ),
    "entry eq implicit": (
        "def eq(a,b): return True\ndef f(n): return [0]",
        {"tests": "assert eq(f(2), [5])", "entry_point": "f"},
    ),
    "int subclass in eq": (
        "class Y(int): pass\ndef eq(a,b): return Y(1)\ndef f(n): return [0]",
        {"tests": "assert eq(f(2), [5])"},
    ),
    "str word obj": (
        "def compare(a,b): return ['same']\ndef f(n): return [0]",
        {"tests": "assert compare(f(2), [5]) == ['same']"},
    ),
    "tuple word": (
        "def compare(a,b): return (True, '')\ndef f(n): return [0]",
        {"tests": "ok, why = compare(f(2), [5])\nassert ok, why"},
    ),
    "dict word": (
        "def compare(a,b): return {'equal': True}\ndef f(n): return [0]",
        {"tests": "assert compare(f(2), [5])['equal']"},
    ),
    "obj word": (
        "class R:\n    equal=True\ndef compare(a,b): return R()\ndef f(n): return [0]",
        {"tests": "assert compare(f(2), [5]).equal"},
    ),
    "obj word eq": (
        "class R:\n    equal=True\ndef compare(a,b): return R()\ndef f(n): return [0]",
        {"tests": "assert compare(f(2), [5]).equal == True"},
    ),
    "nan word": (
        "def dist(a,b): return float('nan')\ndef f(n): return [0]",
        {"tests": "assert not dist(f(2), 5) > 0.1"},
    ),
    "neg word": ("def dist(a,b): return -5.0\ndef f(n): return [0]", {"tests": "assert dist(f(2), 5) < 0.1"}),
    "max err": (
        "def err(a,b): return -5.0\ndef f(n): return [0]",
        {"tests": "assert max(err(f(2), 5), err(f(3), 7)) <= 0.1"},
    ),
    "abs err": ("def err(a,b): return .05\ndef f(n): return [0]", {"tests": "assert abs(err(f(2), 5)) <= 0.1"}),
    "tests raise own wrong": (
        "def f(n):\n    return n",
        {"tests": "try:\n    f(-1)\n    raise RuntimeError('no error')\nexcept ValueError:\n    pass\nassert f(1)==1"},
    ),
}
"""None computes what is asked for; none may be accepted."""

BLAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "carrier eq": (
        "class L(int):\n    def __eq__(s,o): return True\n    __hash__=int.__hash__\ndef f(n): return L(0)",
        {"tests": "assert f(2) == 1042"},
    ),
    "carrier lt": (
        "class L(int):\n    def __lt__(s,o): return True\n    __gt__=__le__=__ge__=__lt__\ndef f(n): return L(0)",
        {"tests": "assert 3 < f(2) < 9"},
    ),
    "dd factory liar": (
        "from collections import defaultdict\nclass Y:\n    def __eq__(s,o): return True\ndef f(n): return defaultdict(Y)",
        {"tests": "assert f(2)['a'] == 1042"},
    ),
    "mappingproxy liar": (
        "from types import MappingProxyType\nclass D(dict):\n    def __getitem__(s,k): return 5\n    def __eq__(s,o): return True\n    def keys(s): return ['a']\ndef f(n): return MappingProxyType(D())",
        {"tests": "assert f(2) == {'a':6}"},
    ),
    "undefined helper": ("def f(n): return 0", {"tests": "assert helper(f(2)) == 4"}),
    "undefined const": ("def f(n): return 0", {"tests": "f(1)\nassert COUNT == 1"}),
    "raise NameError": ("def f(n): raise NameError('x')", {"tests": "assert f(2)==4"}),
    "raise ImportError pytest": (
        "def f(n): raise ModuleNotFoundError(\"No module named 'pytest'\")",
        {"tests": "import pytest\ndef test(): assert f(2)==4"},
    ),
    "setup given load exc": ("x=1/0\ndef f(n): return 0", {"tests": "assert f(2)==4", "setup": "y=3"}),
    "class with missing method": ("class S:\n    pass", {"tests": "s=S()\ns.push(1)\nassert s.pop()==1"}),
    "entry plain loop": ("f=5", {"tests": "for n in (1,):\n    assert f(2)==4"}),
    "pytest skip": ("import pytest\npytest.skip('x')\ndef f(n): return 0", {"tests": "assert f(2)==4"}),
    "pytest skip in f": (
        "import pytest\ndef f(n): pytest.skip('x')",
        {"tests": "import pytest\ndef test_f(): assert f(2)==4"},
    ),
    "pytest exit": (
        "import pytest\ndef f(n): pytest.exit('x')",
        {"tests": "import pytest\ndef test_f(): assert f(2)==4\ndef test_g(): assert True"},
    ),
    "pytest COUNT": (
        "import pytest\npytest.COUNT[0]()\ndef f(n): return pytest.approx(4)",
        {"tests": "import pytest\ndef test_f(): assert f(2)==4"},
    ),
    "approx result": ("import pytest\ndef f(n): return pytest.approx(4, abs=99)", {"tests": "assert f(2)==5"}),
    "atexit": (
        "import atexit,os\natexit.register(lambda: os._exit(0))\ndef f(n): return 0",
        {"tests": "assert f(2)==4"},
    ),
    "signal": (
        "import signal,os\ndef f(n):\n    os.kill(os.getpid(),9)",
        {"tests": "for n in (1,):\n    assert f(2)==4"},
    ),
    "own tag forged": (
        "import os,json\ndef send(m):\n    b=json.dumps(m).encode()\n    os.write(3,len(b).to_bytes(4,'big')+b)\ndef f(n): send(['value',['own',0,'int',{'own':['__eq__','__class__','__sub__']},5],[]]); return 0",
        {"tests": "x=1042\nassert f(2)==x"},
    ),
    "zip eq wrong": ("def f(): return zip([1],[2])", {"tests": "assert f()==[(1,2)]"}),
    "tests fail after call by program": ("def f(n): return None", {"tests": "x=f(2)\ny=x+1\nassert y==5"}),
    "prog lacks entry": ("def g(n): return n*n", {"tests": "assert f(2)==4"}),
    "import pytest wrong": ("import pytest\ndef f(n): return 0", {"tests": "assert f(2)==4"}),
    "import pytest wrong2": (
        "import pytest\ndef f(n): return 0",
        {"tests": "import pytest\ndef test_f(): assert f(2)==4"},
    ),
    "unittest own objects": (
        "class E:\n    def __eq__(s,o): return True\ndef f(n): return E()",
        {"tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(f(2), 4)"},
    ),
    "unittest assertIn": (
        "class E:\n    def __eq__(s,o): return True\ndef f(n): return E()",
        {"tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertIn(f(2), [4])"},
    ),
    "unittest listeq": (
        "class E:\n    def __eq__(s,o): return True\ndef f(n): return E()",
        {"tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertListEqual(f(2), [4])"},
    ),
    "unittest almost": (
        "class E:\n    def __eq__(s,o): return True\ndef f(n): return E()",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertAlmostEqual(f(2), 4.0)"
        },
    ),
    "unittest gt": (
        "class E:\n    def __eq__(s,o): return True\n    def __gt__(s,o): return True\ndef f(n): return E()",
        {"tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertGreater(f(2), 3)"},
    ),
    "unittest own via setUp class": (
        "class E:\n    def __eq__(s,o): return True\ndef f(n): return E()",
        {
            "tests": "import unittest\nclass TestF(unittest.TestCase):\n    def setUp(self): self.r = f(2)\n    def test(self): self.assertEqual(self.r, 4)"
        },
    ),
    "unittest solution class": (
        "class E:\n    def __eq__(s,o): return True\nclass Solution:\n    def f(self,n): return E()",
        {
            "tests": "import unittest\nclass TestF(unittest.TestCase):\n    def setUp(self): self.s = Solution()\n    def test(self): self.assertEqual(self.s.f(2), 4)"
        },
    ),
    "pytest own": (
        "class E:\n    def __eq__(s,o): return True\ndef f(n): return E()",
        {"tests": "import pytest\nclass TestF:\n    def test(self): assert f(2) == 4"},
    ),
}
"""Wrong, and no reason to say that it cannot be judged."""

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "setup NameError": ("def f(n): return n*n", {"tests": "x = undefined_thing + 1\nassert f(2)==4"}),
    "setup NameError in setup": ("def f(n): return n*n", {"tests": "assert f(2)==4", "setup": "x = undefinedx.foo"}),
    "setup ZeroDiv": ("def f(n): return n*n", {"tests": "x = 1/0\nassert f(2)==4"}),
    "setup KeyError": ("def f(n): return n*n", {"tests": "d={}\ny=d['a']\nassert f(2)==4"}),
    "setup AttributeError": ("def f(n): return n*n", {"tests": "import math\ny=math.nosuch(3)\nassert f(2)==4"}),
    "setUp": (
        "def f(n): return n*n",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.x={}['a']\n    def test(self): self.assertEqual(f(2),4)"
        },
    ),
    "fixture fails": (
        "def f(n): return n*n",
        {"tests": "import pytest\n@pytest.fixture\ndef d(): return {}['a']\ndef test(d): assert f(2)==4"},
    ),
    "tests type error before call": ("def f(n): return n*n", {"tests": "assert f('a'+1)==4"}),
    "assert about own": ("def f(n): return n*n", {"tests": "assert 1==2\nassert f(2)==4"}),
    "wrong exc raised before": ("def f(n): return n*n", {"tests": "raise ValueError('x')\nassert f(2)==4"}),
    "setup syntaxerr": ("def f(n): return n*n", {"tests": "assert f(2)==4", "setup": "def ("}),
    "after call tests' own": ("def f(n): return n*n", {"tests": "assert f(2)==4\ny={}['a']\nassert f(3)==9"}),
    "setup fault after": (
        "def f(n): return n*n",
        {"tests": "import math\nassert f(2)==4\nq=math.nosuch\nassert f(3)==9"},
    ),
}
"""The tests fail by themselves, whatever the program does."""
