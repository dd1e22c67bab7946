"""Leaks of test items into training rows: found when copied, missed when reworded."""

import pytest

from labs_py.core import overlap

ITEM = "please send two boxes of the blue tape to the workshop in hall four before noon".split()


def test_a_copy_is_covered_whole_wherever_it_stands():
    assert overlap.covered_share(ITEM, [*"hello there".split(), *ITEM, "thanks"]) == 1.0
    assert overlap.is_leaked(ITEM, [["unrelated"], ITEM])


def test_nothing_shared_is_nothing_covered():
    assert overlap.covered_share(ITEM, "a sentence about something else that shares no run".split()) == 0.0


def test_a_shared_run_counts_its_words_once():
    half = ITEM[:9]
    assert overlap.covered_share(ITEM, half) == pytest.approx(9 / len(ITEM))


def test_one_changed_word_in_the_middle_hides_a_copy():
    changed = [*ITEM[:7], "green", *ITEM[8:]]
    assert overlap.covered_share(ITEM, changed) == pytest.approx(8 / 16)
    assert not overlap.is_leaked(ITEM, [changed])


def test_short_and_empty_items():
    assert overlap.covered_share(["yes"], ["oh", "yes"]) == 1.0
    assert overlap.covered_share([], ["yes"]) == 0.0
