"""The miniature's task: arithmetic word problems with worked steps. Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from pydantic import Field

from s3ft import lab
from s3ft.types import Example, Split, Task, UserError


def task(limit: Annotated[int | None, Field(ge=1)] = None, style: str = "gold") -> Task:
    """300 rows to train on, 300 to choose on, 600 to test on.

    `limit`: rows of each split. `style`: "gold", the annotators' terse lines, or "own", the same steps written the
    base's own way by program: a control that separates content from style."""

    if style not in ("gold", "own"):
        raise UserError(f"task lab: style: found {style!r}, expected 'gold' or 'own'")

    def rows(split: Split) -> Iterator[Example]:
        for row in islice(lab.load(split), limit):
            yield Example(
                id=row["id"],
                prompt=[{"role": "user", "content": row["prompt"]}],
                gold=row[style],
                reference=row["reference"],
                meta={"kind": row["kind"]},
            )

    return Task("lab", rows, judge="math", paraphrase=lab.PARAPHRASE, stratum="kind")
