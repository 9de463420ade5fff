"""Activations of hidden units by name.

An activation is elementwise, ``z -> (a, da/dz)``.  `ACTIVATIONS` maps a name to its function, `RECTIFIERS` are those
that let about half of their argument's variance through, for which He's initial weights are made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64

Activation: TypeAlias = Callable[[ArrayLike], tuple[FloatArray, FloatArray]]
"""A function ``z -> (a, da/dz)``."""

LEAKY_SLOPE = 0.01
_erfc = np.frompyfunc(math.erfc, 1, 1)


def sigmoid(z: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp(-z))``, without overflow, and small where it is small."""
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0.0, 1.0, small) / (1.0 + small))


def identity(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Identity, ``z``; derivative 1.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    P. Baldi and K. Hornik, "Neural networks and principal component analysis: learning from examples without local
    minima", Neural Networks 2, 1989.
    """
    (z,) = as_float64(z)
    return z, np.ones_like(z)


def relu(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Rectified linear unit, ``max(0, z)``; derivative 1 where ``z > 0``, else 0.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    V. Nair and G. E. Hinton, "Rectified linear units improve restricted Boltzmann machines", International Conference
    on Machine Learning, 2010.
    """
    (z,) = as_float64(z)
    return np.maximum(z, 0.0), np.where(z > 0.0, 1.0, 0.0)


def leaky_relu(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Rectified linear unit that leaks, ``z`` where ``z > 0``, else ``0.01 z``; derivative 1 or 0.01.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, "Rectifier nonlinearities improve neural network acoustic models",
    International Conference on Machine Learning, 2013.
    """
    (z,) = as_float64(z)
    slope = np.where(z > 0.0, 1.0, LEAKY_SLOPE)
    return slope * z, slope


def tanh(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Hyperbolic tangent; derivative ``1 - tanh(z)**2 = 4 s / (1 + s)**2`` with ``s = exp(-2|z|)``.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr and K.-R. Mueller, "Efficient backprop", Neural Networks: Tricks of the Trade, 1998.
    """
    (z,) = as_float64(z)
    s = np.exp(-2.0 * np.abs(z))
    return np.tanh(z), 4.0 * s / (1.0 + s) ** 2


def logistic(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Logistic function, ``1 / (1 + exp(-z))``; derivative its product with ``1 / (1 + exp(z))``.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors", Nature 323,
    1986.
    """
    (z,) = as_float64(z)
    return sigmoid(z), sigmoid(z) * sigmoid(-z)


def gelu(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Gaussian error linear unit, ``z Phi(z)``; derivative ``Phi(z) + z phi(z)``.

    ``Phi(z) = erfc(-z / sqrt(2)) / 2`` is the standard normal distribution function and
    ``phi(z) = exp(-z**2 / 2) / sqrt(2 pi)`` its density.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415, 2016.
    """
    (z,) = as_float64(z)
    below = 0.5 * np.asarray(_erfc(-z / math.sqrt(2.0)), dtype=np.float64)
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return z * below, below + z * density


def silu(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Sigmoid linear unit, ``z p`` with ``p = 1 / (1 + exp(-z))``; derivative ``p (1 + z (1 - p))``.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", Neural Networks 107, 2018.
    """
    (z,) = as_float64(z)
    p = sigmoid(z)
    return z * p, p * (1.0 + z * sigmoid(-z))


def softplus(z: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Soft maximum of 0 and z, ``log(1 + exp(z)) = max(0, z) + log1p(exp(-|z|))``; derivative ``1 / (1 + exp(-z))``.

    Parameters
    ----------
    z : array of shape (...)
        Arguments.

    Returns
    -------
    a, slope : array of shape (...)
        Activations and their derivatives.

    References
    ----------
    C. Dugas, Y. Bengio, F. Belisle, C. Nadeau and R. Garcia, "Incorporating second-order functional knowledge for
    better option pricing", Advances in Neural Information Processing Systems 13, 2000.
    """
    (z,) = as_float64(z)
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))), sigmoid(z)


ACTIVATIONS: dict[str, Activation] = {
    activation.__name__: activation for activation in (identity, relu, leaky_relu, tanh, logistic, gelu, silu, softplus)
}
"""Activations by name."""
RECTIFIERS = frozenset({"relu", "leaky_relu", "gelu", "silu", "softplus"})
