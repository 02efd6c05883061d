"""The stage `build`: records/RECIPE.jsonl, train/RECIPE.jsonl and a summary for every recipe of the config."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from typing import Any

import yaml

from s3ft import overrides, plugins
from s3ft.build_statistics import RecipeCounts
from s3ft.data import atomic, card, made, records, splits
from s3ft.digest import digest
from s3ft.recipes import described as ladder
from s3ft.runs.directory import Run, settings
from s3ft.runs.lengths import too_long


def build(run: Run) -> None:
    """Makes what is missing: a recipe's records are kept if they were made from the same things."""
    keys = {name: _key(run, name) for name in run.recipes}
    recipes = {n: r for n, r in run.recipes.items() if made.read(run.summary_file(n), keys[n]) is None}
    if reused := [n for n in run.recipes if n not in recipes]:
        run.log(f"build: reused the records of {', '.join(reused)}")
    if not recipes:
        return
    from s3ft.pipeline import BuildOptions, build_records
    from s3ft.progress import progress
    from s3ft.runs.quiet import quiet_libraries

    quiet_libraries()
    config, read = run.config, run.counts("train")
    run.log(f"data: {splits.described(splits.counts(run.data) or {})}")
    measured = run.counts(config.evaluate.split).rows
    if few := splits.few_rows(config.evaluate.split, min(measured, config.evaluate.rows or measured)):
        run.log(f"data: warning: {few}")
    run.log(f"judge: {described(run.judge_spec)}, {'as configured' if config.judge else 'the default of the task'}")
    if read.conflicts:
        run.log(f"data: warning: {read.conflict()}; all are trained on, drop the wrong ones")
    for split in dict.fromkeys(("train", config.evaluate.split)):
        if said := too_long(run, split):
            run.log(f"data: warning: {said}")
    if run.overrides:
        run.log(f"overrides: {len(run.overrides)} rows in {config.overrides}")
        decided = {e.id for e in run.examples("train") if e.id in run.overrides}
        if unmatched := overrides.unmatched(run.overrides, decided):
            run.log(f"overrides: warning: {unmatched}")
    begun = time.monotonic()
    options = BuildOptions(
        config.sampling, run.task.paraphrase, config.rejected_gold, config.max_undecided, run.overrides
    )
    build = build_records(run.examples("train"), recipes, run.base(), run.judge(), run.chat, options)
    with ExitStack() as stack:
        outputs = {n: stack.enter_context(atomic.whole(run.records(n))) for n in recipes}
        train = {n: stack.enter_context(atomic.whole(run.targets(n))) for n in recipes}
        bar = stack.enter_context(progress("build", read.rows))
        bar.detail, build.advance = build.progress, lambda n: bar(n / build.steps)
        for name, found in build:
            for record in found:
                atomic.write_line(outputs[name], records.to_json(record))
                for row in records.training_rows(record, config.chat.keep_reasoning):
                    atomic.write_line(train[name], row)
    gold = build.counts.gold
    data = {"rows": read.rows, "duplicates": read.duplicates, "in_evaluation_split": read.in_evaluation_split}
    shared = {"seconds": time.monotonic() - begun, "data": {**data, "gold": gold.as_dict()}}
    summaries = {n: {"key": keys[n], **shared, **c.as_dict()} for n, c in build.counts.recipes.items()}
    # Before the summaries, which say that all is there.
    _write_card(run, summaries)
    for name, counts in build.counts.recipes.items():
        made.write(run.summary_file(name), summaries[name], [run.records(name), run.targets(name)])
        run.log(_line(name, counts))
    if gold.rejected or gold.undecided:
        run.log(f"judge: {gold.rejected} of {read.rows} gold answers rejected, {gold.undecided} undecided")
    if undecided := build.counts.undecided():
        run.log(f"judge: warning: {undecided}")


def _write_card(run: Run, new: dict[str, dict[str, Any]]) -> None:
    """`new`: the summaries of the recipes that were built now."""
    model = Path(run.config.model)
    names = {"model": model.name if model.is_dir() else run.config.model, "task": run.task.name}
    names["judge"] = described(run.judge_spec)
    found = {n: (ladder(r), new[n] if n in new else run.summary(n)) for n, r in run.recipes.items()}
    card.write(run.folder / "train", names, found)


def described(judge: str | dict[str, Any]) -> str:
    """A judge as a config names it, on one line."""
    return judge if isinstance(judge, str) else yaml.safe_dump(judge, default_flow_style=True, width=1000).strip()


def _line(name: str, counts: RecipeCounts) -> str:
    found = counts.as_dict()
    decided = ", ".join(f"{what} {n}" for what, n in found["overridden"].items())
    shares = ", ".join(f"{k} {v:.1%}" for k, v in found["composition"].items() if v)
    said = f"; overrides: {decided}" if decided else ""
    return f"build {name}: {counts.targets} targets of {counts.rows} rows: {shares}{said}"


def _key(run: Run, recipe: str) -> str:
    config = run.config
    how = config.model_dump(mode="json", include={"sampling", "chat", "rejected_gold"})
    decided = [sorted(run.overrides.items())] if run.overrides else []
    rungs = [[plugins.identity(r.source), *astuple(r)] for r in run.recipes[recipe]]
    judge, rows = plugins.identity(run.judge_spec), run.counts("train").digest
    return digest(
        [run.model.fingerprint, rows, judge, run.task.paraphrase, how, settings(config.backend), rungs, *decided]
    )
