"""One row: a training row's history and the tokens that are trained on, or a test row's answers before and after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from s3ft.data import jsonl, made, records
from s3ft.progress import shown
from s3ft.runs import directory, train
from s3ft.runs.directory import Run
from s3ft.types import Candidate, Example, Record, UserError

T = TypeVar("T")

_WORDS = {True: "right", False: "wrong", None: "undecided"}


def show(run_dir: Path, id: str) -> None:
    """Prints the candidates and verdicts of a training row under every recipe, supervised tokens in green; of a test
    row, or an item of a benchmark, what the base and each adapter answered.

    Raises UserError if there is no such run or row."""
    run = directory.existing(run_dir)
    files = sorted((run_dir / "records").glob("*.jsonl"))
    tests = {e.id: e for e in _test_rows(run)}
    items = {s["id"]: s["set"] for p in _samples(run).values() for s in _whole(p, jsonl.read(p, ("id", "set")))}
    trained = dict.fromkeys(r.example.id for p in files for r in _whole(p, records.read(p)))
    whole = _whole_id(run_dir, dict.fromkeys([*trained, *tests, *items]), id)
    console = Console(highlight=False)
    if outdated := _outdated(run):
        console.print(
            f"{', '.join(outdated)}: trained on other targets, or otherwise, than the run now has; s3ft run trains and "
            "measures again",
            soft_wrap=True,
        )
    if whole in trained:
        found = {p.stem: r for p in files for r in records.read(p) if r.example.id == whole}
        _show_training_row(console, run, found)
    if whole in tests or whole in items:
        _show_test_row(console, run, whole, tests.get(whole), items.get(whole, "target"))


def _show_training_row(console: Console, run: Run, found: dict[str, Record]) -> None:
    _show_example(console, next(iter(found.values())).example, "training row")
    for recipe, record in found.items():
        is_dropped = run.overrides.get(record.example.id) == "drop"
        why = "left out by overrides" if is_dropped else "left out: nothing was accepted"
        console.print(f"\n[bold]{escape(recipe)}[/] " + ("" if record.targets else why))
        for place, candidate in enumerate(record.candidates):
            console.print(_candidate(candidate, place in record.targets))
        too_long = _left_out(run, recipe)
        for number, place in enumerate(record.targets):
            key = record.example.id + (f"#{number}" if number else "")
            if key in too_long:
                console.print(f"not trained on: {escape(too_long[key])}")
            else:
                console.print(_tokens(run.chat, record, record.candidates[place]))


def _outdated(run: Run) -> list[str]:
    try:
        return train.outdated(run)
    except UserError:
        # Of a run that is not built to its end nothing says what its adapters should be made of.
        return []


def _left_out(run: Run, recipe: str) -> dict[str, str]:
    """The targets that training left out, and why; empty before any training."""
    for path in sorted((run.folder / "adapters" / recipe).glob("*/s3ft.json")):
        if facts := made.read(path):
            return dict(facts["dropped"])
    return {}


def _show_test_row(console: Console, run: Run, id: str, example: Example | None, name: str) -> None:
    """The base's answer, then each adapter's and what became of the item."""
    if example is not None:
        _show_example(console, example, f"{run.config.evaluate.split} row")
    else:
        console.print(f"[bold]item[/] {escape(shown(id))} of benchmark {escape(name)}")
    answers = {arm: s for arm, p in _samples(run).items() for s in jsonl.read(p) if (s["set"], s["id"]) == (name, id)}
    if not answers:
        console.print("not measured yet; s3ft evaluate or s3ft run does it")
        return
    base = answers.get("base")
    for arm, sample in answers.items():
        console.print(f"\n[bold]{escape(arm)}[/] {escape(shown(_said(sample)))}{_flip(base, sample, arm)}")
        console.print(f"      {escape(shown(str(sample.get('completion', sample.get('response')))))}")
    if "target" in next(iter(answers.values())):
        console.print(f"\n[bold]expected[/] {escape(shown(str(next(iter(answers.values()))['target'])))}")


def _said(sample: dict[str, Any]) -> str:
    if sample["set"] != "target":
        return f"{sample['metric']} {sample['score']:g}"
    cut = {"length": ", cut at max_tokens", "error": ", generation failed"}.get(sample["finish_reason"], "")
    reason = f" ({sample['reason']})" if sample["reason"] else ""
    return f"{_WORDS[sample['correct']]}, answer {sample['answer']!r}{reason}{cut}"


def _flip(base: dict[str, Any] | None, sample: dict[str, Any], arm: str) -> str:
    if base is None or arm == "base" or base["score"] == sample["score"]:
        return ""
    if sample["score"] < base["score"]:
        return "; [red]flip: the base was right[/]"
    return "; [green]flip: the base was wrong[/]"


def _samples(run: Run) -> dict[str, Path]:
    """The answers of the base and of every adapter that was measured, in the run's order."""
    paths = {arm: run.folder / "evals" / f"{arm}.samples.jsonl" for arm in run.arms()}
    return {arm: path for arm, path in paths.items() if path.is_file()}


def _test_rows(run: Run) -> Iterator[Example]:
    split = run.config.evaluate.split
    path = run.data / f"{split}.jsonl"
    return _whole(path, run.examples(split)) if path.is_file() else iter(())


def _whole(path: Path, rows: Iterator[T]) -> Iterator[T]:
    """The rows of a file that a stage wrote. Raises UserError if it is damaged."""
    try:
        yield from rows
    except (UserError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged ({error}); s3ft run with the run's config makes it again") from error


def _show_example(console: Console, example: Example, kind: str) -> None:
    console.print(f"[bold]{kind}[/] {escape(shown(example.id))}")
    for message in example.prompt:
        console.print(f"[bold]{escape(shown(str(message['role'])))}[/] {escape(shown(str(message['content'])))}")
    console.print(
        f"[bold]gold[/] {escape(shown(example.gold))}\n[bold]reference[/] {escape(shown(repr(example.reference)))}"
    )


def _whole_id(run_dir: Path, ids: dict[str, None], beginning: str) -> str:
    """The one id that is `beginning`, or that begins with it."""
    if beginning in ids:
        return beginning
    found = [id for id in ids if id.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:5])
        raise UserError(
            f"{run_dir}: {len(found)} rows have an id that begins with {beginning!r}: {some}; give one whole"
        )
    raise UserError(
        f"{run_dir}: no row with an id that begins with {beginning!r}; ids are in records/*.jsonl and "
        "evals/*.samples.jsonl"
    )


def _candidate(candidate: Candidate, is_target: bool) -> Text:
    verdict = candidate.verdict
    if candidate.filtered:
        said = f"filtered: {candidate.filtered}"
    elif verdict is None:
        said = "not judged"
    else:
        said = f"{_WORDS[verdict.correct]}, answer {verdict.answer!r}" + (
            f" ({verdict.reason})" if verdict.reason else ""
        )
    if is_target and candidate.is_generated and not candidate.accepted:
        said += ", chosen by overrides"
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
