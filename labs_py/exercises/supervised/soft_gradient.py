"""The gradient of distillation with a temperature: Hinton et al. 2015 (arXiv 1503.02531), section 2.1."""

from __future__ import annotations

import numpy as np

from labs_py.core import distill
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """A student learns from a teacher's probabilities at temperature `t`. The loss of a prompt is `t * t` times the
KL divergence of the student's softened probabilities from the teacher's, KL(teacher || student). Return its gradient
with respect to the student's logits (as they are before the division by `t`), a row for each prompt."""

STARTER = '''import numpy as np

def soft_gradient(student, teacher, t):
    """student and teacher (B, V) logits, t a number -> (B, V)."""
    raise NotImplementedError
'''

SOLUTION = """import numpy as np

def soften(logits, t):
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / t)
    return powers / powers.sum(axis=1, keepdims=True)

def soft_gradient(student, teacher, t):
    return t * (soften(student, t) - soften(teacher, t))
"""


def answer(student: np.ndarray, teacher: np.ndarray, t: float) -> np.ndarray:
    """The gradient of each prompt's loss, (B, V)."""
    goal = distill.Objective(distill.soften(teacher, t), np.zeros(len(student), int), t)
    return distill.loss_gradient(student, goal)


def cases(rng: np.random.Generator) -> list[Case]:
    """Temperatures from one to eight, and logits far apart."""
    drawn = []
    for t, size in ((1.0, 2.0), (2.0, 2.0), (4.0, 3.0), (8.0, 3.0), (2.0, 1500.0)):
        shape = int(rng.integers(2, 5)), int(rng.integers(3, 7))
        drawn.append((size * rng.normal(size=shape), size * rng.normal(size=shape), t))
    return drawn


def _gap(factor: Answer, student_t: Answer = lambda t: t, teacher_t: Answer = lambda t: t) -> Answer:
    def gradient(student: np.ndarray, teacher: np.ndarray, t: float) -> np.ndarray:
        q, p = distill.soften(student, student_t(t)), distill.soften(teacher, teacher_t(t))
        return factor(t) * (np.exp(q) - np.exp(p))

    return gradient


def _naive(student: np.ndarray, teacher: np.ndarray, t: float) -> np.ndarray:
    q, p = np.exp(student / t), np.exp(teacher / t)
    return t * (q / q.sum(1, keepdims=True) - p / p.sum(1, keepdims=True))


TRAPS = (
    Trap("no-square", "The square of the temperature is missing: the hotter the softmax, the weaker your teacher would "
         "pull.", _gap(lambda t: 1 / t)),
    Trap("no-chain", "The inner derivative is missing, or the factor is: the logits are divided by the temperature "
         "before the softmax, and the loss has its square in front.", _gap(lambda t: 1)),
    Trap("square-only", "You have the square in front of the loss. The logits are divided by the temperature, which "
         "the chain rule sees once more.", _gap(lambda t: t * t)),
    Trap("teacher-hard", "The teacher is not softened. Both sides are taken at the same temperature.",
         _gap(lambda t: t, teacher_t=lambda t: 1.0)),
    Trap("student-hard", "The student is not softened. Both sides are taken at the same temperature.",
         _gap(lambda t: t, student_t=lambda t: 1.0)),
    Trap("no-temperature", "The probabilities are taken at temperature one.",
         _gap(lambda t: t, student_t=lambda t: 1.0, teacher_t=lambda t: 1.0)),
    Trap("mean", "You divide by the number of prompts. The gradient of each prompt's own loss is asked for.",
         lambda s, p, t: answer(s, p, t) / len(s)),
    Trap("overflow", "Your formula is right on paper. Large logits overflow the exponential: take each row's largest "
         "off first.", _naive),
)  # fmt: skip

EXERCISE = Exercise(
    name="soft-gradient",
    title="The gradient at a temperature",
    task=TASK,
    starter=STARTER,
    function="soft_gradient",
    solution=SOLUTION,
    hints=(
        "At temperature one the gradient of a cross-entropy with respect to the logits is a difference of two "
        "probabilities.",
        "At another temperature the logits are divided first: the chain rule brings one more factor.",
        "Put that factor and the one in front of the loss together. Check it at temperature one, where nothing "
        "changes.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"sign": "The sign is the wrong way round: a step against the gradient has to raise what the teacher finds "
          "likelier than the student does."},
)  # fmt: skip
