"""What happens at each step: a line in the log, a bar on the screen, a clean stop on Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.models import guards
from training.run import machine
from training.run.folder import MARK, RunFolder
from training.run.process import interrupts

if TYPE_CHECKING:
    from rich.progress import Progress


class StepLog(TrainerCallback):
    """Write every step to log.jsonl, mark finished checkpoints, stop after the step in which Ctrl-C came.

    Args:
        folder: of the run.
        quiet: no bar.
    """

    def __init__(self, folder: RunFolder, quiet: bool = False) -> None:
        self.folder, self.quiet = folder, quiet
        self.trainer: Any = None  # set once the trainer is made; its tokens_seen goes into each line
        self.stopped, self.started, self.first_step = False, 0.0, 0
        self.bar: Progress | None = None
        self.task: Any = None  # of the bar
        self.previous_handler: Any = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Put up the bar and listen for Ctrl-C."""
        self.started, self.first_step = time.monotonic(), state.global_step
        self._listen()
        if machine.is_main_process() and not self.quiet:
            self._open_bar(state)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """One step is done: log it."""
        if not logs or "loss" not in logs:
            return
        guards.loss_finite(logs["loss"], state.global_step)
        seconds = time.monotonic() - self.started
        seen = self.trainer.tokens_seen
        event = {"event": "step", "step": state.global_step, "loss": logs["loss"],
                 "learning_rate": logs.get("learning_rate"), "grad_norm": logs.get("grad_norm"),
                 "tokens": seen, "seconds": round(seconds, 3)}  # fmt: skip
        self.folder.log(event)
        self._show(state, logs["loss"], seen / max(seconds, 1e-9))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """A checkpoint lies there whole: mark it."""
        if machine.is_main_process():
            (self.folder.checkpoints / f"checkpoint-{state.global_step}" / MARK).touch()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """After Ctrl-C: save and stop here."""
        if self.stopped and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Take the bar down and give Ctrl-C back."""
        self.close()

    def close(self) -> None:
        """Also called when training ends by an error."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
        if self.previous_handler is not None:
            signal.signal(signal.SIGINT, self.previous_handler)
            self.previous_handler = None

    def _listen(self) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            if self.stopped:
                interrupts.interrupt()
            self.stopped = True
            machine.say("stopping after this step (Ctrl-C again: at once, back to the last checkpoint)")

        try:
            self.previous_handler = signal.signal(signal.SIGINT, stop)
        except ValueError:  # not in the main thread: no handler, Ctrl-C works as usual
            self.previous_handler = None

    def _open_bar(self, state: TrainerState) -> None:
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                       TextColumn("{task.fields[note]}"), console=Console(stderr=True))  # fmt: skip
        self.bar, self.task = bar, bar.add_task("", total=state.max_steps, completed=state.global_step, note="")
        bar.start()

    def _show(self, state: TrainerState, loss: float, speed: float) -> None:
        note = f"loss {loss:.4f}, {speed:,.0f} tokens/s"
        if self.bar is not None:
            self.bar.update(self.task, completed=state.global_step, note=note)
        elif not self.quiet and (state.global_step % max(1, state.max_steps // 10) == 0):
            done = state.global_step - self.first_step
            left = (time.monotonic() - self.started) / max(done, 1) * (state.max_steps - state.global_step)
            machine.say(f"  step {state.global_step}/{state.max_steps}, {note}, {left:.0f} s left")


class MethodLog(StepLog):
    """StepLog that also keeps a method's own figures of each step.

    Args:
        folder, quiet: as in StepLog.
        wanted: names of the trainer's figures to keep.
    """

    def __init__(self, folder: RunFolder, quiet: bool, wanted: tuple[str, ...]) -> None:
        super().__init__(folder, quiet)
        self.wanted = wanted

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **rest: Any,
    ) -> None:
        """The step's line, and beside it the method's figures."""
        super().on_log(args, state, control, logs=logs, **rest)
        found = {name: logs[name] for name in self.wanted if logs and name in logs}
        if found:
            self.folder.log({"event": "method", "step": state.global_step, **found})


def without_printers(trainer: Any) -> None:
    """Take the library's own progress output away: StepLog has its place."""
    from transformers import PrinterCallback, ProgressCallback

    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
