"""A run directory is continued under the config it was begun with, and nothing is loaded to see that it is the same."""

from pathlib import Path

from s3ft import config
from s3ft.runs import opening

BACKEND = """
from s3ft.config import BackendConfig

class backend:
    class Config(BackendConfig):
        name: str = "mine.py"
        threads: int = 1
"""


def test_a_config_with_a_backend_of_the_user_s_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BACKEND)
    plain = {"model": "lab", "task": "lab", "backend": {"name": str(tmp_path / "mine.py")}}
    first, again = (config.parse(plain, "here") for _ in range(2))
    assert opening.is_same(first, again)
    other = config.parse({**plain, "backend": {**plain["backend"], "threads": 2}}, "here")
    assert not opening.is_same(first, other)
    assert not opening.is_same(None, first)
