"""A chat template and its tokenizer: conversations to text, text to ids and back."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from s3ft.chat import marks, reasoning, rendering
from s3ft.chat.rendering import TemplateUnsupported
from s3ft.types import Message

Tools = list[dict[str, Any]] | None


class Template:
    """The texts of one chat template. Added tokens are known by their text; control tokens among them are those that
    are special or that the template writes."""

    def __init__(self, tokenizer: Any, text: str, tools_text: str, kwargs: dict[str, Any], name: str) -> None:
        self.tokenizer, self.text, self.tools_text, self.kwargs, self.name = tokenizer, text, tools_text, kwargs, name
        self.merge_system = False
        """The system text goes into the first user turn."""
        tokens = {int(i): t for i, t in tokenizer.added_tokens_decoder.items() if str(t.content).strip()}
        self.added = {str(t.content): i for i, t in tokens.items()}
        self._texts = {i: t for t, i in self.added.items()}
        longest = sorted(self.added, key=len, reverse=True)
        self.token = _any(longest)
        self._token_normal = _any([normal(t) for t in longest])
        self.pairs = reasoning.pairs([text, tools_text, " ".join(self.added)])
        self._shown_pairs = tuple(p for p in self.pairs if p.close in self.added or p.close in text)
        special = {str(t.content) for t in tokens.values() if t.special}
        tags = {t for pair in self.pairs for t in (pair.open, pair.close)}
        control = [t for t in longest if t in special or t in text or t in tools_text]
        self._control = _any(control)
        self._control_but_thoughts = _any([t for t in control if t not in tags])
        mark = next((t for t in longest if not t[-1].isspace()), "")
        self._spaces = self._decode(rendering.encode(tokenizer, mark + "a")) == mark + " a"

    # Conversations to text

    def plain(self, messages: Sequence[Message]) -> list[Message]:
        """Content parts joined to text; the system text in the first user turn where there is no such role."""
        plain = [{**m, "content": rendering.plain(m.get("content"))} for m in messages]
        if self.merge_system and len(plain) > 1 and plain[0].get("role") == "system":
            first, rest = plain[1], plain[2:]
            return [{**first, "content": f"{str(plain[0]['content']).strip()}\n\n{first['content']}"}, *rest]
        return plain

    def render(self, messages: Sequence[Message], tools: Tools = None, generation: bool = False) -> str:
        text = self.tools_text if tools else self.text
        return rendering.render(self.tokenizer, text, list(messages), tools, generation, self.kwargs)

    def prompt_text(self, messages: Sequence[Message], tools: Tools = None) -> str:
        return self.render(self.plain(messages), tools, generation=True)

    def around(
        self, plain: list[Message], completion: str, tools: Tools = None, then: list[Message] | None = None
    ) -> tuple[str, str]:
        """What the finished conversation has before and after a completion.

        Raises TemplateUnsupported unless it is there once."""
        full = self.render([*plain, {"role": "assistant", "content": completion}, *(then or [])], tools)
        if full.count(completion) != 1:
            raise TemplateUnsupported(f"the template of {self.name} shows a completion {full.count(completion)} times")
        before, _, after = full.partition(completion)
        return before, after

    # Text to ids

    def prompt_ids(self, messages: Sequence[Message], tools: Tools = None) -> list[int]:
        """Ids of the prompt; control tokens inside the messages' text stay text, but for the tags of thoughts in the
        model's own earlier turns."""
        plain = self.plain(messages)
        text = self.render(plain, tools, generation=True)
        if not self._control.search(json.dumps([plain, tools], ensure_ascii=False)):
            return rendering.encode(self.tokenizer, text)
        marked = self.render([self._marked(m) for m in plain], marks.marked(tools, self._control), generation=True)
        if marks.unmarked(marked) != text:
            raise TemplateUnsupported(
                f"control tokens in the messages change what the template of {self.name} writes; remove them"
            )
        return marks.encode(self.tokenizer, marked)

    def encode_after(
        self, prompt: list[int], shown: str, lead: str, text: str, gap: str, *, is_text: bool = True
    ) -> list[int]:
        """Ids of lead + text + gap as they follow the prompt, whose text is `shown`. Control tokens in `text` stay text
        unless it `is_text` no more, but what a model wrote. Raises TemplateUnsupported if the ids do not
        give the text back."""
        if is_text and self._control.search(text):
            marked = lead + marks.marked(text, self._control) + gap
            return marks.encode(self.tokenizer, marked, continued=True)
        wanted, start = lead + text + gap, self.decode(prompt)
        whole = rendering.encode(self.tokenizer, shown + wanted)
        if whole[: len(prompt)] == prompt and self.normalise_whitespace(
            self.decode(whole)
        ) == self.normalise_whitespace(start + wanted):
            return whole[len(prompt) :]
        alone = rendering.encode(self.tokenizer, wanted)
        for form in (normal, self.normalise_whitespace):
            for ids in (alone, marks.encode(self.tokenizer, wanted, continued=True)):
                if form(self.decode([*prompt, *ids])) == form(start + wanted):
                    return ids
        raise TemplateUnsupported(
            f"the tokenizer of {self.name} cannot write it: {difference(self.decode(alone), wanted)}"
        )

    def _marked(self, message: Message) -> Message:
        control = self._control_but_thoughts if message.get("role") == "assistant" else self._control
        return {k: v if k == "role" else marks.marked(v, control) for k, v in message.items()}

    # Ids to text

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens included, nothing cleaned up."""
        if not self._spaces:
            return self._decode(ids)
        # This tokenizer writes a space after every added token that encoding never saw.
        out, start = "", 0
        for n, i in enumerate([*ids, None]):
            if i is None or i in self._texts:
                out += self._decode(ids[start:n]) + (self._texts[i] if i is not None else "")
                start = n + 1
        return out

    def decode_after(self, shown: str, ids: Sequence[int]) -> str:
        """Text of ids that go on after the text `shown`: SentencePiece decoders drop the space that text begins with,
        and must not here."""
        if not shown or (self._spaces and any(shown.endswith(t) for t in self.added)):
            return self.decode(ids)
        anchor = rendering.encode(self.tokenizer, "a")
        return self.decode([*anchor, *ids])[len(self.decode(anchor)) :]

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def normalise_whitespace(self, text: str, space: str | None = None) -> str:
        """Text without white space next to added tokens and at its ends; `space`: those characters only."""
        text = normal(text)
        return "\0".join(p.strip(space) for p in self._token_normal.split(text)) + "\1".join(
            self._token_normal.findall(text)
        )

    def answer(self, raw: str, prompt: str | None, prefix: str, suffix: str) -> tuple[str | None, str]:
        """Thoughts (None: none) and answer of what a model wrote after `prompt`, or people did (None). Off the answer
        come `prefix` and `suffix`, which the template puts around it."""
        opened = None if prompt is None else reasoning.opened(prompt, self.pairs)
        unopened = () if prompt is None else self._shown_pairs
        thought, answer = reasoning.split(raw, self.pairs, opened, unopened)
        if prefix and answer.lstrip().startswith(prefix):
            answer = answer.lstrip()[len(prefix) :].lstrip()
        if suffix and answer.rstrip().endswith(suffix):
            answer = answer.rstrip()[: -len(suffix)].rstrip()
        return thought, answer


def normal(text: str) -> str:
    """Some tokenizers compose characters (NFC, NFKC), SentencePiece writes spaces as low lines: no other difference."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("▁", " ")


def difference(ours: str, theirs: str) -> str:
    """Where two texts first differ, for a message."""
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    start = max(0, at - 20)
    return f"trained {ours[start : at + 40]!r}, rendered {theirs[start : at + 40]!r}"


def _any(texts: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, texts)) or "(?!)")
