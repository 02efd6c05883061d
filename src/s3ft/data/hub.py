"""What an error of the Hub means, in one line that says what to do and holds no secret."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from s3ft.types import UserError


@contextmanager
def asked(what: str, otherwise: str, revision: str | None = None) -> Iterator[None]:
    """Raises what the block raises as UserError: `what` names the model or data set, `otherwise` says what to give in
    place of something on the Hub."""
    handlers = logging.getLogger("huggingface_hub").handlers
    for handler in handlers:
        handler.addFilter(_without_secrets)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(redacted(f"{what}: {_reason(error, otherwise, revision)}")) from error
    finally:
        for handler in handlers:
            handler.removeFilter(_without_secrets)


def redacted(text: str) -> str:
    """A text without tokens, passwords in addresses, and the signatures of addresses."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := os.environ.get(name, "").strip():
            text = text.replace(token, "***")
    text = re.sub(r"hf_[A-Za-z0-9]{8,}", "***", re.sub(r"(?i)bearer [^\s'\"]+", "Bearer ***", text))
    return re.sub(r"(https?://)(?:[^/\s@'\"]+@)?([^\s?'\"]*)(?:\?[^\s'\"]*)?", r"\1\2", text)


def _without_secrets(record: logging.LogRecord) -> bool:
    record.msg, record.args = redacted(record.getMessage()), ()
    return True


def _reason(error: Exception, otherwise: str, revision: str | None) -> str:
    from huggingface_hub import constants, errors

    chain = list(_chain(error))
    status = next((e.response.status_code for e in chain if isinstance(e, errors.HfHubHTTPError)), None)

    # datasets keeps the words of these, and not the error.
    said = next((str(e) for e in chain if type(e).__name__ == "DatasetNotFoundError"), "")

    def found(*kinds: type[Exception]) -> bool:
        return any(isinstance(e, kinds) for e in chain)

    if found(errors.GatedRepoError) or "is a gated dataset" in said:
        return (
            "gated on the Hub, and not open to you; accept its terms on its page with your account, then log in with "
            "hf auth login, or set HF_TOKEN"
        )
    if found(errors.RevisionNotFoundError) or said.startswith("Revision "):
        return f"the Hub has no revision {revision!r} of it; give a branch, tag or commit that its page shows"
    if found(errors.RepositoryNotFoundError) or said:
        return (
            f"not on the Hub, or private; check the name, or {otherwise}; for a private one log in with hf auth login, "
            "or set HF_TOKEN to a token that may read it"
        )
    if status == 401:
        return "the Hub rejects your token; log in again with hf auth login, or give HF_TOKEN a valid one"
    if status == 403:
        return "the Hub does not let your token read it; give the token that right, or take another"
    if found(errors.HFValidationError):
        return f"no such folder, and no Hub id such as Qwen/Qwen2.5-0.5B-Instruct; {otherwise}"
    lacking = "only partly in the cache" if found(errors.IncompleteSnapshotError) else "not in the cache"
    if constants.HF_HUB_OFFLINE and found(errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError, ConnectionError):
        return f"{lacking}, and HF_HUB_OFFLINE is set; unset it, or {otherwise}"
    # The first is the cause; what follows came from looking elsewhere.
    line = " ".join(f"{type(chain[-1]).__name__}: {chain[-1]}".split())[:200]
    if found(errors.LocalEntryNotFoundError, ConnectionError) or (status or 0) >= 429:
        answer = f"answers with status {status}" if status else f"cannot be reached ({line})"
        return f"{lacking}, and the Hub at {constants.ENDPOINT} {answer}; repeat the command later, or {otherwise}"
    if any(type(e).__module__.startswith("httpx") for e in chain):
        return f"the download broke off ({line}); repeat the command, it goes on where it stopped"
    return f"{' '.join(f'{type(error).__name__}: {error}'.split())[:300]}; {otherwise}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
