"""Settings that a training would stop at are named before any work, by the trainer of the model's shape."""

from typing import Any

import pytest

from s3ft import config, lab
from s3ft.models import loading
from s3ft.train import settings
from s3ft.types import UserError

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return loading.load_tokenizer(lab.MODEL)


def _require(tokenizer: Any, *overrides: str) -> None:
    settings.require(config.parse({"model": "lab", "task": "lab", **config.section(overrides)}), lab.MODEL, tokenizer)


@pytest.mark.parametrize(
    "override",
    [
        "train.epochs=3",
        "train.schedule=constant_with_warmup",
        "train.target_modules=[q_proj]",
        "train={method: full, lora_rank: 0}",
        "train.dtype=bfloat16",
        "train.extra={optim: adafactor, max_grad_norm: 0.5}",
        "train.extra={per_device_train_batch_size: 4}",
        "train.extra={gradient_accumulation_steps: 4}",
        "train.extra={gradient_checkpointing: true}",
        "train={schedule: cosine_with_min_lr, extra: {lr_scheduler_kwargs: {min_lr: 1e-5}}}",
        "train.extra={lora: {init_lora_weights: pissa_niter_4, use_rslora: true}}",
        "train.extra={lora: {target_modules: [q_proj], layers_to_transform: [0]}}",
    ],
)
def test_settings_that_work_pass(tokenizer: Any, override: str) -> None:
    _require(tokenizer, override)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("train.schedule=cosin", "cosin is not a valid SchedulerType"),
        ("train.schedule=cosine_with_min_lr", "min_lr"),
        ("train.target_modules=[q_prj]", "q_prj"),
        ("train.target_modules=q_prj", "q_prj"),
        ("train.report_to=wandbb", "wandbb is not supported"),
        ("train.report_to=[tensorboard, wandbb]", "wandbb is not supported"),
        ("train.report_to=neptune", "NeptuneCallback requires"),
        ("train.device=gpu", "train.device: found 'gpu', expected auto, cpu, cuda or cuda:N"),
        ("train.device=cuda:99", "train.device: found 'cuda:99', but this machine has"),
        ("train.extra={foo: 1}", "unknown argument of SFTConfig 'foo'"),
        ("train.extra={weight_decy: 0.1}", "did you mean 'weight_decay'?"),
        ("train.extra={weight_decay: high}", "field 'train.extra.weight_decay': found 'high'"),
        ("train.extra={max_grad_norm: [1]}", "field 'train.extra.max_grad_norm': found [1]"),
        ("train.extra={optim: adamm}", "adamm"),
        ("train.extra={adam_beta1: 2}", "Invalid beta parameter"),
        ("train.extra={adam_epsilon: -1}", "Invalid epsilon"),
        ("train.extra={loss_type: hinge}", "hinge"),
        ("train.extra={packing: true}", "packing cannot be set"),
        ("train.extra={max_steps: 3}", "max_steps cannot be set"),
        ("train.extra={learning_rate: 1e-3}", "set train.learning_rate"),
        ("train.extra={num_train_epochs: 3}", "set train.epochs"),
        ("train.extra={seed: 3}", "set seeds"),
        ("train.extra={per_device_train_batch_size: 3}", "is not train.batch_size 16"),
        ("train.extra={per_device_train_batch_size: 32}", "is not train.batch_size 16"),
        ("train.extra={per_device_train_batch_size: 0}", "found 0, expected a whole number, 1 or more"),
        ("train.extra={per_device_train_batch_size: four}", "found 'four'"),
        ("train.extra={gradient_accumulation_steps: 3}", "is not train.batch_size 16"),
        ("train.extra={lora: {foo: 1}}", "train.extra.lora: LoraConfig"),
        ("train.extra={lora: 8}", "train.extra.lora: found 8"),
        ("train.extra={lora: {r: 0}}", "set train.lora_rank"),
        ("train.extra={lora: {bias: some}}", "some"),
        ("train.extra={lora: {init_lora_weights: random}}", "init_lora_weights: found 'random'"),
        ("train.extra={lora: {rank_pattern: 3}}", "train"),
        ("train.extra={lora: {task_type: ANY}}", "ANY"),
    ],
)
def test_settings_that_cannot_work_are_one_line(tokenizer: Any, override: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        _require(tokenizer, override)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_tried_leaves_nothing_behind_for_a_training_in_the_same_process(tokenizer: Any) -> None:
    from accelerate.state import AcceleratorState

    _require(tokenizer)
    first = AcceleratorState._shared_state.copy()
    _require(tokenizer, "train.dtype=bfloat16")
    assert AcceleratorState._shared_state.get("_mixed_precision") != first.get("_mixed_precision")
