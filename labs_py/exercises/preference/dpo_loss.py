"""The DPO loss: Rafailov et al. 2023 (arXiv 2305.18290), equation 7."""

from __future__ import annotations

import numpy as np

from labs_py.core import preference
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Write the DPO loss of each pair. The four arrays hold natural log-probabilities of whole answers: the chosen
and the rejected one, by the policy and by the reference model. Margins may be as large as a thousand."""

STARTER = '''import numpy as np

def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta):
    """Four arrays (N,) of log-probabilities, beta a number -> (N,) losses."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta):
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    return np.logaddexp(0, -margin)
"""


def answer(c: np.ndarray, r: np.ndarray, rc: np.ndarray, rr: np.ndarray, beta: float) -> np.ndarray:
    """The loss of each pair, (N,)."""
    return preference.dpo_loss(c, r, rc, rr, beta)


def cases(rng: np.random.Generator) -> list[Case]:
    """Pairs of usual lengths, at the start of training, and with margins far out on both sides."""
    drawn = []
    for beta, spread in ((0.1, 5.0), (0.5, 3.0), (0.1, 0.0), (1.0, 1000.0)):
        pairs = int(rng.integers(3, 7))
        rc, rr = (-rng.uniform(10, 60, pairs) for _ in range(2))
        drawn.append((rc + spread * rng.normal(size=pairs), rr + spread * rng.normal(size=pairs), rc, rr, beta))
    far = np.array([-20.0, -1500.0])
    return [*drawn, (far, far[::-1].copy(), np.array([-20.0, -20.0]), np.array([-20.0, -20.0]), 1.0)]


def _loss(margin: Answer) -> Answer:
    return lambda c, r, rc, rr, beta: np.logaddexp(0, -margin(c, r, rc, rr, beta))


TRAPS = (
    Trap("no-reference", "The reference model is missing. Without it the loss asks for likely answers, and not for "
         "answers that became likelier than they were.", _loss(lambda c, r, rc, rr, b: b * (c - r))),
    Trap("swapped", "Chosen and rejected have changed places: training would prefer what people rejected.",
         _loss(lambda c, r, rc, rr, b: b * ((r - rr) - (c - rc)))),
    Trap("reference-added", "The reference enters with the wrong sign. At the start, where policy and reference are "
         "equal, every margin should be zero.", _loss(lambda c, r, rc, rr, b: b * ((c + rc) - (r + rr)))),
    Trap("no-beta", "Beta is missing: it says how far the policy may move for a preference.",
         _loss(lambda c, r, rc, rr, b: (c - rc) - (r - rr))),
    Trap("beta-outside", "Beta stands in front of the loss. It belongs to the margin, where it decides when a pair is "
         "settled.", lambda c, r, rc, rr, b: b * np.logaddexp(0, -((c - rc) - (r - rr)))),
    Trap("beta-divides", "You divide by beta. A larger beta should make the same log-ratio count more.",
         _loss(lambda c, r, rc, rr, b: ((c - rc) - (r - rr)) / b)),
    Trap("probabilities", "You take ratios of probabilities. The margin is a difference of logarithms.",
         _loss(lambda c, r, rc, rr, b: b * (np.exp(c - rc) - np.exp(r - rr)))),
    Trap("no-log", "That is one minus the probability of the preference. The loss is minus its logarithm.",
         lambda c, r, rc, rr, b: 1 - 1 / (1 + np.exp(-b * ((c - rc) - (r - rr))))),
    Trap("overflow", "Your formula is right on paper. With a large margin against you the sigmoid becomes zero and its "
         "logarithm infinite: write the loss without taking that logarithm of a sigmoid.",
         lambda c, r, rc, rr, b: -np.log(1 / (1 + np.exp(-b * ((c - rc) - (r - rr)))))),
)  # fmt: skip

EXERCISE = Exercise(
    name="dpo-loss",
    title="The DPO loss",
    task=TASK,
    starter=STARTER,
    function="dpo_loss",
    solution=SOLUTION,
    hints=(
        "For each of the two answers: by how much has the policy made it likelier than the reference does? In logs "
        "that is a difference.",
        "The margin is beta times the difference of these two; at the start of training it is zero.",
        "The loss is minus the log of the sigmoid of the margin. Look at `np.logaddexp`: it adds two exponentials "
        "without computing them.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"shape": "A loss for each pair is asked for: do not take the mean here.",
          "not-finite": "Some loss is not finite. With large margins either an exponential overflows or the logarithm "
          "meets a zero: look for a way round both."},
)  # fmt: skip
