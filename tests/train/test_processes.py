"""Training that is killed, and training by several processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tiny
from s3ft.train import sft
from train import script

TESTS = str(Path(__file__).parents[1])
SCRIPT = [str(Path(script.__file__))]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


def started(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": TESTS}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_killed_run_goes_on_and_ends_in_the_same_adapter(model: Path, tmp_path: Path) -> None:
    whole = script.run(model, tmp_path / "whole")
    killed = started([sys.executable, *SCRIPT, str(model), str(tmp_path / "out"), "4", "0.1"])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    partial = tmp_path / "out.partial"
    assert not (tmp_path / "out").exists()
    assert (partial / "checkpoint-3" / sft.COMPLETE).is_file()
    # As a kill in the middle of a checkpoint leaves it.
    shutil.copytree(partial / "checkpoint-3", partial / "checkpoint-5")
    (partial / "checkpoint-5" / sft.COMPLETE).unlink()
    (partial / "checkpoint-5" / "optimizer.pt").write_bytes(b"half")
    again = script.run(model, tmp_path / "out")
    assert (whole["resumed_from"], again["resumed_from"]) == (0, 3)
    assert losses(tmp_path / "out") == losses(tmp_path / "whole")
    one, two = (load_file(tmp_path / n / "adapter_model.safetensors") for n in ("whole", "out"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[k], two[k]) for k in one)


def test_what_another_setting_left_is_not_gone_on_from(model: Path, tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    (partial / "checkpoint-3").mkdir(parents=True)
    (partial / "checkpoint-3" / sft.COMPLETE).touch()
    (partial / "setting.json").write_text('"of another run"')
    assert script.run(model, tmp_path / "out")["resumed_from"] == 0
    assert not partial.exists()


def test_two_processes_have_the_losses_of_one(model: Path, tmp_path: Path) -> None:
    script.run(model, tmp_path / "one", dropout=0.0)
    # Without MPI, accelerate starts several processes only where it is told of GPUs; training is told of the CPU.
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    port = ["--main_process_port", "0", "--mixed_precision", "no", "--dynamo_backend", "no"]
    two = started([sys.executable, *launch, *port, *SCRIPT, str(model), str(tmp_path / "two"), "0", "0.0"])
    assert two.returncode == 0, two.stderr
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)
    facts = json.loads((tmp_path / "two" / "s3ft.json").read_text())
    assert facts["processes"] == 2
