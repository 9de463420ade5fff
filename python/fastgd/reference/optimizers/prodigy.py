"""Prodigy: Adam that finds its learning rate from the distance travelled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ._interface import Step, decayed


class ProdigyState(NamedTuple):
    """State of `prodigy_update`.

    Parameters
    ----------
    mean, square, slope : array of the parameters' shape
        Moving averages of the scaled gradients and of their squares, and their weighted sum.
    start : array of the parameters' shape
        First parameters.
    distance : float
        Estimate ``d`` of the distance from there to the solution; it never falls.
    numerator : float
        Weighted sum of the products of gradients and ways.
    """

    mean: FloatArray
    square: FloatArray
    slope: FloatArray
    start: FloatArray
    distance: float
    numerator: float


def prodigy_init(w: FloatArray, *, d0: float = 1e-6, **params: Any) -> ProdigyState:
    """Return the state before the first step: zeros, the first parameters, and the distance `d0`."""
    return ProdigyState(np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), w, d0, 0.0)


def prodigy_update(
    grad: FloatArray,
    state: ProdigyState,
    w: FloatArray,
    step: Step,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    beta3: float | None = None,
    eps: float = 1e-8,
    d0: float = 1e-6,
    d_coef: float = 1.0,
    weight_decay: float = 0.0,
    safeguard_warmup: bool = False,
) -> tuple[FloatArray, ProdigyState]:
    """Take one step of Prodigy, with Adam's correction of the bias, as optax defines it.

    With gradient ``g``, ``t = index + 1`` and ``beta3 = sqrt(beta2)`` unless given::

        rate = d * lr * sqrt(1 - beta2**t) / (1 - beta1**t)
        m    = beta1 * m + (1 - beta1) * d * g
        v    = beta2 * v + (1 - beta2) * (d * g)**2
        s    = beta3 * s + rate * d / d0 * g       (d * d / d0 * g  with safeguard_warmup)
        r    = beta3 * r + d / d0 * rate * sum(g * (w_0 - w))
        d    = max(d, d_coef * r / sum(|s|))       (as it was while the sum is 0)
        w    = w - rate * weight_decay * w - rate * m / (sqrt(v) + d * eps)       (only weights decay)

    The learning rate is 1 unless a schedule lowers it; ``rate`` has the ``d`` of before the step.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : ProdigyState
        What the step before returned, or `prodigy_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, steps taken, which parameters are weights.
    beta1, beta2 : float
        Shares of Adam's two averages that are kept.
    beta3 : float or None
        Share of the sums behind the distance that is kept.
    eps : float
        What keeps the rates finite.
    d0 : float
        First estimate of the distance, far below it.
    d_coef : float
        Factor of the estimate.
    weight_decay : float
        Strength of the decay.
    safeguard_warmup : bool
        Whether the learning rate stays out of the sum under the estimate.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : ProdigyState
        New state.

    References
    ----------
    K. Mishchenko and A. Defazio, "Prodigy: an expeditiously adaptive parameter-free learner", International Conference
    on Machine Learning, 2024.
    """
    t, d = step.index + 1, state.distance
    beta3 = float(np.sqrt(beta2)) if beta3 is None else beta3
    rate = d * step.lr * float(np.sqrt(1.0 - beta2**t)) / (1.0 - beta1**t)
    mean = beta1 * state.mean + (1.0 - beta1) * d * grad
    square = beta2 * state.square + (1.0 - beta2) * (d * grad) ** 2
    slope = beta3 * state.slope + (d if safeguard_warmup else rate) * d / d0 * grad
    numerator = beta3 * state.numerator + d / d0 * rate * float(grad @ (state.start - w))
    total = float(np.sum(np.abs(slope)))
    distance = max(d, d_coef * numerator / total) if total > 0.0 else d
    w = decayed(w, step, rate * weight_decay) - rate * mean / (np.sqrt(square) + distance * eps)
    return w, ProdigyState(mean, square, slope, state.start, distance, numerator)
