"""The challenges of the fine-tuning lab: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

from typing import Any

from labs_py.core import tiny_gpt
from labs_py.spec import Challenge, Task, Verdict


def _draw_count(seed: int) -> Task:
    rank = (3, 5, 6, 7, 8, 12)[seed % 6]
    return Task(f"How many weights does an adapter of rank {rank} train on this model? Work it out: 2 layers, each "
                "with four maps of 64 by 64 and two of 64 by 256.", {"rank": rank})  # fmt: skip


def _check_count(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    rank = _draw_count(seed).params["rank"]
    shape = tiny_gpt.Shape()
    right = tiny_gpt.count_adapter(shape, rank)
    full = sum(rows * columns for rows, columns in tiny_gpt.linear_sizes(shape).values())
    wrong = {
        right / 2: "That is one layer, or only one of A and B. There are two of each.",
        full: "Those are the frozen weights of the maps themselves.",
        right / rank: "That is rank 1.",
        2 * 6 * rank * 128: "The two wide maps have 64 + 256 rows and columns, not 64 + 64.",
    }
    if answer == right:
        return Verdict("right", "Rank times (rows + columns), added over twelve maps.")
    return Verdict("wrong", wrong.get(answer, "Each map costs rank times (rows + columns); add twelve of them."))


def _draw_fault(seed: int) -> Task:
    params = ({"with_stop": False, "method": "full"}, {"mask_prompt": False}, {"learning_rate": 0.05})[seed % 3]
    return Task("One setting is wrong here. Press the button, look at the answers and at both charts, and say which "
                "one it is, without looking at the switches.", params)  # fmt: skip


def _check_fault(seed: int, params: dict[str, Any], answer: str) -> Verdict:
    wanted = ("stop", "mask", "rate")[seed % 3]
    signs = {
        "stop": "the words come out right and the answers do not end",
        "mask": "the loss stays high, because it is mostly a loss on stories, and the score rises late",
        "rate": "the loss never falls to near zero, and no answer is right",
    }
    if answer == wanted:
        return Verdict("right", f"Yes: {signs[wanted]}.")
    return Verdict("wrong", f"If it were that, you would see this: {signs[answer]}.")


CHALLENGES = (
    Challenge("count", "Count the adapter", "number", _draw_count, _check_count,
              "Each map costs rank times (rows + columns).", "weights"),
    Challenge("fault", "What went wrong?", "choice", _draw_fault, _check_fault,
              "Compare exact answers with words that are right.",
              choices=(("stop", "the stop token is not in the loss"), ("mask", "the prompt is in the loss"),
                       ("rate", "the learning rate is far too high"))),
)  # fmt: skip
