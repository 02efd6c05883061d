"""What tests change in their own process although the program, in another one, should see it: seeds are handed on, the
rest is noted."""

from __future__ import annotations

import functools
import importlib
import os
import random
import sys
from collections.abc import Callable
from typing import Any

_READ_HERE = {"input", "stdin", "stdout", "stderr"}
"""What the program asks the tests' process for."""
SEEDED = {"random": "random", "numpy": "numpy.random"}


def seeds(tell: Callable[[str, Any], Any]) -> None:
    """`random.seed` and `numpy.random.seed` of the tests reach the program too."""
    for root, path in SEEDED.items():
        if root not in sys.modules:
            continue
        module: Any = importlib.import_module(path)
        seed = module.seed

        @functools.wraps(seed)
        def both(value: Any = None, *rest: Any, path: str = path, seed: Any = seed, **named: Any) -> None:
            seed(value, *rest, **named)
            tell(path, value)

        module.seed = both


def sow(path: str, value: Any) -> None:
    """In the program's process."""
    if path == "random":
        random.seed(value)
    elif path in SEEDED.values():
        importlib.import_module(path).seed(value)


def watch(unseen: set[str]) -> None:
    """Notes what `unittest.mock` patches, and changes of the environment."""
    mock: Any = importlib.import_module("unittest.mock")
    enter, enter_dict, set_item = mock._patch.__enter__, mock._patch_dict.__enter__, type(os.environ).__setitem__

    def entered(patch: Any) -> Any:
        if patch.attribute not in _READ_HERE:
            unseen.add(f"{getattr(patch.getter(), '__name__', 'an object')}.{patch.attribute}")
        return enter(patch)

    def entered_dict(patch: Any) -> Any:
        unseen.add("a dictionary")
        return enter_dict(patch)

    def set_(environ: Any, name: str, value: str) -> None:
        unseen.add("the environment")
        set_item(environ, name, value)

    mock._patch.__enter__, mock._patch_dict.__enter__ = entered, entered_dict
    type(os.environ).__setitem__ = set_  # type: ignore[method-assign]
