"""One run of a method, as its phases see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from training.data.splits import Splits
from training.models.loading import LoadedModel
from training.run import machine
from training.run.folder import RunFolder
from training.run.settings import Config

if TYPE_CHECKING:
    from training.methods.trainer import TrainResult  # the trainers load torch, and --help does not need it

ConfigType = TypeVar("ConfigType", bound=Config)


@dataclass(frozen=True)
class Run(Generic[ConfigType]):
    """What the command frame hands to a method's phases.

    Attributes:
        config: the run's settings.
        folder: where everything is written.
        loaded: the base model.
        rows: the run's rows, training and held out.
        resumed: an interrupted run is resumed.
        anyway: train even when the probe advises against it.
        command: of the line that resumes the run.
        method: the module with the method's ``train``.
    """

    config: ConfigType
    folder: RunFolder
    loaded: LoadedModel
    rows: Splits
    resumed: bool
    anyway: bool
    command: str
    method: Any

    def train(self) -> TrainResult:
        """The training phase, from the last whole checkpoint of an interrupted run."""
        self.folder.begin_training()
        with machine.phase("training", self.folder.log):
            checkpoint = self.folder.last_checkpoint() if self.resumed else None
            return self.method.train(self.config, self.rows.train, self.loaded, self.folder, checkpoint, self.command)

    def trained_or(self, load: Callable[[Path], Any]) -> Any | None:
        """The model of an interrupted run whose training was finished, read by ``load``; None where it was not."""
        if "train" not in self.folder.read():
            return None
        machine.say("· training: taken from the interrupted run")
        return load(self.folder.adapter)
