"""vLLM in this process: token ids in and out, as many prompts at once as fit."""

from __future__ import annotations

import importlib.util
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from pydantic import Field

from s3ft.config import BackendConfig
from s3ft.digest import digest
from s3ft.types import Adapter, Capability, Completion, ModelFiles, Request, Sampling, Score, UserError

if TYPE_CHECKING:
    from s3ft.chat import Chat

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The highest ranks that an engine can be opened for."""

_open: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""The engines of this process by what they were opened with: an engine takes most of a GPU, so that a judge that asks
the base shares the one that generates."""


class backend:
    """The model of a run in an engine of vLLM, opened when it is first needed."""

    class Config(BackendConfig):
        """How the model is opened."""

        name: str = "vllm"
        dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
        """Precision of the weights; auto is float32 on a CPU, on a GPU bfloat16 unless the checkpoint is in float16.
        GPUs before Ampere have no bfloat16: set float16."""
        extra: dict[str, Any] = Field(default={})
        """Passed to vllm.LLM, such as tensor_parallel_size, data_parallel_size or gpu_memory_utilization."""

    def __init__(self, config: Config, model: ModelFiles, chat: Chat, adapter: Adapter | None = None) -> None:
        from s3ft.models import adapters, loading

        if importlib.util.find_spec("vllm") is None:
            raise UserError(
                "backend vllm: vLLM is not installed; pip install vllm, in an environment of its own if it asks for "
                "another torch, or take backend: openai with a vLLM server"
            )
        self._config, self._files, self._chat, self._adapter = config, model, chat, adapter
        self._dtype = loading.dtype(config.dtype, loading.device("auto"), model.folder)
        if adapter is not None:
            adapters.require_lora(adapter)

    @property
    def capabilities(self) -> frozenset[Capability]:
        # On a CPU, vLLM fails at the log probabilities of a prompt under an adapter, which no stage needs.
        without: frozenset[Capability] = frozenset({"adapters", "token_ids"})
        return without | {"score"} if self._adapter is None else without

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        from s3ft.models import adapters

        return {
            "engine": "vllm",
            "model": self._files.fingerprint,
            "chat": self._chat.identity,
            "dtype": str(self._dtype),
            "extra": self._config.extra,
            "adapter": adapters.identity(self._adapter),
        }

    @cached_property
    def _engine(self) -> Any:
        """The vllm.LLM, for the base or with room for the adapter."""
        from s3ft.models import adapters

        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        from vllm import LLM

        settings: dict[str, Any] = {
            "model": str(self._files.folder),
            "dtype": str(self._dtype).removeprefix("torch."),
            "trust_remote_code": self._files.trust_remote_code,
            "seed": 0,
            "enable_prefix_caching": True,
        }
        if self._adapter is not None:
            rank = adapters.rank(self._adapter)
            settings |= {"enable_lora": True, "max_lora_rank": next((r for r in RANKS if r >= rank), rank)}
        settings |= self._config.extra
        key = json.dumps(settings, sort_keys=True)
        engine = _open.get(key)
        if engine is None:
            try:
                engine = LLM(**settings)
            except Exception as error:
                line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
                raise UserError(f"backend vllm: {self._files.folder} cannot be opened: {line}") from error
            _open[key] = engine
        return engine

    @cached_property
    def _lora(self) -> Any:
        """What a request names the adapter by; None for the base."""
        from vllm.lora.request import LoRARequest

        from s3ft.models import adapters

        if self._adapter is None:
            return None
        name = digest(adapters.identity(self._adapter))
        return LoRARequest(name, int(name[:7], 16) + 1, str(adapters.scaled_folder(self._adapter)))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        engine, room = self._engine, self._engine.model_config.max_model_len
        ids = [self._chat.prompt_ids(r.prompt, r.tools) for r in requests]
        for index in (i for i, prompt in enumerate(ids) if len(prompt) >= room):
            request = requests[index]
            cut = self._chat.completion(request.prompt, [], "length", tools=request.tools)
            yield index, [cut] * sampling.num_samples
        fitting = [i for i, prompt in enumerate(ids) if len(prompt) < room]
        names = engine.enqueue(
            [{"prompt_token_ids": ids[i]} for i in fitting],
            [self._params(ids[i], sampling) for i in fitting],
            lora_request=self._lora,
            use_tqdm=False,
        )
        # Equal prompts have equal answers, their seeds being their own.
        waiting: dict[tuple[int, ...], list[int]] = {}
        for index in fitting:
            waiting.setdefault(tuple(ids[index]), []).append(index)
        try:
            while waiting:
                for output in engine.llm_engine.step():
                    if output.finished:
                        same = waiting[tuple(output.prompt_token_ids)]
                        index = same.pop()
                        if not same:
                            del waiting[tuple(output.prompt_token_ids)]
                        found = [self._completion(requests[index], o, sampling) for o in output.outputs]
                        yield index, found if sampling.temperature > 0 else found * sampling.num_samples
        finally:
            if waiting:
                engine.llm_engine.abort_request(names, internal=True)

    def _params(self, prompt: Sequence[int], sampling: Sampling) -> Any:
        """The sampling of one prompt: with the model's own penalty, as transformers has it, and a seed of its own,
        since equal seeds would draw the same noise for every prompt."""
        from vllm import SamplingParams

        is_greedy, usual = sampling.temperature == 0, self._engine.get_default_sampling_params()
        return SamplingParams(
            n=1 if is_greedy else sampling.num_samples,
            temperature=sampling.temperature,
            top_p=1.0 if is_greedy else sampling.top_p,
            seed=None if is_greedy else int(digest([list(prompt), sampling.seed])[:7], 16),
            repetition_penalty=usual.repetition_penalty,
            max_tokens=min(sampling.max_tokens, self._engine.model_config.max_model_len - len(prompt)),
            stop=list(sampling.stop),
            stop_token_ids=list(self._chat.stop_ids),
            detokenize=bool(sampling.stop),
            # Nobody asks for the likelihood of what an adapter wrote.
            logprobs=0 if self._adapter is None else None,
        )

    def _completion(self, request: Request, output: Any, sampling: Sampling) -> Completion:
        """What vLLM sampled; its log probabilities are the model's own, before temperature and penalties."""
        ended: Literal["stop", "length"] = "stop" if output.finish_reason == "stop" else "length"
        found = self._chat.completion(request.prompt, output.token_ids, ended, stop=sampling.stop, tools=request.tools)
        if found.stop_id is None or output.logprobs is None:
            return found
        sampled = zip(output.token_ids, output.logprobs, strict=True)
        return replace(found, logprob=math.fsum(at[i].logprob for i, at in list(sampled)[: found.num_tokens]))

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        from vllm import SamplingParams

        from s3ft.chat import TemplateUnsupported

        targets = {}
        for index, (request, completion) in enumerate(zip(requests, completions, strict=True)):
            with suppress(TemplateUnsupported):
                target = self._chat.target(request.prompt, completion, request.tools)
                if len(target.input_ids) < self._engine.model_config.max_model_len:
                    targets[index] = target
        scores: list[Score | None] = [None] * len(requests)
        if not targets:
            return scores
        outputs = self._engine.generate(
            [{"prompt_token_ids": t.input_ids} for t in targets.values()],
            SamplingParams(temperature=0, max_tokens=1, prompt_logprobs=0, detokenize=False),
            lora_request=self._lora,
            use_tqdm=False,
        )
        for (index, target), output in zip(targets.items(), outputs, strict=True):
            places = range(target.num_prompt, len(target.input_ids))
            found = [output.prompt_logprobs[k][target.input_ids[k]].logprob for k in places]
            scores[index] = Score(math.fsum(found), len(found))
        return scores
