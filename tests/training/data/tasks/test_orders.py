"""The order-form task: pinned held-out sets, disjoint products and wording, strict parsing, honest scores."""

from __future__ import annotations

import itertools
import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.tasks.base import few_shot
from training.data.tasks.orders import grammar as orders_grammar
from training.data.tasks.orders import phrases as orders_phrases
from training.data.tasks.orders import sealed as orders_sealed
from training.data.tasks.orders import sets as orders_sets
from training.data.tasks.orders import shifted as orders_shifted
from training.data.tasks.orders import slots as orders_slots
from training.data.tasks.orders import words as orders_words
from training.data.tasks.orders.task import TASK
from training.data.tasks.registry import get

PINNED = {
    "shifted": "b23cd2283ce039cdb7d1e4b11a67400f9a20235365a58cae01a0f9ae0fb095c6",
    "sealed": "33994a55a609944432c0a09383a052ab03443cc1434cb756ba73a05308a92e55",
}


@pytest.mark.parametrize("name", ["shifted", "sealed"])
def test_held_out_sets_are_the_pinned_ones(name):
    messages = orders_sets.held_out(name)
    assert len(messages) == 200
    assert len({message.text for message in messages}) == 200
    assert orders_sets.sha256_messages(messages) == PINNED[name]


def test_a_changed_held_out_set_is_an_error(monkeypatch):
    monkeypatch.setattr(orders_sets.HELD_OUT_GRAMMARS["shifted"], "SEED", 1)
    with pytest.raises(ValueError, match="shifted held-out set has changed"):
        orders_sets.held_out("shifted")


def four_grams(phrase: str) -> set[tuple[str, ...]]:
    """Runs of four words, a placeholder counting as a word (item and order number together as one)."""
    words = re.findall(r"\{\w+\}|[\w']+", phrase.lower().replace("{item}{ref}", "{item}"))
    return {tuple(words[start : start + 4]) for start in range(len(words) - 3)}


@pytest.mark.parametrize("grammar", [orders_shifted, orders_sealed])
def test_held_out_wording_shares_no_four_words_in_a_row_with_training(grammar):
    trained = {gram for phrase in orders_grammar.slot_phrases() for gram in four_grams(phrase)}
    held_out = {gram for phrase in grammar.slot_phrases() for gram in four_grams(phrase)}
    assert len(trained) > 1500 and len(held_out) > 100
    assert not trained & held_out


@pytest.mark.parametrize("grammar", [orders_shifted, orders_sealed])
def test_held_out_products_are_disjoint_from_training(grammar):
    trained_words = set(orders_words.MODIFIERS) | set(orders_words.HEADS)
    assert not trained_words & (set(grammar.HEADS) | set(grammar.MODIFIERS))
    trained = {json.loads(row["messages"][-1]["content"])["product"] for row in TASK.rows("train")}
    assert not trained & set(grammar.products())
    assert len(trained) > 600


def test_every_intent_urgency_and_due_form_has_many_wordings():
    for intent in orders_slots.INTENTS:
        direct = sum(len(orders_grammar.expansions(phrase)) for phrase in orders_phrases.DIRECT[intent])
        assert direct >= 40
    for level in ("high", "low"):
        assert sum(len(orders_grammar.expansions(p)) for p in orders_words.URGENCY_PHRASES[level]) >= 40
    assert sum(len(orders_grammar.expansions(p)) for p in orders_words.DUE_PHRASES) >= 30


def test_the_same_seed_gives_the_same_rows_and_sets_do_not_meet():
    assert TASK.rows("train", seed=3) == TASK.rows("train", seed=3)
    assert TASK.rows("train", 50, seed=3) == TASK.rows("train", seed=3)[:50]
    assert TASK.rows("train", seed=3) != TASK.rows("train", seed=4)
    texts = [{row["messages"][1]["content"] for row in TASK.rows(name, seed=3)} for name in TASK.sets]
    assert [len(text) for text in texts] == [1000, 200, 200, 200]
    assert all(not a & b for a, b in itertools.combinations(texts, 2))


@pytest.mark.parametrize("variant", list(orders_grammar.VARIANTS))
def test_every_variant_writes_rows_whose_target_is_of_the_form(variant):
    rows = TASK.rows("train", 300, seed=1, variant=variant)
    for row in rows:
        answer = row["messages"][-1]["content"]
        assert TASK.extract(answer).reason == ""
        assert TASK.score(answer, answer)["exact"] == 1.0


def test_narrow_data_really_is_narrow():
    products = {json.loads(r["messages"][-1]["content"])["product"] for r in TASK.rows("train", 400, variant="narrow")}
    assert len(products) <= orders_grammar.NARROW_PRODUCTS


@given(seed=st.integers(0, 10**6))
def test_the_product_stands_in_the_message_as_the_form_has_it(seed):
    for grammar in (orders_grammar, orders_shifted, orders_sealed):
        message = grammar.message(random.Random(seed))
        names = (message.form.product, orders_slots.plural(message.form.product))
        assert any(name in message.text.lower() for name in names)
        if message.form.order:
            bare = re.sub(r"[^A-Z0-9]", "", message.text.upper())
            assert message.form.order in bare or message.form.order[1:] in bare
        assert message.text.strip() == message.text
        assert "{" not in message.text and "|" not in message.text


GOOD = '{"intent": "buy", "product": "pen", "quantity": 2, "order": null, "due": "05-01", "urgency": "low"}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD, ""),
        (" " + GOOD + "\n", ""),
        ("I cannot do that.", "no-json"),
        ("Sure! " + GOOD, "text-around-json"),
        ("```json\n" + GOOD + "\n```", "text-around-json"),
        (GOOD[:-5], "bad-json"),
        (GOOD.replace('"urgency": "low"', '"intent": "low"'), "bad-json"),
        ("[" + GOOD + "]", "not-an-object"),
        (GOOD.replace(', "order": null', ""), "missing-key:order"),
        (GOOD.replace('"urgency"', '"colour": 1, "urgency"'), "unknown-key:colour"),
        (GOOD.replace("2,", '"2",'), "wrong-form:quantity"),
        (GOOD.replace("2,", "true,"), "wrong-form:quantity"),
        (GOOD.replace("05-01", "May 1"), "wrong-form:due"),
        (GOOD.replace("buy", "BUY"), "wrong-form:intent"),
        (GOOD.replace("null", '"b1234"'), "wrong-form:order"),
    ],
)
def test_the_parser_says_why(text, reason):
    assert TASK.extract(text).reason == reason


def test_exact_is_strict_and_content_forgives_the_form():
    chatty = "Sure! " + GOOD.replace("2,", '"2",')
    scores = TASK.score(chatty, GOOD)
    assert (scores["exact"], scores["valid"], scores["content"], scores["field"]) == (0.0, 0.0, 1.0, 1.0)
    wrong = TASK.score(GOOD.replace("buy", "track"), GOOD)
    assert wrong["exact"] == 0.0 and wrong["valid"] == 1.0 and wrong["field:intent"] == 0.0
    assert wrong["field"] == pytest.approx(5 / 6)
    assert TASK.score("", GOOD)["field"] == 0.0
    assert TASK.score('{"a"' * 5000, GOOD)["field"] == 0.0


def test_few_shot_puts_the_examples_between_system_and_question():
    row = TASK.rows("shifted", 1)[0]
    turns = few_shot(TASK, row, 4)
    assert [turn["role"] for turn in turns] == ["system", *["user", "assistant"] * 4, "user"]
    assert turns[-1] == row["messages"][1] and turns[0]["content"] == TASK.system
    assert all(TASK.extract(answer).reason == "" for _, answer in TASK.shots)


def test_unknown_sets_variants_and_tasks_are_named():
    with pytest.raises(ValueError, match="no set 'third'"):
        TASK.rows("third")
    with pytest.raises(ValueError, match="unknown variant"):
        TASK.rows("train", variant="rich")
    with pytest.raises(
        ValueError, match="unknown task 'order'; there are delivery_log, library_desk, meeting_day, orders"
    ):
        get("order")
