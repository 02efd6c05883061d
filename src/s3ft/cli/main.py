"""The commands. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import cyclopts
from cyclopts import App, Parameter

from s3ft import processes
from s3ft.types import UserError

if TYPE_CHECKING:
    from s3ft.config import RunConfig

app = App(
    name="s3ft",
    help="Fine-tune an instruct model on your data without losing what it already knew.",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)

Config = Annotated[Path, Parameter(help="A YAML file; examples/ has some to start from.")]
Overrides = Annotated[str, Parameter(help="Fields of the config as key=value, such as train.epochs=1.")]
Name = Annotated[str | None, Parameter(help="The run is kept in runs/NAME; default: the config's file name.")]


@app.command
def run(config: Config, *overrides: Overrides, name: Name = None) -> int:
    """Build, train, evaluate and report, for every recipe and seed of the config. Repeat it to go on after a stop."""
    from s3ft.runs import opening, stages

    with opening.opened(_config(config, overrides), config.stem if name is None else name) as (opened, lock):
        return stages.run_all(opened, lock)


@app.command
def build(config: Config, *overrides: Overrides, name: Name = None) -> None:
    """Make the training targets: records/ and train/."""
    _stage("build", config, overrides, name)


@app.command
def sweep(config: Config, *overrides: Overrides, name: Name = None) -> None:
    """Try learning rates and ranks for each recipe on validation rows, where the config names some: sweep/."""
    _stage("sweep", config, overrides, name)


@app.command
def train(config: Config, *overrides: Overrides, name: Name = None) -> None:
    """Train one adapter for each recipe and seed: adapters/."""
    _stage("train", config, overrides, name)


@app.command
def evaluate(config: Config, *overrides: Overrides, name: Name = None) -> None:
    """Measure the base and every adapter by the same call: evals/."""
    _stage("evaluate", config, overrides, name)


@app.command
def report(
    config: Annotated[Path, Parameter(help="A YAML file; or a folder under runs/, or several of them to compare.")],
    *overrides: Overrides,
    name: Name = None,
    gate: Annotated[
        str | None, Parameter(help="A recipe: exit 0 to keep it, 10 if it regressed, 11 undecided.")
    ] = None,
    margin: Annotated[float, Parameter(help="Points of mean drop on the benchmarks that are put up with.")] = 2.0,
) -> int:
    """Write report.json, report.md and report.html, and print the table."""
    from s3ft.cli import reporting
    from s3ft.runs import opening

    if not 0 <= margin < 100:
        raise UserError(f"--margin: found {margin:g}, expected points from 0 to 100, such as 2")
    if config.is_dir():
        return reporting.folders([config, *map(Path, overrides)], gate, margin / 100)
    with opening.opened(_config(config, overrides), config.stem if name is None else name) as (opened, _):
        return reporting.one(opened, gate, margin / 100)


@app.command
def check(
    config: Config,
    *overrides: Overrides,
    rows: Annotated[int | None, Parameter(help="Rows of a pilot, which forecasts the whole run; such as 100.")] = None,
) -> None:
    """Before any training: does the judge accept the gold, is the template supported, how long are the rows?"""
    from s3ft.cli import check as checking

    if rows is not None and rows < 1:
        raise UserError(f"--rows: found {rows}, expected 1 or more, such as 100")
    checking.show(_config(config, overrides), rows)


@app.command
def judge(
    judge: Annotated[str, Parameter(help="A judge of s3ft list, or file.py[:attr].")],
    rows: Annotated[Path, Parameter(help="JSON lines: id, prompt, completion, reference, and label for an audit.")],
    *,
    out: Annotated[Path | None, Parameter(help="Where the verdicts go, one JSON line a row.")] = None,
    option: Annotated[tuple[str, ...], Parameter(alias="-o", help="An option of the judge as key=value.")] = (),
    compare: Annotated[str | None, Parameter(help="A second judge, to show where the two differ.")] = None,
    sample: Annotated[Path | None, Parameter(help="With --compare: rows for a person to label, or labelled.")] = None,
) -> None:
    """Judge the completions of a file; rows with labels also give an audit of the judge."""
    from s3ft.cli import audit
    from s3ft.config import section

    spec = {"name": judge, **section(option)}
    audit.show(audit.judge_file(spec, rows, out, compare, sample))


@app.command
def explain(
    run_dir: Annotated[Path, Parameter(help="A folder under runs/.")],
    id: Annotated[str, Parameter(help="The id of a row, or its beginning.")],
) -> None:
    """Show one row's whole history and the exact tokens that are trained on."""
    from s3ft.cli import explain as explaining

    explaining.show(run_dir, id)


@app.command
def export(
    run_dir: Annotated[Path, Parameter(help="A folder under runs/.")],
    recipe: Annotated[str, Parameter(help="A recipe of the run.")],
    *,
    to: Annotated[
        Literal["merged", "llamafactory", "axolotl", "openai", "messages"],
        Parameter(help="Merged weights, or the training rows in the form of another trainer."),
    ] = "merged",
    seed: Annotated[int | None, Parameter(help="Of merged weights; needed if the run has several.")] = None,
    out: Annotated[Path | None, Parameter(help="The folder to write; default: a new one in RUN_DIR/export.")] = None,
) -> None:
    """Write what a run made for other programs: merged weights, or the training rows in another trainer's form."""
    from s3ft.cli import export as exporting

    exporting.export(run_dir, recipe, to, seed, out)


@app.command
def init(
    what: Annotated[str, Parameter(help="lab, gsm8k, mbpp or nq, or a file, folder or Hub id with rows.")] = "lab",
    *overrides: Overrides,
    out: Annotated[Path | None, Parameter(help="The config to write; default: beside the file.")] = None,
) -> None:
    """Write a config to start from, with the columns found in your rows and every field explained."""
    from s3ft.cli import init as starting

    starting.write(what, overrides, out)


@app.command(name="config")
def reference(*, schema: Annotated[bool, Parameter(help="As JSON schema, for editors.", negative="")] = False) -> None:
    """Show every field of a config with its default, explained."""
    from s3ft.config import reference as fields

    sys.stdout.write(f"{json.dumps(fields.json_schema(), indent=2)}\n" if schema else fields.as_yaml({}, {}))


@app.command(name="list")
def names() -> None:
    """Show judges, tasks, recipes, sources and backends."""
    from s3ft.cli import listing

    listing.show()


@app.command(show=False)
def worker(run_dir: Path, stage: str) -> None:
    """One stage of a run, or this process's part of it; `s3ft run` starts it and holds the lock."""
    from s3ft.progress import working
    from s3ft.runs import directory, stages

    processes.end_with_parent()
    working(stage)
    stages.STAGES[stage](directory.existing(run_dir))


def _config(path: Path, overrides: tuple[str, ...]) -> RunConfig:
    """The config of a command that may take long."""
    from s3ft import config
    from s3ft.progress import working

    found = config.load(path, overrides)
    working(f"opening {path}")
    return found


def _stage(stage: str, config: Path, overrides: tuple[str, ...], name: str | None) -> None:
    from s3ft.progress import working
    from s3ft.runs import opening, stages

    with opening.opened(_config(config, overrides), config.stem if name is None else name) as (opened, _):
        working(stage)
        stages.STAGES[stage](opened)


def main() -> None:
    """Exit 0 done, 2 the user's mistake in one line, 1 a fault of ours with its traceback."""
    # Threads that spin while they wait slow small models ten times and more on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    processes.stop_on_sigterm()
    try:
        code = app(exit_on_error=False, print_error=False)
    except (UserError, cyclopts.CycloptsError) as error:
        _fail(" ".join(str(error).split()), 2)
    except KeyboardInterrupt:
        if processes.is_worker():
            sys.exit(130)
        _fail("stopped; repeat the command to go on", 130)
    except Exception as error:
        if "No space left on device" in str(error):
            _fail(f"no space left on the disk ({error}); free some and repeat the command to go on", 2)
        if isinstance(error, OSError) and error.filename:
            _fail(
                f"{error.filename}: cannot be written or read ({error.strerror}); choose another folder or allow it", 2
            )
        _fail("internal error, please report it with the lines above", 1, traceback.format_exc())
    sys.exit(code if isinstance(code, int) else 0)


def _fail(line: str, code: int, above: str = "") -> None:
    from s3ft.progress import shown, working

    working("")
    print(f"{above}s3ft: {shown(line)}", file=processes.errors(), flush=True)
    sys.exit(code)
