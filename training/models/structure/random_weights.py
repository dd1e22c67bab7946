"""A known decoder with random weights: its time and memory are those of the real one, and nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from training.models.shapes import Shape
from training.run import machine
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FAMILY, ROPE_BASE, POSITIONS = "qwen2", 1_000_000.0, 32_768  # of Qwen2.5's config.json
NARROW_HEAD, HEAD, NARROW = 64, 128, 1024  # Qwen2.5's heads are 64 wide in its smallest model and 128 in the others


def sizes_of(shape: Shape) -> dict[str, Any]:
    """A shape as the settings of transformers' configuration.

    Raises:
        BadInput: it is not of Qwen2's family; other families have settings that a shape does not hold.
    """
    if shape.architecture != FAMILY:
        raise BadInput(f"random weights are made in the shapes of {FAMILY} alone, and this is {shape.architecture}")
    width = NARROW_HEAD if shape.query < NARROW else HEAD
    return {"hidden_size": shape.hidden, "intermediate_size": shape.inner, "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.query // width, "num_key_value_heads": shape.key_value // width,
            "vocab_size": shape.vocabulary, "tie_word_embeddings": shape.tied}  # fmt: skip


def decoder(sizes: dict[str, Any], seed: int, device: str | None = None) -> PreTrainedModel:
    """A Qwen2 model of random bfloat16 weights, made on the device itself by transformers' own initialisation.

    Args:
        sizes: settings of transformers' configuration, as ``sizes_of`` gives them.
        seed: of the weights.
        device: "meta" makes the modules alone; the best device when None.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    rope = {"rope_type": "default", "rope_theta": ROPE_BASE}
    config = AutoConfig.for_model(FAMILY, **sizes, rope_parameters=rope, max_position_embeddings=POSITIONS,
                                  use_sliding_window=False)  # fmt: skip
    machine.set_seed(seed)
    with torch.device(device or machine.device()):
        made = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    return made.eval()
