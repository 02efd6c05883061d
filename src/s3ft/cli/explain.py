"""One row's whole history, and the exact tokens that are trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from s3ft.data import records
from s3ft.progress import shown
from s3ft.runs import directory
from s3ft.types import Candidate, Record, UserError


def show(run_dir: Path, id: str) -> None:
    """Prints the candidates and verdicts of a row under every recipe, supervised tokens in green.

    Raises UserError if there is no such run or row."""
    run = directory.existing(run_dir)
    files = sorted((run_dir / "records").glob("*.jsonl"))
    whole = _whole_id(run_dir, files, id)
    found = {p.stem: r for p in files for r in records.read(p) if r.example.id == whole}
    console = Console(highlight=False)
    example = next(iter(found.values())).example
    console.print(f"[bold]row[/] {escape(shown(example.id))}")
    for message in example.prompt:
        console.print(f"[bold]{escape(shown(str(message['role'])))}[/] {escape(shown(str(message['content'])))}")
    console.print(
        f"[bold]gold[/] {escape(shown(example.gold))}\n[bold]reference[/] {escape(shown(repr(example.reference)))}"
    )
    for recipe, record in found.items():
        console.print(f"\n[bold]{escape(recipe)}[/] " + ("" if record.targets else "left out: nothing was accepted"))
        for place, candidate in enumerate(record.candidates):
            console.print(_candidate(candidate, place in record.targets))
        for place in record.targets:
            console.print(_tokens(run.chat, record, record.candidates[place]))


def _whole_id(run_dir: Path, files: list[Path], beginning: str) -> str:
    """The one id that is `beginning`, or that begins with it."""
    ids = dict.fromkeys(r.example.id for p in files for r in records.read(p) if r.example.id.startswith(beginning))
    if beginning in ids or len(ids) == 1:
        return beginning if beginning in ids else next(iter(ids))
    if ids:
        some = ", ".join(list(ids)[:5])
        raise UserError(f"{run_dir}: {len(ids)} rows have an id that begins with {beginning!r}: {some}; give one whole")
    raise UserError(f"{run_dir}: no row with an id that begins with {beginning!r}; ids are in records/*.jsonl")


def _candidate(candidate: Candidate, is_target: bool) -> Text:
    verdict = candidate.verdict
    if candidate.filtered:
        said = f"filtered: {candidate.filtered}"
    elif verdict is None:
        said = "not judged"
    else:
        word = {True: "right", False: "wrong", None: "undecided"}[verdict.correct]
        said = f"{word}, answer {verdict.answer!r}" + (f" ({verdict.reason})" if verdict.reason else "")
    nats = ""
    if candidate.logprob is not None and candidate.num_scored:
        nats = f", {-candidate.logprob / candidate.num_scored:.3f} NLL/token"
    mark = "-> " if is_target else "   "
    written = candidate.completion.raw or candidate.completion.text
    return Text(shown(f"{mark}{candidate.source}: {said}{nats}\n      {written}"))


def _tokens(chat: Any, record: Record, candidate: Candidate) -> Text:
    target = chat.target(record.example.prompt, candidate.trained, record.example.tools)
    number = len(target.input_ids) - target.num_prompt
    text = Text(f"tokens trained on ({number}, in green between » and «; template: {target.match})\n")
    for place, token in enumerate(target.input_ids):
        supervised = place >= target.num_prompt
        text.append("»" if place == target.num_prompt else "", style="bold green")
        piece = chat.tokenizer.convert_ids_to_tokens(token)
        text.append(shown(f"{piece}"), style="green" if supervised else "dim").append("|", style="dim")
    return text.append("«", style="bold green")
