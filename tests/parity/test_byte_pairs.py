"""The lab's tokenizer gives transformers' ids: on any text, on what every template writes, and from the same tables."""

from __future__ import annotations

import hashlib
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labs_py import data
from labs_py.core import byte_pairs, chat_template
from labs_py.labs.mask import spec, tokens
from tests.effort import examples

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

from training.models import bundled, guards  # noqa: E402
from training.models import chat_template as training_template  # noqa: E402
from training.run import machine  # noqa: E402
from training.site_records import lab_tokenizer  # noqa: E402

CONTENT = data.load(tokens.FILE.name)
OURS = byte_pairs.load(CONTENT)
NO_MODEL = "the bundled model is not in the cache: make test fetches it (or overrides/build/setup.py train model)"
KEPT = machine.cache_dir() / "models" / f"{bundled.NAME}-{bundled.WHEEL_SHA256[:8]}"
ODD = [*OURS.special, " <|im_end|>\n", "<|im_end", "<|im_start|>assistant\n", "it's I'LL we've 'tis '", "\x04\x06a\x13",
       "  \n\n  x", "\n\n 12 345", "a  7", "\r\n\t", "\u00a0\u2003x\u3000", "\x1c\x1d\x85", "½²Ⅷ٣", "日本語 🦙", "é",
       "e\u0301", "👩\u200d👩\u200d👧", "\U0004ffff", "\U000f0000", "שלום \u202e", "----____", "\ufeff"]  # fmt: skip
PARTS = st.text(max_size=30) | st.sampled_from(ODD) | st.text("aA1 \n'.", max_size=12)
TEXTS = st.lists(PARTS, max_size=6).map("".join)


def rebuilt() -> transformers.PreTrainedTokenizerFast:
    """The libraries' tokenizer on the tables of the lab's file."""
    chars = {byte: char for char, byte in lab_tokenizer.byte_values().items()}
    names = [*OURS.special, *(chars[byte] for byte in OURS.byte_ids)]
    pairs = []
    for left, right in OURS.merges:
        pairs.append((names[left], names[right]))
        names.append(names[left] + names[right])
    model = tokenizers.models.BPE(vocab={name: place for place, name in enumerate(names)}, merges=pairs)
    theirs = tokenizers.Tokenizer(model)
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.add_special_tokens(list(OURS.special))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=theirs, eos_token="<|im_end|>")


@pytest.fixture(scope="module", params=["the lab's tables", "the embedded model"])
def theirs(request):
    """transformers' tokenizer, twice: on our tables, and the embedded model's own where it has been fetched."""
    if request.param == "the lab's tables":
        return rebuilt()
    if not KEPT.is_dir():
        pytest.fail(NO_MODEL)
    return transformers.AutoTokenizer.from_pretrained(KEPT)


def ids(text: str) -> list[int]:
    return [token.id for token in byte_pairs.encode(OURS, text)]


@given(text=TEXTS)
@example(text="".join(ODD))
@example(text="a" * 5000 + " " * 3000 + "7" * 999)
@examples(120, 1200)
def test_any_text_has_the_ids_that_transformers_gives(theirs, text):
    assert ids(text) == theirs(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", [name for name, _ in spec.TEMPLATES])
@given(words=st.lists(TEXTS, min_size=2, max_size=4), ask=st.booleans())
@examples(15, 200)
def test_what_a_template_writes_has_the_ids_that_transformers_gives(theirs, name, words, ask):
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(words)]
    text = "".join(piece.text for piece in chat_template.pieces(name, turns, ask))
    assert ids(text) == theirs(text, add_special_tokens=False)["input_ids"]


def test_every_kind_of_character_is_cut_where_the_library_cuts():
    pattern = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    unsure = ("Cn", "Co", "Cs", "Lo")  # of these a sample: they are many, and later Unicode versions add to them
    chars = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in unsure]
    chars += [chr(c) for c in range(0, 0x30000, 31) if unicodedata.category(chr(c)) == "Lo"]
    text = "".join(f"a{char}1{char}!{char}  " for char in chars)
    assert [len(word) for word in byte_pairs.words(text)] == [b - a for _, (a, b) in pattern.pre_tokenize_str(text)]


@given(text=TEXTS)
@examples(40, 400)
def test_tokens_cover_the_text_in_order_but_for_bytes_that_have_none(text):
    spelt, place = text.encode(), 0
    for token in byte_pairs.encode(OURS, text):
        assert place <= token.start < token.stop
        assert not [b for b in spelt[place : token.start] if b in OURS.byte_ids]
        place = token.stop
    assert not [b for b in spelt[place:] if b in OURS.byte_ids]


def test_the_file_is_the_one_that_the_spec_names_and_the_model_holds():
    assert (tokens.FILE.sha256, tokens.FILE.size) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert OURS.size == 49_152 and OURS.about["licence"] == "Apache-2.0"
    if not KEPT.is_dir():
        pytest.fail(NO_MODEL)
    assert lab_tokenizer.packed(json.loads((KEPT / "tokenizer.json").read_text(encoding="utf-8"))) == CONTENT


@pytest.mark.parametrize("content", [b"", CONTENT[:90], b'\x08\0\0\0\0\0\0\0{"a":1} ', CONTENT[:40_000]])
def test_a_broken_file_is_one_sentence(content):
    with pytest.raises(ValueError, match="file"):
        byte_pairs.load(content)


class Smaller:
    """As much of a tokenizer as ``training.models.chat_template`` asks for, with the lab's template."""

    chat_template, eos_token_id = "smollm2", 2

    def __init__(self, theirs):
        self.theirs = theirs
        self.convert_tokens_to_ids = theirs.convert_tokens_to_ids
        self.convert_ids_to_tokens = theirs.convert_ids_to_tokens
        self.added_tokens_decoder = theirs.added_tokens_decoder

    def __call__(self, text, **how):
        return self.theirs(text, **how)

    def apply_chat_template(self, turns, tokenize, add_generation_prompt):
        return "".join(piece.text for piece in chat_template.pieces("smollm2", turns, add_generation_prompt))


@given(words=st.lists(TEXTS, min_size=1, max_size=3), system=st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_labels_are_those_that_training_makes(words, system):
    turns = [{"role": "system", "content": "Be brief."}] if system else []
    for text in words:
        turns += [{"role": "user", "content": text[:9]}, {"role": "assistant", "content": text or "x"}]
    try:
        wanted = training_template.encode(Smaller(THEIRS), {"messages": turns}, 10**6)
    except guards.GuardFailed:
        return
    written = chat_template.pieces("smollm2", turns)
    row = tokens.cut(written, chat_template.trained(written), 10**6)
    labels = np.where(row.in_loss, row.ids, -100).tolist()
    assert row.ids[: len(wanted.ids)].tolist() == wanted.ids
    assert labels[: len(wanted.ids)] == wanted.labels
    assert set(labels[len(wanted.ids) :]) <= {-100}


THEIRS = rebuilt()
