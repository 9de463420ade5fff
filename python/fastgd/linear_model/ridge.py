"""Least squares with an l2 penalty."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from .._estimators.inputs import forget
from ._least_squares import LeastSquares

if TYPE_CHECKING:
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from ._closed_form import Solution

# Each of scikit-learn's names, and the way that is gone for it.
SOLVERS = {
    "auto": "auto",
    "closed_form": "closed_form",
    "svd": "qr",
    "cholesky": "gram",
    "lbfgs": "lbfgs",
    "lsqr": "lbfgs",
    "sparse_cg": "lbfgs",
    "sag": "lbfgs",
    "saga": "lbfgs",
}
# Singular values that are the rounding of larger ones; scikit-learn's 1e-15 is that of a single operation.
_CUTOFF = 1e-13
_TOLD = {"gram": "cholesky", "qr": "svd"}


class Ridge(LeastSquares):
    """Least squares with an l2 penalty [1]_, in closed form or by L-BFGS.

    What is minimised is ::

        sum_i s_i (y_i - x_i . coef - intercept)^2 + alpha * ||coef||^2

    X is read in blocks of rows, as it is.

    Parameters
    ----------
    alpha : float or array of shape (n_targets,), default=1.0
        Strength of the penalty, at least 0; one for all targets, or one for each.
    fit_intercept : bool, default=True
        Whether there is an intercept, which is not penalised.
    copy_X : bool, default=True
        Without effect: X is neither copied nor written to.
    max_iter : int, default=None
        With descent, evaluations of the objective at most; None for 15000.
    tol : float, default=1e-4
        Descent has converged when the norm of the gradient is at most `tol` times what it is where all parameters
        are 0. The closed forms have no use for it.
    solver : str, default="auto"
        ``"cholesky"`` for the closed form from ``X'X``, whose rounding grows with the square of the condition;
        ``"svd"`` for the one from the triangle of ``X = QR``, found block by block, at twice the cost; ``"lbfgs"`` for
        descent, which scikit-learn's iterative names mean too: ``"lsqr"``, ``"sparse_cg"``, ``"sag"``, ``"saga"``.
        ``"auto"`` takes ``X'X``, and where its eigenvalues, penalty included, span more than 1e6 the triangle; descent
        for more than 4096 features, and for large tables with more columns than rows, which a closed form would copy.
        ``"closed_form"`` is ``"auto"`` without descent.
    positive : bool, default=False
        Whether coefficients must be at least 0: by SciPy's ``nnls`` on the triangle, or its L-BFGS-B where descent is
        chosen.
    random_state : int, RandomState or None, default=None
        Without effect, as nothing is random; here for scikit-learn's signature.
    n_threads : int, default=None
        Threads of descent, and of NumPy's BLAS for ``X'X``; both have a default of their own.

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or array of shape (n_targets,)
        Intercepts, 0.0 with ``fit_intercept=False``.
    n_iter_ : array of shape (n_targets,)
        Evaluations of the objective, 1 for a closed form.
    rank_ : int
        Rank of the centred X, weighted, up to rounding; of a closed form. With ``alpha=0`` and a rank below the number
        of features the coefficients are the shortest of all that are minima.
    solver_ : str
        The way that was gone: ``"cholesky"``, ``"svd"``, ``"nnls"`` or ``"lbfgs"``.
    n_features_in_, feature_names_in_
        Number and names of the features.

    See Also
    --------
    fastgd.linear_model.LinearRegression : without a penalty.
    fastgd.linear_model.SGDRegressor : other losses, by stochastic gradient descent.

    References
    ----------
    .. [1] A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
       Technometrics 12, 1970.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.linear_model import Ridge
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    >>> model = Ridge(alpha=0.1).fit(X, X @ [2.0, -1.0] + 0.5)
    >>> model.coef_.round(2).tolist(), round(float(model.intercept_), 2)
    ([1.93, -0.85], 0.53)
    """

    rank_: int
    solver_: str
    _ravels_one_column = True

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, checkpoint: Checkpoint | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), optional
            Weights; 1 each by default. A row of weight 0 is as absent.
        checkpoint : fastgd.Checkpoint, optional
            Where to keep what the fit needs to go on should it be ended from outside, and where to go on from; for
            descent alone, with one `alpha` for all targets.

        Returns
        -------
        object
            This estimator, fitted.
        """
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"solver={self.solver!r} does not support positive fitting: it must be 'auto' or 'lbfgs' with "
                "positive=True"
            )
        forget(self, "rank_")
        way = self._fit(X, y, sample_weight, self.alpha, SOLVERS[self.solver], checkpoint, cutoff=_CUTOFF)
        self.solver_ = _TOLD.get(way, way)
        return self

    def _keep(self, solution: Solution) -> None:
        self.rank_ = solution.rank
