"""The table of bench/chaos.py: its rows, kept after each case, and the folder in which the cases lie."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import chaos_cases as cases
from chaos_run import content, difference, ended, finished, num_kept, start

COUNTS = ("times", "lost", "silent", "tracebacks")
HERE = Path(__file__).parent


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
    seconds: float = 0.0

    def shown(self) -> str:
        counts = f"{self.times:>5} {self.lost:>4} {self.silent:>6} {self.tracebacks:>10}"
        return f"{self.place:<72} {self.kind:<18} {counts}  {self.note}".rstrip()


def code_digest() -> str:
    """The state of the code that the rows are about."""
    files = sorted([*(HERE.parent / "src" / "s3ft").rglob("*.py"), *HERE.glob("chaos*.py")])
    return hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files)).hexdigest()[:16]


class Bench:
    """A folder with undisturbed runs, and the rows so far by section, each with the state of the code that it is about;
    a section about other code is begun anew."""

    def __init__(self, folder: Path, out: Path) -> None:
        self.folder, self.out, self.section = folder, out, ""
        self.code = code = code_digest()
        self.kept: dict[str, Any] = json.loads(out.read_text()) if out.is_file() else {}
        if not (folder / code).exists():
            shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        (folder / code).touch()
        self._expected: dict[str, dict[str, Any]] = {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        if self.kept.get(self.section, {}).get("code") != self.code:
            self.kept[self.section] = {"code": self.code, "rows": []}
        found: list[dict[str, Any]] = self.kept[self.section]["rows"]
        return found

    def has(self, place: str, kind: str) -> bool:
        return any(row["place"] == place and row["kind"] == kind for row in self.rows)

    def template(self, name: str, make: Callable[[Path], None]) -> Path:
        """A folder that cases are copied from, made once."""
        case = self.folder / name
        if not (case / "ready").exists():
            shutil.rmtree(case, ignore_errors=True)
            case.mkdir()
            make(case)
            (case / "ready").touch()
        return case

    def done(self, name: str = "done", *more: str) -> Path:
        """A finished run that nothing disturbed."""

        def make(case: Path) -> None:
            code, output = ended(start(case, *more, cold=not more))
            if code:
                raise SystemExit(f"the undisturbed run failed:\n{output}")

        return self.template(name, make)

    def expected(self, name: str = "done", *more: str) -> dict[str, Any]:
        if name not in self._expected:
            self._expected[name] = content(self.done(name, *more) / cases.RUN)
        return self._expected[name]

    def case(self, name: str, copied: Path | None = None) -> Path:
        case = self.folder / name
        shutil.rmtree(case, ignore_errors=True)
        if copied is None:
            case.mkdir()
        else:
            shutil.copytree(copied, case)
        return case

    def add(self, row: Row, begun: float, output: str = "") -> None:
        row.tracebacks += output.count("Traceback (most recent call last)")
        row.seconds = round(time.monotonic() - begun, 1)
        self.rows.append(asdict(row))
        self.out.write_text(json.dumps(self.kept, indent=1) + "\n")
        bad = row.lost or row.silent or row.tracebacks
        print(row.shown() + (f"\n{output}" if bad else ""), flush=True)

    def chain(self, case: Path, kind: str, moments: list[Any], harm: Callable[[Any, Row], str], *more: str) -> None:
        """Harm at one moment after another, each in a repeat of the command, then a repeat to the end.

        It goes on after the last moment that has a row, if the folder is still as that one left it."""
        state = case / "chain.json"
        seen: list[dict[str, int]] = json.loads(state.read_text()) if state.is_file() else []
        if len(seen) != len(self.rows):
            self.rows.clear()
            seen = []
        for moment in moments[len(seen) :]:
            row, begun = Row("", kind), time.monotonic()
            before = finished(case), num_kept(case)
            output = harm(moment, row)
            now = finished(case)
            row.lost += sum(now.get(p) != time_ for p, time_ in before[0].items()) + (num_kept(case) < before[1])
            if not (case / "fired").exists():
                row.note = (row.note + " the moment did not come").strip()
                row.lost += 1
            seen.append(now)
            state.write_text(json.dumps(seen))
            self.add(row, begun, output)
        begun = time.monotonic()
        code, output = ended(start(case, *more))
        last, expected = Row("repeated to the end", kind), self.expected(*(("swept", *more) if more else ()))
        differing = difference(case / cases.RUN, expected)
        left = finished(case)
        again = {path for now in seen for path, time_ in now.items() if left.get(path) != time_}
        last.lost, last.note = len(differing) + len(again) + (code != 0), ", ".join([*differing, *sorted(again)])
        self.add(last, begun, output)
