"""Judges say whether a completion is right. A judge that fails says None: never wrong, never right."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from s3ft import plugins
from s3ft.judges.rewards import Reward, is_reward
from s3ft.protocols import Judge, OpenModel
from s3ft.types import Completion, Example, UserError, Verdict

COMBINED = ("first", "all", "any")
"""Judges of judges, which may be written as {first: [math, llm]}."""
OPENER = "open_model"
"""The parameter under which a judge is given what opens a model."""


def load(spec: str | dict[str, Any], open_model: OpenModel | None = None) -> Judge:
    """The batch judge for "name", {"name": ..., option: value} or {"first" | "all" | "any": [judges]}.

    A name may stand for a TRL reward function ("pkg.mod:function"), or for a module with one. A judge whose class takes
    `open_model` asks a model, and opens it with that. Raises UserError for an unknown name or option."""
    if isinstance(spec, dict) and len(spec) == 1 and next(iter(spec)) in COMBINED:
        name, of = next(iter(spec.items()))
        spec = {"name": name, "of": of}
    options: dict[str, Any] = {"name": spec} if isinstance(spec, str) else dict(spec) if isinstance(spec, dict) else {}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise UserError(f"judge: found {spec!r}, expected a name or a mapping with a name")
    found = _found(name)
    if is_reward(found):
        options = {"function": found, **options}
        found = Reward
    if not inspect.isclass(found):
        if options:
            raise UserError(f"judge {name!r} takes no options, found {', '.join(options)}; leave them out")
        return _Each(found)
    parameters = inspect.signature(found).parameters
    try:
        inspect.signature(found).bind(**options)
    except TypeError as error:
        known = ", ".join(n for n in parameters if n not in ("function", OPENER)) or "none"
        raise UserError(f"judge {name!r}: {error}; its options are {known}") from error
    if OPENER in options:
        raise UserError(f"judge {name!r}: {OPENER} is given by s3ft; leave it out")
    given = {OPENER: open_model} if OPENER in parameters else {}
    if found.__module__.startswith("s3ft.judges.") and found is not Reward:
        return cast(Judge, found(**options, **given))
    try:
        with plugins.contained():
            return _Guarded(cast(Judge, found(**options, **given)))
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise UserError(f"judge {name!r} cannot be made: {type(error).__name__}: {error}") from error


def open_models(judge: Judge) -> None:
    """Finds the models that a judge asks, if it asks any, before there is work for them. Raises UserError."""
    if (open_ := getattr(judge, "open", None)) is not None:
        open_()


def of(judge: Any, open_model: OpenModel | None = None) -> Judge:
    """The batch judge for what `load` takes, for a function judge(example, completion) -> Verdict, for a TRL reward
    function, or for a batch judge itself. What they raise becomes None. Raises UserError for anything else."""
    if isinstance(judge, str | dict):
        return load(judge, open_model)
    if is_reward(judge):
        return _Guarded(Reward(judge))
    if inspect.isfunction(judge):
        return _Each(judge)
    if inspect.isclass(judge) or not callable(judge):
        found = f"the class {judge.__name__}" if inspect.isclass(judge) else type(judge).__name__
        raise UserError(f"judge: found {found}, expected a name, a function or a batch judge that was made")
    return cast(Judge, judge) if type(judge).__module__.startswith("s3ft.judges.") else _Guarded(judge)


def _found(name: str) -> Any:
    """What `name` stands for; of a module that defines no judge, its one reward function."""
    where, _, attribute = name.partition(":")
    if attribute or ("." not in where and not where.endswith(".py")):
        return plugins.load("judge", name)
    defined = plugins.load("judge", f"{where}:__dict__")
    if "judge" in defined:
        return defined["judge"]
    rewards = {n: f for n, f in defined.items() if not n.startswith("_") and is_reward(f)}
    if len(rewards) > 1:
        raise UserError(f"judge {name!r}: found the reward functions {', '.join(rewards)}; name one as {where}:NAME")
    return next(iter(rewards.values())) if rewards else plugins.load("judge", name)


class _Each:
    """A plain function judge(example, completion) -> Verdict, asked row by row; what it raises becomes None."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(e, c) for e, c in zip(examples, completions, strict=True)]

    def _one(self, example: Example, completion: Completion) -> Verdict:
        try:
            with plugins.contained():
                return _verdict(self._function(example, completion))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit and what asynchronous libraries raise are no Exception.
            return _failed(error)


class _Guarded:
    """A user's batch judge; when it raises, its rows are asked one by one, and those that raise again become None."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        try:
            with plugins.contained():
                verdicts = self._judge(examples, completions)
        except (UserError, KeyboardInterrupt):
            raise
        except BaseException as error:
            if len(examples) == 1:
                return [_failed(error)]
            return [self([e], [c])[0] for e, c in zip(examples, completions, strict=True)]
        if not isinstance(verdicts, list | tuple) or len(verdicts) != len(examples):
            raise UserError(f"the judge gave {_size(verdicts)} for {len(examples)} completions; fix the judge")
        return [_verdict(v) for v in verdicts]


def _verdict(said: Any) -> Verdict:
    if not isinstance(said, Verdict):
        return Verdict(None, reason=f"judge returned {type(said).__name__}, expected a Verdict")
    if said.correct is None or isinstance(said.correct, bool):
        return said
    if type(said.correct).__name__ in ("bool", "bool_"):
        # NumPy's are not Python's, and "is True" tells them apart.
        return replace(said, correct=bool(said.correct))
    return Verdict(None, reason=f"judge returned Verdict({said.correct!r}), expected True, False or None")


def _failed(error: BaseException) -> Verdict:
    return Verdict(None, reason=f"judge failed: {type(error).__name__}: {error}")


def _size(verdicts: Any) -> str:
    return f"{len(verdicts)} verdicts" if isinstance(verdicts, list | tuple) else type(verdicts).__name__
