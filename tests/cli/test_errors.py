"""Every mistake of the user's is one line and exit code 2, and costs no work already done."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

import tiny
from s3ft import config as configs
from s3ft.cli import main
from s3ft.runs import opening

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")

ROWS = [{"prompt": f"question {i}", "gold": f"gold {i}"} for i in range(12)]


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def s3ft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command of s3ft in an empty folder and gives back how it ended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("S3FT_PATIENCE_S", "0.2")

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["s3ft", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        shown = capsys.readouterr()
        return Ended(int(ended.value.code or 0), shown.out, shown.err)

    return command


def _jsonl(path: str, rows: list[Any]) -> str:
    Path(path).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def _config(**more: Any) -> str:
    """A run that needs no model's weights: the completions come from a file. Half of the answers are right."""
    model = Path("model")
    model.mkdir(exist_ok=True)
    (model / "config.json").write_text('{"model_type": "llama"}')
    (model / "model.safetensors").write_text("")
    tiny.tokenizer().save_pretrained(model)
    for split in ("train", "validation", "test"):
        rows = [{**r, "prompt": f"{split} {r['prompt']}"} for r in ROWS]
        _jsonl(f"{split}.jsonl", rows)
    written = [{"prompt": f"train question {i}", "completion": f"gold {i}" if i % 2 else "wrong"} for i in range(12)]
    _jsonl("written.jsonl", written)
    config = {
        "model": "model",
        "task": {"name": "rows", "path": {s: f"{s}.jsonl" for s in ("train", "validation", "test")}},
        "backend": {"name": "scripted", "path": "written.jsonl"},
        "recipes": ["ssr"],
        **more,
    }
    Path("run.yaml").write_text(yaml.safe_dump(config))
    return "run.yaml"


def _is_one_line(ended: Ended, *says: str) -> None:
    assert ended.code == 2, ended
    lines = [line for line in ended.err.splitlines() if line.startswith("s3ft: ")]
    assert len(lines) == 1, ended.err
    assert lines[0] == ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err
    for text in says:
        assert text in lines[0]


def _composition(name: str = "run") -> dict[str, float]:
    return json.loads(Path(f"runs/{name}/records/ssr.json").read_text())["composition"]


def test_the_run_that_the_mistakes_are_made_in_is_sound(s3ft: Command) -> None:
    assert s3ft("build", _config()).code == 0
    assert _composition() == {"self": 0.5, "gold": 0.5, "dropped": 0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": "nowhere"}, ["model 'nowhere': no such folder; give a folder, a Hub id"]),
        ({"model": "."}, ["has no config.json"]),
        ({"model": "nobody/nothing"}, ["model 'nobody/nothing': not in the cache, and HF_HUB_OFFLINE is set"]),
        ({"judge": "exakt"}, ["unknown judge 'exakt': did you mean 'exact'?"]),
        ({"judge": "judge.py"}, ["judge 'judge.py': no such file"]),
        ({"judge": {"name": "exact", "strict": True}}, ["judge 'exact' takes no options, found strict"]),
        ({"recipes": ["s3fd"]}, ["run.yaml: unknown recipe 's3fd': did you mean 's3ft'?"]),
        (
            {"recipes": [{"mine": ["me", "gold"]}]},
            ["unknown source 'me'", "known are gold, paraphrase, self"],
        ),
        ({"task": "gsmk8"}, ["unknown task 'gsmk8': did you mean 'gsm8k'?"]),
        ({"task": "rows"}, ["needs the option 'path'; add task.path="]),
        ({"task": {"name": "rows", "path": "none.jsonl"}}, ["none.jsonl: cannot be read (No such file or directory)"]),
        ({"task": {"name": "rows", "path": "train.jsonl", "pompt": "q"}}, ["did you mean 'prompt'?"]),
        (
            {"task": {"name": "rows", "path": "train.jsonl", "prompt": "q"}},
            ["no column 'q'; columns found: prompt, gold"],
        ),
        ({"backend": "transformer"}, ["unknown backend 'transformer': did you mean 'transformers'?"]),
        ({"backend": {"name": "scripted"}}, ["field 'backend.path' is missing; add it"]),
        ({"backend": {"name": "scripted", "path": "none.jsonl"}}, ["none.jsonl"]),
        (
            {"recipes": [{"mine": [{"source": "self", "num_samples": 2, "keep": "likeliest"}]}]},
            ["recipe 'mine' keeps the likeliest completion, which needs log probabilities (score)"],
        ),
        ({"epochs": 3}, ["run.yaml: unknown field 'epochs'"]),
        ({"train": {"epoch": 3}}, ["did you mean 'train.epochs'?"]),
        ({"train": {"epochs": "few"}}, ["field 'train.epochs': found 'few'"]),
        ({"cache": "run.yaml"}, ["cache run.yaml/generations.sqlite", "name another folder with cache=DIR"]),
    ],
)
def test_a_mistake_in_the_config_is_one_line(s3ft: Command, change: dict[str, Any], says: list[str]) -> None:
    _is_one_line(s3ft("build", _config(**change)), *says)


def test_a_mistake_in_the_model_s_name_can_be_mended_under_the_same_run_name(s3ft: Command) -> None:
    _is_one_line(s3ft("build", _config(model="modle")), "no such folder")
    assert s3ft("build", _config()).code == 0


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (['{"prompt": "a", "gold": "b"}', '{"prompt": "a"'], "train.jsonl:2: not JSON"),
        (["[1]"], "train.jsonl:1: found list, expected one JSON object a line"),
        (['{"prompt": "a", "gold": "b"}', '{"question": "a", "topic": "b"}'], "columns found: question, topic"),
        (['{"prompt": "a", "gold": ""}'], "train.jsonl row 1: column 'gold' holds ''"),
        ([], "runs/run was begun with other rows: train had 12 rows, has 0. Go back to those rows"),
        (
            ['{"prompt": "a", "gold": "b", "id": 1}', '{"prompt": "c", "gold": "b", "id": 1}'],
            "duplicate id '1' on two different rows",
        ),
    ],
)
def test_a_mistake_in_the_data_is_named_and_costs_nothing_done(s3ft: Command, rows: list[str], says: str) -> None:
    assert s3ft("build", _config()).code == 0
    done = {p: p.read_bytes() for p in Path("runs/run").rglob("*") if p.is_file() and p.name != ".lock"}
    Path("train.jsonl").write_text("".join(r + "\n" for r in rows))
    _is_one_line(s3ft("build", "run.yaml"), says)
    assert {p: p.read_bytes() for p in done} == done


def test_a_split_without_rows_is_named_and_leaves_no_run_behind(s3ft: Command) -> None:
    config = _config()
    for split in ("train", "test"):
        rows = Path(f"{split}.jsonl").read_text()
        Path(f"{split}.jsonl").write_text("")
        _is_one_line(s3ft("build", config), f"task rows: no rows in its {split} split; give it data")
        assert not Path("runs/run").exists()
        Path(f"{split}.jsonl").write_text(rows)
    assert s3ft("build", config).code == 0


def test_bytes_that_are_no_text_are_named(s3ft: Command) -> None:
    config = _config()
    Path("train.jsonl").write_bytes(b'{"prompt": "caf\xe9", "gold": "b"}\n')
    _is_one_line(s3ft("build", config), "train.jsonl:1: not UTF-8 (byte 0xe9")


def test_duplicate_rows_are_kept_once_and_counted(s3ft: Command) -> None:
    config = _config()
    rows = [json.loads(line) for line in Path("train.jsonl").read_text().splitlines()]
    _jsonl("train.jsonl", [*rows, *rows[:3], {"prompt": "test question 1", "gold": "gold 1"}])
    _jsonl("test.jsonl", [{**r, "prompt": f"test {r['prompt']}"} for r in (*ROWS[:11], ROWS[0])])
    ended = s3ft("build", config)
    assert ended.code == 0
    said = (
        "data: 12 train, 12 validation, 11 test; 5 of 40 rows read were removed: prompt and gold of an earlier row "
        "(3 train, 1 test), prompt also in an evaluation split (1 train)"
    )
    assert said in Path("runs/run/log.txt").read_text()
    shown = " ".join(s3ft("check", config).out.split())
    assert said.removeprefix("data: ") in shown
    assert len(Path("runs/run/records/ssr.jsonl").read_text().splitlines()) == 12


def test_a_run_directory_of_another_config_is_refused_with_the_fields_that_differ(s3ft: Command) -> None:
    assert s3ft("build", _config()).code == 0
    done = {p: p.read_bytes() for p in Path("runs/run").rglob("*") if p.is_file()}
    says = ("runs/run was begun with another config", "train.epochs was 3", "is 5", "--name", "delete runs/run")
    _is_one_line(s3ft("build", "run.yaml", "train.epochs=5"), *says)
    assert {p: p.read_bytes() for p in Path("runs/run").rglob("*") if p.is_file()} == done
    assert s3ft("build", "run.yaml", "train.epochs=5", "--name", "other").code == 0
    assert s3ft("build", "run.yaml", "cache=elsewhere").code == 0


def test_a_run_directory_at_work_is_refused(s3ft: Command) -> None:
    path = _config()
    with opening.opened(configs.load(Path(path)), "run"):
        for command in ("build", "train", "evaluate", "run"):
            _is_one_line(s3ft(command, path), "runs/run: another s3ft is at work here")
    assert s3ft("build", path).code == 0


def test_a_stage_that_comes_too_early_says_what_to_do_first(s3ft: Command) -> None:
    config = _config()
    _is_one_line(s3ft("train", config), "no records of 'ssr' as build writes them; run s3ft build first")
    assert s3ft("build", config).code == 0
    _is_one_line(
        s3ft("report", config), "base has not been measured, or its files are damaged; run s3ft evaluate first"
    )
    _is_one_line(s3ft("evaluate", config), "no adapter as train writes it; run s3ft train first")


def test_a_judge_that_cannot_tell_stops_the_build_with_its_reasons(s3ft: Command) -> None:
    config = _config(judge="broken.py")
    Path("broken.py").write_text("def judge(example, completion):\n    raise RuntimeError('no unit')\n")
    ended = s3ft("build", config)
    _is_one_line(ended, "the judge is undecided on", "RuntimeError: no unit", "raise max_undecided")
    assert not Path("runs/run/records/ssr.jsonl").exists()


def test_overrides_of_no_row_are_counted_and_named(s3ft: Command) -> None:
    rows = [{"id": f"r{i}", "prompt": f"train question {i}", "gold": f"gold {i}"} for i in range(12)]
    config = _config(overrides="decided.jsonl")
    _jsonl("train.jsonl", rows)
    _jsonl("decided.jsonl", [{"id": i, "source": "gold"} for i in ("r3", *(f"typo{n}" for n in range(7)))])
    said = "7 of 8 overrides match no training row: typo0, typo1, typo2, typo3, typo4 ..."
    assert said in " ".join(s3ft("check", config).out.split())
    assert s3ft("build", config).code == 0
    assert said in Path("runs/run/log.txt").read_text()
    _jsonl("decided.jsonl", [{"id": "r3", "source": "gold"}])
    assert "match no" not in s3ft("check", config).out


@pytest.mark.parametrize("where", ["judge", "import"])
def test_a_judge_that_ends_the_process_does_not_look_like_success(s3ft: Command, where: str) -> None:
    """In a process of its own: pytest would end with it."""
    end = "import os\n" + ("os._exit(0)\n" if where == "import" else "")
    Path("ends.py").write_text(f"{end}def judge(example, completion):\n    os._exit(0)\n")
    config = _config(judge="ends.py")
    _jsonl("judged.jsonl", [{"prompt": "a", "completion": "b", "reference": "c"}])
    for command in (["check", config], ["build", config]):
        done = subprocess.run([sys.executable, "-m", "s3ft", *command], capture_output=True, text=True)
        _is_one_line(Ended(done.returncode, done.stdout, done.stderr), "SystemExit: 0")
    done = subprocess.run([sys.executable, "-m", "s3ft", "judge", "ends.py", "judged.jsonl"], capture_output=True)
    assert (b"SystemExit: 0" in done.stdout) == (where == "judge")
    assert done.returncode == (0 if where == "judge" else 2)


def test_a_judge_that_fails_on_few_completions_is_said(s3ft: Command) -> None:
    """Too few to stop a build; the golds are judged, what the model writes is not."""
    Path("picky.py").write_text(
        "from s3ft.types import Verdict\n\n\ndef judge(example, completion):\n"
        "    if completion.text != example.gold:\n        raise RuntimeError('no unit')\n    return Verdict(True)\n"
    )
    config = _config(judge="picky.py")
    _jsonl("train.jsonl", [{"prompt": f"train question {i}", "gold": f"gold {i}"} for i in range(4)])
    assert s3ft("build", config).code == 0
    said = "judge: warning: undecided on 2 of 8 completions, such as: judge failed: RuntimeError: no unit"
    assert said in Path("runs/run/log.txt").read_text()
    shown = " ".join(s3ft("check", config).out.split())
    assert "0 of 4, 4 undecided, such as: judge failed: RuntimeError: no unit" in shown


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_field_that_rows_lack_is_no_paraphrase_prompt(s3ft: Command, command: str) -> None:
    config = _config(recipes=["sdft"])
    way = "task.paraphrase='{prompt} {gold} {hint}'"
    _is_one_line(s3ft(command, config, way), "unknown field 'hint'", "known are prompt, gold (row")
    assert not list(Path("runs").rglob("records/*"))
    rows = [json.loads(line) for line in Path("train.jsonl").read_text().splitlines()]
    _jsonl("train.jsonl", [{**r, "hint": "h"} for r in rows[:-1]] + [{**rows[-1], "id": "last"}])
    _is_one_line(s3ft(command, config, way), "unknown field 'hint'", "(row 'last')")


@pytest.mark.parametrize("path", ["/proc/x", "/dev/null/x", "/proc/a/b", "x" * 300, "train.jsonl/x", "/"])
def test_a_place_that_cannot_be_written_is_one_line(s3ft: Command, path: str) -> None:
    config = _config()
    assert s3ft("build", config).code == 0
    _jsonl("judged.jsonl", [{"prompt": "a", "completion": "b", "reference": "c"}])
    for command in (
        ["init", "lab", "--out", path],
        ["export", "runs/run", "ssr", "--to", "messages", "--out", path],
        ["judge", "exact", "judged.jsonl", "--out", path],
        ["judge", "exact", "judged.jsonl", "--compare", "exact", "--sample", path],
        # Anyone may have a cache in the root who may write there.
        *([["build", config, "--name", "other", f"cache={path}"]] if path != "/" else []),
        ["init", path],
    ):
        _is_one_line(s3ft(*command))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["build"], "config"),
        (["build", "none.yaml"], "config 'none.yaml': no such file"),
        (["bild", "run.yaml"], "bild"),
        (["build", "run.yaml", "epochs"], "override 'epochs': expected key=value"),
        (["build", "run.yaml", "trian.epochs=1"], "did you mean 'train'?"),
        (["build", "run.yaml", "task.path=[a"], "the value is not YAML"),
        (["build", "run.yaml", "--nmae", "x"], "--nmae"),
        (["explain", "runs/none", "1"], "runs/none: no run (no config.yaml)"),
        (["judge", "exakt", "train.jsonl"], "did you mean 'exact'?"),
        (["judge", "exact", "none.jsonl"], "none.jsonl"),
        (["judge", "exact", "train.jsonl"], "train.jsonl:1: no field 'completion'; fields found: prompt, gold"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(s3ft: Command, arguments: list[str], says: str) -> None:
    _config()
    _is_one_line(s3ft(*arguments), says)


def test_a_row_that_is_not_there_cannot_be_explained(s3ft: Command) -> None:
    assert s3ft("build", _config()).code == 0
    _is_one_line(s3ft("explain", "runs/run", "no such id"), "no row with an id that begins with 'no such id'")


SMALL_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
sys.argv = ["s3ft", *sys.argv[2:]]
from s3ft.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("room", "length", "says"),
    [
        (3000, 0, "generations.sqlite: disk I/O error; free some space or name another folder with cache=DIR"),
        (60_000, 0, "cannot be written (File too large); free some space or choose another folder"),
        (200_000, 3000, "generations.sqlite: disk I/O error; free some space or name another folder with cache=DIR"),
    ],
)
def test_no_space_is_one_line_and_the_build_goes_on_from_there(
    s3ft: Command, room: int, length: int, says: str
) -> None:
    config = _config()
    prompts = [f"train question {i} " + "x" * 200 for i in range(99)]
    _jsonl("train.jsonl", [{"prompt": p, "gold": "gold"} for p in prompts])
    _jsonl("written.jsonl", [{"prompt": p, "completion": "y" * length} for p in prompts if length])
    command = [sys.executable, "-c", SMALL_FILES, str(room), "build", config]
    done = subprocess.run(command, capture_output=True, text=True)
    _is_one_line(Ended(done.returncode, done.stdout, done.stderr), says)
    assert not list(Path("runs").rglob("ssr.*"))
    assert s3ft("build", config).code == 0
    assert len(Path("runs/run/records/ssr.jsonl").read_text().splitlines()) == 99


def test_a_model_without_a_chat_template_is_named(s3ft: Command) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, PreTrainedTokenizerFast

    config = _config(backend="transformers")
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1, "question": 2}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>").save_pretrained("model")
    LlamaConfig(vocab_size=3, hidden_size=8, num_attention_heads=1).save_pretrained("model")
    Path("model/chat_template.jinja").unlink()
    for command in ("check", "build"):
        _is_one_line(s3ft(command, config), "chat template")


def test_a_fault_of_ours_is_1_with_a_traceback(s3ft: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise ZeroDivisionError("ours")

    config = _config()
    monkeypatch.setattr(opening, "opened", fail)
    ended = s3ft("build", config)
    assert ended.code == 1
    assert "Traceback" in ended.err
    assert ended.err.splitlines()[-1].startswith("s3ft: internal error, please report it")
