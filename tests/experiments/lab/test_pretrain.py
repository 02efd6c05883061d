"""Pre-training: what is supervised, and that a killed run goes on as if it had not been."""

from collections import Counter

import pytest
import torch
from experiments.lab.corpus import Corpus

from experiments.lab import batches, pretrain, tokenizer


@pytest.fixture(scope="module")
def words():
    documents = Corpus().sample(50)
    return tokenizer.train(d.text or "\n".join(m["content"] for m in d.messages) for d in documents)


def test_labels_are_the_answer_in_chat_and_everything_in_raw_text(words):
    documents = list(Corpus().sample(5))
    for document, (ids, start) in zip(documents, batches.encode(documents, words), strict=True):
        supervised = words.decode(ids[start:])
        expected = document.messages[-1]["content"] if document.messages else document.text
        assert supervised == expected + tokenizer.END


def test_a_chunk_s_steps_hold_every_token_once(words):
    """Over a whole chunk of documents, in micro-batches of at most 2,000 tokens with their padding, each a step."""
    corpus = Corpus()
    rows = batches.encode(corpus.documents(0, batches.CHUNK, batches.mean_tokens(corpus, words)), words)
    tokens, supervised = Counter(), 0
    for chunk, _, micro in batches.steps(corpus, words, step_tokens=1, micro_tokens=2000):
        if chunk:
            break
        for ids, labels in micro:
            assert ids.numel() <= 2000 or ids.shape[0] == 1
            tokens.update(ids.flatten().tolist())
            supervised += int((labels != batches.IGNORED).sum())
    expected = Counter(i for ids, _ in rows for i in ids)
    del tokens[words.pad_token_id], expected[words.pad_token_id]
    assert tokens == expected
    assert supervised == sum(len(ids) - start for ids, start in rows)


def test_the_rate_warms_up_stays_and_decays_to_zero():
    assert pretrain.schedule(160_000, 10_000_000) == pytest.approx(0.5)
    assert pretrain.schedule(5_000_000, 10_000_000) == 1
    assert pretrain.schedule(8_500_000, 10_000_000) == pytest.approx(0.5)
    assert pretrain.schedule(10_000_000, 10_000_000) == 0


@pytest.fixture
def tiny(monkeypatch, words):
    """One narrow layer, a checkpoint after every step, and the tokenizer that the module has trained."""
    for name, value in {"LAYERS": 1, "HIDDEN": 32, "INTERMEDIATE": 64, "SAVE_EVERY_S": 0.0}.items():
        monkeypatch.setattr(pretrain, name, value)
    monkeypatch.setattr(tokenizer, "train", lambda texts: words)


@pytest.mark.usefixtures("tiny")
def test_a_killed_run_goes_on_with_the_same_weights(tmp_path, monkeypatch):
    small = {"foreignness": 0.3, "seed": 0, "rate": 1e-2, "step_tokens": 600, "micro_tokens": 300}
    whole = pretrain.train(tmp_path / "whole", 6000, **small)

    real, steps = pretrain.step, []

    def dies(*arguments):
        if len(steps) == 4:
            raise KeyboardInterrupt
        steps.append(1)
        return real(*arguments)

    monkeypatch.setattr(pretrain, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        pretrain.train(tmp_path / "killed", 6000, **small)
    monkeypatch.setattr(pretrain, "step", real)
    again = pretrain.train(tmp_path / "killed", 6000, **small)

    assert (again.step, again.tokens, again.supervised) == (whole.step, whole.tokens, whole.supervised)
    from safetensors.torch import load_file

    first = load_file(tmp_path / "whole" / "model.safetensors")
    second = load_file(tmp_path / "killed" / "model.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.usefixtures("tiny")
def test_another_setting_in_the_same_folder_is_named(tmp_path):
    pretrain.train(tmp_path, 1500, 0.3, 0, 1e-2, 600, 300)
    with pytest.raises(SystemExit, match="choose another --out"):
        pretrain.train(tmp_path, 1500, 0.5, 0, 1e-2, 600, 300)
