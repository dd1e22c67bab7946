"""The numpy GPT against its own definition: gradients by central differences, adapters, masks, answers."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py.core import tiny_gpt

SHAPE = tiny_gpt.Shape(vocabulary=13, width=8, layers=2, heads=2, context=9)


def weights_of(shape: tiny_gpt.Shape, seed: int = 0) -> tiny_gpt.Tensors:
    """Random float64 weights; gains near one."""
    rng, d = np.random.default_rng(seed), shape.width
    sizes = {"tokens": (shape.vocabulary, d), "positions": (shape.context, d), **tiny_gpt.linear_sizes(shape)}
    weights = {name: rng.normal(size=size) * 0.3 for name, size in sizes.items()}
    for name in ("norm", *(f"layers.{i}.norm{j}" for i in range(shape.layers) for j in (1, 2))):
        weights[name] = 1 + 0.1 * rng.normal(size=d)
    return weights


def random_batch() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 13, (2, 6)), rng.integers(-1, 13, (2, 6))


def random_adapter() -> tiny_gpt.Tensors:
    rng = np.random.default_rng(3)
    return {k: v + 0.2 * rng.normal(size=v.shape) for k, v in tiny_gpt.start_adapter(SHAPE, 2, 0, float).items()}


@pytest.mark.parametrize("adapted", [False, True])
def test_every_gradient_is_the_slope_of_the_loss(adapted: bool) -> None:
    weights, (tokens, targets) = weights_of(SHAPE), random_batch()
    adapter = random_adapter() if adapted else None
    trained = adapter if adapted else weights
    _, gradients = tiny_gpt.step(SHAPE, weights, adapter, 2.0, tokens, targets)
    assert gradients.keys() == trained.keys()
    rng, h = np.random.default_rng(2), 1e-6
    for name, tensor in trained.items():
        for _ in range(3):
            at = tuple(rng.integers(n) for n in tensor.shape)
            kept, ends = tensor[at], []
            for change in (h, -h):
                tensor[at] = kept + change
                ends.append(tiny_gpt.step(SHAPE, weights, adapter, 2.0, tokens, targets)[0])
            tensor[at] = kept
            assert gradients[name][at] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-8), name


def test_a_fresh_adapter_changes_nothing_and_a_merged_one_gives_the_same_scores() -> None:
    weights, (tokens, _) = weights_of(SHAPE), random_batch()
    base = tiny_gpt.forward(tiny_gpt.Pass(SHAPE, weights, None, 1.0, False), tokens)
    fresh = tiny_gpt.start_adapter(SHAPE, 2, 0, float)
    assert np.array_equal(tiny_gpt.forward(tiny_gpt.Pass(SHAPE, weights, fresh, 2.0, False), tokens), base)
    adapter = random_adapter()
    beside = tiny_gpt.forward(tiny_gpt.Pass(SHAPE, weights, adapter, 2.0, False), tokens)
    merged = tiny_gpt.forward(tiny_gpt.Pass(SHAPE, tiny_gpt.merge(weights, adapter, 2.0), None, 1.0, False), tokens)
    assert np.allclose(beside, merged, atol=1e-12) and not np.allclose(beside, base)


def test_counts_are_those_of_the_tensors() -> None:
    assert sum(w.size for w in weights_of(SHAPE).values()) == tiny_gpt.count_model(SHAPE)
    adapter = tiny_gpt.start_adapter(SHAPE, 3, 0)
    assert sum(t.size for t in adapter.values()) == tiny_gpt.count_adapter(SHAPE, 3)


def test_no_position_sees_a_later_one() -> None:
    weights, (tokens, _) = weights_of(SHAPE), random_batch()
    other = tokens.copy()
    other[:, -1] = (other[:, -1] + 1) % 13
    first, second = (
        tiny_gpt.forward(tiny_gpt.Pass(SHAPE, weights, None, 1.0, False), t).reshape(2, 6, -1) for t in (tokens, other)
    )
    assert np.array_equal(first[:, :-1], second[:, :-1]) and not np.allclose(first[:, -1], second[:, -1])


@pytest.mark.parametrize(
    ("mask_prompt", "with_stop", "wanted"),
    [(True, True, [-1, -1, 7, 0]), (True, False, [-1, -1, 7, -1]), (False, True, [4, 5, 7, 0])],
)
def test_the_mask_says_which_tokens_count(mask_prompt: bool, with_stop: bool, wanted: list[int]) -> None:
    tokens, targets = tiny_gpt.batch([([3, 4, 5], [7, 0])], mask_prompt, with_stop)
    assert tokens.tolist() == [[3, 4, 5, 7]] and targets.tolist() == [wanted]


def test_answers_in_a_batch_are_those_one_by_one_and_end_at_the_stop_token() -> None:
    weights = weights_of(SHAPE, 5)
    prompts = [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    together = tiny_gpt.answer(SHAPE, weights, prompts, 6)
    assert together == [tiny_gpt.answer(SHAPE, weights, [p], 6)[0] for p in prompts]
    assert all(0 not in found[:-1] and 1 <= len(found) <= 6 for found in together)
