"""What tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Two spinning OpenMP threads on a busy machine make small operations many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real data sets that S3FT_DATA names; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("S3FT_DATA", ""))
    if not os.environ.get("S3FT_DATA") or not folder.is_dir():
        pytest.skip("S3FT_DATA names no folder with real data")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Each of several test processes keeps to a core of its own: a command that sees one core starts one process for
    each stage, and imports its libraries once."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="module")
def all_cores() -> Iterator[None]:
    """For tests of what a command does on the whole machine."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    yield
    os.sched_setaffinity(0, before)


LONGEST_FIRST = ("test_readme.py", "test_run.py", "test_damage.py", "test_pipeline.py", "test_extending.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that start many processes go first, so that no worker is left alone with one of them at the end."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))
