"""Right programs in many shapes, with results of many classes: (program, tests)."""

# ruff: noqa: E501  (one program a line)

from __future__ import annotations

from typing import Any

HONEST: dict[str, tuple[str, dict[str, Any]]] = {
    "flatten wrapper own": (
        "def to_list(x): return [1,2,3]\ndef f(n): return None",
        {"tests": "assert to_list(f(to_list([1]))) == [1,2,3]"},
    ),
    "honest is_valid(gen)": (
        "def make(n): return list(range(n))\ndef is_sorted(a): return all(x<=y for x,y in zip(a,a[1:]))",
        {"tests": "assert is_sorted(make(5))\nassert not is_sorted([2,1])\nassert make(3)==[0,1,2]"},
    ),
    "money int": (
        "class Money(int):\n    def double(self): return Money(self*2)\ndef f(n): return Money(n)",
        {"tests": "assert f(3).double() == 6"},
    ),
    "money str method": (
        "class Money(int):\n    def show(self): return f'${int(self)}'\ndef f(n): return Money(n)",
        {"tests": "assert f(3).show() == '$3'\nassert f(3)+1==4"},
    ),
    "namedtuple method": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x:int\n    y:int\n    def norm(self): return (self.x**2+self.y**2)**.5\ndef f(a,b): return P(a,b)",
        {"tests": "assert f(3,4).norm() == 5.0\nassert f(3,4).x==3"},
    ),
    "namedtuple method via class": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x:int\n    y:int\n    def norm(self): return (self.x**2+self.y**2)**.5\ndef f(a,b): return P(a,b)",
        {"tests": "assert P(3,4).norm() == 5.0\nassert P(3,4).x==3\nassert f(1,2)==P(1,2)\nassert f(1,2)==(1,2)"},
    ),
    "namedtuple property": (
        "from collections import namedtuple\nclass P(namedtuple('P','x y')):\n    @property\n    def s(self): return self.x+self.y\ndef f(a,b): return P(a,b)",
        {"tests": "assert f(3,4).s == 7"},
    ),
    "namedtuple eq": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x:int\n    y:int\n    def norm(self): return 5\ndef f(p): return P(p.y,p.x)",
        {"tests": "assert f(P(1,2)) == P(2,1)"},
    ),
    "strsub": (
        "class Slug(str):\n    def title2(self): return self.title()\ndef f(s): return Slug(s)",
        {"tests": "assert f('ab').title2() == 'Ab'\nassert f('ab')=='ab'"},
    ),
    "listsub": (
        "class Stack(list):\n    def push(self,x): self.append(x)\n    def peek(self): return self[-1]\ndef make(xs):\n    s=Stack()\n    for x in xs: s.push(x)\n    return s",
        {"tests": "s=make([1,2])\nassert s.peek()==2\nassert s==[1,2]"},
    ),
    "dictsub attr": (
        "class D(dict):\n    __getattr__=dict.__getitem__\ndef f(): return D(a=1)",
        {"tests": "assert f().a == 1\nassert f()=={'a':1}"},
    ),
    "floatsub": (
        "class Temp(float):\n    def f(self): return self*9/5+32\ndef make(c): return Temp(c)",
        {"tests": "assert make(100).f()==212"},
    ),
    "datesub": (
        "import datetime\nclass D(datetime.date):\n    def quarter(self): return (self.month-1)//3+1\ndef f(m): return D(2020,m,1)",
        {"tests": "assert f(5).quarter()==2"},
    ),
    "setsub": (
        "class S(set):\n    def total(self): return sum(self)\ndef f(a): return S(a)",
        {"tests": "assert f([1,2]).total()==3"},
    ),
    "tuplesub": (
        "class V(tuple):\n    def __add__(s,o): return V(a+b for a,b in zip(s,o))\n    def norm(s): return sum(s)\ndef f(*a): return V(a)",
        {"tests": "assert f(1,2).norm()==3"},
    ),
    "isinst": ("class Money(int):\n    pass\ndef f(n): return Money(n)", {"tests": "assert isinstance(f(3), Money)"}),
    "type name": (
        "class Money(int):\n    pass\ndef f(n): return Money(n)",
        {"tests": "assert type(f(3)).__name__=='Money'"},
    ),
    "counter sub": (
        "from collections import Counter\nclass C(Counter):\n    def top(self): return self.most_common(1)[0][0]\ndef f(s): return C(s)",
        {"tests": "assert f('aab').top()=='a'"},
    ),
    "exception arg": (
        "class Money(int):\n    def d(self): return 2\ndef f(n): return [Money(n)]",
        {"tests": "assert f(3)[0].d()==2"},
    ),
    "frac sub": (
        "from fractions import Fraction\nclass F(Fraction):\n    def pct(self): return f'{float(self)*100:.0f}%'\ndef f(n): return F(1,n)",
        {"tests": "assert f(2).pct()=='50%'"},
    ),
    "dd factory": (
        "from collections import defaultdict\ndef f(xs):\n    d=defaultdict(int)\n    for x in xs: d[x]+=1\n    return d",
        {"tests": "d=f('aab')\nassert d['z']==0\nassert d['a']==2"},
    ),
    "dd list": (
        "from collections import defaultdict\ndef f(xs):\n    d=defaultdict(list)\n    for x in xs: d[len(x)].append(x)\n    return d",
        {"tests": "d=f(['a'])\nassert d[5]==[]\nassert d[1]==['a']"},
    ),
    "dd lambda": (
        "from collections import defaultdict\ndef f(xs):\n    d=defaultdict(lambda: 7)\n    d[1]=2\n    return d",
        {"tests": "d=f([])\nassert d[1]==2\nassert d[9]==7"},
    ),
    "dd factory attr": (
        "from collections import defaultdict\ndef f(): return defaultdict(int,a=1)",
        {"tests": "assert f().default_factory is int"},
    ),
    "dd nested": (
        "from collections import defaultdict\ndef f(): return defaultdict(lambda: defaultdict(int))",
        {"tests": "d=f()\nassert d['a']['b']==0"},
    ),
    "deque maxlen": (
        "from collections import deque\ndef f(n): return deque([1,2,3],maxlen=n)",
        {"tests": "d=f(2)\nassert d.maxlen==2\nd.append(9)\nassert list(d)==[3,9]"},
    ),
    "ip": (
        "import ipaddress\ndef f(s): return ipaddress.ip_address(s)",
        {
            "tests": "import ipaddress\nassert f('1.2.3.4')==ipaddress.ip_address('1.2.3.4')\nassert str(f('1.2.3.4'))=='1.2.3.4'"
        },
    ),
    "ipnet": (
        "import ipaddress\ndef f(s): return ipaddress.ip_network(s)",
        {
            "tests": "import ipaddress\nassert f('10.0.0.0/8')==ipaddress.ip_network('10.0.0.0/8')\nassert f('10.0.0.0/8').num_addresses==2**24"
        },
    ),
    "mpt": (
        "from types import MappingProxyType\ndef f(d): return MappingProxyType(d)",
        {"tests": "assert f({'a':1})=={'a':1}\nassert f({'a':1})['a']==1"},
    ),
    "mpt dict()": (
        "from types import MappingProxyType\ndef f(d): return MappingProxyType(d)",
        {"tests": "assert dict(f({'a':1}))=={'a':1}\nassert f({'a':1})['a']==1"},
    ),
    "userdict eq": (
        "from collections import UserDict\nclass D(UserDict):\n    def __setitem__(s,k,v): super().__setitem__(k.lower(),v)\ndef f():\n    d=D()\n    d['A']=1\n    return d",
        {"tests": "assert f()=={'a':1}"},
    ),
    "userdict plain": (
        "from collections import UserDict\ndef f(): return UserDict(a=1)",
        {"tests": "assert f()=={'a':1}"},
    ),
    "userlist": (
        "from collections import UserList\ndef f(): return UserList([1,2])",
        {"tests": "assert f()==[1,2]\nassert f()[0]==1"},
    ),
    "userstring": (
        "from collections import UserString\ndef f(): return UserString('ab')",
        {"tests": "assert f()=='ab'\nassert f().upper()=='AB'"},
    ),
    "chainmap": (
        "from collections import ChainMap\ndef f(): return ChainMap({'a':1},{'b':2})",
        {"tests": "assert f()=={'a':1,'b':2}\nassert f()['b']==2"},
    ),
    "simplens": (
        "from types import SimpleNamespace\ndef f(): return SimpleNamespace(a=1)",
        {"tests": "from types import SimpleNamespace\nassert f().a==1\nassert f()==SimpleNamespace(a=1)"},
    ),
    "memoryview": ("def f(b): return memoryview(b)", {"tests": "assert f(b'ab')==b'ab'"}),
    "struct_time": (
        "import time\ndef f(): return time.gmtime(0)",
        {"tests": "assert f().tm_year==1970\nassert f()[0]==1970"},
    ),
    "timezone": (
        "import datetime\ndef f(): return datetime.timezone.utc",
        {"tests": "import datetime\nassert f()==datetime.timezone.utc"},
    ),
    "zoneinfo": (
        "import zoneinfo\ndef f(): return zoneinfo.ZoneInfo('Europe/Paris')",
        {"tests": "import zoneinfo\nassert f()==zoneinfo.ZoneInfo('Europe/Paris')\nassert f().key=='Europe/Paris'"},
    ),
    "purepath rel": (
        "import pathlib\ndef f(): return pathlib.PureWindowsPath('a/b')",
        {"tests": "import pathlib\nassert f()==pathlib.PureWindowsPath('a/b')"},
    ),
    "map": ("def f(): return map(str,[1,2])", {"tests": "assert list(f())==['1','2']"}),
    "ellipsis": ("def f(): return ...", {"tests": "assert f() is ...\nassert f()==Ellipsis"}),
    "notimpl": ("def f(): return NotImplemented", {"tests": "assert f() is NotImplemented"}),
    "struct result": ("import os\ndef f(): return os.path.split('/a/b')", {"tests": "assert f()==('/a','b')"}),
    "urlparse": (
        "from urllib.parse import urlparse\ndef f(u): return urlparse(u)",
        {"tests": "assert f('http://a/b').netloc=='a'\nassert f('http://a/b').geturl()=='http://a/b'"},
    ),
    "statistics NormalDist": (
        "from statistics import NormalDist\ndef f(): return NormalDist(0,1)",
        {"tests": "assert f().mean==0"},
    ),
    "bytesio": ("import io\ndef f(): return io.BytesIO(b'ab')", {"tests": "assert f().getvalue()==b'ab'"}),
    "global COUNT": (
        "COUNT=0\ndef f(n):\n    global COUNT\n    COUNT+=1\n    return n",
        {"tests": "f(1)\nassert COUNT == 1"},
    ),
    "global COUNT2": (
        "COUNT=0\ndef f(n):\n    global COUNT\n    COUNT+=1\n    return n",
        {"tests": "assert COUNT==0\nf(1)\nf(2)\nassert COUNT == 2"},
    ),
    "global in func": (
        "COUNT=0\ndef f(n):\n    global COUNT\n    COUNT+=1\n    return n",
        {"tests": "def test_a():\n    f(1)\n    assert COUNT == 1"},
    ),
    "global list": ("LOG=[]\ndef f(n):\n    LOG.append(n)", {"tests": "f(1)\nf(2)\nassert LOG == [1,2]"}),
    "global list cleared by tests": (
        "LOG=[]\ndef f(n):\n    LOG.append(n)\n    return len(LOG)",
        {"tests": "f(1)\nLOG.clear()\nassert f(2)==1"},
    ),
    "global dict mem": (
        "memo={}\ndef f(n):\n    memo[n]=n*n\n    return memo[n]",
        {"tests": "assert f(3)==9\nassert 3 in memo and memo[3]==9"},
    ),
    "unittest counter": (
        "COUNT=0\ndef f(n):\n    global COUNT\n    COUNT+=1\n    return n",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        f(1)\n        self.assertEqual(COUNT, 1)"
        },
    ),
    "global only defined later": (
        "def f(n):\n    global LAST\n    LAST=n\n    return n",
        {"tests": "f(3)\nassert LAST==3"},
    ),
    "module attr": (
        "COUNT=0\ndef f(n):\n    global COUNT\n    COUNT+=1",
        {"tests": "import solution\nsolution.f(1)\nassert solution.COUNT==1"},
    ),
    "__file__ script": (
        "import os\nprint(os.path.basename(__file__))\nn=int(input())\nprint(n)",
        {"inputs": ["3\n"], "outputs": ["program.py\n3\n"]},
    ),
    "__file__ script2": (
        "import os,sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\nn=int(input())\nprint(n*2)",
        {"inputs": ["3\n"], "outputs": ["6\n"]},
    ),
    "__file__ module": ("import os\nHERE=os.path.dirname(__file__)\ndef f(n): return n*n", {"tests": "assert f(2)==4"}),
    "diff fence": ("```diff\n- def f(n): return 0\n+ def f(n): return n*n\n```", {"tests": "assert f(2)==4"}),
    "diff fence plus only": ("```diff\n+def f(n):\n+    return n*n\n```", {"tests": "assert f(2)==4"}),
    "diff plus lines no fence": ("+def f(n):\n+    return n*n\n", {"tests": "assert f(2)==4"}),
    "diff unified": (
        "```diff\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n import math\n-def f(n):\n-    return 0\n+def f(n):\n+    return n*n\n```",
        {"tests": "assert f(2)==4"},
    ),
    "nbsp": ("def f(n):\n\xa0\xa0\xa0\xa0return\xa0n*n\n", {"tests": "assert f(2)==4"}),
    "nbsp fence": ("```python\ndef f(n):\n\xa0\xa0\xa0\xa0return n*n\n```", {"tests": "assert f(2)==4"}),
    "zwsp": ("def f(n):\n    return n*n\u200b\n", {"tests": "assert f(2)==4"}),
    "nbsp script": ("n=int(input())\nif n:\n\xa0\xa0\xa0\xa0print(n)\n", {"inputs": ["3\n"], "outputs": ["3\n"]}),
    "dataclass method": (
        "from dataclasses import dataclass\n@dataclass\nclass Acc:\n    owner:str\n    bal:float=0\n    def dep(s,a):\n        s.bal+=a\n        return s.bal",
        {"tests": "a=Acc('x')\nassert a.dep(5)==5\nassert a.bal==5 and a.owner=='x'"},
    ),
    "product": (
        "import itertools\ndef f(a,b): return itertools.product(a,b)",
        {"tests": "assert list(f([1],[2,3]))==[(1,2),(1,3)]"},
    ),
    "decorator memo": (
        "def memoize(fn):\n    cache={}\n    def w(*a):\n        if a not in cache: cache[a]=fn(*a)\n        return cache[a]\n    w.cache=cache\n    return w",
        {
            "tests": "calls=[]\n@memoize\ndef sq(x):\n    calls.append(x)\n    return x*x\nassert sq(3)==9 and sq(3)==9\nassert calls==[3]"
        },
    ),
    "fraction": (
        "from fractions import Fraction\ndef f(a): return sum((Fraction(1,x) for x in a), Fraction(0))",
        {"tests": "from fractions import Fraction\nassert f([2,3])==Fraction(5,6)"},
    ),
    "finditer": (
        "import re\ndef f(s): return [m.start() for m in re.finditer('a', s)]",
        {"tests": "assert f('aba')==[0,2]"},
    ),
    "np testing": (
        "import numpy as np\ndef f(a): return np.cumsum(a)",
        {
            "tests": "import numpy as np\nnp.testing.assert_array_equal(f([1,2]), [1,3])\nassert f([1,2]).dtype.kind=='i'"
        },
    ),
    "pd series": (
        "import pandas as pd\ndef f(a): return pd.Series(a).value_counts().to_dict()",
        {"tests": "assert f(['a','a','b'])=={'a':2,'b':1}"},
    ),
    "stdin": (
        "import sys\ndef main():\n    d=sys.stdin.read().split()\n    print(sum(map(int,d)))\nif __name__=='__main__': main()",
        {"inputs": ["1 2\n3"], "outputs": ["6"]},
    ),
    "stdin nbsp": (
        "import sys\nfor line in sys.stdin:\n\xa0   print(line.strip()[::-1])",
        {"inputs": ["ab\ncd\n"], "outputs": ["ba\ndc\n"]},
    ),
    "type hints": (
        "from __future__ import annotations\nfrom typing import Optional, Union, Protocol, TypeVar, Generic\nT=TypeVar('T')\nclass Box(Generic[T]):\n    def __init__(self, v:T)->None: self.v=v\n    def get(self)->T: return self.v\ndef f(x: int|None=None)->Optional[int]: return x",
        {"tests": "assert Box(3).get()==3\nassert f() is None and f(2)==2"},
    ),
    "rec tree dict": (
        "def insert(t,v):\n    if t is None: return {'v':v,'l':None,'r':None}\n    k='l' if v<t['v'] else 'r'\n    t[k]=insert(t[k],v)\n    return t\ndef inorder(t): return inorder(t['l'])+[t['v']]+inorder(t['r']) if t else []",
        {"tests": "t=None\nfor v in [3,1,2]:\n    t=insert(t,v)\nassert inorder(t)==[1,2,3]"},
    ),
    "eval parse": (
        "def parse(s): return s.split('+')\ndef evaluate(t,env): return sum(env.get(x) if x in env else int(x) for x in t)",
        {"tests": "assert parse('x+1')==['x','1']\nassert evaluate(parse('x+1'),{'x':2})==3"},
    ),
    "account fns": (
        "def create(o,b): return {'o':o,'b':b}\ndef deposit(a,x):\n    return {**a,'b':a['b']+x}\ndef balance(a): return a['b']",
        {"tests": "a=create('x',100)\na=deposit(a,50)\nassert balance(a)==150\nassert a=={'o':'x','b':150}"},
    ),
    "leetcode same tree": (
        "class TreeNode:\n    def __init__(s,val=0,left=None,right=None): s.val,s.left,s.right=val,left,right\nclass Solution:\n    def isSameTree(self,p,q):\n        if not p or not q: return p is q\n        return p.val==q.val and self.isSameTree(p.left,q.left) and self.isSameTree(p.right,q.right)",
        {
            "tests": "assert Solution().isSameTree(TreeNode(1),TreeNode(1))\nassert not Solution().isSameTree(TreeNode(1),TreeNode(2))"
        },
    ),
    "global cache": (
        "_cache={}\ndef fib(n):\n    if n not in _cache: _cache[n]=n if n<2 else fib(n-1)+fib(n-2)\n    return _cache[n]",
        {"tests": "assert fib(10)==55\nassert _cache[10]==55\nassert len(_cache)==11"},
    ),
    "global reset": (
        "total=0\ndef add(n):\n    global total\n    total+=n\n    return total\ndef reset():\n    global total\n    total=0",
        {"tests": "add(5)\nassert total==5\nreset()\nassert total==0\nassert add(2)==2"},
    ),
    "version const": (
        "__version__='1.2'\nPI=3.14159\ndef area(r): return PI*r*r",
        {"tests": "assert PI==3.14159\nassert abs(area(1)-PI)<1e-9\nassert area(2)==PI*4"},
    ),
    "custom str": (
        "class Slug(str):\n    def __new__(cls,s): return super().__new__(cls,s.lower().replace(' ','-'))\n    def words(self): return self.split('-')\ndef f(s): return Slug(s)",
        {
            "tests": "assert f('A B')=='a-b'\nassert f('A B').words()==['a','b']\nassert f('A B').upper()=='A-B'\nassert len(f('A B'))==3"
        },
    ),
    "typed list": (
        "class Sorted(list):\n    def insort(self,x):\n        import bisect\n        bisect.insort(self,x)\ndef f(xs):\n    s=Sorted()\n    for x in xs: s.insort(x)\n    return s",
        {"tests": "s=f([3,1])\nassert s==[1,3]\ns.insort(2)\nassert s==[1,2,3]"},
    ),
    "attrdict": (
        "class AD(dict):\n    def __getattr__(self,k): return self[k]\n    def __setattr__(self,k,v): self[k]=v\ndef f(**k): return AD(k)",
        {"tests": "a=f(x=1)\nassert a.x==1\nassert a['x']==1\na.y=2\nassert a.y==2"},
    ),
    "namedtuple class tests": (
        "from typing import NamedTuple\nclass Pt(NamedTuple):\n    x:int\n    y:int\n    def __add__(s,o): return Pt(s.x+o.x,s.y+o.y)\n    def norm1(s): return abs(s.x)+abs(s.y)",
        {"tests": "assert (Pt(1,2)+Pt(3,4)).x==4\nassert Pt(1,-2).norm1()==3\nassert Pt(1,2)+Pt(3,4)==Pt(4,6)"},
    ),
    "temp float": (
        "class C(float):\n    @property\n    def f(self): return self*1.8+32\ndef parse(s): return C(float(s))",
        {"tests": "assert parse('100').f==212\nassert parse('37')==37.0\nassert parse('1')+1==2"},
    ),
    "own tests with": (
        "import pytest\n\ndef f(n):\n    return n+1\n\n@pytest.mark.parametrize('a,b', [(1,2)])\ndef test_f(a,b):\n    assert f(a)==b\n\ndef test_raises():\n    with pytest.raises(TypeError):\n        f('a')\n",
        {"tests": "assert f(1)==2"},
    ),
    "diff change": (
        "I changed one line:\n```diff\n def f(n):\n-    return n+n\n+    return n*n\n```",
        {"tests": "assert f(3)==9"},
    ),
    "file path": (
        "import os\nROOT=os.path.dirname(os.path.abspath(__file__))\ndef f(n): return os.path.join(ROOT,n).endswith(n)",
        {"tests": "assert f('a.txt')"},
    ),
    "nested dd": (
        "from collections import defaultdict\ndef f(ps):\n    d=defaultdict(lambda: defaultdict(int))\n    for a,b in ps: d[a][b]+=1\n    return d",
        {"tests": "d=f([('x','y')])\nassert d['x']['y']==1\nassert d['q']['r']==0\nassert dict(d['x'])=={'y':1}"},
    ),
    "dd set": (
        "from collections import defaultdict\ndef f(es):\n    g=defaultdict(set)\n    for a,b in es:\n        g[a].add(b)\n        g[b].add(a)\n    return g",
        {"tests": "g=f([(1,2)])\nassert g[1]=={2}\nassert g[7]==set()\nassert f([(1,2)])=={1:{2},2:{1}}"},
    ),
    "ring buffer": (
        "from collections import deque\ndef ring(n): return deque(maxlen=n)",
        {"tests": "r=ring(2)\nfor i in range(4): r.append(i)\nassert list(r)==[2,3]\nassert r.maxlen==2"},
    ),
    "ip hosts": (
        "import ipaddress\ndef hosts(n): return list(ipaddress.ip_network(n).hosts())",
        {
            "tests": "from ipaddress import IPv4Address\nassert hosts('10.0.0.0/30')==[IPv4Address('10.0.0.1'),IPv4Address('10.0.0.2')]\nassert str(hosts('10.0.0.0/30')[0])=='10.0.0.1'"
        },
    ),
    "struct time": (
        "import time\ndef f(s): return time.strptime(s,'%Y-%m-%d')",
        {"tests": "assert f('2020-02-03').tm_mon==2\nassert f('2020-02-03')[:3]==(2020,2,3)"},
    ),
    "frozen mapping": (
        "from types import MappingProxyType\nCFG=MappingProxyType({'a':1})\ndef cfg(): return CFG",
        {
            "tests": "import pytest\ndef test():\n    assert cfg()['a']==1\n    with pytest.raises(TypeError): cfg()['a']=2"
        },
    ),
    "observer": (
        "class Subject:\n    def __init__(s): s.o=[]\n    def attach(s,o): s.o.append(o)\n    def notify(s,m):\n        for o in s.o: o(m)",
        {"tests": "got=[]\ns=Subject()\ns.attach(lambda m: got.append(m))\ns.notify('x')\nassert got==['x']"},
    ),
    "sum of own dict": (
        "def count(s):\n    d={}\n    for c in s: d[c]=d.get(c,0)+1\n    return d",
        {"tests": "r=count('aab')\nassert r['a']==2\nassert sum(r.values())==3\nassert max(r,key=r.get)=='a'"},
    ),
    "reduce own": (
        "def add(a,b): return a+b",
        {"tests": "from functools import reduce\nassert reduce(add,[1,2,3])==6"},
    ),
    "roundtrip json": (
        "import json\ndef dump(o): return json.dumps(o)\ndef load(s): return json.loads(s)",
        {"tests": "o={'a':[1,2]}\nassert load(dump(o))==o"},
    ),
    "result cls method": (
        "class Calc:\n    def add(s,a,b): return a+b\n    def mul(s,a,b): return a*b",
        {"tests": "c=Calc()\nassert c.mul(c.add(1,2),3)==9\nassert c.add(1,1)==2"},
    ),
    "reversed": ("def f(a): return reversed(a)", {"tests": "assert list(f([1,2]))==[2,1]"}),
    "bytes io": ("import io\ndef f(): return io.BytesIO(b'abc')", {"tests": "assert f().read()==b'abc'"}),
    "factory obj": (
        "class Dog:\n    def speak(s): return 'Woof'\nclass Cat:\n    def speak(s): return 'Meow'\ndef make(k): return {'dog':Dog,'cat':Cat}[k]()",
        {"tests": "assert make('dog').speak()=='Woof'\nassert make('cat').speak()=='Meow'"},
    ),
    "lru wraps": (
        "from functools import lru_cache\n@lru_cache\ndef f(n): return n*n",
        {"tests": "assert f(3)==9\nassert f.cache_info().misses==1"},
    ),
    "slots": (
        "class P:\n    __slots__=('x',)\n    def __init__(s,x): s.x=x\ndef f(x): return P(x)",
        {"tests": "assert f(3).x==3"},
    ),
    "filter own": (
        "def is_even(x): return x%2==0\ndef f(n): return list(range(n))",
        {
            "tests": "assert [x for x in f(5) if is_even(x)] == [0,2,4]\nassert list(filter(lambda x: is_even(x), f(5))) == [0,2,4]"
        },
    ),
    "sorted own key": (
        "def weight(x): return -x\ndef f(n): return list(range(n))",
        {"tests": "assert sorted(f(3), key=lambda x: weight(x)) == [2,1,0]"},
    ),
    "count if": (
        "def is_vowel(c): return c in 'aeiou'\ndef letters(s): return [c for c in s if c.isalpha()]",
        {"tests": "assert sum(1 for c in letters('a-b') if is_vowel(c)) == 1\nassert letters('a-b') == ['a','b']"},
    ),
    "validate after": (
        "def solve(n): return n*2\ndef is_even(n): return n%2==0",
        {"tests": "assert solve(3)==6\nfor i in range(4):\n    assert is_even(solve(i))"},
    ),
    "class flow": (
        "class Inv:\n    def __init__(s): s.d={}\n    def add(s,k,n): s.d[k]=s.d.get(k,0)+n\n    def get(s,k): return s.d.get(k,0)\n    def has(s,k): return k in s.d",
        {
            "tests": "i=Inv()\ni.add('a',2)\nassert i.get('a')==2\nassert i.has('a') and not i.has('b')\nassert i.get('z')==0"
        },
    ),
    "matrix cls": (
        "class M:\n    def __init__(s,r): s.r=r\n    def mul(s,o): return M([[sum(a*b for a,b in zip(x,y)) for y in zip(*o.r)] for x in s.r])\n    def get(s,i,j): return s.r[i][j]",
        {"tests": "a=M([[1,2],[3,4]])\nassert a.mul(a).get(0,0)==7\nassert a.get(1,1)==4"},
    ),
    "parse cls": (
        "class Tok:\n    def __init__(s,t): s.t=t\n    def parts(s): return s.t.split()\nclass Ev:\n    def run(s,parts,env): return sum(env.get(p,0) for p in parts)",
        {"tests": "assert Ev().run(Tok('a b').parts(), {'a':2,'b':3})==5"},
    ),
    "graph fns": (
        "def graph(es):\n    g={}\n    for a,b in es: g.setdefault(a,[]).append(b)\n    return g\ndef path(g,a,b):\n    if a==b: return [a]\n    for n in g.get(a,[]):\n        p=path(g,n,b)\n        if p: return [a]+p\n    return []",
        {"tests": "g=graph([(1,2),(2,3)])\nassert g=={1:[2],2:[3]}\nassert path(g,1,3)==[1,2,3]"},
    ),
    "queue fns": (
        "def make(): return []\ndef push(q,x): return q+[x]\ndef pop(q): return q[0], q[1:]",
        {"tests": "q=push(push(make(),5),6)\nassert q==[5,6]\nx,q=pop(q)\nassert x==5 and q==[6]"},
    ),
    "date fns": (
        "import datetime\ndef parse(s): return datetime.date.fromisoformat(s)\ndef add(d,n): return d+datetime.timedelta(days=n)",
        {"tests": "import datetime\nassert add(parse('2020-01-01'),2)==datetime.date(2020,1,3)"},
    ),
    "text fns": (
        "def clean(s): return s.strip().lower()\ndef words(s,n): return s.split()[:n]",
        {"tests": "assert words(clean(' A B C '),2)==['a','b']"},
    ),
    "stats": (
        "def mean(xs): return sum(xs)/len(xs)\ndef dev(xs,m): return sum((x-m)**2 for x in xs)/len(xs)",
        {"tests": "xs=[1,2,3,4]\nassert mean(xs)==2.5\nassert dev(xs,mean(xs))==1.25"},
    ),
    "stats close": (
        "def mean(xs): return sum(xs)/len(xs)\ndef dev(xs,m): return (sum((x-m)**2 for x in xs)/len(xs))**.5",
        {"tests": "xs=[1,2,3,4]\nassert abs(dev(xs,mean(xs))-1.118)<1e-3"},
    ),
    "tests raise own": (
        "def f(n):\n    if n<0: raise ValueError\n    return n",
        {"tests": "try:\n    f(-1)\n    raise RuntimeError('no error')\nexcept ValueError:\n    pass\nassert f(1)==1"},
    ),
    "pass sub back": (
        "class M(int):\n    def d(s): return s*2\ndef mk(n): return M(n)\ndef tot(xs): return sum(x.d() for x in xs)",
        {"tests": "assert tot([mk(1),mk(2)])==6"},
    ),
    "sub json": (
        "class M(int):\n    def d(s): return s*2\ndef mk(n): return M(n)",
        {"tests": "import json\nassert json.dumps({'a': mk(1)})=='{\"a\": 1}'"},
    ),
    "sub np": (
        "class M(float):\n    def d(s): return 2\ndef mk(n): return M(n)",
        {"tests": "import numpy as np\nassert np.isclose(mk(1.5),1.5)"},
    ),
    "many subs": (
        "class M(int):\n    def d(s): return 2\ndef mk(n): return [M(i) for i in range(n)]",
        {"tests": "assert mk(3000)==list(range(3000))\nassert sum(mk(3000)) == 4498500"},
    ),
    "const list append by test": (
        "ITEMS=[]\ndef count(): return len(ITEMS)",
        {"tests": "ITEMS.append(1)\nITEMS.append(2)\nassert count()==2"},
    ),
    "const nested": (
        "CFG={'a':{'b':1}}\ndef get(): return CFG['a']['b']",
        {"tests": "CFG['a']['b']=5\nassert get()==5"},
    ),
    "const obj list": (
        "class P:\n    def __init__(s,x): s.x=x\nALL=[P(1)]\ndef add(x): ALL.append(P(x))",
        {"tests": "add(2)\nassert len(ALL)==2\nassert ALL[1].x==2"},
    ),
    "diff in prose": ("- first\n+ second\n\n```python\ndef f(n): return n\n```", {"tests": "assert f(2)==2"}),
    "deque sub": (
        "from collections import deque\nclass R(deque):\n    def last(s): return s[-1]\ndef f(): return R([1,2],maxlen=2)",
        {"tests": "r=f()\nassert r.last()==2\nassert list(r)==[1,2]"},
    ),
    "od sub": (
        "from collections import OrderedDict\nclass O(OrderedDict):\n    def first(s): return next(iter(s))\ndef f(): return O(a=1,b=2)",
        {"tests": "assert f().first()=='a'\nassert f()=={'a':1,'b':2}\nassert list(f())==['a','b']"},
    ),
    "decimal sub": (
        "from decimal import Decimal\nclass M(Decimal):\n    def cents(s): return int(s*100)\ndef f(x): return M(x)",
        {"tests": "from decimal import Decimal\nassert f('1.5').cents()==150\nassert f('1.5')==Decimal('1.5')"},
    ),
    "td sub": (
        "import datetime\nclass T(datetime.timedelta):\n    def hours(s): return s.total_seconds()/3600\ndef f(h): return T(hours=h)",
        {"tests": "assert f(2).hours()==2.0\nassert f(2).total_seconds()==7200"},
    ),
    "dt sub": (
        "import datetime\nclass T(datetime.datetime):\n    def q(s): return (s.month-1)//3+1\ndef f(): return T(2020,5,1,3)",
        {"tests": "import datetime\nassert f().q()==2\nassert f()==datetime.datetime(2020,5,1,3)\nassert f().hour==3"},
    ),
}
"""Each must be accepted."""

UNDECIDED: dict[str, tuple[str, dict[str, Any]]] = {
    "tuplesub add": (
        "class V(tuple):\n    def __add__(s,o): return V(a+b for a,b in zip(s,o))\ndef f(*a): return V(a)",
        {"tests": "assert f(1,2)+f(3,4)==(4,6)"},
    ),
    "intsub op": (
        "class M(int):\n    def __add__(s,o): return M((int(s)+int(o))%7)\ndef f(n): return M(n)",
        {"tests": "assert f(5)+f(4)==2"},
    ),
    "intsub repr": (
        "class M(int):\n    def __repr__(s): return f'M({int(s)})'\ndef f(n): return M(n)",
        {"tests": "assert repr(f(5))=='M(5)'"},
    ),
    "strsub str": (
        "class M(str):\n    def __str__(s): return 'x'\ndef f(n): return M(n)",
        {"tests": "assert str(f('a'))=='x'"},
    ),
    "dictsub len": (
        "class D(dict):\n    def __missing__(s,k): return 0\ndef f(): return D(a=1)",
        {"tests": "d=f()\nassert d['b']==0 and d['a']==1"},
    ),
    "string.Template": (
        "import string\ndef f(): return string.Template('$a')",
        {"tests": "assert f().substitute(a=1)=='1'"},
    ),
    "gen pipeline": (
        "def evens(it):\n    for x in it:\n        if x%2==0: yield x\ndef take(n,it):\n    for _ in range(n): yield next(it)",
        {"tests": "assert list(evens(range(6)))==[0,2,4]\nassert list(take(2, evens(iter(range(9)))))==[0,2]"},
    ),
    "bst fn objects": (
        "class Node:\n    def __init__(s,v): s.v,s.l,s.r=v,None,None\ndef insert(t,v):\n    if t is None: return Node(v)\n    if v<t.v: t.l=insert(t.l,v)\n    else: t.r=insert(t.r,v)\n    return t\ndef search(t,v):\n    while t:\n        if t.v==v: return True\n        t=t.l if v<t.v else t.r\n    return False",
        {"tests": "t=insert(insert(None,3),1)\nassert search(t,1)\nassert not search(t,9)"},
    ),
    "global registry": (
        "REG={}\ndef register(name):\n    def d(fn):\n        REG[name]=fn\n        return fn\n    return d",
        {"tests": "@register('a')\ndef g(): return 5\nassert 'a' in REG\nassert REG['a']()==5"},
    ),
    "intflag": (
        "from enum import IntFlag\nclass P(IntFlag):\n    R=4\n    W=2\ndef f(): return P.R|P.W",
        {"tests": "assert f()==6\nassert f() & P.R"},
    ),
    "caseless dict": (
        "class CD(dict):\n    def __getitem__(self,k): return super().__getitem__(k.lower())\n    def __contains__(self,k): return super().__contains__(k.lower())\ndef f(): return CD(a=1)",
        {"tests": "assert f()['A']==1\nassert 'A' in f()"},
    ),
    "vector tuple": (
        "class V(tuple):\n    def __new__(c,*a): return super().__new__(c,a)\n    def __add__(s,o): return V(*(a+b for a,b in zip(s,o)))\n    def dot(s,o): return sum(a*b for a,b in zip(s,o))\ndef mk(*a): return V(*a)",
        {"tests": "assert mk(1,2).dot(mk(3,4))==11\nassert mk(1,2)==(1,2)"},
    ),
    "namedtuple full": (
        "from typing import NamedTuple\nclass Emp(NamedTuple):\n    name:str\n    pay:int=0\n    @property\n    def yearly(self): return self.pay*12\n    def raise_(self,p): return self._replace(pay=self.pay+p)\ndef mk(n,p): return Emp(n,p)",
        {
            "tests": "e=mk('a',5)\nassert e.yearly==60\nassert e.raise_(1).pay==6\nassert e==('a',5)\nn,p=e\nassert n=='a'\nassert e._asdict()=={'name':'a','pay':5}\nassert e.name=='a'"
        },
    ),
    "hex int": (
        "class H(int):\n    def __str__(self): return hex(self)\n    __repr__=__str__\ndef f(n): return H(n)",
        {"tests": "assert f(255)==255\nassert str(f(255))=='0xff'"},
    ),
    "fmt fns": (
        "def total(xs): return sum(xs)\ndef fmt(x,cur): return f'{cur}{x:.2f}'",
        {"tests": "assert fmt(total([1,2]),'$')=='$3.00'"},
    ),
    "hash pw": (
        "import hashlib\ndef hash_pw(p,s): return hashlib.sha256((s+p).encode()).hexdigest()\ndef check_pw(p,s,h): return hash_pw(p,s)==h",
        {"tests": "h=hash_pw('a','s')\nassert len(h)==64\nassert check_pw('a','s',h)\nassert not check_pw('b','s',h)"},
    ),
}
"""Only the program could say; none may be blamed."""
