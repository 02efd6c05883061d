from s3ft import plugins
from s3ft.recipes import RECIPES
from s3ft.types import Recipe


def test_the_recipes_are_those_of_the_papers() -> None:
    assert {name: " > ".join(recipe.ladder) for name, recipe in RECIPES.items()} == {
        "sft": "gold",
        "sdft": "paraphrase > gold",
        "ssr": "self > gold",
        "s3ft": "self > paraphrase > gold",
        "rft": "self",
        "own": "self > paraphrase",
    }


def test_only_rejection_sampling_draws_several_and_keeps_all() -> None:
    several = {n: r for n, r in RECIPES.items() if (r.num_samples, r.keep) != (1, "first")}
    assert several == {"rft": Recipe(("self",), num_samples=8, keep="distinct")}


def test_every_rung_is_a_source_and_gold_comes_last() -> None:
    for recipe in RECIPES.values():
        assert set(recipe.ladder) <= set(plugins.names("source"))
        asks = [plugins.load("source", name).ask is not None for name in recipe.ladder]
        assert all(asks[:-1])
