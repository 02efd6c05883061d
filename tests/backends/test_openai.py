"""The backend for servers, against a real one on loopback: what it finds out, what it asks, and that nothing is lost
however the server fails."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tiny
from s3ft import backends
from s3ft.backends import server_probe
from s3ft.backends.cache import Cached, Store
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, parse
from s3ft.data import records
from s3ft.models import loading
from s3ft.pipeline import build_records
from s3ft.types import Adapter, Example, ModelFiles, Request, Rung, Sampling, UserError, Verdict
from served import ALL, FAULTS, Served, answered

pytest.importorskip("openai")
REQUESTS = [Request([{"role": "user", "content": f"What is {n} + {n + 2}?"}]) for n in range(8)]
EXAMPLES = [
    Example(
        f"row-{n}", [{"role": "user", "content": f"What is {n} + {n + 3}?"}], f"The answer is {2 * n + 3}.", 2 * n + 3
    )
    for n in range(9)
]
LADDER = (Rung("self", 2, 1.0), Rung("paraphrase"), Rung("gold"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


@pytest.fixture(scope="module")
def chat(folder):
    return open_chat(loading.load_tokenizer(folder), ChatConfig())


@pytest.fixture
def server(chat):
    made = []

    def start(*without, port=0):
        made.append(Served(chat, ALL - set(without), port))
        return made[-1]

    yield start
    for one in made:
        one.gone()


@pytest.fixture
def opened(folder, chat):
    return lambda server, **more: at(folder, chat, **{"url": server.url, **more})


def at(folder, chat, url, adapter=None, **section):
    asked = {"name": "openai", "url": url, "retries": 2, **section}
    config = parse({"model": "m", "task": "lab", "backend": asked})
    return backends.load(config.backend, ModelFiles(folder, "mark"), chat, adapter)


def judge(examples, completions):
    return [Verdict(c.text.rstrip(". ").endswith(str(e.reference))) for e, c in zip(examples, completions, strict=True)]


def built(backend, store, chat):
    made = build_records(EXAMPLES, {"mine": LADDER}, Cached(backend, store), judge, chat)
    return [json.dumps(records.to_json(r)) for _, found in made for r in found]


def first_texts(backend, sampling):
    found = dict(backend.generate(REQUESTS, sampling))
    return [[c.text for c in found[i]] for i in range(len(REQUESTS))]


# What a server gives


@pytest.mark.parametrize(
    ("without", "capabilities", "says"),
    [
        (
            (),
            {"score", "adapters", "token_ids"},
            "prompts: token ids; gives token ids, several samples a request, seeds, log",
        ),
        (("vllm",), {"score", "adapters"}, "not: token ids; its tokenizer is the model's"),
        (("logprobs", "adapters"), {"token_ids"}, "not: log probabilities, adapters at run time"),
        (("n", "seed"), {"score", "adapters", "token_ids"}, "not: several samples a request, seeds"),
        (("tokenize",), {"score", "adapters", "token_ids"}, "its tokenizer could not be compared with the model's"),
        (("token_ids",), {"adapters"}, "prompts: messages only; gives several samples"),
        (("token_ids", "tokenize"), {"adapters"}, "its chat template could not be compared with the model's"),
        (tuple(ALL - {"models"}), set(), "prompts: messages only; gives text alone"),
    ],
)
def test_what_the_server_gives_is_found_out_and_said_once(server, opened, capsys, without, capabilities, says):
    one = server(*without)
    assert opened(one).capabilities == capabilities
    assert opened(one).capabilities == capabilities
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    greedy, drawn = (first_texts(opened(one), Sampling(64, t, num_samples=2)) for t in (0.0, 1.0))
    assert greedy == [[answered(r.prompt[0]["content"], 0)] * 2 for r in REQUESTS]
    assert all(len(two) == 2 for two in drawn)


def test_prompts_are_the_very_ids_of_training_and_draws_are_the_prompt_s_own(server, opened, chat):
    one = server()
    backend = opened(one)
    found = dict(backend.generate(REQUESTS, Sampling(64, 1.0, 0.9, num_samples=2, seed=3, stop=("9",))))
    asked = {tuple(b["prompt"]): b for b in one.asked if b.get("stop") == ["9"]}
    assert asked.keys() == {tuple(chat.prompt_ids(r.prompt)) for r in REQUESTS}
    assert len({b["seed"] for b in asked.values()}) == len(REQUESTS)
    for body in asked.values():
        assert body["stop_token_ids"] == list(chat.stop_ids)
        assert (body["n"], body["top_p"], body["temperature"], body["max_tokens"]) == (2, 0.9, 1.0, 64)
    assert all(c.token_ids is not None and "9" not in c.raw for two in found.values() for c in two)
    assert dict(opened(one).generate(REQUESTS, Sampling(64, 1.0, 0.9, num_samples=2, seed=3, stop=("9",)))) == found
    cut = dict(backend.generate(REQUESTS, Sampling(3)))
    assert {c.finish_reason for two in cut.values() for c in two} == {"length"}


def test_scores_are_those_of_completion_and_end_of_turn(server, opened, chat):
    one = server()
    backend = opened(one)
    completions = [found[0] for _, found in sorted(backend.generate(REQUESTS, Sampling(64)))]
    for request, completion, score in zip(REQUESTS, completions, backend.score(REQUESTS, completions), strict=True):
        target = chat.target(request.prompt, completion)
        ids = target.input_ids[target.num_prompt :]
        assert score.num_tokens == len(ids)
        assert score.logprob == pytest.approx(sum(-(i % 7.0) for i in ids))


@pytest.mark.parametrize(("without", "is_known"), [((), True), (("raw logprobs",), False), (("logprobs",), False)])
def test_the_likelihood_of_what_was_sampled_comes_along_if_it_is_the_model_s_own(server, opened, without, is_known):
    backend = opened(server(*without))
    for _, found in backend.generate(REQUESTS, Sampling(64, 0.7, num_samples=2)):
        for completion in found:
            ids = [*completion.token_ids, completion.stop_id]
            assert completion.logprob == (pytest.approx(sum(-(i % 7.0) for i in ids)) if is_known else None)


def test_an_adapter_is_loaded_once_by_the_folder_at_its_scale_and_answers(server, opened, tmp_path):
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 16, "alpha_pattern": {"q": 8}}))
    one = server()
    for scale in (1.0, 1.0, 0.5):
        texts = first_texts(opened(one, adapter=Adapter(tmp_path, scale)), Sampling(64))
        assert texts[0] == ["adapted: " + answered(REQUESTS[0].prompt[0]["content"], 0)]
    whole, half = one.loaded
    assert whole["lora_path"] == str(tmp_path)
    scaled = json.loads(Path(half["lora_path"], "adapter_config.json").read_text())
    assert (scaled["lora_alpha"], scaled["alpha_pattern"]) == (8, {"q": 4})


def test_what_is_kept_needs_no_server(server, opened, chat, tmp_path):
    one = server()
    store = Store(tmp_path / "c.sqlite")
    first = dict(Cached(opened(one), store).generate(REQUESTS, Sampling(64)))
    section = {"url": "http://127.0.0.1:9/v1", "timeout": 5, "concurrency": 3}
    assert dict(Cached(opened(one, **section), store).generate(REQUESTS, Sampling(64))) == first


# Nothing lost


@pytest.fixture
def undisturbed(server, opened, chat, tmp_path):
    made = built(opened(server()), Store(tmp_path / "undisturbed.sqlite"), chat)
    sources = {json.loads(r)["candidates"][-1]["source"] for r in made}
    assert sources == {"self", "paraphrase"}
    return made


def test_faults_that_pass_change_no_record(server, opened, chat, tmp_path, undisturbed):
    one = server()
    backend = opened(one, timeout=1)
    assert backend.capabilities
    one.faults = FAULTS
    assert built(backend, Store(tmp_path / "c.sqlite"), chat) == undisturbed
    assert len(one.hit) > 2 * len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_one_line_and_repeating_goes_on(server, opened, chat, tmp_path, undisturbed, fault):
    one = server()
    section = {"timeout": 0.5, "retries": 1, "concurrency": 2}
    store = Store(tmp_path / "c.sqlite")
    generating = Cached(opened(one, **section), store).generate(asked_by_self(), drawn())
    for _ in range(4):
        next(generating)
    one.faults, one.always = (fault,), True
    with pytest.raises(UserError, match="repeat the command") as failed:
        list(generating)
    assert "\n" not in str(failed.value)
    one.faults = ()
    before = len(one.asked)
    assert built(opened(one), store, chat) == undisturbed
    assert sum(b["temperature"] == 1.0 and b["max_tokens"] > 8 for b in one.asked[before:]) <= len(EXAMPLES) - 4


def asked_by_self():
    return [Request(e.prompt) for e in EXAMPLES]


def drawn():
    return Sampling(temperature=1.0, num_samples=2)


def test_a_server_that_goes_mid_run_is_one_line_and_another_one_goes_on(server, opened, chat, tmp_path, undisturbed):
    store = Store(tmp_path / "c.sqlite")
    one = server()
    one.delay = 0.05
    generating = Cached(opened(one, retries=1, concurrency=2), store).generate(asked_by_self(), drawn())
    given = [next(generating) for _ in range(3)]
    one.gone()
    with pytest.raises(UserError, match=r"server http://127.*: cannot be reached \(.*; start it, or correct"):
        given.extend(generating)
    other = server()
    assert built(opened(other), store, chat) == undisturbed
    plain = {tuple(chat.prompt_ids(r.prompt)) for r in asked_by_self()}
    again = [b for b in other.asked if tuple(b["prompt"]) in plain and b["temperature"] == 1.0]
    assert len(again) == len(EXAMPLES) - len(given)


def test_a_full_disk_is_one_line_and_repeating_goes_on(server, opened, chat, tmp_path, undisturbed):
    store = Store(tmp_path / "c.sqlite")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages}")
    one = server()
    with pytest.raises(UserError, match=r"cache .*full; free some space"):
        built(opened(one), store, chat)
    assert built(opened(one), Store(tmp_path / "c.sqlite"), chat) == undisturbed


KILLED = """
import sys
from pathlib import Path

from backends.test_openai import at, built
from s3ft.backends.cache import Store
from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.models import loading

folder, url, path = sys.argv[1:]
chat = open_chat(loading.load_tokenizer(Path(folder)), ChatConfig())
built(at(Path(folder), chat, url, concurrency=2), Store(Path(path)), chat)
"""


def test_kill_9_loses_nothing_that_was_answered(server, opened, folder, chat, tmp_path, undisturbed):
    one = server()
    one.delay, one.key = 0.1, "a-secret-key"
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), one.url, str(tmp_path / "c.sqlite")],
        env={**os.environ, "OPENAI_API_KEY": one.key, "PYTHONPATH": os.pathsep.join(["tests", *sys.path])},
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while sum(b["max_tokens"] > 8 for b in one.asked) < 6:
        assert killed.poll() is None, killed.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    _, stderr = killed.communicate()
    assert not [p for p in tmp_path.iterdir() if one.key.encode() in p.read_bytes()]
    assert one.key not in stderr
    other = server()
    store = Store(tmp_path / "c.sqlite")
    assert built(opened(other), store, chat) == undisturbed
    again = sum(b["max_tokens"] > 8 and b["temperature"] == 1.0 for b in other.asked)
    # Of six, two were under way, and one may have been on its way into the cache.
    assert again <= len(EXAMPLES) - 3


# What is wrong is one line, before any row is spent


def said(opened, server, **section):
    with pytest.raises(UserError) as failed:
        assert opened(server, **section).capabilities
    assert "\n" not in str(failed.value)
    return str(failed.value)


def test_a_wrong_key_is_one_line_without_the_key(server, opened, monkeypatch):
    one = server()
    one.key = "right"
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "found no key in the environment variable OPENAI_API_KEY" in said(opened, one)
    monkeypatch.setenv("MINE", "wrong-secret")
    line = said(opened, one, api_key_env="MINE")
    assert "rejects the request (401), found its key in the environment variable MINE" in line
    assert "wrong-secret" not in line
    monkeypatch.setenv("MINE", "right")
    backend = opened(one, api_key_env="MINE")
    assert backend.capabilities
    assert "right" not in json.dumps(backend.identity)


def test_a_server_that_cannot_be_used_is_named_before_any_gold_is_judged(server, opened, chat, tmp_path, monkeypatch):
    one = server()
    one.key = "right"
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    judged = []
    store = Store(tmp_path / "c.sqlite")
    with pytest.raises(UserError, match="found no key in the environment"):
        list(build_records(EXAMPLES, LADDER, Cached(opened(one), store), lambda e, c: judged.append(e), chat))
    assert not judged


def test_a_server_that_is_not_there_is_one_line(server, opened):
    one = server()
    line = said(opened, one, url="http://127.0.0.1:9/v1", retries=0)
    assert line.startswith("server http://127.0.0.1:9/v1: cannot be reached (")
    line = said(opened, one, url=one.url.removesuffix("/v1") + "/other", model="m")
    assert "backend.url ends in /v1" in line


def test_a_model_that_is_not_served_is_one_line_with_those_that_are(server, opened):
    assert "with the model 'n'; it lists m" in said(opened, server(), model="n")
    one = server()
    one.loaded.append({"lora_name": "an adapter"})
    assert opened(one).capabilities
    two = server("models")
    assert "found the models none; name one as backend.model" in said(opened, two)
    assert opened(two, model="m").capabilities


def test_another_model_than_the_one_that_is_trained_is_one_line(opened, server, folder, tmp_path):
    other = open_chat(tiny.tokenizer(kind="sentencepiece"), ChatConfig())
    one = server()
    one.chat = other
    assert "its tokenizer is not that of the model that is trained" in said(opened, one)
    two = server()
    two.chat = open_chat(tiny.tokenizer(tiny.TRIMMING), ChatConfig())
    assert "its chat template is not that of the model that is trained" in said(opened, two, prompts="messages")
    three = server()
    three.entry = {"root": str(tiny.model_folder(tmp_path / "other", tiny.tokenizer(), seed=1))}
    assert "whose weights are not those of the model that is trained" in said(opened, three)
    assert opened(three, same_weights=False).capabilities
    four = server()
    four.entry = {"root": str(folder)}
    assert opened(four).capabilities


def test_a_prompt_for_which_only_the_server_lacks_room_is_one_line_before_any_row(server, opened):
    one = server()
    one.entry = {"max_model_len": 20}
    backend = opened(one)
    assert backend.capabilities
    before = len(one.asked)
    with pytest.raises(UserError, match=r"takes 20 tokens, and a prompt has \d+; start it with the model's whole"):
        list(backend.generate([*REQUESTS, Request([{"role": "user", "content": "long " * 40}])], Sampling(64)))
    assert len(one.asked) == before
    two = server()
    found = dict(opened(two).generate([*REQUESTS, Request([{"role": "user", "content": "long " * 400}])], Sampling(64)))
    assert found[len(REQUESTS)][0].finish_reason == "length"
    assert found[0][0].finish_reason == "stop"


def test_a_server_is_not_asked_for_scores_that_are_not_wanted(server, opened):
    one = server()
    assert opened(one, score=False).capabilities == {"adapters", "token_ids"}
    assert not [b for b in one.asked if b.get("echo")]


def test_prompts_must_be_ids_if_the_config_says_so(server, opened):
    assert "backend.prompts is token_ids" in said(opened, server("token_ids"), prompts="token_ids")
    one = server()
    assert "token_ids" not in opened(one, prompts="messages").capabilities
    assert all("messages" in b for b in one.asked)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({}, "field 'backend.url' is missing"),
        ({"url": "localhost:8000"}, "backend.url: found 'localhost:8000', expected such as http://localhost:8000/v1"),
        ({"url": "http://me:secret@host/v1"}, "found a user or password in it"),
        ({"url": "http://h/v1", "api_key": "secret"}, "did you mean 'backend.api_key_env'?"),
        ({"url": "http://h/v1", "concurency": 3}, "did you mean 'backend.concurrency'?"),
    ],
)
def test_its_section_of_the_config_is_its_own(section, says):
    with pytest.raises(UserError) as failed:
        parse({"model": "m", "task": "lab", "backend": {"name": "openai", **section}})
    assert says in str(failed.value)
    assert "secret" not in str(failed.value)


def test_a_finished_probe_is_not_repeated(server, opened):
    server_probe.look.cache_clear()
    one = server()
    for _ in range(3):
        assert opened(one).capabilities
    assert server_probe.look.cache_info().misses == 1
