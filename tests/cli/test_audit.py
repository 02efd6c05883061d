"""`s3ft judge`: verdicts on a file, the numbers of an audit, two judges compared, and samples for a person."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from s3ft.cli import audit, audit_rows, audit_sample, audit_targets
from s3ft.evaluate import statistics
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
    rows = [_row("yes" if i % 3 else "no", id=i) for i in range(2 * audit_rows.BATCH_ROWS + 10)]
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
    assert "\\x1b[2J[red]x\\x0da" in shown
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
    # two labels after the answer, and two without one
    assert found.calls == 4
    said = _verdicts(tmp_path / "out.jsonl")
    assert said[0]["reason"].startswith("right with probability")
    assert said[1]["reason"] == "empty"
    with pytest.raises(UserError, match="which model shall be asked"):
        audit.judge_file({"name": "llm", "backend": "transformers"}, rows)


@pytest.fixture
def scoring(tmp_path: Path) -> str:
    """A judge whose score is the number in the completion and whose bar is 5; "rule" is accepted without a score."""
    path = tmp_path / "scoring.py"
    path.write_text("""
from s3ft.types import Verdict

def judge(example, completion):
    if not completion.text.isdigit():
        return Verdict(completion.text == "rule", completion.text)
    return Verdict(int(completion.text) >= 5, completion.text, "", float(completion.text))
""")
    return str(path)


def _table(shown: str, title: str) -> list[list[str]]:
    """The cells of a printed table's lines after its head, until a blank line."""
    lines = shown.split(title)[1].splitlines()[2:]
    return [line.split() for line in lines[: next((i for i, x in enumerate(lines) if not x.strip()), None)]]


def _apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row on a question of its own."""
    return [{**row, "prompt": f"{row['prompt']} {i}"} for i, row in enumerate(rows)]


def test_rows_on_one_question_are_not_taken_for_so_many_questions(tmp_path: Path, lenient: str) -> None:
    """Thirty questions with ten answers each that are all right or all wrong together."""
    rows = [_row("oh yes", q % 3 > 0, prompt=f"Which {q}?") for q in range(30) for _ in range(10)]
    clustered = audit.judge_file(lenient, _file(tmp_path / "a.jsonl", rows)).agreement
    independent = audit.judge_file(lenient, _file(tmp_path / "b.jsonl", _apart(rows))).agreement
    assert (clustered.questions, independent.questions) == (30, 300)
    wide, narrow = clustered.shares()["precision"], independent.shares()["precision"]
    assert wide.mean == pytest.approx(2 / 3)
    of_questions = statistics.wilson(20, 30)
    assert (wide.low, wide.high) == pytest.approx((of_questions.low, of_questions.high), abs=0.01)
    assert narrow == statistics.wilson(200, 300)


def test_another_reference_is_another_question(tmp_path: Path) -> None:
    rows = [_row("yes", True, prompt="Solve it.", reference=str(i)) for i in range(7)]
    assert audit.judge_file("exact", _file(tmp_path / "a.jsonl", rows)).agreement.questions == 7


def test_agreement_is_given_on_decided_rows_too(tmp_path: Path, lenient: str) -> None:
    rows = [_row("yes", True)] * 3 + [_row("no", True)] + [_row("broken", True)] * 4 + [_row("broken", False)] * 2
    shares = audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", rows)).agreement.shares()
    assert shares["agreement"].mean == pytest.approx(5 / 10)
    assert shares["agreement_on_decided"].mean == pytest.approx(3 / 4)
    assert shares["none_share"].mean == pytest.approx(6 / 10)


def test_ten_disagreements_of_each_kind_are_shown(
    tmp_path: Path, lenient: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [_row("oh yes", False, id=f"a{i}") for i in range(25)] + [
        _row("broken", True, id=f"c{i}") for i in range(12)
    ]
    rows += [_row("no", True, id=f"b{i}") for i in range(4)]
    audit.show(audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", rows)))
    shown = capsys.readouterr().out
    assert [shown.count(f" id {kind}") for kind in "abc"] == [10, 4, 10]
    assert "wrong answers accepted: 25, the first 10 of them" in shown
    assert "right answers rejected: 4\n" in shown
    assert "right answers undecided: 12, the first 10" in shown
    assert "12 undecided (29.3%)" in " ".join(shown.split())


@pytest.mark.parametrize("completion", ["oh yes", "no", "broken"])
def test_a_judge_that_says_the_same_of_every_answer_is_found_out(
    tmp_path: Path, lenient: str, completion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _apart([_row(completion, i % 2 == 0) for i in range(200)])
    audit.show(audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", rows)))
    assert "cannot be told from a judge that guesses" in " ".join(capsys.readouterr().out.split())


def test_a_judge_that_is_mostly_right_is_not_said_to_guess(
    tmp_path: Path, lenient: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _apart([_row("yes" if i % 5 else "no", i % 5 > 1) for i in range(40)])
    audit.show(audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", rows)))
    assert "guesses" not in capsys.readouterr().out


def test_what_an_error_means_for_targets_is_said_in_words(
    tmp_path: Path, lenient: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*[_row("yes", True)] * 36, *[_row("no", True)] * 4, *[_row("yes", False)] * 6, *[_row("no", False)] * 54]
    audit.show(audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", _apart(rows))))
    shown = " ".join(capsys.readouterr().out.split())
    assert "40.0% of the answers are right; the judge accepts 90.0% of these and 10.0% of the wrong ones" in shown
    assert "14.3% of what it accepts is wrong" in shown  # 6 of 42
    # by Bayes' rule: 0.8 * 0.1 / (0.8 * 0.1 + 0.2 * 0.9)
    assert "at 20.0% right answers it would be 30.8%" in shown


def test_wrong_targets_are_expected_by_rung(tmp_path: Path, lenient: str, capsys: pytest.CaptureFixture[str]) -> None:
    """self accepts 50 of 100, 5 of them wrong; paraphrase 60 of 100, 30 of them wrong."""
    counts = {"self": (45, 5, 50), "paraphrase": (30, 30, 40)}
    rows = [
        {**row, "source": source}
        for source, (right, wrong, rest) in counts.items()
        for row in [_row("yes", True)] * right + [_row("yes", False)] * wrong + [_row("no", False)] * rest
    ]
    found = audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", _apart(rows)))
    rungs = audit_targets.rungs(found.agreement, found.by_source)
    assert [(r.source, r.targets, r.wrong.mean) for r in rungs] == [
        ("self", pytest.approx(0.5), pytest.approx(0.1)),
        ("paraphrase", pytest.approx(0.3), pytest.approx(0.5)),
        ("gold", pytest.approx(0.2), 0.0),
    ]
    assert rungs[0].wrong.low < 0.1 < rungs[0].wrong.high < 0.25
    assert audit_targets.overall(rungs) == pytest.approx(0.05 + 0.15)
    # rows that name no rung stand for both: 110 of 200 accepted, 35 of them wrong
    for row in rows:
        del row["source"]
    found = audit.judge_file(lenient, _file(tmp_path / "rows.jsonl", _apart(rows)))
    accepted, wrong = 110 / 200, 35 / 110
    assert audit_targets.overall(audit_targets.rungs(found.agreement, found.by_source)) == pytest.approx(
        accepted * wrong + (1 - accepted) * accepted * wrong
    )
    audit.show(found)
    assert _table(capsys.readouterr().out, "expected training file of s3ft")[2][:2] == ["gold", "20.2%"]


def test_bars_are_the_verdicts_at_other_scores(
    tmp_path: Path, scoring: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [_row(str(i % 10), i % 10 >= 7 or i % 10 == 4) for i in range(100)]
    rows = _apart(rows + [_row("rule", False)] * 2 + [_row("none", False)] * 3)
    found = audit.judge_file(scoring, _file(tmp_path / "rows.jsonl", rows))
    bars = audit_targets.bars(found.agreement)
    assert [b.bar for b in bars] == [None, *range(1, 10)]
    for bar in bars:
        least = 5 if bar.bar is None else bar.bar
        texts = [r["completion"] for r in rows]
        accepts = [int(x) >= least if x.isdigit() else x == "rule" for x in texts]
        pairs = list(zip(accepts, [r["label"] for r in rows], strict=True))
        wrong = sum(a and not x for a, x in pairs)
        assert bar.accepted == sum(accepts)
        assert bar.agreement == pytest.approx(sum(a == x for a, x in pairs) / len(rows))
        assert bar.false_positive_rate == pytest.approx(wrong / 65)
        assert bar.recall == pytest.approx(sum(a and x for a, x in pairs) / 40)
        assert bar.wrong_targets == pytest.approx(wrong / sum(accepts))
    audit.show(found)
    shown = _table(capsys.readouterr().out, "accepted from a score on")
    assert shown[0] == ["as", "judged", "52", "0.338", "0.695", "0.750", "0.423"]
    assert shown[1][0] == "1"


def test_a_judge_without_scores_has_no_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit.show(audit.judge_file("exact", _file(tmp_path / "a.jsonl", [_row("yes", True), _row("no", False)])))
    assert "from a score on" not in capsys.readouterr().out


def test_memory_does_not_grow_with_the_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3ft.cli.audit_counts.QUESTIONS", 100)
    rows = _apart([_row("yes", i % 3 > 0) for i in range(3000)])
    found = audit.judge_file("exact", _file(tmp_path / "rows.jsonl", rows)).agreement
    assert found.questions <= 200
    share, exact = found.shares()["precision"], statistics.wilson(2000, 3000)
    assert share.mean == exact.mean
    # groups of questions tell the variance as questions do, but for their number
    assert share.high - share.low == pytest.approx(exact.high - exact.low, rel=0.25)


def test_what_models_and_rows_say_cannot_steer_the_terminal_and_is_no_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "\x1b]0;title\x07[bold]yes\udce4\u202e[/bold]"
    path = _file(
        tmp_path / "rows.jsonl", [_row("[red]no[/red]", True, id=odd, reference=odd), _row("no", False, id=odd)]
    )
    audit.show(audit.judge_file("exact", path))
    shown = capsys.readouterr().out
    assert not any(c in shown for c in "\x1b\x07\u202e\udce4")
    assert "[red]no[/red]" in shown
    assert "[bold]" in shown


def test_a_light_judge_starts_nothing_heavy(tmp_path: Path) -> None:
    path = _file(tmp_path / "rows.jsonl", [_row("yes", True), _row("no", False)] * 5)
    script = (
        "import sys; from s3ft.cli import audit; audit.show(audit.judge_file('exact', sys.argv[1])); "
        "print('heavy:', *[m for m in ('scipy', 'torch', 'transformers', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy:"
