"""Every tier of the sandbox gives the same verdicts, and one that leaks is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from s3ft import sandbox
from s3ft.judges.code.judge import judge
from s3ft.sandbox import selftest, tiers
from s3ft.sandbox.inside import landlock, seccomp
from s3ft.types import Completion, Example, UserError

PROGRAMS = {
    "right": "def f(n): return n * n",
    "wrong": "def f(n): return n",
    "a set": "def f(n): return next(iter({'b', 'a', 'c', 'd'} - {'b'})) and n * n",
    "decimal": "import decimal\ndef f(n): return int(decimal.Decimal(n) ** 2)",
    "exits": "import os\ndef f(n): os._exit(0)",
    "equal": "class E:\n    def __eq__(self, o): return True\ndef f(n): return E()",
    "forks": "import os\ndef f(n):\n    os.fork()\n    return n * n",
    "reads": "def f(n):\n    open('/etc/passwd').read()\n    return n * n",
    "root": "import os\ndef f(n): return n * n if os.getuid() == 0 else 0",
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "def f(n):\n    with Pool(4) as pool: return sum(pool.map(abs, [n] * n))"
    ),
    "numpy": "import numpy as np\ndef f(n): return int(np.square(n))",
}
SCRIPT = """
import json, sys
from s3ft.judges.code import judge
from s3ft.types import Completion, Example
programs, tier = json.loads(sys.argv[1]), sys.argv[2]
ask = judge(isolation=tier, workers=1, timeout=2.0)
tests = {"tests": ["assert f(2) == 4", "assert f(3) == 9"]}
verdicts = ask([Example(n, [], "", tests) for n in programs], [Completion(p) for p in programs.values()])
print(json.dumps([[v.correct, v.reason] for v in verdicts]))
ask.close()
"""


def _here(tier: str) -> list[list[object]]:
    ask = judge(isolation=tier, workers=1, timeout=2.0)
    tests = {"tests": ["assert f(2) == 4", "assert f(3) == 9"]}
    verdicts = ask([Example(n, [], "", tests) for n in PROGRAMS], [Completion(p) for p in PROGRAMS.values()])
    ask.close()
    return [[v.correct, v.reason] for v in verdicts]


def test_the_verdicts_are_what_they_should_be(tier: str) -> None:
    found = dict(zip(PROGRAMS, _here(tier), strict=True))
    passed = {name for name, (correct, _) in found.items() if correct}
    assert passed == {"right", "a set", "decimal", "threads", "numpy"}
    assert {name for name, (correct, _) in found.items() if correct is None} == set()


def test_an_ordinary_user_gets_the_same_verdicts(tier: str, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root: every other test here is already run as an ordinary user")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed: cannot become an ordinary user")
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    for python in (os.path.realpath(sys.executable), f"/usr/bin/python3.{sys.version_info.minor}"):
        tried = subprocess.run(
            [
                *as_user,
                python,
                "-c",
                "import os, sys; os.stat(sys.executable); os.listdir(os.path.dirname(os.__file__))",
            ],
            capture_output=True,
            cwd="/",
        )
        if tried.returncode == 0:
            break
    else:
        pytest.skip("no Python here that an ordinary user may run")
    # Root's own folders are closed to the user: what it needs of them is copied.
    shutil.copytree(
        Path(sandbox.__file__).parents[1], tmp_path / "s3ft", ignore=shutil.ignore_patterns("__pycache__", "lab")
    )
    for name in ("rich", "pygments", "markdown_it", "mdurl"):
        shutil.copytree(
            Path(sysconfig.get_path("purelib")) / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o055)
    without_numpy = {name: program for name, program in PROGRAMS.items() if name != "numpy"}
    run = subprocess.run(
        [*as_user, python, "-B", "-c", SCRIPT, json.dumps(without_numpy), tier],
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == _here(tier)[: len(without_numpy)]


def test_the_self_test_finds_every_leak_of_a_jail_without_walls() -> None:
    jail = sandbox.Jail("none")
    found = list(selftest._leaks(jail))
    jail.close()
    told = " ".join(found)
    missed = [what for what in selftest._ATTACKS if what not in told]
    # Memory is limited and the environment empty without walls too, and only root is root.
    assert set(missed) <= {"takes memory beyond its limit", "sees the environment", "is root"}


def test_a_tier_that_leaks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "_missing", lambda tier: "")
    monkeypatch.setattr(selftest, "failure", lambda tier: "self-test: a program reads a file outside")
    tiers.choose.cache_clear()
    with pytest.raises(UserError, match=r"no isolation.*reads a file outside.*install bubblewrap.*isolation: none"):
        tiers.choose("auto")
    tiers.choose.cache_clear()


def test_without_any_tier_the_judge_refuses_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    tiers.choose.cache_clear()
    with pytest.raises(UserError, match="bubblewrap is not installed") as refused:
        tiers.choose("auto")
    assert "\n" not in str(refused.value)
    tiers.choose.cache_clear()


def test_asking_for_a_tier_never_gives_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    tiers.choose.cache_clear()
    with pytest.raises(UserError, match="bwrap: bubblewrap is not installed"):
        tiers.choose("bwrap")
    tiers.choose.cache_clear()


def test_an_unknown_machine_has_no_list_of_system_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
    assert not seccomp.is_known()
    assert "system calls" in tiers._missing("landlock")


def test_every_call_has_its_own_number_on_every_machine() -> None:
    for column in (0, 1):
        tables = (seccomp._ALLOWED, seccomp._GUARDED, seccomp._ZYGOTE, seccomp._OWN)
        numbers = [pair[column] for table in tables for pair in table.values() if pair[column] is not None]
        assert len(numbers) == len(set(numbers))


def test_a_jail_ends_with_its_judge(tmp_path: Path, tier: str) -> None:
    script = (
        "import os, sys\nfrom s3ft.sandbox import Jail\njail = Jail(sys.argv[1])\n"
        "print(jail._process.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, tier], capture_output=True, text=True)
    pid = int(run.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    else:
        pytest.fail("the jail outlived its judge")
