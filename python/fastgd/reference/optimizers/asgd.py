"""Averaged gradient descent."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


class ASGDState(NamedTuple):
    """State of `asgd_update`.

    Parameters
    ----------
    average : array of the parameters' shape, or None
        Mean of the iterates so far; None before the first that counts.
    """

    average: FloatArray | None


def asgd_init(w: FloatArray, **params: Any) -> ASGDState:
    """Return the state before the first step: no iterate counts yet, the first parameters never do."""
    return ASGDState(average=None)


def asgd_update(
    grad: FloatArray, state: ASGDState, w: FloatArray, step: Step, *, average_from: int = 1
) -> tuple[FloatArray, ASGDState]:
    """Take one plain step, and average the iterates as scikit-learn's ``average`` does.

    With ``t = index + 1``, the number of this step from 1, and once ``t >= average_from``::

        w       = prox_l1(w - lr * g, lr * l1)
        average = average + (w - average) / (t - average_from + 1)       beginning with w at t = average_from

    PyTorch's ASGD is another method: it decays the learning rate and the parameters itself.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : ASGDState
        What the step before returned, or `asgd_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, steps taken, strength of the l1 norm.
    average_from : int
        Number of the first step, from 1, whose iterate counts.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters, where the next gradient is taken.
    state : ASGDState
        New state.

    References
    ----------
    B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal on Control
    and Optimization 30, 1992.
    """
    w = prox_l1(w - step.lr * grad, step.lr * step.l1)
    count = step.index + 1 - average_from + 1
    if count < 1:
        return w, state
    average = w if state.average is None else state.average + (w - state.average) / count
    return w, ASGDState(average)


def asgd_solution(state: ASGDState, w: FloatArray) -> FloatArray:
    """Return the mean of the iterates, or the last one before any counts."""
    return w if state.average is None else state.average
