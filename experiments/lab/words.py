"""Names and things of the world."""

from __future__ import annotations


def listed(text: str, separator: str | None = None) -> tuple[str, ...]:
    """The parts of a text, between white space or `separator`."""
    return tuple(text.split(separator))


PEOPLE = listed(
    "Ana Ben Cora Dan Ella Finn Gina Hugo Ida Jack Kate Leo Mia Nora Omar Pia Rosa Sam Tina Vera Will Zoe Amir Lena"
)
CHILDREN = ("children", "friends", "neighbours", "cousins")

ITEMS = listed(
    "apples pears plums lemons eggs rolls cookies shells stones marbles coins stamps cards beads buttons books pens"
    " candles ribbons kites"
)
CONTAINERS = ("bags", "boxes", "baskets", "jars", "packs", "crates")
GOODS = listed("pens books cups hats bowls lamps ropes brushes ribbons kites chairs bells")
