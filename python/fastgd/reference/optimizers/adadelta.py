"""Adadelta: steps in the units of the parameters."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ._interface import Step


class AdadeltaState(NamedTuple):
    """State of `adadelta_update`.

    Parameters
    ----------
    square_avg, delta_avg : array of the parameters' shape
        Moving averages of the squares of the gradients, and of the squares of the directions.
    """

    square_avg: FloatArray
    delta_avg: FloatArray


def adadelta_init(w: FloatArray, **params: Any) -> AdadeltaState:
    """Return the state before the first step, zeros."""
    return AdadeltaState(np.zeros_like(w), np.zeros_like(w))


def adadelta_update(
    grad: FloatArray, state: AdadeltaState, w: FloatArray, step: Step, *, rho: float = 0.9, eps: float = 1e-6
) -> tuple[FloatArray, AdadeltaState]:
    """Take one step of Adadelta, as PyTorch defines it.

    With gradient ``g``, element by element::

        v = rho * v + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        w = w - lr * d

    The paper's step has ``lr = 1``.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : AdadeltaState
        What the step before returned, or `adadelta_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate.
    rho : float
        Share of the averages that is kept.
    eps : float
        What lets the first steps begin and keeps the last ones finite.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : AdadeltaState
        New state.

    References
    ----------
    M. D. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012.
    """
    square_avg = rho * state.square_avg + (1.0 - rho) * grad**2
    direction = np.sqrt(state.delta_avg + eps) / np.sqrt(square_avg + eps) * grad
    delta_avg = rho * state.delta_avg + (1.0 - rho) * direction**2
    return w - step.lr * direction, AdadeltaState(square_avg, delta_avg)
