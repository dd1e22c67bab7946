"""Memory of a run by formula: weights, adapter, gradients, optimiser state, activations, scores.

The arithmetic is that of the estimate tool on the site, ``labs_py.core.run_cost``; the site's page shows how far it
lay from measured runs. On a CPU the whole process is estimated as well, by what those runs took beyond their tensors.
"""

from __future__ import annotations

from dataclasses import replace

from labs_py.core import run_cost
from training.methods.embed.settings import EmbedConfig
from training.methods.planning.adapter_plan import adapted_of
from training.models import targets
from training.models.shapes import Shape, shape_of
from training.run.errors import BadInput
from training.run.settings import Config, LoraSettings
from training.run.strict_yaml import shown

DEFAULT_TOKENS = 512
MOST_TOKENS = 10**9
SPARSE_SHARE = 1 / 3  # of a row's tokens carry a label
OPTIMIZERS = {"adamw_torch_fused": "adamw", "paged_adamw_8bit": "paged_adamw_8bit"}  # as ``run_cost`` names them
PAIRED = ("dpo", "reward")  # methods whose row is a better and a worse answer


def estimate(config: Config, tokens: int | None = None, shape: Shape | None = None) -> dict:
    """Bytes by part, and the parameter counts they stem from.

    Args:
        config: the run.
        tokens: of one row; DEFAULT_TOKENS or ``train.max_length`` where that is less.
        shape: of the model; looked up when None.

    Raises:
        BadInput: when the model's shape is not known without a download, or no row has so many tokens.
    """
    if tokens is not None and not 1 <= tokens <= MOST_TOKENS:
        raise BadInput(f"--tokens: a row has between 1 and {MOST_TOKENS:,} tokens, not {shown(tokens)}")
    shape = shape or shape_of(config.model.source)
    if shape is None:
        raise BadInput(f"model.source: the shape of {config.model.source} is not known here: download it once and"
                       " give its folder, or add it to training/models/shapes.py")  # fmt: skip
    t = config.train
    exact = adapted_of(config) if shape_of(config.model.source) == shape else None
    trained = exact.count(config.lora) if exact and config.lora else None
    run = run_cost.Run(
        rank=config.lora.r if config.lora else 0,
        targets=targets.linears(config.lora, shape) if config.lora else "all-linear",
        first_layer=targets.adapted_from(config.lora) if config.lora else 0,
        adapted=len(targets.adapted_layers(config.lora, shape.layers)) if config.lora else None,
        dora=bool(config.lora and config.lora.use_dora),
        nf4=config.model.quantization == "nf4",
        dtype=config.model.dtype,
        optimizer=OPTIMIZERS[t.optim],
        tokens=tokens or min(DEFAULT_TOKENS, t.max_length),
        batch=rows_at_once(config),
        checkpointing=t.gradient_checkpointing,
        labelled=SPARSE_SHARE,
        tiles=config.method != "sft" or not t.sparse_logits,
    )
    if trained is not None:
        run = replace(run, more_trained=trained - run_cost.trained_parameters(shape, run))
    parts = run_cost.memory(shape, run)
    counts = {
        "parameters": shape.parameters,
        "trainable_parameters": run_cost.trained_parameters(shape, run),
    }
    found = {**counts, **{f"{name}_bytes": size for name, size in parts.items()}, "total_bytes": sum(parts.values())}
    if run.nf4:
        return found
    return {**found, "process_on_a_cpu_bytes": int(run_cost.process_bytes(shape, run))}


def rows_at_once(config: Config) -> int:
    """Texts whose activations are held together: of an embedder's batch a slice, where it is cut into slices."""
    sliced = config.embed.mini_batch_size if isinstance(config, EmbedConfig) else 0
    return sliced or config.train.per_device_train_batch_size * texts_of_a_row(config)


def texts_of_a_row(config: Config) -> int:
    """Texts that a row is trained on: a better and a worse answer, or a question, its passage and a wrong one."""
    if isinstance(config, EmbedConfig):
        return 2 if config.embed.negatives == "batch" else 3
    return 2 if config.method in PAIRED else 1


def adapter_parameters(shape: Shape, lora: LoraSettings) -> int:
    """Trainable parameters of the adapter of a configuration."""
    return run_cost.adapter_parameters(shape, targets.linears(lora, shape), lora.r, lora.use_dora,
                                       len(targets.adapted_layers(lora, shape.layers)))  # fmt: skip
