"""The order of the layers, the size of the files, and what an import costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import s3ft

ROOT = Path(s3ft.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

LAYERS: tuple[tuple[str, ...], ...] = (
    ("types", "fill", "thoughts", "progress"),
    ("files", "jsonl", "plugins", "recipes", "rendering", "config", "template", "proof", "chat", "stats"),
    ("sources", "judges", "tasks", "backends", "sandbox", "cache", "lab", "summary", "records", "model", "dataset"),
    ("build", "tokens"),
    ("train", "training", "evaluate", "trainer"),
    ("report",),
    ("run",),
    ("audit", "audit_sample", "audit_show", "check", "explain", "export", "listing", "stages", "sweep"),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "lm_eval", "pandas", "matplotlib", "scipy", "vllm", "ray")
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


def test_every_file_has_a_layer() -> None:
    parts = {_part(_name(p)) for p in FILES if _name(p) != "s3ft"}
    assert parts <= LEVEL.keys(), f"not in LAYERS: {', '.join(sorted(parts - LEVEL.keys()))}"


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
        ("judges", {"backends", "tasks", "sources", "cache"}),
        ("tasks", {"backends", "judges", "cache"}),
        ("sources", {"backends", "judges", "cache", "tasks"}),
        ("backends", {"judges", "tasks", "sources", "cache", "dataset"}),
        ("sandbox", {"judges", "backends", "config"}),
        ("types", {"config", "plugins", "fill", "files"}),
        ("report", {"backends", "judges", "tasks", "sources", "run", "dataset", "cache", "model"}),
    ],
)
def test_neighbours_that_must_not_know_each_other_do_not(layer: str, never: set[str]) -> None:
    files = [p for p in FILES if _name(p) != "s3ft" and _part(_name(p)) == layer]
    assert files
    found = {(_name(p), m) for p in files for m, _ in _imports(p) if m.startswith("s3ft.") and _part(m) in never}
    assert not found


@pytest.mark.parametrize("kind", ["judge", "task", "source", "backend"])
def test_the_file_name_is_the_registry(kind: str) -> None:
    for path in (ROOT / f"{kind}s").glob("*.py"):
        if path.stem.startswith("_"):
            continue
        defined = {
            name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            for name in (
                [node.name]
                if isinstance(node, ast.FunctionDef | ast.ClassDef)
                else [t.id for t in node.targets if isinstance(t, ast.Name)]
                if isinstance(node, ast.Assign)
                else [node.target.id]
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
                else []
            )
        }
        assert kind in defined, f"{path.name} defines no {kind}"


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


@pytest.mark.parametrize("module", ["cli", "run", "config", "dataset", "build", "cache", "listing"])
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    script = f"import sys, s3ft.{module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
