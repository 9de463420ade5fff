"""Adam and its relatives AdamW and NAdam."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import FloatArray
from ._interface import Step, decayed


class AdamState(NamedTuple):
    """State of `adam_update` and `adamw_update`.

    Parameters
    ----------
    mean, square : array of the parameters' shape
        Moving averages of the gradients and of their squares.
    square_max : array of the parameters' shape
        Largest `square` so far, with amsgrad.
    """

    mean: FloatArray
    square: FloatArray
    square_max: FloatArray


def adam_init(w: FloatArray, **params: Any) -> AdamState:
    """Return the state before the first step, zeros."""
    return AdamState(np.zeros_like(w), np.zeros_like(w), np.zeros_like(w))


def adam_update(
    grad: FloatArray,
    state: AdamState,
    w: FloatArray,
    step: Step,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    amsgrad: bool = False,
) -> tuple[FloatArray, AdamState]:
    """Take one step of Adam, as PyTorch defines it.

    With gradient ``g`` and ``t = index + 1``, element by element::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        u = max(u, v)  if amsgrad  else  v
        w = w - lr / (1 - beta1**t) * m / (sqrt(u) / sqrt(1 - beta2**t) + eps)

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : AdamState
        What the step before returned, or `adam_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate and steps taken.
    beta1, beta2 : float
        Shares of the two averages that are kept.
    eps : float
        What keeps the rates finite.
    amsgrad : bool
        Whether the largest average of squares so far takes the place of the last one.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : AdamState
        New state.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", International Conference on Learning
    Representations, 2015.
    S. J. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", International Conference on Learning
    Representations, 2018 (amsgrad).
    """
    t = step.index + 1
    mean = beta1 * state.mean + (1.0 - beta1) * grad
    square = beta2 * state.square + (1.0 - beta2) * grad**2
    square_max = np.maximum(state.square_max, square) if amsgrad else state.square_max
    scale = np.sqrt(square_max if amsgrad else square) / np.sqrt(1.0 - beta2**t) + eps
    return w - step.lr / (1.0 - beta1**t) * mean / scale, AdamState(mean, square, square_max)


def adamw_update(
    grad: FloatArray,
    state: AdamState,
    w: FloatArray,
    step: Step,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    amsgrad: bool = False,
    weight_decay: float = 1e-2,
) -> tuple[FloatArray, AdamState]:
    """Let the weights decay by ``lr * weight_decay``, then take the step of `adam_update`.

    As PyTorch defines it::

        w = w - lr * weight_decay * w    for weights
        w = adam_update(g, ..., w)

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`, before it decays.
    state : AdamState
        What the step before returned, or `adam_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate, steps taken, which parameters are weights.
    beta1, beta2, eps, amsgrad
        As in `adam_update`.
    weight_decay : float
        Strength of the decay.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : AdamState
        New state.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", International Conference on Learning
    Representations, 2019.
    """
    w = decayed(w, step, step.lr * weight_decay)
    return adam_update(grad, state, w, step, beta1=beta1, beta2=beta2, eps=eps, amsgrad=amsgrad)


class NAdamState(NamedTuple):
    """State of `nadam_update`.

    Parameters
    ----------
    mean, square : array of the parameters' shape
        Moving averages of the gradients and of their squares.
    momentum_product : float
        Product of the momenta of all steps.
    """

    mean: FloatArray
    square: FloatArray
    momentum_product: float


def nadam_init(w: FloatArray, **params: Any) -> NAdamState:
    """Return the state before the first step: zeros, and the empty product."""
    return NAdamState(np.zeros_like(w), np.zeros_like(w), 1.0)


def nadam_momentum(t: int, beta1: float, momentum_decay: float) -> float:
    """Momentum of step `t`, counted from 1: ``beta1 (1 - 0.96**(t momentum_decay) / 2)``."""
    return float(beta1 * (1.0 - 0.5 * 0.96 ** (t * momentum_decay)))


def nadam_update(
    grad: FloatArray,
    state: NAdamState,
    w: FloatArray,
    step: Step,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    momentum_decay: float = 4e-3,
) -> tuple[FloatArray, NAdamState]:
    """Take one step of NAdam, Adam with Nesterov momentum, as PyTorch defines it.

    With gradient ``g``, ``t = index + 1`` and ``mu_t = beta1 (1 - 0.96**(t momentum_decay) / 2)``::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p * mu_t
        d = (1 - mu_t) / (1 - p) * g + mu_{t+1} / (1 - p * mu_{t+1}) * m
        w = w - lr * d / (sqrt(v / (1 - beta2**t)) + eps)

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient at `w`.
    state : NAdamState
        What the step before returned, or `nadam_init`.
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Learning rate and steps taken.
    beta1, beta2 : float
        Shares of the two averages that are kept.
    eps : float
        What keeps the rates finite.
    momentum_decay : float
        How fast the momentum grows from half of `beta1` to all of it.

    Returns
    -------
    w : array of shape (n_params,)
        New parameters.
    state : NAdamState
        New state.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", International Conference on Learning Representations,
    workshop track, 2016.
    """
    t = step.index + 1
    mu, mu_next = (nadam_momentum(s, beta1, momentum_decay) for s in (t, t + 1))
    mean = beta1 * state.mean + (1.0 - beta1) * grad
    square = beta2 * state.square + (1.0 - beta2) * grad**2
    product = state.momentum_product * mu
    direction = (1.0 - mu) / (1.0 - product) * grad + mu_next / (1.0 - product * mu_next) * mean
    scale = np.sqrt(square / (1.0 - beta2**t)) + eps
    return w - step.lr * direction / scale, NAdamState(mean, square, product)
