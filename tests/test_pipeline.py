"""The one pipeline: command line and Python interface give the same records; counts, scores and early errors."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import s3ft
import tiny
from s3ft import lab, pipeline
from s3ft.chat import Chat, open_chat
from s3ft.config import ChatConfig
from s3ft.data import records
from s3ft.models import loading
from s3ft.pipeline import BuildOptions, build_records
from s3ft.recipes import RECIPES
from s3ft.types import (
    Candidate,
    Capability,
    Completion,
    Example,
    Recipe,
    Record,
    Request,
    Rung,
    Sampling,
    Score,
    UserError,
    Verdict,
)

JUDGE = '''
"""Right if the last number is the reference; undecided about kites."""
import re
from s3ft.types import Verdict

def judge(example, completion):
    if "kites" in completion.text:
        return Verdict(None, reason="kites")
    found = re.findall(r"[0-9]+", completion.text)
    return Verdict(bool(found) and found[-1] == example.reference, found[-1] if found else None, "last number")
'''
MINE = (Rung("self"), Rung("paraphrase", 3, 0.8, "likeliest"), Rung("gold"))
SHOWN_OTHERWISE = {"For each of them": "Each", "Leo starts": "Leo began"}
"""What the chat template of the test shows in other words: answers with it cannot be trained on."""
ALIKE = 1e-4
"""Two log probabilities of one completion differ by the rounding of float32 at most."""


def _python(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "s3ft", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the miniature under a template that cannot show every answer, a judge, and rows."""
    made = tmp_path_factory.mktemp("pipeline")
    copytree(lab.MODEL, made / "model")
    template = made / "model" / "chat_template.jinja"
    shown = "message['content']" + "".join(f".replace('{a}', '{b}')" for a, b in SHOWN_OTHERWISE.items())
    template.write_text(template.read_text().replace("message['content']", shown))
    (made / "judge.py").write_text(JUDGE)
    rows = [{k: r[k] for k in ("prompt", "gold", "reference")} for r in lab.load("train")[:12]]
    rows[0]["reference"] = "no such number"
    rows[1] |= {"id": "with an id"}
    rows += [rows[3], {**rows[3], "id": "the same again"}, {**rows[1], "id": "and again"}]
    for name, part in (("train", rows), ("validation", rows[12:13]), ("test", rows[12:13])):
        part = part if name == "train" else [{**r, "prompt": f"{name}?"} for r in part]
        (made / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in part))
    return made


def _config(folder: Path, **more: Any) -> Path:
    path = {s: str(folder / f"{s}.jsonl") for s in ("train", "validation", "test")}
    task = {"name": "rows", "path": path, "prompt": "prompt", "gold": "gold", "reference": "reference"}
    config = {
        "model": str(folder / "model"),
        "task": {**task, "paraphrase": lab.PARAPHRASE},
        "judge": str(folder / "judge.py"),
        "backend": {"name": "transformers", "device": "cpu"},
        "sampling": {"max_tokens": 64},
        "max_undecided": 0.5,
        "cache": str(folder / "cache"),
        **more,
    }
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture(scope="module", params=["keep", "drop"])
def built(request: pytest.FixtureRequest, folder: Path) -> tuple[Path, str]:
    """The run directory of `s3ft build`, and what became of rejected gold."""
    mine = {"mine": [{"source": r.source, **_differing(r)} for r in MINE]}
    config = _config(folder, recipes=["s3ft", mine], rejected_gold=request.param)
    done = _python("build", config, "--name", request.param, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / request.param, request.param


def _differing(rung: Rung) -> dict[str, Any]:
    return {k: getattr(rung, k) for k in ("num_samples", "temperature", "keep")}


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def _without_score(candidate: Candidate) -> Candidate:
    return replace(candidate, logprob=None, completion=replace(candidate.completion, logprob=None))


def _same(found: Sequence[Record], expected: Sequence[Record]) -> None:
    """Equal but for the rounding of log probabilities."""
    without_scores = [
        [replace(r, candidates=[_without_score(c) for c in r.candidates]) for r in x] for x in (found, expected)
    ]
    assert [records.to_json(r) for r in without_scores[0]] == [records.to_json(r) for r in without_scores[1]]
    scores = [[c.logprob for r in x for c in r.candidates] for x in (found, expected)]
    assert [s is None for s in scores[0]] == [s is None for s in scores[1]]
    assert [s for s in scores[0] if s is not None] == pytest.approx([s for s in scores[1] if s is not None], abs=ALIKE)


def test_the_trainer_of_the_python_interface_makes_the_records_of_the_command_line(
    built: tuple[Path, str], folder: Path, tmp_path: Path
) -> None:
    run, rejected_gold = built
    args = s3ft.S3FTConfig(
        str(tmp_path),
        use_cpu=True,
        bf16=False,
        report_to="none",
        answer_tokens=64,
        paraphrase=lab.PARAPHRASE,
        rejected_gold=rejected_gold,
        max_undecided=0.5,
    )
    trainer = s3ft.S3FTTrainer(
        str(folder / "model"), args, train_dataset=_rows(folder), judge={"name": str(folder / "judge.py")}
    )
    _same(trainer.s3ft_records, list(records.read(run / "records" / "s3ft.jsonl")))
    left_out = [r.example.id for r in trainer.s3ft_records if not r.targets]
    assert [i for i, _ in trainer.s3ft_dropped] == left_out


@pytest.mark.parametrize("recipe", ["s3ft", "mine"])
def test_a_data_set_of_the_python_interface_has_the_training_rows_of_the_command_line(
    built: tuple[Path, str], folder: Path, recipe: str
) -> None:
    run, rejected_gold = built
    made = s3ft.build_dataset(
        loading.load_model(folder / "model", torch.float32).eval(),
        _rows(folder),
        str(folder / "judge.py"),
        MINE if recipe == "mine" else recipe,
        processing_class=loading.load_tokenizer(folder / "model"),
        options=BuildOptions(Sampling(max_tokens=64), lab.PARAPHRASE, rejected_gold, 0.5),
    )
    lines = (run / "train" / f"{recipe}.jsonl").read_text().splitlines()
    assert [{k: v for k, v in row.items() if k != "verdict"} for row in made] == [json.loads(line) for line in lines]
    kept = [r.candidates[k].verdict for r in records.read(run / "records" / f"{recipe}.jsonl") for k in r.targets]
    assert list(made["verdict"]) == [v and v.correct for v in kept]


def test_the_rows_of_this_comparison_have_every_fate(built: tuple[Path, str]) -> None:
    run, rejected_gold = built
    found = list(records.read(run / "records" / "s3ft.jsonl"))
    assert len(found) == 12
    assert "with an id" in [r.example.id for r in found]
    fates = Counter(
        (c.source, bool(c.filtered), c.verdict and c.verdict.correct, k in r.targets)
        for r in found
        for k, c in enumerate(r.candidates)
    )
    for fate in [
        ("self", False, True, True),
        ("self", False, False, False),
        ("self", False, None, False),
        ("self", True, True, False),
        ("paraphrase", False, True, True),
        ("paraphrase", True, True, False),
        ("gold", False, True, True),
        ("gold", False, None, True),
        ("gold", False, False, rejected_gold == "keep"),
    ]:
        assert fates[fate], fate
    assert all((c.logprob is not None) == (k in r.targets) for r in found for k, c in enumerate(r.candidates))
    untrainable = [r for r in found if r.candidates[0].filtered]
    for record in untrainable:
        assert any(text in record.candidates[0].completion.text for text in SHOWN_OTHERWISE)
        assert [c.source for c in record.candidates[:2]] == ["self", "paraphrase"]
    summary = json.loads((run / "records" / "s3ft.json").read_text())
    assert summary["data"]["duplicates"] == 3
    assert summary["data"]["gold"]["rejected_ids"] == [found[0].example.id]
    assert summary["composition"]["dropped"] == (0 if rejected_gold == "keep" else 1 / 12)


# The pipeline itself, with a backend that says how it was asked


@dataclass
class Echo:
    """A backend that answers in reverse order; its answers tell row and sample."""

    capabilities: frozenset[Capability] = frozenset({"score"})
    identity: Mapping[str, Any] = field(default_factory=dict)
    asked: list[tuple[Request, Sampling]] = field(default_factory=list)
    scored: list[Completion] = field(default_factory=list)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        self.asked += [(r, sampling) for r in requests]
        for i in reversed(range(len(requests))):
            texts = [f"{requests[i].prompt[-1]['content']} {k}" for k in range(sampling.num_samples)]
            yield i, [Completion(t, f"<think>hm</think>{t}", num_tokens=3) for t in texts]

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        self.scored += completions
        return [
            None if "none" in r.prompt[-1]["content"] else Score(-float(len(c.text)), 3)
            for r, c in zip(requests, completions, strict=True)
        ]


@pytest.fixture(scope="module")
def chat() -> Chat:
    return open_chat(tiny.tokenizer(), ChatConfig())


def _examples(number: int, **more: Any) -> list[Example]:
    return [Example(f"row-{i}", [{"role": "user", "content": f"q{i}"}], f"gold {i}", **more) for i in range(number)]


def accept(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
    return [Verdict(True)] * len(completions)


def reject(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
    return [Verdict(c.text == e.gold) for e, c in zip(examples, completions, strict=True)]


def _made(build: pipeline.Build) -> list[Record]:
    return [record for _, found in build for record in found]


def test_completions_come_back_to_their_rows_whatever_order_the_backend_has(chat: Chat) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    rows = [replace(e, tools=tools) if e.id == "row-2" else e for e in _examples(4)]
    backend = Echo()
    options = BuildOptions(Sampling(max_tokens=9, seed=5, stop=("x",)), "as {gold}: {prompt}")
    recipe = (Rung("self", 2, 0.3), Rung("paraphrase"))
    found = _made(build_records(rows, recipe, backend, reject, chat, options))
    texts = [[c.completion.text for c in r.candidates] for r in found]
    assert texts == [[f"q{i} 0", f"q{i} 1", f"as gold {i}: q{i} 0"] for i in range(4)]
    assert [r.tools for r, _ in backend.asked] == [None, None, tools, None] * 2
    first = Sampling(9, 0.3, 1.0, 2, 5, ("x",))
    assert [s for _, s in backend.asked] == [first] * 4 + [replace(first, temperature=0.0, num_samples=1)] * 4


@pytest.mark.parametrize(
    ("configured", "rung", "drawn"),
    [
        (0.0, Rung("self"), 0.0),
        (0.0, Rung("self", 4), 0.7),
        (1.2, Rung("self"), 1.2),
        (1.2, Rung("self", 4), 1.2),
        (1.2, Rung("self", 4, 0.3), 0.3),
        (0.5, Rung("self", 2, 0.0), 0.0),
        (0.0, Rung("self", temperature=0.9), 0.9),
    ],
)
def test_a_rung_draws_at_its_own_temperature_else_at_the_config_s_else_warm_if_several(
    chat: Chat, configured: float, rung: Rung, drawn: float
) -> None:
    backend = Echo()
    options = BuildOptions(Sampling(temperature=configured, seed=3))
    _made(build_records(_examples(1), (rung,), backend, reject, chat, options))
    assert [(s.temperature, s.num_samples, s.seed) for _, s in backend.asked] == [(drawn, rung.num_samples, 3)]


def test_every_target_is_scored_as_it_is_trained_and_nothing_else(chat: Chat) -> None:
    rows = [*_examples(2), Example("none", [{"role": "user", "content": "none"}], "gold")]
    backend = Echo()

    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [Verdict(c.text[-1] == "1" and e.id != "row-0") for e, c in zip(examples, completions, strict=True)]

    options = BuildOptions(paraphrase="{prompt} {gold}")
    found = _made(build_records(rows, (Rung("self", 2), Rung("gold")), backend, judge, chat, options))
    scores = [[(c.logprob, c.num_scored) for c in r.candidates] for r in found]
    nothing = (None, None)
    assert [r.targets for r in found] == [[2], [1], [1]]
    assert scores == [[nothing, nothing, (-6.0, 3)], [nothing, (-4.0, 3)], [nothing, nothing]]
    assert sorted(c.raw for c in backend.scored) == ["", "<think>hm</think>none 1", "<think>hm</think>q1 1"]


class Telling(Echo):
    """A backend that says how likely it was to write what it wrote."""

    def __init__(self, chat: Chat, stop: int) -> None:
        super().__init__()
        self._chat, self._stop = chat, stop

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        for i, request in enumerate(requests):
            ids = self._chat.tokenizer.encode(request.prompt[-1]["content"], add_special_tokens=False)
            written = self._chat.completion(request.prompt, [*ids, self._stop])
            yield i, [replace(written, logprob=-7.0 - k) for k in range(sampling.num_samples)]


def test_what_generation_says_of_the_very_ids_that_are_trained_on_is_not_asked_for_again(chat: Chat) -> None:
    backend = Telling(chat, chat.tokenizer.convert_tokens_to_ids("<|im_end|>"))
    likeliest = (Rung("self", 3, 0.7, "likeliest"),)
    for recipe in (RECIPES["ssr"], likeliest):
        found = _made(build_records(_examples(3), recipe, backend, accept, chat))
        assert [r.targets for r in found] == [[0]] * 3
        length = [len(r.candidates[0].completion.token_ids or ()) for r in found]
        assert [(r.candidates[0].logprob, r.candidates[0].num_scored) for r in found] == [(-7.0, n + 1) for n in length]
    assert backend.scored == []


@pytest.mark.parametrize("kind", ["another end", "another prompt"])
def test_what_generation_says_of_other_ids_is_not_taken(chat: Chat, kind: str) -> None:
    backend = Telling(chat, chat.tokenizer.convert_tokens_to_ids("</s>" if kind == "another end" else "<|im_end|>"))
    recipe = (Rung("self"),) if kind == "another end" else (Rung("paraphrase"),)
    options = BuildOptions(paraphrase="{prompt} {gold}")

    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [Verdict(True)] * len(completions)

    found = _made(build_records(_examples(2), recipe, backend, judge, chat, options))
    assert [r.candidates[0].completion.logprob for r in found] == [-7.0] * 2
    assert [r.candidates[0].logprob for r in found] == [-float(len(r.candidates[0].completion.text)) for r in found]


def test_a_backend_that_gives_no_likelihoods_is_not_asked_for_them(chat: Chat) -> None:
    backend = Echo(frozenset())
    found = _made(build_records(_examples(3), RECIPES["s3ft"], backend, accept, chat))
    assert [r.targets for r in found] == [[0]] * 3
    assert backend.scored == []
    assert all(c.logprob is None for r in found for c in r.candidates)


def test_gold_is_judged_once_and_counted_once_however_many_recipes_take_it(chat: Chat) -> None:
    judged: list[str] = []

    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        judged.extend(c.text for c in completions)
        return [Verdict(None if c.text == "gold 0" else False, reason="unsure") for c in completions]

    recipes = {n: RECIPES[n] for n in ("sft", "ssr", "sdft", "s3ft")} | {"twice": (Rung("gold"), Rung("gold"))}
    options = BuildOptions(paraphrase="again: {prompt} {gold}", rejected_gold="drop")
    build = build_records(_examples(5), recipes, Echo(), judge, chat, options)
    made = list(build)
    assert [name for name, _ in made] == list(recipes)
    assert Counter(t for t in judged if t.startswith("gold")) == {f"gold {i}": 1 for i in range(5)}
    gold = build.counts.gold
    assert (gold.asked, gold.rejected, gold.undecided) == (5, 4, 1)
    assert gold.rejected_ids == [f"row-{i}" for i in range(1, 5)]
    assert {n: c.judged.asked for n, c in build.counts.recipes.items()} == {
        "sft": 0,
        "ssr": 5,
        "sdft": 5,
        "s3ft": 10,
        "twice": 0,
    }
    assert all(c.as_dict()["composition"]["gold"] == 0.2 for c in build.counts.recipes.values())


def _undecided(number: int, said: list[str]) -> Any:
    """Undecided on the first `number` texts that it is asked about."""

    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        said.extend(c.text for c in completions)
        first = len(said) - len(completions)
        return [Verdict(None, reason="slow") if first + i < number else Verdict(False) for i in range(len(completions))]

    return judge


@pytest.mark.parametrize(
    ("rows", "recipe", "undecided", "stops"),
    [
        (19, "sft", 19, False),
        (20, "sft", 1, False),
        (20, "sft", 2, True),
        (100, "sft", 5, False),
        (100, "sft", 6, True),
        (10, "ssr", 1, False),
        (10, "ssr", 2, True),
        (0, "sft", 0, False),
    ],
)
def test_too_many_undecided_verdicts_on_gold_and_answers_stop_a_build(
    chat: Chat, rows: int, recipe: str, undecided: int, stops: bool
) -> None:
    said: list[str] = []
    build = build_records(_examples(rows), RECIPES[recipe], Echo(), _undecided(undecided, said), chat)
    if not stops:
        assert len(_made(build)) == rows
        return
    says = (
        rf"undecided on {undecided} of {len(RECIPES[recipe]) * rows} completions.*slow \({undecided}\).*max_undecided"
    )
    with pytest.raises(UserError, match=says) as found:
        _made(build)
    assert "\n" not in str(found.value)
    relaxed = BuildOptions(max_undecided=undecided / (len(RECIPES[recipe]) * rows))
    assert (
        len(_made(build_records(_examples(rows), RECIPES[recipe], Echo(), _undecided(undecided, []), chat, relaxed)))
        == rows
    )


def test_the_commonest_reasons_are_named_first(chat: Chat) -> None:
    def judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        reasons = ["broken"] * 5 + ["slow"] * 7 + ["odd"] * 2 + ["rare"]
        return [Verdict(None, reason=r) for r in reasons] + [Verdict(True)] * (len(completions) - len(reasons))

    with pytest.raises(UserError, match=r"allowed: slow \(7\); broken \(5\); odd \(2\); fix"):
        _made(build_records(_examples(40), RECIPES["sft"], Echo(), judge, chat))


class Unread:
    """Rows that nobody may read yet."""

    def __iter__(self) -> Iterator[Example]:
        raise AssertionError("a row was read")


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (MINE, r"recipe 'mine' keeps the likeliest completion, which needs log probabilities \(score\)"),
        ((Rung("paraphrased"),), "unknown source 'paraphrased': did you mean 'paraphrase'"),
        ((Rung("none.py"),), r"source 'none\.py': no such file"),
    ],
)
def test_what_a_recipe_needs_and_is_not_there_is_one_line_before_any_row_is_read(
    chat: Chat, recipe: Recipe, says: str
) -> None:
    with pytest.raises(UserError, match=says) as found:
        build_records(Unread(), {"sft": RECIPES["sft"], "mine": recipe}, Echo(frozenset()), accept, chat)
    assert "\n" not in str(found.value)


def test_the_command_line_says_in_one_line_that_a_backend_cannot_score(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "said.jsonl").write_text(json.dumps({"prompt": "a", "completion": "b"}) + "\n")
    mine = {"mine": ["self", {"source": "paraphrase", "num_samples": 4, "keep": "likeliest"}]}
    said = {"name": "scripted", "path": str(tmp_path / "said.jsonl")}
    done = _python("build", _config(folder, recipes=[mine], backend=said), folder=tmp_path)
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert re.search(r"recipe 'mine' keeps the likeliest completion, which needs .* \(score\)", last)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("runs/*/records/*"))


def test_a_source_of_the_user_s_is_asked_filtered_and_counted(chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "hint.py"
    path.write_text(
        "from s3ft.types import Source\n"
        "def ask(example, paraphrase):\n"
        "    return [{'role': 'user', 'content': f'hint for {example.id}'}]\n"
        "source = Source(ask, lambda e, c: 'is the second' if c.text.endswith(' 1') else '')\n"
    )
    build = build_records(_examples(2), (Rung(str(path), 3, keep="distinct"), Rung("gold")), Echo(), accept, chat)
    found = _made(build)
    assert [[c.filtered for c in r.candidates] for r in found] == [["", "is the second", ""]] * 2
    assert [r.targets for r in found] == [[0, 2]] * 2
    assert found[1].candidates[0].completion.text == "hint for row-1 0"
    counts = build.counts.recipes["recipe"].as_dict()
    assert counts["composition"] == {str(path): 1, "gold": 0, "dropped": 0}
    assert counts["filtered"] == {f"{path}: is the second": 2}


sources = st.lists(st.sampled_from(["self", "paraphrase", "gold"]), min_size=1, max_size=4)


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(0, 5), ladders=st.lists(sources, min_size=1, max_size=3), is_right=st.booleans())
def test_the_steps_of_the_bar_add_up(chat: Chat, rows: int, ladders: list[list[str]], is_right: bool) -> None:
    recipes = {str(i): tuple(Rung(source) for source in names) for i, names in enumerate(ladders)}
    steps: list[int] = []
    build = build_records(_examples(rows), recipes, Echo(), accept if is_right else reject, chat, advance=steps.append)
    assert len(_made(build)) == rows * len(recipes)
    assert sum(steps) == rows * build.steps


def test_rows_are_read_a_chunk_at_a_time(chat: Chat) -> None:
    read = 0

    def rows() -> Iterator[Example]:
        nonlocal read
        for example in _examples(2 * pipeline.CHUNK + 1):
            read += 1
            yield example

    sizes = []
    for _, found in build_records(rows(), RECIPES["sft"], Echo(frozenset()), accept, chat):
        sizes.append(len(found))
        assert read <= sum(sizes)
    assert sizes == [pipeline.CHUNK, pipeline.CHUNK, 1]
