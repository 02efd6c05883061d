"""The settings of a training, made in one place for TRL and PEFT, and tried before any work is done."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import torch
import transformers

from s3ft import plugins
from s3ft.config import RunConfig, TrainConfig
from s3ft.models import loading
from s3ft.processes import world_size
from s3ft.types import UserError

if TYPE_CHECKING:
    from peft import LoraConfig
    from trl import SFTConfig

OURS = frozenset(
    {
        *("output_dir", "max_steps", "max_length", "packing", "padding_free", "dataset_kwargs"),
        *("train_sampling_strategy", "completion_only_loss", "assistant_only_loss", "shuffle_dataset"),
        "average_tokens_across_devices",
    }
)
"""Arguments of SFTConfig that decide which tokens are trained on, and when."""
NO_EFFECT = frozenset(
    {
        *("chat_template_path", "eos_token", "pad_token", "model_init_kwargs", "trust_remote_code"),
        *("dataset_text_field", "dataset_num_proc", "truncation_mode", "packing_strategy", "pad_to_multiple_of"),
        *("eval_packing", "eval_strategy", "eval_steps", "eval_delay", "eval_on_start", "per_device_eval_batch_size"),
        *("load_best_model_at_end", "metric_for_best_model", "greater_is_better", "resume_from_checkpoint"),
        *("do_train", "do_eval", "do_predict", "length_column_name"),
    }
)
"""Arguments of SFTConfig for what is done before or after a training, or by s3ft itself."""
LIMITS = {
    **dict.fromkeys(("max_grad_norm", "weight_decay", "dataloader_num_workers"), (0.0, math.inf)),
    **{"label_smoothing_factor": (0.0, 1.0), "neftune_noise_alpha": (0.0, math.inf), "logging_steps": (0.0, math.inf)},
}
"""Lowest and highest value of arguments that TRL takes without a word, or looks at in the training only."""
ELSEWHERE = {
    "learning_rate": "train.learning_rate",
    "num_train_epochs": "train.epochs",
    "lr_scheduler_type": "train.schedule",
    "warmup_steps": "train.warmup",
    "report_to": "train.report_to",
    "seed": "seeds",
    "use_cpu": "train.device",
}
"""Arguments of SFTConfig that have a field of their own in a config of a run."""
ELSEWHERE_LORA = {"r": "train.lora_rank", "lora_alpha": "train.lora_alpha", "lora_dropout": "train.lora_dropout"}
OF_THE_GPU = frozenset(
    {
        *("bf16", "fp16", "tf32", "bf16_full_eval", "fp16_full_eval"),
        *("fsdp", "fsdp_config", "deepspeed", "torch_compile"),
    }
)
"""Arguments that only a process on the GPU can try."""


@dataclass(frozen=True)
class Plan:
    """What the arguments of a training depend on beyond its config."""

    folder: Path
    rate: float
    steps: int
    seed: int
    dtype: torch.dtype = torch.float32
    device: torch.device = torch.device("cpu")  # noqa: RUF009
    micro: int = 1
    """Rows of a forward pass, if the config does not say."""
    checkpointing: bool = False


def arguments(config: TrainConfig, plan: Plan, kind: type[SFTConfig] | None = None) -> SFTConfig:
    """TRL's arguments, as `kind`. Raises UserError for those that TRL does not know or rejects."""
    from trl import SFTConfig

    extra = {k: v for k, v in config.extra.items() if k != "lora"}
    if ours := OURS & extra.keys():
        raise UserError(
            f"train.extra: {', '.join(sorted(ours))} cannot be set, the check of what is trained on rests on it"
        )
    micro, accumulated = _passes(config, plan.micro)
    settings: dict[str, Any] = {
        "output_dir": str(plan.folder),
        "max_steps": plan.steps,
        "learning_rate": plan.rate,
        "lr_scheduler_type": config.schedule,
        "warmup_steps": _warmup_steps(config.warmup, plan.steps),
        "seed": plan.seed,
        "optim": "adamw_torch",
        "bf16": plan.dtype == torch.bfloat16,
        "fp16": plan.dtype == torch.float16,
        "use_cpu": plan.device.type == "cpu",
        "gradient_checkpointing": plan.checkpointing,
        "max_length": None,
        "packing": False,
        "loss_type": "nll",
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "train_sampling_strategy": "sequential",
        "average_tokens_across_devices": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": plan.device.type == "cuda",
        "save_strategy": "no",
        "save_total_limit": 2,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": config.report_to if isinstance(config.report_to, str) else list(config.report_to),
        "run_name": "/".join(plan.folder.resolve().parts[-4:]).removesuffix(".partial"),
        "disable_tqdm": True,
        "log_level": "error",
        **extra,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": accumulated,
    }
    try:
        return (kind or SFTConfig)(**settings)
    except (TypeError, ValueError, RuntimeError, ImportError) as error:
        raise UserError(f"train: {_line(error)}") from error


def trainer(
    model: Any,
    arguments: SFTConfig,
    dataset: Any,
    tokenizer_and_pad: tuple[Any, int],
    peft_config: LoraConfig | None,
    callbacks: Sequence[transformers.TrainerCallback] = (),
) -> Any:
    """TRL's trainer over rows that are ids and labels already. Raises UserError for what TRL or PEFT reject."""
    from transformers.trainer_callback import PrinterCallback
    from trl import SFTTrainer
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    tokenizer, pad = tokenizer_and_pad
    try:
        made = SFTTrainer(
            model=model,
            args=arguments,
            train_dataset=dataset,
            processing_class=tokenizer,
            data_collator=DataCollatorForLanguageModeling(pad_token_id=pad),
            peft_config=peft_config,
            callbacks=list(callbacks),
        )
    except (TypeError, ValueError, RuntimeError, ImportError) as error:
        raise UserError(f"train: {_line(error)}") from error
    made.remove_callback(PrinterCallback)
    return made


def lora(config: TrainConfig) -> LoraConfig | None:
    """PEFT's config; None if all weights are trained. Raises UserError for arguments that PEFT rejects."""
    if config.method == "full":
        return None
    if config.lora_rank < 1:
        raise UserError(f"train.lora_rank: found {config.lora_rank}, expected 1 or more (the paper: 8)")
    from peft import LoraConfig

    extra = config.extra.get("lora", {})
    if not isinstance(extra, dict):
        raise UserError(f"train.extra.lora: found {extra!r}, expected arguments of peft.LoraConfig by name")
    settings = {
        "r": config.lora_rank,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "target_modules": config.target_modules if isinstance(config.target_modules, str) else [*config.target_modules],
        "task_type": "CAUSAL_LM",
    }
    try:
        return LoraConfig(**{**settings, **extra})
    except (TypeError, ValueError, ImportError) as error:
        raise UserError(f"train.extra.lora: {_line(error)}") from error


def rows_of_a_step(config: TrainConfig) -> int:
    """Rows that one process takes in an optimizer step. Raises UserError if the processes cannot share them."""
    share, remainder = divmod(config.batch_size, world_size())
    if remainder:
        raise UserError(f"train.batch_size: found {config.batch_size}, expected a multiple of {world_size()} processes")
    return share


def _passes(config: TrainConfig, micro: int) -> tuple[int, int]:
    """Rows of a forward pass, and passes of a step."""
    share, given = rows_of_a_step(config), []
    for name in ("per_device_train_batch_size", "gradient_accumulation_steps"):
        value = config.extra.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise UserError(f"train.extra.{name}: found {value!r}, expected a whole number, 1 or more")
        given.append(value)
    micro = given[0] or (max(1, share // given[1]) if given[1] else micro)
    accumulated = given[1] or max(1, share // micro)
    if micro * accumulated != share:
        raise UserError(
            f"train.extra: {micro} rows a forward pass x {accumulated} passes is not train.batch_size "
            f"{config.batch_size} / {world_size()} processes; set per_device_train_batch_size to a divisor"
        )
    return micro, accumulated


def _warmup_steps(warmup: float, steps: int) -> int:
    """Optimizer steps that warm up; the last step of a training never does, else one step would be at rate 0."""
    return min(int(warmup) if warmup >= 1 else math.ceil(warmup * steps), steps - 1)


def require(config: RunConfig, model: Path, tokenizer: Any) -> None:
    """Makes the trainer of the run over two rows and the model's shape, without weights (torch's meta device), with
    its optimizer and schedule. Raises UserError for whatever a training would stop at."""
    train = config.train
    device = loading.device(train.device, "train.device")
    dtype = loading.dtype(train.dtype, device, model)
    if train.method == "qlora":
        require_bitsandbytes()
    if found := sorted(ELSEWHERE.keys() & train.extra.keys()):
        raise UserError(
            f"train.extra.{found[0]}: the config has a field of its own for this; set {ELSEWHERE[found[0]]}"
        )
    extra_lora = train.extra.get("lora")
    if isinstance(extra_lora, dict) and (found := sorted(ELSEWHERE_LORA.keys() & extra_lora.keys())):
        raise UserError(
            f"train.extra.lora.{found[0]}: the config has a field of its own for this; set {ELSEWHERE_LORA[found[0]]}"
        )
    peft_config, rate = lora(train), min(train.rate(name) for name in config.ladders())
    rows_of_a_step(train)
    if world_size() > 1:
        # Arguments of a process among several wait for the others.
        return
    _require_types(train.extra)
    if train.extra.get("use_liger_kernel") and not transformers.utils.is_liger_kernel_available():
        raise UserError("train.extra.use_liger_kernel: needs liger-kernel; pip install liger-kernel")
    if device.type != "cpu":
        dtype = torch.float32
        train = train.model_copy(update={"extra": {k: v for k, v in train.extra.items() if k not in OF_THE_GPU}})
    shape = loading.shape(model, config.trust_remote_code)
    for name in (peft_config.modules_to_save if peft_config is not None else None) or ():
        if not any(found == name or found.endswith(f".{name}") for found, _ in shape.named_modules()):
            raise UserError(f"train.extra.lora.modules_to_save: found {name!r}, and the model has no such module")
    if peft_config is not None and isinstance(peft_config.init_lora_weights, str):
        # Their start is computed from the weights, which are not there.
        _require_start(peft_config.init_lora_weights)
        peft_config.init_lora_weights = True
    with tempfile.TemporaryDirectory() as folder:
        try:
            _try(shape, arguments(train, Plan(Path(folder), rate, 2, 0, dtype), _on_meta()), tokenizer, peft_config)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"train.schedule or train.extra: {_line(error)}") from error


def _try(shape: Any, made: SFTConfig, tokenizer: Any, peft_config: LoraConfig | None) -> None:
    """All that a training makes before its first step."""
    from datasets import Dataset

    rows = Dataset.from_dict({"input_ids": [[0, 1]] * 2, "labels": [[0, 1]] * 2})
    trainer(shape, made, rows, (tokenizer, 0), peft_config).create_optimizer_and_scheduler(num_training_steps=2)


def _on_meta() -> type[SFTConfig]:
    from trl import SFTConfig

    class OnMeta(SFTConfig):
        """Arguments of a training that leaves the model where it is."""

        @property
        def place_model_on_device(self) -> bool:
            return False

    return OnMeta


def _require_types(extra: dict[str, Any]) -> None:
    """Raises UserError for an argument that TRL does not know, or of a type it does not take: it looks at none."""
    from trl import SFTConfig

    hints = get_type_hints(SFTConfig)
    for name, value in extra.items():
        if name == "lora":
            continue
        if name not in hints:
            raise UserError(f"train.extra: {plugins.unknown('argument of SFTConfig', name, sorted(hints), 5)}")
        plugins.require_type(value, hints[name], f"train.extra.{name}")
        if name in NO_EFFECT:
            raise UserError(
                f"train.extra.{name}: changes nothing here: rows, chat template, checkpoints and evaluation are s3ft's "
                "own; leave it out"
            )
        low, high = LIMITS.get(name, (-math.inf, math.inf))
        if isinstance(value, int | float) and not low <= value <= high:
            raise UserError(f"train.extra.{name}: found {value!r}, expected {low:g} to {high:g}")


def _require_start(name: str) -> None:
    known = ("gaussian", "eva", "olora", "pissa", "corda", "loftq", "orthogonal", "mica")
    if name not in known and not name.startswith("pissa_niter_"):
        raise UserError(f"train.extra.lora.init_lora_weights: found {name!r}, expected true, false, {', '.join(known)}")


def require_bitsandbytes() -> None:
    """Raises UserError if 4-bit weights cannot be had."""
    if not transformers.utils.is_bitsandbytes_available():
        raise UserError("train.method: found qlora, which needs bitsandbytes; pip install bitsandbytes")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
