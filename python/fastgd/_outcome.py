"""What the engine tells of a model, as a `Result` with a message."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ._divergence import cause
from .objectives import FunctionObjective, LinearObjective
from .result import History, Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._core import _Outcome
    from ._plan import Objective, Plan
    from ._run import Model

# What the core multiplies the rate of a model by that diverged: kSmaller of cpp/descent/minimize.cpp.
RESTART_FACTOR = 0.1


def refuse_nonfinite(objective: Objective, outcome: _Outcome) -> None:
    """Raise where the data or a user's loss, not a rate, kept every model from descending."""
    if isinstance(objective, FunctionObjective):
        return
    if outcome["nonfinite"] is not None:
        raise objective._nonfinite_at(outcome["nonfinite"])
    if set(outcome["status"]) == {"diverged"}:
        error = objective._nonfinite()
        if error is not None:
            raise error
        objective._check_own_loss(outcome["x"][0])


def make_result(
    objective: Objective, model: Model, plan: Plan, legs: Sequence[tuple[_Outcome, int]], alone: Callable[[], Objective]
) -> Result:
    """The result of a model from the outcomes that it took part in, one after another, and its places in them.

    `alone` makes the objective that the model would have alone, where that is asked for.
    """
    outcome, at = legs[-1]
    epoch, seconds = (_joined([_history(leg)[name] for leg, _ in legs]) for name in ("epoch", "seconds"))
    step, loss, lr, grad_norm = (
        _joined([_history(leg)[name][:, i] for leg, i in legs]) for name in ("step", "loss", "lr", "grad_norm")
    )
    # A model that has ended leaves nan in the epochs of the others.
    n_epochs = len(lr) - int(np.count_nonzero(np.isnan(lr)))
    if not model.optimizer._has_rate:
        lr[:] = math.nan
    status = outcome["status"][at]
    if status == "max_epochs" and n_epochs < plan.max_epochs:
        status = "dropped"
    # A model of several keeps no more than its own alive.
    x = outcome["x"][at].copy() if len(outcome["x"]) > 1 else outcome["x"][at]
    last_lr = float(lr[n_epochs - 1]) if n_epochs else _first_rate(model, float(outcome["lr"][at]))
    return Result(
        x=x,
        fun=float(outcome["fun"][at]),
        grad_norm=float(outcome["grad_norm"][at]),
        lr=last_lr,
        n_epochs=n_epochs,
        n_steps=outcome["n_steps"][at],
        success=status in ("converged", "callback") or (status == "max_epochs" and plan.tol is None),
        status=status,
        message=_message(objective, model, plan, outcome, at, n_epochs, status, last_lr),
        history=History(
            epoch=epoch[:n_epochs],
            step=step[:n_epochs],
            loss=loss[:n_epochs],
            lr=lr[:n_epochs],
            grad_norm=grad_norm[:n_epochs],
            seconds=seconds[:n_epochs],
        ),
        lr_reason=model.lr_reason,
        _gradient=lambda: _gradient(alone(), x),
        _gap=lambda: _gap(alone(), x),
    )


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """A copy of its own, not a view of all models' histories."""
    return parts[0].copy() if len(parts) == 1 else np.concatenate(parts)


def _first_rate(model: Model, lr: float) -> float:
    """The rate in a first epoch that was cut short; before any step the core knows none."""
    return (lr or model.lr or 0.0) if model.optimizer._has_rate else math.nan


def _history(outcome: _Outcome) -> dict[str, NDArray[Any]]:
    return cast("dict[str, NDArray[Any]]", outcome["history"])


def _gradient(objective: Objective, x: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        return np.asarray(objective.grad(x), dtype=np.float64)
    except ValueError:
        return np.full(x.shape, math.nan)


def _gap(objective: Objective, x: NDArray[np.float64]) -> float:
    if not isinstance(objective, LinearObjective) or not objective._has_gap:
        return math.nan
    try:
        return objective.duality_gap(x)
    except ValueError:
        return math.nan


def _message(
    objective: Objective, model: Model, plan: Plan, outcome: _Outcome, at: int, n_epochs: int, status: str, lr: float
) -> str:
    kinds = {0: "batch gradient descent", 1: "stochastic gradient descent"}
    kind = kinds.get(plan.batch_size, f"mini-batch gradient descent with batches of {plan.batch_size}")
    n_restarts = outcome["n_restarts"][at]
    epochs = f"{n_epochs} epoch{'' if n_epochs == 1 else 's'}"
    if status == "diverged":
        why = _why_diverged(objective, model, plan, lr / RESTART_FACTOR**n_restarts)
        return f"{kind} diverged after {epochs}, x is the best before: {why}"
    tamed = f"; diverged {n_restarts}x on the way, lr fell to a tenth each time" if n_restarts else ""
    best = "x is the best at an epoch's end"
    converged = {
        "tol": f"the loss fell by less than the fraction tol={plan.tol} of it in {plan.n_iter_no_change} epochs",
        "gtol": f"the gradient's norm is at most gtol={plan.gtol}",
        "gap_tol": f"the duality gap is at most gap_tol={plan.gap_tol}",
        "line search": "rounding allows no further decrease",
    }
    ends = {
        "converged": f"converged: {converged.get(outcome['converged_by'][at])}",
        "max_epochs": "made all its epochs"
        if plan.tol is None
        else f"made all its epochs before the loss settled to tol={plan.tol}",
        "time_limit": f"reached its time limit of {plan.time_limit} s: {best}",
        "interrupted": f"was interrupted: {best}",
        "callback": "was ended by a callback",
        "dropped": "was dropped by halving",
    }
    return f"{kind} {ends[status]} ({epochs}){tamed}"


def _why_diverged(objective: Objective, model: Model, plan: Plan, lr: float) -> str:
    if not model.optimizer._has_rate:
        return (
            "line searches found no finite value of the objective with a gradient whose norm is finite; "
            "bring the features to a smaller scale, or try another start"
        )
    return cause(objective, model.optimizer, lr, model.alpha, model.l1_ratio, plan.batch_size)
