"""Documents as token ids with labels, in micro-batches of similar length.

One document fills one row, so positions and attention are those of inference; under causal attention, padding on the
right needs no mask. Chat is supervised on the answer and its end of turn, raw text on everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

import torch

from experiments.lab.corpus import Corpus, Document

IGNORED = -100
CHUNK = 4096
"""Documents drawn and sorted by length at once."""

Row = tuple[list[int], int]
"""Token ids and the index of the first supervised one."""


def encode(documents: list[Document], tokenizer: Any) -> list[Row]:
    end = tokenizer.eos_token
    texts, prompts = [], []
    for document in documents:
        messages = list(document.messages)
        if messages:
            texts.append(tokenizer.apply_chat_template(messages, tokenize=False))
            prompts.append(tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True))
        else:
            texts.append(document.text + end)
            prompts.append("")
    fast = tokenizer.backend_tokenizer
    ids = [e.ids for e in fast.encode_batch(texts)]
    starts = [len(e.ids) for e in fast.encode_batch(prompts)]
    return list(zip(ids, starts, strict=True))


def mean_tokens(corpus: Corpus, tokenizer: Any, per_kind: int = 300) -> dict[str, float]:
    """Mean length in tokens of each kind of document."""
    documents = list(corpus.sample(per_kind))
    lengths: dict[str, list[int]] = defaultdict(list)
    for document, (ids, _) in zip(documents, encode(documents, tokenizer), strict=True):
        lengths[document.kind].append(len(ids))
    return {kind: sum(found) / len(found) for kind, found in lengths.items()}


def steps(
    corpus: Corpus, tokenizer: Any, step_tokens: int, micro_tokens: int, chunk: int = 0, skip: int = 0
) -> Iterator[tuple[int, int, list[tuple[torch.Tensor, torch.Tensor]]]]:
    """Endless (chunk, step in it, micro-batches): ids and labels (B, T), about `step_tokens` real tokens a step.

    `chunk` and `skip` say where to go on: the same arguments give the same stream."""
    means = mean_tokens(corpus, tokenizer)
    while True:
        rows = sorted(encode(corpus.documents(chunk, CHUNK, means), tokenizer), key=lambda row: len(row[0]))
        micro = list(_micro(rows, micro_tokens, tokenizer.pad_token_id))
        Random(f"order-{corpus.seed}-{chunk}").shuffle(micro)
        group: list[tuple[torch.Tensor, torch.Tensor]] = []
        size = number = 0
        for ids, labels in micro:
            group.append((ids, labels))
            size += ids.numel()
            if size >= step_tokens:
                if number >= skip:
                    yield chunk, number, group
                group, size, number = [], 0, number + 1
        chunk, skip = chunk + 1, 0


def _micro(rows: list[Row], micro_tokens: int, pad: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    group: list[Row] = []
    for row in rows:
        if group and len(row[0]) * (len(group) + 1) > micro_tokens:
            yield _padded(group, pad)
            group = []
        group.append(row)
    if group:
        yield _padded(group, pad)


def _padded(group: list[Row], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(ids) for ids, _ in group)
    ids = torch.full((len(group), width), pad)
    labels = torch.full((len(group), width), IGNORED)
    for i, (row, start) in enumerate(group):
        ids[i, : len(row)] = torch.tensor(row)
        labels[i, start : len(row)] = torch.tensor(row[start:])
    return ids, labels
