"""The harness runs local YAML tasks on a tiny model through the run's own chat policy; items are kept by content."""

import json

import pytest

import tiny
from s3ft.backends import cache
from s3ft.backends import transformers as backends
from s3ft.config import schema
from s3ft.evaluate import measure
from s3ft.types import Completion, Example, UserError, Verdict

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
    made = schema.parse({"model": str(folder), "task": "lab", "evaluate": {"include": str(own)}})
    return made, backends.backend(made, folder, "print"), cache.Store(tmp_path / "kept.sqlite")


def test_items_of_a_local_task(setting, monkeypatch):
    made, backend, store = setting
    seen = []
    real = backend.chat.prompt_text
    monkeypatch.setattr(type(backend.chat), "prompt_text", lambda self, m, t=None: seen.append(m) or real(m, t))
    samples = measure.benchmark(made.evaluate, "own_choice", backend, store)
    assert [s["id"] for s in samples] == [f"own_choice/{n}" for n in range(6)]
    assert {s["score"] for s in samples} <= {0.0, 1.0}
    assert {s["metric"] for s in samples} == {"acc"}
    assert [{"role": "user", "content": "What is 0 + 2?"}] in seen


def test_items_are_kept_until_the_task_changes(setting, tmp_path, monkeypatch):
    made, backend, store = setting
    first = measure.benchmark(made.evaluate, "own_choice", backend, store)
    with monkeypatch.context() as m:
        m.setattr(measure, "_run_benchmark", lambda *a: pytest.fail("ran again"))
        assert measure.benchmark(made.evaluate, "own_choice", backend, store) == first
    ran = []
    monkeypatch.setattr(measure, "_run_benchmark", lambda *a: ran.append(a) or [])
    (tmp_path / "own" / "rows.json").write_text('{"question": "?", "options": ["a", "b"], "label": 0}\n')
    measure.benchmark(made.evaluate, "own_choice", backend, store)
    assert ran


def test_an_unknown_benchmark_is_named(setting):
    made, backend, store = setting
    with pytest.raises(UserError, match="no task 'own_chioce'"):
        measure.benchmark(made.evaluate, "own_chioce", backend, store)
    with pytest.raises(UserError, match=r"evaluate\.include"):
        measure.include_folder(schema.EvaluateConfig(include="nowhere"))


class Fixed:
    """A backend that answers what it was given."""

    identity = {}  # noqa: RUF012

    def __init__(self, completions):
        self.completions = completions

    def generate(self, requests, sampling):
        yield from reversed([(i, [c]) for i, c in enumerate(self.completions)])


def test_only_a_finished_right_answer_scores(setting):
    made, _, _ = setting
    completions = [Completion("a"), Completion("b"), Completion("a", finish_reason="length"), Completion("?")]
    examples = [Example(str(n), [{"role": "user", "content": str(n)}], "a", "a") for n in range(4)]
    verdicts = {"a": True, "b": False, "?": None}
    samples = measure.target(made, Fixed(completions), examples, lambda e, c: [Verdict(verdicts[x.text]) for x in c])
    assert [s["score"] for s in samples] == [1.0, 0.0, 0.0, 0.0]
    assert [s["correct"] for s in samples] == [True, False, True, None]
    assert [s["id"] for s in samples] == ["0", "1", "2", "3"]
    assert measure.mean(samples) == 0.25
