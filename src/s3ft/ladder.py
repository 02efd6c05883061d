"""Examples to records: the climb, one for all recipes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from s3ft.build_statistics import Tally
from s3ft.types import (
    Backend,
    Candidate,
    Completion,
    Example,
    Judge,
    Recipe,
    Record,
    Request,
    Sampling,
    Source,
    Task,
    UserError,
    Verdict,
)

CHUNK = 1024
"""Rows in memory at once."""

Propose = Callable[[str, Sequence[Example], int], list[list[Completion]]]
"""(source, examples, attempt) -> the completions of each example."""


def _provable(example: Example, completion: Completion) -> str:
    return ""


def climb(
    examples: Sequence[Example],
    recipe: Recipe,
    sources: Mapping[str, Source],
    propose: Propose,
    judge: Judge,
    gold_verdicts: Sequence[Verdict],
    *,
    attempts: Mapping[str, int] | None = None,
    refused_gold: str = "keep",
    prove: Callable[[Example, Completion], str] = _provable,
) -> list[Record]:
    """Asks every source of the ladder for the rows that are still open; the first accepted completion is the target.

    S3FT (Gupta et al. 2025, section 3): y' = M(x) if J(x, y', y), else y'' = M(x; y) if J(x, y'', y), else y.

    `prove` says why a completion could not be trained on by the chat template; such a one is no target."""
    candidates: list[list[Candidate]] = [[] for _ in examples]
    targets: list[list[int]] = [[] for _ in examples]
    for name in recipe.ladder:
        if sources[name].ask is None:
            for i, example in enumerate(examples):
                if not targets[i]:
                    taken = refused_gold == "keep" or gold_verdicts[i].correct is not False
                    targets[i] = [len(candidates[i])] if taken else []
                    candidates[i].append(Candidate(name, Completion(example.gold), gold_verdicts[i]))
            continue
        for attempt in range((attempts or {}).get(name, 1)):
            still_open = [i for i in range(len(examples)) if not targets[i]]
            rows = [examples[i] for i in still_open]
            judged = _judged(name, sources[name], rows, propose(name, rows, attempt), judge, prove)
            for i, offered in zip(still_open, judged, strict=True):
                first = len(candidates[i])
                candidates[i] += offered
                accepted = [first + k for k, c in enumerate(offered) if c.accepted]
                targets[i] = accepted[:1] if recipe.keep == "first" else _distinct(accepted, candidates[i])
    return [Record(e, c, t) for e, c, t in zip(examples, candidates, targets, strict=True)]


def _judged(
    name: str,
    source: Source,
    examples: list[Example],
    proposed: list[list[Completion]],
    judge: Judge,
    prove: Callable[[Example, Completion], str],
) -> list[list[Candidate]]:
    """Candidates with the source's own refusals, and the judge's verdict on what those leave."""
    offered = [
        [Candidate(name, c, refusal=_unfinished(c) or source.refuse(e, c)) for c in completions]
        for e, completions in zip(examples, proposed, strict=True)
    ]
    asked = [(e, c) for e, row in zip(examples, offered, strict=True) for c in row if not c.refusal]
    said = judge([e for e, _ in asked], [c.completion for _, c in asked]) if asked else []
    if len(said) != len(asked):
        raise UserError(f"the judge gave {len(said)} verdicts for {len(asked)} completions; mend the judge")
    verdicts = iter(said)
    judged = [[c if c.refusal else replace(c, verdict=next(verdicts)) for c in row] for row in offered]
    return [
        [replace(c, refusal=prove(e, c.trained)) if c.accepted else c for c in row]
        for e, row in zip(examples, judged, strict=True)
    ]


def _unfinished(completion: Completion) -> str:
    if completion.finish_reason == "length":
        return "reached max_tokens"
    if completion.finish_reason == "error":
        return "generation failed"
    return "" if completion.text.strip() else "empty"


def _distinct(accepted: list[int], candidates: list[Candidate]) -> list[int]:
    texts = {candidates[k].completion.text: k for k in reversed(accepted)}
    return sorted(texts.values())


def chunks(examples: Iterator[Example], size: int = CHUNK) -> Iterator[list[Example]]:
    """Lists of at most `size` examples."""
    while chunk := list(islice(examples, size)):
        yield chunk


def proposer(
    task: Task, sources: Mapping[str, Source], backend: Backend, sampling: Sampling, advance: Callable[[int], None]
) -> Propose:
    """Asks `backend`; attempts after the first are sampled. `advance` is told of every n finished rows."""

    def propose(name: str, examples: Sequence[Example], attempt: int) -> list[list[Completion]]:
        ask = sources[name].ask
        assert ask is not None
        requests = [Request(ask(e, task), e.tools) for e in examples]
        drawn = sampling
        if attempt:
            drawn = replace(sampling, temperature=sampling.temperature or 0.7, seed=sampling.seed + attempt)
        found: list[list[Completion]] = [[] for _ in requests]
        for index, completions in backend.generate(requests, drawn):
            found[index] = completions
            advance(1)
        return found

    return propose


def weigh(
    records: list[Record], backend: Backend, advance: Callable[[int], None] = lambda n: None, size: int = 64
) -> list[Record]:
    """The records with the base model's likelihood on every target. `advance` is told of every `size` targets."""
    places = [(r, k) for r, record in enumerate(records) for k in record.targets]
    weighed = [list(record.candidates) for record in records]
    for start in range(0, len(places), size):
        part = places[start : start + size]
        requests = [Request(records[r].example.prompt, records[r].example.tools) for r, _ in part]
        scores = backend.score(requests, [records[r].candidates[k].trained for r, k in part])
        for (r, k), score in zip(part, scores, strict=True):
            if score is not None:
                weighed[r][k] = replace(weighed[r][k], logprob=score.logprob, num_scored=score.num_tokens)
        advance(len(part))
    return [replace(record, candidates=c) for record, c in zip(records, weighed, strict=True)]


def stop_if_undecided(tallies: Sequence[Tally], limit: float) -> None:
    """Raises UserError where the judge says None to more than `limit` of at least 20 completions."""
    asked, undecided = sum(t.asked for t in tallies), sum(t.undecided for t in tallies)
    if asked >= 20 and undecided / asked > limit:
        reasons = sum((t.reasons for t in tallies), Counter())
        why = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common(3))
        raise UserError(
            f"the judge could not tell on {undecided} of {asked} completions, at most {limit:.0%} are allowed: {why}; "
            "mend the references or the judge (s3ft check shows them), or raise max_undecided"
        )
