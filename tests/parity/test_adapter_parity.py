"""The labs' LoRA arithmetic and the trained one are the same: counts, scale and update."""

from __future__ import annotations

import numpy as np
import pytest

from labs_py.core import adapter_size
from training.models.targets import ALL_LINEAR

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")


def test_the_lab_counts_what_the_run_trains():
    from training.methods.memory_estimate import adapter_parameters
    from training.models.shapes import shape_of
    from training.run.settings import LoraSettings

    ours = shape_of("Qwen/Qwen2.5-7B-Instruct")
    theirs = adapter_size.SHAPES["qwen2.5-7b"]
    assert ours.parameters == theirs.parameters
    for rank in (1, 8, 64):
        for name, targets in (("all-linear", "all"), (list(ALL_LINEAR[:4]), "qkvo"), (["q_proj", "v_proj"], "qv")):
            settings = LoraSettings(r=rank, lora_alpha=rank, target_modules=name)
            assert adapter_parameters(ours, settings) == adapter_size.count_adapter(theirs, targets, rank)


def test_update_is_alpha_over_rank_times_b_a():
    from training.models import loading
    from training.run.settings import LoraSettings, ModelSettings

    loaded = loading.load_base(ModelSettings(source="tiny-random:llama", revision=None, dtype="float32"))
    tuned = loading.attach_new_adapter(loaded, LoraSettings(r=4, lora_alpha=12), seed=0)
    layer = tuned.get_base_model().model.layers[0].mlp.up_proj
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    a, b = (layer.lora_A["default"].weight, layer.lora_B["default"].weight)  # (R, D_in), (D_out, R)
    wanted = 12 / 4 * b.detach().numpy() @ a.detach().numpy()
    np.testing.assert_allclose(layer.get_delta_weight("default").detach().numpy(), wanted, rtol=1e-5, atol=1e-6)


def test_answer_loss_is_the_numpy_cross_entropy():
    """losses.sft_loss against the definition in float64."""
    from training.methods.sft import loss as sft_losses

    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((2, 6, 11)), rng.integers(0, 11, (2, 6))
    labels[:, :3] = -100
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    wanted = -np.mean([logp[b, t - 1, labels[b, t]] for b in range(2) for t in range(1, 6) if labels[b, t] != -100])
    found = sft_losses.sft_loss(torch.tensor(logits), torch.tensor(labels))
    assert float(found) == pytest.approx(wanted, rel=1e-6)
    head = torch.nn.Linear(4, 11, bias=False)
    hidden = torch.randn(2, 6, 4)
    total = sft_losses.answer_loss_sum(hidden, torch.tensor(labels), head)
    assert float(total.detach()) == pytest.approx(
        float(sft_losses.sft_loss(head(hidden), torch.tensor(labels)) * 6), rel=1e-6
    )
