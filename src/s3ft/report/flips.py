"""Item by item: what turned right, what turned wrong, and whether a lost answer was lost or only not said well."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from s3ft.evaluate import statistics
from s3ft.report.measured import Arm


def flips(before: list[Arm], after: list[Arm], name: str) -> dict[str, Any] | None:
    """Items of a set that turned right or wrong from `before` to `after`, counted in each seed and on average.

    `p` is that of McNemar's exact test; with several seeds, of the items that were won in more seeds than lost against
    those that were lost in more. `lost_as`: what became of the items that turned wrong, a mean over seeds. None where
    items are neither right nor wrong."""
    pairs = list(zip(before * len(after) if len(before) == 1 else before, after, strict=True))
    changes = [now[name].values - then[name].values for then, now in pairs]
    if not statistics.is_right_or_wrong(*(arm[name].values for pair in pairs for arm in pair)):
        return None
    net = np.sum(changes, axis=0)
    found: dict[str, Any] = {
        "items": len(net),
        "wrong_to_right": float(np.mean([(c > 0).sum() for c in changes])),
        "right_to_wrong": float(np.mean([(c < 0).sum() for c in changes])),
        "p": statistics.mcnemar(int((net > 0).sum()), int((net < 0).sum())),
        "per_seed": [_counted(c) for c in changes],
    }
    lost: Counter[str] = Counter()
    for change, arm in zip(changes, after, strict=True):
        lost.update(o for o, d in zip(arm[name].outcomes or (), change, strict=False) if d < 0)
    if all(arm[name].outcomes for arm in after):
        found["lost_as"] = {outcome: count / len(after) for outcome, count in sorted(lost.items())}
    return found


def _counted(change: np.ndarray) -> dict[str, Any]:
    won, lost = int((change > 0).sum()), int((change < 0).sum())
    return {"wrong_to_right": won, "right_to_wrong": lost, "p": statistics.mcnemar(won, lost)}


def outcomes(arms: list[Arm]) -> dict[str, float] | None:
    """Shares of what became of the answers to the target task, over all seeds; None where evaluate did not say."""
    known = [arm["target"].outcomes for arm in arms]
    counts = Counter(outcome for arm in known for outcome in arm or ())
    return {name: n / counts.total() for name, n in sorted(counts.items())} if all(known) else None
