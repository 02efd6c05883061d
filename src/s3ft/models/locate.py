"""Where a model's files are, and what they are: Hub id, folder or the miniature."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from s3ft import lab
from s3ft.data import hub
from s3ft.digest import file_digest
from s3ft.types import UserError

_NEEDED = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "tokenizer*", "*.py")


def folder(model: str, revision: str | None = None) -> Path:
    """The folder with the model's files, fetched from the Hub if need be.

    Raises UserError for a model that is nowhere, and for one without safetensors (pickled weights can run code)."""
    if model == "lab":
        return lab.MODEL
    path = Path(model).expanduser()
    if not path.is_dir():
        path = _from_hub(model, revision)
    if not (path / "config.json").is_file():
        raise UserError(f"model {model!r}: {path} has no config.json; give the folder of a Transformers model")
    if not list(path.glob("*.safetensors")):
        raise UserError(
            f"model {model!r}: no *.safetensors in {path}; convert the weights, pickled ones are not loaded"
        )
    return path


def source(model: Path | str) -> tuple[str, str | None]:
    """What names a model to others, and its commit: the Hub id of a folder in the Hub's cache; the absolute path of any
    other folder, since a relative one would be looked for on the Hub from elsewhere; what is no folder as it is."""
    path = Path(model).expanduser().absolute()
    if not path.is_dir():
        return str(model), None
    repository, snapshots, commit = path.parts[-3:] if len(path.parts) > 3 else ("", "", "")
    if snapshots == "snapshots" and repository.startswith("models--"):
        return repository.removeprefix("models--").replace("--", "/"), commit
    return os.path.normpath(path), None


def require_chat_template(path: Path) -> None:
    """Raises UserError for a model without a chat template: it was never taught to answer."""
    config = path / "tokenizer_config.json"
    inside = config.is_file() and "chat_template" in json.loads(config.read_text(encoding="utf-8"))
    if not inside and not (path / "chat_template.jinja").is_file() and not (path / "chat_template.json").is_file():
        raise UserError(
            f"model {path}: its tokenizer has no chat template; take the instruct version of the model, or put the "
            "template it was trained with into that folder as chat_template.jinja"
        )


class Known(Protocol):
    """Values kept between runs: what the cache of generations gives."""

    def get(self, key: str) -> Any: ...

    def put(self, values: Mapping[str, Any]) -> None: ...


def files(path: Path) -> list[Path]:
    """The files of a model or adapter, in order."""
    return sorted(p for p in path.iterdir() if p.is_file() and any(p.match(n) for n in _NEEDED))


def fingerprint(path: Path, store: Known) -> str:
    """SHA-256 over the files of a model or adapter; that of a large file is kept by name, size and time."""
    total = hashlib.sha256()
    for file in files(path):
        state = file.stat()
        key = "file " + json.dumps([str(file.resolve()), state.st_size, state.st_mtime_ns])
        known = store.get(key)
        if known is None:
            known = file_digest(file)
            store.put({key: known})
        total.update(f"{file.name} {known}\n".encode())
    return total.hexdigest()


def _from_hub(model: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    looks_local = model.startswith((".", "/", "~")) or model.count("/") != 1
    if looks_local:
        raise UserError(
            f"model {model!r}: no such folder; give a folder, a Hub id such as Qwen/Qwen2.5-0.5B-Instruct, or lab"
        )
    with hub.asked(f"model {model!r}", "give the folder of a model", revision):
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(_NEEDED)))
