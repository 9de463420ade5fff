"""Linear models that descend by SGD's ways: their parameters, their objective, and where they start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from .._estimators.descent import Descending
from .._estimators.inputs import refuse_no_weight, threads_of, warn_not_converged
from .._estimators.problem import Problem, Validation
from ..objectives import LinearObjective
from ..optimizers import SGD, Optimizer
from ..schedules import Schedule
from . import _rates
from ._base import LinearModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from .._estimators.stopping import CallbackTasks, EpochEnd
    from .._plan import Plan
    from .._run import Model
    from ..result import Result

    Floats = NDArray[np.floating[Any]]

# Parameters at the ends of so many last epochs are compared when a fit has come to its end.
_N_CANDIDATES = 5
_LOSSES_WITH_EPSILON = ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")


class SGDModel(Descending, LinearModel):
    """Base of the estimators that descend: parameters, `fit` and `partial_fit` on a `Problem`."""

    coef_: Any
    intercept_: Any
    t_: float

    # What some estimators have no parameter for.
    average: bool | int = False
    penalty: str | None = "l2"
    l1_ratio: float = 0.0
    epsilon: float = 0.1
    power_t: float = 0.5
    loss_params: Mapping[str, float] | None = None

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "epsilon": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "learning_rate": [StrOptions({*_rates.NAMES, "pa1", "pa2"}), Schedule, callable],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, None, None, closed="neither")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "average": [Interval(Integral, 0, None, closed="neither"), "boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
        "optimizer": [str, Optimizer, None],
        "standardize": ["boolean"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "scoring": [str, callable, None],
        "loss_params": [Mapping, None],
    }

    _of_stream = (
        *("loss", "penalty", "alpha", "nu", "l1_ratio", "fit_intercept", "shuffle", "epsilon", "loss_params"),
        *("learning_rate", "eta0", "power_t", "average", "optimizer", "batch_size", "standardize"),
        *("n_threads", "n_jobs"),
    )

    # ---- what an estimator decides

    def _alpha(self) -> float:
        return float(self.alpha)

    def _set_params_of(self, objective: LinearObjective, x: NDArray[np.float64]) -> None:
        """Make `coef_` and `intercept_` of flat parameters."""
        coef, intercept = objective.raw_coef(x)
        self.coef_ = coef.astype(objective.dtype)
        self.intercept_ = intercept.astype(objective.dtype)

    def _start_intercept(self) -> Any:
        """Where the objective's intercept goes on in a stream; None for 0."""
        return vars(self).get("intercept_")

    def _start(self, objective: LinearObjective, coef: Any, intercept: Any) -> NDArray[np.float64]:
        """Flat parameters of given coefficients and intercepts, of features as they are."""
        n_outputs, n_features = objective.n_outputs, objective.n_features
        start = objective.initial()
        split = n_outputs * n_features
        if coef is not None:
            coef = coef.toarray() if hasattr(coef, "toarray") else np.asarray(coef)
            start[:split] = _shaped("coef_init", coef, (n_outputs, n_features)).ravel()
        if intercept is not None:
            given = _shaped("intercept_init", np.asarray(intercept), (n_outputs,))
            if objective.fit_intercept:
                start[split:] = given
            elif given.any():
                raise ValueError(f"intercept_init must be 0 or None with fit_intercept=False, got {intercept}")
        means, scales = vars(objective)["feature_means"], vars(objective)["feature_scales"]
        if means is not None and coef is not None:
            of_scores = start[:split].reshape(n_outputs, n_features)
            # Means of what is not finite: descent finds the entry.
            with np.errstate(invalid="ignore"):
                if objective.fit_intercept:
                    start[split:] += of_scores @ means
                of_scores *= scales
        return start

    # ---- descent

    def _descend(
        self,
        problem: Problem,
        coef_init: Any = None,
        intercept_init: Any = None,
        validation: Validation | None = None,
        tasks: CallbackTasks | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Fit from the start, or from given coefficients."""
        objective = self._objective(problem)
        start = self._start(objective, coef_init, intercept_init)
        self._descend_from(objective, start, validation, tasks, checkpoint=checkpoint)

    def _make_optimizer(self) -> Optimizer:
        return _rates.make_optimizer(self, self._alpha())

    def _batch_rows(self, n_samples: int) -> int | str:
        rows: int | str = self.batch_size
        return rows if isinstance(rows, str) else int(rows)

    def _n_kept(self, model: Model, plan: Plan, validates: bool) -> int:
        # Single rows and small batches shake the parameters until the end.
        shakes = type(model.optimizer) is SGD and plan.batch_size != 0 and self.tol is not None and not validates
        return _N_CANDIDATES if shakes else 0

    def _chosen(self, objective: LinearObjective, result: Result, end: EpochEnd) -> NDArray[np.float64]:
        return result.x if result.status != "callback" else self._best_of(objective, end.last, result.x)

    def _count(self, n_epochs: int, n_steps: int, n_samples: int, *, goes_on: bool) -> None:
        self.n_iter_ = n_epochs
        self.t_ = n_steps + (vars(self).get("t_", 1.0) if goes_on else 1.0)

    def _best_of(self, objective: LinearObjective, candidates: Iterable[Any], last: Any) -> NDArray[np.float64]:
        """The parameters of the lowest objective, the last ones where there is no choice."""
        values = []
        for x in (tried := [*candidates] or [last]):
            try:
                values.append(objective._core.value(x, None, threads_of(self) or 0) if len(tried) > 1 else 0.0)
            except FloatingPointError:
                values.append(np.inf)
        best: NDArray[np.float64] = tried[int(np.argmin(values))]
        return best

    # ---- a stream

    def _held(self) -> Any:
        return vars(self).get("coef_")

    def _params_so_far(self, objective: LinearObjective) -> NDArray[np.float64]:
        return self._start(objective, self._held(), self._start_intercept() if objective.fit_intercept else None)

    def _keep(self, held: Any) -> None:
        # As in scikit-learn, who holds the coefficients of a stream sees them change.
        made = self.coef_
        if type(held) is np.ndarray and held.shape == made.shape and held.dtype == made.dtype and held.flags.writeable:
            held[...] = made
            self.coef_ = held

    def _refuse_in_stream(self) -> None:
        if self.standardize:
            raise ValueError("standardize must be False with partial_fit: each piece has other means, got True")

    def _objective(self, problem: Problem) -> LinearObjective:
        refuse_no_weight(problem.weight)
        params = {"epsilon": self.epsilon} if problem.loss in _LOSSES_WITH_EPSILON else {}
        return LinearObjective(
            problem.X,
            problem.y,
            loss=problem.loss,
            alpha=0.0 if self.penalty is None else self._alpha(),
            l1_ratio=self._l1_share(),
            fit_intercept=bool(self.fit_intercept),
            sample_weight=problem.weight,
            offset=problem.offset,
            n_classes=problem.n_classes,
            standardize=bool(self.standardize),
            loss_params={**params, **(self.loss_params or {})},
        )

    def _l1_share(self) -> float:
        if self.penalty == "elasticnet":
            if self.l1_ratio is None:
                raise ValueError("l1_ratio must be set when penalty is 'elasticnet', got None")
            return float(self.l1_ratio)
        return 1.0 if self.penalty == "l1" else 0.0

    def _report(self, result: Result, end: EpochEnd) -> None:
        """Tell how the fit ended, where it did not as it should."""
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if result.status == "diverged" and not np.isfinite(result.history.loss).all():
            raise ValueError(
                f"Floating-point under-/overflow occurred at epoch #{result.n_epochs}: {result.message}. "
                "Scaling input data with StandardScaler or MinMaxScaler might help."
            )
        if result.status == "diverged":
            warn_not_converged(self, result.message, "take a smaller learning rate, or standardize=True")
        elif result.status == "max_epochs" and self.tol is not None:
            of_what = "the validation score rose" if end.scores else "the loss fell"
            warn_not_converged(
                self,
                f"Maximum number of iteration reached, max_iter={self.max_iter} epochs; in the last one {of_what} by "
                f"{end.decrease:.3g}, and it is to be less than tol={self.tol:g} {self.n_iter_no_change} times in a "
                f"row (loss {result.history.loss[-1]:.6g})",
                "increase max_iter, or tol",
            )


def _shaped(name: str, given: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """An array in the given shape, where one for a single output may be flat."""
    if given.shape != shape and not (shape[0] == 1 and given.shape in (shape[1:], shape)):
        raise ValueError(f"Provided {name} does not match dataset: it must have shape {shape}, got {given.shape}")
    return np.asarray(given, np.float64).reshape(shape)
