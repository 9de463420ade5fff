"""Batch, stochastic and mini-batch gradient descent: one loop.

A batch of all rows makes it batch gradient descent, a batch of one row stochastic gradient descent, and
anything between mini-batch gradient descent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64
from .clipping import clip
from .optimizers import Step, get_optimizer
from .optimizers.finite_sum import empty_table
from .owlqn import pseudo_gradient
from .risk import EmpiricalRisk, empirical_risk
from .sampling import Order, batches, epoch_order
from .schedules import Schedule, as_schedule

# A loss this many times the early ones is divergence: at once, and where descent would end.
EXPLOSION, GROWTH = 1e4, 10.0
# What becomes of the learning rate after divergence, and how often.
SMALLER, MAX_RESTARTS = 0.1, 3


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


class Position(NamedTuple):
    """Where descent is, and can go back to.

    Parameters
    ----------
    w : array of shape (n_params,)
        Parameters.
    state : object
        State of the optimiser.
    step : int
        Steps on the way to them.
    x : array of shape (n_params,)
        What the optimiser reports there.
    """

    w: FloatArray
    state: Any
    step: int
    x: FloatArray


def largest_early_loss(first: float, since_restart: Sequence[float]) -> float:
    """Return what losses are measured by: the largest of the first one from the start and the two since a restart.

    One alone may be near 0 by chance, as that of a perceptron is at 0.
    """
    return max(abs(loss) for loss in (first, *since_restart[:2]))


def grad_norm(objective: EmpiricalRisk, w: FloatArray, gradient: FloatArray) -> float:
    """Return the Euclidean norm of the `pseudo_gradient`, which without an l1 norm is the gradient."""
    return float(np.linalg.norm(pseudo_gradient(w, gradient, objective.l1_strength())))


def has_converged(loss: Sequence[float], tol: float | None, n_iter_no_change: int) -> bool:
    """Whether the last epochs brought no relative decrease above `tol`.

    With ``best = min(loss[:-n_iter_no_change])``: ``min(loss[-n_iter_no_change:]) > best - tol |best|``.

    Parameters
    ----------
    loss : sequence of float
        Loss of each epoch so far.
    tol : float or None
        Least relative decrease that counts; None never stops.
    n_iter_no_change : int
        Number of epochs that may pass without one.

    Returns
    -------
    bool
        False until there are more than `n_iter_no_change` epochs.
    """
    if tol is None or len(loss) <= n_iter_no_change:
        return False
    best = min(loss[:-n_iter_no_change])
    return min(loss[-n_iter_no_change:]) > best - tol * abs(best)


def minimize(
    objective: EmpiricalRisk,
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
    objective : EmpiricalRisk
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
    full = batch_size == "full"
    if not full and not (isinstance(batch_size, int) and batch_size >= 1):
        raise ValueError(f"batch_size must be an int >= 1 or 'full', got {batch_size!r}")
    schedule = as_schedule(lr)
    method, params = get_optimizer(optimizer), dict(optimizer_params or {})
    l1, decays = objective.l1_strength(), objective.is_weight()
    if np.any(l1 > 0.0):
        method.check_l1(optimizer, params)
    start = objective.initial(init_seed) if w0 is None else as_float64(w0)[0]
    estimator, table = method.estimator, None
    update_params = params if estimator is None else {}
    at = Position(start, method.init(start, **update_params), 0, start)
    n_steps = n_restarts = 0
    rate, factor, status = np.nan, 1.0, "max_epochs"
    # An epoch's loss is a mean over the way from its begin to its end.
    best_loss, best_begin, best_end = np.inf, at, at
    first_loss = 0.0
    since_restart: list[float] = []
    losses: list[float] = []
    steps: list[int] = []
    rates: list[float] = []
    norms: list[float] = []

    with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges says so by its status
        for epoch in range(max_epochs):
            begin = at
            loss_sum = weight_sum = 0.0
            finite = True
            whole = objective.in_training(np.arange(objective.n_samples), at.step, init_seed)
            norms.append(grad_norm(objective, at.w, whole.grad(at.w)) if full else np.nan)
            if estimator is not None:
                table = estimator.begin_epoch(objective, at.w, table, epoch, **params)
            rows = epoch_order(objective.n_samples, epoch, shuffle=shuffle and not full, seed=random_state, order=order)
            for cut in batches(rows, len(rows) if full else int(batch_size)):
                batch = objective.present(cut)
                if batch.size == 0:
                    continue
                seen = objective.in_training(cut, at.step, init_seed)
                weight = objective.weight[batch]
                row_losses = seen.row_losses(at.w, batch)
                loss_sum += float(weight @ row_losses)
                weight_sum += float(weight.sum())
                finite = finite and seen.is_finite(at.w, batch)
                value = empirical_risk(row_losses, weight, objective.mean_weight) + objective.penalty(at.w)[0]
                if estimator is None or table is None:
                    gradient = seen.batch_gradient(at.w, batch)
                else:
                    gradient, table = estimator.gradient(objective, at.w, batch, table)
                    gradient = gradient + objective.smooth_penalty_gradient(at.w)
                rate = factor * float(schedule(at.step))
                now = Step(rate, at.step, value, decays, l1)
                w, state = method.update(clip(gradient, clip_value, clip_norm), at.state, at.w, now, **update_params)
                at = Position(w, state, at.step + 1, method.solution(state, w))
                n_steps += 1

            if weight_sum == 0.0:
                raise ValueError(f"order visits no row of positive weight in epoch {epoch}")
            loss = loss_sum / weight_sum + objective.penalty(begin.w)[0]
            losses.append(loss)
            steps.append(n_steps)
            rates.append(rate)
            since_restart.append(loss)
            first_loss = loss if begin.step == 0 else first_loss
            early_loss = largest_early_loss(first_loss, since_restart)
            settled = has_converged(since_restart, tol, n_iter_no_change)
            if not (finite and np.isfinite(loss) and loss <= (GROWTH if settled else EXPLOSION) * early_loss):
                if n_restarts == MAX_RESTARTS:
                    status = "diverged"
                    break
                n_restarts += 1
                factor *= SMALLER
                at, since_restart = best_begin, []
                table = None if estimator is None else empty_table(objective)
                continue
            if loss < best_loss:
                best_loss, best_begin, best_end = loss, begin, at
            if settled:
                status = "converged"
                break

        grows = bool(since_restart) and since_restart[-1] > GROWTH * largest_early_loss(first_loss, since_restart)
        if grows or not np.all(np.isfinite(at.x)):
            status = "diverged"
        x = at.x
        if status == "diverged":
            x = min((best_begin.x, best_end.x), key=objective.value)
        elif method.ends_with_best:
            x = min((at.x, best_begin.x), key=objective.value)
        fun, gradient = objective.value_and_grad(x)

    history = History(
        np.arange(len(losses)), np.array(steps, np.int64), np.array(losses), np.array(rates), np.array(norms)
    )
    return Result(x, fun, grad_norm(objective, x, gradient), rate, len(losses), n_steps, n_restarts, status, history)
