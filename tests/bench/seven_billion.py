"""What a training step of a 7B costs on one GPU, stock TRL's and ours: ``make bench-7b``.

A model of random weights in Qwen2.5-7B's shape (time and memory do not depend on what the weights are, and nothing is
downloaded) takes a few optimiser steps in six variants, one after the other in one process, on the same rows of the
task `orders` in the same order, eight rows a step:

    lora-stock   lora-ours     LoRA of rank 16 on bfloat16 weights
    qlora-stock  qlora-ours    the same on weights held as NF4 with double quantisation
    full-stock   full-ours     all weights, float32 under autocast, paged 8-bit AdamW, activations recomputed

Stock is TRL's SFTTrainer with SFTConfig's defaults (activations recomputed); ours is what `python -m training train`
builds from training/configs/sft/qwen2.5_7b_lora_80gb.yaml. LoRA needs a GPU of 80 GB, full about 120 GB. A variant that
does not fit is noted with its error, and the others go on. The tokenizer is the embedded model's; its ids are within
Qwen's vocabulary.

    python tests/bench/seven_billion.py                         all six; writes docs/data/runs/seven-billion.json
    python tests/bench/seven_billion.py --only lora-ours,lora-stock --out part.json
    python tests/bench/seven_billion.py --shape tiny --steps 2  the same path in seconds on a CPU; figures mean nothing
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import shlex
import statistics
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training.models.shapes import shape_of  # noqa: E402
from training.models.structure import random_weights  # noqa: E402
from training.run import machine  # noqa: E402
from training.run.errors import (  # noqa: E402
    BadInput,
    LackingResource,
    TrainingError,  # noqa: E402
)

CONFIG = ROOT / "training/configs/sft/qwen2.5_7b_lora_80gb.yaml"
RECORD = ROOT / "docs/data/runs/seven-billion.json"
SOURCE = "Qwen/Qwen2.5-7B-Instruct"
TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 49_152, "tie_word_embeddings": False}  # fmt: skip
BATCH, WARM_UP, SEED, WHOLE = 8, 3, 0, 10  # rows of a step; steps not counted; of everything; steps of a record
FULL = ("lora=null", "train.gradient_checkpointing=true", "train.shared_prefix=false", "train.learning_rate=1.0e-5")
METHODS = {"lora": (), "qlora": ("model.quantization=nf4",), "full": (*FULL, "train.optim=paged_adamw_8bit")}
NAMES = tuple(f"{method}-{who}" for method in METHODS for who in ("stock", "ours"))


def settings(name: str, args) -> tuple[object, list[str]]:
    """A variant's configuration, and the overrides that make it out of CONFIG."""
    from training.methods.configuration import load_config

    more = list(METHODS[name.split("-")[0]])
    if args.shape == "tiny":  # paging needs a GPU
        more = [text for text in more if "paged" not in text]
    more += [
        f"train.per_device_train_batch_size={args.batch}",
        "train.gradient_accumulation_steps=1",
        f"train.max_steps={args.steps}",
        *args.set,
    ]
    return load_config(CONFIG, [*more, f"data.n_train={args.batch * args.steps}"], SEED), more


def random_model(shape: str, device: str | None = None):
    """A model of random bfloat16 weights; ``device`` as in ``random_weights.decoder``.

    Raises:
        BadInput: it has not as many parameters as the real one.
    """
    known = shape_of(SOURCE)
    made = random_weights.decoder(TINY if shape == "tiny" else random_weights.sizes_of(known), SEED, device)
    if shape != "tiny" and made.num_parameters() != known.parameters:
        raise BadInput(f"the model has {made.num_parameters():,} parameters and not {known.parameters:,}")
    return made


def quantise(made) -> None:
    """Hold the layers' linear maps as NF4, as transformers' loading does: the head and the embeddings stay bfloat16."""
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit
    from transformers.quantizers.auto import AutoHfQuantizer

    from training.models import loading
    from training.models.targets import ALL_LINEAR

    for name in [n for n, _ in made.named_modules() if n.rsplit(".", 1)[-1] in ALL_LINEAR]:
        plain = made.get_submodule(name)
        kind = {"compress_statistics": True, "quant_type": "nf4"}
        held = Linear4bit(plain.in_features, plain.out_features, bias=plain.bias is not None,
                          compute_dtype=torch.bfloat16, device="meta", **kind)  # fmt: skip
        weight = Params4bit(plain.weight.data, requires_grad=False, module=held, **kind)
        held.weight, held.bias = weight.to(plain.weight.device), plain.bias
        held.requires_grad_(False)
        made.set_submodule(name, held)
    loading._keep_scales(made)
    wanted = loading._nf4(torch.bfloat16)
    made.hf_quantizer = AutoHfQuantizer.from_config(wanted, pre_quantized=False)
    made.config.quantization_config, made.quantization_method = wanted, wanted.quant_method
    made.is_loaded_in_4bit = True


def load(config, tokenizer, shape: str):
    """The base as ``training.models.loading.load_base`` gives it, of random weights."""
    from training.models.loading import LoadedModel

    made = random_model(shape)
    if config.model.quantization == "nf4":
        quantise(made)
    return LoadedModel(made, tokenizer, "bfloat16", {"source": f"random weights in the shape of {SOURCE}"})


def ours(config, loaded, encoded, folder: Path):
    """Our trainer, its adapter in float32 as in ``training.methods.trainer.run_and_save``."""
    from training.methods import trainer as method_trainer
    from training.methods.sft import train as sft
    from training.models import precision
    from training.run.folder import RunFolder

    run = RunFolder(folder)
    run.path.mkdir(parents=True)
    trainer, _ = sft.build_trainer(config, method_trainer.prepare(config, loaded), encoded, loaded, run, quiet=True)
    if config.lora:
        precision.in_float32(trainer.model)
    return trainer


def stock(config, loaded, encoded, folder: Path):
    """SFTTrainer as a reader would write it, with SFTConfig's defaults; adapter, batch, rate and rows as ours."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from training.methods import trainer as method_trainer
    from training.methods.steps import warmup_steps

    t, gpu = config.train, machine.device() == "cuda"
    more = {} if t.optim == "adamw_torch_fused" else {"optim": t.optim}
    arguments = SFTConfig(output_dir=str(folder), per_device_train_batch_size=t.per_device_train_batch_size,
                          max_steps=t.max_steps, learning_rate=t.learning_rate,
                          warmup_steps=warmup_steps(config, t.max_steps), seed=t.seed,
                          report_to="none", save_strategy="no", disable_tqdm=True, logging_steps=1, use_cpu=not gpu,
                          dataloader_pin_memory=gpu, **more)  # fmt: skip
    if config.lora:
        lora = LoraConfig(r=config.lora.r, lora_alpha=config.lora.lora_alpha, target_modules="all-linear",
                          task_type="CAUSAL_LM")  # fmt: skip
    else:
        lora = None
        method_trainer.prepare(config, loaded)  # the weights in float32, as ours
    rows = Dataset.from_list([{"input_ids": e.ids, "labels": e.labels} for e in encoded])
    machine.set_seed(t.seed)
    trainer = SFTTrainer(model=loaded.model, args=arguments, train_dataset=rows,
                         processing_class=loaded.tokenizer, peft_config=lora)  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    return trainer


def device_bytes() -> int:
    """What is used of the GPU by anything: with bitsandbytes' paged state, of which torch knows nothing; 0 on a CPU."""
    import torch

    if machine.device() != "cuda":
        return 0
    free, total = torch.cuda.mem_get_info()
    return total - free


def clock():
    """A callback with the end of each step in seconds, its loss, and the most that was used of the GPU (bytes)."""
    import torch
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        """``ends`` begins with the start of the first step."""

        def __init__(self) -> None:
            self.ends, self.losses, self.used = [], [], 0

        def _note(self) -> None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.ends.append(time.perf_counter())

        def on_step_begin(self, args, state, control, **_) -> None:
            if not self.ends:
                self._note()

        def on_step_end(self, args, state, control, **_) -> None:
            self._note()
            self.used = max(self.used, device_bytes())

        def on_log(self, args, state, control, logs=None, **_) -> None:
            if logs and "loss" in logs:
                self.losses.append(float(logs["loss"]))

    return Clock()


def measure(name: str, config, tokenizer, encoded, shape: str, batch: int) -> dict:
    """Train one variant for its steps; nothing of it is kept but the figures.

    Returns:
        Seconds of the median step after the warm-up; tokens (padding left out) per second; bytes of the model with its
        adapter, at the peak of the steps, and ``device_bytes``: by which the GPU's use rose, paged state included.
    """
    from training.commands.memory_benchmark import forget_peak, resident_bytes

    method, who = name.split("-")
    before, noted = device_bytes(), clock()
    with tempfile.TemporaryDirectory() as place:
        make = {"stock": stock, "ours": ours}[who]
        trainer = make(config, load(config, tokenizer, shape), encoded, Path(place) / "run")
        trainer.args.save_strategy = "no"
        trainer._get_train_sampler = lambda *_: list(range(len(encoded)))
        trainer.add_callback(noted)
        release()
        held = resident_bytes()
        forget_peak()
        trainer.train()
        peak = resident_bytes(peak=True)
    gaps = [b - a for a, b in zip(noted.ends, noted.ends[1:], strict=False)]
    skip = min(WARM_UP, len(gaps) - 1)
    tokens = [sum(len(e.ids) for e in encoded[k : k + batch]) for k in range(0, len(encoded), batch)]
    seconds = statistics.median(gaps[skip:])
    return {"tokens_per_second": round(statistics.mean(tokens[skip:]) / seconds, 1),
            "step_seconds": round(seconds, 4), "all_step_seconds": [round(gap, 4) for gap in gaps],
            "steps": len(gaps), "warm_up": skip, "batch": batch,
            "mean_row_tokens": round(statistics.mean(len(e.ids) for e in encoded), 1),
            "peak_bytes": peak, "loaded_bytes": held, "device_bytes": max(0, noted.used - before),
            "trained": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
            "checkpointing": bool(trainer.args.gradient_checkpointing), "optimizer": str(trainer.args.optim),
            "loss_first": round(noted.losses[0], 4), "loss_last": round(noted.losses[-1], 4)}  # fmt: skip


def release() -> None:
    """Give back what a finished variant held: the cycles of trainers, and what bitsandbytes keeps by name."""
    import torch

    if "bitsandbytes" in sys.modules:
        from bitsandbytes.functional import GlobalPageManager
        from bitsandbytes.optim import GlobalOptimManager

        for manager in (GlobalPageManager, GlobalOptimManager):
            manager.get_instance().initialize()
    gc.collect()
    machine.release_memory()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def attempt(name: str, args, tokenizer, encoded) -> dict:
    """A variant's figures, or the one line in which it failed; the memory is free again afterwards."""
    from training.commands.memory_benchmark import resident_bytes

    config, overrides = settings(name, args)
    found = {"name": name, "method": name.split("-")[0], "trainer": name.split("-")[1], "overrides": overrides}
    began = time.perf_counter()
    try:
        found |= measure(name, config, tokenizer, encoded, args.shape, args.batch)
    except Exception as error:  # whatever it is, the other variants are still wanted
        found["error"] = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
        machine.say("".join(traceback.format_exception(error)[-6:]))
        traceback.clear_frames(error.__traceback__)
    release()
    machine.say(f"{name}: {time.perf_counter() - began:.1f} s in all, {resident_bytes() / 1e9:.2f} GB held afterwards")
    return found


def line_of(found: dict) -> str:
    """One row of the table."""
    if "error" in found:
        return f"{found['name']:<12} {found['error']}"
    memory = " ".join(f"{found[key] / 1e9:9.2f}" for key in ("loaded_bytes", "peak_bytes", "device_bytes"))
    return (f"{found['name']:<12} {found['step_seconds']:8.3f} {found['tokens_per_second']:10,.0f} {memory}"
            f"   {found['loss_first']:.3f} to {found['loss_last']:.3f}")  # fmt: skip


def write(report: dict, file: Path | None) -> None:
    """The report so far, whole or not at all."""
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(file.name + ".partial")
        partial.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(file)


def arguments(given: list[str]):
    """Parsed and checked arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=("7b", "tiny"), default="7b", help="tiny: two layers of width 64 on the CPU")
    parser.add_argument("--steps", type=int, default=WHOLE, help=f"optimiser steps of a variant ({WHOLE}); the median"
                        f" is over those after the first {WARM_UP}")  # fmt: skip
    parser.add_argument("--batch", type=int, default=BATCH, help=f"rows of a step ({BATCH})")
    parser.add_argument("--only", default=",".join(NAMES), metavar="NAMES", help="variants, with commas between")
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="a setting laid over every"
                        " variant's, such as train.gradient_checkpointing=true; stock takes adapter, rate and optimiser"
                        " of it")  # fmt: skip
    parser.add_argument("--tokenizer", metavar="DIR", help="folder of another tokenizer than the embedded model's")
    parser.add_argument("--commit", default="", help="where this copy of the checkout has no git: the commit it is of")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON, written again after each variant; a whole run"
                        f" goes to {RECORD.relative_to(ROOT)}, a partial one nowhere")  # fmt: skip
    args = parser.parse_args(given)
    args.names = [name for name in NAMES if name in args.only.split(",")]
    unknown = set(args.only.split(",")) - set(NAMES)
    if args.batch < 1:
        raise BadInput(f"--batch {args.batch}: give 1 row or more")
    if unknown or args.steps < 2:
        raise BadInput(f"--only: there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}" if unknown
                       else "--steps: a step is timed from the second on; give 2 or more")  # fmt: skip
    as_recorded = args.shape == "7b" and args.batch == BATCH and not args.set
    args.whole = as_recorded and len(args.names) == len(NAMES) and args.steps >= WHOLE
    if args.whole and args.out is None:
        args.out = RECORD
    return args


def run(given: list[str]) -> int:
    """Measure variant by variant and print the table."""
    args = arguments(given)
    import os

    if args.shape == "tiny":
        os.environ["STAGE10_DEVICE"] = "cpu"
    elif machine.device() != "cuda":
        raise LackingResource("this needs a GPU of CUDA with 80 GB and there is none; --shape tiny takes the same path"
                              " on a CPU")  # fmt: skip
    machine.quiet_libraries()
    from transformers import AutoTokenizer

    from training.data import splits
    from training.methods.sft import train as sft
    from training.models import bundled

    config, _ = settings(args.names[0], args)
    tokenizer = AutoTokenizer.from_pretrained(args.tokenizer or str(bundled.folder()))
    encoded = sft.encode_rows(tokenizer, splits.load(config).train, config)[: args.batch * args.steps]
    sha, dirty = machine.commit()
    sha, dirty = (sha, dirty) if sha else (args.commit, not args.commit)
    status = "smoke" if args.shape == "tiny" else "dirty" if dirty else "main" if args.whole else "partial"
    began, command = time.perf_counter(), shlex.join(["python", "tests/bench/seven_billion.py", *given])
    report = {
        "run": {"id": RECORD.stem, "command": command, "commit": sha, "dirty": dirty, "status": "running",
                "started": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": 0.0},
        "environment": machine.environment("bfloat16"),
        "seeds": {"data": SEED, "init": SEED, "order": SEED},
        "variants": [],
    }  # fmt: skip
    vocabulary = TINY["vocab_size"] if args.shape == "tiny" else 152_064
    for name in args.names:
        report["variants"].append(attempt(name, args, tokenizer, encoded))
        report["run"]["seconds"] = round(time.perf_counter() - began, 1)
        report["run"]["status"] = status if name == args.names[-1] else "running"
        write(report, args.out)
    print(f"{report['environment']['device']}, {args.batch} rows a step, {args.steps} steps, ln(vocabulary)"
          f" {math.log(vocabulary):.2f}")  # fmt: skip
    print(f"{'':<12} {'s/step':>8} {'tokens/s':>10} {'loaded GB':>9} {'peak GB':>9} {'device GB':>9}   loss")
    print("\n".join(line_of(found) for found in report["variants"]))
    return 0 if all("error" not in found for found in report["variants"]) else 1


def main() -> int:
    """``run``, with what goes wrong as one line."""
    try:
        return run(sys.argv[1:])
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
