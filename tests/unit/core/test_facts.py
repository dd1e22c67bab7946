"""Numbers that pages print are right, and none goes untested."""

import inspect
import re
from pathlib import Path

import pytest

from labs_py.core.facts import FACTS, fact

TESTS = Path(__file__).resolve().parents[2]


def test_full_tuning_of_seven_billion_parameters_takes_112_gigabytes():
    assert FACTS["full_tuning_bytes"](7e9) == 112e9


def test_low_rank_parameters_of_a_4096_square_matrix_at_rank_8():
    assert FACTS["low_rank_parameters"](4096, 4096, 8) == 65_536


def test_low_rank_share_is_parameters_over_matrix():
    assert FACTS["low_rank_share"](4096, 4096, 8) == pytest.approx(65_536 / 16_777_216)
    assert FACTS["low_rank_share"](10, 10, 10) == 2.0  # at full rank two factors cost more than the matrix


def test_matrix_parameters_are_rows_times_columns():
    assert FACTS["matrix_parameters"](4096, 4096) == 16_777_216


def test_a_name_is_registered_once():
    def full_tuning_bytes():
        """A second one."""

    with pytest.raises(ValueError, match="full_tuning_bytes"):
        fact(full_tuning_bytes)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_each_fact_is_explained_and_tested(name):
    assert inspect.getdoc(FACTS[name]), f"{name} has no docstring: the reader's card would be empty"
    tested = "".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    assert re.search(rf"\b{name}\b", tested), f"no test names the fact '{name}'"
