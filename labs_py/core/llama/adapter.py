"""LoRA on a Llama model: laid over it, cut to a lower rank, packed into 8 bits, and in the files that PEFT reads.

Shapes: A (R, D_in), B (D_out, R); the update of a map is ``scale * B A``. Sources: Hu et al. 2021 (arXiv 2106.09685);
the names are those that PEFT gives the tensors of ``adapter_model.safetensors``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labs_py.core import tensor_file
from labs_py.core.llama.blocks import times
from labs_py.core.llama.model import MAPS, Model
from labs_py.core.products import matmul

BEFORE, FACTORS = "base_model.model.model.", ("lora_A.weight", "lora_B.weight")
PUBLIC_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
_NAME = re.compile(r"layers\.\d+\.(?:self_attn|mlp)\.\w+")


@dataclass(frozen=True)
class Adapter:
    """Low-rank updates by the names of the maps that they belong to.

    Attributes:
        factors: map -> (A, B).
        scale: alpha / R.
    """

    factors: dict[str, tuple[np.ndarray, np.ndarray]]
    scale: float

    @property
    def rank(self) -> int:
        """The largest R."""
        return max((len(a) for a, _ in self.factors.values()), default=0)

    def update(self, name: str) -> np.ndarray:
        """What is added to the weights of a map, (D_out, D_in)."""
        a, b = self.factors[name]
        return self.scale * b @ a


# fmt: off
# --8<-- [start:over]
@dataclass(frozen=True)
class Over:
    """The linear maps of a model with an adapter's part added to their output.

    Attributes:
        thin: map -> A (R, D_in) and B (R, D_out), the latter times scale and strength.
    """

    model: Model
    thin: dict[str, tuple[np.ndarray, np.ndarray]]

    def __call__(self, name: str, x: np.ndarray) -> np.ndarray:
        y = times(x, self.model.weights[name])
        if name in self.thin:
            a, b = self.thin[name]
            y += matmul(matmul(x, a.T), b)
        return y


def over(model: Model, adapter: Adapter, strength: float = 1.0) -> Over:
    """A model with ``strength`` times an adapter's update."""
    size = strength * adapter.scale
    return Over(
        model,
        {name: (a, (size * b).T) for name, (a, b) in adapter.factors.items()}
        if strength
        else {},
    )


# --8<-- [end:over]
# fmt: on


# fmt: off
# --8<-- [start:rank]
def decompose(
    a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Singular vectors and values of B A, (D_out, R), (R,), (R, D_in),
    without ever forming it.

    B = Q1 R1 and Aᵀ = Q2 R2, so B A = Q1 (R1 R2ᵀ) Q2ᵀ,
    and the matrix in the middle has only R rows and columns.
    """
    q1, r1 = np.linalg.qr(b.astype(np.float64))
    q2, r2 = np.linalg.qr(a.astype(np.float64).T)
    left, values, right = np.linalg.svd(r1 @ r2.T)
    return q1 @ left, values, right @ q2.T


def at_rank(adapter: Adapter, rank: int) -> Adapter:
    """The best approximation of that rank of each update (Eckart and Young 1936)."""
    factors = {}
    for name, (a, b) in adapter.factors.items():
        left, values, right = decompose(a, b)
        root = np.sqrt(values[:rank])
        factors[name] = (
            (root[:, None] * right[:rank]).astype(a.dtype),
            (left[:, :rank] * root).astype(b.dtype),
        )
    return replace(adapter, factors=factors)


# --8<-- [end:rank]
# fmt: on


def in_layers(adapter: Adapter, layers: range) -> Adapter:
    """Only what an adapter has in some layers."""
    return replace(adapter, factors={n: pair for n, pair in adapter.factors.items() if int(n.split(".")[1]) in layers})


def start(model: Model, layers: range, rank: int, alpha: float, seed: int) -> Adapter:
    """LoRA's start on every map of some layers: A uniform in ±1 / sqrt(D_in) as PEFT draws it, B zero."""
    rng, factors = np.random.default_rng(seed), {}
    for name in [f"layers.{i}.{part}" for i in layers for part in MAPS]:
        rows, columns = model.weights[name].shape
        a = rng.uniform(-1, 1, (rank, columns)) / np.sqrt(columns)
        factors[name] = (a.astype(np.float32), np.zeros((rows, rank), np.float32))
    return Adapter(factors, alpha / rank)


def peft_files(adapter: Adapter) -> tuple[bytes, str]:
    """``adapter_model.safetensors`` and ``adapter_config.json`` as PEFT reads them, for the model's public name."""
    tensors, layers, parts = {}, set(), set()
    for name, pair in adapter.factors.items():
        tensors |= {f"{BEFORE}{name}.{end}": factor for end, factor in zip(FACTORS, pair, strict=True)}
        layers.add(int(name.split(".")[1]))
        parts.add(name.rsplit(".", 1)[1])
    described = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": PUBLIC_NAME, "r": adapter.rank,
        "lora_alpha": adapter.scale * adapter.rank, "lora_dropout": 0.0, "bias": "none", "inference_mode": True,
        "target_modules": sorted(parts), "layers_to_transform": sorted(layers), "use_rslora": False, "use_dora": False,
    }  # fmt: skip
    return tensor_file.write(tensors, {"format": "pt"}), json.dumps(described, indent=2) + "\n"


def from_peft(content: bytes, config: str, model: Model) -> Adapter:
    """An adapter out of PEFT's two files.

    Raises:
        ValueError: they are no plain LoRA, or it does not fit the model; the message is a sentence for the reader.
    """
    described = _described(config)
    tensors, _ = tensor_file.read(content)
    factors: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name in {key.rpartition(".lora_")[0] or key for key in tensors}:
        own, (a, b) = name.removeprefix(BEFORE), (tensors.get(f"{name}.{end}") for end in FACTORS)
        if not _NAME.fullmatch(own) or own not in model.weights or a is None or b is None:
            raise ValueError(f"The adapter has a tensor that this model has no place for: {name[:80]}.")
        if (a.ndim, b.ndim) != (2, 2) or a.shape[0] != b.shape[1] or (len(b), a.shape[1]) != model.weights[own].shape:
            raise ValueError(f"The adapter does not fit this model: {own} is {model.weights[own].shape} in size.")
        factors[own] = (a, b)
    if not factors:
        raise ValueError("The adapter's file holds no lora_A and lora_B.")
    rank = max(len(a) for a, _ in factors.values())
    alpha = float(described.get("lora_alpha") or rank)
    return Adapter(factors, alpha / (np.sqrt(rank) if described.get("use_rslora") else rank))


def _described(config: str) -> dict[str, Any]:
    """The adapter's configuration, when it is of a kind that can be laid over a model as it is."""
    try:
        described = json.loads(config)
    except ValueError as error:
        raise ValueError("The adapter's configuration is not JSON.") from error
    if not isinstance(described, dict) or described.get("peft_type") != "LORA":
        raise ValueError("The adapter's configuration does not say peft_type LORA.")
    for setting in ("use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out"):
        if described.get(setting):
            raise ValueError(f"Adapters with {setting} cannot be laid over the model here.")
    return described


def pack(adapter: Adapter, about: dict[str, str]) -> bytes:
    """An adapter in 8 bits: each row of A and each column of B with a step of its own."""
    tensors: dict[str, np.ndarray] = {}
    for name, (a, b) in adapter.factors.items():
        for end, rows in (("A", a), ("B", b.T)):
            step = np.maximum(np.abs(rows).max(1, keepdims=True) / 127, np.float32(1e-12)).astype(np.float32)
            tensors[f"{name}.{end}"] = np.rint(rows / step).astype(np.int8)
            tensors[f"{name}.{end}.step"] = step
    return tensor_file.write(tensors, {**about, "scale": repr(adapter.scale)}, dtype=None)


def unpack(content: bytes) -> tuple[Adapter, dict[str, str]]:
    """An adapter from what ``pack`` wrote, and what it says about itself.

    Raises:
        ValueError: the bytes are no such file.
    """
    tensors, about = tensor_file.read(content)
    try:
        scale = float(about.pop("scale"))
        rows = {key: tensors[key] * tensors[f"{key}.step"] for key in tensors if not key.endswith(".step")}
        factors = {key[:-2]: (rows[key], np.ascontiguousarray(rows[f"{key[:-2]}.B"].T))
                   for key in rows if key.endswith(".A")}  # fmt: skip
    except (KeyError, ValueError) as error:
        raise ValueError(f"not a packed adapter: {error}") from error
    return Adapter(factors, scale), about
