"""Loading from disk: device and precision, stop tokens and context length, and what is not there in one line."""

import pytest
import torch
import transformers

import tiny
from s3ft.models import loading
from s3ft.types import UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


def test_a_model_and_its_tokenizer_come_from_the_folder(folder):
    model = loading.load_model(folder, torch.bfloat16)
    assert model.dtype == torch.bfloat16
    assert loading.load_tokenizer(folder).chat_template == tiny.CHATML
    assert loading.context_length(folder) == 256


def test_a_device_that_is_not_there_is_named_by_its_field():
    if not torch.cuda.is_available():
        assert loading.device("auto") == torch.device("cpu")
        with pytest.raises(UserError, match=r"train\.device: found 'cuda', but this machine has no CUDA GPU"):
            loading.device("cuda", "train.device")
    with pytest.raises(UserError, match=r"backend\.device: found 'gpu', expected auto, cpu, cuda or cuda:N"):
        loading.device("gpu")
    assert loading.device("cpu") == torch.device("cpu")


def test_the_precision_is_float32_on_a_cpu_and_16_bits_elsewhere(folder, tmp_path):
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert loading.dtype("auto", gpu, folder) == torch.bfloat16
    loading.load_model(folder, torch.float16).save_pretrained(tmp_path)
    assert [loading.dtype("auto", where, tmp_path) for where in (cpu, gpu)] == [torch.float32, torch.float16]
    assert loading.dtype("bfloat16", cpu, tmp_path) == torch.bfloat16


def test_every_token_that_ends_generation_is_found(folder, tmp_path):
    end = loading.load_tokenizer(folder).convert_tokens_to_ids("<|im_end|>")
    assert loading.stop_ids_of(folder) == [end]
    assert loading.stop_ids(transformers.GenerationConfig(eos_token_id=[3, 5])) == [3, 5]
    assert loading.stop_ids(transformers.GenerationConfig()) == []
    assert loading.stop_ids_of(tmp_path) == []


def test_what_is_not_there_is_one_line(tmp_path):
    for load, says in (
        (loading.load_tokenizer, "tokenizer of"),
        (lambda f: loading.load_model(f, torch.float32), "model"),
    ):
        with pytest.raises(UserError, match=says) as found:
            load(tmp_path)
        assert "\n" not in str(found.value)
