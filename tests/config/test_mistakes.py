"""Values that a config may not have: each is one line that names the field, before anything is read or made."""

from pathlib import Path

import pytest

from s3ft import config
from s3ft.types import UserError

NUMBERS = [
    "train.learning_rate",
    "train.learning_rate.sft",
    "train.epochs",
    "train.warmup",
    "train.lora_dropout",
    "train.extra.weight_decay",
    "train.extra.lora.lora_dropout",
    "sampling.temperature",
    "sampling.top_p",
    "max_undecided",
    "chat.template_kwargs.level",
    "task.threshold",
    "backend.gpu_share",
]
LISTS = ["sweep.learning_rate", "evaluate.scales"]

MISTAKES = [
    ("train.learning_rate=0", "train.learning_rate: found 0, expected above 0"),
    ("train.learning_rate=-1e-4", "train.learning_rate: found -0.0001, expected above 0"),
    ("train.learning_rate=100", "train.learning_rate: found 100, expected above 0 and at most 1"),
    ("train.learning_rate={sft: 1e-4, s3ft: 0}", "train.learning_rate: found 0"),
    ("train.learning_rate=true", "train.learning_rate: found true, expected a number"),
    ("train.learning_rate=[1e-4]", "train.learning_rate"),
    ("train.epochs=0", "train.epochs"),
    ("train.epochs=-1", "train.epochs"),
    ("train.epochs=1e300", "train.epochs"),
    ("train.warmup=-0.1", "train.warmup"),
    ("train.warmup=1.5", "train.warmup: found 1.5, expected a share below 1 or a whole number"),
    ("train.lora_rank=0", "train.lora_rank: found 0, expected 1 or more"),
    ("train={method: qlora, lora_rank: 0}", "train.lora_rank: found 0, expected 1 or more"),
    ("train.lora_rank=-8", "train.lora_rank"),
    ("train.lora_rank=8.5", "train.lora_rank"),
    ("train.lora_rank=true", "train.lora_rank: found true, expected a number"),
    ("train.lora_alpha=0", "train.lora_alpha"),
    ("train.lora_dropout=1", "train.lora_dropout"),
    ("train.batch_size=0", "train.batch_size"),
    ("train.max_length=0", "train.max_length"),
    ("train.method=lorra", "train.method"),
    ("train.dtype=fp16", "train.dtype"),
    ("train.target_modules=[]", "train.target_modules: found an empty name"),
    ("train.target_modules=''", "train.target_modules: found an empty name"),
    ("train.target_modules=[q_proj, '']", "train.target_modules: found an empty name"),
    ("sweep.seeds=[7, 0]", "sweep.seeds: found 0, which is also in seeds"),
    ("sweep.learning_rate=[0]", "sweep.learning_rate: found 0"),
    ("sweep.learning_rate=[1e-4, -1e-4]", "sweep.learning_rate: found -0.0001"),
    ("sweep.learning_rate=[1e-4, 0.0001]", "sweep.learning_rate: found [0.0001, 0.0001], expected each once"),
    ("sweep.lora_rank=[0]", "sweep.lora_rank: found 0, expected 1 or more"),
    ("sweep.lora_rank=[8, 8]", "sweep.lora_rank: found [8, 8], expected each once"),
    ("sweep={seeds: [-1]}", "sweep.seeds: found -1"),
    ("sweep={seeds: [5, 5]}", "sweep.seeds: found [5, 5], expected each once"),
    ("sweep={seed: 7}", "field 'sweep.seed' is gone: it is called sweep.seeds"),
    ("sweep={rows: 0}", "sweep.rows"),
    ("evaluate.scales=[1.0]", "evaluate.scales: found 1, expected scales above 0 other than 1"),
    ("evaluate.scales=[0]", "evaluate.scales: found 0"),
    ("evaluate.scales=[-0.5]", "evaluate.scales: found -0.5"),
    ("evaluate.scales=[0.5, 0.5]", "evaluate.scales: found [0.5, 0.5], expected each once"),
    ("evaluate.scales=[0.5, 0.50000001]", "evaluate.scales: found [0.5, 0.5], expected each once"),
    ("evaluate.scales=[true]", "evaluate.scales: found true, expected a number"),
    ("evaluate.benchmarks=[a, a]", "found ['a', 'a'], expected each once"),
    ("evaluate={benchmarks: [a], extra_benchmarks: [a]}", "found ['a', 'a'], expected each once"),
    ("evaluate.limit=0", "evaluate.limit"),
    ("evaluate.rows=-1", "evaluate.rows"),
    ("evaluate.split=train", "evaluate.split"),
    ("evaluate.batch_size=0", "evaluate.batch_size"),
    ("sampling.stop=['']", "sampling.stop: found"),
    ("sampling.stop=[END, '']", "sampling.stop: found"),
    ("sampling.stop=END", "sampling.stop"),
    ("sampling.temperature=-1", "sampling.temperature: found -1"),
    ("sampling.top_p=0", "sampling.top_p: found 0"),
    ("sampling.top_p=1.1", "sampling.top_p: found 1.1"),
    ("sampling.max_tokens=0", "sampling.max_tokens: found 0"),
    ("sampling.max_tokens=true", "sampling: found true, expected a number"),
    ("sampling.seed=-1", "sampling.seed: found -1, expected 0 or more"),
    ("sampling.num_samples=2", "'sampling.num_samples' belongs to a rung"),
    ("seeds=[]", "seeds"),
    ("seeds=[1, 1]", "seeds: found [1, 1], expected each once"),
    ("seeds=[-1]", "seeds: found -1, expected 0 or more and below 2**32"),
    ("seeds=[4294967296]", "seeds: found 4294967296"),
    ("seeds=[true]", "seeds: found true, expected a number"),
    ("limit=0", "limit"),
    ("limit=true", "limit: found true, expected a number"),
    ("max_undecided=1.1", "max_undecided"),
    ("max_undecided=-0.1", "max_undecided"),
    ("model=''", "model"),
    ("judge={}", "judge: found {}, expected a name"),
    ("judge=''", "judge: found '', expected a name"),
    ("revision=main", "revision: found 'main', but the model 'lab' ships with s3ft"),
    ("chat.date=2025-02-30", "chat.date: found '2025-02-30', expected a day as YYYY-MM-DD"),
    ("chat.date=yesterday", "chat.date: found 'yesterday'"),
    ("recipes=[]", "recipes: found []"),
    ("recipes=[sft, sft]", "recipes: found ['sft', 'sft'], expected one or more names, each once"),
    ("recipes=[{s3ft: [self, gold]}]", "recipes: found 's3ft' as self > gold, but s3ft's own 's3ft' is"),
    ("recipes=[{sft: [{source: self, num_samples: 2}]}]", "choose another name"),
    ("recipes=[{base: [gold]}]", "and not 'base'"),
    ("recipes=[{'..': [gold]}]", "found the name '..'"),
    ("recipes=[{mine: []}]", "recipes"),
    ("recipes=[{mine: [{source: gold, num_samples: 2}]}]", "'mine' gives gold options"),
    ("recipes=[{mine: [{source: self, num_samples: 0}]}]", "num_samples: found 0"),
    ("recipes=[{mine: [{source: self, temperature: -1}]}]", "temperature: found -1"),
    ("recipes=[{mine: [{source: self, keep: best}]}]", "keep"),
    ("sweep={rows: 5}", "sweep: found no values to try, expected learning_rate, lora_rank or both"),
    ('cache="a\\0b"', "cache: found 'a\\x00b', expected text without null bytes"),
    ("seeds=0", "'seeds': found 0; input should be a list"),
    ("task=[rows]", "'task': found ['rows']; input should be a mapping"),
    ("train=3", "'train': found 3; input should be a mapping"),
    ("train.learning_rate=abc", "'train.learning_rate': found 'abc'"),
]


def _line(folder: Path, *overrides: str) -> str:
    path = folder / "run.yaml"
    path.write_text("{model: lab, task: lab}", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        config.load(path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("override", "says"), MISTAKES)
def test_a_value_out_of_its_range_is_one_line(override: str, says: str, tmp_path: Path) -> None:
    assert says in _line(tmp_path, override)


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
@pytest.mark.parametrize("field", [*NUMBERS, *LISTS])
def test_no_number_is_infinite_or_nan(field: str, value: str, tmp_path: Path) -> None:
    line = _line(tmp_path, "task={name: lab}", f"{field}={f'[0.5, {value}]' if field in LISTS else value}")
    assert f"{field}: found {value.replace('.', '')}, expected a finite number" in line


def test_what_belongs_to_adapters_is_no_part_of_a_full_training(tmp_path: Path) -> None:
    assert "evaluate.scales: only adapters have a scale" in _line(
        tmp_path, "train.method=full", "evaluate.scales=[0.5]"
    )
    assert "sweep.lora_rank: train.method is full" in _line(tmp_path, "train.method=full", "sweep.lora_rank=[8]")
    said = _line(tmp_path, "evaluate.split=validation", "sweep.lora_rank=[8]")
    assert "evaluate.split: found validation, but the sweep chooses on these rows" in said
    assert config.load(tmp_path / "run.yaml", ("train={method: full, lora_rank: 0}",)).train.lora_rank == 0


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    assert "is a folder and has none" in _line(tmp_path, f"model={tmp_path}", "revision=main")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("model: lab\ntask: lab\n".encode("utf-16"), "looks like UTF-16"),
        ("model: lab\ntask: lab\n".encode("utf-16-be"), "looks like UTF-16"),
        (b"model: caf\xe9\n", "not UTF-8 (byte 0xe9 at 10); save the file as UTF-8"),
        (b"- model\n", "found list, expected a mapping"),
        (b"", "found NoneType, expected a mapping"),
        (b"model: lab\nmodel: lab\n", "duplicate key 'model'"),
        (b"model: [\n", "not YAML"),
        (b"model: lab\n\x07", "not YAML"),
    ],
)
def test_a_file_that_is_no_config_is_one_line(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_bytes(content)
    with pytest.raises(UserError) as caught:
        config.load(tmp_path / "run.yaml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found a folder, expected a YAML file"):
        config.load(tmp_path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_bytes("model: lab\ntask: lab\n".encode("utf-8-sig"))
    assert config.load(tmp_path / "run.yaml").model == "lab"
