"""An estimate of a linear objective's inverse Hessian, for L-BFGS to start from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._arrays import FloatArray
from .risk import LinearObjective

RIDGE = 1e-12


def inverse_second_moments(objective: LinearObjective, curvature: float) -> Callable[[FloatArray], FloatArray]:
    """Return the function ``v -> P^-1 v``, which takes each output's coefficients and intercept by themselves.

    With rows ``z``, a 1 at their end for an intercept, weights ``s``, and a diagonal ``D`` that is 1 for coefficients
    and 0 for intercepts::

        P = c sum_i s_i z_i z_i' / sum_i s_i + alpha (1 - l1_ratio) D + r I

    ``r``, `RIDGE` of the mean of the first term's diagonal, is what rounding may have made of columns that depend on
    each other.

    Parameters
    ----------
    objective : LinearObjective
        What is minimised.
    curvature : float
        ``c``, a bound on the loss's second derivative by a raw score, or 1 where there is none.

    Returns
    -------
    function array of shape (n_params,) -> array of shape (n_params,)
        The product with the inverse.

    Notes
    -----
    ``P`` is the Hessian of a squared error, and above that of a loss whose second derivative ``c`` bounds; for several
    classes above each class's block of it.
    """
    rows = objective.present()
    Z, s = objective.X[rows], objective.weight[rows]
    if objective.fit_intercept:
        Z = np.column_stack([Z, np.ones(len(rows))])
    P = curvature * (Z.T * s) @ Z / s.sum()
    P += RIDGE * np.mean(np.diag(P)) * np.eye(len(P))
    coef = np.arange(objective.n_features)
    P[coef, coef] += objective.alpha * (1.0 - objective.l1_ratio)

    def product(v: FloatArray) -> FloatArray:
        columns = np.column_stack(objective.unpack(v)) if objective.fit_intercept else objective.unpack(v)[0]
        solved = np.linalg.solve(P, columns.T).T
        return objective.pack(solved[:, : objective.n_features], solved[:, objective.n_features :])

    return product
