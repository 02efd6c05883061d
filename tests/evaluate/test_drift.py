"""Drift on a tiny random model: held against the whole distribution, and nothing between a model and itself."""

import pytest
import torch

import tiny
from s3ft import backends, config
from s3ft.backends import cache
from s3ft.chat import open_chat
from s3ft.evaluate import drift, general
from s3ft.models.local import LocalModel
from s3ft.types import Completion, ModelFiles, Request, Sampling

PROMPTS = ["What is half of 17 + 25?", "Hello", "Who wrote the first program, and when? I add the two numbers."]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two models that differ, one chat."""
    found = []
    made = config.parse({"model": "lab", "task": "lab"})
    for seed in (0, 1):
        folder = tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer(), seed)
        chat = open_chat(tiny.tokenizer(), made.chat)
        found.append(backends.load(made.backend, ModelFiles(folder, str(seed)), chat).local)
    with torch.no_grad():  # the second is near the first, as a tuned model is
        for ours, theirs in zip(found[1].model.parameters(), found[0].model.parameters(), strict=True):
            ours.copy_(0.9 * theirs + 0.1 * ours)
    return found


def asked(texts):
    return [(str(n), Request([{"role": "user", "content": t}])) for n, t in enumerate(texts)]


def answered(local: LocalModel, rows, tokens=12):
    completions = [Completion("")] * len(rows)
    for index, drawn in local.generate([r for _, r in rows], Sampling(max_tokens=tokens)):
        completions[index] = drawn[0]
    return drift.answers(local, "task", rows, completions)


def whole_divergence(base, tuned, answer):
    """KL over the whole vocabulary, a mean over the answer's tokens."""
    ids = torch.tensor([answer.ids])
    with torch.inference_mode():
        p, q = (m.model(ids).logits[0, answer.num_prompt - 1 : -1].double().log_softmax(-1) for m in (base, tuned))
    return float((p.exp() * (p - q)).sum(-1).mean())


def test_a_model_does_not_drift_from_itself_whatever_the_batches(models):
    base = models[0]
    found = drift.measure(base, drift.reference(base, answered(base, asked(PROMPTS))), batch_tokens=1)
    assert [s["id"] for s in found] == ["0", "1", "2"]
    assert all(s["kl"] < 1e-6 and s["same"] for s in found)
    assert [s["nll"] for s in found] == pytest.approx([s["nll_base"] for s in found], abs=1e-5)


def test_the_divergence_is_that_of_the_whole_distribution_or_just_below(models, monkeypatch):
    base, tuned = models
    rows = answered(base, asked(PROMPTS))
    for kept, least in ((10_000, 0.999), (64, 0.2)):
        monkeypatch.setattr(drift, "KEPT", kept)
        found = drift.measure(tuned, drift.reference(base, rows))
        for sample, answer in zip(found, rows, strict=True):
            whole = whole_divergence(base, tuned, answer)
            assert whole > 0.001
            assert least * whole <= sample["kl"] <= 1.001 * whole
            assert sample["nll"] != pytest.approx(sample["nll_base"], abs=1e-4)


def test_greedy_answers_are_those_that_the_model_would_write_again(models):
    base, tuned = models
    rows = asked(PROMPTS)
    ours, theirs = answered(base, rows), answered(tuned, rows)
    found = drift.measure(tuned, drift.reference(base, ours))
    assert [s["same"] for s in found] == [a.ids == b.ids for a, b in zip(ours, theirs, strict=True)]


def test_only_what_the_base_wrote_is_read_and_at_most_so_much_of_it(models):
    base = models[0]
    rows = asked(["a", "b", "c", "d"])
    ids = tuple(range(5, 305))
    completions = [
        Completion("short", "short", (5, 6), "length"),
        Completion("long", "long", ids, "length"),
        Completion("", "", (), "stop"),
        Completion("failed", finish_reason="error"),
    ]
    found = drift.answers(base, "task", rows, completions)
    assert [(a.id, len(a.ids) - a.num_prompt) for a in found] == [("0", 2), ("1", drift.LONGEST)]


def test_an_answer_that_ended_is_read_with_its_end_of_turn(models):
    base = models[0]
    end = base.chat.tokenizer.convert_tokens_to_ids("<|im_end|>")
    (found,) = drift.answers(base, "task", asked(["Hello"]), [Completion("21", "21", (5, 6), "stop", stop_id=end)])
    assert found.ids[found.num_prompt :] == [5, 6, end]


def test_prompts_off_the_task_are_the_benchmarks_own_or_general_ones(tmp_path):
    store = cache.Store(tmp_path / "kept.sqlite")
    without = config.EvaluateConfig(drift_rows=7)
    assert general.prompts(without, store) == [(f"general/{n}", general.GENERAL[n]) for n in range(7)]
    given = config.EvaluateConfig(include="lab", benchmarks=["lab_facts", "lab_reading"], drift_rows=6)
    found = general.prompts(given, store)
    assert [id for id, _ in found] == [f"{n}/{n}/{i}" for n in ("lab_facts", "lab_reading") for i in range(3)]
    assert all(text.strip() for _, text in found)
    assert general.prompts(given, store) == found
