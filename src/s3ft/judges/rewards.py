"""TRL reward functions as judges."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from s3ft.types import Completion, Example, UserError, Verdict

REFERENCE = ("solution", "answer", "answers", "ground_truth", "reference", "target", "label", "gold")
"""Columns under which the reference is offered, unless the row has its own."""
_TRAINER = {"log_extra": None, "log_metric": None, "trainer_state": None}


def is_reward(found: Any) -> bool:
    """Whether it can be called as TRL calls a reward function: with `completions`, and not as a batch judge is."""
    if not callable(found) or inspect.isclass(found):
        return False
    try:
        parameters = inspect.signature(found).parameters
    except (TypeError, ValueError):
        return False
    return "completions" in parameters and "examples" not in parameters


class Reward:
    """A reward function as a judge: right from `threshold`; None and what is no number stay None.

    It is given `prompts`, `completions` and the columns of the rows as lists; prompts and completions as messages,
    or as text where `conversational` is false."""

    def __init__(self, function: Callable[..., Any], threshold: float = 0.5, conversational: bool = True) -> None:
        self._function, self._threshold, self._conversational = function, threshold, conversational
        self._parameters = inspect.signature(function).parameters

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        columns = self._columns(examples, completions)
        rewards = self._function(**columns)
        if inspect.iscoroutine(rewards):
            rewards = asyncio.run(rewards)
        if len(rewards) != len(examples):
            raise ValueError(f"{len(rewards)} rewards for {len(examples)} completions")
        return [self._verdict(r, c) for r, c in zip(rewards, completions, strict=True)]

    def _verdict(self, reward: Any, completion: Completion) -> Verdict:
        if reward is None or math.isnan(reward):
            return Verdict(None, reason="the reward function gave None")
        return Verdict(bool(reward >= self._threshold), completion.text.strip()[:200], f"reward {float(reward):g}")

    def _columns(self, examples: Sequence[Example], completions: Sequence[Completion]) -> Mapping[str, Any]:
        """What TRL would pass, as far as the function takes it."""
        texts = [c.text for c in completions]
        if self._conversational:
            prompts: list[Any] = [e.prompt for e in examples]
            said: list[Any] = [[{"role": "assistant", "content": t}] for t in texts]
        else:
            prompts, said = [str(e.prompt[-1].get("content", "")) for e in examples], list(texts)
        references = [str(e.reference) if isinstance(e.reference, int | float) else e.reference for e in examples]
        offered: dict[str, Any] = dict.fromkeys(REFERENCE, references)
        for name in {n for e in examples for n in e.meta}:
            offered[name] = [e.meta.get(name) for e in examples]
        offered |= {**_TRAINER, "prompts": prompts, "completions": said}
        if all(c.token_ids is not None for c in completions):
            offered["completion_ids"] = [list(c.token_ids or ()) for c in completions]
        missing = [
            n
            for n, p in self._parameters.items()
            if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and n not in offered
        ]
        if missing:
            raise UserError(
                f"the reward function needs the column {missing[0]!r}; columns here: {', '.join(sorted(offered))}"
            )
        if any(p.kind is p.VAR_KEYWORD for p in self._parameters.values()):
            return {n: v for n, v in offered.items() if n not in _TRAINER or n in self._parameters}
        return {n: v for n, v in offered.items() if n in self._parameters}
