"""The audit: what is trained on, held against the template's own rendering of the finished conversation.

Words: P is the prompt as rendered for generation, F the finished conversation as rendered, lead what F has before the
completion and P lacks, gap what F puts between completion and stop token."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from s3ft.chat import reasoning
from s3ft.chat.rendering import TemplateFailed, TemplateUnsupported
from s3ft.chat.template import Template, Tools, difference, normal
from s3ft.types import Completion, Message, UserError

Match = Literal["exact", "edge", "thoughts"]

SENTINELS = ("Zq7vXw", "Jk3bYh")
"""Completions that no template knows."""

PROBE_CONVERSATION: list[Message] = [{"role": "user", "content": "Hello"}]

_ENDING = re.compile(r"end|eo[tsm]|stop|sep|return|/s>|turn\|>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Splice:
    """Where a completion goes between the texts of P and F."""

    prompt: str
    cut: int
    """Length of what P and F share before the completion."""
    lead: str
    after: str
    """What F has after the completion."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a template ends the assistant's turn."""

    gap: str
    stop: int
    guessed: bool = False
    """The token is not one that generation stops on."""


def splice(template: Template, plain: list[Message], tools: Tools) -> Splice:
    """Finds it by two completions that the template cannot know. Raises TemplateUnsupported if it treats
    them differently."""
    prompt = template.render(plain, tools, generation=True)
    first, second = (template.around(plain, s, tools) for s in SENTINELS)
    if first != second:
        raise TemplateUnsupported(f"the template of {template.name} writes other text around other completions")
    before, after = first
    cut = _common(template, prompt, before)
    return Splice(prompt, cut, before[cut:], after)


def ending(
    template: Template, plain: list[Message], after: str, tools: Tools, stop_ids: Collection[int]
) -> Ending | None:
    """The first token after a completion on which generation stops; where the finished conversation shows none, the one
    before a next user turn; else a guess. None where the template ends turns with no token at all."""
    try:
        followed = template.around(plain, SENTINELS[0], tools, PROBE_CONVERSATION)[1]
    except UserError:
        followed = ""
    for text in (after, followed):
        for found in template.token.finditer(text):
            if template.added[found[0]] in stop_ids:
                return Ending(text[: found.start()], template.added[found[0]])
    return _guess(template, after) or _guess(template, followed)


@dataclass(frozen=True, slots=True)
class Trained:
    """What is trained after P."""

    text: str
    completion: Completion
    """Of which `text` is the form that is trained on."""
    thought: str | None
    """The thoughts in it that are trained on."""


def compare(
    template: Template, where: Splice, gap: str, trained: Trained, finished: list[Message], tools: Tools
) -> Match:
    """How what is trained after P agrees with F for the shapes in which a completion can be given to a template: exact
    (F is P + text), edge (up to white space at ends), thoughts (F leaves out the text's thoughts or shows empty ones).

    Raises TemplateUnsupported where the text is not the completion's, or no shape agrees."""
    text, completion = trained.text, trained.completion
    answer, raw = completion.text, completion.raw or completion.text
    written = {where.lead + t + gap for t in trims(answer)} | {raw, raw + gap}
    if template.normalise_whitespace(text, " ") not in {template.normalise_whitespace(w, " ") for w in written}:
        raise TemplateUnsupported(f"what would be trained is not the completion: {difference(text, raw)}")
    best: Match | None = None
    seen = ""
    for shape in _shapes(template, where, completion, trained.thought):
        try:
            full = template.render([*finished, {"role": "assistant", **shape}], tools)
        except TemplateFailed as error:
            seen = seen or str(error)
            continue
        if not full.endswith(where.after):
            seen = seen or difference(where.after, full[-len(where.after) :])
            continue
        body = full[: len(full) - len(where.after)] + gap
        found = _agree(template, where, gap, body, where.prompt + text, answer)
        if found == "exact":
            return found
        best = best if best == "edge" else found or best
        seen = seen or difference(where.prompt + text, body)
    if best is None:
        raise TemplateUnsupported(f"what would be trained is not what the template renders: {seen}")
    return best


def trims(text: str) -> tuple[str, ...]:
    """The forms in which a template may show a text."""
    return (text, text.rstrip(), text.lstrip(), text.strip())


def _shapes(template: Template, where: Splice, completion: Completion, thought: str | None) -> list[Message]:
    answer = completion.text
    if thought is None:
        return [{"content": answer}]
    opened = reasoning.opened(where.prompt, template.pairs)
    head = where.prompt[where.prompt.rindex(opened.open) :] if opened else ""
    return [
        {"content": head + completion.raw},
        {"content": answer, "reasoning_content": thought.strip()},
        {"content": answer, "reasoning_content": thought},
    ]


def _agree(template: Template, where: Splice, gap: str, body: str, expected: str, answer: str) -> Match | None:
    if normal(body) == normal(expected):
        return "exact"
    prompt = where.prompt
    if body.startswith(prompt) and normal(body[len(prompt) :].strip()) == normal(expected[len(prompt) :].strip()):
        return "edge"
    if normal(body[: where.cut]) != normal(prompt[: where.cut]):
        return None
    opened = reasoning.opened(prompt[: where.cut], template.pairs)
    start = prompt[: where.cut].rindex(opened.open) if opened else where.cut
    ours, theirs = expected[start:], body[start:]
    ends = [normal(t.rstrip().removesuffix(gap.strip()).rstrip()) for t in (ours, theirs)]
    if not all(e.endswith(normal(answer.strip())) for e in ends):
        return None
    if template.normalise_whitespace(ours) == template.normalise_whitespace(theirs):
        return "edge"
    bare = [template.normalise_whitespace(reasoning.remove(t, template.pairs)) for t in (ours, theirs)]
    kept, shown = (reasoning.inner(t, template.pairs) for t in (ours, theirs))
    return "thoughts" if bare[0] == bare[1] and shown <= kept else None


def _guess(template: Template, text: str) -> Ending | None:
    """The last of the ending tokens that follow each other at once, else the first token of all."""
    found, position = None, 0
    for match in template.token.finditer(text):
        if text[position : match.start()].strip() or (found and not _ENDING.search(match[0])):
            break
        found, position = match, match.end()
    return Ending(text[: found.start()], template.added[found[0]], guessed=True) if found else None


def _common(template: Template, prompt: str, before: str) -> int:
    """Length of the common prefix, moved back to where no added token is split in either text."""
    pairs = enumerate(zip(prompt, before, strict=False))
    cut = next((i for i, (a, b) in pairs if a != b), min(len(prompt), len(before)))
    while True:
        inside = [
            m.start()
            for text in (prompt, before)
            for m in template.token.finditer(text, max(0, cut - 200))
            if m.start() < cut < m.end()
        ]
        if not inside:
            return cut
        cut = min(inside)
