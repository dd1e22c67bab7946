"""Features of a text, counted by rule."""

import math

import pytest

from labs_py.core import text_features


def named(text, correct=0.0):
    return dict(zip(text_features.NAMES, text_features.describe(text, correct), strict=True))


def test_each_feature_on_a_text_counted_by_hand():
    found = named("Great question! I am happy to help. It might be 384,400 km, perhaps.\n- one\n- two", 1.0)
    assert found["length"] == pytest.approx(math.log(15))
    assert found["hedging"] == pytest.approx(100 * 2 / 15)
    assert found["courtesy"] == pytest.approx(math.log(3))
    assert found["lists"] == pytest.approx(math.log(3))
    assert found["directness"] == pytest.approx(-math.log1p(7))
    assert found["numbers"] == pytest.approx(math.log(2))
    assert found["refusal"] == 0.0 and found["correct"] == 1.0


def test_empty_text_is_finite():
    assert not text_features.describe("", 0.0).any()


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I'm sorry, but I can't give any medical information.", True),
        ("I won't help with that.", True),
        ("I'm not able to write frightening content.", True),
        ("You can't put it in the dishwasher.", False),
        ("It won't rust if you dry it.", False),
    ],
)
def test_refusals(text, refuses):
    assert named(text)["refusal"] == float(refuses)


def test_numbered_list_marks_are_neither_words_nor_numbers():
    assert text_features.count("1. Stop.\n2. Look.").words == 2
    assert text_features.count("1. Stop.\n2. Look.").numbers == 0
