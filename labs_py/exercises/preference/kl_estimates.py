"""Three estimates of a KL divergence from samples: Schulman 2020, "Approximating KL divergence" (k1, k2, k3)."""

from __future__ import annotations

import numpy as np

from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """A policy has written some tokens. `log_policy` and `log_ref` are the natural log-probabilities of these tokens
by the policy and by the reference model. Return three estimates, token by token, of the divergence of the policy from
the reference, KL(policy || reference): `k1` is the log-ratio, whose mean is right and which may be negative; `k2` is
half its square; `k3` is never negative, and its mean is right as well."""

STARTER = '''import numpy as np

def kl_estimates(log_policy, log_ref):
    """Two arrays (N,) -> k1, k2, k3, each (N,)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def kl_estimates(log_policy, log_ref):
    k1 = log_policy - log_ref
    k2 = k1 ** 2 / 2
    k3 = np.exp(-k1) - 1 + k1
    return k1, k2, k3
"""

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def answer(log_policy: np.ndarray, log_ref: np.ndarray) -> Three:
    """k1, k2 and k3 of each token."""
    k1 = log_policy - log_ref
    return k1, k1**2 / 2, np.expm1(-k1) + k1


def cases(rng: np.random.Generator) -> list[Case]:
    """Tokens that became likelier and less likely, a little and a lot."""
    drawn = []
    for moved in (0.05, 0.3, 1.0):
        count = int(rng.integers(5, 9))
        log_ref = -rng.uniform(0.1, 4, count)
        drawn.append((log_ref + moved * rng.normal(size=count), log_ref))
    return drawn


def _forms(
    k1: Answer = lambda d: d, k2: Answer = lambda d: d**2 / 2, k3: Answer = lambda d: np.exp(-d) - 1 + d
) -> Answer:
    return lambda log_policy, log_ref: tuple(form(log_policy - log_ref) for form in (k1, k2, k3))


TRAPS = (
    Trap("reversed", "All three are the wrong way round: the samples come from the policy, so the policy's "
         "probability stands on top.", lambda p, q: answer(q, p)),
    Trap("k1-reversed", "The sign of k1 is wrong: where the policy likes a token more than the reference does, it is "
         "positive.", _forms(k1=lambda d: -d)),
    Trap("k3-reversed", "Your k3 is not negative, and its mean is wrong: the ratio in it has to be that of the "
         "reference over the policy, whose mean under the policy is one.", _forms(k3=lambda d: np.exp(d) - 1 - d)),
    Trap("k3-unbiased-only", "Your k3 lacks the term that pulls it to zero where the two models agree.",
         _forms(k3=lambda d: np.exp(-d) + d)),
    Trap("k3-negative", "Your k3 can be negative: the ratio less one has the mean zero and is no distance. Something "
         "has to be added to it.", _forms(k3=lambda d: np.exp(-d) - 1)),
    Trap("k2-whole", "The half is missing in k2.", _forms(k2=lambda d: d**2)),
    Trap("k1-absolute", "A plain difference is asked for as k1. With its absolute value the mean is no longer the "
         "divergence.",
         _forms(k1=np.abs)),
    Trap("ratio", "For k1 you take the ratio. Its logarithm is asked for.", _forms(k1=np.exp)),
)  # fmt: skip

EXERCISE = Exercise(
    name="kl-estimates",
    title="Three estimates of a KL divergence",
    task=TASK,
    starter=STARTER,
    function="kl_estimates",
    solution=SOLUTION,
    hints=(
        "The divergence is the policy's mean of the log of policy over reference, and the tokens are the policy's own.",
        "For k3, add to k1 something whose mean under the policy is zero: a ratio of the two probabilities, less one.",
        "Of the two ratios take the one whose mean under the policy is one. The sum is then zero where the models "
        "agree, and positive elsewhere.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
