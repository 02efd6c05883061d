"""bench/trl_compat.py counts every test that makes a trainer."""

import importlib.util
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "trl_compat.py"
TESTS = """import pytest
from trl import SFTTrainer

def test_before_a_skipped_one():
    with pytest.raises(TypeError):
        SFTTrainer()

@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.skip
def test_skipped_too():
    pass
"""


@pytest.fixture
def bench():
    spec = importlib.util.spec_from_file_location("trl_compat_bench", BENCH)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_a_skipped_test_changes_nothing_of_the_test_before_it(bench, tmp_path):
    (tmp_path / "test_sft_trainer.py").write_text(TESTS)
    found = bench.run(tmp_path, "", "trl", tmp_path)
    assert found == {"test_before_a_skipped_one": {"trainer": True, "outcome": "passed", "why": ""}}


def test_nothing_that_passes_with_the_trainer_of_trl_is_no_success(bench, monkeypatch, capsys):
    failed = {"test_it": {"trainer": True, "outcome": "failed", "why": "no model"}}
    monkeypatch.setattr(bench, "make_models", lambda hub: None)
    monkeypatch.setattr(bench, "run", lambda *_: failed)
    assert bench.main(Path("tests")) == 1
    assert "passes 0 of 1" in capsys.readouterr().out
