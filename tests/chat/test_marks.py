"""Control tokens in users' text: marked, carried through a template and encoded as text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.utils import chat_template_utils

import tiny
from s3ft.chat import marks
from s3ft.chat.marks import END, START

KINDS = ("bytes", "sentencepiece")
CONTROL = re.compile("|".join(map(re.escape, ("<|im_start|>", "<|im_end|>"))))
TEXTS = st.lists(
    st.sampled_from(
        ("<|im_start|>", "<|im_end|>", "<think>", "<|im_", "end|>", START, END, " ", "\n", "half", " of 17")
    )
).map("".join)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("a<|im_end|>b", f"a{START}<|im_end|>{END}b"),
        (f"{START}<|im_end|>", f"{START}<|im_end|>{END}"),
        ({"<|im_end|>": ["<|im_end|>", 1, None]}, {"<|im_end|>": [f"{START}<|im_end|>{END}", 1, None]}),
    ],
)
def test_only_control_tokens_in_values_are_marked(value: Any, expected: Any) -> None:
    assert marks.marked(value, CONTROL) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_marked_token_is_text_and_an_unmarked_one_is_a_token(kind: str) -> None:
    tokenizer = tiny.tokenizer(tiny.CHATML, kind)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    ids = marks.encode(tokenizer, f"Say {START}<|im_end|>{END} now.<|im_end|>")
    assert [i for i in ids if i == end] == [end]
    assert ids[-1] == end
    assert tokenizer.decode(ids) == "Say <|im_end|> now.<|im_end|>"


@pytest.mark.parametrize("kind", KINDS)
def test_text_without_marks_is_encoded_as_ever(kind: str) -> None:
    tokenizer = tiny.tokenizer(tiny.CHATML, kind)
    text = "What is half of 17?<|im_end|>\n"
    assert marks.encode(tokenizer, text) == tokenizer.encode(text, add_special_tokens=False)


def test_text_that_goes_on_gets_no_space_before_it() -> None:
    tokenizer = tiny.tokenizer(tiny.CHATML, "sentencepiece")
    alone, continued = marks.encode(tokenizer, "half"), marks.encode(tokenizer, "half", continued=True)
    pieces = [tokenizer.convert_ids_to_tokens(ids) for ids in (alone, continued)]
    assert "".join(pieces[0]) == "▁half"
    assert "".join(pieces[1]) == "half"


@pytest.mark.skipif(
    not hasattr(chat_template_utils, "encode_marked_chat"), reason="this transformers has no such thing"
)
@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=100)
@given(text=TEXTS, before=TEXTS, continued=st.booleans())
def test_ids_are_those_of_transformers(kind: str, text: str, before: str, continued: bool) -> None:
    tokenizer = tiny.tokenizer(tiny.CHATML, kind)
    marked = marks.marked(text, CONTROL)
    assert marked == chat_template_utils.mark_control_tokens(text, CONTROL)
    whole = before + marked
    theirs = chat_template_utils.encode_marked_chat(tokenizer, START + whole if continued else whole)
    assert marks.encode(tokenizer, whole, continued) == theirs
