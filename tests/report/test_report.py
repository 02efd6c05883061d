"""The report reads files only, so a run directory written by hand has every number known in advance."""

import json

import pytest
import yaml

from s3ft import report
from s3ft.data import atomic, made
from s3ft.report import collect
from s3ft.types import UserError

SUMMARY = {
    "key": "k",
    "seconds": 2.0,
    "data": {
        "rows": 4,
        "duplicates": 1,
        "in_evaluation_split": 0,
        "gold": {"rejected": 1, "undecided": 0, "rejected_ids": ["a"]},
    },
    "rows": 4,
    "targets": 4,
    "composition": {"self": 0.5, "paraphrase": 0.25, "gold": 0.25, "dropped": 0.0},
    "filtered": {"paraphrase: copies the gold": 1},
    "rejected": {"self": 2},
    "undecided": {},
    "generated_tokens": 100,
    "nll_per_token": {"self": 0.1, "gold": 0.9},
    "nll_per_token_all": 0.3,
}


def samples(path, **sets):
    with atomic.whole(path) as file:
        for name, scores in sets.items():
            # Written backwards: arms must be paired by id, never by position.
            for number, score in reversed(list(enumerate(scores))):
                atomic.write_line(file, {"set": name, "id": f"{number:02d}", "score": score})
    made.write(path.with_name(path.name.replace(".samples.jsonl", ".json")), {"seconds": 1.0}, [path])


@pytest.fixture
def run(tmp_path):
    config = {"model": "lab", "task": {"name": "lab"}, "seeds": [0, 1], "evaluate": {"extra_benchmarks": ["own"]}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    atomic.write_json(tmp_path / "versions.json", {"python": "3.11"})
    evals = tmp_path / "evals"
    samples(evals / "base.samples.jsonl", target=[1, 0, 0, 0], facts=[1, 1, 1, 0], own=[0, 0])
    arms = {"sft": ([1, 1, 0, 0], [1, 0, 0, 0]), "s3ft": ([1, 1, 1, 0], [1, 1, 0, 0])}
    for recipe, (target, facts) in arms.items():
        made.write(tmp_path / "records" / f"{recipe}.json", SUMMARY, [])
        for seed in (0, 1):
            made.write(tmp_path / "adapters" / recipe / f"seed-{seed}" / "s3ft.json", {"seconds": 3.0}, [])
            samples(evals / f"{recipe}-seed-{seed}.samples.jsonl", target=target, facts=facts, own=[1, 1])
    return tmp_path


def test_numbers_are_those_of_the_files(run):
    found = collect.report(run)
    assert found["base"]["target"]["mean"] == 0.25
    assert found["base"]["benchmarks"]["facts"]["mean"] == 0.75
    s3ft = found["recipes"]["s3ft"]
    assert s3ft["target"]["per_seed"] == [0.75, 0.75]
    assert s3ft["gain"]["mean"] == 0.5
    assert s3ft["mean_drop"]["mean"] == 0.25  # own is an extra benchmark and no loss
    assert found["recipes"]["sft"]["mean_drop"]["mean"] == 0.5
    assert s3ft["seconds"] == {"build": 2.0, "train": 6.0, "evaluate": 2.0}
    assert found["s3ft_over_sft"]["target"]["mean"] == 0.25
    assert found["s3ft_over_sft"]["retention_ratio"]["mean"] == pytest.approx(0.5)


def test_intervals_hold_the_mean(run):
    found = collect.report(run)
    for result in found["recipes"].values():
        for estimate in (result["target"], result["gain"], result["mean_drop"], *result["benchmarks"].values()):
            assert estimate["low"] <= estimate["mean"] <= estimate["high"]


def test_written_files(run, capsys):
    report.write(run)
    found = json.loads((run / "report.json").read_text())
    assert {"model", "task", "base", "recipes"} <= found.keys()
    text = (run / "report.md").read_text()
    assert "| s3ft | 75.0 +-0.0 |" in text
    assert "paraphrase: copies the gold 1" in text
    assert (run / "report.svg").read_text().lstrip().startswith("<?xml")
    assert str(run / "report.md") in capsys.readouterr().out.replace("\n", "")


def test_the_share_of_undecided_verdicts_is_shown(run, capsys):
    report.write(run)
    assert "undecided, which" not in capsys.readouterr().out
    assert "| 0.0 % of test items |" in (run / "report.md").read_text()
    made.write(run / "records" / "s3ft.json", {**SUMMARY, "undecided": {"self": 3}, "judged": 12}, [])
    path = run / "evals" / "s3ft-seed-1.json"
    made.write(path, {"seconds": 1.0, "undecided": 1}, [path.with_suffix(".samples.jsonl")])
    report.write(run)
    shares = json.loads((run / "report.json").read_text())["recipes"]["s3ft"]["undecided_share"]
    assert shares == {"target": 1 / 8, "build": 3 / 12}
    assert "s3ft 25.0 % of targets, 12.5 % of test items" in " ".join(capsys.readouterr().out.split())
    assert "| 25.0 % of targets, 12.5 % of test items |" in (run / "report.md").read_text()


def test_a_source_of_one_s_own_is_in_the_table_and_in_the_report(run):
    own = {**SUMMARY, "composition": {"mine": 0.75, "gold": 0.25, "dropped": 0.0}, "nll_per_token": {"mine": 0.2}}
    made.write(run / "records" / "sft.json", own, [])
    report.write(run)
    text = (run / "report.md").read_text()
    assert json.loads((run / "report.json").read_text())["recipes"]["sft"]["composition"]["mine"] == 0.75
    assert "percent of rows from self/paraphrase/gold/mine/dropped" in text
    assert "| 0/0/25/75/0 |" in text
    assert "| 50/25/25/0/0 |" in text
    assert "| recipe | gold | mine | self |" in text


def test_an_arm_that_was_not_measured_is_named(run):
    (run / "evals" / "s3ft-seed-1.samples.jsonl").unlink()
    with pytest.raises(UserError, match="s3ft-seed-1 has not been measured"):
        collect.report(run)


def test_samples_that_were_changed_since_are_named_and_make_no_report(run, capsys):
    path = run / "evals" / "sft-seed-0.samples.jsonl"
    path.write_text(path.read_text().replace('"score": 0', '"score": 1'))
    with pytest.raises(UserError, match="sft-seed-0 has not been measured, or its files are damaged"):
        report.write(run)
    assert not (run / "report.json").exists()
    said = capsys.readouterr()
    assert "sft-seed-0.samples.jsonl: damaged or changed" in (said.out + said.err).replace("\n", "")


def test_different_items_are_named(run):
    samples(run / "evals" / "sft-seed-0.samples.jsonl", target=[1], facts=[1, 0, 0, 0], own=[1, 1])
    with pytest.raises(UserError, match="other items"):
        collect.report(run)


def test_the_adapter_scale_sweep_is_a_curve_of_every_measured_scale(run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["evaluate"]["scales"] = [0.5]
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    for recipe in ("sft", "s3ft"):
        for seed in (0, 1):
            path = run / "evals" / f"{recipe}-seed-{seed}-scale-0.5.samples.jsonl"
            samples(path, target=[1, 1, 0, 0], facts=[1, 1, 1, 0], own=[1, 1])
    report.write(run)
    points = json.loads((run / "report.json").read_text())["recipes"]["s3ft"]["scales"]
    assert [(p["scale"], p["gain"]["mean"], p["mean_drop"]["mean"]) for p in points] == [
        (0.5, 0.25, 0.0),
        (1.0, 0.5, 0.25),
    ]
    assert "| s3ft | 0.5 | +25.0" in (run / "report.md").read_text()
