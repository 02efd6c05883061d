"""MBPP and HumanEval as benchmarks: scored in the sandbox by the judge `code`, and no program run elsewhere."""

import json

import pytest

import hub
from s3ft.backends import cache
from s3ft.config import EvaluateConfig
from s3ft.evaluate import benchmarks, harness
from s3ft.types import Completion, UserError

MBPP = [
    {
        "task_id": n,
        "text": f"Write a function to add {n}.",
        "code": f"def add{n}(x):\n    return x + {n}",
        "test_list": [f"assert add{n}(1) == {n + 1}"],
        "test_setup_code": "",
    }
    for n in (3, 11, 12, 13)
]
HUMANEVAL = [
    {
        "task_id": f"HumanEval/{n}",
        "prompt": f'def halve{n}(x: int) -> int:\n    """Half of x, plus {n}."""\n',
        "canonical_solution": f"    return x // 2 + {n}\n",
        "test": f"def check(candidate):\n    assert candidate(4) == {n + 2}\n",
        "entry_point": f"halve{n}",
    }
    for n in range(3)
]


@pytest.fixture
def data(tmp_path):
    for name, rows in (("mbpp_974", MBPP), ("humaneval", HUMANEVAL)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


class Written:
    """A backend that writes the program that a function makes of the prompt."""

    capabilities = frozenset()
    identity = {"written": "by hand"}  # noqa: RUF012

    def __init__(self, program):
        self._program, self.asked = program, 0

    def generate(self, requests, sampling):
        for index, request in enumerate(requests):
            self.asked += 1
            text, finish = self._program(request.prompt[-1]["content"])
            yield index, [Completion(text, finish_reason=finish, num_tokens=1)]


def solved(prompt):
    for row in MBPP:
        if f"add{row['task_id']}(" in prompt:
            wrong, cut = row["task_id"] == 12, row["task_id"] == 13
            code = row["code"].replace("x +", "x -") if wrong else row["code"]
            return f"[[BEGIN]]\n{code}\n[[DONE]]", "length" if cut else "stop"
    (row,) = [row for row in HUMANEVAL if row["entry_point"] in prompt]
    whole = f"```python\n{row['prompt']}{row['canonical_solution']}```"
    return (row["canonical_solution"] if row["entry_point"] == "halve1" else whole), "stop"


def test_programs_are_run_on_their_tests(data, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_ALLOW_CODE_EVAL", raising=False)
    config = EvaluateConfig(benchmarks=["mbpp", "humaneval"], data=str(data))
    benchmarks.require(config)
    backend, store = Written(solved), cache.Store(tmp_path / "kept.sqlite")
    found = {name: benchmarks.measure(config, name, backend, store) for name in config.benchmarks}
    assert [(s["id"], s["score"], s["outcome"]) for s in found["mbpp"]] == [
        ("mbpp/mbpp-11", 1.0, "right"),
        ("mbpp/mbpp-12", 0.0, "wrong"),
        ("mbpp/mbpp-13", 0.0, "unended"),
    ]
    assert [(s["id"], s["score"]) for s in found["humaneval"]] == [(f"humaneval/HumanEval/{n}", 1.0) for n in range(3)]
    assert {(s["set"], s["metric"]) for rows in found.values() for s in rows} == {
        ("mbpp", "pass@1"),
        ("humaneval", "pass@1"),
    }
    asked = backend.asked
    assert benchmarks.measure(config, "mbpp", backend, store) == found["mbpp"]
    assert backend.asked == asked


def test_a_limit_a_forecast_and_the_prompts_off_the_task(data, tmp_path):
    config = EvaluateConfig(benchmarks=["humaneval"], data=str(data), limit=2)
    store = cache.Store(tmp_path / "kept.sqlite")
    assert len(benchmarks.measure(config, "humaneval", Written(solved), store)) == 2
    seconds, items = benchmarks.forecast(config, "humaneval", Written(solved))
    assert (seconds > 0, items) == (True, 2)
    texts = benchmarks.texts(config, "humaneval", 1)
    assert [(id, "halve0" in text) for id, text in texts] == [("humaneval/0", True)]


def test_other_rows_are_other_items(data):
    config = EvaluateConfig(benchmarks=["mbpp"], data=str(data))
    before = benchmarks.made_of(config, "mbpp")
    (data / "mbpp_974.jsonl").write_text(json.dumps(MBPP[1]) + "\n")
    assert benchmarks.made_of(config, "mbpp") != before


def test_a_missing_file_and_a_row_of_another_form_are_named(data):
    (data / "mbpp_974.jsonl").unlink()
    with pytest.raises(UserError, match=r"has no mbpp_test\.jsonl, and no mbpp\.jsonl; add the rows of mbpp"):
        benchmarks.require(EvaluateConfig(benchmarks=["mbpp"], data=str(data)))
    (data / "humaneval.jsonl").write_text('{"task_id": "1", "prompt": "def f(): ..."}\n')
    with pytest.raises(UserError, match=r"humaneval\.jsonl row 1: no column 'canonical_solution'"):
        benchmarks.require(EvaluateConfig(benchmarks=["humaneval"], data=str(data)))


def test_from_the_hub(tmp_path):
    """The data set's own form, from a server in place of the Hub; out of reach it is one line."""
    import subprocess
    import sys

    script = (
        "from s3ft.config import EvaluateConfig\nfrom s3ft.evaluate import benchmarks\n"
        "config = EvaluateConfig(benchmarks=['humaneval'])\nbenchmarks.require(config)\n"
        "print(len(benchmarks.texts(config, 'humaneval', 9)))\n"
    )
    card = [{"config_name": "openai_humaneval", "data_files": [{"split": "test", "path": "test.jsonl"}]}]
    files = {
        "test.jsonl": "".join(json.dumps(row) + "\n" for row in HUMANEVAL).encode(),
        "README.md": f"---\nconfigs: {json.dumps(card)}\n---\n".encode(),
    }
    with hub.serving() as server:
        server.repos["datasets/openai/openai_humaneval"] = hub.Repo(files, "datasets")
        environment = server.environment(tmp_path / "home")
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.stdout.split() == ["3"], done.stderr[-2000:]
        environment = {**server.environment(tmp_path / "other"), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    line = done.stderr.splitlines()[-1]
    assert "UserError: benchmark humaneval: data set 'openai/openai_humaneval'" in line
    assert "evaluate.data" in line
    assert "path=" not in line


OWN = """task: programs
dataset_path: json
dataset_kwargs: {data_files: {test: "%s"}}
test_split: test
output_type: generate_until
doc_to_text: prompt
doc_to_target: test
unsafe_code: true
metric_list: [{metric: exact_match}]
"""


def test_any_backend_with_adapters_will_do_and_a_task_of_one_s_own_goes_first(data):
    own = data / "own"
    own.mkdir()
    (own / "mbpp.yaml").write_text("task: mbpp\n")
    config = EvaluateConfig(include=str(own))
    assert benchmarks.needs(config, "humaneval") == "adapters"
    assert benchmarks.needs(config, "mbpp") == "in_process"
    assert benchmarks.needs(config, "mmlu") == "in_process"


def test_no_program_is_run_outside_of_the_sandbox_unasked(data):
    own = data / "own"
    own.mkdir()
    (own / "programs.yaml").write_text(OWN % (data / "humaneval.jsonl"))
    config = EvaluateConfig(benchmarks=["programs"], include=str(own))
    with pytest.raises(UserError, match="without a sandbox; take mbpp or humaneval"):
        harness.require_rows(config, "programs")
    harness.require_rows(config.model_copy(update={"extra": {"confirm_run_unsafe_code": True}}), "programs")
