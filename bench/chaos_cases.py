"""The cases of bench/chaos.py: moments by name, and the damage that is done to files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Moment:
    """When harm is done; see bench/chaos_hook.py."""

    place: str
    event: str
    path: str
    at: int = 1
    in_worker: bool = False


def _write(place: str, path: str, at: int = 1) -> Moment:
    return Moment(place, "open", path, at)


def _rename(place: str, path: str) -> Moment:
    return Moment(place, "os.rename", path)


def _import(place: str, module: str) -> Moment:
    return Moment(place, "import", module, in_worker=True)


ADAPTER, RUN = "adapters/s3ft/seed-0", "runs/quickstart"
ANSWER = Moment("build: an answer is kept", "insert", "", 5, in_worker=True)
MEASURED = Moment("evaluate: an answer is kept", "insert", "", 3, in_worker=True)
HARNESS = _import("evaluate: a benchmark begins", "lm_eval.evaluator")
STEP = _write("train: a step is logged", f"{ADAPTER}.partial/log.jsonl", 4)
CHECKPOINT = _write("train: a checkpoint is written", f"{ADAPTER}.partial/checkpoint-6/trainer_state.json")
COMPLETED = _rename("train: a checkpoint is complete", f"{ADAPTER}.partial/checkpoint-7/complete")

KILLS = [
    _write("data: rows are written", "data.partial/train.jsonl.partial"),
    _rename("data: the folder gets its name", f"{RUN}/data"),
    _rename("opening: versions.json", "versions.json"),
    _rename("opening: config.yaml", "config.yaml"),
    _write("build: records begin", "records/s3ft.jsonl.partial"),
    ANSWER,
    _rename("build: training file", "train/s3ft.jsonl"),
    _rename("build: records", "records/s3ft.jsonl"),
    _rename("build: summary", "records/s3ft.json"),
    _write("train: begins", "setting.json.partial"),
    STEP,
    CHECKPOINT,
    COMPLETED,
    _rename("train: digests", f"{ADAPTER}.partial/s3ft.json"),
    _rename("train: the adapter gets its name", ADAPTER),
    MEASURED,
    HARNESS,
    _rename("evaluate: samples", "evals/base.samples.jsonl"),
    _rename("evaluate: scores", "evals/base.json"),
    _rename("evaluate: scores of the adapter", "evals/s3ft-seed-0.json"),
    _rename("report: report.json", "report.json"),
    _import("report: picture", "s3ft.report.plot"),
    _rename("report: report.svg", "report.svg"),
    _rename("report: report.md", "report.md"),
]
SWEEP_KILLS = [
    _write("sweep: a step is logged", "0.008-r8/seed-1000.partial/log.jsonl", 3),
    Moment("sweep: an answer is kept", "insert", "", 2, in_worker=True),
    _rename("sweep: the choice", "sweep/s3ft.json"),
]
WORKER_KILLS = [ANSWER, STEP, HARNESS, _import("report: picture", "s3ft.report.plot")]

STOPS = [
    (_write("data: rows are written", "data.partial/train.jsonl.partial"), "int"),
    (_import("build: a stage starts", "cyclopts"), "int"),
    (_import("build: imports", "torch"), "term"),
    (ANSWER, "int"),
    (_rename("build: summary", "records/s3ft.json"), "term"),
    (_import("train: imports", "trl"), "int"),
    (STEP, "term"),
    (CHECKPOINT, "int"),
    (MEASURED, "term"),
    (HARNESS, "int"),
    (_import("report: picture", "s3ft.report.plot"), "int"),
    (_rename("report: report.md", "report.md"), "term"),
]

FULL = [
    (_write("data: rows", "data.partial/train.jsonl.partial"), "runs"),
    (_write("opening: versions.json", "versions.json.partial"), "runs"),
    (_write("opening: config.yaml", "config.yaml.partial"), "runs"),
    (Moment("cache: opened", "open", "generations.sqlite"), "cache"),
    (ANSWER, "cache"),
    (_write("build: records", "records/s3ft.jsonl.partial"), "runs"),
    (_write("build: summary", "records/s3ft.json.partial"), "runs"),
    (_write("log.txt", "log.txt"), "runs"),
    (_write("train: setting", "setting.json.partial"), "runs"),
    (STEP, "runs"),
    (CHECKPOINT, "runs"),
    (_write("train: adapter_config.json", f"{ADAPTER}.partial/adapter_config.json"), "runs"),
    (_write("train: digests", "s3ft.json.partial"), "runs"),
    (MEASURED, "cache"),
    (_write("evaluate: samples", "base.samples.jsonl.partial"), "runs"),
    (_write("evaluate: scores", "s3ft-seed-0.json.partial"), "runs"),
    (_write("report: report.json", "report.json.partial"), "runs"),
    (_write("report: report.svg", "report.svg.partial"), "runs"),
    (_write("report: report.md", "report.md.partial"), "runs"),
]
"""(moment, the file system that is full)."""


@dataclass(frozen=True)
class Damage:
    """One file damaged, and the texts one of which must be in the output of the next command."""

    file: str
    kind: str
    says: tuple[str, ...] = ()
    run: str = "done"
    """The run that is copied: done, swept, partial (with checkpoints) or logged (with a write-ahead log)."""
    without: tuple[str, ...] = ()
    """Parts of the run that are removed too, so that the file is read."""

    def do(self, case: Path) -> None:
        KINDS[self.kind](case / self.file)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 8)


def _zeroed(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(4096))


def _changed(path: Path) -> None:
    """Another answer in the cache, in sound JSON."""
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("""UPDATE kept SET value = replace(value, '"text": "', '"text": "not ')""")


def _mangled(path: Path) -> None:
    """Values of the cache that are no JSON, in a sound file."""
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE kept SET value = substr(value, 1, length(value) / 2)")


KINDS: dict[str, Callable[[Path], None]] = {
    "cut": _cut,
    "emptied": lambda path: os.truncate(path, 0),
    "garbage": _garbage,
    "removed": Path.unlink,
    "zeroed": _zeroed,
    "changed": _changed,
    "mangled": _mangled,
}
ALL = ("cut", "emptied", "garbage", "removed")


def _damages(files: dict[str, str], kinds: tuple[str, ...] = ALL, folder: str = RUN, run: str = "done") -> list[Damage]:
    """Every kind for every file. A removed file that no other one names is named by what is made again."""
    return [
        Damage(f"{folder}/{file}", kind, (file, *([again] if kind == "removed" and again else ())), run)
        for file, again in files.items()
        for kind in kinds
    ]


CHECKPOINTED = ["adapter_model.safetensors", "optimizer.pt", "trainer_state.json", "scheduler.pt", "rng_state.pth"]
STORE = "generations.sqlite"
SWEPT = "sweep/s3ft/0.008-r8/seed-1000"
MADE = ("report: runs/quickstart/report.html, runs/quickstart/report.md",)
TRAINED = ("train s3ft seed 0, ",)

DAMAGES: list[Damage] = [
    *_damages({"config.yaml": "", "versions.json": ""}),
    *_damages({f"data/{name}": "" for name in ("test.jsonl", "train.jsonl", "validation.jsonl", "splits.json")}),
    *_damages({"records/s3ft.jsonl": "", "train/s3ft.jsonl": "", "records/s3ft.json": "build s3ft: "}),
    Damage(f"{RUN}/{ADAPTER}/adapter_model.safetensors", "zeroed", ("adapter_model.safetensors",)),
    *_damages({f"{ADAPTER}/s3ft.json": TRAINED[0]}),
    *_damages({f"{ADAPTER}/{n}": "" for n in ("adapter_model.safetensors", "adapter_config.json", "log.jsonl")}),
    *_damages({f"evals/{arm}.samples.jsonl": "" for arm in ("base", "s3ft-seed-0")}),
    *_damages({f"evals/{arm}.json": f"evaluate {arm}: " for arm in ("base", "s3ft-seed-0")}),
    *(Damage(f"{RUN}/{n}", kind, MADE) for n in ("report.json", "report.md", "report.svg", "log.txt") for kind in ALL),
    *_damages({"sweep/s3ft.json": "sweep s3ft: "}, run="swept"),
    *(
        Damage(f"{RUN}/{SWEPT}/{name}", kind, (name, "train s3ft seed 1000, "), "swept", ("sweep/s3ft.json",))
        for name in ("adapter_model.safetensors", "s3ft.json")
        for kind in ALL
    ),
    *(Damage(f"cache/{STORE}", k, (f"cache cache/{STORE}",), without=("records",)) for k in KINDS if k != "removed"),
    Damage(f"cache/{STORE}", "removed", ("build s3ft: ",), without=("records",)),
    *(Damage(f"cache/{STORE}-wal", kind, ("build s3ft: ",), "logged", ("records",)) for kind in ALL),
    *_damages({f"{ADAPTER}.partial/checkpoint-6/{n}": "" for n in CHECKPOINTED}, ALL, run="partial"),
    *_damages({f"{ADAPTER}.partial/setting.json": ""}, ALL, run="partial"),
    *(Damage(f"{RUN}/{ADAPTER}.partial/log.jsonl", kind, TRAINED, "partial") for kind in ALL),
]
"""Reports and the log are written by every command, the log of a killed training comes from its checkpoint, and SQLite
itself drops what is damaged in its write-ahead log: the result is checked, no line that names the file is asked for."""
