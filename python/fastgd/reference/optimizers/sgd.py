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
    gain : float
        What the velocity would be if all gradients were 1; 0 before the first step and without momentum.
    """

    velocity: FloatArray | None
    gain: float


def sgd_init(w: FloatArray, **params: Any) -> SGDState:
    """Return the state before the first step, which has no velocity yet."""
    return SGDState(velocity=None, gain=0.0)


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

    With gradient ``g``, velocity ``v`` and its gain ``G``::

        v, G = g, 1                                  at the first step
        v    = momentum * v + (1 - dampening) * g    later
        G    = momentum * G + (1 - dampening)
        d, L = v, G                                  (g, 1 without momentum)
        d, L = g + momentum * v, 1 + momentum * G    if nesterov
        w    = prox_l1(w - lr * d, lr * L * l1)

    The proximal step has the length ``lr * L`` of the step before it, not ``lr``: at the minimum the gradient is
    ``-l1 * sign(w)`` step after step, ``d`` is ``L`` times that, and only a threshold of ``lr * L * l1`` takes back
    what the step does. With ``lr * l1`` descent would come to rest where the l1 norm counts ``1 / L`` of its strength.

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
    if momentum == 0.0:
        return prox_l1(w - step.lr * grad, step.lr * step.l1), state
    velocity, gain = grad, 1.0
    if state.velocity is not None:
        velocity = momentum * state.velocity + (1.0 - dampening) * grad
        gain = momentum * state.gain + (1.0 - dampening)
    direction, length = (grad + momentum * velocity, 1.0 + momentum * gain) if nesterov else (velocity, gain)
    return prox_l1(w - step.lr * direction, step.lr * length * step.l1), SGDState(velocity, gain)
