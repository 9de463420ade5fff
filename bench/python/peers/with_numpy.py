"""NumPy: two products with its BLAS, the rest in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def loss_and_residual(raw: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The log loss of each row, and its derivative by the score."""
    # exp(-|raw|) never overflows, and loss and probability both follow from it; logaddexp is several times slower.
    small = np.exp(-np.abs(raw))
    return np.maximum(raw, 0) - y * raw + np.log(1 + small), np.where(raw >= 0, 1, small) / (1 + small) - y


def log_loss(X: Floats, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    grad = np.empty(X.shape[1] + 1, X.dtype)

    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        raw = X @ w[:-1]
        raw += w[-1]
        loss, residual = loss_and_residual(raw, y)
        np.dot(X.T, residual, out=grad[:-1])
        grad[-1] = residual.sum()
        return float(loss.mean()), grad / len(y)

    return value_and_grad


def softmax_epoch(
    X: Floats, y: npt.NDArray[np.int64], order: npt.NDArray[np.int64], batch_size: int, lr: float
) -> Callable[[], Floats]:
    n_classes = int(y.max()) + 1
    room = np.empty((batch_size, X.shape[1]), X.dtype)

    def epoch() -> Floats:
        coef = np.zeros((n_classes, X.shape[1]), X.dtype)
        intercept = np.zeros(n_classes, X.dtype)
        for begin in range(0, len(order), batch_size):
            rows = order[begin : begin + batch_size]
            # Without mode="clip", take copies by way of a buffer.
            batch = np.take(X, rows, axis=0, out=room[: len(rows)], mode="clip")
            p = batch @ coef.T
            p += intercept
            p -= p.max(axis=1, keepdims=True)
            np.exp(p, out=p)
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(len(rows)), y[rows]] -= 1
            p *= lr / len(rows)
            coef -= p.T @ batch
            intercept -= p.sum(axis=0)
        return np.concatenate([coef.ravel(), intercept])

    return epoch


def many_softmax_epoch(
    X: Floats, y: npt.NDArray[np.int64], order: npt.NDArray[np.int64], batch_size: int, lr: float, n_models: int
) -> Callable[[], Floats]:
    n_classes = int(y.max()) + 1

    def epoch() -> Floats:
        coef = np.zeros((X.shape[1], n_models * n_classes), X.dtype)
        intercept = np.zeros(n_models * n_classes, X.dtype)
        room = np.empty((batch_size, X.shape[1]), X.dtype)
        for begin in range(0, len(order), batch_size):
            rows = order[begin : begin + batch_size]
            batch = np.take(X, rows, axis=0, out=room[: len(rows)], mode="clip")
            p = (batch @ coef + intercept).reshape(len(rows), n_models, n_classes)
            p -= p.max(axis=2, keepdims=True)
            np.exp(p, out=p)
            p /= p.sum(axis=2, keepdims=True)
            p[np.arange(len(rows)), :, y[rows]] -= 1
            slope = p.reshape(len(rows), -1)
            slope *= lr / len(rows)
            coef -= batch.T @ slope
            intercept -= slope.sum(axis=0)
        return np.vstack([coef, intercept])

    return epoch
