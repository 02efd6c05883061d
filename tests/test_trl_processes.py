"""The trainer in two processes: the first one generates and judges, the other waits for what it made."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import tiny

SCRIPT = """
import json, os, signal, sys
from pathlib import Path

import s3ft
from s3ft.types import Verdict

model, out, failing = sys.argv[1:]
rank = int(os.environ["RANK"])
asked = 0

def judge(example, completion):
    global asked
    asked += 1
    if failing == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return Verdict(None if failing == "undecided" else True)

rows = ({"prompt": f"What is {n} + 2?", "completion": f"It is {n + 2}."} for n in range(40))
held_out = [{"prompt": "Hello", "completion": "Yes."}]
settings = {"answer_tokens": 8, "max_steps": 6, "use_cpu": True, "bf16": False, "report_to": "none"}
args = s3ft.S3FTConfig(out, per_device_train_batch_size=2, **settings)
trainer = s3ft.S3FTTrainer(model, args=args, train_dataset=rows, eval_dataset=held_out, judge=judge)
ids = [row["input_ids"] for row in trainer.train_dataset]
trainer.train()
loss = trainer.evaluate()["eval_loss"]
found = {"asked": asked, "ids": ids, "records": len(trainer.s3ft_records), "loss": loss}
Path(out, f"{rank}.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


def started(model: Path, out: Path, failing: str = "") -> list[tuple[int, str]]:
    """Exit code and stderr of both processes; nothing but themselves ends them."""
    out.mkdir()
    (out / "script.py").write_text(SCRIPT)
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = str(found.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": port, "ACCELERATE_USE_CPU": "true"}
    shared |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "LOCAL_WORLD_SIZE": "2"}
    both = [
        subprocess.Popen(
            [sys.executable, str(out / "script.py"), str(model), str(out), failing],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=150)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    return [(process.returncode, text) for process, text in zip(both, said, strict=True)]


def test_the_first_process_makes_the_targets_of_both(model: Path, tmp_path: Path) -> None:
    ended = started(model, tmp_path / "out")
    assert [code for code, _ in ended] == [0, 0], ended
    first, other = (json.loads((tmp_path / "out" / f"{rank}.json").read_text()) for rank in range(2))
    assert first["asked"] >= 8
    assert other["asked"] == 0
    assert {**first, "asked": 0} == other
    assert first["records"] == 24  # six steps of two rows in each of two processes


@pytest.mark.parametrize(
    ("failing", "says"),
    [("undecided", "the first process failed: "), ("killed", "the first process ended before the targets were made")],
)
def test_a_first_process_that_fails_ends_the_other(model: Path, tmp_path: Path, failing: str, says: str) -> None:
    (_, (code, said)) = started(model, tmp_path / "out", failing)
    assert code == 1
    assert says in said
