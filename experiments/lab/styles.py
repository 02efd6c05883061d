"""How a worked answer is written: the annotators' way (the gold) and the base's own way.

The content is the same: the same steps, in the same order, with the same numbers."""

from __future__ import annotations

from random import Random

from experiments.lab.problems import Problem, Step
from s3ft.lab import PARAPHRASE
from s3ft.prompts import fill

_WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}

SENTENCES: dict[str, tuple[str, ...]] = {
    "gained": ("With these, {sum}.", "Adding them, {sum}."),
    "left": ("After that, {sum}.", "Taking them away, {sum}."),
    "brought": ("To find what comes in, {sum}.", "For the new ones, {sum}."),
    "taken": ("To find what goes away, {sum}.", "For the ones that go, {sum}."),
    "groups": ("Counting them all, {sum}.", "Putting them together, {sum}."),
    "each": ("Sharing equally, {sum} for each.", "For each of them, {sum}."),
    "other": ("The other one has more: {sum}.", "For the other one, {sum}."),
    "together": ("Together, {sum}.", "For both of them, {sum}."),
    "cost": ("To find the cost, {sum}.", "For the price, {sum}."),
    "total": ("In all, {sum}.", "For the total, {sum}."),
}
_OPENINGS = ("{who} starts with {n} {what}.", "At first {who} has {n} {what}.")
_NO_OPENING = ("groups", "two_prices", "two_boxes")


def annotators(problem: Problem) -> str:
    """Terse lines of arithmetic and the number after ####, as in GSM8K (arXiv 2110.14168)."""
    lines = [f"{s.left}{s.op}{s.right}={s.result} {problem.unit}" for s in problem.steps]
    return "\n".join([*lines, f"#### {problem.answer}"])


def own(problem: Problem, rng: Random) -> str:
    """Sentences, with the number in the last one; `rng` picks among equivalent wordings."""
    who, n, what = problem.opening
    opening = [] if problem.kind in _NO_OPENING else [fill(rng.choice(_OPENINGS), {"who": who, "n": n, "what": what})]
    steps = [_sentence(step, problem.unit, rng) for step in problem.steps]
    return " ".join([*opening, *steps, f"The answer is {problem.answer}."])


def _sentence(step: Step, unit: str, rng: Random) -> str:
    words = f"{step.left} {_WORDS[step.op]} {step.right} is {step.result} {unit}"
    return fill(rng.choice(SENTENCES[step.finds]), {"sum": words})


def paraphrase_prompt(problem: Problem) -> str:
    """What the base is asked when it is to put the gold in its own words."""
    return fill(PARAPHRASE, {"prompt": problem.question, "gold": annotators(problem)})
