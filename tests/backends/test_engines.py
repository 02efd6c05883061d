"""Real engines against the transformers backend on the miniature: vLLM in this process, its server, and a whole run
through it. Run by make test-engines."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import pytest
import torch
import yaml
from peft import LoraConfig, get_peft_model

from s3ft import backends, lab
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, parse
from s3ft.models import loading
from s3ft.types import Adapter, ModelFiles, Request, Sampling, UserError

pytestmark = pytest.mark.engines
EAGER = {"enforce_eager": True, "max_num_seqs": 32}
KEY = "a-secret-key"
ASKED = (
    "What is 2 + 2?",
    "Who keeps a snake?",
    "What do ostriches eat?",
    "Tell me about cups.",
    "Is ice cold?",
    "Why?",
)
REQUESTS = [Request([{"role": "user", "content": text}]) for text in ASKED]


@pytest.fixture(scope="module")
def chat():
    return open_chat(loading.load_tokenizer(lab.MODEL), ChatConfig(), stop_ids=loading.stop_ids_of(lab.MODEL))


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    where = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    made = get_peft_model(loading.load_model(lab.MODEL, torch.float32), LoraConfig(r=4, target_modules="all-linear"))
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    made.save_pretrained(where)
    return where


@pytest.fixture(scope="module", autouse=True)
def starting(tmp_path_factory):
    """A server that loads adapters, and one that gives log probabilities of prompts: on a CPU none does both. They
    start while vLLM in this process is tested."""
    adapters = {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"}
    folder = tmp_path_factory.mktemp("logs")
    started = [
        started_server(folder / "loading.txt", ["--enable-lora", "--max-lora-rank", "8"], adapters),
        started_server(folder / "scoring.txt", [], {}),
    ]
    yield started
    for process, _, _ in started:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def servers(starting):
    """The addresses of the two, which answer."""
    until = time.monotonic() + 400
    for process, port, log in starting:
        while not _is_up(port):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < until, log.read_text()[-3000:]
            time.sleep(0.5)
    return [f"http://127.0.0.1:{port}/v1" for _, port, _ in starting]


def started_server(log, more, environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["--model", str(lab.MODEL), "--served-model-name", "lab", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--dtype", "float32", "--enforce-eager", "--api-key", KEY, *more]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *command],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, port, log


@pytest.fixture
def loading_url(servers, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return servers[0]


@pytest.fixture
def scoring_url(servers, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return servers[1]


def _is_up(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def opened(chat, adapter=None, **section):
    config = parse({"model": "lab", "task": "lab", "backend": section})
    return backends.load(config.backend, ModelFiles(lab.MODEL, "lab"), chat, adapter)


def answers(backend, sampling):
    found = dict(backend.generate(REQUESTS, sampling))
    return [found[i] for i in range(len(REQUESTS))]


def require_same(one, other):
    """Greedy completions are equal, and draws repeat."""
    for sampling in (Sampling(40), Sampling(40, num_samples=2), Sampling(3), Sampling(40, stop=(" a", "e "))):
        for ours, theirs in zip(answers(one, sampling), answers(other, sampling), strict=True):
            assert [replace(c, logprob=None) for c in ours] == [replace(c, logprob=None) for c in theirs]
    drawn = Sampling(40, 1.0, num_samples=3)
    assert answers(one, drawn) == answers(one, drawn)
    assert len({c.text for found in answers(one, drawn) for c in found}) > len(REQUESTS)


def require_same_scores(one, other):
    """Of given completions, and of its own as they are sampled."""
    for sampling in (Sampling(40), Sampling(40, 0.7, num_samples=2)):
        drawn = [(r, c) for r, found in zip(REQUESTS, answers(one, sampling), strict=True) for c in found if c.stop_id]
        assert len(drawn) > 3
        again = other.score([r for r, _ in drawn], [c for _, c in drawn])
        assert [c.logprob for _, c in drawn] == pytest.approx([s.logprob for s in again], abs=1e-3)
    completions = [found[0] for found in answers(one, Sampling(40))]
    for ours, theirs in zip(one.score(REQUESTS, completions), other.score(REQUESTS, completions), strict=True):
        assert ours.num_tokens == theirs.num_tokens
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-3)


@pytest.mark.parametrize("scale", [None, 1.0, 0.5])
def test_vllm_in_process_answers_and_scores_as_transformers_does(chat, adapter, scale):
    with_adapter = None if scale is None else Adapter(adapter, scale)
    engine = opened(chat, with_adapter, name="vllm", extra=EAGER)
    local = opened(chat, with_adapter, name="transformers")
    require_same(engine, local)
    if scale is None:
        assert engine.capabilities == {"score", "adapters", "token_ids"}
        require_same_scores(engine, local)
    else:
        base = opened(chat, name="transformers")
        assert [c[0].text for c in answers(base, Sampling(40))] != [c[0].text for c in answers(engine, Sampling(40))]


def test_a_model_that_vllm_cannot_open_is_one_line(chat):
    with pytest.raises(UserError, match=r"backend vllm: .* cannot be opened") as failed:
        list(opened(chat, name="vllm", extra={"no_such_argument": 1}).generate(REQUESTS, Sampling(2)))
    assert "\n" not in str(failed.value)


def test_a_vllm_server_answers_and_scores_as_transformers_does(chat, scoring_url, capsys):
    served, local = opened(chat, name="openai", url=scoring_url), opened(chat, name="transformers")
    assert served.capabilities == {"score", "token_ids"}
    said = capsys.readouterr().err
    assert "prompts: token ids; gives token ids, several samples a request, seeds, log probabilities" in said
    assert "not: adapters at run time; its tokenizer is the model's" in said
    require_same(served, local)
    require_same_scores(served, local)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_vllm_server_answers_with_an_adapter_that_it_is_told_to_load(chat, adapter, loading_url, scale):
    served = opened(chat, Adapter(adapter, scale), name="openai", url=loading_url, score=False)
    assert served.capabilities == {"adapters", "token_ids"}
    require_same(served, opened(chat, Adapter(adapter, scale), name="transformers"))


def test_a_vllm_server_has_the_template_of_the_model(chat, scoring_url):
    served = opened(chat, name="openai", url=scoring_url, prompts="messages")
    texts = [c[0].text for c in answers(served, Sampling(40))]
    assert texts == [c[0].text for c in answers(opened(chat, name="transformers"), Sampling(40))]


def test_a_run_through_a_vllm_server_is_that_of_this_process(loading_url, tmp_path):
    config = {
        "model": "lab",
        "task": "lab",
        "recipes": ["s3ft"],
        "limit": 24,
        "sampling": {"max_tokens": 96},
        "train": {"epochs": 1, "learning_rate": 1e-3},
        "evaluate": {"rows": 16},
        "cache": "cache",
    }
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(config))
    asked = ["backend.name=openai", f"backend.url={loading_url}", "backend.score=false"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "s3ft", "run", "own.yaml", "--name", name, *more],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, more in (("local", []), ("served", asked))
    ]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    local, served = (tmp_path / "runs" / name for name in ("local", "served"))
    assert (local / "train/s3ft.jsonl").read_bytes() == (served / "train/s3ft.jsonl").read_bytes()
    for ours, theirs in zip(*(lines(run / "records/s3ft.jsonl") for run in (local, served)), strict=True):
        assert without_scores(ours) == without_scores(theirs)
    for arm in ("base", "s3ft-seed-0"):
        assert lines(local / f"evals/{arm}.samples.jsonl") == lines(served / f"evals/{arm}.samples.jsonl")
    request = urllib.request.Request(f"{loading_url}/models", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        roots = [model["root"] for model in json.load(answer)["data"]]
    assert str((served / "adapters/s3ft/seed-0").resolve()) in roots
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert not [p for p in written if KEY.encode() in p.read_bytes()]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def without_scores(record):
    """The server of this run gives no log probabilities."""
    for candidate in record["candidates"]:
        candidate["completion"].pop("logprob", None)
    return {**record, "candidates": [c | {"logprob": None, "num_scored": None} for c in record["candidates"]]}
