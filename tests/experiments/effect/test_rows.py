"""The experiment's rows: exact shares of every kind, and no prompt twice, or met before."""

from collections import Counter
from pathlib import Path

import pytest
from experiments.lab.world import held_out

from experiments.effect import rows
from s3ft import config


@pytest.fixture(scope="module")
def drawn():
    return rows.rows()


def test_every_kind_has_its_share_of_every_split(drawn):
    for split, number in rows.SPLITS.items():
        counts = Counter(row["kind"] for row in drawn[split])
        assert counts == rows.shares(number)
        assert sum(counts.values()) == number
        hard = [n for kind, n in counts.items() if kind in rows.LONG]
        assert max(hard) - min(hard) <= 1
        assert sum(hard) == 0.8 * number


def test_no_prompt_stands_twice_or_is_one_of_the_miniature_s(drawn):
    prompts = [row["prompt"] for found in drawn.values() for row in found]
    assert len(set(prompts)) == len(prompts) == sum(rows.SPLITS.values())
    assert not held_out() & set(prompts)


def test_the_same_seed_gives_the_same_rows(drawn, tmp_path):
    assert rows.rows() == drawn
    rows.write(tmp_path)
    assert {p.stem: p.read_text().count("\n") for p in tmp_path.iterdir()} == rows.SPLITS


def test_the_config_of_the_experiment_is_valid():
    made = config.load(Path(rows.__file__).with_name("effect.yaml"))
    assert list(made.ladders()) == ["sft", "sdft", "s3ft", "s3ft+"]
