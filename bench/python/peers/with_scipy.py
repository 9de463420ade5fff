"""SciPy's sparse products, with NumPy for the loss: what one writes without a library for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def sparse_log_loss(X: Any, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    transposed = X.T

    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        raw = X @ w[:-1] + w[-1]
        loss = np.mean(np.logaddexp(0.0, raw) - y * raw)
        residual = (1.0 / (1.0 + np.exp(-raw)) - y) / np.float32(len(y))
        return float(loss), np.append(transposed @ residual, residual.sum())

    return value_and_grad
