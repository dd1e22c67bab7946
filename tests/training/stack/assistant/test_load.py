"""Many clients and a teacher of five moods: every promise of the served assistant holds, and a broken one is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.effort import Effort
from tests.training.stack.assistant import load
from tests.training.stack.assistant.health_probe import Waits

pytestmark = pytest.mark.drawn(1)


def test_no_accepted_question_is_lost_and_nothing_else_is_either(tmp_path: Path, effort: Effort) -> None:
    clients = effort.count(20, 200)
    found = asyncio.run(load.run(tmp_path, clients, 50 * clients if effort.full else 15 * clients, effort.seed))
    print(load.table(found))
    assert load.broken(found) == []
    assert found.codes["kind"][200] > 9 * found.codes["kind"][503]
    assert all(found.codes[mood][503] for mood in load.MOODS[1:])
    assert found.keys and found.sent == found.events["closed"]


def kept() -> load.Found:
    """What a server that keeps every promise shows."""
    found = load.Found(sent=2, given={"a": 200, "b": 503}, state=[(400, 40, 30), (401, 40, 30)])
    found.codes["kind"][200], found.codes["dead"][503] = 1, 1
    found.events, found.waits = Counter(asked=2, closed=2), Waits([0.01], [0.0])
    return found


@pytest.mark.parametrize(("fault", "said"), [
    ({"lost": ["dead: OSError"]}, "no answer"), ({"events": Counter(asked=2, closed=1)}, "lines in the traces"),
    ({"open_traces": 1}, "are open"), ({"closed_otherwise": 1}, "another status"), ({"thief_met": 1}, "sent elsewhere"),
    ({"keys": Counter({"": 1})}, "other keys"), ({"key_in_traces": True}, "the key stands"),
    ({"said": f"refused {load.KEY}"}, "the key stands"), ({"waits": Waits([0.2], [0.01])}, "/health took"),
    ({"state": [(400, 40, 30), (400, 40, 30), (430, 40, 30)]}, "memory grew"),
    ({"state": [(500 + 9 * (n % 3) + 10 * n, 40, 30) for n in range(10)], "sent": 10_000,
      "events": Counter(asked=10_000, closed=10_000)}, "memory: +9."),
    ({"state": [(400, 40, 30), (400, 40, 300)]}, "open files grew"), ({"said": "Traceback"}, "the server said"),
])  # fmt: skip
def test_each_broken_promise_is_named(fault: dict, said: str) -> None:
    found = kept()
    assert load.broken(found) == []
    for name, value in fault.items():
        setattr(found, name, value)
    assert [line for line in load.broken(found) if said in line]


def test_flat_memory_is_flat_though_its_lowest_round_comes_early() -> None:
    seen = [504, 494, 509, 518, 518, 513, 507, 505, 513, 512]  # MB after each thousand of 10,000 questions
    slope, low, high = load.growth_kb(seen, 10_000)
    assert slope == pytest.approx(np.polyfit(range(8), seen[2:], 1)[0]) and low < 0 < high < load.LEAK_KB
    assert load.growth_kb(seen[:7], 7_000) is None


def test_memory_that_rises_and_falls_too_much_to_tell_is_not_called_flat() -> None:
    found = load.Found(sent=10_000, state=[(500 + 60 * (n % 2), 40, 30) for n in range(10)])
    assert "not ruled out" in load.memory_grew(found)


def test_an_answer_of_another_kind_is_named() -> None:
    found = kept()
    found.codes["lying"][500] = 1
    assert "other statuses: {'lying': {500: 1}}" in load.broken(found)[0]
