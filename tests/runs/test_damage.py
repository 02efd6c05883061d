"""Damaged files of a finished run, and Ctrl-C: every damage is named, and a repeat gives what an undisturbed run gives.

bench/chaos.py does more of it, over more moments and every kind of damage."""

import json
import os
import shutil
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
    files = [p for p in (folder / RUN).rglob("*") if p.is_file() and p.name not in (".lock", "log.txt", "report.md")]
    return {
        str(p.relative_to(folder / RUN)): timeless(json.loads(p.read_text())) if p.suffix == ".json" else p.read_bytes()
        for p in files
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage")
    prepare(folder)
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


REMOVED = Path.unlink

GROUPS = [
    {
        "config.yaml": garble,
        "versions.json": cut,
        "data/train.jsonl": cut,
        "records/sft.jsonl": cut,
        f"{ADAPTER}/adapter_model.safetensors": zero,
        "evals/base.json": empty,
        "evals/sft-seed-0.samples.jsonl": cut,
        "report.json": garble,
        "../../cache/generations.sqlite": garble,
    },
    {
        "config.yaml": REMOVED,
        "versions.json": REMOVED,
        "data/splits.json": garble,
        "train/sft.jsonl": REMOVED,
        f"{ADAPTER}/adapter_config.json": cut,
        "evals/base.samples.jsonl": empty,
        "evals/sft-seed-0.json": cut,
        "report.md": REMOVED,
        "../../cache/generations.sqlite": empty,
    },
]
"""Damage that does not hide other damage."""


@pytest.mark.parametrize("group", GROUPS)
def test_every_damage_is_named_and_a_repeat_is_as_if_nothing_had_happened(done, tmp_path, group):
    folder, undisturbed = done
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    for name, damage in group.items():
        damage(tmp_path / RUN / name)
    code, output = run(tmp_path)
    assert code == 0, output
    assert "Traceback" not in output
    for name in group:
        # Reports are written by every command.
        says = f"{RUN}/{name}: " if not name.startswith(("report", "..")) else Path(name).stem
        assert says in output, output
    assert content(tmp_path) == undisturbed


def test_ctrl_c_in_a_stage_is_one_line_leaves_no_process_and_a_repeat_at_once_goes_on(done, tmp_path):
    folder, undisturbed = done
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    shutil.rmtree(tmp_path / RUN / "adapters")
    process = start(tmp_path)
    until = time.monotonic() + 300
    while not list((tmp_path / RUN).glob("adapters/sft/seed-0.partial/*")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 130, output
    assert output.splitlines()[-1] == "s3ft: stopped; repeat the command to go on"
    assert "Traceback" not in output
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    code, output = run(tmp_path)
    assert code == 0, output
    assert content(tmp_path) == undisturbed
