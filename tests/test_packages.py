"""What others get: the notebook runs, and wheel and sdist install into an empty environment and work from there."""

import json
import os
import re
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import s3ft
from s3ft.config import load

ROOT = Path(__file__).parents[1]


def run(*command, folder, **environment):
    done = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.mark.whole
def test_the_notebook_runs_offline_from_top_to_bottom(tmp_path):
    """Its cells one after another, as a kernel runs them; no outputs are kept in it."""
    cells = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    script = "\n".join("".join(cell["source"]) for cell in code)
    said = run(
        sys.executable, "-c", script, folder=tmp_path, HF_HUB_OFFLINE="1", XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    assert "Counter({" in said
    assert re.search(r"loss \d\.\d+ over \d+ steps", said)


def test_the_citation_and_the_changelog_name_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    (version,) = re.findall(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert citation["version"] == version
    assert citation["license"] == "Apache-2.0"
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def files(package):
    """What a wheel or sdist holds of the package."""
    if package.suffix == ".whl":
        return set(zipfile.ZipFile(package).namelist())
    with tarfile.open(package) as archive:
        return {name.partition("/src/")[2] for name in archive.getnames() if "/src/s3ft/" in name}


@pytest.mark.whole
def test_wheel_and_sdist_work_in_an_empty_environment(tmp_path):
    source = tmp_path / "source"
    run("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", source, folder=tmp_path)
    # As `python -m build` calls the back end, in the environment of the tests.
    for kind in ("wheel", "sdist"):
        code = f"from setuptools import build_meta; build_meta.build_{kind}({str(tmp_path / 'dist')!r})"
        run(sys.executable, "-c", code, folder=source)
    (wheel,), (sdist,) = ((tmp_path / "dist").glob(pattern) for pattern in ("*.whl", "*.tar.gz"))
    here = Path(s3ft.__file__).parent
    shipped = {f"s3ft/{p.relative_to(here)}" for p in here.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert shipped <= files(wheel)
    assert shipped <= files(sdist)
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    inside = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=tmp_path).strip()
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, folder=tmp_path)
    # What s3ft needs is taken from the environment of the tests, s3ft itself is not.
    libraries = [p for p in sys.path if p in site.getsitepackages() or p.endswith("site-packages")]
    (Path(inside) / "libraries.pth").write_text("\n".join(libraries) + "\n")
    where = run(python, "-c", "import s3ft; print(s3ft.__file__)", folder=tmp_path, PYTHONPATH="").strip()
    assert Path(where).is_relative_to(home)
    run(home / "bin" / "s3ft", "init", "lab", folder=tmp_path, PYTHONPATH="")
    load(tmp_path / "lab.yaml")
    small = [
        "limit=24",
        "seeds=[0]",
        "sampling.max_tokens=48",
        "train.epochs=1",
        "evaluate.rows=16",
        "evaluate.limit=6",
    ]
    said = run(
        home / "bin" / "s3ft", "run", "lab.yaml", *small, folder=tmp_path, PYTHONPATH="", XDG_CACHE_HOME=str(tmp_path)
    )
    assert "report.html" in said
