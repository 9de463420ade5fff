"""FTRL-Proximal: follow the regularised leader, with a rate for every parameter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


class FTRLState(NamedTuple):
    """State of `ftrl_update`.

    Parameters
    ----------
    square_sum : array of the parameters' shape
        Sum of the squares of the gradients.
    linear : array of the parameters' shape, or None
        Slope at 0 of what the parameters minimise, ``z``; None before the first step.
    curvature : array of the parameters' shape, or None
        Its curvature, one over the rate of each parameter; None before the first step.
    n_steps : int
        Steps whose learning rate was above 0.
    """

    square_sum: FloatArray
    linear: FloatArray | None
    curvature: FloatArray | None
    n_steps: int


def ftrl_init(w: FloatArray, **params: Any) -> FTRLState:
    """Return the state before the first step, when there is no learning rate to measure curvature by."""
    return FTRLState(np.zeros_like(w), None, None, 0)


def ftrl_update(
    grad: FloatArray, state: FTRLState, w: FloatArray, step: Step, *, beta: float = 1.0
) -> tuple[FloatArray, FTRLState]:
    """Take one step of FTRL-Proximal; the learning rate is the paper's ``alpha``.

    After ``t`` steps the parameters minimise the gradients' linear models, the l1 norm once a step, and
    what holds them to earlier iterates::

        sum_s g_s . w  +  t * l1 . |w|  +  sum_s sigma_s . (w - w_s)**2 / 2

    where the sigmas add up to one over the rates, ``rate_t = lr / (beta + sqrt(n_t))``. Element by element::

        n     = n + g**2
        sigma = (beta + sqrt(n)) / lr  -  what that was after the step before    (beta / lr before the first)
        z     = z + g - sigma * w                                                (-w * beta / lr before the first)
        w     = -prox_l1(z, t * l1) * rate_t

    The first ``z`` is the one that gives the parameters descent starts from. With l1 = 0 and a constant rate the step
    is ``w - rate_t * g``. The paper's l1 is not multiplied by ``t``, and vanishes beside the sum of the gradients; its
    l2 is the objective's here, which comes with the gradient. In a schedule the rate of every step enters ``sigma``; a
    rate of 0 makes no step, which `t` does not count.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : FTRLState
        What the step before returned, or `ftrl_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate and strength of the l1 norm.
    beta : float
        What keeps the first rates finite, above 0.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : FTRLState
        New state.

    References
    ----------
    H. B. McMahan, "Follow-the-regularized-leader and mirror descent: equivalence theorems and L1 regularization",
    International Conference on Artificial Intelligence and Statistics, 2011.
    H. B. McMahan et al., "Ad click prediction: a view from the trenches", International Conference on Knowledge
    Discovery and Data Mining, 2013.
    """
    if step.lr == 0.0:
        return w, state
    before = beta / step.lr if state.curvature is None else state.curvature
    linear = -w * before if state.linear is None else state.linear
    square_sum = state.square_sum + grad**2
    curvature = (beta + np.sqrt(square_sum)) / step.lr
    linear = linear + grad - (curvature - before) * w
    n_steps = state.n_steps + 1
    w = -prox_l1(linear, n_steps * step.l1) / curvature
    return w, FTRLState(square_sum, linear, curvature, n_steps)
