"""Reading with a decision: a passage and a question that it answers, or does not."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from experiments.lab.words import PEOPLE, listed

UNKNOWN = "The passage does not say."

VERBS = {"bought": "buy", "found": "find", "lost": "lose", "painted": "paint", "sold": "sell", "repaired": "repair"}
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "grey")
THINGS = listed("kite lamp chair cup hat drum clock boat bench mirror basket coat table shelf bicycle cart")
PLACES = listed(
    "in the garden|at the market|in the kitchen|at school|by the river|in the attic|at the station|in the park", "|"
)
DAYS = listed("on Monday|on Tuesday|on Wednesday|on Thursday|on Friday|on Saturday|on Sunday", "|")


@dataclass(frozen=True, slots=True)
class Reading:
    passage: str
    question: str
    answer: str

    @property
    def prompt(self) -> str:
        return f"{self.passage}\n{self.question}"

    @property
    def answerable(self) -> bool:
        return self.answer != UNKNOWN


@dataclass(frozen=True, slots=True)
class _Event:
    who: str
    verb: str
    colour: str
    thing: str
    place: str
    day: str

    def sentence(self, rng: Random) -> str:
        tail = " ".join(filter(None, (self.place, self.day)))
        if self.day and not self.place and rng.random() < 0.5:
            return f"{self.day[0].upper()}{self.day[1:]}, {self.who} {self.verb} a {self.colour} {self.thing}."
        return f"{self.who} {self.verb} a {self.colour} {self.thing}{' ' + tail if tail else ''}."


def _events(rng: Random) -> list[_Event]:
    number = rng.randint(2, 3)
    things = rng.sample(THINGS, number)
    people = rng.sample(PEOPLE, number)
    return [
        _Event(
            who,
            rng.choice(list(VERBS)),
            rng.choice(COLOURS),
            thing,
            rng.choice(PLACES) if rng.random() < 0.5 else "",
            rng.choice(DAYS) if rng.random() < 0.5 else "",
        )
        for who, thing in zip(people, things, strict=True)
    ]


def passage(rng: Random) -> str:
    """Some people, each of whom did something."""
    return " ".join(event.sentence(rng) for event in _events(rng))


def reading(rng: Random) -> Reading:
    """About half of the questions are answerable; the others ask for what the passage leaves out."""
    events = _events(rng)
    text = " ".join(event.sentence(rng) for event in events)
    about = rng.choice(events)
    base = VERBS[about.verb]
    form = rng.choice(("what", "where", "when", "who", "colour"))
    other = rng.choice([t for t in THINGS if t not in {e.thing for e in events}])
    foreign = rng.random() < 0.35
    if form == "what":
        who = rng.choice([p for p in PEOPLE if p not in {e.who for e in events}]) if foreign else about.who
        question = f"What did {who} {base}?"
        answer = UNKNOWN if foreign else f"{who} {about.verb} a {about.colour} {about.thing}."
    elif form == "where":
        question = f"Where did {about.who} {base} the {about.thing}?"
        answer = f"{about.who} {about.verb} it {about.place}." if about.place else UNKNOWN
    elif form == "when":
        question = f"When did {about.who} {base} the {about.thing}?"
        answer = f"{about.who} {about.verb} it {about.day}." if about.day else UNKNOWN
    elif form == "who":
        question = f"Who {about.verb} the {other if foreign else about.thing}?"
        answer = UNKNOWN if foreign else f"{about.who} {about.verb} the {about.thing}."
    else:
        question = f"What colour is the {other if foreign else about.thing}?"
        answer = UNKNOWN if foreign else f"The {about.thing} is {about.colour}."
    return Reading(text, question, answer)
