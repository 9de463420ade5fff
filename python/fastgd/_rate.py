"""The learning rate that ``"auto"`` stands for: from the data where the loss allows it, else by a range test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import _core
from ._auto_lr import choose_lr
from ._run import Model, run
from .objectives import LinearObjective

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._plan import Objective, Plan

    Floats = NDArray[np.float64]

# A rate that brings this share of the largest decrease is as good, and further from divergence.
_ENOUGH = 0.8


class RangeTest(NamedTuple):
    """Rates, the objective after some steps of each (infinite after divergence) and before, and the one to choose."""

    lr: Floats
    fun: Floats
    start: float
    best: int

    @property
    def chosen(self) -> float:
        """The smallest rate that brings `_ENOUGH` of the largest decrease; the smallest one if none decreases."""
        decrease = self.start - self.fun
        good = np.flatnonzero(decrease >= _ENOUGH * decrease[self.best])
        return float(self.lr[good[0] if decrease[self.best] > 0.0 else 0])


def with_rate(objective: Objective, model: Model, plan: Plan) -> Model:
    """The model with a rate in the place of ``"auto"``, and why."""
    if not model.optimizer._is_auto:
        return model
    factor = model.optimizer._of_smoothness
    if factor is not None and isinstance(objective, LinearObjective) and objective._loss.own is None:
        choice = choose_lr(objective, model.alpha, model.l1_ratio, plan.batch_size)
        part = "" if factor == 1.0 else f"{factor:.3g} times "
        return model._replace(lr=factor * choice.lr, lr_reason=part + choice.reason)
    n_steps = default_steps(plan)
    test = range_test(objective, model, plan, default_rates(), n_steps)
    return model._replace(lr=test.chosen, lr_reason=f"{test.chosen:.3g} {reason(test, n_steps)}")


def reason(test: RangeTest, n_steps: int) -> str:
    """Why a range test's choice is what it is."""
    low, high = test.lr[0], test.lr[-1]
    if not test.fun[test.best] < test.start:
        return (
            f"is the smallest of {len(test.lr)} rates tried, none of which decreased the objective in {n_steps} steps"
        )
    return (
        f"is the smallest of {len(test.lr)} rates from {low:.3g} to {high:.3g} that brings {_ENOUGH:.0%} of the "
        f"largest decrease in {n_steps} steps, that of {test.lr[test.best]:.3g}, from {test.start:.6g} to "
        f"{test.fun[test.best]:.6g}"
    )


def default_rates() -> Floats:
    """Three a decade, from 1e-6 to 10; decimal literals, so that no library's rounding reaches parameters."""
    return np.array([float(f"{digit}e{power}") for power in range(-6, 1) for digit in (1, 2, 5)] + [10.0])


def default_steps(plan: Plan) -> int:
    """Enough to tell rates apart: each is a pass over all rows for full batches, and noisy for others."""
    return 16 if plan.batch_size == 0 else 64


def range_test(objective: Objective, model: Model, plan: Plan, rates: Floats, n_steps: int) -> RangeTest:
    """Take `n_steps` steps from the same start with every rate, in the same passes over the data."""
    # The last one stays where it is.
    models = [model._replace(lr=float(rate)) for rate in (*rates, np.finfo(np.float64).tiny)]
    if plan.batch_size == 0:
        short = plan._replace(max_epochs=n_steps)
    else:
        rows = min(objective.n_samples, n_steps * plan.batch_size)
        short = plan._replace(max_epochs=1, order=_core.permutation(objective.n_samples, plan.seed, 0)[:rows])
    outcome = run(objective, models, short._replace(tol=None, gtol=None, gap_tol=None, time_limit=None))
    # A model that diverged went on with another rate.
    held = np.array([n == 0 for n in outcome["n_restarts"]]) & np.isfinite(outcome["fun"])
    fun = np.where(held, outcome["fun"], np.inf)
    return RangeTest(rates, fun[:-1], float(fun[-1]), int(np.argmin(fun[:-1])))
