"""Lion: steps of one size, in the direction of a sign."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ._interface import Step, decayed


class LionState(NamedTuple):
    """State of `lion_update`.

    Parameters
    ----------
    mean : array of the parameters' shape
        Moving average of the gradients.
    """

    mean: FloatArray


def lion_init(w: FloatArray, **params: Any) -> LionState:
    """Return the state before the first step, zeros."""
    return LionState(np.zeros_like(w))


def lion_update(
    grad: FloatArray,
    state: LionState,
    w: FloatArray,
    step: Step,
    *,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
) -> tuple[FloatArray, LionState]:
    """Take one step of Lion.

    With gradient ``g``, element by element, and ``sign(0) = 0``::

        c = beta1 * m + (1 - beta1) * g
        m = beta2 * m + (1 - beta2) * g
        w = w - lr * (sign(c) + weight_decay * w)    (only weights decay)

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : LionState
        What the step before returned, or `lion_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, which parameters are weights.
    beta1 : float
        Share of the average in the direction.
    beta2 : float
        Share of the average that is kept.
    weight_decay : float
        Strength of the decay.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : LionState
        New state.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", Advances in Neural Information Processing
    Systems 36, 2023.
    """
    direction = np.sign(beta1 * state.mean + (1.0 - beta1) * grad)
    mean = beta2 * state.mean + (1.0 - beta2) * grad
    return decayed(w, step, step.lr * weight_decay) - step.lr * direction, LionState(mean)
