"""Programs import the standard library and the packages that the judge allows, and read no other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from s3ft.judges.code.judge import judge
from s3ft.sandbox import packages
from s3ft.types import Completion, Example, UserError, Verdict

TESTS = {"tests": ["assert f(2) == 4"]}


def one(tier: str, text: str, prompt: str = "", allowed: tuple[str, ...] = packages.DEFAULT) -> Verdict:
    ask = judge(workers=1, isolation=tier, timeout=4.0, packages=allowed)
    messages = [{"role": "user", "content": prompt}]
    verdict = ask([Example("1", messages, "", TESTS)], [Completion(text)])[0]
    ask.close()
    return verdict


NUMPY = "import numpy\ndef f(n): return int(numpy.square(n))\n"
PANDAS = "import pandas as pd\ndef f(n): return int(pd.Series([n]).map(lambda x: x * x).sum())\n"


def test_what_is_allowed_can_be_imported(tier: str) -> None:
    assert one(tier, NUMPY).correct is True
    if importlib.util.find_spec("pandas"):
        assert one(tier, PANDAS).correct is True
        assert one(tier, PANDAS.replace("import pandas as pd\n", ""), "Use pandas.").correct is True


def test_what_is_not_allowed_cannot(tier: str) -> None:
    verdict = one(tier, NUMPY, allowed=())
    assert verdict.correct is False
    assert "No module named 'numpy'" in verdict.reason
    assert one(tier, "import rich\ndef f(n): return n * n").correct is False


def test_a_package_that_the_task_asks_for_and_is_not_there_is_not_the_programs_fault(tier: str) -> None:
    verdict = one(tier, NUMPY, "Use numpy.", ())
    assert verdict.correct is None
    assert verdict.reason.startswith("unsupported: the sandbox has no numpy")
    assert one(tier, "import numpyx\ndef f(n): return 4", "Use numpy.", ()).correct is False


def test_only_the_packages_own_folders_can_be_read() -> None:
    modules, readable = packages.find(("numpy", "no-such-package"))
    assert set(modules) == {"numpy"}
    assert {Path(path).name for path in readable} <= {"numpy", "numpy.libs"}


def test_what_a_package_requires_comes_with_it() -> None:
    if importlib.util.find_spec("pandas") is None:
        pytest.skip("pandas is not installed")
    modules, _ = packages.find(("pandas",))
    assert {"numpy", "pandas", "dateutil", "six"} <= set(modules)
    assert "pytest" not in modules


def test_names_that_are_no_list_are_one_line() -> None:
    with pytest.raises(UserError, match="packages is 'numpy', expected a list"):
        judge(packages="numpy")
