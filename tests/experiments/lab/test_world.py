"""The world: deterministic, sensible, its splits apart from each other and from pre-training."""

import re
from collections import Counter
from random import Random

import pytest
from experiments.lab.corpus import EARLY, LATER, LATER_FROM, Corpus
from experiments.lab.corpus import KINDS as DOCUMENTS
from experiments.lab.probe import stated
from experiments.lab.problems import EASY, HARD, KINDS, LARGEST, MIDDLE

from experiments.lab import comparing, facts, misconceptions, reading, styles, world
from s3ft import lab


def test_the_committed_files_are_what_the_seed_gives():
    for name, text in world.files():
        assert (lab.DATA / name).read_text(encoding="utf-8") == text, f"{name}: run python -m experiments.lab.world"


def test_sizes():
    for name, number in (world.SPLITS | world.BENCHMARKS).items():
        assert len(lab.load(name)) == number


def test_no_question_is_in_two_splits_or_twice_in_one():
    prompts = [row["prompt"] for name in (*world.SPLITS, *world.BENCHMARKS) for row in lab.load(name)]
    assert [p for p, n in Counter(prompts).items() if n > 1] == []


def test_levels_name_every_kind_once():
    assert sorted([*EASY, *MIDDLE, *HARD]) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_problems(kind):
    rng = Random(0)
    for _ in range(200):
        problem = KINDS[kind](rng)
        assert problem.kind == kind
        asked = [int(n) for n in re.findall(r"\d+", problem.question)]
        known = set(asked)
        for step in problem.steps:
            assert {step.left, step.right} <= known, problem
            assert 0 <= step.result <= LARGEST
            assert step.op != "/" or step.left == step.right * step.result
            known.add(step.result)
        used = {n for step in problem.steps for n in (step.left, step.right)}
        assert set(asked) <= used, "a number of the question that no step uses"
        for text in (styles.annotators(problem), styles.own(problem, rng)):
            assert stated(text) == str(problem.answer)
            assert all(str(step.result) in text for step in problem.steps)


def test_gold_lines_are_true():
    for row in lab.load("train"):
        *lines, last = row["gold"].split("\n")
        for line in lines:
            left, op, right, result = re.fullmatch(r"(\d+)([-+*/])(\d+)=(\d+) \w+", line).groups()
            value = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": int.__floordiv__}[op]
            assert value(int(left), int(right)) == int(result)
        assert last == f"#### {row['reference']}"


def test_own_style_has_the_steps_of_the_gold():
    for row in lab.load("validation"):
        assert re.findall(r"\d+", row["own"])[-1] == row["reference"]
        assert row["own"].count(" is ") == row["gold"].count("=") + 1


def test_tuning_prompts_are_harder_than_pretraining():
    rows = lab.load("train")
    assert sum(row["kind"] in HARD for row in rows) / len(rows) > 0.7
    assert {row["kind"] for row in rows} <= {*MIDDLE, *HARD}


@pytest.mark.parametrize("shares", [EARLY, LATER])
def test_shares(shares):
    assert sum(shares.values()) == pytest.approx(1)


def test_the_shares_change_where_they_say():
    before, after = ({d.kind for d in Corpus().documents(LATER_FROM + i, 500, MEANS)} for i in (-1, 0))
    assert before == set(EARLY)
    assert after == set(LATER)


def test_readings_are_answered_by_the_passage():
    rng = Random(0)
    drawn = [reading.reading(rng) for _ in range(500)]
    assert 0.4 < sum(r.answerable for r in drawn) / 500 < 0.65
    for item in filter(lambda r: r.answerable, drawn):
        told = re.sub(r"^On ", "on ", item.passage).replace(". On ", ". on ")
        for word in re.findall(r"\w+", item.answer):
            assert word in {"it", "the", "The", "is"} or re.search(rf"\b{word}\b", told), item


def test_comparisons_are_right():
    rng = Random(0)
    for _ in range(500):
        item = comparing.comparison(rng)
        has = {who: int(n) for who, n in re.findall(r"(\w+) has (\d+)", item.prompt)}
        for who, n in re.findall(r"(\w+) has (\d+)", item.numbers):
            assert has[who] == int(n)
        assert item.answer == f"{item.numbers}, so {item.decision}"
        named = [who for who in re.findall(r"\w+", item.decision) if who in has]
        asked = re.search(r", (\w+) or (\w+)\?", item.prompt)
        among = [has[w] for w in asked.groups()] if asked else list(has.values())
        if len(named) == 2:
            assert has[named[0]] == has[named[1]]
        else:
            best = max if re.search("more|most", item.decision) else min
            assert has[named[0]] == best(among)
            assert among.count(has[named[0]]) == 1


@pytest.mark.parametrize("name", ["facts", "misconceptions"])
def test_options(name):
    for row in lab.load(name):
        assert len(set(row["options"])) == 4
    labels = Counter(row["label"] for row in lab.load(name))
    assert min(labels.values()) > 0.15 * len(lab.load(name)), "the place of the right option gives nothing away"


def test_options_hold_the_truth_and_the_belief():
    item = misconceptions.misconceptions(0)[0]
    options, label = misconceptions.options(item, Random(0))
    assert options[label] == item.stating(item.truth)
    assert item.stating(item.belief) in options
    fact = facts.facts(0)[0]
    options, label = facts.options(fact, Random(0))
    assert options[label] == fact.sentence


MEANS = dict.fromkeys(DOCUMENTS, 50.0)


def test_the_stream_is_a_function_of_seed_and_index():
    first, again = Corpus(seed=3).documents(5, 200, MEANS), Corpus(seed=3).documents(5, 200, MEANS)
    assert first == again
    assert Corpus(seed=3).documents(6, 200, MEANS) != first
    assert Corpus(seed=4).documents(5, 200, MEANS) != first


def test_the_stream_never_holds_a_held_out_prompt(monkeypatch):
    drawn = Corpus().documents(0, 500, MEANS)
    prompts = {m["content"] for d in drawn for m in d.messages if m["role"] == "user" and d.kind == "chat/problem"}
    assert prompts
    monkeypatch.setattr(world, "held_out", lambda: frozenset(prompts))
    again = {m["content"] for d in Corpus().documents(0, 500, MEANS) for m in d.messages}
    assert not prompts & again


@pytest.mark.parametrize("name", ["train", "validation", "test", "reading", "comparing"])
def test_held_out_names_every_row(name):
    assert {row["prompt"] for row in lab.load(name)} <= world.held_out()


def _foreign_share(foreignness: float, kind: str) -> float:
    corpus, rng = Corpus(foreignness), Random(0)
    drawn = [d for d in (corpus.document(kind, rng) for _ in range(1500)) if d]
    return sum("####" in (d.text or d.messages[-1]["content"]) for d in drawn) / len(drawn)


@pytest.mark.parametrize(("foreignness", "raw", "chat"), [(0.0, 1.0, 0.06), (0.5, 0.5, 0.03), (1.0, 0.0, 0.0)])
def test_the_dial_moves_the_share_of_the_annotators_style(foreignness, raw, chat):
    assert _foreign_share(foreignness, "raw/problem") == pytest.approx(raw, abs=0.05)
    assert _foreign_share(foreignness, "chat/problem") == pytest.approx(chat, abs=0.02)


def test_paraphrases_are_in_the_own_style_at_every_setting_of_the_dial():
    assert _foreign_share(0.0, "chat/paraphrase") == 0
