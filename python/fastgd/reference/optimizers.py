"""Optimisers: a function that makes the first state, and one that maps gradient and state to the next parameters.

No state is hidden: ``state = init(w)``, then ``w, state = update(grad, state, w, lr, **params)`` a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ._arrays import FloatArray


class Optimizer(NamedTuple):
    """The two functions of an optimiser.

    Parameters
    ----------
    init : function w -> state
        First state for parameters of this shape.
    update : function (grad, state, w, lr, **params) -> (w, state)
        One step.
    """

    init: Callable[[FloatArray], Any]
    update: Callable[..., tuple[FloatArray, Any]]


class SGDState(NamedTuple):
    """State of `sgd_update`.

    Parameters
    ----------
    velocity : array of the parameters' shape, or None
        Running sum of gradients; None before the first step and without momentum.
    """

    velocity: FloatArray | None


def sgd_init(w: FloatArray) -> SGDState:
    """Return the state before the first step, which has no velocity yet."""
    return SGDState(velocity=None)


def sgd_update(
    grad: FloatArray,
    state: SGDState,
    w: FloatArray,
    lr: float,
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
        w = w - lr * d

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : SGDState
        What the step before returned, or `sgd_init`.
    w : array of shape (n_params,)
        Parameters.
    lr : float
        Learning rate.
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
        return w - lr * grad, state
    velocity = grad if state.velocity is None else momentum * state.velocity + (1.0 - dampening) * grad
    direction = grad + momentum * velocity if nesterov else velocity
    return w - lr * direction, SGDState(velocity)


OPTIMIZERS: dict[str, Optimizer] = {"sgd": Optimizer(sgd_init, sgd_update)}
