"""The learning rate that ``"auto"`` stands for: from the data where the loss allows it, else by a range test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import _core
from ._auto_lr import choose_lr
from ._outcome import refuse_nonfinite
from ._run import Model, run
from .objectives import DataObjective, LinearObjective
from .optimizers import get_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ._plan import Objective, Plan

    Floats = NDArray[np.float64]

# A rate that brings this share of the largest decrease is as good, and further from divergence.
_ENOUGH = 0.8
# Steps that tell rates apart, of full batches and of others, which are noisy.
_FULL_STEPS, _STEPS = 16, 64


@dataclass(frozen=True, eq=False, repr=False)
class RateCurve:
    """What `fastgd.find_lr` found; it prints its reason.

    Attributes
    ----------
    lr : array of shape (n_rates,), float64
        The rates tried, rising.
    fun : array of shape (n_rates,), float64
        The objective, penalty included, after the steps of each; infinite where they diverged.
    start : float
        The objective before them.
    n_steps : int
        Steps that each has made.
    best : float
        The rate to take.
    reason : str
        Why `best` is the one, in words.
    """

    lr: Floats
    fun: Floats
    start: float
    n_steps: int

    @property
    def best(self) -> float:
        """The smallest rate that brings 0.8 of the largest decrease; the smallest one if none decreases."""
        decrease = self.start - self.fun
        good = np.flatnonzero(decrease >= _ENOUGH * decrease.max())
        return float(self.lr[good[0] if decrease.max() > 0.0 else 0])

    @property
    def reason(self) -> str:
        """Why `best` is the one, in words."""
        lowest = int(np.argmin(self.fun))
        is_smallest = f"{self.best:.3g} is the smallest of {len(self.lr)} rates"
        steps = f"{self.n_steps} step{'' if self.n_steps == 1 else 's'}"
        if not self.fun[lowest] < self.start:
            return f"{is_smallest} tried, none of which decreased the objective in {steps}"
        return (
            f"{is_smallest} from {self.lr[0]:.3g} to {self.lr[-1]:.3g} that brings {_ENOUGH:.0%} of the largest "
            f"decrease in {steps}, that of {self.lr[lowest]:.3g}, from {self.start:.6g} to {self.fun[lowest]:.6g}"
        )

    def __repr__(self) -> str:
        return self.reason


def with_rate(objective: Objective, model: Model, plan: Plan) -> Model:
    """The model with a rate in the place of ``"auto"``, why, and where it may an optimiser that finds later rates."""
    if not model.optimizer._is_auto:
        return model
    factor = model.optimizer._of_smoothness
    if factor is not None and isinstance(objective, LinearObjective) and objective._loss.own is None:
        choice = choose_lr(objective, model.alpha, model.l1_ratio, plan.batch_size)
        part = "" if factor == 1.0 else f"{factor:.3g} times "
        model = model._replace(lr=factor * choice.lr, lr_reason=part + choice.reason)
        if plan.batch_size == 0 and model.optimizer._is_plain and objective._loss.curvature > 0.0:
            model = model._replace(optimizer=get_optimizer("barzilai_borwein"))
        return model._replace(lr_reason=model.lr_reason + model.optimizer._later_rates)
    test = range_test(objective, model, plan, default_rates(), default_steps(objective, plan))
    return model._replace(lr=test.best, lr_reason=test.reason)


def default_rates() -> Floats:
    """Three a decade, from 1e-6 to 10; decimal literals, so that no library's rounding reaches parameters."""
    return np.array([float(f"{digit}e{power}") for power in range(-6, 1) for digit in (1, 2, 5)] + [10.0])


def default_steps(objective: Objective, plan: Plan) -> int:
    """Steps of each rate; on few rows those of one epoch, since more of them favor rates that are too small."""
    return _FULL_STEPS if plan.batch_size == 0 else min(_STEPS, -(-objective.n_samples // plan.batch_size))


def range_test(objective: Objective, model: Model, plan: Plan, rates: Floats, n_steps: int) -> RateCurve:
    """Take `n_steps` steps from the same start with every rate, in the same passes over the data."""
    plan = plan._replace(tol=None, gtol=None, gap_tol=None, stream=False, evaluate=True, grad_norm=False)
    models = [model._replace(lr=float(rate)) for rate in rates]
    outcome = run(objective, models, _first_steps(objective, plan, n_steps))
    if "interrupted" in outcome["status"]:
        raise KeyboardInterrupt
    refuse_nonfinite(objective, outcome)
    # A model that diverged is back where it was, or went on with another rate.
    diverged = np.array(outcome["status"]) == "diverged"
    fun = np.where(diverged | (np.array(outcome["n_restarts"]) > 0), np.inf, outcome["fun"])
    # A full batch's first loss is that before any step.
    start = float(outcome["history"]["loss"][0, 0]) if plan.batch_size == 0 else _value_at_start(objective, model)
    return RateCurve(rates, fun, start, max(outcome["n_steps"]))


def _first_steps(objective: Objective, plan: Plan, n_steps: int) -> Plan:
    """The plan cut short after so many steps."""
    if plan.batch_size == 0:
        return plan._replace(max_epochs=n_steps)
    epochs: list[NDArray[np.int64]] = []
    n_left = n_steps
    while n_left > 0:
        rows = _order_of(objective, plan)(len(epochs))[: n_left * plan.batch_size]
        epochs.append(rows)
        n_left -= -(-len(rows) // plan.batch_size)
    return plan._replace(max_epochs=len(epochs), order=epochs.__getitem__)


def _order_of(objective: Objective, plan: Plan) -> Callable[[int], NDArray[np.int64]]:
    """The rows of each epoch."""
    if callable(plan.order):
        return plan.order
    order, n = plan.order, objective.n_samples
    if order is not None:
        return lambda epoch: order
    if not plan.shuffle:
        return lambda epoch: np.arange(n)
    return lambda epoch: _core.permutation(n, plan.seed, epoch)


def _value_at_start(objective: Objective, model: Model) -> float:
    """The objective before any step, with the model's penalty."""
    if isinstance(objective, DataObjective) and (model.alpha, model.l1_ratio) != (
        objective.alpha,
        objective.l1_ratio,
    ):
        objective = objective._with(alpha=model.alpha, l1_ratio=model.l1_ratio)
    return objective.value(model.w0)
