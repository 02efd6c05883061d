"""Benchmarks from files: the harness's own tasks, on the same items as from the Hub's data sets; faults in one line."""

import importlib.util
import json
import subprocess
import sys

import pytest

import hub
import tiny
from s3ft.config import EvaluateConfig
from s3ft.evaluate import benchmarks, harness, local_data
from s3ft.types import UserError

MMLU = [
    {
        "subject": s,
        "index": n,
        "question": f" What is {n} + {k}?",
        "choices": ["4", "5", "6", "7"],
        "answer": str(n % 4),
    }
    for k, s in enumerate(("anatomy", "virology"))
    for n in range(3)
]
TRUTHFULQA = [
    {
        "Type": "Adversarial",
        "Category": "Foxes",
        "Question": f"Who jumps over dog {n}?",
        "Best Answer": "The quick fox",
        "Correct Answers": "A fox; The quick fox;  I have no comment ",
        "Incorrect Answers": f"The dog; Cat {n};",
        "Source": "https://example.org",
    }
    for n in range(3)
]
HELLASWAG = [
    ("A man is sitting on a roof.", "he", "activitynet~v_1"),
    ('A man says "Stop!" She stops. Then (at last...)', "the man in red", "activitynet~v_2"),
    ("[header] How to add [title] Take two numbers. [step] Then add. They are two", "", "wikihow~3"),
]
ENDINGS = ["adds them.", "sings. [substeps] Loudly.", "halves it.", "jumps over  the dog."]
GSM8K = [
    {"question": f"What is {n} + 2?", "answer": f"{n} + 2 = <<{n}+2={n + 2}>>{n + 2}\n#### {n + 2}"} for n in range(3)
]
WINOGRANDE = [
    {
        "qID": f"{n}-1",
        "sentence": f"The fox saw dog {n} because _ was near.",
        "option1": "fox",
        "option2": "dog",
        "answer": a,
    }
    for n, a in enumerate("121")
]


def hub_rows():
    """The same items as the Hub's data sets have them: by data set, configuration and split."""
    mmlu = [{**{k: r[k] for k in ("question", "subject", "choices")}, "answer": int(r["answer"])} for r in MMLU]
    true = ["A fox", "The quick fox", "I have no comment"]
    truthfulqa = [
        {
            "question": r["Question"],
            "mc1_targets": {"choices": ["The quick fox", "The dog", f"Cat {n}"], "labels": [1, 0, 0]},
            "mc2_targets": {"choices": [*true, "The dog", f"Cat {n}"], "labels": [1, 1, 1, 0, 0]},
        }
        for n, r in enumerate(TRUTHFULQA)
    ]
    hellaswag = [
        {
            **{"ind": n, "activity_label": "Adding", "ctx_a": a, "ctx_b": b, "ctx": f"{a} {b}".strip()},
            **{"endings": ENDINGS, "source_id": source, "split": "val", "split_type": "indomain", "label": str(n)},
        }
        for n, (a, b, source) in enumerate(HELLASWAG)
    ]
    winogrande = [{k: v for k, v in r.items() if k != "qID"} for r in WINOGRANDE]
    subjects = {s: [r for r in mmlu if r["subject"] == s] for s in ("anatomy", "virology")}
    return {
        "cais/mmlu": {s: {"test": rows, "dev": rows[::-1]} for s, rows in subjects.items()},
        "truthfulqa/truthful_qa": {"multiple_choice": {"validation": truthfulqa}},
        "Rowan/hellaswag": {"default": {"train": hellaswag[::-1], "validation": hellaswag}},
        "allenai/winogrande": {"winogrande_xl": {"train": winogrande[::-1], "validation": winogrande}},
    }


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder):
    """The four benchmarks as files."""
    folder.mkdir(exist_ok=True)
    hellaswag = [
        {"context": f"{a} {b}".strip(), "endings": ENDINGS, "label": n, "activity_label": "Adding", "source_id": source}
        for n, (a, b, source) in enumerate(HELLASWAG)
    ]
    for name, rows in (
        ("mmlu_test_6", MMLU),
        ("mmlu_dev_6", MMLU[2::-1] + MMLU[:2:-1]),
        ("truthfulqa_3", TRUTHFULQA),
        ("hellaswag_3", hellaswag),
        ("hellaswag_train", hellaswag[::-1]),
        ("winogrande_validation", WINOGRANDE),
        ("gsm8k_test", GSM8K),
        ("gsm8k_train", GSM8K[::-1]),
        ("winogrande_train_3", WINOGRANDE[::-1]),
    ):
        (folder / f"{name}.jsonl").write_text(lines(rows))
    return folder


def repository(configurations):
    files, card = {}, []
    for name, splits in configurations.items():
        card.append({"config_name": name, "data_files": [{"split": s, "path": f"{name}/{s}.jsonl"} for s in splits]})
        files |= {f"{name}/{split}.jsonl": lines(rows).encode() for split, rows in splits.items()}
    return hub.Repo({**files, "README.md": f"---\nconfigs: {json.dumps(card)}\n---\n".encode()}, "datasets")


COMPARE = """
import json, sys
from pathlib import Path
from s3ft import backends, config
from s3ft.backends import cache
from s3ft.chat import open_chat
from s3ft.evaluate import benchmarks, harness
from s3ft.models import loading
from s3ft.types import ModelFiles

model, data, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
made = config.parse({"model": str(model), "task": "lab"})
found = {}
for folder in (None, data):
    for shots in (0, 2):
        extra = {"num_fewshot": shots} if shots else {}
        settings = config.EvaluateConfig(benchmarks=tuple(names), data=folder, extra=extra)
        benchmarks.require(settings)
        chat = open_chat(loading.load_tokenizer(model), made.chat)
        backend = backends.load(made.backend, ModelFiles(model, "x"), chat)
        store = cache.Store(model / f"{bool(folder)}{shots}.sqlite")
        for name in names:
            manager, task = harness._task(settings, name, None)
            (leaf,) = manager.load(task)["tasks"].values()
            if leaf.get_config("num_fewshot") != 0:
                leaf.set_config("num_fewshot", shots)
            leaf.set_fewshot_seed(7)
            leaf.build_all_requests(rank=0, world_size=1)
            requests = [i.args for i in leaf.instances]
            samples = harness.benchmark(settings, name, backend, store)
            found.setdefault(name, {})[f"{bool(folder)} {shots}"] = [requests, samples]
print(json.dumps(found))
"""


def test_requests_and_scores_are_those_of_the_harness_on_the_hub_s_data_sets(tmp_path):
    model = tiny.model_folder(tmp_path / "model", tiny.tokenizer())
    data = write(tmp_path / "data")
    names = ["mmlu_anatomy", "mmlu_virology", "truthfulqa_mc2", "hellaswag", "winogrande"]
    with hub.serving() as server:
        server.repos |= {f"datasets/{name}": repository(rows) for name, rows in hub_rows().items()}
        done = subprocess.run(
            [sys.executable, "-c", COMPARE, str(model), str(data), *names],
            env=server.environment(tmp_path / "home"),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for name in names:
        for shots in (0, 2):
            theirs, ours = (found[name][f"{side} {shots}"] for side in (False, True))
            assert len(theirs[1]) == 3
            assert ours == theirs, name
    assert found["mmlu_anatomy"]["True 0"][0] != found["mmlu_anatomy"]["True 2"][0]
    assert found["truthfulqa_mc2"]["True 0"][0] == found["truthfulqa_mc2"]["True 2"][0]


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "data")


def require(data, *names, **extra):
    benchmarks.require(EvaluateConfig(benchmarks=names, data=str(data), extra=extra))


def test_a_group_is_all_of_its_tasks(data):
    manager = harness._default_tasks(None)
    leaves = local_data._leaves(manager, "mmlu")
    assert len(set(leaves)) == len(leaves) == 57
    rows = [{**MMLU[0], "subject": leaf.removeprefix("mmlu_")} for leaf in leaves]
    (data / "mmlu_test_6.jsonl").write_text(lines(rows))
    require(data, "mmlu")
    (data / "mmlu_test_6.jsonl").write_text(lines(rows[:-1]))
    with pytest.raises(UserError, match=rf"no rows of {rows[-1]['subject']}; add them, or name the tasks"):
        require(data, "mmlu")


def test_a_file_that_is_missing_or_twice_there_is_named(data):
    (data / "hellaswag_3.jsonl").unlink()
    with pytest.raises(UserError, match=r"has no hellaswag_validation\.jsonl, and no hellaswag\.jsonl; add the rows"):
        require(data, "hellaswag")
    (data / "winogrande_3.jsonl").write_text("")
    with pytest.raises(UserError, match=r"are both the split validation of winogrande; keep one"):
        require(data, "winogrande")
    with pytest.raises(UserError, match=r"evaluate\.data: found 'nowhere', expected a folder"):
        require("nowhere", "mmlu")
    with pytest.raises(UserError, match="but no benchmark reads files; name some of mmlu, truthfulqa"):
        require(data, "arc_easy")


@pytest.mark.parametrize(
    ("file", "row", "says"),
    [
        (
            "mmlu_test_6",
            {**MMLU[0], "answer": "B"},
            r"mmlu_test_6\.jsonl row 1: column 'answer': found 'B', expected the",
        ),
        ("mmlu_test_6", {**MMLU[0], "choices": ["1"]}, "column 'choices': .* expected a list of four texts"),
        ("truthfulqa_3", {"question": "Who?"}, "row 1: no column 'Best Answer'; columns found: question"),
        ("hellaswag_3", {"endings": ENDINGS, "label": 1, "activity_label": "Adding"}, "row 1: no column 'context'"),
        ("winogrande_validation", {**WINOGRANDE[0], "sentence": "The fox."}, "column 'sentence': found 'The fox.'"),
    ],
)
def test_a_row_of_another_form_is_named_by_file_and_row(data, file, row, says):
    (data / f"{file}.jsonl").write_text(lines([row]))
    name = file.partition("_")[0]
    with pytest.raises(UserError, match=says):
        require(data, {"mmlu": "mmlu_anatomy", "truthfulqa": "truthfulqa_mc2"}.get(name, name))


def test_examples_that_are_to_be_shown_must_be_there(data):
    (data / "winogrande_train_3.jsonl").unlink()
    require(data, "winogrande")
    with pytest.raises(
        UserError, match=r"num_fewshot: 5 examples are to be shown, .*winogrande_train\.jsonl, which is n"
    ):
        require(data, "winogrande", num_fewshot=5)
    with pytest.raises(UserError, match=r"5 examples are to be shown, .*mmlu_dev_6\.jsonl has 3 of anatomy; add them"):
        require(data, "mmlu_anatomy", num_fewshot=5)
    require(data, "truthfulqa_mc2", num_fewshot=5)


def test_gsm8k_from_files_is_the_harness_s_task_with_its_examples(data):
    config = EvaluateConfig(benchmarks=["gsm8k"], data=str(data), extra={"num_fewshot": 2})
    (task,) = harness.load_tasks(config, "gsm8k").values()
    assert [doc["question"] for doc in task.eval_docs] == [row["question"] for row in GSM8K]
    assert "What is 1 + 2?" in task.doc_to_text(list(task.eval_docs)[1])
    with pytest.raises(UserError, match=r"5 examples are to be shown, .*gsm8k_train\.jsonl has 3"):
        require(data, "gsm8k")


@pytest.mark.skipif(importlib.util.find_spec("langdetect") is not None, reason="what ifeval needs is installed")
def test_what_ifeval_needs_is_named(data):
    (data / "ifeval.jsonl").write_text(lines([{"key": 1, "prompt": "?", "instruction_id_list": [], "kwargs": []}]))
    with pytest.raises(UserError, match=r"no package \w+ is installed; .* pip install 's3ft\[ifeval\]'"):
        require(data, "ifeval")


def test_other_rows_are_other_items(data):
    config = EvaluateConfig(benchmarks=("winogrande", "hellaswag"), data=str(data))
    before = [harness.made_of(config, name) for name in config.benchmarks]
    (data / "winogrande_validation.jsonl").write_text(lines(WINOGRANDE[:1]))
    after = [harness.made_of(config, name) for name in config.benchmarks]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]


def test_a_benchmark_that_does_not_exist_is_named_with_the_nearest():
    with pytest.raises(UserError, match="no task 'papper'; did you mean 'paper'"):
        benchmarks.require(EvaluateConfig(benchmarks=("papper",)))
    with pytest.raises(UserError, match="no task 'helaswag'; did you mean 'hellaswag'"):
        benchmarks.require(EvaluateConfig(benchmarks=("helaswag",)))


@pytest.mark.parametrize(("command", "offline"), [("check", True), ("run", False)])
def test_a_data_set_out_of_reach_is_found_by_check_and_before_a_run(tmp_path, command, offline):
    (tmp_path / "own.yaml").write_text("model: lab\ntask: lab\nevaluate: {benchmarks: [hellaswag]}\n")
    with hub.serving() as server:
        server.repos["datasets/Rowan/hellaswag"] = hub.Repo({"README.md": b""}, "datasets", private=True)
        done = subprocess.run(
            [sys.executable, "-m", "s3ft", command, "own.yaml"],
            cwd=tmp_path,
            env={**server.environment(tmp_path / "home"), **({"HF_HUB_OFFLINE": "1"} if offline else {})},
            capture_output=True,
            text=True,
        )
    line = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2, done.stderr[-2000:]
    assert line.startswith("s3ft: benchmark hellaswag: ")
    assert ("HF_HUB_OFFLINE is set" if offline else "not on the Hub, or private") in line
    assert "evaluate.data" in line
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()
