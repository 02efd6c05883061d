"""Pre-trains the miniature from nothing.

    python -m experiments.lab.pretrain [--out runs/lab] [--tokens 20e6] [--foreignness 0.3] [--seed 0] [--threads 1]

Muon for the matrices and AdamW for embeddings and norms, bf16 autocast, warm-up, then constant, then linear to zero.
The output is an ordinary Transformers folder with `pretrain.json`: the settings, the time, the loss curve. Its
checkpoint/ holds the state: killed and started again with the same arguments, the run goes on. Its constant/ keeps the
state before the decay, from which more tokens can be trained: copy it to checkpoint/ and give a larger --tokens."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from experiments.lab import batches, tokenizer, world
from experiments.lab.corpus import EARLY, LATER, LATER_FROM, Corpus

HIDDEN, LAYERS, HEADS, INTERMEDIATE = 192, 6, 4, 512
SAVE_EVERY_S = 120.0


@dataclass
class State:
    """Where training stands; written beside the weights."""

    arguments: dict[str, Any]
    step: int = 0
    tokens: int = 0
    supervised: int = 0
    seconds: float = 0.0
    chunk: int = 0
    next_in_chunk: int = 0
    curve: list[tuple[int, float]] = field(default_factory=list)
    """(tokens, nats per supervised token), averaged since the last entry."""


def model(vocabulary: int, pad: int, eos: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=INTERMEDIATE,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=tokenizer.CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=eos,
        pad_token_id=pad,
    )
    found = LlamaForCausalLM(config)
    found.set_attn_implementation("eager")
    found.generation_config.eos_token_id = eos
    found.generation_config.pad_token_id = pad
    found.generation_config.bos_token_id = None
    return found


def optimizers(net: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in net.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in net.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def schedule(done: int, tokens: int, warmup: int = 320_000, decay: float = 0.3) -> float:
    """Factor of the learning rate after `done` of `tokens` tokens."""
    return min(1.0, done / warmup, max(0.0, (1 - done / tokens) / decay))


def train(
    out: Path, tokens: int, foreignness: float, seed: int, rate: float, step_tokens: int, micro_tokens: int
) -> State:
    """Trains to `tokens` tokens, padding included, and writes the folder. Goes on from out/checkpoint."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    corpus = Corpus(foreignness, seed)
    arguments = {"foreignness": foreignness, "seed": seed, "rate": rate, "step_tokens": step_tokens}
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    checkpoint = out / "checkpoint"
    words = tokenizer.load(checkpoint) if checkpoint.exists() else tokenizer.train(_texts(corpus))
    net = model(len(words), words.pad_token_id, words.eos_token_id).to(device)
    steppers = optimizers(net, rate)
    state = _resume(checkpoint, net, steppers, arguments) if checkpoint.exists() else State(arguments)
    kept_constant = (out / "constant").exists()
    stream = batches.steps(corpus, words, step_tokens, micro_tokens, state.chunk, state.next_in_chunk)
    recent, begun, before, saved = [], time.monotonic(), state.seconds, time.monotonic()
    from_tokens = state.tokens
    for state.chunk, number, micro in stream:
        factor = schedule(state.tokens + 1, tokens)
        if factor <= 0:
            break
        if state.tokens > 0.7 * tokens and not kept_constant:
            save(out / "constant", net, words, steppers, state)
            kept_constant = True
        for stepper in steppers:
            for group in stepper.param_groups:
                group["lr"] = rate * factor
        loss, supervised = step(net, micro, steppers, device)
        state.step += 1
        state.next_in_chunk = number + 1
        state.tokens += sum(ids.numel() for ids, _ in micro)
        state.supervised += supervised
        state.seconds = before + time.monotonic() - begun
        recent.append(loss)
        if state.step % 25 == 0:
            state.curve.append((state.tokens, round(sum(recent) / len(recent), 4)))
            recent = []
            speed = (state.tokens - from_tokens) / (time.monotonic() - begun)
            print(
                f"step {state.step}  {state.tokens / 1e6:.2f}/{tokens / 1e6:.0f} M tokens"
                f"  loss {state.curve[-1][1]:.3f}"
                f"  {speed:,.0f} tokens/s  {(tokens - state.tokens) / speed / 60:.1f} min left",
                flush=True,
            )
        if time.monotonic() - saved >= SAVE_EVERY_S:
            save(checkpoint, net, words, steppers, state)
            saved = time.monotonic()
    finish(out, net, words, state)
    return state


def step(net: Any, micro: list[Any], steppers: list[torch.optim.Optimizer], device: str) -> tuple[float, int]:
    """One update on the micro-batches; the mean loss (nats) over their supervised tokens, and how many these are."""
    supervised = sum(int((labels != batches.IGNORED).sum()) for _, labels in micro)
    total = 0.0
    for ids, labels in micro:
        ids, labels = ids.to(device), labels.to(device)
        with torch.autocast(device, dtype=torch.bfloat16):
            hidden = net.model(input_ids=ids, use_cache=False).last_hidden_state
            wanted = labels[:, 1:] != batches.IGNORED
            logits = net.lm_head(hidden[:, :-1][wanted])
        loss = nn.functional.cross_entropy(logits.float(), labels[:, 1:][wanted], reduction="sum") / supervised
        loss.backward()
        total += loss.item()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    for stepper in steppers:
        stepper.step()
        stepper.zero_grad(set_to_none=True)
    return total, supervised


def save(folder: Path, net: Any, words: Any, steppers: list[torch.optim.Optimizer], state: State) -> None:
    """Weights, optimizers and state as safetensors and JSON; the folder appears whole."""
    from safetensors.torch import save_file

    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    net.save_pretrained(new)
    words.save_pretrained(new)
    tensors = {
        f"{i}.{p}.{name}": value.contiguous()
        for i, stepper in enumerate(steppers)
        for p, values in stepper.state_dict()["state"].items()
        for name, value in values.items()
    }
    save_file(tensors, new / "optimizers.safetensors")
    (new / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)


def _resume(folder: Path, net: Any, steppers: list[torch.optim.Optimizer], arguments: dict[str, Any]) -> State:
    from safetensors.torch import load_file

    state = State(**json.loads((folder / "state.json").read_text(encoding="utf-8")))
    if state.arguments != arguments:
        raise SystemExit(f"{folder} was begun with {state.arguments}, found {arguments}; choose another --out")
    net.load_state_dict(type(net).from_pretrained(folder).state_dict())
    stored: dict[int, dict[int, dict[str, torch.Tensor]]] = {i: {} for i in range(len(steppers))}
    for key, value in load_file(folder / "optimizers.safetensors").items():
        stepper_index, parameter, name = key.split(".")
        stored[int(stepper_index)].setdefault(int(parameter), {})[name] = value
    for i, stepper in enumerate(steppers):
        stepper.load_state_dict({**stepper.state_dict(), "state": stored[i]})
    print(f"going on from step {state.step}, {state.tokens / 1e6:.2f} M tokens", flush=True)
    return state


def finish(out: Path, net: Any, words: Any, state: State) -> None:
    """The Transformers folder, in bfloat16, and pretrain.json."""
    net.to(torch.bfloat16).save_pretrained(out)
    words.save_pretrained(out)
    facts = {
        **state.arguments,
        "world_seed": world.SEED,
        "parameters": sum(p.numel() for p in net.parameters()),
        "tokens": state.tokens,
        "supervised_tokens": state.supervised,
        "steps": state.step,
        "seconds": round(state.seconds),
        "hardware": _hardware(),
        "torch": torch.__version__,
        "shares": EARLY,
        "later_shares": LATER,
        "later_from_chunk": LATER_FROM,
        "final_loss": state.curve[-1][1] if state.curve else math.nan,
        "loss_curve": state.curve,
    }
    (out / "pretrain.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")


def _hardware() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} thread(s), bf16 autocast"


def _texts(corpus: Corpus, per_kind: int = 1500) -> Iterator[str]:
    for document in corpus.sample(per_kind):
        yield document.text or "\n".join(message["content"] for message in document.messages)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pre-train the miniature from nothing.")
    parser.add_argument("--out", type=Path, default=Path("runs/lab"))
    parser.add_argument("--tokens", type=float, default=20e6)
    parser.add_argument("--foreignness", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=8e-3)
    parser.add_argument("--step-tokens", type=int, default=8_000)
    parser.add_argument("--micro-tokens", type=int, default=2_800)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    train(
        given.out, int(given.tokens), given.foreignness, given.seed, given.rate, given.step_tokens, given.micro_tokens
    )


if __name__ == "__main__":
    main()
