"""What an OpenAI-compatible server gives, found out by asking it before any row is spent."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3ft.backends.server import Refused, Server, as_finished, choices_fault, echo, echoed, sampled_logprobs, text_of
from s3ft.digest import file_digest
from s3ft.progress import say
from s3ft.types import UserError

ROUNDING = 0.1
"""Nats by which two passes in bfloat16 may differ on a token, on average."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a server should be, and what it is asked to find out."""

    model: str | None
    prompts: str
    """As in the config: auto, token_ids or messages."""
    extra: str
    """Further fields of every request, as JSON."""
    text: str
    text_ids: tuple[int, ...]
    """`text` by the tokenizer of the model that is trained."""
    prompt_ids: tuple[int, ...]
    """A conversation of one turn, `text`, by its template."""
    stop_ids: tuple[int, ...]
    room: int
    """Tokens that it takes."""
    folder: Path | None
    """Where its weights are, if the server has to have the same."""
    score: bool
    """Whether to ask for the log probabilities of a prompt."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a server gives, as far as it was asked."""

    model: str
    root: str
    """Where the server has the model from, if it says so."""
    room: int
    """Tokens of prompt and completion together."""
    takes_ids: bool
    beyond: Mapping[str, Any]
    """Fields of a request that the interface does not have and this server takes."""
    gives_ids: bool
    gives_n: bool
    gives_seed: bool
    gives_logprobs: bool
    gives_sampled_logprobs: bool
    """Of what it samples, by the model as it is, whatever the temperature."""
    loads_adapters: bool
    compared: str
    """What became of the comparison of tokenizer or template."""

    def line(self) -> str:
        gives = {
            "token ids": self.gives_ids,
            "several samples a request": self.gives_n,
            "seeds": self.gives_seed,
            "log probabilities": self.gives_logprobs,
            "adapters at run time": self.loads_adapters,
        }
        prompts = "token ids" if self.takes_ids else "messages only"
        yes, no = (", ".join(k for k, v in gives.items() if v is wanted) for wanted in (True, False))
        return (
            f"serves {self.model!r}, {self.room} tokens; prompts: {prompts}; gives {yes or 'text alone'}"
            f"{'; not: ' + no if no else ''}; {self.compared}"
        )


@functools.lru_cache
def look(server: Server, wanted: Wanted) -> Found:
    """What the server gives, asked once in a process and said in one line. Raises UserError for one that cannot be
    used."""

    async def work(client: Any, _: int) -> Found:
        return await _Probe(server, client, wanted).found()

    ((_, found),) = as_finished(server, work, 1, 1)
    if wanted.folder is not None and found.root:
        _require_same_weights(server, Path(found.root), wanted.folder)
    say(f"server {server.url}: {found.line()}")
    return found


def _require_same_weights(server: Server, theirs: Path, ours: Path) -> None:
    """Compares files if the server is on this machine; otherwise its line says what it serves."""
    if theirs.is_dir() and not theirs.samefile(ours) and _weights(theirs) != _weights(ours):
        raise UserError(
            f"server {server.url}: serves {theirs}, whose weights are not those of the model that is trained ({ours}); "
            "serve that one, or set backend.same_weights: false for a quantised copy of it"
        )


def _weights(folder: Path) -> list[str]:
    return [file_digest(p) for p in sorted(folder.glob("*.safetensors"))]


class _Probe:
    """The requests that find out what a server gives."""

    def __init__(self, server: Server, client: Any, wanted: Wanted) -> None:
        self._server, self._client, self._wanted = server, client, wanted
        self._extra: dict[str, Any] = json.loads(wanted.extra)

    async def found(self) -> Found:
        wanted = self._wanted
        listed = await self._listed()
        names = [str(m["id"]) for m in listed]
        if wanted.model is None and len(names) != 1:
            raise UserError(
                f"server {self._server.url}: found the models {', '.join(names) or 'none'}; name one as backend.model"
            )
        model = wanted.model or names[0]
        entry: Mapping[str, Any] = next((m for m in listed if m["id"] == model), {})
        body, gives_ids = await self._prompted(model, names)
        takes_ids = "prompt" in body
        first, second = await self._drawn(body), await self._drawn(body)
        gives_logprobs = wanted.score and takes_ids and await self._gives_logprobs(model)
        return Found(
            model=model,
            root=str(entry.get("root") or ""),
            room=min(wanted.room, entry.get("max_model_len") or wanted.room),
            takes_ids=takes_ids,
            beyond={k: body[k] for k in self._beyond() if k in body},
            gives_ids=gives_ids,
            gives_n=len(first) == 2,
            gives_seed=first == second,
            gives_logprobs=gives_logprobs,
            gives_sampled_logprobs=gives_logprobs and gives_ids and await self._gives_sampled_logprobs(body),
            loads_adapters=await self._loads_adapters(),
            compared=await self._compared(model, takes_ids),
        )

    async def _listed(self) -> list[dict[str, Any]]:
        """The models without adapters; empty if the server does not say."""
        try:
            answer = await self._server.get(self._client, "/models")
        except Refused:
            return []
        data = answer.get("data") if isinstance(answer, dict) else None
        return [m for m in data or [] if isinstance(m, dict) and "id" in m and not m.get("parent")]

    def _beyond(self) -> dict[str, Any]:
        """Fields of vLLM and SGLang: ids in the answer, every id that ends a completion, no cut vocabulary."""
        return {"return_token_ids": True, "stop_token_ids": list(self._wanted.stop_ids), "top_k": -1}

    async def _prompted(self, model: str, names: Sequence[str]) -> tuple[dict[str, Any], bool]:
        """A request that the server takes, and whether its answer has ids: prompts as ids with all fields, without
        vLLM's, or as messages."""
        ids = list(self._wanted.prompt_ids)
        plain = {"model": model, "max_tokens": 2, "temperature": 0, **self._extra}
        said = "it reads token ids as something else"
        for beyond in (self._beyond(), {}) if self._wanted.prompts != "messages" else ():
            body = {**plain, "prompt": ids, **beyond}
            try:
                answer = await self._server.post(self._client, "/completions", body, choices_fault(1))
            except (Refused, UserError) as error:
                said = str(error)
                continue
            choice, count = answer["choices"][0], (answer.get("usage") or {}).get("prompt_tokens")
            if choice.get("prompt_token_ids", ids) == ids and count in (None, len(ids)):
                return body, isinstance(choice.get("token_ids"), list)
        if self._wanted.prompts == "token_ids":
            raise UserError(f"backend.prompts is token_ids: {said}")
        body = {**plain, "messages": [{"role": "user", "content": self._wanted.text}]}
        for beyond in (self._beyond(), {}):
            try:
                await self._server.post(self._client, "/chat/completions", {**body, **beyond}, choices_fault(1))
                return {**body, **beyond}, False
            except Refused as error:
                said = str(error)
        raise UserError(
            f"{said}; expected an OpenAI-compatible interface (backend.url ends in /v1) with the model {model!r}; "
            f"it lists {', '.join(names) or 'none'}"
        )

    async def _drawn(self, body: Mapping[str, Any]) -> list[str | None]:
        """Two samples, or one if the server gives no more."""
        path = "/completions" if "prompt" in body else "/chat/completions"
        one = {**body, "max_tokens": 8, "temperature": 1.0, "seed": 1}
        try:
            answer = await self._server.post(self._client, path, {**one, "n": 2}, choices_fault(None))
        except Refused:
            answer = await self._server.post(self._client, path, one, choices_fault(None))
        return [text_of(choice) for choice in answer["choices"]]

    async def _gives_logprobs(self, model: str) -> bool:
        try:
            return await self._scored(model, self._wanted.prompt_ids) is not None
        except Refused:
            return False

    async def _scored(self, model: str, ids: Sequence[int]) -> list[float] | None:
        body = {"model": model, **echo(ids), **self._extra}
        return echoed(await self._server.post(self._client, "/completions", body, choices_fault(1)), len(ids))

    async def _gives_sampled_logprobs(self, body: Mapping[str, Any]) -> bool:
        """Whether what it says of ids sampled at a high temperature is what it says of them as a prompt."""
        warm = {**body, "max_tokens": 8, "temperature": 2.0, "seed": 1, "logprobs": 1}
        try:
            answer = await self._server.post(self._client, "/completions", warm, choices_fault(1))
            choice = answer["choices"][0]
            said = sampled_logprobs(choice)
            found = await self._scored(body["model"], [*self._wanted.prompt_ids, *choice["token_ids"]])
        except Refused:
            return False
        if not said or found is None:
            return False
        return sum(abs(a - b) for a, b in zip(said, found[-len(said) :], strict=True)) / len(said) < ROUNDING

    async def _loads_adapters(self) -> bool:
        """Asked for an adapter without a name, a server that loads some says that it needs one."""
        try:
            await self._server.post(self._client, "/load_lora_adapter", {"lora_name": "", "lora_path": ""})
        except Refused as error:
            return error.status in (400, 422)
        return False

    async def _compared(self, model: str, takes_ids: bool) -> str:
        """Whether tokenizer, or template, are those of the model that is trained. Raises UserError if they are not."""
        text, what = self._wanted.text, "tokenizer" if takes_ids else "chat template"
        expected = self._wanted.text_ids if takes_ids else self._wanted.prompt_ids
        body: dict[str, Any] = {"model": model}
        if takes_ids:
            # The first two names are vLLM's, the others llama.cpp's.
            body |= {"prompt": text, "add_special_tokens": False, "content": text, "add_special": False}
        else:
            body |= {"messages": [{"role": "user", "content": text}], **self._extra}
        try:
            answer = await self._server.post(self._client, self._server.url.removesuffix("/v1") + "/tokenize", body)
        except Refused:
            answer = None
        ids = answer.get("tokens") if isinstance(answer, dict) else None
        if not isinstance(ids, list):
            return f"its {what} could not be compared with the model's (no /tokenize)"
        if list(expected) != ids:
            raise UserError(
                f"server {self._server.url}: its {what} is not that of the model that is trained ({len(ids)} ids "
                f"{ids[:8]}, the model's {len(expected)} {list(expected)[:8]}); serve the model of the config"
            )
        return f"its {what} is the model's"
