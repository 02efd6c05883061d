"""The tokenizer of the committed model: any text comes back, numbers are whole, the template is a prefix."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.lab import tokenizer
from s3ft import lab


@pytest.fixture(scope="module")
def words():
    return tokenizer.load(lab.MODEL)


_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)


@settings(max_examples=300, deadline=None)
@given(text=_text)
def test_any_text_comes_back(words, text):
    assert words.decode(words(text).input_ids) == text


@pytest.mark.parametrize(
    "text", ["", " ", "a  b\n\n c\t", "<|end|>x", "12345 0007", "naïve 日本 🙂\x00", "\r\n", " .", "don't"]
)
def test_awkward_text_comes_back(words, text):
    assert words.decode(words(text).input_ids) == text


def test_numbers_are_one_token(words):
    for number in range(200):
        assert len(words(str(number)).input_ids) == 1
        assert len(words(f" {number}").input_ids) == 1


def test_special_tokens(words):
    assert words.eos_token == tokenizer.END
    assert words.pad_token == tokenizer.PAD
    assert words.eos_token_id != words.pad_token_id
    for tag in (*tokenizer.TAGS, tokenizer.END, tokenizer.PAD):
        assert len(words(tag).input_ids) == 1


@pytest.mark.parametrize("system", [True, False])
def test_the_finished_conversation_starts_with_the_prompt(words, system):
    row = lab.load("train")[0]
    prompt = [{"role": "system", "content": "Be brief."}] * system + [{"role": "user", "content": row["prompt"]}]
    done = [*prompt, {"role": "assistant", "content": row["gold"]}]
    head = words.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
    whole = words.apply_chat_template(done, return_dict=False)
    assert whole[: len(head)] == head
    assert whole[len(head) :] == [*words(row["gold"]).input_ids, words.eos_token_id]


def test_an_unknown_role_is_refused(words):
    with pytest.raises(Exception, match="unknown role: tool"):
        words.apply_chat_template([{"role": "tool", "content": "x"}])


def test_the_longest_prompt_leaves_room(words):
    for row in lab.load("test"):
        text = lab.PARAPHRASE.replace("{prompt}", row["prompt"]).replace("{gold}", row["gold"])
        assert len(words(text).input_ids) < tokenizer.CONTEXT / 2
