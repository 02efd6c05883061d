"""A model with what training wrote: the adapter's scale, its identity, and a whole model, which has none."""

from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model

import tiny
from s3ft.models import adapters, loading
from s3ft.types import Adapter, UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    """An adapter that changes the logits."""
    where = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    made = get_peft_model(loading.load_model(folder, torch.float32), LoraConfig(r=4, target_modules="all-linear"))
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    made.save_pretrained(where)
    return Adapter(where)


def logits(folder, adapter=None, dtype=torch.float32):
    model = loading.load_model(folder, dtype).eval()
    tuned = adapters.with_adapter(model, adapter) if adapter else model
    with torch.inference_mode():
        return tuned(torch.tensor([[1, 2, 3, 4]])).logits


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["merged", "beside the weights"])
def test_the_scale_multiplies_the_effect_of_an_adapter(folder, adapter, dtype):
    base = logits(folder, dtype=dtype)
    change = [(logits(folder, replace(adapter, scale=s), dtype) - base).norm().item() for s in (0.0, 0.01, 0.02, 1.0)]
    assert change[0] < 1e-4
    if dtype == torch.float32:
        assert change[2] / change[1] == pytest.approx(2, rel=0.05)
    assert change[3] > 10 * change[1]


def test_the_identity_tells_adapters_and_scales_apart(adapter, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for file in adapter.folder.iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    assert adapters.identity(Adapter(other)) == adapters.identity(adapter)
    assert adapters.identity(replace(adapter, scale=0.5)) != adapters.identity(adapter)
    weights = other / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert adapters.identity(Adapter(other)) != adapters.identity(adapter)
    assert adapters.identity(None) is None


def test_a_whole_model_has_no_scale(folder, adapter):
    assert [adapters.is_whole_model(f) for f in (folder, adapter.folder)] == [True, False]
    adapters.require_scalable(Adapter(folder))
    adapters.require_scalable(replace(adapter, scale=0.5))
    with pytest.raises(UserError, match=r"evaluate\.scales needs train\.method: lora"):
        adapters.require_scalable(Adapter(folder, 0.5))
