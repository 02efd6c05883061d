"""The harness runs local YAML tasks on a tiny model through the run's own chat policy; items are kept by content."""

import json
import os
import pty
import subprocess
import sys

import pytest

import tiny
from s3ft import backends, config
from s3ft.backends import cache
from s3ft.chat import open_chat
from s3ft.evaluate import harness, mean, target
from s3ft.types import Completion, Example, ModelFiles, Sampling, UserError, Verdict

YAML = """task: own_choice
dataset_path: json
dataset_kwargs: {data_files: {test: "%s"}}
test_split: test
output_type: multiple_choice
doc_to_text: question
doc_to_choice: options
doc_to_target: label
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


@pytest.fixture
def setting(tmp_path):
    rows = [{"question": f"What is {n} + 2?", "options": ["four", "five"], "label": n % 2} for n in range(6)]
    own = tmp_path / "own"
    own.mkdir()
    (own / "rows.json").write_text("\n".join(json.dumps(r) for r in rows))
    (own / "own.yaml").write_text(YAML % (own / "rows.json"))
    folder = tiny.model_folder(tmp_path / "model", tiny.tokenizer())
    made = config.parse({"model": str(folder), "task": "lab", "evaluate": {"include": str(own)}})

    def opener():
        return backends.load(made.backend, ModelFiles(folder, "print"), open_chat(tiny.tokenizer(), made.chat))

    return made.evaluate, opener, cache.Store(tmp_path / "kept.sqlite")


def test_items_of_a_local_task(setting, monkeypatch):
    made, opener, store = setting
    backend = opener()
    seen = []
    chat = type(backend.local.chat)
    real = backend.local.chat.prompt_text
    monkeypatch.setattr(chat, "prompt_text", lambda self, m, t=None: seen.append(m) or real(m, t))
    samples = harness.benchmark(made, "own_choice", backend, store)
    assert [s["id"] for s in samples] == [f"own_choice/{n}" for n in range(6)]
    assert {s["score"] for s in samples} <= {0.0, 1.0}
    assert {s["metric"] for s in samples} == {"acc"}
    assert [{"role": "user", "content": "What is 0 + 2?"}] in seen


def is_opened(backend):
    return "local" in vars(backend)


def test_items_are_kept_until_the_task_changes(setting, tmp_path):
    made, opener, store = setting
    first = harness.benchmark(made, "own_choice", opener(), store)
    again = opener()
    assert harness.benchmark(made, "own_choice", again, store) == first
    assert not is_opened(again)
    (tmp_path / "own" / "rows.json").write_text('{"question": "?", "options": ["a", "b"], "label": 0}\n')
    assert len(harness.benchmark(made, "own_choice", again, store)) == 1
    assert is_opened(again)


def test_an_unknown_benchmark_is_named(setting):
    made, opener, store = setting
    with pytest.raises(UserError, match="no task 'own_chioce'"):
        harness.benchmark(made, "own_chioce", opener(), store)
    with pytest.raises(UserError, match=r"evaluate\.include"):
        harness.include_folder(config.EvaluateConfig(include="nowhere"))


def test_a_benchmark_needs_the_model_in_this_process(setting):
    made, _, store = setting
    with pytest.raises(UserError, match=r"benchmark own_choice .* needs a model in this process"):
        harness.benchmark(made, "own_choice", Fixed([]), store)


class Fixed:
    """A backend that answers what it was given."""

    capabilities = frozenset()
    identity = {}  # noqa: RUF012

    def __init__(self, completions):
        self.completions = completions

    def generate(self, requests, sampling):
        yield from reversed([(i, [c]) for i, c in enumerate(self.completions)])


def test_only_a_finished_right_answer_scores():
    completions = [Completion("a"), Completion("b"), Completion("a", finish_reason="length"), Completion("?")]
    examples = [Example(str(n), [{"role": "user", "content": str(n)}], "a", "a") for n in range(4)]
    verdicts = {"a": True, "b": False, "?": None}
    samples = target.measure(
        Sampling(), Fixed(completions), examples, lambda e, c: [Verdict(verdicts[x.text]) for x in c]
    )
    assert [s["score"] for s in samples] == [1.0, 0.0, 0.0, 0.0]
    assert [s["correct"] for s in samples] == [True, False, True, None]
    assert [s["id"] for s in samples] == ["0", "1", "2", "3"]
    assert mean(samples) == 0.25


BARS = """
import subprocess, sys
from s3ft.evaluate import harness
from s3ft.progress import say
with harness.quiet():
    subprocess.run(["git", "describe", "--always"])
    print("a bar", file=sys.stderr, flush=True)
    say("half of it")
say("all of it")
"""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_in_a_benchmark_nothing_is_shown_but_our_own_lines(tmp_path, is_terminal):
    """On a terminal as in a log: neither git's complaint where there is no repository, nor the harness's bars."""
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    environment = {k: v for k, v in os.environ.items() if k not in ("TERM", "NO_COLOR")} | {"TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", BARS], cwd=tmp_path, stderr=theirs, env=environment)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0
    assert said.split("\n")[0].strip() == "half of it"
    assert said.strip().endswith("all of it")
    assert "fatal" not in said
    assert "a bar" not in said


@pytest.mark.parametrize(
    ("completion", "verdict", "expected"),
    [
        (Completion("It is 42."), Verdict(True, "42"), "right"),
        (Completion("It is 41."), Verdict(False, "41"), "wrong"),
        (Completion("42 42 42", finish_reason="length"), Verdict(True, "42"), "unended"),
        (Completion("First I add", finish_reason="length"), Verdict(False, "5"), "cut"),
        (Completion("forty-two, that is 42!"), Verdict(False), "unread"),
        (Completion("42?"), Verdict(None, reason="failed"), "unread"),
        (Completion("It is 421."), Verdict(False), "no_answer"),
        (Completion("I cannot say."), Verdict(False, ""), "no_answer"),
        (Completion("", finish_reason="error"), Verdict(False), "failed"),
    ],
)
@pytest.mark.parametrize("reference", [42, "42", "6 * 7\n#### 42", ["42", "forty-two"]])
def test_lost_knowledge_is_told_apart_from_an_answer_not_said_well(completion, verdict, expected, reference):
    example = Example("1", [{"role": "user", "content": "?"}], "42", reference)
    found = target.outcome(example, completion, verdict)
    assert found == expected
    assert found in target.OUTCOMES


def test_a_judge_that_never_says_what_it_read_calls_wrong_wrong():
    examples = [Example(str(n), [{"role": "user", "content": str(n)}], "a", "a", meta={"kind": n}) for n in range(2)]
    backend = Fixed([Completion("b"), Completion("a")])
    samples = target.measure(Sampling(), backend, examples, lambda e, c: [Verdict(x.text == "a") for x in c], "kind")
    assert [s["outcome"] for s in samples] == ["wrong", "right"]
    assert [s["stratum"] for s in samples] == ["0", "1"]
