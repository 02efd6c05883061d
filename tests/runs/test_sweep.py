"""Which setting a sweep takes, and how many steps a recipe is trained for."""

from types import SimpleNamespace

import pytest

from s3ft import config
from s3ft.runs import sweep, train
from s3ft.types import UserError


def points(*found):
    """(score, divergence) of each, with a standard error of 0.03."""
    return [
        {"learning_rate": 1e-3 * (n + 1), "lora_rank": 8, "score": score, "standard_error": 0.03, "kl": kl}
        for n, (score, kl) in enumerate(found)
    ]


@pytest.mark.parametrize(
    ("tried", "taken"),
    [
        ([(0.40, 0.01), (0.48, 0.02), (0.50, 0.10), (0.49, 0.30)], 1),
        ([(0.40, 0.01), (0.46, 0.02), (0.50, 0.10)], 2),
        ([(0.50, 0.02), (0.50, 0.02)], 0),
        ([(0.49, None), (0.50, None)], 1),
        ([(0.2, 0.1)], 0),
    ],
)
def test_of_the_points_within_one_standard_error_the_one_that_moved_least_is_taken(tried, taken):
    found = points(*tried)
    sweep.take(found)
    assert [p["chosen"] for p in found] == [n == taken for n in range(len(found))]
    lines = sweep.table("s3ft", found)
    assert len(lines) == 1 + len(found)
    assert lines[1 + taken].endswith("  taken")
    assert all(len(line) <= 80 for line in lines)


def counted(targets, **fields):
    """A run of which only the counts are known."""
    made = config.parse({"model": "lab", "task": "lab", "recipes": list(targets), "train": fields})
    return SimpleNamespace(
        config=made, counts=lambda split: SimpleNamespace(rows=100), summary=lambda name: {"targets": targets[name]}
    )


def test_a_sweep_without_values_is_a_mistake():
    with pytest.raises(UserError, match="names no values to try; add sweep"):
        sweep.sweep(counted({"s3ft": 1}))


@pytest.mark.parametrize(("budget", "expected"), [("steps", 21), ("passes", 9)])
def test_the_steps_of_a_recipe_do_not_depend_on_the_others(budget, expected):
    for others in ({}, {"rft": 700}, {"sft": 100, "rft": 700}):
        run = counted({"s3ft": 40, **others}, budget=budget, epochs=3, batch_size=16)
        assert train.steps(run, "s3ft") == expected
