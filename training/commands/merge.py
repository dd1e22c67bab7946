"""``python -m training merge``: add the adapter into the weights and check that nothing else changed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from training.methods.configuration import config_from
from training.models import guards, loading
from training.run import machine
from training.run.arguments import add_common
from training.run.errors import BadInput
from training.run.settings import ModelSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ABOUT = """Write an ordinary model folder with W + alpha / rank * B A in place of W, in float32, after checking that its
logits equal those of base and adapter apart. Such a folder loads anywhere, without PEFT. An adapter that was trained
on 4-bit weights belongs on them: they are brought back to float32 first, with their rounding, and merged so.

  python -m training merge --config runs/RUN/config.yaml --adapter runs/RUN/adapter --out merged"""


# Largest difference allowed, of the largest logit: float32 products summed in another order.
TOLERANCE = 1e-4
PROBE_TEXT = "The customer would like two blue kettles by the end of May, and asks where the last order has got to."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``merge``."""
    add_common(parser)
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
    merged, tokenizer, difference = merge(config.model, Path(args.adapter))
    machine.need_disk(Path(args.out), 4.0 * sum(p.numel() for p in merged.parameters()), "the merged model")
    merged.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    note = {"adapter": Path(args.adapter).name, "largest_logit_difference": difference, "tolerance": TOLERANCE}
    (Path(args.out) / "stage10.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    machine.say(f"merged into {args.out}; logits differ by {difference:.1e} of the largest")
    return 0


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
