"""The code judge as most of its tests ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import UserError


@pytest.fixture(scope="module")
def ask() -> Iterator[judge]:
    try:
        found = judge(timeout=4.0, workers=1)
    except UserError as error:
        pytest.skip(str(error))
    yield found
    found.close()
