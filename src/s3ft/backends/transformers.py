"""Transformers on this machine's CPU or GPU: the default backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from s3ft.config import BackendConfig
from s3ft.protocols import Finished
from s3ft.types import Adapter, Capability, Completion, ModelFiles, Request, Sampling, Score

if TYPE_CHECKING:
    from s3ft.chat import Chat
    from s3ft.models.local import LocalModel


class backend:
    """The model of a run, opened when it is first needed."""

    class Config(BackendConfig):
        """How the model is loaded and asked."""

        speed_only: ClassVar[frozenset[str]] = frozenset({"batch_tokens"})

        dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
        """Precision of the weights; auto is float32 on a CPU, on a GPU bfloat16 unless the checkpoint is in float16.
        GPUs before Ampere have no bfloat16: set float16."""
        device: str = "auto"
        """auto, cpu, cuda or cuda:N."""
        batch_tokens: int | None = Field(default=None, ge=1)
        """Tokens generated for at once, prompts and sampling.max_tokens together; changes no answer. Default: what fits
        into a share of a GPU's free memory, 16384 on a CPU. Out of memory halves it."""
        extra: dict[str, Any] = Field(default={})
        """Passed to from_pretrained."""

    def __init__(self, config: Config, model: ModelFiles, chat: Chat, adapter: Adapter | None = None) -> None:
        from s3ft.models import adapters, loading

        self._config, self._files, self._chat, self._adapter = config, model, chat, adapter
        self._device = loading.device(config.device)
        self._dtype = loading.dtype(config.dtype, self._device, model.folder)
        if config.extra:
            loading.require_extra(model.folder, config.extra, model.trust_remote_code)
        if adapter is not None:
            adapters.require_scalable(adapter)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({"score", "adapters", "token_ids", "in_process"})

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        from s3ft.models import adapters

        return {
            "model": self._files.fingerprint,
            "chat": self._chat.identity,
            "dtype": str(self._dtype),
            "device": self._device.type,
            "extra": self._config.extra,
            "adapter": adapters.identity(self._adapter),
        }

    @cached_property
    def local(self) -> LocalModel:
        """The model in evaluation mode, with its adapter."""
        from s3ft.models import adapters, loading
        from s3ft.models.local import LocalModel

        adapter, trust = self._adapter, self._files.trust_remote_code
        is_whole = adapter is not None and adapters.is_whole_model(adapter.folder)
        folder = adapter.folder if adapter is not None and is_whole else self._files.folder
        model = loading.load_model(folder, self._dtype, trust, **self._config.extra).to(self._device)
        if adapter is not None and not is_whole:
            model = adapters.with_adapter(model, adapter)
        return LocalModel(model.eval(), self._chat, self._config.batch_tokens)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        return self.local.generate(requests, sampling)

    def generate_batches(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        return self.local.generate_batches(requests, sampling)

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        return self.local.score(requests, completions)
