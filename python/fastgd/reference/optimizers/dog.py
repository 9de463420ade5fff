"""DoG: the rate is the distance travelled over the gradients met."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


class DoGState(NamedTuple):
    """State of `dog_update`.

    Parameters
    ----------
    start : array of the parameters' shape
        First parameters.
    distance : float
        Largest distance from there so far.
    square_sum : float
        Sum of the squared norms of the gradients.
    """

    start: FloatArray
    distance: float
    square_sum: float


def dog_init(w: FloatArray, *, reps_rel: float = 1e-6, **params: Any) -> DoGState:
    """Return the state before the first step, with the distance ``reps_rel * (1 + ||w_0||)``."""
    return DoGState(w, reps_rel * (1.0 + float(np.linalg.norm(w))), 0.0)


def dog_update(
    grad: FloatArray,
    state: DoGState,
    w: FloatArray,
    step: Step,
    *,
    reps_rel: float = 1e-6,
    eps: float = 1e-8,
) -> tuple[FloatArray, DoGState]:
    """Take one step of DoG, distance over gradients.

    With gradient ``g``::

        r    = max(r, ||w - w_0||)
        G    = G + ||g||**2
        rate = lr * r / sqrt(G + eps)
        w    = prox_l1(w - rate * g, rate * l1)

    The learning rate is 1 unless a schedule lowers it.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : DoGState
        What the step before returned, or `dog_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, steps taken, strength of the l1 norm.
    reps_rel : float
        First distance, see `dog_init`.
    eps : float
        What keeps the rate finite.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : DoGState
        New state.

    References
    ----------
    M. Ivgi, O. Hinder and Y. Carmon, "DoG is SGD's best friend: a parameter-free dynamic step size schedule",
    International Conference on Machine Learning, 2023.
    """
    distance = max(state.distance, float(np.linalg.norm(w - state.start)))
    square_sum = state.square_sum + float(grad @ grad)
    rate = step.lr * distance / float(np.sqrt(square_sum + eps))
    return prox_l1(w - rate * grad, rate * step.l1), DoGState(state.start, distance, square_sum)
