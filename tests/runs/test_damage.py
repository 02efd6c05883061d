"""Damaged files of a finished run, and Ctrl-C: every damage is named, and a repeat gives what an undisturbed run gives.

bench/chaos.py does more of it, over more moments and every kind of damage."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import tiny

RUN, ADAPTER = Path("runs/own"), "adapters/sft/seed-0"
COMMAND = [sys.executable, "-m", "s3ft", "run", "own.yaml"]


def start(folder):
    """The command in a session of its own, as a terminal starts it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # As a shell leaves it for what it starts in the background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        COMMAND, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def run(folder):
    process = start(folder)
    output, _ = process.communicate()
    return process.returncode, output


def prepare(folder):
    tiny.model_folder(folder / "model", tiny.tokenizer())
    for split, number in (("train", 8), ("validation", 2), ("test", 4)):
        rows = [{"prompt": f"{split}: what is {n} + 2?", "gold": f"The answer is {n + 2}."} for n in range(number)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = {
        "model": "model",
        "task": {"name": "rows", "path": {split: f"{split}.jsonl" for split in ("train", "validation", "test")}},
        "recipes": ["sft"],
        "sampling": {"max_tokens": 8},
        "train": {"epochs": 1, "learning_rate": 1e-2},
        "cache": "cache",
    }
    (folder / "own.yaml").write_text(yaml.safe_dump(asked))


def timeless(value):
    if not isinstance(value, dict):
        return value
    return {k: timeless(v) for k, v in value.items() if k not in ("seconds", "train_seconds", "resumed_from")}


def content(folder):
    """Everything that the run's result consists of, seconds apart."""
    files = [
        p
        for p in (folder / RUN).rglob("*")
        if p.is_file() and p.name not in (".lock", "log.txt", "report.md", "report.html")
    ]
    return {
        str(p.relative_to(folder / RUN)): timeless(json.loads(p.read_text())) if p.suffix == ".json" else p.read_bytes()
        for p in files
    }


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run stopped by Ctrl-C while it builds: the folder, the exit code, the output, whether a process was left."""
    folder = tmp_path_factory.mktemp("damage")
    prepare(folder)
    process = start(folder)
    until = time.monotonic() + 300
    while not (folder / RUN / "records" / "sft.jsonl.partial").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return folder, process.returncode, output, False
    return folder, process.returncode, output, True


@pytest.fixture(scope="module")
def done(stopped):
    folder, *_ = stopped
    code, output = run(folder)
    assert code == 0, output
    return folder, content(folder)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def garble(path):
    path.write_bytes(bytes(range(256)) * 8)


def zero(path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(512))


DAMAGE = {
    "config.yaml": cut,
    "versions.json": Path.unlink,
    "data/train.jsonl": cut,
    "train/sft.jsonl": Path.unlink,
    f"{ADAPTER}/adapter_model.safetensors": zero,
    "evals/base.json": empty,
    "evals/sft-seed-0.samples.jsonl": garble,
    "report.json": garble,
    "../../cache/generations.sqlite": garble,
}
"""Damage that does not hide other damage."""


def test_ctrl_c_in_a_stage_is_one_line_and_leaves_no_process(stopped):
    _, code, output, left = stopped
    assert code == 130, output
    assert output.splitlines()[-1] == "s3ft: stopped; repeat the command to go on"
    assert "Traceback" not in output
    assert not left


def test_every_damage_is_named_and_a_repeat_is_as_if_nothing_had_happened(done):
    folder, undisturbed = done
    for name, damage in DAMAGE.items():
        damage(folder / RUN / name)
    code, output = run(folder)
    assert code == 0, output
    assert "Traceback" not in output
    for name in DAMAGE:
        # Reports are written by every command, and the cache is named as in the config.
        says = f"{RUN}/{name}: " if not name.startswith(("report", "..")) else Path(name).stem
        assert says in output, output
    assert content(folder) == undisturbed
