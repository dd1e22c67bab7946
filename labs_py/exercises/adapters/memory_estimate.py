"""What a fine-tuning run holds in memory, but for activations."""

from __future__ import annotations

import numpy as np

from labs_py.exercises.grading import Case, Exercise, Trap

TASK = """Estimate the memory of a LoRA run, without activations. The model has `parameters` numbers, frozen, of `bits`
bits each. The adapter has `trained` numbers in 32 bits. Each of these needs a gradient in 32 bits and Adam's two
moments in 32 bits each. Return bytes."""

STARTER = '''def training_bytes(parameters, trained, bits):
    """parameters and trained are counts, bits is 4, 8, 16 or 32 -> bytes."""
    raise NotImplementedError
'''

SOLUTION = """def training_bytes(parameters, trained, bits):
    frozen = parameters * bits / 8
    return frozen + trained * (4 + 4 + 8)
"""


def answer(parameters: int, trained: int, bits: int) -> float:
    """Bytes of weights, adapter, gradients and Adam's state."""
    return parameters * bits / 8 + 16 * trained


def cases(rng: np.random.Generator) -> list[Case]:
    """Models from a hundred million to seventy billion, with adapters of a thousandth to a hundredth."""
    drawn = []
    for size, bits in ((1.35e8, 32), (7e9, 16), (7e9, 4), (7e10, 8)):
        parameters = int(size * rng.uniform(0.8, 1.2))
        drawn.append((parameters, int(parameters * rng.uniform(0.001, 0.01)), bits))
    return drawn


TRAPS = (
    Trap("adapter-only", "The frozen weights are missing. They are not trained, and they have to be there.",
         lambda n, k, bits: 16 * k),
    Trap("gradients-of-all", "You count gradients for every weight. A frozen weight needs none.",
         lambda n, k, bits: n * bits / 8 + 12 * k + 4 * n),
    Trap("full-tuning", "That is full fine-tuning: gradients and Adam's moments for every weight.",
         lambda n, k, bits: n * bits / 8 + 12 * n + 4 * k),
    Trap("full-tuning", "That is full fine-tuning: gradients and Adam's moments for every weight.",
         lambda n, k, bits: n * bits / 8 + 12 * n),
    Trap("bits-as-bytes", "Eight bits are one byte.", lambda n, k, bits: n * bits + 16 * k),
    Trap("part-missing", "Four bytes are missing for each trained number: itself, its gradient, and two moments.",
         lambda n, k, bits: n * bits / 8 + 12 * k),
    Trap("no-optimiser", "Adam's moments are missing.", lambda n, k, bits: n * bits / 8 + 8 * k),
    Trap("weights-only", "Those are the weights alone: what it takes to answer, not to train.",
         lambda n, k, bits: n * bits / 8),
    Trap("weights-only", "Those are the weights alone: what it takes to answer, not to train.",
         lambda n, k, bits: n * bits / 8 + 4 * k),
    Trap("adapter-in-few-bits", "You store the adapter like the frozen weights. It is trained, and in four bits no "
         "small step would change it.", lambda n, k, bits: n * bits / 8 + k * (bits / 8 + 12)),
)  # fmt: skip

EXERCISE = Exercise(
    name="memory-estimate",
    title="The memory of a run",
    task=TASK,
    starter=STARTER,
    function="training_bytes",
    solution=SOLUTION,
    hints=(
        "Make two lists: what every weight needs, and what only a trained number needs.",
        "A frozen weight needs its own bits and nothing else.",
        "A trained number needs itself, its gradient and two moments, each in 32 bits.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
)
