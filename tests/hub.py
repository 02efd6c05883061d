"""A server on loopback that speaks the Hub's protocol as huggingface_hub and datasets use it: repositories with
commits, branches, gates and tokens, large files behind a signed redirect, ranges, and downloads that are cut."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_loopbackloopbackloopback"
SIGNATURE = "signedsignedsigned"
LARGE = 50_000
"""Bytes from which a file lies behind a redirect, as with LFS."""


def sha(*parts: Any) -> str:
    return hashlib.sha1(repr(parts).encode()).hexdigest()


@dataclass
class Repo:
    """Files by path; every change is a commit, and `main` is the last one."""

    files: dict[str, bytes]
    kind: str = "models"
    private: bool = False
    gated: bool = False
    """Asks for consent; the token's account has not given it."""
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commit(self.files)

    def commit(self, files: Mapping[str, bytes], branch: str = "main") -> str:
        """Files as a commit on a branch; its hash."""
        name = sha(sorted(files.items()))
        self.commits[name] = dict(files)
        self.branches[branch] = name
        return name


def folder(path: Path) -> dict[str, bytes]:
    """The files of a folder, for a repository."""
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


class Hub:
    """The server's state; what tests change."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        """By id; a data set's begins with "datasets/"."""
        self.cut: dict[str, list[int]] = {}
        """By the end of a file's path: the number of bytes after which each of its next downloads breaks off."""
        self.failing: int | None = None
        """A status that every request gets."""
        self.requests: list[str] = []
        self.url = ""

    def environment(self, home: Path, token: str | None = None) -> dict[str, str]:
        """The environment of a process that knows this Hub and no other."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "HTTP", "http"))}
        own = {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "XDG_CACHE_HOME": str(home / "xdg"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        return {**kept, **own, **({"HF_TOKEN": token} if token is not None else {})}


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Answer(Exception):
    """An answer other than the one asked for: status, code and message of the error."""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes = b"") -> None:
        address = urlsplit(self.path)
        path, query = unquote(address.path), parse_qs(address.query)
        self.hub.requests.append(f"{self.command} {self.path}")
        try:
            if self.hub.failing:
                raise _Answer(self.hub.failing, "", "Internal Error")
            if path.startswith("/cdn/"):
                self._file(self._large(path.removeprefix("/cdn/")), {}, path)
            elif found := re.fullmatch(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(.+))?", path):
                self._api(found[1], found[2], found[3] or "", query, body)
            elif found := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                self._resolve("datasets" if found[1] else "models", *found.groups()[1:])
            else:
                raise _Answer(404, "", "Not Found")
        except _Answer as error:
            status, code, message = error.args
            headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
            self._send(status, json.dumps({"error": message}).encode(), headers)

    def _repo(self, kind: str, name: str) -> Repo:
        given = self.headers.get("Authorization")
        if given is not None and given != f"Bearer {TOKEN}":
            raise _Answer(401, "", "Invalid credentials in Authorization header")
        repo = self.hub.repos.get(name if kind == "models" else f"datasets/{name}")
        if repo is None or (repo.private and given is None):
            raise _Answer(404 if given else 401, "RepoNotFound", "Repository not found")
        return repo

    def _commit(self, repo: Repo, revision: str) -> str:
        found = repo.branches.get(revision, revision)
        if found not in repo.commits:
            raise _Answer(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return found

    def _api(self, kind: str, name: str, rest: str, query: Any, body: bytes) -> None:
        repo = self._repo(kind, name)
        what, _, rest = rest.partition("/")
        revision, _, under = rest.partition("/")
        commit = self._commit(repo, revision or "main")
        files = repo.commits[commit]
        if what in ("", "revision"):
            siblings = [{"rfilename": p, "size": len(b)} for p, b in sorted(files.items())]
            plain = {"_id": sha(name)[:24], "id": name, "sha": commit, "siblings": siblings, "tags": []}
            self._json({**plain, "private": repo.private, "gated": "auto" if repo.gated else False, "disabled": False})
        elif what == "tree":
            deep = query.get("recursive", ["false"])[0].lower() in ("true", "1")
            self._json(self._tree(files, under, deep))
        elif what == "paths-info":
            asked = json.loads(body)["paths"] if body.startswith(b"{") else parse_qs(body.decode())["paths"]
            self._json([e for e in self._tree(files, "", True) if e["path"] in asked])
        else:
            raise _Answer(404, "", "Not Found")

    def _tree(self, files: Mapping[str, bytes], under: str, deep: bool) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        if under and not any(p.startswith(under + "/") for p in files):
            raise _Answer(404, "EntryNotFound", f"{under} does not exist")
        for path, content in sorted(files.items()):
            if under and not path.startswith(under + "/"):
                continue
            for parent in [p.as_posix() for p in Path(path).parents if p.as_posix() not in (".", under)]:
                found[parent] = {"type": "directory", "oid": sha(parent), "size": 0, "path": parent}
            found[path] = {"type": "file", "oid": sha(content), "size": len(content), "path": path}
            if len(content) >= LARGE:
                digest = hashlib.sha256(content).hexdigest()
                found[path]["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 134}
        place = len(under) + 1 if under else 0
        return [e for p, e in found.items() if deep or "/" not in p[place:]]

    def _resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        repo = self._repo(kind, name)
        commit = self._commit(repo, revision)
        if repo.gated:
            is_known = "Authorization" in self.headers
            raise _Answer(403 if is_known else 401, "GatedRepo", f"Access to {kind} {name} is restricted")
        if path not in repo.commits[commit]:
            raise _Answer(404, "EntryNotFound", "Entry not found")
        content = repo.commits[commit][path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{sha(content)}"'}
        if len(content) < LARGE:
            self._file(content, headers, path)
            return
        digest = hashlib.sha256(content).hexdigest()
        headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content)), "ETag": f'"{digest}"'}
        # Another host, as with the Hub's own content network: its own redirects are followed silently.
        place = f"{self.hub.url.replace('127.0.0.1', 'localhost')}/cdn/{digest}/{path}?X-Amz-Signature={SIGNATURE}"
        self._send(302, b"", {**headers, "Location": place})

    def _large(self, place: str) -> bytes:
        digest = place.partition("/")[0]
        for repo in self.hub.repos.values():
            for files in repo.commits.values():
                for content in files.values():
                    if len(content) >= LARGE and hashlib.sha256(content).hexdigest() == digest:
                        return content
        raise _Answer(404, "", "Not Found")

    def _file(self, content: bytes, headers: Mapping[str, str], path: str) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        status, part, own = 200, content, dict(headers)
        if asked:
            start, end = int(asked[1]), int(asked[2] or len(content) - 1)
            status, part = 206, content[start : end + 1]
            own["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
        cuts = next((n for p, n in self.hub.cut.items() if path.endswith(p)), []) if self.command == "GET" else []
        self._send(status, part, {**own, "Accept-Ranges": "bytes"}, cuts.pop(0) if cuts else None)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True
