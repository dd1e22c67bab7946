"""The challenges of the Quantization Lab: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import quantize
from labs_py.labs.quantization import storage
from labs_py.spec import Challenge, Task, Verdict

ROWS = WIDTH = 4096
RIGHT, WRONG = "right", "wrong"


def _near(answer: float, truth: float, tolerance: float = 0.006) -> bool:
    return abs(answer - truth) <= tolerance * abs(truth)


def _first(answer: float, truth: float, mistakes: list[tuple[float, str]], praise: str, otherwise: str) -> Verdict:
    """Right when near the truth; else the message of the first mistake that gives this answer."""
    if _near(answer, truth):
        return Verdict(RIGHT, praise)
    for value, message in mistakes:
        if not _near(value, truth) and _near(answer, value):
            return Verdict(WRONG, message)
    return Verdict(WRONG, otherwise)


def _storage_of(seed: int) -> tuple[int, int, int, bool]:
    """Code bits, group size, scale bits, offset or not."""
    rng = np.random.default_rng(seed)
    return int(rng.integers(3, 7)), int(rng.choice([32, 64, 128])), int(rng.choice([16, 32])), bool(rng.integers(2))


def _draw_bits(seed: int) -> Task:
    bits, group, scale, offset = _storage_of(seed)
    return Task(
        f"A {ROWS} × {WIDTH} matrix is stored in {bits}-bit codes, groups of {group}, each with a {scale}-bit scale"
        + (f" and a {scale}-bit smallest weight." if offset else " and nothing else.")
        + " How many bits does a weight take?"
    )


def _check_bits(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    bits, group, scale, offset = _storage_of(seed)
    truth = bits + (2 if offset else 1) * scale / group
    return _first(
        answer,
        truth,
        [
            (bits, "You count the codes only: the scales have to be stored too, one for each group."),
            (bits + scale / group, "You count the scale only: an affine group also stores where its range begins."),
            (bits + 2 * scale / group, "You count an offset, but a symmetric grid has none: zero is its middle."),
            (bits + scale, f"A scale of {scale} bits is shared by {group} weights: divide it among them."),
        ],
        f"Yes: {bits} + {2 if offset else 1} · {scale}/{group} = {truth:g} bits.",
        "Codes, plus what each group stores divided by the group's weights.",
    )


def _memory_of(seed: int) -> tuple[int, int]:
    """Billions of parameters and code bits."""
    rng = np.random.default_rng(seed)
    return int(rng.choice([8, 13, 32, 70, 123, 405])), int(rng.choice([4, 8]))


def _draw_memory(seed: int) -> Task:
    billions, bits = _memory_of(seed)
    return Task(
        f"Find the error: 'at {bits} bits a {billions}B model needs {billions * bits / 32:g} GB, since memory = size × "
        f"bits/32'. How many GB (10^9 bytes) are its weights really, with {bits}-bit codes in groups of 64 and a "
        "32-bit scale each?",
        {"own_billions": billions},
    )


def _check_memory(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    billions, bits = _memory_of(seed)
    truth = billions * (bits + 0.5) / 8
    return _first(
        answer,
        truth,
        [
            (billions * bits / 32, "bits/32 compares with 32-bit weights; it does not give bytes. A byte is 8 bits."),
            (billions * bits / 8, "The codes alone. Each group of 64 adds a 32-bit scale: half a bit per weight."),
            (truth * 1e9 / 2**30, "That is in GiB (2^30 bytes); GB of 10^9 bytes are asked for."),
            (billions * (bits + 0.5), "Those are gigabits: eight bits make a byte."),
        ],
        f"Yes: {billions} · {bits + 0.5:g}/8 = {truth:g} GB, before any cache.",
        "Parameters times true bits, divided by 8.",
    )  # fmt: skip


def _outlier_of(seed: int) -> tuple[int, int]:
    rng = np.random.default_rng(seed)
    return int(rng.choice([32, 64, 128])), int(rng.integers(3, 13))


def _draw_outlier(seed: int) -> Task:
    group, factor = _outlier_of(seed)
    return Task(
        f"In a 384 × 384 matrix with one scale per group of {group}, one weight grows until it is {factor} times its "
        "group's former largest. For how many percent of all weights does the step become coarser?",
        {"granularity": "group", "group_size": group},
    )


def _check_outlier(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    group, factor = _outlier_of(seed)
    truth = 100 * group / 384**2
    return _first(
        answer,
        truth,
        [
            (100, "That would be so with one scale for the matrix. Here only the weights that share its scale suffer."),
            (100 / 384, "That is a whole row. The row has several groups, and the others keep their scales."),
            (truth / 100, "That is the share; the question asks for percent."),
            (100 / 384**2, "The outlier itself is one weight, but its whole group shares the coarser step."),
        ],
        f"Yes: {group} of {384**2:,} weights. That is why groups are worth their bits.",
        "Count the weights that share a scale with the outlier.",
    )


def _draw_lossless(seed: int) -> Task:
    return Task(
        "These 96 rows come from a file of 5 bits per weight, yet you see them as ordinary numbers. Find the setting "
        "that stores them in at most 5 bits and loses exactly nothing.",
        {"weights": "smollm2", "format": "int", "bits": 4, "granularity": "group", "group_size": 64},
    )


def _check_lossless(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    if params["weights"] != "smollm2":
        return Verdict(WRONG, "This is about the SmolLM2 rows: choose them as the weights.")
    weights, setting = storage.weights_of(params), storage.setting_of(params)
    if weights.key[0] != "smollm2":
        return Verdict(WRONG, "The recorded rows could not be loaded, so this cannot be checked now. Reload the page.")
    bits, error = storage.size(weights.matrix.shape, setting), storage.error_of(weights, setting)
    if error < 1e-12 and bits <= 5.0:
        return Verdict(
            RIGHT, f"Yes: {bits:.4g} bits, anchored at each group's smallest: the file's own grid. No merit of 4 bits."
        )
    if error < 1e-12:
        return Verdict(
            WRONG,
            f"Nothing is lost, but this takes {bits:.4g} bits: look at what scales are stored in, and at the bits.",
        )
    if setting.format != "int":
        return Verdict(WRONG, "The file's levels are evenly spaced within a group; this format's are not.")
    if setting.scheme == "symmetric":
        return Verdict(
            WRONG, "A symmetric grid has zero in its middle; the file's grid starts at a group's smallest weight."
        )
    if setting.scheme == "zero_point":
        return Verdict(WRONG, "A whole-number zero point shifts the grid to make zero a level; the file does not.")
    if setting.bits < 4:
        return Verdict(WRONG, f"{2**setting.bits} levels cannot hold the file's 16.")
    if setting.bits > 4:
        return Verdict(WRONG, f"The file has 16 levels in each group; {setting.bits}-bit codes only cost more.")
    return Verdict(WRONG, "Evenly spaced and anchored, but such groups mix stretches that have grids of their own.")


BUDGETS = ((4.6, 21.0), (5.2, 25.4), (4.3, 20.5))
"""Bits and dB on the outlier matrix that a careful choice reaches and a careless one does not (tests show both)."""


def _budget(seed: int) -> tuple[float, float]:
    return BUDGETS[int(np.random.default_rng(seed).integers(len(BUDGETS)))]


def _draw_budget(seed: int) -> Task:
    bits, snr = _budget(seed)
    return Task(
        f"The matrix with the outlier: reach at least {snr:g} dB with at most {bits:g} true bits per weight.",
        {"weights": "minilm-outlier", "format": "int", "bits": 4, "granularity": "tensor"},
    )


def _check_budget(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    most, least = _budget(seed)
    weights, setting = storage.weights_of(params), storage.setting_of(params)
    if params["weights"] != "minilm-outlier" or weights.key[0] != "minilm-outlier":
        return Verdict(WRONG, "This is about the MiniLM matrix with the outlier: choose it as the weights.")
    bits = storage.size(weights.matrix.shape, setting)
    rmse = max(storage.error_of(weights, setting), 1e-300)
    snr = 20 * np.log10(weights.norm / np.sqrt(weights.matrix.size) / rmse)
    code_bits = setting.bits or {"nf4": 4}.get(setting.format) or quantize.FLOATS[setting.format].bits
    if bits > most and code_bits <= most:
        return Verdict(WRONG, f"{code_bits}-bit codes are not {code_bits} bits: the scales bring this to {bits:.4g}.")
    if bits > most:
        return Verdict(WRONG, f"{bits:.4g} bits per weight are over the budget of {most:g}.")
    if snr >= least:
        return Verdict(RIGHT, f"Yes: {snr:.1f} dB at {bits:.4g} bits.")
    if setting.granularity == "tensor":
        return Verdict(WRONG, f"{snr:.1f} dB. One scale for all lets a single weight set everybody's step.")
    return Verdict(WRONG, f"{snr:.1f} dB at {bits:.4g} bits. Spend them elsewhere: scheme, group size, cheaper scales.")


CHALLENGES = (
    Challenge("true-bits", "Count the bits", "number", _draw_bits, _check_bits, "What does each group store?", "bits"),
    Challenge("memory", "Find the error: memory = bits/32", "number", _draw_memory, _check_memory,
              "First the true bits per weight, then bytes.", "GB"),
    Challenge("outlier", "One huge weight", "number", _draw_outlier, _check_outlier,
              "Who shares a scale with it?", "percent"),
    Challenge("lossless", "Why is 4-bit free here?", "params", _draw_lossless, _check_lossless,
              "Which grid could a file of 4-bit codes have used, and how many bits are left for its scales?"),
    Challenge("budget", "Decibels on a budget", "params", _draw_budget, _check_budget,
              "Watch the true bits while you change groups, scheme and how scales are stored."),
)  # fmt: skip
