"""The tiny GPT in torch: the network that the page fine-tunes, its file, its loss, its answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from labs_py.core import tensor_file, tiny_text
from labs_py.core.tiny_gpt import IGNORED, TINY, Shape

FILE = Path(__file__).resolve().parents[2] / "docs" / "data" / "labs" / "files" / "tiny-gpt.safetensors"


# fmt: off
# --8<-- [start:network]
class Layer(nn.Module):
    """Attention and a two-layer perceptron, each on a normalised copy of the stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d, self.heads = shape.width, shape.heads
        self.norm1 = nn.Parameter(torch.ones(d))
        self.norm2 = nn.Parameter(torch.ones(d))
        self.query, self.key, self.value, self.out = (
            nn.Linear(d, d, bias=False) for _ in range(4)
        )
        self.up = nn.Linear(d, 4 * d, bias=False)
        self.down = nn.Linear(4 * d, d, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = F.rms_norm(x, x.shape[-1:], self.norm1, TINY)
        q, k, v = (
            f(a).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for f in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(
            F.relu(self.up(F.rms_norm(x, x.shape[-1:], self.norm2, TINY)))
        )


class TinyGPT(nn.Module):
    """Tokens (B, T) to logits (B, T, V); the token embeddings are also the output
    layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = nn.Parameter(torch.randn(shape.vocabulary, shape.width) * 0.05)
        self.positions = nn.Parameter(torch.randn(shape.context, shape.width) * 0.05)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens[tokens] + self.positions[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return F.rms_norm(x, x.shape[-1:], self.norm, TINY) @ self.tokens.T


# --8<-- [end:network]
# fmt: on


def loss_of(model: nn.Module, tokens: np.ndarray, targets: np.ndarray) -> torch.Tensor:
    """Mean cross-entropy (nats) of the targets in the loss, from numpy arrays (B, T)."""
    logits = model(torch.as_tensor(tokens))
    return F.cross_entropy(logits.flatten(0, 1), torch.as_tensor(targets).flatten(), ignore_index=IGNORED)


@torch.no_grad()
def answer(model: TinyGPT, prompt: list[int], longest: int = 12) -> list[int]:
    """The likeliest next tokens until the stop token or ``longest``."""
    found: list[int] = []
    while len(found) < longest and tiny_text.STOP not in found:
        window = (prompt + found)[-model.shape.context :]
        found.append(int(model(torch.tensor([window]))[0, -1].argmax()))
    return found


def save(model: TinyGPT, vocabulary: tiny_text.Vocabulary, file: Path = FILE) -> None:
    """Weights in 16 bits with sizes and merges beside them, so that one file is the whole model."""
    tensors = {k.removesuffix(".weight"): v.detach().numpy() for k, v in model.state_dict().items()}
    metadata = {"shape": json.dumps(vars(model.shape)), "merges": json.dumps(vocabulary.merges)}
    file.write_bytes(tensor_file.write(tensors, metadata, "F16"))


def load(file: Path = FILE) -> tuple[TinyGPT, tiny_text.Vocabulary]:
    """Model and vocabulary of a file."""
    tensors, metadata = tensor_file.read(file.read_bytes())
    model = TinyGPT(Shape(**json.loads(metadata["shape"])))
    names = {k.removesuffix(".weight"): k for k in model.state_dict()}
    model.load_state_dict({names[k]: torch.from_numpy(v.copy()) for k, v in tensors.items()})
    return model, tiny_text.Vocabulary(json.loads(metadata["merges"]))
