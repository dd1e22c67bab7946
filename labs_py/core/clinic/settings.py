"""What a run of the clinic can be told. The defaults are a healthy run; each fault changes one thing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labs_py.core.clinic import notes


@dataclass(frozen=True)
class Settings:
    """One run.

    Attributes:
        rows: different training rows.
        code: letters of the code at the start of a line.
        copies: how often each of them stands in the file.
        steps, batch, learning_rate, rank: of LoRA with Adam.
        replay: old stories in every second step, so that the model keeps them (0 = none).
        loss_on_prompt: the loss counts the prompt as well.
        stop_in_rows: the rows end with the stop token.
        pad_is_stop: padding has the stop token's number, and every such token is left out of the loss.
        shift: places between a token and its label; 1 is the next token.
        beginnings: beginning tokens of a prompt in training.
        test_beginnings: and in the test.
        test_cue: last words of the template in the test.
        shared: share of the test's rows that were trained on.
        packed: rows share a sequence and see the rows before them; the file is sorted by answer.
        answers: who wrote the training answers: "people", "teacher", "reward" (the best of four by the reward).
        checked: a teacher's wrong answers were found and put right.
        reward: "exact" or "loose", for answers of a reward.
        pairs: "none", or preference pairs: "right", "swapped".
        merges: how often alpha / rank is multiplied in at the merge.
        herring: a harmless oddity of the data, see ``herrings``.
    """

    rows: int = 240
    code: int = notes.SHORT_CODE
    copies: int = 1
    steps: int = 80
    batch: int = 10
    learning_rate: float = 0.006
    rank: int = 8
    replay: int = 3
    loss_on_prompt: bool = False
    stop_in_rows: bool = True
    pad_is_stop: bool = False
    shift: int = 1
    beginnings: int = 1
    test_beginnings: int = 1
    test_cue: str = " note:"
    shared: float = 0.0
    packed: bool = False
    answers: str = "people"
    checked: bool = True
    reward: str = "exact"
    pairs: str = "none"
    merges: int = 1
    herring: str = "none"


HERRINGS = ("repeats", "doubled spaces", "one long code", "small last batch")


def healthy(seed: int) -> Settings:
    """A healthy run with a little of everyday's variety, and one harmless oddity."""
    rng = np.random.default_rng([seed, 1])
    return Settings(
        rows=int(rng.integers(20, 28)) * 10,
        steps=int(rng.integers(78, 85)),
        batch=int(rng.integers(10, 12)),
        learning_rate=round(float(rng.uniform(0.0058, 0.0068)), 4),
        code=int(rng.choice([notes.SHORT_CODE, notes.LONG_CODE])),
        herring=HERRINGS[rng.integers(len(HERRINGS))],
    )


__all__ = ["HERRINGS", "Settings", "healthy", "replace"]
