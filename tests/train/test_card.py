"""What training wrote is used by others as it is: peft and transformers load it, and the card says how."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from peft import LoraConfig
from transformers import AutoTokenizer

import hub
import s3ft
import tiny
from s3ft import lab
from s3ft.models import locate
from s3ft.train import card

FACTS = {"recipe": "s3ft", "seed": 3, "steps": 6, "rows": 24, "sources": {"self": 20, "gold": 4}}

TRAIN = """
import sys
from pathlib import Path
import torch
import tiny
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, TrainConfig
from s3ft.models import loading, locate
from s3ft.train.arm import Arm, Base
from s3ft.train.loop import train
from s3ft.train.rows import prepare

folder = locate.folder("org/tiny", "v1")
rows = prepare(tiny.gold_records(8), open_chat(loading.load_tokenizer(folder), ChatConfig()))
for out in sys.argv[1:]:
    config = TrainConfig(batch_size=8, learning_rate=1e-2, epochs=2)
    train(Base(folder, torch.float32), rows, Path(out), Arm("s3ft", 0, config))
"""

BY_NAME = """
import sys
from peft import LoraConfig
import s3ft

trainer = s3ft.S3FTTrainer(
    "org/tiny",
    args=s3ft.S3FTConfig(
        sys.argv[1], recipe="sft", max_steps=1, report_to="none", model_init_kwargs={"revision": "v1"}
    ),
    train_dataset=[{"prompt": "What is 2 + 2?", "completion": "four"}],
    peft_config=LoraConfig(r=2, target_modules="all-linear"),
)
trainer.save_model()
"""

USE = """
import sys
import torch
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

model = AutoPeftModelForCausalLM.from_pretrained(".")
tokenizer = AutoTokenizer.from_pretrained(".")
ids = tokenizer.apply_chat_template(
    [{"role": "user", "content": "What is 2 + 5?"}], add_generation_prompt=True, return_tensors="pt"
)["input_ids"]
with torch.no_grad():
    tuned = model(input_ids=ids).logits
    with model.disable_adapter():
        assert (model(input_ids=ids).logits - tuned).abs().max() > 1e-3
"""


def test_an_adapter_of_a_hub_model_is_used_from_its_folder_on_another_machine(tmp_path):
    made = hub.Repo(hub.folder(tiny.model_folder(tmp_path / "model", tiny.tokenizer())))
    commit = made.branches["v1"] = made.branches["main"]
    made.commit({"config.json": b"a later commit that is no model"})
    with hub.serving() as server:
        server.repos["org/tiny"] = made

        def run(script, home, *arguments, folder=tmp_path):
            done = subprocess.run(
                [sys.executable, "-c", script, *arguments],
                env=server.environment(tmp_path / home),
                cwd=folder,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr[-2000:]

        first, second = tmp_path / "one" / "a", tmp_path / "two" / "b"
        run(TRAIN, "home", str(first), str(second))
        config = json.loads((first / "adapter_config.json").read_text())
        assert (config["base_model_name_or_path"], config["revision"]) == ("org/tiny", commit)
        for path in first.iterdir():
            text = path.read_bytes()
            assert str(tmp_path).encode() not in text, path.name
            if path.name not in ("s3ft.json", "log.jsonl"):
                assert text == (second / path.name).read_bytes(), path.name
        # A report writes what was measured into the card, and the adapter is the same.
        assert "README.md" not in json.loads((first / "s3ft.json").read_text())["files"]
        head = yaml.safe_load((first / "README.md").read_text().split("---")[1])
        assert head["base_model"] == "org/tiny"
        assert head["base_model_relation"] == "adapter"
        assert head["library_name"] == "peft"
        assert f"vllm serve org/tiny --revision {commit} --enable-lora --max-lora-rank 8 --lora-modules s3ft=." in (
            (first / "README.md").read_text()
        )
        assert AutoTokenizer.from_pretrained(first).chat_template == tiny.CHATML
        # TRL reads the shape of the model from the main branch.
        made.branches["main"] = commit
        made.commit({**hub.folder(tmp_path / "model"), "notes.txt": b"a later commit"})
        run(BY_NAME, "home", str(tmp_path / "named"))
        config = json.loads((tmp_path / "named" / "adapter_config.json").read_text())
        assert (config["base_model_name_or_path"], config["revision"]) == ("org/tiny", commit)
        run(USE, "another home", folder=first)


def adapter(folder, rank=20):
    folder.mkdir()
    config = {"base_model_name_or_path": "/elsewhere", "revision": None, "r": rank, "target_modules": ["b", "a"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("name", ["lab", "folder"])
def test_a_local_base_is_named_by_a_path_that_loads_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = lab.MODEL if name == "lab" else tiny.model_folder(Path("mine"), tiny.tokenizer())
    card.finish(adapter(tmp_path / "out"), folder, tiny.tokenizer(), FACTS)
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(Path(folder).absolute())
    assert config["target_modules"] == ["a", "b"]
    text = (tmp_path / "out" / "README.md").read_text()
    assert "base_model" not in yaml.safe_load(text.split("---")[1])
    assert "recipe s3ft, seed 3, 6 steps over 24 rows (20 self, 4 gold)" in text
    assert "--max-lora-rank 32" in text


def test_the_trainer_saves_what_the_command_line_does(tmp_path):
    commit = "1" * 40
    model = tmp_path / "models--org--tiny" / "snapshots" / commit
    tiny.model_folder(model, tiny.tokenizer())
    trainer = s3ft.S3FTTrainer(
        str(model),
        args=s3ft.S3FTConfig(str(tmp_path / "out"), recipe="sft", max_steps=1, report_to="none", use_cpu=True),
        train_dataset=[{"prompt": f"What is {n} + 2?", "completion": str(n + 2)} for n in range(4)],
        judge="exact",
        peft_config=LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    trainer.train()
    trainer.save_model(str(tmp_path / "saved"))
    config = json.loads((tmp_path / "saved" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("org/tiny", commit)
    assert "recipe sft, seed 42, 1 steps over 4 rows (4 gold)" in (tmp_path / "saved" / "README.md").read_text()
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").chat_template == tiny.CHATML


def test_a_whole_model_is_no_adapter(tmp_path):
    folder = tiny.model_folder(tmp_path / "out", tiny.tokenizer())
    card.finish(folder, "org/tiny", tiny.tokenizer(), FACTS)
    text = (folder / "README.md").read_text()
    head = yaml.safe_load(text.split("---")[1])
    assert (head["base_model"], head["base_model_relation"], head["library_name"]) == (
        "org/tiny",
        "finetune",
        "transformers",
    )
    assert "vllm serve ." in text
    assert 'AutoModelForCausalLM.from_pretrained(".")' in text


def test_names_of_models(tmp_path):
    commit = "0" * 40
    snapshot = tmp_path / "hub" / "models--org--a-b.c" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    assert locate.source(snapshot) == ("org/a-b.c", commit)
    assert locate.source(tmp_path / "hub") == (str(tmp_path / "hub"), None)
    assert locate.source("org/name") == ("org/name", None)
