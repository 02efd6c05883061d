"""Models and data sets of the Hub, against a server that speaks its protocol: it works, or one line says what to do."""

import json
import subprocess
import sys
import threading

import pytest

import hub
import tiny
from s3ft.data.hub import redacted

ASKER = """
import json, os, sys
sys.stdout = sys.stderr
for line in sys.stdin:
    asked = json.loads(line)
    os.environ.pop("HF_TOKEN", None)
    if asked["token"]:
        os.environ["HF_TOKEN"] = asked["token"]
    from s3ft.types import UserError
    try:
        if asked["kind"] == "model":
            from s3ft.models import locate
            found = str(locate.folder(asked["name"], asked["revision"]))
        else:
            from s3ft.data import readers
            ask = lambda row, place: [{"role": "user", "content": row["question"]}]
            found = [row for row, _ in readers.rows(asked["name"], "test", ask)]
        answer = {"found": found}
    except UserError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), file=sys.__stdout__, flush=True)
"""


class Asker:
    """A process that knows the loopback Hub, and keeps its cache in a folder of its own."""

    def __init__(self, environment, log):
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-c", ASKER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
        )

    def ask(self, kind, name, revision=None, token=None):
        asked = {"kind": kind, "name": name, "revision": revision, "token": token}
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        guard.cancel()
        assert line, self.log.read_text()[-2000:]
        answer = json.loads(line)
        assert "\n" not in answer.get("error", "")
        return answer

    def fails(self, kind, name, revision=None, token=None):
        return self.ask(kind, name, revision, token)["error"]


def data_set(rows):
    lines = "".join(json.dumps({"question": f"What is {n}?", "answer": str(n)}) + "\n" for n in range(rows)).encode()
    card = b"---\nconfigs:\n- config_name: main\n  data_files:\n  - split: test\n    path: test.jsonl\n---\n"
    return {"README.md": card, "test.jsonl": lines}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    files = hub.folder(tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer()))
    with hub.serving() as made:
        for name, how in (("open", {}), ("gated", {"gated": True}), ("private", {"private": True})):
            made.repos[f"org/{name}"] = hub.Repo(files, **how)
            made.repos[f"datasets/org/{name}"] = hub.Repo(data_set(3), "datasets", **how)
        made.repos["org/cut"] = hub.Repo(files)
        made.repos["org/later"] = hub.Repo(files)
        yield made


@pytest.fixture(scope="module")
def asker(server, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    made = Asker(server.environment(home), home / "log.txt")
    yield made
    made.process.stdin.close()
    made.process.wait()
    # No token and no signature of an address is in what the libraries wrote either.
    written = made.log.read_text()
    assert hub.TOKEN not in written
    assert hub.SIGNATURE not in written


def test_a_model_comes_with_its_commit(server, asker):
    found = asker.ask("model", "org/open")["found"]
    assert found.endswith(f"models--org--open/snapshots/{server.repos['org/open'].branches['main']}")
    tagged = server.repos["org/open"].commit({**server.repos["org/open"].files, "extra.txt": b"x"}, "v2")
    assert asker.ask("model", "org/open", "v2")["found"].endswith(tagged)
    assert asker.ask("model", "org/open", tagged)["found"].endswith(tagged)


def test_a_data_set_comes_by_configuration_and_revision(server, asker):
    repo = server.repos["datasets/org/open"]
    first = repo.branches["main"]
    repo.commit(data_set(5))
    assert len(asker.ask("data", "org/open")["found"]) == 5
    assert len(asker.ask("data", f"org/open:main@{first}")["found"]) == 3
    assert "no revision 'nosuch'" in asker.fails("data", "org/open@nosuch")


@pytest.mark.parametrize("kind", ["model", "data"])
def test_what_is_gated_private_or_absent_says_what_to_do(kind, asker):
    for token in (None, hub.TOKEN):
        assert "accept its terms on its page with your account, then log in" in asker.fails(
            kind, "org/gated", token=token
        )
        assert "not on the Hub, or private; check the name" in asker.fails(kind, "org/absent", token=token)
    assert "set HF_TOKEN to a token that may read it" in asker.fails(kind, "org/private")
    assert "found" in asker.ask(kind, "org/private", token=hub.TOKEN)


@pytest.mark.parametrize("kind", ["model", "data"])
def test_a_wrong_token_is_named_and_not_shown(kind, asker):
    wrong = "hf_wrongwrongwrong"
    for name in ("org/later", "org/gated", "org/absent"):
        line = asker.fails(kind, name, token=wrong)
        assert "the Hub rejects your token" in line
        assert wrong not in line
    assert "hf_badbad" not in asker.fails(kind, "org/later", token="hf_badbad\x01bad")


def test_an_absent_revision_of_a_model_is_named(asker):
    assert asker.fails("model", "org/open", "nosuch") == (
        "model 'org/open': the Hub has no revision 'nosuch' of it; give a branch, tag or commit that its page shows"
    )


def test_a_name_that_is_no_id_is_not_asked_for(asker):
    assert "no such folder, and no Hub id such as" in asker.fails("model", "org/a b")


def test_a_download_that_is_cut_goes_on_where_it_stopped(server, asker):
    large = "model.safetensors"
    server.cut = {large: [20_000] * 100}
    line = asker.fails("model", "org/cut")
    assert "the download broke off" in line
    assert "repeat the command, it goes on where it stopped" in line
    server.cut, server.failing = {}, 503
    line = asker.fails("model", "org/cut")
    assert "only partly in the cache, and the Hub" in line
    assert "status 503" in line
    server.failing = None
    before = len(server.requests)
    found = asker.ask("model", "org/cut")["found"]
    assert [r for r in server.requests[before:] if "GET /cdn/" in r]
    with open(f"{found}/{large}", "rb") as file:
        assert file.read() == server.repos["org/cut"].files[large]


def test_a_data_set_whose_download_is_cut_is_read_whole(server, asker):
    server.repos["datasets/org/cut"] = hub.Repo(data_set(40), "datasets")
    server.cut = {"test.jsonl": [700]}
    assert len(asker.ask("data", "org/cut")["found"]) == 40
    server.cut = {}


def test_without_a_network_what_is_in_the_cache_is_used(server, asker, tmp_path):
    asker.ask("model", "org/open")
    assert "found" in asker.ask("data", "org/open")
    home = asker.log.parent
    nowhere = {**server.environment(home), "HF_ENDPOINT": "http://127.0.0.1:9"}
    alone = Asker(nowhere, tmp_path / "log.txt")
    assert alone.ask("model", "org/open")["found"].startswith(str(home))
    line = alone.fails("model", "org/later")
    assert "not in the cache, and the Hub at http://127.0.0.1:9 cannot be reached (Connection" in line
    assert "repeat the command later, or give the folder of a model" in line
    alone.process.stdin.close()
    offline = Asker({**server.environment(home), "HF_HUB_OFFLINE": "1"}, tmp_path / "log2.txt")
    assert offline.ask("data", "org/open")["found"]
    for kind in ("model", "data"):
        assert "not in the cache, and HF_HUB_OFFLINE is set; unset it, or give" in offline.fails(kind, "org/later")
    offline.process.stdin.close()


def test_the_command_line_ends_with_one_line(server, tmp_path):
    (tmp_path / "own.yaml").write_text("model: org/gated\ntask: lab\n")
    done = subprocess.run(
        [sys.executable, "-m", "s3ft", "check", "own.yaml"],
        cwd=tmp_path,
        env=server.environment(tmp_path / "home", hub.TOKEN),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("s3ft: model 'org/gated': gated on the Hub")
    assert "Traceback" not in done.stderr
    assert hub.TOKEN not in done.stdout + done.stderr


def test_no_secret_is_shown(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "a secret of no known form")
    text = redacted(
        "b'Bearer hf_abcdefghijk' hf_abcdefghijk a secret of no known form "
        "https://me:word@host/a/b?X-Signature=abc#d end"
    )
    assert text == "b'Bearer ***' *** *** https://host/a/b end"
