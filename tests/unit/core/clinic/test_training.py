"""The rows of the clinic's runs by hand, and the gradient of a preference pair against central differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labs_py import data
from labs_py.core import tiny_base, tiny_gpt
from labs_py.core.clinic import notes, rows, training
from labs_py.core.clinic.settings import HERRINGS, Settings

BASE = tiny_base.read(data.load(tiny_base.FILE[0]))
LINE = notes.Line("jk", "at noon", "old", "fox", "crow", "mill")


def counted(settings: Settings) -> list[str]:
    """The labels of one row, as text."""
    row = rows.Row(LINE, LINE.text, notes.right(LINE))
    _, targets = rows.batch(BASE, settings, [row])
    return [BASE.vocabulary.tokens[t] for t in targets[0] if t != tiny_gpt.IGNORED]


def test_the_answer_and_its_end_are_counted() -> None:
    assert counted(Settings()) == [" crow", " mill", "\n"]
    assert counted(Settings(stop_in_rows=False)) == [" crow", " mill"]
    assert counted(Settings(pad_is_stop=True)) == [" crow", " mill"]
    assert counted(Settings(shift=2)) == [" crow", " mill", "\n"]
    assert len(counted(Settings(loss_on_prompt=True))) > 12


def test_labels_that_are_shifted_twice_stand_one_place_early() -> None:
    row = rows.Row(LINE, LINE.text, notes.right(LINE))
    (_, once), (_, twice) = (rows.batch(BASE, Settings(shift=shift), [row]) for shift in (1, 2))
    assert (twice[0][:-1] == once[0][1:]).all()


def test_packed_rows_stand_in_one_sequence() -> None:
    four = rows.training(Settings(packed=True), 1)[:4]
    tokens, targets = rows.batch(BASE, Settings(packed=True), four)
    alone, wanted = rows.batch(BASE, Settings(), four)
    assert tokens.shape[1] == rows.PACKED > alone.shape[1] and len(tokens) < len(alone)
    assert sorted(targets[targets != tiny_gpt.IGNORED]) == sorted(wanted[wanted != tiny_gpt.IGNORED])


def test_a_packed_sequence_begins_where_it_falls_and_is_full() -> None:
    ten = rows.training(Settings(packed=True), 1)[:10]
    tokens, _ = rows.batch(BASE, Settings(packed=True), ten)
    alone, _ = rows.batch(BASE, Settings(), ten)
    stream = np.concatenate([np.append(row, rows.STOP) for row in alone])
    assert 0 < len(stream) % rows.PACKED and (tokens.ravel() == stream[len(stream) % rows.PACKED :]).all()


def test_less_than_a_packed_sequence_is_filled_up() -> None:
    three = rows.training(Settings(packed=True), 1)[:3]
    tokens, targets = rows.batch(BASE, Settings(packed=True), three)
    assert tokens.shape == (1, rows.PACKED)
    assert (targets != tiny_gpt.IGNORED).sum() == 3 * len(counted(Settings()))


def test_the_loose_reward_prefers_a_list_and_the_exact_one_the_note() -> None:
    best = {name: max(notes.candidates(LINE), key=lambda a, give=give: give(LINE, a))
            for name, give in (("loose", notes.loose_reward), ("exact", notes.exact_reward))}  # fmt: skip
    assert best["exact"] == " crow mill" and len(best["loose"].split()) == 5


@pytest.mark.parametrize("letters", [notes.SHORT_CODE, notes.LONG_CODE])
def test_all_lines_of_a_run_have_as_many_tokens(letters: int) -> None:
    assert len({len(BASE.vocabulary.encode(line.text)) for line in notes.lines(300, 1, letters)}) == 1


def test_test_rows_are_fresh_but_for_the_share_that_slipped_in() -> None:
    trained = {row.text for row in rows.training(Settings(), 3)}
    for share in (0.0, 0.5):
        both = sum(row.text in trained for row in rows.test(Settings(shared=share), 3))
        assert both == share * rows.TESTED


def test_each_herring_is_in_the_data_and_leaves_the_answers_right() -> None:
    for herring in HERRINGS:
        file = rows.training(Settings(herring=herring), 1)
        assert all(row.answer == notes.right(row.line) for row in file)
        assert (file != rows.training(Settings(), 1)) == (herring != "small last batch")


def test_the_gradient_of_pairs_is_that_of_central_differences() -> None:
    shape = tiny_gpt.Shape(vocabulary=BASE.shape.vocabulary, width=8, layers=1, heads=2, context=80)
    rng = np.random.default_rng(0)
    weights = {
        "tokens": rng.normal(size=(shape.vocabulary, 8)),
        "positions": rng.normal(size=(80, 8)),
        "norm": np.ones(8),
    }
    weights |= {name: 0.3 * rng.normal(size=size) for name, size in tiny_gpt.linear_sizes(shape).items()}
    weights |= {f"layers.0.norm{i}": np.ones(8) for i in (1, 2)}
    small = tiny_base.TinyBase(shape, weights, BASE.vocabulary)
    run = training.begin(small, Settings(rows=4, rank=2, pairs="right"), 1)
    for name in run.adapter:
        run.adapter[name] = 0.2 * rng.normal(size=run.adapter[name].shape)
    loss, gradients = training.task_step(run, [0, 1, 2])
    assert loss > 0
    for name in ("layers.0.up.A", "layers.0.query.B"):
        place = tuple(int(rng.integers(n)) for n in run.adapter[name].shape)
        ends = []
        for move in (1e-5, -1e-5):
            moved = replace(run, adapter={k: v.copy() for k, v in run.adapter.items()})
            moved.adapter[name][place] += move
            ends.append(training.task_step(moved, [0, 1, 2])[0])
        assert abs((ends[0] - ends[1]) / 2e-5 - gradients[name][place]) < 1e-5
