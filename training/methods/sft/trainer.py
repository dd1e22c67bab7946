"""TRL's SFTTrainer with three of its seams used: the loss, the order of the rows, and the adapter's arithmetic.

Departs from the stock trainer: the loss scores only labelled positions and runs shared beginnings once (the same
value and gradient, tests/training/methods/sft/test_answer_loss.py); rows come in buckets of like length when asked;
PEFT does not cast bfloat16 activations up to the adapter's float32, autocast brings the adapter's small matrices down
instead, and on a CPU map and adapter are one operation (fused_lora). TRL's entropy and token-accuracy figures are
not kept, as they need every score.
"""

from __future__ import annotations

from typing import Any

import torch
from trl import SFTTrainer

from training.methods.sampler import RowsInOrder
from training.methods.sft.answer_loss import add_answer_loss, can_have_answer_loss
from training.models import guards
from training.models.fused_lora import patch_lora_forward
from training.models.precision import keep_activation_dtype


class AnswerTrainer(RowsInOrder, SFTTrainer):
    """SFTTrainer on rows that are already encoded.

    Args:
        order_seed: seed of the rows' order.
        bucket: batches of like length.
        sparse: use the answers' loss where the model allows it.
    """

    def __init__(self, *args: Any, order_seed: int, bucket: bool, sparse: bool, **kwargs: Any) -> None:
        self.order_seed, self.bucket = order_seed, bucket
        super().__init__(*args, **kwargs)
        model: Any = self.model
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.sparse = sparse and can_have_answer_loss(base)
        self.tokens_seen = 0
        if self.sparse:
            add_answer_loss(base)
            if self.args.bf16:
                keep_activation_dtype(model)
            patch_lora_forward(model)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean loss of the step's labels, this micro-batch's share of it."""
        self.tokens_seen += int(inputs["attention_mask"].sum())
        if not self.sparse or return_outputs:
            plain = {k: v for k, v in inputs.items() if k not in ("groups", "prefix_lengths")}
            return super().compute_loss(model, plain, return_outputs, num_items_in_batch)
        total = model(**inputs, answer_loss=True)["loss"]
        count = num_items_in_batch
        if count is None:
            count = (inputs["labels"][:, 1:] != guards.IGNORED).sum()
        loss = total / guards.label_count(torch.as_tensor(count))
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes  # the processes' gradients are averaged, their labels summed
        return loss
