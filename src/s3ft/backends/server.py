"""Asking an OpenAI-compatible server: many requests at once, answers checked, every failure one line."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

from s3ft.types import UserError

T = TypeVar("T")
LONGEST_PAUSE = 8.0
"""Seconds between two tries at most, as the openai client has it."""


class Refused(Exception):
    """The server takes no request of this form."""

    def __init__(self, line: str, status: int) -> None:
        super().__init__(line)
        self.status = status


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and how patiently it is asked."""

    url: str
    api_key_env: str
    timeout: float
    """Seconds for one answer."""
    retries: int

    def client(self) -> Any:
        from openai import AsyncOpenAI, Timeout

        return AsyncOpenAI(
            base_url=self.url,
            api_key=self._key or "none",
            timeout=Timeout(self.timeout, connect=min(10.0, self.timeout)),
            max_retries=self.retries,
        )

    @property
    def _key(self) -> str:
        return os.environ.get(self.api_key_env, "")

    async def get(self, client: Any, path: str) -> Any:
        """A JSON answer. Raises Refused and UserError."""
        return await self._sound(lambda: client.get(path, cast_to=object), lambda answer: "")

    async def post(
        self, client: Any, path: str, body: Mapping[str, Any], fault: Callable[[Any], str] = lambda answer: ""
    ) -> Any:
        """A JSON answer in which `fault` finds nothing; another is asked for as often as the client's own retries.
        Raises Refused and UserError."""
        return await self._sound(lambda: client.post(path, cast_to=object, body=body), fault)

    async def _sound(self, ask: Callable[[], Awaitable[Any]], fault: Callable[[Any], str]) -> Any:
        from openai import OpenAIError

        said = ""
        for tried in range(self.retries + 1):
            if tried:
                await asyncio.sleep(min(LONGEST_PAUSE, 0.5 * 2 ** (tried - 1)))
            try:
                answer = await ask()
            except OpenAIError as error:
                raise self._failure(error) from error
            except ValueError as error:
                said = f"what is not JSON ({self._line(error)})"
                continue
            said = fault(answer)
            if not said:
                return answer
        raise UserError(
            f"server {self.url}: {self.retries + 1} times it answered {said}; see what it logs; answers that came are "
            "kept, repeat the command to go on"
        )

    def _failure(self, error: Exception) -> Exception:
        import openai

        again = "answers that came are kept, repeat the command to go on"
        if isinstance(error, openai.APITimeoutError):
            return UserError(
                f"server {self.url}: no answer within {self.timeout:g} s, {self.retries + 1} times; {again}, with a "
                "larger backend.timeout or a smaller backend.concurrency if it is only slow"
            )
        if isinstance(error, openai.APIConnectionError):
            return UserError(
                f"server {self.url}: cannot be reached ({self._line(error.__cause__ or error)}); start it, or correct "
                f"backend.url; {again}"
            )
        if not isinstance(error, openai.APIStatusError):
            return UserError(f"server {self.url}: {self._line(error)}")
        status, said = error.status_code, self._line(error)
        if status in (401, 403):
            found = "its key" if self._key else "no key"
            return UserError(
                f"server {self.url}: rejects the request ({status}), found {found} in the environment variable "
                f"{self.api_key_env}; set the right one, or name another variable as backend.api_key_env"
            )
        if status in (400, 404, 405, 413, 422, 501):
            return Refused(f"server {self.url}: {said}", status)
        return UserError(
            f"server {self.url}: {said}, {self.retries + 1} times; {again}, with a smaller backend.concurrency if it "
            "is too much for the server"
        )

    def _line(self, error: BaseException) -> str:
        """What was said, in one line and without the key, which some servers repeat."""
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return (text.replace(self._key, "***") if self._key else text)[:300]


def as_finished(
    server: Server, work: Callable[[Any, int], Awaitable[T]], count: int, at_once: int
) -> Iterator[tuple[int, T]]:
    """(index, what `work(client, index)` gives) for every index as they finish, at most `at_once` under way.

    After a failure nothing more is begun; what is under way is finished and given, and then the failure is raised. The
    event loop runs in a thread, since a notebook has one of its own, and answers arrive while these are used."""
    finished: SimpleQueue[tuple[int, T] | None] = SimpleQueue()
    todo = iter(range(count))
    failures: list[Exception] = []

    async def one_after_another(client: Any) -> None:
        for index in todo:
            try:
                finished.put((index, await work(client, index)))
            except Exception as error:
                failures.append(error)
            if failures:
                return

    async def run() -> None:
        async with server.client() as client:
            await asyncio.gather(*(one_after_another(client) for _ in range(min(at_once, count))))

    loop = asyncio.new_event_loop()
    task = loop.create_task(run())
    task.add_done_callback(lambda _: finished.put(None))
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])), daemon=True)
    thread.start()
    try:
        while (item := finished.get()) is not None:
            yield item
        task.result()
        if failures:
            raise failures[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def choices_fault(count: int | None) -> Callable[[Any], str]:
    """What is wrong with an answer that should have `count` finished choices, or any at all; empty if nothing is."""

    def fault(answer: Any) -> str:
        choices = answer.get("choices") if isinstance(answer, dict) else None
        if not isinstance(choices, list) or not choices:
            return f"without choices ({str(answer)[:80]!r})"
        if count is not None and len(choices) != count:
            return f"{len(choices)} choices where {count} were asked for"
        for choice in choices:
            if not isinstance(choice, dict) or text_of(choice) is None:
                return "a choice without text"
            if choice.get("finish_reason") not in ("stop", "length", "eos", "tool_calls"):
                return f"a choice that ended by {choice.get('finish_reason')!r}"
        return ""

    return fault


def text_of(choice: Mapping[str, Any]) -> str | None:
    """The text of a choice of either interface; None if it has none."""
    message = choice.get("message")
    text = message.get("content") if isinstance(message, Mapping) else choice.get("text")
    return text if isinstance(text, str) else None


def echo(ids: Sequence[int]) -> dict[str, Any]:
    """The request for the log probabilities of ids; one token is generated, since not every server takes 0."""
    return {"prompt": list(ids), "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}


def echoed(answer: Any, count: int) -> list[float] | None:
    """The log probability of each of `count` ids, the first one's 0; None if the answer does not have them."""
    found = (answer["choices"][0].get("logprobs") or {}).get("token_logprobs") or []
    numbers = found[1:count]
    if len(found) not in (count, count + 1) or not all(isinstance(n, int | float) for n in numbers):
        return None
    return [0.0, *numbers]


def sampled_logprobs(choice: Mapping[str, Any]) -> list[float] | None:
    """The log probability of each sampled id; None if the choice does not have them."""
    found, ids = (choice.get("logprobs") or {}).get("token_logprobs") or [], choice.get("token_ids") or []
    return found if len(found) == len(ids) and all(isinstance(n, int | float) for n in found) else None
