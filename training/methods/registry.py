"""The methods by name: where the rows of each come from, what trains, which phases a run has.

The modules are named as text and imported when they are needed: ``--help`` and ``--dry-run`` of one method load neither
the libraries of the others nor its own trainer.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from training.data.splits import Splits
from training.models import loading
from training.models.loading import LoadedModel
from training.run.errors import BadInput
from training.run.settings import Config


@dataclass(frozen=True)
class Method:
    """The modules of one method.

    Attributes:
        rows: has ``load_rows(config, tokenizer) -> Splits``.
        train: has ``train(config, rows, loaded, folder, resume, command) -> TrainResult``.
        phases: has ``phases(run) -> exit code``; ``run`` is a ``training.methods.phases.Run``.
        base: has ``load_base(config, dtype)`` where the base is no causal language model.
    """

    rows: str
    train: str
    phases: str
    base: str = ""


ANSWERING = "training.methods.answering"  # methods whose models answer the task's questions
METHODS = {
    "sft": Method("training.methods.sft.rows", "training.methods.sft.train", ANSWERING),
    "dpo": Method("training.methods.dpo.pairs", "training.methods.dpo.train", ANSWERING),
    "grpo": Method("training.methods.grpo.rows", "training.methods.grpo.train", ANSWERING),
    "reward": Method(
        "training.methods.reward.pairs", "training.methods.reward.train", "training.methods.reward.phases"
    ),
    "distill": Method(
        "training.methods.distill.rows", "training.methods.distill.train", "training.methods.distill.phases"
    ),
    "embed": Method(
        "training.methods.embed.rows",
        "training.methods.embed.train",
        "training.methods.embed.phases",
        base="training.methods.embed.model",
    ),
}


def of(config: Config) -> Method:
    """The method of a run; one of another program (``distill-stack``) trains its student by supervised fine-tuning."""
    return METHODS.get(config.method, METHODS["sft"])


def answers(config: Config) -> bool:
    """Whether the fine-tuned model answers the task's questions, so that the probe and the gate can ask it."""
    return config.method in answering()


def answering() -> list[str]:
    """The methods whose models answer the task's questions."""
    return [name for name, method in METHODS.items() if method.phases == ANSWERING]


def load_rows(config: Config, tokenizer: Any = None) -> Splits:
    """The rows of a run, whatever its method."""
    return import_module(of(config).rows).load_rows(config, tokenizer)


def load_base(config: Config, dtype: str | None = None) -> LoadedModel:
    """The base model of a run; a method may have a kind of its own."""
    own = of(config).base
    return import_module(own).load_base(config, dtype) if own else loading.load_base(config.model, dtype)


def training_module(config: Config) -> ModuleType:
    """The module that trains."""
    return import_module(of(config).train)


def phases_module(config: Config) -> ModuleType:
    """The module that knows the phases of a run."""
    return import_module(of(config).phases)


def need(config: Config, *wanted: str) -> None:
    """Refuse another method's configuration.

    Args:
        config: of the run.
        wanted: the methods that the command can do.

    Raises:
        BadInput: the configuration is another method's; the line names that method's command.
    """
    if config.method not in wanted:
        command = "train" if config.method == "sft" else config.method
        raise BadInput(f"this configuration's method is {config.method}, not {' or '.join(wanted)}: run it with"
                       f" 'python -m training {command}'")  # fmt: skip
