"""One chat policy for generating, judging, training and evaluating; what is trained on is checked row by row.

Trained are the ids of the prompt exactly as generation sees it, then the completion's, then the token on which
generation stops. The template's own rendering of the finished conversation is the audit: a difference is explained or
the row rejected (check.py)."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from s3ft.chat import check, reasoning, rendering
from s3ft.chat.check import Ending, Match, Splice
from s3ft.chat.rendering import TemplateFailed, TemplateUnsupported
from s3ft.chat.template import Template, Tools, difference
from s3ft.config.schema import ChatConfig
from s3ft.types import Candidate, Completion, Example, Message, UserError

__all__ = ["Chat", "Target", "TemplateUnsupported", "open_chat"]

FinishReason = Literal["stop", "length", "error"]


@dataclass(frozen=True, slots=True)
class Target:
    """One training sequence: prompt, completion, stop token."""

    input_ids: list[int]
    num_prompt: int
    """Labels are -100 before this index and the ids from there on."""
    match: Match
    """How the finished rendering agrees: exactly, up to white space at edges, or without thoughts in either."""

    @property
    def labels(self) -> list[int]:
        return [-100] * self.num_prompt + self.input_ids[self.num_prompt :]


def open_chat(tokenizer: Any, config: ChatConfig, *, stop_ids: Iterable[int] = (), template: str | None = None) -> Chat:
    """The chat policy of a tokenizer. `stop_ids`: eos_token_id of the generation config.

    Raises UserError where there is no chat template, no token to stop on, or a template that raises on a plain
    conversation."""
    name = str(getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__)
    try:
        text = tokenizer.get_chat_template(template)
        tools_text = text if template else tokenizer.get_chat_template(None, tools=[{}])
    except (ValueError, AttributeError, NotImplementedError) as error:
        raise UserError(
            f"tokenizer of {name!r} has no chat template; name an instruct model, or give its tokenizer a chat_template"
        ) from error
    date = _today() if config.date is None else datetime.date.fromisoformat(config.date)
    notes: list[str] = []
    kwargs = rendering.with_default_args(tokenizer, text, config.template_kwargs, date, notes)
    frozen, tools_frozen = (rendering.with_fixed_date(t, date) for t in (text, tools_text))
    if frozen != text:
        notes.append(f"the template prints today's date: frozen at {date}")
    eos = tokenizer.eos_token_id
    stops = tuple(dict.fromkeys(int(s) for s in (*stop_ids, *([] if eos is None else [eos]))))
    return Chat(Template(tokenizer, frozen, tools_frozen, kwargs, name), config.keep_reasoning, stops, notes)


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


class Chat:
    """Made by `open_chat`; every stage of a run uses one made from the same config."""

    def __init__(self, template: Template, keep_reasoning: bool, stop_ids: tuple[int, ...], notes: list[str]) -> None:
        self._template, self.keep_reasoning = template, keep_reasoning
        self.tokenizer = template.tokenizer
        self.stop_ids = stop_ids
        """Every id on which generation must stop."""
        self.notes = notes
        """Remarks for the user, one line each, to be said once."""
        self._prefix = self._suffix = ""
        self._endings: dict[str, Ending] = {}
        self._last: tuple[str, Splice, list[int]] | None = None
        self._learn()

    @property
    def template(self) -> str:
        """The chat template with its clock stopped."""
        return self._template.text

    @property
    def identity(self) -> dict[str, Any]:
        """Everything here that changes a prompt or a target, as JSON."""
        texts = self._template.text + "\0" + self._template.tools_text
        return {
            "template": hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest(),
            "tokenizer": rendering.fingerprint(self.tokenizer),
            "kwargs": self._template.kwargs,
            "stop_ids": sorted(self.stop_ids),
            "merge_system": self._template.merge_system,
            "keep_reasoning": self.keep_reasoning,
        }

    # What generation gets, and what it gives

    def prompt_text(self, messages: Sequence[Message], tools: Tools = None) -> str:
        """The prompt as text, generation header included."""
        return self._template.prompt_text(messages, tools)

    def prompt_ids(self, messages: Sequence[Message], tools: Tools = None) -> list[int]:
        """The prompt's ids, exactly what generation gets; control tokens inside the messages' text stay text."""
        return self._template.prompt_ids(messages, tools)

    def completion(
        self,
        prompt: str | Sequence[Message],
        token_ids: Sequence[int],
        finish_reason: FinishReason = "stop",
        *,
        stop: Sequence[str] = (),
        tools: Tools = None,
    ) -> Completion:
        """Sampled ids as a completion: the stop token off, the text cut before the first of the `stop` texts, thoughts
        apart. A text so cut is a whole answer: it is trained to end its turn there.

        `prompt` is `prompt_text` or its messages: a thought that it opened counts."""
        shown = prompt if isinstance(prompt, str) else self.prompt_text(prompt, tools)
        ids = [int(i) for i in token_ids]
        sampled = len(ids)
        end = next((n for n, i in enumerate(ids) if i in self.stop_ids), None)
        stop_id = None if end is None else ids[end]
        if end is not None:
            ids, sampled, finish_reason = ids[:end], end + 1, "stop"
        raw = self._template.decode_after(shown, ids)
        kept: Sequence[int] | None = ids
        cuts = [raw.find(s) for s in stop if s and s in raw]
        if cuts:
            raw, finish_reason, stop_id = raw[: min(cuts)], "stop", None
            shorter = (ids[:n] for n in range(len(ids), -1, -1))
            kept = next((s for s in shorter if self._template.decode_after(shown, s) == raw), None)
        ids_or_none = None if kept is None else tuple(kept)
        return Completion(self._split(raw, shown)[1], raw, ids_or_none, finish_reason, sampled, stop_id)

    def from_text(
        self,
        prompt: str | Sequence[Message],
        raw: str,
        finish_reason: FinishReason = "stop",
        *,
        num_tokens: int = 0,
        tools: Tools = None,
    ) -> Completion:
        """A completion of a backend that gives text and no ids."""
        shown = prompt if isinstance(prompt, str) else self.prompt_text(prompt, tools)
        return Completion(self._split(raw, shown)[1], raw, None, finish_reason, num_tokens)

    def gold(self, text: str) -> Completion:
        """A data set's own answer as a completion without ids."""
        return Completion(self._split(text, None)[1], text)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens included, nothing cleaned up."""
        return self._template.decode(ids)

    # What is trained on

    def checked(self, example: Example, candidate: Candidate) -> Candidate:
        """The candidate, filtered if it cannot be trained on by the chat template, and with its likelihood if
        generation gave that of the very ids that are trained on."""
        completion = candidate.trained
        try:
            target = self.target(example.prompt, completion, example.tools)
        except TemplateUnsupported as error:
            return replace(candidate, filtered=str(error))
        sampled = [*(completion.token_ids or ()), completion.stop_id]
        if completion.logprob is None or target.input_ids[target.num_prompt :] != sampled:
            return candidate
        return replace(candidate, logprob=completion.logprob, num_scored=len(sampled))

    def target(self, messages: Sequence[Message], completion: Completion, tools: Tools = None) -> Target:
        """The training sequence of a row, checked. A completion with `token_ids` is trained on those very ids, unless
        it has thoughts and keep_reasoning is off; any other on its text in the template's form. A completion without
        `raw` is read as `gold`. Raises TemplateUnsupported."""
        completion = completion if completion.raw else self.gold(completion.text)
        if not completion.text.strip():
            raise TemplateUnsupported("the completion is empty; leave the row out or give it an answer")
        where, prompt = self._look(messages, tools)
        end = self._ending(messages, where, tools)
        has_thoughts = self._thought(completion, where) is not None
        trimmed = False
        if completion.token_ids is not None and (self.keep_reasoning or not has_thoughts):
            ids = list(completion.token_ids)
        elif has_thoughts and self.keep_reasoning:
            ids = self._template.encode_after(prompt, where.prompt, "", completion.raw, end.gap, is_text=False)
        else:
            self._reject_open_thought(where)
            text = self._as_shown(messages, completion.text, where, end.gap, tools)
            trimmed = text != completion.text
            ids = self._template.encode_after(prompt, where.prompt, where.lead, text, end.gap)
        whole = [*prompt, *ids, end.stop]
        found = self.check(whole, len(prompt), messages, completion, tools)
        return Target(whole, len(prompt), "edge" if trimmed and found == "exact" else found)

    def check(
        self,
        input_ids: Sequence[int],
        num_prompt: int,
        messages: Sequence[Message],
        completion: Completion,
        tools: Tools = None,
        *,
        finished: Sequence[Message] | None = None,
    ) -> Match:
        """Holds a training sequence against the template's own rendering of the finished conversation.

        Raises TemplateUnsupported.

        `finished`: the messages of the finished conversation before the completion, where they are not `messages`."""
        completion = completion if completion.raw else self.gold(completion.text)
        where, prompt = self._look(messages, tools)
        end = self._ending(messages, where, tools)
        if list(input_ids[:num_prompt]) != prompt:
            raise TemplateUnsupported(
                f"the prompt's ids are not what generation gets: {self.decode(input_ids[:num_prompt])[-60:]!r}"
            )
        if len(input_ids) < num_prompt + 2 or input_ids[-1] != end.stop:
            raise TemplateUnsupported(
                f"the sequence does not end in {self.decode([end.stop])!r}, on which generation stops"
            )
        if any(i in self.stop_ids for i in input_ids[num_prompt:-1]):
            raise TemplateUnsupported(
                "the completion holds a token on which generation stops: nothing after it can be sampled"
            )
        start, text = self.decode(prompt), self.decode(input_ids[:-1])
        if not text.startswith(start) or self._template.normalise_whitespace(
            start
        ) != self._template.normalise_whitespace(where.prompt):
            raise TemplateUnsupported(f"the tokenizer does not give the prompt back: {difference(start, where.prompt)}")
        thought = self._thought(completion, where) if self.keep_reasoning else None
        trained = check.Trained(text[len(start) :], completion, thought)
        plain = self._template.plain(finished if finished is not None else messages)
        return check.compare(self._template, where, end.gap, trained, plain, tools)

    def splice(self, messages: Sequence[Message], tools: Tools = None) -> tuple[Splice, Ending]:
        """Where a completion goes, and how its turn ends."""
        where, _ = self._look(messages, tools)
        return where, self._ending(messages, where, tools)

    def _look(self, messages: Sequence[Message], tools: Tools) -> tuple[Splice, list[int]]:
        key = repr((messages, tools))
        if self._last is None or self._last[0] != key:
            where = check.splice(self._template, self._template.plain(messages), tools)
            self._last = (key, where, self.prompt_ids(messages, tools))
        return self._last[1], self._last[2]

    def _ending(self, messages: Sequence[Message], where: Splice, tools: Tools) -> Ending:
        if where.after not in self._endings:
            plain = self._template.plain(messages)
            found = check.ending(self._template, plain, where.after, tools, self.stop_ids)
            if found is None or found.guessed:
                raise TemplateUnsupported(
                    f"the turn ends in {where.after[:40]!r}, which holds no token on which generation stops"
                )
            self._endings[where.after] = found
        return self._endings[where.after]

    def _reject_open_thought(self, where: Splice) -> None:
        pairs = self._template.pairs
        pair = reasoning.opened(where.prompt + where.lead, pairs)
        if pair:
            ways = rendering.closing_switches(self._template, lambda p: reasoning.opened(p, pairs) is None)
            way = f"set chat.template_kwargs: {ways}" if ways else "take a recipe without gold and paraphrase (rft)"
            name = self._template.name
            raise TemplateUnsupported(
                f"the template of {name} opens a thought ({pair.open!r}): no text without thoughts fits; {way}"
            )

    def _as_shown(self, messages: Sequence[Message], text: str, where: Splice, gap: str, tools: Tools) -> str:
        """The text as the template shows it: some trim the white space at its ends."""
        turn = {"role": "assistant", "content": text}
        full = self._template.render([*self._template.plain(messages), turn], tools)
        body = full.removesuffix(where.after) + gap
        before = where.prompt[: where.cut] + where.lead
        return next((t for t in check.trims(text) if body == before + t + gap), text)

    # Thoughts

    def _split(self, raw: str, prompt: str | None) -> tuple[str | None, str]:
        return self._template.answer(raw, prompt, self._prefix, self._suffix)

    def _thought(self, completion: Completion, where: Splice) -> str | None:
        """The thoughts that a completion brings; None where it is its answer alone."""
        brings = completion.raw and completion.raw != completion.text
        return self._split(completion.raw, where.prompt)[0] if brings else None

    def _learn(self) -> None:
        """Tries the template: does it take a system text, what does it write around an answer, how does it end?"""
        template = self._template
        try:
            template.render(check.PROBE_CONVERSATION, None, generation=True)
        except TemplateFailed as error:
            raise UserError(f"the chat template of {template.name} raises on a plain conversation: {error}") from error
        system: list[Message] = [{"role": "system", "content": check.SENTINELS[1]}, *check.PROBE_CONVERSATION]
        try:
            shown = [template.prompt_text(system), "".join(template.around(system, check.SENTINELS[0]))]
        except UserError:
            shown = [""]
        if not all(check.SENTINELS[1] in s for s in shown):
            template.merge_system = True
            self.notes.append("the template has no lasting place for a system text: merged into the first user turn")
        try:
            where = check.splice(template, check.PROBE_CONVERSATION, None)
        except TemplateUnsupported as error:
            self.notes.append(f"training on this template is not supported: {error}")
            return
        end = check.ending(template, check.PROBE_CONVERSATION, where.after, None, self.stop_ids)
        if end is None:
            eos = self.tokenizer.eos_token_id
            if eos is None:
                raise UserError(
                    f"tokenizer of {template.name!r} has no EOS token and its template ends turns with none"
                )
            end = Ending("", int(eos))
            self.notes.append(f"the template ends turns with no token: {self.tokenizer.eos_token!r} is trained as end")
        elif end.guessed:
            self.stop_ids = (*self.stop_ids, end.stop)
            self.notes.append(f"{self.decode([end.stop])!r} ends the template's turns and was no stop token: made one")
        self._endings[where.after] = end
        self._prefix = reasoning.unmarked(where.lead, template.pairs).strip()
        self._suffix = end.gap.strip()
