"""The backend for vLLM where vLLM is not installed; make test-engines runs it for real."""

import importlib.util

import pytest

import tiny
from s3ft import backends
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, parse
from s3ft.models import loading
from s3ft.types import ModelFiles, UserError


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
def test_vllm_that_is_not_installed_is_one_line_with_what_to_install(tmp_path):
    folder = tiny.model_folder(tmp_path, tiny.tokenizer())
    config = parse({"model": "m", "task": "lab", "backend": "vllm"}).backend
    with pytest.raises(UserError, match=r"vLLM is not installed; pip install vllm") as failed:
        backends.load(config, ModelFiles(folder, "mark"), open_chat(loading.load_tokenizer(folder), ChatConfig()))
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"dtpye": "float32"}, "did you mean 'backend.dtype'?"),
        ({"dtype": "int8"}, "field 'backend.dtype': found 'int8'"),
    ],
)
def test_its_section_of_the_config_is_its_own(section, says):
    with pytest.raises(UserError) as failed:
        parse({"model": "m", "task": "lab", "backend": {"name": "vllm", **section}})
    assert says in str(failed.value)
