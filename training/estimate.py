"""Memory of a run by formula: weights, adapter, gradients, optimiser state, activations, scores.

Departs from exact accounting: activations are counted as the tensors that a decoder layer keeps for its backward
pass, without the allocator's rounding; expect 20% either way.
"""

from __future__ import annotations

import json

from training.architectures import Shape, shape_of
from training.errors import BadInput
from training.model_targets import TARGETS
from training.settings import Config

HELP = "memory of weights, adapter, optimiser and activations, by formula"
ABOUT = """Weights cost their parameters times the bytes of their type; a LoRA adapter rank * (D_in + D_out)
parameters for each targeted map, in float32; AdamW two more numbers for every trained one; the backward pass keeps
each layer's inputs for every token of a micro-batch; and each labelled token is scored against the whole vocabulary.

  python -m training estimate --config training/configs/sft/qwen2.5_7b_lora_80gb.yaml
  python -m training estimate --config training/configs/sft/smollm2_orders.yaml --tokens 140 --json"""
BYTES = {"float32": 4.0, "bfloat16": 2.0, "auto": 2.0}
NF4_BITS = 4 + 0.127  # 4 bits, and double-quantised scales: Dettmers et al. 2023, arXiv:2305.14314, section 3
DEFAULT_TOKENS = 512


def add_arguments(parser) -> None:
    """Arguments of ``estimate``."""
    from training.cli import add_common

    add_common(parser)
    parser.add_argument("--tokens", type=int, help="tokens of one row (512, or train.max_length where that is less)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args) -> int:
    """Print the estimate."""
    from training.cli import config_from

    config = config_from(args)
    parts = estimate(config, args.tokens)
    if args.json:
        print(json.dumps(parts, indent=1))
        return 0
    for name, value in parts.items():
        if name.endswith("_bytes"):
            print(f"{name.removesuffix('_bytes').replace('_', ' '):<22}{value / 1e9:>9.2f} GB")
        else:
            print(f"{name.replace('_', ' '):<22}{value:>12,}")
    return 0


def estimate(config: Config, tokens: int | None = None, shape: Shape | None = None) -> dict:
    """Bytes by part, and the parameter counts they stem from.

    Args:
        config: the run.
        tokens: of one row; DEFAULT_TOKENS or ``train.max_length`` where that is less.
        shape: of the model; looked up when None.

    Raises:
        BadInput: when the model's shape is not known without a download.
    """
    shape = shape or shape_of(config.model.source)
    if shape is None:
        raise BadInput(f"model.source: the shape of {config.model.source} is not known here: download it once and"
                       " give its folder, or add it to training/architectures.py")  # fmt: skip
    t = config.train
    tokens = tokens or min(DEFAULT_TOKENS, t.max_length)
    size = BYTES[config.model.dtype] if config.lora else 4.0
    trained = adapter_parameters(shape, config.lora) if config.lora else shape.parameters
    held = shape.parameters * size
    if config.model.quantization == "nf4":
        held += shape.linear_parameters * (NF4_BITS / 8 - size)
    state = 2 if t.optimizer == "paged_adamw_8bit" else 8
    parts = {
        "parameters": shape.parameters,
        "trainable_parameters": trained,
        "weights_bytes": held,
        "adapter_bytes": 4 * trained if config.lora else 0,
        "gradients_bytes": 4 * trained,
        "optimiser_bytes": state * trained,
        "activations_bytes": activation_bytes(shape, t.batch_size * tokens, min(size, 2.0), t.checkpointing),
        "scores_bytes": scores_bytes(shape, t.batch_size * tokens, t.sparse_logits),
    }
    parts = {k: int(v) for k, v in parts.items()}
    parts["total_bytes"] = sum(v for k, v in parts.items() if k.endswith("_bytes"))
    return parts


# --8<-- [start:adapter]
def adapter_parameters(shape: Shape, lora) -> int:
    """Trainable parameters of an adapter: A is (R, D_in), B is (D_out, R)."""
    chosen = TARGETS[lora.targets]
    return shape.layers * sum(lora.rank * (i + o) for name, (i, o) in shape.linears.items() if name in chosen)


# --8<-- [end:adapter]


def activation_bytes(shape: Shape, tokens: int, size: float, checkpointing: bool) -> float:
    """What the backward pass needs of ``tokens`` tokens.

    A layer keeps its two norms' inputs (float32), the inputs of its seven maps, queries, keys and values after
    rotation, the attention's result, and three tensors of the gated MLP. Checkpointing keeps each layer's input
    only, and one layer whole while it is computed again.
    """
    h, k, m = shape.hidden, shape.key_value, shape.inner
    layer = tokens * (size * (7 * h + 4 * k + 4 * m) + 4 * 4 * h)
    if checkpointing:
        return shape.layers * tokens * h * size + layer
    return shape.layers * layer


def scores_bytes(shape: Shape, tokens: int, sparse: bool) -> float:
    """Scores of the vocabulary with their gradient in float32 and half of it again; a third of the tokens labelled."""
    return (tokens / 3 if sparse else tokens) * shape.vocabulary * 10.0
