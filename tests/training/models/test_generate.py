"""Answers drawn at random: the model's own distribution, the same for the same seed, finished rows out of the way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.models import chat_template, generate, loading
from training.run.settings import ModelSettings

PROMPT = list(range(40, 52))


@pytest.fixture(scope="module")
def loaded():
    return loading.load_base(ModelSettings(source="tiny-random:llama", revision=None, dtype="float32"))


def drawn(loaded, prompts, count, temperature=1.0, longest=1, seed=0, stops=frozenset(), batch=100):
    found = generate.sample(
        loaded.model, loaded.tokenizer, prompts, count, temperature, longest, set(stops), seed, batch
    )
    return [[one.text for one in given] for given in found]


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_first_tokens_come_as_often_as_the_model_says(loaded, temperature):
    """Each token's share of 4,000 draws is its probability, within five standard errors."""
    count = 4000
    with torch.no_grad():
        logits = loaded.model(input_ids=torch.tensor([PROMPT])).logits[0, -1].double()
    wanted = torch.softmax(logits / temperature, -1).numpy()
    texts = np.array([loaded.tokenizer.decode([token]) for token in range(len(wanted))])
    given = np.array(drawn(loaded, [PROMPT], count, temperature, batch=1000)[0])
    for text in set(texts[wanted.argsort()[-5:]]):
        share = wanted[texts == text].sum()
        assert abs((given == text).mean() - share) < 5 * np.sqrt(share * (1 - share) / count) + 1e-9


def test_near_no_temperature_it_is_the_greedy_answer(loaded):
    prompts = [PROMPT, PROMPT[:5], PROMPT[3:]]
    greedy = generate.greedy(loaded.model, loaded.tokenizer, prompts, 12, set())
    assert drawn(loaded, prompts, 2, 1e-4, 12) == [[one.text] * 2 for one in greedy]


def test_the_seed_decides_and_torchs_own_state_is_left(loaded):
    state = torch.get_rng_state()
    first = drawn(loaded, [PROMPT, PROMPT[2:]], 3, longest=8)
    assert torch.equal(torch.get_rng_state(), state)
    assert first == drawn(loaded, [PROMPT, PROMPT[2:]], 3, longest=8)
    assert first != drawn(loaded, [PROMPT, PROMPT[2:]], 3, longest=8, seed=1) and len(set(first[0])) > 1


def test_an_answer_ends_with_its_stop_token_whatever_the_others_do(loaded):
    stops = set(range(0, loaded.model.config.vocab_size, 4))
    found = generate.sample(loaded.model, loaded.tokenizer, [PROMPT], 40, 1.0, 10, stops, 0)[0]
    assert any(one.stopped for one in found) and len({one.tokens for one in found}) > 2
    assert all(one.tokens == 10 for one in found if not one.stopped)


def test_nothing_asked_is_nothing_answered(loaded):
    assert (
        generate.sample(loaded.model, loaded.tokenizer, [], 4, 1.0, 5, set(chat_template.stop_ids(loaded.tokenizer)), 0)
        == []
    )
