"""`s3ft export` on a run directory: merged weights that answer as base plus adapter, and rows other programs take."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from peft import LoraConfig, PeftModel, get_peft_model

import tiny
from s3ft import lab
from s3ft.chat import open_chat
from s3ft.cli import main
from s3ft.config import ChatConfig
from s3ft.data import atomic, made, records, splits
from s3ft.models import adapters, loading
from s3ft.models.local import LocalModel
from s3ft.runs import directory, train
from s3ft.types import Adapter, Completion, Request, Sampling

PROMPTS = [[{"role": "user", "content": row["prompt"]}] for row in lab.load("train")[:8]]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run directory over the miniature in float32 with one random adapter, as the stages write it."""
    folder = tmp_path_factory.mktemp("export")
    base = folder / "base"
    loading.load_model(lab.MODEL, torch.float32).save_pretrained(base)
    for file in lab.MODEL.iterdir():
        if file.suffix != ".safetensors" and file.name != "config.json" and file.is_file():
            (base / file.name).write_bytes(file.read_bytes())
    run = folder / "runs" / "own"
    config = {"model": str(base), "task": {"name": "lab"}, "recipes": ["s3ft"], "seeds": [0, 1]}
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(yaml.safe_dump({**config, "cache": str(folder / "cache")}))
    opened = directory.existing(run)
    rows = [tiny.record(n, Completion(f"The answer is {n}."), prompt=p[0]["content"]) for n, p in enumerate(PROMPTS)]
    for path, lines in (
        (opened.records("s3ft"), map(records.to_json, rows)),
        (opened.targets("s3ft"), (line for r in rows for line in records.training_rows(r, True))),
    ):
        with atomic.whole(path) as file:
            for line in lines:
                atomic.write_line(file, line)
    made.write(opened.summary_file("s3ft"), {"key": "k"}, [opened.records("s3ft"), opened.targets("s3ft")])
    adapter = opened.adapter("s3ft", 1)
    torch.manual_seed(0)
    lora = LoraConfig(r=4, lora_alpha=2, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(loading.load_model(base, torch.float32), lora).save_pretrained(adapter)
    splits.write(opened.task, opened.data, "k", 8)
    key = train.job(opened, "s3ft", opened.config.train, 1, adapter).key
    made.write(adapter / "s3ft.json", {"key": key, "dropped": []}, [p for p in adapter.iterdir() if p.is_file()])
    return run


@pytest.fixture
def s3ft(monkeypatch, capsys):
    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["s3ft", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        shown = capsys.readouterr()
        return ended.value.code, shown.out + shown.err

    return command


def answers(model, folder):
    chat = open_chat(loading.load_tokenizer(folder), ChatConfig(), stop_ids=loading.stop_ids_of(folder))
    local = LocalModel(model.eval(), chat)
    found = dict(local.generate([Request(p) for p in PROMPTS], Sampling(48)))
    with torch.inference_mode():
        logits = model(torch.tensor([chat.prompt_ids(PROMPTS[0])])).logits
    return [found[i][0].text for i in range(len(PROMPTS))], logits


def test_merged_weights_load_from_their_folder_and_answer_as_base_plus_adapter(run, s3ft, tmp_path):
    code, said = s3ft("export", run, "s3ft", "--seed", 1, "--out", tmp_path / "merged")
    assert code == 0, said
    base = directory.existing(run).model.folder
    kept = {p.name for p in base.iterdir() if p.name not in ("config.json", "model.safetensors")}
    assert {"chat_template.jinja", "tokenizer.json", "generation_config.json"} <= kept
    assert [n for n in kept if (tmp_path / "merged" / n).read_bytes() != (base / n).read_bytes()] == []
    plain = loading.load_model(base, torch.float32)
    ours = answers(loading.load_model(tmp_path / "merged", torch.float32), tmp_path / "merged")
    theirs = answers(PeftModel.from_pretrained(plain, directory.existing(run).adapter("s3ft", 1)), base)
    assert ours[0] == theirs[0]
    assert torch.allclose(ours[1], theirs[1], atol=1e-3)
    assert not torch.allclose(ours[1], answers(loading.load_model(base, torch.float32), base)[1], atol=1e-1)


def test_merged_weights_have_the_precision_of_the_checkpoint(tmp_path):
    adapter = tmp_path / "adapter"
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(loading.load_model(lab.MODEL, torch.float32), lora).save_pretrained(adapter)
    base = directory.ModelFiles(lab.MODEL, "")
    adapters.write_merged(base, Adapter(adapter), tmp_path / "merged")
    assert loading.load_model(tmp_path / "merged", "auto").dtype == loading.load_model(lab.MODEL, "auto").dtype
    adapters.write_merged(base, Adapter(tmp_path / "merged"), tmp_path / "whole")
    weights = "model.safetensors"
    assert (tmp_path / "whole" / weights).read_bytes() == (tmp_path / "merged" / weights).read_bytes()


def test_a_folder_that_is_there_is_kept(run, s3ft, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("x")
    for to in ("merged", "messages"):
        seed = ["--seed", 1] if to == "merged" else []
        code, said = s3ft("export", run, "s3ft", "--to", to, *seed, "--out", tmp_path / "mine")
        assert (code, said.count("\n")) == (2, 1), said
        assert "mine: is there already; name another folder, or delete it" in said
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "notes"]


@pytest.mark.parametrize("damage", ["one byte", "missing"])
def test_a_damaged_adapter_is_never_merged(run, s3ft, tmp_path, damage):
    weights = directory.existing(run).adapter("s3ft", 1) / "adapter_model.safetensors"
    whole = weights.read_bytes()
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        code, said = s3ft("export", run, "s3ft", "--seed", 1, "--out", tmp_path / "merged")
    finally:
        weights.write_bytes(whole)
    assert code == 2
    assert f"{weights}: {'missing' if damage == 'missing' else 'damaged or changed'}" in said.replace("\n", "")
    assert not list(tmp_path.iterdir())


def test_an_adapter_of_other_targets_is_not_merged_and_explain_says_it(run, s3ft, tmp_path):
    summary = run / "records" / "s3ft.json"
    before = summary.read_text()
    id = tiny.record(0, Completion("")).example.id
    assert "trained on other targets" not in s3ft("explain", run, id)[1]
    summary.write_text(json.dumps({**json.loads(before), "key": "other targets"}))
    try:
        code, said = s3ft("export", run, "s3ft", "--seed", 1, "--out", tmp_path / "merged")
        explained = s3ft("explain", run, id)
    finally:
        summary.write_text(before)
    assert (code, said.count("\n")) == (2, 1), said
    assert "seed-1: trained on other targets, or otherwise, than the run now has; s3ft run" in said
    assert not list(tmp_path.iterdir())
    assert explained[0] == 0
    assert "s3ft-seed-1: trained on other targets" in explained[1]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["s3ftt"], "unknown recipe of this run 's3ftt': did you mean 's3ft'?"),
        (["s3ft"], "--seed: found none, expected one of 0, 1"),
        (["s3ft", "--seed", "7"], "--seed: found 7, expected one of 0, 1"),
        (["s3ft", "--seed", "0"], "seed-0: no adapter as train writes it; run s3ft train first"),
        (["s3ft", "--to", "openai", "--seed", "1"], "--seed: found 1, but --to openai gives rows"),
        (["s3ft", "--to", "csv"], "csv"),
    ],
)
def test_what_is_not_there_is_one_line(run, s3ft, words, line):
    code, said = s3ft("export", run, *words)
    assert (code, said.count("\n")) == (2, 1), said
    assert line in said


@pytest.mark.parametrize("to", ["llamafactory", "axolotl", "openai", "messages"])
def test_rows_are_those_of_the_train_file(run, s3ft, tmp_path, to):
    code, said = s3ft("export", run, "s3ft", "--to", to, "--out", tmp_path / to)
    assert code == 0, said
    train = [json.loads(line) for line in (run / "train" / "s3ft.jsonl").read_text().splitlines()]
    found = [json.loads(line) for line in (tmp_path / to / "s3ft.jsonl").read_text().splitlines()]
    for row, given in zip(found, train, strict=True):
        turns = [*given["prompt"], *given["completion"]]
        assert [(m["role"], m["content"]) for m in row["messages"]] == [(m["role"], m["content"]) for m in turns]
    if to == "axolotl":
        ends = yaml.safe_load((tmp_path / to / "axolotl.yaml").read_text())["eot_tokens"]
        tokenizer = loading.load_tokenizer(lab.MODEL)
        assert tokenizer.convert_tokens_to_ids(ends) == loading.stop_ids_of(lab.MODEL)


def test_rows_need_neither_torch_nor_transformers(run, tmp_path):
    script = (
        "import sys; from pathlib import Path; from s3ft.cli.export import export\n"
        f"export(Path({str(run)!r}), 's3ft', 'llamafactory', None, Path({str(tmp_path / 'x')!r}))\n"
        "print(*[m for m in ('torch', 'transformers', 'datasets', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_the_train_file_trains_in_trl_s_own_command_as_it_is(run, tmp_path):
    """Rows with tools too; the loss is on the completion alone, which is what completion_only_loss finds."""
    folder = tiny.model_folder(tmp_path / "model", tiny.tokenizer())
    rows = [json.loads(line) for line in (run / "train" / "s3ft.jsonl").read_text().splitlines()]
    example = tiny.record(9, Completion("four"))
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    object.__setattr__(example.example, "tools", [tool])
    rows += records.training_rows(example, True)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    config = {
        "datasets": [{"path": "json", "data_files": str(tmp_path / "rows.jsonl")}],
        "model_name_or_path": str(folder),
        "output_dir": str(tmp_path / "out"),
        "max_steps": 2,
        "per_device_train_batch_size": 2,
        "logging_steps": 1,
        "use_cpu": True,
        "bf16": False,
        "eos_token": "<|im_end|>",
        "report_to": "none",
    }
    (tmp_path / "trl.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "trl.scripts.sft", "--config", str(tmp_path / "trl.yaml")]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert Path(tmp_path / "out" / "model.safetensors").is_file()
    assert "'loss'" in done.stdout
