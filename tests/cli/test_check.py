"""`s3ft check` gives the judge golds of other rows, and names one that accepts them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from s3ft import config
from s3ft.cli import check, check_judge
from s3ft.types import Completion, Example, UserError, Verdict


class Judge:
    """Accepts as `accepts` says, and counts what it is asked."""

    def __init__(self, accepts: Any) -> None:
        self.accepts, self.asked = accepts, 0

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        self.asked += len(examples)
        return [Verdict(self.accepts(e, c.text)) for e, c in zip(examples, completions, strict=True)]


def _equal(example: Example, text: str) -> bool:
    return text == example.gold


def _rows(golds: Sequence[str], references: Sequence[Any] | None = None) -> list[Example]:
    pairs = zip(golds, references or golds, strict=True)
    return [Example(f"row-{i}", [], gold, reference) for i, (gold, reference) in enumerate(pairs)]


def _check(judge: Judge, rows: list[Example]) -> check_judge.GoldCheck:
    return check_judge.check(judge, rows, judge(rows, [Completion(e.gold) for e in rows]))


GOLDS = [f"gold {i}" for i in range(100)]


@pytest.mark.parametrize(
    ("accepts", "says"),
    [
        (_equal, ""),
        (lambda e, t: _equal(e, t) or t == "gold 3", ""),
        # of 32 a fifth, and more than that
        (lambda e, t: _equal(e, t) or t in GOLDS[1:7], ""),
        (lambda e, t: _equal(e, t) or t in GOLDS[1:8], "accepts 7 of 32 golds of other rows"),
        (lambda e, t: True, "accepts 32 of 32 golds of other rows, such as row-0: 'gold 1' (equal)"),
        (lambda e, t: False, "accepts 0 of 32 golds and 0 of 32 golds of other rows"),
        (lambda e, t: None, "accepts 0 of 32 golds and 0 of 32 golds of other rows"),
        (lambda e, t: not _equal(e, t), "accepts 32 of 32"),
        (lambda e, t: t in GOLDS[1:4], "does not tell right from wrong"),
    ],
)
def test_a_judge_that_accepts_golds_of_other_rows_is_named(accepts: Any, says: str) -> None:
    judge = Judge(accepts)
    found = _check(judge, _rows(GOLDS))
    assert judge.asked == 100 + check_judge.ROWS
    fault = found.fault("mine")
    assert says in fault
    assert bool(fault) == bool(says)
    assert "\n" not in fault
    assert not fault or fault.startswith("judge mine: ")


@pytest.mark.parametrize(
    ("golds", "references", "pairs"),
    [
        (["yes", "no"] * 10, None, 20),
        (["yes"] * 20, None, 0),
        (["Yes", "yes ", " YES"], None, 0),
        (["yes"] * 19 + ["no"], None, 20),
        # other words, the same reference: each is right for the other row
        (["4, since 2 + 2", "it is 4"], ["4", "4"], 0),
        (["a", "b", "c"], [["a", "B"], ["b"], ["c"]], 3),
        (["a", "b"], [["a", "B"], ["b"]], 0),
        ([], None, 0),
        (["alone"], None, 0),
    ],
)
def test_rows_whose_golds_are_right_for_each_other_are_not_used(
    golds: list[str], references: list[Any] | None, pairs: int
) -> None:
    rows = _rows(golds, references)
    found = _check(Judge(lambda e, t: t.strip().casefold() == e.gold.strip().casefold()), rows)
    assert found.wrong.total() == pairs
    assert found.fault("mine") == ""
    assert ("not checked" in found.described()) == (pairs == 0)


def test_chance_on_a_few_rows_is_no_fault() -> None:
    rows = _rows(["a", "b", "c"])
    assert _check(Judge(lambda e, t: _equal(e, t) or t == "b"), rows).fault("mine") == ""
    assert _check(Judge(lambda e, t: False), rows).fault("mine") == ""
    assert "accepts 3 of 3" in _check(Judge(lambda e, t: True), rows).fault("mine")


def _config(tmp_path: Path, judge: Any) -> config.RunConfig:
    return config.parse({"model": "lab", "task": "lab", "judge": judge, "limit": 24, "cache": str(tmp_path / "cache")})


def test_a_judge_that_accepts_everything_is_a_fault_of_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lenient = tmp_path / "lenient.py"
    lenient.write_text("from s3ft.types import Verdict\ndef judge(example, completion): return Verdict(True)\n")
    with pytest.raises(UserError, match="accepts 24 of 24 golds of other rows"):
        check.show(_config(tmp_path, str(lenient)))
    assert "golds of other rows accepted  24 of 24" in capsys.readouterr().out
    check.show(_config(tmp_path, "math"))
    assert "golds of other rows accepted  0 of 24" in capsys.readouterr().out


@pytest.mark.parametrize("options", [{}, {"by": "likelihood"}, {"by": "likelihood", "both_orders": True}])
def test_the_lab_model_is_found_out_as_a_judge(tmp_path: Path, options: dict[str, Any]) -> None:
    """It has learnt nothing that a judge must know."""
    with pytest.raises(UserError, match=r"does not tell right from wrong|golds of other rows, such as"):
        check.show(_config(tmp_path, {"name": "llm", **options}))
