"""Comparing with a decision: who has most or fewest of three, or who has more of two, or that they have the same."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from experiments.lab.words import ITEMS, PEOPLE


@dataclass(frozen=True, slots=True)
class Comparison:
    prompt: str
    decision: str
    """The bare answer: "Ana has more pens."."""
    numbers: str
    """What it rests on: "Ana has 34 and Ben has 27"."""

    @property
    def answer(self) -> str:
        return f"{self.numbers}, so {self.decision}"


def comparison(rng: Random) -> Comparison:
    """The numbers of the first two are near each other or equal; the question may leave out the third person."""
    people = rng.sample(PEOPLE, 3)
    item = rng.choice(ITEMS)
    first = rng.randint(25, 95)
    second = first if rng.random() < 0.25 else first + rng.choice((-1, 1)) * rng.randint(1, 20)
    numbers = [first, second, rng.randint(5, 120)]
    order = rng.sample(range(3), 3)
    has = dict(zip(people, numbers, strict=True))
    text = " ".join(f"{people[i]} has {numbers[i]} {item}." for i in order)
    if rng.random() < 0.6 or first == second:
        a, b = rng.sample(people[:2] if rng.random() < 0.7 or first == second else people, 2)
        word = rng.choice(("more", "fewer"))
        prompt = f"{text}\nWho has {word} {item}, {a} or {b}?"
        told = f"{a} has {has[a]} and {b} has {has[b]}"
        if has[a] == has[b]:
            return Comparison(prompt, f"{a} and {b} have the same number of {item}.", told)
        who = max(a, b, key=has.__getitem__) if word == "more" else min(a, b, key=has.__getitem__)
        return Comparison(prompt, f"{who} has {word} {item}.", told)
    word = rng.choice(("most", "fewest"))
    ranked = sorted(people, key=has.__getitem__)
    best, next_best = (ranked[-1], ranked[-2]) if word == "most" else (ranked[0], ranked[1])
    if has[best] == has[next_best]:
        return comparison(rng)
    one, two, three = (f"{people[i]} has {numbers[i]}" for i in order)
    prompt = f"{text}\nWho has the {word} {item}?"
    return Comparison(prompt, f"{best} has the {word} {item}.", f"{one}, {two} and {three}")
