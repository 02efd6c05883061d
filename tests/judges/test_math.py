"""The math judge on tables of cases, on generated numbers, and on input made to break it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.math_cases import DIFFERENT, SAME
from judges.math_hard_cases import ACCEPTED, NOT_ACCEPTED
from judges.math_mention_cases import GIVEN, MENTIONED
from s3ft import judges
from s3ft.types import Completion, Example, UserError, Verdict


@pytest.fixture(scope="module")
def ask() -> Callable[..., Verdict]:
    judge = judges.load("math")

    def one(reference: Any, text: str, question: str = "How many?") -> Verdict:
        example = Example("1", [{"role": "user", "content": question}], "", reference)
        return judge([example], [Completion(text)])[0]

    return one


def _cpu_seconds() -> float:
    """Processor time of this process and of its children, those that ended and those that run."""
    times = psutil.Process().cpu_times()
    ended = times.user + times.system + times.children_user + times.children_system
    return ended + sum(c.cpu_times().user + c.cpu_times().system for c in psutil.Process().children())


def _cases(table: dict[str, list[tuple[Any, str]]]) -> list[Any]:
    return [pytest.param(r, t, id=f"{group}-{i}") for group, rows in table.items() for i, (r, t) in enumerate(rows)]


@pytest.mark.parametrize(("reference", "text"), _cases(SAME))
def test_same(ask: Callable[..., Verdict], reference: Any, text: str) -> None:
    assert ask(reference, text).correct is True


@pytest.mark.parametrize(("reference", "text"), _cases(DIFFERENT))
def test_different(ask: Callable[..., Verdict], reference: Any, text: str) -> None:
    assert ask(reference, text).correct is False


@pytest.mark.parametrize(("reference", "text"), _cases(ACCEPTED) + _cases(GIVEN))
def test_a_harder_answer_is_accepted(ask: Callable[..., Verdict], reference: str, text: str) -> None:
    assert ask(reference, text).correct is True


@pytest.mark.parametrize(("reference", "text"), _cases(NOT_ACCEPTED) + _cases(MENTIONED))
def test_a_harder_wrong_answer_is_not_accepted(ask: Callable[..., Verdict], reference: str, text: str) -> None:
    assert ask(reference, text).correct is not True


def test_a_scale_that_the_question_asks_for_may_be_written_or_not(ask: Callable[..., Verdict]) -> None:
    assert ask("14", "14 million", "How many million people live there?").correct is True
    assert ask("14", "14 million", "How many people live there?").correct is False
    assert ask("14000000", "14 million", "How many million people live there?").correct is True


MEGABYTE = 1_000_000

HOSTILE: dict[str, tuple[Any, str]] = {
    "tower": ("18", r"\boxed{9^{9^9}}"),
    "tower without braces": ("18", r"\boxed{9^9^9^9}"),
    "python power": ("18", "The answer is $9**9**9$."),
    "100,000 digits": ("18", r"\boxed{10^{100000}}"),
    "a product of powers": ("18", r"\boxed{(10^{4000})^{4000} - 1}"),
    "factorial": ("18", r"\boxed{100000!}"),
    "binomial": ("18", r"\boxed{\binom{10^9}{10^8}}"),
    "root of a power": ("18", r"\boxed{\sqrt{10^{100000}}}"),
    "typed digits": ("18", r"\boxed{" + "9" * 100_000 + "}"),
    "exponent": ("18", r"\boxed{1e9999}"),
    "nested braces": ("18", r"\boxed" + "{" * 10_000 + "18" + "}" * 10_000),
    "nested parentheses": ("18", r"\boxed{" + "(" * 900 + "18" + ")" * 900 + "}"),
    "nested fractions": ("18", r"\boxed{" + r"\frac{1}{1+" * 150 + "1" + "}" * 150 + "}"),
    "a long set": (",".join(map(str, range(1, 401))), r"\boxed{\{" + ",".join(map(str, range(400))) + r"\}}"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_answer_is_none_in_time(ask: Callable[..., Verdict], case: str) -> None:
    start = time.monotonic()
    verdict = ask(*HOSTILE[case])
    assert time.monotonic() - start < 1
    assert verdict.correct is None
    assert verdict.reason


SHAPES = [
    *(
        "{",
        "}",
        "(",
        "[",
        "$",
        "$$",
        "*",
        "**",
        "#",
        "####",
        " ",
        "\n",
        "\t",
        "=",
        ":",
        ",",
        ".",
        "-",
        "\\",
        "1",
        "1,",
        "1 ",
    ),
    *(
        "1/",
        "<<",
        "<think>",
        "</think>",
        "\\boxed",
        "\\boxed{",
        "\\boxed{}",
        "\\boxed{1",
        "\\frac{",
        "\\text{",
        "\\(",
        "\\[",
    ),
    *(
        "answer ",
        "answer to ",
        "answer:",
        "answer is ",
        "A:",
        "\nA:",
        "Q:\n",
        "\n####",
        "#### ",
        "**1",
        "1 and ",
        "so ",
        ". ",
    ),
    *("= 1 ", "is is ", "9^", "x_", "$1 ", "$1", "\\sqrt", "-1", "one ", "\0", "\ud800", "é", "１", "√", "½"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=ascii)
@pytest.mark.parametrize("end", ["", "\nThe answer is 18."], ids=["bare", "answered"])
def test_a_megabyte_of_one_shape_takes_no_time(ask: Callable[..., Verdict], shape: str, end: str) -> None:
    start = _cpu_seconds()
    verdict = ask("18", (shape * (MEGABYTE // len(shape) + 1))[:MEGABYTE] + end)
    assert _cpu_seconds() - start < 4
    assert verdict.correct is not True or end
    verdict.reason.encode()
    (verdict.answer or "").encode()


def test_ten_megabytes_with_an_answer_at_the_end(ask: Callable[..., Verdict]) -> None:
    text = "We add 3 and 4 to get 7. " * 400_000 + "\n#### 18"
    start = time.monotonic()
    assert ask("18", text).correct is True
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    "reference", [None, True, [], ["18"], {"a": 1}, "", "  ", float("nan"), float("inf"), "####", "$"]
)
def test_an_unusable_reference_is_none(ask: Callable[..., Verdict], reference: Any) -> None:
    verdict = ask(reference, "18")
    assert verdict.correct is None
    assert "reference" in verdict.reason


def test_a_reference_that_nobody_can_parse_is_none(ask: Callable[..., Verdict]) -> None:
    assert ask(r"\weird{\foo}{1}^^", r"\boxed{x^2 \lozenge 3}").correct is None


@pytest.mark.parametrize("timeout_s", [0, -1, "5", True, float("nan"), 1e9])
def test_a_bad_limit_is_the_users_mistake(timeout_s: Any) -> None:
    with pytest.raises(UserError, match="timeout_s"):
        judges.load({"name": "math", "timeout_s": timeout_s})


LIMIT = 2
SLOW = (
    r"\boxed{\int_0^1 \frac{x^{37} \sin(x^{5}) \log(1+x^3)}{\sqrt{1+x^{11}}} dx"
    r" \cdot \sum_{k=1}^{100000000} \frac{1}{k^3+k!}}"
)
ALGEBRA = (r"\sin(2x)", r"\boxed{2\sin(x)\cos(x)}")


def _one(judge: Any, reference: str, text: str) -> Verdict:
    return judge([Example("1", [], "", reference)], [Completion(text)])[0]  # type: ignore[no-any-return]


def _algebra_processes() -> set[int]:
    children = psutil.Process().children()
    return {c.pid for c in children if "s3ft.judges.math.worker" in c.cmdline()}


def test_algebra_that_takes_too_long_is_killed_and_started_anew() -> None:
    others = _algebra_processes()
    judge = judges.load({"name": "math", "timeout_s": LIMIT})
    assert _one(judge, *ALGEBRA).correct is True
    first = _algebra_processes() - others
    assert len(first) == 1
    start = _cpu_seconds()
    verdict = _one(judge, r"\cos(3x)", SLOW)
    assert verdict.correct is None
    assert "timeout" in verdict.reason
    # the limit is processor time; a second more is for this process and the system's own bookkeeping
    assert LIMIT - 0.5 < _cpu_seconds() - start < LIMIT + 1
    assert not _algebra_processes() & first
    assert _one(judge, *ALGEBRA).correct is True


def test_algebra_survives_the_death_of_its_process() -> None:
    others = _algebra_processes()
    judge = judges.load("math")
    assert _one(judge, *ALGEBRA).correct is True
    for pid in _algebra_processes() - others:
        psutil.Process(pid).kill()
    deadline = time.monotonic() + 10
    while any(p.is_running() and p.status() != "zombie" for p in psutil.Process().children() if p.pid not in others):
        assert time.monotonic() < deadline
    assert _one(judge, *ALGEBRA).correct is True


def test_threads_share_one_judge() -> None:
    judge = judges.load("math")
    found: list[Verdict] = []

    def work() -> None:
        for _ in range(5):
            found.append(_one(judge, *ALGEBRA))
            found.append(_one(judge, "18", "#### 18"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [v.correct for v in found] == [True] * 40


SCRIPT = """
import sys, threading
import psutil
from s3ft import judges
from s3ft.types import Completion, Example
assert not {"sympy", "math_verify"} & set(sys.modules)
judge = judges.load("math")
out = []
def work():
    out.extend(judge([Example("1", [], "", r"\\\\sin(2x)")], [Completion(r"\\\\boxed{2\\\\sin(x)\\\\cos(x)}")]))
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert not {"sympy", "math_verify"} & set(sys.modules)
children = psutil.Process().children()
print(out[0].correct, *(c.pid for c in children if "s3ft.judges.math.worker" in c.cmdline()))
"""


def test_no_process_outlives_a_script_without_a_main_guard(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.replace("\\\\", "\\"))
    (tmp_path / "random.py").write_text("raise SystemExit('the wrong random')")
    done = subprocess.run(
        [sys.executable, "-P", str(tmp_path / "script.py")], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    correct, pid = done.stdout.split()
    assert correct == "True"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


FORMS: list[Callable[[int], str]] = [
    lambda n: f"{n}",
    lambda n: f"{n:,}",
    lambda n: f"{n}.0",
    lambda n: f"{n:,}.00",
    lambda n: f"-${-n:,}" if n < 0 else f"${n:,}",
    lambda n: f"The answer is {n}.",
    lambda n: f"The final answer is ${n}$. I hope it is correct.",
    lambda n: f"So the total is {n:,} dollars.\n#### {n}",
    lambda n: f"#### {n:,}",
    lambda n: f"\\boxed{{{n}}}",
    lambda n: f"$\\boxed{{{n:,} \\text{{ apples}}}}$",
    lambda n: f"Therefore, she has **{n}** apples left after 3 days.",
    lambda n: f"**Answer:** {n:,} apples",
    lambda n: f"\\[ x = \\boxed{{{n}}}. \\]",
    lambda n: f"\\boxed{{\\frac{{{2 * n}}}{{2}}}}",
    lambda n: f"It costs {n}%.",
    lambda n: f"\\boxed{{{n}^\\circ}}",
    lambda n: f"12 + 7 = 19. Thus the result is \\({n}\\).",
]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-(10**12), 10**12),
    st.integers(-(10**12), 10**12),
    st.sampled_from(FORMS),
    st.sampled_from([str, int, lambda n: f"{n:,}", lambda n: f"work 3*4=<<3*4=12>>12\n#### {n}", lambda n: f"${n}$"]),
)
def test_a_number_is_itself_and_no_other(
    a: int, b: int, form: Callable[[int], str], refer: Callable[[int], Any]
) -> None:
    judge = judges.load("math")
    verdicts = judge([Example("1", [], "", refer(a))] * 2, [Completion(form(a)), Completion(form(b))])
    assert verdicts[0].correct is True
    assert verdicts[1].correct is (a == b or ("%" in form(b) and Fraction(b, 100) == a))


@settings(max_examples=100, deadline=None)
@given(st.fractions(max_denominator=500), st.fractions(max_denominator=500))
def test_a_fraction_is_itself_and_no_other(a: Fraction, b: Fraction) -> None:
    judge = judges.load("math")
    text = f"\\boxed{{{'-' if b < 0 else ''}\\frac{{{abs(b.numerator)}}}{{{b.denominator}}}}}"
    assert judge([Example("1", [], "", str(a))], [Completion(text)])[0].correct is (a == b)


ROBUST = judges.load({"name": "math", "timeout_s": 2})


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60))
def test_no_text_breaks_it(text: str, reference: str) -> None:
    verdict = _one(ROBUST, reference, "The answer is " + text)
    assert not verdict.reason.startswith("judge failed")
