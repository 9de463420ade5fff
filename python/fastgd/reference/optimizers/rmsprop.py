"""RMSprop: gradients over their root mean square."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


class RMSpropState(NamedTuple):
    """State of `rmsprop_update`.

    Parameters
    ----------
    square_avg, grad_avg : array of the parameters' shape
        Moving averages of the squares of the gradients, and of the gradients where they are centred.
    velocity : array of the parameters' shape
        Running sum of the scaled gradients, with momentum.
    """

    square_avg: FloatArray
    grad_avg: FloatArray
    velocity: FloatArray


def rmsprop_init(w: FloatArray, **params: Any) -> RMSpropState:
    """Return the state before the first step, zeros."""
    return RMSpropState(np.zeros_like(w), np.zeros_like(w), np.zeros_like(w))


def rmsprop_update(
    grad: FloatArray,
    state: RMSpropState,
    w: FloatArray,
    step: Step,
    *,
    rho: float = 0.99,
    eps: float = 1e-8,
    momentum: float = 0.0,
    centered: bool = False,
) -> tuple[FloatArray, RMSpropState]:
    """Take one step of RMSprop, as PyTorch defines it; its ``alpha`` is `rho` here.

    With gradient ``g``, element by element::

        v     = rho * v + (1 - rho) * g**2
        m     = rho * m + (1 - rho) * g                        if centered  (m = 0 otherwise)
        scale = sqrt(max(v - m**2, 0)) + eps
        w     = prox_l1(w - lr * g / scale, lr / scale * l1)   without momentum
        b     = momentum * b + g / scale                       with momentum, and then
        w     = w - lr * b

    ``v - m**2`` is a variance; where rounding makes it negative, it counts as 0.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : RMSpropState
        What the step before returned, or `rmsprop_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate and strength of the l1 norm.
    rho : float
        Share of the averages that is kept.
    eps : float
        What keeps the rates finite.
    momentum : float
        Share of the velocity that is kept.
    centered : bool
        Whether the scale is the standard deviation of the gradients.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : RMSpropState
        New state.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", Neural Networks for Machine Learning, Coursera, 2012.
    A. Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850, 2013 (centred).
    """
    square_avg = rho * state.square_avg + (1.0 - rho) * grad**2
    grad_avg = rho * state.grad_avg + (1.0 - rho) * grad if centered else state.grad_avg
    scale = np.sqrt(np.maximum(square_avg - grad_avg**2, 0.0)) + eps
    if momentum == 0.0:
        w = prox_l1(w - step.lr * grad / scale, step.lr / scale * step.l1)
        return w, RMSpropState(square_avg, grad_avg, state.velocity)
    velocity = momentum * state.velocity + grad / scale
    return w - step.lr * velocity, RMSpropState(square_avg, grad_avg, velocity)
