"""What a TRL user may give S3FTTrainer: each argument is honoured, or rejected in one line before a judge is asked."""

import copy
import json

import datasets
import pandas
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainingArguments
from trl import SFTConfig

import s3ft
import tiny
from s3ft.types import UserError, Verdict

ROLE = "{{ '<|im_start|>' + (m.role | upper if loud else m.role) + '\\n' }}"
HEADER = "{{ '<|im_start|>' + ('ASSISTANT' if loud else 'assistant') + '\\n' }}"
LOUD = tiny.CHATML.replace("<|im_start|>{{ m.role }}\n", ROLE).replace("<|im_start|>assistant\n", HEADER)
assert ROLE in LOUD
assert HEADER in LOUD


def row(number):
    return {
        "prompt": [{"role": "user", "content": f"What is {number} + 2?"}],
        "completion": [{"role": "assistant", "content": f"That is {number + 2}."}],
    }


ROWS = [row(n) for n in range(8)]
QUICK = {"use_cpu": True, "bf16": False, "report_to": "none", "max_steps": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer()))


@pytest.fixture
def trainer(folder, tmp_path):
    def make(rows=ROWS, model=folder, given=None, judge=None, **more):
        settings = {"recipe": "sft", "answer_tokens": 8, **QUICK, **more.pop("settings", {})}
        args = given or s3ft.S3FTConfig(str(tmp_path / "out"), **settings)
        return s3ft.S3FTTrainer(model, args=args, train_dataset=rows, judge=judge, **more)

    return make


def texts(trainer, rows=None):
    rows = trainer.train_dataset if rows is None else rows
    decode = trainer.processing_class.decode
    return [(decode(r["input_ids"]), decode([i for i in r["labels"] if i != -100])) for r in rows]


def prompt_completion(number):
    return {"prompt": f"What is {number}?", "completion": "It is."}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"formatting_func": str}, "formatting_func: "),
        ({"settings": {"completion_only_loss": False}}, "completion_only_loss: found False"),
        ({"settings": {"packing": True, "packing_strategy": "wrapped"}}, "packing_strategy: found wrapped"),
        ({"settings": {"packing": True, "max_length": None}}, "packing: it needs max_length"),
        ({"settings": {"truncation_mode": "keep_end"}}, "truncation_mode: found keep_end"),
        ({"settings": {"dataset_kwargs": {"skip_prepare_dataset": True}}}, "skip_prepare_dataset cannot be set"),
        ({"settings": {"padding_free": True}}, "`max_length` is not enforced"),
        ({"settings": {"eos_token": "<none>"}}, "is not found in the vocabulary"),
        ({"settings": {"recipe": "s3tf"}}, "did you mean 's3ft'"),
        ({"settings": {"answer_tokens": 0}}, "answer_tokens: "),
        ({"settings": {"rejected_gold": "dorp"}}, "rejected_gold: found 'dorp', expected keep or drop"),
        ({"settings": {"eval_strategy": "steps"}}, "eval_dataset"),
        ({"settings": {"loss_type": "other"}}, "loss_type"),
        ({"settings": {"chat_template_path": "absent.jinja"}}, "absent.jinja"),
        ({"settings": {"max_length": 8}}, "no rows to train on, 8 left out"),
        ({"judge": "mth"}, "unknown judge"),
        ({"given": {"output_dir": "out"}}, "args: found dict"),
        ({"model": "no/such-model"}, "no/such-model"),
        ({"peft_config": {"r": 8}}, "peft_config"),
        ({"rows": None}, "`train_dataset` is required"),
        (
            {"rows": datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)})},
            r"such as train_dataset\['train'\]",
        ),
        ({"rows": []}, "found no rows; give rows with a prompt"),
        ({"rows": "rows.jsonl"}, "train_dataset: found str, expected rows"),
        ({"rows": prompt_completion}, "train_dataset: found function, expected rows"),
        ({"rows": pandas.DataFrame(ROWS)}, "row 1: found str in a DataFrame, expected a row with columns"),
        ({"rows": {"prompt": ["a"], "completion": ["b"]}}, "found the columns prompt, completion; give a Dataset"),
        ({"rows": [{"input_ids": [1, 2]}]}, "token ids already"),
        ({"rows": [{**row(1), "image": "x"}]}, "vision"),
        ({"rows": [{"text": "x"}]}, "columns found: text; none .*; name yours prompt and completion$"),
        ({"rows": [{**row(1), "completion": [*row(1)["completion"], *row(1)["prompt"]]}]}, "expected text"),
        ({"rows": [{**row(1), "tools": "[1"}]}, "is not JSON"),
        ({"rows": [{**row(1), "tools": [{"name": "add"}]}]}, "the chat template does not read 'tools'"),
        ({"rows": [{**row(1), "chat_template_kwargs": "loud"}]}, "holds 'loud', expected a mapping"),
        ({"rows": [{**row(1), "chat_template_kwargs": {"loud": True}}]}, "does not read 'loud'"),
        (
            {
                "rows": [{"messages": [*row(1)["prompt"], *row(1)["completion"]] * 2}],
                "settings": {"assistant_only_loss": True},
            },
            "row 1: assistant_only_loss trains on every turn",
        ),
        ({"eval_dataset": [{"text": "x"}]}, "eval_dataset, row 1"),
        ({"eval_dataset": prompt_completion(1)}, "eval_dataset: found str, expected rows"),
        ({"eval_dataset": [{"prompt": "x " * 2000, "completion": "y"}]}, "^eval_dataset: no rows remain, 1 left out"),
        ({"judge": 5}, "judge: found int, expected a name, a function or a batch judge"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_judged(trainer, change, says):
    asked = []

    def judge(example, completion):
        asked.append(example)
        return Verdict(True)

    with pytest.raises((ValueError, TypeError), match=says) as raised:
        trainer(**{"judge": judge, **change})
    assert asked == []
    if isinstance(raised.value, UserError):
        assert "\n" not in str(raised.value)


def test_a_recipe_that_asks_the_model_needs_a_judge(trainer):
    with pytest.raises(UserError, match="recipe 's3ft' needs a judge"):
        trainer(settings={"recipe": "s3ft"})
    with pytest.raises(UserError, match="rejected_gold: drop needs a judge"):
        trainer(settings={"rejected_gold": "drop"})
    assert len(trainer().train_dataset) == 8


@pytest.mark.parametrize("kind", [TrainingArguments, SFTConfig, s3ft.S3FTConfig])
def test_the_arguments_of_the_user_stay_as_they_are(trainer, tmp_path, kind):
    given = kind(str(tmp_path), hub_token="secret", **QUICK)
    before = copy.deepcopy(given.to_dict())
    made = trainer(given=given, judge=lambda example, completion: Verdict(True))
    made.train()
    assert given.to_dict() == before
    assert made.args is not given
    assert (made.args.max_steps, made.args.hub_token) == (2, "secret")
    assert {c.source for r in made.s3ft_records for c in r.candidates} == {"self", "paraphrase", "gold"}


def test_without_arguments_the_folder_has_the_name_of_the_model(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = s3ft.S3FTTrainer("lab", train_dataset=ROWS[:2], judge="exact", processing_class=None)
    assert made.args.output_dir == "lab-S3FT"


def test_model_init_kwargs_load_the_model(trainer):
    made = trainer(settings={"model_init_kwargs": {"dtype": "bfloat16", "attn_implementation": "eager"}})
    assert made.model.dtype == torch.bfloat16
    assert made.model.config._attn_implementation == "eager"


def test_the_end_token_that_is_named_is_trained_on(trainer):
    made = trainer(settings={"eos_token": "<|eot_id|>"}, processing_class=tiny.tokenizer(tiny.TRIMMING))
    assert all(end.endswith("<|eot_id|>") for _, end in texts(made))
    assert made.processing_class.eos_token == "<|eot_id|>"


def test_a_chat_template_from_a_file(trainer, tmp_path):
    (tmp_path / "loud.jinja").write_text(LOUD.replace("if loud", "if true"))
    made = trainer(settings={"chat_template_path": str(tmp_path / "loud.jinja")})
    assert all("<|im_start|>USER\n" in whole for whole, _ in texts(made))


def test_a_chat_template_of_another_tokenizer(trainer, folder, tmp_path):
    other = tiny.tokenizer(LOUD.replace("if loud", "if true").replace("<|im_end|>", "<|finis|>"))
    other.add_special_tokens({"additional_special_tokens": ["<|finis|>"]})
    other.eos_token = "<|finis|>"
    other.save_pretrained(tmp_path / "other")
    made = trainer(settings={"chat_template_path": str(tmp_path / "other")})
    assert all("<|im_start|>USER\n" in whole and end.endswith("<|finis|>") for whole, end in texts(made))
    assert made.train().training_loss > 0


def test_every_row_has_its_own_arguments_of_the_template(trainer):
    rows = [{**row(n), "chat_template_kwargs": {"loud": bool(n % 2)}} for n in range(6)]
    rows.append({**row(0), "chat_template_kwargs": {"loud": True}})
    tokenizer = tiny.tokenizer(LOUD)
    asked = []

    def judge(example, completion):
        asked.append(example.prompt[0]["content"])
        return Verdict(True)

    held_out = datasets.Dataset.from_list(rows)
    made = trainer(rows, settings={"recipe": "s3ft"}, judge=judge, processing_class=tokenizer, eval_dataset=held_out)
    for found in (made.train_dataset, made.eval_dataset):
        starts = ["USER" if r["chat_template_kwargs"]["loud"] else "user" for r in rows]
        assert [whole.split("<|im_start|>")[1].split("\n")[0] for whole, _ in texts(made, found)] == starts
    assert [r.example.prompt for r in made.s3ft_records] == [r["prompt"] for r in rows]
    assert len(asked) >= 7


def test_packs_hold_whole_rows(trainer):
    plain = trainer()
    packed = trainer(settings={"packing": True, "max_length": 128}, eval_dataset=ROWS)
    for found in (packed.train_dataset, packed.eval_dataset):
        assert len(found) < len(ROWS)
        assert sorted(n for r in found["seq_lengths"] for n in r) == sorted(
            len(r) for r in plain.train_dataset["input_ids"]
        )
    assert (
        "seq_lengths" not in trainer(settings={"packing": True, "eval_packing": False}, eval_dataset=ROWS).eval_dataset
    )
    assert packed.train().training_loss > 0


def test_rows_left_out_are_named_and_counted(trainer, capsys):
    long = [{**row(3), "id": "long", "prompt": [{"role": "user", "content": "What is " * 60}]}]
    wordy = [{**row(4), "id": "wordy", "completion": [{"role": "assistant", "content": "It is " * 60}]}]
    made = trainer([*ROWS, ROWS[0], *long, *wordy], settings={"max_length": 64}, eval_dataset=[*ROWS, *wordy])
    assert [id for id, _ in made.s3ft_dropped] == ["long", "wordy"]
    said = capsys.readouterr().err
    assert "rows: 1 of 11 left out, they have prompt and answer of an earlier row" in said
    assert "train_dataset: 2 of 10 rows left out (long: the prompt has" in said
    assert "eval_dataset: 1 of 9 rows left out (wordy: " in said
    assert len(made.train_dataset) == len(made.eval_dataset) == 8


TOOL = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}}
WITH_TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}" + tiny.CHATML


@pytest.mark.parametrize("tools", [[TOOL], json.dumps([TOOL])])
def test_tools_are_a_list_or_json_text(trainer, tools):
    rows = datasets.Dataset.from_list([{**row(n), "tools": tools} for n in range(2)])
    made = trainer(rows, processing_class=tiny.tokenizer(WITH_TOOLS))
    assert all('"name": "add"' in whole for whole, _ in texts(made))


def stream(count):
    return datasets.IterableDataset.from_generator(lambda: (prompt_completion(n) for n in range(count)))


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (lambda: (prompt_completion(n) for n in range(6)), 6),
        (lambda: iter([prompt_completion(n) for n in range(100)]), 16),
        (lambda: stream(6), 6),
        (lambda: stream(10**9), 16),
        (lambda: datasets.Dataset.from_list([prompt_completion(n) for n in range(20)]), 20),
    ],
)
def test_rows_come_in_every_form(trainer, rows, count):
    """Of a stream, as many rows as max_steps takes: two steps of eight."""
    made = trainer(rows())
    assert len(made.train_dataset) == count
    assert made.train().training_loss > 0


def test_the_tokenizer_belongs_to_the_model(trainer, folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    made = trainer(model=model)
    assert made.processing_class.get_vocab() == AutoTokenizer.from_pretrained(folder).get_vocab()
    targets = s3ft.build_dataset(model, ROWS, recipe="sft")
    assert [r["completion"] for r in targets] == [r["completion"] for r in ROWS]
    model.config._name_or_path = ""
    with pytest.raises(UserError, match="has no name needs its tokenizer"):
        trainer(model=model)
