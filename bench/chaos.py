"""What a real run survives: python bench/chaos.py [damage] [kill] [stage] [sweep] [stop] [full] [together] [--groups N]

The quickstart made small, harmed at moments that have names: killed (-9), stopped (Ctrl-C, SIGTERM), its disk full, its
files damaged, two commands at once. The command is then repeated, and the result must be that of an undisturbed run,
byte for byte, seconds apart. The table shows what was done how often; lost: results that differ or were made again
without need; silent: damage or a stop that no line names; tracebacks: tracebacks seen. Full disks need the right to
mount. Writes bench/chaos.json, in which sections that were not asked for stay."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import chaos_cases as cases
from chaos_cases import Moment
from chaos_run import content, difference, ended, finished, mounted, num_kept, start

SWEEP = "sweep={learning_rate: [8e-3], rows: 4}"
COUNTS = ("times", "lost", "silent", "tracebacks")


@dataclass
class Row:
    """A line of the table."""

    place: str
    kind: str
    times: int = 1
    lost: int = 0
    silent: int = 0
    tracebacks: int = 0
    note: str = ""


class Bench:
    """A folder with an undisturbed run, and the rows of the table so far by section."""

    def __init__(self, folder: Path, out: Path) -> None:
        self.folder, self.out, self.section = folder, out, ""
        self.kept: dict[str, Any] = json.loads(out.read_text()) if out.is_file() else {}
        self.done = self.undisturbed("done")
        self.expected = content(self.done / cases.RUN)

    def undisturbed(self, name: str, *more: str) -> Path:
        case = self.case(name)
        code, output = ended(start(case, *more))
        if code:
            raise SystemExit(f"the undisturbed run failed:\n{output}")
        return case

    def case(self, name: str, copied: Path | None = None) -> Path:
        case = self.folder / name
        shutil.rmtree(case, ignore_errors=True)
        if copied is None:
            case.mkdir()
        else:
            shutil.copytree(copied, case)
        return case

    def add(self, row: Row, output: str = "") -> None:
        row.tracebacks += output.count("Traceback (most recent call last)")
        rows = self.kept.setdefault(self.section, {"seconds": 0, "rows": []})["rows"]
        rows.append(asdict(row))
        self.save()
        bad = row.lost or row.silent or row.tracebacks
        print(show(row) + (f"\n{output}" if bad else ""), flush=True)

    def save(self) -> None:
        self.out.write_text(json.dumps(self.kept, indent=1) + "\n")

    def chain(self, case: Path, kind: str, moments: list[Any], harm: Callable[[Any, Row], str], *more: str) -> None:
        """Harm at one moment after another, each in a repeat of the command, then a repeat to the end."""
        rows = []
        for moment in moments:
            row = Row("", kind)
            before = finished(case), num_kept(case)
            output = harm(moment, row)
            now = finished(case)
            row.lost += sum(now.get(p) != time for p, time in before[0].items()) + (num_kept(case) < before[1])
            if not (case / "fired").exists():
                row.note = (row.note + " the moment did not come").strip()
                row.lost += 1
            self.add(row, output)
            rows.append(now)
        code, output = ended(start(case, *more))
        last, expected = Row("repeated to the end", kind), self.expected
        if more:
            expected = content(self.undisturbed("swept", *more) / cases.RUN)
        differing = difference(case / cases.RUN, expected)
        again = {str(p) for now in rows for p, time in now.items() if p.stat().st_mtime_ns != time}
        last.lost, last.note = len(differing) + len(again) + (code != 0), ", ".join([*differing, *again])
        self.add(last, output)


def kill(bench: Bench) -> None:
    case = bench.case("kill")

    def harm(moment: Moment, row: Row) -> str:
        row.place = moment.place
        return ended(start(case, moment=moment, action="kill"))[1]

    bench.chain(case, "kill -9", cases.KILLS, harm)


def stage(bench: Bench) -> None:
    """A stage's process is killed, the command that started it is not."""
    case = bench.case("stage")

    def harm(moment: Moment, row: Row) -> str:
        row.place = moment.place
        code, output = ended(start(case, moment=moment, action="worker"))
        row.silent = int("ended by signal 9" not in output or code != 137)
        return output

    bench.chain(case, "kill -9 of a stage", cases.WORKER_KILLS, harm)


def sweep(bench: Bench) -> None:
    case = bench.case("sweep")
    shutil.copytree(bench.done / "cache", case / "cache")

    def harm(moment: Moment, row: Row) -> str:
        row.place = moment.place
        return ended(start(case, SWEEP, moment=moment, action="kill"))[1]

    bench.chain(case, "kill -9", cases.SWEEP_KILLS, harm, SWEEP)


def stop(bench: Bench) -> None:
    case = bench.case("stop")

    def harm(planned: tuple[Moment, str], row: Row) -> str:
        moment, action = planned
        row.place, row.kind = moment.place, "Ctrl-C" if action == "int" else "SIGTERM"
        process = start(case, moment=moment, action=action)
        code, output = ended(process)
        line = "s3ft: stopped; repeat the command to go on"
        row.silent = int(code != 130 or output.count(line) != 1 or output.splitlines()[-1] != line)
        try:
            os.killpg(process.pid, signal.SIGKILL)
            row.lost, row.note = 1, "left processes behind"
        except ProcessLookupError:
            pass
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


def with_partial(bench: Bench) -> Path:
    """The finished run with the checkpoints of a killed training and a write-ahead log of the cache beside it."""
    case = bench.case("partial", bench.done)
    shutil.rmtree(case / cases.RUN / "adapters")
    ended(start(case, moment=cases.COMPLETED, action="kill"))
    adapter = Path(cases.RUN) / cases.ADAPTER
    shutil.copytree(bench.done / adapter, case / adapter)
    with closing(sqlite3.connect(case / "cache" / cases.STORE)) as store:
        rows = store.execute("SELECT key, value FROM kept").fetchall()
        with store:
            store.execute("DELETE FROM kept")
            store.executemany("INSERT INTO kept VALUES (?, ?)", rows)
        kept = (case / "cache" / f"{cases.STORE}-wal").read_bytes()
    (case / "cache" / f"{cases.STORE}-wal").write_bytes(kept)
    return case


def damage(bench: Bench, most: int | None = None) -> None:
    source = with_partial(bench)
    for number, group in enumerate(cases.groups()[:most]):
        case = bench.case("damage", source)
        if not any(harm.file.endswith("-wal") for harm in group):
            (case / "cache" / f"{cases.STORE}-wal").unlink()
        for harm in group:
            harm.do(case)
        code, output = ended(start(case))
        differing = difference(case / cases.RUN, bench.expected)
        for harm in group:
            lost = [n for n in differing if harm.file.endswith(n)]
            silent = not any(text in output for text in harm.says)
            bench.add(Row(harm.file, harm.kind, lost=len(lost), silent=silent))
        bench.add(
            Row(f"group {number}", "repeat", lost=len(differing) + (code != 0), note=", ".join(differing)), output
        )


def together(bench: Bench) -> None:
    case = bench.case("one run")
    processes = [start(case), start(case)]
    results = [ended(p) for p in processes]
    refused = [o for code, o in results if code == 2 and "another s3ft is at work here" in o]
    well = len(refused) + sum(code == 0 for code, _ in results) == 2 and len(refused) < 2
    differing = difference(case / cases.RUN, bench.expected)
    bench.add(
        Row("one run", "two commands", lost=len(differing), silent=int(not well)), "\n".join(o for _, o in results)
    )
    case = bench.case("one cache")
    results = [ended(p) for p in [start(case), start(case, "--name", "other")]]
    differing = [n for name in ("quickstart", "other") for n in difference(case / "runs" / name, bench.expected)]
    failed = sum(code != 0 for code, _ in results)
    bench.add(Row("one cache", "two runs", lost=len(differing) + failed), "\n".join(o for _, o in results))


def show(row: Row) -> str:
    counts = f"{row.times:>5} {row.lost:>4} {row.silent:>6} {row.tracebacks:>10}"
    return f"{row.place:<62} {row.kind:<18} {counts}  {row.note}".rstrip()


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
    parser.add_argument("--groups", type=int, help="how many groups of damaged files; default: all")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "chaos.json")
    asked = parser.parse_args()
    # Shells ignore Ctrl-C in what they start in the background, and what it starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(f"{'place':<62} {'kind':<18} times lost silent tracebacks")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), asked.out)
        for name in asked.sections or SECTIONS:
            begun, bench.section = time.monotonic(), name
            bench.kept.pop(name, None)
            if name == "damage":
                damage(bench, asked.groups)
            else:
                SECTIONS[name](bench)
            bench.kept[name]["seconds"] = round(time.monotonic() - begun)
    bench.save()
    rows = [row for section in bench.kept.values() for row in section["rows"]]
    total = Row("all sections so far", "", *(sum(r[n] for r in rows) for n in COUNTS))
    print(show(total))
    sys.exit(bool(total.lost or total.silent or total.tracebacks))


if __name__ == "__main__":
    main()
