"""The interface for users of TRL: targets as a data set, and a trainer that trains on exactly those."""

import datasets
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import s3ft
import s3ft.config
import tiny
from s3ft.types import UserError, Verdict

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
    sampling = s3ft.config.SamplingConfig(max_tokens=16, stop=("a", "e", " "))
    return s3ft.build_dataset(model[0], rows, judge, recipe, processing_class=model[1], sampling=sampling, **more)


def test_a_data_set_with_the_source_of_every_target(model):
    made = build(model, datasets.Dataset.from_list(ROWS))
    assert {"id", "prompt", "completion", "source", "verdict"} <= set(made.column_names)
    assert len(made) == 8
    assert set(made["source"]) <= {"self", "paraphrase", "gold"}
    odd = [r for r in made if int(r["prompt"][0]["content"].split()[2]) % 2]
    assert {r["source"] for r in odd} == {"gold"}
    assert {r["completion"][0]["content"] for r in odd} == {"four"}


def test_rewards_are_judges(model):
    def reward(completions, **_):
        return [None for _ in completions]

    made = build(model, judge=reward, max_undecided=1.0)
    assert set(made["source"]) == {"gold"}
    assert set(made["verdict"]) == {None}


def test_the_trainer_trains_on_proven_ids(model, tmp_path):
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
