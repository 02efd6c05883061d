"""Prompt templates are filled in one pass, whatever the values contain."""

from hypothesis import given
from hypothesis import strategies as st

from s3ft.prompts import fill, names

texts = st.text(alphabet="{}a\\ b$1%", max_size=12)


def test_only_known_fields_are_filled_and_braces_stay() -> None:
    template = 'Return {"a": 1} or {x: {y}} like f"{value!r}" for {question}; end with {answer}.'
    found = fill(template, {"question": "{answer} \\1 {{question}}", "gold": "no"})
    assert found == 'Return {"a": 1} or {x: {y}} like f"{value!r}" for {answer} \\1 {{question}}; end with {answer}.'


def test_any_value_is_written_as_text() -> None:
    assert fill("{a} {b} {0} {naïve}", {"a": 1.5, "b": None, "0": [], "naïve": "ü"}) == "1.5 None [] ü"


@given(texts, texts, texts)
def test_what_is_filled_in_is_never_filled_again(before: str, value: str, after: str) -> None:
    assert fill(f"<{before}|{{field}}|{after}>", {"field": value}) == f"<{before}|{value}|{after}>"


@given(texts)
def test_a_template_without_its_fields_is_text(template: str) -> None:
    assert fill(template, {}) == template
    assert fill(template, {n: "{" + n + "}" for n in names(template)}) == template


def test_the_fields_of_a_template_are_named_in_order() -> None:
    assert names("{b} {a} {b} {not one} {} {x.y} {1}") == ["b", "a", "b", "x.y", "1"]
