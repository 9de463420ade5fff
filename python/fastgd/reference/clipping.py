"""Gradient clipping: a bound on every element of a step's gradient, or on its norm.

The penalty's gradient is part of what is clipped, the l1 norm is not. With both bounds, the elements come first.
"""

from __future__ import annotations

import numpy as np

from ._arrays import FloatArray


def clip_by_value(grad: FloatArray, limit: float) -> FloatArray:
    """Bound every element: ``min(max(g, -limit), limit)``.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient.
    limit : float
        Largest absolute value.

    Returns
    -------
    array of shape (n_params,)
        Clipped gradient.
    """
    return np.clip(grad, -limit, limit)


def clip_by_norm(grad: FloatArray, limit: float) -> FloatArray:
    """Bound the Euclidean norm, as PyTorch does: ``g min(1, limit / (||g|| + 1e-6))``.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient.
    limit : float
        Largest norm.

    Returns
    -------
    array of shape (n_params,)
        Shortened gradient.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", International
    Conference on Machine Learning, 2013.
    """
    return grad * min(1.0, limit / (float(np.linalg.norm(grad)) + 1e-6))


def clip(grad: FloatArray, clip_value: float | None, clip_norm: float | None) -> FloatArray:
    """Clip by value, then by norm, where these are given.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient, penalty included.
    clip_value, clip_norm : float or None
        Bounds; None for none.

    Returns
    -------
    array of shape (n_params,)
        Clipped gradient.
    """
    if clip_value is not None:
        grad = clip_by_value(grad, clip_value)
    return grad if clip_norm is None else clip_by_norm(grad, clip_norm)
