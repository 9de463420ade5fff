"""Descent on any function that gives its value and gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64
from .clipping import clip
from .optimizers import Step, get_optimizer
from .schedules import Schedule, as_schedule

Function: TypeAlias = Callable[[FloatArray], tuple[float, FloatArray]]


class Path(NamedTuple):
    """What `minimize_function` went through.

    Parameters
    ----------
    x : array of shape (n_params,)
        Solution after the last step.
    values : array of shape (n_steps,)
        The function where each step took its gradient.
    parameters : array of shape (n_steps + 1, n_params)
        Parameters before each step, where its gradient is taken, and after the last.
    solutions : array of shape (n_steps + 1, n_params)
        What the optimiser would have reported after so many steps.
    """

    x: FloatArray
    values: FloatArray
    parameters: FloatArray
    solutions: FloatArray


def minimize_function(
    fun_and_grad: Function,
    w0: ArrayLike,
    *,
    optimizer: str = "sgd",
    optimizer_params: Mapping[str, Any] | None = None,
    lr: float | Schedule = 0.01,
    n_steps: int = 100,
    l1: float | FloatArray = 0.0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
) -> Path:
    """Minimise a function, and l1 norms beside it, by so many steps of an optimiser.

    A step is ``w <- update(clip(grad(w)), w, lr)``; all parameters are weights that may decay.

    Parameters
    ----------
    fun_and_grad : function w -> (value, gradient)
        The smooth function.
    w0 : array of shape (n_params,)
        First parameters.
    optimizer : str
        Name in `OPTIMIZERS`, other than those for finite sums.
    optimizer_params : mapping, optional
        Its parameters by name.
    lr : float or function step -> float
        Learning rate, or a schedule of it.
    n_steps : int
        Number of steps.
    l1 : float or array of shape (n_params,)
        Strength of the l1 norm, ``sum(l1 * |w|)``.
    clip_value, clip_norm : float, optional
        Bounds on the elements and on the norm of every step's gradient, see `clip`.

    Returns
    -------
    Path
        The solution and all steps towards it.

    Raises
    ------
    ValueError
        The optimiser is unknown, refuses the l1 norm, or needs the rows of a `LinearObjective`.
    """
    method, params = get_optimizer(optimizer), dict(optimizer_params or {})
    if method.estimator is not None:
        raise ValueError(f"optimizer must be one that takes any function, got {optimizer!r}: it needs rows of a table")
    (l1,) = as_float64(l1)
    if np.any(l1 > 0.0):
        method.check_l1(optimizer, params)
    schedule = as_schedule(lr)
    (w,) = as_float64(w0)
    state = method.init(w, **params)
    values, parameters, solutions = [], [w], [w]
    for index in range(n_steps):
        value, gradient = fun_and_grad(w)
        step = Step(float(schedule(index)), index, value + float(np.sum(l1 * np.abs(w))), None, l1)
        w, state = method.update(clip(gradient, clip_value, clip_norm), state, w, step, **params)
        values.append(value)
        parameters.append(w)
        solutions.append(method.solution(state, w))
    return Path(solutions[-1], np.array(values), np.array(parameters), np.array(solutions))
