"""Judges by name and option, combined ones, a user's functions, and TRL's reward functions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from s3ft import judges
from s3ft.types import Completion, Example, UserError, Verdict

ROWS = ["yes", "no", "maybe", "odd"]


def _ask(spec: Any, texts: Sequence[str] = ROWS, reference: Any = "yes", **meta: Any) -> list[Verdict]:
    examples = [
        Example(str(i), [{"role": "user", "content": "?"}], "", reference, meta=meta) for i in range(len(texts))
    ]
    return judges.load(spec)(examples, [Completion(t) for t in texts])


def _file(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / f"{name}.py"
    path.write_text("from s3ft.types import Verdict\n" + text)
    return str(path)


TABLE = """
class judge:
    def __init__(self, log=None, **table):
        self.log, self.table = log, table
    def __call__(self, examples, completions):
        if self.log:
            with open(self.log, "a") as file:
                file.writelines(c.text + "\\n" for c in completions)
        return [Verdict(self.table.get(c.text), c.text, "said so") for c in completions]
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    return _file(tmp_path, "table", TABLE)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            "import asyncio\ndef judge(e, c): raise asyncio.CancelledError('late')\n",
            "judge failed: CancelledError: late",
        ),
        (
            "class judge:\n    def __call__(self, e, c): raise BaseException('own')\n",
            "judge failed: BaseException: own",
        ),
        ("import os\ndef judge(e, c): os._exit(0)\n", "judge failed: SystemExit: 0"),
        ("from os import _exit\nclass judge:\n    def __call__(self, e, c): _exit(0)\n", "judge failed: SystemExit: 0"),
        ("def judge(e, c): return Verdict('yes')\n", "judge returned Verdict('yes'), expected True, False or None"),
    ],
)
def test_whatever_ends_a_judge_leaves_it_undecided(tmp_path: Path, body: str, says: str) -> None:
    found = _ask(_file(tmp_path, "ends", body))
    assert [(v.correct, v.reason) for v in found] == [(None, says)] * len(ROWS)


def _failing_reward(completions: Any, **columns: Any) -> list[float]:
    raise KeyError("boom")


class _Failing:
    def __call__(self, examples: Any, completions: Any) -> list[Verdict]:
        raise KeyError("boom")


@pytest.mark.parametrize("judge", [_failing_reward, _Failing()])
def test_what_ends_a_judge_in_memory_leaves_it_undecided(judge: Any) -> None:
    example = Example("1", [{"role": "user", "content": "?"}], "", "yes")
    [verdict] = judges.of(judge)([example], [Completion("yes")])
    assert (verdict.correct, verdict.reason) == (None, "judge failed: KeyError: 'boom'")


def test_a_process_that_a_judge_forks_ends_as_it_wants(tmp_path: Path) -> None:
    body = "import os\ndef judge(e, c):\n    if not (pid := os.fork()): os._exit(7)\n"
    found = _ask(_file(tmp_path, "forks", body + "    return Verdict(os.waitpid(pid, 0)[1] == 7 << 8)\n"), ["yes"])
    assert found[0].correct is True


def test_verdicts_of_numpy_are_verdicts(tmp_path: Path) -> None:
    name = _file(tmp_path, "arrays", "import numpy\ndef judge(e, c): return Verdict(numpy.bool_(c.text == 'yes'))\n")
    assert [v.correct for v in _ask(name)] == [True, False, False, False]


def test_a_judge_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be made: ValueError: boom"):
        _ask(_file(tmp_path, "boom", "class judge:\n    def __init__(self): raise ValueError('boom')\n"))


def _table(name: str, **said: bool) -> dict[str, Any]:
    return {"name": name, **said}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("first", [True, False, False, None]),
        ("all", [None, False, False, None]),
        ("any", [True, True, None, None]),
    ],
)
def test_combined_judges_follow_the_logic_of_none(table: str, how: str, expected: list[bool | None]) -> None:
    # yes: True, None; no: False, True; maybe: None, False; odd: None, None
    one, two = _table(table, yes=True, no=False), _table(table, no=True, maybe=False)
    assert [v.correct for v in _ask({how: [one, two]})] == expected
    assert [v.correct for v in _ask({"name": how, "of": [one, two]})] == expected


@pytest.mark.parametrize(
    ("how", "open_rows"),
    [("first", ["maybe", "odd"]), ("all", ["yes", "maybe", "odd"]), ("any", ["no", "maybe", "odd"])],
)
def test_a_later_judge_is_asked_only_for_rows_that_are_open(
    table: str, how: str, open_rows: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "asked.txt"
    _ask({how: [_table(table, yes=True, no=False), {"name": table, "log": str(log)}]})
    assert log.read_text().split() == open_rows


def test_the_reason_names_the_judge_that_decided() -> None:
    found = _ask({"first": ["exact", "qa"]}, ["yes", "no"])
    assert found[0].reason == "exact"
    assert found[1].reason.startswith("exact: not equal")


def test_combined_judges_nest(table: str) -> None:
    spec = {"all": [{"any": ["exact", "qa"]}, {"name": table, "yes": True}]}
    assert [v.correct for v in _ask(spec)] == [True, False, None, None]


@pytest.mark.parametrize("spec", [{"first": []}, {"first": "math"}, {"name": "all", "of": None}])
def test_a_combination_needs_a_list(spec: Any) -> None:
    with pytest.raises(UserError, match="expected a list of judges"):
        judges.load(spec)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("exakt", "did you mean 'exact'"),
        ({"first": ["math", "exakt"]}, "did you mean 'exact'"),
        ({"match": "f1"}, "expected a name"),
        (3, "expected a name"),
        ({"name": "exact", "loud": True}, "takes no options, found loud"),
        ({"name": "qa", "loud": True}, "its options are match, threshold"),
        ({"name": "trl.rewards:accuracy_reward", "loud": 1}, "its options are threshold, conversational"),
    ],
)
def test_mistakes_are_named(spec: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        judges.load(spec)


def test_a_function_that_raises_or_returns_something_else_is_none(tmp_path: Path) -> None:
    text = """
def judge(example, completion):
    return {"yes": Verdict(True), "no": True}[completion.text]
"""
    found = _ask(_file(tmp_path, "plain", text), ["yes", "no", "maybe"])
    assert [v.correct for v in found] == [True, None, None]
    assert found[1].reason == "judge returned bool, expected a Verdict"
    assert found[2].reason == "judge failed: KeyError: 'maybe'"


def test_a_batch_judge_that_raises_loses_only_the_rows_that_raise(tmp_path: Path) -> None:
    text = """
class judge:
    def __call__(self, examples, completions):
        return [Verdict({"yes": True, "no": False}[c.text]) for c in completions]
"""
    found = _ask(_file(tmp_path, "batch", text), ["yes", "odd", "no"])
    assert [v.correct for v in found] == [True, None, False]
    assert "KeyError" in found[1].reason


def test_a_batch_judge_with_too_few_verdicts_is_named(tmp_path: Path) -> None:
    text = """
class judge:
    def __call__(self, examples, completions):
        return [Verdict(True)]
"""
    with pytest.raises(UserError, match="gave 1 verdicts for 4 completions"):
        _ask(_file(tmp_path, "short", text))


REWARD = """
def reward(completions, solution, level=None, **kwargs):
    said = [c[0]["content"] for c in completions]
    assert all(p[-1]["role"] == "user" for p in kwargs["prompts"])
    return [None if s == "maybe" else float("nan") if s == "odd" else 1.0 * (s == g) for s, g in zip(said, solution)]
"""


def test_a_reward_function_is_a_judge_and_its_none_stays_none(tmp_path: Path) -> None:
    path = _file(tmp_path, "reward", REWARD)
    for name in (path, f"{path}:reward"):
        found = _ask(name)
        assert [v.correct for v in found] == [True, False, None, None]
        assert found[0].reason == "reward 1"
    strict = _ask({"name": f"{path}:reward", "threshold": 1.5})
    assert [v.correct for v in strict] == [False, False, None, None]


def test_a_reward_function_may_take_text_and_columns_and_be_awaited(tmp_path: Path) -> None:
    text = """
async def reward(prompts, completions, level):
    return [float(c == "yes" and p == "?" and l == 3) for p, c, l in zip(prompts, completions, level)]
"""
    path = _file(tmp_path, "text", text)
    assert [v.correct for v in _ask({"name": path, "conversational": False}, level=3)] == [True, False, False, False]
    with pytest.raises(UserError, match=r"needs the column 'level'; columns here: .*completions"):
        _ask({"name": path, "conversational": False})


def test_of_several_reward_functions_one_must_be_named(tmp_path: Path) -> None:
    path = _file(tmp_path, "two", REWARD + REWARD.replace("def reward", "def other"))
    with pytest.raises(UserError, match=r"found the reward functions reward, other; name one as .*two\.py:NAME"):
        judges.load(path)


def test_trls_own_reward_function_is_a_judge() -> None:
    texts = [r"It is \boxed{\frac{1}{3}}", r"It is \boxed{0.5}"]
    found = _ask("trl.rewards:accuracy_reward", texts, r"\frac{1}{3}")
    assert [v.correct for v in found] == [True, False]
    assert _ask("trl.rewards:accuracy_reward", texts[:1], "")[0].correct is None


def test_the_deciding_judge_s_score_is_the_verdict_s(tmp_path: Path) -> None:
    scored = _file(
        tmp_path,
        "scored",
        "def judge(e, c):\n    return Verdict({'yes': True, 'no': False}.get(c.text), c.text, 'r', len(c.text) / 8)\n",
    )
    found = _ask({"first": [scored, "exact"]})
    assert [v.score for v in found] == [3 / 8, 2 / 8, None, None]
    assert [v.correct for v in _ask({"first": [scored]})] == [True, False, None, None]
    assert [v.score for v in _ask({"first": [scored]})] == [3 / 8, 2 / 8, 5 / 8, 3 / 8]


@pytest.mark.parametrize(
    ("text", "correct"),
    [
        ("<think>Is it A or B?</think>\nB", True),
        ("[THINK]It is A.[/THINK] B", True),
        ("<think>B</think>A", False),
        ("<think>B", False),
        ("B<|im_end|>", True),
        ("<b>", True),
    ],
)
def test_exact_compares_what_follows_the_thoughts(text: str, correct: bool) -> None:
    exact = judges.load("exact")
    assert exact([Example("1", [], "", ["B", "<b>"])], [Completion(text)])[0].correct is correct
