"""numba: loops over rows, as one writes them by hand, with leave to reorder sums."""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def limit_threads(n: int) -> None:
    numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))


# `one` is 1 in X's dtype: with an integer, float32 would become float64.
@numba.njit(fastmath=True)
def _score(x: Floats, w: Floats) -> float:
    raw = w[len(x)]
    for j in range(len(x)):
        raw += x[j] * w[j]
    return raw


@numba.njit(fastmath=True)
def _probability(raw: float, one: float) -> float:
    small = math.exp(-abs(raw))
    return (one if raw >= 0 else small) / (one + small)


@numba.njit(fastmath=True)
def _pass(X: Floats, y: Floats, w: Floats, one: float, grad: Floats) -> float:
    loss = 0.0
    n_features = X.shape[1]
    for i in range(len(X)):
        raw = _score(X[i], w)
        loss += max(raw, 0.0) - y[i] * raw + math.log(one + math.exp(-abs(raw)))
        residual = _probability(raw, one) - y[i]
        for j in range(n_features):
            grad[j] += residual * X[i, j]
        grad[n_features] += residual
    return loss


@numba.njit(parallel=True)
def _passes(X: Floats, y: Floats, w: Floats, one: float, n_parts: int) -> tuple[float, Floats]:
    n = len(X)
    losses = np.zeros(n_parts)
    grads = np.zeros((n_parts, len(w)), X.dtype)
    for p in numba.prange(n_parts):
        begin, end = p * n // n_parts, (p + 1) * n // n_parts
        losses[p] = _pass(X[begin:end], y[begin:end], w, one, grads[p])
    return losses.sum(), grads.sum(axis=0)


@numba.njit(fastmath=True)
def _sgd(X: Floats, y: Floats, lr: float, one: float, n_epochs: int, shuffle: bool) -> Floats:
    n_features = X.shape[1]
    w = np.zeros(n_features + 1, X.dtype)
    order = np.arange(len(X))
    for _ in range(n_epochs):
        if shuffle:
            np.random.shuffle(order)  # noqa: NPY002 - a Generator's is several times slower in numba
        for i in order:
            step = lr * (_probability(_score(X[i], w), one) - y[i])
            for j in range(n_features):
                w[j] -= step * X[i, j]
            w[n_features] -= step
    return w


def log_loss(X: Floats, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        loss, grad = _passes(X, y, w, X.dtype.type(1), n_threads)
        return loss / len(y), grad / len(y)

    return value_and_grad


def sgd(X: Floats, y: Floats, lr: float, n_epochs: int, shuffle: bool) -> Callable[[], Floats]:
    return lambda: _sgd(X, y, X.dtype.type(lr), X.dtype.type(1), n_epochs, shuffle)
