"""Thoughts of reasoning models: where they begin and end in text, whatever a model calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = r"[\w:.-]*(?:think|thinking|thought|thoughts|reason|reasoning|reflection|scratchpad)"
_FORMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # what closes a thought, and what opens it, given the name found in the closing tag
    (rf"</({_WORD})>", ("<{}>",)),
    (rf"\[/({_WORD})\]", ("[{}]",)),
    (rf"◁/({_WORD})▷", ("◁{}▷",)),
    (rf"<\|/({_WORD})\|>", ("<|{}|>",)),
    (rf"<\|({_WORD})_end\|>", ("<|{}_start|>", "<|{}_begin|>")),
    (rf"<\|end_({_WORD})\|>", ("<|start_{}|>", "<|begin_{}|>")),
    (rf"<\|end_of_({_WORD})\|>", ("<|begin_of_{}|>", "<|start_of_{}|>")),
)
_USUAL = "</think> </thinking> </thought> [/THINK] <|END_THINKING|> <|end_of_thought|> ◁/think▷"


@dataclass(frozen=True, slots=True)
class Pair:
    """The texts that open and close a thought, and what the model writes next before it answers."""

    open: str
    close: str
    then: str = ""


_SPELLED = (
    Pair("<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant"),
    Pair("<|channel>thought", "<channel|>"),
    Pair("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
    Pair("Here is my thought process:", "Here is my response:"),
    Pair("<unused94>thought", "<unused95>"),
)


def pairs(texts: Iterable[str]) -> tuple[Pair, ...]:
    """The usual notations, and those that a template or a tokenizer's added tokens show by a closing tag."""
    texts = (_USUAL, *texts)
    spelled = (p for p in _SPELLED if any(p.open in t and p.close in t for t in texts))
    found = {(p.open, p.close): p for p in spelled}
    for text in texts:
        for closing, openings in _FORMS:
            for match in re.finditer(closing, text, re.IGNORECASE):
                for opening in openings:
                    start = opening.format(match[1])
                    if match[0].startswith("<|END"):
                        start = (
                            start.replace("<|start", "<|START").replace("<|begin", "<|BEGIN").replace("_of_", "_OF_")
                        )
                    found.setdefault((start, match[0]), Pair(start, match[0]))
    return tuple(found.values())


def opened(text: str, known: tuple[Pair, ...]) -> Pair | None:
    """The thought that a prompt leaves open at its end for the model to go on with."""
    for pair in known:
        _, found, after = text.rpartition(pair.open)
        if found and re.fullmatch(r"\s*(?:<([\w:|]+)>[^<]*</\1>\s*)*", after):
            return pair
    return None


def split(
    raw: str, known: tuple[Pair, ...], opened: Pair | None = None, unopened: tuple[Pair, ...] = ()
) -> tuple[str | None, str]:
    """A completion's thoughts (None: it has none) and its answer; a thought never closed leaves no answer.

    `opened` is the thought that the prompt began; those of `unopened` may close one that was never opened, as models do
    that are used to such prompts. Tags deeper in the answer are text."""
    thought, rest = None, raw
    if opened:
        thought, closed, rest = raw.partition(opened.close)
        if not closed:
            return raw, ""
        rest = rest.removeprefix(opened.then)
    while pair := next((p for p in known if rest.lstrip().startswith(p.open)), None):
        inner, closed, rest = rest.lstrip()[len(pair.open) :].partition(pair.close)
        thought = inner if thought is None else f"{thought}\n{inner}"
        if not closed:
            return thought, ""
        rest = rest.removeprefix(pair.then)
    if thought is None:
        pair = next((p for p in unopened if p.close in raw and p.open not in raw), None)
        if pair:
            thought, _, rest = raw.partition(pair.close)
    return (thought, rest.lstrip()) if thought is not None else (None, raw)


def remove(text: str, known: tuple[Pair, ...]) -> str:
    """Text without its complete thoughts."""
    for pair in known:
        if pair.open in text:
            text = _block(pair).sub("", text)
    return text


def inner(text: str, known: tuple[Pair, ...]) -> set[str]:
    """What complete thoughts say, without white space around; empty ones say nothing."""
    found = {said.strip() for pair in known if pair.open in text for said in _block(pair).findall(text)}
    return found - {""}


def _block(pair: Pair) -> re.Pattern[str]:
    closing = re.escape(pair.close) + f"(?:{re.escape(pair.then)})?"
    return re.compile(f"{re.escape(pair.open)}(.*?){closing}", re.DOTALL)


def unmarked(text: str, known: tuple[Pair, ...]) -> str:
    """Text without thoughts and without single opening or closing tags."""
    text = remove(text, known)
    for pair in known:
        text = text.replace(pair.open, "").replace(pair.close, "") if pair.close != "<|end|>" else text
    return text
