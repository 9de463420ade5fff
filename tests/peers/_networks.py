"""Networks of any weights, and how far another program's arithmetic may be from exact: rounding, a layer at a time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from fastgd._export import Labels, Network, Outliers, Values
from fastgd.reference.activations import ACTIVATIONS

# A sum of n products has an error of at most n + 1 roundings of its magnitude, an activation one of 8 of its argument's
# and its own; no activation is steeper than 1.13 (gelu).
EVALUATION = 8.0
STEEPEST = 1.13


class Scores(NamedTuple):
    """Raw scores in float64, and how far the same in a lower precision may be from them."""

    raw: np.ndarray
    error: np.ndarray


def make(
    sizes: tuple[int, ...],
    activation: str = "identity",
    dtype: Any = np.float64,
    head: Labels | Values | Outliers | None = None,
    dropout: float = 0.0,
    seed: int = 0,
) -> Network:
    """A network whose hidden units reach far into both tails of their activations."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    coefs = [rng.normal(scale=3.0 / np.sqrt(n_in), size=(n_in, n_out)).astype(dtype) for n_in, n_out in pairs]
    intercepts = [rng.normal(size=n_out).astype(dtype) for _, n_out in pairs]
    return Network(coefs, intercepts, head or Values(log_link=False), activation, dropout)


def scores(network: Network, X: np.ndarray, eps: float | None = None) -> Scores:
    """What the network makes of rows, by the twin's activations."""
    eps = float(np.finfo(network.dtype).eps) if eps is None else eps
    a, error = X.astype(np.float64), np.zeros(X.shape)
    for number, (coef, intercept) in enumerate(network.layers(np.float64)):
        if number > 0:
            z, (a, _) = a, ACTIVATIONS[network.activation](a)
            error = STEEPEST * error + EVALUATION * eps * (1.0 + np.abs(z) + np.abs(a))
        roundings = (len(coef) + 1) * eps * (np.abs(a) @ np.abs(coef) + np.abs(intercept))
        a, error = a @ coef + intercept, error @ np.abs(coef) + roundings
    return Scores(a, error)
