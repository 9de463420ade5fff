"""Small data for networks: what no linear model can tell apart, and curved functions; what a fit leaves."""

from __future__ import annotations

from typing import Any

import numpy as np


def quadrants(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two classes: whether the signs of two features are the same; a third feature says nothing."""
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, (X[:, 0] * X[:, 1] > 0.0).astype(int)


def rings(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Three classes by the distance from the origin, as strings."""
    X = np.random.default_rng(1).normal(size=(n, 2))
    return X, np.array(["inner", "middle", "outer"])[np.digitize(np.hypot(*X.T), [0.8, 1.6])]


def waves(n: int = 400, n_outputs: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Targets of a smooth function, above 0."""
    X = np.random.default_rng(2).uniform(-1.0, 1.0, size=(n, 3))
    y = np.stack([1.5 + np.sin(3.0 * X[:, k]) + X[:, -1] ** 2 for k in range(n_outputs)], axis=1)
    return X, y[:, 0] if n_outputs == 1 else y


def labels(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Four labels, of which a row may have several."""
    X = np.random.default_rng(3).normal(size=(n, 3))
    marks = (X[:, 0] > 0.5, X[:, 1] * X[:, 2] > 0.0, np.hypot(X[:, 0], X[:, 1]) > 1.0, X.sum(axis=1) > 0.0)
    return X, np.stack(marks, axis=1).astype(int)


def spirals(n: int = 97) -> tuple[np.ndarray, np.ndarray]:
    """Two spirals of three turns around each other, 2 n points."""
    i = np.arange(n)
    angle, radius = i * np.pi / 16.0, 6.5 * (104 - i) / 104.0
    arm = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return np.concatenate([arm, -arm]), np.repeat([0, 1], n)


def all_parameters(model: Any) -> np.ndarray:
    """The weights of all layers, then the intercepts."""
    return np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])
