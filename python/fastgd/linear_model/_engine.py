"""From an estimator's parameters and data to a descent and back: one place for all that descend by SGD's ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from .. import _core
from .._outcome import make_result, refuse_nonfinite
from .._plan import Plan, make_plan
from .._rate import with_rate
from .._run import Model, check_together, run
from ..objectives import LinearObjective
from ..optimizers import SGD, Optimizer
from ..result import Result
from ..schedules import Schedule
from . import _rates
from ._base import LinearModel, forget, refuse_no_weight, threads_of, warn_not_converged
from ._problem import Problem, Validation, seed_of
from ._stopping import CallbackTasks, EpochEnd
from ._stream import Stream, go_on, stream_after

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""


if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

# Parameters at the ends of so many last epochs are compared when a fit has come to its end.
_N_CANDIDATES = 5
_LOSSES_WITH_EPSILON = ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")


class SGDModel(CallbackSupportMixin, LinearModel):
    """Base of the estimators that descend: parameters, `fit` and `partial_fit` on a `Problem`."""

    coef_: Any
    intercept_: Any
    n_iter_: int
    t_: float
    loss_curve_: list[float]
    history_: Any
    _stream: Stream

    # What some estimators have no parameter for.
    average: bool | int = False
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    penalty: str | None = "l2"
    l1_ratio: float = 0.0
    epsilon: float = 0.1
    power_t: float = 0.5
    scoring: Any = None
    loss_params: Mapping[str, float] | None = None
    learning_rate: Any = "constant"

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

    def __getstate__(self) -> dict[str, Any]:
        # What is only there to be fast is made anew; and who stores arrays one by one would store two for one.
        state = {name: value for name, value in super().__getstate__().items() if name != "_recipe"}
        stream = state.get("_stream")
        if stream is not None and stream.coef is not None:
            state["_stream"] = stream._replace(coef=True if stream.coef is vars(self).get("coef_") else None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        stream = vars(self).get("_stream")
        if stream is not None and stream.coef is True:
            self._stream = stream._replace(coef=self.coef_)

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
    ) -> None:
        """Fit from the start, or from given coefficients."""
        objective = self._objective(problem)
        plan = make_plan(
            objective,
            batch_size=self.batch_size,
            max_epochs=self.max_iter,
            tol=None,
            shuffle=bool(self.shuffle),
            random_state=seed_of(self.random_state),
            n_threads=threads_of(self),
        )._replace(evaluate=False)
        start = self._start(objective, coef_init, intercept_init)
        model = Model(start, _rates.make_optimizer(self, self._alpha()), objective.alpha, objective.l1_ratio)
        check_together(objective, model, plan)

        def fitted(x: NDArray[np.float64]) -> SGDModel:
            other = copy(self)
            other._set_params_of(objective, x)
            # Rows to predict are those of `fit`, already checked.
            forget(other, "feature_names_in_")
            return other

        score = None if validation is None else self._scorer(validation)
        # Single rows and small batches shake the parameters until the end.
        shakes = type(model.optimizer) is SGD and plan.batch_size != 0 and self.tol is not None and score is None
        end = EpochEnd(self, fitted, score, tasks, _N_CANDIDATES if shakes else 0)
        model = with_rate(objective, model, plan)
        result, state = _run_with_smaller_rates(objective, model, plan, end)
        x = result.x if result.status != "callback" else self._best_of(objective, end.last, result.x)
        self._set_params_of(objective, x)
        self.n_iter_ = result.n_epochs
        self.t_ = 1.0 + result.n_steps
        self.loss_curve_ = result.history.loss.tolist()
        self.history_ = result.history
        if validation is not None:
            self.validation_scores_ = end.scores
        self._stream = stream_after(state, model.lr, self.coef_, model.optimizer._core_name)
        if tasks is not None:
            tasks.end()
        self._report(result, end)

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

    def _go_on(self, problem: Problem) -> None:
        """One epoch on a piece of a stream."""
        go_on(self, problem)

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

    def _scorer(self, validation: Validation) -> Callable[[Any], float]:
        """The score of a fitted copy: the estimator's own, or that of `scoring`."""
        X, y, weight = validation
        if self.scoring is None:
            return lambda fitted: float(fitted.score(X, y, sample_weight=weight))
        from sklearn.metrics import check_scoring

        scorer = check_scoring(self, self.scoring)
        weights = {} if weight is None else {"sample_weight": weight}
        return lambda fitted: float(scorer(fitted, X, y, **weights))

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


def _run_with_smaller_rates(
    objective: LinearObjective, model: Model, plan: Plan, end: EpochEnd
) -> tuple[Result, _core.DescentState]:
    """Descend, and again with smaller rates as long as the end of an epoch asks for them."""
    legs = []
    going, n_left, state = model, plan.max_epochs, None
    while True:
        outcome = run(objective, [going], plan._replace(max_epochs=n_left), end, resume=state)
        legs.append((outcome, 0))
        n_left -= outcome["n_epochs"]
        if not end.lowers_rate or n_left == 0:
            break
        rate = going.lr or float(going.optimizer._schedule()(0))
        going, state = going._replace(lr=rate / _rates.ADAPTIVE_DIVISOR), outcome["state"]
    refuse_nonfinite(objective, outcome)
    return make_result(objective, model, plan, legs, lambda: objective), outcome["state"]


def _shaped(name: str, given: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """An array in the given shape, where one for a single output may be flat."""
    if given.shape != shape and not (shape[0] == 1 and given.shape in (shape[1:], shape)):
        raise ValueError(f"Provided {name} does not match dataset: it must have shape {shape}, got {given.shape}")
    return np.asarray(given, np.float64).reshape(shape)
