"""The interface for users of TRL: targets as a data set, and a trainer that trains on exactly those."""

import copy
import json
import subprocess
import sys

import datasets
import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, TaskType, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

import s3ft
import tiny
from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.models import loading
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
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


@pytest.fixture
def model(folder):
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
    first = ROWS[0]["prompt"][-1]["content"]

    def but_the_first(example, completion):
        return Verdict(example.prompt[-1]["content"] != first)

    assert len(build(model, judge=but_the_first, recipe="sft")) == 8
    assert len(build(model, judge=but_the_first, recipe="sft", rejected_gold="drop")) == 7


def test_a_judge_that_is_mostly_undecided_stops_the_build(model):
    rows = [{**ROWS[0], "prompt": [{"role": "user", "content": f"What is {n}?"}]} for n in range(20)]
    with pytest.raises(UserError, match="undecided on 20 of 20 completions"):
        build(model, rows, judge=lambda example, completion: Verdict(None, reason="unsure"), recipe="sft")


def test_few_undecided_completions_are_said(model, capsys):
    def unsure(example, completion):
        return Verdict(True if completion.text == example.gold else None, reason="no unit")

    build(model, judge=unsure, recipe="ssr")
    said = " ".join(capsys.readouterr().err.split())
    assert "judge: warning: undecided on " in said
    assert "completions, such as: no unit" in said


def test_messages_name_what_a_user_of_python_can_change(model):
    with pytest.raises(UserError, match="unknown field 'hint'"):
        build(model, recipe="sdft", paraphrase="{prompt} {gold} {hint}")
    with pytest.raises(UserError, match="column chat_template_kwargs: ") as raised:
        build(model, [{**ROWS[0], "chat_template_kwargs": {"nonsense": 1}}], recipe="sft")
    assert "chat.template_kwargs" not in str(raised.value)
    with pytest.raises(UserError, match="expected a list of tools") as raised:
        build(model, [{**ROWS[0], "tools": 7}], recipe="sft")
    assert "task." not in str(raised.value)


def test_the_commit_of_a_model_in_memory_is_that_of_its_adapter(model, tmp_path):
    """As transformers below 5.20 or so says it in the config; what newer ones do not say is not guessed."""
    for name, commit in (("known", "1" * 40), ("unknown", None)):
        own = copy.deepcopy(model[0])
        own.name_or_path = own.config._name_or_path = "org/tiny"
        if commit:
            own.config._commit_hash = commit
        args = s3ft.S3FTConfig(str(tmp_path / name), recipe="sft", max_steps=1, report_to="none")
        lora = LoraConfig(target_modules="all-linear")
        made = s3ft.S3FTTrainer(own, args, train_dataset=ROWS, processing_class=model[1], peft_config=lora)
        made.save_model()
        config = json.loads((tmp_path / name / "adapter_config.json").read_text())
        assert (config["base_model_name_or_path"], config["revision"]) == ("org/tiny", commit)


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


def trainer(model, folder, rows=ROWS, **more):
    settings = {"answer_tokens": 8, "max_steps": 2, "use_cpu": True, "bf16": False, "report_to": "none"}
    args = s3ft.S3FTConfig(str(folder), **{**settings, **more.pop("settings", {})})
    return s3ft.S3FTTrainer(model[0], args, train_dataset=rows, judge=even, processing_class=model[1], **more)


def held_out(form):
    found = datasets.Dataset.from_list([{**ROWS[0], "tools": None}, *ROWS[3:6]])
    streamed = found.to_iterable_dataset()
    return {
        "list": ROWS,
        "dataset": found,
        "stream": streamed,
        "dict": {"one": found, "two": streamed},
        "dataset dict": datasets.DatasetDict({"one": found, "two": found}),
    }[form]


@pytest.mark.parametrize("form", ["list", "dataset", "stream", "dict", "dataset dict"])
def test_evaluation_rows_are_what_is_trained_on_with_the_gold(model, tmp_path, form):
    """Given at the start, to evaluate and to predict: all are the same."""
    made = trainer(model, tmp_path, eval_dataset=held_out(form), compute_metrics=lambda found: {"mine": 0.5})
    chat = open_chat(model[1], ChatConfig(), stop_ids=loading.stop_ids(model[0].generation_config))
    sets = made.eval_dataset if isinstance(made.eval_dataset, dict) else {"": made.eval_dataset}
    for rows in sets.values():
        targets = [
            chat.target(r["prompt"], chat.gold("four")) for r in (ROWS if form == "list" else held_out("dataset"))
        ]
        assert [(r["input_ids"], r["labels"]) for r in rows] == [(t.input_ids, t.labels) for t in targets]
    found, again = made.evaluate(), made.evaluate(held_out(form))
    names = {f"eval_{name}_loss" if name else "eval_loss" for name in sets}
    assert names <= found.keys()
    assert {n: again[n] for n in names} == {n: found[n] for n in names}
    assert all(found[n.replace("loss", "mine")] == 0.5 for n in names)
    if form == "list":
        assert made.predict(ROWS).metrics["test_loss"] == found["eval_loss"]


def test_the_best_model_is_chosen_by_a_metric(model, tmp_path):
    settings = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": 1}
    settings |= {"metric_for_best_model": "eval_mean_token_accuracy", "load_best_model_at_end": True}
    made = trainer(model, tmp_path, eval_dataset=ROWS, settings=settings)
    made.train()
    assert made.state.best_metric is not None
    assert (tmp_path / "checkpoint-1").is_dir()


def answers(made):
    return [r.candidates[0].completion.token_ids for r in made.s3ft_records]


@pytest.fixture
def adapted(model):
    """A model with an adapter that does something, and dropout that hides it."""
    torch.manual_seed(0)
    settings = LoraConfig(r=4, lora_dropout=0.9, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(model[0], settings), model[1]


def test_a_model_in_memory_answers_without_dropout_and_is_put_back(adapted, tmp_path):
    peft_model = adapted[0].train()
    frozen = peft_model.get_base_model().model.layers[0].eval()
    peft_model.gradient_checkpointing_enable()
    peft_model.config.use_cache = False
    modes = {name: module.training for name, module in peft_model.named_modules()}
    made, again = (trainer(adapted, tmp_path) for _ in range(2))
    assert answers(made) == answers(again)
    assert {name: module.training for name, module in peft_model.named_modules()} == modes
    assert not frozen.training
    assert peft_model.is_gradient_checkpointing
    assert peft_model.config.use_cache is False
    peft_model.eval()
    assert answers(trainer(adapted, tmp_path)) == answers(made)


def test_a_second_round_begins_from_what_the_first_one_trained(model, adapted, tmp_path):
    first = trainer(adapted, tmp_path, settings={"learning_rate": 0.1})
    first.train()
    second = trainer((first.model, model[1]), tmp_path)
    assert answers(second) != answers(first)
    assert answers(second) == answers(trainer((first.model.eval(), model[1]), tmp_path))
    assert second.train().training_loss > 0


@pytest.mark.parametrize(
    "peft_config",
    [
        LoraConfig(target_modules="all-linear", lora_dropout=0.5),
        LoraConfig(target_modules="all-linear", init_lora_weights=False),
        LoraConfig(target_modules="all-linear", init_lora_weights="pissa"),
        PromptTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=4),
    ],
    ids=["lora", "random", "pissa", "prompt tuning"],
)
def test_a_new_adapter_has_no_part_in_the_answers(model, tmp_path, peft_config):
    plain = answers(trainer(model, tmp_path))
    settings = {"gradient_checkpointing": not peft_config.is_prompt_learning}
    made = trainer(model, tmp_path, peft_config=peft_config, settings=settings)
    assert answers(made) == plain
    assert made.train().training_loss > 0


def test_experts_answer_and_train(model, tmp_path):
    """TRL asks a mixture of experts for its router's loss, whose mask has no place in generation."""
    shape = AutoConfig.for_model(
        "mixtral",
        vocab_size=len(model[1]),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=4,
    )
    made = trainer((AutoModelForCausalLM.from_config(shape), model[1]), tmp_path)
    assert made.aux_loss_enabled
    assert made.model.config.output_router_logits
    assert made.train().training_loss > 0


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
