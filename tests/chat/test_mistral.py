"""Against mistral-common: its finetuning-mode ids, on its real tokenizer files, equal ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from s3ft.chat import open_chat
from s3ft.config import ChatConfig
from s3ft.models.loading import load_tokenizer
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


@pytest.mark.parametrize("legacy", [True, False])
def test_a_tokenizer_that_was_read_from_sentencepiece_is_saved_as_it_is(tmp_path: Path, legacy: bool) -> None:
    settings = {"tokenizer_class": "LlamaTokenizer", "legacy": legacy}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    read = opened(tmp_path, "tokenizer.model.v1")
    read.save_pretrained(tmp_path / "saved")
    shutil.copy(tmp_path / "config.json", tmp_path / "saved")
    again = load_tokenizer(tmp_path / "saved")
    for text in ("   leading", "hello</s>more", "two  spaces"):
        assert read(text).input_ids == again(text).input_ids
    code = "def f():\n    return"
    assert again.decode(again(code, add_special_tokens=False).input_ids) == code
    # The space of SentencePiece stands behind a special token where the model was trained so, and nowhere else.
    assert read.tokenize("hello</s>more")[-1] == ("▁more" if legacy else "more")


@pytest.mark.parametrize(("rule", "is_read"), [("identity", True), ("nmt_nfkc", False)])
def test_a_sentencepiece_file_that_transformers_would_misread_is_named(
    tmp_path: Path, rule: str, is_read: bool
) -> None:
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["two and two is four", "x + 1 = 2, so x is 1", "def f(x): return x + 1"] * 20),
        model_prefix=str(tmp_path / "tokenizer"),
        model_type="bpe",
        vocab_size=320,
        byte_fallback=True,
        normalization_rule_name=rule,
        remove_extra_whitespaces=False,
        minloglevel=9,
    )
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    if is_read:
        assert load_tokenizer(tmp_path).tokenize("two  and")[:2] == ["▁two", "▁"]
    else:
        with pytest.raises(UserError, match=r"otherwise than SentencePiece does.*tokenizer\.json"):
            load_tokenizer(tmp_path)
