"""Adagrad: rates that fall where gradients were large."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


class AdagradState(NamedTuple):
    """State of `adagrad_update`.

    Parameters
    ----------
    square_sum : array of the parameters' shape
        Sum of the squares of the gradients.
    """

    square_sum: FloatArray


def adagrad_init(w: FloatArray, *, initial_accumulator_value: float = 0.0, **params: Any) -> AdagradState:
    """Return the state before the first step, with the sum at `initial_accumulator_value`."""
    return AdagradState(np.full_like(w, initial_accumulator_value))


def adagrad_update(
    grad: FloatArray,
    state: AdagradState,
    w: FloatArray,
    step: Step,
    *,
    lr_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
) -> tuple[FloatArray, AdagradState]:
    """Take one step of Adagrad, as PyTorch defines it.

    With gradient ``g``, element by element::

        s    = s + g**2
        rate = lr / (1 + index * lr_decay) / (sqrt(s) + eps)
        w    = prox_l1(w - rate * g, rate * l1)

    The soft threshold is the proximal step in the metric of the rates, so it keeps the minimum where it is.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : AdagradState
        What the step before returned, or `adagrad_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, steps taken, strength of the l1 norm.
    lr_decay : float
        Fall of the learning rate with the steps.
    initial_accumulator_value : float
        Where the sum begins, see `adagrad_init`.
    eps : float
        What keeps the rates finite.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : AdagradState
        New state.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
    Journal of Machine Learning Research 12, 2011.
    """
    square_sum = state.square_sum + grad**2
    rate = step.lr / (1.0 + step.index * lr_decay) / (np.sqrt(square_sum) + eps)
    return prox_l1(w - rate * grad, rate * step.l1), AdagradState(square_sum)
