"""The recipes as data: those of the papers, one line each."""

import pytest

from s3ft import plugins
from s3ft.recipes import RECIPES, described
from s3ft.types import Recipe, Rung


def test_the_recipes_are_those_of_the_papers() -> None:
    assert {name: described(recipe) for name, recipe in RECIPES.items()} == {
        "sft": "gold",
        "sdft": "paraphrase > gold",
        "ssr": "self > gold",
        "s3ft": "self > paraphrase > gold",
        "s3ft+": "self > paraphrase > paraphrase (4 samples, temperature 1, likeliest) > gold",
        "rft": "self (8 samples, distinct)",
        "no_gold": "self > paraphrase",
    }


def test_only_rejection_sampling_draws_several_and_keeps_all() -> None:
    several = {n: r for n, r in RECIPES.items() if any(rung != Rung(rung.source) for rung in r)}
    assert several.pop("rft") == (Rung("self", num_samples=8, keep="distinct"),)
    assert list(several) == ["s3ft+"]
    assert all(rung.keep != "distinct" for rung in several["s3ft+"])


def test_every_rung_is_a_source_and_gold_comes_last() -> None:
    for recipe in RECIPES.values():
        sources = [rung.source for rung in recipe]
        assert set(sources) <= set(plugins.names("source"))
        asks = [plugins.load("source", name).ask is not None for name in sources]
        assert all(asks[:-1])


@pytest.mark.parametrize(
    ("recipe", "line"),
    [
        (
            (Rung("self"), Rung("paraphrase", 4, keep="likeliest"), Rung("gold")),
            "self > paraphrase (4 samples, likeliest) > gold",
        ),
        (
            (Rung("mine.py", temperature=0.25), Rung("self", 2, 1.0, "distinct")),
            "mine.py (temperature 0.25) > self (2 samples, temperature 1, distinct)",
        ),
        ((Rung("self", keep="distinct"),), "self (distinct)"),
    ],
)
def test_a_recipe_is_described_in_one_line(recipe: Recipe, line: str) -> None:
    assert described(recipe) == line


@pytest.mark.parametrize(
    ("field", "values"), [("num_samples", (0, -1)), ("temperature", (-0.1, float("inf"), float("nan")))]
)
def test_a_rung_that_cannot_be_climbed_is_named(field: str, values: tuple[float, ...]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"{field}: found {value}, expected"):
            Rung("self", **{field: value})
