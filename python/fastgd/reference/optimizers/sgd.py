"""Gradient descent, with momentum where asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


class SGDState(NamedTuple):
    """State of `sgd_update`.

    Parameters
    ----------
    velocity : array of the parameters' shape, or None
        Running sum of gradients; None before the first step and without momentum.
    """

    velocity: FloatArray | None


def sgd_init(w: FloatArray, **params: Any) -> SGDState:
    """Return the state before the first step, which has no velocity yet."""
    return SGDState(velocity=None)


def sgd_update(
    grad: FloatArray,
    state: SGDState,
    w: FloatArray,
    step: Step,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
) -> tuple[FloatArray, SGDState]:
    """Take one step of gradient descent, with momentum as PyTorch defines it.

    With gradient ``g`` and velocity ``v``::

        v = g                                        at the first step
        v = momentum * v + (1 - dampening) * g       later
        d = g + momentum * v  if nesterov  else  v   (d = g without momentum)
        w = prox_l1(w - lr * d, lr * l1)

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : SGDState
        What the step before returned, or `sgd_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate and strength of the l1 norm.
    momentum : float
        Share of the velocity that is kept, between 0 and 1.
    dampening : float
        Share of the gradient that does not enter the velocity.
    nesterov : bool
        Look ahead along the new velocity.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : SGDState
        New state.

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational Mathematics
    and Mathematical Physics 4, 1964.
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and momentum in deep
    learning", International Conference on Machine Learning, 2013.
    """
    direction = grad
    if momentum != 0.0:
        velocity = grad if state.velocity is None else momentum * state.velocity + (1.0 - dampening) * grad
        direction = grad + momentum * velocity if nesterov else velocity
        state = SGDState(velocity)
    return prox_l1(w - step.lr * direction, step.lr * step.l1), state
