"""The update that the LoRA Lab studies, and its decomposition, remembered while only other sliders move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import lora, svd

KEPT_RESULTS = 6
# A step of this many multiply-adds takes a few milliseconds, in the browser too.
ROUNDS_TIMES_SIZE = 2048

_finished: dict[tuple, tuple[np.ndarray, svd.Decomposition]] = {}


def key_of(params: dict[str, Any]) -> tuple:
    """What the update depends on: settings of other sources change nothing, so they stay out of the key."""
    source = params["source"]
    used = {
        "planted": ("planted_rank", "noise"),
        "sealed": ("noise",),
        "power_law": ("decay",),
        "noise": (),
    }[source]
    return (source, params["size"], params["seed"], *(params[name] for name in used))


def make_update(params: dict[str, Any]) -> np.ndarray:
    """The update, (size, size) float64, every entry a float32."""
    size, seed = params["size"], params["seed"]
    if params["source"] == "planted":
        return lora.planted_update(size, params["planted_rank"], params["noise"], seed)
    if params["source"] == "sealed":
        return lora.planted_update(size, sealed_rank(seed), params["noise"], seed)
    if params["source"] == "power_law":
        return lora.power_law_update(size, params["decay"], seed)
    return lora.noise_update(size, seed)


def sealed_rank(seed: int) -> int:
    """The rank behind the sealed source: 3 to 18, drawn from the seed."""
    return int(np.random.default_rng([seed, 2]).integers(3, 19))


def decompose_steps(params: dict[str, Any]) -> Iterator[tuple[np.ndarray, svd.Decomposition]]:
    """The update with states of its decomposition: a sketch, those of Jacobi's method, the last one finished; one
    state when it is remembered."""
    key = key_of(params)
    if key not in _finished:
        update = make_update(params)
        yield update, svd.sketch(update)
        for state in svd.jacobi_steps(update, max(1, ROUNDS_TIMES_SIZE // params["size"])):
            if not state.finished:
                yield update, state
        while len(_finished) >= KEPT_RESULTS:
            _finished.pop(next(iter(_finished)))
        _finished[key] = update, state
    yield _finished[key]


def decomposed(params: dict[str, Any]) -> svd.Decomposition:
    """The finished decomposition of the update of these settings."""
    *_, (_, finished) = decompose_steps(params)
    return finished


def forget() -> None:
    """Drop what is remembered, so that edited code takes effect."""
    _finished.clear()
