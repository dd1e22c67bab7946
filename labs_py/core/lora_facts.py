"""Numbers about adapters and spectra that pages print; registered when ``labs_py.core.facts`` is imported."""

from __future__ import annotations

import numpy as np

from labs_py.core import adapter_size, lora, svd


def adapter_parameters(model: str, targets: str, rank: int, fused: bool = False) -> int:
    """Trainable parameters of a LoRA adapter on every block: rank times (inputs + outputs) of each targeted layer.

    Args:
        model: "gpt2", "llama-7b" or "qwen2.5-7b".
        targets: "qv", "qkvo" or "all".
        rank: of the adapter.
        fused: count layers as the model's own code fuses them.
    """
    return adapter_size.count_adapter(adapter_size.SHAPES[model], targets, rank, fused)


def adapter_bytes(model: str, targets: str, rank: int) -> int:
    """Bytes of a LoRA adapter in bf16: two for each trainable parameter."""
    return adapter_size.BF16_BYTES * adapter_parameters(model, targets, rank)


def adapter_share(model: str, targets: str, rank: int) -> float:
    """Trainable parameters of a LoRA adapter as a share of all parameters of the model."""
    return adapter_parameters(model, targets, rank) / adapter_size.SHAPES[model].parameters


def adapter_times_fewer(model: str, targets: str, rank: int) -> float:
    """How many times fewer parameters a LoRA adapter trains than full fine-tuning of the whole model."""
    return adapter_size.SHAPES[model].parameters / adapter_parameters(model, targets, rank)


def model_parameters(model: str) -> int:
    """All parameters of a model, embeddings and head included, summed from its shapes."""
    return adapter_size.SHAPES[model].parameters


def power_law_error(size: int, decay: float, rank: int) -> float:
    """Eckart-Young bound, relative, of an update whose i-th singular value is i to the power of minus decay."""
    return float(lora.eckart_young_bounds(np.arange(1, size + 1.0) ** -decay)[rank])


def power_law_energy(size: int, decay: float, rank: int) -> float:
    """Share of the energy in the first ``rank`` singular values of a power-law spectrum."""
    return float(lora.energy_kept(np.arange(1, size + 1.0) ** -decay)[rank])


def planted_error(size: int, planted_rank: int, noise: float, seed: int, rank: int) -> float:
    """Eckart-Young bound, relative, of the LoRA Lab's planted update, from our own decomposition."""
    values = svd.decompose(lora.planted_update(size, planted_rank, noise, seed)).values
    return float(lora.eckart_young_bounds(values)[rank])


def noise_energy(size: int, seed: int, rank: int) -> float:
    """Share of the energy in the first ``rank`` singular values of the LoRA Lab's full-rank noise."""
    return float(lora.energy_kept(svd.decompose(lora.noise_update(size, seed)).values)[rank])


LORA_FACTS = (
    adapter_parameters,
    adapter_bytes,
    adapter_share,
    adapter_times_fewer,
    model_parameters,
    power_law_error,
    power_law_energy,
    planted_error,
    noise_energy,
)
