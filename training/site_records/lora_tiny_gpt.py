"""LoRA from an empty file, on the tiny GPT: wrap, freeze, count, train, save, merge, remove.

python -m training.site_records.lora_tiny_gpt [--rank 4] [--steps 200] [--learning-rate 0.01] [--seed 0] [--load FILE]
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from labs_py.core import tiny_gpt as arithmetic
from labs_py.core import tiny_story, tiny_text
from training.site_records import tiny_gpt_model as tiny_gpt
from training.site_records.tiny_gpt_model import TinyGPT

ROWS, BATCH, ASKED = 50, 10, 64


# fmt: off
# --8<-- [start:wrap]
class LoRA(nn.Module):
    """A frozen linear layer W and a trainable update scale·B·A beside it."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base, self.scale = base, alpha / rank
        self.A = nn.Parameter(
            torch.randn(rank, base.in_features) / base.in_features**0.5
        )
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + x @ self.A.T @ (self.scale * self.B.T)


def wrap(model: nn.Module, rank: int, alpha: float) -> nn.Module:
    """Freeze everything, then put an adapter on every linear layer."""
    model.requires_grad_(False)
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Linear):
                setattr(parent, name, LoRA(child, rank, alpha))
    return model


# --8<-- [end:wrap]
# fmt: on


# fmt: off
# --8<-- [start:adapter]
def adapter(model: nn.Module) -> dict[str, torch.Tensor]:
    """The trainable tensors alone: this is all that is saved."""
    return {
        name: p.detach().clone()
        for name, p in model.named_parameters()
        if p.requires_grad
    }


def fill(model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Put an adapter's numbers into a wrapped model.

    Raises:
        ValueError: the names differ from the model's own.
    """
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if own.keys() != tensors.keys():
        raise ValueError(
            f"the adapter does not fit: {sorted(own.keys() ^ tensors.keys())[:3]}"
        )
    for name, p in own.items():
        p.data.copy_(tensors[name])


def unwrap(model: TinyGPT, merge: bool) -> TinyGPT:
    """Plain linear layers again: with the update added in (merge),
    or without a trace of it."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, LoRA):
                if merge:
                    child.base.weight.data += child.scale * child.B.data @ child.A.data
                setattr(parent, name, child.base)
    return model


# --8<-- [end:adapter]
# fmt: on


# fmt: off
# --8<-- [start:train]
def train(
    model: nn.Module, rows: list[tuple[list[int], list[int]]], steps: int,
    learning_rate: float, seed: int,
) -> list[float]:
    """Loss of each step; only what requires a gradient moves."""
    optimiser = torch.optim.Adam(
        [p for p in model.parameters() if p.requires_grad], lr=learning_rate
    )
    order, losses = np.random.default_rng(seed), []
    for _ in range(steps):
        chosen = [rows[i] for i in order.choice(len(rows), BATCH, replace=False)]
        loss = tiny_gpt.loss_of(
            model, *arithmetic.batch(chosen, mask_prompt=True, with_stop=True)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def exact(model: TinyGPT, rows: list[tuple[list[int], list[int]]]) -> float:
    """Share of rows answered word for word, stop token included."""
    return sum(
        tiny_gpt.answer(model, prompt) == wanted for prompt, wanted in rows
    ) / len(rows)


# --8<-- [end:train]
# fmt: on


def numbers(vocabulary: tiny_text.Vocabulary, examples: list[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
    """Rows of text as rows of token numbers."""
    return [(vocabulary.encode(p), vocabulary.encode(a)) for p, a in examples]


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """The whole way; prints each stage and returns what was measured."""
    args = _arguments(arguments)
    torch.manual_seed(args.seed)
    model, vocabulary = tiny_gpt.load()
    rows = numbers(vocabulary, tiny_story.examples(ROWS, seed=args.seed))
    unseen = numbers(vocabulary, tiny_story.examples(ASKED, seed=1, held_out=True))
    probe = torch.tensor([unseen[0][0]])
    base, before = model(probe), exact(model, unseen)

    wrap(model, args.rank, alpha=2 * args.rank)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    assert trainable == arithmetic.count_adapter(model.shape, args.rank)
    assert total - trainable == arithmetic.count_model(model.shape)
    assert torch.equal(model(probe), base)  # B is zero: nothing has changed yet

    if args.load:
        fill(model, load_file(args.load))
        losses = [float("nan")]
    else:
        losses = train(model, rows, args.steps, args.learning_rate, args.seed)
    after, tuned = exact(model, unseen), model(probe)
    if args.out:
        save_file(adapter(model), args.out)
    merged = unwrap(copy.deepcopy(model), merge=True)
    difference = (merged(probe) - tuned).abs().max().item()
    assert torch.equal(unwrap(model, merge=False)(probe), base)  # removed: the base, bit for bit
    found = {"before": before, "after": after, "trainable": trainable, "total": total, "loss": losses[-1]}
    found["difference"] = difference
    print("\n".join(f"{name:<12}{value:.6g}" for name, value in found.items()))
    print(vocabulary.decode(unseen[0][0] + tiny_gpt.answer(merged, unseen[0][0])))
    return found


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.site_records.lora_tiny_gpt", description=__doc__)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the adapter here")
    parser.add_argument("--load", type=Path, help="take this adapter instead of training one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
