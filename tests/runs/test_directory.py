"""What base and adapters are measured by, when the answers come from a server."""

import pytest

import tiny
from s3ft.chat import open_chat
from s3ft.config import ChatConfig, parse
from s3ft.models import loading
from s3ft.runs.directory import Run
from served import ALL, Served

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.model_folder(tmp_path_factory.mktemp("model"), tiny.tokenizer())


@pytest.mark.parametrize(
    ("without", "method", "needs", "is_in_process"),
    [
        (set(), "lora", "adapters", False),
        ({"adapters"}, "lora", "adapters", True),
        (set(), "full", "adapters", True),
        (set(), "lora", "in_process", True),
    ],
)
def test_what_the_server_cannot_do_is_measured_in_this_process(folder, tmp_path, without, method, needs, is_in_process):
    server = Served(open_chat(loading.load_tokenizer(folder), ChatConfig()), ALL - without)
    given = {"model": str(folder), "task": "lab", "cache": str(tmp_path), "train": {"method": method}}
    run = Run(parse({**given, "backend": {"name": "openai", "url": server.url}}), tmp_path)
    assert ("in_process" in run.evaluation_backend(None, needs).capabilities) == is_in_process
    server.gone()
