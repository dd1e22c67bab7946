"""The RLHF Lab in sentences: the status line and one summary for each chart."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from labs_py.labs.rlhf import candidate_answers

FEATURES = ("length", "hedging", "courtesy", "lists", "directness", "refusal", "numbers", "correct")
ANSWERS = ("right, short", "right, in full", "right, as a list", "wrong: rice", "wrong: hair dryer", "refusal")
WHO = {
    "you": "You",
    "careful": "The careful annotator",
    "hurried": "The hurried annotator",
    "length": "The length-biased annotator",
    "contrarian": "The contrarian",
    "noisy": "The annotator who is sure but slips",
}


def describe(
    params: dict[str, Any], annotator: str, picks: int, scalars: dict[str, float], arrays: dict[str, np.ndarray]
) -> dict[str, str]:
    """All texts of a frame that go with its numbers."""
    texts = {
        "status": _status(params, annotator, picks, scalars),
        "feature_names": json.dumps(FEATURES),
        "answer_names": json.dumps(ANSWERS),
        "padding_names": json.dumps([str(n) for _, n in candidate_answers.PADDING_SHARES]),
        "summary:weights": _weights(arrays),
        "summary:loss": f"The loss per label goes from {arrays['loss'][0]:.3f} to {arrays['loss'][-1]:.3f} in "
        f"{_plural(int(arrays['loss_step'][-1]), 'step')}"
        + (" of gradient descent." if params["train"] else " of Newton's method."),
        "summary:optimisation": _optimisation(params, scalars),
        "summary:answers": _answers(scalars, arrays),
        "summary:padding": f"An average answer has {scalars['policy_words']:.0f} words; "
        f"{arrays['padding_policy'][-2:].sum():.0%} of the probability lies on four or eight empty paragraphs, "
        "in the "
        f"reference {arrays['padding_reference'][-2:].sum():.0%}.",
        "summary:advantages": _advantages(scalars, arrays),
        "favourite": candidate_answers.text(int(np.argmax(arrays["policy_log_probabilities"]))),
    }
    if "labels_agreement" in arrays:
        texts["summary:labels"] = (
            f"With {_plural(int(scalars['labels_used']), 'label')} the model agrees with "
            f"{scalars['label_agreement']:.0%} of "
            f"fresh labels; the most that any model can is {scalars['agreement_ceiling']:.0%}."
        )
        texts["summary:errors"] = (
            f"The median standard error is {arrays['errors_median'][3]:.2f} with 10 labels, "
            f"{arrays['errors_median'][6]:.2f} with 100 and {arrays['errors_median'][9]:.2f} with 1,000."
        )
    texts["summary:sealed"] = "Filled by your own picks: none so far."
    if "sealed_running" in arrays:
        texts["summary:sealed"] = (
            f"Of {_plural(len(arrays['sealed_running']), 'sealed prediction')} {scalars['sealed_accuracy']:.0%} "
            "came true."
        )
    return texts


def _plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _status(params: dict[str, Any], annotator: str, picks: int, scalars: dict[str, float]) -> str:
    n = int(scalars["labels_used"])
    if annotator == "you" and n == 0:
        return (
            f"You passed on {_plural(picks, 'pair')}, so there is nothing to learn from yet: all weights are "
            "zero and the policy "
            "is the reference. Pick A or B once."
        )
    if annotator == "you" and n == 1:
        return "One label. It fixes a direction and little else: every whisker still crosses zero or nearly so."
    if annotator == "you":
        sentence = f"{_plural(n, 'label')} of yours, fitted. "
    elif params["annotator"] == "you":
        sentence = f"No picks of yours yet, so this is the careful annotator with {_plural(n, 'label')}. "
    else:
        sentence = f"{WHO[annotator]}, {_plural(n, 'label')}. "
    return (
        sentence + f"At beta {params['beta']:g} the policy gains {scalars['proxy_reward']:.2f} of fitted and "
        f"{scalars['true_reward']:.2f} of true reward for {scalars['kl']:.2f} nats of KL."
    )


def _weights(arrays: dict[str, np.ndarray]) -> str:
    weights, errors = arrays["weights"], arrays["standard_errors"]
    if not np.any(weights):
        return "All weights are zero: there is no label to learn from."
    top = int(np.argmax(np.abs(weights)))
    sure = [name for name, w, e in zip(FEATURES, weights, errors, strict=True) if abs(w) > 1.96 * e]
    return (
        f"The strongest weight is {FEATURES[top]} at {weights[top]:.2f} ± {1.96 * errors[top]:.2f}. Clear of zero: "
        + (", ".join(sure) if sure else "none")
        + "."
    )


def _optimisation(params: dict[str, Any], scalars: dict[str, float]) -> str:
    sentence = (
        f"True reward is highest, at {scalars['best_true_reward']:.2f}, with beta {scalars['best_beta']:.2g}; "
        "at the present "
        f"beta it is {scalars['true_reward']:.2f} while the fitted reward says {scalars['proxy_reward']:.2f}."
    )
    if scalars["true_reward"] < scalars["best_true_reward"] - 0.25:
        side = "past the peak: over-optimised" if params["beta"] < scalars["best_beta"] else "short of the peak"
        sentence += f" That is {side}."
    return sentence


def _answers(scalars: dict[str, float], arrays: dict[str, np.ndarray]) -> str:
    top = int(np.argmax(arrays["answer_policy"]))
    return (
        f"The policy's answers are correct in {scalars['correct_share']:.0%} of cases; most often "
        f"({arrays['answer_policy'][top]:.0%}) "
        f"it answers '{ANSWERS[top]}', which the reference does in {arrays['answer_reference'][top]:.0%}."
    )


def _advantages(scalars: dict[str, float], arrays: dict[str, np.ndarray]) -> str:
    rewards, advantages = arrays["group_rewards"], arrays["advantages"]
    if not np.any(advantages):
        return (
            f"All {len(rewards)} answers got the reward {rewards[0]:g}. Every advantage is zero and so is the "
            "gradient: this "
            "group teaches nothing."
        )
    return (
        f"{_plural(int(np.sum(advantages > 0)), 'answer')} of {len(rewards)} above the mean reward of "
        f"{scalars['group_mean']:.2f}; "
        f"advantages from {advantages.min():.2f} to {advantages.max():.2f}, gradient "
        f"{scalars['group_gradient']:.3f} long."
    )
