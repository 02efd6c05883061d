"""Arithmetic word problems: what happens, what is asked, and the steps that lead to the answer.

Every number in a problem and in its steps lies in 0..120. How the steps are written down is in `styles`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from experiments.lab.words import CHILDREN, CONTAINERS, GOODS, ITEMS, PEOPLE

LARGEST = 120


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, `left op right = result`, and what it finds."""

    left: int
    op: str
    """One of + - * /."""
    right: int
    finds: str
    """The role of the result, a key of `styles.SENTENCES`."""

    @property
    def result(self) -> int:
        return {
            "+": self.left + self.right,
            "-": self.left - self.right,
            "*": self.left * self.right,
            "/": self.left // self.right,
        }[self.op]


@dataclass(frozen=True, slots=True)
class Problem:
    kind: str
    question: str
    opening: tuple[str, int, str]
    """Who has how many of what at the start: the first sentence of a worked answer."""
    steps: tuple[Step, ...]
    unit: str
    """What is counted."""

    @property
    def answer(self) -> int:
        return self.steps[-1].result


def _gain(rng: Random, who: str, other: str, item: str, n: int) -> str:
    return rng.choice(
        (
            f"{who} buys {n} more {item}.",
            f"{who} finds {n} more {item}.",
            f"{other} gives {who} {n} {item}.",
            f"Then {who} gets {n} {item} from {other}.",
        )
    )


def _lose(rng: Random, who: str, other: str, item: str, n: int) -> str:
    return rng.choice(
        (
            f"{who} gives {n} {item} to {other}.",
            f"{who} loses {n} {item}.",
            f"{who} sells {n} {item}.",
            f"Then {other} takes {n} of the {item}.",
        )
    )


def _bring(rng: Random, who: str, item: str, k: int, m: int) -> str:
    group, box = rng.choice(CHILDREN), rng.choice(CONTAINERS)
    return rng.choice(
        (
            f"{k} {group} bring {m} {item} each.",
            f"{who} buys {k} {box} of {m} {item}.",
            f"{who} gets {k} {box} with {m} {item} in each.",
            f"Then {k} {group} give {who} {m} {item} each.",
        )
    )


def _take(rng: Random, who: str, item: str, k: int, m: int) -> str:
    group, box = rng.choice(CHILDREN), rng.choice(CONTAINERS)
    return rng.choice(
        (
            f"{k} {group} take {m} {item} each.",
            f"{who} sells {k} {box} of {m} {item}.",
            f"{who} fills {k} {box} with {m} {item} each and sends them away.",
            f"Then {who} gives {k} {group} {m} {item} each.",
        )
    )


def _chain(events: str) -> Callable[[Random], Problem]:
    """A start and events in turn: g gain, l lose, b several bring some each, t several take some each."""

    def draw(rng: Random, kind: str) -> Problem | None:
        who, other = rng.sample(PEOPLE, 2)
        item = rng.choice(ITEMS)
        have = start = rng.randint(5, 60)
        text, steps = [f"{who} has {start} {item}."], []
        for event in events:
            if event in "gl":
                n = rng.randint(2, 30)
                text.append((_gain if event == "g" else _lose)(rng, who, other, item, n))
            else:
                k, m = rng.randint(2, 9), rng.randint(2, 9)
                text.append((_bring if event == "b" else _take)(rng, who, item, k, m))
                steps.append(Step(k, "*", m, "brought" if event == "b" else "taken"))
                n = k * m
            step = Step(have, "+" if event in "gb" else "-", n, "gained" if event in "gb" else "left")
            if not 1 <= step.result <= LARGEST:
                return None
            steps.append(step)
            have = step.result
        ask = rng.choice((f"How many {item} does {who} have now?", f"How many {item} does {who} have at the end?"))
        return Problem(kind, " ".join([*text, ask]), (who, start, item), tuple(steps), item)

    return lambda rng: _until(draw, rng, _CHAIN_NAMES[events])


_CHAIN_NAMES = {
    "g": "gain",
    "l": "lose",
    "gl": "gain_lose",
    "lg": "lose_gain",
    "b": "bring",
    "t": "take",
    "bl": "bring_lose",
    "gt": "gain_take",
    "bt": "bring_take",
}


def _until(draw: Callable[[Random, str], Problem | None], rng: Random, kind: str) -> Problem:
    while True:
        problem = draw(rng, kind)
        if problem is not None:
            return problem


def _groups(rng: Random) -> Problem:
    item, box, k, m = rng.choice(ITEMS), rng.choice(CONTAINERS), rng.randint(2, 10), rng.randint(2, 10)
    who = rng.choice(PEOPLE)
    question = f"{who} has {k} {box} with {m} {item} in each. How many {item} does {who} have?"
    return Problem("groups", question, (who, k, box), (Step(k, "*", m, "groups"),), item)


def _share(rng: Random) -> Problem:
    item, group, k, m = rng.choice(ITEMS), rng.choice(CHILDREN), rng.randint(2, 10), rng.randint(2, 10)
    who = rng.choice(PEOPLE)
    question = f"{who} shares {k * m} {item} equally among {k} {group}. How many {item} does each of them get?"
    return Problem("share", question, (who, k * m, item), (Step(k * m, "/", k, "each"),), item)


def _more(rng: Random) -> Problem:
    who, other = rng.sample(PEOPLE, 2)
    item, n, d = rng.choice(ITEMS), rng.randint(5, 40), rng.randint(2, 30)
    question = f"{who} has {n} {item}. {other} has {d} {item} more than {who}. How many {item} do they have together?"
    steps = (Step(n, "+", d, "other"), Step(n, "+", n + d, "together"))
    return Problem("more", question, (who, n, item), steps, item)


def _times(rng: Random) -> Problem:
    who, other = rng.sample(PEOPLE, 2)
    item, n, k = rng.choice(ITEMS), rng.randint(2, 12), rng.randint(2, 8)
    question = (
        f"{who} has {n} {item}. {other} has {k} times as many {item} as {who}. How many {item} do they have together?"
    )
    steps = (Step(k, "*", n, "other"), Step(n, "+", k * n, "together"))
    return Problem("times", question, (who, n, item), steps, item)


def _share_rest(rng: Random) -> Problem:
    who = rng.choice(PEOPLE)
    item, group = rng.choice(ITEMS), rng.choice(CHILDREN)
    k, m, used = rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 30)
    n = k * m + used
    question = (
        f"{who} has {n} {item}. {who} uses {used} of them and shares the rest equally among {k} {group}."
        f" How many {item} does each of them get?"
    )
    steps = (Step(n, "-", used, "left"), Step(k * m, "/", k, "each"))
    return Problem("share_rest", question, (who, n, item), steps, item)


def _change(rng: Random) -> Problem:
    who, good = rng.choice(PEOPLE), rng.choice(GOODS)
    k, m = rng.randint(2, 9), rng.randint(2, 9)
    paid = k * m + rng.randint(1, min(40, LARGEST - k * m))
    question = (
        f"{who} has {paid} dollars and buys {k} {good} for {m} dollars each. How many dollars does {who} have left?"
    )
    steps = (Step(k, "*", m, "cost"), Step(paid, "-", k * m, "left"))
    return Problem("change", question, (who, paid, "dollars"), steps, "dollars")


def _two_prices(rng: Random) -> Problem:
    who, (first, second) = rng.choice(PEOPLE), rng.sample(GOODS, 2)
    k, m, j, p = rng.randint(2, 9), rng.randint(2, 8), rng.randint(2, 6), rng.randint(2, 8)
    question = (
        f"{who} buys {k} {first} for {m} dollars each and {j} {second} for {p} dollars each."
        f" How many dollars does {who} pay?"
    )
    steps = (Step(k, "*", m, "cost"), Step(j, "*", p, "cost"), Step(k * m, "+", j * p, "total"))
    return Problem("two_prices", question, (who, k, first), steps, "dollars")


def _two_boxes(rng: Random) -> Problem:
    who, item = rng.choice(PEOPLE), rng.choice(ITEMS)
    first, second = rng.sample(CONTAINERS, 2)
    k, m, j, p = rng.randint(2, 9), rng.randint(2, 8), rng.randint(2, 6), rng.randint(2, 8)
    question = (
        f"{who} has {k} {first} with {m} {item} each and {j} {second} with {p} {item} each."
        f" How many {item} does {who} have?"
    )
    steps = (Step(k, "*", m, "groups"), Step(j, "*", p, "groups"), Step(k * m, "+", j * p, "total"))
    return Problem("two_boxes", question, (who, k, first), steps, item)


KINDS: dict[str, Callable[[Random], Problem]] = {
    **{name: _chain(events) for events, name in _CHAIN_NAMES.items()},
    "groups": _groups,
    "share": _share,
    "more": _more,
    "times": _times,
    "share_rest": _share_rest,
    "change": _change,
    "two_prices": _two_prices,
    "two_boxes": _two_boxes,
}
EASY = ("gain", "lose", "groups", "share")
MIDDLE = ("gain_lose", "lose_gain", "more", "times", "share_rest")
HARD = ("bring", "take", "change", "bring_lose", "gain_take", "bring_take", "two_prices", "two_boxes")


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of easy, middle and hard kinds; equal shares within each."""

    easy: float
    middle: float
    hard: float

    def draw(self, rng: Random) -> Problem:
        (level,) = rng.choices((EASY, MIDDLE, HARD), (self.easy, self.middle, self.hard))
        return KINDS[rng.choice(level)](rng)
