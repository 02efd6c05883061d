"""Sets of benchmarks by one name."""

from __future__ import annotations

from typing import Any

_PAPER = ("mmlu", "truthfulqa_mc2", "hellaswag", "winogrande")

SUITES = {"paper": _PAPER, "wide": (*_PAPER, "ifeval", "gsm8k", "humaneval")}
"""The four that the paper measures generality on; and with instructions, mathematics and programs besides."""

_SAME = {"gsm8k": "gsm8k", "mbpp": "humaneval"}
"""Of a task, the benchmark that measures what it trains: no measure of what was kept."""
_BY_HARNESS = ("gsm8k",)
"""Tasks that lm-evaluation-harness scores on the same rows."""


def expanded(config: Any) -> Any:
    """A config as plain data, its suites as the names of their benchmarks: without the one that measures what is
    trained. Where lm-evaluation-harness scores the trained task too, that stands in extra_benchmarks."""
    evaluate: Any = config.get("evaluate") if isinstance(config, dict) else None
    named = evaluate.get("benchmarks") if isinstance(evaluate, dict) else None
    given = [named] if isinstance(named, str) else named
    if not isinstance(given, list | tuple):
        return config
    task = config.get("task")
    target = task.get("name") if isinstance(task, dict) else task
    found = {"benchmarks": [n for one in given for n in _of(one, str(target))]}
    # With rows from files, what is not there is not asked for unnamed.
    if target in _BY_HARNESS and not evaluate.get("data") and any(str(one) in SUITES for one in given):
        extra = evaluate.get("extra_benchmarks") or ()
        found["extra_benchmarks"] = list(dict.fromkeys([*extra, str(target)]))
    return {**config, "evaluate": {**evaluate, **found}}


def _of(one: Any, target: str) -> list[Any]:
    names = SUITES.get(one) if isinstance(one, str) else None
    return [one] if names is None else [n for n in names if n != _SAME.get(target)]
