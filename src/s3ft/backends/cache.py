"""Generations kept by content hash: this is the whole resume story. Failures are never kept."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from s3ft.digest import digest
from s3ft.progress import say
from s3ft.protocols import Backend, BatchingBackend, Finished, require, scoring
from s3ft.types import Capability, Completion, Request, Sampling, Score, UserError


def folder(configured: str | None) -> Path:
    """The cache folder: as configured, else s3ft in the user's cache folder."""
    if configured:
        return Path(configured).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "s3ft"


class Store:
    """A table of JSON values by key, safe against kill at any moment and shared by processes; only its owner can read
    it. A damaged file is put aside and a new one begun; a damaged value is as if it were not there. Both are said."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._has_said_damage = False
        try:
            self._db = self._opened()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise self._unusable(error) from error
            self._put_aside(error)
        except OSError as error:
            raise self._unusable(error) from error

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.is_file() and not self._path.stat().st_size:
            self._say("empty, it is begun anew")
        file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        self._inode = os.fstat(file).st_ino
        os.close(file)
        self._path.chmod(0o600)
        db = sqlite3.connect(self._path, timeout=60)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        return db

    def _put_aside(self, error: Exception) -> None:
        """Renames a damaged file, if no other process has done so meanwhile, and begins a new one."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{time.time_ns()}")
        try:
            if self._path.is_file() and self._path.stat().st_ino == self._inode:
                self._say(f"{error}; kept as {aside.name}, a new one is begun")
                self._path.rename(aside)
                for suffix in ("-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._db = self._opened()
        except (OSError, sqlite3.Error) as failed:
            raise self._unusable(failed) from failed

    def _unusable(self, error: Exception) -> UserError:
        return UserError(f"cache {self._path}: {error}; free some space or name another folder with cache=DIR")

    def get(self, key: str) -> Any:
        """The value, or None."""
        try:
            row = self._db.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise self._unusable(error) from error
            self._put_aside(error)
            return None
        if row is None:
            return None
        checked, _, text = str(row[0]).partition(" ")
        if checked == _checksum(key, text):
            return json.loads(text)
        if not self._has_said_damage:
            self._say("damaged values; what they held is made again")
            self._has_said_damage = True
        return None

    def _say(self, what: str) -> None:
        say(f"cache {self._path}: {what}")

    def put(self, values: Mapping[str, Any]) -> None:
        """All of `values`, or none of them if the process dies."""
        texts = {k: json.dumps(v, ensure_ascii=True) for k, v in values.items()}
        rows = [(k, f"{_checksum(k, text)} {text}") for k, text in texts.items()]
        for is_last in (False, True):
            try:
                with self._db:
                    self._db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)
                return
            except sqlite3.DatabaseError as error:
                if is_last or not _is_damage(error):
                    raise self._unusable(error) from error
                self._put_aside(error)


def _checksum(key: str, text: str) -> str:
    """SQLite has none of its own for what it holds."""
    return hashlib.sha256(f"{key} {text}".encode()).hexdigest()[:16]


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Cached:
    """A backend that answers from the store if it can, and keeps what it had to ask for."""

    def __init__(self, backend: Backend, store: Store) -> None:
        self._backend, self._store = backend, store
        self._identity = digest(dict(backend.identity))

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._backend.capabilities

    @property
    def identity(self) -> Mapping[str, Any]:
        return self._backend.identity

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        """As Backend.generate; equal requests are asked once."""
        drawn = sampling if sampling.temperature > 0 else replace(sampling, seed=0, top_p=1.0)
        keys = [self._key("generate", r, asdict(drawn)) for r in requests]
        missing: dict[str, list[int]] = {}
        for i, key in enumerate(keys):
            kept = None if key in missing else self._store.get(key)
            if kept is None:
                missing.setdefault(key, []).append(i)
            else:
                yield i, [_completion(c) for c in kept]
        open_keys = list(missing)
        asked = [requests[missing[k][0]] for k in open_keys]
        for finished in self._finished(asked, sampling) if asked else ():
            sound = {i: cs for i, cs in finished if not any(c.finish_reason == "error" for c in cs)}
            self._store.put({open_keys[i]: [_plain(c) for c in cs] for i, cs in sound.items()})
            for i, completions in finished:
                for index in missing[open_keys[i]]:
                    yield index, completions

    def _finished(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        """Completions that are kept together."""
        if isinstance(self._backend, BatchingBackend):
            return self._backend.generate_batches(requests, sampling)
        return ([found] for found in self._backend.generate(requests, sampling))

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        """As ScoringBackend.score. Raises UserError if the backend gives no likelihoods."""
        scorer = scoring(self._backend)
        if scorer is None:
            require(self._backend, "score", "likelihoods were asked for")
            raise AssertionError
        pairs = zip(requests, completions, strict=True)
        keys = [self._key("score", r, [c.text, c.raw, c.token_ids]) for r, c in pairs]
        found: list[Score | None] = [Score(**kept) if (kept := self._store.get(k)) else None for k in keys]
        missing = [i for i, score in enumerate(found) if score is None]
        if missing:
            scores = scorer.score([requests[i] for i in missing], [completions[i] for i in missing])
            self._store.put({keys[i]: asdict(s) for i, s in zip(missing, scores, strict=True) if s is not None})
            for i, score in zip(missing, scores, strict=True):
                found[i] = score
        return found

    def _key(self, kind: str, request: Request, how: Any) -> str:
        return digest([kind, self._identity, request.prompt, request.tools, how])


def _plain(completion: Completion) -> dict[str, Any]:
    """A completion as JSON without what is not known of it."""
    return {name: value for name, value in asdict(completion).items() if value is not None}


def _completion(kept: dict[str, Any]) -> Completion:
    ids = kept.pop("token_ids", None)
    return Completion(**kept, token_ids=None if ids is None else tuple(ids))
