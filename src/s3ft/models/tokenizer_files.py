"""Tokenizer files older or newer than tokenizer.json, read as their own libraries read them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers

from s3ft.types import UserError

_PROBES = (
    "a",
    "What is half of 17 + 25?",
    "def f(x):\n    return x + 1\n",
    "two  spaces,   three\n\n\nand lines",
    "z" + " " * 40 + "z",
    "x\ttab",
    "Zwölf Boxkämpfer, 日本語 🙂 1,234.56",
    "ﬁne Ａ１",
)
_INDENTED = ("   leading", " " * 17 + "z", "  ")


def load(folder: Path, trust_remote_code: bool) -> Any:
    """The tokenizer in a folder. Raises UserError for a SentencePiece file that transformers would misread."""
    if (folder / "tokenizer.json").is_file():
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
    if (folder / "tekken.json").is_file():
        return _tekken(folder)
    file = folder / "tokenizer.model"
    is_sentencepiece = file.is_file() and _begins_as_protobuf(file)
    if is_sentencepiece and not (_is_there("sentencepiece") and _is_there("google.protobuf")):
        raise UserError(
            f"tokenizer {file}: reading it needs sentencepiece and protobuf; pip install sentencepiece protobuf, or "
            "put the model's tokenizer.json into that folder"
        )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
    return (
        _as_sentencepiece(tokenizer, file)
        if is_sentencepiece and hasattr(tokenizer, "backend_tokenizer")
        else tokenizer
    )


def _begins_as_protobuf(file: Path) -> bool:
    """SentencePiece's first field; a tiktoken file of the same name begins with base64."""
    with file.open("rb") as opened:
        return opened.read(1) == b"\n"


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _tekken(folder: Path) -> Any:
    """Mistral's tekken.json alone: transformers would hand out mistral-common's tokenizer, which knows no template."""
    from transformers.integrations.mistral import convert_tekken_tokenizer

    tokenizer = convert_tekken_tokenizer(str(folder / "tekken.json"))
    template = folder / "chat_template.jinja"
    if template.is_file():
        tokenizer.chat_template = template.read_text(encoding="utf-8")
    return tokenizer


def _as_sentencepiece(tokenizer: Any, file: Path) -> Any:
    """With the merges in the order of their scores, and SentencePiece's space before the text.

    transformers 5.23 orders merges by id: pieces with the worst score, such as runs of spaces, are then joined first,
    and every indented line of code gets ids that the model never saw."""
    import sentencepiece
    from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]

    proto = ModelProto.FromString(file.read_bytes())
    truth = sentencepiece.SentencePieceProcessor(str(file))
    stated = file.with_name("tokenizer_config.json")
    config = json.loads(stated.read_text(encoding="utf-8")) if stated.is_file() else {}
    # legacy: false puts the space at the start of a text only, and not behind each special token.
    is_everywhere = config.get("legacy") is not False
    backend = tokenizer.backend_tokenizer
    if isinstance(backend.model, models.BPE):
        vocab = {piece.piece: i for i, piece in enumerate(proto.pieces)}
        unknown = proto.pieces[proto.trainer_spec.unk_id].piece
        merges = _merges(vocab, proto.pieces)
        backend.model = models.BPE(vocab=vocab, merges=merges, unk_token=unknown, byte_fallback=True, fuse_unk=True)
        if proto.normalizer_spec.add_dummy_prefix and config.get("add_prefix_space") is not False:
            everywhere = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
            at_start = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
            backend.normalizer, backend.pre_tokenizer = (everywhere, None) if is_everywhere else (None, at_start)
            backend.decoder = decoders.Sequence(
                [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
            )
    for text in (*_PROBES, *(_INDENTED if is_everywhere else ())):
        if tokenizer(text, add_special_tokens=False).input_ids != truth.encode(text):
            raise UserError(
                f"tokenizer {file}: transformers splits {text!r} otherwise than SentencePiece does, and nothing says "
                "which of them the model knows; put the model's tokenizer.json into that folder"
            )
    # The class of its own would build its parts anew when the tokenizer is saved and loaded.
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        chat_template=tokenizer.chat_template,
        model_max_length=tokenizer.model_max_length,
        **tokenizer.special_tokens_map,
    )


def _merges(vocab: dict[str, int], pieces: Any) -> list[tuple[str, str]]:
    def found() -> Iterator[tuple[float, int, int, str]]:
        for i, piece in enumerate(pieces):
            if piece.type == piece.NORMAL:
                for cut in range(1, len(piece.piece)):
                    if piece.piece[:cut] in vocab and piece.piece[cut:] in vocab:
                        yield -piece.score, i, cut, piece.piece

    return [(piece[:cut], piece[cut:]) for _, _, cut, piece in sorted(found())]
