"""The frame of every command that trains: plan, folder, phases, verdict, page; dry run, resume and Ctrl-C stand here.

``train`` takes a configuration of a method that answers a task's questions; ``dpo``, ``grpo``, ``reward``, ``distill``
and ``embed`` each take their own; ``sft`` trains and measures nothing. What the phases of a method are stands in
``training/methods``.
"""

from __future__ import annotations

import argparse
import os
import time

from training.commands.train_help import ABOUT, DEFAULTS  # noqa: F401  (the command line reads ABOUT)
from training.data import splits
from training.methods import overfit, plan, registry
from training.methods.configuration import config_from
from training.methods.phases import Run
from training.methods.planning import foresight
from training.run import config as configuration
from training.run import folder as run_folder
from training.run import machine, report
from training.run.arguments import add_common
from training.run.errors import NO_GAIN, BadInput, TrainingError, is_full_disk
from training.run.folder import RunFolder, default_path
from training.run.process import interrupts
from training.run.settings import Config

WITHOUT_PROBE = ("sft", "reward", "distill", "embed")  # commands that take no --anyway


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of a command that trains."""
    add_common(parser)
    parser.add_argument("--card", metavar="NAME", help="with --dry-run: hold the plan against this card, such as 'RTX"
                        " 4090', '24 GB' or 'Apple 64 GB', and not against this machine")  # fmt: skip
    if parser.get_default("command") not in WITHOUT_PROBE:
        parser.add_argument("--overfit", type=int, metavar="N", help="only learn the first N rows by heart, in a"
                            " minute, or say why that fails")  # fmt: skip
        parser.add_argument("--anyway", action="store_true", help="train even when the probe says don't")


def run(args: argparse.Namespace) -> int:
    """Train; the exit code is the verdict's, 0 where nothing is measured.

    Raises:
        BadInput, GuardFailed, LackingResource: as in ``all_phases``, or the machine is too small.
        Interrupted: Ctrl-C; the message holds the command that resumes the run.
        LackingResource: the disk was full; the message holds that command, too.
    """
    if not args.config and not args.resume:
        args.config = DEFAULTS[args.command]
    config = config_from(args)
    alone = args.command == "sft" or (args.command != "train" and launched(args))
    registry.need(config, *(registry.answering() if args.command == "train" else [args.command]))
    by_heart = getattr(args, "overfit", None)
    if by_heart is not None:
        config = overfit_settings(config, by_heart, args)
    elif registry.answers(config) and not alone:
        splits.need_held_out(config.data.heldout_files or splits.task_of(config).sets[1:])
    if launched(args) and not alone:
        need_whole_weights()
    folder = RunFolder(args.resume or args.out or default_path(config))
    if args.dry_run:
        plan.show(config, folder, args.card)
        return 0
    machine.quiet_libraries()
    plan.check_resources(config, folder)
    try:
        if by_heart is not None:
            return learn_by_heart(config, folder, args)
        return train_alone(config, folder, args) if alone else all_phases(config, folder, args)
    except KeyboardInterrupt as stop:
        raise folder.stopped(resume_command(config, args, alone)) from stop
    except TrainingError:
        raise
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise folder.full_disk(error, resume_command(config, args, alone)) from error


def overfit_settings(config: Config, count: int, args: argparse.Namespace) -> Config:
    """The settings of ``--overfit``.

    Raises:
        BadInput: the method is not supervised, a run is to be resumed, or there cannot be so many rows.
    """
    if config.method != "sft" or args.resume:
        raise BadInput("--overfit learns supervised rows by heart from the start: give it a configuration with method"
                       " sft, and no --resume")  # fmt: skip
    overfit.chosen([{"messages": []}] * overfit.MOST_ROWS, count)
    return overfit.settings(config, count)


def learn_by_heart(config: Config, folder: RunFolder, args: argparse.Namespace) -> int:
    """``--overfit``: 0 when every row is repeated word for word, NO_GAIN with the reasons when not.

    Raises:
        BadInput: the rows or the folder cannot be used.
        LackingResource: the model cannot be fetched.
    """
    rows = registry.load_rows(config)
    few = overfit.chosen(rows.train, args.overfit)
    loaded = registry.load_base(config)
    folder.create(config, args.command_line, loaded.dtype)
    folder.begin_training()
    found = overfit.learn(config, few, loaded, folder, registry.training_module(config))
    folder.update("run", {"status": "overfit", "exit_code": 0 if found.learnt else NO_GAIN})
    print(*found.lines(), sep="\n")
    return 0 if found.learnt else NO_GAIN


def launched(args: argparse.Namespace) -> bool:
    """Whether this is one of several processes, which train and leave the measuring to one process."""
    return machine.process_count() > 1 and not args.dry_run


def need_whole_weights() -> None:
    """Check that each process holds the whole model where one of them measures.

    Raises:
        BadInput: the processes hold a shard each (FSDP, DeepSpeed).
    """
    sharded = [name for name in ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")
               if os.environ.get(name, "").lower() in ("1", "true")]  # fmt: skip
    if sharded:
        raise BadInput(f"{sharded[0]}: each process holds a part of the model, and the measuring is done by one: launch"
                       " the command sft, and then run evaluate in one process")  # fmt: skip


def resume_command(config: Config, args: argparse.Namespace, alone: bool = False) -> str:
    """The command that resumes a run: it does not stop at the probe where the first one did not."""
    if alone or not registry.answers(config):
        return config.method
    return "train --anyway" if args.anyway else "train"


def all_phases(config: Config, folder: RunFolder, args: argparse.Namespace) -> int:
    """Every phase of a run, in one process; the verdict's exit code.

    Raises:
        BadInput: the rows cannot be used, or the folder holds another run.
        GuardFailed: the resumed run was begun with other settings or rows, or training would go wrong in silence.
        LackingResource: the model cannot be fetched.
    """
    started = time.monotonic()
    begun = machine.from_main(lambda: begin(config, folder, args))
    loaded = registry.load_base(config, begun["environment"]["dtype"] or None)
    with machine.phase("data", None):
        rows = registry.load_rows(config, loaded.tokenizer)
    machine.say(*(f"  {line}" for line in rows.notes))
    foresight.look_ahead(config, loaded, rows)
    if machine.is_main_process():
        folder.update("environment", {"dtype": loaded.dtype})
        folder.note_rows(rows)
    whole = Run(config, folder, loaded, rows, bool(args.resume), getattr(args, "anyway", False),
                resume_command(config, args), registry.training_module(config))  # fmt: skip
    code = registry.phases_module(config).phases(whole)
    return machine.from_main(lambda: finish(config, folder, started, code))


def begin(config: Config, folder: RunFolder, args: argparse.Namespace) -> dict:
    """The report of a fresh folder, or of the run that is resumed.

    Raises:
        BadInput: the folder holds another run, or none to resume.
        GuardFailed: the run was begun with other settings.
    """
    if not args.resume:
        folder.create(config, args.command_line)
        return folder.read()
    found = folder.open()
    folder.hold()
    folder.update("run", {"status": "running"})
    run_folder.same_settings(found["run"]["config_sha256"], configuration.sha(config), folder.path)
    return found


def finish(config: Config, folder: RunFolder, started: float, code: int) -> int:
    """Note seconds, status and exit code, write the page, print the verdict; ``code`` again.

    Args:
        started: ``time.monotonic()`` at this process's start of the run, in seconds.
        code: the verdict's exit code.
    """
    interrupts.check()
    spent = folder.read()["run"]["seconds"] + time.monotonic() - started
    folder.update("run", {"seconds": round(spent, 1), "status": plan.final_status(config, folder), "exit_code": code})
    report.write(folder)
    found = folder.read()
    sentence = found.get("gate", {}).get("sentence") or found.get("probe", {}).get("sentence", "")
    machine.say("", sentence, f"report: {folder.html}  ({spent:.0f} s, peak memory"
                f" {machine.peak_memory_bytes() / 1e9:.1f} GB)")  # fmt: skip
    return code


def train_alone(config: Config, folder: RunFolder, args: argparse.Namespace) -> int:
    """Train and measure nothing, in one process or in several; 0 when done.

    Raises:
        BadInput: the rows or the folder cannot be used.
        GuardFailed: the resumed run was begun with other settings or rows.
        LackingResource: the model cannot be fetched.
    """
    resumed = folder.open() if args.resume else None
    if resumed is not None:
        folder.hold()
        run_folder.same_settings(resumed["run"]["config_sha256"], configuration.sha(config), folder.path)
    loaded = registry.load_base(config, resumed["environment"]["dtype"] if resumed else None)
    rows = registry.load_rows(config, loaded.tokenizer)
    if resumed is not None:  # asked by every process: none waits for one that has stopped
        run_folder.same_rows(resumed.get("data", {}).get("sha256"), rows.sha256, folder.path)
    elif machine.is_main_process():
        folder.create(config, args.command_line, loaded.dtype)
    foresight.look_ahead(config, loaded, rows)
    if machine.is_main_process():
        folder.note_rows(rows)
        folder.begin_training()
    machine.wait_for_main()
    started = time.monotonic()
    checkpoint = folder.last_checkpoint() if resumed else None
    method = registry.training_module(config)
    result = method.train(config, rows.train, loaded, folder, checkpoint, config.method)
    if machine.is_main_process():
        folder.update(
            "run", {"status": plan.final_status(config, folder), "seconds": round(time.monotonic() - started, 1)}
        )
        losses = result.facts["loss"]
        machine.say(f"trained {result.facts['steps']} steps, loss {losses[0]:.4f} -> {losses[-1]:.4f}",
                    f"adapter in {folder.adapter}; next:", f"  {next_command(config, folder)}")  # fmt: skip
    return 0


def next_command(config: Config, folder: RunFolder) -> str:
    """The line that measures what was trained, in one process."""
    if config.method == "sft":
        return f"python -m training evaluate --config {folder.config} --adapter {folder.adapter}"
    return folder.resume_command(config.method)
