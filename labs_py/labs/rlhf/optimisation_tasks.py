"""The two challenges of the RLHF Lab that are answered with its sliders."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.labs.rlhf import optimisation, reward_model
from labs_py.spec import Challenge, Task, Verdict

CLOSE_ENOUGH = 0.03
LABELLERS = ("annotator", "n_labels", "noise", "seed")


def _scalars(params: dict[str, Any]) -> dict[str, float]:
    """KL, rewards and words of the policy at these settings, as the lab shows them."""
    key = reward_model.evidence_key(params, ())
    return optimisation.chased(params, key, reward_model.exact_fit(*key, params["l2"]).weights)[0]


def _changed_labels(params: dict[str, Any], task: dict[str, Any]) -> bool:
    return any(params[name] != task.get(name, 0.0) for name in LABELLERS)


def _draw_leash(seed: int) -> Task:
    rng = np.random.default_rng([seed, 7])
    params = {
        "annotator": "careful",
        "n_labels": int(rng.choice([60, 100, 150, 250])),
        "seed": int(rng.choice([1, 2, 4, 5, 6])),
        "noise": 0.0,
        "beta": 0.02,
    }
    return Task(
        f"The careful annotator gave {params['n_labels']} labels, and the KL penalty is far too weak. Leave the "
        "labels and the model as "
        f"they are and find a beta whose true reward is within {CLOSE_ENOUGH:g} of the highest on the curve.",
        params,
    )


def _check_leash(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    task = _draw_leash(seed).params
    if (
        _changed_labels(params, task)
        or params["l2"] != 1.0
        or not params["see_truth"]
        or params["length_repair"] != "none"
    ):
        return Verdict(
            "wrong", "Labels or model have changed, so this is another problem. Draw the task again and move only beta."
        )
    found = _scalars(params)
    gap = found["best_true_reward"] - found["true_reward"]
    if gap <= CLOSE_ENOUGH:
        return Verdict(
            "right",
            f"True reward {found['true_reward']:.2f} of at most {found['best_true_reward']:.2f}, for "
            f"{found['kl']:.2f} nats. Without a "
            "yardstick you could not have seen the peak: that is why runs are stopped by KL or by a held-out judge.",
        )
    if params["beta"] < found["best_beta"]:
        return Verdict(
            "wrong",
            f"Over-optimised: the fitted reward is {found['proxy_reward']:.2f}, but the true one is {gap:.2f} "
            "below its peak. A higher "
            "fitted reward is not a better answer; raise beta.",
        )
    return Verdict(
        "wrong",
        f"Too strong a KL penalty: at {found['kl']:.2f} nats the policy has hardly left the reference, and true "
        f"reward is {gap:.2f} below its "
        "peak. Lower beta.",
    )


def _draw_repair(seed: int) -> Task:
    rng = np.random.default_rng([seed, 8])
    params = {
        "annotator": "length",
        "n_labels": int(rng.choice([200, 300, 400, 500])),
        "seed": int(rng.choice([2, 3, 4, 6])),
        "noise": 0.0,
        "beta": 0.5,
    }
    return Task(
        f"{params['n_labels']} labels from the length-biased annotator, beta 0.5: the policy pads. Keep the "
        "labels and the beta, and make "
        "an average answer shorter than 80 words while the model goes on knowing that length swayed the labels.",
        params,
    )


def _check_repair(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    task = _draw_repair(seed).params
    if _changed_labels(params, task):
        return Verdict(
            "wrong", "You changed who labels, or how much. In practice the labels are what you have: repair the model."
        )
    if params["beta"] != task["beta"]:
        return Verdict(
            "wrong",
            "A stronger KL penalty hides the flaw together with everything else that was learnt. Put beta back to 0.5.",
        )
    if params["l2"] != 1.0:
        return Verdict(
            "wrong",
            "A stronger ridge shrinks every weight, the useful ones too. Put it back to 1 and repair length alone.",
        )
    if params["length_repair"] == "drop":
        return Verdict(
            "wrong",
            "Left out of the fit, length comes back in disguise: features that go along with long answers take "
            "over its credit. Keep "
            "it in the fit, so that it explains its own share, and ignore its weight afterwards.",
        )
    words = _scalars(params)["policy_words"]
    if words < 80:
        return Verdict(
            "right",
            f"{words:.0f} words. Length took its share of the blame in the fit and no longer pays in the reward.",
        )
    return Verdict("wrong", f"An average answer still has {words:.0f} words: the reward still pays for length.")


LEASH_TASK = Challenge(
    "leash", "Find the KL penalty", "params", _draw_leash, _check_leash, "Watch the true reward, not the fitted one."
)
REPAIR_TASK = Challenge(
    "repair",
    "Take the length out",
    "params",
    _draw_repair,
    _check_repair,
    "There are two repairs on offer; only one keeps its eyes open.",
)
