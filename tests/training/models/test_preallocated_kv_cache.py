"""A cache with room: the same keys and values as transformers' own, kept where they lie."""

from __future__ import annotations

import pytest
import torch
from transformers import DynamicCache, LlamaConfig, Qwen2Config

from training.models import generate, loading, preallocated_kv_cache
from training.run.settings import ModelSettings


@pytest.fixture(scope="module")
def tiny():
    return loading.load_base(ModelSettings(source="tiny-random:llama", revision=None, dtype="float32"))


def of_one_layer(room):
    return preallocated_kv_cache.preallocated_kv_cache(LlamaConfig(num_hidden_layers=1), room)


def test_layers_that_keep_a_window_have_the_growing_cache():
    config = Qwen2Config(num_hidden_layers=2, use_sliding_window=True, sliding_window=4, max_window_layers=1)
    assert isinstance(preallocated_kv_cache.preallocated_kv_cache(config, 9), DynamicCache)


def test_keys_and_values_are_those_of_the_growing_cache_also_after_rows_were_dropped():
    torch.manual_seed(0)
    grown, roomy = DynamicCache(), of_one_layer(9)
    for rows, tokens in ((4, 5), (4, 1), (2, 1), (2, 2)):
        if rows == 2 and len(grown.layers[0].keys) == 4:
            for cache in (grown, roomy):
                cache.batch_select_indices(torch.tensor([0, 3]))
        keys, values = torch.randn(2, rows, 3, tokens, 8)
        for theirs, ours in zip(grown.update(keys, values, 0), roomy.update(keys, values, 0), strict=True):
            assert torch.equal(theirs, ours)
        assert grown.get_seq_length() == roomy.get_seq_length()


def test_a_token_moves_nothing_and_one_too_many_is_refused():
    cache = of_one_layer(3)
    keys, _ = cache.update(torch.ones(1, 1, 2, 4), torch.ones(1, 1, 2, 4), 0)
    more, _ = cache.update(torch.ones(1, 1, 1, 4), torch.ones(1, 1, 1, 4), 0)
    assert more.data_ptr() == keys.data_ptr()
    with pytest.raises(ValueError, match="room for 3 tokens was given 4"):
        cache.update(torch.ones(1, 1, 1, 4), torch.ones(1, 1, 1, 4), 0)


def test_answers_are_those_of_the_growing_cache(tiny, monkeypatch):
    prompts = [[5, 6, 7, *range(8, 8 + length)] for length in (3, 9, 1, 5, 5)]

    def answers():
        return generate.greedy(tiny.model, tiny.tokenizer, prompts, 12, {11, 12}, batch_size=3)

    ours = answers()
    monkeypatch.setattr(preallocated_kv_cache, "preallocated_kv_cache", lambda config, room: DynamicCache())
    assert answers() == ours
