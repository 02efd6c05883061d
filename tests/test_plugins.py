"""Plug-ins by name, file or module: the files are the registry, and a mistake is one line."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from s3ft import judges, plugins
from s3ft.config import parse
from s3ft.types import Completion, Example, UserError, Verdict

ROW = Example("a", [{"role": "user", "content": "?"}], "gold", "gold")

BY_DATACLASS = """
from __future__ import annotations

from dataclasses import dataclass
from s3ft.types import Verdict

@dataclass
class judge:
    limit: int = 3

    def __call__(self, examples, completions) -> list[Verdict]:
        return [Verdict(len(c.text) <= self.limit) for c in completions]
"""


def _py(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("kind", ["judge", "task", "source", "backend"])
def test_the_files_are_the_registry_and_each_defines_its_kind(kind: plugins.Kind) -> None:
    room = f"s3ft.{kind}s"
    modules = {name: importlib.import_module(f"{room}.{name}") for name in _modules(kind)}
    expected = {name for name, module in modules.items() if hasattr(module, kind)}
    assert plugins.names(kind) == sorted(expected)
    for name in expected:
        assert plugins.load(kind, name) is getattr(modules[name], kind)
        said = (modules[name].__doc__ or "").splitlines()[0]
        assert plugins.first_line(kind, name) == said != ""


def _modules(kind: plugins.Kind) -> list[str]:
    return [m.name for m in pkgutil.iter_modules([str(Path(plugins.__file__).parent / f"{kind}s")])]


def test_a_package_is_a_plug_in_and_a_helper_beside_plug_ins_is_none() -> None:
    assert {"exact", "math", "llm"} <= set(plugins.names("judge")) < set(_modules("judge"))
    assert {"scripted", "transformers"} <= set(plugins.names("backend")) < set(_modules("backend"))


def test_a_backend_without_a_config_of_its_own_is_named(tmp_path: Path) -> None:
    path = _py(tmp_path / "mine.py", "class backend: ...")
    with pytest.raises(UserError, match=r"backend '.*mine\.py' has no Config; give its class one"):
        parse({"model": "lab", "task": "lab", "backend": path})


def test_a_name_a_file_and_a_module_stand_for_the_same_judge() -> None:
    exact = plugins.load("judge", "exact")
    assert plugins.load("judge", "s3ft.judges.exact") is exact
    assert plugins.load("judge", "s3ft.judges.exact:judge") is exact
    from_file = plugins.load("judge", str(Path(plugins.__file__).parent / "judges" / "exact.py"))
    assert from_file(ROW, Completion("gold")) == exact(ROW, Completion("gold")) == Verdict(True, answer="gold")


def test_a_file_may_define_dataclasses_and_have_options(tmp_path: Path) -> None:
    path = _py(tmp_path / "short.py", BY_DATACLASS)
    judge = judges.load({"name": path, "limit": 4})
    assert [v.correct for v in judge([ROW, ROW], [Completion("four"), Completion("fiver")])] == [True, False]
    with pytest.raises(UserError, match=r"short\.py.*its options are limit"):
        judges.load({"name": path, "limits": 4})


def test_two_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = plugins.load("judge", _py(tmp_path / "a" / "mine.py", "def judge(e, c): return 'a'"))
    second = plugins.load("judge", _py(tmp_path / "b" / "mine.py", "def judge(e, c): return 'b'"))
    assert (first(ROW, Completion("")), second(ROW, Completion(""))) == ("a", "b")


def test_an_attribute_can_be_named(tmp_path: Path) -> None:
    path = _py(tmp_path / "many.py", "def strict(e, c): ...\ndef lenient(e, c): ...")
    assert plugins.load("judge", f"{path}:lenient").__name__ == "lenient"


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("judge", "exakt", "unknown judge 'exakt': did you mean 'exact'? known are"),
        ("task", "gsm-8k", "did you mean 'gsm8k'?"),
        ("source", "paraphrased", "did you mean 'paraphrase'?"),
        ("backend", "quite another", "unknown backend 'quite another': known are"),
        ("judge", "none.py", "judge 'none.py': no such file"),
        ("judge", "no_such_package.module", "judge 'no_such_package.module' cannot be imported: ModuleNotFoundError"),
        ("judge", ".relative", "judge '.relative' cannot be imported"),
        ("judge", "s3ft.prompts", "s3ft.prompts defines no 'judge'"),
        ("judge", "s3ft.judges.exact:judgement", "defines no 'judgement'; define it, or name another"),
        ("judge", "", "unknown judge ''"),
    ],
)
def test_what_does_not_exist_is_one_line(kind: plugins.Kind, name: str, says: str) -> None:
    with pytest.raises(UserError) as found:
        plugins.load(kind, name)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("text", ["def judge(:", "1 / 0", "import no_such_package"])
def test_a_file_that_fails_names_the_file_and_why_and_can_be_mended(tmp_path: Path, text: str) -> None:
    path = _py(tmp_path / "broken.py", text)
    with pytest.raises(UserError, match=r"judge '.*broken\.py' cannot be imported: (SyntaxErr|ZeroDiv|ModuleNotFound)"):
        plugins.load("judge", path)
    assert callable(plugins.load("judge", _py(tmp_path / "broken.py", "def judge(e, c): ...  # mended at last")))


def test_the_identity_of_a_file_changes_with_its_content(tmp_path: Path) -> None:
    path = _py(tmp_path / "mine.py", "def judge(e, c): return 1")
    before = [plugins.identity(path), plugins.identity({"name": f"{path}:judge", "limit": 1})]
    _py(tmp_path / "mine.py", "def judge(e, c): return 2")
    after = [plugins.identity(path), plugins.identity({"name": f"{path}:judge", "limit": 1})]
    assert all(b != a for b, a in zip(before, after, strict=True))
    assert plugins.identity("exact") == plugins.identity("exact") != plugins.identity({"name": "exact", "a": 1})


def test_a_judge_function_that_fails_is_undecided() -> None:
    def judge(example: Example, completion: Completion) -> Verdict:
        raise ValueError("no such unit")

    def odd(example: Example, completion: Completion) -> bool:
        return True

    for function, reason in ((judge, "ValueError: no such unit"), (odd, "returned bool, expected a Verdict")):
        (verdict,) = judges.of(function)([ROW], [Completion("x")])
        assert verdict.correct is None
        assert reason in verdict.reason
