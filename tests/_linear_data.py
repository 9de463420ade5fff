"""Small data sets for the tests of estimators."""

from __future__ import annotations

import numpy as np


def two_classes(n: int = 300, d: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy, so that no model is perfect."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d))
    y = X[:, 0] - 0.5 * X[:, 1] + 0.3 * random.normal(size=n) > 0.1
    return X, y.astype(int)


def three_classes(n: int = 300, d: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One blob a class."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, n)
    return random.normal(size=(n, d)) + 1.5 * np.eye(3, d)[y], y


def numbers(n: int = 300, d: int = 5, seed: int = 0, outputs: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A linear relation with some noise, one column without a second axis."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d))
    y = X @ random.normal(size=(d, outputs)) + 0.1 * random.normal(size=(n, outputs)) + 0.5
    return X, y[:, 0] if outputs == 1 else y
