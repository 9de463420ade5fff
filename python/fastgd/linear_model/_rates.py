"""From an estimator's parameters to an optimiser with its learning rate."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .._estimators.defaults import is_default, refuse_beside
from ..optimizers import ASGD, Optimizer, get_optimizer
from ..schedules import Constant, InverseScaling, Optimal, Schedule

NAMES = ("constant", "optimal", "invscaling", "adaptive", "auto")
_PASSIVE_AGGRESSIVE = ("pa1", "pa2")


def make_optimizer(estimator: Any, alpha: float) -> Optimizer:
    """The optimiser: an instance with its own rate, or a name with the estimator's."""
    given = estimator.optimizer
    if isinstance(given, Optimizer):
        _refuse_second_rate(estimator, given)
        return get_optimizer(given)
    if estimator.average:
        if given not in (None, "sgd", "asgd"):
            raise ValueError(f"average must be False with optimizer={given!r}: the mean of iterates is 'asgd'")
        return ASGD(lr=_rate(estimator, alpha), average_from=int(estimator.average))
    chosen = get_optimizer(given or "sgd")
    if not chosen._has_rate:
        _refuse_second_rate(estimator, chosen)
        return chosen
    # scikit-learn's default rates are made for plain gradient steps.
    if given not in (None, "sgd", "asgd") and is_default(estimator, "learning_rate"):
        _refuse_second_rate(estimator, chosen)
        return chosen
    return chosen.set_params(lr=_rate(estimator, alpha))


def _rate(estimator: Any, alpha: float) -> float | str | Schedule | Callable[[int], float]:
    rate, eta0, power_t = estimator.learning_rate, _stable(estimator, alpha), estimator.power_t
    if power_t < 0:
        warnings.warn(
            f"Negative values for `power_t` are deprecated, as the rate then rises without end; got {power_t}",
            FutureWarning,
            stacklevel=5,
        )
    if rate == "optimal":
        if alpha == 0.0:
            raise ValueError("alpha must be > 0 with learning_rate='optimal', which is made of it, got 0.0")
        return Optimal(alpha)
    if rate == "invscaling":
        return InverseScaling(eta0, power_t) if power_t >= 0 else lambda step: eta0 * float(step + 1) ** -power_t
    # An adaptive rate is a constant one until a run has come to its end with it.
    if rate in ("constant", "adaptive"):
        return Constant(eta0)
    if rate in _PASSIVE_AGGRESSIVE:
        raise ValueError(
            f"learning_rate must be one of {', '.join(map(repr, NAMES))}, a schedule or a function, got {rate!r}: "
            "optimizer='polyak_sgd' is a step of the passive-aggressive kind"
        )
    result: str | Schedule | Callable[[int], float] = rate
    return result


def _stable(estimator: Any, alpha: float) -> float:
    """The first rate, and no more than what an L2 penalty can take: a longer step would leap over its minimum."""
    l2 = 0.0 if estimator.penalty is None else alpha * (1.0 - estimator._l1_share())
    eta0 = float(estimator.eta0)
    return min(eta0, 1.0 / l2) if l2 > 0.0 else eta0


def _refuse_second_rate(estimator: Any, optimizer: Optimizer) -> None:
    names = ("learning_rate", "eta0", "power_t", "average")
    refuse_beside(estimator, optimizer, "which has its rate of its own", names)
