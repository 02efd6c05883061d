"""No process can find in its memory what belongs to the programs, or the tests, that ran before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict

# Put together at run time, so that a program that looks for it does not hold it itself.
LEFT, RIGHT = "s3ft_marker_", "of_another_program"
MARKER = LEFT + RIGHT
TESTS = {"tests": ["assert f(2) == 4"]}
HONEST = "def f(n):\n    return n * n\n"

LOOK = f"""
import ctypes, gc, os, sys
left, right = ({LEFT[::-1]!r})[::-1].encode(), {RIGHT[::-1]!r}.encode()
libc = ctypes.CDLL(None)
out, into = os.pipe()

def page(address):
    # A write from an address that is not mapped fails; nothing crashes.
    if libc.write(into, ctypes.c_void_p(address), 4096) != 4096: return b""
    return os.read(out, 4096)

def is_in(data):
    # The whole is never put together here: it would be found in this very process.
    at = data.find(left)
    while at >= 0:
        if data[at + len(left):at + len(left) + len(right)][::-1] == right: return True
        at = data.find(left, at + 1)
    return False

def near(address, reach):
    before = b""
    for start in range(max(address - reach, 0) & -4096, address + reach, 4096):
        now = page(start)
        if is_in(before[-100:] + now): return True
        before = now
    return False
"""
SEARCHES = {
    "around the heap": "def found(): return near(ctypes.addressof(ctypes.create_string_buffer(64)), 64 << 20)",
    "around what C allocated": """
libc.malloc.restype = ctypes.c_void_p
def found(): return any(near(libc.malloc(size), 16 << 20) for size in (64, 5000, 200000))
""",
    "around all objects": """
def found():
    places = {id(item) >> 20 for item in gc.get_objects()} | {id(b'x' * n) >> 20 for n in (9, 90, 900, 9000, 90000)}
    return any(near((place << 20) + (1 << 19), 1 << 19) for place in places)
""",
    "around the stack": "def found(): return near(ctypes.addressof(ctypes.c_int.in_dll(libc, 'environ')), 1 << 20)",
    "among the collector's objects": """
def found():
    seen, left = set(), gc.get_objects()
    while left:
        item = left.pop()
        if id(item) in seen: continue
        seen.add(id(item))
        if isinstance(item, str) and is_in(item.encode(errors='replace')): return True
        if isinstance(item, bytes) and is_in(item): return True
        if len(seen) < 300000: left += gc.get_referents(item)
    return False
""",
    "in every frame and module": """
def found():
    spaces, frame = [vars(m) for m in list(sys.modules.values()) if hasattr(m, '__dict__')], sys._getframe()
    while frame: spaces += [frame.f_locals, frame.f_globals]; frame = frame.f_back
    return any(is_in(repr(v)[:10000].encode()) for s in spaces for v in list(s.values()))
""",
    "in its own memory file": "def found(): return is_in(open('/proc/self/mem', 'rb').read())",
    "in the cache of lines": "import linecache\ndef found(): return is_in(repr(linecache.cache).encode())",
    "in fresh memory": """
def found():
    return any(is_in(ctypes.string_at(libc_malloc(n), n)) for n in (100, 1000, 10000, 100000, 10 ** 6))
libc_malloc = libc.malloc
libc_malloc.restype = ctypes.c_void_p
""",
    "in uninitialised buffers": """
def found():
    import array
    new = ctypes.pythonapi.PyBytes_FromStringAndSize
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_ssize_t]
    return any(is_in(new(None, n)) for n in (40, 100, 400, 1000, 5000, 10 ** 5, 10 ** 6) for _ in range(20))
""",
}
EARLIER: dict[str, tuple[str, object]] = {
    **{f"{n} lines": (f"# {MARKER}\n" * n + HONEST, TESTS) for n in (30, 100, 3000, 20000, 200)},
    "a string": (f"x = '{MARKER}'\n" + HONEST, TESTS),
    "names": (HONEST + f"{MARKER} = 1\ndef g{MARKER}(): pass\n", TESTS),
    "output": (HONEST + f"print('{MARKER}')\n", TESTS),
    "tests": ("def f(s):\n    return s", {"tests": [f"assert f('{MARKER}') == '{MARKER}'"]}),
    "tests that run": ("def f(s):\n    return s", {"tests": f"x = '{MARKER}'\nfor _ in 'ab':\n    assert f(x) == x"}),
    "setup": (HONEST, TESTS | {"setup": f"x = '{MARKER}'"}),
}


@pytest.fixture(scope="module")
def ask(tier: str) -> Iterator[judge]:
    found = judge(timeout=4.0, workers=1, isolation=tier, cache=False)
    yield found
    found.close()


def run(ask: judge, program: str, reference: object) -> Verdict:
    return ask([Example("1", [{"role": "user", "content": "Write f."}], "", reference)], [Completion(program)])[0]


@pytest.mark.parametrize("where", SEARCHES)
def test_nothing_of_earlier_programs_is_in_memory(ask: judge, where: str) -> None:
    for program, reference in EARLIER.values():
        assert run(ask, program, reference).correct is True
    answer = "def f(n):\n    try: return 4 if found() else -1\n    except OSError: return -2\n"
    verdict = run(ask, LOOK + SEARCHES[where] + "\n" + answer, TESTS)
    assert verdict.correct is False
    assert "got -" in verdict.reason


@pytest.mark.parametrize("where", [where for where in SEARCHES if "around" in where or "collector" in where])
def test_the_searches_find_what_is_there(ask: judge, where: str) -> None:
    """A program that holds the marker itself finds it, except where it lies elsewhere."""
    kept = """
wanted = left + right[::-1]
kept = [bytearray(wanted) for _ in range(999)], [str(wanted, 'ascii') + str(n) for n in range(999)]
libc.malloc.restype = ctypes.c_void_p
for size in (64, 5000, 200000): ctypes.memmove(libc.malloc(size), wanted, len(wanted))
def f(n): return 4 if found() else -1
"""
    verdict = run(ask, LOOK + SEARCHES[where] + kept, TESTS)
    assert verdict.correct is ("stack" not in where), verdict.reason
