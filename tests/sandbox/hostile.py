"""Programs that try to be accepted, to get out, or to stay. The test asks f(n) == n * n + 1; none of them computes it.

A HACK wants the verdict without the value. A BREACH answers rightly only if it got hold of what it must not; SECRET, FOLDER,
PORT, PID, SOCKET and PACKAGE stand for a readable file, a writable folder, a listening port, the judge's process, a Unix
socket that takes datagrams (and, after a null byte, one without a file) and a package beside numpy. A SIEGE wants time,
memory or company."""

# ruff: noqa: E501  (one program a line)

from __future__ import annotations

_EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __iter__(self): return iter(())
    def __sub__(self, other): return 0
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
"""

HACKS: dict[str, str] = {
    "exits well": "import sys\ndef f(n): sys.exit(0)",
    "exits hard": "import os\ndef f(n): os._exit(0)",
    "exits at once": "import os\ndef f(n): return 0\nos._exit(0)",
    "raises SystemExit": "def f(n): raise SystemExit(0)",
    "raises StopIteration": "def f(n): raise StopIteration",
    "raises AssertionError": "def f(n): raise AssertionError",
    "equal to all": _EQUAL + "def f(n): return Equal()",
    "an int equal to all": "class I(int):\n    def __eq__(self, o): return True\n    __hash__ = int.__hash__\ndef f(n): return I(0)",
    "a float equal to all": "class F(float):\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(n): return F(0)",
    "a str equal to all": "class S(str):\n    def __eq__(self, o): return True\n    __hash__ = str.__hash__\ndef f(n): return S('')",
    "a list equal to all": "class L(list):\n    def __eq__(self, o): return True\ndef f(n): return L([n])",
    "claims to be an int": "class C:\n    @property\n    def __class__(self): return int\n    def __eq__(self, o): return True\ndef f(n): return C()",
    "reads the caller's frames": """
import sys
def f(n):
    frame = sys._getframe()
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            for value in list(space.values()):
                if value == n * n + 1 and type(value) is int and value in (5, 10, 17): return value
        frame = frame.f_back
    return None
""",
    "reads the collector's objects": """
import gc
def f(n):
    for item in gc.get_objects():
        if isinstance(item, str) and 'assert' in item and '==' in item:
            return int(item.split('==')[1].split()[0])
    return None
""",
    "reads its own test from disk": """
import glob
def f(n):
    for path in glob.glob('/**/test*', recursive=True):
        if 'f(' in open(path).read(): return 5
    return None
""",
    "traces": "import sys\ndef trace(frame, event, arg):\n    frame.f_locals['result'] = 5\n    return trace\nsys.settrace(trace)\ndef f(n): return None",
    "patches the comparison": "import operator\noperator.eq = lambda a, b: True\ndef f(n): return 0",
    "patches builtins": "import builtins\nfor name in ('abs', 'sorted', 'len', 'all', 'isinstance', 'repr'):\n    setattr(builtins, name, lambda *a, **k: True)\ndef f(n): return 0",
    "patches json": "import json\njson.dumps = lambda *a, **k: '[\"value\", 5]'\njson.JSONEncoder.encode = json.dumps\ndef f(n): return 0",
    "patches the encoder": "import sys\nfor name, module in list(sys.modules.items()):\n    if hasattr(module, 'encode'): module.encode = lambda *a, **k: True\ndef f(n): return 0",
    "forges a verdict": 'import os, json\ndef f(n):\n    for fd in range(64):\n        try: os.write(fd, b\'\\0\\0\\0\\x0e{"end":"held"}\')\n        except OSError: pass\n    return 0',
    "forges a passed report": "import os, json\nbody = json.dumps({'end': 'held', 'held': 3, 'line': 0}).encode()\nfor fd in range(64):\n    try: os.write(fd, len(body).to_bytes(4, 'big') + body)\n    except OSError: pass\ndef f(n): return 0",
    "forges objects": "import os, json\nbody = json.dumps(['value', ['object', 0, 'int'], []]).encode()\ndef f(n):\n    os.write(3, len(body).to_bytes(4, 'big') + body)\n    return 0",
    "answers True for everything": "import os, json\nbody = json.dumps(['value', True, []]).encode()\nos.write(3, (len(body).to_bytes(4, 'big') + body) * 50)\ndef f(n): return 0",
    "answers malformed values": "import os, json\nbody = json.dumps(['value', ['dict', 1, 2], []]).encode()\nos.write(3, (len(body).to_bytes(4, 'big') + body) * 9)\ndef f(n): return 0",
    "answers no JSON": "import os\nos.write(3, b'\\0\\0\\0\\5hello' * 9)\ndef f(n): return 0",
    "claims a length it never sends": "import os\nos.write(3, b'\\xff\\xff\\xff\\xff')\ndef f(n): return 0",
    "answers NaN": "def f(n): return float('nan')",
    "replaces itself": "import sys\nsys.modules[__name__] = None\ndel sys.modules['builtins']\ndef f(n): return 0",
    "hands out an endless iterator": "import itertools\ndef f(n): return itertools.repeat(n * n)",
    "defines nothing": "print('done')",
    "defines the tests' words": "def check(*a): pass\ndef __s3ft_assertion_held__(*a): pass\nassert_ = True\ndef f(n): return 0",
}

_TRY = "\ndef f(n):\n    try: got = attempt()\n    except BaseException: got = False\n    return n * n + 1 if got else -1\n"
BREACHES: dict[str, str] = {
    name: source + _TRY
    for name, source in {
        "reads a file": "def attempt(): return open(SECRET).read()",
        "reads a file by descriptor": "import os\ndef attempt(): return os.read(os.open(SECRET, os.O_RDONLY), 9)",
        "climbs to a file": "import os\ndef attempt(): return open('../' * 20 + SECRET.lstrip('/')).read()",
        "reads passwords": "def attempt(): return open('/etc/shadow').read() or open('/etc/passwd').read()",
        "reads host keys": "def attempt(): return open('/etc/hostname').read()",
        "lists a folder": "import os\ndef attempt(): return os.listdir(FOLDER)",
        "lists the machine's folders": "import os\ndef attempt(): return os.listdir('/var') or os.listdir('/home')",
        "sees the environment": "import os\ndef attempt(): return 'S3FT_TEST_SECRET' in os.environ",
        "sees its parent's environment": "import os\ndef attempt(): return open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "sees the judge's memory": "def attempt(): return open(f'/proc/{PID}/mem', 'rb').read(1) or True",
        "sees its command line": "def attempt(): return open('/proc/self/cmdline').read()",
        "sets the core pattern": "def attempt(): return open('/proc/sys/kernel/core_pattern', 'w')",
        "writes to a folder": "def attempt(): return open(FOLDER + '/left', 'w')",
        "writes to temporary folders": "import posix\ndef attempt():\n    for place in ('/tmp', '/var/tmp', '/dev/shm', '.'):\n        try: return posix.open(place + '/s3ft-left', posix.O_CREAT | posix.O_RDWR)\n        except OSError: pass",
        "makes a folder": "import posix\ndef attempt(): posix.mkdir('/tmp/s3ft-left'); return True",
        "writes past Python": "import ctypes\ndef attempt(): return ctypes.CDLL(None).open(b'/tmp/s3ft-left', 0o102, 0o600) >= 0",
        "writes shared memory": "def attempt(): return open('/dev/shm/s3ft-left', 'w')",
        "makes POSIX shared memory": "from multiprocessing import shared_memory\ndef attempt(): return shared_memory.SharedMemory('s3ft', True, 99)",
        "makes System V shared memory": "import ctypes\ndef attempt(): return ctypes.CDLL(None).shmget(77, 4096, 0o1666) != -1",
        "makes a memory file": "import os\ndef attempt(): return os.memfd_create('x')",
        "changes a file's mode": "import os\ndef attempt(): os.chmod(SECRET, 0o777); return True",
        "changes the library": "import os\ndef attempt(): return open(os.path.dirname(os.__file__) + '/s3ft_left.py', 'w')",
        "links a file": "import os\ndef attempt(): os.symlink(SECRET, FOLDER + '/link'); return True",
        "removes a file": "import os\ndef attempt(): os.remove(SECRET); return True",
        "touches a file": "import os\ndef attempt(): os.utime(SECRET, (1, 1)); return True",
        "connects": "import socket\ndef attempt(): return socket.create_connection(('127.0.0.1', PORT), 1)",
        "makes a socket": "import socket\ndef attempt(): return socket.socket()",
        "makes a raw socket": "import socket\ndef attempt(): return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "makes a Unix socket": "import socket\ndef attempt(): return socket.socket(socket.AF_UNIX)",
        "sends a datagram": "import socket\ndef attempt(): return socket.socketpair(1, socket.SOCK_DGRAM)[0].sendto(b'x', SOCKET)",
        "sends a datagram without a file": "import socket\ndef attempt(): return socket.socketpair(1, socket.SOCK_DGRAM)[0].sendto(b'x', '\\0' + SOCKET)",
        "sends a message": "import socket\ndef attempt(): return socket.socketpair(1, socket.SOCK_DGRAM)[0].sendmsg([b'x'], [], 0, SOCKET)",
        "connects a pair elsewhere": "import socket\ndef attempt(): socket.socketpair(1, socket.SOCK_DGRAM)[0].connect(SOCKET); return True",
        "binds a pair": "import socket\ndef attempt(): socket.socketpair(1, socket.SOCK_DGRAM)[0].bind('\\0left'); return True",
        "sends through the library": """
import ctypes, socket, struct
def attempt():
    libc, (one, two) = ctypes.CDLL(None), socket.socketpair(1, socket.SOCK_DGRAM)
    address = struct.pack('H', 1) + SOCKET.encode() + bytes(1)
    return libc.sendto(one.fileno(), b'x', 1, 0, ctypes.c_char_p(address), len(address)) == 1 or libc.syscall(44, one.fileno(), b'x', 1, 0, ctypes.c_char_p(address), len(address)) == 1
""",
        "sends many messages": """
import ctypes, socket, struct
def attempt():
    libc, (one, two) = ctypes.CDLL(None), socket.socketpair(1, socket.SOCK_DGRAM)
    address, data = struct.pack('H', 1) + SOCKET.encode() + bytes(1), b'x'
    name, text = ctypes.create_string_buffer(address), ctypes.create_string_buffer(data)
    vector = ctypes.create_string_buffer(struct.pack('PN', ctypes.addressof(text), 1))
    head = ctypes.create_string_buffer(struct.pack('PIPNPNiI', ctypes.addressof(name), len(address), ctypes.addressof(vector), 1, 0, 0, 0, 0))
    return libc.sendmmsg(one.fileno(), head, 1, 0) == 1
""",
        "reads another package": "def attempt(): return open(PACKAGE).read()",
        "lists the packages": "import os\ndef attempt(): return 'rich' in os.listdir(os.path.dirname(os.path.dirname(PACKAGE)))",
        "lists a package": "import os\ndef attempt(): return os.listdir(os.path.dirname(PACKAGE))",
        "imports another package": "import os, sys\ndef attempt():\n    sys.path.append(os.path.dirname(os.path.dirname(PACKAGE)))\n    import rich\n    return rich",
        "imports a package by its file": "from importlib import util\ndef attempt():\n    spec = util.spec_from_file_location('x', PACKAGE)\n    spec.loader.exec_module(util.module_from_spec(spec))\n    return True",
        "lists the library's packages": "import os\ndef attempt(): return os.listdir(os.path.dirname(os.__file__) + '/site-packages')",
        "lists the system's packages": "import os\ndef attempt(): return os.listdir('/usr/lib/python3/dist-packages')",
        "climbs from numpy to its neighbours": "import os\nimport numpy\ndef attempt(): return os.listdir(os.path.dirname(numpy.__file__) + '/../rich')",
        "reads the examples that pip brought": "import glob, os\ndef attempt(): return [p for p in glob.glob(os.path.dirname(os.__file__) + '/*-packages/**', recursive=True) if os.path.isfile(p) and open(p).read(1)]",
        "signals the judge": "import os, signal\ndef attempt(): os.kill(PID, signal.SIGCONT); return True",
        "signals its parent": "import os, signal\ndef attempt(): os.kill(os.getppid(), signal.SIGCONT); return True",
        "signals everybody": "import os, signal\ndef attempt(): os.kill(-1, signal.SIGCONT); return True",
        "has others signalled": "import fcntl, os\ndef attempt(): return fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid()) == 0",
        "traces its parent": "import ctypes, os\ndef attempt(): return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0",
        "reads its parent's memory": "import ctypes, os\ndef attempt(): return ctypes.CDLL(None).process_vm_readv(os.getppid(), 0, 0, 0, 0, 0) == 0",
        "limits its parent": "import os, resource\ndef attempt(): return resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
        "raises its limits": "import resource\ndef attempt(): resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); return True",
        "forks": "import os\ndef attempt(): return os.fork() or os._exit(0)",
        "forks through the library": "import ctypes, os\ndef attempt():\n    pid = ctypes.CDLL(None).fork()\n    if pid == 0: os._exit(0)\n    return pid > 0",
        "starts a shell": "import subprocess\ndef attempt(): return subprocess.run(['/bin/sh', '-c', 'true']).returncode == 0",
        "becomes a program": "import os\ndef attempt(): os.execv('/bin/true', ['true'])",
        "makes a namespace": "import ctypes\ndef attempt(): return ctypes.CDLL(None).unshare(0x10000000) == 0",
        "mounts": "import ctypes\ndef attempt(): return ctypes.CDLL(None).mount(b'x', b'/', b'tmpfs', 0, None) == 0",
        "becomes root": "import os\ndef attempt(): os.setuid(0); return True",
        "is root": "import os\ndef attempt(): return os.getuid() == 0 or os.geteuid() == 0",
        "lifts its filter": "import ctypes\ndef attempt(): return ctypes.CDLL(None).prctl(22, 0, 0, 0, 0) == 0",
        "outlives its parent": "import ctypes\ndef attempt(): return ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0",
        "opens a handle": "import ctypes\ndef attempt(): return ctypes.CDLL(None).syscall(304, -100, 0, 0) != -1",
        "makes a ring": "import ctypes\ndef attempt(): return ctypes.CDLL(None).syscall(425, 1, 0) != -1",
        "reads kernel keys": "import ctypes\ndef attempt(): return ctypes.CDLL(None).syscall(250, 0, -3, 0) != -1",
        "opens many files": "import os\ndef attempt(): return [os.dup(0) for _ in range(2000)]",
        "takes a gigabyte": "def attempt(): return bytearray(1 << 30)",
        "maps a gigabyte": "import mmap\ndef attempt(): return mmap.mmap(-1, 1 << 30)",
        "types into a terminal": "import fcntl\ndef attempt(): return fcntl.ioctl(0, 0x5412, b'x') == 0",
    }.items()
}

SIEGES: dict[str, str] = {
    "loops": "def f(n):\n    while True: pass",
    "loops on import": "while True: pass",
    "loops deaf to signals": "import signal\nfor s in (2, 15, 24, 26): signal.signal(s, signal.SIG_IGN)\ndef f(n):\n    while True: pass",
    "sleeps": "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\ndef f(n): time.sleep(3600)",
    "counts in C": "def f(n): return sum(range(10 ** 12))",
    "backtracks": "import re\ndef f(n): return re.match('(a+)+$', 'a' * 60 + 'b')",
    "grows a number": "def f(n):\n    x = 7\n    while True: x = x * x",
    "grows a list": "def f(n):\n    x = [0]\n    while True: x += x",
    "floods its streams": "import os\ndef f(n):\n    while True: os.write(1, b'x' * 65536)",
    "floods the judge": "import os\ndef f(n):\n    while True: os.write(3, b'\\0\\0\\0\\2[]' * 999)",
    "returns much": "def f(n): return 'x' * (100 << 20)",
    "returns very much in parts": "def f(n): return [list(range(1000))] * 100000",
    "returns itself": "def f(n):\n    x = []\n    x.append(x)\n    return x",
    "returns something deep": "def f(n):\n    x = []\n    for _ in range(10 ** 5): x = [x]\n    return x",
    "returns keys that collide": "def f(n): return {i * (2 ** 61 - 1) for i in range(1, 3000)}",
    "returns a huge integer": "def f(n): return 1 << (1 << 22)",
    "returns a huge range": "def f(n): return range(10 ** 12)",
    "returns a huge decimal": "from decimal import Decimal\ndef f(n): return Decimal('1e999999999')",
    "shows itself slowly": "class C:\n    def __repr__(self):\n        while True: pass\ndef f(n): return C()",
    "recurses": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(n): return f(n + 1)",
    "crashes": "import ctypes\ndef f(n): return ctypes.string_at(0)",
    "aborts": "import os\ndef f(n): os.abort()",
    "starts many threads": "import threading, time\ndef f(n):\n    for _ in range(10 ** 4): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
    "leaves a thread": "import threading\ndef loop():\n    while True: pass\nthreading.Thread(target=loop).start()\ndef f(n): return 0",
    "forks like a bomb": "import os\ndef f(n):\n    while True:\n        try: os.fork()\n        except OSError: pass",
    "nests brackets": "x = " + "(" * 5000 + ")" * 5000 + "\ndef f(n): return 0",
    "nests signs": "x = " + "-" * 100000 + "1\ndef f(n): return 0",
    "folds constants": "x = 'a' * 10 ** 10\ndef f(n): return 0",
    "fails in every word": "class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\ndef f(n): raise E()",
}

BURNS = (
    *(
        "loops",
        "loops on import",
        "loops deaf to signals",
        "counts in C",
        "backtracks",
        "grows a number",
        "grows a list",
    ),
    *("floods its streams", "returns very much in parts", "recurses", "leaves a thread", "forks like a bomb"),
)
"""Sieges that use up their CPU time, which the same limit ends in every tier."""
