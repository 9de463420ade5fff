"""An estimate of a linear objective's inverse Hessian, for L-BFGS to start from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._arrays import FloatArray, IntArray
from .linear import LinearObjective
from .sampling import philox

RIDGE = 1e-12
ROWS_PER_COLUMN = 16
FEW_ROWS = 2048


def chosen_rows(n_rows: int, count: int) -> IntArray:
    """Return the indices of one row from each of `count` stretches of equal length, or of all rows if there are fewer.

    Parameters
    ----------
    n_rows, count : int
        Number of rows, and of stretches.

    Returns
    -------
    array of int
        Increasing.
    """
    if count >= n_rows:
        return np.arange(n_rows)
    ends = np.arange(count + 1) * n_rows // count
    words = np.concatenate([philox(0, 3, 0, block) for block in range(-(-count // 4))])[:count]
    return ends[:-1] + (words % np.diff(ends).astype(np.uint64)).astype(np.int64)


def second_moments(objective: LinearObjective, curvature: float) -> FloatArray:
    """Return the matrix ``P`` of an output's coefficients and intercept.

    With rows ``z``, a 1 at their end for an intercept, weights ``s``, and a diagonal ``D`` that is 1 for coefficients
    and 0 for intercepts::

        P = c sum_i s_i z_i z_i' / sum_i s_i + alpha (1 - l1_ratio) D + r I

    ``r``, `RIDGE` of the mean of the first term's diagonal, is what rounding may have made of columns that depend on
    each other.  The sums are over `chosen_rows`, `ROWS_PER_COLUMN` times as many as there are columns and at least
    `FEW_ROWS`, unless most of these have no weight: then over all.  A column that is 0 in every chosen row may not be
    so in others, and has the mean of the diagonal, divided by their number, in the place of 0.

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
    columns = objective.n_features + int(objective.fit_intercept)
    chosen = chosen_rows(objective.n_samples, max(FEW_ROWS, ROWS_PER_COLUMN * columns))
    rows = objective.present(chosen)
    if 2 * rows.size < chosen.size:
        rows = objective.present()
    Z, s = objective.X[rows], objective.weight[rows]
    if objective.fit_intercept:
        Z = np.column_stack([Z, np.ones(len(rows))])
    moments = (Z.T * s) @ Z / s.sum()
    if chosen.size < objective.n_samples:
        unseen = np.diag(moments) == 0.0
        moments[unseen, unseen] = np.mean(np.diag(moments)) / chosen.size
    P: FloatArray = curvature * moments
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
