"""Against mistral-common: its finetuning-mode ids, on its real tokenizer files, equal ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from s3ft.backends.transformers import load_tokenizer
from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.types import Message, UserError

mistral_common = pytest.importorskip("mistral_common")

DATA = Path(mistral_common.__file__).parent / "data"

SYSTEM_LAST = """{{ bos_token }}{% set rest = messages[1:] if messages[0].role == 'system' else messages %}\
{% for m in rest %}{% if m.role == 'user' %}[INST]{% if loop.last and messages[0].role == 'system' %}\
{{ messages[0].content + '\\n\\n' }}{% endif %}{{ m.content }}[/INST]{% else %}{{ m.content + eos_token }}{% endif %}\
{% endfor %}"""
# Before version 3 the system text goes first, and in version 1 the marks are plain text.
SYSTEM_FIRST = SYSTEM_LAST.replace("loop.last", "loop.first")
PLAIN = (
    SYSTEM_FIRST.replace("[INST]", "[INST] ")
    .replace("[/INST]", " [/INST]")
    .replace("{{ m.content + eos", "{{ ' ' + m.content + eos")
)
OWN_ROLE = """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}\
[SYSTEM_PROMPT]{{ m.content }}[/SYSTEM_PROMPT]\
{% elif m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"""
FILES = {
    "tekken_240718.json": SYSTEM_LAST,
    "tekken_240911.json": SYSTEM_LAST,
    "tokenizer.model.v1": PLAIN,
    "mistral_instruct_tokenizer_240216.model.v2": SYSTEM_FIRST,
    "mistral_instruct_tokenizer_240323.model.v3": SYSTEM_LAST,
    "mistral_instruct_tokenizer_241114.model.v7": OWN_ROLE,
    "mistral_instruct_tokenizer_241114.model.v7m1": OWN_ROLE,
}

TEXTS = [
    "What is half of 17 + 25?",
    "def f(x):\n    return x + 1\n",
    "Zwölf Boxkämpfer jagen Viktor.",
    "日本語で答えてください。",
    "🙂 1,234.56 and 7/8",
    "two  spaces\n\nand\n\n\nlines",
    "a",
]


def opened(folder: Path, name: str) -> Any:
    """The tokenizer as s3ft reads it from a model that has nothing but this file and its template."""
    shutil.copy(DATA / name, folder / ("tekken.json" if name.startswith("tekken") else "tokenizer.model"))
    (folder / "config.json").write_text(json.dumps({"model_type": "mistral"}))
    (folder / "chat_template.jinja").write_text(FILES[name])
    return load_tokenizer(folder)


@pytest.mark.parametrize("name", FILES)
def test_ids_equal_mistral_common_s(name: str, tmp_path: Path) -> None:
    from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, UserMessage
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from mistral_common.protocol.instruct.validator import ValidationMode
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    reference = MistralTokenizer.from_file(DATA / name, mode=ValidationMode.finetuning)
    chat = open_chat(opened(tmp_path, name), ChatConfig())
    makers = {"system": SystemMessage, "user": UserMessage, "assistant": AssistantMessage}

    def theirs(messages: list[Message]) -> list[int]:
        request = ChatCompletionRequest(messages=[makers[m["role"]](content=m["content"]) for m in messages])
        return list(reference.encode_chat_completion(request).tokens)

    for n, text in enumerate(TEXTS):
        asked: list[Message] = [{"role": "user", "content": text}]
        answer = TEXTS[(n + 3) % len(TEXTS)]
        for messages in (asked, [{"role": "system", "content": "Be brief."}, *asked]):
            target = chat.target(messages, chat.gold(answer))
            finished = [*messages, {"role": "assistant", "content": answer}]
            assert target.input_ids == theirs(finished), (text, answer)
            num_prompt = target.labels.count(-100)
            assert target.input_ids[num_prompt:] == target.labels[num_prompt:]
        turns = [asked[0], {"role": "assistant", "content": answer}, {"role": "user", "content": answer}]
        target = chat.target(turns, chat.gold(text))
        assert target.input_ids == theirs([*turns, {"role": "assistant", "content": text}]), (text, answer)


def test_a_sentencepiece_file_that_is_read_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sentencepiece

    right = sentencepiece.SentencePieceProcessor.encode
    monkeypatch.setattr(sentencepiece.SentencePieceProcessor, "encode", lambda *a: [*right(*a), 7])
    with pytest.raises(UserError, match=r"otherwise than SentencePiece does.*tokenizer\.json"):
        opened(tmp_path, "tokenizer.model.v1")
