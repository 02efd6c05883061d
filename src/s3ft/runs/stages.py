"""The stages of a run. Every output carries a key of what it was made from, and is made once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from s3ft import plugins
from s3ft.backends import cache
from s3ft.data import atomic, records, splits
from s3ft.digest import digest
from s3ft.config.schema import RunConfig, TrainConfig
from s3ft.progress import PART, progress, share
from s3ft.runs.directory import Run
from s3ft.types import Completion, UserError


def build(run: Run) -> None:
    """records/RECIPE.jsonl, train/RECIPE.jsonl and a summary for every recipe of the config."""
    config = run.config
    counts = run.count("train", config.limit)
    keys = {name: _build_key(run, name, counts) for name in config.ladders()}
    ladders = {n: r for n, r in config.ladders().items() if not atomic.is_done(_summary(run, n), keys[n])}
    if not ladders:
        return
    from s3ft import ladder as climbing
    from s3ft.build_statistics import Summary, Tally

    if counts.duplicates or counts.in_two_splits:
        run.log(f"data: {counts.duplicates} duplicate rows left out, {counts.in_two_splits} kept in another split only")
    begun = time.monotonic()
    model = run.backend()
    backend = cache.Cached(model, run.store)
    judge = run.judge()
    sources = {s: plugins.load("source", s) for recipe in ladders.values() for s in recipe.ladder}
    asked = {n: max(1, sum(sources[s].ask is not None for s in recipe.ladder)) for n, recipe in ladders.items()}
    summaries = {n: Summary() for n in ladders}
    gold = Tally()
    with ExitStack() as stack:
        outputs = {n: stack.enter_context(atomic.whole(run.records(n))) for n in ladders}
        train = {n: stack.enter_context(atomic.whole(run.folder / "train" / f"{n}.jsonl")) for n in ladders}
        advance = stack.enter_context(
            progress("build", counts.rows * (1 + sum(asked.values()) + len(ladders)), "steps")
        )
        for rows in climbing.chunks(run.examples("train", config.limit)):
            verdicts = judge(rows, [Completion(e.gold) for e in rows])
            gold.add(rows, verdicts)
            advance(len(rows))
            for name, recipe in ladders.items():
                sampling = config.sampling.sampling(recipe.num_samples)
                with share(advance, len(rows) * asked[name]) as inner:
                    climbed = climbing.climb(
                        rows,
                        recipe,
                        sources,
                        climbing.proposer(run.task, sources, backend, sampling, inner),
                        judge,
                        verdicts,
                        attempts={"paraphrase": config.paraphrase_attempts},
                        refused_gold=config.refused_gold,
                        prove=model.prove,
                    )
                with share(advance, len(rows)) as inner:
                    weighed = climbing.weigh(climbed, backend, inner)
                for record in weighed:
                    summaries[name].add(record)
                    atomic.write_line(outputs[name], records.to_json(record))
                    for row in records.training_rows(record, config.chat.keep_reasoning):
                        atomic.write_line(train[name], row)
            climbing.stop_if_undecided([gold, *(s.judged for s in summaries.values())], config.max_undecided)
    data = {"rows": counts.rows, "duplicates": counts.duplicates, "in_two_splits": counts.in_two_splits}
    for name, summary in summaries.items():
        made = {"key": keys[name], "seconds": time.monotonic() - begun, "data": {**data, "gold": gold.as_dict()}}
        atomic.write_json(_summary(run, name), {**made, **summary.as_dict()})
        shares = ", ".join(f"{k} {v:.1%}" for k, v in summary.as_dict()["composition"].items() if v)
        run.log(f"build {name}: {summary.targets} targets of {counts.rows} rows: {shares}")
    if gold.refused or gold.undecided:
        run.log(f"the judge refuses {gold.refused} golds and cannot tell on {gold.undecided} of {counts.rows}")


@dataclass(frozen=True)
class Job:
    """One adapter to train."""

    recipe: str
    seed: int
    folder: Path
    setting: TrainConfig
    key: str


def sweep(run: Run) -> None:
    """sweep/RECIPE.json: the points tried for each recipe, their scores on validation rows, and the best of them."""
    config = run.config
    if config.sweep is None:
        return
    _require_targets(run)
    counts = run.count("validation", config.sweep.rows)
    jobs = {
        name: [_job(run, name, s, config.seeds[0], "sweep") for s in _points(config, name)] for name in config.ladders()
    }
    keys = {name: digest([[j.key for j in points], counts.digest]) for name, points in jobs.items()}
    missing = [n for n in jobs if not atomic.is_done(run.folder / "sweep" / f"{n}.json", keys[n])]
    if not missing:
        return
    _train(run, [job for name in missing for job in jobs[name]])
    from s3ft.evaluate import measure as measuring

    examples, judge = list(run.examples("validation", config.sweep.rows)), run.judge()
    for name in missing:
        tried: list[dict[str, Any]] = []
        for job in jobs[name]:
            backend = cache.Cached(run.backend(job.folder), run.store)
            score = measuring.mean(measuring.target(config, backend, examples, judge))
            tried.append(
                {"learning_rate": job.setting.learning_rate, "lora_rank": job.setting.lora_rank, "score": score}
            )
        best = max(tried, key=lambda point: point["score"])
        chosen = {k: best[k] for k in ("learning_rate", "lora_rank")}
        found = {"key": keys[name], "rows": len(examples), "chosen": chosen, "tried": tried}
        atomic.write_json(run.folder / "sweep" / f"{name}.json", found)
        run.log(
            f"sweep {name}: " + ", ".join(f"{p['learning_rate']:g} r{p['lora_rank']} {p['score']:.3f}" for p in tried)
        )
        run.log(f"sweep {name}: takes {chosen['learning_rate']:g} at rank {chosen['lora_rank']}")


def train(run: Run) -> None:
    """adapters/RECIPE/seed-N for every recipe and seed; all with the same number of optimizer steps."""
    _require_targets(run)
    jobs = []
    for name in run.config.ladders():
        setting = _setting(run, name)
        jobs += [_job(run, name, setting, seed, "adapters") for seed in run.config.seeds]
    _train(run, _mine(jobs))


def _mine(items: list[Any]) -> list[Any]:
    """What of a stage's work is this process's part."""
    part, parts = map(int, os.environ.get(PART, "0/1").split("/"))
    return items[part::parts]


def _setting(run: Run, recipe: str) -> TrainConfig:
    """The training setting of a recipe: its own learning rate, or what its sweep chose."""
    chosen: dict[str, Any] = {"learning_rate": run.config.train.rate(recipe)}
    if run.config.sweep is not None:
        found = atomic.read_json(run.folder / "sweep" / f"{recipe}.json")
        if found is None:
            raise UserError(f"{run.folder}: no sweep of {recipe!r} yet; run s3ft sweep first, or s3ft run for all")
        chosen = found["chosen"]
    return run.config.train.model_copy(update=chosen)


def _points(config: RunConfig, recipe: str) -> list[TrainConfig]:
    assert config.sweep is not None
    rates = config.sweep.learning_rate or (config.train.rate(recipe),)
    ranks = config.sweep.lora_rank or (config.train.lora_rank,)
    points = product(rates, ranks)
    return [config.train.model_copy(update={"learning_rate": rate, "lora_rank": rank}) for rate, rank in points]


def _require_targets(run: Run) -> None:
    for name in run.config.ladders():
        if not run.summary(name)["targets"]:
            raise UserError(
                f"recipe {name!r}: none of {run.summary(name)['rows']} rows has a target, so there is nothing to train "
                "on; leave the recipe out, or see records/ for what the judge said"
            )


def _job(run: Run, recipe: str, setting: TrainConfig, seed: int, where: str) -> Job:
    folder = run.adapter(recipe, seed)
    if where == "sweep":
        folder = run.folder / "sweep" / recipe / f"{setting.learning_rate:g}-r{setting.lora_rank}"
    how = [setting.model_dump(mode="json"), run.config.chat.model_dump(mode="json"), seed, _steps(run)]
    return Job(recipe, seed, folder, setting, digest([run.summary(recipe)["key"], how]))


def _steps(run: Run) -> int:
    """Optimizer steps of every arm: the config's epochs over the recipe with the most targets."""
    most = max(run.summary(name)["targets"] for name in run.config.ladders())
    return max(1, round(-(-most // run.config.train.batch_size) * run.config.train.epochs))


def _train(run: Run, jobs: list[Job]) -> None:
    jobs = [job for job in jobs if not atomic.is_done(job.folder / "s3ft.json", job.key)]
    if not jobs:
        return
    from s3ft.train import loop as training
    from s3ft.backends.transformers import (chat_of, context_length, device, dtype, load_tokenizer)

    config = run.config
    where = device(config.backend.device)
    chat = chat_of(load_tokenizer(run.model, config.trust_remote_code), run.model, config)
    longest = config.train.max_length or context_length(run.model)
    prepared: dict[str, Any] = {}
    with progress("train", len(jobs) * _steps(run), "steps") as advance:
        for job in jobs:
            if job.recipe not in prepared:
                prepared = {job.recipe: training.prepare(records.read(run.records(job.recipe)), chat, longest)}
            facts = training.train(
                run.model,
                prepared[job.recipe],
                job.folder,
                job.setting,
                job.recipe,
                job.seed,
                dtype=dtype(config.backend.dtype, where, run.model),
                device=where,
                max_steps=_steps(run),
                key=job.key,
                trust_remote_code=config.trust_remote_code,
                advance=advance,
            )
            names = ", ".join(id for id, _ in facts["dropped"][:5])
            left_out = f", {len(facts['dropped'])} rows left out ({names})" if facts["dropped"] else ""
            run.log(f"train {job.recipe} seed {job.seed}: loss {facts['mean_loss']:.3f}{left_out}")


def evaluate(run: Run) -> None:
    """evals/ARM.json and evals/ARM.samples.jsonl for the base and every adapter."""
    config = run.config
    setting = config.evaluate
    benchmarks = tuple(dict.fromkeys([*setting.benchmarks, *setting.beside]))
    if benchmarks and config.backend.name != "transformers":
        raise UserError("evaluate.benchmarks needs backend: transformers; leave them out, or change the backend")
    counts = run.count(setting.split, setting.rows)
    wanted = {}
    for arm, adapter, scale in _mine(run.arms()):
        made_of = None if adapter is None else (atomic.read_json(adapter / "s3ft.json") or {}).get("key")
        if adapter is not None and made_of is None:
            raise UserError(f"{adapter}: not trained yet; run s3ft train first, or s3ft run for all")
        judged_by = plugins.identity(config.judge or run.task.judge)
        how = [judged_by, config.sampling.model_dump(mode="json"), setting.model_dump(mode="json", exclude={"scales"})]
        key = digest([run.fingerprint, made_of, scale, counts.digest, how, config.chat.model_dump(mode="json")])
        if not atomic.is_done(run.folder / "evals" / f"{arm}.json", key):
            wanted[arm] = (adapter, scale, key)
    if not wanted:
        return
    from s3ft.evaluate import measure as measuring

    examples, judge = list(run.examples(setting.split, setting.rows)), run.judge()
    for arm, (adapter, scale, key) in wanted.items():
        begun = time.monotonic()
        backend = run.backend(adapter, scale)
        cached = cache.Cached(backend, run.store)
        policy, trained = getattr(backend, "chat", None), atomic.read_json(adapter / "s3ft.json") if adapter else None
        if policy is not None and trained is not None and trained["chat"] != policy.identity:
            raise UserError(f"{adapter}: trained under another chat template or thinking mode; train it again")
        samples = measuring.target(config, cached, examples, judge)
        for name in progress_over(f"benchmarks of {arm}", benchmarks):
            samples += measuring.benchmark(setting, name, backend, run.store)
        with atomic.whole(run.folder / "evals" / f"{arm}.samples.jsonl") as file:
            for sample in samples:
                atomic.write_line(file, sample)
        means = {n: measuring.mean(samples, n) for n in ("target", *benchmarks)}
        cut = sum(s.get("finish_reason") == "length" for s in samples)
        undecided = sum(s["set"] == "target" and s["correct"] is None for s in samples)
        facts = {"key": key, "scores": means, "items": len(samples), "cut": cut, "undecided": undecided}
        facts["seconds"] = time.monotonic() - begun
        atomic.write_json(run.folder / "evals" / f"{arm}.json", facts)
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


def _summary(run: Run, recipe: str) -> Any:
    return run.records(recipe).with_suffix(".json")


def _build_key(run: Run, recipe: str, counts: splits.Counts) -> str:
    config = run.config
    how = config.model_dump(mode="json", include={"sampling", "chat", "paraphrase_attempts", "refused_gold"})
    judge = plugins.identity(config.judge or run.task.judge)
    backend = config.backend.model_dump(mode="json", exclude={"batch_size"})
    ladder = config.ladders()[recipe]
    made_of = [run.fingerprint, counts.digest, judge, run.task.paraphrase, how, backend]
    sources = [plugins.identity(s) for s in ladder.ladder]
    return digest([made_of, sources, ladder.num_samples, ladder.keep])
