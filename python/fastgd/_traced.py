"""Objectives and rates of the core, as the loop of the twin asks for them; they load `fastgd.reference`."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from .objectives import DataObjective, FunctionObjective, MLPObjective
from .objectives.function import check_first
from .reference.objective import Objective
from .reference.steps import Descent, Options
from .schedules import ReduceOnPlateau, Warmup
from .schedules._function import as_schedule
from .schedules._spec import stacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from . import _plan
    from ._plan import Plan
    from ._run import Model
    from .schedules import Schedule

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

# How often a gap is looked at: kGapEpochs of cpp/descent/minimize.cpp.
_GAP_EPOCHS = 10


def start_descent(objective: _plan.Objective, model: Model, plan: Plan) -> Descent:
    """The loop of the twin, before its first step, on an objective of the core."""
    optimizer = model.optimizer
    params = optimizer.get_params(deep=False)
    params.pop("lr", None)
    params.update({f"beta{i}": beta for i, beta in enumerate(params.pop("betas", ()), start=1)})
    schedule = optimizer._schedule() if model.lr is None else as_schedule(model.lr)
    options = Options(
        rates=CoreRates(schedule),
        batch_size=plan.batch_size or "full",
        max_epochs=plan.max_epochs,
        tol=plan.tol,
        n_iter_no_change=plan.n_iter_no_change,
        shuffle=plan.shuffle,
        order=plan.order.copy() if isinstance(plan.order, np.ndarray) else plan.order,
        random_state=plan.seed,
        init_seed=model.init_seed,
        clip_value=plan.clip_value or None,
        clip_norm=plan.clip_norm or None,
        is_enough=_is_enough(objective, plan),
    )
    # Copies, as of the order: they may be the caller's arrays, and the first step is yet to be asked for.
    start = model.w0.copy()
    return Descent(
        CoreObjective(objective, start.size, plan.batch_size == 0), start, optimizer._core_name, params, options
    )


def _is_enough(objective: _plan.Objective, plan: Plan) -> Callable[[Floats, float, int], bool] | None:
    """Whether the gradient or the gap is small enough."""

    def is_enough(x: Floats, grad_norm: float, n_epochs: int) -> bool:
        if plan.gtol is not None and grad_norm <= plan.gtol:
            return True
        if plan.gap_tol is None or n_epochs % _GAP_EPOCHS != 0:
            return False
        gap: float = objective.duality_gap(x)  # type: ignore[union-attr]
        return gap <= plan.gap_tol

    return is_enough if plan.gtol is not None or plan.gap_tol is not None else None


class CoreRates:
    """The rates of a schedule, by steps or epochs, with what it makes of losses."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        inner = as_schedule(schedule.lr) if isinstance(schedule, Warmup) else schedule
        self._reads_losses = isinstance(inner, ReduceOnPlateau)
        self._losses: list[float] = []

    def rate(self, step: int, epoch: int) -> float:
        """The rate of a step of an epoch."""
        if not self._reads_losses:
            return self._schedule(epoch if self._schedule.unit == "epoch" else step)
        # The core is told every loss again, each after a rate that nobody asks for.
        steps, epochs = (np.array([0] * len(self._losses) + [at]) for at in (step, epoch))
        losses = np.array([*self._losses, 0.0])
        return float(_core.schedule_rates(stacked([self._schedule._spec()]), 1, steps, epochs, losses)[-1, 0])

    def epoch_end(self, loss: float) -> None:
        """Keep the loss of an epoch."""
        self._losses.append(loss)


class CoreObjective(Objective):
    """An objective of the core with what the loop of the twin asks of its own.

    The core gives the risk of a batch and its gradient; the penalty is the twin's. What a row adds to a gradient stands
    in the place of its slopes, so that methods of finite sums need nothing else.
    """

    def __init__(self, objective: _plan.Objective, n_params: int, full: bool) -> None:
        self._objective = objective
        self.n_samples, self.n_params, self.n_outputs = objective.n_samples, n_params, n_params
        self.alpha, self.l1_ratio = objective.alpha, objective.l1_ratio
        weight = objective._weight if isinstance(objective, DataObjective) else None
        self.weight = np.ones(self.n_samples) if weight is None else weight.astype(np.float64)
        self.mean_weight = float(np.mean(self.weight[self.weight > 0.0]))
        self._risk: _plan.Objective = objective
        if isinstance(objective, DataObjective) and objective.alpha > 0.0:
            self._risk = objective._with(alpha=0.0)
        if not isinstance(objective, FunctionObjective):
            # A pass over the data, which no two steps need that diverge.
            self._nonfinite = cache(objective._nonfinite)
        self._full = full
        # The batch that a step sees, with its rows of weight 0, and the step with its seed.
        self._batch: tuple[Rows, int, int] | None = None
        # Where the risk was evaluated last, with what came of it: a step asks for its parts one by one.
        self._at: Any = None
        self._found: tuple[float, Floats] = (np.nan, np.empty(0))

    def in_training(self, rows: Rows, step: int, seed: int) -> CoreObjective:
        """The objective that a step sees."""
        seen = copy(self)
        seen._batch = (np.ascontiguousarray(rows), step, seed)
        return seen

    def loss_sum(self, w: ArrayLike, rows: Rows) -> float:
        """The weighted sum of the batch's losses."""
        return self._evaluate(w)[0] * self.mean_weight * len(rows)

    def risk_gradient(self, w: ArrayLike, rows: Rows) -> Floats:
        """The gradient of the batch's risk."""
        return self._evaluate(w)[1]

    def is_finite(self, w: ArrayLike, rows: Rows) -> bool:
        """Whether the batch's scores are finite."""
        return bool(np.isfinite(self._evaluate(w)[0]))

    def is_weight(self) -> NDArray[np.bool_]:
        """Which parameters are penalised, and decay; where there is no penalty all do."""
        if not isinstance(self._objective, DataObjective):
            return np.ones(self.n_params, bool)
        mask = np.zeros(self.n_params, bool)
        mask[self._objective._penalised(np.arange(self.n_params, dtype=np.float64)).astype(np.int64)] = True
        return mask

    def slopes(self, w: ArrayLike, rows: Rows) -> Floats:
        """``s_i`` times the gradient of each row's loss, shape (n_rows, n_params)."""
        params = np.asarray(w, np.float64)
        return np.stack([self.mean_weight * self._call(params, np.array([row]), 0, 0)[1] for row in rows])

    def combine(self, slopes: Floats, rows: Rows, count: int) -> Floats:
        """The gradient that rows' gradients add up to."""
        return np.asarray(slopes.sum(axis=0) / (self.mean_weight * count))

    def _evaluate(self, w: ArrayLike) -> tuple[float, Floats]:
        """Risk and gradient of the batch."""
        assert self._batch is not None
        if w is not self._at:
            rows, step, seed = self._batch
            self._found = self._call(np.asarray(w, np.float64), None if self._full else rows, step, seed)
            if step == 0 and self._at is None and isinstance(self._objective, FunctionObjective):
                value, gradient = self._found
                check_first(np.array([value]), gradient[None])
            self._at = w
        return self._found

    def _call(self, w: Floats, rows: Rows | None, step: int, seed: int) -> tuple[float, Floats]:
        """Risk and gradient by the core, nan where scores are not finite for other reasons than the data."""
        objective = self._risk
        if isinstance(objective, FunctionObjective):
            return objective.value_and_grad(w, rows if objective._is_sum else None)
        evaluate = objective._evaluate
        if isinstance(objective, MLPObjective) and objective._has_random_steps:
            evaluate = objective._evaluator(seed, step)
        buffer = np.empty(self.n_params)
        try:
            return evaluate(w, rows, buffer, 0), buffer
        except FloatingPointError:
            error = self._nonfinite()
            if error is not None:
                raise error from None
            return np.nan, np.full(self.n_params, np.nan)
