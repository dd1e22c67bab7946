"""The tiny GPT in numpy and in torch: equal scores, gradients and, step by step, equal losses."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")

from labs_py.core import tiny_gpt as ours  # noqa: E402
from training.site_records import lora_tiny_gpt  # noqa: E402
from training.site_records import tiny_gpt_model as tiny_gpt  # noqa: E402

SHAPE = ours.Shape(vocabulary=40, width=16, layers=2, heads=4, context=20)


def model_and_weights():
    """A torch model and the same numbers for numpy, float32."""
    torch.manual_seed(0)
    model = tiny_gpt.TinyGPT(SHAPE)
    return model, {k.removesuffix(".weight"): v.detach().numpy().copy() for k, v in model.state_dict().items()}


def batches(count: int):
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 40, (4, 12)), rng.integers(-1, 40, (4, 12))) for _ in range(count)]


def test_gradients_of_every_weight_are_torchs() -> None:
    model, weights = model_and_weights()
    (tokens, targets) = batches(1)[0]
    loss = tiny_gpt.loss_of(model, tokens, targets)
    loss.backward()
    value, gradients = ours.step(SHAPE, weights, None, 1.0, tokens, targets)
    assert value == pytest.approx(loss.item(), abs=1e-5)
    for name, parameter in model.named_parameters():
        assert np.allclose(gradients[name.removesuffix(".weight")], parameter.grad.numpy(), atol=1e-6), name


@pytest.mark.parametrize("rank", [0, 4])
def test_losses_agree_step_by_step(rank: int) -> None:
    """Full tuning (rank 0) and LoRA from the same weights and batches: within 1e-4 at each of 40 steps."""
    model, weights = model_and_weights()
    adapter = ours.start_adapter(SHAPE, rank, seed=1) if rank else None
    if rank:
        lora_tiny_gpt.wrap(model, rank, alpha=2 * rank)
        lora_tiny_gpt.fill(model, {k: torch.from_numpy(v.copy()) for k, v in adapter.items()})
    trained = adapter if rank else weights
    moving = [p for p in model.parameters() if p.requires_grad]
    ours_adam, theirs = ours.Adam(trained, 3e-3), torch.optim.Adam(moving, 3e-3)
    first = last = 0.0
    for tokens, targets in batches(4) * 10:
        loss, gradients = ours.step(SHAPE, weights, adapter, 2.0, tokens, targets)
        ours_adam.update(gradients)
        torch_loss = tiny_gpt.loss_of(model, tokens, targets)
        theirs.zero_grad()
        torch_loss.backward()
        theirs.step()
        assert loss == pytest.approx(torch_loss.item(), abs=1e-4)
        first, last = first or loss, loss
    assert last < first - 0.1


def test_an_adapter_that_does_not_fit_is_refused() -> None:
    model, _ = model_and_weights()
    lora_tiny_gpt.wrap(model, 2, 4)
    with pytest.raises(ValueError, match="does not fit"):
        lora_tiny_gpt.fill(model, {"tokens": torch.zeros(2)})


def test_the_labs_adapter_gives_the_same_scores_in_torch(tmp_path) -> None:
    """What the page's button saves, loaded by the torch file: logits of all held-out stories agree."""
    import base64

    from safetensors.torch import load_file

    from labs_py import api
    from labs_py.core import tensor_file
    from labs_py.labs.finetune import tiny_model

    content = base64.b64decode(api.last_frame("finetune", {"train": True, "steps": 10})["texts"]["adapter"])
    file = tmp_path / "adapter.safetensors"
    file.write_bytes(content)
    base = tiny_model.load()
    merged = ours.merge(base.weights, tensor_file.read(content)[0], 2.0)
    model, _ = tiny_gpt.load()
    lora_tiny_gpt.fill(lora_tiny_gpt.wrap(model, 4, alpha=8), load_file(file))
    tokens, _ = ours.batch(base.unseen[:16], True, True)
    theirs = model(torch.from_numpy(tokens)).detach().numpy()
    mine = ours.forward(ours.Pass(base.shape, merged, None, 1.0, False), tokens).reshape(theirs.shape)
    assert np.abs(theirs - mine).max() < 1e-3
    assert np.array_equal(theirs.argmax(-1), mine.argmax(-1))
