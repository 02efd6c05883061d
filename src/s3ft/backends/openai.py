"""Any OpenAI-compatible server: vLLM, SGLang, llama.cpp, transformers serve, a hosted one."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from s3ft.backends import server_probe
from s3ft.backends.server import Refused, Server, as_finished, choices_fault, echo, echoed, sampled_logprobs, text_of
from s3ft.config import BackendConfig
from s3ft.digest import digest
from s3ft.types import Adapter, Capability, Completion, ModelFiles, Request, Sampling, Score, UserError

if TYPE_CHECKING:
    from s3ft.chat import Chat

PROBE = "Ünïted 12345 + 67.8 = ?\n\tdef f(x): return x**2  # привет, 世界"
"""What the server's tokenizer and template are compared on."""


class backend:
    """The model of a run, served."""

    class Config(BackendConfig):
        """Where the server is and how it is asked. The key is in the environment alone."""

        speed_only: ClassVar[frozenset[str]] = frozenset(
            {"url", "api_key_env", "concurrency", "timeout", "retries", "same_weights"}
        )

        name: str = "openai"
        url: str
        """Up to and with /v1, such as http://localhost:8000/v1."""
        model: str | None = None
        """Name of the served model; default: the only one that is served."""
        api_key_env: str = "OPENAI_API_KEY"
        """The environment variable that holds the key, if the server wants one."""
        prompts: Literal["auto", "token_ids", "messages"] = "auto"
        """How prompts are given; auto is token ids where the server takes them: the model's own template then decides,
        as in training."""
        concurrency: int = Field(default=64, ge=1)
        """Requests under way at once."""
        timeout: float = Field(default=600.0, gt=0)
        """Seconds for one answer."""
        retries: int = Field(default=6, ge=0)
        """How often a request is repeated before the run stops."""
        same_weights: bool = True
        """Stop if the server shows a folder on this machine that holds another model; false for a quantised copy."""
        score: bool = True
        """Ask for log probabilities of given texts if the server has them; false for vLLM on a CPU with --enable-lora,
        which ends at such a request."""
        extra: dict[str, Any] = Field(default={})
        """Further fields of every request."""

        @field_validator("url")
        @classmethod
        def _is_url(cls, value: str) -> str:
            from urllib.parse import urlsplit

            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"found {value!r}, expected such as http://localhost:8000/v1")
            if parts.password or parts.username:
                raise ValueError("found a user or password in it; put the key into the environment (api_key_env)")
            return value.rstrip("/")

    def __init__(self, config: Config, model: ModelFiles, chat: Chat, adapter: Adapter | None = None) -> None:
        from s3ft.models import adapters

        if importlib.util.find_spec("openai") is None:
            raise UserError("backend openai: the package openai is not installed; pip install 's3ft[openai]'")
        self._config, self._files, self._chat, self._adapter = config, model, chat, adapter
        self._server = Server(config.url, config.api_key_env, config.timeout, config.retries)
        if adapter is not None:
            adapters.require_lora(adapter)

    @property
    def capabilities(self) -> frozenset[Capability]:
        given: dict[Capability, bool] = {
            "score": self._found.gives_logprobs,
            "adapters": self._found.loads_adapters,
            "token_ids": self._found.takes_ids and self._found.gives_ids,
        }
        return frozenset(name for name, is_given in given.items() if is_given)

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """Asks nothing of the server: what is kept can be used when it is gone."""
        from s3ft.models import adapters

        return {
            "server": self._config.model,
            "model": self._files.fingerprint,
            "chat": self._chat.identity,
            "prompts": self._config.prompts,
            "extra": self._config.extra,
            "adapter": adapters.identity(self._adapter),
        }

    # Generation and scores

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        ids = [self._chat.prompt_ids(r.prompt, r.tools) for r in requests]
        fitting = self._fitting(ids)
        for index in set(range(len(ids))) - set(fitting):
            cut = self._chat.completion(requests[index].prompt, [], "length", tools=requests[index].tools)
            yield index, [cut] * sampling.num_samples
        model = self._model

        async def answered(client: Any, place: int) -> list[Completion]:
            request, prompt = requests[fitting[place]], ids[fitting[place]]
            found = [
                self._completion(request, choice, sampling)
                for body in self._bodies(request, prompt, sampling)
                for choice in (await self._asked(client, {"model": model, **body}))["choices"]
            ]
            return found if sampling.temperature > 0 else found * sampling.num_samples

        for place, completions in as_finished(self._server, answered, len(fitting), self._config.concurrency):
            yield fitting[place], completions

    async def _asked(self, client: Any, body: Mapping[str, Any]) -> Any:
        path = "/completions" if "prompt" in body else "/chat/completions"
        try:
            return await self._server.post(client, path, body, choices_fault(body.get("n", 1)))
        except Refused as error:
            raise UserError(f"{error}; it took such requests at the start: look at its log") from error

    def _bodies(self, request: Request, prompt: Sequence[int], sampling: Sampling) -> list[dict[str, Any]]:
        """What is asked for one prompt: one request, or one for each sample if the server gives one at a time."""
        body: dict[str, Any] = {
            **self._prompt(request, prompt, self._found.takes_ids),
            "max_tokens": min(sampling.max_tokens, self._found.room - len(prompt)),
            "temperature": sampling.temperature,
            **({"logprobs": 1} if self._found.gives_sampled_logprobs and self._adapter is None else {}),
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            **self._found.beyond,
            **self._config.extra,
        }
        if sampling.temperature == 0:
            return [body]
        body["top_p"] = sampling.top_p
        if self._found.gives_n:
            return [{**body, "n": sampling.num_samples, "seed": _seed(prompt, sampling.seed, 0)}]
        return [{**body, "seed": _seed(prompt, sampling.seed, k)} for k in range(sampling.num_samples)]

    def _prompt(self, request: Request, prompt: Sequence[int], as_ids: bool) -> dict[str, Any]:
        if as_ids:
            return {"prompt": list(prompt)}
        return {"messages": request.prompt, **({"tools": request.tools} if request.tools else {})}

    def _completion(self, request: Request, choice: Mapping[str, Any], sampling: Sampling) -> Completion:
        reason: Literal["stop", "length"] = "length" if choice["finish_reason"] == "length" else "stop"
        ids = choice.get("token_ids") if self._found.takes_ids else None
        if ids is not None:
            found = self._chat.completion(request.prompt, ids, reason, stop=sampling.stop, tools=request.tools)
            logprobs = sampled_logprobs(choice) if self._found.gives_sampled_logprobs else None
            if found.stop_id is None or logprobs is None:
                return found
            return replace(found, logprob=math.fsum(logprobs[: found.num_tokens]))
        return self._chat.from_text(request.prompt, text_of(choice) or "", reason, tools=request.tools)

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        from s3ft.chat import TemplateUnsupported

        targets = {}
        for index, (request, completion) in enumerate(zip(requests, completions, strict=True)):
            with suppress(TemplateUnsupported):
                target = self._chat.target(request.prompt, completion, request.tools)
                if len(target.input_ids) < self._found.room:
                    targets[index] = target
        places, model = list(targets), self._model

        async def scored(client: Any, place: int) -> Score:
            target = targets[places[place]]
            answer = await self._asked(client, {"model": model, **echo(target.input_ids)})
            found = echoed(answer, len(target.input_ids))
            if found is None:
                raise UserError(f"server {self._config.url}: gave other log probabilities than at the start")
            return Score(math.fsum(found[target.num_prompt :]), len(target.input_ids) - target.num_prompt)

        scores: list[Score | None] = [None] * len(requests)
        for place, score in as_finished(self._server, scored, len(places), self._config.concurrency):
            scores[places[place]] = score
        return scores

    def _fitting(self, prompts: Sequence[Sequence[int]]) -> list[int]:
        """The indexes of prompts with room for an answer. Raises UserError if the server has less room than the model
        and a prompt needs it."""
        from s3ft.models import loading

        room = self._found.room
        longest = max(map(len, prompts), default=0)
        if longest >= room < loading.context_length(self._files.folder):
            raise UserError(
                f"server {self._config.url}: takes {room} tokens, and a prompt has {longest}; start it with the "
                f"model's whole context, {loading.context_length(self._files.folder)} (vLLM: --max-model-len)"
            )
        return [i for i, prompt in enumerate(prompts) if len(prompt) < room]

    # What the server is

    @cached_property
    def _found(self) -> server_probe.Found:
        from s3ft.models import loading

        tokenizer = self._chat.tokenizer
        wanted = server_probe.Wanted(
            self._config.model,
            self._config.prompts,
            json.dumps(self._config.extra),
            PROBE,
            tuple(tokenizer.encode(PROBE, add_special_tokens=False)),
            tuple(self._chat.prompt_ids([{"role": "user", "content": PROBE}])),
            tuple(self._chat.stop_ids),
            loading.context_length(self._files.folder),
            self._files.folder if self._config.same_weights else None,
            self._config.score,
        )
        return server_probe.look(self._server, wanted)

    @cached_property
    def _model(self) -> str:
        """The name that answers: the served model's, or that of the adapter, which the server is told to load."""
        if self._adapter is None:
            return self._found.model
        from s3ft.models import adapters

        adapter = self._adapter
        name = f"s3ft-{digest(self.identity)[:16]}"
        where = str(adapters.scaled_folder(adapter).resolve())

        async def load(client: Any, _: int) -> None:
            served = await self._server.get(client, "/models")
            if not any(m.get("id") == name for m in served["data"]):
                await self._server.post(client, "/load_lora_adapter", {"lora_name": name, "lora_path": where})

        try:
            list(as_finished(self._server, load, 1, 1))
        except Refused as error:
            raise UserError(
                f"{error}; it could not load the adapter {where}: it must see that folder and take its rank (vLLM: "
                "--enable-lora --max-lora-rank); or evaluate with backend: transformers"
            ) from error
        return name


def _seed(prompt: Sequence[int], seed: int, sample: int) -> int:
    """A seed of the prompt's own, since equal seeds would draw the same noise for every prompt."""
    return int(digest([list(prompt), seed, sample])[:7], 16)
