"""The supervised loss on the tokens that count, each predicted from what stands before it."""

from __future__ import annotations

import numpy as np

from labs_py.core.numerics import log_softmax
from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """Write the loss of one training row. Row `t` of `logits` was computed from the tokens up to and including
`t`. `counts[t]` is 1 where token `t` is part of the answer and 0 where it is part of the prompt. Return the mean
cross-entropy, in nats, of the tokens that count. Logits may be as large as a thousand."""

STARTER = '''import numpy as np

def masked_loss(logits, tokens, counts):
    """logits (T, V), tokens (T,) whole numbers, counts (T,) zeros and ones -> a number."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def masked_loss(logits, tokens, counts):
    scores, wanted, counted = logits[:-1], tokens[1:], counts[1:]
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(len(wanted)), wanted]
    return (loss * counted).sum() / counted.sum()
"""


def losses(logits: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Cross-entropy of each token by the row of logits at the same place, (N,)."""
    return -log_softmax(logits)[np.arange(len(tokens)), tokens]


def answer(logits: np.ndarray, tokens: np.ndarray, counts: np.ndarray) -> float:
    """Mean loss of the tokens that count."""
    return float(np.average(losses(logits[:-1], tokens[1:]), weights=counts[1:]))


def cases(rng: np.random.Generator) -> list[Case]:
    """A prompt and an answer, two turns, and a last row with large logits."""
    drawn = []
    for size in (1.0, 3.0, 3.0, 1000.0):
        length, words = int(rng.integers(9, 14)), int(rng.integers(5, 9))
        counts = np.zeros(length, int)
        counts[length // 2 :] = 1
        if len(drawn) == 2:
            counts[1:3] = 1  # an earlier answer
        drawn.append((size * rng.normal(size=(length, words)), rng.integers(0, words, length), counts))
    return drawn


def _naive(logits: np.ndarray, tokens: np.ndarray, counts: np.ndarray) -> float:
    powers = np.exp(logits[:-1])
    p = powers[np.arange(len(tokens) - 1), tokens[1:]] / powers.sum(1)
    return float((-np.log(p) * counts[1:]).sum() / counts[1:].sum())


TRAPS = (
    Trap("no-shift", "You compare each row of logits with the token that it has already seen. A model is asked for the "
         "next one.", lambda s, t, c: np.average(losses(s, t), weights=c)),
    Trap("shifted-back", "You shift the wrong way: logits must be compared with a later token, not with an earlier "
         "one.",
         lambda s, t, c: np.average(losses(s[1:], t[:-1]), weights=c[:-1])),
    Trap("mask-shifted", "The mask and the tokens are one place apart. What counts is decided by the token that is "
         "predicted, not by the place it is predicted from.",
         lambda s, t, c: np.average(losses(s[:-1], t[1:]), weights=c[:-1])),
    Trap("prompt-too", "The prompt is in the loss as well: the model would learn to write questions.",
         lambda s, t, c: losses(s[:-1], t[1:]).mean()),
    Trap("prompt-only", "You have kept what should be left out: the loss is on the prompt.",
         lambda s, t, c: np.average(losses(s[:-1], t[1:]), weights=1 - c[1:])),
    Trap("mean-over-all", "The sum is right, and you divide by too many tokens. A row with a long prompt would count "
         "less.", lambda s, t, c: (losses(s[:-1], t[1:]) * c[1:]).mean()),
    Trap("mean-over-all", "The sum is right, and you divide by too many tokens. A row with a long prompt would count "
         "less.", lambda s, t, c: (losses(s[:-1], t[1:]) * c[1:]).sum() / len(t)),
    Trap("sum", "That is the sum, and not the mean: long answers would get long steps.",
         lambda s, t, c: (losses(s[:-1], t[1:]) * c[1:]).sum()),
    Trap("overflow", "Your formula is right on paper. With logits near a thousand the exponential overflows: take "
         "something off every logit of a row first.", _naive),
)  # fmt: skip

EXERCISE = Exercise(
    name="masked-loss",
    title="The loss on the answer",
    task=TASK,
    starter=STARTER,
    function="masked_loss",
    solution=SOLUTION,
    hints=(
        "Which row of logits predicts token 1? Which rows and which tokens are left over at the two ends?",
        "Take the logarithm of the softmax of each row, after its largest logit was subtracted, and pick the entry of "
        "the wanted token.",
        "Multiply by the mask of the predicted tokens, sum, and divide by how many of them count.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"sign": "The sign is the wrong way round: a loss is minus the logarithm of a probability, so it is never "
        "negative.",
          "shape": "One number is asked for: the mean over the tokens that count."},
)  # fmt: skip
