"""Batches go on by halves where memory is short, and one line says so."""

from __future__ import annotations

import pytest
import torch

from training import cli
from training.models import generate, tiny
from training.models.structure.halving import in_batches
from training.run.errors import LACKING_RESOURCE, LackingResource, is_out_of_memory

ERRORS = [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), MemoryError(),
          RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("fits", [1, 3, 7])
def test_every_item_is_run_once_and_in_order(error, fits, capsys):
    def run(batch):
        if len(batch) > fits:
            raise error
        return [item * 2 for item in batch]

    done = [(batch, result) for batch, result in in_batches(list(range(20)), 16, run, "the setting")]
    assert [item for batch, _ in done for item in batch] == list(range(20))
    assert all(result == [item * 2 for item in batch] and len(batch) <= fits for batch, result in done)
    assert "memory is short: going on with" in capsys.readouterr().err


def test_a_single_item_that_does_not_fit_is_one_line():
    def run(_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(LackingResource, match="the setting: memory does not hold a single row"):
        list(in_batches([1, 2], 2, run, "the setting"))


def test_another_error_stays_what_it_is():
    def run(_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        list(in_batches([1], 1, run, "x"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.fixture(autouse=True)
def no_collection(monkeypatch):
    """Collecting garbage takes a third of a second each time."""
    monkeypatch.setattr("training.run.machine.release_memory", lambda: None)


class Letters:
    def decode(self, ids, skip_special_tokens=True):
        return " ".join(map(str, ids))


def test_answers_are_the_same_when_batches_are_halved(monkeypatch):
    model = tiny.model("llama")[0].eval()
    rows = [[5, 6, *range(7, 7 + n)] for n in (2, 9, 4, 3, 6)]
    wanted = generate.greedy(model, Letters(), rows, 6, {11})
    honest = generate._batch

    def short(model, suffixes, *rest):
        if len(suffixes) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return honest(model, suffixes, *rest)

    monkeypatch.setattr(generate, "_batch", short)
    assert generate.greedy(model, Letters(), rows, 6, {11}) == wanted


def test_a_command_that_runs_out_of_memory_ends_in_one_line(monkeypatch, capsys):
    def out(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity")

    monkeypatch.setattr(cli, "_run", out)
    assert cli.main(["train"]) == LACKING_RESOURCE
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "train.per_device_train_batch_size" in said
