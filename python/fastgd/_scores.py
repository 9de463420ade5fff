"""The raw scores of a linear model, or a network, on new data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from . import _validation as check
from ._matrix import Matrix, as_matrix
from .objectives import LinearObjective

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Storages whose rows pass without a look at what else an array may be.
_PLAIN = {np.dtype(np.float64): "float64", np.dtype(np.float32): "float32"}


def raw_scores(
    X: Any, coef: NDArray[Any], intercept: NDArray[Any], n_threads: int | None = None
) -> NDArray[np.floating[Any]]:
    """Return ``X @ coef.T + intercept``, of shape (n_samples, n_outputs), in the compute dtype of `X`.

    `X` is what `LinearObjective` takes, read as it is; `coef` has shape (n_outputs, n_features) and `intercept`
    (n_outputs,), float64 or float32. The bits are those of `LinearObjective.decision_function`, and so is the error
    that names the first row and column of `X` that is not finite.
    """
    matrix = _matrix(X)
    if matrix.source.shape[1] != coef.shape[1]:
        raise ValueError(f"X must have {coef.shape[1]} columns, as coef has, got shape {matrix.source.shape}")
    if not (coef.flags.c_contiguous and intercept.flags.c_contiguous and coef.dtype == intercept.dtype):
        dtype = np.result_type(coef, intercept)
        coef, intercept = np.ascontiguousarray(coef, dtype), np.ascontiguousarray(intercept, dtype)
    try:
        return _core.linear_scores(matrix.view, matrix.storage, coef, intercept, n_threads or 0)
    except FloatingPointError:
        raise _nonfinite_scores(X, coef, intercept) from None


def network_scores(
    X: Any,
    coefs: Sequence[NDArray[Any]],
    intercepts: Sequence[NDArray[Any]],
    activation: str,
    n_threads: int | None = None,
) -> NDArray[np.floating[Any]]:
    """Return the scores of a multi-layer perceptron, of shape (n_samples, n_outputs), in the compute dtype of `X`.

    Weights and biases are those of `MLPObjective.unpack`. The bits are those of `MLPObjective.decision_function`.
    """
    matrix = _matrix(X)
    sizes = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
    if matrix.source.shape[1] != sizes[0]:
        raise ValueError(f"X must have {sizes[0]} columns, as coefs[0] has rows, got shape {matrix.source.shape}")
    layers = zip(coefs, intercepts, strict=True)
    params = np.concatenate([part.ravel() for layer in layers for part in layer], dtype=np.float64)
    try:
        return _core.mlp_scores(matrix.view, matrix.storage, sizes, activation, params, n_threads or 0)
    except FloatingPointError:
        objective = LinearObjective(X, np.zeros(X.shape[0]), loss="squared_error")
        raise objective._nonfinite() or ValueError(
            "coefs and intercepts must be finite, and small enough for the hidden units and scores to stay within "
            f"{matrix.compute_dtype}'s range, got entries up to {np.abs(params).max():.3g}"
        ) from None


def _matrix(X: Any) -> Matrix:
    if type(X) is np.ndarray and X.flags.c_contiguous and X.ndim == 2 and X.size and X.dtype in _PLAIN:
        return Matrix(X, _PLAIN[X.dtype], X)
    return as_matrix("X", X)


def _nonfinite_scores(X: Any, coef: NDArray[Any], intercept: NDArray[Any]) -> ValueError:
    for name, values in {"coef": coef, "intercept": intercept}.items():
        index = check.first(lambda block: ~np.isfinite(block), values)
        if index is not None:
            return ValueError(f"{name} must be finite, got {values[index]} at {check.at(name, index)}")
    objective = LinearObjective(X, np.zeros(X.shape[0]), loss="squared_error")
    return objective._nonfinite() or ValueError(
        "coef and intercept must be small enough for the raw scores X @ coef.T + intercept to stay within "
        f"{objective.dtype}'s range, got entries up to {max(np.abs(coef).max(), np.abs(intercept).max()):.3g}"
    )
