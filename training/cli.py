"""The command line: ``python -m training COMMAND``; each command is a module with ABOUT, add_arguments and run."""

from __future__ import annotations

import argparse
import importlib
import os
import select
import sys
from typing import NoReturn

from training.run.errors import (
    BAD_INPUT,
    INTERRUPTED,
    LACKING_RESOURCE,
    OUT_OF_MEMORY,
    BadInput,
    TrainingError,
    describe_os_error,
    is_out_of_memory,
)
from training.run.process import folder_lock, interrupts

COMMANDS = {
    "train": (
        "training.commands.train",
        "a whole run: data, probe, training, before and after, gate, report",
    ),
    "new": ("training.commands.new", "a folder to start in, with sample rows or your own"),
    "data": ("training.commands.data.command", "build a task's rows; check a file; convert one of another form"),
    "probe": ("training.commands.probe", "does the base model need training at all?"),
    "dpo": ("training.commands.train", "preference optimisation on pairs (DPO and relatives)"),
    "reward": ("training.commands.train", "a reward model on pairs (Bradley-Terry)"),
    "distill": ("training.commands.train", "teach a smaller model: hard, soft, sequence, on-policy"),
    "grpo": ("training.commands.train", "reinforcement learning from verifiable rewards (GRPO and relatives)"),
    "embed": ("training.commands.train", "fine-tune an embedding model on questions and passages"),
    "sft": ("training.commands.train", "train an adapter on rows of messages"),
    "evaluate": ("training.commands.evaluate", "score base and fine-tuned model on held-out rows"),
    "gate": ("training.commands.gate", "ship, or not: gain without regression"),
    "report": ("training.commands.report", "write a run's HTML report again"),
    "chat": ("training.commands.chat", "talk to base and fine-tuned model side by side"),
    "merge": ("training.commands.merge", "add the adapter into the weights, checked"),
    "export": ("training.commands.serving.export", "the fine-tuned model for transformers, vLLM, llama.cpp or Ollama"),
    "port": ("training.commands.serving.port", "does it answer the same after shipping? where not, what is to blame"),
    "serve": ("training.commands.serving.serve", "an OpenAI-compatible address on this machine"),
    "config-schema": ("training.commands.config_schema", "a JSON Schema of each method's settings, for editors"),
    "estimate": ("training.commands.estimate", "memory of weights, adapter, optimiser and activations"),
    "logits": ("training.commands.logits", "next-token logits of a model for given prompts, as JSON"),
    "tiny-gpt": ("training.site_records.tiny_gpt", "train the tiny GPT of the page Build 12, from nothing"),
    "measure": (
        "training.commands.memory_benchmark",
        "memory and step time of short runs, for the estimate's page",
    ),
    "base-rows": ("training.site_records.base_rows", "the base model on three tasks, question by question"),
    "records": ("training.commands.records", "run or resume the recorded runs"),
}

ABOUT = """Fine-tune a real model on a laptop in minutes, and the same on a 7B by changing the configuration.

commands:
{commands}

Begin with:
  python -m training new my-task
  python -m training train --config training/configs/sft/smollm2_orders.yaml --dry-run
  python -m training COMMAND --help

Exit codes: 0 ship or done, 2 bad input, 3 lacking resource, 10 gain with regression, 11 no gain, 12 inconclusive,
13 the probe says don't train, 130 interrupted (the command that resumes the run is printed)."""

PIPE_CLOSED = 128 + 13  # as a shell reports SIGPIPE


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line, as all of this package's are; argparse's own prints the usage before."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong.

        Raises:
            BadInput: always.
        """
        raise BadInput(f"{self.prog.split()[-1]}: {message}; '{self.prog} --help' lists the arguments")


def main(arguments: list[str]) -> int:
    """Run one command; what goes wrong is one line on standard error.

    Args:
        arguments: the words after ``python -m training``.

    Returns:
        The process's exit code, as the text ``ABOUT`` lists them; 141 when the reader of a pipe has gone.

    Raises:
        RuntimeError: torch's, where it is not memory that was missing.
    """
    try:
        if not arguments or arguments[0] in ("-h", "--help"):
            listing = "\n".join(f"  {name:<10} {text}" for name, (_, text) in COMMANDS.items())
            print(ABOUT.format(commands=listing), flush=True)
            return 0
        with folder_lock.released(), interrupts.listening():
            code = _run(arguments[0], arguments[1:])
        sys.stdout.flush()  # here, where a reader who has gone is understood, and not while Python ends
        return code
    except TrainingError as error:
        print(f"{'' if error.exit_code == INTERRUPTED else 'error: '}{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print(f"error: {OUT_OF_MEMORY}", file=sys.stderr)
        return LACKING_RESOURCE
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_left():  # other tools end without a word as well
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit's own flush would complain
            return PIPE_CLOSED
        said, code = describe_os_error(error)
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
    about = module.ABOUT if isinstance(module.ABOUT, str) else module.ABOUT[name]
    parser = OneLineParser(prog=f"python -m training {name}", description=about,
                           formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.set_defaults(command=name)
    module.add_arguments(parser)
    try:
        args = parser.parse_intermixed_args(rest)
    except SystemExit as stop:
        return int(stop.code or 0)
    except TypeError:  # a parser with sub-commands cannot mix
        args = parser.parse_args(rest)
    args.main = main  # for commands that run others
    args.command_line = f"python -m training {name} " + " ".join(rest)
    return int(module.run(args) or 0)
