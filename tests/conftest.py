"""What tests share."""

from __future__ import annotations

import os
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


LONGEST_FIRST = ("test_readme.py", "test_run.py", "test_damage.py", "test_pipeline.py", "test_extending.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that start many processes go first, so that no worker is left alone with one of them at the end."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))
