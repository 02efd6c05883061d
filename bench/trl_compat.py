"""TRL's own tests of SFTTrainer with S3FTTrainer in its place: python bench/trl_compat.py TESTS [NAME]

TESTS is the folder `tests` of TRL's repository, at a version near the one installed; NAME runs the tests whose names
hold it. Each test runs with TRL's trainer, and with S3FTTrainer and the recipes sft and s3ft. Models of the Hub are
replaced by small random ones of the same architecture, data sets by the Zen of Python; rows of bare text become prompt
and completion for S3FTTrainer. Counted are the tests that make a trainer. What differs must stand in the table of
docs/trl.md, or the exit code is 1; so it is if none passes with TRL's own."""

from __future__ import annotations

import codecs
import contextlib
import functools
import importlib.resources
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "trl.md"
MOST_DIFFERENCES = 15
SIZES = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "moe_intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "max_position_embeddings": 1024,
}
MODELS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "tiny-Cohere2ForCausalLM": ("cohere2", "cohere2", "<|END_OF_TURN_TOKEN|>", {}),
    "tiny-Glm4MoeForCausalLM": ("glm4_moe", "glm4moe", "<|user|>", {"first_k_dense_replace": 1, "n_group": 1}),
    "tiny-GptOssForCausalLM": ("gpt_oss", "gptoss", "<|return|>", {"layer_types": ["full_attention"] * 2}),
    "tiny-Qwen2ForCausalLM-2.5": ("qwen2", "qwen2_5", "<|im_end|>", {}),
    "tiny-Qwen3ForCausalLM": ("qwen3", "qwen3", "<|im_end|>", {}),
    "tiny-Qwen3MoeForCausalLM": ("qwen3_moe", "qwen3", "<|im_end|>", {}),
    "tiny-Olmo3ForCausalLM": ("olmo3", "qwen2_5", "<|im_end|>", {}),
    "tiny-Lfm2ForCausalLM": ("lfm2", "lfm2", "<|im_end|>", {"layer_types": ["conv", "full_attention"]}),
    "tiny-Lfm2ForCausalLM-2.5": ("lfm2", "lfm2_2_5", "<|im_end|>", {"layer_types": ["conv", "full_attention"]}),
    "tiny-GPTNeoXForCausalLM": ("gpt_neox", "", "<|endoftext|>", {}),
    "tiny-NemotronHForCausalLM-nano": (
        "nemotron_h",
        "nemotron_3_nano",
        "<|im_end|>",
        {
            "layers_block_type": ["linear_attention", "full_attention", "mlp"],
            "num_hidden_layers": 3,
            "mamba_num_heads": 4,
            "mamba_head_dim": 8,
            "ssm_state_size": 8,
            "n_groups": 1,
        },
    ),
    "tiny-RemoteForCausalLM": ("qwen2", "qwen2_5", "<|im_end|>", {}),
    "Qwen/Qwen3-4B": ("qwen3", "qwen3", "<|im_end|>", {}),
}
"""By name: transformers' model type, the chat template as TRL ships it, the token that ends turns, the config's own."""
REMOTE = """from transformers import Qwen2Config, Qwen2ForCausalLM

class RemoteConfig(Qwen2Config):
    model_type = "remote"

class RemoteForCausalLM(Qwen2ForCausalLM):
    config_class = RemoteConfig
"""
"""The code that the model with code of its own brings."""
CONTROL = re.compile(r"<\|?[A-Za-z_/][\w/.-]*\|?>")


# Models and data sets in place of the Hub's


def zen() -> list[str]:
    with contextlib.redirect_stdout(io.StringIO()):
        import this

    return codecs.decode(this.s, "rot13").splitlines()[2:]


def template(name: str) -> str:
    return (importlib.resources.files("trl") / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")


def make_models(hub: Path) -> None:
    """A cache of the Hub as its client leaves it, with random models."""
    for name, (kind, template_name, end, more) in MODELS.items():
        full = name if "/" in name else f"trl-internal-testing/{name}"
        folder = hub / f"models--{full.replace('/', '--')}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs" / "main").write_text("0" * 40)
        try:
            make_model(
                folder / "snapshots" / ("0" * 40), kind, template(template_name) if template_name else None, end, more
            )
            if "Remote" in name:
                add_code(folder / "snapshots" / ("0" * 40))
        except Exception as error:
            print(f"no local {name}: {type(error).__name__}: {error}", file=sys.stderr)


def make_model(folder: Path, kind: str, chat_template: str | None, end: str, more: dict[str, Any]) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast, set_seed

    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, show_progress=False)
    plain.train_from_iterator([*zen() * 4, chat_template or "", "user assistant system"], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, eos_token=end, pad_token="<|pad|>", bos_token="<|bos|>", chat_template=chat_template
    )
    control = sorted({*CONTROL.findall(chat_template or ""), end})
    tokenizer.add_special_tokens({"additional_special_tokens": control})
    set_seed(0)
    config = AutoConfig.for_model(kind)
    known = {k: v for k, v in SIZES.items() if hasattr(config, k)}
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    config = AutoConfig.for_model(kind, **{**known, "vocab_size": len(tokenizer), **ids, **more})
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def add_code(folder: Path) -> None:
    (folder / "remote.py").write_text(REMOTE)
    config = json.loads((folder / "config.json").read_text())
    auto_map = {"AutoConfig": "remote.RemoteConfig", "AutoModelForCausalLM": "remote.RemoteForCausalLM"}
    config |= {"model_type": "remote", "architectures": ["RemoteForCausalLM"], "auto_map": auto_map}
    (folder / "config.json").write_text(json.dumps(config))


def rows(name: str, config: str, is_text_split: bool) -> list[dict[str, Any]]:
    """Rows of a data set of TRL's tests; bare text becomes prompt and completion where S3FT reads it."""
    made = []
    for text in zen():
        start, _, end = text.rpartition(" ")
        turns = [{"role": "user", "content": start}], [{"role": "assistant", "content": end}]
        row: dict[str, Any] = {"text": text}
        if "prompt_completion" in config or (is_text_split and config == "standard_language_modeling"):
            row = {"prompt": start, "completion": f" {end}"}
            if "standard" not in config:
                row = {"prompt": turns[0], "completion": turns[1]}
        elif "preference" in config:
            row = {"chosen": text, "rejected": start}
        elif "conversational" in config or "harmony" in name:
            row = {"messages": [*turns[0], *turns[1]]}
        elif "toolcall" in name:
            call = {"type": "function", "function": {"name": "say", "arguments": {"text": end}}}
            said = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "name": "say", "content": end}]
            described = {"name": "say", "description": "Says it.", "parameters": {"type": "object", "properties": {}}}
            tools = json.dumps([{"type": "function", "function": described}])
            row = {"messages": [*turns[0], *said, *turns[1]], "tools": tools}
        if "image" in name:
            row["image"] = "none"
        made.append(row)
    return made


def load_dataset(name: str, config: str, split: str | None = None, streaming: bool = False, **_: Any) -> Any:
    """In place of datasets.load_dataset: 17 rows of training and 2 of test, as TRL's Zen has."""
    import datasets

    made = datasets.Dataset.from_list(rows(name, config, os.environ["TRL_COMPAT"] != "trl"))
    parts = datasets.DatasetDict({"train": made.select(range(17)), "test": made.select(range(17, 19))})
    if streaming:
        parts = datasets.IterableDatasetDict({k: v.to_iterable_dataset() for k, v in parts.items()})
    if split is None:
        return parts
    part, most = re.fullmatch(r"(\w+)(?:\[:(\d+)\])?", split).groups()
    return parts[part] if most is None else parts[part].select(range(int(most)))


# The plugin of pytest, in a process of its own

outcomes: dict[str, dict[str, Any]] = {}
now = ""


def pytest_configure() -> None:
    """TRL's private names that tests of another version import, and this one lacks: nothing there is available."""
    from trl import import_utils
    from trl.trainer import sft_trainer

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: False

    import_utils.__getattr__ = sft_trainer.__getattr__ = missing


@pytest.fixture
def lazy_shared_datadir(request: pytest.FixtureRequest) -> Path:
    return request.path.parent / "data"


def pytest_collection_finish(session: pytest.Session) -> None:
    import trl

    mode = os.environ["TRL_COMPAT"]
    for module in {item.module for item in session.items}:
        module.load_dataset = load_dataset
        if mode == "trl":
            module.SFTTrainer = counted(trl.SFTTrainer)
            continue
        import s3ft
        from s3ft.types import Verdict

        judge = lambda example, completion: Verdict(True)  # noqa: E731
        module.SFTTrainer = counted(functools.partial(s3ft.S3FTTrainer, judge=judge))
        module.SFTConfig = functools.partial(s3ft.S3FTConfig, recipe=mode, answer_tokens=8)


def counted(make: Any) -> Any:
    def made(*args: Any, **kwargs: Any) -> Any:
        outcomes[now]["trainer"] = True
        return make(*args, **kwargs)

    return made


def pytest_runtest_setup(item: pytest.Item) -> None:
    global now
    now = item.nodeid.rpartition("::")[2]
    outcomes[now] = {"trainer": False, "outcome": "passed", "why": ""}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # A test that is skipped has its report without a setup, so that `now` is still the test before it.
    name = report.nodeid.rpartition("::")[2]
    if report.outcome != "passed" and name in outcomes:
        lines = [line[2:].strip() for line in report.longreprtext.splitlines() if line.startswith("E ")]
        outcomes[name].update(outcome=report.outcome, why=(lines or [""])[0][:200])


def pytest_sessionfinish() -> None:
    Path(os.environ["TRL_COMPAT_OUT"]).write_text(json.dumps(outcomes))


# The command


def run(tests: Path, name: str, mode: str, home: Path) -> dict[str, dict[str, Any]]:
    out = home / f"{mode}.json"
    here = str(Path(__file__).parent)
    environment = {
        **os.environ,
        "TRL_COMPAT": mode,
        "TRL_COMPAT_OUT": str(out),
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    command = [sys.executable, "-m", "pytest", "-p", "trl_compat", "-p", "no:cacheprovider", "-c", os.devnull]
    more = ["-k", name] if name else []
    done = subprocess.run(
        [*command, "-q", "--rootdir", str(tests), str(tests / "test_sft_trainer.py"), "-m", "not slow", *more],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
    )
    found = json.loads(out.read_text()) if out.is_file() else {}
    if not found:
        sys.exit(f"pytest ran nothing:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return found


def differences() -> dict[str, str]:
    """The tests that S3FTTrainer is meant to fail, with the reasons, from the table of docs/trl.md."""
    return dict(re.findall(r"^\| `(test_\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def main(tests: Path, name: str = "") -> int:
    meant = differences()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_models(home / "hub")
        found = {}
        for mode in ("trl", "sft", "s3ft"):
            found[mode] = run(tests, name, mode, home)
            print(f"{mode}: ran", flush=True)
    considered = sorted(n for n, o in found["trl"].items() if o["trainer"] and o["outcome"] != "skipped")
    passing = [n for n in considered if found["trl"][n]["outcome"] == "passed"]
    print(f"TRL's trainer passes {len(passing)} of {len(considered)} tests that make one")
    for n in sorted(set(considered) - set(passing)):
        print(f"  fails with TRL's own trainer: {n}: {found['trl'][n]['why']}")
    unexplained, used = 0, set()
    for mode in ("sft", "s3ft"):
        failed = [n for n in passing if found[mode].get(n, {}).get("outcome") != "passed"]
        also = sum(found[mode].get(n, {}).get("outcome") == "passed" for n in considered)
        print(f"S3FTTrainer, {mode}: passes {also} of {len(considered)}; of TRL's {len(passing)}, {len(failed)} differ")
        for n in failed:
            reason = meant.get(n.partition("[")[0])
            used.add(n.partition("[")[0])
            unexplained += reason is None
            print(f"  {n}: {reason or 'NOT MEANT'}: {found[mode].get(n, {}).get('why', 'did not run')}")
    idle = sorted(set(meant) - used) if not name else []
    for n in idle:
        print(f"  {n} stands in {PAGE.name} and passes, or does not run here")
    print(f"{unexplained} differences that are not meant; {len(meant)} in {PAGE.name}, at most {MOST_DIFFERENCES}")
    return int(bool(unexplained) or not passing or len(meant) > MOST_DIFFERENCES)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), *sys.argv[2:]))
