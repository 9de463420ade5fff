"""Losses of two-class classification.

Every function is elementwise: label `y`, -1 or +1, and raw score `raw` have the same shape (or broadcast),
and so have the returned losses and derivatives.  Below, ``m = y * raw`` is the margin, positive where the
sign of the score is right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64, exp


def log_loss(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Logistic loss, ``log(1 + exp(-m))``; derivative ``-y / (1 + exp(m))``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Labels -1 or +1, and raw scores, the log-odds of +1.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    D. R. Cox, "The regression analysis of binary sequences", Journal of the Royal Statistical Society B 20, 1958.
    """
    y, raw = as_float64(y, raw)
    m = y * raw
    small = np.exp(-np.abs(m))
    loss = np.maximum(-m, 0.0) + np.log1p(small)
    return loss, -y * np.where(m >= 0.0, small, 1.0) / (1.0 + small)


def hinge(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Hinge loss, ``max(0, 1 - m)``; derivative ``-y`` where ``m <= 1``, else 0.

    Parameters
    ----------
    y, raw : array of shape (...)
        Labels -1 or +1, and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    C. Cortes and V. Vapnik, "Support-vector networks", Machine Learning 20, 1995.
    """
    y, raw = as_float64(y, raw)
    m = y * raw
    return np.maximum(1.0 - m, 0.0), np.where(m <= 1.0, -y, 0.0)


def squared_hinge(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Squared hinge loss, ``max(0, 1 - m)**2``; derivative ``-2 y max(0, 1 - m)``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Labels -1 or +1, and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    K.-W. Chang, C.-J. Hsieh and C.-J. Lin, "Coordinate descent method for large-scale L2-loss linear support
    vector machines", Journal of Machine Learning Research 9, 2008.
    """
    y, raw = as_float64(y, raw)
    shortfall = np.maximum(1.0 - y * raw, 0.0)
    return shortfall**2, -2.0 * y * shortfall


def modified_huber(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Zhang's modified Huber loss: the squared hinge with a straight line for badly wrong scores.

    0 where ``m >= 1``, ``(1 - m)**2`` where ``-1 <= m < 1``, ``-4 m`` below;
    derivative 0, ``-2 y (1 - m)`` and ``-4 y``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Labels -1 or +1, and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    T. Zhang, "Solving large scale linear prediction problems using stochastic gradient descent algorithms",
    International Conference on Machine Learning, 2004.
    """
    y, raw = as_float64(y, raw)
    m = y * raw
    shortfall = np.maximum(1.0 - m, 0.0)
    loss = np.where(m >= -1.0, shortfall**2, -4.0 * m)
    return loss, np.where(m >= -1.0, -2.0 * y * shortfall, -4.0 * y)


def perceptron(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Perceptron loss, ``max(0, -m)``; derivative ``-y`` where ``m <= 0``, else 0.

    The derivative at 0 lets a model that starts at zeros learn from its first row.

    Parameters
    ----------
    y, raw : array of shape (...)
        Labels -1 or +1, and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
    Psychological Review 65, 1958.
    """
    y, raw = as_float64(y, raw)
    m = y * raw
    return np.maximum(-m, 0.0), np.where(m <= 0.0, -y, 0.0)


def exponential(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Exponential loss, ``exp(-m)``; derivative ``-y exp(-m)``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Labels -1 or +1, and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    Y. Freund and R. E. Schapire, "A decision-theoretic generalization of on-line learning and an application to
    boosting", Journal of Computer and System Sciences 55, 1997.
    """
    y, raw = as_float64(y, raw)
    loss = exp(-y * raw)
    return loss, -y * loss
