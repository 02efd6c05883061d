"""The report reads files only, so a run directory written by hand has every number known in advance."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from s3ft import report
from s3ft.cli import reporting
from s3ft.data import atomic, made, splits
from s3ft.report import browser, collect, gate
from s3ft.runs import directory, train
from s3ft.types import UserError
from written_run import HOSTILE, SUMMARY, samples

DOCS = Path(__file__).parents[2] / "docs"


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
    ratio = found["s3ft_over_sft"]["retention_ratio"]
    assert ratio["mean"] is None  # four items show no loss
    assert ratio["undefined_because"]


def test_intervals_hold_the_mean(run):
    found = collect.report(run)
    for result in found["recipes"].values():
        for estimate in (result["target"], result["gain"], result["mean_drop"], *result["benchmarks"].values()):
            assert estimate["low"] <= estimate["mean"] <= estimate["high"]


def test_written_files(run, capsys):
    report.show(report.write(run), run)
    found = json.loads((run / "report.json").read_text())
    assert {"model", "task", "base", "recipes"} <= found.keys()
    text = (run / "report.md").read_text()
    assert "| s3ft | 75.0 +-0.0 |" in text
    assert "paraphrase: copies the gold 1" in text
    assert (run / "report.svg").read_text().lstrip().startswith("<?xml")
    assert str(run / "report.md") in capsys.readouterr().out.replace("\n", "")


def test_the_share_of_undecided_verdicts_is_shown(run, capsys):
    report.show(report.write(run), run)
    assert "undecided, which" not in capsys.readouterr().out
    assert "| 0.0 % of test items |" in (run / "report.md").read_text()
    made.write(run / "records" / "s3ft.json", {**SUMMARY, "undecided": {"self": 3}, "judged": 12}, [])
    path = run / "evals" / "s3ft-seed-1.json"
    made.write(path, {"seconds": 1.0, "undecided": 1}, [path.with_suffix(".samples.jsonl")])
    report.show(report.write(run), run)
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


@pytest.mark.parametrize(
    ("gain", "drop", "word"),
    [
        ((1, 5), (-1, 1.5), "KEEP"),
        ((1, 5), (-1, 2.5), "UNDECIDED"),
        ((1, 5), (2.5, 4), "DON'T"),
        ((-1, 5), (-1, 1.5), "UNDECIDED"),
        ((-5, -1), (-1, 1.5), "DON'T"),
        ((-5, -1), None, "DON'T"),
        ((1, 5), None, "UNDECIDED"),
        ((None, None), (-1, 1.5), "UNDECIDED"),
        ((0, 5), (-1, 1.5), "UNDECIDED"),
    ],
)
def test_the_verdict_follows_from_the_intervals(gain, drop, word):
    def estimate(bounds):
        low, high = (None if b is None else b / 100 for b in bounds)
        return {"mean": 0.02, "low": low, "high": high}

    result = {"gain": estimate(gain), "mean_drop": drop and estimate(drop)}
    found = gate.decide({"recipes": {"mine": result}}, "mine")
    assert found.word == word
    assert found.sentence.startswith("mine is ")


def test_the_gate_is_an_exit_code(run, capsys):
    def gated(recipe):
        return reporting.gated(collect.report(run), run, recipe, 0.02)

    assert gated("s3ft") == 11
    assert gated(None) == 0
    with pytest.raises(UserError, match=r"--gate: found .ssr., expected a recipe of .*: sft, s3ft"):
        gated("ssr")
    assert "UNDECIDED: s3ft is " in " ".join(capsys.readouterr().out.split())


def test_several_runs_stand_beside_each_other(run, capsys):
    found = collect.report(run)
    reporting.beside({Path("first"): found, Path("second"): {**found, "model": "other"}}, 0.02)
    said = capsys.readouterr().out
    assert re.search(r"^second +25\.0", said, re.MULTILINE)
    assert said.count("UNDECIDED") == 4
    assert "differ in model, task or test rows" in said
    with pytest.raises(UserError, match="found 2 runs, expected one"):
        reporting.folders([run, run], "s3ft", 0.02)
    with pytest.raises(UserError, match="expected each folder once"):
        reporting.folders([run, run / "..", run], None, 0.02)


def test_beside_each_other_only_the_table_of_all_is_printed(run, capsys):
    opened = directory.existing(run)
    splits.write(opened.task, opened.data, "k", 4)
    for recipe in opened.recipes:
        for seed in (0, 1):
            facts = opened.adapter(recipe, seed) / "s3ft.json"
            key = train.job(opened, recipe, opened.config.train, seed, run).key
            made.write(facts, {"seconds": 3.0, "key": key}, [])
    shutil.copytree(run, run / "again")
    reporting.folders([run, run / "again"], None, 0.02)
    said = capsys.readouterr().out
    assert said.count("runs beside each other") == 1
    assert "Training rows" not in said
    assert re.search(r"^again +25\.0", said, re.MULTILINE)
    assert (run / "again" / "report.html").is_file()


def test_a_run_that_is_half_done_shows_the_rest(run, capsys):
    for path in (run / "evals").glob("s3ft-seed-1.*"):
        path.unlink()
    report.show(report.write(run), run)
    found = json.loads((run / "report.json").read_text())
    assert list(found["recipes"]) == ["sft"]
    assert found["missing"] == ["s3ft-seed-1"]
    assert "and left out: s3ft-seed-1" in " ".join(capsys.readouterr().out.split())


def test_arms_trained_on_other_targets_are_left_out(run):
    report.write(run, ["s3ft-seed-0"])
    found = json.loads((run / "report.json").read_text())
    assert (list(found["recipes"]), found["missing"]) == (["sft"], ["s3ft-seed-0"])
    with pytest.raises(UserError, match="sft-seed-1 was trained on other targets"):
        report.write(run, ["sft-seed-1", "s3ft-seed-0"])


def test_cards_say_what_was_measured_losses_first_and_once(run):
    cards = {(r, s): run / "adapters" / r / f"seed-{s}" / "README.md" for r in ("sft", "s3ft") for s in (0, 1)}
    for card in cards.values():
        card.write_text("---\nbase_model_relation: adapter\n---\n# A card\n")
    report.write(run)
    text = cards["s3ft", 1].read_text()
    assert text.startswith("---\nbase_model_relation: adapter\n---\n# A card\n")
    assert "**UNDECIDED** s3ft is " in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["facts", "own", "the task"]
    assert lines[2].startswith("| facts | 4 | 75.0 | 50.0 | -25.0 [")
    assert lines[-1].startswith("| the task | 4 | 25.0 | 75.0 | +50.0 [")
    assert "0 turned wrong and 2 right" in text
    before = {card: card.read_text() for card in cards.values()}
    report.write(run)
    assert {card: card.read_text() for card in cards.values()} == before
    checked = cards["sft", 0]
    made.write(checked.parent / "s3ft.json", {"seconds": 3.0}, [checked])
    report.write(run, margin=0.1)
    assert checked.read_text() == before[checked]
    assert cards["s3ft", 0].read_text() != before[cards["s3ft", 0]]


def test_the_forecast_of_a_pilot_stands_beside_what_came(run):
    report.write(run)
    assert "forecast of the pilot" not in (run / "report.html").read_text()
    pilot = {"seconds": {"build": 10.4, "train": None}, "generated_tokens": {"sft": 0.0, "s3ft": 1234.5, "left": 1.0}}
    atomic.write_json(run / "forecast.json", {"pilot": pilot, "took": {"build": 12.0, "train": 7.6}})
    report.write(run)
    text = re.sub("<[^>]*>", " ", (run / "report.html").read_text())
    for cells in ("s3ft: generated tokens 1,234 100", "build, s 10 12", "train, s not known 8"):
        assert cells in " ".join(text.split())
    assert "left: generated" not in text


def page_rows(run):
    text = (run / "report.html").read_text()
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    return text, json.loads(data)


def test_the_page_holds_the_numbers_and_rows_and_no_markup_of_theirs(run):
    report.write(run)
    text, rows = page_rows(run)
    assert "<b>1</b>" not in text
    assert "alert(1)</script>" not in text
    assert not re.search(r"""(src|href)=["']?https?:""", re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))
    assert text.count("<script") == 2
    assert "75.0 +-0.0" in text
    kinds = [(row["kind"], row["recipe"], row["id"]) for row in rows]
    assert {k for k in kinds if k[0] == "won"} == {("won", "s3ft", "01"), ("won", "s3ft", "02"), ("won", "sft", "01")}
    assert {k for k in kinds if k[0] in ("rejected", "sample")} == {
        ("rejected", "s3ft", "01"),
        ("rejected", "s3ft", "03"),
        ("sample", "s3ft", "00"),
        ("sample", "s3ft", "02"),
    }
    (rejected,) = [row for row in rows if row["kind"] == "rejected" and row["id"] == "01"]
    assert [(a["name"], a["verdict"]) for a in rejected["answers"]] == [("self", "wrong"), ("paraphrase", "wrong")]
    assert rejected["gold"] == HOSTILE
    assert rejected["answers"][1]["changes"][:2] == [["+", "so "], ["=", HOSTILE]]


def test_of_many_rows_a_bounded_number_is_shown_always_the_same(run, monkeypatch):
    found = collect.report(run)
    monkeypatch.setattr(browser, "ROWS", 4)
    monkeypatch.setattr(browser, "LONGEST", 10)
    rows = browser.rows(run, found)
    assert len(rows) == 4
    assert rows == browser.rows(run, found)
    assert rows[0]["gold"] == f"{HOSTILE[:10]} ... ({len(HOSTILE) - 10} characters more)"


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


def read_config(run):
    return yaml.safe_load((run / "config.yaml").read_text())


def drifted(run, arm, kl):
    lines = run / "evals" / "drift" / f"{arm}.jsonl"
    rows = [
        {"set": name, "id": f"{name}-{n}", "kl": kl * n, "nll": 1 + kl, "nll_base": 1.0, "same": kl == 0}
        for name in ("task", "general")
        for n in range(4)
    ]
    with atomic.whole(lines) as file:
        for row in rows:
            atomic.write_line(file, row)
    made.write(lines.with_suffix(".json"), {}, [lines])


def test_flips_add_up_to_the_headline_and_lost_answers_say_how(run):
    found = collect.report(run)
    for recipe in ("sft", "s3ft"):
        result = found["recipes"][recipe]
        for name in ("target", "facts", "own"):
            flips = result["flips"][name]
            change = result["target" if name == "target" else "benchmarks"]
            mean = change["mean"] if name == "target" else change[name]["mean"]
            before = found["base"]["target" if name == "target" else "benchmarks"]
            before = before["mean"] if name == "target" else before[name]["mean"]
            assert (flips["wrong_to_right"] - flips["right_to_wrong"]) / flips["items"] == pytest.approx(mean - before)
            assert len(flips["per_seed"]) == 2
    samples(run / "evals" / "sft-seed-0.samples.jsonl", target=[0, 1, 1, 0], facts=[1, 0, 0, 0], own=[1, 1])
    flips = collect.report(run)["recipes"]["sft"]["flips"]["target"]
    assert flips["per_seed"][0] == {"wrong_to_right": 2, "right_to_wrong": 1, "p": 1.0}
    assert (flips["right_to_wrong"], flips["lost_as"]) == (0.5, {"cut": 0.5})
    (pair,) = collect.report(run)["comparisons"]
    assert (pair["ours"], pair["theirs"]) == ("s3ft", "sft")
    assert pair["flips"]["target"]["wrong_to_right"] == 1.0
    assert pair["target"]["mean"] == 0.25


def test_strata_and_what_the_intervals_are_over_are_in_the_report(run):
    found = collect.report(run)
    assert found["strata"] == {"target": {"a": 2, "b": 2}}
    assert found["intervals"]["over"] == ["seeds", "items"]
    (run / "config.yaml").write_text(yaml.safe_dump({**read_config(run), "seeds": [0]}))
    report.write(run)
    assert json.loads((run / "report.json").read_text())["intervals"]["over"] == ["items"]
    assert "one seed, so that nothing is said of other seeds" in (run / "report.md").read_text()


def test_drift_is_a_mean_over_seeds_and_answers_in_nats(run, capsys):
    assert collect.report(run)["recipes"]["sft"]["drift"] is None
    report.show(report.write(run), run)
    assert "not measured" in (run / "report.md").read_text()
    drifted(run, "base", 0.0)
    for seed in (0, 1):
        drifted(run, f"sft-seed-{seed}", 2.0)
        drifted(run, f"s3ft-seed-{seed}", 0.5)
    found = collect.report(run)
    assert found["base"]["drift"]["task"]["kl"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    sft = found["recipes"]["sft"]["drift"]["general"]
    assert (sft["items"], sft["kl"]["mean"], sft["nll"]["mean"], sft["nll_base"]) == (4, 3.0, 3.0, 1.0)
    assert sft["kl"]["low"] < 3 < sft["kl"]["high"]
    assert sft["same"]["mean"] == 0
    assert found["comparisons"][0]["drift"]["task"]["mean"] == pytest.approx(0.75 - 3)
    report.show(report.write(run), run)
    assert "| sft | 1 | 0 | 1 | 3 | 3 | 0/0 |" in (run / "report.md").read_text()


def test_without_benchmarks_the_drop_is_said_to_be_missing_and_not_drawn_as_none(run):
    for path in (run / "evals").glob("*.samples.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        samples(path, target=[r["score"] for r in rows if r["set"] == "target"][::-1])
    report.write(run)
    found = json.loads((run / "report.json").read_text())
    assert found["recipes"]["sft"]["mean_drop"] is None
    assert "retention_ratio" not in found["s3ft_over_sft"]
    assert not (run / "report.svg").exists()
    text = (run / "report.md").read_text()
    assert "| not measured |" in text
    assert "report.svg" not in text
    for arm in ("base", "sft-seed-0", "sft-seed-1", "s3ft-seed-0", "s3ft-seed-1"):
        drifted(run, arm, 0.5)
    report.write(run)
    assert "nats a token" in (run / "report.svg").read_text()


def test_undefined_numbers_are_null_and_words(run, capsys):
    report.show(report.write(run), run)
    text = (run / "report.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert "undefined, what SFT lost is not apart from zero" in " ".join(capsys.readouterr().out.split())
    for word in ("nan", "None", "undefined]"):
        assert word not in (run / "report.md").read_text()


def swept(run, recipe, points):
    """A sweep of two settings: (rate, scores, divergences)."""
    rows = [{"learning_rate": None, "lora_rank": None, "id": f"{n}", "score": n % 2} for n in range(8)]
    tried = []
    for rate, scores, moved in points:
        where = {"learning_rate": rate, "lora_rank": 8}
        both = enumerate(zip(scores, moved, strict=True))
        rows += [{**where, "id": f"{n}", "score": s, "kl": kl, "nll": 1.0} for n, (s, kl) in both]
        mean, kl = sum(scores) / len(scores), sum(moved) / len(moved)
        marks = {"standard_error": 0.1, "within_one_se": True, "chosen": rate == 1e-3}
        tried.append({**where, "score": mean, "kl": kl, **marks})
    lines = run / "sweep" / f"{recipe}.samples.jsonl"
    with atomic.whole(lines) as file:
        for row in rows:
            atomic.write_line(file, row)
    facts = {"rows": 8, "base": 0.5, "chosen": {"learning_rate": 1e-3, "lora_rank": 8}, "tried": tried}
    made.write(run / "sweep" / f"{recipe}.json", facts, [lines])


def test_a_sweep_is_a_front_compared_at_equal_setting_and_at_equal_score(run):
    (run / "config.yaml").write_text(yaml.safe_dump({**read_config(run), "sweep": {"learning_rate": [1e-3, 4e-3]}}))
    swept(run, "sft", [(1e-3, [1] * 6 + [0] * 2, [0.2] * 8), (4e-3, [1] * 8, [0.4] * 8)])
    swept(run, "s3ft", [(1e-3, [1] * 6 + [0] * 2, [0.1] * 8), (4e-3, [1] * 7 + [0], [0.2] * 8)])
    report.write(run)
    found = json.loads((run / "report.json").read_text())
    points = found["sweep"]["sft"]["points"]
    assert [(p["learning_rate"], p["score"]["mean"], p["gain"]["mean"]) for p in points] == [
        (1e-3, 0.75, 0.25),
        (4e-3, 1.0, 0.5),
    ]
    settings = found["front"]["equal_setting"]
    assert [(p["learning_rate"], p["score"]["mean"]) for p in settings] == [(1e-3, 0), (4e-3, -0.125)]
    assert settings[0]["kl"]["mean"] == pytest.approx(-0.1)
    (equal,) = found["front"]["equal_score"]
    assert equal["score"] == 0.875
    assert equal["ours_kl"] == pytest.approx(0.2)
    assert equal["theirs_kl"] == pytest.approx(0.3)
    text = (run / "report.md").read_text()
    assert "| sft | 0.001 | 8 | 75.0 | +25.0" in text
    assert "front.svg" in text
    assert (run / "front.svg").is_file()


def test_every_field_is_described(run):
    """docs/report_json.md names every field of the top and of a recipe."""
    text = (DOCS / "report_json.md").read_text()
    found = collect.report(run)
    for name in [*found, *found["recipes"]["sft"], *found["comparisons"][0], *found["s3ft_over_sft"]]:
        assert f"{name}`" in text or f"`.{name}" in text or f"`{name}." in text, name
