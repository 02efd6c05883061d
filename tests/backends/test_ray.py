"""The backend for Ray: two workers on this machine, one killed (make test-engines); what needs no Ray, always."""

import importlib.util
import os
import signal
import time

import pytest

from s3ft import backends, lab
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, parse
from s3ft.models import loading
from s3ft.types import ModelFiles, Request, Sampling, UserError

REQUESTS = [Request([{"role": "user", "content": row["prompt"]}]) for row in lab.load("train")[:48]]

SLOW = """
import os, time
from pathlib import Path
from s3ft.backends import transformers

class backend(transformers.backend):
    '''Says which process answers, and takes its time.'''

    class Config(transformers.backend.Config):
        '''The folder where it says so.'''
        folder: str

    def generate(self, requests, sampling):
        where = Path(self._config.folder)
        (where / str(os.getpid())).touch()
        while (where / "deadly").exists() and len(requests) > 4:
            os.kill(os.getpid(), 9)
        time.sleep(0.5)
        yield from super().generate(requests, sampling)
"""


def opened(**section):
    chat = open_chat(loading.load_tokenizer(lab.MODEL), ChatConfig(), stop_ids=loading.stop_ids_of(lab.MODEL))
    config = parse({"model": "lab", "task": "lab", "backend": section}).backend
    return backends.load(config, ModelFiles(lab.MODEL, "lab"), chat)


def answers(backend, sampling):
    found = dict(backend.generate(REQUESTS, sampling))
    return [[(c.text, c.token_ids) for c in found[i]] for i in range(len(REQUESTS))]


@pytest.fixture
def slow(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "workers").mkdir()
    worker = {"name": str(tmp_path / "slow.py"), "folder": str(tmp_path / "workers")}
    return {"name": "ray", "address": "local", "worker": worker, "workers": 2, "rows": 6}


@pytest.mark.engines
def test_two_workers_answer_and_score_as_one_process_does_and_one_that_is_killed_costs_nothing(slow, tmp_path, capsys):
    plain, cluster = opened(name="transformers"), opened(**slow)
    assert cluster.capabilities == plain.capabilities - {"in_process"}
    assert cluster.identity == plain.identity
    sampling = Sampling(24, 0.8, num_samples=2)
    expected = answers(plain, sampling)
    assert answers(cluster, sampling) == expected
    pids = {int(p.name) for p in (tmp_path / "workers").iterdir()}
    assert len(pids) == 2
    found, killed = {}, None
    for index, completions in cluster.generate(REQUESTS, sampling):
        found[index] = [(c.text, c.token_ids) for c in completions]
        if killed is None:
            killed = pids.pop()
            os.kill(killed, signal.SIGKILL)
    assert [found[i] for i in range(len(REQUESTS))] == expected
    assert "lost a worker, another one is started" in capsys.readouterr().err
    until = time.monotonic() + 60
    while len(list((tmp_path / "workers").iterdir())) < 3 and time.monotonic() < until:
        assert answers(cluster, sampling) == expected
    assert len(list((tmp_path / "workers").iterdir())) == 3
    completions = [c[0] for _, c in sorted(plain.generate(REQUESTS, Sampling(24)))]
    ours, theirs = (b.score(REQUESTS, completions) for b in (plain, cluster))
    assert [s.num_tokens for s in ours] == [s.num_tokens for s in theirs]
    assert [s.logprob for s in ours] == pytest.approx([s.logprob for s in theirs], abs=1e-3)
    (tmp_path / "workers" / "deadly").touch()
    with pytest.raises(UserError, match="3 workers were lost over the same rows") as failed:
        answers(cluster, sampling)
    assert "\n" not in str(failed.value)


@pytest.mark.engines
def test_a_mistake_in_a_worker_is_its_own_line(slow):
    slow["worker"]["dtype"] = "float32"
    slow["worker"]["extra"] = {"no_such_argument": 1}
    with pytest.raises(UserError, match="no_such_argument") as failed:
        assert opened(**slow).capabilities
    assert "\n" not in str(failed.value)


@pytest.mark.engines
def test_a_worker_that_asks_for_more_than_there_is_is_one_line(slow):
    with pytest.raises(UserError, match=r"the cluster has .* CPUs, .* and a worker asks for 1000 CPUs"):
        assert opened(**slow, cpus=1000).capabilities


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_ray_that_is_not_installed_is_one_line_with_what_to_install():
    with pytest.raises(UserError, match=r"ray is not installed; pip install 's3ft\[ray\]'"):
        opened(name="ray")


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"worker": "ray"}, "expected the backend that answers in each worker"),
        ({"worker": "vlm"}, "did you mean 'vllm'?"),
        ({"worker": {"name": "vllm", "dtpye": "x"}}, "did you mean"),
        ({"workers": 0}, "field 'backend.workers': found 0"),
    ],
)
def test_its_section_of_the_config_is_its_own(section, says):
    with pytest.raises(UserError) as failed:
        parse({"model": "m", "task": "lab", "backend": {"name": "ray", **section}})
    assert says in str(failed.value)
    assert "\n" not in str(failed.value)


def test_the_worker_s_section_is_written_whole_into_the_run():
    config = parse(
        {"model": "m", "task": "lab", "backend": {"name": "ray", "worker": {"name": "vllm", "dtype": "float32"}}}
    )
    assert config.model_dump(mode="json")["backend"]["worker"]["dtype"] == "float32"
