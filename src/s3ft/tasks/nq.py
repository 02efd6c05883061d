"""Natural Questions, reading comprehension (Kwiatkowski et al. 2019)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from s3ft.data import readers
from s3ft.digest import digest
from s3ft.prompts import fill
from s3ft.types import Example, Message, Split, Task, UserError

UNANSWERABLE = "unanswerable"
"""Gold and reference of a row without an answer."""

PROMPT = """Answer the question with the help of the passage. If the passage does not hold the answer, reply \
"unanswerable".

Passage: {passage}

Question: {question}"""

PARAPHRASE = """{prompt}

For guidance, this is a correct answer: {gold}

Now give your own response to the question, in the way you would answer it yourself, without referring to the answer \
above."""

_PASSAGES = ("passage", "context", "document", "ctxs")
_TAG = re.compile(r"</?(?:P|Table|Tr|Td|Th|Ul|Ol|Li|Dl|Dt|Dd)(?:_[^<>\s]*)?>|\[(?:PAR|DOC|TLE|SEP)\]")


def task(
    path: readers.Where = "lucadiliello/naturalquestionsshortqa",
    judge: str | dict[str, Any] = "qa",
    answerable_only: bool = False,
) -> Task:
    """From the Hub (the MRQA 2019 selection of Natural Questions), or `path`: a file, or {train: ..., test: ...}.

    Columns: question; passage or context (text), or ctxs (a list of {title, text, isgold}: the gold one, else the
    first, is shown); answers, a list of accepted ones or SQuAD's {text: [...]}. A row without answers is
    unanswerable; `answerable_only` leaves it out. The gold is the first answer. judge: llm lets the base model
    judge, as the paper does; it is given the question without the passage."""

    def messages(row: dict[str, Any], place: str) -> list[Message]:
        fields = {"passage": _passage(row, place), "question": _question(row, place)}
        return [{"role": "user", "content": fill(PROMPT, fields)}]

    def rows(split: Split) -> Iterator[Example]:
        for row, place in readers.rows(path, split, messages):
            answers = _answers(row, place)
            if answerable_only and answers == [UNANSWERABLE]:
                continue
            prompt = messages(row, place)
            meta = {"question": _question(row, place), "passage": _passage(row, place)}
            yield Example(digest([prompt, answers])[:16], prompt, answers[0], answers, meta=meta)

    return Task("nq", rows, judge, PARAPHRASE)


def _question(row: dict[str, Any], place: str) -> str:
    question = readers.column(row, "question", place)
    if not isinstance(question, str) or not question.strip():
        raise UserError(f"{place}: column 'question' holds {question!r}, expected text; fill it or drop the row")
    question = question.strip()
    return question if question.endswith(("?", ".", "!")) else f"{question}?"


def _passage(row: dict[str, Any], place: str) -> str:
    name = next((n for n in _PASSAGES if row.get(n) is not None), None)
    if name is None:
        raise UserError(f"{place}: no column of {', '.join(_PASSAGES)}; columns found: {', '.join(row)}; add one")
    found = row[name]
    if name == "ctxs" and isinstance(found, list) and found and all(isinstance(c, dict) for c in found):
        chosen = next((c for c in found if c.get("isgold")), found[0])
        title, text = str(chosen.get("title") or ""), chosen.get("text")
        found = f"{title}\n{text}" if title and isinstance(text, str) else text
    if not isinstance(found, str) or not found.strip():
        raise UserError(f"{place}: column {name!r} holds {str(found)[:60]!r}, expected the passage's text")
    return re.sub(r"[ \t\xa0]+", " ", _TAG.sub(" ", found)).strip()


def _answers(row: dict[str, Any], place: str) -> list[str]:
    found = row.get("answers")
    if isinstance(found, dict):
        found = found.get("text")
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(a, str) for a in found):
        raise UserError(f"{place}: column 'answers' holds {row.get('answers')!r}, expected a list of texts")
    return list(dict.fromkeys(a.strip() for a in found if a.strip())) or [UNANSWERABLE]
