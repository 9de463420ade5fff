"""Second derivatives of the losses by the raw scores.

`SECOND_DERIVATIVES` maps the name of an elementwise loss to its ``(y, raw, **loss_params) -> d2loss/draw2``; a loss of
`LOSSES` that is not there is piecewise linear, with a second derivative of 0 wherever it has one.  On a jump the value
is that of the side which the loss's own formula takes.  `hessian_product` joins them, and the one loss whose scores
depend on each other, to products with directions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64, exp, residual
from .losses import KINDS, one_vs_rest


def squared_error(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``1``."""
    return np.ones_like(residual(y, raw))


def huber(y: ArrayLike, raw: ArrayLike, *, epsilon: float = 0.1) -> FloatArray:
    """``1`` where ``|r| <= epsilon``, else 0."""
    return np.where(np.abs(residual(y, raw)) <= epsilon, 1.0, 0.0)


def squared_epsilon_insensitive(y: ArrayLike, raw: ArrayLike, *, epsilon: float = 0.1) -> FloatArray:
    """``2`` where ``|r| > epsilon``, else 0."""
    return np.where(np.abs(residual(y, raw)) > epsilon, 2.0, 0.0)


def log_cosh(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``1 / cosh(r)**2``."""
    decay = np.exp(-np.abs(residual(y, raw)))
    return (2.0 * decay / (1.0 + decay**2)) ** 2


def poisson(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``exp(raw)``."""
    y, raw = as_float64(y, raw)
    return exp(raw) + np.zeros_like(y)


def gamma(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``y exp(-raw)``."""
    y, raw = as_float64(y, raw)
    return y * exp(-raw)


def tweedie(y: ArrayLike, raw: ArrayLike, *, power: float = 1.5) -> FloatArray:
    """With ``p = power``: ``(2-p) exp((2-p) raw) - (1-p) y exp((1-p) raw)``."""
    y, raw = as_float64(y, raw)
    return (2.0 - power) * exp((2.0 - power) * raw) - (1.0 - power) * y * exp((1.0 - power) * raw)


def log_loss(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``p (1 - p)`` with ``p = 1 / (1 + exp(-m))``."""
    y, raw = as_float64(y, raw)
    small = np.exp(-np.abs(y * raw))
    return small / (1.0 + small) ** 2


def squared_hinge(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``2`` where ``m < 1``, else 0."""
    y, raw = as_float64(y, raw)
    return np.where(y * raw < 1.0, 2.0, 0.0)


def modified_huber(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``2`` where ``-1 <= m < 1``, else 0."""
    y, raw = as_float64(y, raw)
    m = y * raw
    return np.where((m >= -1.0) & (m < 1.0), 2.0, 0.0)


def exponential(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """``exp(-m)``."""
    y, raw = as_float64(y, raw)
    return exp(-y * raw)


def multinomial_product(raw: ArrayLike, u: ArrayLike) -> FloatArray:
    """Hessian of `multinomial` times a direction, ``(diag(p) - p p^T) u = p (u - p^T u)`` with ``p = softmax(s)``.

    Parameters
    ----------
    raw, u : array of shape (n, K)
        Raw scores, and a direction for each row.

    Returns
    -------
    array of shape (n, K)
        Products.

    References
    ----------
    C. M. Bishop, "Pattern Recognition and Machine Learning", section 4.3.4, Springer, 2006.
    """
    raw, u = as_float64(raw, u)
    share = np.exp(raw - raw.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    product: FloatArray = share * (u - np.sum(share * u, axis=1, keepdims=True))
    return product


SECOND_DERIVATIVES: dict[str, Callable[..., FloatArray]] = {
    function.__name__: function
    for function in (
        squared_error,
        huber,
        squared_epsilon_insensitive,
        log_cosh,
        poisson,
        gamma,
        tweedie,
        log_loss,
        squared_hinge,
        modified_huber,
        exponential,
    )
}


def hessian_product(name: str, y: ArrayLike, raw: ArrayLike, u: ArrayLike, **loss_params: Any) -> FloatArray:
    """Hessians of the rows' losses in their raw scores, times a direction for each row.

    ``d2loss/ds_k2 u_k`` for elementwise losses, of which a binary one with several scores is one-vs-rest.

    Parameters
    ----------
    name : str
        Name of a loss.
    y : array of shape (n,) or (n, n_outputs)
        Targets.
    raw, u : array of shape (n, n_outputs)
        Raw scores and directions.
    **loss_params : float
        Parameters of the loss.

    Returns
    -------
    array of shape (n, n_outputs)
        Products.
    """
    raw, u = as_float64(raw, u)
    if name == "multinomial":
        return multinomial_product(raw, u)
    second = SECOND_DERIVATIVES.get(name)
    if second is None:
        return np.zeros_like(u)
    if KINDS[name] == "binary" and raw.shape[1] > 1:
        # What sums losses and lines up their derivatives does so with second derivatives in the latters' place.
        return one_vs_rest(lambda label, s: (s, second(label, s)))(y, raw)[1] * u
    return second(np.asarray(y).reshape(-1, raw.shape[1]), raw, **loss_params) * u
