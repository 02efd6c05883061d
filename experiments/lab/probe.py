"""What a model folder of the miniature can do, without any tuning.

    python -m experiments.lab.probe DIR [--split validation] [--rows 300] [--items N] [--show N]

Prints JSON: greedy accuracy on the task by kind, the paraphrase on what the model gets wrong by itself, nats per token
of gold, own-style and self answers, and every benchmark."""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from experiments.lab import world
from s3ft.lab import PARAPHRASE, load
from s3ft.prompts import fill

_STATED = re.compile(r"(?:####|The answer is) *(-?\d+)")


def stated(text: str) -> str:
    """The number that an answer in either style states, else its last number, else nothing."""
    found = _STATED.findall(text) or re.findall(r"-?\d+", text)
    return found[-1] if found else ""


def render(words: Any, prompt: str) -> str:
    return words.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True)


@torch.inference_mode()
def answers(net: Any, words: Any, prompts: Sequence[str], max_tokens: int = 128, batch: int = 64) -> list[str]:
    """Greedy answers, prompts of similar length together."""
    found = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        ids = words([render(words, prompts[i]) for i in some], return_tensors="pt", padding=True)
        out = net.generate(
            input_ids=ids.input_ids, attention_mask=ids.attention_mask, do_sample=False, max_new_tokens=max_tokens
        )
        texts = words.batch_decode(out[:, ids.input_ids.shape[1] :], skip_special_tokens=True)
        for i, text in zip(some, texts, strict=True):
            found[i] = text
    return found


@torch.inference_mode()
def nats(
    net: Any, words: Any, prompts: Sequence[str], texts: Sequence[str], batch: int = 64
) -> list[tuple[float, int]]:
    """Negative log-likelihood (nats) of each answer and its end of turn, and the number of tokens in it."""
    found = []
    for start in range(0, len(prompts), batch):
        rows = []
        for prompt, text in zip(prompts[start : start + batch], texts[start : start + batch], strict=True):
            head = words(render(words, prompt)).input_ids
            rows.append((head + words(text + words.eos_token).input_ids, len(head)))
        width = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([r + [words.pad_token_id] * (width - len(r)) for r, _ in rows])
        logp = net(input_ids=ids).logits[:, :-1].float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        for i, (row, begin) in enumerate(rows):
            found.append((-logp[i, begin - 1 : len(row) - 1].sum().item(), len(row) - begin))
    return found


def per_token(scores: Sequence[tuple[float, int]]) -> float:
    return round(sum(s for s, _ in scores) / sum(n for _, n in scores), 4)


def task(net: Any, words: Any, rows: list[dict[str, Any]], show: int) -> dict[str, Any]:
    prompts = [r["prompt"] for r in rows]
    self_answers = answers(net, words, prompts)
    right = [stated(a) == r["reference"] for a, r in zip(self_answers, rows, strict=True)]
    kinds: dict[str, list[bool]] = defaultdict(list)
    for row, ok in zip(rows, right, strict=True):
        kinds[row["kind"]].append(ok)
    guided = [fill(PARAPHRASE, {"prompt": r["prompt"], "gold": r["gold"]}) for r in rows]
    rewritten = answers(net, words, guided)
    rewritten_right = [stated(a) == r["reference"] for a, r in zip(rewritten, rows, strict=True)]
    wrong = [i for i, ok in enumerate(right) if not ok]
    gold = nats(net, words, prompts, [r["gold"] for r in rows])
    own = nats(net, words, prompts, [r["own"] for r in rows])
    kept = [i for i, ok in enumerate(right) if ok]
    by_itself = nats(net, words, [prompts[i] for i in kept], [self_answers[i] for i in kept])
    saved = [i for i in range(len(rows)) if rewritten_right[i]]
    reworded = nats(net, words, [prompts[i] for i in saved], [rewritten[i] for i in saved])
    for i in wrong[:show]:
        print(f"{prompts[i]}\n  SELF {self_answers[i]}\n  PARA {rewritten[i]}\n  GOLD {rows[i]['gold']!r}\n")
    return {
        "greedy": _mean(right),
        "by_kind": {k: f"{_mean(v)} of {len(v)}" for k, v in sorted(kinds.items())},
        "paraphrase_right": _mean(rewritten_right),
        "paraphrase_right_where_self_wrong": _mean([rewritten_right[i] for i in wrong]),
        "own_style_share_of_self": _mean(["answer is" in a for a in self_answers]),
        "nats_per_token": {
            "gold": per_token(gold),
            "own": per_token(own),
            "self_right": per_token(by_itself),
            "paraphrase_right": per_token(reworded),
        },
        "nats_per_answer": {
            "gold": _mean([s for s, _ in gold]),
            "gold_where_self_right": _mean([gold[i][0] for i in kept]),
            "self_right": _mean([s for s, _ in by_itself]),
        },
    }


def choice(net: Any, words: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Accuracy by summed likelihood, by third of the ranks; normalised nats of the right option."""
    prompts = [r["prompt"] for r in rows for _ in r["options"]]
    scores = nats(net, words, prompts, [o for r in rows for o in r["options"]], batch=256)
    right, normalised, start = [], [], 0
    for row in rows:
        logp = torch.tensor([-s for s, _ in scores[start : start + len(row["options"])]])
        start += len(row["options"])
        right.append(int(logp.argmax()) == row["label"])
        normalised.append(-float(logp.log_softmax(0)[row["label"]]))
    ranks = sorted(range(len(rows)), key=lambda i: rows[i]["rank"])
    third = len(ranks) // 3
    thirds = [_mean([right[i] for i in ranks[k * third : (k + 1) * third]]) for k in range(3)]
    return {"acc": _mean(right), "by_third_of_rank": thirds, "nats_of_right_option": _mean(normalised)}


def generative(net: Any, words: Any, rows: list[dict[str, Any]], special: str) -> dict[str, Any]:
    """Exact match, over all, over the items whose answer holds `special`, and over the others."""
    found = answers(net, words, [r["prompt"] for r in rows], max_tokens=40)
    right = [a.strip() == r["answer"] for a, r in zip(found, rows, strict=True)]
    marked = [special in r["answer"] for r in rows]
    return {
        "exact_match": _mean(right),
        f"answer has {special!r}": _mean([ok for ok, m in zip(right, marked, strict=True) if m]),
        "other": _mean([ok for ok, m in zip(right, marked, strict=True) if not m]),
        "share_marked": _mean(marked),
        "said_marked": _mean([special in a for a in found]),
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def probe(
    folder: Path, split: str = "validation", rows: int = 300, items: int | None = None, show: int = 0
) -> dict[str, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    net = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    words = AutoTokenizer.from_pretrained(folder)
    words.padding_side = "left"
    return {
        "task": task(net, words, load(split)[:rows], show),
        "facts": choice(net, words, load("facts")[:items]),
        "misconceptions": choice(net, words, load("misconceptions")[:items]),
        "reading": generative(net, words, load("reading")[:items], "does not say"),
        "comparing": generative(net, words, load("comparing")[:items], "the same number"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a model folder of the miniature.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="validation", choices=list(world.SPLITS))
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--items", type=int)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    print(json.dumps(probe(given.folder, given.split, given.rows, given.items, given.show), indent=1))


if __name__ == "__main__":
    main()
