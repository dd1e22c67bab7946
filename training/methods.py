"""Which modules a run's ``method`` means: where its rows come from, how it trains, what it measures besides.

A method's module has ``load_rows(config, tokenizer) -> data.Loaded``, ``train(config, rows, loaded, folder, resume,
command) -> TrainResult`` and ``measure_more(config, rows, loaded, tuned, folder)`` for figures of its own; where its
base is no causal language model, also ``load_base(config, dtype)``.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from training.errors import BadInput

MODULES = {"dpo": "training.dpo", "grpo": "training.grpo", "reward": "training.reward", "distill": "training.distill",
           "embed": "training.embed"}  # fmt: skip
PROGRAMS = {"sft": "training train", "distill-stack": "training.stack.distill"}  # others: the method is the command


def module_of(config) -> ModuleType | None:
    """The method's module; None for plain supervised fine-tuning."""
    name = MODULES.get(config.method)
    return import_module(name) if name else None


def load_base(config, dtype: str | None = None):
    """The base model of a run; a method may have a kind of its own."""
    from training import model

    own = getattr(module_of(config), "load_base", None)
    return own(config, dtype) if own else model.load_base(config.model, dtype)


def load_rows(config, tokenizer=None):
    """The rows of a run, whatever its method."""
    from training import data

    found = module_of(config)
    return found.load_rows(config, tokenizer) if found else data.load(config, tokenizer)


def train(config, rows, loaded, folder, resume, command: str):
    """The tuned model and its facts."""
    from training import sft

    found = module_of(config)
    if found:
        return found.train(config, rows.train, loaded, folder, resume, command)
    return sft.train(config, rows.train, loaded, folder, resume, command)


def measure_more(config, rows, loaded, tuned, folder) -> None:
    """The method's own figures, written into the report."""
    found = module_of(config)
    if found:
        found.measure_more(config, rows, loaded, tuned, folder)


def need(config, *wanted: str) -> None:
    """BadInput when a command is given another method's configuration.

    Args:
        config: of the run.
        wanted: the methods that the command can do.
    """
    if config.method not in wanted:
        raise BadInput(f"this configuration's method is {config.method}, not {' or '.join(wanted)}: run it with"
                       f" 'python -m {PROGRAMS.get(config.method, f'training {config.method}')}'")  # fmt: skip
