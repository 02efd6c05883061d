"""Before any training: is the gold accepted, the template supported, the end of turn learnt; how long are rows?"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from s3ft import overrides
from s3ft.cli import check_judge
from s3ft.config import RunConfig
from s3ft.data import splits
from s3ft.data.splits import ORDER, Distinct, SplitCounts, few_rows, require_rows
from s3ft.digest import digest
from s3ft.pipeline import chunks, require_fields
from s3ft.progress import progress, shown
from s3ft.runs import opening
from s3ft.runs.build import described
from s3ft.runs.directory import Run
from s3ft.types import Completion, Example, Split, UserError, Verdict

SHOWN = 5
"""Faulty rows that are named, of each kind."""


def show(config: RunConfig, pilot_rows: int | None = None) -> None:
    """Prints what was found over all training rows, and then a pilot on some of them, if asked for. Faults of single
    rows are counted and named; raises UserError for a fault of the whole, which would spoil a run or stop it."""
    found = check(config, pilot_rows or 0)
    console = Console()
    table = Table(title=f"{found['task']} on {config.model}", title_justify="left", box=None, pad_edge=False)
    table.add_column("check")
    table.add_column("found", overflow="fold")
    counts: SplitCounts = found["counts"]
    table.add_row("splits", splits.described(found["splits"]))
    table.add_row("judge", f"{described(found['judge'])}{'' if config.judge else ', the default of the task'}")
    if found["first"]:
        first = found["first"]
        for name, value in (
            ("prompt", first.prompt[-1]["content"]),
            ("gold", first.gold),
            ("compared", first.reference),
        ):
            table.add_row(f"first row: {name}", escape(shown(_short(value))))
    if counts.conflicts:
        table.add_row("different golds", counts.conflict())
    table.add_row("gold accepted", f"{found['verdicts'][True]} of {counts.rows}")
    for correct, what in ((False, "gold rejected"), (None, "gold undecided")):
        table.add_row(what, _named(found["verdicts"][correct], counts.rows, found["named"][correct]))
    table.add_row("golds of other rows accepted", found["golds"].described())
    table.add_row("template", ", ".join(f"{match} {n}" for match, n in found["matches"].items()) or "none supported")
    table.add_row("template unsupported", _named(len(found["unsupported"]), counts.rows, found["unsupported"]))
    table.add_row("end of turn", f"{found['end']} ends every target and is trained on")
    table.add_row("prompt tokens", _lengths(found["prompts"]))
    table.add_row("prompt + gold", f"{_lengths(found['totals'])}; the limit is {found['limit']}")
    table.add_row("too long", str(sum(n > found["limit"] for n in found["totals"])))
    console.print(table)
    for note in found["notes"]:
        console.print(f"note: {shown(note)}", highlight=False, markup=False)
    if faults := _faults(found, config):
        raise UserError(f"check found {len(faults)} fault{'s' * (len(faults) > 1)}: {'; '.join(faults)}")
    if pilot_rows:
        from s3ft.cli import check_pilot_table

        tested = min(found["splits"][config.evaluate.split].rows, config.evaluate.rows or sys.maxsize)
        check_pilot_table.show(config, found["sample"], found["counts"].rows, tested)


def _faults(found: dict[str, Any], config: RunConfig) -> list[str]:
    """What would spoil a run or stop it, each with what to do."""
    rows, verdicts, named = found["counts"].rows, found["verdicts"], found["named"]
    faults = []
    if fault := found["golds"].fault(str(found["judge"])):
        faults.append(fault)
    if verdicts[False] == rows:
        faults.append(
            f"the judge rejects the gold of all {rows} rows, such as {named[False][0]}; fix the judge or the references"
        )
    if verdicts[None] > config.max_undecided * rows:
        faults.append(
            f"the judge is undecided on the gold of {verdicts[None]} of {rows} rows; {config.max_undecided:.0%} may be"
            f", such as {named[None][0]}; fix the references or the judge, or raise max_undecided"
        )
    if not found["matches"]:
        faults.append(
            f"the chat template supports no row, such as {found['unsupported'][0]}; set chat, or take another model"
        )
    elif all(n > found["limit"] for n in found["totals"]):
        faults.append(
            f"all rows are longer than the limit of {found['limit']} tokens, the shortest has {min(found['totals'])}; "
            "raise train.max_length, or shorten the rows"
        )
    return faults


def check(config: RunConfig, sampled: int = 0) -> dict[str, Any]:
    """Judges every gold and checks every row's training text; loads no weights but those of a judge that is a model.
    `sampled` rows, chosen by a hash of their ids, are kept."""
    from s3ft.chat import TemplateUnsupported
    from s3ft.models.loading import context_length

    run = Run(config, Path())
    opening.settle(run)
    judge, chat = run.judge(), run.chat
    verdicts: Counter[bool | None] = Counter()
    named: dict[bool | None, list[str]] = {False: [], None: []}
    matches: Counter[str] = Counter()
    unsupported: list[str] = []
    prompts: list[int] = []
    totals: list[int] = []
    ends: Counter[str] = Counter()
    first: list[Example] = []
    said: list[Verdict] = []
    sample: list[Example] = []
    decided: set[str] = set()
    with progress("check", None) as advance, closing(Distinct(run.task.name)) as seen:
        read: dict[Split, SplitCounts] = {}
        measured = config.evaluate.split
        needed = {measured, *(("validation",) if config.sweep else ())}
        for split in ORDER[:-1]:
            for _ in seen.rows(run.task.rows(split), split):
                pass
            read[split] = seen.counts
            if split in needed:
                require_rows(run.task.name, split, seen.counts)
        for rows in chunks(seen.rows(run.task.rows("train"), "train", config.limit)):
            require_fields(run.recipes, run.task.paraphrase, rows)
            judged = judge(rows, [Completion(e.gold) for e in rows])
            for e, verdict in zip(rows, judged, strict=True):
                if e.id in run.overrides:
                    decided.add(e.id)
                verdicts[verdict.correct] += 1
                if verdict.correct is not True:
                    named[verdict.correct].append(f"{e.id} ({verdict.reason or verdict.answer})")
                try:
                    target = chat.target(e.prompt, chat.gold(e.gold), e.tools)
                except TemplateUnsupported as error:
                    unsupported.append(f"{e.id} ({error})")
                    continue
                matches[target.match] += 1
                prompts.append(target.num_prompt)
                totals.append(len(target.input_ids))
                ends[chat.decode(target.input_ids[-1:])] += 1
            if not first:
                first, said = rows[: check_judge.ROWS], judged
            sample = sorted([*sample, *rows], key=lambda e: digest(e.id))[:sampled]
            advance(len(rows))
        require_rows(run.task.name, "train", seen.counts)
        golds = check_judge.check(judge, first, said)
    warnings = (few_rows(measured, read[measured].rows), overrides.unmatched(run.overrides, decided))
    return {
        "splits": {"train": seen.counts, **read},
        "task": run.task.name,
        "judge": run.judge_spec,
        "golds": golds,
        "first": next(iter(first), None),
        "sample": sample,
        "counts": seen.counts,
        "verdicts": verdicts,
        "named": named,
        "matches": matches,
        "unsupported": unsupported,
        "prompts": prompts,
        "totals": totals,
        "end": ", ".join(repr(e) for e in ends),
        "limit": config.train.max_length or context_length(run.model.folder),
        "notes": [*chat.notes, *filter(None, warnings)],
    }


def _named(number: int, rows: int, names: list[str]) -> str:
    more = " ..." if number > SHOWN else ""
    return f"{number} ({number / rows:.1%}): {escape(shown('; '.join(names[:SHOWN])))}{more}" if number else "0"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 160 else f"{text[:120]} ... {text[-35:]}"


def _lengths(lengths: list[int]) -> str:
    if not lengths:
        return "-"
    median, high, most = np.percentile(lengths, [50, 95, 100])
    return f"median {median:.0f}, 95 % under {high:.0f}, longest {most:.0f}"
