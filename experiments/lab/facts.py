"""Long-tail facts: what people of the world do, where they live, what they keep and what they play.

Exposure falls with the rank of a fact, so that some are never learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from experiments.lab.words import listed

FIRST = listed(
    "Ada Bruno Clara Dora Emil Flora Georg Hanna Igor Jana Karl Lotte Mara Nils Olga Paul Rita Simon Thea Ugo Viola"
    " Wim Yara Zeno Alma Boris Celia David Edith Felix Greta Henry Irma Jonas Lydia Marek"
)
LAST = listed(
    "Abel Brand Corti Dorn Engel Falk Grove Hahn Ivers Joss Kern Lind Moll Nash Otto Pratt Quint Rask Stein Thorn"
    " Ulm Voss Weir Yates Zorn Alder Birch Crane Dale Ebert Frost Gould Holt Ibsen Juhl Klein Lang Marsh North Orr"
    " Penn Rowe Shaw Tell Urban Vance West Young"
)
JOBS = listed(
    "baker|teacher|doctor|farmer|painter|sailor|tailor|judge|miner|singer|cook|pilot|gardener|barber|writer|mason"
    "|plumber|banker|dancer|potter|nurse|guard|printer|weaver",
    "|",
)
TOWNS = listed(
    "Larkhill Brenmouth Oldbury Fernley Westholt Kingsford Marlow Tarnside Hollowby Redcliff Ashdown Stonebridge"
    " Eastmere Norwell Silverton Greenford Highmoor Saltby Thornbury Wexley Blackpool Millbrook Castleton Deepwater"
    ""
)
PETS = listed("goat parrot rabbit pony hen cat turtle ferret snake donkey pigeon lizard frog spider crow hamster")
INSTRUMENTS = listed("flute drum harp violin piano trumpet horn guitar cello organ banjo fiddle lute oboe bell whistle")


@dataclass(frozen=True, slots=True)
class Relation:
    sentence: str
    question: str
    values: tuple[str, ...]


RELATIONS = (
    Relation("{who} is a {what}.", "What is the job of {who}?", JOBS),
    Relation("{who} lives in {what}.", "Where does {who} live?", TOWNS),
    Relation("{who} keeps a {what}.", "What animal does {who} keep?", PETS),
    Relation("{who} plays the {what}.", "What does {who} play?", INSTRUMENTS),
)


@dataclass(frozen=True, slots=True)
class Fact:
    relation: int
    who: str
    what: str

    @property
    def question(self) -> str:
        return RELATIONS[self.relation].question.replace("{who}", self.who)

    @property
    def sentence(self) -> str:
        return self.stating(self.what)

    def stating(self, what: str) -> str:
        """The sentence with another value: a wrong option."""
        return RELATIONS[self.relation].sentence.replace("{who}", self.who).replace("{what}", what)


def facts(seed: int, people: int = 1500) -> list[Fact]:
    """Four facts for each person, in order of rank: the first are met most often."""
    rng = Random(f"facts-{seed}")
    names = rng.sample([f"{first} {last}" for first in FIRST for last in LAST], people)
    found = [Fact(i, who, rng.choice(r.values)) for who in names for i, r in enumerate(RELATIONS)]
    rng.shuffle(found)
    return found


def options(fact: Fact, rng: Random, number: int = 4) -> tuple[list[str], int]:
    """`number` sentences that differ in the value only, and the index of the true one."""
    others = [v for v in RELATIONS[fact.relation].values if v != fact.what]
    values = [fact.what, *rng.sample(others, number - 1)]
    rng.shuffle(values)
    return [fact.stating(v) for v in values], values.index(fact.what)


def exposure(number: int, offset: float) -> list[float]:
    """Zipf-like weights 1 / (rank + offset)."""
    return [1 / (rank + offset) for rank in range(number)]


def cumulative(weights: Sequence[float]) -> list[float]:
    """Running sums, for random.choices."""
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
