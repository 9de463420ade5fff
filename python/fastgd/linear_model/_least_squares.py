"""What `Ridge` and `LinearRegression` share: data, the way to the minimum, coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin

from .. import _validation as check
from .._estimators.inputs import check_sample_weight, check_X_y, refuse_no_weight, refuse_nonfinite, threads_of
from .._matrix import as_matrix, is_sparse
from ..objectives import LinearObjective
from . import _closed_form as closed_form
from ._base import LinearRegressor
from ._quasi_newton import to_the_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from ..objectives.chunked import SummedObjective

    Floats = NDArray[np.float64]

# Of float64 and of what is computed in float32, as `fastgd.LinearObjective.dtype`.
_NARROW = np.dtype(np.float32)
_WIDE = np.dtype(np.float64)


class LeastSquares(MultiOutputMixin, LinearRegressor):
    """Base of the estimators of least squares."""

    fit_intercept: bool
    positive: bool
    tol: float
    coef_: Any
    intercept_: Any
    n_iter_: NDArray[np.int32]
    _is_flat: bool
    # Whether targets of one column are as flat ones, which they are to scikit-learn's Ridge.
    _ravels_one_column: ClassVar[bool] = False

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, alpha: Any, way: str, checkpoint: Checkpoint | None, cutoff: float
    ) -> str:
        """Set the coefficients; return the way that was gone."""
        X, y = check_X_y(self, X, y, reset=True, multi_output=True, y_numeric=True)
        weight = check_sample_weight(sample_weight, X.shape[0])
        refuse_no_weight(weight)
        if weight is not None:
            weight = weight.astype(np.float64)
        if is_sparse(X):
            # Before SciPy's products follow its indices.
            as_matrix("X", X)
        targets = np.asarray(y, np.float64).reshape(len(y), -1)
        alphas = _one_an_output(alpha, targets.shape[1])
        problem = closed_form.Problem(X, targets, weight, bool(self.fit_intercept))
        if way == "auto" and not closed_form.is_suitable(X):
            way = "lbfgs"
        if checkpoint is not None and (self.positive or way != "lbfgs" or (alphas != alphas[0]).any()):
            allowed = "None but for one descent, that of solver='lbfgs', positive=False and one alpha for all targets"
            raise check.refuse("checkpoint", allowed, checkpoint)
        self.n_iter_ = np.ones(len(alphas), np.int32)
        with _blas_threads(threads_of(self)):
            if self.positive:
                coef, intercept, way = self._positive(problem, alphas, way)
            elif way == "lbfgs":
                coef, intercept = self._descend(self._objectives(problem, alphas), checkpoint)
            else:
                means = self._means(problem)
                solution = closed_form.solve(problem, means, alphas, cutoff, way)
                coef, intercept, way = solution.coef, means.y - solution.coef @ means.x, solution.way
                self._keep(solution)
        self._take_solution(coef, intercept, _WIDE if X.dtype == _WIDE else _NARROW, y.ndim == 1)
        return way

    def _take_solution(self, coef: Floats, intercept: Floats, dtype: np.dtype[Any], is_flat: bool) -> None:
        """Set what is fitted; whether the targets were flat."""
        self._is_flat = is_flat or (self._ravels_one_column and len(coef) == 1)
        self.coef_ = np.ascontiguousarray(coef[0] if self._is_flat else coef, dtype=dtype)
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = dtype.type(intercept[0]) if is_flat else intercept.astype(dtype)

    def _has_flat_targets(self) -> bool:
        return self._is_flat

    def _score_intercept(self) -> Any:
        return np.broadcast_to(self.intercept_, 1 if self.coef_.ndim == 1 else self.coef_.shape[0])

    def _keep(self, solution: closed_form.Solution) -> None:
        """What an estimator tells of the closed form."""

    def _means(self, problem: closed_form.Problem) -> closed_form.Means:
        means = closed_form.find_means(problem)
        if not means.is_finite:
            refuse_nonfinite(problem.X)
            raise ValueError("X must have columns whose sums are finite numbers; scale it down")
        return means

    def _objectives(self, problem: closed_form.Problem, alphas: Floats) -> list[LinearObjective]:
        """One for all outputs, or one for each where their penalties differ."""
        total = len(problem.y) if problem.weight is None else problem.weight.sum()
        together = bool((alphas == alphas[0]).all())
        return [
            LinearObjective(
                problem.X,
                problem.y if together else problem.y[:, [k]],
                loss="squared_error",
                alpha=float(alphas[k] / total),
                fit_intercept=problem.fit_intercept,
                sample_weight=problem.weight,
            )
            for k in range(1 if together else len(alphas))
        ]

    def _descend(
        self, objectives: Sequence[LinearObjective | SummedObjective], checkpoint: Checkpoint | None
    ) -> tuple[Floats, Floats]:
        coefs, intercepts, n_iter = [], [], []
        for objective in objectives:
            slope = float(np.linalg.norm(objective.grad(objective.initial())))
            result = to_the_minimum(self, objective, gtol=self.tol * slope, checkpoint=checkpoint)
            coef, intercept = objective.raw_coef(result.x)
            coefs.append(coef)
            intercepts.append(intercept)
            n_iter += [result.n_epochs] * len(coef)
        self.n_iter_ = np.array(n_iter, np.int32)
        return np.concatenate(coefs).astype(np.float64), np.concatenate(intercepts).astype(np.float64)

    def _positive(self, problem: closed_form.Problem, alphas: Floats, way: str) -> tuple[Floats, Floats, str]:
        """Coefficients of at least 0: an active set on the triangle where there is one, else SciPy's L-BFGS-B."""
        from scipy.optimize import minimize, nnls

        if way != "lbfgs" and not problem.is_sparse:
            means = self._means(problem)
            triangle, products = closed_form.triangular(problem, means)
            d = triangle.shape[1]
            coef: Floats = np.zeros((len(alphas), d))
            for k, alpha in enumerate(alphas):
                A = np.concatenate([triangle, np.sqrt(alpha) * np.eye(d)]) if alpha > 0.0 else triangle
                coef[k] = nnls(A, np.concatenate([products[:, k], np.zeros(len(A) - len(triangle))]))[0]
            return coef, means.y - coef @ means.x, "nnls"
        coefs, intercepts = [], []
        for objective in self._objectives(problem, alphas):
            n_coef = objective.n_outputs * objective.n_features
            bounds = [(0.0, None)] * n_coef + [(None, None)] * (objective.n_params - n_coef)
            found = minimize(
                objective.value_and_grad,
                objective.initial(),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 15_000, "maxfun": 150_000},
            )
            of_output, intercept = objective.raw_coef(found.x)
            coefs.append(of_output)
            intercepts.append(intercept)
        return np.concatenate(coefs).astype(np.float64), np.concatenate(intercepts).astype(np.float64), "lbfgs"


def _one_an_output(alpha: Any, n_outputs: int) -> Floats:
    alphas = np.atleast_1d(np.asarray(alpha, np.float64)).ravel()
    if not ((alphas >= 0.0) & np.isfinite(alphas)).all():
        raise ValueError(f"alpha must be a finite number >= 0, or one for each target, got {alpha}")
    if alphas.size not in (1, n_outputs):
        raise ValueError(
            "Number of targets and number of penalties do not correspond: alpha must be one number, or one for each of "
            f"the {n_outputs} targets, got {alphas.size}"
        )
    return np.broadcast_to(alphas, (n_outputs,)).copy()


def _blas_threads(n_threads: int | None) -> AbstractContextManager[Any]:
    """The products of the closed form are those of NumPy's BLAS, which has threads of its own."""
    if n_threads is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[Any] = threadpool_limits(n_threads, "blas")
    return limits
