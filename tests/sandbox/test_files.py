# ruff: noqa: E501  (programs in a table)
"""Programs may write files of their own, which nobody else ever sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3ft.judges.code.judge import judge
from s3ft.types import Completion, Example, Verdict

TESTS = {"tests": ["assert f('abc') == 'abc'"]}


@pytest.fixture(scope="module")
def ask(tier: str) -> Iterator[judge]:
    found = judge(timeout=4.0, workers=1, isolation=tier, cache=False)
    yield found
    found.close()


def one(ask: judge, body: str, reference: object = TESTS) -> Verdict:
    program = "import csv, glob, io, json, os, pathlib, shutil, tempfile\ndef f(s):\n" + body
    return ask([Example("1", [], "", reference)], [Completion(program)])[0]


def block(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines)


RIGHT: dict[str, str] = {
    "open in /tmp": block("with open('/tmp/a.txt', 'w') as out: out.write(s)", "return open('/tmp/a.txt').read()"),
    "a relative path": block(
        "with open('a.txt', 'w') as out: out.write(s)", "with open('a.txt') as file: return file.read()"
    ),
    "lines": block(
        "with open('a.txt', 'w') as out: out.writelines(c + '\\n' for c in s)",
        "return ''.join(line.strip() for line in open('a.txt'))",
    ),
    "appending": block(
        "for c in s:", "    with open('a.txt', 'a') as out: out.write(c)", "return open('a.txt').read()"
    ),
    "bytes": block(
        "with open('a.bin', 'wb') as out: out.write(s.encode())", "return open('a.bin', 'rb').read().decode()"
    ),
    "reading and writing": block(
        "with open('a.txt', 'w+') as file:", "    file.write('x' + s)", "    file.seek(1)", "    return file.read()"
    ),
    "in place": block(
        "open('a.txt', 'w').write('xbc')",
        "with open('a.txt', 'r+') as file: file.write('a')",
        "return open('a.txt').read()",
    ),
    "a new file only": block(
        "open('a.txt', 'x').close()", "try: open('a.txt', 'x')", "except FileExistsError: return s"
    ),
    "a missing file": block("try: open('/tmp/missing.txt')", "except FileNotFoundError: return s"),
    "NamedTemporaryFile": block(
        "with tempfile.NamedTemporaryFile('w+', suffix='.txt') as file:",
        "    file.write(s)",
        "    file.flush()",
        "    assert file.name.endswith('.txt')",
        "    return open(file.name).read()",
    ),
    "NamedTemporaryFile, kept": block(
        "file = tempfile.NamedTemporaryFile('w', delete=False)",
        "file.write(s)",
        "file.close()",
        "text = open(file.name).read()",
        "os.unlink(file.name)",
        "return text if not os.path.exists(file.name) else ''",
    ),
    "TemporaryFile": block(
        "with tempfile.TemporaryFile() as file:",
        "    file.write(s.encode())",
        "    file.seek(0)",
        "    return file.read().decode()",
    ),
    "SpooledTemporaryFile": block(
        "with tempfile.SpooledTemporaryFile(1, 'w+') as file:",
        "    file.write(s)",
        "    file.seek(0)",
        "    return file.read()",
    ),
    "TemporaryDirectory": block(
        "with tempfile.TemporaryDirectory() as folder:",
        "    path = os.path.join(folder, 'x', 'y.txt')",
        "    os.makedirs(os.path.dirname(path))",
        "    open(path, 'w').write(s)",
        "    text = open(path).read()",
        "return text if not os.path.exists(folder) else ''",
    ),
    "mkstemp": block(
        "fd, path = tempfile.mkstemp()",
        "os.write(fd, s.encode())",
        "os.close(fd)",
        "text = open(path).read()",
        "os.remove(path)",
        "return text",
    ),
    "mkstemp and fdopen": block(
        "fd, path = tempfile.mkstemp()",
        "with os.fdopen(fd, 'w') as out: out.write(s)",
        "return pathlib.Path(path).read_text()",
    ),
    "mkdtemp and rmtree": block(
        "folder = tempfile.mkdtemp()",
        "open(folder + '/a', 'w').write(s)",
        "text = open(folder + '/a').read()",
        "shutil.rmtree(folder)",
        "return text if not os.path.isdir(folder) else ''",
    ),
    "pathlib": block(
        "path = pathlib.Path(tempfile.gettempdir()) / 'sub' / 'a.txt'",
        "path.parent.mkdir(parents=True, exist_ok=True)",
        "path.write_text(s)",
        "assert path.exists() and path.is_file() and path.stat().st_size == 3",
        "assert [p.name for p in path.parent.iterdir()] == ['a.txt']",
        "assert list(path.parent.glob('*.txt')) == [path]",
        "text = path.read_text()",
        "path.unlink()",
        "return text",
    ),
    "listing": block(
        "os.makedirs('/tmp/l/m')",
        "for c in s: open(f'/tmp/l/{c}', 'w').write(c)",
        "names = [n for n in sorted(os.listdir('/tmp/l')) if os.path.isfile('/tmp/l/' + n)]",
        "assert sorted(glob.glob('/tmp/l/?')) == ['/tmp/l/' + n for n in ('a', 'b', 'c', 'm')]",
        "return ''.join(names)",
    ),
    "walking": block(
        "os.makedirs('/tmp/w/x/y')",
        "for i, c in enumerate(s): open('/tmp/w/' + 'x/' * (i > 0) + 'y/' * (i > 1) + c, 'w').close()",
        "return ''.join(n for _, _, names in os.walk('/tmp/w') for n in names)",
    ),
    "renaming": block(
        "open('a.txt', 'w').write(s)",
        "os.rename('a.txt', 'b.txt')",
        "return open('b.txt').read() if not os.path.exists('a.txt') else ''",
    ),
    "copying": block("open('a.txt', 'w').write(s)", "shutil.copy('a.txt', 'b.txt')", "return open('b.txt').read()"),
    "sizes": block(
        "open('a.txt', 'w').write(s)",
        "return s if os.path.getsize('a.txt') == 3 and os.stat('a.txt').st_size == 3 else ''",
    ),
    "csv": block(
        "with open('a.csv', 'w', newline='') as out: csv.writer(out).writerow(s)",
        "with open('a.csv', newline='') as file: return ''.join(next(csv.reader(file)))",
    ),
    "json": block(
        "with open('a.json', 'w') as out: json.dump({'s': s}, out)",
        "with open('a.json') as file: return json.load(file)['s']",
    ),
    "zip": block(
        "import zipfile",
        "with zipfile.ZipFile('a.zip', 'w') as out: out.writestr('a', s)",
        "with zipfile.ZipFile('a.zip') as file: return file.read('a').decode()",
    ),
    "gzip": block(
        "import gzip",
        "with gzip.open('a.gz', 'wt') as out: out.write(s)",
        "with gzip.open('a.gz', 'rt') as file: return file.read()",
    ),
    "pickle": block("import pickle", "pickle.dump(s, open('a.pkl', 'wb'))", "return pickle.load(open('a.pkl', 'rb'))"),
    "numpy": block(
        "import numpy as np", "np.save('a.npy', np.arange(3))", "return s if np.load('a.npy').sum() == 3 else ''"
    ),
    "the library is still there": block(
        "import statistics, zoneinfo", "return s if os.path.exists(os.__file__) and open(os.__file__).read(1) else ''"
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_program_may_write_files_of_its_own(ask: judge, name: str) -> None:
    verdict = one(ask, RIGHT[name])
    assert verdict.correct is True, verdict.reason


def test_the_next_program_does_not_see_them(ask: judge) -> None:
    assert one(ask, RIGHT["open in /tmp"]).correct is True
    verdict = one(ask, block("return open('/tmp/a.txt').read()"))
    assert verdict.correct is False
    assert "FileNotFoundError" in verdict.reason
    assert not Path("/tmp/a.txt").exists()


def test_they_are_bounded(ask: judge) -> None:
    verdict = one(ask, block("with open('a', 'wb') as out:", "    for _ in range(1 << 10): out.write(bytes(1 << 20))"))
    assert verdict.correct is False
    assert "No space left" in verdict.reason


@pytest.mark.parametrize(
    "tests",
    [
        "import tempfile\nwith tempfile.NamedTemporaryFile('w') as file:\n    file.write('abc')\n    assert f(file.name) == 'abc'",
        "open('/tmp/x.txt', 'w').write('abc')\nassert f('/tmp/x.txt') == 'abc'",
        "import tempfile\nfolder = tempfile.mkdtemp()\nassert f(folder) == 'abc'",
        "from pathlib import Path\nPath('/tmp/x').write_text('abc')\nassert f('/tmp/x') == 'abc'",
    ],
)
def test_tests_that_write_files_cannot_be_judged(ask: judge, tests: str) -> None:
    verdict = one(ask, block("return open(s).read()"), {"tests": tests})
    assert verdict.correct is None
    assert "the tests write files" in verdict.reason
