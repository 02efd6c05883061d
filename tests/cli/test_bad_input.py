"""Mistakes that a run would stop at, or be spoilt by, end in one line and exit code 2 before any work is done."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from s3ft.cli import main

pytestmark = [
    pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

ROWS = [{"prompt": f"What is {i} + 1?", "gold": f"It is {i + 1}."} for i in range(24)]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    _jsonl("rows.jsonl", ROWS)
    judges = {"no": "Verdict(False, reason='never')", "none": "Verdict(None, reason='no unit')", "quit": "sys.exit(3)"}
    for name, says in judges.items():
        text = f"import sys\nfrom s3ft.types import Verdict\n\n\ndef judge(example, completion):\n    return {says}\n"
        Path(f"{name}.py").write_text(text)
    Path("exits.py").write_text("import sys\n\nsys.exit(3)\n")
    Path("tasks").mkdir()
    Path("tasks/mine.yaml").write_text("task: mine\n")
    Path("tasks/broken.yaml").write_text("task: [\n")
    Path("tasks/hollow.yaml").write_text("doc: mine\n")


def _jsonl(path: str, rows: list[Any]) -> None:
    Path(path).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def _ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, change: dict[str, Any]
) -> tuple[int, str, str]:
    config = {"model": "lab", "task": {"name": "rows", "path": "rows.jsonl"}, "evaluate": {"benchmarks": []}, **change}
    Path("run.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setattr(sys, "argv", ["s3ft", command, "run.yaml"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def _is_one_line(code: int, err: str, says: str) -> None:
    assert code == 2, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("s3ft: ")
    assert says in err.splitlines()[-1]


def _own(**options: Any) -> dict[str, Any]:
    return {"task": {"name": "rows", "path": "rows.jsonl", **options}}


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"train": {"schedule": "cosin"}}, "cosin is not a valid SchedulerType"),
    ({"train": {"target_modules": ["q_prj"]}}, "q_prj"),
    ({"train": {"report_to": "wandbb"}}, "wandbb is not supported"),
    ({"train": {"extra": {"foo": 1}}}, "unknown argument of SFTConfig 'foo'"),
    ({"train": {"extra": {"per_device_train_batch_size": 3}}}, "is not train.batch_size"),
    ({"train": {"device": "cuda:99"}}, "train.device: found 'cuda:99'"),
    ({"train": {"extra": {"eos_token": "<end>"}}}, "train.extra.eos_token: changes nothing here"),
    ({"train": {"extra": {"max_grad_norm": -1.0}}}, "train.extra.max_grad_norm: found -1.0, expected 0 to inf"),
    ({"train": {"extra": {"label_smoothing_factor": 2}}}, "found 2, expected 0 to 1"),
    ({"train": {"extra": {"warmup_steps": 5}}}, "set train.warmup"),
    ({"train": {"extra": {"weight_decay": -1.0}}}, "train.extra.weight_decay: found -1.0, expected 0 to inf"),
    ({"train": {"extra": {"use_liger_kernel": True}}}, "pip install liger-kernel"),
    ({"train": {"extra": {"lora": {"lora_alpha": -5}}}}, "set train.lora_alpha"),
    ({"train": {"extra": {"lora": {"modules_to_save": ["nope"]}}}}, "modules_to_save: found 'nope'"),
    ({"train": {"learning_rate": {"sft": 1e-4, "s3ft": 1e-4, "s3tf": 1e-4}}}, "did you mean 's3ft'?"),
    ({"judge": "exits.py"}, "judge 'exits.py' cannot be imported: SystemExit: 3"),
    ({"backend": {"extra": {"foo": 1}}}, "unknown argument of backend.extra 'foo'"),
    ({"backend": {"extra": {"attn_implementation": "flash_attention_9"}}}, "flash_attention_9"),
    (_own(path=""), "path: found '', expected a file"),
    ({"backend": {"device": "cuda:99"}}, "backend.device: found 'cuda:99'"),
    ({"judge": {"name": "llm", "backend": {"name": "transformers", "device": "cuda:99"}}}, "found 'cuda:99'"),
    ({"judge": {"first": ["math", {"name": "llm", "model": "nowhere/at/all"}]}}, "nowhere/at/all"),
    ({"evaluate": {"extra": {"num_fewshoot": 5}}}, "did you mean 'num_fewshot'?"),
    ({"evaluate": {"extra": {"num_fewshot": "five"}}}, "'evaluate.extra.num_fewshot': found 'five'"),
    ({"evaluate": {"extra": {"limit": 5}}}, "set evaluate.limit"),
    ({"evaluate": {"include": "nowhere"}}, "evaluate.include: found 'nowhere', expected a folder"),
    ({"evaluate": {"include": "tasks", "benchmarks": ["broken"]}}, "broken.yaml is not YAML"),
    ({"evaluate": {"include": "tasks", "benchmarks": ["hollow"]}}, "hollow.yaml has no field 'task'"),
    ({"judge": {"name": "math", "tolerence": 1}}, "tolerence"),
    (_own(paraphrase="Say it again: {prompt}"), "has no field {gold}"),
    ({"task": {"name": "lab", "limit": -1}}, "option 'limit' is -1"),
    ({"task": {"name": "lab", "limit": 0}}, "option 'limit' is 0"),
    ({"train": {"learning_rate": 0}}, "train.learning_rate: found 0"),
]


@pytest.mark.parametrize("command", ["check", "build"])
@pytest.mark.parametrize(("change", "says"), SETTINGS)
def test_settings_are_tried_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    change: dict[str, Any],
    says: str,
) -> None:
    code, _, err = _ended(monkeypatch, capsys, command, change)
    _is_one_line(code, err, says)
    assert not Path("runs/run").exists()


def test_a_check_that_finds_no_fault_says_the_sizes_of_the_splits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = _ended(monkeypatch, capsys, "check", {})
    assert code == 0, err
    sizes = [int(w) for line in out.splitlines() if line.startswith("splits") for w in line.split() if w.isdigit()]
    assert sum(sizes) == 24
    assert min(sizes) >= 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"judge": "no.py"}, "the judge rejects the gold of all"),
        ({"judge": "no.py"}, "(never)"),
        ({"judge": "none.py"}, "the judge is undecided on the gold of"),
        ({"judge": "quit.py"}, "judge failed: SystemExit: 3"),
        ({"train": {"max_length": 2}}, "all rows are longer than the limit of 2 tokens"),
        (
            {"task": {"name": "rows", "path": {"train": "rows.jsonl", "test": "rows.jsonl"}}},
            "are also in an evaluation",
        ),
    ],
)
def test_a_fault_of_the_whole_ends_check_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: dict[str, Any], says: str
) -> None:
    code, _, err = _ended(monkeypatch, capsys, "check", change)
    _is_one_line(code, err, says)


@pytest.mark.parametrize("rows", [8, 40])
def test_gold_that_the_judge_rejects_throughout_stops_the_build_before_it_generates(
    rows: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _jsonl("rows.jsonl", [{"prompt": f"{i}?", "gold": "g"} for i in range(rows)])
    code, _, err = _ended(monkeypatch, capsys, "build", {"judge": "no.py"})
    _is_one_line(code, err, "rows read: never (")
    assert not list(Path("runs").rglob("records/*"))


def test_two_golds_for_one_prompt_are_said_and_stop_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _jsonl("train.jsonl", [{**row, "id": i, "gold": f"g{i}"} for i, row in enumerate([*ROWS, *ROWS[:2]])])
    _jsonl("test.jsonl", [{"prompt": "else?", "gold": "g"}])
    _jsonl("validation.jsonl", [{"prompt": "more?", "gold": "g"}])
    paths = {split: f"{split}.jsonl" for split in ("train", "validation", "test")}
    change = {"task": {"name": "rows", "path": paths}, "recipes": ["sft"]}
    code, out, err = _ended(monkeypatch, capsys, "check", change)
    assert code == 0, err
    assert "2 rows have the prompt of an earlier row and another gold (24, 25)" in " ".join(out.split())
    assert _ended(monkeypatch, capsys, "build", change)[0] == 0
    log = Path("runs/run/log.txt").read_text()
    assert "warning: 2 rows have the prompt of an earlier row and another gold (24, 25)" in log
    assert "data: 26 train, 1 validation, 1 test" in log


@pytest.mark.parametrize("change", [{}, {"judge": "no.py"}])
def test_a_folder_of_runs_that_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    Path("runs").write_text("a file")
    code, _, err = _ended(monkeypatch, capsys, "build", change)
    _is_one_line(code, err, "runs")


def test_images_name_their_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    picture = [{"type": "image"}, {"type": "text", "text": "What is it?"}]
    turns = [{"role": r, "content": c} for r, c in (("user", picture), ("assistant", "A cat."))]
    again = [{"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]
    _jsonl("rows.jsonl", [{"messages": turns + again}])
    code, _, err = _ended(monkeypatch, capsys, "check", {})
    _is_one_line(code, err, "rows.jsonl row 1: column 'messages' has as turn 1 [{'type': 'image'}")
