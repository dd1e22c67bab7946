"""Group-relative advantages: Shao et al. 2024 (arXiv 2402.03300), section 4.1.2."""

from __future__ import annotations

import numpy as np

from labs_py.core.policy import group_advantages
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Each row of `rewards` holds the rewards of one prompt's group of answers. Return the advantage of each answer
as GRPO has it: the reward less the group's mean, divided by the group's standard deviation. Take the standard
deviation of a sample (divide by one less than the group's size) and add `0.0001` to it, as TRL does."""

STARTER = '''import numpy as np

def advantages(rewards):
    """rewards (prompts, answers) -> (prompts, answers)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def advantages(rewards):
    mean = rewards.mean(axis=1, keepdims=True)
    spread = rewards.std(axis=1, ddof=1, keepdims=True)
    return (rewards - mean) / (spread + 1e-4)
"""


def answer(rewards: np.ndarray) -> np.ndarray:
    """Advantages, (prompts, answers)."""
    return group_advantages(rewards)


def cases(rng: np.random.Generator) -> list[Case]:
    """Verified rewards of zero and one, graded ones, as many prompts as answers, and a group that is all right."""
    drawn: list[Case] = []
    for prompts, size in ((3, 8), (4, 6), (5, 5)):
        rewards = rng.integers(0, 2, (prompts, size)).astype(float)
        rewards[:, :2] = 0.0, 1.0  # some of each
        drawn.append((rewards + (rng.uniform(0, 2, (prompts, 1)) if prompts > 3 else 0),))
    level = rng.integers(0, 2, (3, 4)).astype(float)
    level[1] = 1.0
    level[0, :2] = 0.0, 1.0
    return [*drawn, (level,)]


def _advantages(
    axis: int | None, ddof: int = 1, floor: float = 1e-4, spread: bool = True, centre: bool = True
) -> Answer:
    def found(rewards: np.ndarray) -> np.ndarray:
        out = rewards - rewards.mean(axis=axis, keepdims=True) if centre else rewards
        return out / (rewards.std(axis=axis, ddof=ddof, keepdims=True) + floor) if spread else out

    return found


TRAPS = (
    Trap("batch-mean", "You compare with the whole batch. An answer is compared with the others to the same prompt: an "
         "easy prompt would look like a good answer.", _advantages(None)),
    Trap("wrong-axis", "You compare the first answers of all prompts with each other. A group is one row.",
         _advantages(0)),
    Trap("no-spread", "The standard deviation is missing. (Dr. GRPO leaves it out with reason; here it is asked for.)",
         _advantages(1, spread=False)),
    Trap("population", "You take the standard deviation of a population. Of a sample it is a little larger, and in a "
         "group of a few answers that is not little.", _advantages(1, ddof=0)),
    Trap("equal-rewards", "In a group of equal rewards you divide by zero. Such a group has nothing to teach, and its "
         "advantages should be zero.", _advantages(1, floor=0.0)),
    Trap("no-floor", "The small number is missing beside the standard deviation.",
         lambda r: np.nan_to_num(_advantages(1, floor=0.0)(r))),
    Trap("no-baseline", "You divide and do not subtract the mean: every answer with a reward above zero would be made "
         "likelier.", _advantages(1, centre=False)),
    Trap("variance", "You divide by the variance. The standard deviation is its square root.",
         lambda r: (r - r.mean(1, keepdims=True)) / (r.var(1, ddof=1, keepdims=True) + 1e-4)),
)  # fmt: skip

EXERCISE = Exercise(
    name="grpo-advantages",
    title="GRPO's advantages",
    task=TASK,
    starter=STARTER,
    function="advantages",
    solution=SOLUTION,
    hints=(
        "A group is one row: the mean has to be taken along the answers, and subtracted from that row only.",
        "`keepdims=True` keeps a column that can be subtracted from each row.",
        "`std` of numpy divides by the size; `ddof` takes one off. The small number keeps a group of equal rewards at "
        "zero.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
