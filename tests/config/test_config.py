"""The config: what a file and the command line may say, and the one line for what they may not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from s3ft import config, plugins
from s3ft.config import schema
from s3ft.digest import digest
from s3ft.types import Rung, Sampling, UserError

PLAIN = {"model": "lab", "task": "gsm8k"}


def _load(tmp_path: Path, text: str, *overrides: str) -> config.RunConfig:
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return config.load(path, overrides)


def test_the_defaults_are_the_paper_s_setting() -> None:
    found = config.parse(PLAIN)
    assert (found.train.lora_rank, found.train.lora_alpha, found.train.lora_dropout) == (8, 16, 0.1)
    assert found.sampling == Sampling(max_tokens=512, temperature=0.0)
    assert list(found.ladders()) == ["sft", "s3ft"]
    assert found.task == {"name": "gsm8k"}
    assert found.seeds == (0,)


def _sections(section: type[schema.Section]) -> Iterator[type[schema.Section]]:
    yield section
    for field in section.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, schema.Section):
                yield from _sections(inner)


def test_every_field_says_what_it_is() -> None:
    backends = [plugins.config_of(plugins.load("backend", n), n) for n in plugins.names("backend")]
    sections = {*_sections(schema.RunConfig), *backends}
    assert {schema.ChatConfig, schema.TrainConfig, schema.SweepConfig, schema.EvaluateConfig} < sections
    for section in sections:
        for name, field in section.model_fields.items():
            inner = [a for a in (field.annotation, *get_args(field.annotation)) if isinstance(a, type)]
            is_documented = field.description or any(a in sections or a is Sampling for a in inner)
            # The name of a backend is documented once, where all of them have it.
            assert is_documented or (section in backends and name == "name"), f"{section.__name__}.{name}"


def test_a_name_stands_for_a_mapping_with_a_name(tmp_path: Path) -> None:
    long = _load(tmp_path, "{model: lab, task: {name: gsm8k}, backend: {name: transformers}}")
    assert _load(tmp_path, "{model: lab, task: gsm8k, backend: transformers}") == long


def test_a_byte_order_mark_and_other_letters_are_read(tmp_path: Path) -> None:
    assert _load(tmp_path, "\ufeffmodel: modèle\ntask: gsm8k\n").model == "modèle"


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("train.learning_rate=1e-5", 1e-5),
        ("train.learning_rate=3E-4", 3e-4),
        ("train.learning_rate={sft: 1e-4, s3ft: 2e-4}", {"sft": 1e-4, "s3ft": 2e-4}),
        ("task.path=a=b.jsonl", "a=b.jsonl"),
        ("task.path=2024-05-01", "2024-05-01"),
        ("backend.device=cuda:1", "cuda:1"),
        ("train.device=cuda:1", "cuda:1"),
        ("backend.extra.attn_implementation=sdpa", "sdpa"),
        ("chat.template_kwargs.enable_thinking=false", False),
        ("chat.date=2025-01-15", "2025-01-15"),
        ("limit=", None),
        ("limit=null", None),
        ("seeds=[3, 1]", (3, 1)),
        ("recipes=[rft]", ("rft",)),
        ("judge=exact", "exact"),
        ("evaluate.benchmarks=[mmlu]", ("mmlu",)),
    ],
)
def test_a_value_on_the_command_line_is_read_as_in_the_file(tmp_path: Path, override: str, value: object) -> None:
    found = _load(tmp_path, "model: lab\ntask: gsm8k\nlimit: 7", override)
    key, _, _ = override.partition("=")
    for part in key.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    assert found == value


def test_an_option_of_what_was_named_in_one_word_goes_beside_its_name(tmp_path: Path) -> None:
    found = _load(tmp_path, "{model: lab, task: gsm8k, judge: math}", "task.path=x.jsonl", "judge.tolerance=0.1")
    assert found.task == {"name": "gsm8k", "path": "x.jsonl"}
    assert found.judge == {"name": "math", "tolerance": 0.1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n- b", "found list, expected a mapping"),
        ("", "found NoneType, expected a mapping"),
        ("model: [lab", "not YAML: while parsing"),
        ("model: lab\n\ttask: gsm8k", "not YAML"),
        ("model: lab\ntask: gsm8k\nmodel: other", "duplicate key 'model'"),
        ("{model: lab, task: gsm8k, train: {epochs: 1, epochs: 2}}", "duplicate key 'epochs'"),
        ("model: !!python/object:os.system lab", "not YAML"),
        ("task: gsm8k", "field 'model' is missing; add it"),
        ("{modle: lab, task: gsm8k}", "unknown field 'modle': did you mean 'model'?"),
        ("{model: lab, task: gsm8k, train: {epoch: 3}}", "unknown field 'train.epoch': did you mean 'train.epochs'?"),
        ("{model: lab, task: gsm8k, sampling: {max_token: 3}}", "did you mean 'sampling.max_tokens'?"),
        ("{model: lab, task: gsm8k, backend: {naem: x}}", "did you mean 'backend.name'?"),
        ("{model: lab, task: gsm8k, sweep: {learning_rat: [1e-4]}}", "did you mean 'sweep.learning_rate'?"),
        ("{model: lab, task: gsm8k, train: {epochs: many}}", "field 'train.epochs': found 'many'"),
        ("{model: lab, task: gsm8k, train: {epochs: 0}}", "field 'train.epochs': found 0"),
        ("{model: lab, task: gsm8k, train: [1]}", "field 'train': found [1]"),
        ("{model: lab, task: gsm8k, rejected_gold: leave}", "field 'rejected_gold': found 'leave'"),
        ("{model: lab, task: gsm8k, sampling: {top_p: 0}}", "sampling.top_p: found 0.0, expected above 0"),
        (
            "{model: lab, task: gsm8k, sampling: {num_samples: 4}}",
            "belongs to a rung: {mine: [{source: self, num_samples",
        ),
        ("{model: lab, task: gsm8k, seeds: []}", "field 'seeds': found []"),
        ("{model: lab, task: gsm8k, seeds: [1, 2, 1]}", "seeds: found [1, 2, 1], expected each once"),
        ("{model: lab, task: gsm8k, recipes: [s3fd]}", "unknown recipe 's3fd': did you mean 's3ft'?"),
        ("{model: lab, task: gsm8k, recipes: []}", "expected one or more names"),
        (
            "{model: lab, task: gsm8k, recipes: [sft, sft]}",
            "found ['sft', 'sft'], expected one or more names, each once",
        ),
        ("{model: lab, task: gsm8k, recipes: sft}", "found 'sft'"),
        ("{model: lab, task: gsm8k, recipes: [{mine: {ladder: [self]}}]}", "a recipe is a list of rungs"),
        ("{model: lab, task: gsm8k, recipes: [{mine: []}]}", "field 'recipes.0.mine': found []"),
        ("{model: lab, task: gsm8k, recipes: [{mine: [{souce: self}]}]}", "did you mean 'recipes.0.mine.0.source'?"),
        ("{model: lab, task: gsm8k, recipes: [{mine: [{source: self, num_samples: 0}]}]}", "num_samples: found 0"),
        ("{model: lab, task: gsm8k, recipes: [{mine: [{source: self, keep: best}]}]}", "found 'best'"),
        ("{model: lab, task: gsm8k, recipes: [{base: [self]}]}", "and not 'base'"),
        ("{model: lab, task: gsm8k, backend: {name: scripted}}", "field 'backend.path' is missing; add it"),
        ("{model: lab, task: gsm8k, backend: {name: scripted, pth: x}}", "did you mean 'backend.path'?"),
        ("{model: lab, task: gsm8k, backend: vlm}", "backend: unknown backend 'vlm'"),
        (
            "{model: lab, task: gsm8k, paraphrase_attempts: 4}",
            "is gone: write a recipe with {source: paraphrase, num_samples",
        ),
        ("{model: lab, task: gsm8k, refused_gold: keep}", "field 'refused_gold' is gone: it is called rejected_gold"),
        ("{model: lab, task: gsm8k, evaluate: {beside: [x]}}", "it is called evaluate.extra_benchmarks"),
        ("{model: lab, task: {path: a.jsonl}}", "expected a name or a mapping with a name"),
        ("{model: lab, task: {name: 3}}", "expected a name or a mapping with a name"),
        ("{model: lab, task: gsm8k, train: {learning_rate: {sft: 1e-4}}}", "no entry for 's3ft', found sft; add one"),
    ],
)
def test_a_wrong_config_is_one_line_with_what_was_found_and_expected(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UserError) as found:
        _load(tmp_path, text)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("epochs", "expected key=value, such as train.epochs=1"),
        ("=3", "expected key=value"),
        ("train.epochs.more=3", "'epochs' holds 3, expected a section"),
        ("trian.epochs=1", "unknown field 'trian': did you mean 'train'?"),
        ("task.path=[a", "the value is not YAML; quote it"),
        ("task.prompt={a}: {b", "the value is not YAML; quote it"),
        ("model.size=big", "field 'model': found {'name': 'lab', 'size': 'big'}"),
    ],
)
def test_a_wrong_override_is_one_line(tmp_path: Path, override: str, says: str) -> None:
    with pytest.raises(UserError) as found:
        _load(tmp_path, "{model: lab, task: gsm8k, train: {epochs: 3}}", override)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_a_config_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config '.*none\.yaml': no such file"):
        config.load(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="found a folder, expected a YAML file"):
        config.load(tmp_path)
    (tmp_path / "odd.yaml").write_bytes(b"model: \xff\xfe")
    with pytest.raises(UserError, match=r"odd\.yaml: not UTF-8"):
        config.load(tmp_path / "odd.yaml")


def test_own_recipes_are_data() -> None:
    drawn = {"source": "paraphrase", "num_samples": 4, "temperature": 0.5, "keep": "likeliest"}
    found = config.parse({**PLAIN, "recipes": ["sft", {"mine": ["self", "a.py:source", drawn, "gold"]}]})
    rungs = (Rung("self"), Rung("a.py:source"), Rung("paraphrase", 4, 0.5, "likeliest"), Rung("gold"))
    assert found.ladders()["mine"] == rungs
    assert list(found.ladders()) == ["sft", "mine"]


def test_a_learning_rate_for_each_recipe() -> None:
    found = config.parse({**PLAIN, "train": {"learning_rate": {"sft": 1e-4, "s3ft": 3e-4}}})
    assert (found.train.rate("sft"), found.train.rate("s3ft")) == (1e-4, 3e-4)
    assert config.parse(PLAIN).train.rate("anything") == 1e-4


def test_a_config_survives_its_own_file(tmp_path: Path) -> None:
    text = (
        "{model: lab, task: {name: rows, path: x}, chat: {date: 2025-01-15}, train: {learning_rate: 1e-7}, seeds: [1],"
        " recipes: [sft, {mine: [self, {source: paraphrase, num_samples: 2, keep: distinct}]}],"
        " backend: {name: scripted, path: written.jsonl}}"
    )
    found = _load(tmp_path, text)
    kept = yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    assert _load(tmp_path, kept) == found
    assert config.parse(yaml.safe_load(kept)) == found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_a_digest_depends_on_the_value_alone(value: object) -> None:
    turned = dict(reversed(value.items())) if isinstance(value, dict) else value
    assert digest(value) == digest(turned) == digest(json.loads(json.dumps(value)))
    assert digest(value) != digest([value])


def test_a_digest_takes_lone_surrogates() -> None:
    assert digest("\ud800") != digest("\ud801")
