"""One chat policy for generating, judging, training and evaluating; what is trained on is proven row by row.

Trained are the ids of the prompt exactly as generation sees it, then the completion's, then the token on which
generation stops. The template's own rendering of the finished conversation is the audit: a difference is explained or
the row refused. Words: P is the prompt as rendered for generation, F the finished conversation as rendered, lead what F
has before the completion and P lacks, gap what F puts between completion and stop token."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from s3ft import rendering, thoughts
from s3ft.config import ChatConfig
from s3ft.rendering import TemplateFailed
from s3ft.types import Completion, Message, UserError

Proof = Literal["exact", "edge", "thoughts"]
Tools = list[dict[str, Any]] | None

_SENTINELS = ("Zq7vXw", "Jk3bYh")
_TALK: list[Message] = [{"role": "user", "content": "Hello"}]


class Refused(UserError):
    """A row or template whose training text cannot be proven; the message says what differs."""


@dataclass(frozen=True, slots=True)
class Target:
    """One training sequence: prompt, completion, stop token."""

    input_ids: list[int]
    num_prompt: int
    """Labels are -100 before this index and the ids from there on."""
    proof: Proof
    """How the finished rendering agrees: exactly, up to white space at edges, or without thoughts in either."""

    @property
    def labels(self) -> list[int]:
        return [-100] * self.num_prompt + self.input_ids[self.num_prompt :]


@dataclass(frozen=True, slots=True)
class _Splice:
    """Where a completion goes between the texts of P and F."""

    prompt: str
    cut: int
    """Length of what P and F share before the completion."""
    lead: str
    after: str
    """What F has after the completion."""
    gap: str
    stop: int


def open_chat(tokenizer: Any, config: ChatConfig, *, stop_ids: Iterable[int] = (), template: str | None = None) -> Chat:
    """The chat policy of a tokenizer. `stop_ids`: eos_token_id of the generation config. Raises UserError in one line
    where there is no chat template, no token to stop on, or a template that raises on a plain conversation."""
    name = getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__
    try:
        text = tokenizer.get_chat_template(template)
        with_tools = text if template else tokenizer.get_chat_template(None, tools=[{}])
    except (ValueError, AttributeError, NotImplementedError) as error:
        raise UserError(
            f"tokenizer of {name!r} has no chat template; name an instruct model, or give its tokenizer a chat_template"
        ) from error
    date = datetime.date.fromisoformat(config.date) if config.date else datetime.datetime.now(datetime.UTC).date()
    notes: list[str] = []
    kwargs = rendering.complete(tokenizer, text, config.template_kwargs, date, notes)
    frozen = [rendering.frozen(t, date) for t in (text, with_tools)]
    if text != frozen[0]:
        notes.append(f"the template prints today's date: frozen at {date}")
    stops = dict.fromkeys([*stop_ids, *([] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id])])
    chat = Chat(
        tokenizer,
        template=frozen[0],
        tools_template=frozen[1],
        kwargs=kwargs,
        keep_reasoning=config.keep_reasoning,
        stop_ids=tuple(int(s) for s in stops),
        notes=notes,
        name=str(name),
    )
    chat._learn()
    return chat


@dataclass(eq=False)
class Chat:
    """Made by `open_chat`; every stage of a run uses one made from the same config."""

    tokenizer: Any
    template: str
    """Chat template with its clock stopped."""
    tools_template: str
    kwargs: dict[str, Any]
    keep_reasoning: bool
    stop_ids: tuple[int, ...]
    """Every id on which generation must stop."""
    notes: list[str]
    """Remarks for the user, one line each, to be said once."""
    name: str
    _merge: bool = field(default=False, init=False)
    _prefix: str = field(default="", init=False)
    _suffix: str = field(default="", init=False)
    _ends: dict[str, tuple[str, int]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        added = {str(t.content): i for i, t in self.tokenizer.added_tokens_decoder.items()}
        self._added = {t: i for t, i in added.items() if t.strip()}
        longest = sorted(self._added, key=len, reverse=True)
        self._token = re.compile("|".join(map(re.escape, longest)) or "(?!)")
        self._token_normal = re.compile("|".join(re.escape(_normal(t)) for t in longest) or "(?!)")
        self._texts = {i: t for t, i in self._added.items()}
        mark = next((t for t in longest if not t[-1].isspace()), "")
        self._spaces = self._decode(rendering.encode(self.tokenizer, mark + "a")) == mark + " a"
        special = {str(t.content) for t in self.tokenizer.added_tokens_decoder.values() if t.special}
        texts = (self.template, self.tools_template)
        self._pairs = thoughts.pairs([*texts, " ".join(self._added)])
        tags = {t for pair in self._pairs for t in (pair.open, pair.close)}
        control = [t for t in longest if t in special or any(t in x for x in texts)]
        self._control = re.compile("|".join(map(re.escape, control)) or "(?!)")
        self._control_but_thoughts = re.compile("|".join(re.escape(t) for t in control if t not in tags) or "(?!)")

    @property
    def identity(self) -> dict[str, Any]:
        """Everything here that changes a prompt or a target, as JSON."""
        return {
            "template": _sha(self.template + "\0" + self.tools_template),
            "tokenizer": rendering.fingerprint(self.tokenizer),
            "kwargs": self.kwargs,
            "stop_ids": sorted(self.stop_ids),
            "merge_system": self._merge,
            "keep_reasoning": self.keep_reasoning,
        }

    # What generation gets

    def prompt_text(self, messages: Sequence[Message], tools: Tools = None) -> str:
        """The prompt as text, generation header included."""
        return self._render(self._plain(messages), tools, generation=True)

    def prompt_ids(self, messages: Sequence[Message], tools: Tools = None) -> list[int]:
        """The prompt's ids, exactly what generation gets; control tokens inside the messages' text stay text."""
        plain = self._plain(messages)
        text = self._render(plain, tools, generation=True)
        if not self._control.search(json.dumps([plain, tools], ensure_ascii=False)):
            return rendering.encode(self.tokenizer, text)
        marked = self._render([self._marked(m) for m in plain], rendering.marked(tools, self._control), generation=True)
        if rendering.unmarked(marked) != text:
            raise Refused(
                f"control tokens such as {self._control.search(text)!r} in a prompt change what {self.name} renders"
            )
        return rendering.encode_marked(self.tokenizer, marked)

    def completion(
        self,
        prompt: str | Sequence[Message],
        token_ids: Sequence[int],
        finish_reason: Literal["stop", "length", "error"] = "stop",
        *,
        stop: Sequence[str] = (),
        tools: Tools = None,
    ) -> Completion:
        """Sampled ids as a completion: the stop token off, the text cut before the first of the `stop` texts, thoughts
        apart. A text so cut is a whole answer: it is trained to end its turn there.

        `prompt` is `prompt_text` or its messages: a thought that it opened counts."""
        ids = [int(i) for i in token_ids]
        sampled = len(ids)
        end = next((n for n, i in enumerate(ids) if i in self.stop_ids), None)
        if end is not None:
            ids, sampled, finish_reason = ids[:end], end + 1, "stop"
        shown = prompt if isinstance(prompt, str) else self.prompt_text(prompt, tools)
        raw = self._decode_after(shown, ids)
        kept: list[int] | None = ids
        cuts = [raw.find(s) for s in stop if s and s in raw]
        if cuts:
            raw, finish_reason = raw[: min(cuts)], "stop"
            kept = next((ids[:n] for n in range(len(ids), -1, -1) if self._decode_after(shown, ids[:n]) == raw), None)
        return Completion(
            text=self._answer(raw, shown)[1],
            raw=raw,
            token_ids=tuple(kept) if kept is not None else None,
            finish_reason=finish_reason,
            num_tokens=sampled,
        )

    def from_text(
        self,
        prompt: str | Sequence[Message],
        raw: str,
        finish_reason: Literal["stop", "length", "error"] = "stop",
        *,
        num_tokens: int = 0,
        tools: Tools = None,
    ) -> Completion:
        """A completion of a backend that gives text and no ids."""
        opened = prompt if isinstance(prompt, str) else self.prompt_text(prompt, tools)
        return Completion(self._answer(raw, opened)[1], raw, None, finish_reason, num_tokens)

    def gold(self, text: str) -> Completion:
        """A data set's own answer as a completion without ids."""
        return Completion(text=self._answer(text, "")[1], raw=text)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens included, nothing cleaned up."""
        if not self._spaces:
            return self._decode(ids)
        out, start = "", 0
        for n, i in enumerate([*ids, None]):
            if i is None or i in self._texts:
                out += self._decode(ids[start:n]) + (self._texts[i] if i is not None else "")
                start = n + 1
        return out

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def _decode_after(self, prompt: str, ids: Sequence[int]) -> str:
        """Text of ids that go on after `prompt`: SentencePiece decoders drop the space that text begins with."""
        if not prompt or (self._spaces and any(prompt.endswith(t) for t in self._added)):
            return self.decode(ids)
        anchor = rendering.encode(self.tokenizer, "a")
        return self.decode([*anchor, *ids])[len(self.decode(anchor)) :]

    # What is trained on

    def target(self, messages: Sequence[Message], completion: Completion, tools: Tools = None) -> Target:
        """The training sequence of a row, audited. A completion with `token_ids` is trained on those very ids, unless
        it has thoughts and keep_reasoning is off; any other on its text in the template's form. Raises Refused."""
        if not completion.text.strip():
            raise Refused("the completion is empty; leave the row out or give it an answer")
        splice = self._splice(messages, tools)
        prompt = self.prompt_ids(messages, tools)
        has_thoughts = self._thought(completion, splice.prompt) is not None
        own = completion.token_ids is not None and (self.keep_reasoning or not has_thoughts)
        trimmed = False
        if own and completion.token_ids is not None:
            ids = list(completion.token_ids)
        elif has_thoughts and self.keep_reasoning:
            ids = self._encode_after(prompt, splice.prompt, "", completion.raw, splice.gap, sanitize=False)
        else:
            self._refuse_open_thought(splice)
            text = self._trimmed(messages, completion.text, splice, tools)
            trimmed = text != completion.text
            ids = self._encode_after(prompt, splice.prompt, splice.lead, text, splice.gap)
        if any(i in self.stop_ids for i in ids):
            raise Refused("the completion holds a token on which generation stops; nothing after it could be sampled")
        whole = [*prompt, *ids, splice.stop]
        proof = self.audit(whole, len(prompt), messages, completion, tools)
        return Target(whole, len(prompt), "edge" if trimmed and proof == "exact" else proof)

    def audit(
        self,
        input_ids: Sequence[int],
        num_prompt: int,
        messages: Sequence[Message],
        completion: Completion,
        tools: Tools = None,
        *,
        finished: Sequence[Message] | None = None,
    ) -> Proof:
        """Holds a training sequence against the template's own rendering of the finished conversation. Raises Refused.

        `finished`: the messages of the finished conversation before the completion, where they are not `messages`."""
        splice = self._splice(messages, tools)
        if list(input_ids[:num_prompt]) != self.prompt_ids(messages, tools):
            raise Refused(
                f"the prompt's ids are not what generation gets: {self.decode(input_ids[:num_prompt])[-60:]!r}"
            )
        if len(input_ids) < num_prompt + 2 or input_ids[-1] != splice.stop:
            raise Refused(
                f"the sequence does not end in {self.tokenizer.decode([splice.stop])!r}, on which generation stops"
            )
        start = self.decode(input_ids[:num_prompt])
        text = self.decode(input_ids[:-1])
        if not text.startswith(start) or self._squeeze(start) != self._squeeze(splice.prompt):
            raise Refused(f"the tokenizer does not give the prompt back: {_difference(start, splice.prompt)}")
        return self._prove(splice, text[len(start) :], self._plain(finished or messages), completion, tools)

    def _prove(
        self, splice: _Splice, text: str, finished: list[Message], completion: Completion, tools: Tools
    ) -> Proof:
        thought, answer, raw = (
            self._thought(completion, splice.prompt),
            completion.text,
            completion.raw or completion.text,
        )
        written = {splice.lead + t + splice.gap for t in _trims(answer)} | {raw, raw + splice.gap}
        if self._squeeze(text, " ") not in {self._squeeze(w, " ") for w in written}:
            raise Refused(f"what would be trained is not the completion: {_difference(text, raw)}")
        opened = thoughts.opened(splice.prompt, self._pairs)
        shapes: list[Message] = [{"content": answer}]
        if thought is not None:
            head = splice.prompt[splice.prompt.rindex(opened.open) :] if opened else ""
            shapes = [
                {"content": head + raw},
                {"content": answer, "reasoning_content": thought.strip()},
                {"content": answer, "reasoning_content": thought},
                {"content": answer},
            ]
        expected = splice.prompt + text
        best: Proof | None = None
        seen = ""
        for shape in shapes:
            try:
                full = self._render([*finished, {"role": "assistant", **shape}], tools)
            except TemplateFailed as error:
                seen = seen or str(error)
                continue
            if not full.endswith(splice.after):
                seen = seen or _difference(full[-80:], splice.after)
                continue
            body = full[: len(full) - len(splice.after)] + splice.gap
            found = self._agree(splice, body, expected, completion.text)
            if found == "exact":
                return found
            best = best if best == "edge" else found or best
            seen = seen or _difference(expected, body)
        if best is None:
            raise Refused(f"what would be trained is not what the template renders: {seen}")
        return best

    def _agree(self, splice: _Splice, body: str, expected: str, answer: str) -> Proof | None:
        text = expected[len(splice.prompt) :]
        if _same(body, expected):
            return "exact"
        if body.startswith(splice.prompt) and _same(body[len(splice.prompt) :].strip(), text.strip()):
            return "edge"
        if _normal(body[: splice.cut]) != _normal(splice.prompt[: splice.cut]):
            return None
        ours, theirs = expected[splice.cut :], body[splice.cut :]
        tails = [_normal(t.rstrip().removesuffix(splice.gap.strip()).rstrip()) for t in (ours, theirs)]
        if not all(t.endswith(_normal(answer.strip())) for t in tails):
            return None
        if self._squeeze(ours) == self._squeeze(theirs):
            return "edge"
        if self._squeeze(thoughts.remove(ours, self._pairs)) == self._squeeze(thoughts.remove(theirs, self._pairs)):
            return "thoughts"
        return None

    # How P and F differ

    def _splice(self, messages: Sequence[Message], tools: Tools) -> _Splice:
        plain = self._plain(messages)
        prompt = self._render(plain, tools, generation=True)
        first, second = (self._around(plain, s, tools) for s in _SENTINELS)
        if first != second:
            raise Refused(f"the template of {self.name} writes other text around other completions")
        before, after = first
        cut = self._common(prompt, before)
        if after not in self._ends:
            self._ends[after] = self._end(plain, after, tools)
        gap, stop = self._ends[after]
        return _Splice(prompt, cut, before[cut:], after, gap, stop)

    def _around(
        self, plain: list[Message], sentinel: str, tools: Tools, then: list[Message] | None = None
    ) -> tuple[str, str]:
        full = self._render([*plain, {"role": "assistant", "content": sentinel}, *(then or [])], tools)
        if full.count(sentinel) != 1:
            raise Refused(f"the template of {self.name} shows a completion {full.count(sentinel)} times, expected once")
        before, _, after = full.partition(sentinel)
        return before, after

    def _end(self, plain: list[Message], after: str, tools: Tools) -> tuple[str, int]:
        """Gap and stop token: the first token after the completion on which generation stops; where the finished
        conversation shows none, the one before a next user turn; else a guess, which is said."""
        try:
            followed = self._around(plain, _SENTINELS[0], tools, _TALK)[1]
        except UserError:
            followed = ""
        for text in (after, followed):
            for found in self._token.finditer(text):
                if self._added[found[0]] in self.stop_ids:
                    return text[: found.start()], self._added[found[0]]
        guess = self._guess(after) or self._guess(followed)
        if guess:
            gap, token = guess
            self.stop_ids = (*self.stop_ids, self._added[token])
            self.notes.append(f"{token!r} ends the template's turns but is no stop token of the model: made one")
            return gap, self._added[token]
        if self.tokenizer.eos_token_id is None:
            raise UserError(
                f"tokenizer of {self.name!r} has no EOS token and its chat template ends turns with none; set one"
            )
        self.notes.append(
            f"the template ends turns with no token: {self.tokenizer.eos_token!r} is trained as their end"
        )
        return "", int(self.tokenizer.eos_token_id)

    def _guess(self, text: str) -> tuple[str, str] | None:
        """The last of the ending tokens that follow each other at once, else the first token of all."""
        found, gap, position = None, "", 0
        for match in self._token.finditer(text):
            if text[position : match.start()].strip() or (found and not _ENDING.search(match[0])):
                break
            found, gap, position = match[0], text[: match.start()], match.end()
        return (gap, found) if found else None

    def _common(self, prompt: str, before: str) -> int:
        """Length of the common prefix, moved back to where no added token is split in either text."""
        cut = next(
            (i for i, (a, b) in enumerate(zip(prompt, before, strict=False)) if a != b), min(len(prompt), len(before))
        )
        while True:
            inside = [
                m.start()
                for text in (prompt, before)
                for m in self._token.finditer(text, max(0, cut - 200))
                if m.start() < cut < m.end()
            ]
            if not inside:
                return cut
            cut = min(inside)

    def _refuse_open_thought(self, splice: _Splice) -> None:
        pair = thoughts.opened(splice.prompt + splice.lead, self._pairs)
        if pair:
            ways = rendering.closing_switches(self, lambda p: thoughts.opened(p, self._pairs) is None)
            way = f"set chat.template_kwargs: {ways}" if ways else "take a recipe without gold and paraphrase (rft)"
            raise Refused(
                f"the template of {self.name} opens a thought ({pair.open!r}): no other text can follow; {way}"
            )

    def _trimmed(self, messages: Sequence[Message], text: str, splice: _Splice, tools: Tools) -> str:
        """The text as the template shows it: some trim the white space at its ends."""
        full = self._render([*self._plain(messages), {"role": "assistant", "content": text}], tools)
        body = full.removesuffix(splice.after) + splice.gap
        for shown in _trims(text):
            if body == splice.prompt[: splice.cut] + splice.lead + shown + splice.gap:
                return shown
        return text

    def _encode_after(
        self, prompt: list[int], shown: str, lead: str, text: str, gap: str, *, sanitize: bool = True
    ) -> list[int]:
        """Ids of lead + text + gap as they follow the prompt; control tokens in the text stay text."""
        if sanitize and self._control.search(text):
            marked = lead + rendering.marked(text, self._control) + gap
            return rendering.encode_marked(self.tokenizer, marked, continued=True)
        wanted, start = lead + text + gap, self.decode(prompt)
        whole = rendering.encode(self.tokenizer, shown + wanted)
        options = [
            rendering.encode(self.tokenizer, wanted),
            rendering.encode_marked(self.tokenizer, wanted, continued=True),
        ]
        if whole[: len(prompt)] == prompt:
            rest = whole[len(prompt) :]
            if self._squeeze(self.decode(whole)) == self._squeeze(start + wanted):
                return rest
        for same in (_normal, self._squeeze):
            for ids in options:
                if same(self.decode([*prompt, *ids])) == same(start + wanted):
                    return ids
        raise Refused(
            f"the tokenizer of {self.name} cannot write the completion: {_difference(self.decode(options[0]), wanted)}"
        )

    # Text

    def _answer(self, raw: str, prompt: str) -> tuple[str | None, str]:
        """Thoughts (None: none) and answer of what was written after `prompt`."""
        thought, answer = thoughts.split(raw, self._pairs, thoughts.opened(prompt, self._pairs))
        if self._prefix and answer.lstrip().startswith(self._prefix):
            answer = answer.lstrip()[len(self._prefix) :].lstrip()
        if self._suffix and answer.rstrip().endswith(self._suffix):
            answer = answer.rstrip()[: -len(self._suffix)].rstrip()
        return thought, answer

    def _thought(self, completion: Completion, prompt: str) -> str | None:
        """The thoughts that a completion brings; None where it is its answer alone."""
        brings = completion.raw and completion.raw != completion.text
        return self._answer(completion.raw, prompt)[0] if brings else None

    def _squeeze(self, text: str, space: str | None = None) -> str:
        """Text without white space next to added tokens and at its ends; `space`: those characters only."""
        normal = _normal(text)
        parts = self._token_normal.split(normal)
        return "\0".join(p.strip(space) for p in parts) + "\1".join(self._token_normal.findall(normal))

    def _plain(self, messages: Sequence[Message]) -> list[Message]:
        """Content parts joined to text; the system text in the first user turn where there is no such role."""
        plain = [{**m, "content": rendering.plain(m.get("content"))} for m in messages]
        if self._merge and len(plain) > 1 and plain[0].get("role") == "system":
            first, rest = plain[1], plain[2:]
            return [{**first, "content": f"{plain[0]['content'].strip()}\n\n{first['content']}"}, *rest]
        return plain

    def _marked(self, message: Message) -> Message:
        """Control tokens marked as text; in the model's own earlier turns the tags of thoughts stay tags."""
        control = self._control_but_thoughts if message.get("role") == "assistant" else self._control
        return {k: v if k == "role" else rendering.marked(v, control) for k, v in message.items()}

    def _render(self, messages: Any, tools: Tools, generation: bool = False) -> str:
        template = self.tools_template if tools else self.template
        return rendering.render(self.tokenizer, template, messages, tools, generation, self.kwargs)

    def _learn(self) -> None:
        """Tries the template: does it take a system text, what does it write around an answer?"""
        try:
            self._render(_TALK, None, generation=True)
        except TemplateFailed as error:
            raise UserError(f"the chat template of {self.name} raises on a plain conversation: {error}") from error
        system: list[Message] = [{"role": "system", "content": _SENTINELS[1]}, *_TALK]
        try:
            shown = [self._render(system, None, generation=True), "".join(self._around(system, _SENTINELS[0], None))]
        except UserError:
            shown = [""]
        if not all(_SENTINELS[1] in s for s in shown):
            self._merge = True
            self.notes.append("the template has no lasting place for a system text: merged into the first user turn")
        try:
            splice = self._splice(_TALK, None)
        except Refused as error:
            self.notes.append(f"training on this template will be refused: {error}")
            return
        self._prefix = thoughts.unmarked(splice.lead, self._pairs).strip()
        self._suffix = splice.gap.strip()


_ENDING = re.compile(r"end|eo[tsm]|stop|sep|return|/s>|turn\|>", re.IGNORECASE)


def _normal(text: str) -> str:
    """Some tokenizers compose characters (NFC, NFKC), SentencePiece writes spaces as low lines: no other difference."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("▁", " ")


def _trims(text: str) -> tuple[str, ...]:
    return (text, text.rstrip(), text.lstrip(), text.strip())


def _same(a: str, b: str) -> bool:
    return a == b or _normal(a) == _normal(b)


def _difference(ours: str, theirs: str) -> str:
    """Where two texts first differ, for a message."""
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    start = max(0, at - 20)
    return f"trained {ours[start : at + 40]!r}, rendered {theirs[start : at + 40]!r}"


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
