"""Between two phases of a run, what the first one held is given back, cycles included."""

from __future__ import annotations

import gc
import weakref

from training.run import machine


class Holder:
    """Something that points at itself, as a trainer does."""

    def __init__(self):
        self.itself = self


def test_a_cycle_is_gone_after_release():
    gc.disable()
    try:
        held = weakref.ref(Holder())
        assert held() is not None  # counting references alone does not free it
        machine.release_memory()
        assert held() is None
    finally:
        gc.enable()
