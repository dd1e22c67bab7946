"""The figure in the article on supervised fine-tuning marks the very tokens that the trainer grades."""

from __future__ import annotations

import html
import re

from tests.checkout import ROOT
from training.models import chat_template, tiny
from training.models.guards import IGNORED

PAGE = ROOT / "docs/articles/10-fine-tuning/supervised-fine-tuning.md"


def figure() -> tuple[str, str]:
    """The row as printed on the page, and its underlined part."""
    drawn = re.search(r'<figure class="s10-mask">\s*<pre>(.*?)</pre>', PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    graded = re.search(r"<ins>(.*?)</ins>", drawn, re.DOTALL)[1]
    return html.unescape(re.sub(r"</?ins>", "", drawn)), html.unescape(graded)


def test_the_underlined_part_is_what_the_labels_cover():
    whole, graded = figure()
    turns = re.findall(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>\n", whole, re.DOTALL)
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    tokenizer = tiny.tokenizer()
    encoded = chat_template.encode(tokenizer, row, 2048)
    labelled = [token for token, label in zip(encoded.ids, encoded.labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(labelled) == graded
    assert graded.endswith("<|im_end|>") and "<|im_start|>" not in graded
    assert tokenizer.decode(chat_template.render(tokenizer, row["messages"], ask=False)) == whole
