"""Our solutions, as readers see them, equal what the labs and the pages compute, where the exercise's own answer is
written by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from labs_py.core import chat_data, evidence, policy, run_cost, tiny_gpt
from labs_py.core.model_table import MODELS
from labs_py.exercises import grading


def solution(name: str) -> Any:
    exercise = grading.load(name)
    return grading.function_of(exercise.solution, exercise.function)


def test_the_masked_loss_is_the_tiny_models() -> None:
    rng = np.random.default_rng(0)
    logits, tokens, counts = rng.normal(size=(9, 6)), rng.integers(0, 6, 9), np.array([0, 0, 0, 1, 1, 0, 1, 1, 1])
    targets = np.where(counts[1:], tokens[1:], tiny_gpt.IGNORED)
    assert solution("masked-loss")(logits, tokens, counts) == pytest.approx(
        tiny_gpt.loss_and_gradient(logits[:-1], targets)[0], rel=1e-9
    )


def test_merged_weights_are_the_tiny_models() -> None:
    shape = tiny_gpt.Shape()
    adapter = tiny_gpt.start_adapter(shape, 4, 0, np.float64)
    rng = np.random.default_rng(1)
    adapter = {name: rng.normal(size=value.shape) for name, value in adapter.items()}
    name = next(iter(tiny_gpt.linear_sizes(shape)))
    weights = {layer: rng.normal(size=sizes) for layer, sizes in tiny_gpt.linear_sizes(shape).items()}
    merged = tiny_gpt.merge(weights, adapter, 16.0 / 4)[name]
    a, b = (adapter[f"{name}.{part}"] for part in "AB")
    assert np.allclose(solution("lora-merge")(weights[name], a, b, 16.0), merged)


def test_means_of_k1_and_k3_are_the_divergence() -> None:
    rng = np.random.default_rng(2)
    log_p, log_q = (np.log(rng.dirichlet(np.ones(7))) for _ in range(2))
    k1, k2, k3 = solution("kl-estimates")(log_p, log_q)
    exact = float(policy.kl(log_p, log_q))
    assert np.exp(log_p) @ k1 == pytest.approx(exact) and np.exp(log_p) @ k3 == pytest.approx(exact)
    assert (k3 >= 0).all() and (k2 >= 0).all()


def test_the_paired_bootstrap_is_the_labs() -> None:
    rng = np.random.default_rng(3)
    after, before = rng.uniform(size=30), rng.uniform(size=30)
    picks = np.random.default_rng(0).integers(0, 30, (2000, 30))
    assert solution("paired-bootstrap")(after, before, picks) == pytest.approx(
        evidence.paired_difference(after, before)
    )


def test_minhash_estimates_what_the_data_check_does() -> None:
    import zlib

    words = [f"word {i}" for i in range(30)]
    first, second = set(words[:22]), set(words[8:])
    members = [np.array([zlib.crc32(word.encode()) for word in part], np.uint64) for part in (first, second)]
    estimate = solution("minhash")(*members, chat_data._SCALE, chat_data._SHIFT)
    assert estimate == (chat_data.signature(first) == chat_data.signature(second)).mean()


def test_the_memory_is_the_estimators() -> None:
    shape = next(iter(MODELS.values()))
    run = run_cost.Run(rank=16, dtype="bfloat16")
    parts = run_cost.memory(shape, run)
    held = sum(parts[part] for part in ("weights", "adapter", "gradients", "optimiser"))
    mine = solution("memory-estimate")(shape.parameters, run_cost.trained_parameters(shape, run), 16)
    assert mine == pytest.approx(held, rel=1e-9)


def test_bm25_is_the_formula_word_by_word() -> None:
    """Against the table of every word and document, written with sets."""
    documents = [["a", "b", "b"], ["b", "c"], ["a", "a", "a", "c", "d", "e"]]
    query = ["a", "b", "z"]
    mean = sum(map(len, documents)) / len(documents)
    expected = np.zeros(3)
    for (place, words), word in product(enumerate(documents), query):
        holds = len([1 for other in documents if word in set(other)])
        often = len([1 for other in words if other == word])
        expected[place] += np.log1p((3 - holds + 0.5) / (holds + 0.5)) * 2.2 * often / (
            often + 1.2 * (0.25 + 0.75 * len(words) / mean)
        )  # fmt: skip
    assert np.allclose(solution("bm25")(query, documents), expected)
