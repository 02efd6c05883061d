"""Which installed packages programs may import, and where they are: the named ones and what those require."""

from __future__ import annotations

import functools
import importlib.util
import re
from importlib import metadata
from pathlib import Path

DEFAULT = ("numpy", "pandas", "tzdata")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@functools.cache
def find(names: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Modules by name with their file or folder, and all paths to be readable. What is not installed is left out."""
    modules: dict[str, str] = {}
    readable: dict[str, None] = {}
    seen: set[str] = set()
    left = list(names)
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        for path in _top_level(name):
            readable[str(path)] = None
            if (path / "__init__.py").is_file():
                modules[path.name] = str(path)
            elif path.suffix == ".py":
                modules[path.stem] = str(path)
        left += _required(name)
    return modules, tuple(readable)


def _top_level(name: str) -> list[Path]:
    """What a distribution put into site-packages, its metadata apart."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return []
    files = distribution.files
    if files is None:
        # Installed by a system's own package manager, which keeps its list of files elsewhere.
        spec = importlib.util.find_spec(name)
        return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    parts = {file.parts[0] for file in files if file.parts and file.parts[0] not in ("..", "/", "__pycache__")}
    kept = sorted(part for part in parts if not part.endswith((".dist-info", ".egg-info", ".pth")))
    return [Path(str(distribution.locate_file(part))) for part in kept]


def _required(name: str) -> list[str]:
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    found = [_NAME.match(text) for text in requirements if "extra ==" not in text]
    return [match[0] for match in found if match]
