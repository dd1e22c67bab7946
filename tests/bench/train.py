"""Our training step against the stock TRL trainer's, alternately in one process: ``make bench-train``.

Each variant is a whole trainer of its own on the same model, rows and seed. Within a round every variant takes one
optimiser step, so that whatever else the machine does hits all of them; what counts is the median of the rounds'
ratios. Rows (a) take the very batches of the stock trainer in its order; row (b) makes its own batches of like
length from the same rows. The last line is one JSON object.

    python tests/bench/train.py [--steps 24] [--model bundled:smollm2-135m-instruct] [--variants stock,switches,ours]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from transformers import PrinterCallback, TrainerCallback  # noqa: E402

from training.data import splits  # noqa: E402
from training.methods import trainer as method_trainer  # noqa: E402
from training.methods.configuration import load_config  # noqa: E402
from training.methods.sft import train as sft  # noqa: E402
from training.methods.steps import warmup_steps  # noqa: E402
from training.models import adapter, loading, precision  # noqa: E402
from training.run import machine  # noqa: E402
from training.run.folder import RunFolder  # noqa: E402

LABELS = {
    "stock": "stock TRL (SFTConfig's defaults: bf16 autocast, checkpointing)",
    "switches": "stock TRL, checkpointing off, bf16 weights",
    "same": "(a) ours, same batches in the same order",
    "own": "(b) ours, own batching",
}
WARM_UP = 2  # rounds that are stepped and not counted


class Turn(TrainerCallback):
    """Hold a trainer at the beginning of each step until it is its turn; time the step."""

    def __init__(self):
        self.go, self.done = threading.Semaphore(0), threading.Semaphore(0)
        self.seconds: list[float] = []
        self.losses: list[float] = []
        self.started = 0.0

    def on_step_begin(self, args, state, control, **_):
        """Wait for the turn."""
        self.go.acquire()
        self.started = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        """Hand the turn back."""
        self.seconds.append(time.perf_counter() - self.started)
        self.done.release()

    def on_log(self, args, state, control, logs=None, **_):
        """Keep the loss."""
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])


class Variant:
    """One trainer with its own model, running its own ``train()`` in a thread that waits for its turn.

    Args:
        name: of LABELS.
        config: the run.
        encoded: the rows.
        order: row indices, step after step.
        folder: for what a trainer writes.
    """

    def __init__(self, name: str, config, encoded, order: list[int], folder: Path):
        self.name, self.turn, self.error = name, Turn(), None
        self.encoded, self.order = encoded, order
        stock = name in ("stock", "switches")
        self.loaded = loading.load_base(config.model.replace(dtype="float32") if name == "stock" else config.model)
        make = self._stock if stock else self._ours
        self.trainer = make(config, folder)
        self.trainer._get_train_sampler = lambda *_: order
        self.trainer.add_callback(self.turn)
        size = config.train.per_device_train_batch_size
        self.tokens = [sum(len(encoded[i].ids) for i in order[k : k + size]) for k in range(0, len(order), size)]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.trainer.train()
        except BaseException as error:
            self.error = error
            self.turn.done.release()

    def _ours(self, config, folder):
        steps = len(self.order) // config.train.per_device_train_batch_size
        config = config.replace(train=config.train.replace(max_steps=steps, save_steps=10 * steps))
        tuned = method_trainer.prepare(config, self.loaded)
        run = RunFolder(folder)
        run.path.mkdir(parents=True)
        trainer, _ = sft.build_trainer(config, tuned, self.encoded, self.loaded, run, quiet=True)
        precision.in_float32(tuned)  # as in sft.run_and_save
        return trainer

    def _stock(self, config, folder):
        """SFTTrainer as a reader would write it; adapter, its layers, batch, rate, beta2 and rows as ours."""
        from datasets import Dataset
        from trl import SFTConfig, SFTTrainer

        t, plain = config.train, self.name == "stock"
        steps = len(self.order) // t.per_device_train_batch_size
        arguments = SFTConfig(
            output_dir=str(folder), per_device_train_batch_size=t.per_device_train_batch_size,
            learning_rate=t.learning_rate, max_steps=steps, seed=t.seed, report_to="none", save_strategy="no",
            disable_tqdm=True, logging_steps=1,
            use_cpu=machine.device() == "cpu", dataloader_pin_memory=False,
            warmup_steps=warmup_steps(config, steps),
            adam_beta2=t.adam_beta2, gradient_checkpointing=plain, bf16=plain or self.loaded.dtype == "bfloat16",
        )  # fmt: skip
        lora = adapter.lora_config(config.lora, self.loaded.model, "CAUSAL_LM")
        machine.set_seed(t.seed)
        rows = Dataset.from_list([{"input_ids": e.ids, "labels": e.labels} for e in self.encoded])
        made = SFTTrainer(model=self.loaded.model, args=arguments, train_dataset=rows,
                          processing_class=self.loaded.tokenizer, peft_config=lora)  # fmt: skip
        made.remove_callback(PrinterCallback)
        return made

    def step(self) -> None:
        """Let the trainer take one step, and wait for its end."""
        self.turn.go.release()
        self.turn.done.acquire()
        if self.error is not None:
            raise self.error

    @property
    def seconds(self) -> list[float]:
        """Wall seconds of each step."""
        return self.turn.seconds

    @property
    def losses(self) -> list[float]:
        """Loss of each step."""
        return self.turn.losses


def torch():
    """torch, imported late so that --help is quick."""
    import torch as module

    return module


def orders(encoded, config, steps: int) -> tuple[list[int], list[int]]:
    """Rows step after step: the plain shuffle, and the buckets; both repeat the epoch when it is too short."""
    from training.methods.sampler import OrderedSampler

    found = []
    for bucket in (False, True):
        size = config.train.per_device_train_batch_size
        flat: list[int] = []
        sampler = OrderedSampler([len(e.ids) for e in encoded], size, config.train.seed, bucket)
        while len(flat) < steps * size:
            flat += list(sampler)
            sampler.set_epoch(sampler.epoch + 1)
        found.append(flat[: steps * size])
    return found[0], found[1]


def ratios(slow: Variant, quick: Variant) -> list[float]:
    """Stock seconds over ours, round by round."""
    return [a / b for a, b in zip(slow.seconds[WARM_UP:], quick.seconds[WARM_UP:], strict=True)]


def main() -> int:
    """Run all rounds and print the table, the curves and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--config", default=str(ROOT / "training/configs/sft/smollm2_orders.yaml"))
    parser.add_argument("--model", help="another model.source")
    parser.add_argument("--variants", default=",".join(LABELS))
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="settings, such as lora.layers_to_transform=null"
    )
    args = parser.parse_args()
    overrides = [f"model.source={args.model}", "train.max_length=4096"] if args.model else []
    overrides += args.overrides
    config = load_config(args.config, overrides)
    machine.quiet_libraries()
    loaded = loading.load_base(config.model)
    encoded = sft.encode_rows(loaded.tokenizer, splits.load(config).train, config)
    del loaded
    total = args.steps + WARM_UP
    plain, bucketed = orders(encoded, config, total)
    names = [n for n in LABELS if n in args.variants.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        variants = {n: Variant(n, config, encoded, bucketed if n == "own" else plain, Path(folder) / n) for n in names}
        for number in range(total):
            for variant in variants.values():
                variant.step()
            times = ", ".join(f"{v.name} {v.seconds[-1]:.2f} s" for v in variants.values())
            print(f"round {number + 1}/{total}: {times}", file=sys.stderr, flush=True)
        for variant in variants.values():
            variant.thread.join(timeout=60)
    print(json.dumps(report(variants, config)))
    return 0


def report(variants: dict[str, Variant], config) -> dict:
    """Print what a reader wants to see; return the JSON line's content."""
    stock, found = variants["stock"], {}
    print(f"{torch().get_num_threads()} threads, {machine.cpu_name()}, {len(stock.seconds) - WARM_UP} paired rounds")
    for variant in variants.values():
        median = statistics.median(variant.seconds[WARM_UP:])
        speed = statistics.mean(variant.tokens[WARM_UP:]) / median
        line = f"{LABELS[variant.name]:<62} {median:6.3f} s/step {speed:8.0f} tokens/s"
        if variant is not stock:
            found[variant.name] = ratios(stock, variant)
            values = found[variant.name]
            line += f"  x{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
        print(line)
        print("    loss " + " ".join(f"{x:.3f}" for x in variant.losses))
    out = {"name": "train-step", "unit": "stock seconds / our seconds", "n": len(stock.seconds) - WARM_UP,
           "peak_memory_bytes_all_variants": machine.peak_memory_bytes()}  # fmt: skip
    if "same" in variants:
        tail = slice(-max(1, len(stock.losses) // 4), None)
        ends = [statistics.mean(v.losses[tail]) for v in (stock, variants["same"])]
        out["final_loss_stock"], out["final_loss_same_batches"] = ends
        print(
            f"same batches: mean loss of the last quarter {ends[0]:.4f} stock, {ends[1]:.4f} ours"
            f" ({ends[1] / ends[0] - 1:+.2%})"
        )
    main_row = "same" if "same" in found else next(iter(found))
    out["ratio"] = statistics.median(found[main_row])
    out["ratios"] = [round(x, 3) for x in found[main_row]]
    for name, values in found.items():
        out[f"ratio_{name}"] = round(statistics.median(values), 3)
        out[f"ratios_{name}"] = [round(x, 3) for x in values]
    return out


if __name__ == "__main__":
    sys.exit(main())
