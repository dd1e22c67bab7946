"""Ids that transformers' AutoTokenizer gave for SmolLM2-135M-Instruct; more of them are drawn in tests/parity."""

from __future__ import annotations

import pytest

from labs_py.core import byte_pairs
from labs_py.labs.mask import tokens

PAIRS = [
    (
        "<|im_start|>user\nIt's 12 o'clock.<|im_end|>\n",
        [1, 4093, 198, 1589, 506, 216, 33, 34, 263, 23, 17466, 30, 2, 198],
    ),
    ("  two  spaces\n\n\tand a tab", [216, 827, 216, 5600, 1116, 197, 397, 253, 10147]),
    ("日本語 🦙 é", [23274, 115, 40993, 179, 120, 248, 15107, 116, 243, 26411]),
    ("aaaaaaaaaaaa", [46880, 46880, 46880]),
    ("<|eot_id|>", [44, 108, 85, 320, 79, 311, 108, 46]),
]


@pytest.mark.parametrize(("text", "ids"), PAIRS)
def test_the_labs_tokenizer_gives_the_recorded_ids(text, ids):
    assert [token.id for token in byte_pairs.encode(tokens.tokenizer(), text)] == ids
