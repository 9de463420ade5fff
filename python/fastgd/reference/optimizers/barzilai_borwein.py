"""Gradient descent with the rates of Barzilai and Borwein."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step

KEPT = 0.85
LARGEST_GROWTH = 10.0
SMALLER = 0.1


class BarzilaiBorweinState(NamedTuple):
    """State of `barzilai_borwein_update`.

    Parameters
    ----------
    w, grad : array of the parameters' shape
        Where the last step began that has not led astray, and the gradient there.
    rate : float
        The last rate that was found.
    first_lr : float
        The first learning rate above 0; 0 before.
    mean, weight : float
        Mean of the objective's values yet, and the sum of what they count.
    """

    w: FloatArray
    grad: FloatArray
    rate: float
    first_lr: float
    mean: float
    weight: float


def barzilai_borwein_init(w: FloatArray, **params: Any) -> BarzilaiBorweinState:
    """Return the state before the first step."""
    return BarzilaiBorweinState(np.zeros_like(w), np.zeros_like(w), 0.0, 0.0, 0.0, 0.0)


def barzilai_borwein_update(
    grad: FloatArray, state: BarzilaiBorweinState, w: FloatArray, step: Step
) -> tuple[FloatArray, BarzilaiBorweinState]:
    """Take one step of the short rate of Barzilai and Borwein, or go back on the last one.

    With gradient ``g`` and objective ``F`` at ``w``, and the step before begun at ``w'`` with ``g'``; where ``F <= C``,
    and at the first step::

        t = min((w - w').(g - g') / ||g - g'||**2, 10 t)       (t itself where that is not above 0; at first lr_0)
        C = (0.85 Q C + F) / (0.85 Q + 1)
        Q = 0.85 Q + 1                                         (0 before the first step)
        w = prox_l1(w - rate * g, rate * l1),  rate = lr / lr_0 * t

    Elsewhere ``t = t / 10``, and the step goes from ``w'`` along ``g'``, which stay.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : BarzilaiBorweinState
        What the step before returned, or `barzilai_borwein_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, objective, strength of the l1 norm.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : BarzilaiBorweinState
        New state.

    Raises
    ------
    ValueError
        The step does not say what the objective is.

    References
    ----------
    J. Barzilai and J. M. Borwein, "Two-point step size gradient methods", IMA Journal of Numerical Analysis 8, 1988.
    H. Zhang and W. W. Hager, "A nonmonotone line search technique and its application to unconstrained optimization",
    SIAM Journal on Optimization 14, 2004.
    """
    if step.value is None:
        raise ValueError("step.value must be the objective at w, got None")
    rate, first_lr = (state.rate, state.first_lr) if state.first_lr != 0.0 else (step.lr, step.lr)
    if state.weight > 0.0 and not step.value <= state.mean:
        rate *= SMALLER
        state = state._replace(rate=rate, first_lr=first_lr)
    else:
        if step.index > 0:
            change = grad - state.grad
            square = float(change @ change)
            found = float((w - state.w) @ change) / square if square != 0.0 else np.nan
            rate = min(found, LARGEST_GROWTH * rate) if found > 0.0 else rate
        weight = KEPT * state.weight + 1.0
        mean = (KEPT * state.weight * state.mean + step.value) / weight
        state = BarzilaiBorweinState(w, grad, rate, first_lr, mean, weight)
    length = step.lr / first_lr * rate if step.lr > 0.0 else 0.0
    return prox_l1(state.w - length * state.grad, length * step.l1), state
