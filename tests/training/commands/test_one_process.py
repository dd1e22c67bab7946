"""One process in a run's folder, a Ctrl-C that is heard wherever it falls, and a disk that fills up."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT
from training import cli
from training.methods import trainer as method_trainer
from training.run import machine
from training.run.folder import RunFolder
from training.run.process import interrupts

pytestmark = pytest.mark.drawn(2)

CONFIG = str(ROOT / "training" / "configs" / "sft" / "tiny.yaml")
DONE = (0, 10, 11, 12)
HOLDER = """
import sys
from pathlib import Path
from training.run.process import folder_lock
folder_lock.hold(Path(sys.argv[1]))
print("in", flush=True)
sys.stdin.readline()
"""


def sft(out: Path, *more: str) -> int:
    return cli.main(["sft", "--config", CONFIG, "--out", str(out), "train.max_steps=2", *more])


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """Another process that is at work in tmp_path/run."""
    (tmp_path / "run").mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        yield other
        other.kill()


def test_a_second_process_in_a_runs_folder_gets_one_line_and_touches_nothing(tmp_path, holder, capsys):
    (tmp_path / "run" / "checkpoints").mkdir()
    assert sft(tmp_path / "run") == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("error: ") and "another process is at work in this folder" in said[-1]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoints"]
    holder.kill()
    holder.wait()
    assert sft(tmp_path / "run") == 0, "the lock ends with its process, however that ends"


def test_a_second_process_does_not_resume_what_the_first_is_at(tmp_path, capsys):
    assert sft(tmp_path / "run") == 0
    before = (tmp_path / "run" / "report.json").read_bytes()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        for again in (["sft"], ["train", "--anyway"]):
            assert cli.main([*again, "--resume", str(tmp_path / "run")]) == 2
            assert "another process" in capsys.readouterr().err
        other.kill()
    assert (tmp_path / "run" / "report.json").read_bytes() == before


class Sensitive:
    """Ctrl-C comes while this is cleared away, where Python drops what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(1000))  # a signal is heard between two instructions


def interrupting(honest):
    done = []

    def call(*arguments, **named):
        if not done:
            done.append(Sensitive())
            done[0] = None
        return honest(*arguments, **named)

    return call


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("place", ["between training and scoring", "while the adapter is saved"])
def test_a_ctrl_c_that_python_drops_is_heard_before_the_next_phase(tmp_path, capsys, monkeypatch, place):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        if place == "while the adapter is saved":
            patch.setattr(method_trainer, "save", interrupting(method_trainer.save))
        else:
            honest = method_trainer.summarise
            patch.setattr(method_trainer, "summarise", lambda *given: interrupting(honest)(*given))
        assert cli.main(["train", "--config", CONFIG, "--anyway", "--out", str(run), "train.max_steps=2"]) == 130
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"  python -m training train --anyway --resume {run}"
    assert "after" not in [event["name"] for event in RunFolder(run).events("phase")]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "Ctrl-C is given back"
    assert cli.main(["train", "--anyway", "--resume", str(run)]) in DONE


def test_what_was_heard_of_an_earlier_command_does_not_end_the_next(tmp_path):
    with pytest.raises(KeyboardInterrupt), interrupts.listening():
        interrupts.interrupt()
    with interrupts.listening(), machine.phase("quiet"):
        pass


FULL = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/runs/a/optimizer.pt"),
    RuntimeError("[enforce fail at inline_container.cc:664] . file write failed"),
    Exception("Error while serializing: I/O error: No space left on device (os error 28)"),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__)
def test_a_disk_that_fills_up_says_which_file_and_how_to_resume(tmp_path, capsys, monkeypatch, error):
    run = tmp_path / "run"

    def fails(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(method_trainer, "save", fails)
        assert sft(run) == 3
    *_, line, command = capsys.readouterr().err.splitlines()
    place = "/runs/a/optimizer.pt" if isinstance(error, OSError) else f"a file under {run}"
    assert line == f"error: {place}: the disk is full; make room, then resume with:"
    assert command == f"  python -m training sft --resume {run}"
    assert cli.main(["sft", "--resume", str(run)]) == 0
