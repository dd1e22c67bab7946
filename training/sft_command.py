"""``python -m training sft``: train an adapter, without the probe and the evaluation around it."""

from __future__ import annotations

import time

from training import config as configuration
from training import guards, methods, plan, runtime
from training.runfolder import RunFolder, default_path

HELP = "train an adapter on rows of messages"
ABOUT = """Train an adapter on rows of messages, and nothing else: no probe before, no evaluation after (the command
train does all of it). The folder holds adapter/, config.yaml, log.jsonl and report.json.

  python -m training sft --config training/configs/sft/smollm2_orders.yaml --dry-run
  python -m training sft --config training/configs/sft/smollm2_orders.yaml train.learning_rate=5e-4 --seed 1
  accelerate launch --config_file training/configs/accelerate/fsdp.yaml -m training sft --config FILE
  torchrun --standalone --nproc_per_node=2 -m training sft --config FILE     (two processes on one CPU)

Ctrl-C saves after the step and prints the line to go on with (exit code 130). A run that was killed goes on from its
last checkpoint and ends where the straight run ends."""


def add_arguments(parser) -> None:
    """Arguments of ``sft``."""
    from training.cli import add_common

    add_common(parser)


def run(args) -> int:
    """Train; 0 when done."""
    return train_alone(args, "sft")


def launched(args) -> bool:
    """Whether a method's command is one of several processes, which train and leave the measuring to one process."""
    return runtime.process_count() > 1 and not args.dry_run


def train_alone(args, method: str) -> int:
    """Train by a method and nothing else; 0 when done.

    Args:
        args: parsed arguments of the method's command.
        method: its name; a configuration of another method is refused.
    """
    from training.cli import config_from

    config = config_from(args)
    methods.need(config, method)
    folder = RunFolder(args.resume or args.out or default_path(config))
    if args.dry_run:
        plan.show(config, folder)
        return 0
    runtime.quiet_libraries()
    plan.check_resources(config, folder)
    try:
        return _train(config, folder, args, method)
    except KeyboardInterrupt as stop:
        raise folder.stopped(method) from stop


def _train(config, folder: RunFolder, args, method: str) -> int:
    resumed = folder.open() if args.resume else None
    if resumed is not None:
        guards.same_settings(resumed["run"]["config_sha256"], configuration.sha(config), folder.path)
    loaded = methods.load_base(config, resumed["environment"]["dtype"] if resumed else None)
    rows = methods.load_rows(config, loaded.tokenizer)
    if resumed is not None:  # asked by every process: none waits for one that has stopped
        guards.same_rows(resumed.get("data", {}).get("sha256"), rows.sha256, folder.path)
    elif runtime.is_main_process():
        folder.create(config, args.command_line, loaded.dtype)
    if runtime.is_main_process():
        folder.note_rows(rows)
        folder.begin_training()
    plan.wait_for_main()
    started = time.monotonic()
    result = methods.train(config, rows, loaded, folder, folder.last_checkpoint() if resumed else None, method)
    if runtime.is_main_process():
        folder.update(
            "run", {"status": plan.final_status(config, folder), "seconds": round(time.monotonic() - started, 1)}
        )
        losses = result.facts["loss"]
        runtime.say(f"trained {result.facts['steps']} steps, loss {losses[0]:.4f} -> {losses[-1]:.4f}",
                    f"adapter in {folder.adapter}; next:", f"  {next_command(config, folder)}")  # fmt: skip
    return 0


def next_command(config, folder: RunFolder) -> str:
    """The line that measures what was trained, in one process."""
    if config.method == "sft":
        return f"python -m training evaluate --config {folder.config} --adapter {folder.adapter}"
    return folder.resume_command(config.method)
