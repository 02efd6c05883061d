"""Processes side by side: an error that all of them have is shown once, another one is not lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from s3ft import processes
from s3ft.config import parse
from s3ft.runs import stages
from s3ft.runs.directory import Run

SCRIPT = """
import os, sys
from s3ft import processes
from s3ft.config import parse
from s3ft.runs import stages
from s3ft.runs.directory import Run
number = processes.part()[0]
codes = {codes}
if codes[number]:
    print(f"s3ft: worker {{number}} failed", file=processes.errors(), flush=True)
sys.exit(codes[number])
"""


@pytest.mark.parametrize(
    ("codes", "shown", "ended"),
    [
        ((2, 2, 2), ["s3ft: worker 0 failed"], 2),
        ((0, 2), ["s3ft: worker 1 failed"], 2),
        ((2, 1), ["s3ft: worker 0 failed", "s3ft: worker 1 failed"], 2),
        ((0, 0), [], 0),
    ],
)
def test_an_error_of_all_is_shown_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    codes: tuple[int, ...],
    shown: list[str],
    ended: int,
) -> None:
    (tmp_path / "failing.py").write_text(SCRIPT.format(codes=codes))
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), *sys.path]))
    waited: list[bool] = []
    with processes.locked(tmp_path) as lock:
        code = processes.run_workers(["failing"], len(codes), tmp_path, lock, None, lambda: waited.append(True))
    assert code == ended
    assert capfd.readouterr().err.splitlines() == shown


@pytest.fixture
def four_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidia3", "nvidiactl"):
        (tmp_path / name).touch()
    monkeypatch.setattr(processes, "DEVICES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_processes_side_by_side_have_a_gpu_each(
    four_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert processes.gpus() == ["0", "1", "2", "3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8")
    script = "import os; open(os.environ['S3FT_PART'][0], 'w').write(os.environ['CUDA_VISIBLE_DEVICES'])"
    (tmp_path / "telling.py").write_text(script)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (tmp_path / ".lock").open("w") as lock:
        assert processes.run_workers(["telling"], 2, tmp_path, lock) == 0
    assert [(tmp_path / name).read_text() for name in "01"] == ["3", "GPU-8"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert processes.gpus() == []


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, 4),
        ({"seeds": [0]}, 2),
        ({"backend": {"name": "transformers", "device": "cuda:1"}}, 1),
        ({"train": {"device": "cuda:1"}}, 1),
        ({"backend": "vllm"}, 1),
    ],
)
def test_a_run_takes_the_gpus_that_its_config_leaves_to_it(
    four_gpus: None, tmp_path: Path, changes: dict[str, object], parts: int
) -> None:
    run = Run(parse({"model": "lab", "task": "lab", "seeds": [0, 1, 2], **changes}), tmp_path)
    assert stages.num_parts(run) == parts
