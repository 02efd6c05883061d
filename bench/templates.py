"""Which chat templates can be trained on: python bench/templates.py [DIR]

Every template in DIR (default: $S3FT_DATA/chat_templates) is tried with tokenizers of four kinds trained on the spot,
in the best of its thinking modes, on four conversations: plain, with a system text, of several turns, and with the
model's own thoughts where it thinks. Then targets are held against conversations that were tampered with: all must be
rejected."""

from __future__ import annotations

import json
import logging
import os
import pydoc_data.topics
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from s3ft.chat import Chat, TemplateUnsupported, open_chat, reasoning
from s3ft.config import ChatConfig
from s3ft.types import Completion, Message, UserError

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TAGS = re.compile(r"<\|?[^\s<>{}()\"'=,]{1,40}\|?>|\[/?[A-Z][A-Z_]+\]|◁[^\s▷]+▷")
ANSWER = "First add 17 and 25, which is 42.\nThen halve it: the answer is 21."
THOUGHT = "I add the two numbers before halving."
QUESTION = "What is half of 17 + 25?"
SYSTEM = "You are a careful tutor called Ada."
TURNS: list[Message] = [
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "That is 4."},
    {"role": "user", "content": QUESTION},
]
TALKS: dict[str, list[Message]] = {
    "plain": TURNS[-1:],
    "system": [{"role": "system", "content": SYSTEM}, *TURNS[-1:]],
    "turns": TURNS,
    "thoughts": TURNS[-1:],
}
SWITCHES: list[dict[str, Any]] = [
    {},
    *({name: value} for name in ("enable_thinking", "thinking", "reasoning") for value in (True, False)),
    {"thinking_budget": 0},
    {"reasoning_effort": "none"},
]


@dataclass(frozen=True)
class Outcome:
    """What became of one template under one tokenizer."""

    unsupported: dict[str, str]
    """By conversation, for those that are unsupported in every mode."""
    tampered: int
    let_through: list[str]


def byte_level(pattern: str | None) -> Tokenizer:
    """Byte-level BPE: GPT-2's pre-tokenisation, or one given as a regular expression."""
    tokenizer = Tokenizer(models.BPE())
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    split = [] if pattern is None else [pre_tokenizers.Split(Regex(pattern), "isolated")]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*split, plain])
    tokenizer.decoder = decoders.ByteLevel()
    return trained(tokenizer, pre_tokenizers.ByteLevel.alphabet())


def sentencepiece_like(legacy: bool) -> Tokenizer:
    """BPE over words with a leading space mark, as Llama 2: `legacy` puts one after every special token too."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    if legacy:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return trained(tokenizer, [], ["<unk>", *(f"<0x{b:02X}>" for b in range(256))])


def trained(tokenizer: Tokenizer, alphabet: list[str], special: list[str] | None = None) -> Tokenizer:
    lines = [line for text in pydoc_data.topics.topics.values() for line in text.splitlines()][:4000]
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        initial_alphabet=alphabet,
        special_tokens=special or [],
        show_progress=False,
        max_token_length=16,
    )
    tokenizer.train_from_iterator(lines, trainer)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if not t["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(state))


def tokenizers() -> dict[str, str]:
    """The four kinds, as JSON to be loaded afresh for each template."""
    return {
        "bytes, GPT-2 pattern": byte_level(None).to_str(),
        "bytes, Llama-3 pattern": byte_level(LLAMA3).to_str(),
        "SentencePiece-like": sentencepiece_like(legacy=False).to_str(),
        "SentencePiece-like, legacy": sentencepiece_like(legacy=True).to_str(),
    }


def tokenizer_for(kind: str, template: str, name: str) -> PreTrainedTokenizerFast:
    """A tokenizer with the template's tags as special tokens."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(kind), bos_token="<s>", eos_token="</s>", chat_template=template
    )
    tokenizer.name_or_path = name
    tokenizer.add_special_tokens({"additional_special_tokens": sorted({*TAGS.findall(template)} - {"<s>", "</s>"})})
    return tokenizer


def own_answer(chat: Chat, messages: list[Message], thinks: bool) -> Completion:
    """An answer as the model would have sampled it: ids, thoughts where it thinks."""
    template = chat._template
    prompt = chat.prompt_text(messages)
    where, end = chat.splice(messages)
    body = reasoning.unmarked(where.lead, template.pairs).lstrip() + ANSWER + end.gap
    if thinks:
        opened = reasoning.opened(prompt, template.pairs)
        pair = opened or next(p for p in template.pairs if p.open in template.text or p.close in template.text)
        constructed = ("" if opened else pair.open + "\n") + f"{THOUGHT}\n{pair.close}{pair.then}\n\n" + body
        body = _shown(chat, messages, prompt, where.after) or constructed
    ids = template.encode_after(chat.prompt_ids(messages), prompt, "", body, "", is_text=False)
    return chat.completion(prompt, [*ids, end.stop])


def _shown(chat: Chat, messages: list[Message], prompt: str, after: str) -> str:
    """The template's own form of thoughts and answer, where it shows them after the prompt."""
    turn = {"role": "assistant", "content": ANSWER, "reasoning_content": THOUGHT}
    full = chat._template.render([*messages, turn]).removesuffix(after)
    return full[len(prompt) :] if full.startswith(prompt) and THOUGHT in full else ""


def modes(chat_of: Any, template: str) -> list[Chat]:
    return [chat_of(kwargs) for kwargs in SWITCHES if all(re.search(rf"\b{k}\b", template) for k in kwargs)]


def examine(path: Path, kind: str) -> Outcome:
    template = path.read_text(encoding="utf-8")
    tokenizer = tokenizer_for(kind, template, path.stem)

    def chat_of(kwargs: dict[str, Any]) -> Chat:
        return open_chat(tokenizer, ChatConfig(template_kwargs=kwargs, date="2026-11-20"))

    chats = modes(chat_of, template)
    thinks = any(p.open in template or p.close in template for p in chats[0]._template.pairs)
    unsupported: dict[str, str] = {}
    tampered, let_through = 0, []
    for name, messages in TALKS.items():
        found: list[str] = []
        for chat in chats:
            try:
                own = name == "thoughts"
                completion = own_answer(chat, messages, thinks) if own else chat.gold(ANSWER)
                if own and thinks and completion.raw == completion.text:
                    raise TemplateUnsupported("no thoughts after this prompt")
                target = chat.target(messages, completion)
            except UserError as error:
                found.append(str(error))
                continue
            through = tampering(chat, messages, completion, target.input_ids, target.num_prompt)
            tampered += len(through)
            let_through += [f"{name}: {what}" for what, seen in through.items() if not seen]
            break
        else:
            unsupported[name] = " / ".join(dict.fromkeys(found))
    return Outcome(unsupported, tampered, let_through)


def tampering(chat: Chat, messages: list[Message], completion: Completion, ids: list[int], cut: int) -> dict[str, bool]:
    """Whether each tampered conversation is rejected."""
    fewer = replace(completion, text=_drop(completion.text), raw=_drop(completion.raw), token_ids=None)
    other = [*messages[:-1], {"role": "user", "content": "Who wrote the first program?"}]
    word = next(i for i in range(cut + 5, len(ids)) if chat.decode(ids[i : i + 1]).strip())
    tries: dict[str, dict[str, Any]] = {
        "word dropped": {"completion": fewer},
        "token dropped": {"input_ids": [*ids[:word], *ids[word + 1 :]]},
        "other question": {"finished": other},
        "stop missing": {"input_ids": ids[:-1]},
    }
    if messages[0]["role"] == "system":
        tries["system text lost"] = {"finished": messages[1:]}
    given: dict[str, Any] = {"input_ids": ids, "num_prompt": cut, "messages": messages, "completion": completion}
    found = {what: _rejected(chat, {**given, **change}) for what, change in tries.items()}
    render = chat._template.render
    chat._template.render = lambda *a, **k: _drop(render(*a, **k))  # type: ignore[method-assign]
    found["word dropped by the template"] = _rejected(chat, given)
    chat._template.render = render  # type: ignore[method-assign]
    return found


def _rejected(chat: Chat, arguments: dict[str, Any]) -> bool:
    try:
        chat.check(**arguments)
    except TemplateUnsupported:
        return True
    return False


def _drop(text: str) -> str:
    return text.replace(" add ", " ", 1) if " add 17" in text else text.replace("answer ", "", 1)


def main(argv: list[str]) -> int:
    folder = Path(argv[0]) if argv else Path(os.environ.get("S3FT_DATA", "")) / "chat_templates"
    paths = sorted(folder.glob("*.jinja"))
    if not paths:
        print(f"skipped: no *.jinja in {str(folder)!r}; give a folder, or set S3FT_DATA")
        return 0
    logging.getLogger("transformers").setLevel(logging.ERROR)
    kinds = tokenizers()
    counts: dict[str, int] = dict.fromkeys(kinds, 0)
    supported = tampered = 0
    let_through: list[str] = []
    for path in paths:
        reasons: dict[str, str] = {}
        for kind, state in kinds.items():
            try:
                outcome = examine(path, state)
            except UserError as error:
                outcome = Outcome({"template": str(error)}, 0, [])
            counts[kind] += not outcome.unsupported
            tampered += outcome.tampered
            let_through += [f"{path.stem}, {kind}, {what}" for what in outcome.let_through]
            for talk, reason in outcome.unsupported.items():
                reasons.setdefault(reason, talk)
        supported += not reasons
        print(
            f"{path.stem}: "
            + ("supported" if not reasons else "unsupported: " + "; ".join(f"{t}: {r}" for r, t in reasons.items()))
        )
    print(f"{supported} of {len(paths)} supported with every kind of tokenizer")
    for kind, count in counts.items():
        print(f"  {count} of {len(paths)}: {kind}")
    print(f"{tampered - len(let_through)} of {tampered} tampered conversations rejected")
    for line in let_through:
        print(f"  let through: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
