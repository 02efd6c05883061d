"""The card of training files: read by datasets, one configuration a recipe, with sources, judge and shares."""

import json

import datasets

from s3ft.data import card

COUNTS = {"rows": 4, "targets": 3}


def test_the_folder_is_a_data_set_with_a_configuration_for_each_recipe(tmp_path):
    for name, number in (("sft", 4), ("s3ft", 3)):
        rows = [{"id": str(n), "prompt": [{"role": "user", "content": "?"}], "source": name} for n in range(number)]
        (tmp_path / "train").mkdir(exist_ok=True)
        (tmp_path / "train" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipes = {
        "sft": ("gold", {**COUNTS, "targets": 4, "composition": {"gold": 1.0, "dropped": 0.0}}),
        "s3ft": ("self > gold", {**COUNTS, "composition": {"self": 0.5, "gold": 0.25, "dropped": 0.25}}),
    }
    card.write(tmp_path / "train", {"model": "org/m", "task": "lab", "judge": "{first: [math, llm]}"}, recipes)
    for name, number in (("sft", 4), ("s3ft", 3)):
        cache = str(tmp_path / "cache")
        assert len(datasets.load_dataset(str(tmp_path / "train"), name, split="train", cache_dir=cache)) == number
    text = (tmp_path / "train" / "README.md").read_text()
    assert "Judge: {first: [math, llm]}." in text
    assert "| recipe | ladder | targets | gold | dropped | self |" in text
    assert "| s3ft | self > gold | 3 of 4 rows | 25.0% | 25.0% | 50.0% |" in text
