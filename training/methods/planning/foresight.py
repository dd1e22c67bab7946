"""What can be seen before the first step to be lost or to fail: said with a count, or refused where it cannot work.

Nothing here looks at a loss. It looks at lengths: of rows, of references, of the model's positions.
"""

from __future__ import annotations

import sys
from typing import Any

from training.data.pairs import turns_with
from training.data.splits import Splits
from training.data.tasks import base as task_base
from training.models import chat_template
from training.models.loading import LoadedModel
from training.models.structure.positions import Positions, need_embedding, positions_of, without_embedding
from training.run import machine
from training.run.errors import BadInput, GuardFailed
from training.run.settings import Config

SIDES = ("anchor", "positive", "negative")


def look_ahead(config: Config, loaded: LoadedModel, rows: Splits) -> None:
    """Say what will be cut, cannot be answered or is beyond the model; before the probe and the first step.

    Args:
        config: the run's settings.
        loaded: the base model.
        rows: the run's rows.

    Raises:
        BadInput: the run cannot work: no learning rate, or rows that the model has no positions or vectors for.
    """
    need_learning_rate(config)
    model, tokenizer = _causal(loaded), loaded.tokenizer
    lengths, sequences = {}, []
    for row in rows.train:
        for ids in encoded(tokenizer, row, chat_template.reading(config)):
            sequences.append(ids)
            lengths.setdefault("text" if "text" in row or "anchor" in row else "chat", []).append(len(ids))
    need_embedding(model, tokenizer, sequences)
    notes = tokens_without_embedding(model, tokenizer)
    notes += [*cut_texts(config, lengths.get("text", [])), *references(config, tokenizer, rows)]
    notes += beyond_positions(config, positions_of(model), lengths.get("chat", []))
    machine.say(*(f"  warning: {note}" for note in notes))
    texts = sum("text" in row for row in rows.train)
    if config.data.train_file and texts and not (config.data.replay_fraction or config.data.replay_chats):
        machine.say(f"  {texts} rows are plain text: they are learned as they stand, without a stop token after them")


def look_ahead_of_evaluation(config: Config, loaded: LoadedModel, rows: Splits) -> None:
    """The part of ``look_ahead`` that concerns held-out rows alone."""
    notes = [*tokens_without_embedding(loaded.model, loaded.tokenizer), *references(config, loaded.tokenizer, rows)]
    machine.say(*(f"  warning: {note}" for note in notes))


def need_learning_rate(config: Config) -> None:
    """Check that the optimiser will move something.

    Raises:
        BadInput: the learning rate is 0.
    """
    if config.train.learning_rate == 0:
        raise BadInput("train.learning_rate: at 0 no step changes anything; give a rate above 0, such as 2e-4 for an"
                       " adapter or 2e-5 for all weights")  # fmt: skip


def encoded(tokenizer: Any, row: dict[str, Any], how: chat_template.Reading) -> list[list[int]]:
    """Token ids of each text that a row is trained on; [] for one that the template refuses, which training names."""
    if "text" in row:
        return [chat_template.text_ids(tokenizer, row["text"])]
    if "anchor" in row:
        return [_ids(tokenizer, row[side]) for side in SIDES if side in row]
    if "chosen" in row:
        chats = [turns_with(row, side) for side in ("chosen", "rejected")]
    else:
        chats = [row["messages"]] if "messages" in row else []
    try:
        return [chat_template.render(tokenizer, chat, False, row.get("tools"), how) for chat in chats]
    except BadInput:
        return []


def cut_texts(config: Config, lengths: list[int]) -> list[str]:
    """Rows of plain text that are cut at ``train.max_length``, and that a cut text has no end."""
    limit = config.train.max_length
    cut = [length for length in lengths if length > limit]
    if not cut:
        return []
    return [f"{len(cut)} of {len(lengths)} texts are longer than train.max_length={limit} and are cut there, without"
            f" their end (the longest has {max(cut)} tokens): raise it, or cut them where a thought ends"]  # fmt: skip


def answer_limits(config: Config) -> dict[str, int]:
    """Settings that end an answer, by name: of the evaluation, and of a method that writes answers itself."""
    found = {"evaluate.max_new_tokens": config.evaluate.max_new_tokens}
    own = getattr(config, "grpo", None)
    if own is not None:
        found["grpo.max_completion_length"] = own.max_completion_length
    return found


def references(config: Config, tokenizer: Any, rows: Splits) -> list[str]:
    """Reference answers that are longer than an answer may be: the model cannot give them, whatever it learned."""
    notes = []
    for setting, limit in answer_limits(config).items():
        sets = rows.heldout if setting.startswith("evaluate") else {"train": rows.train}
        for name, kept in sets.items():
            asked = [row for row in kept if "messages" in row and row["messages"][-1]["role"] == "assistant"]
            needed = [answer_tokens(tokenizer, row) for row in asked]
            over = [count for count in needed if count > limit]
            if over:
                notes.append(f"{len(over)} of {len(needed)} answers of {name} are longer than {setting}={limit} (the"
                             f" longest has {max(over)} tokens with its stop token): no answer to them can be exact;"
                             f" set {setting}={max(over)}")  # fmt: skip
    return notes


def answer_tokens(tokenizer: Any, row: dict[str, Any]) -> int:
    """Tokens of a row's expected answer with its stop token; of a call of tools as the chat template writes it."""
    if row["messages"][-1].get("tool_calls"):
        try:
            start, end = chat_template.encode(tokenizer, row, sys.maxsize).answer
            return end - start
        except (BadInput, GuardFailed):
            pass  # the row is refused by name where it is rendered
    return len(_ids(tokenizer, task_base.target(row))) + 1


def beyond_positions(config: Config, positions: Positions, lengths: list[int]) -> list[str]:
    """Rows that are longer than the model's positions.

    Raises:
        BadInput: the model has a learned vector for each position, and none for these.
    """
    over = [length for length in lengths if positions.longest is not None and length > positions.longest]
    if not over:
        return []
    said = (f"{len(over)} of {len(lengths)} rows are longer than the model's {positions.longest} positions"
            f" (max_position_embeddings; the longest has {max(over)} tokens)")  # fmt: skip
    if positions.hard:
        raise BadInput(f"train.max_length: {said}: set it to {positions.longest}, and shorten or drop these rows")
    return [f"{said}: the model never saw such distances; set train.max_length={positions.longest} to have them named"]


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _causal(loaded: LoadedModel) -> Any:
    """The transformer itself, also of an embedding model."""
    first = loaded.model[0] if hasattr(loaded.model, "encode") else None
    return loaded.model if first is None else first.model


def tokens_without_embedding(model: Any, tokenizer: Any) -> list[str]:
    """A line on tokens that were added to the tokenizer and never to the model."""
    added = without_embedding(model, tokenizer)
    if not added:
        return []
    return [f"{len(added)} tokens of the tokenizer, such as {added[0]!r}, have no row in the model's embedding: a row"
            " that holds one is refused; resize the embedding and save the model to use them"]  # fmt: skip
