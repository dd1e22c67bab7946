"""An adapter added into the weights: Hu et al. 2021 (arXiv 2106.09685), section 4.1."""

from __future__ import annotations

import numpy as np

from labs_py.core.lora import scaling_factor
from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """Merge a LoRA adapter into a layer's weights, so that the layer alone gives what layer and adapter gave
together. Return new weights; the ones that come in are still in use elsewhere."""

STARTER = '''import numpy as np

def merge(w, a, b, alpha):
    """w (D_out, D_in), a (r, D_in), b (D_out, r), alpha a number -> new weights (D_out, D_in)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def merge(w, a, b, alpha):
    return w + (alpha / a.shape[0]) * (b @ a)
"""


def answer(w: np.ndarray, a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
    """The merged weights, (D_out, D_in)."""
    return w + scaling_factor(alpha, len(a), "lora") * (b @ a)


def cases(rng: np.random.Generator) -> list[Case]:
    """Square layers and others, of several ranks."""
    drawn = []
    for rank, alpha, d_out, d_in in ((2, 16.0, 12, 12), (4, 4.0, 9, 15), (8, 12.0, 16, 10), (1, 3.0, 11, 11)):
        drawn.append((rng.normal(size=(d_out, d_in)), rng.normal(size=(rank, d_in)), rng.normal(size=(d_out, rank)),
                      alpha))  # fmt: skip
    return drawn


def _times(power: float, turned: bool = False, base: bool = True):
    """What comes out when the factor alpha / r stands to a power, or the product or the weights are not as asked."""

    def merged(w: np.ndarray, a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
        product = (alpha / len(a)) ** power * (b @ a)
        if turned:
            product = product.T if w.shape[0] == w.shape[1] else product
        return w + product if base else product

    return merged


TRAPS = (
    Trap("no-scale", "The product goes in at full strength. In the forward pass it had a factor in front, and the "
         "merged layer needs the same one.", _times(0)),
    Trap("scaled-twice", "The factor goes in twice. Such a merge passes a look at the shapes and answers like another "
         "model: check it on one row.", _times(2)),
    Trap("subtracted", "You subtract the adapter. That takes a merged one out again.",
         lambda w, a, b, alpha: w - alpha / len(a) * b @ a),
    Trap("alpha-alone", "You multiply by alpha alone; the rank belongs into the factor, too.",
         lambda w, a, b, alpha: w + alpha * b @ a),
    Trap("no-base", "You return what is to be added, and not the weights with it.", _times(1, base=False)),
    Trap("transposed", "The product is transposed. On a square layer nothing complains, and the outputs are wrong.",
         _times(1, turned=True)),
)  # fmt: skip

EXERCISE = Exercise(
    name="lora-merge",
    title="Merge an adapter",
    task=TASK,
    starter=STARTER,
    function="merge",
    solution=SOLUTION,
    hints=(
        "Write down the output for one row with the adapter beside the layer, and take the row out of both terms.",
        "What multiplies the row is the weights plus a matrix of the same shape, made of `b` and `a` in the one order "
        "in which their shapes fit.",
        "The same factor as in the forward pass stands before that matrix. Use `+`, not `+=`, which would change `w`.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
