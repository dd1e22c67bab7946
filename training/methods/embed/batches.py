"""Which rows a run draws: a batch holds no text twice, so rows that share a passage cannot stand in one batch.

In a batch every other passage is a wrong answer; a question's own passage among them would be taught as wrong.
"""

from __future__ import annotations

from typing import Any

from training.methods.embed import rows as embed_rows
from training.methods.embed.settings import EmbedConfig
from training.methods.steps import planned_steps
from training.run import machine
from training.run.errors import BadInput


def sizes(pairs: list[dict[str, Any]], batch: int) -> list[int]:
    """Rows of each batch of one pass, as sentence-transformers' sampler without duplicates draws them."""
    import torch
    from datasets import Dataset
    from sentence_transformers.base.sampler import NoDuplicatesBatchSampler

    columns = {side: [pair[side] for pair in pairs] for side in embed_rows.SIDES if side in pairs[0]}
    sampler = NoDuplicatesBatchSampler(Dataset.from_dict(columns), batch_size=batch, drop_last=False,
                                       generator=torch.Generator().manual_seed(0), seed=0)  # fmt: skip
    return [len(drawn) for drawn in sampler]


def say_what_is_drawn(config: EmbedConfig, pairs: list[dict[str, Any]]) -> None:
    """Say before training how many rows the run's steps leave out, and why.

    Args:
        config: of the run.
        pairs: the rows as they are trained on.

    Raises:
        BadInput: no batch has two rows and a row brings no wrong passage: there is nothing to tell apart.
    """
    batch, accumulation = config.train.per_device_train_batch_size, config.train.gradient_accumulation_steps
    found = sizes(pairs, batch)
    passages = len({pair["positive"] for pair in pairs})
    if max(found) < 2 and "negative" not in pairs[0]:
        raise BadInput(f"embed.negatives: with {len(pairs)} rows, {passages} different passages and batches of {batch}"
                       " no question has a wrong passage beside its own; take larger batches, mined or given negatives,"
                       " or rows with other passages")  # fmt: skip
    asked = -(-len(pairs) // batch)  # batches that an epoch counts
    taken = min(asked, planned_steps(config, len(pairs)) * accumulation)
    drawn, planned = sum(found[:taken]), min(len(pairs), taken * batch)
    if drawn < planned:
        machine.say(f"  warning: an epoch draws {drawn} of {len(pairs)} rows and leaves {len(pairs) - drawn} out:"
                    f" they have {passages} different passages, no batch holds a passage twice, and so a batch has"
                    f" {drawn / taken:.1f} rows where {batch} are asked for; {-(-len(found) // asked)} epochs draw all,"
                    " and other rows for the same passage add nothing to a batch")  # fmt: skip
