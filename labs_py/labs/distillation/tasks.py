"""The challenges of the Distillation Lab: drawn by seed, checked in Python, each wrong answer told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import distill, numerics
from labs_py.labs.distillation import teachers
from labs_py.spec import Challenge, Task, Verdict

RIGHT, WRONG = "right", "wrong"


def _first(answer: float, truth: float, mistakes: list[tuple[float, str]], praise: str, otherwise: str) -> Verdict:
    """Right when within one percent; else the message of the first mistake that gives this answer."""

    def near(value: float) -> bool:
        return abs(answer - value) <= 0.01 * abs(value) + 1e-9

    if near(truth):
        return Verdict(RIGHT, praise)
    for value, message in mistakes:
        if near(value):
            return Verdict(WRONG, message)
    return Verdict(WRONG, otherwise)


def _square_of(seed: int) -> float:
    return float(np.random.default_rng(seed).choice([2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20]))


def _draw_square(seed: int) -> Task:
    t = _square_of(seed)
    return Task(
        f"A colleague's loss is 0.5 · KL at T = {t:g} plus 0.5 · cross-entropy, and the soft term seems to do nothing. "
        "By which number should the KL be multiplied so that, as far as theory goes, alpha keeps its meaning at any T?",
        {"temperature": t},
    )


def _check_square(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    t = _square_of(seed)
    return _first(
        answer,
        t**2,
        [
            (
                t,
                "T undoes the chain rule's 1/T. But softening also brings the distributions closer, by about 1/T.",
            ),
            (1 / t**2, "That makes it smaller still: the gradient has shrunk already."),
            (1 / t, "That makes it smaller still: the gradient has shrunk already."),
            (np.sqrt(t), "The gradient shrinks with a power of T above one: count where T enters."),
        ],
        f"Yes, T² = {t**2:g}: once for the division of the logits, once for the closer distributions.",
        "T enters the gradient twice: count both.",
    )


def _three_words(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Teacher and student over three words, in whole tenths, never equal."""
    rng = np.random.default_rng(seed)
    tenths = np.array([(a, b, 10 - a - b) for a in range(1, 9) for b in range(1, 10 - a)])
    first, second = rng.choice(len(tenths), 2, replace=False)
    return tenths[first] / 10, tenths[second] / 10


def _draw_kl(seed: int) -> Task:
    p, q = _three_words(seed)
    return Task(
        f"Three words. Teacher: {', '.join(f'{x:g}' for x in p)}. Student: {', '.join(f'{x:g}' for x in q)}. What is "
        "the forward KL(teacher || student) in nats?"
    )


def _check_kl(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    p, q = _three_words(seed)
    truth = float(distill.divergence("forward", np.log(p), np.log(q)))
    entropy = float(numerics.entropy(np.log(p)))
    return _first(
        answer,
        truth,
        [
            (float(distill.divergence("reverse", np.log(p), np.log(q))),
             "That is the reverse KL: the teacher's probabilities are the weights, not the student's."),
            (truth / np.log(2), "That is in bits; nats use the natural logarithm."),
            (truth + entropy, "That is the cross-entropy: the teacher's own entropy is still in it."),
            (-truth, "The sign is turned: a divergence is never negative."),
            (truth / np.log(10), "That used logarithms to base ten; nats use the natural one."),
        ],
        f"Yes: {truth:.4f} nats.",
        "Sum p · ln(p / q) over the words.",
    )  # fmt: skip


def _push_of(seed: int) -> tuple[float, float, float, float]:
    """Teacher's and student's probability of one word, T, alpha."""
    rng = np.random.default_rng(seed)
    p, q = rng.choice(np.arange(1, 20), 2, replace=False) / 20
    return float(p), float(q), float(rng.choice([2, 4, 5])), float(rng.choice([0.5, 0.8, 0.9]))


def _draw_push(seed: int) -> Task:
    p, q, t, alpha = _push_of(seed)
    return Task(
        f"At T = {t:g} the teacher gives a word {p:g} and the student {q:g}. With alpha = {alpha:g}, T² in place and "
        "forward KL, what does the soft term add to the gradient of this word's logit (sign included)?",
        {"temperature": t, "alpha": alpha},
    )


def _check_push(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    p, q, t, alpha = _push_of(seed)
    truth = alpha * t * (q - p)
    return _first(
        answer,
        truth,
        [
            (-truth, "The sign is turned: the gradient is student minus teacher; descent goes against it."),
            (
                alpha * t**2 * (q - p),
                "The logits are divided by T before the softmax: the chain rule takes one T away.",
            ),
            (alpha * (q - p), "T² and the chain rule's 1/T do not cancel: one T is left."),
            (t * (q - p), "Alpha is missing."),
            (alpha * (q - p) / t, "The T² is missing."),
        ],
        f"Yes: {alpha:g} · {t:g}² · ({q:g} - {p:g})/{t:g} = {truth:g}.",
        "alpha · T² · (student - teacher) / T.",
    )


REST_TEMPERATURES = (1.5, 1.75, 2.0, 2.5, 3.0)


def _rest_of(seed: int) -> tuple[int, float]:
    rng = np.random.default_rng(seed)
    return int(rng.integers(5)), float(rng.choice(REST_TEMPERATURES))


def _draw_rest(seed: int) -> Task:
    prompt, t = _rest_of(seed)
    return Task(
        f"GPT-2, '{teachers.PROMPTS[prompt]}', T = {t:g}, whole vocabulary: what percent of the teacher's mass would a "
        "student never see that is taught with the 64 likeliest words only?",
        {"teacher": "gpt2", "prompt": prompt + 1, "temperature": 1.0},
    )


def _check_rest(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    prompt, t = _rest_of(seed)
    try:
        truth, at_one = (100 * teachers.rest_mass("gpt2", prompt, x) for x in (t, 1.0))
    except LookupError as problem:
        return Verdict(WRONG, str(problem))
    return _first(
        answer,
        truth,
        [
            (100 - truth, "That is what the 64 words hold; the question is what is left out."),
            (truth / 100, "That is the share; the question asks for percent."),
            (at_one, f"That is the mass at T = 1. At T = {t:g} the tail weighs more: move the temperature."),
            (0.0, "Renormalised to 64 words nothing seems missing: that is the trap. Look at the whole vocabulary."),
        ],
        f"Yes: {truth:.1f}%. Truncated soft labels at a high T leave most of the teacher out.",
        "Set the temperature and read the teacher's mass beyond its 64 words.",
    )


def _entropy_of(seed: int) -> tuple[int, float]:
    """Prompt and the wanted entropy (that of some temperature from 0.75 to 2)."""
    rng = np.random.default_rng(seed)
    prompt, t = int(rng.integers(5)), 0.75 + 0.25 * float(rng.integers(0, 6))
    try:
        view = teachers.few_words("gpt2", prompt, t)
    except LookupError:
        return prompt, 3.0
    return prompt, round(float(numerics.entropy(view.log_teacher)[0]), 2)


def _draw_entropy(seed: int) -> Task:
    prompt, wanted = _entropy_of(seed)
    return Task(
        f"GPT-2, prompt '{teachers.PROMPTS[prompt]}', 64 words: set the temperature so that the teacher's entropy is "
        f"within 0.02 of {wanted:.2f} nats.",
        {"teacher": "gpt2", "prompt": prompt + 1, "temperature": 4.0},
    )


def _check_entropy(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    prompt, wanted = _entropy_of(seed)
    if params["teacher"] != "gpt2" or params["prompt"] != prompt + 1:
        return Verdict(WRONG, "Another teacher or prompt: keep those of the task.")
    if params["vocabulary"] != "few" or params["start"] == "lowrank":
        return Verdict(WRONG, "This is about the 64 words of one prompt; the whole vocabulary has far more entropy.")
    try:
        found = float(numerics.entropy(teachers.few_words("gpt2", prompt, params["temperature"]).log_teacher)[0])
    except LookupError as problem:
        return Verdict(WRONG, str(problem))
    if abs(found - wanted) <= 0.02:
        return Verdict(RIGHT, f"Yes: {found:.3f} nats.")
    if found < wanted:
        return Verdict(WRONG, f"{found:.3f} nats is too sure: entropy grows with the temperature.")
    return Verdict(WRONG, f"{found:.3f} nats is too flat: a lower temperature sharpens.")


CHALLENGES = (
    Challenge("t-squared", "The missing factor", "number", _draw_square, _check_square,
              "Follow T through the gradient: where does it divide?"),
    Challenge("kl", "A divergence by hand", "number", _draw_kl, _check_kl,
              "Whose probabilities are the weights?", "nats"),
    Challenge("push", "The push on one word", "number", _draw_push, _check_push, "Start from student minus teacher."),
    Challenge("rest", "What truncation leaves out", "number", _draw_rest, _check_rest,
              "The lab shows it beside the temperature.", "percent"),
    Challenge("entropy", "A teacher as unsure as you like", "params", _draw_entropy, _check_entropy,
              "Entropy grows with T."),
)  # fmt: skip
