"""Losses of classification into K classes.

Every function takes the class indices `y`, shape (n,), and one raw score a class, `raw`, shape (n, K), and
returns one loss a row, shape (n,), and its derivatives by every score, shape (n, K).  Below, ``s`` is a row of
scores and ``s_y`` the score of its right class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, IntArray, Loss, as_float64


def _indices_and_scores(y: ArrayLike, raw: ArrayLike) -> tuple[IntArray, IntArray, FloatArray]:
    """Return row numbers (n,), class indices (n,) and scores (n, K)."""
    (scores,) = as_float64(raw)
    return np.arange(len(scores)), np.asarray(y).astype(np.int64), scores


def multinomial(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Softmax cross-entropy, ``log(sum_j exp(s_j)) - s_y``; derivative ``softmax(s)_j - [j = y]``.

    The greatest score is subtracted first, so that nothing overflows; its exponential is then exactly 1 and
    the logarithm is ``log1p`` of the others' sum.

    Parameters
    ----------
    y : array of shape (n,)
        Class indices, 0 to K - 1.
    raw : array of shape (n, K)
        Raw scores, log-probabilities up to a constant a row.

    Returns
    -------
    loss : array of shape (n,)
        Losses.
    dloss : array of shape (n, K)
        Their derivatives by `raw`.

    References
    ----------
    C. M. Bishop, "Pattern Recognition and Machine Learning", section 4.3.4, Springer, 2006.
    """
    rows, y, s = _indices_and_scores(y, raw)
    top = np.argmax(s, axis=1)
    shifted = s - s[rows, top][:, None]
    others = np.exp(shifted)
    others[rows, top] = 0.0
    total = others.sum(axis=1)
    dloss = np.exp(shifted) / (1.0 + total)[:, None]
    dloss[rows, y] -= 1.0
    return np.log1p(total) - shifted[rows, y], dloss


def multiclass_hinge(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Weston and Watkins' hinge, ``sum_{j != y} max(0, s_j - s_y + 1)``.

    Derivative 1 by every other score with ``s_j - s_y + 1 > 0``, and minus their number by ``s_y``.

    Parameters
    ----------
    y : array of shape (n,)
        Class indices, 0 to K - 1.
    raw : array of shape (n, K)
        Raw scores.

    Returns
    -------
    loss : array of shape (n,)
        Losses.
    dloss : array of shape (n, K)
        Their derivatives by `raw`.

    References
    ----------
    J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition", European Symposium
    on Artificial Neural Networks, 1999.
    """
    rows, y, s = _indices_and_scores(y, raw)
    violation = s - s[rows, y][:, None] + 1.0
    violation[rows, y] = 0.0
    dloss = np.where(violation > 0.0, 1.0, 0.0)
    dloss[rows, y] = -dloss.sum(axis=1)
    return np.maximum(violation, 0.0).sum(axis=1), dloss


def crammer_singer(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Crammer and Singer's hinge, ``max(0, 1 + max_{j != y} s_j - s_y)``.

    Where that is above 0, derivative 1 by the greatest other score, the first of equal ones, and -1 by ``s_y``.

    Parameters
    ----------
    y : array of shape (n,)
        Class indices, 0 to K - 1.
    raw : array of shape (n, K)
        Raw scores.

    Returns
    -------
    loss : array of shape (n,)
        Losses.
    dloss : array of shape (n, K)
        Their derivatives by `raw`.

    References
    ----------
    K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector machines",
    Journal of Machine Learning Research 2, 2001.
    """
    rows, y, s = _indices_and_scores(y, raw)
    others = s.copy()
    others[rows, y] = -np.inf
    rival = np.argmax(others, axis=1)
    loss = np.maximum(1.0 + s[rows, rival] - s[rows, y], 0.0)
    active = np.where(loss > 0.0, 1.0, 0.0)
    dloss = np.zeros_like(s)
    dloss[rows, rival] = active
    dloss[rows, y] = -active
    return loss, dloss


def label_columns(y: ArrayLike, n_outputs: int) -> FloatArray:
    """Return labels of binary problems with a column each: +1 where ``k = y`` for class indices, else -1.

    Parameters
    ----------
    y : array of shape (n,) or (n, n_outputs)
        Class indices, or such labels, which stay as they are.
    n_outputs : int
        Number of problems.

    Returns
    -------
    array of shape (n, n_outputs)
        Labels -1 and +1.
    """
    (y,) = as_float64(y)
    return y if y.ndim == 2 else np.where(y[:, None] == np.arange(n_outputs), 1.0, -1.0)


def one_vs_rest(binary_loss: Loss) -> Loss:
    """Return the multi-class loss that sums a binary loss over K problems of one class against the rest.

    ``sum_k loss(y_k, s_k)`` with the `label_columns` ``y_k``; derivative by ``s_k`` that of its own problem.

    Parameters
    ----------
    binary_loss : function ``(y, raw, **loss_params) -> (loss, dloss)``
        Elementwise loss of labels -1 and +1.

    Returns
    -------
    function ``(y, raw, **loss_params) -> (loss, dloss)``
        Loss of class indices, shape (n,), or labels, shape (n, K), and scores, shape (n, K); returns shapes (n,) and
        (n, K).

    References
    ----------
    R. Rifkin and A. Klautau, "In defense of one-vs-all classification", Journal of Machine Learning Research 5, 2004.
    """

    def loss(y: ArrayLike, raw: ArrayLike, **loss_params: Any) -> tuple[FloatArray, FloatArray]:
        (s,) = as_float64(raw)
        losses, dloss = binary_loss(label_columns(y, s.shape[1]), s, **loss_params)
        return losses.sum(axis=1), dloss

    return loss
