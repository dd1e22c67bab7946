"""The gradient of a reward model's loss: Bradley and Terry 1952, as in the article on preferences."""

from __future__ import annotations

import numpy as np

from labs_py.core.preference import gradient, sigmoid
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """A linear reward model gives an answer with features `f` the reward `f @ weights`. Its loss is the mean, over
pairs, of minus the log of the probability that Bradley and Terry's model gives the judgement. Return the gradient of
that loss with respect to the weights."""

STARTER = '''import numpy as np

def gradient(weights, chosen, rejected):
    """weights (F,), chosen and rejected (N, F) features of each pair's answers -> (F,)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def gradient(weights, chosen, rejected):
    difference = chosen - rejected
    surprise = 1 / (1 + np.exp(difference @ weights))
    return -(surprise[:, None] * difference).mean(axis=0)
"""


def answer(weights: np.ndarray, chosen: np.ndarray, rejected: np.ndarray) -> np.ndarray:
    """The gradient of the mean loss, (F,)."""
    ones = np.ones(len(chosen))
    return gradient(weights, chosen - rejected, ones, 0 * ones, 0.0) / len(chosen)


def cases(rng: np.random.Generator) -> list[Case]:
    """A few pairs with a few features, from undecided to very sure weights."""
    drawn = []
    for strength in (0.0, 0.5, 1.0, 3.0):
        pairs, width = int(rng.integers(4, 9)), int(rng.integers(2, 5))
        drawn.append(
            (strength * rng.normal(size=width), rng.normal(size=(pairs, width)), rng.normal(size=(pairs, width)))
        )
    return drawn


def _pull(share: Answer, of: Answer = lambda chosen, rejected: chosen - rejected, total: Answer = np.mean) -> Answer:
    """A gradient in which a pair's pull is ``share`` of the difference of rewards."""
    return lambda w, c, r: total(share((c - r) @ w)[:, None] * of(c, r), axis=0)


TRAPS = (
    Trap("sum", "That is the gradient of the sum over pairs. The loss is the mean: twice the data should not mean "
         "twice the step.", _pull(lambda m: -sigmoid(-m), total=np.sum)),
    Trap("ascent", "That is the gradient of the log-likelihood. The loss is minus that, and a step downhill has to "
         "make the judgements likelier.", _pull(lambda m: sigmoid(-m))),
    Trap("confident-pairs", "In your code the pairs pull most that the model has right already. The ones that "
         "surprise it should.", _pull(lambda m: -sigmoid(m))),
    Trap("half", "In your code every pair pulls alike, however sure the model is of it already.",
         _pull(lambda m: -np.ones_like(m))),
    Trap("chosen-only", "Only the chosen answers pull. The rejected ones have to be pushed away by as much.",
         _pull(lambda m: -sigmoid(-m), of=lambda c, r: c)),
    Trap("squared", "That looks like the slope of the probability itself. The loss is its logarithm, and the chain "
         "rule takes one factor away.", _pull(lambda m: -sigmoid(m) * sigmoid(-m))),
    Trap("swapped", "Chosen and rejected have changed places.", lambda w, c, r: answer(w, r, c)),
)  # fmt: skip

EXERCISE = Exercise(
    name="bradley-terry",
    title="The gradient of a preference",
    task=TASK,
    starter=STARTER,
    function="gradient",
    solution=SOLUTION,
    hints=(
        "The probability of a judgement is a sigmoid of the difference of the two rewards, which is linear in the "
        "weights.",
        "Differentiate minus the log of a sigmoid: what comes out is small where the model was already sure.",
        "Multiply that number for each pair by the pair's difference of features, and take the mean over pairs. Mind "
        "the sign.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
