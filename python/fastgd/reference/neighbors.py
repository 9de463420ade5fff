"""Nearest neighbours: distances, the rows that are nearest, and their votes.

References
----------
T. M. Cover and P. E. Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13, 1967.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FloatArray, as_float64

IntArray = NDArray[np.int64]


def squared_distances(X: ArrayLike, Z: ArrayLike) -> FloatArray:
    """Return ``D_qi = sum_j (X_ij - Z_qj)**2``, the squares of Euclidean distances.

    Parameters
    ----------
    X : array of shape (n, d)
        Rows.
    Z : array of shape (m, d)
        Queries.

    Returns
    -------
    array of shape (m, n)
        Squares, one row a query.
    """
    X, Z = as_float64(X, Z)
    return np.stack([((X - z) ** 2).sum(axis=1) for z in Z])


def nearest(squares: ArrayLike, k: int, without_self: bool = False) -> IntArray:
    """Return the rows at the `k` smallest distances, the nearest first; of rows as near the first is nearer.

    Parameters
    ----------
    squares : array of shape (m, n)
        Squares of distances.
    k : int
        Neighbours, from 1 to n, or to n - 1 without itself.
    without_self : bool, default=False
        Whether row q of the rows is query q, which is then none of its own neighbours.

    Returns
    -------
    int64 array of shape (m, k)
        Indices of rows.
    """
    (squares,) = as_float64(squares)
    order = np.argsort(squares, axis=1, kind="stable")
    if without_self:
        order = np.stack([row[row != q] for q, row in enumerate(order)])
    return order[:, :k].astype(np.int64)


def inverse_distances(distances: ArrayLike) -> FloatArray:
    """Return the weights ``1 / d``, or, of a query with neighbours at ``d = 0``, 1 for those and 0 for the others.

    Parameters
    ----------
    distances : array of shape (m, k)
        Distances of neighbours.

    Returns
    -------
    array of shape (m, k)
        Weights.
    """
    (distances,) = as_float64(distances)
    same = distances == 0.0
    with np.errstate(divide="ignore"):
        return np.where(same.any(axis=1, keepdims=True), same, 1.0 / distances)


def votes(labels: ArrayLike, weights: ArrayLike, n_classes: int) -> FloatArray:
    """Return ``V_qc = sum over neighbours i of query q with label c of weight_qi``.

    The class that is predicted has the largest vote, the first of equal ones; its probability is its share.

    Parameters
    ----------
    labels : int array of shape (m, k)
        Class indices of neighbours.
    weights : array of shape (m, k)
        What each vote counts.
    n_classes : int
        Classes.

    Returns
    -------
    array of shape (m, n_classes)
        Votes.
    """
    (weights,) = as_float64(weights)
    return np.stack([np.where(np.asarray(labels) == c, weights, 0.0).sum(axis=1) for c in range(n_classes)], axis=1)
