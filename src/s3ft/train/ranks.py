"""Work that one of several processes does for all."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import torch.distributed as dist

from s3ft.types import UserError

T = TypeVar("T")

_LOOK_S = 10.0
"""Seconds after which a waiting process lets an interrupt through."""
_DONE = "done"


def from_first(make: Callable[[], T]) -> T:
    """What `make` gives in the first process, in every process; the others wait for it, however long it takes.

    They wait on a store of the first one's and not in a collective, which ends after ddp_timeout seconds. What is
    raised in the first process is raised in all, in the others as UserError; so is the end of the first process."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return make()
    store = _store()
    told: list[Any] = [None, ""]
    failure: Exception | None = None
    if dist.get_rank() == 0:
        try:
            told[0] = make()
        except Exception as error:
            told[1], failure = " ".join(f"{type(error).__name__}: {error}".split())[:300], error
        store.set(_DONE, "1")
    else:
        _wait(store)
    dist.broadcast_object_list(told)
    if failure is not None:
        raise failure
    if told[1]:
        raise UserError(f"the first process failed: {told[1]}")
    made: T = told[0]
    return made


def _store() -> Any:
    """A key-value store in the first process, which ends with it; every process is connected to it on return.

    A client that still has to connect when the first process has ended would try again for minutes."""
    host, is_first = os.environ.get("MASTER_ADDR", "localhost"), dist.get_rank() == 0
    first = dist.TCPStore(host, 0, is_master=True, wait_for_workers=False) if is_first else None
    port = [first.port if first else 0]
    dist.broadcast_object_list(port)
    store = first or dist.TCPStore(host, port[0], is_master=False, wait_for_workers=False)
    dist.barrier()
    return store


def _wait(store: Any) -> None:
    while True:
        try:
            store.wait([_DONE], timedelta(seconds=_LOOK_S))
            return
        except dist.DistNetworkError as error:
            raise UserError("the first process ended before the targets were made; see what it said") from error
        except dist.DistStoreError:
            continue
