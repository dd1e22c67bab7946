"""The challenges of the LoRA Lab: right answers pass, each misconception is named, guessing does not pay."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py import api
from labs_py.core import adapter_size, lora
from labs_py.labs.lora import counting_tasks, decomposition, tasks
from labs_py.spec import validate

pytestmark = pytest.mark.drawn(5)

SPEC = api.spec("lora")
SEEDS = range(1, 9)


def _verdict(name, seed, params=None, answer=None):
    task = api.draw("lora", name, seed)
    return api.check("lora", name, seed, {**task.params, **(params or {})}, answer)


def _curves(name, seed):
    """Energy kept and bound over rank 0, 1, ... and the singular values, all from LAPACK."""
    update = decomposition.make_update(api.draw("lora", name, seed).params)
    values = np.linalg.svd(update, compute_uv=False)
    return lora.energy_kept(values), lora.eckart_young_bounds(values), values


def _guess(rng, name):
    """Settings drawn over the whole range of every parameter, or a number that looks like an answer."""
    params = {}
    for p in SPEC.params:
        if p.kind == "choice":
            params[p.name] = p.choices[rng.integers(len(p.choices))][0]
        elif p.kind == "seed":
            params[p.name] = int(rng.integers(1000))
        elif p.kind == "range":
            params[p.name] = float(rng.uniform(p.min, p.max))
    # Small matrices only, for the sake of the clock: it makes the guess no worse.
    params["size"] = int(rng.integers(32, 81))
    number = {"energy-to-error": rng.uniform(0, 1), "sealed-rank": rng.integers(3, 19)}.get(name, rng.integers(1, 65))
    return validate(SPEC, params)[0], float(number)


@pytest.mark.parametrize("challenge", SPEC.challenges, ids=lambda c: c.name)
def test_guessing_passes_less_than_one_time_in_ten(challenge, effort):
    rng = np.random.default_rng(0)
    trials = effort.count(20, 60)
    passed = near = 0
    for trial in range(trials):
        params, number = _guess(rng, challenge.name)
        passed += api.check("lora", challenge.name, trial, params, number).result == "right"
        # The kinder guess: the task's own settings, and only what is asked for is guessed.
        own = {"smallest-rank": ["rank"], "hopeless": ["decay"], "same-scale": ["alpha"]}
        task = api.draw("lora", challenge.name, trial).params
        kind = {**task, **{name: params[name] for name in own.get(challenge.name, [])}}
        near += api.check("lora", challenge.name, trial, validate(SPEC, kind)[0], number).result == "right"
    assert passed / trials < 0.1
    assert near / trials < 0.1


@pytest.mark.parametrize("challenge", SPEC.challenges, ids=lambda c: c.name)
def test_drawing_is_repeatable_varied_and_starts_wrong(challenge):
    drawn = [api.draw("lora", challenge.name, seed) for seed in range(8)]
    assert drawn == [api.draw("lora", challenge.name, seed) for seed in range(8)]
    assert len({t.prompt for t in drawn} | {str(t.params) for t in drawn}) > 4
    for seed, task in enumerate(drawn):
        assert not validate(SPEC, challenge.draw(seed).params)[1]
        verdict = api.check("lora", challenge.name, seed, task.params, 0)
        assert verdict.result == "wrong" and len(verdict.message) > 10


@pytest.mark.parametrize("challenge", SPEC.challenges, ids=lambda c: c.name)
@pytest.mark.parametrize("answer", [None, "", "abc", "1e999", -5, 0.5, 10**9, "<b>"])
def test_senseless_answers_get_a_sentence(challenge, answer):
    verdict = api.check("lora", challenge.name, 1, {"rank": "x", "size": -1}, answer)
    assert verdict.result == "wrong" and verdict.message.endswith(".")


@pytest.mark.parametrize("seed", SEEDS)
def test_smallest_rank(seed):
    kept, bounds, values = _curves("smallest-rank", seed)
    smallest = int(np.argmax(kept >= 0.95))
    assert _verdict("smallest-rank", seed, {"rank": smallest}).result == "right"
    low = _verdict("smallest-rank", seed, {"rank": smallest - 1})
    assert low.result == "wrong" and "below 95%" in low.message
    high = _verdict("smallest-rank", seed, {"rank": smallest + 1})
    assert high.result == "wrong"
    plain = int(np.argmax(np.cumsum(values) >= 0.95 * values.sum())) + 1
    assert "plain sum" in _verdict("smallest-rank", seed, {"rank": plain}).message
    strict = int(np.argmax(bounds <= 0.05))
    assert strict == plain or "error falls to 5%" in _verdict("smallest-rank", seed, {"rank": strict}).message
    moved = _verdict("smallest-rank", seed, {"rank": smallest, "seed": 12345})
    assert moved.result == "wrong" and "another update" in moved.message


@pytest.mark.parametrize("seed", SEEDS)
def test_hopeless(seed):
    assert _verdict("hopeless", seed, {"decay": 0.0}).result == "right"
    steep = _verdict("hopeless", seed, {"decay": 2.5})
    assert steep.result == "wrong" and "steep" in steep.message
    assert "flatter" in _verdict("hopeless", seed, {"decay": 0.5}).message
    assert "easy way" in _verdict("hopeless", seed, {"source": "noise"}).message
    assert "planted rank ends" in _verdict("hopeless", seed, {"source": "planted"}).message
    assert "rank must be 8" in _verdict("hopeless", seed, {"decay": 0.0, "rank": 2}).message
    assert "size must stay" in _verdict("hopeless", seed, {"decay": 0.0, "size": 256}).message


@pytest.mark.parametrize("seed", range(1, 25))
def test_same_scale(seed):
    rule, rank, alpha, other, wanted = counting_tasks._same_scale(seed)
    assert lora.scaling_factor(alpha, rank, rule) == lora.scaling_factor(wanted, other, rule)
    right = {"rank": other, "alpha": wanted}
    assert _verdict("same-scale", seed, right).result == "right"
    assert "Alpha alone" in _verdict("same-scale", seed, {"rank": other, "alpha": alpha}).message
    assert "rank must be" in _verdict("same-scale", seed).message
    another = {"lora": "rslora", "rslora": "lora"}[rule]
    assert "Stay with the rule" in _verdict("same-scale", seed, {**right, "scaling": another}).message
    ratio = other / rank
    confused = alpha * (np.sqrt(ratio) if rule == "lora" else ratio)
    if confused.is_integer() and 1 <= confused <= 512:
        assert "That keeps alpha" in _verdict("same-scale", seed, {"rank": other, "alpha": int(confused)}).message
    near = wanted + 1 if wanted + 1 not in (alpha, confused) else wanted + 2
    if near <= 512:
        assert "The factor was" in _verdict("same-scale", seed, {"rank": other, "alpha": near}).message


@pytest.mark.parametrize("seed", range(1, 25))
def test_budget(seed):
    model, targets, rank, megabytes = counting_tasks._budget(seed)
    shape = adapter_size.SHAPES[model]
    assert adapter_size.largest_rank(shape, targets, megabytes * 1e6) == rank
    assert f"{megabytes:.3f} MB" in api.draw("lora", "budget", seed).prompt
    assert _verdict("budget", seed, answer=rank).result == "right"
    assert "one byte" in _verdict("budget", seed, answer=2 * rank).message
    assert "four bytes" in _verdict("budget", seed, answer=rank // 2).message
    assert "whole number" in _verdict("budget", seed, answer=rank + 0.5).message
    other = next(t for t in adapter_size.TARGETS if t != targets)
    confused = adapter_size.largest_rank(shape, other, megabytes * 1e6)
    message = _verdict("budget", seed, answer=confused).message
    assert "would be right with adapters on" in message or "byte" in message
    assert "a larger rank fits" in _verdict("budget", seed, answer=rank - 1).message
    assert "more than the budget" in _verdict("budget", seed, answer=1000).message


def test_budget_names_fused_layers():
    seed = next(s for s in range(99) if counting_tasks._budget(s)[:2] == ("gpt2", "all"))
    _, _, rank, megabytes = counting_tasks._budget(seed)
    confused = int(megabytes * 1e6 // (2 * adapter_size.count_adapter(adapter_size.SHAPES["gpt2"], "all", 1, True)))
    assert confused > rank and "fused" in _verdict("budget", seed, answer=confused).message


@pytest.mark.parametrize("seed", SEEDS)
def test_sealed_rank(seed):
    kept, _, values = _curves("sealed-rank", seed)
    drops = values[:30] / values[1:31]
    by_eye = int(np.argmax(drops)) + 1
    assert drops.max() > 3, "the gap must be one that can be seen"
    assert _verdict("sealed-rank", seed, answer=by_eye).result == "right"
    stable = round(lora.stable_rank(values))
    if stable != by_eye and 3 <= stable:
        assert "stable rank" in _verdict("sealed-rank", seed, answer=stable).message
    energy = int(np.argmax(kept >= 0.95))
    if energy not in (by_eye, stable):
        assert "95% of the energy" in _verdict("sealed-rank", seed, answer=energy).message
    assert "whole number" in _verdict("sealed-rank", seed, answer=2.5).message
    assert _verdict("sealed-rank", seed, answer=by_eye + 1 if by_eye < 18 else 17).result == "wrong"
    # The answer stands nowhere in the frame that the reader sees.
    frame = api.last_frame("lora", api.draw("lora", "sealed-rank", seed).params)
    assert not any("planted" in text for text in frame["texts"].values())


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_to_error(seed):
    dropped = tasks._dropped_percent(seed) / 100
    error = np.sqrt(dropped)
    assert _verdict("energy-to-error", seed, answer=round(error, 2)).result == "right"
    assert "square root, so it is larger" in _verdict("energy-to-error", seed, answer=dropped).message
    assert "what was kept" in _verdict("energy-to-error", seed, answer=np.sqrt(1 - dropped)).message
    assert "unit" in _verdict("energy-to-error", seed, answer=100 * error).message
    assert "add up to 1" in _verdict("energy-to-error", seed, answer=0.999).message
