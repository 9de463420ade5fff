"""A learning rate from the data: one over a bound on how fast the objective's gradient changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .objectives.linear import LinearObjective

_SAMPLE = 4096


def smoothness(objective: LinearObjective, alpha: float, l1_ratio: float, batch_size: int) -> float:
    """Bound on the smoothness that matters for a step on `batch_size` rows (0: all).

    A second derivative of the risk is the mean of ``loss''(raw_i) x_i x_i^T``, and the largest eigenvalue of a mean of
    ``x x^T`` is at most the mean of ``||x||^2``, so for all rows::

        L = curvature (mean ||x||^2 + 1 for an intercept) + alpha (1 - l1_ratio)

    A batch of ``b`` rows adds the noise of ``x x^T``: for normally distributed rows
    ``E[||x||^2 x x^T] <= 3 tr(E[x x^T]) E[x x^T]``, and steps of ``1 / (L (1 + 2/b))`` converge in mean square.

    Parameters
    ----------
    objective : LinearObjective
        What is minimised.
    alpha, l1_ratio : float
        Its penalty.
    batch_size : int
        Rows a step, 0 for all.

    Returns
    -------
    float
        ``L (1 + 2/b)``; not finite where X is not, 0 where nothing bends the objective.

    References
    ----------
    D. Needell, N. Srebro and R. Ward, "Stochastic gradient descent, weighted sampling, and the randomized Kaczmarz
    algorithm", Mathematical Programming 155, 2016.
    """
    squared_norm = objective._core.mean_squared_row_norm() + float(objective.fit_intercept)
    bound = curvature(objective) * squared_norm + alpha * (1.0 - l1_ratio)
    return bound if batch_size == 0 else bound * (1.0 + 2.0 / batch_size)


def auto_lr(objective: LinearObjective, alpha: float, l1_ratio: float, batch_size: int) -> float:
    """Learning rate ``1 / smoothness``; 1 where nothing bends the objective (X of zeros)."""
    bound = smoothness(objective, alpha, l1_ratio, batch_size)
    if not math.isfinite(bound):
        raise objective._nonfinite() or ValueError(
            "lr='auto' needs a finite mean square of X's rows, and theirs is beyond the range of float64; scale X"
        )
    # A rate that underflows would be no step at all.
    return 1.0 if bound == 0.0 else max(1.0 / bound, float(np.finfo(np.float64).tiny))


def curvature(objective: LinearObjective) -> float:
    """The bound on the loss's second derivative in a raw score, or what stands in for it.

    A piecewise linear loss has none to bound: 1 stands in for it. One with an exponential has no bound: its second
    derivative at raw scores of 0 stands in for it, or of the size it has at the minimum, ``mean |y| + 1``.
    """
    loss = objective._loss
    if loss.curvature == 0.0:
        return 1.0
    if math.isfinite(loss.curvature):
        return loss.curvature
    power = objective.loss_params.get("power", 1.0)
    return float(max(1.0, abs(power - 1.0), abs(power - 2.0)) * (_mean_magnitude(objective._y) + 1.0))


def _mean_magnitude(y: NDArray[Any]) -> float:
    # Correctly rounded, so that it does not depend on how this build of NumPy adds.
    rows = min(len(y), _SAMPLE)
    values = np.abs(y[np.arange(rows) * len(y) // rows]).ravel()
    return math.fsum(values.tolist()) / len(values)
