"""Gradient descent with Polyak's step size."""

from __future__ import annotations

from typing import Any

from .._arrays import FloatArray
from ..penalties import prox_l1
from ._interface import Step


def polyak_sgd_init(w: FloatArray, **params: Any) -> None:
    """Return None: there is no state."""


def polyak_sgd_update(
    grad: FloatArray,
    state: None,
    w: FloatArray,
    step: Step,
    *,
    f_min: float = 0.0,
    eps: float = 0.0,
) -> tuple[FloatArray, None]:
    """Take one step of the size at which a linear model of the objective would reach its minimum.

    With gradient ``g`` and the batch's objective ``f``, penalty included::

        rate = min(max(f - f_min, 0) / (||g||**2 + eps), lr)       (0 where ||g||**2 + eps = 0)
        w    = prox_l1(w - rate * g, rate * l1)

    The learning rate is the largest one allowed. An objective below `f_min` makes no step, as in the variant SPS+.

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : None
        There is none.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, objective on the batch, strength of the l1 norm.
    f_min : float
        Least value of the objective, or a bound below it.
    eps : float
        What keeps the rate finite.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : None
        There is none.

    Raises
    ------
    ValueError
        The step does not say what the objective is.

    References
    ----------
    B. T. Polyak, "Introduction to optimization", Optimization Software, 1987.
    N. Loizou, S. Vaswani, I. Laradji and S. Lacoste-Julien, "Stochastic Polyak step-size for SGD: an adaptive learning
    rate for fast convergence", International Conference on Artificial Intelligence and Statistics, 2021.
    G. Garrigos, R. M. Gower and F. Schaipp, "Function value learning: adaptive learning rates based on the Polyak
    stepsize and function splitting in ERM", arXiv:2307.14528, 2023 (SPS+).
    """
    if step.value is None:
        raise ValueError("step.value must be the objective on the step's batch, got None")
    square = float(grad @ grad) + eps
    rate = min(max(step.value - f_min, 0.0) / square, step.lr) if square > 0.0 else 0.0
    return prox_l1(w - rate * grad, rate * step.l1), state
