"""``python -m training estimate``: memory of a run by formula."""

from __future__ import annotations

import argparse
import json

from training.methods.configuration import config_from
from training.methods.memory_estimate import estimate
from training.run.arguments import add_common

ABOUT = """Weights cost their parameters times the bytes of their type; a LoRA adapter rank * (D_in + D_out)
parameters for each targeted linear layer, in float32; AdamW two more numbers for every trained one; the backward pass
keeps each layer's inputs for every token of a micro-batch; each labelled token has logits over the whole vocabulary.

  python -m training estimate --config training/configs/sft/qwen2.5_7b_lora_80gb.yaml
  python -m training estimate --config training/configs/sft/smollm2_orders.yaml --tokens 140 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``estimate``."""
    add_common(parser)
    parser.add_argument("--tokens", type=int, help="tokens of one row (512, or train.max_length where that is less)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the estimate in GB (10^9 bytes); 0.

    Raises:
        BadInput: the configuration cannot be used.
    """
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
