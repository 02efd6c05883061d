"""The climb: open rows, rungs, keep. One for all recipes; it knows no recipe and no source by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from s3ft.protocols import Judge
from s3ft.types import Candidate, Completion, Example, Recipe, Record, Rung, Score, Source, UserError, Verdict


@dataclass(frozen=True, slots=True)
class Means:
    """What the rungs are climbed with."""

    sources: Mapping[str, Source]
    propose: Callable[[Rung, Sequence[Example]], list[list[Completion]]]
    """(rung, examples) -> the completions of each example."""
    judge: Judge
    check: Callable[[Example, Candidate], Candidate] = lambda example, candidate: candidate
    """An accepted candidate, filtered if it cannot be trained on, and with its likelihood if that is known already."""
    score: Callable[[Sequence[Example], Sequence[Completion]], list[Score | None]] | None = None
    """Likelihoods under the base; rungs that keep the likeliest need it."""
    drop_rejected_gold: bool = False
    """Leave a row out rather than train on gold that the judge rejects."""


def climb(examples: Sequence[Example], recipe: Recipe, means: Means, gold_verdicts: Sequence[Verdict]) -> list[Record]:
    """Asks every rung for the rows that are still open; what it accepts and keeps are the targets.

    S3FT (Gupta et al. 2025, section 3): y' = M(x) if J(x, y', y), else y'' = M(x; y) if J(x, y'', y), else y."""
    candidates: list[list[Candidate]] = [[] for _ in examples]
    targets: list[list[int]] = [[] for _ in examples]
    for rung in recipe:
        still_open = [i for i in range(len(examples)) if not targets[i]]
        rows = [examples[i] for i in still_open]
        if means.sources[rung.source].ask is None:
            offered = [[_given(rung, examples[i], gold_verdicts[i])] for i in still_open]
            kept = [[] if _is_dropped(row[0], means) else [0] for row in offered]
        else:
            offered = _judged(rung, rows, means.propose(rung, rows), means)
            offered, kept = _kept(rung, rows, offered, means)
        for i, row, places in zip(still_open, offered, kept, strict=True):
            targets[i] = [len(candidates[i]) + place for place in places]
            candidates[i] += row
    return [Record(e, c, t) for e, c, t in zip(examples, candidates, targets, strict=True)]


def _given(rung: Rung, example: Example, verdict: Verdict) -> Candidate:
    return Candidate(rung.source, Completion(example.gold), verdict, is_generated=False)


def _is_dropped(gold: Candidate, means: Means) -> bool:
    return means.drop_rejected_gold and gold.verdict is not None and gold.verdict.correct is False


def _judged(
    rung: Rung, examples: list[Example], proposed: list[list[Completion]], means: Means
) -> list[list[Candidate]]:
    """Candidates that passed the source's filter, with the judge's verdict; accepted ones are checked for training."""
    source = means.sources[rung.source]
    offered = [
        [
            Candidate(
                rung.source,
                c,
                filtered=_unfinished(c) or source.filter(e, c),
                answers_prompt=source.answers_prompt,
            )
            for c in completions
        ]
        for e, completions in zip(examples, proposed, strict=True)
    ]
    asked = [(e, c) for e, row in zip(examples, offered, strict=True) for c in row if not c.filtered]
    said = means.judge([e for e, _ in asked], [c.completion for _, c in asked]) if asked else []
    if len(said) != len(asked):
        raise UserError(f"the judge gave {len(said)} verdicts for {len(asked)} completions; fix the judge")
    verdicts = iter(said)
    judged = [[c if c.filtered else replace(c, verdict=next(verdicts)) for c in row] for row in offered]
    return [[means.check(e, c) if c.accepted else c for c in row] for e, row in zip(examples, judged, strict=True)]


def _unfinished(completion: Completion) -> str:
    if completion.finish_reason == "length":
        return "reached max_tokens"
    if completion.finish_reason == "error":
        return "generation failed"
    return "" if completion.text.strip() else "empty"


def _kept(
    rung: Rung, examples: list[Example], offered: list[list[Candidate]], means: Means
) -> tuple[list[list[Candidate]], list[list[int]]]:
    """The candidates (scored, when the likeliest is asked for), and the places in each row of those that are kept."""
    accepted = [[k for k, c in enumerate(row) if c.accepted] for row in offered]
    if rung.keep == "distinct":
        distinct = [
            sorted({row[k].completion.text: k for k in reversed(found)}.values())
            for row, found in zip(offered, accepted, strict=True)
        ]
        return offered, distinct
    if rung.keep == "likeliest":
        offered = _scored(examples, offered, accepted, means)
        ordered = [sorted(found, key=lambda k: -_mean(row[k])) for row, found in zip(offered, accepted, strict=True)]
        return offered, [found[:1] for found in ordered]
    return offered, [found[:1] for found in accepted]


def _scored(
    examples: list[Example], offered: list[list[Candidate]], accepted: list[list[int]], means: Means
) -> list[list[Candidate]]:
    assert means.score is not None, "keep: likeliest is checked for at the start"
    places = [(i, k) for i, found in enumerate(accepted) for k in found if offered[i][k].logprob is None]
    scores = means.score([examples[i] for i, _ in places], [offered[i][k].trained for i, k in places])
    scored = [list(row) for row in offered]
    for (i, k), score in zip(places, scores, strict=True):
        scored[i][k] = with_score(scored[i][k], score)
    return scored


def with_score(candidate: Candidate, score: Score | None) -> Candidate:
    """The candidate with its likelihood under the base, if there is one."""
    return candidate if score is None else replace(candidate, logprob=score.logprob, num_scored=score.num_tokens)


def _mean(candidate: Candidate) -> float:
    """Mean log probability of a token; candidates that could not be scored come last."""
    if candidate.logprob is None or not candidate.num_scored:
        return float("-inf")
    return candidate.logprob / candidate.num_scored
