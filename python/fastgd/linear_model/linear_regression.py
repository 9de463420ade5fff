"""Least squares."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from .._estimators.inputs import forget
from ._least_squares import LeastSquares

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from ._closed_form import Solution

SOLVERS = {"auto": "auto", "closed_form": "closed_form", "svd": "qr", "lbfgs": "lbfgs"}


class LinearRegression(LeastSquares):
    """Least squares [1]_, in closed form or by L-BFGS.

    What is minimised is ``sum_i s_i (y_i - x_i . coef - intercept)^2``; where many coefficients are minima, the closed
    forms give the shortest. X is read in blocks of rows, as it is.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether there is an intercept.
    copy_X : bool, default=True
        Without effect: X is neither copied nor written to.
    tol : float, default=1e-6
        Singular values of at most `tol` times the largest count as 0 in a closed form. Descent has converged when the
        norm of the gradient is at most `tol` times what it is where all parameters are 0.
    n_jobs : int, default=None
        Alias of `n_threads`; both given and different are an error.
    positive : bool, default=False
        Whether coefficients must be at least 0: by SciPy's ``nnls`` on the triangle of ``X = QR``, or its L-BFGS-B
        where descent is chosen.
    solver : {"auto", "closed_form", "svd", "lbfgs"}, default="auto"
        ``"svd"`` for the singular values of the triangle of ``X = QR``, found block by block; ``"lbfgs"`` for descent.
        ``"auto"`` takes them from ``X'X``, at half the cost, where its eigenvalues span at most 1e6, else from the
        triangle; descent for more than 4096 features, and for large tables with more columns than rows, which a closed
        form would copy. ``"closed_form"`` is ``"auto"`` without descent.
    max_iter : int, default=15000
        With descent, evaluations of the objective at most.
    n_threads : int, default=None
        Threads of descent, and of NumPy's BLAS for ``X'X``; both have a default of their own.

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or array of shape (n_targets,)
        Intercepts, 0.0 with ``fit_intercept=False``.
    rank_ : int
        Number of singular values that count; of a closed form.
    singular_ : array of shape (min(n_samples, n_features),)
        Singular values of the centred X, weighted; of a closed form.
    n_iter_ : array of shape (n_targets,)
        Evaluations of the objective, 1 for a closed form.
    n_features_in_, feature_names_in_
        Number and names of the features.

    See Also
    --------
    fastgd.linear_model.Ridge : with an l2 penalty.

    References
    ----------
    .. [1] A. Björck, "Numerical methods for least squares problems", SIAM, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.linear_model import LinearRegression
    >>> X = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]])
    >>> model = LinearRegression().fit(X, X @ [1.0, 2.0] + 3.0)
    >>> model.coef_.round(6).tolist(), round(float(model.intercept_), 6)
    ([1.0, 2.0], 3.0)
    """

    rank_: int
    singular_: NDArray[np.floating[Any]]

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_jobs": [None, Integral],
        "positive": ["boolean"],
        "solver": [StrOptions(set(SOLVERS))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
        solver: str = "auto",
        max_iter: int = 15_000,
        n_threads: int | None = None,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive
        self.solver = solver
        self.max_iter = max_iter
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
            descent alone.

        Returns
        -------
        object
            This estimator, fitted.
        """
        forget(self, "rank_", "singular_")
        self._fit(X, y, sample_weight, 0.0, SOLVERS[self.solver], checkpoint, cutoff=float(self.tol))
        return self

    def _keep(self, solution: Solution) -> None:
        self.rank_ = solution.rank
        self.singular_ = solution.singular
