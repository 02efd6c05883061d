"""`s3ft judge`: verdicts on a file, the numbers of an audit, two judges compared, and samples for a person."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from s3ft.cli import audit, audit_sample
from s3ft.types import UserError


def _file(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def _row(completion: str, label: bool | None = None, **more: Any) -> dict[str, Any]:
    row = {"prompt": "Which?", "completion": completion, "reference": "yes", **more}
    return row if label is None else {**row, "label": label}


def _verdicts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


LENIENT = """
from s3ft.types import Verdict

def judge(example, completion):
    if completion.text == "broken":
        raise RuntimeError("no idea")
    return Verdict("yes" in completion.text, completion.text)
"""


@pytest.fixture
def lenient(tmp_path: Path) -> str:
    path = tmp_path / "lenient.py"
    path.write_text(LENIENT)
    return str(path)


def test_verdicts_come_in_input_order_with_the_ids_of_the_rows_or_their_numbers(tmp_path: Path) -> None:
    rows = [_row("yes", id="b"), _row("no"), _row("yes", id=7), _row("", id=["a"])]
    audit.judge_file("exact", _file(tmp_path / "rows.jsonl", rows), tmp_path / "out.jsonl")
    found = _verdicts(tmp_path / "out.jsonl")
    assert [v["id"] for v in found] == ["b", 2, 7, ["a"]]
    assert [v["correct"] for v in found] == [True, False, True, False]
    assert all(set(v) == {"id", "correct", "answer", "reason"} for v in found)


def test_batches_do_not_change_the_order(tmp_path: Path) -> None:
    rows = [_row("yes" if i % 3 else "no", id=i) for i in range(2 * audit.BATCH_ROWS + 10)]
    found = audit.judge_file("exact", _file(tmp_path / "rows.jsonl", rows), tmp_path / "out.jsonl")
    assert [v["id"] for v in _verdicts(tmp_path / "out.jsonl")] == list(range(len(rows)))
    assert found.rows == len(rows)


def test_the_numbers_of_an_audit_count_none_as_rejected(tmp_path: Path, lenient: str) -> None:
    rows = [
        *[_row("yes", True)] * 6,
        *[_row("oh yes", False)] * 2,
        *[_row("no", True)] * 1,
        *[_row("no", False)] * 4,
        *[_row("broken", True)] * 3,
        *[_row("broken", False)] * 4,
        _row("yes"),
    ]
    found = audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", rows)).agreement
    assert (found.accepted_right, found.accepted_wrong, found.rejected_right, found.rejected_wrong) == (6, 2, 4, 8)
    shares = {k: (v.mean, v.low, v.high) for k, v in found.shares().items()}
    assert shares["agreement"][0] == pytest.approx(14 / 20)
    assert shares["precision"][0] == pytest.approx(6 / 8)
    assert shares["recall"][0] == pytest.approx(6 / 10)
    # Wilson's interval for 2 of 10, from its formula
    assert shares["false_positive_rate"] == pytest.approx((0.2, 0.05668, 0.50984), abs=1e-4)
    assert shares["none_share"][0] == pytest.approx(7 / 21)
    assert found.reasons == {"judge failed: RuntimeError: no idea": 7}
    kinds = [(d.verdict.correct, d.row.label) for d in found.disagreements]
    assert kinds == [(True, False)] * 2 + [(False, True)] + [(None, True)] * 3


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"prompt": "a", "completion": "b"}, "no field 'reference'"),
        (_row("b", reference=None), "field 'reference' is None"),
        (_row("b", reference={"a": 1}), "field 'reference' is {'a': 1}"),
        (_row("b", label="yes"), "field 'label' is 'yes'"),
        (_row("b", label=1), "field 'label' is 1"),
        (_row("b", prompt=3), "field 'prompt' is 3"),
        (_row("b", prompt=[]), "field 'prompt' is []"),
        ({**_row("b"), "completion": None}, "field 'completion' is None"),
    ],
)
def test_bad_input_is_one_line_with_file_line_and_field(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    path = _file(tmp_path / "rows.jsonl", [_row("fine"), row])
    with pytest.raises(UserError) as found:
        audit.judge_file("exact", path, tmp_path / "out.jsonl")
    assert f"rows.jsonl:2: {says}" in str(found.value)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("reference", [3, {"tests": []}, [1, 2], True])
def test_a_reference_that_qa_cannot_take_is_named(tmp_path: Path, reference: Any) -> None:
    path = _file(tmp_path / "rows.jsonl", [_row("b", reference=reference)])
    with pytest.raises(UserError, match=r"rows\.jsonl:1: field 'reference'"):
        audit.judge_file("qa", path)


def test_huge_completions_are_judged_and_kept_short(tmp_path: Path) -> None:
    path = _file(tmp_path / "rows.jsonl", [_row("yes " * 2_600_000, True) for _ in range(3)])
    found = audit.judge_file("exact", path, tmp_path / "out.jsonl")
    assert found.rows == 3
    assert all(len(d.row.completion) < 5000 for d in found.agreement.disagreements)


def test_verdicts_may_not_replace_the_rows(tmp_path: Path) -> None:
    path = _file(tmp_path / "rows.jsonl", [_row("yes")])
    with pytest.raises(UserError, match="would replace the rows"):
        audit.judge_file("exact", path, path)
    assert path.read_text()


def test_two_judges_are_compared(tmp_path: Path, lenient: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [_row("yes", True), _row("yes sir", True), _row("oh yes no", False), _row("no", False), _row("broken")]
    found = audit.judge_file("exact", _file(tmp_path / "rows.jsonl", rows), compare=lenient)
    assert found.table == {(True, True): 1, (False, True): 2, (False, False): 1, (False, None): 1}
    assert [row.completion for row, _, _ in found.differing] == ["yes sir", "oh yes no"]
    audit.show(found)
    shown = capsys.readouterr().out
    assert "rows by verdict" in shown
    assert "false positive rate" in shown


def test_a_sample_is_drawn_labelled_and_read_back(tmp_path: Path, lenient: str) -> None:
    rows = [_row("yes", id=f"a{i}") for i in range(300)] + [_row("yes sir", id=f"b{i}") for i in range(100)]
    rows += [_row("no", id=f"c{i}") for i in range(30)]
    path, sample = _file(tmp_path / "rows.jsonl", rows), tmp_path / "sample.jsonl"
    first = audit.judge_file(lenient, path, compare="exact", sample_path=sample).sample
    assert first is not None
    assert (first.drawn, first.labelled, first.wrong_targets) == (130, 0, None)
    drawn = _verdicts(sample)
    assert all(r["label"] is None and r["completion"] and r["reference"] == "yes" for r in drawn)
    assert [r["id"][0] for r in drawn] == ["b"] * 50 + ["a"] * 50 + ["c"] * 30
    again = audit.judge_file(lenient, path, compare="exact", sample_path=sample).sample
    assert again is not None
    assert again.labelled == 0
    assert _verdicts(sample) == drawn
    # half of what only the lenient judge accepts is wrong, all else is as judged
    labels = {"a": lambda i: True, "b": lambda i: i % 2 == 0, "c": lambda i: False}
    _file(sample, [{**r, "label": labels[r["id"][0]](k)} for k, r in enumerate(drawn)])
    read = audit.judge_file(lenient, path, compare="exact", sample_path=sample).sample
    assert read is not None
    assert read.labelled == 130
    assert read.wrong_targets is not None
    assert read.wrong_targets.mean == pytest.approx(0.5 * 100 / 400)
    assert read.wrong_targets.low < 0.125 < read.wrong_targets.high < 0.2
    assert read.lost is not None
    assert (read.lost.mean, read.lost.low, read.lost.high) == (0, 0, 0)


def test_a_sample_of_other_rows_is_refused(tmp_path: Path) -> None:
    sample = tmp_path / "sample.jsonl"
    audit.judge_file("exact", _file(tmp_path / "a.jsonl", [_row("yes")] * 4), sample_path=sample)
    with pytest.raises(UserError, match=r"sample\.jsonl:1: drawn where 'exact accepts' held 4 rows, now 3"):
        audit.judge_file("exact", _file(tmp_path / "b.jsonl", [_row("yes")] * 3), sample_path=sample)


def test_a_label_in_a_sample_that_is_no_boolean_is_named(tmp_path: Path) -> None:
    path, sample = _file(tmp_path / "a.jsonl", [_row("yes")]), tmp_path / "sample.jsonl"
    audit.judge_file("exact", path, sample_path=sample)
    _file(sample, [{**r, "label": "right"} for r in _verdicts(sample)])
    with pytest.raises(UserError, match=r"sample\.jsonl:1: field 'label' is 'right'"):
        audit.judge_file("exact", path, sample_path=sample)


def test_the_interval_holds_the_true_share_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(1)
    populations = [(draws.random(2000) < 0.02), (draws.random(300) < 0.4)]
    true = sum(p.sum() for p in populations) / 2300
    held = 0
    for _ in range(200):
        drawn = [draws.choice(p, 50, replace=False) for p in populations]
        found = audit_sample.share([(len(p), 50, int(d.sum())) for p, d in zip(populations, drawn, strict=True)])
        assert found is not None
        held += found.low <= true <= found.high
    assert 0.9 <= held / 200 <= 1.0


def test_every_row_has_the_same_chance_to_be_drawn() -> None:
    """40 rows at 600 places of the generator: before them, other rows are offered, one more each time."""
    hits = np.zeros(40)
    for before in range(600):
        reservoirs = audit_sample.Reservoirs(["a"], size=10)
        for _ in range(10 + before):
            reservoirs.offer((False,), {})
        for i in range(40):
            reservoirs.offer((True,), {"i": i})
        for row in reservoirs.rows():
            if "i" in row:
                hits[row["i"]] += 1
    assert abs(hits / 600 - 0.25).max() < 0.09  # five standard errors


def test_what_a_model_wrote_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = _file(tmp_path / "rows.jsonl", [_row("\x1b[2J[red]x\ra", True, id="\x1b]0;title\x07")])
    audit.show(audit.judge_file("exact", rows))
    shown = capsys.readouterr().out
    assert "[2J[red]x a" in shown
    assert not {c for c in shown if not c.isprintable()} - {"\n"}


def test_a_judge_may_be_written_as_yaml(tmp_path: Path, lenient: str) -> None:
    path = _file(tmp_path / "rows.jsonl", [_row("yes", True), _row("oh yes", True), _row("no", False)])
    found = audit.judge_file(f"{{any: [exact, {lenient}]}}", path, compare="{name: qa, match: exact}")
    assert (found.judge, found.other) == ("any", "qa")
    assert found.agreement.verdicts == {True: 2, False: 1}
    with pytest.raises(UserError, match="not YAML"):
        audit.judge_file("{any: [exact", path)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for i in range(8_000):
            file.write(json.dumps(_row(f"no {i} " + "x" * 4000, True)) + "\n")
    tracemalloc.start()
    audit.judge_file("exact", path, tmp_path / "out.jsonl", "exact", tmp_path / "sample.jsonl")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 30e6
    assert most < 6e6


def test_a_model_as_judge_is_opened_and_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tiny.model_folder(tmp_path / "model", tiny.tokenizer())
    rows = _file(tmp_path / "rows.jsonl", [_row("yes", True), _row("", False)])
    spec = {"name": "llm", "model": str(folder), "by": "likelihood", "prompt": "{answer} {reference}"}
    found = audit.judge_file(spec, rows, tmp_path / "out.jsonl")
    assert found.calls == 2
    said = _verdicts(tmp_path / "out.jsonl")
    assert said[0]["reason"].startswith("right with probability")
    assert said[1]["reason"] == "empty"
    with pytest.raises(UserError, match="which model shall be asked"):
        audit.judge_file({"name": "llm", "backend": "transformers"}, rows)
