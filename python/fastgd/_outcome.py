"""What the engine tells of a model, as a `Result` with a message."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ._divergence import cause
from .objectives import LinearObjective
from .result import History, Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._core import _Outcome
    from ._plan import Objective, Plan
    from ._run import Model

# What the core multiplies the rate of a model by that diverged.
RESTART_FACTOR = 0.1
_OF_ALL = ("epoch", "step", "seconds")
_OF_EACH = ("loss", "lr", "grad_norm")


def refuse_nonfinite(objective: Objective, outcome: _Outcome) -> None:
    """Raise where the data or a user's loss, not a rate, kept every model from descending."""
    if not isinstance(objective, LinearObjective):
        return
    if outcome["nonfinite"] is not None:
        raise objective._nonfinite_at(outcome["nonfinite"])
    if set(outcome["status"]) == {"diverged"}:
        objective._check_own_loss(outcome["x"][0])


def make_result(objective: Objective, model: Model, plan: Plan, legs: Sequence[tuple[_Outcome, int]]) -> Result:
    """The result of a model from the outcomes that it took part in, one after another, and its places in them."""
    outcome, at = legs[-1]
    epoch, step, seconds = (np.concatenate([leg["history"][name] for leg, _ in legs]) for name in _OF_ALL)
    loss, lr, grad_norm = (np.concatenate([leg["history"][name][:, i] for leg, i in legs]) for name in _OF_EACH)
    # A model that has ended leaves nan in the epochs of the others.
    n_epochs = int(np.sum(~np.isnan(lr)))
    status = outcome["status"][at]
    if status == "max_epochs" and len(legs[-1][0]["history"]["epoch"]) and epoch[-1] + 1 < plan.max_epochs:
        status = "dropped"
    x = outcome["x"][at].copy()
    return Result(
        x=x,
        fun=float(outcome["fun"][at]),
        grad_norm=float(outcome["grad_norm"][at]),
        lr=float(lr[n_epochs - 1] if n_epochs else outcome["lr"][at]),
        n_epochs=n_epochs,
        # A model that ended with all others has made the steps of the last epoch, which may have been cut short.
        n_steps=outcome["n_steps"] if n_epochs == len(step) else int(step[n_epochs - 1]),
        success=status in ("converged", "callback") or (status == "max_epochs" and plan.tol is None),
        status=status,
        message=_message(objective, model, plan, outcome, at, n_epochs, status),
        history=History(*(column[:n_epochs] for column in (epoch, step, loss, lr, grad_norm, seconds))),
        lr_reason=model.lr_reason,
        _gradient=lambda: _gradient(objective, x),
    )


def _gradient(objective: Objective, x: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        return np.asarray(objective.grad(x), dtype=np.float64)
    except ValueError:
        return np.full(x.shape, math.nan)


def _message(
    objective: Objective, model: Model, plan: Plan, outcome: _Outcome, at: int, n_epochs: int, status: str
) -> str:
    kinds = {0: "batch gradient descent", 1: "stochastic gradient descent"}
    kind = kinds.get(plan.batch_size, f"mini-batch gradient descent with batches of {plan.batch_size}")
    n_restarts = outcome["n_restarts"][at]
    epochs = f"{n_epochs} epoch{'' if n_epochs == 1 else 's'}"
    if status == "diverged":
        momentum = float(getattr(model.optimizer, "momentum", 0.0))
        lr = float(outcome["lr"][at]) / RESTART_FACTOR**n_restarts
        why = cause(objective, lr, momentum, model.alpha, model.l1_ratio, plan.batch_size)
        return f"{kind} diverged after {epochs}, x is the best before: {why}"
    tamed = f"; diverged {n_restarts}x on the way, lr fell to a tenth each time" if n_restarts else ""
    best = "x is the best at an epoch's end"
    converged = {
        "tol": f"the loss fell by less than the fraction tol={plan.tol} of it in {plan.n_iter_no_change} epochs",
        "gtol": f"the gradient's norm is at most gtol={plan.gtol}",
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
