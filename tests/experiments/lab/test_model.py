"""The committed base: an ordinary Transformers folder that can do what WORLD.md says."""

import json

import pytest
import torch

from experiments.lab import probe, tokenizer
from s3ft import lab


@pytest.fixture(scope="module")
def net():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(lab.MODEL, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def words():
    return tokenizer.load(lab.MODEL)


def test_sizes(net):
    assert (lab.MODEL / "model.safetensors").stat().st_size < 20e6
    assert 1e6 < sum(p.numel() for p in net.parameters()) < 10e6
    facts = json.loads((lab.MODEL / "pretrain.json").read_text(encoding="utf-8"))
    assert facts["parameters"] == sum(p.numel() for p in net.parameters())
    assert facts["loss_curve"][0][1] > 3 * facts["loss_curve"][-1][1]


def test_it_is_a_llama_that_ends_its_turns(net, words):
    assert type(net).__name__ == "LlamaForCausalLM"
    assert net.generation_config.eos_token_id == words.eos_token_id
    ids = words(probe.render(words, lab.load("validation")[0]["prompt"]), return_tensors="pt").input_ids
    out = net.generate(ids, do_sample=False, max_new_tokens=128)
    assert out[0, -1] == words.eos_token_id
    assert out.shape[1] < ids.shape[1] + 128


def test_partial_skill_in_its_own_style(net, words):
    rows = lab.load("validation")[:100]
    found = probe.task(net, words, rows, show=0)
    assert 0.25 < found["greedy"] < 0.65
    assert found["paraphrase_right_where_self_wrong"] > 0.4
    assert found["own_style_share_of_self"] > 0.95
    assert found["nats_per_token"]["gold"] > found["nats_per_token"]["own"] > found["nats_per_token"]["self_right"]


def test_batches_answer_as_single_prompts_do(net, words):
    prompts = [row["prompt"] for row in lab.load("reading")[:12]]
    together = probe.answers(net, words, prompts, max_tokens=24)
    assert together == probe.answers(net, words, prompts, max_tokens=24, batch=1)


def test_benchmarks_run_in_the_harness_and_agree_with_the_probe(net, words, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    results = lm_eval.simple_evaluate(
        model=HFLM(pretrained=net, tokenizer=words, batch_size=32),
        tasks=["lab_facts", "lab_misconceptions", "lab_reading", "lab_comparing"],
        task_manager=TaskManager(include_path=str(lab.BENCHMARKS), include_defaults=False),
        apply_chat_template=True,
        bootstrap_iters=0,
        limit=40,
    )["results"]
    for name in ("facts", "misconceptions"):
        ours = probe.choice(net, words, lab.load(name)[:40])
        assert results[f"lab_{name}"]["acc,none"] == pytest.approx(ours["acc"], abs=0.03)
        assert results[f"lab_{name}"]["nll,none"] == pytest.approx(ours["nats_of_right_option"], abs=0.05)
    for name in ("reading", "comparing"):
        ours = probe.generative(net, words, lab.load(name)[:40], "x")
        assert results[f"lab_{name}"]["exact_match,none"] == pytest.approx(ours["exact_match"], abs=1e-4)
