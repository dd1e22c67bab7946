"""A tokenizer in llama.cpp's words: the vocabulary, how text is split, which tokens begin and end what."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.serving.gguf_layout import refused

if TYPE_CHECKING:
    import gguf

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # llama.cpp's token types
PROBE = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@dataclass(frozen=True)
class Tokens:
    """What a GGUF says about a tokenizer.

    Attributes:
        kind: "gpt2" for byte-level BPE, "llama" for SentencePiece's BPE.
        pre: llama.cpp's name of the rule that splits text before the merges; "default" for SentencePiece.
        texts, types, scores: of each id.
        merges: two parts with a space between, the first to be applied first.
        space_prefix: whether a text gets a space in front.
    """

    kind: str
    pre: str
    texts: list[str]
    types: list[int]
    scores: list[float]
    merges: list[str]
    space_prefix: bool


def tokens_of(tokenizer: Any, rows: int, folder: Path) -> Tokens:
    """The vocabulary of a fast tokenizer.

    Args:
        tokenizer: transformers'.
        rows: of the embedding; ids beyond the tokenizer's are marked as unused.
        folder: the model's, for messages.

    Raises:
        BadInput: another kind of tokenizer, an unknown rule of splitting, or a token without a row.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise refused(folder, "the tokenizer has no tokenizer.json")
    said = json.loads(backend.to_str())
    if said["model"].get("type") != "BPE":
        raise refused(folder, f"the tokenizer is {said['model'].get('type')}, not BPE")
    vocab: dict[str, int] = dict(said["model"]["vocab"])
    merges = [part if isinstance(part, str) else " ".join(part) for part in said["model"]["merges"]]
    sentencepiece = bool(said["model"].get("byte_fallback"))
    texts = [f"[PAD{at}]" for at in range(rows)]
    types, scores = [UNUSED] * rows, [-1000.0] * rows
    last = max([*vocab.values(), *(added["id"] for added in said["added_tokens"])])
    if last >= rows:
        raise refused(folder, f"the tokenizer has a token {last}, and the embedding has {rows} rows")
    ranks = {part.replace(" ", ""): -float(rank) for rank, part in reversed(list(enumerate(merges)))}
    unknown = said["model"].get("unk_token")
    for text, at in vocab.items():
        texts[at], scores[at] = text, ranks.get(text, -float(len(merges) + at))
        types[at] = BYTE if sentencepiece and re.fullmatch(r"<0x[0-9A-F]{2}>", text) else NORMAL
        types[at] = UNKNOWN if sentencepiece and text == unknown else types[at]
    for added in said["added_tokens"]:
        at = added["id"]
        texts[at] = added["content"]
        if types[at] != UNKNOWN:
            types[at] = CONTROL if added["special"] else USER_DEFINED
    if sentencepiece:
        return Tokens("llama", "default", texts, types, scores, merges, _prepends(said))
    return Tokens("gpt2", split_rule(said, folder, bool(merges)), texts, types, scores, merges, False)


def split_rule(said: dict[str, Any], folder: Path, matters: bool) -> str:
    """llama.cpp's name for how a byte-level tokenizer splits text.

    Args:
        said: the tokenizer.json.
        matters: False where there are no merges, and any splitting gives the same tokens.

    Raises:
        BadInput: a rule without a name here.
    """
    steps = _steps(said.get("pre_tokenizer"))
    patterns = [(step.get("pattern") or {}).get("Regex", "") for step in steps if step["type"] == "Split"]
    digits = any(step["type"] == "Digits" and step.get("individual_digits") for step in steps)
    by_bytes = any(step["type"] == "ByteLevel" and step.get("use_regex", True) for step in steps)
    if not patterns and by_bytes and len(steps) <= 1 + digits:
        return "smollm" if digits else "gpt-2"
    named = next((name for pattern in patterns for name, known in known_splits().items() if pattern == known), None)
    if named is not None and len(patterns) == 1 and not digits:
        return named
    if not matters:
        return "gpt-2"
    raise refused(folder, "its tokenizer splits text by a rule without a name here")


def known_splits() -> dict[str, str]:
    """llama.cpp's names of splitting rules and their patterns, as transformers knows them when it reads such a file."""
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    return {name: GGUF_PRE_TOKENIZER_SPLITS[name] for name in ("llama-bpe", "tekken", "qwen2", "qwen35", "gpt-4o")
            if name in GGUF_PRE_TOKENIZER_SPLITS}  # fmt: skip


def _steps(rule: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The rules that a pre-tokenizer or a normalizer consists of."""
    if not rule:
        return []
    if rule["type"] != "Sequence":
        return [rule]
    return [step for part in rule.get("pretokenizers", rule.get("normalizers", [])) for step in _steps(part)]


def _prepends(said: dict[str, Any]) -> bool:
    """Whether a SentencePiece tokenizer puts a space in front of a text."""
    steps = [*_steps(said.get("normalizer")), *_steps(said.get("pre_tokenizer"))]
    return any(step["type"] == "Prepend" or (step["type"] == "Metaspace" and step.get("prepend_scheme") != "never")
               for step in steps)  # fmt: skip


def describe(writer: gguf.GGUFWriter, tokens: Tokens, tokenizer: Any, stops: list[int]) -> None:
    """Write the vocabulary, the special tokens and the chat template into a file that is being made."""
    writer.add_tokenizer_model(tokens.kind)
    writer.add_tokenizer_pre(tokens.pre)
    writer.add_token_list(tokens.texts)
    if tokens.kind == "llama" or not tokens.merges:  # a reader looks for one of the two
        writer.add_token_scores(tokens.scores)
    writer.add_token_types(tokens.types)
    if tokens.merges:
        writer.add_token_merges(tokens.merges)
    ending = turn_end(tokenizer, stops)
    eos = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else ending
    for add, at in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, eos),
        (writer.add_eot_token_id, ending if ending != eos else None),
        (writer.add_unk_token_id, tokenizer.unk_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if at is not None:
            add(at)
    alone = tokenizer("a")["input_ids"]
    writer.add_add_bos_token(bool(alone) and alone[0] == tokenizer.bos_token_id)
    writer.add_add_eos_token(bool(alone) and alone[-1] == tokenizer.eos_token_id)
    writer.add_add_space_prefix(tokens.space_prefix)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def turn_end(tokenizer: Any, stops: list[int]) -> int | None:
    """The token that ends an assistant's turn in the chat template; the end of text where there is no template."""
    if not tokenizer.chat_template:
        return tokenizer.eos_token_id
    ids = tokenizer(tokenizer.apply_chat_template(PROBE, tokenize=False), add_special_tokens=False)["input_ids"]
    return next((at for at in reversed(ids) if at in stops), tokenizer.eos_token_id)
