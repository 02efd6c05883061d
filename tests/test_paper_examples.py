"""The configs of examples/paper work on a random model of the paper's architecture, shrunk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import MistralConfig, MistralForCausalLM, set_seed

import tiny
from s3ft import config
from s3ft.runs import opening
from s3ft.runs.stages import STAGES

PAPER = Path(__file__).parents[1] / "examples" / "paper"
NAME = "Mistral-7B-Instruct-v0.2"


def gsm8k(number: int) -> dict[str, Any]:
    return {"question": f"What is {number} + 2?", "answer": f"It is {number + 2}.\n#### {number + 2}"}


def mbpp(number: int) -> dict[str, Any]:
    # Task ids decide the split: 11 to 510 test, 511 to 600 validation, then train.
    code = f"def add(x):\n    return x + {number}"
    tests = [f"assert add({n}) == {n + number}" for n in range(3)]
    return {"task_id": 500 + 5 * number, "text": f"Add {number}.", "code": code, "test_list": tests}


def nq(number: int) -> dict[str, Any]:
    return {"question": f"who is number {number}", "passage": f"Number {number} is Ada.", "answers": ["Ada"]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tiny.tokenizer(tiny.BRACKETS, kind="sentencepiece")
    folder = tmp_path_factory.mktemp("model") / NAME
    set_seed(0)
    shape = MistralConfig(
        vocab_size=len(made),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=made.bos_token_id,
        eos_token_id=made.eos_token_id,
    )
    MistralForCausalLM(shape).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("row", [gsm8k, mbpp, nq], ids=lambda row: row.__name__)
def test_every_part_works_on_the_paper_s_architecture(
    row: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text("".join(json.dumps(row(n)) + "\n" for n in range(30)), encoding="utf-8")
    task = row.__name__
    fields = ["task.path=rows.jsonl", "limit=4", "sampling.max_tokens=4", "seeds=[0]", "train.epochs=1"]
    fields += ["evaluate.benchmarks=[]", "evaluate.rows=2", "sweep.rows=2", "sweep.learning_rate=[1e-4]"]
    # A random judge decides nothing.
    fields += [f"model={model}", f"cache={tmp_path / 'cache'}", "max_undecided=1", "recipes=[sft, s3ft]"]
    made = config.load(PAPER / f"{task}.yaml", fields)
    with opening.opened(made, task) as (run, _):
        for stage in STAGES.values():
            stage(run)
    report = json.loads((run.folder / "report.json").read_text(encoding="utf-8"))
    assert set(report["recipes"]) == {"sft", "s3ft"}
    assert "The paper on this task and model" in (run.folder / "report.md").read_text(encoding="utf-8")
