"""A linear layer with a LoRA adapter: Hu et al. 2021 (arXiv 2106.09685), section 4.1."""

from __future__ import annotations

import numpy as np

from labs_py.core.lora import scaling_factor
from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """Write the forward pass of a linear layer with a LoRA adapter. `x` holds N rows, `w` is the frozen weight
matrix, `a` and `b` are the adapter's two factors. Return the layer's output for each row."""

STARTER = '''import numpy as np

def lora_forward(x, w, a, b, alpha):
    """x (N, D_in), w (D_out, D_in), a (r, D_in), b (D_out, r), alpha a number -> (N, D_out)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def lora_forward(x, w, a, b, alpha):
    rank = a.shape[0]
    return x @ w.T + (alpha / rank) * (x @ a.T) @ b.T
"""


def answer(x: np.ndarray, w: np.ndarray, a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
    """The layer's output, (N, D_out)."""
    return x @ w.T + scaling_factor(alpha, len(a), "lora") * (x @ a.T) @ b.T


def cases(rng: np.random.Generator) -> list[Case]:
    """Layers that are not square, of several ranks; in the last one the adapter is at its start, with B zero."""
    drawn: list[Case] = []
    for rank, alpha in ((1, 16.0), (2, 8.0), (4, 4.0), (8, 32.0), (4, 16.0)):
        rows, d_in, d_out = rng.integers(2, 5), rng.integers(9, 14), rng.integers(15, 20)
        drawn.append(
            (rng.normal(size=(rows, d_in)), rng.normal(size=(d_out, d_in)), rng.normal(size=(rank, d_in)),
             rng.normal(size=(d_out, rank)), alpha)
        )  # fmt: skip
    x, w, a, b, alpha = drawn[-1]
    return [*drawn, (x, w, a, np.zeros_like(b), alpha)]


TRAPS = (
    Trap("no-scale", "The adapter counts at full strength. What sets its strength is missing: two adapters of "
         "different rank would need different learning rates.", lambda x, w, a, b, alpha: x @ w.T + x @ a.T @ b.T),
    Trap("alpha-alone", "You multiply by alpha alone. With a higher rank more terms are summed, and the factor has to "
         "allow for that.", lambda x, w, a, b, alpha: x @ w.T + alpha * x @ a.T @ b.T),
    Trap("rslora", "You divide by the square root of the rank. That is rsLoRA's rule; plain LoRA is asked for.",
         lambda x, w, a, b, alpha: x @ w.T + alpha / len(a) ** 0.5 * x @ a.T @ b.T),
    Trap("upside-down", "The factor stands upside down: a larger alpha should make the adapter count more.",
         lambda x, w, a, b, alpha: x @ w.T + len(a) / alpha * x @ a.T @ b.T),
    Trap("wrong-rank", "What you take for the rank is the layer's width. Look at which side of `a` is the short one.",
         lambda x, w, a, b, alpha: x @ w.T + alpha / a.shape[1] * x @ a.T @ b.T),
    Trap("no-base", "Only the adapter's part is there. The frozen weights still do their work beside it.",
         lambda x, w, a, b, alpha: alpha / len(a) * x @ a.T @ b.T),
    Trap("no-adapter", "Only the frozen layer's part is there: the adapter changes nothing.",
         lambda x, w, a, b, alpha: x @ w.T),
    Trap("scales-base", "You scale the frozen part as well. The base model must come out as it was when B is zero.",
         lambda x, w, a, b, alpha: alpha / len(a) * (x @ w.T + x @ a.T @ b.T)),
)  # fmt: skip

EXERCISE = Exercise(
    name="lora-forward",
    title="LoRA's forward pass",
    task=TASK,
    starter=STARTER,
    function="lora_forward",
    solution=SOLUTION,
    hints=(
        "Start without the adapter: a row times the transposed weights is the frozen layer's output.",
        "The adapter is two thin layers one after the other: `a` takes a row to `r` numbers, `b` takes these to the "
        "output's width.",
        "The adapter's part is added, times a factor of `alpha` and the rank. The rank is the number of rows of `a`.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
