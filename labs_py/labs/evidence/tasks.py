"""The challenges of the evidence tool: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labs_py.core import power
from labs_py.spec import Challenge, Task, Verdict


def _plan_of(seed: int) -> tuple[float, float]:
    """Gain and disagreement, as shares."""
    rng = np.random.default_rng(seed)
    gain = int(rng.integers(2, 8))
    return gain / 100, (gain + int(rng.integers(4, 16))) / 100


def _draw_plan(seed: int) -> Task:
    gain, differing = _plan_of(seed)
    return Task(
        f"Two models will be asked the same items and should differ on {differing:.0%} of them. How many items show "
        f"a gain of {100 * gain:.0f} points in 8 of 10 cases, with one false alarm in 20? Within a tenth counts."
    )


def _check_plan(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    gain, differing = _plan_of(seed)
    truth = power.paired_items((differing + gain) / 2, (differing - gain) / 2)
    if abs(answer - truth) <= 0.1 * truth:
        return Verdict("right", f"Yes: {truth:,} items.")
    half = (power.normal_quantile(0.975) / gain) ** 2 * differing
    if abs(answer - half) <= 0.1 * half:
        return Verdict("wrong", "That many make the gain as large as the false-alarm bound: you would see it in half "
                       "of the cases only.")  # fmt: skip
    apart = power.separate_items(0.7, 0.7 + gain)
    if abs(answer - apart) <= 0.1 * apart:
        return Verdict("wrong", "That is for models asked different items; asking the same ones needs fewer.")
    return Verdict("wrong", "Put the gain and the disagreement on the sliders and read the first number.")


def _split_of(seed: int) -> tuple[int, int]:
    rng = np.random.default_rng(seed)
    lost = int(rng.integers(2, 14))
    return lost + int(rng.integers(1, 16)), lost


def _draw_split(seed: int) -> Task:
    gained, lost = _split_of(seed)
    return Task(f"A fine-tuned model gains {gained} items, loses {lost}, and agrees with its base on all others. What "
                "is McNemar's p? Any answer within a tenth counts.")  # fmt: skip


def _check_split(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    gained, lost = _split_of(seed)
    truth = power.mcnemar(gained, lost)
    if abs(answer - truth) <= 0.1 * truth:
        return Verdict("right", f"Yes: {truth:.3g}. The items on which they agree play no part.")
    if abs(answer - truth / 2) <= 0.05 * truth:
        return Verdict("wrong", "That is one tail. A loss as uneven would have surprised you as much: count both.")
    return Verdict("wrong", f"Toss {gained + lost} coins: how often does the rarer side come up {lost} times or less? "
                   "Twice that.")  # fmt: skip


def _seeds_of(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    return float(rng.integers(10, 31)) / 10, float(rng.integers(2, 5))


def _draw_seeds(seed: int) -> Task:
    deviation, factor = _seeds_of(seed)
    return Task(
        f"Runs that differ only in the seed scatter with a standard deviation of {deviation:g} points. The mean of how "
        f"many runs scatters {factor:g} times less?"
    )


def _check_seeds(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    factor = _seeds_of(seed)[1]
    if answer == factor**2:
        return Verdict("right", f"Yes: the scatter of a mean falls with the square root of the runs,"
                       f" and √{factor**2:g} = {factor:g}.")  # fmt: skip
    if answer == factor:
        return Verdict("wrong", f"{factor:g} runs cut the scatter only by √{factor:g} = {math.sqrt(factor):.2f}.")
    return Verdict("wrong", "The scatter of a mean is that of one run over the square root of how many there are.")


CHALLENGES = (
    Challenge("plan", "Plan a test set", "number", _draw_plan, _check_plan, "The first sliders do it.", "items"),
    Challenge("split", "Gained and lost", "number", _draw_split, _check_split, "Paste as many lines '0 1' and '1 0'."),
    Challenge("seeds", "How many seeds", "number", _draw_seeds, _check_seeds, "A square root is at work.", "runs"),
)
