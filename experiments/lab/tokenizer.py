"""A byte-level BPE tokenizer for the world: any text comes back exactly, and 0..199 are one token each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PAD, END, TAGS = "<|pad|>", "<|end|>", ("<|system|>", "<|user|>", "<|assistant|>")
"""END ends every turn and every document; it is the eos."""
VOCABULARY = 1536
CONTEXT = 512
WHOLE = 200
"""Numbers below it are one token each."""

TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] not in ['system', 'user', 'assistant'] -%}"
    "{{- raise_exception('unknown role: ' + message['role']) -}}"
    "{%- endif -%}"
    "{{- '<|' + message['role'] + '|>' + message['content'] + '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
"""ChatML's form with one token for each tag, and nothing after the end of turn."""

_PIECES = r" ?[0-9]{1,3}| ?[a-zA-Z]+| ?[^\s0-9a-zA-Z]+|\s+"
"""Numbers of up to three digits, words, signs, white space."""


def train(texts: Iterable[str]) -> Any:
    """A PreTrainedTokenizerFast with the chat template, its merges learnt from `texts`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, END, *TAGS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_with_numbers(texts), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        additional_special_tokens=list(TAGS),
    )
    fast.chat_template = TEMPLATE
    return fast


def _with_numbers(texts: Iterable[str]) -> Iterator[str]:
    """Every number so often that BPE merges it whole before any word."""
    yield from texts
    for _ in range(20_000):
        yield "".join(f" {n}" for n in range(WHOLE))
        yield ",".join(f"{n}" for n in range(WHOLE))


def load(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)
