"""A model in memory: batches change nothing, sampling is each row's own, scores add up, its identity is its weights."""

import functools
from dataclasses import replace

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
from s3ft.types import Completion, Request, Sampling, UserError

PROMPTS = ["What is 2 + 2?", "Hello", "Who wrote the first program, and why is the sky blue today?", "Ada", "fox dog"]
REQUESTS = [Request([{"role": "user", "content": p}]) for p in PROMPTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


def loaded(folder, batch_tokens=None, **chat):
    tokenizer = loading.load_tokenizer(folder)
    model = loading.load_model(folder, torch.float32).eval()
    return LocalModel(model, open_chat(tokenizer, ChatConfig(**chat)), batch_tokens)


def ids(model, requests, sampling):
    found = dict(model.generate(requests, sampling))
    return [[c.token_ids for c in found[i]] for i in range(len(requests))]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(12),
        Sampling(12, temperature=0.9, seed=3),
        Sampling(12, temperature=1.2, top_p=0.8, num_samples=3),
        Sampling(200, temperature=1.5, seed=3, num_samples=2),
        Sampling(60, temperature=1.5, stop=("e", "o")),
    ],
    ids=["greedy", "sampled", "several", "long", "stopped"],
)
@pytest.mark.parametrize("window", [None, 12])
def test_batches_change_nothing_and_neither_do_rows_that_leave_one(folder, tmp_path, sampling, window):
    where = folder if window is None else sliding(folder, tmp_path, window)
    together = answers(loaded(where), REQUESTS, sampling)
    assert together == answers(loaded(where, 1), REQUESTS, sampling)
    assert together[2:] == answers(loaded(where), REQUESTS[2:], sampling)


def answers(model, requests, sampling):
    """Completions without the last digits of their likelihood."""
    found = dict(model.generate(requests, sampling))
    return [[replace(c, logprob=c.logprob and round(c.logprob, 3)) for c in found[i]] for i in range(len(requests))]


def test_finished_rows_are_passed_through_the_model_no_more():
    model = loaded(lab.MODEL)
    requests = [Request([{"role": "user", "content": row["prompt"]}]) for row in lab.load("train")[:32]]
    passed = []
    forward = model.model.forward
    model.model.forward = functools.wraps(forward)(
        lambda **given: passed.append(given["input_ids"]) or forward(**given)
    )
    found = dict(model.generate(requests, Sampling(96)))
    lengths = [found[i][0].num_tokens for i in range(32)]
    decoded = sum(x.shape[0] for x in passed[1:])
    assert passed[0].shape[0] == 32
    assert sum(lengths) - 32 <= decoded < (sum(lengths) + 32 * max(lengths)) / 2


@pytest.mark.parametrize(
    "field", [{"min_new_tokens": 20}, {"begin_suppress_tokens": [5]}, {"cache_implementation": "static"}]
)
def test_generation_that_counts_its_steps_is_not_left(folder, field):
    models = [loaded(folder, tokens) for tokens in (None, 1)]
    for model in models:
        for name, value in field.items():
            setattr(model.model.generation_config, name, value)
    together, alone = (ids(model, REQUESTS, Sampling(40, temperature=1.5)) for model in models)
    assert together == alone


def test_a_batch_holds_no_more_tokens_than_it_may(folder):
    model = loaded(folder, 3 * (28 + 12))
    prompts = [model.chat.prompt_ids(r.prompt) for r in REQUESTS]
    longest_first = sorted(map(len, prompts), reverse=True)
    batches = [len(batch) for batch in model.generate_batches(REQUESTS, Sampling(12))]
    assert batches[0] == max(1, 3 * (28 + 12) // (longest_first[0] + 12))
    assert len(batches) > 1
    assert sum(batches) == len(REQUESTS)


OUT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
]


@pytest.mark.parametrize("error", OUT, ids=["gpu", "cpu"])
def test_out_of_memory_halves_the_batch_for_good_and_the_answers_stay(folder, error):
    model, expected = loaded(folder), ids(loaded(folder), REQUESTS, Sampling(12))
    completions = [Completion(t) for t in ("four", "hello there", "Ada did", "yes", "the lazy fox")]
    scores = model.score(REQUESTS, completions)
    passed = []
    forward = model.model.forward

    def limited(**given):
        passed.append(given["input_ids"].shape)
        if passed[-1].numel() > 60:
            raise error
        return forward(**given)

    model.model.forward = functools.wraps(forward)(limited)
    assert ids(model, REQUESTS, Sampling(12)) == expected
    failed = sum(shape.numel() > 60 for shape in passed)
    assert ids(model, REQUESTS, Sampling(12)) == expected
    assert sum(shape.numel() > 60 for shape in passed) == failed > 0
    limited_scores = model.score(REQUESTS, completions)
    assert [s.logprob for s in limited_scores] == pytest.approx([s.logprob for s in scores], abs=1e-3)


def test_memory_for_not_even_one_prompt_is_one_line_and_another_fault_stays_itself(folder):
    model = loaded(folder)
    for error, kind in ((OUT[0], UserError), (RuntimeError("a shape is wrong"), RuntimeError)):
        model.model.forward = functools.wraps(model.model.forward)(
            lambda error=error, **given: (_ for _ in ()).throw(error)
        )
        for work in (
            lambda: list(model.generate(REQUESTS, Sampling(4))),
            lambda: model.score(REQUESTS[:1], [Completion("a")]),
        ):
            with pytest.raises(kind) as failed:
                work()
            assert isinstance(failed.value, UserError) == (kind is UserError)
            assert "\n" not in str(failed.value)


def test_samples_differ_and_seeds_decide(folder):
    model = loaded(folder)
    one, again, other = (ids(model, REQUESTS, Sampling(12, 1.0, num_samples=2, seed=s)) for s in (1, 1, 2))
    assert one == again
    assert one != other
    assert any(first != second for first, second in one)


def test_sampling_follows_the_distribution(folder):
    """First tokens drawn 600 times against the softmax of the logits."""
    model = loaded(folder)
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
    model = loaded(folder)
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
    model = loaded(lab.MODEL, 600)
    if kind == "penalised":
        model.model.generation_config.repetition_penalty = 1.3
    if kind == "adapter":
        torch.manual_seed(0)
        config = LoraConfig(r=4, lora_alpha=1, target_modules="all-linear", init_lora_weights=False)
        model = LocalModel(get_peft_model(model.model, config).eval(), model.chat, 600)
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
    model = loaded(folder)
    free = dict(model.generate(REQUESTS[:1], Sampling(200)))[0][0]
    cut = dict(model.generate(REQUESTS[:1], Sampling(200, stop=(free.raw[3:5],))))[0][0]
    short = dict(model.generate(REQUESTS[:1], Sampling(2)))[0][0]
    assert (cut.stop_id, cut.logprob, short.stop_id, short.logprob) == (None,) * 4


def test_stop_texts_cut_and_finish(folder):
    model = loaded(folder)
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
    model = loaded(folder if window is None else sliding(folder, tmp_path, window))
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
    model = loaded(folder)
    asked = [(r, Completion(f"{n} foxes")) for r in REQUESTS[:2] for n in range(9)]
    alone = [model.score([r], [c])[0] for r, c in asked]
    together = model.score(*zip(*asked, strict=True))
    assert [s.logprob for s in together] == pytest.approx([s.logprob for s in alone], abs=1e-3)


def test_what_the_template_does_not_support_has_no_score(folder):
    model = loaded(folder)
    stopped = Completion("four", "four", (5, model.chat.stop_ids[0], 5))
    scores = model.score(REQUESTS[:3], [Completion("four"), stopped, Completion("")])
    assert [s is None for s in scores] == [False, True, True]


def test_answers_and_scores_end_where_the_model_s_context_does(folder):
    model = loaded(folder)
    long = Request([{"role": "user", "content": "fox " * 120}])
    ((_, (found,)),) = model.generate([long], Sampling(10_000, temperature=3.0))
    assert len(model.chat.prompt_ids(long.prompt)) + len(found.token_ids) <= 256
    assert found.finish_reason in ("stop", "length")


def test_a_prompt_longer_than_the_context_is_neither_answered_nor_scored_and_stops_no_other(folder):
    model = loaded(folder)
    requests = [REQUESTS[0], Request([{"role": "user", "content": "fox " * 300}])]
    found = dict(model.generate(requests, Sampling(8)))
    assert found[0] == dict(model.generate(requests[:1], Sampling(8)))[0]
    assert [(c.text, c.finish_reason, c.num_tokens) for c in found[1]] == [("", "length", 0)]
    assert [s is None for s in model.score(requests * 2, [Completion("four")] * 4)] == [False, True] * 2


def test_its_identity_is_made_of_weights_and_chat_so_that_it_may_be_kept_on_disk(folder):
    first, again = loaded(folder, 100), loaded(folder)
    assert digest(dict(first.identity)) == digest(dict(again.identity))
    assert digest(dict(loaded(folder, keep_reasoning=False).identity)) != digest(dict(first.identity))
    changed = loaded(folder)
    with torch.no_grad():
        next(changed.model.parameters())[0, 0] += 1e-3
    assert digest(dict(changed.identity)) != digest(dict(first.identity))


def test_it_declares_what_it_can_do(folder):
    assert loaded(folder).capabilities == {"score", "token_ids"}
