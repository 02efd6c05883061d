"""Names and things of the world."""

from __future__ import annotations

PEOPLE = tuple(
    "Ana Ben Cora Dan Ella Finn Gina Hugo Ida Jack Kate Leo Mia Nora Omar Pia Rosa Sam Tina Vera Will Zoe Amir Lena".split()
)
CHILDREN = ("children", "friends", "neighbours", "cousins")

ITEMS = tuple(
    "apples pears plums lemons eggs rolls cookies shells stones marbles coins stamps cards beads buttons books pens"
    " candles ribbons kites".split()
)
CONTAINERS = ("bags", "boxes", "baskets", "jars", "packs", "crates")
GOODS = tuple("pens books cups hats bowls lamps ropes brushes ribbons kites chairs bells".split())


def singular(noun: str) -> str:
    """One of them: "boxes" -> "box"."""
    return {"boxes": "box", "brushes": "brush"}.get(noun, noun.removesuffix("s"))
