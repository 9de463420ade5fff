"""An estimate of a linear objective's inverse Hessian, for L-BFGS to start from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._arrays import FloatArray
from .risk import LinearObjective

RIDGE = 1e-12


def second_moments(objective: LinearObjective, curvature: float) -> FloatArray:
    """Return the matrix ``P`` of an output's coefficients and intercept.

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
    array of shape (n_features + fit_intercept, n_features + fit_intercept)
        ``P``.

    Notes
    -----
    ``P`` is the Hessian of a squared error, and above that of a loss whose second derivative ``c`` bounds; for several
    classes above each class's block of it.
    """
    rows = objective.present()
    Z, s = objective.X[rows], objective.weight[rows]
    if objective.fit_intercept:
        Z = np.column_stack([Z, np.ones(len(rows))])
    P: FloatArray = curvature * (Z.T * s) @ Z / s.sum()
    P += RIDGE * np.mean(np.diag(P)) * np.eye(len(P))
    coef = np.arange(objective.n_features)
    P[coef, coef] += objective.alpha * (1.0 - objective.l1_ratio)
    return P


def inverse_second_moments(objective: LinearObjective, curvature: float) -> Callable[[FloatArray], FloatArray]:
    """Return the function ``v -> P^-1 v``, which takes each output's coefficients and intercept by themselves.

    Parameters
    ----------
    objective : LinearObjective
        What is minimised.
    curvature : float
        See `second_moments`.

    Returns
    -------
    function array of shape (n_params,) -> array of shape (n_params,)
        The product with the inverse.
    """
    P = second_moments(objective, curvature)

    def product(v: FloatArray) -> FloatArray:
        columns = np.column_stack(objective.unpack(v)) if objective.fit_intercept else objective.unpack(v)[0]
        solved = np.linalg.solve(P, columns.T).T
        return objective.pack(solved[:, : objective.n_features], solved[:, objective.n_features :])

    return product


def inverse_on_face(objective: LinearObjective, curvature: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """Return the function ``(v, free) -> product`` with the inverse of the free rows and columns of ``P``.

    Parameters
    ----------
    objective : LinearObjective
        What is minimised.
    curvature : float
        See `second_moments`.

    Returns
    -------
    function (array of shape (n_params,), array of shape (n_params,)) -> array of shape (n_params,)
        The product, each output by itself; `v` is 0, and stays so, where `free` is 0.
    """
    P = second_moments(objective, curvature)
    n, k = objective.n_features, objective.n_outputs

    def product(v: FloatArray, free: FloatArray) -> FloatArray:
        solved = v.copy()
        for output in range(k):
            at = output * n + np.arange(n)
            if objective.fit_intercept:
                at = np.append(at, k * n + output)
            part = free[at] != 0.0
            solved[at[part]] = np.linalg.solve(P[np.ix_(part, part)], v[at[part]])
        return solved

    return product
