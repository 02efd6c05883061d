"""A whole run on the miniature, small: its files, its repetition, its growth, another day, and kill -9 in every stage.

One finished run is shared by the module; a test that changes a run works on a copy of it."""

import datetime
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import types
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import yaml

import tiny
from s3ft import config
from s3ft.chat import policy  # noqa: F401, its clock is set
from s3ft.cli import main
from s3ft.runs import opening
from s3ft.types import UserError

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.yaml"
SMALL = ["limit=24", "evaluate.rows=16", "evaluate.limit=6", "train.epochs=2", "train.batch_size=8", "seeds=[0]"]
SMALL += ["sampling.max_tokens=48"]


def start(folder, *arguments):
    """The command in a session of its own, so that it can be killed with all its processes."""
    command = [sys.executable, "-m", "s3ft", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def s3ft(folder, *arguments):
    process = start(folder, *arguments)
    output, _ = process.communicate()
    return process.returncode, output


def content(run):
    """Everything that a run's result consists of, times apart."""
    files = [*run.glob("records/*.jsonl"), *run.glob("train/*"), *run.glob("evals/*.samples.jsonl")]
    files += run.glob("adapters/*/*/adapter_model.safetensors")
    report = json.loads((run / "report.json").read_text())
    for part in (report["base"], *report["recipes"].values()):
        del part["seconds"]
    return report, {str(f.relative_to(run)): f.read_bytes() for f in sorted(files)}


def assert_same(run, other):
    (ours, our_files), (theirs, their_files) = content(run), content(other)
    assert our_files.keys() == their_files.keys()
    assert [name for name in our_files if our_files[name] != their_files[name]] == []
    assert ours == theirs


def state(run, *parts):
    """Content and time of every file of a run that a stage finished; of some folders, if they are named. Cards apart:
    they speak of the whole run, and are written again as it grows."""
    roots = [run / part for part in parts or ("data", "records", "train", "sweep", "adapters", "evals")]
    files = [p for root in roots for p in root.rglob("*") if p.is_file() and p.name != "README.md"]
    return {str(p.relative_to(run)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run of two recipes."""
    folder = tmp_path_factory.mktemp("done")
    code, output = s3ft(folder, "run", QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={folder}/cache")
    assert code == 0, output
    return folder, output


@pytest.fixture
def copy(done, tmp_path):
    """A copy of the finished run, and the arguments it was made with."""
    folder, _ = done
    run = tmp_path / "runs" / "quickstart"
    shutil.copytree(folder / "runs" / "quickstart", run)
    return run, [QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={folder}/cache"]


def test_a_run_leaves_the_files_of_the_contract(done):
    folder, output = done
    run = folder / "runs" / "quickstart"
    for name in (
        "config.yaml",
        "versions.json",
        "log.txt",
        "report.json",
        "report.md",
        "evals/base.json",
        "data/train.jsonl",
    ):
        assert (run / name).is_file(), name
    for recipe in ("sft", "s3ft"):
        assert (run / "adapters" / recipe / "seed-0" / "adapter_model.safetensors").is_file()
        assert len((run / "records" / f"{recipe}.jsonl").read_text().splitlines()) == 24
        rows = [json.loads(line) for line in (run / "train" / f"{recipe}.jsonl").read_text().splitlines()]
        assert all(row["completion"][0]["role"] == "assistant" and row["source"] for row in rows)
    report = json.loads((run / "report.json").read_text())
    s3ft = report["recipes"]["s3ft"]
    assert {"mean", "low", "high", "per_seed"} <= s3ft["target"].keys()
    assert {"mean", "low", "high"} <= s3ft["mean_drop"].keys()
    assert sum(s3ft["composition"].values()) == pytest.approx(1)
    assert s3ft["generated_tokens"] > 0
    assert {"build", "train", "evaluate"} == s3ft["seconds"].keys()
    assert s3ft["drift"]["task"]["kl"]["mean"] > report["base"]["drift"]["task"]["kl"]["mean"] < 1e-5
    assert report["base"]["drift"]["general"]["items"] > 90
    assert sum(s3ft["outcomes"].values()) == pytest.approx(1)
    assert report["strata"]["target"]
    assert report["recipes"]["sft"]["composition"]["gold"] == 1
    assert report["recipes"]["sft"]["nll_per_token"]["gold"] > s3ft["nll_per_token"]["self"]
    assert "runs/quickstart/report.md" in output
    assert all(f"{stage}: stage {n} of 4" in output for n, stage in enumerate(("build", "train", "evaluate"), 1))
    assert "judge: math, the default of the task" in output
    assert "missing or damaged" not in output
    assert "data: 24 train, 300 validation, 600 test" in output
    for foreign in ("it/s", "requests:", "fatal:", "Warning", "steps"):
        assert foreign not in output


def test_a_second_run_makes_nothing_again_and_says_what_it_reused(copy):
    run, arguments = copy
    before = state(run)
    code, output = s3ft(run.parents[1], "run", *arguments)
    assert code == 0, output
    assert state(run) == before
    for line in (
        "build: reused the records of sft, s3ft",
        "runs/quickstart: was finished; all records, adapters and measurements were reused",
    ):
        assert line in output
    # Each of the processes side by side names its own.
    trained = ", ".join(re.findall(r"train: reused (.*)", output))
    assert sorted(re.findall(r"\w+ seed \d", trained)) == ["s3ft seed 0", "sft seed 0"]
    measured = ", ".join(re.findall(r"evaluate: reused (.*)", output)).split(", ")
    assert sorted(arm.strip() for arm in measured) == ["base", "s3ft-seed-0", "sft-seed-0"]
    for made in ("build s3ft", "train s3ft", "evaluate base"):
        assert made not in output


# Growth


def evals(run, arm):
    """Samples of an arm by set and id."""
    lines = (run / "evals" / f"{arm}.samples.jsonl").read_text().splitlines()
    return {(s["set"], s["id"]): s for s in map(json.loads, lines)}


def test_a_finished_run_grows_in_place(copy, tmp_path):
    run, arguments = copy
    before, config_before = state(run), (run / "config.yaml").read_text()
    more = [*arguments, "seeds=[0,1]", "recipes=[sft,s3ft,{mine: [paraphrase]}]", "evaluate.scales=[0.5]"]
    more += ["train.learning_rate.mine=8e-3"]
    code, output = s3ft(tmp_path, "run", *more)
    assert code == 0, output
    after = state(run)
    assert {path: after[path] for path in before} == before
    assert (run / "config.yaml").read_text() != config_before
    for recipe, seed in (("mine", 0), ("mine", 1), ("sft", 1), ("s3ft", 1)):
        assert re.search(rf"train {recipe} seed {seed}, rate .*: loss", output)
        assert f"evaluate {recipe}-seed-{seed}: " in output
        assert (run / "evals" / f"{recipe}-seed-{seed}-scale-0.5.json").is_file()
    for finished in ("build sft", "build s3ft", "train s3ft seed 0", "evaluate base:", "evaluate s3ft-seed-0:"):
        assert finished not in output
    report = json.loads((run / "report.json").read_text())
    assert list(report["recipes"]) == ["sft", "s3ft", "mine"]
    assert [len(r["target"]["per_seed"]) for r in report["recipes"].values()] == [2, 2, 2]
    assert [p["scale"] for p in report["recipes"]["s3ft"]["scales"]] == [0.5, 1.0]

    # A repeat with less asked for shows less and removes nothing.
    grown = state(run)
    code, output = s3ft(tmp_path, "report", *arguments)
    assert code == 0, output
    assert list(json.loads((run / "report.json").read_text())["recipes"]) == ["sft", "s3ft"]
    assert state(run) == grown


def test_a_run_that_grew_is_as_if_all_had_been_asked_for_at_once(done, tmp_path):
    """Recipes, benchmarks and test rows; of what is measured, only the items that are new."""
    folder, _ = done
    arguments = [QUICKSTART, *SMALL, f"cache={folder}/cache"]
    less = ["recipes=[sft]", "evaluate.rows=12", "evaluate.benchmarks=[lab_reading,lab_facts]"]
    code, output = s3ft(tmp_path, "run", *arguments, *less)
    assert code == 0, output
    run = tmp_path / "runs" / "quickstart"
    made, measured = state(run, "data", "records", "train", "adapters"), evals(run, "sft-seed-0")
    assert Counter(name for name, _ in measured) == {"target": 12, "lab_reading": 6, "lab_facts": 6}
    code, output = s3ft(tmp_path, "run", *arguments, "recipes=[sft,s3ft]")
    assert code == 0, output
    assert "build: reused the records of sft" in output
    assert {path: state(run)[path] for path in made} == made
    after = evals(run, "sft-seed-0")
    assert {key: after[key] for key in measured} == measured
    assert Counter(name for name, _ in after.keys() - measured.keys()) == {"target": 4, "lab_misconceptions": 6}
    assert_same(run, folder / "runs" / "quickstart")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["sampling.max_tokens=64"], "sampling.max_tokens was 48, is 64"),
        (["train.epochs=5"], "train.epochs was 2.0, is 5.0"),
        (["train.learning_rate.sft=1e-3"], "train.learning_rate.sft was 0.008, is 0.001"),
        (["limit=30"], "limit was 24, is 30"),
        (["rejected_gold=drop"], "rejected_gold was 'keep', is 'drop'"),
        (["judge=exact"], "judge was None, is 'exact'"),
        (["chat.date=2020-02-29"], "chat.date was "),
        (["backend.dtype=bfloat16"], "backend.dtype was 'auto', is 'bfloat16'"),
        (["train.learning_rate={sft: 0.008, s3ft: 0.004}"], "train.learning_rate.s3ft was 0.008, is 0.004"),
        (["sweep={lora_rank: [4]}"], "sweep was None, is "),
        (["train.lora_rank=4", "train.lora_alpha=8"], "train.lora_alpha was 16, is 8; train.lora_rank was 8, is 4"),
    ],
)
def test_what_would_make_finished_parts_wrong_is_refused_with_the_fields(copy, monkeypatch, change, says):
    run, arguments = copy
    monkeypatch.chdir(run.parents[1])
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    asked = config.load(QUICKSTART, tuple(arguments[1:]) + tuple(change))
    with pytest.raises(UserError, match="begun with another config") as refused, opening.opened(asked, "quickstart"):
        pytest.fail("opened")
    assert says in str(refused.value)
    assert "choose another name with --name" in str(refused.value)
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "change",
    [
        "seeds=[1]",
        "recipes=[ssr]",
        "evaluate.rows=4",
        "evaluate.split=validation",
        "evaluate.benchmarks=[]",
        "evaluate.scales=[0.25]",
        "backend.batch_tokens=2000",
        "cache=other",
        "train.report_to=tensorboard",
        "train.save_seconds=1",
        "train.learning_rate.ssr=1e-3",
    ],
)
def test_what_leaves_finished_parts_right_may_be_changed(copy, monkeypatch, change):
    run, arguments = copy
    monkeypatch.chdir(run.parents[1])
    before = state(run)
    asked = config.load(QUICKSTART, (*arguments[1:], change))
    with opening.opened(asked, "quickstart") as (opened, _):
        assert opened.config == asked.model_copy(update={"chat": opened.config.chat})
    assert state(run) == before
    assert yaml.safe_load((run / "config.yaml").read_text()) == opened.config.model_dump(mode="json")


def test_the_same_name_with_another_config_is_refused_in_one_line(done):
    folder, _ = done
    code, output = s3ft(folder, "run", QUICKSTART, *SMALL, "recipes=[sft]", "train.epochs=1", f"cache={folder}/cache")
    assert code == 2
    assert "begun with another config: train.epochs was 2.0, is 1.0" in output
    assert "--name" in output
    assert len(output.strip().splitlines()) == 1


def test_a_benchmark_that_does_not_exist_is_named_before_any_work(done):
    folder, _ = done
    arguments = [*SMALL, "recipes=[s3ft]", f"cache={folder}/cache", "evaluate.benchmarks=[lab_fatcs]", "--name", "typo"]
    code, output = s3ft(folder, "run", QUICKSTART, *arguments)
    assert code == 2
    assert "no task 'lab_fatcs'" in output
    assert len([line for line in output.strip().splitlines() if not line.endswith("so far")]) == 1
    assert not (folder / "runs" / "typo").exists()


def test_another_name_regenerates_nothing(done):
    folder, _ = done
    code, output = s3ft(
        folder, "build", QUICKSTART, *SMALL, "recipes=[s3ft,ssr]", f"cache={folder}/cache", "--name", "other"
    )
    assert code == 0, output
    ours, theirs = (folder / "runs" / name / "records" / "s3ft.jsonl" for name in ("other", "quickstart"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_explain_shows_history_and_tokens(done):
    folder, _ = done
    run = folder / "runs" / "quickstart"
    name = json.loads((run / "records" / "s3ft.jsonl").open().readline())["id"]
    code, output = s3ft(folder, "explain", run, name)
    assert code == 0, output
    assert "gold" in output
    assert "tokens trained on" in output
    assert "NLL/token" in output


# The run directory is all that a stage gets


def tiny_run(folder, **fields):
    """A config over a tiny random model whose template prints today's date, and rows in files of its own."""
    tiny.model_folder(folder / "model", tiny.tokenizer(tiny.DATED))
    for split, number in (("train", 8), ("validation", 2), ("test", 4)):
        rows = [{"prompt": f"{split}: what is {n} + 2?", "gold": f"The answer is {n + 2}."} for n in range(number)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = {
        "model": "model",
        "task": {"name": "rows", "path": {split: f"{split}.jsonl" for split in ("train", "validation", "test")}},
        "recipes": ["sft"],
        "sampling": {"max_tokens": 8},
        "train": {"epochs": 1, "learning_rate": 1e-2},
        "cache": "cache",
        **fields,
    }
    (folder / "own.yaml").write_text(yaml.safe_dump(asked))
    return folder / "own.yaml"


def test_neither_the_config_nor_the_rows_are_read_again_between_stages(tmp_path):
    asked = tiny_run(tmp_path)
    process = start(tmp_path, "run", asked)
    run = tmp_path / "runs" / "own"
    wait_for(process, lambda: is_at_work(process, "build"))
    asked.unlink()
    (tmp_path / "train.jsonl").unlink()
    (tmp_path / "test.jsonl").write_text('{"prompt": "another?", "gold": "row"}\n')
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert len((run / "records" / "sft.jsonl").read_text().splitlines()) == 8
    assert len(evals(run, "base")) == len(evals(run, "sft-seed-0")) == 4
    assert (run / "report.md").is_file()


def test_a_config_that_was_edited_between_stages_is_refused_or_taken_as_growth(tmp_path):
    asked = tiny_run(tmp_path)
    code, output = s3ft(tmp_path, "build", asked)
    assert code == 0, output
    before = state(tmp_path / "runs" / "own")
    asked.write_text(asked.read_text().replace("learning_rate: 0.01", "learning_rate: 0.5"))
    code, output = s3ft(tmp_path, "train", asked)
    assert (code, len(output.splitlines())) == (2, 1), output
    assert "train.learning_rate.sft was 0.01, is 0.5" in output
    asked.write_text(asked.read_text().replace("learning_rate: 0.5", "learning_rate: 0.01"))
    rows = (tmp_path / "train.jsonl").read_text()
    (tmp_path / "train.jsonl").write_text(rows.replace("The answer is 3.", "Three."))
    code, output = s3ft(tmp_path, "train", asked)
    assert code == 2, output
    assert "runs/own was begun with other rows: train has 8 rows, some of them changed. Go back to those rows" in output
    assert state(tmp_path / "runs" / "own") == before
    # The same rows in a file of another time are the same rows.
    (tmp_path / "train.jsonl").write_text(rows)
    code, output = s3ft(tmp_path, "build", asked)
    assert code == 0, output
    assert "build: reused the records of sft" in output


CLOCKS = ("s3ft.", "transformers.utils.chat_template_utils")
"""Whose clock is set."""


def set_clock(patch, days):
    """Sets the clock of all modules that tell the day some days ahead."""

    class Date(datetime.date):
        @classmethod
        def today(cls):
            return datetime.date.today() + datetime.timedelta(days)

    class Moment(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) + datetime.timedelta(days)

    whole = types.ModuleType("datetime")
    vars(whole).update({**vars(datetime), "date": Date, "datetime": Moment})
    fakes = {id(datetime): whole, id(datetime.date): Date, id(datetime.datetime): Moment}
    set_in = set()
    for module in [m for name, m in sys.modules.items() if name.startswith(CLOCKS)]:
        for name, value in list(vars(module).items()):
            if id(value) in fakes:
                patch.setattr(module, name, fakes[id(value)])
                set_in.add(module.__name__)
    assert {"s3ft.runs.opening", "s3ft.runs.directory", "s3ft.chat.policy"} <= set_in


def test_a_run_is_continued_on_another_day(tmp_path, monkeypatch, capsys):
    """The template prints today's date, and one optimizer step trains all rows."""
    asked, run = tiny_run(tmp_path), tmp_path / "runs" / "own"
    monkeypatch.chdir(tmp_path)

    def on(days, command):
        with monkeypatch.context() as patch:
            set_clock(patch, days)
            patch.setattr(sys, "argv", ["s3ft", command, str(asked)])
            with pytest.raises(SystemExit) as ended:
                main.main()
        shown = capsys.readouterr()
        assert ended.value.code == 0, shown.err
        return shown.out + shown.err

    on(0, "build")
    begun = yaml.safe_load((run / "config.yaml").read_text())["chat"]["date"]
    built = state(run)
    assert "reused the records of sft" in on(1, "build")
    assert state(run) == built
    on(1, "train")
    trained = state(run)
    assert json.loads((run / "adapters" / "sft" / "seed-0" / "s3ft.json").read_text())["steps"] == 1
    assert "reused sft seed 0" in on(2, "train")
    assert state(run) == trained
    on(3, "evaluate")
    assert (run / "evals" / "sft-seed-0.json").is_file()
    assert yaml.safe_load((run / "config.yaml").read_text())["chat"]["date"] == begun
    assert len({line[:10] for line in (run / "log.txt").read_text().splitlines()}) == 4


# Sweeps, all weights, several processes


def test_a_sweep_chooses_for_every_recipe(done):
    folder, _ = done
    sweep = "sweep={learning_rate: [1e-9, 8e-3], lora_rank: [4], rows: 12, seeds: [7, 8]}"
    arguments = [QUICKSTART, *SMALL, "recipes=[s3ft]", f"cache={folder}/cache", sweep, "--name", "swept"]
    for stage in ("build", "sweep", "train"):
        code, output = s3ft(folder, stage, *arguments)
        assert code == 0, output
    run = folder / "runs" / "swept"
    found = json.loads((run / "sweep" / "s3ft.json").read_text())
    assert [(p["learning_rate"], p["lora_rank"]) for p in found["tried"]] == [(1e-9, 4), (8e-3, 4)]
    best = max(found["tried"], key=lambda p: p["score"])
    near = [p for p in found["tried"] if p["score"] >= best["score"] - best["standard_error"]]
    taken = min(near, key=lambda p: p["kl"])
    assert found["chosen"] == {k: taken[k] for k in ("learning_rate", "lora_rank")}
    assert found["tried"][0]["kl"] < 1e-6 < found["tried"][1]["kl"]
    rows = [json.loads(line) for line in (run / "sweep" / "s3ft.samples.jsonl").read_text().splitlines()]
    assert Counter(row["learning_rate"] for row in rows) == {None: 12, 1e-9: 12, 8e-3: 12}
    assert {row["score"] for row in rows} <= {0.0, 0.5, 1.0}, "two seeds, each right or wrong"
    facts = [run / "sweep" / "s3ft" / "0.008-r4" / f"seed-{seed}" / "s3ft.json" for seed in (7, 8)]
    assert len({json.loads(path.read_text())["key"] for path in facts}) == 2
    adapter = json.loads((run / "adapters" / "s3ft" / "seed-0" / "adapter_config.json").read_text())
    assert adapter["r"] == 4


def test_all_weights_are_trained_and_measured(done):
    folder, _ = done
    arguments = [QUICKSTART, *SMALL, "recipes=[s3ft]", f"cache={folder}/cache", "train.method=full", "--name", "full"]
    code, output = s3ft(folder, "run", *arguments, "train.learning_rate=1e-4", "evaluate.benchmarks=[]")
    assert code == 0, output
    assert (folder / "runs" / "full" / "adapters" / "s3ft" / "seed-0" / "model.safetensors").is_file()


def test_accelerate_launch_trains_with_two_processes(done):
    folder, _ = done
    shared = [
        QUICKSTART,
        *SMALL,
        "recipes=[s3ft]",
        f"cache={folder}/cache",
        "train.lora_dropout=0.0",
        "train.device=cpu",
    ]
    code, output = s3ft(folder, "build", *shared, "--name", "one")
    assert code == 0, output
    shutil.copytree(folder / "runs" / "one", folder / "runs" / "two")
    code, output = s3ft(folder, "train", *shared, "--name", "one")
    assert code == 0, output
    # Without MPI, accelerate starts several processes only where it is told of GPUs; training is told of the CPU.
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    ports = ["--main_process_port", "0", "--mixed_precision", "no", "--dynamo_backend", "no"]
    command = [sys.executable, *launch, *ports, "-m", "s3ft", "train", *map(str, shared), "--name", "two"]
    two = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert two.returncode == 0, two.stderr
    logs = [folder / "runs" / n / "adapters" / "s3ft" / "seed-0" / "log.jsonl" for n in ("one", "two")]
    one, two_losses = ([json.loads(line)["loss"] for line in log.read_text().splitlines()] for log in logs)
    assert two_losses == pytest.approx(one, rel=1e-4)


# kill -9


def workers(process):
    """(process, stage) of the workers of a command."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            line = child.cmdline()
        except psutil.Error:
            continue
        if "worker" in line:
            found.append((child, line[-1]))
    return found


def is_at_work(process, stage):
    return stage in [name for _, name in workers(process)]


def wait_for(process, condition):
    """Waits while the command works. Fails if it ends before."""
    until = time.monotonic() + 900
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.02)


def kept(cache):
    """How many answers the cache holds."""
    path = cache / "generations.sqlite"
    if not path.is_file():
        return 0
    with closing(sqlite3.connect(path, timeout=60)) as store:
        try:
            return store.execute("SELECT count(*) FROM kept").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def test_killed_in_every_stage_and_repeated_is_as_if_nothing_had_happened(done, tmp_path):
    folder, _ = done
    run, cache = tmp_path / "runs" / "quickstart", tmp_path / "cache"
    command = ["run", QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={cache}"]

    def finished(pattern):
        return len(list(run.glob(pattern)))

    def log_has_begun():
        return any(path.read_text() for path in run.glob("adapters/*/seed-0.partial/log.jsonl"))

    # (stage, what must have begun, files of the stage that must not be there yet all)
    moments = [
        ("build", lambda: finished("records/*.jsonl.partial"), "records/*.json", 2),
        ("build", lambda: kept(cache) > 20, "records/*.json", 2),
        ("train", log_has_begun, "adapters/*/seed-0/s3ft.json", 2),
        ("evaluate", lambda: finished("evals/*-seed-0.json") + finished("evals/base.json"), "evals/*.json", 3),
        ("report", lambda: True, "report.md", 1),
    ]
    for stage, has_begun, files, number in moments:
        process = start(tmp_path, *command)
        wait_for(process, lambda: is_at_work(process, stage) and has_begun())  # noqa: B023
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert finished(files) < number, f"{stage} was over before the kill"
    code, output = s3ft(tmp_path, *command)
    assert code == 0, output
    assert_same(run, folder / "runs" / "quickstart")


def test_a_worker_that_outlives_its_command_keeps_the_run(tmp_path):
    asked = tiny_run(tmp_path)
    process = start(tmp_path, "run", asked)
    wait_for(process, lambda: is_at_work(process, "build"))
    [(worker, _)] = workers(process)
    worker.suspend()
    process.kill()
    code, output = s3ft(tmp_path, "run", asked)
    assert code == 2
    assert "runs/own: another s3ft is at work here" in output
    worker.kill()
    process.communicate()
    code, output = s3ft(tmp_path, "build", asked)
    assert code == 0, output
