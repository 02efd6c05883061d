"""Thoughts in text: told from the answer, with every family's tags and where a prompt opened them."""

from __future__ import annotations

import pytest

from s3ft.chat import reasoning

KNOWN = reasoning.pairs(
    ["<seed:think></seed:think> <|channel>thought\n<channel|> Here are my reasoning steps: [BEGIN FINAL RESPONSE]"]
)


@pytest.mark.parametrize(
    ("raw", "thought", "answer"),
    [
        ("Plain answer.", None, "Plain answer."),
        ("<think>a</think>b", "a", "b"),
        ("\n<think>\na\n</think>\n\nb", "\na\n", "b"),
        ("<think>never closed", "never closed", ""),
        ("lost its opening</think>b", "lost its opening", "b"),
        ("[THINK]a[/THINK]b", "a", "b"),
        ("<|START_THINKING|>a<|END_THINKING|>b", "a", "b"),
        ("<seed:think>a</seed:think>b", "a", "b"),
        ("<|channel>thought\na<channel|>b", "\na", "b"),
        ("◁think▷a◁/think▷b", "a", "b"),
        ("In HTML, <think>x</think> is no tag.", None, "In HTML, <think>x</think> is no tag."),
        ("<think>a</think><think>b</think>c", "a\nb", "c"),
        ("", None, ""),
    ],
)
def test_split(raw: str, thought: str | None, answer: str) -> None:
    assert reasoning.split(raw, KNOWN, None, KNOWN) == (thought, answer)


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("<|assistant|><think>\n", "<think>"),
        ("<|assistant|><think>", "<think>"),
        ("<|assistant|><think>\n</think>\n", None),
        ("What is <think>?<|assistant|>", None),
        ("Here are my reasoning steps:\n", "Here are my reasoning steps:"),
        ("<seed:think><seed:cot_budget_reflect>0 left</seed:cot_budget_reflect>", "<seed:think>"),
    ],
)
def test_opened(prompt: str, opened: str | None) -> None:
    pair = reasoning.opened(prompt, KNOWN)
    assert (pair.open if pair else None) == opened


def test_a_prompt_s_thought_goes_on() -> None:
    pair = reasoning.opened("<think>\n", KNOWN)
    assert reasoning.split("a</think>b", KNOWN, pair) == ("a", "b")
    assert reasoning.split("a", KNOWN, pair) == ("a", "")


def test_what_people_write_closes_no_thought_that_was_never_opened() -> None:
    assert reasoning.split("a</think>b", KNOWN) == (None, "a</think>b")


def test_remove_and_inner() -> None:
    text = "x<think> a </think>y<think></think>z"
    assert reasoning.remove(text, KNOWN) == "xyz"
    assert reasoning.inner(text, KNOWN) == {"a"}
