"""A run's folder: settings, adapter, log and report, each complete on disk at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from training.run import checkpoint_integrity, jsonl, machine
from training.run import config as configuration
from training.run.errors import BadInput, GuardFailed, Interrupted, LackingResource
from training.run.process import folder_lock
from training.run.settings import Config


def same_settings(noted: str, here: str, folder: Path) -> None:
    """A run resumes only with the settings that it began with.

    Args:
        noted, here: SHA-256 of the settings in the report, and of those given now.
        folder: the run's, for the message.

    Raises:
        GuardFailed: they differ.
    """
    if noted != here:
        raise GuardFailed(f"{folder}: this run was begun with other settings ({noted[:8]}, now {here[:8]}); resume it"
                          " without overrides, or start a new run")  # fmt: skip


def same_rows(noted: str | None, here: str, folder: Path) -> None:
    """A run resumes only with the rows that it began with.

    Args:
        noted, here: SHA-256 of the rows in the report (None: the run was stopped before it had read them), and now.
        folder: the run's, for the message.

    Raises:
        GuardFailed: they differ.
    """
    if noted is not None and noted != here:
        raise GuardFailed(f"{folder}: this run was begun with other rows ({noted[:8]}, now {here[:8]}): its files or"
                          " its task have changed; put them back, or start a new run")  # fmt: skip


MARK = "complete"  # a checkpoint with this file in it was written to its end


# What others read from a report without asking whether it is there: ``create`` writes it, damage takes it away.
NEEDED = (("run", "config_sha256", str), ("run", "seconds", (int, float)), ("run", "dirty", bool),
          ("environment", "dtype", str))  # fmt: skip

DTYPES = ("", "float32", "bfloat16")  # "": not known yet


# What a training run leaves behind and a later one would take for its own.
LEFT = ("adapter", "variants", "checkpoints", "round-[0-9]*", "warm-start", "pairs.jsonl", "written_by_teacher.jsonl",
        "teacher.safetensors")  # fmt: skip

ANEW = "start the run again, in another --out or after removing the folder"


class HashedRows(Protocol):
    """What a report says of a run's rows; ``training.data.splits.Splits`` has it."""

    @property
    def sha256(self) -> str: ...
    @property
    def n(self) -> dict[str, int]: ...


class RunFolder:
    """``config.yaml, adapter/, report.json, report.html, predictions.jsonl, log.jsonl`` of one run."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.adapter = self.path / "adapter"
        self.report = self.path / "report.json"
        self.html = self.path / "report.html"
        self.predictions = self.path / "predictions.jsonl"
        self.log_file = self.path / "log.jsonl"
        self.before = self.path / "before.json"
        self.checkpoints = self.path / "checkpoints"

    def create(self, config: Config, command: str, dtype: str = "") -> None:
        """Begin a run; an existing folder is taken over only when it holds the same settings.

        Args:
            command: the whole command line, for the report.
            dtype: how the weights are held, where that is known already.

        Raises:
            BadInput: the folder holds another run, its report is damaged, or another process is at work in it.
        """
        if self.report.exists() and configuration.sha(config) != self.read()["run"].get("config_sha256"):
            raise BadInput(f"{self.path}: another run lies here; give another --out, or remove the folder")
        left_over = self.report.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        self.hold()
        sha, dirty = machine.commit()
        configuration.dump(config, self.config)
        self._write({
            "run": {"id": self.path.name, "command": command.strip(), "commit": sha, "dirty": dirty,
                    "status": "running", "config_sha256": configuration.sha(config),
                    "started": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": 0.0,
                    **({"left_over": True} if left_over else {})},
            "environment": machine.environment(dtype),
            "seeds": {"data": config.data.seed, "init": config.train.seed, "order": config.train.seed},
        })  # fmt: skip
        self.log_file.unlink(missing_ok=True)
        self.predictions.unlink(missing_ok=True)
        self.before.unlink(missing_ok=True)

    def hold(self) -> None:
        """Keep other processes out until the command ends; a launch's processes share what their first one holds.

        Raises:
            BadInput: another process is at work in the folder.
        """
        if machine.is_main_process() and self.path.is_dir():
            folder_lock.hold(self.path)

    def open(self) -> dict[str, Any]:
        """The report of a run that was begun.

        Raises:
            BadInput: there is none, or it is damaged.
        """
        if not self.report.is_file() or not self.config.is_file():
            raise BadInput(f"{self.path}: there is no run here (report.json or config.yaml is missing); give a run's"
                           " folder, such as runs/sft-orders-...-s0")  # fmt: skip
        return self.read()

    def read(self) -> dict[str, Any]:
        """The report so far.

        Raises:
            BadInput: it is damaged; the line names the part.
        """
        report = jsonl.read_object(self.report, ANEW)
        for section, values in report.items():
            if not isinstance(values, dict):
                raise BadInput(f"{self.report}: {section} is a {type(values).__name__} and not an object; {ANEW}")
        for section, key, kind in NEEDED:
            values = report.get(section, {})
            if key not in values or not isinstance(values[key], kind):
                raise BadInput(f"{self.report}: {section}.{key} is missing or damaged; {ANEW}")
        if report["environment"]["dtype"] not in DTYPES:
            raise BadInput(f"{self.report}: environment.dtype must be one of {', '.join(DTYPES[1:])}; {ANEW}")
        return report

    @contextmanager
    def reading(self) -> Generator[None, None, None]:
        """For commands that read a finished report: a missing or wrong figure is one line, and no traceback.

        A training run does not use it: an error in its own report is a bug, and the traceback shows where.

        Raises:
            BadInput: a figure is not there or is of another kind.
        """
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
            raise BadInput(f"{self.report}: a part is missing or damaged ({why}); put the file back as the run wrote it"
                           ) from error  # fmt: skip

    def update(self, section: str, values: dict[str, Any]) -> None:
        """Merge ``values`` into a section of the report; nested mappings are merged, the rest replaced.

        Raises:
            BadInput: the report is damaged.
        """
        report = self.read()
        report[section] = _merge(report.get(section, {}), values)
        self._write(report)

    def note_rows(self, rows: HashedRows) -> None:
        """Write hash and counts of the run's rows into the report.

        Raises:
            GuardFailed: an interrupted run was begun with others.
        """
        same_rows(self.read().get("data", {}).get("sha256"), rows.sha256, self.path)
        self.update("data", {"sha256": rows.sha256, "n": rows.n})

    def begin_training(self) -> None:
        """Remove what an earlier run left in this folder: its settings are the same, but its rows may be others.

        Called just before training, so that nothing is lost when the probe or an error ends the run earlier.
        """
        if machine.is_main_process() and self.read()["run"].get("left_over"):
            self._clear()
            self.update("run", {"left_over": False})

    def log(self, event: dict[str, Any]) -> None:
        """Append one line to log.jsonl."""
        if machine.is_main_process():
            with open(self.log_file, "a", encoding="utf-8") as file:
                file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The lines of log.jsonl, of one kind when given; broken ones are left out."""
        if not self.log_file.exists():
            return []
        events = jsonl.read(self.log_file, skip_broken=True)
        return [event for event in events if _is_event(event) and kind in (None, event["event"])]

    def forget_steps_after(self, step: int) -> None:
        """Drop the log lines of steps that will be taken again."""
        kept = [e for e in self.events() if e.get("step", 0) <= step]
        _replace(self.log_file, _lines(kept))

    def forget_predictions(self, *arms: str) -> None:
        """Drop the answers of variants that will be asked again, and an incomplete last line.

        Raises:
            BadInput: another line is broken.
        """
        if self.predictions.exists():
            answers = jsonl.read(self.predictions)
            _replace(self.predictions, _lines(one for one in answers if one.get("arm") not in arms))

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end."""
        folders = self.checkpoints.glob("checkpoint-*")
        done = [p for p in folders if re.fullmatch(r"checkpoint-\d+", p.name) and (p / MARK).exists()]
        return max(done, key=step_of, default=None)

    def keep_before(self, scores: dict[str, Any]) -> None:
        """Keep the base model's scores, item by item, for the comparison after training.

        Each method's scores have their own structure; a hash stored beside them shows damage.
        """
        kept = {"sha256": _sha256(scores), "scores": scores}
        _replace(self.before, json.dumps(kept, ensure_ascii=False) + "\n")

    def read_before(self) -> dict[str, Any] | None:
        """The base model's scores; None when they were not finished.

        Raises:
            BadInput: they are damaged.
        """
        if not self.before.exists():
            return None
        remedy = "remove this file, and the base model is asked again"
        kept = jsonl.read_object(self.before, remedy)
        if "scores" not in kept or kept.get("sha256") != _sha256(kept["scores"]):
            raise BadInput(f"{self.before}: damaged, or of an earlier version; {remedy}")
        return kept["scores"]

    def resume_command(self, command: str) -> str:
        """The command that resumes this run.

        Args:
            command: of ``python -m training``, with its flags.
        """
        return f"python -m training {command} --resume {shlex.quote(str(self.path))}"

    def stopped(self, command: str) -> Interrupted:
        """What is raised after Ctrl-C; arguments as in ``resume_command``."""
        if not (self.report.is_file() and self.config.is_file()):
            return Interrupted("stopped before the run began; the same command starts it")
        return Interrupted(f"stopped; resume with:\n  {self.resume_command(command)}")

    def full_disk(self, error: BaseException, command: str) -> LackingResource:
        """What is raised when the disk was full: which file, and how the run is resumed from its last whole checkpoint.

        Args:
            error: what a library raised; some leave out the file.
            command: as in ``resume_command``.
        """
        place = getattr(error, "filename", None) or f"a file under {self.path}"
        begun = self.report.is_file() and self.config.is_file()
        after = f"resume with:\n  {self.resume_command(command)}" if begun else "the same command starts the run"
        return LackingResource(f"{place}: the disk is full; make room, then {after}")

    def _clear(self) -> None:
        for path in (found for pattern in LEFT for found in self.path.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _write(self, report: dict[str, Any]) -> None:
        if machine.is_main_process():
            _replace(self.report, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(checkpoint.name.rsplit("-", 1)[1])


def check_checkpoint(checkpoint: Path) -> None:
    """Check that a checkpoint's files are there and readable, so that the run can resume from it.

    Raises:
        BadInput: a file is missing or damaged, or the checkpoint was written by several processes.
    """
    remedy = "remove the checkpoint's folder, and the run resumes from the one before, or from its start"
    state = jsonl.read_object(checkpoint / "trainer_state.json", remedy)
    if state.get("global_step") != step_of(checkpoint):
        raise BadInput(f"{checkpoint / 'trainer_state.json'}: global_step is not {step_of(checkpoint)}; {remedy}")
    if machine.process_count() > 1:  # weights and optimiser lie in parts, as the launcher's settings have them
        return
    if not any(checkpoint.glob("*.safetensors")):
        raise BadInput(f"{checkpoint}: there are no weights (*.safetensors) in it; {remedy}")
    for file in checkpoint.rglob("*.safetensors"):
        checkpoint_integrity.need_safetensors(file, remedy)
    if any(checkpoint.glob("rng_state_*.pth")):
        raise BadInput(f"{checkpoint}: written by several processes; resume with as many as there were")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):  # without the last, random draws would differ
        checkpoint_integrity.need_torch(checkpoint / name, remedy)


def default_path(config: Config) -> Path:
    """``runs/NAME-SETTINGS-sSEED``: one folder for one set of settings."""
    return Path("runs") / f"{config.method}-{config.name}-{configuration.sha(config)[:8]}-s{config.train.seed}"


def _is_event(event: dict[str, Any]) -> bool:
    """Whether a line of the log has what its readers take from it unasked."""
    kind, step, loss = event.get("event"), event.get("step", 0), event.get("loss")
    return isinstance(kind, str) and isinstance(step, int) and (kind != "step" or isinstance(loss, (int, float)))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _merge(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{k: _merge(old.get(k), v) for k, v in new.items()}}
    return new


def _lines(values: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _replace(path: Path, text: str) -> None:
    """Write so that a reader finds the old or the new file, never half of one."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
