"""The default backend: its section of the config, what it declares, its identity, and answers with an adapter."""

import json

import pytest
import torch
from peft import LoraConfig, get_peft_model

import tiny
from s3ft import backends
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, parse
from s3ft.digest import digest
from s3ft.models import loading
from s3ft.types import Adapter, ModelFiles, Request, Sampling, UserError

REQUESTS = [Request([{"role": "user", "content": p}]) for p in ("What is 2 + 2?", "Hello")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    where = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    made = get_peft_model(loading.load_model(folder, torch.float32), LoraConfig(r=4, target_modules="all-linear"))
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    made.save_pretrained(where)
    return Adapter(where)


def opened(folder, mark="a", adapter=None, chat=None, **section):
    config = parse({"model": "m", "task": "lab", "backend": {"name": "transformers", "device": "cpu", **section}})
    policy = open_chat(loading.load_tokenizer(folder), ChatConfig(**(chat or {})))
    return backends.load(config.backend, ModelFiles(folder, mark), policy, adapter)


def test_identity_changes_with_what_changes_the_output(folder, adapter):
    made = {
        name: digest(dict(opened(folder, **more).identity))
        for name, more in {
            "plain": {},
            "batch": {"batch_tokens": 300},
            "weights": {"mark": "b"},
            "precision": {"dtype": "bfloat16"},
            "chat": {"chat": {"keep_reasoning": False}},
            "extra": {"extra": {"attn_implementation": "eager"}},
            "adapter": {"adapter": adapter},
            "scale": {"adapter": Adapter(adapter.folder, 0.5)},
        }.items()
    }
    assert made["plain"] == made.pop("batch")
    assert len(set(made.values())) == len(made)


def test_identity_is_json_and_needs_no_model_in_memory(folder):
    backend = opened(folder)
    assert json.loads(json.dumps(backend.identity)) == backend.identity
    assert "local" not in vars(backend)
    list(backend.generate(REQUESTS, Sampling(2)))
    assert "local" in vars(backend)


def test_it_can_do_everything_that_may_be_declared(folder):
    assert opened(folder).capabilities == {"score", "adapters", "token_ids", "in_process"}


def test_an_adapter_changes_answers_and_at_scale_zero_none(folder, adapter):
    def answers(adapter=None):
        found = dict(opened(folder, adapter=adapter).generate(REQUESTS, Sampling(12)))
        return [found[i][0].token_ids for i in range(len(REQUESTS))]

    assert answers(Adapter(adapter.folder, 0.0)) == answers()
    assert answers(adapter) != answers()


def test_a_whole_model_that_training_wrote_answers_in_the_base_s_place(folder, tmp_path):
    other = tiny.model_folder(tmp_path / "other", tiny.tokenizer(), seed=1)
    ours, theirs = (
        dict(b.generate(REQUESTS, Sampling(12))) for b in (opened(folder, adapter=Adapter(other)), opened(other))
    )
    assert ours == theirs
    with pytest.raises(UserError, match="a fully trained model has no adapter to scale"):
        opened(folder, adapter=Adapter(other, 0.5))


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"batch_size": 3}, "unknown field 'backend.batch_size': did you mean 'backend.batch_tokens'?"),
        ({"dtype": "int8"}, "field 'backend.dtype': found 'int8'"),
        ({"batch_tokens": 0}, "field 'backend.batch_tokens': found 0"),
        ({"name": "tranformers"}, "did you mean 'transformers'?"),
    ],
)
def test_its_section_of_the_config_is_its_own(section, says):
    with pytest.raises(UserError) as found:
        parse({"model": "m", "task": "lab", "backend": {"name": "transformers", **section}})
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_a_device_that_is_not_there_is_named_before_the_model_is_loaded(folder):
    with pytest.raises(UserError, match=r"backend\.device: found 'gpu'"):
        opened(folder, device="gpu")
