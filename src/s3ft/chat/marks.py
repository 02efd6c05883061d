"""Control tokens that users wrote, marked in their text so that they are encoded as text and not as tokens.

The method of `sanitize_control_tokens` in transformers, which its versions before 5.20 do not have.
"""

from __future__ import annotations

import re
from typing import Any

START, END = "\U000f0000", "\U000f0001"


def marked(value: Any, control: re.Pattern[str]) -> Any:
    """The same JSON with the control tokens in its strings, not in its keys, between START and END."""
    if isinstance(value, str):
        return control.sub(rf"{START}\g<0>{END}", unmarked(value))
    if isinstance(value, dict):
        return {key: marked(inner, control) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [marked(inner, control) for inner in value]
    return value


def unmarked(text: str) -> str:
    return text.replace(START, "").replace(END, "")


def encode(tokenizer: Any, text: str, continued: bool = False) -> list[int]:
    """Ids of text in which marked control tokens are text. `continued`: the text goes on after other ids, so that
    SentencePiece adds no space before it. Raises ValueError where the tokenizer makes the token of plain text."""
    tokens = sorted(map(str, tokenizer.added_tokens_encoder), key=len, reverse=True)
    any_token = "|".join(map(re.escape, tokens)) or "(?!)"
    # Marked tokens are at odd places; a mark that a template cut off from its token only ends a piece.
    pieces = re.split(f"{START}({any_token}){END}|[{START}{END}]", text)
    ids: list[int] = []
    for n, piece in enumerate(pieces):
        if piece:
            as_text = n % 2 == 1
            found = _piece(tokenizer, piece, as_text, n > 0 or continued)
            if as_text and tokenizer.convert_tokens_to_ids(piece) in found:
                raise ValueError(f"the tokenizer makes the control token {piece!r} of plain text; remove it")
            ids += found
    return ids


def _piece(tokenizer: Any, text: str, as_text: bool, inside: bool) -> list[int]:
    """Ids of a piece of text. `inside`: encoded after a newline that is cut off again, since SentencePiece adds a space
    at the start."""
    if inside:
        newline = _plain(tokenizer, "\n", False)
        ids = _plain(tokenizer, "\n" + text, as_text)
        if ids[: len(newline)] == newline:
            return ids[len(newline) :]
    return _plain(tokenizer, text, as_text)


def _plain(tokenizer: Any, text: str, as_text: bool) -> list[int]:
    """Ids of text. `as_text`: no added token is looked for."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not as_text or backend is None:
        split = {"split_special_tokens": True} if as_text else {}
        return [int(i) for i in tokenizer.encode(text, add_special_tokens=False, **split)]
    # split_special_tokens leaves out only those added tokens that are special: the pipeline without any of them.
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    words = [text]
    if backend.pre_tokenizer is not None:
        words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)]
    return [token.id for word in words for token in backend.model.tokenize(word)]
