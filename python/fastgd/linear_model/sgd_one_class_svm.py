"""A linear one-class support vector machine by stochastic gradient descent."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import OutlierMixin, _fit_context
from sklearn.utils._param_validation import Interval

from ._base import check_sample_weight, check_X
from ._engine import Problem, SGDModel, forget, has_callbacks
from ._stopping import CallbackTasks

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from ..objectives import LinearObjective

    Floats = NDArray[np.floating[Any]]

_PARAMETERS = ("fit_intercept", "max_iter", "tol", "shuffle", "verbose", "random_state", "learning_rate", "eta0")
_MORE_PARAMETERS = ("power_t", "warm_start", "average", "batch_size", "optimizer", "n_threads")


class SGDOneClassSVM(OutlierMixin, SGDModel):
    """Linear one-class support vector machine, fitted by stochastic gradient descent."""

    # No parameter: the features' means are part of what is learned.
    standardize = False

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "nu": [Interval(Real, 0, 1, closed="right")],
        **{name: SGDModel._parameter_constraints[name] for name in (*_PARAMETERS, *_MORE_PARAMETERS)},
    }

    def __init__(
        self,
        nu: float = 0.5,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        random_state: Any = None,
        learning_rate: Any = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        warm_start: bool = False,
        average: bool | int = False,
        *,
        batch_size: int | str = 1,
        optimizer: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.nu = nu
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self, X: Any, y: Any = None, coef_init: Any = None, offset_init: Any = None, sample_weight: Any = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, read as they are.
        y : None
            Ignored.
        coef_init : array of shape (n_features,), optional
            Coefficients to start from; zeros by default, with ``warm_start=True`` those of the last fit.
        offset_init : array of shape (1,), optional
            Offset to start from; 1 by default, or likewise.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; 1 each by default.

        Returns
        -------
        object
            This estimator, fitted.
        """
        X = check_X(self, X, reset=True)
        if not self.warm_start:
            forget(self, "coef_", "offset_", "_stream")
        elif hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            offset_init = self.offset_ if offset_init is None else offset_init
        intercept_init = None if offset_init is None else 1.0 - np.atleast_1d(np.asarray(offset_init, np.float64))
        tasks = CallbackTasks(self, X, y, sample_weight) if has_callbacks(self) else None
        self._descend(self._problem(X, sample_weight), coef_init, intercept_init, None, tasks)
        return self

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Make one epoch on a piece of a stream.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, as they are: twice all weights is twice as long a step.

        Returns
        -------
        object
            This estimator.
        """
        X = check_X(self, X, reset="coef_" not in vars(self))
        self._go_on(self._problem(X, sample_weight))
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the signed distance to the hyperplane, positive for inliers: ``score_samples(X) - offset_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            Distances.
        """
        distances: Floats = self._raw_scores(X)[:, 0]
        return distances

    def score_samples(self, X: Any) -> Floats:
        """Return the scores ``X @ coef_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            Scores.
        """
        scores: Floats = self.decision_function(X) + self.offset_
        return scores

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Return 1 for inliers and -1 for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            1 or -1.
        """
        return np.where(self.decision_function(X) >= 0, 1, -1).astype(np.int32)

    def _score_intercept(self) -> Any:
        return -self.offset_

    def _given_intercept(self) -> Any:
        return 1.0 - np.asarray(self.offset_, np.float64)

    def _alpha(self) -> float:
        return float(self.nu)

    def _problem(self, X: Any, sample_weight: Any) -> Problem:
        n_samples = X.shape[0]
        return Problem(X, np.ones(n_samples, np.int8), "hinge", 2, check_sample_weight(sample_weight, n_samples))

    def _objective(self, problem: Problem) -> LinearObjective:
        # mean max(0, offset - X @ coef) + nu / 2 ||coef||^2 - nu offset, with intercept = 1 - offset.
        return super()._objective(problem)._with(_intercept_slope=float(self.nu))

    def _set_params_of(self, objective: LinearObjective, x: NDArray[np.float64]) -> None:
        coef, intercept = objective.unpack(x)
        self.coef_ = coef[0].astype(objective.dtype)
        self.offset_ = (1.0 - intercept).astype(objective.dtype)
