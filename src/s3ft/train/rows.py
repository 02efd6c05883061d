"""Records as token ids and labels on disk: checked row by row, memory-mapped by the trainer, in a fixed order."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s3ft.chat.policy import Chat, TemplateUnsupported
from s3ft.data import records
from s3ft.types import Candidate, Example, Record, UserError

_CHUNK = 512


@dataclass(frozen=True)
class Rows:
    """Tokenised training rows: Arrow on disk with columns input_ids and labels, and little in memory."""

    path: Path
    keys: list[str]
    """One per row: the example's id, and which of its targets."""
    lengths: list[int]
    """Tokens per row."""
    num_supervised: int
    """Tokens that are trained on: completions and their ends of turn."""
    dropped: list[tuple[str, str]]
    """Rows left out: id and reason."""
    matches: dict[str, int]
    """How the rows agree with the template's own rendering: exact, edge (white space at ends),
    thoughts (equal without them)."""
    sources: dict[str, int]
    digest: str
    """SHA-256 of all ids and labels."""
    policy: dict[str, Any]
    """The identity of the chat policy that made them."""
    pad: int
    tokenizer: Any
    _folder: tempfile.TemporaryDirectory[str] = field(repr=False)

    def __len__(self) -> int:
        return len(self.keys)

    def dataset(self, order: Iterable[int] | None = None) -> Any:
        """A datasets.Dataset that reads the rows from disk, in the given order."""
        from datasets import Dataset

        found = Dataset.from_file(str(self.path))
        return found if order is None else found.select(list(order))

    def order(self, seed: int, steps: int, batch_size: int) -> list[int]:
        """Row numbers for `steps` optimizer steps: every pass over the rows is shuffled by a hash of seed, pass and
        key, so that recipes with the same rows see them in the same steps. Within a step, rows go by length."""
        total = steps * batch_size
        passes = -(-total // len(self.keys))
        flat = [i for epoch in range(passes) for i in sorted(range(len(self.keys)), key=self._place(seed, epoch))]
        batches = (flat[start : start + batch_size] for start in range(0, total, batch_size))
        return [i for batch in batches for i in sorted(batch, key=lambda i: -self.lengths[i])]

    def _place(self, seed: int, epoch: int) -> Any:
        return lambda i: hashlib.blake2b(f"{seed}\0{epoch}\0{self.keys[i]}".encode(), digest_size=8).digest()


def prepare(
    rows: Iterable[Record | Mapping[str, Any]], chat: Chat | Callable[[Example], Chat], max_length: int | None = None
) -> Rows:
    """Token ids and labels of every target, each held against the chat template: the one policy, or each row's own.
    Rows with more tokens than `max_length` (default: what the tokenizer states) are left out and named; none is ever
    cut.

    Raises TemplateUnsupported for a row that the template does not support, UserError if nothing is left."""
    import pyarrow

    keys: list[str] = []
    lengths: list[int] = []
    dropped: list[tuple[str, str]] = []
    matches: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    total = hashlib.sha256()
    supervised = 0
    folder = tempfile.TemporaryDirectory(prefix="s3ft-tokens-")
    path = Path(folder.name) / "rows.arrow"
    ids = pyarrow.list_(pyarrow.int64())
    schema = pyarrow.schema([("input_ids", ids), ("labels", ids)])
    chunk: list[dict[str, list[int]]] = []
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_stream(sink, schema) as writer:
        for key, record, candidate in _targets(rows, dropped):
            own = chat if isinstance(chat, Chat) else chat(record.example)
            limit = max_length or stated_length(own.tokenizer)
            try:
                target = own.target(record.example.prompt, candidate.trained, record.example.tools)
            except UserError as error:
                raise TemplateUnsupported(f"row {key!r}, target from {candidate.source}: {error}") from error
            if limit is not None and len(target.input_ids) > limit:
                dropped.append((key, f"{len(target.input_ids)} tokens, the limit is {limit}"))
                continue
            keys.append(key)
            lengths.append(len(target.input_ids))
            matches[target.match] += 1
            sources[candidate.source] += 1
            supervised += len(target.input_ids) - target.num_prompt
            total.update(repr((target.input_ids, target.num_prompt)).encode())
            chunk.append({"input_ids": target.input_ids, "labels": target.labels})
            if len(chunk) == _CHUNK:
                writer.write_batch(pyarrow.RecordBatch.from_pylist(chunk, schema))
                chunk = []
        if chunk:
            writer.write_batch(pyarrow.RecordBatch.from_pylist(chunk, schema))
    if not keys:
        reasons = "; ".join(f"{i!r}: {r}" for i, r in dropped[:3]) or "there are no records"
        raise UserError(f"no rows remain, {len(dropped)} left out ({reasons}); raise max_length or change the recipe")
    pad = own.tokenizer.pad_token_id
    return Rows(
        path,
        keys,
        lengths,
        supervised,
        dropped,
        dict(matches),
        dict(sources),
        total.hexdigest(),
        own.identity,
        pad if pad is not None else own.stop_ids[0],
        own.tokenizer,
        folder,
    )


def _targets(
    rows: Iterable[Record | Mapping[str, Any]], dropped: list[tuple[str, str]]
) -> Iterator[tuple[str, Record, Candidate]]:
    for row in rows:
        record = row if isinstance(row, Record) else records.from_json(dict(row))
        if not record.targets:
            dropped.append((record.example.id, "no target under this recipe"))
        for number, index in enumerate(record.targets):
            yield record.example.id + (f"#{number}" if number else ""), record, record.candidates[index]


def stated_length(tokenizer: Any) -> int | None:
    """The length a tokenizer states; transformers writes a huge number where none is stated."""
    stated = getattr(tokenizer, "model_max_length", None)
    return int(stated) if stated and stated < 1_000_000_000 else None
