"""From an objective to its minimum by L-BFGS, for the estimators that go there on full batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._estimators.inputs import threads_of, warn_not_converged
from .._minimize import minimize
from ..optimizers import LBFGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from ..objectives import LinearObjective
    from ..objectives.chunked import SummedObjective
    from ..result import Result


MAX_ITER = 15_000


def to_the_minimum(
    estimator: Any,
    objective: LinearObjective | SummedObjective,
    start: NDArray[np.float64] | None = None,
    *,
    gtol: float,
    checkpoint: Checkpoint | None = None,
) -> Result:
    """Minimise until the norm of the gradient is at most `gtol`, or rounding allows no decrease."""
    max_iter = MAX_ITER if estimator.max_iter is None else int(estimator.max_iter)
    result = minimize(
        objective,
        start,
        optimizer=LBFGS(),
        max_epochs=max_iter,
        tol=None,
        gtol=gtol,
        checkpoint=checkpoint,
        progress=bool(getattr(estimator, "verbose", 0)),
        n_threads=threads_of(estimator),
    )
    if result.status == "interrupted":
        raise KeyboardInterrupt
    if result.status != "converged":
        warn_not_converged(
            estimator,
            f"after {result.n_epochs} evaluations the norm of the gradient is {result.grad_norm:.3g}, and it is to be "
            f"at most {gtol:.3g} by tol={estimator.tol:g} (lbfgs failed to converge within max_iter={max_iter})",
            "increase max_iter, scale X with StandardScaler or standardize=True, or take a larger tol",
        )
    return result


def start_from(estimator: Any, objective: LinearObjective) -> NDArray[np.float64]:
    """Flat parameters of the estimator's coefficients, which are those of features as they are."""
    coef = estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray") else estimator.coef_
    shape = (objective.n_outputs, objective.n_features)
    if coef.shape != shape:
        raise ValueError(
            f"warm_start must be False where X has other features or y other classes than in the last fit: coef_ has "
            f"shape {coef.shape}, now it is {shape}"
        )
    coef, intercept = coef.astype(np.float64), estimator.intercept_.astype(np.float64)
    means, scales = vars(objective)["feature_means"], vars(objective)["feature_scales"]
    if means is not None:
        intercept, coef = intercept + coef @ means, coef * scales
    return objective.pack(coef, intercept if objective.fit_intercept else None).astype(np.float64)
