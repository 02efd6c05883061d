"""The cache of generations: nothing is asked twice, failures are not kept, keys are exact, a kill loses nothing."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3ft.backends import cache
from s3ft.backends.cache import Cached, Store
from s3ft.protocols import Finished, scoring
from s3ft.types import Capability, Completion, Request, Sampling, Score, UserError


class Writer:
    """A backend that counts what it is asked; prompts that begin with "fail" fail."""

    capabilities: frozenset[Capability] = frozenset({"score"})

    def __init__(self, identity: Mapping[str, Any] | None = None) -> None:
        self.identity = identity or {"model": "m"}
        self.generated: list[str] = []
        self.scored: list[str] = []

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        order = list(range(len(requests)))
        random.Random(len(order)).shuffle(order)
        for i in order:
            text = requests[i].prompt[-1]["content"]
            self.generated.append(text)
            reason = "error" if text.startswith("fail") else "length" if text.startswith("long") else "stop"
            yield i, [_completion(f"{text} {k}", reason) for k in range(sampling.num_samples)]

    def score(self, requests: Sequence[Request], completions: Sequence[Completion]) -> list[Score | None]:
        self.scored += [c.text for c in completions]
        return [None if "cannot" in c.text else Score(-0.1 * len(c.text), len(c.text)) for c in completions]


def _completion(text: str, reason: Any = "stop") -> Completion:
    return Completion(text, f"<think>\ud800</think>{text}", (1, 2, 3), reason, 4, 7, -1.5)


def _requests(*texts: str) -> list[Request]:
    return [Request([{"role": "user", "content": t}]) for t in texts]


def _texts(backend: Cached, texts: Sequence[str], sampling: Sampling | None = None) -> list[list[str]]:
    found = dict(backend.generate(_requests(*texts), sampling or Sampling()))
    return [[c.text for c in found[i]] for i in range(len(texts))]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "new" / "generations.sqlite")


def test_what_was_generated_is_not_asked_for_again_and_comes_back_whole(store: Store) -> None:
    first, second = Writer(), Writer()
    written = dict(Cached(first, store).generate(_requests("a", "long b"), Sampling(num_samples=2, temperature=1)))
    kept = dict(Cached(second, store).generate(_requests("a", "long b"), Sampling(num_samples=2, temperature=1)))
    assert kept == written
    assert kept[1][0].finish_reason == "length"
    assert kept[0][0].logprob == written[0][0].logprob == -1.5
    assert sorted(first.generated) == ["a", "long b"]
    assert second.generated == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=6), max_size=4))
def test_every_request_is_answered_and_equal_ones_are_asked_once(calls: list[list[str]]) -> None:
    backend = Writer()
    with TemporaryDirectory() as folder:
        cached = Cached(backend, Store(Path(folder) / "c.sqlite"))
        for texts in calls:
            assert _texts(cached, texts) == [[f"{t} 0"] for t in texts]
    assert sorted(backend.generated) == sorted({t for texts in calls for t in texts})


class Together(Writer):
    """A backend that answers two requests at a time."""

    def generate_batches(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Finished]:
        found = list(self.generate(requests, sampling))
        yield from (found[k : k + 2] for k in range(0, len(found), 2))


def test_what_was_answered_together_is_kept_together_or_not_at_all(store: Store) -> None:
    texts = ["a", "b", "c", "fail d", "e"]
    given_out = Cached(Together(), store).generate(_requests(*texts), Sampling())
    first, _ = next(given_out)
    del given_out
    again = Together()
    found = _texts(Cached(again, store), texts)
    assert found == [[f"{t} 0"] for t in texts]
    order = list(range(5))
    random.Random(5).shuffle(order)
    assert first == order[0]
    assert sorted(again.generated) == sorted([*(texts[i] for i in order[2:]), *(["fail d"] if 3 in order[:2] else [])])


def test_failures_are_given_back_and_never_kept(store: Store) -> None:
    backend = Writer()
    cached = Cached(backend, store)
    for _ in range(2):
        found = dict(cached.generate(_requests("fail", "fine", "fail"), Sampling()))
        assert [found[i][0].finish_reason for i in range(3)] == ["error", "stop", "error"]
    assert sorted(backend.generated) == ["fail", "fail", "fine"]


def test_one_failed_sample_of_several_is_a_failure(store: Store) -> None:
    class Half(Writer):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
            for i, found in super().generate(requests, sampling):
                yield i, [found[0], Completion("", finish_reason="error")]

    for _ in range(2):
        backend = Half()
        _texts(Cached(backend, store), ["a"], Sampling(num_samples=2, temperature=1))
        assert backend.generated == ["a"]


BASE = Request([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], None)
WARM = Sampling(max_tokens=10, temperature=0.5, top_p=0.9, num_samples=2, seed=1, stop=("x",))


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda r, s, i: (replace(r, prompt=[r.prompt[1]]), s, i), True),
        (lambda r, s, i: (replace(r, prompt=r.prompt[::-1]), s, i), True),
        (lambda r, s, i: (replace(r, prompt=[r.prompt[0], {**r.prompt[1], "role": "tool"}]), s, i), True),
        (lambda r, s, i: (replace(r, prompt=[r.prompt[0], {**r.prompt[1], "content": "u "}]), s, i), True),
        (lambda r, s, i: (replace(r, prompt=[r.prompt[0], {**r.prompt[1], "name": "n"}]), s, i), True),
        (lambda r, s, i: (replace(r, tools=[]), s, i), True),
        (lambda r, s, i: (replace(r, tools=[{"name": "f"}]), s, i), True),
        (lambda r, s, i: (r, replace(s, max_tokens=11), i), True),
        (lambda r, s, i: (r, replace(s, temperature=0.6), i), True),
        (lambda r, s, i: (r, replace(s, top_p=0.8), i), True),
        (lambda r, s, i: (r, replace(s, num_samples=3), i), True),
        (lambda r, s, i: (r, replace(s, seed=2), i), True),
        (lambda r, s, i: (r, replace(s, stop=()), i), True),
        (lambda r, s, i: (r, s, {**i, "model": "n"}), True),
        (lambda r, s, i: (r, s, {**i, "adapter": "a"}), True),
        (lambda r, s, i: (r, s, i), False),
        (lambda r, s, i: (r, s, dict(reversed(i.items()))), False),
        (lambda r, s, i: (replace(r, prompt=[dict(reversed(m.items())) for m in r.prompt]), s, i), False),
    ],
)
def test_keys_change_with_what_changes_the_output_and_with_nothing_else(
    store: Store, change: Callable[..., tuple[Request, Sampling, dict[str, Any]]], asked: bool
) -> None:
    identity = {"model": "m", "dtype": "float32"}
    list(Cached(Writer(identity), store).generate([BASE], WARM))
    request, sampling, other = change(BASE, WARM, identity)
    backend = Writer(other)
    list(Cached(backend, store).generate([request], sampling))
    assert bool(backend.generated) == asked


def test_greedy_completions_are_the_same_for_any_seed_and_nucleus(store: Store) -> None:
    backend = Writer()
    cached = Cached(backend, store)
    for sampling in (Sampling(), Sampling(seed=3), Sampling(top_p=0.5), Sampling(temperature=0.1)):
        _texts(cached, ["a"], sampling)
    assert backend.generated == ["a", "a"]


def test_scores_are_kept_by_prompt_and_completion_and_those_that_are_none_are_not(store: Store) -> None:
    backend = Writer()
    cached = Cached(backend, store)
    requests, completions = _requests("p", "p", "q"), [_completion("a"), _completion("cannot"), _completion("a")]
    expected = [Score(-0.1, 1), None, Score(-0.1, 1)]
    assert cached.score(requests, completions) == expected
    assert cached.score(requests, completions) == expected
    assert backend.scored == ["a", "cannot", "a", "cannot"]
    for other in (replace(completions[0], token_ids=None), replace(completions[0], raw="a"), Completion("a")):
        cached.score(requests[:1], [other])
    assert backend.scored[4:] == ["a", "a", "a"]
    other = replace(completions[0], text="b")
    assert cached.score(requests[:1], [other]) == [Score(-0.1, 1)]
    assert backend.scored[-1] == "b"


def test_what_the_backend_can_do_is_said_by_it_and_what_it_cannot_is_one_line(store: Store) -> None:
    class Plain(Writer):
        capabilities: frozenset[Capability] = frozenset({"token_ids"})

    assert Cached(Writer(), store).capabilities == {"score"}
    cached = Cached(Plain(), store)
    assert cached.capabilities == {"token_ids"}
    assert scoring(cached) is None
    with pytest.raises(UserError, match=r"needs log probabilities \(score\), and this backend gives none"):
        cached.score(_requests("a"), [_completion("b")])


def test_a_score_and_a_generation_of_one_prompt_do_not_meet(store: Store) -> None:
    cached = Cached(Writer(), store)
    _texts(cached, ["a"])
    assert cached.score(_requests("a"), [_completion("ab")]) == [Score(-0.2, 2)]


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from s3ft.backends.cache import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for i in range(300): store.put({f'{sys.argv[2]} {i}': i, 'both': i})"
    )
    path = tmp_path / "c.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in "ab"]
    assert [w.wait(60) for w in writers] == [0, 0]
    store = Store(path)
    assert all(store.get(f"{name} {i}") == i for name in "ab" for i in range(300))
    assert store.get("both") == 299


KILLED = """
import sys
from pathlib import Path
from s3ft.backends.cache import Cached, Store
from s3ft.protocols import scoring
from s3ft.types import Completion, Request, Sampling

class Writer:
    capabilities = frozenset()
    identity = {"model": "m"}

    def generate(self, requests, sampling):
        for i, r in enumerate(requests):
            yield i, [Completion(r.prompt[0]["content"] + "x" * 2000)]

requests = [Request([{"role": "user", "content": str(i)}]) for i in range(20_000)]
for i, _ in Cached(Writer(), Store(Path(sys.argv[1]))).generate(requests, Sampling()):
    print(i, flush=True)
"""


@pytest.mark.parametrize("after", [1, 37, 200])
def test_a_process_killed_at_any_moment_leaves_all_it_had_given_and_a_sound_store(tmp_path: Path, after: int) -> None:
    path = tmp_path / "c.sqlite"
    writer = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    given_out = [int(writer.stdout.readline()) for _ in range(after)]
    os.kill(writer.pid, signal.SIGKILL)
    with writer.stdout:
        given_out += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    assert writer.wait() == -signal.SIGKILL
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = Writer()
    texts = [str(i) for i in range(max(given_out) + 3)]
    found = _texts(Cached(again, Store(path)), texts)
    assert [f[0] for f in found[: len(given_out)]] == [f"{i}{'x' * 2000}" for i in given_out]
    assert len(again.generated) in (2, 1)  # the last one may have been kept and not yet given


def test_a_cache_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "c.sqlite", tmp_path):
        with pytest.raises(UserError, match=r"cache .*name another folder with cache=DIR") as found:
            Store(path)
        assert "\n" not in str(found.value)


def test_a_file_that_is_no_data_base_is_put_aside_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is no data base" * 100)
    store = Store(path)
    store.put({"a": 1})
    assert Store(path).get("a") == 1
    (aside,) = tmp_path.glob("c.sqlite.damaged-*")
    assert aside.read_bytes() == b"this is no data base" * 100
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert aside.name in said


def test_damage_met_on_the_way_costs_what_was_kept_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    Store(path).put({str(i): "x" * 500 for i in range(200)})
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = bytearray(path.read_bytes())
    assert len(damaged) > 20_000
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    backend = Writer()
    cached = Cached(backend, Store(path))
    assert [_texts(cached, ["a", "b"]) for _ in range(2)] == [[["a 0"], ["b 0"]]] * 2
    assert sorted(backend.generated) == ["a", "b"]
    assert len(list(tmp_path.glob("c.sqlite.damaged-*"))) == 1


@pytest.mark.parametrize("change", ["'{'", "replace(value, '234', '432')", "(SELECT value FROM kept WHERE key = 'b')"])
def test_a_damaged_value_is_said_and_as_if_it_were_not_there(
    store: Store, tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.put({"a": "12345", "b": 2})
    with sqlite3.connect(tmp_path / "new" / "generations.sqlite") as db:
        db.execute(f"UPDATE kept SET value = {change} WHERE key = 'a'")
    assert (store.get("a"), store.get("a"), store.get("b")) == (None, None, 2)
    assert capsys.readouterr().err.count("damaged values") == 1
    store.put({"a": "1"})
    assert store.get("a") == "1"


def test_a_new_file_of_another_process_is_not_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    Store(path).put({str(i): "x" * 500 for i in range(200)})
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    slow = Store(path)
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 40_000)
    quick = Store(path)
    assert quick.get("7") is None
    quick.put({"a": 1})
    assert slow.get("7") is None
    assert (slow.get("a"), quick.get("a")) == (1, 1)
    assert len(list(tmp_path.glob("c.sqlite.damaged-*"))) == 1


def test_only_the_owner_can_read_the_cache(store: Store, tmp_path: Path) -> None:
    store.put({"a": 1})
    files = list((tmp_path / "new").iterdir())
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_the_folder_is_the_configured_one_or_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder(None) == Path("/home/me/.cache/s3ft")
    assert cache.folder("~/mine") == Path("/home/me/mine")
    monkeypatch.setenv("XDG_CACHE_HOME", "/big")
    assert cache.folder(None) == Path("/big/s3ft")
