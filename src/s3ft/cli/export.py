"""What a run made, for other programs: merged weights, or the training rows in another trainer's form."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from s3ft import plugins
from s3ft.data import atomic, exports, jsonl
from s3ft.progress import say
from s3ft.runs import directory, train
from s3ft.runs.directory import Run
from s3ft.types import Adapter, UserError


def export(
    run_dir: Path, recipe: str, to: exports.Form | Literal["merged"], seed: int | None, out: Path | None
) -> None:
    """Writes the folder `out`, which appears when all of it is there, and prints what it holds.

    Raises UserError for a run, recipe or seed that does not exist, a damaged adapter, and a folder that exists."""
    run = directory.existing(run_dir)
    if recipe not in run.recipes:
        raise UserError(plugins.unknown("recipe of this run", recipe, list(run.recipes)))
    if to == "merged":
        chosen = _seed(run, seed)
        _merged(run, recipe, chosen, out or run_dir / "export" / f"{recipe}-seed-{chosen}")
        return
    if seed is not None:
        raise UserError(f"--seed: found {seed}, but --to {to} gives rows, which all seeds share; leave it out")
    _rows(run, recipe, to, out or run_dir / "export" / f"{recipe}-{to}")


def _seed(run: Run, seed: int | None) -> int:
    seeds = run.config.seeds
    if (seed is None and len(seeds) > 1) or (seed is not None and seed not in seeds):
        known = ", ".join(map(str, seeds))
        raise UserError(f"--seed: found {seed if seed is not None else 'none'}, expected one of {known}")
    return seeds[0] if seed is None else seed


def _merged(run: Run, recipe: str, seed: int, out: Path) -> None:
    adapter = Adapter(run.adapter(recipe, seed))
    directory.trained(adapter)
    if train.is_outdated(run, recipe, seed):
        raise UserError(
            f"{adapter.folder}: trained on other targets, or otherwise, than the run now has; s3ft run or s3ft train "
            "with the run's config trains it again"
        )
    with atomic.whole_folder(out) as folder:
        from s3ft.models import adapters
        from s3ft.runs.quiet import quiet_libraries

        quiet_libraries()
        say(f"export: merging {adapter.folder} into {run.config.model}")
        adapters.write_merged(run.model, adapter, folder)
    say(f"export: {out}, a model folder for transformers, vLLM and s3ft (model: {out})")


def _rows(run: Run, recipe: str, to: exports.Form, out: Path) -> None:
    run.summary(recipe)
    notes = exports.write(
        to, jsonl.read(run.targets(recipe)), recipe, out, _end_of_turn(run) if to == "axolotl" else ""
    )
    say(f"export: {out}")
    for note in notes:
        say(f"export: {note}")
    if kwargs := run.config.chat.template_kwargs:
        say(f"export: the rows were made with chat.template_kwargs {kwargs}; give them to the trainer too")


def _end_of_turn(run: Run) -> str:
    """The token on which the model stops, as text."""
    from s3ft.runs.quiet import quiet_libraries

    quiet_libraries()
    _, end = run.chat.splice([{"role": "user", "content": "Hello"}])
    return str(run.chat.decode([end.stop]))
