"""Training: what the model is given is what was checked, nothing more and nothing less, and the same every time."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

import tiny
from s3ft.chat import Chat, TemplateUnsupported, open_chat
from s3ft.config import ChatConfig, TrainConfig
from s3ft.data import records
from s3ft.digest import file_digest
from s3ft.progress import Bar
from s3ft.train import loop, sft
from s3ft.train.arm import Arm, Base
from s3ft.train.loop import train
from s3ft.train.rows import Rows, prepare
from s3ft.types import Candidate, Completion, UserError

QUICK = TrainConfig(batch_size=8, epochs=1, learning_rate=1e-2)


@pytest.fixture(scope="module")
def chat() -> Chat:
    return open_chat(tiny.tokenizer(), ChatConfig())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, chat: Chat) -> Path:
    return tiny.model_folder(tmp_path_factory.mktemp("model"), chat.tokenizer)


@pytest.fixture(scope="module")
def rows(chat: Chat) -> Rows:
    return prepare(tiny.gold_records(24), chat)


def trained(
    model: Path,
    rows: Rows,
    out: Path,
    config: TrainConfig = QUICK,
    seed: int = 0,
    steps: int | None = None,
) -> dict[str, Any]:
    arm = Arm("sft", seed, config, steps)
    return train(Base(model, torch.float32), rows, out, arm, bar=Bar("train", None, "rows"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


# Rows


def test_rows_are_the_checked_targets(chat: Chat, rows: Rows) -> None:
    found = tiny.gold_records(24)
    assert rows.keys == [r.example.id for r in found]
    assert rows.matches == {"exact": 24}
    assert rows.sources == {"gold": 24}
    on_disk = rows.dataset()
    supervised = 0
    for row, record in zip(on_disk, found, strict=True):
        target = chat.target(record.example.prompt, chat.gold(record.example.gold))
        assert (row["input_ids"], row["labels"]) == (target.input_ids, target.labels)
        supervised += sum(label != -100 for label in row["labels"])
    assert rows.num_supervised == supervised
    again = prepare((records.to_json(r) for r in found), chat)
    assert again.digest == rows.digest


def test_rows_that_are_too_long_are_left_out_and_named_and_none_is_cut(chat: Chat) -> None:
    found = tiny.gold_records(24)
    longest = max(len(chat.target(r.example.prompt, chat.gold(r.example.gold)).input_ids) for r in found)
    limited = prepare(found, chat, longest - 1)
    assert len(limited) + len(limited.dropped) == 24
    assert 0 < len(limited.dropped) < 24
    assert all(f"the limit is {longest - 1}" in reason for _, reason in limited.dropped)
    assert not {i for i, _ in limited.dropped} & set(limited.keys)
    assert all(row["input_ids"][-1] in chat.stop_ids for row in limited.dataset())
    with pytest.raises(UserError, match="no rows remain, 24 left out"):
        prepare(found, chat, 3)


def test_own_answers_keep_their_ids_and_others_lose_theirs(chat: Chat) -> None:
    letters = tuple(chat.tokenizer.encode(c, add_special_tokens=False)[0] for c in "The answer is 3.")
    own = Completion("The answer is 3.", "The answer is 3.", letters)
    for answers_prompt in (True, False):
        made = prepare([tiny.record(0, own, "mine", answers_prompt=answers_prompt)], chat).dataset()[0]
        written = [i for i in made["labels"] if i != -100][:-1]
        assert (written == list(letters)) == answers_prompt
        assert chat.decode(written) == "The answer is 3."


def test_a_row_that_the_template_does_not_support_stops_and_is_named(chat: Chat) -> None:
    losing = open_chat(
        tiny.tokenizer(tiny.CHATML.replace("m.content }}", "m.content | replace('is', '') }}")), ChatConfig()
    )
    with pytest.raises(TemplateUnsupported, match=r"row 'row-0', target from gold: .*The answer"):
        prepare(tiny.gold_records(4), losing)
    empty = tiny.record(7, Completion(" "))
    with pytest.raises(TemplateUnsupported, match=r"row 'row-7'.*empty"):
        prepare([*tiny.gold_records(2), empty], chat)
    with pytest.raises(UserError, match="no rows remain"):
        prepare([], chat)


def test_rows_without_a_target_are_named_and_rows_with_two_are_two(chat: Chat) -> None:
    none = replace(tiny.record(0, Completion("One.")), targets=[])
    two = tiny.record(1, Completion("One."), "self", answers_prompt=True)
    two = replace(
        two, candidates=[*two.candidates, Candidate("self", Completion("Two."), answers_prompt=True)], targets=[0, 1]
    )
    made = prepare([none, two], chat)
    assert made.keys == ["row-1", "row-1#1"]
    assert made.dropped == [("row-0", "no target under this recipe")]


def test_recipes_with_the_same_rows_see_them_in_the_same_steps(chat: Chat, rows: Rows) -> None:
    shorter = prepare([tiny.record(n, Completion("Short.")) for n in reversed(range(24))], chat)

    def steps(of: Rows, seed: int) -> list[list[str]]:
        order = of.order(seed, 7, 8)
        return [sorted(of.keys[i] for i in order[s : s + 8]) for s in range(0, 56, 8)]

    assert steps(rows, 0) == steps(shorter, 0)
    assert steps(rows, 0) != steps(rows, 1)
    for first in (0, 3):
        assert sorted(k for step in steps(rows, 0)[first : first + 3] for k in step) == sorted(rows.keys)


# What the model is given


def test_the_model_is_given_exactly_these_ids_and_labels(
    model: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import SFTTrainer

    given: list[tuple[list[int], list[int]]] = []
    compute = SFTTrainer.compute_loss

    def watched(self: Any, module: Any, inputs: dict[str, torch.Tensor], *rest: Any, **named: Any) -> Any:
        for ids, labels, mask in zip(inputs["input_ids"], inputs["labels"], inputs["attention_mask"], strict=True):
            assert mask.tolist() == sorted(mask.tolist(), reverse=True)
            assert set(labels[mask == 0].tolist()) <= {-100}
            given.append((ids[mask == 1].tolist(), labels[mask == 1].tolist()))
        return compute(self, module, inputs, *rest, **named)

    monkeypatch.setattr(SFTTrainer, "compute_loss", watched)
    trained(model, rows, tmp_path / "out")
    wanted = [(r["input_ids"], r["labels"]) for r in rows.dataset()]
    assert sorted(given) == sorted(wanted)


def test_the_loss_is_the_mean_over_the_supervised_tokens_of_a_step(model: Path, rows: Rows, tmp_path: Path) -> None:
    config = QUICK.model_copy(update={"lora_dropout": 0.0, "extra": {"warmup_steps": 0}})
    facts = trained(model, rows, tmp_path / "out", config)
    plain = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    order, total, count = rows.order(0, 3, 8), 0.0, 0
    for row in rows.dataset(order[:8]):
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])
        with torch.no_grad():
            logprobs = plain(input_ids=ids).logits[0].log_softmax(-1)
        where = (labels != -100).nonzero().flatten()
        total -= logprobs[where - 1, labels[where]].sum().item()
        count += len(where)
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert log[0]["loss"] == pytest.approx(total / count, rel=1e-5)
    assert [r["step"] for r in log] == [1, 2, 3]
    assert facts["final_loss"] == log[-1]["loss"]
    assert facts["supervised_tokens"] == rows.num_supervised


def test_forward_passes_of_any_size_give_the_same_losses(model: Path, rows: Rows, tmp_path: Path) -> None:
    losses = []
    for micro in (8, 2, 1):
        extra = {"per_device_train_batch_size": micro}
        config = QUICK.model_copy(update={"lora_dropout": 0.0, "extra": extra})
        trained(model, rows, tmp_path / str(micro), config)
        lines = (tmp_path / str(micro) / "log.jsonl").read_text().splitlines()
        losses.append([json.loads(line)["loss"] for line in lines])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[2] == pytest.approx(losses[0], rel=1e-4)


# The adapter


def test_the_adapter_loads_in_plain_peft_changes_the_logits_and_merges(
    model: Path, rows: Rows, chat: Chat, tmp_path: Path
) -> None:
    facts = trained(model, rows, tmp_path / "out", seed=3)
    assert facts["logit_change"] > 0
    assert facts["adapter_norm"] > 0
    assert not (tmp_path / "out.partial").exists()
    names = {p.name for p in (tmp_path / "out").iterdir()}
    of_the_tokenizer = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
    of_the_adapter = {"adapter_model.safetensors", "adapter_config.json", "README.md"}
    assert names == {*of_the_adapter, *of_the_tokenizer, "log.jsonl", "s3ft.json"}
    saved = json.loads((tmp_path / "out" / "s3ft.json").read_text())
    files = saved.pop("files")
    # A report writes into the card.
    assert files == {name: file_digest(tmp_path / "out" / name) for name in names - {"s3ft.json", "README.md"}}
    assert saved == json.loads(json.dumps(facts))
    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    prompt = torch.tensor([chat.prompt_ids([{"role": "user", "content": "What is 5 + 8?"}])])
    with torch.no_grad():
        before = base(input_ids=prompt).logits
        tuned = PeftModel.from_pretrained(base, str(tmp_path / "out")).eval()
        after = tuned(input_ids=prompt).logits
        assert (after - before).abs().max() > 1e-3
        greedy = tuned.generate(input_ids=prompt, max_new_tokens=24, do_sample=False)
        merged = tuned.merge_and_unload()
        assert torch.equal(merged.generate(input_ids=prompt, max_new_tokens=24, do_sample=False), greedy)
        torch.testing.assert_close(merged(input_ids=prompt).logits, after, rtol=1e-4, atol=1e-4)


def test_training_teaches_the_answer_and_its_end(chat: Chat, model: Path, tmp_path: Path) -> None:
    one = prepare([tiny.record(n, Completion("The answer is 42.")) for n in range(8)], chat)
    trained(model, one, tmp_path / "out", QUICK.model_copy(update={"epochs": 60, "lora_dropout": 0.0}))
    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    tuned = PeftModel.from_pretrained(base, str(tmp_path / "out")).eval()
    prompt = chat.prompt_ids(tiny.record(3, Completion("")).example.prompt)
    out = tuned.generate(
        input_ids=torch.tensor([prompt]), max_new_tokens=40, do_sample=False, eos_token_id=list(chat.stop_ids)
    )
    completion = chat.completion("", out[0, len(prompt) :].tolist(), "length")
    assert (completion.text, completion.finish_reason) == ("The answer is 42.", "stop")


def test_the_result_does_not_depend_on_what_was_trained_before(model: Path, rows: Rows, tmp_path: Path) -> None:
    trained(model, rows, tmp_path / "first", seed=1)
    torch.rand(100)
    trained(model, rows, tmp_path / "other", seed=2)
    trained(model, rows, tmp_path / "again", seed=1)
    assert same(weights(tmp_path / "first"), weights(tmp_path / "again"))
    assert not same(weights(tmp_path / "first"), weights(tmp_path / "other"))


def test_steps_are_the_caller_s_or_epochs_over_the_rows(model: Path, rows: Rows, tmp_path: Path) -> None:
    assert trained(model, rows, tmp_path / "a", QUICK.model_copy(update={"epochs": 2}))["steps"] == 6
    assert trained(model, rows, tmp_path / "b", steps=4)["steps"] == 4
    assert len((tmp_path / "b" / "log.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize("steps", [1, 2])
def test_few_steps_do_not_train_at_rate_zero(model: Path, rows: Rows, tmp_path: Path, steps: int) -> None:
    for warmup in (0.05, 1.0, 5.0):
        config = QUICK.model_copy(update={"warmup": warmup})
        facts = trained(model, rows, tmp_path / f"{warmup}", config, steps=steps)
        assert facts["logit_change"] > 0
        log = [json.loads(line) for line in (tmp_path / f"{warmup}" / "log.jsonl").read_text().splitlines()]
        assert log[-1]["learning_rate"] == QUICK.learning_rate


def test_extra_goes_to_trl_and_peft(model: Path, rows: Rows, tmp_path: Path) -> None:
    extra = {"weight_decay": 0.5, "lora": {"use_rslora": True, "target_modules": ["q_proj"]}}
    trained(model, rows, tmp_path / "out", QUICK.model_copy(update={"extra": extra}))
    saved = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (saved["use_rslora"], saved["target_modules"], saved["r"]) == (True, ["q_proj"], 8)
    assert all("q_proj" in name for name in weights(tmp_path / "out"))


def test_a_tracker_is_told_the_losses_of_the_log(model: Path, rows: Rows, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained(model, rows, tmp_path / "out", QUICK.model_copy(update={"report_to": ("tensorboard",)}))
    (events,) = (tmp_path / "out" / "runs").rglob("events.*")
    told = EventAccumulator(str(events)).Reload().Scalars("train/loss")
    logged = [json.loads(line)["loss"] for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert [t.value for t in told] == pytest.approx(logged)


def test_full_fine_tuning_writes_a_model_of_its_own(model: Path, rows: Rows, tmp_path: Path) -> None:
    config = TrainConfig(batch_size=8, epochs=1, learning_rate=1e-3, method="full", lora_rank=0)
    facts = trained(model, rows, tmp_path / "out", config)
    assert facts["logit_change"] > 0
    tuned = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    assert AutoTokenizer.from_pretrained(tmp_path / "out").chat_template == tiny.CHATML
    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).state_dict()
    assert any(not torch.equal(w, base[n]) for n, w in tuned.state_dict().items())


def test_qlora_trains_an_adapter_on_the_model_in_four_bits(model: Path, rows: Rows, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    plain = trained(model, rows, tmp_path / "lora")
    facts = trained(model, rows, tmp_path / "qlora", QUICK.model_copy(update={"method": "qlora"}))
    assert facts["logit_change"] > 0
    # The same start but for what 4 bits round away.
    assert facts["mean_loss"] != plain["mean_loss"]
    assert facts["mean_loss"] == pytest.approx(plain["mean_loss"], rel=0.05)
    assert weights(tmp_path / "qlora").keys() == weights(tmp_path / "lora").keys()
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model), tmp_path / "qlora")


def test_qlora_without_its_library_is_named(
    model: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.utils.is_bitsandbytes_available", lambda: False)
    with pytest.raises(UserError, match="pip install bitsandbytes"):
        trained(model, rows, tmp_path / "no", QUICK.model_copy(update={"method": "qlora"}))


# What goes wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lora_rank": 0}, "train.lora_rank: found 0"),
        ({"target_modules": ("nowhere",)}, "train: .*nowhere"),
        ({"extra": {"no_such_thing": 1}}, "train: .*no_such_thing"),
        ({"extra": {"lora": {"no_such_thing": 1}}}, "train.extra.lora: .*no_such_thing"),
        ({"schedule": "zigzag"}, "train: .*zigzag"),
        ({"extra": {"max_length": 16}}, "train.extra: max_length cannot be set"),
        ({"extra": {"per_device_train_batch_size": 3}}, "3 rows a forward pass x 2 passes is not train.batch_size 8"),
        ({"extra": {"learning_rate": 0.0}}, "changes no logit"),
    ],
)
def test_settings_that_cannot_work_are_named_in_one_line(
    change: dict[str, Any], message: str, model: Path, rows: Rows, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        trained(model, rows, tmp_path / "out", QUICK.model_copy(update=change))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_rows_longer_than_the_model_takes_are_named(chat: Chat, model: Path, tmp_path: Path) -> None:
    long = tiny.record(5, Completion("word " * 400))
    with pytest.raises(UserError, match=r"row 'row-5' has \d+ tokens, the model takes 256; set train.max_length: 256"):
        trained(model, prepare([*tiny.gold_records(3), long], chat), tmp_path / "out")


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(
    model: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import SFTTrainer

    compute = SFTTrainer.compute_loss
    calls = 0

    def failing(self: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        loss = compute(self, *arguments, **named)
        return loss * math.nan if calls > 3 else loss

    monkeypatch.setattr(SFTTrainer, "compute_loss", failing)
    with pytest.raises(UserError, match=r"loss is nan at step 4; .*checkpoint-3") as caught:
        trained(model, rows, tmp_path / "out", QUICK.model_copy(update={"save_seconds": 0.0}), steps=6)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    kept = tmp_path / "out.partial" / "checkpoint-3"
    assert (kept / sft.COMPLETE).is_file()
    assert all(torch.isfinite(w).all() for w in weights(kept).values())


def test_checkpoints_whose_setting_is_gone_are_not_thrown_away_without_a_word(tmp_path, capsys):
    (tmp_path / "seed-0.partial" / "checkpoint-3").mkdir(parents=True)
    partial = loop._opened(tmp_path / "seed-0", "made of this")
    assert not (partial / "checkpoint-3").exists()
    said = capsys.readouterr()
    assert "setting.json: missing; the training begins anew" in (said.out + said.err).replace("\n", "")
