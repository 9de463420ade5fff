"""Duality gaps of linear objectives: how far a value is above the minimum at most.

For one output, with ``p_i = s_i / sum s`` and ``R`` the penalty of the coefficients, the objective and its Fenchel dual
are::

    F(coef, intercept) = sum_i p_i loss_i(z_i) + R(coef),            z_i = coef . x_i + intercept + offset_i
    D(theta) = -sum_i p_i (loss_i*(theta_i) - offset_i theta_i) - R*(-sum_i p_i theta_i x_i)

with ``sum_i p_i theta_i = 0`` where an intercept is fitted.  ``D(theta) <= min F`` for every ``theta``.  Of several
outputs, each is a problem by itself.

References
----------
R. T. Rockafellar, "Convex Analysis", section 31, Princeton University Press, 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._arrays import FloatArray
from .losses import KINDS, LOSSES
from .multiclass_losses import label_columns

if TYPE_CHECKING:
    from .linear import LinearObjective

DUAL_LOSSES = ("squared_error", "log_loss", "hinge", "squared_hinge")


def conjugate(name: str, y: FloatArray, theta: FloatArray) -> FloatArray:
    """Convex conjugate of a loss in its raw score, ``max over z of theta z - loss(y, z)``.

    ``theta**2 / 2 + theta y`` for squared_error; with ``a = -y theta``: ``a log(a) + (1 - a) log(1 - a)`` for log_loss
    and ``-a`` for hinge where ``0 <= a <= 1``, ``a**2 / 4 - a`` for squared_hinge where ``a >= 0``, else infinity.

    Parameters
    ----------
    name : str
        One of `DUAL_LOSSES`.
    y, theta : array of shape (...)
        Targets (labels -1 or +1) and slopes.

    Returns
    -------
    array of shape (...)
        Conjugates.

    References
    ----------
    S. Shalev-Shwartz and T. Zhang, "Stochastic dual coordinate ascent methods for regularized loss minimization",
    Journal of Machine Learning Research 14, 2013.
    """
    if name == "squared_error":
        return 0.5 * theta**2 + theta * y
    a = -y * theta
    if name == "squared_hinge":
        return np.where(a >= 0.0, 0.25 * a**2 - a, np.inf)
    inside = np.clip(a, 0.0, 1.0)
    if name == "hinge":
        return np.where(a == inside, -a, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.nan_to_num(inside * np.log(inside)) + np.nan_to_num((1.0 - inside) * np.log1p(-inside))
    return np.where(a == inside, entropy, np.inf)


def penalty_conjugate(t: FloatArray, l2: float, l1: float) -> float:
    """Conjugate of ``l2/2 ||w||**2 + l1 ||w||_1``, ``sum_j max(|t_j| - l1, 0)**2 / (2 l2)``.

    With ``l2 = 0`` it is 0 where all ``|t_j| <= l1``, else infinity.
    """
    excess = np.maximum(np.abs(t) - l1, 0.0)
    if l2 > 0.0:
        return float(np.sum(excess**2)) / (2.0 * l2)
    return np.inf if np.any(excess > 0.0) else 0.0


def balanced(name: str, theta: FloatArray, p: FloatArray) -> FloatArray:
    """Slopes near `theta` with ``sum_i p_i theta_i = 0``, where the conjugates are still finite.

    Of squared errors the mean is subtracted.  Of a binary loss, whose slopes are below 0 for one class and above it for
    the other, those of the class with the larger sum are scaled down to the other's.
    """
    if name == "squared_error":
        return theta - p @ theta
    above, below = float(p @ np.maximum(theta, 0.0)), float(p @ np.maximum(-theta, 0.0))
    least = min(above, below)
    scales = least / above if above > 0.0 else 1.0, least / below if below > 0.0 else 1.0
    return theta * np.where(theta > 0.0, *scales)


def duality_gap(objective: LinearObjective, w: FloatArray) -> float:
    """``F(w) - D(theta)`` with `balanced` derivatives of the losses at `w` for ``theta``.

    For squared_error also with these scaled down to ``max_j |sum_i p_i theta_i x_ij| = alpha l1_ratio``, which makes
    ``R*`` finite without an l2 penalty; the smaller gap counts.

    Parameters
    ----------
    objective : LinearObjective
        The objective, of a loss of `DUAL_LOSSES`.
    w : array of shape (n_params,)
        Parameters.

    Returns
    -------
    float
        The gap, at least 0; infinity without a penalty.
    """
    if objective.loss not in DUAL_LOSSES:
        raise ValueError(f"loss must be one of {', '.join(DUAL_LOSSES)} for a duality gap, got {objective.loss!r}")
    if objective.alpha == 0.0:
        return np.inf
    rows = objective.present()
    X, offset = objective.X[rows], objective.offset[rows]
    p = objective.weight[rows] / objective.weight[rows].sum()
    l1 = objective.alpha * objective.l1_ratio
    l2 = objective.alpha - l1
    raw = objective.raw(w, rows)
    bound = 0.0
    for k in range(objective.n_outputs):
        if KINDS[objective.loss] == "binary" and objective.n_outputs > 1:
            y = label_columns(objective.y[rows], objective.n_outputs)
        else:
            y = objective.y[rows].reshape(len(rows), -1)
        theta = LOSSES[objective.loss](y[:, k], raw[:, k])[1]
        if objective.fit_intercept:
            theta = balanced(objective.loss, theta, p)
        g = (p * theta) @ X
        scales, largest = [1.0], float(np.abs(g).max())
        if objective.loss == "squared_error" and largest > l1:
            scales.append(l1 / largest * (1.0 - 2.0**-50))
        bound += max(
            -float(p @ (conjugate(objective.loss, y[:, k], c * theta) - offset[:, k] * c * theta))
            - penalty_conjugate(c * g, l2, l1)
            for c in scales
        )
    return objective.value(w) - bound
