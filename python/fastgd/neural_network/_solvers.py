"""From an estimator's solver, or optimiser, to an optimiser with its learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._estimators.defaults import is_default, refuse_beside
from ..optimizers import LBFGS, SGD, Adam, Optimizer, get_optimizer
from ..schedules import Constant, InverseScaling, Schedule

RATES = ("constant", "invscaling", "adaptive", "auto")
_OF_RATES = ("learning_rate", "learning_rate_init", "power_t")
_OF_SOLVERS = ("solver", "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_fun")


def make_optimizer(estimator: Any) -> Optimizer:
    """The optimiser: an instance with its own rate, a name with the estimator's, or that of the solver."""
    given = estimator.optimizer
    if given is None:
        return _of_solver(estimator)
    chosen = get_optimizer(given)
    refuse_beside(estimator, chosen, "which takes the place of the solver", _OF_SOLVERS)
    if isinstance(given, Optimizer) or not chosen._has_rate:
        refuse_beside(estimator, chosen, "which has its rate of its own", _OF_RATES)
        return chosen
    # A rate that is right for Adam says nothing of others, which have "auto".
    if all(is_default(estimator, name) for name in _OF_RATES):
        return chosen
    return chosen.set_params(lr=_rate(estimator))


def _of_solver(estimator: Any) -> Optimizer:
    if estimator.solver == "lbfgs":
        # scikit-learn's own rates are for its other solvers, and are let be.
        if estimator.learning_rate not in RATES[:3]:
            refuse_beside(estimator, "lbfgs", "which searches along lines", ("learning_rate",))
        return LBFGS()
    if estimator.solver == "adam":
        betas = (float(estimator.beta_1), float(estimator.beta_2))
        return Adam(_rate(estimator), betas=betas, eps=float(estimator.epsilon))
    momentum = float(estimator.momentum)
    return SGD(_rate(estimator), momentum=momentum, nesterov=bool(estimator.nesterovs_momentum and momentum > 0.0))


def _rate(estimator: Any) -> float | str | Schedule | Callable[[int], float]:
    rate, first = estimator.learning_rate, float(estimator.learning_rate_init)
    if rate == "invscaling":
        return InverseScaling(first, float(estimator.power_t))
    # An adaptive rate is a constant one until a run has come to its end with it.
    if rate in ("constant", "adaptive"):
        return Constant(first)
    refuse_beside(estimator, rate, "which has its rate of its own", ("learning_rate_init", "power_t"))
    result: str | Schedule | Callable[[int], float] = rate
    return result
