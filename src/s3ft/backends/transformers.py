"""Transformers on this machine's CPU or GPU: the default backend."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers

from s3ft.chat.policy import Chat, Refused, Target, open_chat
from s3ft.config.schema import RunConfig
from s3ft.digest import digest
from s3ft.models import tokenizer_files
from s3ft.types import Completion, Example, Request, Sampling, Score, UserError

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()


SCORED_TOKENS = 4096
"""Tokens of a forward pass that weighs: their logits, one number for each token of the vocabulary, must fit."""


class backend:
    """The model of a run, opened when it is first needed."""

    def __init__(
        self, config: RunConfig, model: Path, fingerprint: str, adapter: Path | None = None, scale: float = 1.0
    ) -> None:
        self._config, self._folder, self._fingerprint = config, model, fingerprint
        self._adapter, self._scale = adapter, scale
        self.device = device(config.backend.device)
        self.dtype = dtype(config.backend.dtype, self.device, model)

    @property
    def identity(self) -> Mapping[str, Any]:
        adapter = None
        if self._adapter is not None:
            weights = sorted(self._adapter.glob("*.safetensors"))
            adapter = [[hashlib.sha256(p.read_bytes()).hexdigest() for p in weights], self._scale]
        return {
            "model": self._fingerprint,
            "chat": self.chat.identity,
            "dtype": str(self.dtype),
            "device": self.device.type,
            "extra": self._config.backend.extra,
            "adapter": adapter,
        }

    @cached_property
    def tokenizer(self) -> Any:
        return load_tokenizer(self._folder, self._config.trust_remote_code)

    @cached_property
    def chat(self) -> Chat:
        return chat_of(self.tokenizer, self._folder, self._config)

    @cached_property
    def model(self) -> Any:
        """The model in evaluation mode; an adapter is merged where the precision loses nothing by it."""
        trust = self._config.trust_remote_code
        whole = self._adapter is not None and not (self._adapter / "adapter_config.json").is_file()
        if whole and self._scale != 1.0:
            raise UserError("evaluate.scales needs train.method: lora; a fully trained model has no strength to turn")
        folder = self._adapter if whole and self._adapter is not None else self._folder
        model = load_model(folder, self.dtype, trust, self._config.backend.extra).to(self.device)
        if self._adapter is not None and not whole:
            model = with_adapter(model, self._adapter, self._scale)
        return model.eval()

    @cached_property
    def _loaded(self) -> Loaded:
        return Loaded(self.model, self.tokenizer, self.chat, self._config.backend.batch_size)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        return self._loaded.generate(requests, sampling)

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        return self._loaded.score(requests, completions)

    def prove(self, example: Example, completion: Completion) -> str:
        """Why a completion could not be trained on by the chat template; empty where it can."""
        try:
            self.chat.target(example.prompt, completion, example.tools)
        except Refused as error:
            return str(error)
        return ""


class Loaded:
    """A model in memory that writes and weighs: batches by length, greedy or sampled with noise of each row's own, so
    that batches do not change answers."""

    def __init__(self, model: Any, tokenizer: Any, chat: Chat, batch_size: int) -> None:
        self._model, self._tokenizer, self._chat, self._batch_size = model, tokenizer, chat, batch_size
        self._room = _room(model.config)
        self.identity: Mapping[str, Any] = {"in memory": id(self)}

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        ids = [self._chat.prompt_ids(r.prompt, r.tools) for r in requests]
        by_length = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        size = max(1, self._batch_size // sampling.num_samples)
        while by_length:
            batch, by_length = by_length[:size], by_length[size:]
            try:
                rows = self._batch([ids[i] for i in batch], sampling)
            except torch.OutOfMemoryError as error:
                torch.cuda.empty_cache()
                if len(batch) == 1:
                    raise UserError(
                        f"out of GPU memory on one prompt of {len(ids[batch[0]])} tokens: {error}"
                    ) from error
                by_length, size = batch + by_length, len(batch) // 2
                continue
            for place, index in enumerate(batch):
                drawn = rows[place * sampling.num_samples : (place + 1) * sampling.num_samples]
                yield index, [self._completion(requests[index], row, sampling) for row in drawn]

    def _batch(self, prompts: list[list[int]], sampling: Sampling) -> list[list[int]]:
        """Sampled ids of `num_samples` rows per prompt, padding included."""
        pad = self._chat.stop_ids[0]
        prompts = [p for p in prompts for _ in range(sampling.num_samples)]
        width = max(map(len, prompts))
        room = self._room
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=self._model.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self._model.device)
        extra: dict[str, Any] = {}
        if sampling.temperature > 0:
            extra["logits_processor"] = transformers.LogitsProcessorList([_OwnNoise(prompts, sampling)])
        if sampling.stop:
            extra |= {"stop_strings": list(sampling.stop), "tokenizer": self._tokenizer}
        settings = transformers.GenerationConfig(
            max_new_tokens=max(1, min(sampling.max_tokens, room - min(map(len, prompts)))),
            do_sample=False,
            eos_token_id=list(self._chat.stop_ids),
            pad_token_id=pad,
        )
        with torch.inference_mode():
            out = self._model.generate(input_ids=ids, attention_mask=mask, generation_config=settings, **extra)
        rows: list[list[int]] = out[:, width:].tolist()
        return [row[: max(0, room - len(p))] for row, p in zip(rows, prompts, strict=True)]

    def _completion(self, request: Request, row: list[int], sampling: Sampling) -> Completion:
        return self._chat.completion(request.prompt, row, "length", stop=sampling.stop, tools=request.tools)

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        targets: dict[int, Target] = {}
        for index, (request, completion) in enumerate(zip(requests, completions, strict=True)):
            with suppress(Refused):
                targets[index] = self._chat.target(request.prompt, completion, request.tools)
        scores: list[Score | None] = [None] * len(requests)
        by_length = sorted(targets, key=lambda i: -len(targets[i].input_ids))
        while by_length:
            size = max(1, SCORED_TOKENS // len(targets[by_length[0]].input_ids))
            batch, by_length = by_length[:size], by_length[size:]
            found = self._scores([targets[i].input_ids for i in batch], [targets[i].num_prompt for i in batch])
            for i, score in zip(batch, found, strict=True):
                scores[i] = score
        return scores

    @cached_property
    def _can_keep_logits(self) -> bool:
        plain = self._model.get_base_model() if hasattr(self._model, "get_base_model") else self._model
        return "logits_to_keep" in inspect.signature(plain.forward).parameters

    def _scores(self, rows: list[list[int]], prompts: list[int]) -> list[Score]:
        from trl.trainer.utils import selective_log_softmax

        width = max(map(len, rows))
        ids = torch.tensor([r + [0] * (width - len(r)) for r in rows], device=self._model.device)
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows], device=self._model.device)
        # What stands before the first completion predicts nothing that is asked for.
        start = min(prompts) - 1
        asked = {"logits_to_keep": width - start} if self._can_keep_logits else {}
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask, use_cache=False, **asked).logits[
                :, start - width :
            ]
            logprobs = selective_log_softmax(logits[:, :-1].float(), ids[:, start + 1 :])
        sums = [
            logprobs[k, p - 1 - start : len(r) - 1 - start].sum().item()
            for k, (r, p) in enumerate(zip(rows, prompts, strict=True))
        ]
        return [Score(s, len(r) - p) for s, r, p in zip(sums, rows, prompts, strict=True)]


class _OwnNoise(transformers.LogitsProcessor):
    """Sampling by Gumbel noise (argmax of log p + noise), seeded by row: the same row draws the same in any batch."""

    def __init__(self, prompts: list[list[int]], sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = transformers.TopPLogitsWarper(sampling.top_p) if sampling.top_p < 1 else None
        self._draws = []
        for place, prompt in enumerate(prompts):
            own = digest([prompt, sampling.seed, place % sampling.num_samples])
            self._draws.append(torch.Generator().manual_seed(int(own[:15], 16)))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float() / self._temperature
        if self._top_p is not None:
            scores = self._top_p(input_ids, scores)
        uniform = torch.stack([torch.rand(scores.shape[-1], generator=g) for g in self._draws])
        return scores - torch.log(-torch.log(uniform.clamp_min(1e-20))).to(scores.device)


def device(name: str) -> torch.device:
    """The device to use. Raises UserError where there is no such GPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"backend.device: found {name!r}, but this machine has no CUDA GPU; use auto or cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise UserError(f"backend.device: found {name!r}, expected auto, cpu, cuda or cuda:N") from error


def dtype(name: str, where: torch.device, model: Path) -> torch.dtype:
    """Precision of the weights: as named, else float32 on a CPU and the checkpoint's own elsewhere."""
    if name == "auto" and where.type == "cpu":
        return torch.float32
    if name == "auto":
        found = transformers.AutoConfig.from_pretrained(model).dtype
        return found if isinstance(found, torch.dtype) else torch.bfloat16
    named: torch.dtype = getattr(torch, name)
    return named


def load_tokenizer(folder: Path, trust_remote_code: bool = False) -> Any:
    try:
        return tokenizer_files.load(folder, trust_remote_code)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"tokenizer of {folder}: {_line(error)}") from error


def load_model(folder: Path, dtype: torch.dtype, trust_remote_code: bool, extra: dict[str, Any]) -> Any:
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=trust_remote_code, use_safetensors=True, **extra
        )
    except Exception as error:
        raise UserError(f"model {folder}: {_line(error)}") from error


def chat_of(tokenizer: Any, folder: Path, config: RunConfig) -> Chat:
    """The chat policy of a run for a model, with every id on which the model ends its turn."""
    try:
        ends = stop_ids(transformers.GenerationConfig.from_pretrained(folder))
    except OSError:
        ends = []
    return open_chat(tokenizer, config.chat, stop_ids=ends)


def stop_ids(settings: transformers.GenerationConfig) -> list[int]:
    """Every id on which a model's generation ends."""
    ends = settings.eos_token_id
    return [ends] if isinstance(ends, int) else list(ends or [])


def context_length(folder: Path) -> int:
    """Tokens that the model takes; 4096 where its config does not say."""
    return _room(transformers.AutoConfig.from_pretrained(folder))


def _room(config: Any) -> int:
    return int(getattr(config.get_text_config(), "max_position_embeddings", None) or 4096)


def with_adapter(model: Any, adapter: Path, scale: float) -> Any:
    """The model with a PEFT adapter whose effect is multiplied by `scale`."""
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    tuned = PeftModel.from_pretrained(model, str(adapter))
    for layer in tuned.modules():
        if isinstance(layer, LoraLayer):
            layer.scale_layer(scale)
    return tuned.merge_and_unload() if model.dtype == torch.float32 else tuned


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
