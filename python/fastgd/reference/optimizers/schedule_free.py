"""Schedule-free descent: the gradient is taken between the iterates and their average."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ._interface import Step, weights_alone


class ScheduleFreeState(NamedTuple):
    """The sequences beside the parameters ``y`` that gradients are taken at.

    Parameters
    ----------
    iterate, average : array of the parameters' shape
        ``z``, which the steps move, and ``x``, its weighted mean and the solution.
    weight_sum, max_lr : float
        Sum of the weights of the mean, and the largest learning rate so far.
    square : array of the parameters' shape
        Moving average of the squares of the gradients, for AdamW.
    """

    iterate: FloatArray
    average: FloatArray
    weight_sum: float
    max_lr: float
    square: FloatArray


def schedule_free_init(w: FloatArray, **params: Any) -> ScheduleFreeState:
    """Return the state before the first step, when ``x = y = z``."""
    return ScheduleFreeState(w, w, 0.0, 0.0, np.zeros_like(w))


def schedule_free_solution(state: ScheduleFreeState, w: FloatArray) -> FloatArray:
    """Return the average ``x``."""
    return state.average


def schedule_free_step(
    direction: FloatArray, state: ScheduleFreeState, step: Step, beta: float, weight_lr_power: float
) -> tuple[FloatArray, ScheduleFreeState]:
    """Move ``z`` along the direction, average it into ``x``, and go between the two.

    ::

        z = z - lr * direction
        c = r**weight_lr_power / (sum of that over all steps),   r the largest rate so far;  0 while the sum is 0
        x = (1 - c) * x + c * z
        y = beta * x + (1 - beta) * z

    Without ``x``, which is ``(y - (1 - beta) z) / beta``, the same is
    ``y = (1 - c) * y + c * z - (1 - beta * (1 - c)) * lr * direction`` with ``z`` before its step.

    Parameters
    ----------
    direction : array of shape (n_params,)
        What ``z`` moves along.
    state : ScheduleFreeState
        State before the step.
    step : Step
        Learning rate.
    beta : float
        How near the gradients' parameters are to the average.
    weight_lr_power : float
        Power of the learning rate that weights the mean.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters ``y``.
    state : ScheduleFreeState
        New state.

    References
    ----------
    A. Defazio et al., "The road less scheduled", Advances in Neural Information Processing Systems 37, 2024.
    """
    max_lr = max(state.max_lr, step.lr)
    weight = max_lr**weight_lr_power
    weight_sum = state.weight_sum + weight
    c = weight / weight_sum if weight_sum > 0.0 else 0.0
    iterate = state.iterate - step.lr * direction
    average = (1.0 - c) * state.average + c * iterate
    w = beta * average + (1.0 - beta) * iterate
    return w, state._replace(iterate=iterate, average=average, weight_sum=weight_sum, max_lr=max_lr)


def schedule_free_sgd_update(
    grad: FloatArray,
    state: ScheduleFreeState,
    w: FloatArray,
    step: Step,
    *,
    beta: float = 0.9,
    weight_lr_power: float = 2.0,
) -> tuple[FloatArray, ScheduleFreeState]:
    """Take the step of `schedule_free_step` along the gradient, ``direction = g``.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : ScheduleFreeState
        What the step before returned, or `schedule_free_init`.
    w : array of shape (n_params,)
        Parameters ``y``.
    step : Step
        Learning rate.
    beta, weight_lr_power : float
        As in `schedule_free_step`.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters ``y``.
    state : ScheduleFreeState
        New state.
    """
    return schedule_free_step(grad, state, step, beta, weight_lr_power)


def schedule_free_adamw_update(
    grad: FloatArray,
    state: ScheduleFreeState,
    w: FloatArray,
    step: Step,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    weight_lr_power: float = 2.0,
) -> tuple[FloatArray, ScheduleFreeState]:
    """Take the step of `schedule_free_step` along Adam's direction without its momentum.

    With gradient ``g`` at ``y`` and ``t = index + 1``, element by element::

        v         = beta2 * v + (1 - beta2) * g**2
        direction = g / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * y    (only weights decay)

    and ``beta1`` as the ``beta`` of `schedule_free_step`.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : ScheduleFreeState
        What the step before returned, or `schedule_free_init`.
    w : array of shape (n_params,)
        Parameters ``y``.
    step : Step
        Learning rate, steps taken, which parameters are weights.
    beta1 : float
        How near the gradients' parameters are to the average.
    beta2 : float
        Share of the average of squares that is kept.
    eps : float
        What keeps the rates finite.
    weight_decay : float
        Strength of the decay.
    weight_lr_power : float
        Power of the learning rate that weights the mean.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters ``y``.
    state : ScheduleFreeState
        New state.
    """
    square = beta2 * state.square + (1.0 - beta2) * grad**2
    direction = grad / (np.sqrt(square / (1.0 - beta2 ** (step.index + 1))) + eps)
    direction = direction + weight_decay * weights_alone(w, step)
    return schedule_free_step(direction, state._replace(square=square), step, beta1, weight_lr_power)
