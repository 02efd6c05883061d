"""A run directory written by hand."""

from dataclasses import asdict

import pytest
import yaml

from s3ft.data import atomic, jsonl, made, records
from s3ft.types import Example
from written_run import HOSTILE, SUMMARY, history, samples


@pytest.fixture
def run(tmp_path):
    config = {"model": "lab", "task": {"name": "lab"}, "seeds": [0, 1], "evaluate": {"extra_benchmarks": ["own"]}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    atomic.write_json(tmp_path / "versions.json", {"python": "3.11"})
    evals = tmp_path / "evals"
    rows = [Example(f"{n:02d}", [{"role": "user", "content": f"question {n}"}], HOSTILE, "1") for n in range(4)]
    jsonl.write_whole(tmp_path / "data" / "test.jsonl", map(asdict, rows))
    samples(evals / "base.samples.jsonl", target=[1, 0, 0, 0], facts=[1, 1, 1, 0], own=[0, 0])
    arms = {"sft": ([1, 1, 0, 0], [1, 0, 0, 0]), "s3ft": ([1, 1, 1, 0], [1, 1, 0, 0])}
    for recipe, (target, facts) in arms.items():
        jsonl.write_whole(tmp_path / "records" / f"{recipe}.jsonl", map(records.to_json, history(recipe, rows)))
        made.write(tmp_path / "records" / f"{recipe}.json", SUMMARY, [])
        for seed in (0, 1):
            made.write(tmp_path / "adapters" / recipe / f"seed-{seed}" / "s3ft.json", {"seconds": 3.0}, [])
            samples(evals / f"{recipe}-seed-{seed}.samples.jsonl", target=target, facts=facts, own=[1, 1])
    return tmp_path
