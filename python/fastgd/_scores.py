"""The raw scores of a linear model on new data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .objectives import LinearObjective

if TYPE_CHECKING:
    from numpy.typing import NDArray


def raw_scores(
    X: Any, coef: NDArray[Any], intercept: NDArray[Any], n_threads: int | None = None
) -> NDArray[np.floating[Any]]:
    """Return ``X @ coef.T + intercept``, of shape (n_samples, n_outputs), in the compute dtype of `X`.

    `X` is what `LinearObjective` takes, read as it is; `coef` has shape (n_outputs, n_features) and `intercept`
    (n_outputs,).
    """
    targets = np.zeros((len(X), len(coef)))
    objective = LinearObjective(X, targets, loss="squared_error")
    w = np.concatenate([np.ravel(coef), np.ravel(intercept)]).astype(np.float64)
    scores: NDArray[np.floating[Any]] = objective._core.decision_function(w, None, n_threads or 0)
    return scores
