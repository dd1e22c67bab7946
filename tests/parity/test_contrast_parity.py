"""The labs' InfoNCE is the training package's, which is sentence-transformers'."""

import numpy as np
import pytest
import torch

from labs_py.core import contrastive
from tests.parity.matryoshka import matryoshka
from training.methods.embed import loss as embed_losses


@pytest.mark.parametrize("extra", [0, 4])
def test_loss_and_gradients_agree(extra: int):
    rng = np.random.default_rng(extra)
    sides = rng.normal(size=(6, 8)), rng.normal(size=(6 + extra, 8))
    tensors = [torch.tensor(side, requires_grad=True) for side in sides]
    loss = matryoshka(embed_losses.info_nce, *tensors, widths=(4, 8))
    loss.backward()
    ours = sum(contrastive.info_nce(sides[0][:, :d], sides[1][:, :d]) for d in (4, 8))
    assert ours == pytest.approx(loss.item(), abs=1e-10)
    for tensor, gradient in zip(tensors, contrastive.matryoshka_gradient(*sides, widths=(4, 8)), strict=True):
        assert np.allclose(tensor.grad.numpy(), gradient, atol=1e-10)
