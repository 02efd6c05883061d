"""Against mistral-common: its finetuning-mode ids, on its real tokenizer files, equal ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.types import Message

mistral_common = pytest.importorskip("mistral_common")

TEMPLATE = """{{ bos_token }}{% set rest = messages[1:] if messages[0].role == 'system' else messages %}\
{% for m in rest %}{% if m.role == 'user' %}[INST]{% if loop.last and messages[0].role == 'system' %}\
{{ messages[0].content + '\\n\\n' }}{% endif %}{{ m.content }}[/INST]{% else %}{{ m.content + eos_token }}{% endif %}\
{% endfor %}"""

TEXTS = [
    "What is half of 17 + 25?",
    "def f(x):\n    return x + 1\n",
    "Zwölf Boxkämpfer jagen Viktor.",
    "日本語で答えてください。",
    "🙂 1,234.56 and 7/8",
    "two  spaces\n\nand\n\n\nlines",
    "a",
]


@pytest.mark.parametrize("name", ["tekken_240718.json", "tekken_240911.json"])
def test_ids_equal_mistral_common_s(name: str) -> None:
    from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, UserMessage
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from mistral_common.protocol.instruct.validator import ValidationMode
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
    from transformers.integrations.mistral import convert_tekken_tokenizer

    file = Path(mistral_common.__file__).parent / "data" / name
    reference = MistralTokenizer.from_file(file, mode=ValidationMode.finetuning)
    tokenizer = convert_tekken_tokenizer(str(file))
    tokenizer.chat_template = TEMPLATE
    chat = open_chat(tokenizer, ChatConfig())
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
        turns = [asked[0], {"role": "assistant", "content": answer}, {"role": "user", "content": answer}]
        target = chat.target(turns, chat.gold(text))
        assert target.input_ids == theirs([*turns, {"role": "assistant", "content": text}]), (text, answer)
