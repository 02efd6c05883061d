"""Processes side by side: an error that all of them have is shown once, another one is not lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from s3ft import processes

SCRIPT = """
import os, sys
from s3ft import processes
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
