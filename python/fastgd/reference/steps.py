"""Batch, stochastic and mini-batch gradient descent, step by step: one loop.

A batch of all rows makes it batch gradient descent, a batch of one row stochastic gradient descent, and
anything between mini-batch gradient descent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ._arrays import FloatArray, IntArray
from .clipping import clip
from .objective import Objective
from .optimizers import Step, get_optimizer
from .optimizers.finite_sum import empty_table
from .owlqn import pseudo_gradient
from .sampling import Order, batches, epoch_order
from .schedules import Schedule

# A loss this many times the early ones is divergence: at once, and where descent would end.
EXPLOSION, GROWTH = 1e4, 10.0
# What becomes of the learning rate after divergence, and how often.
SMALLER, MAX_RESTARTS = 0.1, 3


class Rates(Protocol):
    """Learning rates of a descent."""

    def rate(self, step: int, epoch: int) -> float:
        """Return the rate of a step of an epoch."""

    def epoch_end(self, loss: float) -> None:
        """Take notice of the loss of an epoch that has ended."""


class ByStep(NamedTuple):
    """The `Rates` of a schedule that knows of nothing but the step."""

    schedule: Schedule

    def rate(self, step: int, epoch: int) -> float:
        """Return the rate of a step."""
        return float(self.schedule(step))

    def epoch_end(self, loss: float) -> None:
        """Take no notice."""


class Options(NamedTuple):
    """What `minimize` was told, but for the objective and the optimiser.

    Parameters
    ----------
    rates : Rates
        Learning rates.
    batch_size : int or "full"
        Rows a step.
    max_epochs, tol, n_iter_no_change, shuffle, order, random_state, init_seed, clip_value, clip_norm
        As of `minimize`.
    is_enough : function (x, grad_norm, n_epochs) -> bool, optional
        Whether descent may end for what an epoch began with: what the optimiser reported there, the norm of the
        gradient, nan unless the batch is full, and epochs that have ended since.
    """

    rates: Rates
    batch_size: int | str = "full"
    max_epochs: int = 100
    tol: float | None = 1e-4
    n_iter_no_change: int = 5
    shuffle: bool = True
    order: Order | None = None
    random_state: int = 0
    init_seed: int = 0
    clip_value: float | None = None
    clip_norm: float | None = None
    is_enough: Callable[[FloatArray, float, int], bool] | None = None


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


class Taken(NamedTuple):
    """A step that has been taken.

    Parameters
    ----------
    epoch, restart : int
        Number of the epoch, and how often descent had gone back before it.
    rows : array of shape (n_batch,), int64
        The batch, rows of positive weight.
    seen : Objective
        The objective as the step saw it.
    begin, end : Position
        Before and after it.
    value : float
        The batch's objective before it, penalty included.
    gradient : array of shape (n_params,)
        What the optimiser was given, clipped.
    lr : float
        Learning rate.
    """

    epoch: int
    restart: int
    rows: IntArray
    seen: Objective
    begin: Position
    end: Position
    value: float
    gradient: FloatArray
    lr: float


@dataclass
class Epoch:
    """What adds up over an epoch."""

    number: int
    begin: Position
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    finite: bool = True
    lr: float = np.nan
    grad_norm: float = np.nan


def largest_early_loss(first: float, since_restart: Sequence[float]) -> float:
    """Return what losses are measured by: the largest of the first one from the start and the two since a restart.

    One alone may be near 0 by chance, as that of a perceptron is at 0.
    """
    return max(abs(loss) for loss in (first, *since_restart[:2]))


def grad_norm(objective: Objective, w: FloatArray, gradient: FloatArray) -> float:
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


class Descent:
    """A descent, and what has become of it.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    start : array of shape (n_params,)
        First parameters.
    optimizer : str
        Name in `OPTIMIZERS`.
    optimizer_params : mapping
        Its parameters by name.
    options : Options
        The rest.

    Attributes
    ----------
    at : Position
        Where it is.
    n_steps, n_restarts : int
        Steps taken, those that led to divergence too, and how often it went back.
    losses, steps, rates, norms : list
        One entry an epoch, as in `History`.
    since_restart : list of float
        Those of the losses that came after the last restart.
    first_loss : float
        Loss of the first epoch from the start.
    best_begin, best_end : Position
        Where the epoch of the least loss began and ended: its loss is a mean over the way between.
    status : str
        ``"running"``, ``"converged"``, ``"max_epochs"`` or ``"diverged"``.
    """

    def __init__(
        self,
        objective: Objective,
        start: FloatArray,
        optimizer: str,
        optimizer_params: Mapping[str, Any],
        options: Options,
    ) -> None:
        self.objective, self.options = objective, options
        self.method, params = get_optimizer(optimizer), dict(optimizer_params)
        self.l1, self.decays = objective.l1_strength(), objective.is_weight()
        if np.any(self.l1 > 0.0):
            self.method.check_l1(optimizer, params)
        is_estimated = self.method.estimator is not None
        self._estimator_params, self._update_params = (params, {}) if is_estimated else ({}, params)
        self._table: Any = None
        self._factor = 1.0
        self.at = Position(start, self.method.init(start, **self._update_params), 0, start)
        self.n_steps = self.n_restarts = 0
        self.first_loss, self._best_loss = 0.0, np.inf
        self.best_begin = self.best_end = self.at
        self.since_restart: list[float] = []
        self.losses: list[float] = []
        self.steps: list[int] = []
        self.rates: list[float] = []
        self.norms: list[float] = []
        self.status = "running"

    def run(self) -> Iterator[Taken]:
        """Take step after step, until `status` tells why no other follows."""
        objective, options = self.objective, self.options
        full = options.batch_size == "full"
        for number in range(options.max_epochs):
            epoch = Epoch(number, self.at)
            self._begin(epoch)
            rows = epoch_order(
                objective.n_samples,
                number,
                shuffle=options.shuffle and not full,
                seed=options.random_state,
                order=options.order,
            )
            for cut in batches(rows, len(rows) if full else int(options.batch_size)):
                batch = objective.present(cut)
                if batch.size > 0:
                    yield self._step(epoch, cut, batch)
            self._end(epoch)
            if self.status != "running":
                return
        self.status = "max_epochs"

    @np.errstate(over="ignore", invalid="ignore")  # a run that diverges says so by its status
    def _begin(self, epoch: Epoch) -> None:
        """Make the table of an epoch, where there is one."""
        if self.method.estimator is not None:
            begin = self.method.estimator.begin_epoch
            self._table = begin(self.objective, self.at.w, self._table, epoch.number, **self._estimator_params)

    @np.errstate(over="ignore", invalid="ignore")
    def _step(self, epoch: Epoch, cut: IntArray, rows: IntArray) -> Taken:
        """Take a step on the batch `cut`, of which `rows` are those of positive weight."""
        objective, options, at = self.objective, self.options, self.at
        seen = objective.in_training(cut, at.step, options.init_seed)
        loss_sum = seen.loss_sum(at.w, rows)
        epoch.loss_sum += loss_sum
        epoch.weight_sum += float(objective.weight[rows].sum())
        epoch.finite = epoch.finite and seen.is_finite(at.w, rows)
        value = objective.mean_loss(loss_sum, len(rows)) + objective.penalty(at.w)[0]
        if self.method.estimator is None:
            gradient = seen.batch_gradient(at.w, rows)
        else:
            gradient, self._table = self.method.estimator.gradient(objective, at.w, rows, self._table)
            gradient = gradient + objective.smooth_penalty_gradient(at.w)
        if options.batch_size == "full":
            epoch.grad_norm = grad_norm(objective, at.w, gradient + self.l1 * np.sign(at.w))
        clipped = clip(gradient, options.clip_value, options.clip_norm)
        epoch.lr = self._factor * options.rates.rate(at.step, epoch.number)
        now = Step(epoch.lr, at.step, value, self.decays, self.l1)
        w, state = self.method.update(clipped, at.state, at.w, now, **self._update_params)
        self.at = Position(w, state, at.step + 1, self.method.solution(state, w))
        self.n_steps += 1
        return Taken(epoch.number, self.n_restarts, rows, seen, at, self.at, value, clipped, epoch.lr)

    @np.errstate(over="ignore", invalid="ignore")
    def _end(self, epoch: Epoch) -> None:
        """Record an epoch, and settle whether descent goes on from its end, goes back, or ends."""
        options = self.options
        if epoch.weight_sum == 0.0:
            raise ValueError(f"order visits no row of positive weight in epoch {epoch.number}")
        loss = epoch.loss_sum / epoch.weight_sum + self.objective.penalty(epoch.begin.w)[0]
        self.losses.append(loss)
        self.steps.append(self.n_steps)
        self.rates.append(epoch.lr)
        self.norms.append(epoch.grad_norm)
        options.rates.epoch_end(loss)

        self.since_restart.append(loss)
        self.first_loss = loss if epoch.begin.step == 0 else self.first_loss
        early_loss = largest_early_loss(self.first_loss, self.since_restart)
        settled = has_converged(self.since_restart, options.tol, options.n_iter_no_change)
        if not (epoch.finite and np.isfinite(loss) and loss <= (GROWTH if settled else EXPLOSION) * early_loss):
            return self._go_back()
        if loss < self._best_loss:
            self._best_loss, self.best_begin, self.best_end = loss, epoch.begin, self.at
        enough = options.is_enough is not None and options.is_enough(epoch.begin.x, epoch.grad_norm, epoch.number + 1)
        if enough or settled:
            self.status = "converged"

    def _go_back(self) -> None:
        """Go back to where the best epoch began, with smaller rates from there on."""
        if self.n_restarts == MAX_RESTARTS:
            self.status = "diverged"
            return
        self.n_restarts += 1
        self._factor *= SMALLER
        self.at, self.since_restart = self.best_begin, []
        if self.method.estimator is not None:
            self._table = empty_table(self.objective)
