"""``python -m training merge``: add the adapter into the weights and check that nothing else changed."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from training.methods.configuration import config_from
from training.methods.planning import phase_memory
from training.models import guards, loading
from training.models.shapes import shape_of
from training.run import machine
from training.run.arguments import add_common
from training.run.errors import BadInput
from training.run.settings import ModelSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ABOUT = """Write an ordinary model folder with W + alpha / rank * B A in place of W, after checking in float32 that its
logits equal those of base and adapter apart. Its weights are written in the base model's own type (bfloat16 stays
bfloat16), or in --dtype. Such a folder loads anywhere, without PEFT. An adapter that was trained on 4-bit weights
belongs on them: they are brought back to float32 first, with their rounding, and merged so.

  python -m training merge --config runs/RUN/config.yaml --adapter runs/RUN/adapter --out merged"""


# Largest difference allowed, of the largest logit: float32 products summed in another order.
TOLERANCE = 1e-4
PROBE_TEXT = "The customer would like two blue kettles by the end of May, and asks where the last order has got to."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``merge``."""
    add_common(parser)
    parser.add_argument("--dtype", default="auto", choices=("auto", "float32", "bfloat16", "float16"),
                        help="of the merged weights; auto: as the base model's files hold them")  # fmt: skip
    parser.add_argument("--adapter", required=True, metavar="DIR", help="a run's adapter folder")


def run(args: argparse.Namespace) -> int:
    """Merge, check, save; 0 when done.

    Raises:
        BadInput: --out is missing, or as in ``merge``.
        GuardFailed: as in ``merge``.
        LackingResource: the disk is too full for the merged model.
    """
    config = config_from(args)
    if not args.out:
        raise BadInput("merge needs --out DIR for the merged model")
    make_room(config.model)
    merged, tokenizer, difference = merge(config.model, Path(args.adapter))
    dtype = loading.own_dtype(config.model) if args.dtype == "auto" else args.dtype
    in_type(merged, dtype)
    machine.need_disk(Path(args.out), merged.get_memory_footprint(return_buffers=False), "the merged model")
    merged.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    note = {
        "adapter": Path(args.adapter).name,
        "dtype": dtype,
        "largest_logit_difference": difference,
        "tolerance": TOLERANCE,
    }
    (Path(args.out) / "stage10.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    machine.say(f"merged into {args.out} in {dtype}; in float32 the logits differ by {difference:.1e} of the largest")
    return 0


def make_room(settings: ModelSettings) -> None:
    """Merge in main memory where the graphics card does not hold every weight in float32."""
    if machine.device() != "cuda":
        return
    import torch

    shape = shape_of(settings.source)
    if shape is None or phase_memory.merge_bytes(shape) > torch.cuda.mem_get_info()[0]:
        machine.say("  the card does not hold every weight in float32: merging in main memory")
        os.environ["STAGE10_DEVICE"] = "cpu"


def in_type(merged: PreTrainedModel, dtype: str) -> None:
    """Hold the merged weights in another type, tensor by tensor, and have the configuration say so."""
    import torch

    for parameter in merged.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(getattr(torch, dtype))
    merged.config.dtype = getattr(torch, dtype)


def merge(settings: ModelSettings, adapter: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, float]:
    """The merged model in float32, its tokenizer, and the largest relative difference of its logits.

    Raises:
        BadInput: there is no adapter, or it is damaged.
        GuardFailed: it was trained on another model, or merging changes the logits.
    """
    import torch

    guards.same_base(adapter, settings.source)
    loaded = loading.load_base(settings, "float32")
    if settings.quantization != "none":
        loaded.model = loaded.model.dequantize()
    tuned = loading.attach_adapter(loaded.model, adapter)
    ids = torch.tensor([loaded.tokenizer(PROBE_TEXT)["input_ids"]], device=loaded.model.device)
    with torch.no_grad():
        before = tuned(input_ids=ids).logits
        plain = loading.merged(tuned)
        difference = guards.merge_equal(before, plain(input_ids=ids).logits, TOLERANCE)
    return plain, loaded.tokenizer, difference
