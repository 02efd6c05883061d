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

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3ft import judges
from s3ft.judges.math import judge as MathJudge
from s3ft.types import Completion, Example, UserError, Verdict


@pytest.fixture(scope="module")
def ask() -> Callable[..., Verdict]:
    judge = judges.load("math")

    def one(reference: Any, text: str, question: str = "How many?") -> Verdict:
        example = Example("1", [{"role": "user", "content": question}], "", reference)
        return judge([example], [Completion(text)])[0]

    return one


# (reference, completion)
SAME: dict[str, list[tuple[Any, str]]] = {
    "integers and decimals": [
        ("18", "18"),
        (18, "18"),
        (18, "18.0"),
        (18.0, "18"),
        ("18", "18.00"),
        ("18", "1.8e1"),
        ("18", r"$1.8 \times 10^1$"),
        ("0.5", ".5"),
        ("007", "7"),
        ("18", "+18"),
        ("3.0", "The answer is 3."),
    ],
    "GSM8K's own answer text": [
        ("She has 3*6=<<3*6=18>>18 left.\n#### 18", "She has 18 left."),
        ("#### 65,960", r"So the total is \boxed{\$65,960}."),
        ("a\n#### 5", "b\n#### 5"),
        ("a\n#### -5", "It falls to -5 degrees."),
        ("a\n#### 1,000,000", "The answer is 1000000"),
    ],
    "thousands separators": [
        ("1234", "1,234"),
        ("1,234", "1234"),
        ("1234567", "1,234,567.00"),
        (r"3,\!110,\!400", r"\boxed{3110400}"),
        ("12345", r"\boxed{12{,}345}"),
        ("12345", r"\boxed{12\,345}"),
        ("12345", "The answer is 12 345."),
    ],
    "money": [
        ("18", "$18"),
        ("18", r"\$18"),
        ("18", "$18.00"),
        ("18", "She makes $18 every day."),
        ("93", r"The total is \(\$93\)."),
        ("2", "The answer is $2.00."),
        ("1600", "He pays **$1,600** in rent."),
        ("18", "18 dollars"),
        ("18", "€18"),
        ("0.5", "50 cents"),
        ("50", "50 cents"),
        ("2.5", "2 dollars and 50 cents"),
        ("14", r"They spent a total of $\boxed{$14}$ on salad."),
        ("16.6666667", "Each pays $16.67"),
    ],
    "percent": [
        ("50", "50%"),
        ("50", r"\boxed{50\%}"),
        ("50", "50 percent"),
        (r"50\%", "0.5"),
        (r"50\%", "50"),
        ("0.5", "50%"),
        ("12.5", r"The answer is $12.5\%$."),
        ("12.5", r"The answer is $12.5$%."),
    ],
    "fractions and mixed numbers": [
        ("0.5", "1/2"),
        (r"\frac{1}{2}", "0.5"),
        (r"\frac12", r"\dfrac{1}{2}"),
        (r"\frac{625}4", r"\boxed{\frac{625}{4}}"),
        ("1.5", r"1\frac{1}{2}"),
        ("1.5", "1 1/2"),
        ("3/4", r"\tfrac{3}{4}"),
        (r"-\frac{1}{2}", r"\frac{-1}{2}"),
        (r"\frac{1}{3}", "0.333333"),
        ("0.33", r"\frac{1}{3}"),
        ("2.5", "½ more than 2 gives 2½, so the answer is 2½."),
    ],
    "units after the number": [
        ("53", r"the game lasted \boxed{53 minutes}."),
        ("5", r"\boxed{5 \text{ hours}}"),
        ("12", r"\boxed{12\text{ cm}^2}"),
        ("12", r"\boxed{12~\mathrm{cm}}"),
        ("60", "The answer is 60 miles per hour."),
        ("6", "The answer is 6 m/s"),
        (r"68^\circ", "68 degrees"),
        (r"180^\circ", r"\boxed{180}"),
        ("5", "5kg"),
        ("3000", r"Final Answer: \boxed{3000} quarts."),
        ("40", "The answer is 40 square feet."),
        (r"10\text{ inches}", "10"),
    ],
    "scales and words for numbers": [
        ("5000000", "The answer is 5 million."),
        ("36", "3 dozen"),
        ("3", "3 dozen"),
        ("7", "He has seven apples left."),
        ("21", "The answer is twenty-one."),
        ("305", "The answer is three hundred and five."),
    ],
    "two parts": [
        ("90", "1 hour and 30 minutes"),
        ("1.5", "1 hour and 30 minutes"),
        ("150", r"\boxed{2 \text{ hours } 30 \text{ minutes}}"),
        ("64", "5 feet 4 inches"),
        ("10", r"Tim is left with \boxed{4 blue boxes and 6 red boxes}."),
    ],
    "signs": [("-5", "−5"), ("-5", "- 5"), ("-5", r"\boxed{-5}"), ("5", "+5"), ("-5", "The answer is -$5.")],
    "where the answer is stated": [
        ("18", "16 - 3 - 4 = 9. 9 * 2 = 18.\n#### 18"),
        ("18", r"\boxed{9} \times 2 = \boxed{18}"),
        ("18", "**Answer: 18**"),
        ("18", "**Answer:** 18"),
        ("18", "The answer is: **18**"),
        ("18", "The final answer is $18$. I hope it is correct."),
        ("18", "Final Answer: 18"),
        ("18", "Answer:\n18"),
        ("18", "The answer is\n\\[\n\\boxed{18}\n\\]"),
        ("18", "The answer is:\n\n$$18$$"),
        ("18", "A: 18"),
        ("18", "So the answer to the question is 18 eggs."),
        ("18", "She sells 9 eggs.\n\n**18**"),
        ("18", r"The answer is \(18\)."),
        ("18", r"\[ \boxed{18}. \]"),
        ("18", r"**\boxed{18}**"),
        ("18", "The answer is 18!"),
        ("18", r"\boxed{}. Putting it together, \boxed{18}"),
        ("18", "Work.\n#### $18 per day"),
        ("18", "The answer is 18\n\nQuestion: Tom has 3 pens and buys 4. How many?\nAnswer: The answer is 7"),
    ],
    "more numbers after the answer": [
        ("18", "Janet makes 18 dollars in 4 weeks."),
        (
            "21",
            "42 / 2 = 21 weeks.\n\nTherefore, a 42 kg bag will last 21 weeks for the family of 5 that eats 0.2 kg.",
        ),
        (
            "7",
            "7 = 40 - 33.\n\nTherefore, the second bottle must be at least 7 degrees to let Donny drink all 5 ounces.",
        ),
        ("2", "8 / 4 = 2 hours.\n\nSo, it took James 2 hours to walk the 8 miles."),
        ("36", "24 + 12 = 36.\n\nTherefore, Dana can travel 36 miles in 6 hours."),
        ("12", "The answer is 12 because 3 * 4 = 12."),
        ("5", "The answer is 5 boxes (4.5 rounded up)."),
        ("50", "Total = 200 / 4 = 50.\nSo each of the 4 friends gets 50."),
        ("9", "So he needs 9 boxes.\n\nNote: this assumes 10 pens to a box."),
    ],
    "thinking parts": [
        ("18", "<think>maybe \\boxed{17}, 9*2=18</think>The answer is 18."),
        ("18", "<thinking>17</thinking>\n18"),
        ("18", "[THINK]17[/THINK]\\boxed{18}"),
        ("18", "maybe 17</think>18"),
    ],
    "expressions": [
        (r"16\pi", r"16 \pi"),
        (r"\frac{21}{2}\pi", r"\boxed{10.5\pi}"),
        (r"2\sqrt{3}", r"\boxed{\sqrt{12}}"),
        (r"\sqrt{2} - 1", r"\boxed{-1+\sqrt2}"),
        (r"\frac{\sqrt{3}}{3}", r"\boxed{\frac{1}{\sqrt{3}}}"),
        ("2x^2 - 2x + 3", r"\boxed{3 - 2x + 2x^2}"),
        ("(x+1)^2", r"\boxed{x^2 + 2x + 1}"),
        ("2^{10}", r"\boxed{1024}"),
        ("120", r"\boxed{5!}"),
        ("10", r"\boxed{\binom{5}{2}}"),
        (r"\sin(2x)", r"\boxed{2\sin(x)\cos(x)}"),
        ("3+4i", r"\boxed{4i + 3}"),
        ("1011_2", r"\boxed{1011_{2}}"),
        ("1011_2", "1011"),
        (r"\frac{x+2}{7}", r"\boxed{(x+2)/7}"),
        (r"p^2 - q^2", r"\boxed{(p-q)(p+q)}"),
        ("3", r"\boxed{|-3|}"),
    ],
    "equations": [
        ("11", r"\boxed{x = 11}"),
        ("y = -2x", r"\boxed{-2x}"),
        ("y = -2x", r"\boxed{y=-2x}"),
        ("x = 5", "5"),
        ("774", r"\boxed{768 + 6 = 774}"),
        ("12", r"Therefore, \(x^3 = 12\)."),
        ("2x + 3y = 5", r"\boxed{4x + 6y = 10}"),
    ],
    "lists, sets and tuples": [
        ("1,-1,-3i", r"\boxed{-3i, 1, -1}"),
        ("0,1", r"\boxed{\{0, 1\}}"),
        ("0,1", r"\boxed{x = 1 \text{ or } x = 0}"),
        ("3, 5", r"\boxed{3 \text{ and } 5}"),
        ("3, 5", r"The solutions are $\boxed{3}$ and $\boxed{5}$."),
        (r"1 \pm \sqrt{19}", r"\boxed{1+\sqrt{19}, 1-\sqrt{19}}"),
        ("(8,4,2)", r"\boxed{(8, 4, 2)}"),
        ("(2,3)", r"\boxed{\left(2, 3\right)}"),
        ("(2,3)", r"\boxed{(x, y) = (2, 3)}"),
        ("(2,3)", r"\boxed{x = 2, y = 3}"),
        (r"\left( \frac{1}{2}, 3 \right)", r"\boxed{(0.5, 3)}"),
    ],
    "intervals": [
        (r"(2,\infty)", r"\boxed{(2, \infty)}."),
        (r"(-\infty, -2] \cup [2, \infty)", r"\boxed{x \in (-\infty,-2]\cup[2,\infty)}"),
        (r"(1,4-\sqrt{3})\cup(4+\sqrt{3},7)", r"\boxed{(1, 4 - \sqrt{3}) \cup (4 + \sqrt{3}, 7)}"),
        (r"\left[ \frac{\pi^2}{8}, \frac{5 \pi^2}{4} \right]", r"\boxed{[\pi^2/8, 5\pi^2/4]}"),
    ],
    "matrices": [
        (
            r"\begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix}",
            r"\boxed{\begin{pmatrix} -\frac{1}{3} \\ \frac{2}{3} \end{pmatrix}}",
        ),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\boxed{\begin{bmatrix}1&2\\3&4\end{bmatrix}}"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\boxed{(1, 2)}"),
    ],
    "ratios": [("3:2", r"\boxed{3:2}"), ("3:2", "The answer is 3 to 2."), (r"\frac{3}{2}", r"\boxed{3:2}")],
    "words and choices": [
        (r"\text{Friday}", r"\boxed{\text{Friday}}"),
        (r"\text{Friday}", "The answer is Friday."),
        (r"\text{even}", r"\boxed{\text{Even}}"),
        ("C", r"\boxed{(C)}"),
        (r"\text{(C)}", r"\boxed{C}"),
        ("C", "The answer is (C) 12."),
        ("no solution", r"\boxed{\text{No solution}}"),
    ],
}

DIFFERENT: dict[str, list[tuple[Any, str]]] = {
    "numbers": [
        ("18", "19"),
        ("18", "180"),
        ("18", "1.8"),
        ("18", "-18"),
        ("-18", "18"),
        ("18", "18.5"),
        ("18", "18,000"),
        ("0.5", "0.5%"),
        ("50", "5%"),
        ("50", "0.5"),
        ("225", "$2.25"),
        ("1/3", "0.33"),
        ("18.46", "18.5"),
        ("2", r"\boxed{1\frac{1}{2}}"),
        ("1", r"\boxed{1 \text{ and } 1/3}"),
        ("21", "thirty-one"),
        ("12", "12x"),
    ],
    "the right number somewhere else": [
        ("18", r"18 eggs are laid, so \boxed{9}"),
        ("3", "42 / 2 = 21.\n\nTherefore, a bag will last 21 weeks, for 3 people."),
        ("18", "#### 9\n"),
        ("5", "The answer is 7, not 5."),
        ("18", "<think>It is 18.</think>The answer is 17."),
        ("18", "Step 18: we get 4 + 3 = 7. So she has 7."),
        ("4", "2 + 2 = 5, so the answer is 2 + 2 = 5."),
        ("3", r"\boxed{5 \text{ or } 3}"),
        ("3", r"It is $\boxed{5}$ or $\boxed{3}$."),
        ("7", "The answer is 18\n\nQuestion: What is 3 + 4?\nAnswer: The answer is 7"),
    ],
    "no answer": [
        ("18", ""),
        ("18", "I cannot solve this."),
        ("18", r"\boxed{}"),
        ("18", "<think>It is 18."),
        ("18", "   \n\t"),
        ("7", r"\boxed{\text{no solution}}"),
    ],
    "expressions": [
        (r"16\pi", r"\boxed{16}"),
        (r"\sqrt{3}-1", r"\boxed{0}"),
        ("2x", r"\boxed{3x}"),
        ("3abc", r"\boxed{3abd}"),
        ("(x+1)^2", r"\boxed{x^2+1}"),
        ("D", r"\boxed{C^2 + D}"),
        ("b - 1", r"\boxed{c = b}"),
        ("y = 2x", r"\boxed{y = 3x}"),
        ("-338016", r"Therefore, the sum: \[S = 4032\pi\]"),
        ("1", r"\boxed{2^{110}}"),
        ("1011_2", r"\boxed{1011_3}"),
        (r"\sin(2x)", r"\boxed{\sin(x)}"),
    ],
    "lists, tuples, intervals": [
        ("(1,2)", r"\boxed{(2,1)}"),
        ("(1,2)", r"\boxed{[1,2]}"),
        ("(1,2)", r"\boxed{(1,2,3)}"),
        ("(2,3)", r"\boxed{2}"),
        ("0,1", r"\boxed{1}"),
        ("1", r"\boxed{0, 1}"),
        ("3i,-3i", r"\boxed{\pm 3}"),
        (r"1 \pm \sqrt{19}", r"\boxed{3, -5}"),
        (r"(-\infty, -2] \cup [2, \infty)", r"\boxed{x > 2}"),
        ("f(2) < f(1) < f(4)", r"\boxed{-3 + c, -4 + c, c}"),
    ],
    "matrices": [
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\boxed{\begin{pmatrix} 1 & 2 \\ 3 & 5 \end{pmatrix}}"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\boxed{(2, 1)}"),
    ],
    "words and choices": [
        (r"\text{Friday}", r"\boxed{\text{Saturday}}"),
        (r"\text{even}", r"\boxed{\text{odd}}"),
        (r"\text{even}", "The answer is not even."),
        ("C", "The answer is (D)."),
        ("no solution", r"\boxed{5}"),
        (r"\text{Friday}", "The answer is 5."),
    ],
}


def _cases(table: dict[str, list[tuple[Any, str]]]) -> list[Any]:
    return [pytest.param(r, t, id=f"{group}-{i}") for group, rows in table.items() for i, (r, t) in enumerate(rows)]


@pytest.mark.parametrize(("reference", "text"), _cases(SAME))
def test_same(ask: Callable[..., Verdict], reference: Any, text: str) -> None:
    assert ask(reference, text).correct is True


@pytest.mark.parametrize(("reference", "text"), _cases(DIFFERENT))
def test_different(ask: Callable[..., Verdict], reference: Any, text: str) -> None:
    assert ask(reference, text).correct is False


MEGABYTE = 1_000_000

HOSTILE: dict[str, tuple[Any, str]] = {
    "tower": ("18", r"\boxed{9^{9^9}}"),
    "tower without braces": ("18", r"\boxed{9^9^9^9}"),
    "python power": ("18", "The answer is $9**9**9$."),
    "100,000 digits": ("18", r"\boxed{10^{100000}}"),
    "a product of powers": ("18", r"\boxed{(10^{4000})^{4000} - 1}"),
    "factorial": ("18", r"\boxed{100000!}"),
    "factorial of a factorial": ("18", r"\boxed{1000!!}"),
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
    start = time.monotonic()
    verdict = ask("18", (shape * (MEGABYTE // len(shape) + 1))[:MEGABYTE] + end)
    assert time.monotonic() - start < 4
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


SLOW = (
    r"\boxed{\int_0^1 \frac{x^{37} \sin(x^{5}) \log(1+x^3)}{\sqrt{1+x^{11}}} dx"
    r" \cdot \sum_{k=1}^{100000000} \frac{1}{k^3+k!}}"
)
ALGEBRA = (r"\sin(2x)", r"\boxed{2\sin(x)\cos(x)}")


def _one(judge: Any, reference: str, text: str) -> Verdict:
    return judge([Example("1", [], "", reference)], [Completion(text)])[0]  # type: ignore[no-any-return]


def test_algebra_that_takes_too_long_is_killed_and_started_anew() -> None:
    judge = MathJudge(timeout_s=2)
    assert _one(judge, *ALGEBRA).correct is True
    first = judge._algebra._process
    start = time.monotonic()
    verdict = _one(judge, r"\cos(3x)", SLOW)
    assert verdict.correct is None
    assert "timeout" in verdict.reason
    assert time.monotonic() - start < 6
    assert first is not None
    assert first.poll() is not None
    assert _one(judge, *ALGEBRA).correct is True
    assert judge._algebra._process is not first


def test_algebra_survives_the_death_of_its_process() -> None:
    judge = MathJudge()
    assert _one(judge, *ALGEBRA).correct is True
    assert judge._algebra._process is not None
    judge._algebra._process.kill()
    judge._algebra._process.wait()
    assert _one(judge, *ALGEBRA).correct is True


def test_threads_share_one_judge() -> None:
    judge = MathJudge()
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
print(out[0].correct, judge._algebra._process.pid)
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


ROBUST = MathJudge(timeout_s=2)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60))
def test_no_text_breaks_it(text: str, reference: str) -> None:
    verdict = _one(ROBUST, reference, "The answer is " + text)
    assert not verdict.reason.startswith("judge failed")
