"""The site of docs/: every page has its place, the reference names every field, and the pictures show what is there."""

import re
from pathlib import Path

from s3ft import plugins
from s3ft.config import RunConfig
from s3ft.recipes import RECIPES

DOCS = Path(__file__).parents[1] / "docs"
hooks = plugins.load("task", f"{DOCS / '_site' / 'hooks.py'}:__dict__")


def test_every_page_has_a_place():
    placed = [page for pages in hooks["NAV"].values() for page in pages]
    assert len(set(placed)) == len(placed)
    assert {page.name for page in DOCS.glob("*.md")} <= set(placed)


def test_the_reference_has_every_field_and_its_default():
    text = hooks["configuration"]()
    for name in RunConfig.model_fields:
        assert f"| `{name}` |" in text
    for line in (
        "| `train.lora_rank` | `8` | Rank of the LoRA adapter (paper: 8); 0 only if method is full, which has none. |",
        "| `model` | required |",
        "### humaneval",
        "| `timeout` | `8.0` |",
    ):
        assert line in text
    assert not re.search(r"\| None \||Ellipsis|<class", text)


def test_a_link_that_leaves_the_site_becomes_a_path():
    text = "see [the sweep](../examples/quickstart.yaml) and [limits](limits.md)"
    assert hooks["on_page_markdown"](text) == "see `examples/quickstart.yaml` and [limits](limits.md)"


def test_the_pictures_show_the_recipes_that_ship():
    drawn = re.findall(r"<!-- (.*?) -->", (DOCS / "recipes.svg").read_text(encoding="utf-8"))
    assert set(RECIPES) <= set(drawn)
    assert drawn.count("gold") == sum(rung.source == "gold" for recipe in RECIPES.values() for rung in recipe)
