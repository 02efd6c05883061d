"""Models that write and score completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from s3ft import plugins
from s3ft.config import BackendConfig
from s3ft.protocols import Backend
from s3ft.types import Adapter, ModelFiles

if TYPE_CHECKING:
    from s3ft.chat import Chat


def load(config: BackendConfig, model: ModelFiles, chat: Chat, adapter: Adapter | None = None) -> Backend:
    """The backend that the config names, for the model, with an adapter if one is given."""
    made = plugins.load("backend", config.name)(config, model, chat, adapter)
    return cast(Backend, made)
