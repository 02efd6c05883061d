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


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_folder_at_a_scale_has_the_effect_of_the_scale(folder, adapter, scale):
    scaled = adapters.scaled_folder(replace(adapter, scale=scale))
    assert (scaled == adapter.folder) == (scale == 1.0)
    found, expected = (logits(folder, a) for a in (Adapter(scaled), replace(adapter, scale=scale)))
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_rank_is_the_highest_of_all_layers(adapter, tmp_path):
    assert adapters.rank(adapter) == 4
    (tmp_path / "adapter_config.json").write_text('{"r": 4, "rank_pattern": {"q_proj": 12}}')
    assert adapters.rank(Adapter(tmp_path)) == 12


def test_a_whole_model_is_no_adapter_to_load(adapter, folder):
    adapters.require_lora(adapter)
    with pytest.raises(UserError, match="a whole model, and this backend loads LoRA adapters; take transformers"):
        adapters.require_lora(Adapter(folder))
