"""Right programs over many styles of tests: (program, tests). Each must be accepted."""

# ruff: noqa: E501  (one program a line)

from __future__ import annotations

from typing import Any


def _is(*tests: str, **more: str) -> dict[str, Any]:
    return {"tests": "\n".join(tests), **more}


_STACK = "class Stack:\n    def __init__(self): self._x = []\n    def push(self, v): self._x.append(v)\n    def pop(self):\n        if not self._x: raise IndexError('empty')\n        return self._x.pop()\n    def is_empty(self): return not self._x\n    def __len__(self): return len(self._x)\n    def __contains__(self, v): return v in self._x\n    def __iter__(self): return iter(self._x)\n    def __getitem__(self, i): return self._x[i]\n    def __repr__(self): return f'Stack({self._x})'\n    def __bool__(self): return bool(self._x)\n"
_VECTOR = "class Vector:\n    def __init__(self, x, y): self.x, self.y = x, y\n    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)\n    def __mul__(self, k): return Vector(self.x * k, self.y * k)\n    __rmul__ = __mul__\n    def __eq__(self, o): return isinstance(o, Vector) and (self.x, self.y) == (o.x, o.y)\n    def __hash__(self): return hash((self.x, self.y))\n    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5\n    def __str__(self): return f'({self.x}, {self.y})'\n    def __neg__(self): return Vector(-self.x, -self.y)\n"
_NODE = "class Node:\n    def __init__(self, v, next=None): self.v, self.next = v, next\n"
_POINT = "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
_OWN = "class OwnError(ValueError):\n    def __init__(self, code, text='bad'):\n        super().__init__(text)\n        self.code = code\n"
_RAISES = _OWN + "def f(n):\n    if n < 0: raise OwnError(7)\n    return n"

_ASKS = "def f():\n    return int(input()) + 1\n"
_DOUBLED = "from decimal import Decimal\ndef f(s): return Decimal(s) * 2"
_DICE = "import random\ndef f(n):\n    return [random.randint(1, 6) for _ in range(n)]\n"

HONEST: dict[str, tuple[str, dict[str, Any]]] = {
    # Decorators that patch, seeds, files in other places.
    "patched by a decorator of pytest's function": (
        _ASKS,
        _is(
            "from unittest.mock import patch\n@patch('builtins.input', return_value='2')\ndef test_f(given): assert f() == 3"
        ),
    ),
    "patched twice": (
        "def f(): print(int(input()) + 1)",
        _is(
            "import io\nfrom unittest.mock import patch\n@patch('sys.stdout', new_callable=io.StringIO)\n@patch('builtins.input', return_value='2')\ndef test_f(given, out):\n    f()\n    assert out.getvalue() == '3\\n'"
        ),
    ),
    "patched in a class of pytest's": (
        _ASKS,
        _is(
            "from unittest.mock import patch\nclass TestF:\n    @patch('builtins.input', side_effect=['2', '5'])\n    def test_f(self, given):\n        assert f() == 3\n        assert f() == 6"
        ),
    ),
    "patched beside a parameter": (
        "def f(n):\n    return int(input()) + n\n",
        _is(
            "import pytest\nfrom unittest.mock import patch\n@pytest.mark.parametrize('n', [1, 2])\n@patch('builtins.input', return_value='2')\ndef test_f(given, n): assert f(n) == 2 + n"
        ),
    ),
    "a seed of the tests'": (
        _DICE,
        _is(
            "import random",
            "random.seed(5)",
            "expected = [random.randint(1, 6) for _ in range(9)]",
            "random.seed(5)",
            "assert f(9) == expected",
        ),
    ),
    "another folder": (
        "import os\ndef f(n):\n    os.makedirs('/tmp/d', exist_ok=True)\n    os.chdir('/tmp/d')\n    open('a.txt', 'w').write('x' * n)\n    return os.listdir('.'), os.path.exists('/tmp/d/a.txt'), os.getcwd()\n",
        _is("assert f(2) == (['a.txt'], True, '/tmp/d')"),
    ),
    "a symbolic link": (
        "import os\ndef f():\n    os.mkdir('/tmp/d')\n    open('/tmp/d/a', 'w').write('hello')\n    os.symlink('d', '/tmp/e')\n    os.symlink('/tmp/d/a', '/tmp/b')\n    found = open('/tmp/b').read(), os.path.islink('/tmp/b'), os.readlink('/tmp/e'), os.listdir('/tmp/e')\n    os.remove('/tmp/b')\n    return *found, os.path.exists('/tmp/b'), os.path.exists('/tmp/d/a'), os.path.realpath('/tmp/e/a')\n",
        _is("assert f() == ('hello', True, 'd', ['a'], False, True, '/tmp/d/a')"),
    ),
    "a database in a file": (
        "import os, sqlite3, tempfile\ndef f(n):\n    with tempfile.TemporaryDirectory() as d:\n        path = os.path.join(d, 'x.db')\n        with sqlite3.connect(path) as c:\n            c.execute('create table t(a)')\n            c.executemany('insert into t values (?)', [(i,) for i in range(n)])\n        c.close()\n        return sqlite3.connect(path).execute('select count(*) from t').fetchone()[0], os.path.exists(path)\n",
        _is("assert f(3) == (3, True)"),
    ),
    "code in HTML": (
        "<pre><code class='python'>def f(n):\n    return n &gt; 1\n</code></pre>",
        _is("assert f(2) is True"),
    ),
    "numpy without an import": ("def f(a): return float(np.mean(a))", _is("assert f([1, 2]) == 1.5")),
    # Classes.
    "a stack": (
        _STACK,
        _is("s = Stack()", "s.push(1)", "s.push(2)", "assert s.pop() == 2", "assert len(s) == 1 and not s.is_empty()"),
    ),
    "a stack's members": (
        _STACK,
        _is(
            "s = Stack()",
            "s.push(1)",
            "assert 1 in s",
            "assert 2 not in s",
            "assert list(s) == [1]",
            "assert s[0] == 1",
        ),
    ),
    "a stack's truth": (_STACK, _is("s = Stack()", "assert not s", "s.push(1)", "assert s")),
    "a stack's text": (_STACK, _is("s = Stack()", "s.push(1)", "assert repr(s) == 'Stack([1])'")),
    "a stack's error": (
        _STACK,
        _is(
            "s = Stack()", "try:\n    s.pop()\n    assert False\nexcept IndexError as e:\n    assert str(e) == 'empty'"
        ),
    ),
    "a class in one expression": (
        "class Solution:\n    def two_sum(self, a, t): return [[i, j] for i in range(len(a)) for j in range(i) if a[i] + a[j] == t][0][::-1]",
        _is("assert Solution().two_sum([2, 7, 11], 9) == [0, 1]"),
    ),
    "a cache": (
        "from collections import OrderedDict\nclass LRUCache:\n    def __init__(self, n): self.n, self.d = n, OrderedDict()\n    def get(self, k):\n        if k not in self.d: return -1\n        self.d.move_to_end(k)\n        return self.d[k]\n    def put(self, k, v):\n        self.d[k] = v\n        self.d.move_to_end(k)\n        if len(self.d) > self.n: self.d.popitem(last=False)",
        _is(
            "c = LRUCache(2)",
            "c.put(1, 1)",
            "c.put(2, 2)",
            "assert c.get(1) == 1",
            "c.put(3, 3)",
            "assert c.get(2) == -1",
        ),
    ),
    "a trie": (
        "class Trie:\n    def __init__(self): self.w = set()\n    def insert(self, w): self.w.add(w)\n    def search(self, w): return w in self.w\n    def startswith(self, p): return any(w.startswith(p) for w in self.w)",
        _is(
            "t = Trie()",
            "t.insert('apple')",
            "assert t.search('apple') and not t.search('app')",
            "assert t.startswith('app')",
        ),
    ),
    "a sum of vectors": (_VECTOR, _is("v = Vector(1, 2) + Vector(3, 4)", "assert (v.x, v.y) == (4, 6)")),
    "equal vectors": (_VECTOR, _is("assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)")),
    "unequal vectors": (_VECTOR, _is("assert Vector(1, 2) != Vector(3, 4)")),
    "a vector times a number": (
        _VECTOR,
        _is("v = Vector(1, 2)", "w = v * 3", "assert w.x == 3 and w.y == 6", "u = 2 * v", "assert u.y == 4"),
    ),
    "a vector's length": (
        _VECTOR,
        _is("v = Vector(3, 4)", "assert abs(v) == 5.0 and v.x == 3", "assert str(-v) == '(-3, -4)'"),
    ),
    "a vector's hash": (
        _VECTOR,
        _is("assert hash(Vector(1, 2)) == hash(Vector(1, 2))", "v = Vector(1, 2)", "assert v.x == 1"),
    ),
    "a dataclass returned": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: int\ndef swap(p): return P(p.b, p.a)",
        _is("assert swap(P(1, 2)) == P(2, 1)"),
    ),
    "a namedtuple returned": (
        _POINT + "def mirror(p): return Point(p.y, p.x)",
        _is("assert mirror(Point(1, 2)) == Point(2, 1)", "assert mirror(Point(3, 4)) == (4, 3)"),
    ),
    "fields of a namedtuple": (
        _POINT + "def origin(): return Point(0, 1)",
        _is(
            "p = origin()", "assert p.x == 0 and p.y == 1", "assert p._asdict() == {'x': 0, 'y': 1}", "assert p[1] == 1"
        ),
    ),
    "fields, of many": (
        _POINT + "def line(n): return [Point(i, i * i) for i in range(n)]",
        _is("assert [p.y for p in line(4)] == [0, 1, 4, 9]"),
    ),
    "a NamedTuple": (
        "from typing import NamedTuple\nclass Row(NamedTuple):\n    name: str\n    age: int = 3\ndef read(s): return Row(*s.split(','))",
        _is("assert read('a,5').name == 'a'", "assert read('a,5').age == '5'"),
    ),
    "an inheritance": (
        "class Animal:\n    def speak(self): return '...'\nclass Dog(Animal):\n    def speak(self): return 'Woof'",
        _is(
            "assert isinstance(Dog(), Animal)",
            "assert issubclass(Dog, Animal)",
            "assert Dog().speak() == 'Woof'",
            "assert type(Dog()).__name__ == 'Dog'",
            "assert Dog().__class__.__name__ == 'Dog'",
        ),
    ),
    "a property": (
        "class C:\n    def __init__(self, c): self._c = c\n    @property\n    def f(self): return self._c * 9 / 5 + 32\n    @f.setter\n    def f(self, v): self._c = (v - 32) * 5 / 9",
        _is("c = C(100)", "assert c.f == 212", "c.f = 32", "assert c._c == 0"),
    ),
    "class methods": (
        "class D:\n    n = 0\n    def __init__(self, y): self.y = y; D.n += 1\n    @classmethod\n    def parse(cls, s): return cls(int(s))\n    @staticmethod\n    def valid(s): return s.isdigit()",
        _is("assert D.parse('5').y == 5", "assert D.valid('5') and not D.valid('x')", "assert D.n == 1"),
    ),
    "a singleton": (
        "class Config:\n    _one = None\n    def __new__(cls):\n        cls._one = cls._one or super().__new__(cls)\n        return cls._one",
        _is("a = Config()", "b = Config()", "assert a is b"),
    ),
    "an enumeration": (
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\ndef pick(n): return Color.RED if n > 0 else Color.BLUE",
        _is(
            "assert pick(1) == Color.RED",
            "assert pick(-1) == Color.BLUE",
            "assert pick(1).name == 'RED' and pick(1).value == 1",
            "assert pick(1) is Color.RED",
        ),
    ),
    "a class made of a list": (
        "class Bag(list):\n    def total(self): return sum(self)",
        _is("b = Bag()", "b.append(2)", "b.append(3)", "assert b.total() == 5", "assert len(b) == 2"),
    ),
    "a matrix": (
        "class Matrix:\n    def __init__(self, r): self.r = r\n    def __matmul__(self, o): return Matrix([[sum(a * b for a, b in zip(x, y)) for y in zip(*o.r)] for x in self.r])\n    def __getitem__(self, ij): return self.r[ij[0]][ij[1]]",
        _is("m = Matrix([[1, 2], [3, 4]])", "assert m[1, 0] == 3", "assert (m @ m).r == [[7, 10], [15, 22]]"),
    ),
    "a linked list": (
        _NODE
        + "def build(xs):\n    head = None\n    for x in reversed(xs): head = Node(x, head)\n    return head\ndef reverse(n):\n    p = None\n    while n: n.next, p, n = p, n, n.next\n    return p\n",
        _is(
            "n = reverse(build([1, 2, 3]))",
            "out = []",
            "while n:\n    out.append(n.v)\n    n = n.next",
            "assert out == [3, 2, 1]",
            "assert build([]) is None",
        ),
    ),
    "a tree": (
        "class T:\n    def __init__(self, v): self.v, self.l, self.r = v, None, None\n    def insert(self, v):\n        if v < self.v: self.l = self.l.insert(v) if self.l else T(v)\n        else: self.r = self.r.insert(v) if self.r else T(v)\n        return self\ndef walk(t): return walk(t.l) + [t.v] + walk(t.r) if t else []",
        _is(
            "t = T(5)",
            "for v in [3, 8, 1]:\n    t.insert(v)",
            "assert walk(t) == [1, 3, 5, 8]",
            "assert t.l.v == 3 and t.r.r is None",
        ),
    ),
    "objects in arguments": (
        "class P:\n    def __init__(self, n, a): self.n, self.a = n, a\ndef oldest(ps): return max(ps, key=lambda p: p.a).n",
        _is("assert oldest([P('x', 3), P('y', 5)]) == 'y'"),
    ),
    "an iterator class": (
        "class Count:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n    def __next__(self):\n        if self.n == 0: raise StopIteration\n        self.n -= 1\n        return self.n",
        _is(
            "assert list(Count(3)) == [2, 1, 0]", "c = Count(1)", "assert next(c) == 0", "assert next(c, None) is None"
        ),
    ),
    "a deep copy": (
        _STACK,
        _is(
            "import copy", "s = Stack()", "s.push([1])", "t = copy.deepcopy(s)", "t[0].append(2)", "assert s[0] == [1]"
        ),
    ),
    "an order": (
        "import functools\n@functools.total_ordering\nclass V:\n    def __init__(s, t): s.t = [int(x) for x in t.split('.')]\n    def __eq__(s, o): return s.t == o.t\n    def __lt__(s, o): return s.t < o.t",
        _is("a, b = V('1.2'), V('1.10')", "assert a < b and not b < a", "assert a.t == [1, 2]"),
    ),
    "an equality of its own": (
        "from math import gcd\nclass Ratio:\n    def __init__(s, a, b): s.a, s.b = a // gcd(a, b), b // gcd(a, b)\n    def __eq__(s, o): return (s.a, s.b) == (o.a, o.b)",
        _is("assert Ratio(2, 4) == Ratio(1, 2)", "assert Ratio(2, 4).a == 1"),
    ),
    "slices": (
        "class L:\n    def __init__(s, x): s.x = x\n    def __getitem__(s, i): return s.x[i]\n    def __len__(s): return len(s.x)",
        _is(
            "k = L([1, 2, 3])",
            "assert k[1:] == [2, 3] and k[-1] == 3",
            "assert list(k) == [1, 2, 3] and list(reversed(k)) == [3, 2, 1]",
        ),
    ),
    "an enumeration's members": (
        "from enum import Enum\nclass L(Enum):\n    LOW = 1\n    HIGH = 2\n    def up(self): return L.HIGH",
        _is(
            "assert L.LOW.up() is L.HIGH",
            "assert L(2) is L.HIGH and L['LOW'].name == 'LOW'",
            "assert [m.name for m in L] == ['LOW', 'HIGH'] and len(L) == 2",
        ),
    ),
    "a bus": (
        "class Bus:\n    def __init__(s): s.h = {}\n    def on(s, e, g): s.h.setdefault(e, []).append(g)\n    def emit(s, e, *a):\n        for g in s.h.get(e, []): g(*a)",
        _is("got = []", "b = Bus()", "b.on('x', got.append)", "b.emit('x', 5)", "assert got == [5]"),
    ),
    "a call of an object": (
        "class Poly:\n    def __init__(s, *c): s.c = c\n    def __call__(s, x): return sum(k * x ** i for i, k in enumerate(s.c))",
        _is("p = Poly(1, 2)", "assert p(3) == 7"),
    ),
    "a chained method": (
        "class Counter:\n    def __init__(self): self.n = 0\n    def inc(self):\n        self.n += 1\n        return self",
        _is("c = Counter()", "c.inc().inc()", "assert c.n == 2"),
    ),
    "send": (
        "def mean():\n    t = n = 0\n    a = None\n    while True:\n        t += yield a\n        n += 1\n        a = t / n",
        _is("g = mean()", "next(g)", "assert g.send(10) == 10 and g.send(20) == 15"),
    ),
    "a constant": ("PI = 3.14\ndef f(): return PI", _is("assert PI == 3.14", "assert abs(f() - 3.14) < 1e-9")),
    # Exceptions.
    "its own error": (
        _RAISES,
        _is(
            "try:\n    f(-1)\n    assert False\nexcept OwnError as e:\n    assert e.code == 7 and str(e) == 'bad'",
            "assert f(1) == 1",
        ),
    ),
    "its own error, by its base": (
        _RAISES,
        _is(
            "try:\n    f(-1)\n    ok = False\nexcept ValueError:\n    ok = True",
            "assert ok and issubclass(OwnError, ValueError)",
        ),
    ),
    "assertRaises": (
        _RAISES,
        _is(
            "import unittest",
            "t = unittest.TestCase()",
            "with t.assertRaises(OwnError) as c:\n    f(-1)",
            "assert c.exception.code == 7",
        ),
    ),
    "an error's arguments": (
        "def f(d): return d['missing']",
        _is("try:\n    f({})\n    assert False\nexcept KeyError as e:\n    assert e.args[0] == 'missing'"),
    ),
    "an exit asked for": (
        "import sys\ndef f(): sys.exit(3)",
        _is("try:\n    f()\n    assert False\nexcept SystemExit as e:\n    assert e.code == 3"),
    ),
    "an error of json's": (
        "import json\ndef f(s): return json.loads(s)",
        _is("import json", "try:\n    f('{')\n    assert False\nexcept json.JSONDecodeError:\n    assert f('1') == 1"),
    ),
    "an error of division": (
        "def f(a, b): return a / b",
        _is("try:\n    f(1, 0)\n    ok = False\nexcept ZeroDivisionError:\n    ok = True", "assert ok"),
    ),
    "an assertion asked for": (
        "def f(n):\n    assert n > 0, 'positive'\n    return n",
        _is("try:\n    f(-1)\n    ok = False\nexcept AssertionError as e:\n    ok = str(e) == 'positive'", "assert ok"),
    ),
    "a retry": (
        "def retry(g, n):\n    for _ in range(n):\n        try: return g()\n        except KeyError: pass\n    return None",
        _is(
            "calls = []",
            "def g():\n    calls.append(1)\n    if len(calls) < 3: raise KeyError('x')\n    return 5",
            "assert retry(g, 5) == 5 and len(calls) == 3",
        ),
    ),
    # Context managers, output.
    "with": (
        "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef managed(n):\n    log.append('in')\n    yield n * 2\n    log.append('out')\ndef seen(): return log",
        _is("with managed(3) as x:\n    assert x == 6", "assert seen() == ['in', 'out']"),
    ),
    "a class with with": (
        "class Timer:\n    def __enter__(self):\n        self.open = True\n        return self\n    def __exit__(self, *a):\n        self.open = False\n        return False",
        _is("t = Timer()", "with t as u:\n    assert u.open", "assert not t.open"),
    ),
    "swallows an error": (
        "class Ignore:\n    def __init__(self, *k): self.k = k\n    def __enter__(self): return self\n    def __exit__(self, kind, e, tb): return kind is not None and issubclass(kind, self.k)",
        _is("with Ignore(ZeroDivisionError):\n    1 / 0", "ok = True", "assert ok", "assert Ignore().k == ()"),
    ),
    "printed output": (
        "def hello(n): print('hello', n)",
        _is(
            "import io, contextlib",
            "b = io.StringIO()",
            "with contextlib.redirect_stdout(b):\n    hello('x')",
            "assert b.getvalue() == 'hello x\\n'",
        ),
    ),
    "output of several lines": (
        "import sys\ndef tree(n):\n    for i in range(n): sys.stdout.write('*' * (i + 1) + '\\n')",
        _is(
            "import io, sys",
            "old, sys.stdout = sys.stdout, io.StringIO()",
            "tree(2)",
            "got, sys.stdout = sys.stdout.getvalue(), old",
            "assert got == '*\\n**\\n'",
        ),
    ),
    # Plain data of many kinds.
    "a counter": (
        "from collections import Counter\ndef f(s): return Counter(s)",
        _is(
            "assert f('aab').most_common(1) == [('a', 2)]",
            "assert f('aab')['z'] == 0",
            "assert f('ab') == {'a': 1, 'b': 1}",
        ),
    ),
    "an ordered dict": (
        "from collections import OrderedDict\ndef f(s): return OrderedDict((c, 1) for c in s)",
        _is("assert list(f('ba')) == ['b', 'a']", "assert f('ba') == {'a': 1, 'b': 1}"),
    ),
    "dict views": (
        "def f(d): return d.keys(), d.values(), d.items()",
        _is("k, v, i = f({1: 2})", "assert list(k) == [1] and list(v) == [2] and list(i) == [(1, 2)]"),
    ),
    "a deque": (
        "from collections import deque\ndef f(n): return deque(range(n), maxlen=2)",
        _is("assert list(f(4)) == [2, 3]"),
    ),
    "a Decimal": (
        _DOUBLED,
        _is(
            "from decimal import Decimal",
            "assert f('1.05') == Decimal('2.10')",
            "assert abs(f('1.05') - Decimal('2.1')) < Decimal('0.01')",
        ),
    ),
    "a Decimal, not imported": (
        _DOUBLED,
        _is("assert f('1.05') == Decimal('2.10')"),
    ),
    "a Fraction": (
        "from fractions import Fraction\ndef f(a, b): return Fraction(a, b)",
        _is("from fractions import Fraction", "assert f(2, 4) == Fraction(1, 2)", "assert f(1, 2).denominator == 2"),
    ),
    "a complex number": (
        "def f(a, b): return complex(a, b)",
        _is("assert f(1, 2) == 1 + 2j", "assert abs(f(3, 4)) == 5.0", "assert f(1, 2).imag == 2"),
    ),
    "a date": (
        "from datetime import date, timedelta\ndef f(y, m, d): return date(y, m, d) + timedelta(days=1)",
        _is(
            "import datetime",
            "assert f(2020, 2, 28) == datetime.date(2020, 2, 29)",
            "assert f(2020, 2, 28).strftime('%d.%m.') == '29.02.'",
        ),
    ),
    "a date's class": (
        "import datetime\nclass D(datetime.date): pass\ndef f(n): return D(2020, 1, n)",
        _is("import datetime", "assert f(2) == datetime.date(2020, 1, 2)"),
    ),
    "a difference of times": (
        "from datetime import datetime\ndef f(a, b): return datetime.fromisoformat(b) - datetime.fromisoformat(a)",
        _is(
            "assert f('2020-01-01', '2020-01-03').days == 2",
            "assert f('2020-01-01', '2020-01-02').total_seconds() == 86400",
        ),
    ),
    "zones": (
        "from datetime import datetime\nfrom zoneinfo import ZoneInfo\ndef f(h): return datetime(2024, 7, 1, h, tzinfo=ZoneInfo('Europe/Paris'))",
        _is(
            "from datetime import datetime, timezone",
            "assert f(12) == datetime(2024, 7, 1, 10, tzinfo=timezone.utc)",
            "assert f(12).hour == 12",
            "assert str(f(12).tzinfo) == 'Europe/Paris'",
        ),
    ),
    "a UUID": (
        "import uuid\ndef f(s): return uuid.uuid5(uuid.NAMESPACE_DNS, s)",
        _is("import uuid", "assert f('a') == uuid.uuid5(uuid.NAMESPACE_DNS, 'a')"),
    ),
    "a path": (
        "from pathlib import Path\ndef f(a, b): return Path(a) / b",
        _is(
            "from pathlib import Path",
            "assert f('x', 'y.txt') == Path('x/y.txt')",
            "assert f('x', 'y.txt').suffix == '.txt'",
        ),
    ),
    "an array": (
        "import numpy as np\ndef f(n): return np.arange(n) ** 2",
        _is(
            "import numpy as np",
            "assert np.array_equal(f(3), np.array([0, 1, 4]))",
            "assert (f(3) == np.array([0, 1, 4])).all()",
            "assert f(3).shape == (3,)",
        ),
    ),
    "an array, not imported": (
        "import numpy as np\ndef f(n): return np.eye(n)",
        _is("assert np.allclose(f(2), np.array([[1, 0], [0, 1]]))"),
    ),
    "an array's function": (
        "import numpy as np\ndef f(a): return a.mean(axis=0)",
        _is("import numpy as np", "assert np.allclose(f(np.array([[1.0, 2], [3, 4]])), [2, 3])"),
    ),
    "numpy, taken for granted": (
        "def f(a): return int(np.sum(a))",
        _is("import numpy as np", "assert f(np.array([1, 2])) == 3"),
    ),
    "a numpy number": (
        "import numpy as np\ndef f(a): return np.mean(a)",
        _is("assert f([1, 2]) == 1.5", "assert abs(f([1, 2]) - 1.5) < 1e-9"),
    ),
    "bytes": ("def f(s): return s.encode()", _is("x = 'a'", "assert f(x) == b'a' and f(x).hex() == '61'")),
    "a set": (
        "def f(a, b): return a & b",
        _is("assert f({1, 2}, {2, 3}) == {2}", "assert f({1, 2}, {2}).issubset({1, 2})", "assert 2 in f({2}, {2})"),
    ),
    "NaN": ("def f(): return float('nan')", _is("import math", "assert math.isnan(f())", "assert f() != f()")),
    "True and 1": (
        "def f(n): return n > 0",
        _is("r = f(1)", "assert r is True and isinstance(r, bool) and type(r) is bool"),
    ),
    "a type": ("def f(x): return type(x)", _is("assert f(1) is int", "assert f('a') == str")),
    "nested data": (
        "def f(n): return {'a': [(n, {n}), None], 'b': {'c': b'x'}}",
        _is("x = 1", "assert f(x) == {'a': [(1, {1}), None], 'b': {'c': b'x'}}"),
    ),
    # Functions in and out.
    "a generator": (
        "def f():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b",
        _is(
            "import itertools",
            "assert list(itertools.islice(f(), 6)) == [0, 1, 1, 2, 3, 5]",
            "g = f()",
            "assert [next(g) for _ in range(3)] == [0, 1, 1]",
        ),
    ),
    "a generator's type": (
        "def f(n): yield from range(n)",
        _is("assert hasattr(f(2), '__next__')", "assert sum(f(4)) == 6", "assert 3 in f(4)"),
    ),
    "a closure": (
        "def adder(n): return lambda x: x + n",
        _is("add = adder(3)", "assert add(4) == 7", "assert adder(1)(1) == 2"),
    ),
    "a predicate": (
        "def divisible(n): return lambda x: x % n == 0",
        _is(
            "even = divisible(2)",
            "assert even(4) and not even(3)",
            "assert list(filter(divisible(3), range(7))) == [0, 3, 6]",
        ),
    ),
    "a decorator": (
        "import functools\ndef twice(g):\n    @functools.wraps(g)\n    def inner(*a, **k): return g(*a, **k) * 2\n    return inner",
        _is("@twice\ndef h(x, y=1): return x + y", "assert h(2) == 6 and h(2, y=2) == 8", "assert h.__name__ == 'h'"),
    ),
    "a counter of calls": (
        "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc",
        _is("c = make()", "assert c() == 1 and c() == 2", "assert make()() == 1"),
    ),
    "a key function": (
        "def f(xs, key): return sorted(xs, key=key)",
        _is("assert f(['bb', 'a'], key=len) == ['a', 'bb']", "assert f([3, 1, 2], lambda x: -x) == [3, 2, 1]"),
    ),
    "memory": (
        "from functools import lru_cache\n@lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)",
        _is("n = 50", "assert fib(n) == 12586269025", "fib.cache_clear()"),
    ),
    "composition": (
        "def compose(*gs):\n    def run(x):\n        for g in reversed(gs): x = g(x)\n        return x\n    return run",
        _is("assert compose(lambda x: x + 1, lambda x: x * 2)(5) == 11"),
    ),
    "async": (
        "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n * 2",
        _is("import asyncio", "assert asyncio.run(f(2)) == 4"),
    ),
    "async, awaited": (
        "import asyncio\nasync def f(n): return n * 2",
        _is(
            "import asyncio",
            "async def main():\n    assert await f(2) == 4\n    return True",
            "assert asyncio.run(main())",
        ),
    ),
    # Arguments.
    "the same list back": (
        "def f(xs):\n    xs.sort()\n    return xs",
        _is("x = [2, 1]", "y = f(x)", "assert y is x and x == [1, 2]"),
    ),
    "a grid changed inside": (
        "def f(g):\n    g[0][0] = 9",
        _is("g = [[0], [1]]", "row = g[0]", "f(g)", "assert g == [[9], [1]] and row[0] == 9"),
    ),
    "a dict changed": ("def f(d): d['a'] = d.pop('b')", _is("d = {'b': 1}", "f(d)", "assert d == {'a': 1}")),
    "keywords": (
        "def f(a, *args, b=2, **k): return a, args, b, k",
        _is("x = 1", "assert f(x, 5, b=3, c=4) == (1, (5,), 3, {'c': 4})"),
    ),
    "arguments left alone": (
        "def f(xs): return sorted(xs)",
        _is("x = [2, 1]", "assert f(x) == [1, 2] and x == [2, 1]"),
    ),
    # Styles.
    "HumanEval": (
        "def f(n): return n + 1",
        _is(
            "METADATA = {'author': 'x'}",
            "def check(candidate):\n    for i in range(5):\n        assert candidate(i) == i + 1, i",
            entry_point="f",
        ),
    ),
    "a table": (
        "def f(a, b): return a * b",
        _is("for a, b, want in [(1, 2, 2), (3, 4, 12)]:\n    assert f(a, b) == want, f'{a} {b}'"),
    ),
    "a reference in the tests": (
        "def f(n): return n * (n + 1) // 2",
        _is("def slow(n): return sum(range(n + 1))", "assert all(f(n) == slow(n) for n in range(20))"),
    ),
    "there and back": (
        "def enc(s): return s[::-1]\ndef dec(s): return s[::-1]",
        _is("for s in ['abc', '']:\n    assert dec(enc(s)) == s"),
    ),
    "both sides": ("def add(a, b): return a + b", _is("assert add(1, 2) == add(2, 1)", "assert add(1, 2) == 3")),
    "a setup's class": (
        "def total(h):\n    n = 0\n    while h: n, h = n + h.v, h.next\n    return n",
        _is("assert total(Node(1, Node(2))) == 3", setup=_NODE),
    ),
    "a setup's namedtuple": ("def f(p): return p.x + p.y", _is("assert f(Point(1, 2)) == 3", setup=_POINT)),
    "a regular expression": (
        "import re\ndef f(s): return re.search(r'(\\d+)', s)",
        _is("assert f('a12').group(1) == '12'", "assert f('x') is None", "assert f('a12')"),
    ),
    "assertEqual": (
        "def f(n): return [n]",
        _is(
            "import unittest",
            "class T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), [1])\n        self.assertAlmostEqual(f(1)[0], 1.0)\n        self.assertTrue(f(2))",
            "t = T('test')",
            "t.test()",
            "assert f(3) == [3]",
        ),
    ),
    "time zones by offset": (
        "from datetime import datetime, timezone, timedelta\ndef f(h): return datetime(2024, 1, 1, h, tzinfo=timezone(timedelta(hours=2)))",
        _is("from datetime import datetime, timezone", "assert f(12) == datetime(2024, 1, 1, 10, tzinfo=timezone.utc)"),
    ),
}
