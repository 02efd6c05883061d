"""Small things to test with: tokenizers trained on the spot, chat templates in common styles, random models."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed

from s3ft.types import Candidate, Completion, Example, Record

TEXT = [
    "What is half of 17 + 25? First add 17 and 25, which is 42. Then halve it: the answer is 21.",
    "You are a careful tutor called Ada. Hello, who wrote the first program?",
    "That is 4. What is 2 + 2? I add the two numbers before halving.",
    "The quick brown fox jumps over the lazy dog, and the sky is blue today.",
] * 4

CHATML = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

TRIMMING = """{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>

{{ m.content | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>

{% endif %}"""

BRACKETS = """{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]\
{% elif m.role == 'assistant' %} {{ m.content | trim }} {{ eos_token }}\
{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"""

NO_SYSTEM = """{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}\
{% endif %}{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}
{{ m.content | trim }}<end_of_turn>
{% endfor %}{% if add_generation_prompt %}<start_of_turn>model
{% endif %}"""

# Thoughts of the last turn are shown, an empty one where there are none; switched off, the prompt brings the empty one.
THINKING = """{% for m in messages %}<|im_start|>{{ m.role }}
{% set content = m.content %}{% set thought = m.reasoning_content or '' %}{% if m.role == 'assistant' %}\
{% if '</think>' in content %}{% set thought = content.split('</think>')[0].split('<think>')[-1].strip() %}\
{% set content = content.split('</think>')[-1].lstrip() %}{% endif %}\
{% if loop.last %}{{ '<think>\\n' + thought + '\\n</think>\\n\\n' }}{% endif %}{% endif %}{{ content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}"""

# The prompt opens a thought and the finished conversation drops it; no switch.
OPENING = """{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}\
{{ m.content.split('</think>')[-1] }}{{ eos_token }}{% else %}{{ m.content }}{% endif %}{% endfor %}\
{% if add_generation_prompt %}<|assistant|><think>
{% endif %}"""

OPENING_SWITCH = OPENING.replace(
    "<|assistant|><think>\n",
    "<|assistant|>{% if enable_thinking is not defined "
    "or enable_thinking %}<think>\n{% else %}<think>\n\n</think>\n\n{% endif %}",
)

CHANNELS = """{% for m in messages %}<|start|>{{ m.role }}{% if m.role == 'assistant' %}\
{% if m.thinking %}<|channel|>analysis<|message|>{{ m.thinking }}<|end|><|start|>assistant{% endif %}\
<|channel|>final<|message|>{{ m.content }}{{ '<|return|>' if loop.last else '<|end|>' }}\
{% else %}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}\
{% if add_generation_prompt %}<|start|>assistant{% endif %}"""

DATED = "{{ 'Today is ' + strftime_now('%d %B %Y') + '.\\n' }}" + CHATML

TAGS = [
    *("<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("<start_of_turn>", "<end_of_turn>", "<think>", "</think>", "<|user|>", "<|assistant|>", "<|system|>"),
    *("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>"),
]


@functools.cache
def _byte_level() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXT, trainer)
    return str(tokenizer.to_str())


@functools.cache
def _sentencepiece_like() -> str:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", *(f"<0x{b:02X}>" for b in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False, max_token_length=12)
    tokenizer.train_from_iterator(TEXT, trainer)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if not t["content"].startswith("<0x")]
    return json.dumps(state)


def tokenizer(template: str | None = CHATML, kind: str = "bytes", **extra: Any) -> PreTrainedTokenizerFast:
    """A tokenizer of the kind "bytes" or "sentencepiece" with the tags of the templates above as special tokens."""
    state = _byte_level() if kind == "bytes" else _sentencepiece_like()
    special = {"bos_token": "<s>", "eos_token": "</s>", "chat_template": template, **extra}
    made = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(state), **special)
    made.add_special_tokens({"additional_special_tokens": TAGS})
    return made


def model_folder(folder: Path, made: PreTrainedTokenizerFast, seed: int = 0) -> Path:
    """A random Llama of two layers with that tokenizer, saved as a model folder."""
    set_seed(seed)
    shape = LlamaConfig(
        vocab_size=len(made),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.1,
        eos_token_id=made.convert_tokens_to_ids("<|im_end|>"),
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def record(
    number: int, completion: Completion, source: str = "gold", prompt: str = "", *, answers_prompt: bool = False
) -> Record:
    """A record with one target."""
    asked = [{"role": "user", "content": prompt or f"What is {number} + {number + 3}?"}]
    candidate = Candidate(source, completion, answers_prompt=answers_prompt, is_generated=source != "gold")
    return Record(Example(f"row-{number}", asked, completion.text), [candidate], [0])


def gold_records(count: int) -> list[Record]:
    """Rows of unequal lengths with gold targets."""
    return [record(n, Completion("First add them. " * (n % 4) + f"The answer is {2 * n + 3}.")) for n in range(count)]
