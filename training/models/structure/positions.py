"""How many tokens a model can hold in one row, and which tokens it can hold at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.run.errors import BadInput

LEARNED = ("wpe", "position_embeddings", "embed_positions", "position_embedding")  # tables of learned positions


@dataclass(frozen=True)
class Positions:
    """The longest row of a model.

    Attributes:
        longest: tokens; None where the configuration says nothing.
        hard: there is a learned vector for each position and none beyond; otherwise a longer row runs, on distances
            that the model never saw.
    """

    longest: int | None
    hard: bool


def positions_of(model: Any) -> Positions:
    """Read from the model's configuration and modules."""
    from torch import nn

    config = model.config.get_text_config()
    longest = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    tables = [m for name, m in model.named_modules()
              if name.rsplit(".", 1)[-1] in LEARNED and isinstance(m, nn.Embedding)]  # fmt: skip
    if tables and longest is None:
        longest = min(table.num_embeddings for table in tables)
    return Positions(longest, bool(tables))


def cut_to_positions(model: Any, sequences: list[list[int]]) -> list[list[int]]:
    """Each row's first tokens, as many as a model with learned positions can hold; other models get all."""
    found = positions_of(model)
    return [ids[: found.longest] for ids in sequences] if found.hard and found.longest else sequences


def without_embedding(model: Any, tokenizer: Any) -> list[str]:
    """Tokens that the tokenizer knows and the model's embedding has no row for."""
    rows = model.get_input_embeddings().num_embeddings
    return [str(tokenizer.convert_ids_to_tokens(number)) for number in range(rows, len(tokenizer))]


def need_embedding(model: Any, tokenizer: Any, sequences: list[list[int]]) -> None:
    """Check that each token of the rows has a vector.

    Raises:
        BadInput: some row holds a token without one.
    """
    rows = model.get_input_embeddings().num_embeddings
    holding = [ids for ids in sequences if ids and max(ids) >= rows]
    if holding:
        token = tokenizer.convert_ids_to_tokens(max(holding[0]))
        raise BadInput(f"model.source: {len(holding)} rows hold tokens such as {token!r}, which the tokenizer has and"
                       f" the embedding of {rows} rows has not: resize it once (model.resize_token_embeddings), save"
                       " the model and give its folder, or take the tokens out of the tokenizer")  # fmt: skip
