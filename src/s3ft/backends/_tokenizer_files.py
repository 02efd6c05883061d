"""Tokenizer files older or newer than tokenizer.json, read as their own libraries read them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import transformers
from tokenizers import decoders, models, normalizers

from s3ft.types import UserError

_PROBES = (
    "a",
    "What is half of 17 + 25?",
    "def f(x):\n    return x + 1\n",
    "two  spaces,   three\n\n\nand lines",
    "   leading",
    " " * 17 + "z",
    "  ",
    "\ttab",
    "Zwölf Boxkämpfer, 日本語 🙂 1,234.56",
)


def load(folder: Path, trust_remote_code: bool) -> Any:
    """The tokenizer in a folder. Raises UserError for SentencePiece files that split text otherwise than they say."""
    if not (folder / "tokenizer.json").is_file() and (folder / "tekken.json").is_file():
        return _tekken(folder)
    is_sentencepiece = not (folder / "tokenizer.json").is_file() and (folder / "tokenizer.model").is_file()
    lacking = [name for name in ("sentencepiece", "google.protobuf") if is_sentencepiece and not _is_there(name)]
    if lacking:
        raise UserError(
            f"tokenizer {folder / 'tokenizer.model'}: reading it needs {' and '.join(lacking)}; "
            "pip install sentencepiece protobuf, or put the model's tokenizer.json beside it"
        )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
    if is_sentencepiece and getattr(tokenizer, "is_fast", False):
        _hold_to_sentencepiece(tokenizer, folder / "tokenizer.model")
    return tokenizer


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


def _hold_to_sentencepiece(tokenizer: Any, file: Path) -> None:
    """Orders the merges by score, as SentencePiece does, and puts its space before the text.

    transformers 5.23 orders them by id: pieces with the worst score, such as runs of spaces, are then joined first, and
    every indented line of code gets ids that the model never saw."""
    import sentencepiece

    truth = sentencepiece.SentencePieceProcessor(str(file))
    backend = tokenizer.backend_tokenizer
    if isinstance(backend.model, models.BPE):
        vocab = {truth.id_to_piece(i): i for i in range(truth.get_piece_size())}
        backend.model = models.BPE(
            vocab=vocab,
            merges=_merges(vocab, truth),
            unk_token=truth.id_to_piece(truth.unk_id()),
            byte_fallback=True,
            fuse_unk=True,
        )
        if truth.id_to_piece(truth.encode("a"))[0].startswith("▁"):
            backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
            backend.pre_tokenizer = None
            backend.decoder = decoders.Sequence(
                [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
            )
    for text in _PROBES:
        if tokenizer(text, add_special_tokens=False).input_ids != truth.encode(text):
            raise UserError(
                f"tokenizer {file}: transformers splits {text!r} otherwise than SentencePiece does, and the model was "
                "trained on the latter; put the model's tokenizer.json beside it"
            )


def _merges(vocab: dict[str, int], truth: Any) -> list[tuple[str, str]]:
    found = []
    for piece, i in vocab.items():
        if not (truth.is_control(i) or truth.is_unknown(i) or truth.is_byte(i)):
            halves = ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
            found += [
                (-truth.get_score(i), i, left, right) for left, right in halves if left in vocab and right in vocab
            ]
    return [(left, right) for _, _, left, right in sorted(found, key=lambda merge: (merge[0], merge[1], len(merge[2])))]
