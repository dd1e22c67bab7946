"""The command line: ``python -m training COMMAND``; each command is a module with ABOUT, add_arguments and run."""

from __future__ import annotations

import argparse
import importlib
import os
import select
import sys
from dataclasses import replace
from pathlib import Path

from training import config as configuration
from training.errors import BAD_INPUT, INTERRUPTED, LACKING_RESOURCE, BadInput, TrainingError, of_system

COMMANDS = {
    "train": ("training.pipeline", "the whole way: data, probe, training, before and after, gate, report"),
    "data": ("training.data_command", "build a task's rows, or check a JSONL file line by line"),
    "probe": ("training.probe", "does the base model need training at all?"),
    "dpo": ("training.dpo_command", "preference tuning on pairs (DPO and relatives)"),
    "reward": ("training.reward_command", "a reward model on pairs (Bradley-Terry)"),
    "distill": ("training.distill_command", "teach a smaller model: hard, soft, sequence, on-policy"),
    "grpo": ("training.grpo_command", "tuning by verifiable rewards (GRPO and relatives)"),
    "embed": ("training.embed_command", "tune an embedding model on questions and passages"),
    "sft": ("training.sft_command", "train an adapter on rows of messages"),
    "evaluate": ("training.evaluate", "score base and tuned model on held-out rows"),
    "gate": ("training.gate", "ship, or not: gain without regression"),
    "report": ("training.report", "write a run's HTML page again"),
    "chat": ("training.chat", "talk to base and tuned model side by side"),
    "merge": ("training.merge", "add the adapter into the weights, checked"),
    "estimate": ("training.estimate", "memory of weights, adapter, optimiser and activations"),
    "logits": ("training.logits", "next-token logits of a model for given prompts, as JSON"),
    "tiny-gpt": ("training.tiny_gpt_command", "train the tiny GPT of the page Build 12, from nothing"),
    "measure": ("training.measure", "what short runs really take, for the estimate's page"),
    "base-rows": ("training.base_rows", "the untrained model on three tasks, question by question"),
    "records": ("training.records", "run (or go on with) the recorded runs"),
}
ABOUT = """Fine-tune a real model on a laptop in minutes, and the same on a 7B by changing the configuration.

commands:
{commands}

Begin with:
  python -m training train --config training/configs/sft/smollm2_orders.yaml --dry-run
  python -m training COMMAND --help

Exit codes: 0 ship or done, 2 bad input, 3 lacking resource, 10 gain with regression, 11 no gain, 12 inconclusive,
13 the probe says don't train, 130 interrupted (the line to go on with is printed)."""
PIPE_CLOSED = 128 + 13  # as a shell reports SIGPIPE
DEFAULT_CONFIG = "training/configs/sft/smollm2_orders.yaml"


def main(arguments: list[str]) -> int:
    """Run one command; what goes wrong is one line on standard error."""
    try:
        if not arguments or arguments[0] in ("-h", "--help"):
            listing = "\n".join(f"  {name:<10} {text}" for name, (_, text) in COMMANDS.items())
            print(ABOUT.format(commands=listing), flush=True)
            return 0
        return _run(arguments[0], arguments[1:])
    except TrainingError as error:
        print(f"{'' if error.exit_code == INTERRUPTED else 'error: '}{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        print("error: the memory is used up: take a smaller train.batch_size or model", file=sys.stderr)
        return LACKING_RESOURCE
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_left():  # other tools end without a word as well
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit's own flush would complain
            return PIPE_CLOSED
        said, code = of_system(error)
        print(f"error: {said}", file=sys.stderr)
        return code


def _reader_left() -> bool:
    """Whether standard output is a pipe that nobody reads any more, as after `| head`."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in output.poll(0))


def _run(name: str, rest: list[str]) -> int:
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        print(f"error: there is no command '{name}'" + (f"; did you mean '{near[0]}'?" if near else
              f"; there are {', '.join(COMMANDS)}"), file=sys.stderr)  # fmt: skip
        return BAD_INPUT
    for text in rest:
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise BadInput(f"{text!r}: this argument is no UTF-8, and the report could not hold it; write it in UTF-8")
    module = importlib.import_module(COMMANDS[name][0])
    parser = argparse.ArgumentParser(prog=f"python -m training {name}", description=module.ABOUT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    module.add_arguments(parser)
    try:
        args = parser.parse_intermixed_args(rest)
    except SystemExit as stop:
        return int(stop.code or 0)
    except TypeError:  # a parser with sub-commands cannot mix
        args = parser.parse_args(rest)
    args.command_line = f"python -m training {name} " + " ".join(rest)
    return int(module.run(args) or 0)


def add_common(parser, config: bool = True) -> None:
    """Arguments that most commands share."""
    if config:
        parser.add_argument("--config", default=None, metavar="FILE", help=f"the run's settings ({DEFAULT_CONFIG})")
        parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings laid over the file, such as"
                            " train.learning_rate=1e-4")  # fmt: skip
        parser.add_argument("--seed", type=int, help="seed of the data, of the adapter's start and of the order")
    parser.add_argument("--out", metavar="DIR", help="folder of the run (runs/NAME-SETTINGS-SEED)")
    parser.add_argument("--dry-run", action="store_true", help="print the plan, the memory and the time; do nothing")
    parser.add_argument("--smoke", action="store_true", help="the same path on a tiny random model, three steps")
    parser.add_argument("--resume", metavar="DIR", help="go on with an interrupted run")


def config_from(args):
    """The configuration that the arguments ask for (``--smoke`` swaps the model)."""
    if getattr(args, "resume", None) and not args.config:
        args.config = f"{args.resume}/config.yaml"
        if not Path(args.config).is_file():
            raise BadInput(f"{args.resume}: there is no run to go on with (config.yaml is missing); --resume takes the"
                           " folder of an interrupted run")  # fmt: skip
    loaded = configuration.load(args.config or DEFAULT_CONFIG, args.overrides, args.seed)
    if getattr(args, "smoke", False):
        from training.architectures import architecture_of

        loaded = configuration.smoke(loaded, architecture_of(loaded.model.source))
        loaded = replace(loaded, name=f"{loaded.name}-smoke")
    return loaded
