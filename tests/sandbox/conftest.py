"""Both tiers, each where this machine has it."""

from __future__ import annotations

import pytest

from sandbox.tiers import why_not


@pytest.fixture(params=["bwrap", "landlock"], scope="session")
def tier(request: pytest.FixtureRequest) -> str:
    if reason := why_not(request.param):
        pytest.skip(reason)
    return request.param
