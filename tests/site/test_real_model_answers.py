"""Answers in Chromium on the float path are transformers' in float32: base and both committed adapters."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")

from labs_py.core.llama import chat  # noqa: E402
from labs_py.labs.mask import tokens  # noqa: E402
from tests.effort import EFFORT  # noqa: E402
from tests.parity.llama_answers import ASKED, check_against, theirs_with  # noqa: E402
from tests.site.real_model_page import lay, model, request  # noqa: E402, F401


@pytest.mark.sampled
@pytest.mark.parametrize("adapter", ["", "orders", "library_desk"])
def test_each_token_is_transformers_given_the_text_before_it(model, adapter, tmp_path):  # noqa: F811
    """So a free run parts from transformers' only where two candidates' logits differ by less than 1e-3."""
    theirs = theirs_with(adapter, tmp_path)
    lay(model, adapter)
    for question in EFFORT.some(ASKED, 1):
        turns = [{"role": "user", "content": question}]
        asked = {"type": "ask", "id": 0, "turns": turns, "longest": EFFORT.count(24, 200), "writers": ["tuned"]}
        told = request(model, asked | {"quick": False}, "told", "token")
        written = [token["token"][0] for token in told["found"]]
        assert len(written) > 2
        check_against(theirs, chat.ids(tokens.tokenizer(), chat.prompt_text(turns)), written)
