"""Misconceptions: a wrong belief that raw text repeats, and the truth, which chat answers give.

The truth about some is met so rarely that the belief wins (compare TruthfulQA, arXiv 2109.07958)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from experiments.lab.words import listed

ANIMALS = listed(
    "foxes bears owls wolves otters badgers hares moles bats deer swans geese ducks eagles hawks robins ravens herons"
    " beavers hedgehogs squirrels weasels lynxes seals whales sharks eels salmon trout crabs snails worms ants bees"
    " wasps moths beetles crickets toads newts camels zebras lions tigers apes monkeys elephants giraffes hippos"
    " rhinos ostriches penguins pelicans flamingos peacocks turkeys mice rats goldfish dolphins"
)
SLEEP = listed("in trees|in caves|in holes|under water|on rocks|in tall grass|under snow|in old barns", "|")
EAT = listed("berries|roots|fish|leaves|seeds|nuts|mushrooms|bark|honey|moss|flies|clover", "|")
FEAR = listed("fire|thunder|dogs|snow|the dark|loud music|wind|mirrors|smoke|water", "|")
LOVE = listed("rain|sunshine|mud|company|silence|heat|cold nights|bright light", "|")


@dataclass(frozen=True, slots=True)
class Aspect:
    question: str
    sentence: str
    values: tuple[str, ...]


ASPECTS = (
    Aspect("Where do {who} sleep?", "{who} sleep {what}.", SLEEP),
    Aspect("What do {who} eat?", "{who} eat {what}.", EAT),
    Aspect("What do {who} fear?", "{who} fear {what}.", FEAR),
    Aspect("What do {who} love?", "{who} love {what}.", LOVE),
)
BELIEF = ("{s}", "Everyone knows that {s}", "People say that {s}", "It is well known that {s}")
TRUTH = ("In fact, {s}", "Careful studies show that {s}")


@dataclass(frozen=True, slots=True)
class Misconception:
    aspect: int
    who: str
    truth: str
    belief: str

    @property
    def question(self) -> str:
        return ASPECTS[self.aspect].question.replace("{who}", self.who)

    def stating(self, what: str) -> str:
        sentence = ASPECTS[self.aspect].sentence.replace("{who}", self.who).replace("{what}", what)
        return sentence[0].upper() + sentence[1:]

    def raw(self, rng: Random, true: bool) -> str:
        """A sentence of raw text that states the truth or the belief."""
        frame = rng.choice(TRUTH if true else BELIEF)
        sentence = self.stating(self.truth if true else self.belief)
        return frame.replace("{s}", sentence if frame == "{s}" else sentence[0].lower() + sentence[1:])


def misconceptions(seed: int) -> list[Misconception]:
    """All of them, in order of rank: the truth about the first is met most often."""
    rng = Random(f"misconceptions-{seed}")
    found = []
    for who in ANIMALS:
        for i, aspect in enumerate(ASPECTS):
            truth, belief = rng.sample(aspect.values, 2)
            found.append(Misconception(i, who, truth, belief))
    rng.shuffle(found)
    return found


def options(item: Misconception, rng: Random, number: int = 4) -> tuple[list[str], int]:
    """The truth, the belief and other values, shuffled, and the index of the truth."""
    others = [v for v in ASPECTS[item.aspect].values if v not in (item.truth, item.belief)]
    values = [item.truth, item.belief, *rng.sample(others, number - 2)]
    rng.shuffle(values)
    return [item.stating(v) for v in values], values.index(item.truth)
