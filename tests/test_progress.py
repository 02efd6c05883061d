"""What a command shows while it works: rows, what else is known, time left, and a line at least every so often."""

from __future__ import annotations

import time

import pytest

from s3ft import processes, progress
from s3ft.progress import Bar, duration


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 0.2)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def _some_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is said next, waited for on a busy machine."""
    until, found = time.monotonic() + 30, _lines(capsys)
    while not found and time.monotonic() < until:
        time.sleep(0.1)
        found = _lines(capsys)
    return found


def test_no_work_is_silent_for_long_with_a_bar_and_without(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        progress.working("opening the run")
        before = _some_lines(capsys)
        assert before
        assert all(line.startswith("opening the run: ") for line in before)
        with progress.progress("build", 10) as bar:
            bar.detail = lambda: "s3ft: 2 self accepted"
            bar(3)
            during = _some_lines(capsys)
        assert during
        assert all(line.startswith("build: 3/10 rows, s3ft: 2 self accepted, ") for line in during)
        assert "left" in during[0]
    finally:
        progress.working("")
    _lines(capsys)
    time.sleep(0.5)
    assert _lines(capsys) == []


def test_of_processes_side_by_side_the_first_one_speaks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3FT_PART", "1/2")
    progress.working("train")
    with progress.progress("train", 4) as bar:
        bar(4)
        time.sleep(0.5)
    assert _lines(capsys) == []
    monkeypatch.setenv("S3FT_PART", "0/2")
    with progress.progress("train", 4) as bar:
        bar(4)
    progress.working("")
    assert _lines(capsys)[-1].startswith("train (one of 2 side by side): 4 rows, ")


def test_the_time_left_of_the_run_is_this_stage_s_and_the_forecast_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = Bar("train", 100, "rows", done=50.0, began=time.monotonic() - 60)
    assert bar.left() == pytest.approx(60, abs=1)
    assert "60 s left" in bar.line()
    assert "run:" not in bar.line()
    monkeypatch.setenv("S3FT_AFTER", "540")
    assert processes.seconds_after() == 540
    assert bar.line().endswith("60 s left, run: 10 min left")


@pytest.mark.parametrize(("done", "total"), [(0, 10), (3, None)])
def test_a_time_that_cannot_be_known_is_not_shown(done: int, total: float | None) -> None:
    assert "left" not in Bar("train", total, "rows", done=done).line()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (99, "99 s"), (120, "2 min"), (5900, "98 min"), (7200, "2.0 h")]
)
def test_seconds_in_words(seconds: float, said: str) -> None:
    assert duration(seconds) == said
