"""From a row to token ids and labels: the chat template, with labels on the assistant's turns and stop tokens only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models import guards
from training.models.guards import IGNORED
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Tokens that end an assistant's turn in the templates of current open models, beside the tokenizer's own eos.
TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>")


@dataclass(frozen=True)
class Encoded:
    """One row as the trainer sees it.

    Attributes:
        ids: token ids, length T.
        labels: the same ids where a token is in the loss, ``guards.IGNORED`` (-100) elsewhere, length T.
        whole_text: True for plain text, where every token is in the loss.
    """

    ids: list[int]
    labels: list[int]
    whole_text: bool = False


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens that end an answer; looked up one by one, since copying the whole vocabulary is slow."""
    ids: dict[str, Any] = {token: tokenizer.convert_tokens_to_ids(token) for token in TURN_ENDS}
    known = {at for token, at in ids.items() if at is not None and tokenizer.convert_ids_to_tokens(at) == token}
    return {tokenizer.eos_token_id, *known} - {None}


def as_messages(row: dict[str, Any]) -> list[dict[str, str]]:
    """The messages of a row in either form (``messages``, or ``prompt`` with ``completion``)."""
    if "messages" in row:
        return row["messages"]
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, str):
        prompt = [{"role": "user", "content": prompt}]
    if isinstance(completion, str):
        completion = [{"role": "assistant", "content": completion}]
    return [*prompt, *completion]


def render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], ask: bool) -> list[int]:
    """Token ids of a conversation.

    Args:
        ask: add the opening of the assistant's turn (transformers' ``add_generation_prompt``).

    Raises:
        BadInput: the tokenizer has no chat template.
    """
    if tokenizer.chat_template is None:
        raise BadInput("the model's tokenizer has no chat template: take an instruct model, or train on rows of text")
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def prompt_ids(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]]) -> list[int]:
    """Token ids that the model is given when it is asked; the last message must be the user's.

    Raises:
        BadInput: the tokenizer has no chat template.
    """
    return render(tokenizer, messages, ask=True)


# --8<-- [start:mask]
def encode(tokenizer: PreTrainedTokenizerBase, row: dict[str, Any], max_length: int, where: str = "row") -> Encoded:
    """Ids and labels of one row; the labels cover each assistant turn up to and including its stop token.

    The prompt's ids are exactly those of ``prompt_ids``, so that the model is trained on what it will be asked.

    Args:
        row: ``messages``, ``prompt`` with ``completion``, or ``text``, which is cut at ``max_length``.
        max_length: tokens.
        where: names the row in a message.

    Raises:
        BadInput: longer than ``max_length`` tokens, or the tokenizer has no chat template.
        GuardFailed: no answer to train on, or no stop token at its end.
    """
    if "text" in row:
        ids = list(tokenizer(row["text"], add_special_tokens=False)["input_ids"])[:max_length]
        guards.supervised_share(ids, where, whole_text=True)
        return Encoded(ids, list(ids), whole_text=True)
    messages, stops = as_messages(row), stop_ids(tokenizer)
    ids: list[int] = []
    labels: list[int] = []
    for i, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked = render(tokenizer, messages[:i], ask=True)
        answered = render(tokenizer, messages[: i + 1], ask=False)
        if answered[: len(asked)] != asked:
            asked = asked[: _common(asked, answered)]
        labels += [IGNORED] * (len(asked) - len(ids))
        end = max((j + 1 for j in range(len(asked), len(answered)) if answered[j] in stops), default=len(answered))
        labels += answered[len(asked) : end]
        ids = answered[:end]
    guards.supervised_share(labels, where)
    guards.stop_token_supervised(ids, labels, stops, where)
    if len(ids) > max_length:
        raise BadInput(f"{where}: too-long: {len(ids)} tokens where train.max_length allows {max_length}")
    return Encoded(ids, labels)


# --8<-- [end:mask]


def _common(a: list[int], b: list[int]) -> int:
    """Length of the common prefix."""
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n
