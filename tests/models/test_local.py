"""A model in memory: batches change nothing, sampling is each row's own, scores add up, its identity is its weights."""

import functools

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, MistralConfig, MistralForCausalLM

import tiny
from s3ft import lab
from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.digest import digest
from s3ft.models import loading
from s3ft.models.local import LocalModel
from s3ft.types import Completion, Request, Sampling

PROMPTS = ["What is 2 + 2?", "Hello", "Who wrote the first program, and why is the sky blue today?", "Ada", "fox dog"]
REQUESTS = [Request([{"role": "user", "content": p}]) for p in PROMPTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


def loaded(folder, batch_size, **chat):
    tokenizer = loading.load_tokenizer(folder)
    model = loading.load_model(folder, torch.float32).eval()
    return LocalModel(model, open_chat(tokenizer, ChatConfig(**chat)), batch_size)


def ids(model, requests, sampling):
    found = dict(model.generate(requests, sampling))
    return [[c.token_ids for c in found[i]] for i in range(len(requests))]


@pytest.mark.parametrize(
    "sampling",
    [Sampling(12), Sampling(12, temperature=0.9, seed=3), Sampling(12, temperature=1.2, top_p=0.8, num_samples=3)],
    ids=["greedy", "sampled", "several"],
)
def test_batches_change_nothing(folder, sampling):
    together = ids(loaded(folder, 16), REQUESTS, sampling)
    assert together == ids(loaded(folder, 1), REQUESTS, sampling)
    assert together[2:] == ids(loaded(folder, 16), REQUESTS[2:], sampling)


def test_samples_differ_and_seeds_decide(folder):
    model = loaded(folder, 8)
    one, again, other = (ids(model, REQUESTS, Sampling(12, 1.0, num_samples=2, seed=s)) for s in (1, 1, 2))
    assert one == again
    assert one != other
    assert any(first != second for first, second in one)


def test_sampling_follows_the_distribution(folder):
    """First tokens drawn 600 times against the softmax of the logits."""
    model = loaded(folder, 200)
    request = REQUESTS[:1]
    rounds = [ids(model, request, Sampling(1, 1.0, num_samples=200, seed=s))[0] for s in range(3)]
    drawn = [row[0] if row else model.chat.stop_ids[0] for rows in rounds for row in rows]
    prompt = torch.tensor([model.chat.prompt_ids(request[0].prompt)])
    expected = model.model(prompt).logits[0, -1].detach().softmax(-1)
    top = int(expected.argmax())
    share = sum(t == top for t in drawn) / len(drawn)
    spread = (float(expected[top]) * (1 - float(expected[top])) / len(drawn)) ** 0.5
    assert abs(share - float(expected[top])) < 5 * spread


def test_scores_are_sums_over_completion_and_end(folder):
    model = loaded(folder, 4)
    completions = [Completion(t, raw=t) for t in ("four", "hello there", "Ada did", "yes", "the lazy fox")]
    scores = model.score(REQUESTS, completions)
    for request, completion, score in zip(REQUESTS, completions, scores, strict=True):
        target = model.chat.target(request.prompt, completion)
        logprobs = model.model(torch.tensor([target.input_ids])).logits[0].detach().log_softmax(-1)
        places = range(target.num_prompt, len(target.input_ids))
        by_hand = sum(float(logprobs[i - 1, target.input_ids[i]]) for i in places)
        assert score.logprob == pytest.approx(by_hand, abs=1e-3)
        assert score.num_tokens == len(places)


ANSWERS = [Sampling(96), Sampling(96, temperature=0.9, seed=3), Sampling(96, 1.2, top_p=0.8, num_samples=3)]


@pytest.mark.parametrize("sampling", ANSWERS, ids=["greedy", "sampled", "several"])
@pytest.mark.parametrize("kind", ["plain", "penalised", "adapter"])
def test_generation_gives_the_likelihood_that_a_pass_over_the_answer_gives(sampling, kind):
    """Whatever the model's own generation config does to the logits, and in an adapter too."""
    model = loaded(lab.MODEL, 4)
    if kind == "penalised":
        model.model.generation_config.repetition_penalty = 1.3
    if kind == "adapter":
        torch.manual_seed(0)
        config = LoraConfig(r=4, lora_alpha=1, target_modules="all-linear", init_lora_weights=False)
        model = LocalModel(get_peft_model(model.model, config).eval(), model.chat, 4)
    requests = [Request([{"role": "user", "content": row["prompt"]}]) for row in lab.load("train")[:6]]
    found = dict(model.generate(requests, sampling))
    drawn = [(requests[i], c) for i in found for c in found[i]]
    ended = [(r, c) for r, c in drawn if c.stop_id is not None]
    assert all((c.logprob is None) == (c.stop_id is None) for _, c in drawn)
    same = [(c, s) for (_, c), s in zip(ended, model.score(*zip(*ended, strict=True)), strict=True) if s]
    assert len(same) >= 3
    for completion, score in same:
        assert completion.logprob == pytest.approx(score.logprob, abs=1e-4)
        assert len(completion.token_ids) + 1 == score.num_tokens


def test_the_likelihood_of_what_was_cut_is_not_known(folder):
    model = loaded(folder, 4)
    free = dict(model.generate(REQUESTS[:1], Sampling(200)))[0][0]
    cut = dict(model.generate(REQUESTS[:1], Sampling(200, stop=(free.raw[3:5],))))[0][0]
    short = dict(model.generate(REQUESTS[:1], Sampling(2)))[0][0]
    assert (cut.stop_id, cut.logprob, short.stop_id, short.logprob) == (None,) * 4


def test_stop_texts_cut_and_finish(folder):
    model = loaded(folder, 4)
    free = dict(model.generate(REQUESTS[:1], Sampling(12)))[0][0]
    cut = dict(model.generate(REQUESTS[:1], Sampling(12, stop=(free.raw[3:5],))))[0][0]
    assert cut.finish_reason == "stop"
    assert cut.text == free.raw[: free.raw.index(free.raw[3:5])]


def sliding(folder, tmp_path, window):
    """A model of the same shape that attends to the last `window` tokens only."""
    config = MistralConfig(
        **{k: getattr(LlamaConfig.from_pretrained(folder), k) for k in ("vocab_size", "hidden_size", "eos_token_id")},
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=window,
        initializer_range=0.1,
    )
    MistralForCausalLM(config).save_pretrained(tmp_path / "sliding")
    loading.load_tokenizer(folder).save_pretrained(tmp_path / "sliding")
    return tmp_path / "sliding"


@pytest.mark.parametrize("window", [None, 12])
def test_a_prompt_that_completions_share_is_passed_through_once_and_their_scores_stay(folder, tmp_path, window):
    model = loaded(folder if window is None else sliding(folder, tmp_path, window), 4)
    texts = ("four", "hello there", "the lazy fox jumps", "yes")
    asked = [(r, Completion(t)) for r, n in zip(REQUESTS, (2, 1, 4, 3, 2), strict=True) for t in texts[:n]]
    passed = []
    forward = model.model.forward
    model.model.forward = functools.wraps(forward)(
        lambda **given: passed.append(given["input_ids"]) or forward(**given)
    )
    together = model.score(*zip(*asked, strict=True))
    assert (
        sum(x.shape[0] for x in passed) == 4 + 11 + 1
    )  # prompts that are shared, their completions, and the one alone
    alone = [model.score([r], [c])[0] for r, c in asked]
    assert [s.num_tokens for s in together] == [s.num_tokens for s in alone]
    assert [s.logprob for s in together] == pytest.approx([s.logprob for s in alone], abs=1e-3)


def test_many_completions_of_a_prompt_are_scored_in_parts(folder, monkeypatch):
    monkeypatch.setattr("s3ft.models.local.SCORED_TOKENS", 100)
    model = loaded(folder, 4)
    asked = [(r, Completion(f"{n} foxes")) for r in REQUESTS[:2] for n in range(9)]
    alone = [model.score([r], [c])[0] for r, c in asked]
    together = model.score(*zip(*asked, strict=True))
    assert [s.logprob for s in together] == pytest.approx([s.logprob for s in alone], abs=1e-3)


def test_what_the_template_does_not_support_has_no_score(folder):
    model = loaded(folder, 4)
    stopped = Completion("four", "four", (5, model.chat.stop_ids[0], 5))
    scores = model.score(REQUESTS[:3], [Completion("four"), stopped, Completion("")])
    assert [s is None for s in scores] == [False, True, True]


def test_answers_and_scores_end_where_the_model_s_context_does(folder):
    model = loaded(folder, 4)
    long = Request([{"role": "user", "content": "fox " * 120}])
    ((_, (found,)),) = model.generate([long], Sampling(10_000, temperature=3.0))
    assert len(model.chat.prompt_ids(long.prompt)) + len(found.token_ids) <= 256
    assert found.finish_reason in ("stop", "length")


def test_a_prompt_longer_than_the_context_is_neither_answered_nor_scored_and_stops_no_other(folder):
    model = loaded(folder, 4)
    requests = [REQUESTS[0], Request([{"role": "user", "content": "fox " * 300}])]
    found = dict(model.generate(requests, Sampling(8)))
    assert found[0] == dict(model.generate(requests[:1], Sampling(8)))[0]
    assert [(c.text, c.finish_reason, c.num_tokens) for c in found[1]] == [("", "length", 0)]
    assert [s is None for s in model.score(requests * 2, [Completion("four")] * 4)] == [False, True] * 2


def test_its_identity_is_made_of_weights_and_chat_so_that_it_may_be_kept_on_disk(folder):
    first, again = loaded(folder, 4), loaded(folder, 16)
    assert digest(dict(first.identity)) == digest(dict(again.identity))
    assert digest(dict(loaded(folder, 4, keep_reasoning=False).identity)) != digest(dict(first.identity))
    changed = loaded(folder, 4)
    with torch.no_grad():
        next(changed.model.parameters())[0, 0] += 1e-3
    assert digest(dict(changed.identity)) != digest(dict(first.identity))


def test_it_declares_what_it_can_do(folder):
    assert loaded(folder, 4).capabilities == {"score", "token_ids"}
