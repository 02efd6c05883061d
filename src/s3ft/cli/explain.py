"""One row's whole history, and the exact tokens that are trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from s3ft.config import schema as configs
from s3ft.data import records
from s3ft.models import locate
from s3ft.types import Candidate, Record, UserError


def show(run_dir: Path, id: str) -> None:
    """Prints the candidates and verdicts of a row under every recipe, supervised tokens in green.

    Raises UserError where there is no such run or row."""
    begun = run_dir / "config.yaml"
    if not begun.is_file():
        raise UserError(f"{run_dir}: no run (no config.yaml); give a folder under runs/")
    config = configs.parse(yaml.safe_load(begun.read_text(encoding="utf-8")), str(begun))
    found = {p.stem: r for p in sorted((run_dir / "records").glob("*.jsonl")) if (r := _find(p, id))}
    if not found:
        raise UserError(f"{run_dir}: no row with an id that begins with {id!r}; ids are in records/*.jsonl")
    console = Console(highlight=False)
    example = next(iter(found.values())).example
    console.print(f"[bold]row[/] {escape(example.id)}")
    for message in example.prompt:
        console.print(f"[bold]{escape(message['role'])}[/] {escape(str(message['content']))}")
    console.print(f"[bold]gold[/] {escape(example.gold)}\n[bold]reference[/] {escape(repr(example.reference))}")
    chat, tokenizer = _chat(config)
    for recipe, record in found.items():
        console.print(f"\n[bold]{escape(recipe)}[/] " + ("" if record.targets else "left out: nothing was accepted"))
        for place, candidate in enumerate(record.candidates):
            console.print(_candidate(candidate, place in record.targets))
        for place in record.targets:
            console.print(_tokens(chat, tokenizer, record, record.candidates[place]))


def _find(path: Path, id: str) -> Record | None:
    return next((r for r in records.read(path) if r.example.id.startswith(id)), None)


def _chat(config: configs.RunConfig) -> tuple[Any, Any]:
    from s3ft.backends.transformers import chat_of, load_tokenizer

    folder = locate.folder(config.model, config.revision)
    tokenizer = load_tokenizer(folder, config.trust_remote_code)
    return chat_of(tokenizer, folder, config), tokenizer


def _candidate(candidate: Candidate, is_target: bool) -> Text:
    verdict = candidate.verdict
    if candidate.refusal:
        said = f"refused before the judge: {candidate.refusal}"
    elif verdict is None:
        said = "not judged"
    else:
        word = {True: "right", False: "wrong", None: "could not tell"}[verdict.correct]
        said = f"{word}, answer {verdict.answer!r}" + (f" ({verdict.reason})" if verdict.reason else "")
    nats = ""
    if candidate.logprob is not None and candidate.num_scored:
        nats = f", {-candidate.logprob / candidate.num_scored:.3f} nats/token"
    mark = "-> " if is_target else "   "
    return Text(f"{mark}{candidate.source}: {said}{nats}\n      ").append(
        candidate.completion.raw or candidate.completion.text
    )


def _tokens(chat: Any, tokenizer: Any, record: Record, candidate: Candidate) -> Text:
    target = chat.target(record.example.prompt, candidate.trained, record.example.tools)
    number = len(target.input_ids) - target.num_prompt
    text = Text(f"tokens trained on ({number}, in green between » and «; proof: {target.proof})\n")
    for place, token in enumerate(target.input_ids):
        supervised = place >= target.num_prompt
        text.append("»" if place == target.num_prompt else "", style="bold green")
        piece = tokenizer.convert_ids_to_tokens(token)
        text.append(f"{piece}", style="green" if supervised else "dim").append("|", style="dim")
    return text.append("«", style="bold green")
