"""Muon's step: an update whose singular values are all brought near one."""

from __future__ import annotations

import numpy as np

# The odd polynomial a s + b s^3 + c s^5 that Muon repeats on singular values s (Jordan et al. 2024; the same three
# numbers are torch.optim.Muon's defaults). It does not settle at one: it keeps values between about 0.7 and 1.2.
A, B, C = 3.4445, -4.7750, 2.0315


# --8<-- [start:orthogonalise]
def orthogonalise(update: np.ndarray, steps: int = 5) -> np.ndarray:
    """An update with the same directions and singular values near one, (rows, columns).

    Five products with the matrix itself stand in for a decomposition.
    """
    x = update / np.linalg.norm(update)
    if len(x) > len(x.T):
        return orthogonalise(update.T, steps).T
    for _ in range(steps):
        square = x @ x.T
        x = A * x + (B * square + C * square @ square) @ x
    return x


# --8<-- [end:orthogonalise]
