"""Minimisation by batch, stochastic and mini-batch gradient descent: the steps of `steps`, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64
from .gaussian_mixture import GaussianMixtureObjective
from .risk import EmpiricalRisk
from .sampling import Order
from .schedules import Schedule, as_schedule
from .steps import GROWTH, ByStep, Descent, Options, grad_norm, largest_early_loss


@dataclass(frozen=True)
class History:
    """What happened in each whole epoch.

    Parameters
    ----------
    epoch : array of shape (n_epochs,), int64
        Number of the epoch, counted from 0.
    step : array of shape (n_epochs,), int64
        Steps taken by its end, those that led to divergence too.
    loss : array of shape (n_epochs,)
        Mean of the losses, each before its batch's step, and the penalty at the epoch's first parameters.
        With one batch of all rows: the objective at the epoch's first parameters.
    lr : array of shape (n_epochs,)
        Learning rate of its last step, lowered by restarts.
    grad_norm : array of shape (n_epochs,)
        Norm of the objective's gradient at the epoch's first parameters, with an l1 norm of the subgradient of least
        norm; nan unless the batch is full. With dropout, losses and gradients are those that the steps see.
    """

    epoch: np.ndarray[Any, np.dtype[np.int64]]
    step: np.ndarray[Any, np.dtype[np.int64]]
    loss: FloatArray
    lr: FloatArray
    grad_norm: FloatArray


@dataclass(frozen=True)
class Result:
    """What descent found.

    Parameters
    ----------
    x : array of shape (n_params,)
        Last parameters, averaged where the optimiser averages; where the optimiser says so, those that the epoch of the
        least loss began with, if they are better; after divergence, the better of those that this epoch began and ended
        with.
    fun, grad_norm : float
        Objective at `x`, and the norm of its gradient there, as in `History`.
    lr : float
        Learning rate of the last step.
    n_epochs, n_steps : int
        Whole epochs, and steps, that were taken.
    n_restarts : int
        How often it diverged and went back.
    status : str
        ``"converged"``, ``"max_epochs"`` or ``"diverged"``.
    history : History
        One entry an epoch.
    """

    x: FloatArray
    fun: float
    grad_norm: float
    lr: float
    n_epochs: int
    n_steps: int
    n_restarts: int
    status: str
    history: History


def minimize(
    objective: EmpiricalRisk | GaussianMixtureObjective,
    w0: ArrayLike | None = None,
    *,
    optimizer: str = "sgd",
    optimizer_params: Mapping[str, Any] | None = None,
    lr: float | Schedule = 0.01,
    batch_size: int | str = "full",
    max_epochs: int = 100,
    tol: float | None = 1e-4,
    n_iter_no_change: int = 5,
    shuffle: bool = True,
    order: Order | None = None,
    random_state: int = 0,
    init_seed: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
) -> Result:
    """Minimise the objective by gradient descent.

    A step on batch ``B`` is ``w <- update(clip(grad_B(w)), w, lr)``, the proximal step of the l1 norm included.
    ``grad_B`` is the gradient of the batch's risk, or its estimate by SAGA or SVRG, and that of the penalty's smooth
    part.  Batches are cut from the order of all rows; then rows of weight 0 drop out, and a batch without any other
    is no step.

    Descent has diverged where a score or the epoch's loss is not finite, or the loss is more than `EXPLOSION` times
    the `largest_early_loss`, or `GROWTH` times where it `has_converged`.  Parameters, optimiser and schedule then go
    back to where the best epoch so far began, with every rate from there on multiplied by `SMALLER`; a table of SAGA or
    SVRG begins anew; the order of the rows goes on, and so does the count of epochs.  After `MAX_RESTARTS` restarts
    there is no other: the status is "diverged", as it is where the last epoch's loss is more than `GROWTH` times the
    largest early one.

    Parameters
    ----------
    objective : EmpiricalRisk or GaussianMixtureObjective
        What is minimised.
    w0 : array of shape (n_params,), optional
        First parameters; by default the initial ones of `init_seed`.
    optimizer : str
        Name in `OPTIMIZERS`.
    optimizer_params : mapping, optional
        Its parameters by name.
    lr : float or function step -> float
        Learning rate, or a schedule of it.
    batch_size : int or "full"
        Rows a step; "full" for all at once, which are then never shuffled.
    max_epochs : int
        Passes over the rows.
    tol, n_iter_no_change
        When to stop before that, see `has_converged`.
    shuffle, order, random_state
        The order of the rows, see `epoch_order`.
    init_seed : int
        Seed of the first parameters, and of the units that steps drop.
    clip_value, clip_norm : float, optional
        Bounds on the elements and on the norm of every step's gradient, see `clip`.

    Returns
    -------
    Result
        Parameters found, and how.

    Raises
    ------
    ValueError
        The optimiser is unknown or refuses the l1 norm, the batch size is not allowed, or an epoch has no row.

    References
    ----------
    H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951.
    L. Bottou, F. E. Curtis and J. Nocedal, "Optimization methods for large-scale machine learning", SIAM Review 60,
    2018.
    """
    if batch_size != "full" and not (isinstance(batch_size, int) and batch_size >= 1):
        raise ValueError(f"batch_size must be an int >= 1 or 'full', got {batch_size!r}")
    start = objective.initial(init_seed) if w0 is None else as_float64(w0)[0]
    options = Options(
        rates=ByStep(as_schedule(lr)),
        batch_size=batch_size,
        max_epochs=max_epochs,
        tol=tol,
        n_iter_no_change=n_iter_no_change,
        shuffle=shuffle,
        order=order,
        random_state=random_state,
        init_seed=init_seed,
        clip_value=clip_value,
        clip_norm=clip_norm,
    )
    descent = Descent(objective, start, optimizer, optimizer_params or {}, options)
    for _ in descent.run():
        pass
    return _result(objective, descent)


@np.errstate(over="ignore", invalid="ignore")
def _result(objective: EmpiricalRisk | GaussianMixtureObjective, descent: Descent) -> Result:
    """Return what a descent that has ended found."""
    at, begin, end, status = descent.at, descent.best_begin, descent.best_end, descent.status
    last = descent.since_restart
    grows = bool(last) and last[-1] > GROWTH * largest_early_loss(descent.first_loss, last)
    if grows or not np.all(np.isfinite(at.x)):
        status = "diverged"
    x = at.x
    if status == "diverged":
        x = min((begin.x, end.x), key=objective.value)
    elif descent.method.ends_with_best:
        x = min((at.x, begin.x), key=objective.value)
    fun, gradient = objective.value_and_grad(x)
    return Result(
        x=x,
        fun=fun,
        grad_norm=grad_norm(objective, x, gradient),
        lr=descent.rates[-1] if descent.rates else np.nan,
        n_epochs=len(descent.losses),
        n_steps=descent.n_steps,
        n_restarts=descent.n_restarts,
        status=status,
        history=History(
            np.arange(len(descent.losses)),
            np.array(descent.steps, np.int64),
            np.array(descent.losses),
            np.array(descent.rates),
            np.array(descent.norms),
        ),
    )
