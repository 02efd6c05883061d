"""Where a model's files are, and the fingerprint that changes with whatever changes its output."""

import os
from pathlib import Path

import pytest

from s3ft.backends.cache import Store
from s3ft.models import locate
from s3ft.types import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"):
        (path / name).write_text(name)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache" / "generations.sqlite")


def test_a_folder_is_taken_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate.folder(str(folder)) == folder
    monkeypatch.setenv("HOME", str(folder.parent))
    assert locate.folder("~/model") == folder


@pytest.mark.parametrize(
    ("missing", "says"),
    [("config.json", "has no config.json"), ("model.safetensors", r"no \*\.safetensors in .*convert the weights")],
)
def test_a_folder_without_a_model_is_named(folder: Path, missing: str, says: str) -> None:
    (folder / missing).unlink()
    (folder / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(UserError, match=says) as found:
        locate.folder(str(folder))
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["./none", "/none/at/all", "~/none", "a/b/c", "gpt2", "none"])
def test_what_looks_like_a_folder_is_not_looked_for_on_the_hub(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("asked the Hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(UserError, match="no such folder; give a folder, a Hub id such as"):
        locate.folder(name)


def test_the_fingerprint_changes_with_every_file_that_can_change_the_output(folder: Path, store: Store) -> None:
    seen = {locate.fingerprint(folder, store)}
    for name in ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja", "generation_config.json"):
        (folder / name).write_text(f"another {name}")
        seen.add(locate.fingerprint(folder, store))
    (folder / "modeling_own.py").write_text("code that trust_remote_code runs")
    seen.add(locate.fingerprint(folder, store))
    assert len(seen) == 7


def test_the_fingerprint_changes_with_nothing_else(folder: Path, store: Store, tmp_path: Path) -> None:
    before = locate.fingerprint(folder, store)
    (folder / "README.md").write_text("read me")
    (folder / "checkpoints").mkdir()
    os.utime(folder / "model.safetensors", (1, 1))
    assert locate.fingerprint(folder, store) == before
    moved = folder.rename(tmp_path / "elsewhere")
    assert locate.fingerprint(moved, store) == before


def test_a_large_file_is_read_once(folder: Path, store: Store) -> None:
    before = locate.fingerprint(folder, store)
    weights = folder / "model.safetensors"
    state = weights.stat()
    weights.write_text("model.safetensorX")
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert locate.fingerprint(folder, store) == before
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert locate.fingerprint(folder, store) != before
