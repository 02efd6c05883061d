"""None accepted, none out, none left, and an honest program passes right after each."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict
from sandbox import hostile
from sandbox.tiers import why_not

VALUES = {"tests": ["assert f(2) == 5", "assert f(3) == 10", "assert f(4) == 17"]}
RUN = {"tests": "def check(g):\n    for n in (2, 3, 4):\n        assert g(n) == n * n + 1\n", "entry_point": "f"}
HONEST = "def f(n):\n    return n * n + 1\n"
ALL = {**hostile.HACKS, **hostile.BREACHES, **hostile.SIEGES}


@pytest.fixture(scope="module")
def ask(tier: str) -> Iterator[judge]:
    found = judge(timeout=0.5, memory_mb=400, workers=1, isolation=tier, cache=False)
    yield found
    found.close()


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Source that gives the breaches what they are after."""
    folder = tmp_path_factory.mktemp("world")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o777 if parent == folder else 0o755)
    (folder / "secret").write_text("secret")
    os.environ["S3FT_TEST_SECRET"] = "secret"
    address = str(folder / "socket")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
    ):
        named.bind(address)
        abstract.bind(f"\0{address}")
        os.chmod(address, 0o777)
        values = (str(folder / "secret"), str(folder), server.getsockname()[1], os.getpid(), address, rich.__file__)
        yield "SECRET, FOLDER, PORT, PID, SOCKET, PACKAGE = {!r}, {!r}, {!r}, {!r}, {!r}, {!r}\n".format(*values)
        for taker in (named, abstract):
            taker.setblocking(False)
            with pytest.raises(BlockingIOError):
                taker.recv(1)
    del os.environ["S3FT_TEST_SECRET"]
    assert sorted(os.listdir(folder)) == ["secret", "socket"]
    assert (folder / "secret").stat().st_mtime > 1


def run(ask: judge, reference: object, *programs: str) -> list[Verdict]:
    return ask([Example(str(i), [], "", reference) for i in range(len(programs))], [Completion(p) for p in programs])


def world() -> tuple[object, ...]:
    """What must not change: shared memory, the files in common places, our processes and theirs."""
    places = [Path("/dev/shm"), Path("/var/tmp"), Path("/")]
    shared = Path("/proc/sysvipc/shm").read_text() if Path("/proc/sysvipc/shm").exists() else ""
    return shared, *[sorted(os.listdir(p)) for p in places if p.is_dir()]


def processes() -> int:
    """Processes under this one."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = 0
    for pid in parents:
        above = parents[pid]
        while above in parents and above != os.getpid():
            above = parents[above]
        found += above == os.getpid()
    return found


def test_there_are_enough_of_them() -> None:
    assert min(map(len, (hostile.HACKS, hostile.BREACHES, hostile.SIEGES))) >= 20
    assert len(ALL) >= 100


@pytest.mark.parametrize("name", ALL)
def test_not_accepted_and_nothing_left(ask: judge, names: str, name: str) -> None:
    if name in hostile.BURNS[1:] and ask.isolation == "landlock" and not why_not("bwrap"):
        pytest.skip("ended by the same limit in the bwrap tier")
    run(ask, VALUES, HONEST), run(ask, RUN, HONEST)
    before, running = world(), processes()
    bad, honest = run(ask, VALUES, names + ALL[name], HONEST)
    assert bad.correct is not True, bad.reason
    assert honest.correct is True, honest.reason
    assert world() == before
    assert processes() == running


@pytest.mark.parametrize("name", [*hostile.HACKS, "forks", "floods the judge", "returns itself", "crashes", "loops"])
def test_not_accepted_where_the_tests_run(ask: judge, names: str, name: str) -> None:
    bad, honest = run(ask, RUN, names + ALL[name], HONEST)
    assert bad.correct is not True, bad.reason
    assert honest.correct is True, honest.reason


def test_what_is_small_to_send_and_huge_to_unfold_is_not_unfolded_by_the_judge(ask: judge) -> None:
    tests = {"tests": ["assert list(f(2)) == [5]", "assert sorted(f(2)) == [5]"]}
    for program in (
        "def f(n): return range(10 ** 12)",
        "from decimal import Decimal\ndef f(n): return Decimal('1e999999')",
    ):
        assert run(ask, tests, program)[0].correct is not True
    assert run(ask, {"tests": ["assert int(f(2)) == 5"]}, program)[0].correct is not True


@pytest.mark.parametrize("name", hostile.BREACHES)
def test_the_breaches_are_real(names: str, name: str) -> None:
    """Each answers rightly where what it is after is given to it; otherwise its refusal would prove nothing."""
    space: dict[str, object] = {}
    given = hostile.BREACHES[name].replace("got = attempt()", "got = True")
    exec(compile(names + given, name, "exec"), space)
    assert space["f"](3) == 10  # type: ignore[operator]
