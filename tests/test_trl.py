"""The interface for users of TRL: targets as a data set, and a trainer that trains on exactly those."""

import subprocess
import sys

import datasets
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import s3ft
import tiny
from s3ft.pipeline import BuildOptions
from s3ft.types import Rung, Sampling, UserError, Verdict

ROWS = [
    {
        "prompt": [{"role": "user", "content": f"What is {n} + 2?"}],
        "completion": [{"role": "assistant", "content": "four"}],
    }
    for n in range(8)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), AutoTokenizer.from_pretrained(folder)


def even(example, completion):
    """Right for every other row, whatever was said; gold is right."""
    return Verdict(completion.text == "four" or int(example.prompt[0]["content"].split()[2]) % 2 == 0)


def build(model, rows=ROWS, judge=even, recipe="s3ft", **more):
    options = BuildOptions(Sampling(max_tokens=16, stop=("a", "e", " ")), **more)
    return s3ft.build_dataset(model[0], rows, judge, recipe, processing_class=model[1], options=options)


def test_a_data_set_with_the_source_of_every_target(model):
    made = build(model, datasets.Dataset.from_list(ROWS))
    assert {"id", "prompt", "completion", "source", "verdict"} <= set(made.column_names)
    assert len(made) == 8
    assert set(made["source"]) <= {"self", "paraphrase", "gold"}
    odd = [r for r in made if int(r["prompt"][0]["content"].split()[2]) % 2]
    assert {r["source"] for r in odd} == {"gold"}
    assert {r["completion"][0]["content"] for r in odd} == {"four"}


def test_a_recipe_may_be_rungs(model):
    made = build(model, recipe=(Rung("self", 3, 1.0, "likeliest"), Rung("gold")))
    assert set(made["source"]) <= {"self", "gold"}
    assert len(made) == 8


def test_gold_that_the_judge_rejects_is_left_out_if_asked(model):
    def never(example, completion):
        return Verdict(False)

    assert len(build(model, judge=never, recipe="sft")) == 8
    assert len(build(model, judge=never, recipe="sft", rejected_gold="drop")) == 0


def test_a_judge_that_is_mostly_undecided_stops_the_build(model):
    rows = [{**ROWS[0], "prompt": [{"role": "user", "content": f"What is {n}?"}]} for n in range(20)]
    with pytest.raises(UserError, match="undecided on 20 of 20 completions"):
        build(model, rows, judge=lambda example, completion: Verdict(None, reason="unsure"), recipe="sft")


def test_rewards_are_judges(model):
    def reward(completions, **_):
        return [None for _ in completions]

    made = build(model, judge=reward, max_undecided=1.0)
    assert set(made["source"]) == {"gold"}
    assert set(made["verdict"]) == {None}


def test_the_trainer_trains_on_checked_ids(model, tmp_path):
    args = s3ft.S3FTConfig(
        str(tmp_path), recipe="s3ft", answer_tokens=8, max_steps=2, use_cpu=True, bf16=False, report_to="none"
    )
    trainer = s3ft.S3FTTrainer(model[0], args, train_dataset=ROWS, judge=even, processing_class=model[1])
    assert len(trainer.s3ft_records) == 8
    batch = next(iter(trainer.get_train_dataloader()))
    supervised = batch["labels"] != -100
    assert torch.equal(batch["labels"][supervised], batch["input_ids"][supervised])
    for ids, mask in zip(batch["input_ids"], supervised, strict=True):
        text = model[1].decode(ids[mask])
        assert text.endswith("<|im_end|>")
        assert "What is" not in text
    result = trainer.train()
    assert result.training_loss > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": "s3tf"}, "did you mean 's3ft'"),
        ({"judge": "mth"}, "unknown judge"),
        ({"rows": [{"text": "x"}]}, "columns found: text"),
        ({"rows": [{"prompt": "a", "completion": " "}]}, "expected text"),
    ],
)
def test_bad_input_is_one_line(model, change, message):
    with pytest.raises(UserError, match=message):
        build(model, **change)


def test_a_trainer_needs_rows_and_judge(model):
    with pytest.raises(UserError, match="needs train_dataset and judge"):
        s3ft.S3FTTrainer(model[0], processing_class=model[1])


QUIET = """
import logging
names = ["bitsandbytes", "transformers", "datasets", "trl", "peft", "lm_eval"]
def levels():
    return {n: (logging.getLogger(n).level, logging.getLogger(n).disabled) for n in names}
before = levels()
import s3ft
assert levels() == before, (before, levels())
"""


def test_importing_s3ft_changes_no_logger_of_another_library():
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
