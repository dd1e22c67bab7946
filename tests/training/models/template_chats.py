"""What the tests of chat templates share: a tokenizer for any template, and drawn chats of every kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

FOLDER = Path(find_spec("trl").submodule_search_locations[0]) / "chat_templates"
TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.jinja"))
CONTROL = re.compile(r"<[|｜][^<>{}'\"\s+]+[|｜]>|</?s>|<eos>|<bos>|</?(?:start|end)_of_(?:turn|utterance)>|<[a-z_]+\|>"
                     r"|<\|[a-z_]+>|<end_of_utterance>|\[/?INST\]|\[gMASK\]|<sop>")  # fmt: skip
ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<turn|>", "<end_of_utterance>", "<|END_OF_TURN_TOKEN|>",
        "<|return|>", "<|end|>", "<|eot|>", "<｜end▁of▁sentence｜>", "</s>", "<|endoftext|>")  # fmt: skip


def text_of(name: str) -> str:
    """The template's source."""
    return (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")


@lru_cache(maxsize=128)
def tokenizer(name: str) -> PreTrainedTokenizerFast:
    """A tokenizer with one of TRL's templates."""
    return made(text_of(name))


def made(template: str) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with the control tokens that a template names, and a few merged pairs."""
    eos = next((end for end in ENDS if end in template), "<|endoftext|>")
    special = sorted({"<|endoftext|>", "<|begin|>", eos, *CONTROL.findall(template)})
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = [("t", "h"), ("th", "e"), ("Ċ", "Ċ"), ("Ġ", "a"), ("i", "n")]
    merged = ["".join(pair) for pair in pairs]
    inner = Tokenizer(models.BPE({token: i for i, token in enumerate([*special, *alphabet, *merged])}, pairs))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    rest = [token for token in special if token not in ("<|begin|>", eos)]
    built = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<|begin|>", eos_token=eos,
                                    additional_special_tokens=rest)  # fmt: skip
    built.chat_template = template
    return built


TOOL = {
    "type": "function",
    "function": {
        "name": "free_slots",
        "description": "Free slots of a day.",
        "parameters": {"type": "object", "properties": {"day": {"type": "string", "description": "the day"}},
                       "required": ["day"]},
    },
}  # fmt: skip
ODD = ("<|im_end|>", "<|im_start|>assistant\n", "<end_of_turn>", "</s>", "<|eot_id|>")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Co", "Cc")), min_size=1, max_size=12)


@st.composite
def texts(draw: Callable[[Any], Any], odd: bool = False) -> str:
    """A text with blanks and line breaks around and in it; an ``odd`` one may hold control tokens."""
    core = draw(WORDS.filter(lambda word: bool(word.strip())))
    joint = draw(st.sampled_from(["", " ", "\n", "\n\n", "the ", *(ODD if odd else ())]))
    return draw(st.sampled_from(["", "", " ", "\n"])) + core + joint + draw(WORDS.filter(str.strip)) + draw(
        st.sampled_from(["", "", " ", "\n"]))  # fmt: skip


@st.composite
def chats(draw: Callable[[Any], Any]) -> dict[str, Any]:
    """A row: turns that alternate, perhaps a system turn, thoughts, tool calls with answers, control tokens in text."""
    odd, thinking = draw(st.sampled_from([False, False, False, True])), draw(st.sampled_from(["", "", "text", "key"]))
    calls = draw(st.sampled_from([False, False, False, True]))
    turns: list[dict[str, Any]] = []
    if draw(st.booleans()):
        turns.append({"role": "system", "content": draw(texts())})
    for _ in range(draw(st.integers(1, 3))):
        turns.append({"role": "user", "content": draw(texts(odd))})
        if calls and draw(st.booleans()):
            day = draw(WORDS)
            asked = {"name": "free_slots", "arguments": {"day": day}}
            call = {"id": "call00001", "type": "function", "function": asked}
            turns.append({"role": "assistant", "content": draw(st.sampled_from([None, ""])), "tool_calls": [call]})
            turns.append({"role": "tool", "tool_call_id": "call00001", "name": "free_slots", "content": draw(texts())})
        answer: dict[str, Any] = {"role": "assistant", "content": draw(texts(odd))}
        if thinking == "text":
            answer["content"] = f"<think>\n{draw(texts())}\n</think>\n\n{answer['content']}"
        elif thinking == "key":
            answer["reasoning_content"] = draw(texts())
        turns.append(answer)
    return {"messages": turns, **({"tools": [TOOL]} if calls else {})}
