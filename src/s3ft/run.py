"""The run directory and its stages. Every output carries a key of what it was made from, and is made once."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from s3ft import cache, dataset, files, judges, model, plugins, records
from s3ft.config import RunConfig, digest
from s3ft.progress import console, progress
from s3ft.types import Example, Judge, Split, Task, UserError

STAGES = ("build", "train", "evaluate", "report")


@dataclass
class Run:
    """A run directory with what its stages share; heavy parts are opened when first used."""

    config: RunConfig
    folder: Path

    @cached_property
    def store(self) -> cache.Store:
        return cache.Store(cache.folder(self.config.cache) / "generations.sqlite")

    @cached_property
    def model(self) -> Path:
        return model.folder(self.config.model, self.config.revision)

    @cached_property
    def fingerprint(self) -> str:
        return model.fingerprint(self.model, self.store)

    @cached_property
    def task(self) -> Task:
        return dataset.open_task(self.config.task)

    def judge(self, backend: Any = None) -> Judge:
        found = judges.load(self.config.judge or self.task.judge)
        if hasattr(found, "bind") and backend is not None:
            found.bind(backend)
        return found

    def backend(self, adapter: Path | None = None, scale: float = 1.0) -> Any:
        from s3ft import backends

        return backends.load(self.config, self.model, self.fingerprint, adapter, scale)

    def count(self, split: Split, limit: int | None) -> dataset.Counts:
        """Reads the split once: rows, what was left out, and the digest of the rows."""
        counts = dataset.Counts()
        for _ in dataset.examples(self.task, split, limit, counts):
            pass
        return counts

    def examples(self, split: Split, limit: int | None) -> Iterator[Example]:
        return dataset.examples(self.task, split, limit)

    def records(self, recipe: str) -> Path:
        return self.folder / "records" / f"{recipe}.jsonl"

    def summary(self, recipe: str) -> dict[str, Any]:
        """What build wrote of a recipe. Raises UserError where it has not run."""
        found: dict[str, Any] | None = files.read_json(self.records(recipe).with_suffix(".json"))
        if found is None:
            raise UserError(f"{self.folder}: no records of {recipe!r} yet; run s3ft build first, or s3ft run for all")
        return found

    def adapter(self, recipe: str, seed: int) -> Path:
        return self.folder / "adapters" / recipe / f"seed-{seed}"

    def arms(self) -> list[tuple[str, Path | None]]:
        """(name in evals/, adapter) of everything that is measured; base first."""
        tuned = [(f"{r}-seed-{s}", self.adapter(r, s)) for r in self.config.ladders() for s in self.config.seeds]
        return [("base", None), *tuned]

    def log(self, text: str) -> None:
        """A line on the terminal and, with the time, in log.txt."""
        console.print(text, soft_wrap=True)
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')} {text}\n")


def open_run(config: RunConfig, name: str) -> Run:
    """The run directory runs/NAME, made where it is absent.

    Raises UserError where it belongs to another config, with the differing fields and the ways out."""
    folder = Path("runs") / name
    plain = config.model_dump(mode="json", exclude={"cache"})
    begun = folder / "config.yaml"
    if begun.is_file():
        then = yaml.safe_load(begun.read_text(encoding="utf-8"))
        changed = sorted(_differences(then, plain))
        if changed:
            raise UserError(
                f"{folder} was begun with another config: {'; '.join(changed[:5])}. Go back to that config, choose "
                f"another name with --name, or delete {folder}"
            )
    else:
        with files.whole(begun) as file:
            yaml.safe_dump(plain, file, sort_keys=False, allow_unicode=True)
    if not (folder / "versions.json").is_file():
        files.write_json(folder / "versions.json", versions())
    return Run(config, folder)


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Holds the run directory for one process at a time; the lock ends with the process, however it ends."""
    with (run.folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                f"{run.folder}: another s3ft is at work here; wait for it, or choose another --name"
            ) from error
        yield


def everything(config_path: Path, overrides: tuple[str, ...], name: str) -> int:
    """Runs the stages one after another, each in a process of its own. Returns the first exit code that is not 0."""
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", **os.environ}
    for stage in STAGES:
        command = [sys.executable, "-m", "s3ft", stage, str(config_path), *overrides, "--name", name]
        code = subprocess.run(command, env=environment).returncode
        if code:
            return code if code > 0 else 1
    return 0


def build(run: Run) -> None:
    """records/RECIPE.jsonl, train/RECIPE.jsonl and a summary for every recipe of the config."""
    counts = run.count("train", run.config.limit)
    ladders = run.config.ladders()
    keys = {name: _build_key(run, name, counts) for name in ladders}
    missing = [n for n in ladders if not files.is_done(run.records(n).with_suffix(".json"), keys[n])]
    if not missing:
        return
    from s3ft import build as climbing
    from s3ft.summary import Summary

    if counts.duplicates or counts.in_two_splits:
        run.log(f"data: {counts.duplicates} duplicate rows left out, {counts.in_two_splits} kept in another split only")
    begun = time.monotonic()
    config, task = run.config, run.task
    backend = cache.Cached(run.backend(), run.store)
    judge = run.judge(backend)
    sources = {s: plugins.load("source", s) for n in missing for s in ladders[n].ladder}
    summaries = {n: Summary() for n in missing}
    gold = {"refused": 0, "undecided": 0, "refused_ids": []}
    tally: Counter[bool | None] = Counter()
    reasons: Counter[str] = Counter()
    with ExitStack() as stack:
        outputs = {n: stack.enter_context(files.whole(run.records(n))) for n in missing}
        train = {n: stack.enter_context(files.whole(run.folder / "train" / f"{n}.jsonl")) for n in missing}
        asked = sum(sources[s].ask is not None for n in missing for s in ladders[n].ladder)
        advance = stack.enter_context(progress("build", counts.rows * (asked + 1)))
        for rows in climbing.chunks(run.examples("train", config.limit)):
            verdicts = judge(rows, [climbing.Completion(e.gold) for e in rows])
            for example, verdict in zip(rows, verdicts, strict=True):
                gold["refused"] += verdict.correct is False
                gold["undecided"] += verdict.correct is None
                if verdict.correct is False:
                    gold["refused_ids"] = [*gold["refused_ids"], example.id][:20]
            advance(len(rows))
            for name in missing:
                recipe = ladders[name]
                sampling = config.sampling.sampling(recipe.num_samples)
                told: Counter[str] = Counter()

                def tell(source: str, n: int, told: Counter[str] = told) -> None:
                    told[source] += n
                    advance(n)

                propose = climbing.proposer(task, sources, backend, sampling, tell)
                climbed = climbing.climb(
                    rows,
                    recipe,
                    sources,
                    propose,
                    judge,
                    verdicts,
                    attempts={"paraphrase": config.paraphrase_attempts},
                    refused_gold=config.refused_gold,
                )
                for source in recipe.ladder:
                    advance(max(0, len(rows) - told[source]) if sources[source].ask is not None else 0)
                for record in climbing.weigh(climbed, backend):
                    summaries[name].add(record)
                    files.write_line(outputs[name], records.to_json(record))
                    for row in records.training_rows(record, config.chat.keep_reasoning):
                        files.write_line(train[name], row)
                    for candidate in record.candidates:
                        if candidate.verdict is not None:
                            tally[candidate.verdict.correct] += 1
                            reasons[candidate.verdict.reason] += candidate.verdict.correct is None
            climbing.stop_if_undecided(tally, reasons, config.max_undecided)
    data = {"rows": counts.rows, "duplicates": counts.duplicates, "in_two_splits": counts.in_two_splits, "gold": gold}
    for name in missing:
        facts = {"key": keys[name], "seconds": time.monotonic() - begun, "data": data, **summaries[name].as_dict()}
        files.write_json(run.records(name).with_suffix(".json"), facts)
        shares = ", ".join(f"{k} {v:.1%}" for k, v in facts["composition"].items() if v)
        run.log(f"build {name}: {facts['targets']} targets of {facts['rows']} rows: {shares}")
    if gold["refused"] or gold["undecided"]:
        run.log(f"the judge refuses {gold['refused']} golds and cannot tell on {gold['undecided']} of {counts.rows}")


def train(run: Run) -> None:
    """adapters/RECIPE/seed-N for every recipe and seed; all with the same number of optimizer steps."""
    config = run.config
    summaries = {name: run.summary(name) for name in config.ladders()}
    most = max(s["targets"] for s in summaries.values())
    max_steps = max(1, round(-(-most // config.train.batch_size) * config.train.epochs))
    wanted = {}
    for name, summary in summaries.items():
        for seed in config.seeds:
            setting = {**config.train.model_dump(mode="json"), "learning_rate": config.train.rate(name)}
            key = digest([summary["key"], setting, seed, max_steps, config.chat.model_dump(mode="json")])
            if not files.is_done(run.adapter(name, seed) / "s3ft.json", key):
                wanted[name, seed] = key
    if not wanted:
        return
    from s3ft import train as training
    from s3ft.backends.transformers import chat_of, device, dtype, load_tokenizer

    where = device(config.backend.device)
    chat = chat_of(load_tokenizer(run.model, config.trust_remote_code), run.model, config)
    prepared: dict[str, Any] = {}
    with progress("train", len(wanted), "adapters") as advance:
        for (name, seed), key in wanted.items():
            if name not in prepared:
                prepared = {name: training.prepare(records.read(run.records(name)), chat, config.train.max_length)}
            training.train(
                run.model,
                prepared[name],
                run.adapter(name, seed),
                config.train,
                name,
                seed,
                dtype=dtype(config.backend.dtype, where, run.model),
                device=where,
                max_steps=max_steps,
                key=key,
            )
            advance(1)


def evaluate(run: Run) -> None:
    """evals/ARM.json and evals/ARM.samples.jsonl for the base and every adapter."""
    config = run.config
    setting = config.evaluate
    benchmarks = tuple(dict.fromkeys([*setting.benchmarks, *setting.beside]))
    if benchmarks and config.backend.name != "transformers":
        raise UserError("evaluate.benchmarks needs backend: transformers; leave them out, or change the backend")
    counts = run.count(setting.split, setting.rows)
    wanted = {}
    for arm, adapter in run.arms():
        made_of = None if adapter is None else (files.read_json(adapter / "s3ft.json") or {}).get("key")
        if adapter is not None and made_of is None:
            raise UserError(f"{adapter}: not trained yet; run s3ft train first, or s3ft run for all")
        judge = plugins.identity(config.judge or run.task.judge)
        how = [judge, config.sampling.model_dump(mode="json"), setting.model_dump(mode="json")]
        key = digest([run.fingerprint, made_of, counts.digest, how, config.chat.model_dump(mode="json")])
        if not files.is_done(run.folder / "evals" / f"{arm}.json", key):
            wanted[arm] = (adapter, key)
    if not wanted:
        return
    from s3ft import evaluate as measuring

    examples = list(run.examples(setting.split, setting.rows))
    for arm, (adapter, key) in wanted.items():
        begun = time.monotonic()
        backend = run.backend(adapter)
        cached = cache.Cached(backend, run.store)
        samples = measuring.target(config, cached, examples, run.judge(cached))
        for name in progress_over(f"benchmarks of {arm}", benchmarks):
            samples += measuring.benchmark(setting, name, backend, run.store)
        with files.whole(run.folder / "evals" / f"{arm}.samples.jsonl") as file:
            for sample in samples:
                files.write_line(file, sample)
        means = {n: float(measuring.scores(samples, n).mean()) for n in ("target", *benchmarks)}
        facts = {"key": key, "scores": means, "items": len(samples), "seconds": time.monotonic() - begun}
        files.write_json(run.folder / "evals" / f"{arm}.json", facts)
        run.log(f"evaluate {arm}: " + ", ".join(f"{n} {v:.3f}" for n, v in means.items()))


def report(run: Run) -> None:
    """report.json and report.md, and the table on the terminal."""
    from s3ft import report as reporting

    reporting.write(run.folder, list(run.config.ladders()), run.config.seeds)


def progress_over(what: str, names: tuple[str, ...]) -> Iterator[str]:
    if not names:
        return
    with progress(what, len(names), "benchmarks") as advance:
        for name in names:
            yield name
            advance(1)


def versions() -> dict[str, str]:
    """The versions that a result depends on, as far as they are installed."""
    packages = ("s3ft", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "lm_eval", "math-verify")
    return {"python": platform.python_version(), "platform": platform.platform(), **{p: version(p) for p in packages}}


def _build_key(run: Run, recipe: str, counts: dataset.Counts) -> str:
    config = run.config
    how = config.model_dump(mode="json", include={"sampling", "chat", "paraphrase_attempts", "refused_gold"})
    judge = plugins.identity(config.judge or run.task.judge)
    backend = config.backend.model_dump(mode="json", exclude={"batch_size"})
    ladder = config.ladders()[recipe]
    made_of = [run.fingerprint, counts.digest, judge, run.task.paraphrase, how, backend]
    sources = [plugins.identity(s) for s in ladder.ladder]
    return digest([made_of, sources, ladder.num_samples, ladder.keep])


def _differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then.keys() | now.keys():
            yield from _differences(then.get(key), now.get(key), f"{where}.{key}" if where else key)
    elif then != now:
        yield f"{where} was {then!r}, is {now!r}"
