"""Tasks: a data set, its prompts and the judge it names."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import ValidationError, validate_call

from s3ft import plugins
from s3ft.types import Task, UserError


def load(spec: dict[str, Any]) -> Task:
    """The task for {"name": ..., option: value}. Raises UserError for an unknown name or option."""
    options = dict(spec)
    name = options.pop("name")
    make = plugins.load("task", name)
    known = list(inspect.signature(make).parameters)
    for option in options:
        if option not in known:
            raise UserError(plugins.unknown(f"option of task {name}", option, known))
    missing = [p.name for p in inspect.signature(make).parameters.values() if p.default is p.empty]
    for option in missing:
        if option not in options:
            raise UserError(f"task {name!r} needs the option {option!r}; add task.{option}=...")
    try:
        task: Task = validate_call(config={"arbitrary_types_allowed": True})(make)(**options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(
            f"task {name!r}: option {first['loc'][0]!r} is {first['input']!r}; {first['msg'].lower()}"
        ) from error
    return task
