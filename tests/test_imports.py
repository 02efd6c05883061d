"""The order of the layers, the size of the files, and what an import costs."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import s3ft
from s3ft import plugins

ROOT = Path(s3ft.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

LAYERS: tuple[tuple[str, ...], ...] = (
    ("types", "digest", "prompts"),
    ("protocols", "processes"),
    ("recipes", "plugins", "progress"),
    ("config",),
    ("sources", "tasks", "judges", "sandbox", "chat", "data", "models", "lab"),
    ("backends",),
    ("build_statistics", "ladder", "overrides"),
    ("pipeline",),
    ("train", "evaluate"),
    ("report",),
    ("runs",),
    ("trl", "cli"),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
HEAVY = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "lm_eval",
    "pandas",
    "matplotlib",
    "scipy",
    "vllm",
    "ray",
    "openai",
)
LONGEST = 350


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, whether it is imported with the file and not inside a function), relative names resolved."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.Lambda) for n in ast.walk(f)}
    package = ("s3ft", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((a.name, node not in inner) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(p for p in (base, node.module) if p)
            for alias in node.names:
                inside = ROOT.joinpath(*module.split(".")[1:], alias.name)
                is_module = module.startswith("s3ft") and (inside.with_suffix(".py").is_file() or inside.is_dir())
                yield f"{module}.{alias.name}" if is_module else module, node not in inner


def _part(module: str) -> str:
    """The layer's name for s3ft.a.b: a."""
    return module.split(".")[1]


def _name(path: Path) -> str:
    return ".".join(("s3ft", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def test_every_file_has_a_layer_and_every_layer_a_file() -> None:
    parts = {_part(_name(p)) for p in FILES if _name(p) != "s3ft"}
    assert parts == LEVEL.keys()


@pytest.mark.parametrize("path", [p for p in FILES if p.parent != ROOT or p.stem != "__init__"], ids=_name)
def test_imports_go_one_way(path: Path) -> None:
    here = _part(_name(path))
    wrong = [m for m, _ in _imports(path) if m.startswith("s3ft.") and LEVEL[_part(m)] > LEVEL[here]]
    assert not wrong, f"{_name(path)} imports {', '.join(wrong)}, which stand above it"


def _graph() -> dict[str, set[str]]:
    known = {_name(p) for p in FILES}
    return {_name(p): {m for m, at_once in _imports(p) if at_once and m in known and m != _name(p)} for p in FILES}


def test_no_file_imports_itself_in_a_circle() -> None:
    graph = _graph()
    while leaves := {n for n, targets in graph.items() if not targets}:
        graph = {n: targets - leaves for n, targets in graph.items() if n not in leaves}
    assert not graph, f"these import one another: {', '.join(sorted(graph))}"


@pytest.mark.parametrize(
    ("layer", "never"),
    [
        ("judges", {"backends", "tasks", "sources", "chat", "models"}),
        ("tasks", {"backends", "judges", "chat", "models"}),
        ("sources", {"backends", "judges", "tasks", "chat", "models"}),
        ("chat", {"judges", "tasks", "sources", "backends", "models"}),
        ("backends", {"judges", "tasks", "sources"}),
        ("ladder", {"backends", "judges", "tasks", "chat"}),
        ("sandbox", {"judges", "backends", "config"}),
        ("types", {"config", "plugins", "prompts", "data"}),
        ("report", {"backends", "judges", "tasks", "sources", "runs", "models"}),
    ],
)
def test_neighbours_that_must_not_know_each_other_do_not(layer: str, never: set[str]) -> None:
    files = [p for p in FILES if _name(p) != "s3ft" and _part(_name(p)) == layer]
    assert files
    found = {(_name(p), m) for p in files for m, _ in _imports(p) if m.startswith("s3ft.") and _part(m) in never}
    assert not found


@pytest.mark.parametrize("kind", ["judge", "task", "source", "backend"])
def test_the_file_name_is_the_registry(kind: plugins.Kind) -> None:
    assert plugins.names(kind)
    for name in plugins.names(kind):
        assert plugins.load(kind, name) is not None
        assert plugins.first_line(kind, name)


MOST_PARAMETERS = 7


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_function_takes_too_many_parameters(path: Path) -> None:
    """The options of a plug-in are the parameters of its one name, so that these may be more."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plugin = {
        inner
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in ("judge", "task")
        for inner in ast.walk(node)
    }
    long = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node not in plugin:
            named = [a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
            if len([a for a in named if a not in ("self", "cls")]) > MOST_PARAMETERS:
                long.append(node.name)
    assert not long


def test_no_file_is_too_long() -> None:
    lengths = {_name(p): len(p.read_text(encoding="utf-8").splitlines()) for p in FILES}
    long = {name: n for name, n in lengths.items() if n > LONGEST}
    assert not long, f"a file holds one idea and at most {LONGEST} lines; split these: {long}"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_every_file_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_nothing_is_read_by_pickle() -> None:
    readers = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
    assert not [(_name(p), m) for p in FILES for m, _ in _imports(p) if m.split(".")[0] in readers]


@pytest.mark.parametrize(
    "module", ["cli.main", "runs.stages", "config", "data.splits", "pipeline", "backends.cache", "cli.listing", "lab"]
)
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    script = f"import sys, s3ft.{module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_judge_without_a_model_and_a_report_import_nothing_heavy(tmp_path: Path) -> None:
    """matplotlib draws the report's picture."""
    row = {"id": "1", "prompt": "q", "completion": "a", "reference": "a"}
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({**row, "label": x}) + "\n" for x in (True, False)))
    judging = "from s3ft.cli import audit; from pathlib import Path; "
    judging += "audit.show(audit.judge_file({'name': 'exact'}, Path('rows.jsonl'), None, None, None))"
    for done in (judging, "from s3ft.runs import stages; from s3ft.report import collect, plot, table"):
        script = f"import sys; {done}; print('heavy:', *[m for m in {HEAVY} if m in sys.modules])"
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert set(ended.stdout.splitlines()[-1].split()) <= {"heavy:", "matplotlib"}
