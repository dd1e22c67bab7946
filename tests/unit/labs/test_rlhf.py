"""The RLHF Lab from outside: frames, picks, over-optimisation, and checkers with right and wrong answers."""

import json
import math
import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from labs_py import api
from labs_py.labs.rlhf import lab, own_picks, tasks
from labs_py.labs.rlhf.spec import SPEC


def frame(**params):
    return api.last_frame("rlhf", params, dtype="float64")


def value(result, name):
    return result["scalars"][name]["value"]


def array(result, name):
    found = result["arrays"][name]
    return found["data"].reshape(found["shape"])


PICKS = [[i, "AB"[i % 3 == 0]] for i in range(0, 40, 2)] + [[1, "skip"]]


def test_own_picks_give_scikit_learns_weights_and_likelihood():
    result = frame(picks=PICKS, l2=0.5)
    rows = [i for i, side in PICKS if side != "skip"]
    x = array(result, "features")[rows]
    y = np.array([side == "A" for _, side in PICKS if side != "skip"])
    model = LogisticRegression(C=2.0, fit_intercept=False, solver="newton-cholesky", tol=1e-12).fit(x, y)
    assert np.allclose(array(result, "weights"), model.coef_[0], atol=1e-8)
    p = model.predict_proba(x)[:, 1]
    assert value(result, "log_likelihood") == pytest.approx(np.sum(np.log(np.where(y, p, 1 - p))), rel=1e-9)
    curvature = (x * (p * (1 - p))[:, None]).T @ x + 0.5 * np.eye(8)
    assert np.allclose(array(result, "standard_errors"), np.sqrt(np.diag(np.linalg.inv(curvature))), atol=1e-8)


def test_simulated_labels_give_scikit_learns_weights():
    result = frame(annotator="hurried", n_labels=400, noise=0.1, seed=5, l2=2.0)
    x = array(result, "features")
    counts = np.concatenate([array(result, "labels_for_a"), array(result, "labels_for_b")])
    assert counts.sum() == 400
    model = LogisticRegression(C=0.5, fit_intercept=False, solver="newton-cholesky", tol=1e-12)
    model.fit(np.vstack([x, x]), np.repeat([1, 0], len(x)), sample_weight=counts)
    assert np.allclose(array(result, "weights"), model.coef_[0], atol=1e-8)


def test_without_picks_you_are_shown_the_careful_annotator():
    yours, careful = frame(), frame(annotator="careful")
    assert np.array_equal(array(yours, "weights"), array(careful, "weights"))
    assert "No picks of yours yet" in yours["texts"]["status"]


def test_picks_as_json_text_are_the_same_picks():
    assert np.array_equal(array(frame(picks=json.dumps(PICKS)), "weights"), array(frame(picks=PICKS), "weights"))


def test_sealed_predictions_never_see_the_pick_or_a_later_one():
    result = frame(picks=PICKS)
    differences = own_picks.scaled_differences(True)
    seal = own_picks.sealed(tuple((i, s) for i, s in PICKS), differences, 1.0)
    for k in range(len(PICKS)):
        earlier = frame(picks=PICKS[:k]) if k else None
        w = array(earlier, "weights") if k else np.zeros(8)
        assert seal.chances[k] == pytest.approx(1 / (1 + math.exp(-differences[PICKS[k][0]] @ w)), abs=1e-9)
    assert seal.hits[0] == 0.5 and math.isnan(seal.hits[-1])
    assert value(result, "heldout_accuracy") == pytest.approx(np.nanmean(seal.hits))


def test_the_queue_shows_every_pair_once():
    picks = ()
    while (index := own_picks.next_index(picks)) is not None:
        picks += ((index, "A"),)
    assert sorted(i for i, _ in picks) == list(range(55))
    done = frame(picks=[list(p) for p in picks])
    assert "prompt" not in json.loads(done["texts"]["pair"])


@pytest.mark.parametrize(
    ("picks", "says"),
    [
        ("nonsense", "not valid JSON"),
        ('{"a": 1}', "must be a list"),
        ([[0, "C"], [99, "A"], [True, "A"], [0.5, "A"], "A", [1]], "6 of 6 picks could not be read"),
        ([[3, "A"], [3, "B"]], "latest"),
        ("x" * 10_000_000, "at most 20,000 fit"),
        ([[float("nan"), "A"]], "a plain list"),
        (float("inf"), "a plain list of picks is expected"),
        ("[" * 3000, "nested too deeply"),
    ],
)
def test_rubbish_is_a_sentence_and_a_whole_frame(picks, says):
    for train in (False, True):
        result = frame(picks=picks, train=train)
        assert any(e["param"] == "picks" and says in e["message"] for e in result["errors"])
        json.loads(api.to_json(result))
        assert np.isfinite(array(result, "weights")).all()


@pytest.mark.parametrize("picks", [[[4, "A"]], [[4, "skip"], [5, "skip"]], [[i, "A"] for i in range(55)]])
def test_one_label_no_label_and_one_side_are_whole_frames(picks):
    for train in (False, True):
        result = frame(picks=picks, train=train, l2=0.001)
        assert not result["errors"]
        known = [v["value"] for n, v in result["scalars"].items() if n in ("kl", "proxy_reward", "log_likelihood")]
        assert np.isfinite(known).all()
        json.loads(api.to_json(result))
    if all(side == "skip" for _, side in picks):
        assert "nothing to learn from" in result["texts"]["status"]
        assert value(result, "kl") == 0.0 and not array(result, "weights").any()


def test_proxy_rises_while_truth_peaks_and_falls():
    result = frame(annotator="careful", n_labels=100)
    proxy, true = array(result, "path_proxy"), array(result, "path_true")
    assert (np.diff(proxy) > 0).all()
    peak = int(np.argmax(true))
    assert 0 < peak < len(true) - 1
    assert true[-1] < 0 < true[peak]


def test_dpo_and_the_reward_model_end_in_the_same_policy():
    for params in ({"beta": 0.05}, {"annotator": "length", "beta": 2.0}, {"picks": PICKS}, {"see_truth": False}):
        assert value(frame(**params), "dpo_gap") < 1e-9


def test_a_length_biased_annotator_is_exploited_and_repaired():
    exploited = frame(annotator="length", n_labels=300, beta=0.3)
    repaired = frame(annotator="length", n_labels=300, beta=0.3, length_repair="zero")
    assert value(exploited, "policy_words") > 250
    assert value(repaired, "policy_words") < 100
    assert value(repaired, "true_reward") > value(exploited, "true_reward")


def test_slips_lower_the_ceiling_and_shrink_the_weights():
    clean = frame(annotator="noisy", n_labels=1000)
    noisy = frame(annotator="noisy", n_labels=1000, noise=0.3)
    assert value(clean, "agreement_ceiling") == 1.0
    assert value(noisy, "agreement_ceiling") == pytest.approx(0.7)
    assert value(noisy, "self_agreement") == pytest.approx(0.7**2 + 0.3**2)
    assert np.abs(array(noisy, "weights")).sum() < 0.5 * np.abs(array(clean, "weights")).sum()


def test_more_labels_keep_the_first_ones():
    few, more = frame(annotator="careful", n_labels=20), frame(annotator="careful", n_labels=40)
    for side in ("labels_for_a", "labels_for_b"):
        assert (array(more, side) >= array(few, side)).all()


def test_training_falls_to_the_exact_optimum_and_is_reproducible():
    frames = list(api.run("rlhf", {"train": True}))
    losses = frames[-1]["arrays"]["loss"]["data"]
    assert len(frames) == 76 and len(losses) == 301
    assert (np.diff(losses) <= 1e-7).all() and losses[-1] < 0.6 * losses[0]
    assert np.allclose(frames[-1]["arrays"]["weights"]["data"], array(frame(), "weights"), atol=1e-5)
    again = list(api.run("rlhf", {"train": True}))[-1]
    assert np.array_equal(again["arrays"]["loss"]["data"], losses)


def test_light_moves_are_light():
    params = SPEC.defaults()
    list(lab.compute(params))
    seconds = []
    for beta in np.geomspace(0.011, 9, 40):
        start = time.perf_counter()
        list(lab.compute(params | {"beta": float(beta)}))
        seconds.append(time.perf_counter() - start)
    assert np.median(seconds) < 0.02, "generous: two to three milliseconds on an idle machine"


@pytest.mark.parametrize("preset", SPEC.presets, ids=lambda p: p.name)
def test_presets_do_what_their_reasons_say(preset):
    result = frame(**preset.params)
    gap = value(result, "best_true_reward") - value(result, "true_reward")
    if preset.name == "good_leash":
        assert gap < 0.05
    if preset.name in ("no_leash", "length_exploit"):
        assert gap > 1 and value(result, "policy_words") > 200
    if preset.name == "silent_group":
        assert value(result, "group_gradient") == 0.0
    if preset.name == "blind_model":
        assert value(result, "heldout_accuracy") < 0.8


def test_every_prediction_has_a_finite_answer():
    assert len(SPEC.predictions) >= 4
    for prediction in SPEC.predictions:
        assert math.isfinite(value(frame(**prediction.params), prediction.reveal)), prediction.name
    assert value(frame(**SPEC.predictions[-1].params), "true_reward") < 0


def verdict(name, seed, answer=None, **params):
    return api.check("rlhf", name, seed, SPEC.defaults() | params, answer)


SEEDS = range(1, 26)


@pytest.mark.parametrize("seed", SEEDS)
def test_ceiling_checker(seed):
    agree, slip = tasks._slips(seed)
    right = 100 * (agree * (1 - slip) + (1 - agree) * slip)
    assert verdict("ceiling", seed, round(right, 1)).result == "right"
    assert "miss into a hit" in verdict("ceiling", seed, 100 * agree * (1 - slip)).message
    assert "in percent" in verdict("ceiling", seed, right / 100).message
    assert "never wrong" in verdict("ceiling", seed, 100 * (1 - slip)).message or np.isclose(
        1 - slip, agree - slip, 0.01
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_checker(seed):
    start, factor = tasks._label_numbers(seed)
    assert verdict("labels_needed", seed, start * factor**2).result == "right"
    assert "root of" in verdict("labels_needed", seed, start * factor).message
    assert "total" in verdict("labels_needed", seed, start * (factor**2 - 1)).message


@pytest.mark.parametrize("seed", SEEDS)
def test_dpo_checker(seed):
    chosen, rejected, ref_chosen, ref_rejected, beta = tasks._dpo_numbers(seed)
    ratio = (chosen - ref_chosen) - (rejected - ref_rejected)

    def loss(margin):
        return math.log1p(math.exp(-margin))

    assert verdict("dpo_loss", seed, round(loss(beta * ratio), 3)).result == "right"
    assert "beta out" in verdict("dpo_loss", seed, loss(ratio)).message
    assert "swapped" in verdict("dpo_loss", seed, loss(-beta * ratio)).message
    left_out = verdict("dpo_loss", seed, loss(beta * (chosen - rejected)))
    assert left_out.result == "right" if ref_chosen == ref_rejected else left_out.result == "wrong"


@pytest.mark.parametrize("seed", SEEDS)
def test_best_of_checker(seed):
    n = tasks._draws(seed)
    assert verdict("best_of_kl", seed, round(math.log(n) - 1 + 1 / n, 3)).result == "right"
    assert "Take off" in verdict("best_of_kl", seed, math.log(n)).message
    assert "bits" in verdict("best_of_kl", seed, math.log2(n)).message


@pytest.mark.parametrize("seed", SEEDS)
def test_advantage_checker(seed):
    size, right = tasks._group(seed)
    rewards = np.array([1.0] * right + [0.0] * (size - right))
    assert verdict("advantage", seed, (1 - rewards.mean()) / rewards.std(ddof=1)).result == "right"
    assert "Dr. GRPO" in verdict("advantage", seed, 1 - rewards.mean()).message
    assert "not G - 1" in verdict("advantage", seed, (1 - rewards.mean()) / rewards.std()).message
    assert "reward 0" in verdict("advantage", seed, -rewards.mean() / rewards.std(ddof=1)).message


@pytest.mark.parametrize("seed", range(1, 9))
def test_leash_checker(seed):
    task = api.draw("rlhf", "leash", seed).params
    best = api.last_frame("rlhf", task)["scalars"]["best_beta"]["value"]
    assert api.check("rlhf", "leash", seed, task | {"beta": best}).result == "right"
    assert "Over-optimised" in api.check("rlhf", "leash", seed, task).message
    assert "Too strong a KL penalty" in api.check("rlhf", "leash", seed, task | {"beta": 9.0}).message
    assert "another problem" in api.check("rlhf", "leash", seed, task | {"beta": best, "n_labels": 1000}).message


@pytest.mark.parametrize("seed", range(1, 9))
def test_repair_checker(seed):
    task = api.draw("rlhf", "repair", seed).params
    assert api.check("rlhf", "repair", seed, task | {"length_repair": "zero"}).result == "right"
    assert "in disguise" in api.check("rlhf", "repair", seed, task | {"length_repair": "drop"}).message
    assert "stronger KL penalty" in api.check("rlhf", "repair", seed, task | {"beta": 10.0}).message
    assert "stronger ridge" in api.check("rlhf", "repair", seed, task | {"l2": 100.0}).message
    assert "who labels" in api.check("rlhf", "repair", seed, task | {"annotator": "careful"}).message
    assert "still pays" in api.check("rlhf", "repair", seed, task).message


@pytest.mark.parametrize("challenge", SPEC.challenges, ids=lambda c: c.name)
def test_random_answers_pass_less_than_one_time_in_ten(challenge):
    rng = np.random.default_rng(0)
    passed, tries = 0, 120
    for seed in range(tries):
        params = api.draw("rlhf", challenge.name, seed).params
        if challenge.answer == "params":
            params = params | {
                "beta": float(np.exp(rng.uniform(np.log(0.01), np.log(10)))),
                "length_repair": str(rng.choice(["none", "zero", "drop"])),
            }
        answer = float(np.exp(rng.uniform(np.log(0.05), np.log(200))))
        passed += api.check("rlhf", challenge.name, seed, params, answer).result == "right"
    assert passed < tries / 10


def test_a_readers_own_code_takes_effect():
    name = "labs_py.core.policy:group_advantages"
    before = array(frame(), "advantages")
    api.replace(name, "def group_advantages(rewards, divide_by_spread=True, floor=1e-4):\n    return 0.0 * rewards\n")
    try:
        assert not array(frame(), "advantages").any() and before.any()
    finally:
        api.restore()
    assert np.array_equal(array(frame(), "advantages"), before)
