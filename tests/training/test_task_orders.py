"""The order-form task: pinned held-out sets, disjoint products and wording, strict parsing, honest scores."""

from __future__ import annotations

import pytest

from training.tasks import orders_sets

PINNED = {
    "second": "b23cd2283ce039cdb7d1e4b11a67400f9a20235365a58cae01a0f9ae0fb095c6",
    "sealed": "33994a55a609944432c0a09383a052ab03443cc1434cb756ba73a05308a92e55",
}


@pytest.mark.parametrize("name", ["second", "sealed"])
def test_held_out_sets_are_the_pinned_ones(name):
    messages = orders_sets.held_out(name)
    assert len(messages) == 200
    assert len({message.text for message in messages}) == 200
    assert orders_sets.sha256_messages(messages) == PINNED[name]


def test_a_changed_held_out_set_is_an_error(monkeypatch):
    monkeypatch.setattr(orders_sets.HELD_OUT_GRAMMARS["second"], "SEED", 1)
    with pytest.raises(ValueError, match="second held-out set has changed"):
        orders_sets.held_out("second")
