"""The order of the rows: shuffled by seed and epoch, and put together by length where that is asked.

Two mixins give it to the library's trainers, one to those of rows and one to those of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import Sampler

# Rows are sorted by length within a window of so many steps, and the steps shuffled again: batches of like length
# whose make-up still changes from epoch to epoch.
WINDOW = 16


class OrderedSampler(Sampler):
    """Indices of one epoch; consecutive runs of ``step_rows`` belong to one optimiser step.

    Args:
        lengths: tokens of each row.
        step_rows: rows of one optimiser step, all processes together.
        seed: of the order; the epoch is mixed in, so a resumed run sees the order of the straight one.
        bucket: sort by length within windows.
    """

    def __init__(self, lengths: list[int], step_rows: int, seed: int, bucket: bool) -> None:
        self.lengths, self.step_rows, self.seed, self.bucket = lengths, step_rows, seed, bucket
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        if not self.bucket:
            return iter(order)
        whole = len(order) - len(order) % self.step_rows  # an incomplete step stays last
        window = WINDOW * self.step_rows
        sorted_rows: list[int] = []
        for start in range(0, whole, window):
            sorted_rows += sorted(order[start : min(start + window, whole)], key=lambda i: (self.lengths[i], i))
        steps = [sorted_rows[i : i + self.step_rows] for i in range(0, whole, self.step_rows)]
        shuffled = torch.randperm(len(steps), generator=generator).tolist()
        return iter([i for s in shuffled for i in steps[s]] + order[whole:])


class RowsInOrder:
    """Mixin of a trainer of encoded rows: ``order_seed`` orders them, ``bucket`` sorts them by length in windows."""

    args: Any
    train_dataset: Any
    order_seed: int
    bucket: bool

    def _get_train_sampler(self, train_dataset: Any | None = None) -> OrderedSampler:
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        step_rows = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return OrderedSampler([len(x) for x in rows["input_ids"]], step_rows, self.order_seed, self.bucket)


class PairsInOrder:
    """Mixin of TRL's trainers of pairs: takes encoded pairs, in an order of the run's seed that a resumed run repeats.

    Attributes:
        tokens_seen: of both halves of all pairs, padding aside.
    """

    args: Any
    train_dataset: Any
    order_seed: int
    sparse, tokens_seen = False, 0

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def _get_train_sampler(self, train_dataset: Any | None = None) -> OrderedSampler:
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        return OrderedSampler([0] * len(rows), self.args.train_batch_size, self.order_seed, False)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The library's loss; the tokens are counted."""
        self.tokens_seen += int(inputs["attention_mask"].sum())
        library: Any = super()
        return library.compute_loss(model, inputs, return_outputs, num_items_in_batch)
