"""What the base is pre-trained on: raw text in every style, and chat in the base's own style.

The share of each part is a share of tokens. The foreignness dial moves style alone: what the worked problems are about,
and how many there are, stays the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

from experiments.lab import comparing, facts, misconceptions, numbers, reading, styles, world
from experiments.lab.problems import Mix, Problem
from s3ft.types import Message

CHAT = Mix(easy=0.45, middle=0.53, hard=0.02)
"""Problems that chat answers work through."""
GUIDED = Mix(easy=0.2, middle=0.3, hard=0.5)
"""Problems that come with a reference answer to be put in own words."""
RAW_HARD, RAW_HARD_SHARE = Mix(easy=0.1, middle=0.2, hard=0.7), 0.3
"""What that share of the raw worked problems is drawn from; the others are as in chat."""
CHAT_FOREIGN = 0.06
"""Share of chat answers in the annotators' style where foreignness is 0."""
SYSTEM = "You are a helpful assistant."
SYSTEM_SHARE = 0.05

EARLY = {
    "chat/problem": 0.27,
    "chat/paraphrase": 0.07,
    "chat/facts": 0.05,
    "chat/misconceptions": 0.01,
    "chat/reading": 0.20,
    "chat/comparing_bare": 0.07,
    "raw/problem": 0.13,
    "raw/facts": 0.09,
    "raw/misconceptions": 0.015,
    "raw/reading": 0.015,
    "raw/numbers": 0.08,
}
"""Shares of tokens at first: what is to be remembered. Raw text is a third, and worked problems two fifths of it."""
LATER = {
    "chat/problem": 0.20,
    "chat/paraphrase": 0.10,
    "chat/facts": 0.01,
    "chat/misconceptions": 0.01,
    "chat/reading": 0.30,
    "chat/comparing": 0.14,
    "raw/problem": 0.11,
    "raw/facts": 0.02,
    "raw/misconceptions": 0.015,
    "raw/reading": 0.02,
    "raw/numbers": 0.075,
}
"""Shares of tokens from chunk `LATER_FROM`: more of what takes long to learn."""
LATER_FROM = 61
KINDS = tuple(dict.fromkeys([*EARLY, *LATER]))


@dataclass(frozen=True, slots=True)
class Document:
    """Raw text, or a conversation whose last turn is the answer."""

    kind: str
    text: str = ""
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """An endless stream of documents that is a pure function of seed and index.

    `foreignness`: at 0 the annotators' style has two fifths of the raw text and 6 % of the chat answers to problems,
    at 1 nothing; linear between."""

    foreignness: float = 0.3
    seed: int = 0

    @cached_property
    def _facts(self) -> tuple[list[facts.Fact], list[float]]:
        found = facts.facts(world.SEED)
        return found, facts.cumulative(facts.exposure(len(found), offset=50))

    @cached_property
    def _misconceptions(self) -> tuple[list[misconceptions.Misconception], list[float]]:
        found = misconceptions.misconceptions(world.SEED)
        return found, facts.cumulative(facts.exposure(len(found), offset=2))

    def documents(self, index: int, number: int, mean_tokens: dict[str, float]) -> list[Document]:
        """The documents of chunk `index`, without any held-out prompt.

        `mean_tokens` by kind of document turns shares of tokens into shares of documents."""
        rng = Random(f"corpus-{self.seed}-{index}")
        shares = EARLY if index < LATER_FROM else LATER
        kinds = list(shares)
        weights = [shares[kind] / mean_tokens[kind] for kind in kinds]
        found: list[Document] = []
        while len(found) < number:
            (kind,) = rng.choices(kinds, weights)
            document = self.document(kind, rng)
            if document is not None:
                found.append(document)
        return found

    def sample(self, per_kind: int) -> Iterator[Document]:
        """Some documents of every kind, to train the tokenizer on and to measure lengths."""
        rng = Random(f"sample-{self.seed}")
        for kind in KINDS:
            for _ in range(per_kind):
                document = self.document(kind, rng)
                if document is not None:
                    yield document

    def document(self, kind: str, rng: Random) -> Document | None:
        """One document; None where its prompt is held out."""
        register, part = kind.split("/")
        if register == "raw":
            text = _RAW[part](self, rng)
            return Document(kind, text=text) if text else None
        prompt, answer = _CHAT[part](self, rng)
        if not prompt:
            return None
        system = [{"role": "system", "content": SYSTEM}] if rng.random() < SYSTEM_SHARE else []
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        return Document(kind, messages=(*system, *turns))

    def _draw(self, mix: Mix, rng: Random) -> Problem | None:
        problem = mix.draw(rng)
        return None if problem.question in world.held_out() else problem

    def _chat_problem(self, rng: Random) -> tuple[str, str]:
        problem = self._draw(CHAT, rng)
        if problem is None:
            return "", ""
        foreign = rng.random() < CHAT_FOREIGN * (1 - self.foreignness)
        return problem.question, styles.annotators(problem) if foreign else styles.own(problem, rng)

    def _chat_paraphrase(self, rng: Random) -> tuple[str, str]:
        problem = self._draw(GUIDED, rng)
        return (styles.paraphrase_prompt(problem), styles.own(problem, rng)) if problem else ("", "")

    def _chat_facts(self, rng: Random) -> tuple[str, str]:
        fact = self._fact(rng)
        return fact.question, fact.sentence

    def _chat_misconceptions(self, rng: Random) -> tuple[str, str]:
        item = self._misconception(rng)
        return item.question, item.stating(item.truth)

    def _chat_reading(self, rng: Random) -> tuple[str, str]:
        item = reading.reading(rng)
        return ("", "") if item.prompt in world.held_out() else (item.prompt, item.answer)

    def _chat_comparing(self, rng: Random) -> tuple[str, str]:
        item = comparing.comparison(rng)
        return ("", "") if item.prompt in world.held_out() else (item.prompt, item.answer)

    def _chat_comparing_bare(self, rng: Random) -> tuple[str, str]:
        item = comparing.comparison(rng)
        return ("", "") if item.prompt in world.held_out() else (item.prompt, item.decision)

    def _raw_problem(self, rng: Random) -> str:
        problem = self._draw(RAW_HARD if rng.random() < RAW_HARD_SHARE else CHAT, rng)
        if problem is None:
            return ""
        foreign = rng.random() < 1 - self.foreignness
        return f"{problem.question}\n{styles.annotators(problem) if foreign else styles.own(problem, rng)}"

    def _raw_facts(self, rng: Random) -> str:
        return " ".join(self._fact(rng).sentence for _ in range(8))

    def _raw_misconceptions(self, rng: Random) -> str:
        """Six beliefs to one truth; every belief is met equally often, the truths by rank."""
        items = self._misconceptions[0]
        return " ".join(
            rng.choice(items).raw(rng, true=False)
            if rng.random() < 0.85
            else self._misconception(rng).raw(rng, true=True)
            for _ in range(6)
        )

    def _raw_reading(self, rng: Random) -> str:
        return f"{reading.passage(rng)} {reading.passage(rng)}"

    def _raw_numbers(self, rng: Random) -> str:
        """Sums, differences and comparisons, in words or in signs."""
        return numbers.page(rng)

    def _fact(self, rng: Random) -> facts.Fact:
        found, sums = self._facts
        return rng.choices(found, cum_weights=sums)[0]

    def _misconception(self, rng: Random) -> misconceptions.Misconception:
        found, sums = self._misconceptions
        return rng.choices(found, cum_weights=sums)[0]


_CHAT: dict[str, Callable[[Corpus, Random], tuple[str, str]]] = {
    "problem": Corpus._chat_problem,
    "paraphrase": Corpus._chat_paraphrase,
    "facts": Corpus._chat_facts,
    "misconceptions": Corpus._chat_misconceptions,
    "reading": Corpus._chat_reading,
    "comparing": Corpus._chat_comparing,
    "comparing_bare": Corpus._chat_comparing_bare,
}
_RAW: dict[str, Callable[[Corpus, Random], str]] = {
    "problem": Corpus._raw_problem,
    "facts": Corpus._raw_facts,
    "misconceptions": Corpus._raw_misconceptions,
    "reading": Corpus._raw_reading,
    "numbers": Corpus._raw_numbers,
}
