"""The pilot: what it says of the shares, and that the run uses its generations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3ft import config
from s3ft.build_statistics import RecipeCounts
from s3ft.cli import check, check_pilot, check_pilot_table
from s3ft.models.local import LocalModel
from s3ft.runs import forecast, opening, stages
from s3ft.runs.directory import Run


def _counts(own: int, paraphrased: int, gold: int, cut: int = 0) -> RecipeCounts:
    found = RecipeCounts(("self", "paraphrase", "gold"), rows=own + paraphrased + gold)
    found.by_source.update({"self": own, "paraphrase": paraphrased, "gold": gold})
    found.filtered["self: reached max_tokens"] = cut
    return found


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (_counts(50, 42, 8), []),
        (_counts(10, 11, 79), []),
        (_counts(10, 10, 80), ["will hardly differ from SFT: 80%"]),
        (_counts(0, 0, 100), ["took no word of the model's own for 100 rows"]),
        (_counts(89, 1, 10), []),
        (_counts(90, 1, 9), ["already solves the task: 90%"]),
        (_counts(50, 42, 8, cut=9), []),
        (_counts(50, 42, 8, cut=10), ["10% of the rows had a self answer cut"]),
    ],
)
def test_what_the_shares_mean_is_said(counts: RecipeCounts, says: list[str]) -> None:
    found = list(check_pilot_table.verdicts({"s3ft": counts}))
    assert len(found) == len(says)
    for sentence, text in zip(found, says, strict=True):
        assert text in sentence


def test_a_recipe_of_gold_alone_is_what_it_says_it_is() -> None:
    sft = RecipeCounts(("gold",), rows=100)
    sft.by_source["gold"] = 100
    assert list(check_pilot_table.verdicts({"sft": sft})) == []


@pytest.fixture
def parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.RunConfig:
    monkeypatch.chdir(tmp_path)
    plain: dict[str, Any] = {
        "model": "lab",
        "task": "lab",
        "limit": 24,
        "recipes": ["sft", "s3ft"],
        "sampling": {"max_tokens": 48},
        "evaluate": {"rows": 8, "include": "lab", "benchmarks": ["lab_facts"], "limit": 5},
        "train": {"batch_size": 4, "epochs": 1},
        "cache": "cache",
    }
    return config.parse(plain)


def test_a_run_after_a_pilot_on_all_rows_generates_no_target_again(
    parsed: config.RunConfig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    check.show(parsed, 24)
    shown = capsys.readouterr().out
    for text in (
        "Pilot on 24 of 24 training rows",
        "generated tokens",
        "time",
        "memory",
        "disk",
        "5 items for each of 3",
    ):
        assert text in shown
    monkeypatch.setattr(LocalModel, "generate", lambda *_: pytest.fail("generated again"))
    with opening.opened(parsed, "after") as (run, _):
        stages.STAGES["build"](run)
        # What was measured is the run's forecast.
        seconds = forecast.seconds(run, forecast.known(run), 24, 1)
        assert seconds["build"] == 0
        assert seconds["train"] > 0
        assert seconds["evaluate"] > 0
        composition = json.loads(run.summary_file("s3ft").read_text())["composition"]
        # The report holds it against what came.
        forecast.took(run, "build", 1.5)
        forecast.took(run, "build", 1.0)
        kept = json.loads((run.folder / forecast.FILE).read_text())
        tokens = kept["pilot"]["generated_tokens"]["s3ft"]
        assert tokens == run.summary("s3ft")["generated_tokens"]
        assert kept["pilot"]["seconds"]["train"] > 0
        assert kept["took"] == {"build": 2.5}
        # A run without a pilot of its own has nothing to compare.
        grown = Run(run.config.model_copy(update={"seeds": (0, 1)}), run.folder)
        forecast.took(grown, "train", 3.0)
        assert not (run.folder / forecast.FILE).exists()
    # The pilot said the same shares.
    line = next(words for words in map(str.split, shown.splitlines()) if words[:1] == ["s3ft"])
    assert int(line[1]) == round(100 * composition["self"])
    assert 0 < composition["self"] < 1


def test_a_pilot_s_rows_are_spread_over_the_data_and_the_same_every_time(parsed: config.RunConfig) -> None:
    every = parsed.model_copy(update={"limit": None})
    found = check.check(every, 40)["sample"]
    assert [e.id for e in found] == [e.id for e in check.check(every, 40)["sample"]]
    places = sorted(int(e.id.rpartition("-")[2]) for e in found)
    assert len(places) == 40
    # of 300 rows, 40 drawn at random lie in both halves; fewer than 10 in one of them has a chance of 1 in 2000
    assert 10 <= sum(place < 150 for place in places) <= 30


def test_no_rows_are_a_mistake(parsed: config.RunConfig) -> None:
    from s3ft.cli import main
    from s3ft.types import UserError

    with pytest.raises(UserError, match="--rows: found 0"):
        main.check(Path("c.yaml"), rows=0)


def test_requests_of_several_recipes_are_counted_once(parsed: config.RunConfig, tmp_path: Path) -> None:
    both = parsed.model_copy(update={"recipes": ("ssr", "s3ft"), "evaluate": config.EvaluateConfig()})
    run = Run(opening.with_date(both), tmp_path / "run")
    answered = check_pilot.answers(run, check.check(both, 12)["sample"], 100)
    s3ft = answered.counts["s3ft"].generated_tokens / 12
    assert answered.tokens == pytest.approx(s3ft)
    assert answered.evaluate_s is not None
    again = check_pilot.answers(run, check.check(both, 12)["sample"], 100)
    assert again.tokens == answered.tokens
    assert again.build_s is None
