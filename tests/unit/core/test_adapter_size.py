"""Parameters of published models and of adapters on them, and the largest rank that fits a budget."""

from __future__ import annotations

import pytest

from labs_py.core import adapter_size


@pytest.mark.parametrize(
    ("model", "parameters"), [("gpt2", 124_439_808), ("llama-7b", 6_738_415_616), ("qwen2.5-7b", 7_615_616_512)]
)
def test_whole_models_have_their_published_number_of_parameters(model, parameters):
    assert adapter_size.SHAPES[model].parameters == parameters


@pytest.mark.parametrize(
    ("model", "targets", "fused", "expected"),
    [
        ("gpt2", "all", False, 1_327_104),
        ("gpt2", "all", True, 1_179_648),
        ("gpt2", "qv", False, 294_912),
        ("llama-7b", "qv", False, 4_194_304),
        ("llama-7b", "qkvo", False, 8_388_608),
        ("llama-7b", "all", False, 19_988_480),
        # Grouped-query attention: k and v map 3,584 to 512.
        ("qwen2.5-7b", "qv", False, 28 * 8 * ((3584 + 3584) + (3584 + 512))),
        ("qwen2.5-7b", "all", False, 20_185_088),
        ("qwen2.5-7b", "all", True, 20_185_088),
    ],
)
def test_adapter_counts_at_rank_8(model, targets, fused, expected):
    assert adapter_size.count_adapter(adapter_size.SHAPES[model], targets, 8, fused) == expected


def test_counting_all_heads_for_grouped_query_attention_would_be_wrong():
    shape = adapter_size.SHAPES["qwen2.5-7b"]
    naive = 28 * 8 * 2 * (3584 + 3584)
    assert adapter_size.count_adapter(shape, "qv", 8) < 0.8 * naive


def test_largest_rank_is_the_last_that_fits():
    for shape in adapter_size.SHAPES.values():
        for targets in adapter_size.TARGETS:
            rank = adapter_size.largest_rank(shape, targets, 20e6)
            assert 2 * adapter_size.count_adapter(shape, targets, rank) <= 20e6
            assert 2 * adapter_size.count_adapter(shape, targets, rank + 1) > 20e6
