"""Penalties on the coefficients: value, gradient and proximal step.

The proximal step of a penalty ``P`` with step size ``t`` is ``argmin_v ||v - w||**2 / 2 + t P(v)``: where a
gradient step cannot cross the kink of an absolute value, it lands on exact zeros.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64


def l2(coef: ArrayLike) -> tuple[float, FloatArray]:
    """Half the squared Euclidean norm, ``||w||**2 / 2``; gradient ``w``.

    Parameters
    ----------
    coef : array of shape (...)
        Coefficients ``w``.

    Returns
    -------
    value : float
        The penalty.
    gradient : array of shape (...)
        Its gradient.

    References
    ----------
    A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
    Technometrics 12, 1970.
    """
    (w,) = as_float64(coef)
    return 0.5 * float(np.sum(w**2)), w


def l1(coef: ArrayLike) -> tuple[float, FloatArray]:
    """Sum of absolute values, ``||w||_1``; gradient ``sign(w)``, which is 0 at 0.

    Parameters
    ----------
    coef : array of shape (...)
        Coefficients ``w``.

    Returns
    -------
    value : float
        The penalty.
    gradient : array of shape (...)
        One of its subgradients.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal Statistical Society B 58,
    1996.
    """
    (w,) = as_float64(coef)
    return float(np.sum(np.abs(w))), np.sign(w)


def elastic_net(coef: ArrayLike, *, alpha: float, l1_ratio: float) -> tuple[float, FloatArray]:
    """Elastic net, ``alpha ((1 - l1_ratio)/2 ||w||**2 + l1_ratio ||w||_1)``, and its gradient.

    Parameters
    ----------
    coef : array of shape (...)
        Coefficients ``w``.
    alpha : float
        Strength, at least 0.
    l1_ratio : float
        Share of `l1`, between 0 (`l2` alone) and 1 (`l1` alone).

    Returns
    -------
    value : float
        The penalty.
    gradient : array of shape (...)
        One of its subgradients.

    References
    ----------
    H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", Journal of the Royal
    Statistical Society B 67, 2005.
    """
    squares, squares_gradient = l2(coef)
    absolutes, absolutes_gradient = l1(coef)
    # The sums may be infinite, and 0 times infinity is NaN.
    shares = (1.0 - l1_ratio, squares), (l1_ratio, absolutes)
    value = alpha * sum(share * norm for share, norm in shares if share > 0.0) if alpha > 0.0 else 0.0
    return value, alpha * ((1.0 - l1_ratio) * squares_gradient + l1_ratio * absolutes_gradient)


def prox_l2(coef: ArrayLike, step: float) -> FloatArray:
    """Proximal step of `l2`: ``w / (1 + t)``.

    Parameters
    ----------
    coef : array of shape (...)
        Coefficients ``w``.
    step : float
        Step size ``t``, at least 0.

    Returns
    -------
    array of shape (...)
        Shrunken coefficients.

    References
    ----------
    N. Parikh and S. Boyd, "Proximal algorithms", Foundations and Trends in Optimization 1, section 6.1, 2014.
    """
    (w,) = as_float64(coef)
    return w / (1.0 + step)


def prox_l1(coef: ArrayLike, step: float | FloatArray) -> FloatArray:
    """Proximal step of `l1`, the soft threshold: ``sign(w) max(|w| - t, 0)``.

    Parameters
    ----------
    coef : array of shape (...)
        Coefficients ``w``.
    step : float or array of shape (...)
        Step size ``t``, at least 0; an array has one for every coefficient.

    Returns
    -------
    array of shape (...)
        Coefficients moved towards zero by `step`, and onto zero where they were nearer than that.

    References
    ----------
    N. Parikh and S. Boyd, "Proximal algorithms", Foundations and Trends in Optimization 1, section 6.5.2, 2014.
    """
    (w,) = as_float64(coef)
    return np.sign(w) * np.maximum(np.abs(w) - step, 0.0)


def prox_elastic_net(coef: ArrayLike, step: float, *, alpha: float, l1_ratio: float) -> FloatArray:
    """Proximal step of `elastic_net`: the soft threshold of `l1`, then the shrinking of `l2`.

    ``sign(w) max(|w| - t alpha l1_ratio, 0) / (1 + t alpha (1 - l1_ratio))``.

    Parameters
    ----------
    coef : array of shape (...)
        Coefficients ``w``.
    step : float
        Step size ``t``, at least 0.
    alpha, l1_ratio : float
        As in `elastic_net`.

    Returns
    -------
    array of shape (...)
        Shrunken coefficients.

    References
    ----------
    N. Parikh and S. Boyd, "Proximal algorithms", Foundations and Trends in Optimization 1, section 6.5.3, 2014.
    """
    return prox_l2(prox_l1(coef, step * alpha * l1_ratio), step * alpha * (1.0 - l1_ratio))
