"""Answers that are written together are those that transformers' generate writes one by one, for every family."""

from __future__ import annotations

import random

import pytest
import torch

from tests.effort import EFFORT
from tests.training.models.families import FAMILIES, VOCABULARY, made
from training.models import generate
from training.models.structure import batching

MORE = {"mamba": {"state_size": 4, "num_hidden_layers": 2}, "falcon-alibi": {"alibi": True}}
ALWAYS = ("llama", "mistral-window", "gemma3_text", "gpt_neo", "phi3-window")
STOPS = {2, 17, 40}


def some() -> list[str]:
    return [*ALWAYS, *EFFORT.some([name for name in [*FAMILIES, *MORE] if name not in ALWAYS], 6)]


class Letters:
    """A tokenizer that only decodes."""

    def decode(self, ids, skip_special_tokens=True):
        return " ".join(map(str, ids))


def prompts(rng: random.Random, shared: int, rows: int) -> list[list[int]]:
    beginning = [rng.randrange(3, VOCABULARY) for _ in range(shared)]
    return [beginning + [rng.randrange(3, VOCABULARY) for _ in range(rng.choice((1, 2, 5, 9, 16)))]
            for _ in range(rows)]  # fmt: skip


def one_by_one(model, rows: list[list[int]], longest: int) -> list[str]:
    found = []
    for row in rows:
        ids = torch.tensor([row])
        whole = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=longest,
                               do_sample=False, eos_token_id=sorted(STOPS), pad_token_id=0)  # fmt: skip
        answer = whole[0, len(row) :].tolist()
        found.append(" ".join(str(token) for token in answer if token not in STOPS))
    return found


@pytest.mark.sampled
@pytest.mark.parametrize("name", some())
def test_batched_answers_are_those_of_generate_one_by_one(name):
    model = made(name, MORE)
    for seed, shared in enumerate((0, 12)):
        rows = prompts(random.Random(seed), shared, 7)
        found = generate.greedy(model, Letters(), rows, 14, STOPS, batch_size=4)
        assert [answer.text for answer in found] == one_by_one(model, rows, 14), (name, shared)


def test_a_window_that_no_row_reaches_does_not_slow_anything():
    config = made("mistral-window").config
    assert batching.promised(config, 7) == batching.SHARED and batching.promised(config, 8) == batching.PADDED
    assert batching.promised(made("qwen2").config, 4000) == batching.SHARED


def test_padding_between_the_shared_beginning_and_the_rest_shifts_a_window(monkeypatch):
    """The fault itself: with the quick way for every model the answers of a windowed one are others."""
    model, rows = made("mistral-window"), prompts(random.Random(1), 12, 7)
    wanted = one_by_one(model, rows, 14)
    monkeypatch.setattr(generate, "way_of", lambda *_: batching.SHARED)
    assert [a.text for a in generate.greedy(model, Letters(), rows, 14, STOPS)] != wanted


def test_a_model_that_breaks_its_promise_is_found_out_and_said(monkeypatch, capsys):
    model = made("llama")
    monkeypatch.setattr(generate, "_agrees", lambda _, way: False)
    rows = prompts(random.Random(0), 5, 6)
    found = generate.greedy(model, Letters(), rows, 8, STOPS)
    assert [answer.text for answer in found] == one_by_one(model, rows, 8)
    generate.greedy(model, Letters(), rows, 8, STOPS)
    assert capsys.readouterr().err.count("cannot be run together exactly") == 1


def test_draws_work_without_the_quick_way_too(monkeypatch):
    model, rows = made("llama"), prompts(random.Random(0), 5, 3)
    monkeypatch.setattr(generate, "way_of", lambda *_: batching.ALONE)
    first, second = (generate.sample(model, Letters(), rows, 3, 1.0, 6, STOPS, 1) for _ in range(2))
    assert first == second and len({answer.text for answer in first[0]}) > 1
    cold = generate.sample(model, Letters(), rows, 1, 1e-4, 6, STOPS, 1)
    assert [given[0].text for given in cold] == one_by_one(model, rows, 6)
