"""Every setting of a run, as frozen dataclasses: the whole vocabulary of the YAML files.

A field's ``help`` is what the command line shows; ``low``, ``high`` and ``choices`` are checked on loading.
A field without a default must stand in the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def is_pissa(lora: LoraSettings | None) -> bool:
    """Whether A and B start from the weights, which then are not the base model's any more."""
    return lora is not None and lora.init_lora_weights != "default"


LARGEST_SEED = 2**32 - 1  # that numpy takes


def setting(help: str, default: Any = ..., low: float | None = None, high: float | None = None,
            choices: tuple = (), later: bool = False) -> Any:  # fmt: skip
    """A dataclass field with its meaning and its limits (both inclusive).

    One that is ``later`` came when runs were recorded already; at its default, which does what they did, it is no part
    of the settings' hash, so that a run begun before it goes on, and its record is still found by its settings.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "later": later}
    if default is ...:
        return field(metadata=metadata)
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class ModelSettings:
    """The model that is tuned, and how it is held."""

    source: str = setting("bundled:smollm2-135m-instruct, tiny-random:ARCHITECTURE, a folder, or a hub id")
    revision: str | None = setting("commit of a hub id (required there), otherwise null")
    dtype: str = setting("how the weights are held; auto is bfloat16 where the device has it", "auto",
                         choices=("auto", "float32", "bfloat16"))  # fmt: skip
    quantization: str = setting("nf4 holds the frozen weights in 4 bits (QLoRA)", "none",
                                choices=("none", "nf4"))  # fmt: skip


@dataclass(frozen=True)
class LoraSettings:
    """The adapter: delta W = lora_alpha / r * B A on every targeted layer; variants in training/models/adapter.py."""

    r: int = setting("R, the inner width of the adapter", low=1, high=1024)
    lora_alpha: float = setting("the update is scaled by lora_alpha / r", low=0, high=1e6)
    lora_dropout: float = setting("dropout on the adapter's input", 0.0, low=0, high=0.9)
    target_modules: str | list[str] = setting("which linear layers carry an adapter: all-linear, a list of names such"
                                              " as [q_proj, v_proj], or a regular expression for a module's whole name",
                                              "all-linear")  # fmt: skip
    layers_to_transform: str | list[int] | None = setting("layers with an adapter, from 0: a list, or from:N for N"
                                                          " and all above it (no gradient has to go below N);"
                                                          " null: all", None)  # fmt: skip
    target_parameters: str | list[str] | None = setting("which parameters of a mixture's experts carry an adapter:"
                                                        " experts for all, or a list of names such as"
                                                        " [experts.down_proj]; null: none", None,
                                                        later=True)  # fmt: skip
    use_rslora: bool = setting("rsLoRA: the update is scaled by lora_alpha / sqrt(r)", False)
    use_dora: bool = setting("DoRA: the length of each output's weights is trained apart from their direction", False)
    init_lora_weights: str = setting("default: A random, B zero; pissa or pissa_niter_N: from the weights' largest"
                                     " singular vectors", "default")  # fmt: skip


@dataclass(frozen=True)
class DataSettings:
    """Where the rows come from."""

    train_file: str | None = setting("JSONL of rows to train on; null asks the task's generator", None)
    heldout_files: dict[str, str] = setting("name of a held-out set -> JSONL file; {} asks the task's generator", {})
    n_train: int = setting("rows that the generator makes", 1000, low=1)
    n_heldout: int = setting("rows of each held-out set", 200, low=1)
    seed: int = setting("seed of the generator", 0, low=0)
    variant: str = setting("which design of the training data", "default")
    replay_fraction: float = setting("general text per training row, against forgetting", 0.0, low=0, high=1)
    replay_chats: int = setting("ordinary questions with the embedded model's own answers, every second one as plain"
                                " text, so that it keeps to the subject", 0, low=0)  # fmt: skip


@dataclass(frozen=True)
class TrainSettings:
    """The optimiser's walk, and the switches that make it quick without changing it."""

    learning_rate: float = setting("peak step size of AdamW", low=0, high=1)
    lr_scheduler_type: str = setting(
        "how the rate falls after the warm-up", choices=("linear", "cosine", "constant_with_warmup")
    )
    warmup_steps: float = setting("steps that warm up; below 1: a share of the steps, as in transformers 5", low=0,
                                  high=1e6)  # fmt: skip
    num_train_epochs: float = setting("passes over the rows", low=0, high=1e6)
    per_device_train_batch_size: int = setting("rows of one micro-batch on one device", low=1)
    gradient_accumulation_steps: int = setting("micro-batches of one step", low=1)
    weight_decay: float = setting("AdamW's pull towards zero", low=0)
    max_grad_norm: float = setting("largest norm of the gradient; 0 switches it off", low=0)
    seed: int = setting("seed of the adapter's start and of the order of the rows", low=0, high=LARGEST_SEED)
    max_length: int = setting("longest row in tokens; longer ones are refused by the data check", low=8)
    adam_beta2: float = setting("AdamW's memory of squared gradients, about 1 / (1 - beta2) steps; below 1", 0.999,
                                low=0,
                           high=0.999999)  # fmt: skip
    max_steps: int = setting("stop after so many steps; 0 means after the epochs", 0, low=0)
    sparse_logits: bool = setting("score the vocabulary only where a label stands", True)
    shared_prefix: bool = setting("run what all rows of a micro-batch begin with only once", True)
    train_sampling_strategy: str = setting("group_by_length puts rows of like length into one batch", "group_by_length",
                                           choices=("group_by_length", "random"))  # fmt: skip
    gradient_checkpointing: bool = setting("recompute activations in the backward pass: less memory, more time", False)
    save_steps: int = setting("steps between two points to go on from", 25, low=1)
    optim: str = setting("paged_adamw_8bit keeps AdamW's state in 8 bits (needs a GPU)", "adamw_torch_fused",
                         choices=("adamw_torch_fused", "paged_adamw_8bit"))  # fmt: skip

    @property
    def by_length(self) -> bool:
        """Whether rows of like length come into one batch."""
        return self.train_sampling_strategy == "group_by_length"


@dataclass(frozen=True)
class ProbeSettings:
    """When the base model is judged good enough without training."""

    n: int = setting("rows that are asked", 50, low=1)
    exact_threshold: float = setting("share of exact answers from which on training is refused", 0.9, low=0, high=1)
    num_fewshot: int = setting("examples in the prompt of the fair baseline", 4, low=0)


@dataclass(frozen=True)
class EvaluateSettings:
    """How answers are made and scored; the same before and after."""

    per_device_eval_batch_size: int = setting("prompts answered together", 100, low=1)
    max_new_tokens: int = setting("longest answer", 80, low=1)
    num_fewshot: int = setting("examples in the prompt of the fair baseline", 4, low=0)
    base_rows: int = setting("first rows of each set that the untrained model is asked, twice; 0 means all", 0, low=0)
    sets: list[str] = setting("the task's held-out sets to score; [] means all but a sealed one", [])


@dataclass(frozen=True)
class GateSettings:
    """Margins stated before the run: what a gain may cost elsewhere."""

    cross_entropy_nats: float = setting("allowed rise on general text", 0.05, low=0)
    multiple_choice_points: float = setting("allowed fall of the general test, in points", 2.0, low=0)
    topicality_points: float = setting("allowed fall of on-topic answers, in points", 2.0, low=0)


@dataclass(frozen=True)
class Config:
    """One run, whole."""

    name: str = setting("first part of the run's name")
    method: str = setting("how it is trained: sft here, dpo, reward and grpo add sections", choices=("sft",))
    task: str = setting("module of training/data/tasks, or jsonl for rows of your own")
    model: ModelSettings = setting("the model")
    lora: LoraSettings | None = setting("the adapter; null trains every weight")
    data: DataSettings = setting("the rows")
    train: TrainSettings = setting("the training")
    probe: ProbeSettings = setting("is training needed at all?", ProbeSettings())
    evaluate: EvaluateSettings = setting("before and after", EvaluateSettings())
    gate: GateSettings = setting("what may not get worse", GateSettings())
