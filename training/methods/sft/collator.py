"""From encoded rows to a padded batch, with the beginnings that rows share.

The system prompt is the same in every row of a task. Rows that begin alike form a group, and the group's common
beginning is run once (training/methods/sft/answer_loss.py); plain texts form a group of their own without one.
"""

from __future__ import annotations

from training.models import guards
from training.models.guards import IGNORED

# A shorter common beginning does not pay for a second pass through the layers.
SHORTEST_PREFIX = 16


class AnswerCollator:
    """Pad rows to one width.

    Args:
        pad_id: what fills the rest of a row; it may be the stop token, as labels and mask go by length.
        share_prefix: note the common beginnings.
    """

    def __init__(self, pad_id: int, share_prefix: bool) -> None:
        self.pad_id = pad_id
        self.share_prefix = share_prefix

    def __call__(self, rows: list[dict]) -> dict:
        """``input_ids``, ``attention_mask``, ``labels`` (B, T); ``prefix_lengths`` and ``groups`` (B,)."""
        import torch

        width = max(len(r["input_ids"]) for r in rows)
        ids, mask, labels = [], [], []
        for r in rows:
            gap = width - len(r["input_ids"])
            ids.append(r["input_ids"] + [self.pad_id] * gap)
            labels.append(r["labels"] + [IGNORED] * gap)
            mask.append(guards.mask_by_length(len(r["input_ids"]), width))
        batch = {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask), "labels": torch.tensor(labels)}
        if self.share_prefix:
            groups, lengths = group_by_beginning(rows)
            batch["groups"], batch["prefix_lengths"] = torch.tensor(groups), torch.tensor(lengths)
        return batch


def group_by_beginning(rows: list[dict]) -> tuple[list[int], list[int]]:
    """For each row its group, and the length of the beginning that the whole group shares (0: none).

    The beginning ends before the token that predicts the first label, so that every label's predictor is in the
    rows' own part.
    """
    members: dict[tuple, list[int]] = {}
    for i, row in enumerate(rows):
        members.setdefault(tuple(row["input_ids"][:SHORTEST_PREFIX]), []).append(i)
    groups, lengths = [0] * len(rows), [0] * len(rows)
    number = 0
    for indices in members.values():
        length = _common_length([rows[i] for i in indices]) if len(indices) > 1 else 0
        if length < SHORTEST_PREFIX:
            continue  # stays in group 0, which shares nothing
        number += 1
        for i in indices:
            groups[i], lengths[i] = number, length
    return groups, lengths


def _common_length(rows: list[dict]) -> int:
    first_label = min(next((j for j, x in enumerate(r["labels"]) if x != IGNORED), len(r["labels"])) for r in rows)
    limit = min(first_label - 1, min(len(r["input_ids"]) for r in rows) - 1)
    first = rows[0]["input_ids"]
    for n in range(max(limit, 0)):
        if any(r["input_ids"][n] != first[n] for r in rows):
            return n
    return max(limit, 0)
