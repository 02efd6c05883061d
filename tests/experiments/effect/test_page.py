"""The pages show the numbers of results.json, and these agree with each other."""

import json

import pytest

from experiments.effect import page


@pytest.fixture(scope="module")
def found():
    return json.loads(page.RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", page.PAGES, ids=lambda p: p.name)
def test_the_pages_show_the_results(found, path):
    text = path.read_text(encoding="utf-8")
    assert "<!-- questions -->" in text
    assert page.filled(text, page.blocks(found)) == text, "python -m experiments.effect.page writes them anew"


def test_the_picture_is_drawn_from_the_results(found, tmp_path):
    page.draw(found, tmp_path / "effect.svg")
    drawn = (tmp_path / "effect.svg").read_text()
    assert drawn.count("<use") == page.PICTURE.read_text().count("<use")


def test_results_agree_with_each_other(found):
    for run in [*found["rates"].values(), *([found["own"]] if found["own"] else [])]:
        for arm in run["arms"].values():
            assert arm["task"]["mean"] - run["base"]["target"] == pytest.approx(arm["gain"]["mean"], abs=1e-4)
            assert sum(arm["losses"][n]["mean"] for n in page.NAMES) / 3 == pytest.approx(arm["loss"]["mean"], abs=1e-4)
            assert len(arm["task"]["per_seed"]) == len(run["seeds"])
    for pooled in found["equal_rate"]:
        pair = (pooled["ours"], pooled["theirs"])
        for measure in ("task", "benchmarks", *page.NAMES):
            each = [page._pair(run["differences"], pair)[measure]["mean"] for run in found["rates"].values()]
            assert sum(each) / len(each) == pytest.approx(pooled[measure]["mean"], abs=1e-4)


@pytest.mark.parametrize(
    ("interval", "at_equal_rate", "said"),
    [
        ((0.03, 0.01, 0.05), [0.01, 0.02], "established"),
        ((-0.03, -0.05, -0.01), [], "established"),
        ((0.03, 0.01, 0.05), [0.01, -0.02], "not established"),
        ((0.03, -0.01, 0.07), [0.01, 0.02], "not established"),
        ((0.005, -0.01, 0.015), [0.01], "no difference of more than 2 points"),
    ],
)
def test_a_difference_is_called_what_the_criteria_say(interval, at_equal_rate, said):
    assert page.verdict(dict(zip(("mean", "low", "high"), interval, strict=True)), at_equal_rate) == said
