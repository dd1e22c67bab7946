"""The pay-back tool: the figures are the arithmetic's, it says when nothing pays, and the challenge knows its edge."""

from __future__ import annotations

import math

import pytest

from labs_py import api
from labs_py.core import break_even
from labs_py.core.break_even import Case


def test_the_tool_shows_the_same_figures_and_says_when_nothing_pays() -> None:
    frame = api.last_frame("payback", {"requests": 5000})
    assert frame["scalars"]["net"]["value"] == pytest.approx(break_even.net(Case(requests=5000)))
    assert math.isinf(frame["scalars"]["break_even_months"]["value"])
    assert "Prompting wins" in frame["texts"]["status"] and "never" in frame["texts"]["summary:standing"]


@pytest.mark.parametrize("seed", range(4))
def test_the_challenge_knows_its_edge(seed: int) -> None:
    task = api.draw("payback", "edge", seed)
    lengths = range(50, 20_001, 10)
    verdicts = [api.check("payback", "edge", seed, {**task.params, "long_prompt": n}).result for n in lengths]
    right = [n for n, v in zip(lengths, verdicts, strict=True) if v == "right"]
    assert right and max(right) == max(
        n for n in lengths if break_even.net(Case(**{**task.params, "long_prompt": n})) <= 0
    )
    wrong = api.check("payback", "edge", seed, {**task.params, "long_prompt": max(right), "hour": 5})
    assert "besides" in wrong.message
