"""Tasks by name and option, a user's own file, and mistakes in one line."""

from pathlib import Path
from typing import Any

import pytest

from s3ft import tasks
from s3ft.types import UserError


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"name": "row"}, "unknown task 'row': did you mean 'rows'?"),
        ({"name": "rows"}, "task 'rows' needs the option 'path'; add task.path=..."),
        ({"name": "rows", "path": "a.jsonl", "promt": "q"}, "option of task rows 'promt': did you mean 'prompt'?"),
        ({"name": "rows", "path": "a.jsonl", "prompt": {"question": None}}, "option 'prompt' is {'question': None}; "),
        ({"name": "rows", "path": 3}, "option 'path' is 3; "),
        ({"name": "gsm8k", "path": ["a"]}, "option 'path' is ['a']; "),
    ],
)
def test_a_task_or_an_option_that_does_not_exist_is_one_line(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as found:
        tasks.load(spec)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_a_task_may_be_a_file_of_the_user_s(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\n"
        "from s3ft.types import Example, Task\n"
        "def task(number: int, word='w') -> Task:\n"
        "    rows = lambda split: (Example(str(i), [], f'{word} {split}') for i in range(number))\n"
        "    return Task('mine', rows, 'exact', '')\n"
    )
    task = tasks.load({"name": str(tmp_path / "mine.py"), "number": 2})
    assert [e.gold for e in task.rows("test")] == ["w test", "w test"]
    with pytest.raises(UserError, match="option 'number' is 'many'"):
        tasks.load({"name": str(tmp_path / "mine.py"), "number": "many"})
