"""What a real run survives: python bench/chaos.py [together] [kill] [stage] [sweep] [stop] [full] [damage]

The quickstart made small, harmed at moments that have names: killed (-9), stopped (Ctrl-C, SIGTERM), its disk full, its
files damaged, two commands at once. The command is then repeated, and the result must be that of an undisturbed run,
byte for byte, seconds apart. The table shows what was done how often; lost: results that differ or were made again
without need; silent: damage or a stop that no line names; tracebacks: tracebacks seen. Full disks need the right to
mount. Writes bench/chaos.json after every case, and goes on from there as long as the code is the same; about ten
minutes on one core."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import chaos_cases as cases
from chaos_cases import Damage, Moment
from chaos_run import SWEEP, difference, ended, mounted, start
from chaos_table import COUNTS, HERE, Bench, Row


def _folder(bench: Bench, name: str) -> Path:
    """The folder of a chain: as it was left, or a new one."""
    case = bench.folder / name
    return case if (case / "chain.json").is_file() else bench.case(name)


def kill(bench: Bench) -> None:
    case = _folder(bench, "kill")

    def harm(moment: Moment, row: Row) -> str:
        row.place = moment.place
        return ended(start(case, moment=moment, action="kill"))[1]

    bench.chain(case, "kill -9", cases.KILLS, harm)


def stage(bench: Bench) -> None:
    """A stage's process is killed, the command that started it is not."""
    case = _folder(bench, "stage")

    def harm(moment: Moment, row: Row) -> str:
        row.place = moment.place
        code, output = ended(start(case, moment=moment, action="worker"))
        row.silent = int("ended by signal 9" not in output or code != 137)
        return output

    bench.chain(case, "kill -9 of a stage", cases.WORKER_KILLS, harm)


def sweep(bench: Bench) -> None:
    case = _folder(bench, "sweep")
    if not (case / "cache").exists():
        shutil.copytree(bench.done() / "cache", case / "cache")

    def harm(moment: Moment, row: Row) -> str:
        row.place = moment.place
        return ended(start(case, SWEEP, moment=moment, action="kill"))[1]

    bench.chain(case, "kill -9", cases.SWEEP_KILLS, harm, SWEEP)


def _is_left(group: int) -> bool:
    """Whether processes of a command outlive it by five seconds: a judge's own ends when its input does. They are
    killed."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    return True


def stop(bench: Bench) -> None:
    case = _folder(bench, "stop")

    def harm(planned: tuple[Moment, str], row: Row) -> str:
        moment, action = planned
        row.place, row.kind = moment.place, "Ctrl-C" if action == "int" else "SIGTERM"
        process = start(case, moment=moment, action=action)
        code, output = ended(process)
        line = "s3ft: stopped; repeat the command to go on"
        row.silent = int(code != 130 or output.count(line) != 1 or output.splitlines()[-1] != line)
        if _is_left(process.pid):
            row.lost, row.note = 1, "left processes behind"
        row.note += f" exit {code}" if code != 130 else ""
        return output

    bench.chain(case, "stop", cases.STOPS, harm)


def full(bench: Bench) -> None:
    case = bench.case("full")

    def harm(planned: tuple[Moment, str], row: Row) -> str:
        moment, folder = planned
        row.place, row.kind = f"{moment.place} ({folder})", "disk full"
        code, output = ended(start(case, moment=moment, action="fill", folder=folder))
        (case / folder / "filler").unlink(missing_ok=True)
        lines = [line for line in output.splitlines() if line.startswith("s3ft: ")]
        row.silent = int(code != 2 or len(lines) != 1 or "free some" not in lines[0])
        row.note = f"exit {code}" if code != 2 else ""
        return output

    try:
        with mounted(case / "runs"), mounted(case / "cache"):
            bench.chain(case, "disk full", cases.FULL, harm)
    except subprocess.CalledProcessError as error:
        print(f"disk full: not tried, no right to mount ({error.stderr.decode().strip()})")


def _partial(bench: Bench) -> Path:
    """The finished run with the checkpoints of a killed training beside it."""

    def make(case: Path) -> None:
        shutil.copytree(bench.done(), case, dirs_exist_ok=True)
        (case / "ready").unlink()
        shutil.rmtree(case / cases.RUN / "adapters")
        ended(start(case, moment=cases.COMPLETED, action="kill"))

    return bench.template("partial", make)


def _logged(bench: Bench) -> Path:
    """The finished run with a write-ahead log of the cache beside it, in which all of its rows stand."""

    def make(case: Path) -> None:
        shutil.copytree(bench.done(), case, dirs_exist_ok=True)
        (case / "ready").unlink()
        with closing(sqlite3.connect(case / "cache" / cases.STORE)) as store:
            rows = store.execute("SELECT key, value FROM kept").fetchall()
            with store:
                store.execute("DELETE FROM kept")
                store.executemany("INSERT INTO kept VALUES (?, ?)", rows)
            kept = (case / "cache" / f"{cases.STORE}-wal").read_bytes()
        (case / "cache" / f"{cases.STORE}-wal").write_bytes(kept)

    return bench.template("logged", make)


def damage(bench: Bench) -> None:
    """Each damage by itself, in a copy of a finished run."""
    made: dict[str, Callable[[], Path]] = {
        "done": bench.done,
        "swept": lambda: bench.done("swept", SWEEP),
        "partial": lambda: _partial(bench),
        "logged": lambda: _logged(bench),
    }
    for harm in cases.DAMAGES:
        if not bench.has(harm.file, harm.kind):
            _damaged(bench, harm, made[harm.run]())


def _damaged(bench: Bench, harm: Damage, source: Path) -> None:
    begun, case = time.monotonic(), bench.case("damage", source)
    (case / "ready").unlink()
    for part in (case / cases.RUN / name for name in harm.without):
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    harm.do(case)
    more = [SWEEP] if harm.run == "swept" else []
    code, output = ended(start(case, *more))
    row = Row(harm.file, harm.kind, silent=int(not any(text in output for text in harm.says)))
    differing = difference(case / cases.RUN, bench.expected(*(("swept", SWEEP) if more else ())))
    row.lost, row.note = len(differing) + (code != 0), ", ".join(differing)
    bench.add(row, begun, output)


def together(bench: Bench) -> None:
    expected, begun = bench.expected(), time.monotonic()
    if not bench.has("one run", "two commands"):
        case = bench.case("one run")
        processes = [start(case, cold=True), start(case, cold=True)]
        results = [ended(p) for p in processes]
        refused = [o for code, o in results if code == 2 and "another s3ft is at work here" in o]
        well = len(refused) + sum(code == 0 for code, _ in results) == 2 and len(refused) < 2
        differing = difference(case / cases.RUN, expected)
        row = Row("one run", "two commands", lost=len(differing), silent=int(not well))
        bench.add(row, begun, "\n".join(o for _, o in results))
    begun = time.monotonic()
    if not bench.has("one cache", "two runs"):
        case = bench.case("one cache")
        processes = [start(case, cold=True), start(case, "--name", "other", cold=True)]
        results = [ended(p) for p in processes]
        differing = [n for name in ("quickstart", "other") for n in difference(case / "runs" / name, expected)]
        failed = sum(code != 0 for code, _ in results)
        row = Row("one cache", "two runs", lost=len(differing) + failed)
        bench.add(row, begun, "\n".join(o for _, o in results))


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "together": together,
    "kill": kill,
    "stage": stage,
    "sweep": sweep,
    "stop": stop,
    "full": full,
    "damage": damage,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="section", help="default: all")
    parser.add_argument("--out", type=Path, default=HERE / "chaos.json")
    parser.add_argument("--folder", type=Path, default=HERE.parent / "runs" / "chaos", help="where the cases lie")
    asked = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])
    sys.path.insert(0, str(HERE.parent / "src"))
    # Shells ignore Ctrl-C in what they start in the background, and what it starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(Row("place", "kind").shown().replace("    1    0      0          0", "times lost silent tracebacks"))
    bench = Bench(asked.folder.absolute(), asked.out)
    for name in asked.sections or SECTIONS:
        bench.section = name
        if not bench.has("repeated to the end", bench.rows[-1]["kind"] if bench.rows else ""):
            SECTIONS[name](bench)
    rows = [row for section in bench.kept.values() for row in section["rows"]]
    total = Row("all sections so far", "", *(sum(row[n] for row in rows) for n in COUNTS))
    print(total.shown())
    sys.exit(bool(total.lost or total.silent or total.tracebacks))


if __name__ == "__main__":
    main()
