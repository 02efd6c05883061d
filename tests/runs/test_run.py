"""A whole run on the miniature, small: its files, its repetition, and a kill at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.yaml"
SMALL = ["limit=24", "evaluate.rows=16", "evaluate.limit=6", "train.epochs=1", "seeds=[0]", "sampling.max_tokens=48"]


def start(folder, *arguments):
    """The command in a session of its own, so that it can be killed with all its processes."""
    command = [sys.executable, "-m", "s3ft", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def s3ft(folder, *arguments):
    process = start(folder, *arguments)
    output, _ = process.communicate()
    return process.returncode, output


def content(run):
    """Everything that a run's result consists of, times apart."""
    files = sorted([*run.glob("records/*.jsonl"), *run.glob("train/*.jsonl"), *run.glob("evals/*seed-0.samples.jsonl")])
    files += [run / "evals" / "base.samples.jsonl"]
    files += sorted(run.glob("adapters/*/*/adapter_model.safetensors"))
    report = json.loads((run / "report.json").read_text())
    for part in (report["base"], *report["recipes"].values()):
        del part["seconds"]
    return report, {str(f.relative_to(run)): f.read_bytes() for f in files}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run of two recipes."""
    folder = tmp_path_factory.mktemp("done")
    code, output = s3ft(folder, "run", QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={folder}/cache")
    assert code == 0, output
    return folder, output


def test_a_run_leaves_the_files_of_the_contract(done):
    folder, output = done
    run = folder / "runs" / "quickstart"
    for name in ("config.yaml", "versions.json", "log.txt", "report.json", "report.md", "evals/base.json"):
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
    assert report["recipes"]["sft"]["composition"]["gold"] == 1
    assert report["recipes"]["sft"]["nll_per_token"]["gold"] > s3ft["nll_per_token"]["self"]
    assert "runs/quickstart/report.md" in output


def test_a_second_run_makes_nothing_again(done):
    folder, _ = done
    run = folder / "runs" / "quickstart"
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file() and p.suffix in (".jsonl", ".safetensors")}
    code, output = s3ft(folder, "run", QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={folder}/cache")
    assert code == 0, output
    assert before == {p: p.stat().st_mtime_ns for p in before}
    assert "build s3ft" not in output
    assert "train s3ft" not in output
    assert "evaluate base" not in output


def test_a_benchmark_that_does_not_exist_is_named_before_any_work(done):
    folder, _ = done
    arguments = [*SMALL, "recipes=[s3ft]", f"cache={folder}/cache", "evaluate.benchmarks=[lab_fatcs]", "--name", "typo"]
    code, output = s3ft(folder, "run", QUICKSTART, *arguments)
    assert code == 2
    assert "no task 'lab_fatcs'" in output
    assert len(output.strip().splitlines()) == 1
    assert not (folder / "runs" / "typo").exists()


def test_the_same_name_with_another_config_is_refused(done):
    folder, _ = done
    code, output = s3ft(folder, "run", QUICKSTART, *SMALL, "recipes=[sft]", f"cache={folder}/cache")
    assert code == 2
    assert "begun with another config" in output
    assert "recipes" in output
    assert "--name" in output
    assert len(output.strip().splitlines()) == 1


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
    assert "nats/token" in output


def test_the_dial_is_turned_after_the_fact(done):
    folder, _ = done
    arguments = [QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={folder}/cache", "evaluate.scales=[0.5]"]
    for stage in ("evaluate", "report"):
        code, output = s3ft(folder, stage, *arguments)
        assert code == 0, output
    report = json.loads((folder / "runs" / "quickstart" / "report.json").read_text())
    assert [p["scale"] for p in report["recipes"]["s3ft"]["scales"]] == [0.5, 1.0]
    code, output = s3ft(folder, "report", *arguments[:-1])
    assert code == 0, output


def test_a_sweep_chooses_for_every_recipe(done):
    folder, _ = done
    sweep = "sweep={learning_rate: [1e-9, 8e-3], lora_rank: [4], rows: 12}"
    arguments = [QUICKSTART, *SMALL, "recipes=[s3ft]", f"cache={folder}/cache", sweep, "--name", "swept"]
    for stage in ("build", "sweep", "train"):
        code, output = s3ft(folder, stage, *arguments)
        assert code == 0, output
    run = folder / "runs" / "swept"
    found = json.loads((run / "sweep" / "s3ft.json").read_text())
    assert [(p["learning_rate"], p["lora_rank"]) for p in found["tried"]] == [(1e-9, 4), (8e-3, 4)]
    best = max(found["tried"], key=lambda p: p["score"])
    assert found["chosen"] == {k: best[k] for k in ("learning_rate", "lora_rank")}
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
        "backend.device=cpu",
    ]
    for name in ("one", "two"):
        code, output = s3ft(folder, "build", *shared, "--name", name)
        assert code == 0, output
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


@pytest.mark.parametrize("moments", [(3, 6, 12), (5, 9, 15), (8, 14, 18)])
def test_killed_and_repeated_is_as_if_nothing_had_happened(done, tmp_path, moments):
    folder, _ = done
    command = ["run", QUICKSTART, *SMALL, "recipes=[sft,s3ft]", f"cache={tmp_path}/cache"]
    for seconds in moments:
        process = start(tmp_path, *command)
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    code, output = s3ft(tmp_path, *command)
    assert code == 0, output
    assert content(tmp_path / "runs" / "quickstart") == content(folder / "runs" / "quickstart")
