"""Losses of regression.

Every function is elementwise: target `y` and raw score `raw` have the same shape (or broadcast), and so
have the returned losses and derivatives.  Below, ``r = raw - y`` is the residual.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64, exp, residual


def squared_error(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Half the squared error, ``r**2 / 2``; derivative ``r``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    C. F. Gauss, "Theoria motus corporum coelestium", 1809.
    """
    r = residual(y, raw)
    return 0.5 * r**2, r


def absolute_error(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Absolute error, ``|r|``; derivative ``sign(r)``, which is 0 at 0.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    P. Bloomfield and W. L. Steiger, "Least Absolute Deviations", Birkhaeuser, 1983.
    """
    r = residual(y, raw)
    return np.abs(r), np.sign(r)


def huber(y: ArrayLike, raw: ArrayLike, *, epsilon: float = 0.1) -> tuple[FloatArray, FloatArray]:
    """Huber's loss: a parabola within `epsilon`, its tangents outside.

    ``r**2 / 2`` where ``|r| <= epsilon``, else ``epsilon * |r| - epsilon**2 / 2``;
    derivative ``min(max(r, -epsilon), epsilon)``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.
    epsilon : float
        Residual at which the parabola ends.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964.
    """
    r = residual(y, raw)
    loss = np.where(np.abs(r) <= epsilon, 0.5 * r**2, epsilon * np.abs(r) - 0.5 * epsilon**2)
    return loss, np.clip(r, -epsilon, epsilon)


def epsilon_insensitive(y: ArrayLike, raw: ArrayLike, *, epsilon: float = 0.1) -> tuple[FloatArray, FloatArray]:
    """Epsilon-insensitive loss, ``max(0, |r| - epsilon)``; derivative ``sign(r)`` where ``|r| > epsilon``, else 0.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.
    epsilon : float
        Half the width of the tube in which nothing is lost.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    V. N. Vapnik, "The Nature of Statistical Learning Theory", Springer, 1995.
    """
    r = residual(y, raw)
    return np.maximum(np.abs(r) - epsilon, 0.0), np.where(np.abs(r) > epsilon, np.sign(r), 0.0)


def squared_epsilon_insensitive(y: ArrayLike, raw: ArrayLike, *, epsilon: float = 0.1) -> tuple[FloatArray, FloatArray]:
    """Squared epsilon-insensitive loss, ``max(0, |r| - epsilon)**2``; derivative ``2 sign(r) max(0, |r| - epsilon)``.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.
    epsilon : float
        Half the width of the tube in which nothing is lost.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    V. N. Vapnik, "The Nature of Statistical Learning Theory", Springer, 1995.
    """
    r = residual(y, raw)
    excess = np.maximum(np.abs(r) - epsilon, 0.0)
    return excess**2, 2.0 * np.sign(r) * excess


def quantile(y: ArrayLike, raw: ArrayLike, *, quantile: float = 0.5) -> tuple[FloatArray, FloatArray]:
    """Quantile (pinball) loss, ``q max(y - raw, 0) + (1 - q) max(raw - y, 0)``.

    Derivative ``-q`` below the target, ``1 - q`` above it, 0 on it.  Its expectation is least where `raw`
    is the `quantile` of the target's distribution; ``q = 1/2`` is half the absolute error.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.
    quantile : float
        ``q``, between 0 and 1.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46, 1978.
    """
    r = residual(y, raw)
    loss = quantile * np.maximum(-r, 0.0) + (1.0 - quantile) * np.maximum(r, 0.0)
    return loss, np.where(r > 0.0, 1.0 - quantile, np.where(r < 0.0, -quantile, 0.0))


def log_cosh(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the hyperbolic cosine, ``log(cosh(r))``; derivative ``tanh(r)``.

    Computed as ``log1p(2 sinh(r/2)**2)`` near 0, where nothing cancels, and as
    ``|r| + log1p(exp(-2|r|)) - log(2)`` elsewhere, where nothing overflows.

    Parameters
    ----------
    y, raw : array of shape (...)
        Targets and raw scores.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    P. J. Green, "Bayesian reconstructions from emission tomography data using a modified EM algorithm",
    IEEE Transactions on Medical Imaging 9, 1990.
    """
    r = residual(y, raw)
    a = np.abs(r)
    near = np.log1p(2.0 * np.sinh(0.5 * np.minimum(a, 1.0)) ** 2)
    far = a + np.log1p(np.exp(-2.0 * a)) - np.log(2.0)
    return np.where(a < 1.0, near, far), np.tanh(r)


def poisson(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Half the Poisson deviance with log link, up to terms in `y` alone: ``exp(raw) - y raw``.

    Derivative ``exp(raw) - y``.

    Parameters
    ----------
    y : array of shape (...)
        Targets, at least 0.
    raw : array of shape (...)
        Raw scores, logarithms of the predicted means.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd edition, chapter 6, Chapman and Hall, 1989.
    """
    y, raw = as_float64(y, raw)
    mean = exp(raw)
    return mean - y * raw, mean - y


def gamma(y: ArrayLike, raw: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Half the gamma deviance with log link, up to terms in `y` alone: ``raw + y exp(-raw)``.

    Derivative ``1 - y exp(-raw)``.

    Parameters
    ----------
    y : array of shape (...)
        Targets, above 0.
    raw : array of shape (...)
        Raw scores, logarithms of the predicted means.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd edition, chapter 8, Chapman and Hall, 1989.
    """
    y, raw = as_float64(y, raw)
    ratio = y * exp(-raw)
    return raw + ratio, 1.0 - ratio


def tweedie(y: ArrayLike, raw: ArrayLike, *, power: float = 1.5) -> tuple[FloatArray, FloatArray]:
    """Half the Tweedie deviance with log link, up to terms in `y` alone.

    With ``p = power``: ``-y exp((1-p) raw) / (1-p) + exp((2-p) raw) / (2-p)``, whose limits at ``p = 1`` and
    ``p = 2`` are `poisson` and `gamma` (up to constants); derivative ``-y exp((1-p) raw) + exp((2-p) raw)``.

    Parameters
    ----------
    y : array of shape (...)
        Targets: any for ``p <= 0``, at least 0 for ``1 <= p < 2``, above 0 for ``p >= 2``.
    raw : array of shape (...)
        Raw scores, logarithms of the predicted means.
    power : float
        Exponent ``p`` by which the variance grows with the mean.  No such distribution exists for ``0 < p < 1``.

    Returns
    -------
    loss, dloss : array of shape (...)
        Losses and their derivatives by `raw`.

    References
    ----------
    B. Jorgensen, "Exponential dispersion models", Journal of the Royal Statistical Society B 49, 1987.
    """
    if 0.0 < power < 1.0:
        raise ValueError(f"power must be <= 0 or >= 1, got {power}: no Tweedie distribution lies between")
    if power == 1.0:
        return poisson(y, raw)
    if power == 2.0:
        return gamma(y, raw)
    y, raw = as_float64(y, raw)
    # Both exponentials may overflow.  With the larger one taken out, infinity never meets infinity, and 0 never
    # meets infinity unless y = 0, where one exponential alone remains.
    above, below = np.maximum(raw, 0.0), np.minimum(raw, 0.0)
    larger = exp((2.0 - power) * above + (1.0 - power) * below)
    first, second = y * np.exp(-above), np.exp(below)
    alone = exp((2.0 - power) * raw)
    with np.errstate(invalid="ignore", over="ignore"):
        loss = larger * (second / (2.0 - power) - first / (1.0 - power))
        dloss = larger * (second - first)
    return np.where(y == 0.0, alone / (2.0 - power), loss), np.where(y == 0.0, alone, dloss)
