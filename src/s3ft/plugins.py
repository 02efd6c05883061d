"""Judges, tasks, sources and backends by name: the file name is the registry."""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NoReturn

from s3ft.types import UserError

Kind = Literal["judge", "task", "source", "backend"]


def names(kind: Kind) -> list[str]:
    """Names that ship with s3ft: files and packages in the room of that kind that define its one name."""
    return sorted(where.stem for where in _room(kind).iterdir() if _defines(where, kind))


def first_line(kind: Kind, name: str) -> str:
    """The first line of what a plug-in that ships with s3ft says of itself; imports nothing."""
    return (ast.get_docstring(_parsed(_room(kind) / name)) or "").partition("\n")[0]


def _room(kind: Kind) -> Path:
    return Path(__file__).parent / f"{kind}s"


def _defines(where: Path, kind: Kind) -> bool:
    is_module = where.suffix == ".py" and where.stem != "__init__"
    if not is_module and not (where / "__init__.py").is_file():
        return False
    for node in _parsed(where.with_suffix("")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == kind:
            return True
        bound = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == kind for target in bound):
            return True
        if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == kind for a in node.names):
            return True
    return False


@cache
def _parsed(where: Path) -> ast.Module:
    """The syntax tree of a module or package, named without suffix."""
    file = where / "__init__.py" if where.is_dir() else where.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def config_of(backend: Any, name: str) -> Any:
    """The class that reads a backend's section of the config. Raises UserError if the backend has none."""
    try:
        return backend.Config
    except AttributeError as error:
        raise UserError(f"backend {name!r} has no Config; give its class one, see docs/extending.md") from error


def load(kind: Kind, name: str) -> Any:
    """The object that `name` stands for: "name" | "file.py[:attr]" | "pkg.mod[:attr]"; `attr` defaults to the kind.

    Raises UserError if there is no such file, module or attribute."""
    find(kind, name)
    where, _, attribute = name.partition(":")
    if where.endswith(".py"):
        module = _from_file(Path(where), kind)
    elif "." in where or attribute:
        module = _imported(where, kind)
    else:
        module = importlib.import_module(f"s3ft.{kind}s.{where}")
    attribute = attribute or kind
    if not hasattr(module, attribute):
        raise UserError(
            f"{kind} {name!r}: {where} defines no {attribute!r}; define it, or name another as {where}:NAME"
        )
    return getattr(module, attribute)


def find(kind: Kind, name: str) -> None:
    """Raises UserError if `name` stands for nothing; imports nothing."""
    where, _, attribute = name.partition(":")
    if where.endswith(".py"):
        if not Path(where).is_file():
            raise UserError(f"{kind} {where!r}: no such file; the path is relative to the current folder")
    elif "." not in where and not attribute and where not in names(kind):
        raise UserError(unknown(kind, where, names(kind)) + f"; or name a file: my_{kind}.py")


def identity(spec: Any) -> Any:
    """What a name, or a mapping of options, stands for: JSON that changes with the content of
    every .py or .jsonl file it names."""
    if isinstance(spec, dict):
        return {key: identity(value) for key, value in spec.items()}
    if isinstance(spec, list | tuple):
        return [identity(part) for part in spec]
    path = Path(str(spec).partition(":")[0])
    if path.suffix in (".py", ".jsonl") and path.is_file():
        return [spec, hashlib.sha256(path.read_bytes()).hexdigest()]
    return spec


def unknown(what: str, found: str, known: list[str], most: int = 50) -> str:
    """The line for a name that does not exist, with the nearest one that does, and at most `most` of all."""
    near = difflib.get_close_matches(found, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {found!r}: {hint}known are {', '.join(known[:most])}{' ...' if len(known) > most else ''}"


def require_type(value: Any, kind: Any, field: str) -> None:
    """Raises UserError for a value that is not of the type that a library's argument states."""
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

    try:
        TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].lower()
        raise UserError(f"field {field!r}: found {value!r}; {said}") from error
    except PydanticUserError:
        # A type that pydantic has no rule for, or that takes no config.
        return


@contextmanager
def contained() -> Iterator[None]:
    """For a user's code: os._exit raises SystemExit in this process, which it would else end as if all were well."""
    here, end = os.getpid(), os._exit

    def stop(status: int) -> NoReturn:
        if os.getpid() != here:
            end(status)
        raise SystemExit(status)

    os._exit = stop
    try:
        yield
    finally:
        os._exit = end


def _from_file(path: Path, kind: Kind) -> ModuleType:
    name = f"s3ft_user_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pydantic look a class's module up here.
    sys.modules[name] = module
    try:
        with contained():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserError(f"{kind} {str(path)!r} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _imported(where: str, kind: Kind) -> ModuleType:
    try:
        with contained():
            return importlib.import_module(where)
    except (Exception, SystemExit) as error:
        raise UserError(f"{kind} {where!r} cannot be imported: {type(error).__name__}: {error}") from error
