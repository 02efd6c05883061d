"""The explained config and the JSON schema come from the schema itself, and both are what a run takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from s3ft import config, plugins
from s3ft.config import reference
from s3ft.config.load import _Loader

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
GIVEN = {"model": "lab", "task": {"name": "rows", "path": "a.jsonl", "prompt": "{a}\n{b}"}, "train": {"epochs": 2}}


def _uncommented(text: str) -> dict[str, Any]:
    """The config with every field that stands behind a # taken in."""
    lines = [re.sub(r"^((  )?)# ((  )?\w+:( .*)?)$", r"\1\3", line) for line in text.splitlines()]
    found: dict[str, Any] = yaml.load("\n".join(lines), _Loader)
    return found


def test_a_config_of_defaults_is_the_config_with_nothing_but_what_was_given() -> None:
    text = reference.as_yaml(GIVEN, {})
    assert config.parse(yaml.load(text, _Loader)) == config.parse(GIVEN)
    # The task's own words, shown with its options, may begin a line like a field.
    plain = {**GIVEN, "task": "lab"}
    whole = _uncommented(reference.as_yaml(plain, {}))
    assert whole.keys() == config.RunConfig.model_fields.keys()
    assert whole["train"].keys() == config.TrainConfig.model_fields.keys()
    del whole["sweep"]
    assert config.parse(whole) == config.parse(plain)


def test_every_field_is_explained_in_the_words_of_the_schema() -> None:
    text = " ".join(re.sub(r"[# \n]+", " ", reference.as_yaml({}, {})).split())
    for part in (config.RunConfig, config.TrainConfig, config.EvaluateConfig, config.ChatConfig, config.SweepConfig):
        for name, field in part.model_fields.items():
            said = field.description or " ".join((getattr(field.annotation, "__doc__", "") or "").split())
            assert said, f"{part.__name__}.{name} has no words"
            assert " ".join(said.replace("#", " ").split()) in text, name
    for said in ("Seed of the draws.", "Nucleus sampling."):
        assert said in text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_schema_takes_what_a_run_takes(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = reference.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.load(path.read_text(), _Loader), schema)


@pytest.mark.parametrize(
    ("wrong", "is_taken"),
    [
        ({"task": {"name": "rows", "path": "a.jsonl", "gold": "x"}}, True),
        ({"task": {"name": "rows", "path": "a.jsonl", "glod": "x"}}, False),
        ({"task": {"name": "rows"}}, False),
        ({"task": {"name": "mine.py", "anything": 1}}, True),
        ({"judge": {"first": ["math", "llm"]}}, True),
        ({"judge": {"name": "llm", "votes": 3}}, True),
        ({"judge": {"name": "llm", "vots": 3}}, False),
        ({"judge": "even.py"}, True),
        ({"backend": {"name": "transformers", "batch_tokens": 4}}, True),
        ({"backend": {"name": "transformers", "batch": 4}}, False),
        ({"recipes": ["s3ft", {"mine": ["self", {"source": "gold"}]}]}, True),
        ({"sampling": {"max_token": 4}}, False),
        ({"modle": "x"}, False),
    ],
)
def test_the_schema_knows_the_options_of_what_ships_with_s3ft(wrong: dict[str, Any], is_taken: bool) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(reference.json_schema())
    assert validator.is_valid({"model": "lab", "task": "lab", **wrong}) == is_taken


@pytest.mark.parametrize("kind", ["judge", "task", "backend"])
def test_every_plug_in_has_a_form_of_its_own(kind: plugins.Kind) -> None:
    forms = reference.json_schema()["properties"][kind]["anyOf"]
    named = {f["properties"]["name"].get("const") for f in forms if "name" in f.get("properties", {})}
    assert named >= set(plugins.names(kind))
