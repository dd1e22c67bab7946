"""``python -m training measure``: memory and step time of short runs, each in its own process.

A run of a few steps on rows of exactly known length shows the peak of its memory as well as a long one does: after the
second step every tensor of training has existed. Measured is the resident memory of the whole process on a CPU, and
what PyTorch's allocator had handed out on a GPU.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from labs_py.core import measured_runs
from labs_py.core.model_table import MODELS
from training.methods import trainer as method_trainer
from training.methods.callbacks import StepLog
from training.methods.configuration import load_config
from training.methods.dpo import train as dpo
from training.methods.dpo.settings import DpoConfig
from training.methods.memory_estimate import estimate
from training.methods.sft import train as sft
from training.models import bundled
from training.models.chat_template import Encoded
from training.models.guards import IGNORED
from training.models.loading import LoadedModel, load_base
from training.models.shapes import shape_of
from training.models.structure import random_weights
from training.run import machine
from training.run import record as run_record
from training.run.errors import BadInput, LackingResource
from training.run.folder import RunFolder
from training.run.settings import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, Trainer, TrainerControl, TrainerState, TrainingArguments

ABOUT = """Run a few steps of many configurations on the bundled 135M model, each in a fresh process, and note the peak
of its memory and the seconds of a step. They differ in rank, row length, batch, precision and method.

  python -m training measure --list
  python -m training measure --only lora-r16            (prints, writes nothing)
  python -m training measure --record                   (writes docs/data/runs/estimate-points.json)

--shape takes a larger model of random weights in place of the bundled one: a row a step, at three lengths, with LoRA of
rank 16 on all linear layers and activations computed again. Qwen2.5-7B needs about 18 GB.

  python -m training measure --shape Qwen2.5-7B --record"""

FOLDER, NAME = Path("docs/data/runs"), "estimate-points"
SFT, DPO = "training/configs/sft/smollm2_orders.yaml", "training/configs/dpo/smollm2_shift_notes.yaml"
LARGE = "training/configs/sft/qwen2.5_7b_lora_80gb.yaml"
SHAPES = (measured_runs.MODEL, "Qwen2.5-0.5B", "Qwen2.5-7B")  # of the bundled model, and of those of random weights
LENGTHS = (128, 256, 512)
STEPS, SEED = 3, 0
LABELLED = 1 / 3  # of a row's tokens
ROW = "train.shared_prefix=false"


@dataclass(frozen=True)
class Point:
    """One configuration.

    Attributes:
        tokens: of each row (of each of a pair's two for DPO).
        batch: rows (or pairs) of a micro-batch.
        overrides: laid over the configuration of the method.
        shape: of ``SHAPES``.
    """

    name: str
    tokens: int
    batch: int
    overrides: tuple[str, ...] = ()
    method: str = "sft"
    shape: str = measured_runs.MODEL


def _lora(rank: int, tokens: int, batch: int, *more: str, note: str = "") -> Point:
    overrides = (f"lora.r={rank}", f"lora.lora_alpha={2 * rank}", "lora.layers_to_transform=null", *more)
    return Point(f"lora-r{rank}-{batch}x{tokens}{note}", tokens, batch, overrides)


def points(shape: str = measured_runs.MODEL) -> list[Point]:
    """All configurations of a shape's record."""
    if shape != measured_runs.MODEL:
        return [Point(f"{shape.lower()}-1x{tokens}", tokens, 1, ("train.gradient_checkpointing=true",), shape=shape)
                for tokens in LENGTHS]  # fmt: skip
    full, again, dense = "lora=null", "train.gradient_checkpointing=true", "train.sparse_logits=false"
    single = "model.dtype=float32"
    pairs = ("lora.r=8", "train.shared_prefix=false")
    return [
        _lora(8, 128, 1),
        _lora(8, 128, 8),
        _lora(8, 256, 4),
        _lora(8, 512, 1),
        _lora(8, 512, 4),
        _lora(16, 256, 8),
        _lora(64, 128, 4),
        _lora(64, 512, 2),
        _lora(256, 128, 2),
        _lora(16, 256, 4, "lora.target_modules=[q_proj, v_proj]", note="-query-value"),
        _lora(8, 256, 4, again, note="-checkpointing"),
        _lora(16, 512, 4, again, note="-checkpointing"),
        _lora(8, 1024, 2, again, note="-checkpointing"),
        _lora(8, 256, 2, dense, note="-all-scores"),
        _lora(8, 256, 4, dense, again, note="-all-scores-checkpointing"),
        _lora(8, 256, 2, single, note="-float32"),
        _lora(32, 128, 4, single, note="-float32"),
        Point("full-1x128", 128, 1, (full,)),
        Point("full-4x256", 256, 4, (full,)),
        Point("full-2x512-checkpointing", 512, 2, (full, again)),
        Point("dpo-r8-1x128", 128, 1, pairs, "dpo"),
        Point("dpo-r8-2x256", 256, 2, pairs, "dpo"),
        Point("dpo-r32-2x128-checkpointing", 128, 2, (*pairs, "lora.r=32", again), "dpo"),
    ]


def configuration(point: Point) -> Config:
    """The configuration that a point runs.

    Raises:
        BadInput: an override does not fit the method's settings.
    """
    shared = (f"train.per_device_train_batch_size={point.batch}", f"train.max_steps={STEPS}",
              f"train.max_length={point.tokens}", "train.gradient_accumulation_steps=1",
              "model.dtype=bfloat16", ROW)  # fmt: skip
    source = [] if point.shape == measured_runs.MODEL else [f"model.source={MODELS[point.shape].repository}"]
    file = LARGE if source else {"sft": SFT, "dpo": DPO}[point.method]
    return load_config(file, [*shared, *source, *point.overrides], SEED)


def rows_of(point: Point, vocabulary: int) -> list[tuple[list[int], list[int]]]:
    """(ids, labels) of rows of exactly ``point.tokens`` random tokens, a third of them labelled."""
    rng, start = random.Random(SEED), point.tokens - round(point.tokens * LABELLED)
    rows = []
    for _ in range(point.batch * STEPS):
        ids = [rng.randrange(100, vocabulary) for _ in range(point.tokens)]
        rows.append((ids, [IGNORED] * start + ids[start:]))
    return rows


def resident_bytes(peak: bool = False) -> int:
    """Resident memory of this process now, or its peak since ``forget_peak``; PyTorch's own count on a GPU.

    Raises:
        LackingResource: the system has no /proc to read it from.
    """
    import torch

    if machine.device() == "cuda":
        return torch.cuda.max_memory_allocated() if peak else torch.cuda.memory_allocated()
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LackingResource("measure: resident memory is read from /proc, which Linux alone has") from error
    field = "VmHWM:" if peak else "VmRSS:"
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


def forget_peak() -> None:
    """Start the peak anew, so that loading the model does not count."""
    import torch

    if machine.device() == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def trainer_of(point: Point, config: Any, loaded: LoadedModel, tuned: PeftModel | PreTrainedModel, folder: RunFolder
               ) -> tuple[Trainer, StepLog]:  # fmt: skip
    """The method's own trainer on rows of known length, and its log of steps."""
    rows = rows_of(point, loaded.model.config.vocab_size)
    if isinstance(config, DpoConfig):
        half = point.tokens - round(point.tokens * LABELLED)
        turned = [ids[half:][::-1] for ids, _ in rows]
        pairs = [{"prompt_ids": ids[:half], "chosen_ids": ids[half:], "rejected_ids": other}
                 for (ids, _), other in zip(rows, turned, strict=True)]  # fmt: skip
        trainer, steps = dpo.build_trainer(config, tuned, pairs, loaded, folder, True)
    else:
        encoded = [Encoded(ids, labels) for ids, labels in rows]
        trainer, steps = sft.build_trainer(config, tuned, encoded, loaded, folder, True)
    trainer.args.save_strategy = "no"
    return trainer, steps


def measure(point: Point) -> dict[str, Any]:
    """One point, in this process.

    Returns:
        The point's settings; bytes of the libraries alone, with the model loaded, at the peak of training and by the
        estimate; seconds of the median step after the first, by the clock and of the processor (the second feels a busy
        machine less).

    Raises:
        LackingResource: less memory is free than the estimate.
    """
    machine.quiet_libraries()
    dpo.pair_trainer()
    libraries = resident_bytes()
    config = configuration(point)
    predicted = estimate(config, point.tokens)["process_on_a_cpu_bytes"]
    machine.need_memory(predicted - libraries, f"measure: the point {point.name}")
    loaded = load_base(config.model) if point.shape == measured_runs.MODEL else random_base(config)
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(place)
        folder.create(config, "python -m training measure", loaded.dtype)
        tuned = method_trainer.prepare(config, loaded)
        trainer, steps = trainer_of(point, config, loaded, tuned, folder)
        clock = StepClock()
        trainer.add_callback(clock)
        held = resident_bytes()
        forget_peak()
        trainer.train()
        peak = resident_bytes(peak=True)
        steps.close()
    return {**asdict(point), "overrides": list(point.overrides), "libraries_bytes": libraries, "loaded_bytes": held,
            "peak_bytes": peak, "estimate_bytes": predicted,
            "step_seconds": clock.typical(0), "step_cpu_seconds": clock.typical(1),
            "trained": sum(p.numel() for p in tuned.parameters() if p.requires_grad)}  # fmt: skip


def random_base(config: Config) -> LoadedModel:
    """A model of random bfloat16 weights in the shape that ``model.source`` names, with the embedded tokenizer."""
    from transformers import AutoTokenizer

    shape = shape_of(config.model.source)
    assert shape is not None  # a row of the table
    made = random_weights.decoder(random_weights.sizes_of(shape), SEED)
    facts = {"source": f"random weights in the shape of {config.model.source}", "parameters": made.num_parameters()}
    tokenizer: Any = AutoTokenizer.from_pretrained(bundled.folder())
    return LoadedModel(made, tokenizer, "bfloat16", facts)


class StepClock(TrainerCallback):
    """Seconds between the ends of steps: ``typical(0)`` by the clock, ``typical(1)`` of the processor."""

    def __init__(self) -> None:
        self.ends: list[tuple[float, float]] = []

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Note both clocks."""
        self.ends.append((time.monotonic(), time.process_time()))

    def typical(self, which: int) -> float:
        """Median seconds of the steps after the first."""
        gaps = [b[which] - a[which] for a, b in zip(self.ends, self.ends[1:], strict=False)]
        return round(statistics.median(gaps), 3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--list, --only, --shape, --point and --record."""
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0], help=f"whose configurations ({SHAPES[0]})")
    parser.add_argument("--list", action="store_true", help="print the configurations")
    parser.add_argument("--only", default="", metavar="NAME", help="configurations whose name begins so")
    parser.add_argument("--point", metavar="NAME", help="this one, in this process, as one line of JSON")
    parser.add_argument("--record", action="store_true", help=f"write {FOLDER / NAME}.json, or {NAME}-SHAPE.json;"
                        " needs a clean checkout")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Measure point by point; 0.

    Raises:
        BadInput: there is no such point, no name begins with --only, or --record was given with --only or on a changed
            checkout.
        LackingResource: a point's process failed.
    """
    named = {point.name: point for point in points(args.shape)}
    if args.point:
        if args.point not in named:
            raise BadInput(f"measure: there is no point '{args.point}'; see --list")
        print(json.dumps(measure(named[args.point])))
        return 0
    record = NAME if args.shape == SHAPES[0] else f"{NAME}-{args.shape.lower()}"
    chosen = [name for name in named if name.startswith(args.only)]
    if not chosen:
        raise BadInput(f"measure: no point of {args.shape} begins with '{args.only}'; see --list")
    if args.list:
        print("\n".join(chosen))
        return 0
    sha, dirty = machine.commit()
    if args.record and (dirty or args.only):
        raise BadInput("measure: --record needs all points and a clean checkout: commit first")
    began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    measured = []
    for name in chosen:
        measured.append(_in_its_own_process(name, args.shape))
        print(line_of(measured[-1]), flush=True)
    if args.record:
        report = {
            "run": {"id": record, "command": args.command_line.strip(), "commit": sha, "dirty": dirty,
                    "status": "main", "started": started, "seconds": round(time.perf_counter() - began, 1)},
            "environment": machine.environment("bfloat16"),
            "seeds": {"data": SEED, "init": SEED, "order": SEED},
            "points": measured,
        }  # fmt: skip
        print(run_record.keep(report, record, FOLDER))
    return 0


def line_of(found: dict[str, Any]) -> str:
    """A point as a line: seconds of a step, by the clock and of the processor, and the peak beside the estimate."""
    peak, predicted = found["peak_bytes"], found["estimate_bytes"]
    return (f"{found['name']:<40} {found['step_seconds']:8.2f} s a step ({found['step_cpu_seconds']:.2f} of the"
            f" processor), peak {peak / 1e9:6.2f} GB, estimate {predicted / 1e9:6.2f} GB"
            f" ({predicted / peak - 1:+.1%})")  # fmt: skip


def _in_its_own_process(name: str, shape: str) -> dict[str, Any]:
    line = [sys.executable, "-m", "training", "measure", "--shape", shape, "--point", name]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        raise LackingResource(f"measure: the point {name} ended with code {done.returncode}:"
                              f" {(done.stderr.strip().splitlines() or ['no message'])[-1]}")  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])
