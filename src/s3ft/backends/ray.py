"""A Ray cluster: any other backend in each of its workers, rows handed out as workers get free."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from weakref import WeakValueDictionary

from pydantic import BeforeValidator, Field, SerializeAsAny

from s3ft import plugins
from s3ft.config import BackendConfig, backend_section
from s3ft.progress import say
from s3ft.types import Adapter, Capability, Completion, ModelFiles, Request, Sampling, Score, UserError

if TYPE_CHECKING:
    from s3ft.chat import Chat

MOST_LOSSES = 3
"""Workers that the same rows may lose before the run stops: it may be the rows."""
PATIENCE_S = 60.0
"""Seconds without a worker after which a line says so."""

_open: WeakValueDictionary[str, Pool] = WeakValueDictionary()
"""The workers of this process by what they were started with: a judge that asks the base shares those that generate."""


def _worker(value: Any) -> Any:
    section = backend_section(value)
    if isinstance(section, BackendConfig) and section.name == "ray":
        raise ValueError("found ray, expected the backend that answers in each worker, such as vllm")
    return section


class backend:
    """The model of a run in the workers of a Ray cluster."""

    class Config(BackendConfig):
        """Where the cluster is and what runs in it."""

        speed_only: ClassVar[frozenset[str]] = frozenset({"address", "workers", "gpus", "cpus", "rows"})

        name: str = "ray"
        address: str = "auto"
        """auto: the cluster that this machine belongs to; HOST:6379 or ray://HOST:10001; local: one on this machine."""
        worker: Annotated[SerializeAsAny[BackendConfig], BeforeValidator(_worker)] = Field(
            default="transformers", validate_default=True
        )
        """The backend that answers in each worker, by name or {name: ..., option: value}."""
        workers: int | None = Field(default=None, ge=1)
        """Default: as many as the cluster's GPUs, or cores, allow."""
        gpus: float | None = Field(default=None, ge=0)
        """Of a worker; default: 1 if the cluster has any."""
        cpus: float = Field(default=1, ge=0)
        """Cores of a worker."""
        rows: int = Field(default=64, ge=1)
        """Handed to a worker at once: what a lost worker costs."""

    def __init__(self, config: Config, model: ModelFiles, chat: Chat, adapter: Adapter | None = None) -> None:
        if importlib.util.find_spec("ray") is None:
            raise UserError("backend ray: the package ray is not installed; pip install 's3ft[ray]'")
        self._config, self._of_a_run = config, (config.worker.model_dump(mode="json"), model, chat, adapter)

    @cached_property
    def _pool(self) -> Pool:
        _, model, chat, adapter = self._of_a_run
        key = json.dumps(
            [self._config.model_dump(mode="json"), str(model), chat.identity, str(adapter)], sort_keys=True, default=str
        )
        pool = _open.get(key)
        if pool is None:
            pool = _open[key] = Pool(self._config, self._of_a_run)
        return pool

    @cached_property
    def _about(self) -> tuple[frozenset[Capability], Mapping[str, Any]]:
        """What a worker says of its backend: there may be a GPU there and none here."""
        ((_, (capabilities, identity)),) = self._pool.work("about", [()])
        return capabilities, identity

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._about[0] - {"in_process"}

    @property
    def identity(self) -> Mapping[str, Any]:
        return self._about[1]

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        starts = range(0, len(requests), self._config.rows)
        parts = [(requests[start : start + self._config.rows], sampling) for start in starts]
        for part, found in self._pool.work("generate", parts):
            for index, completions in found:
                yield starts[part] + index, completions

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        starts = range(0, len(requests), self._config.rows)
        ends = [start + self._config.rows for start in starts]
        parts = [(requests[a:b], completions[a:b]) for a, b in zip(starts, ends, strict=True)]
        found = dict(self._pool.work("score", parts))
        return [score for part in range(len(parts)) for score in found[part]]


class Worker:
    """What runs in the cluster: a backend, which opens its model at the first rows."""

    def __init__(self, section: Mapping[str, Any], model: ModelFiles, chat: Chat, adapter: Adapter | None) -> None:
        self._section, self._of_a_run = section, (model, chat, adapter)

    @cached_property
    def _backend(self) -> Any:
        """Opened by the first call and not with the worker, so that a mistake of the user's is told from a lost one."""
        folder, adapter = self._of_a_run[0].folder, self._of_a_run[2]
        for needed in [folder, adapter.folder] if adapter else [folder]:
            if not needed.is_dir():
                raise UserError(f"{os.uname().nodename}: no folder {needed}; every machine of the cluster must see it")
        name = str(self._section["name"])
        made = plugins.load("backend", name)
        return made(plugins.config_of(made, name).model_validate(self._section), *self._of_a_run)

    def about(self) -> tuple[frozenset[Capability], dict[str, Any]]:
        return self._backend.capabilities, dict(self._backend.identity)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[tuple[int, list[Completion]]]:
        return list(self._backend.generate(requests, sampling))

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        found: list[Score | None] = self._backend.score(requests, completions)
        return found


class Pool:
    """Workers of a cluster. A lost one is replaced, and its rows go to whoever is free: one that Ray restarts by itself
    would keep them until there is room for it, which may be never."""

    def __init__(self, config: backend.Config, of_a_run: Sequence[Any]) -> None:
        ray = _connected(config.address)
        has = ray.cluster_resources()
        each = {"CPU": config.cpus, "GPU": (1 if has.get("GPU") else 0) if config.gpus is None else config.gpus}
        most = min((int(has.get(k, 0) / n) for k, n in each.items() if n), default=1)
        if most < 1:
            found = ", ".join(f"{has.get(k, 0):g} {k}s" for k in each)
            asked = ", ".join(f"{n:g} {k}s" for k, n in each.items())
            raise UserError(
                f"backend ray: the cluster has {found}, and a worker asks for {asked}; set backend.gpus, cpus"
            )
        self._ray = ray
        self._kind = ray.remote(num_cpus=each["CPU"], num_gpus=each["GPU"], max_restarts=0)(Worker)
        # Once in the cluster's store, however many workers there are.
        self._of_a_run = [ray.put(part) for part in of_a_run]
        self._free: list[Any] = []
        self._starting: dict[Any, Any] = {}
        self._lost_at_start = 0
        for _ in range(config.workers or most):
            self._start()

    def _start(self) -> None:
        actor = self._kind.remote(*self._of_a_run)
        self._starting[actor.__ray_ready__.remote()] = actor

    def work(self, what: str, parts: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        """Calls a method of the workers with the arguments of each part; yields (part, what it gave) as they come."""
        left, losses = list(range(len(parts)))[::-1], [0] * len(parts)
        running: dict[Any, tuple[Any, int | None]] = {}
        try:
            while left or running:
                while left and self._free:
                    actor, at = self._free.pop(), left.pop()
                    running[getattr(actor, what).remote(*parts[at])] = (actor, at)
                done, _ = self._ray.wait([*running, *(self._starting if left else ())], timeout=PATIENCE_S)
                if not done and not running:
                    say(f"backend ray: waiting for {len(self._starting)} workers to start")
                for ref in done:
                    actor, part = running.pop(ref) if ref in running else (self._starting.pop(ref), None)
                    try:
                        found = self._ray.get(ref)
                    except self._ray.exceptions.RayTaskError as error:
                        raise error.cause if isinstance(error.cause, UserError) else error from error
                    except self._ray.exceptions.RayError as error:
                        self._lost(error, losses, part)
                        if part is not None:
                            left.append(part)
                        continue
                    self._free.append(actor)
                    if part is not None:
                        yield part, found
        finally:
            for ref, (actor, _) in running.items():
                self._ray.cancel(ref, force=False)
                self._free.append(actor)

    def _lost(self, error: Exception, losses: list[int], part: int | None) -> None:
        """Starts another worker for one that was lost. Raises UserError if that does not help."""
        line = " ".join(str(error).split())[:200]
        if part is None:
            self._lost_at_start += 1
        else:
            losses[part] += 1
        if self._lost_at_start >= MOST_LOSSES or (part is not None and losses[part] >= MOST_LOSSES):
            over = "as they started" if part is None else "over the same rows"
            raise UserError(
                f"backend ray: {MOST_LOSSES} workers were lost {over}: {line}; is there enough memory for them? "
                "Repeat the command to go on"
            ) from error
        say(f"backend ray: lost a worker, another one is started: {line}")
        self._start()


def _connected(address: str) -> Any:
    """Ray, in the cluster. Raises UserError if it cannot be reached."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if not ray.is_initialized():
        try:
            ray.init(
                address,
                log_to_driver=False,
                logging_level="ERROR",
                include_dashboard=False if address == "local" else None,
            )
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"backend ray: no cluster at {address!r}: {' '.join(str(error).split())[:200]}; start one with "
                "'ray start --head', or set backend.address: local"
            ) from error
    return ray
