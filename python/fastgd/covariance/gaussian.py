"""One Gaussian, fitted by descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._estimators.density import Density
from .._estimators.gaussians import gaussians, moments, regular_factors, some_rows
from .._estimators.precisions import both_of
from ..objectives import GaussianObjective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from .._plan import Plan
    from ..result import Result

    Floats = NDArray[np.float64]

_BLOCK_ROWS = 4096
# Values that differ by less, in units of the last place, are alike: what a line search takes for rounding in float32.
_NOISE = 8.0


class Gaussian(Density):
    """Density of rows as one Gaussian.

    What is minimised is the mean of ``-log N(x; location, covariance)``, see `fastgd.GaussianObjective`. The optimum is
    known: the mean of the rows, and their covariance, which divides by their number, plus `reg_covar` on the diagonal.
    `fit` begins there, so that columns may be nearly linear in others; a stream begins with its first piece, and
    descent takes it there. Fitted attributes have the names of scikit-learn's ``EmpiricalCovariance``.

    Parameters
    ----------
    covariance_type : {"full", "diag"}, default="full"
        Whether features vary together, or each by itself.
    tol : float, default=1e-8
        On full batches the fit ends when the norm of the gradient, of standardised features, is at most this, or when
        rounding allows no further decrease; on mini-batches when the loss of an epoch has not been better than the best
        one by this, 10 times in a row.
    reg_covar : float, default=1e-6
        Added to every variance, at the optimum exactly so.
    max_iter : int, default=200
        Evaluations of L-BFGS at most, and epochs of others; `partial_fit` makes one epoch.
    random_state : int, RandomState or None, default=None
        Seed of the orders of rows, and of `sample`.
    warm_start : bool, default=False
        Whether `fit` begins where the last one ended.
    verbose : int, default=0
        Whether to print how a fit goes, every 10 epochs.
    batch_size : int or "full", default="full"
        Rows a step.
    optimizer : str or an instance from fastgd.optimizers, default="auto"
        How a gradient becomes a step. ``"auto"`` is L-BFGS on full batches, and on others, and in `partial_fit`, where
        all batches are parts, ``ScheduleFreeAdamW(0.03)``. A name takes the optimiser's defaults.
    standardize : bool, default=True
        Whether the descent is that of features of mean 0 and deviation 1, without a copy of X; a stream goes by its
        first piece. The density is that of the features as they are, and its maximum does not depend on this.
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
    location_ : array of shape (n_features,)
        Mean; all fitted arrays are float64.
    covariance_ : array of shape (n_features, n_features)
        Covariance, with ``"diag"`` a diagonal matrix.
    precision_ : array of shape (n_features, n_features)
        Its inverse.
    precision_cholesky_ : array of shape (n_features, n_features)
        Upper triangle U with ``U @ U.T`` the precision.
    converged_ : bool
        Whether the last `fit` ended by `tol`.
    n_iter_ : int
        Epochs made.
    loss_curve_ : list of float
        Loss of each epoch; of `partial_fit` of all pieces.
    history_ : History
        What happened in each epoch of the last `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Their names, where X has some.

    See Also
    --------
    fastgd.GaussianObjective, fastgd.mixture.GaussianMixture

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.covariance import Gaussian
    >>> X = np.random.default_rng(0).normal(size=(500, 2)) @ [[1.0, 0.5], [0.0, 2.0]] + 3.0
    >>> model = Gaussian().fit(X)
    >>> bool(np.allclose(model.location_, X.mean(axis=0), atol=1e-6))
    True
    >>> bool(np.allclose(model.covariance_, np.cov(X.T, bias=True) + 1e-6 * np.eye(2), atol=1e-6))
    True
    """

    def __init__(
        self,
        *,
        covariance_type: str = "full",
        tol: float = 1e-8,
        reg_covar: float = 1e-6,
        max_iter: int = 200,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        batch_size: int | str = "full",
        optimizer: Any = "auto",
        standardize: bool = True,
        n_threads: int | None = None,
    ) -> None:
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, *, checkpoint: Checkpoint | None = None) -> Self:
        """Fit the Gaussian.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy.
        y : object, optional
            Ignored.
        checkpoint : fastgd.Checkpoint, optional
            Where to keep what the fit needs to go on should it be ended from outside, and where to go on from; needs
            an int as `random_state`.

        Returns
        -------
        object
            This estimator, fitted.
        """
        with self._unless_refused():
            self._fit_density(X, checkpoint)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Make one epoch on a piece of a stream.

        The first piece tells where to begin, and with ``standardize=True`` how features scale; it needs two rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.
        y : object, optional
            Ignored.

        Returns
        -------
        object
            This estimator.
        """
        with self._unless_refused():
            self._partial_fit(X)
        return self

    def mahalanobis(self, X: Any) -> Floats:
        """Return the squared Mahalanobis distances of the rows from the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            ``(x - location_) @ precision_ @ (x - location_)``.
        """
        check_is_fitted(self)
        X = self._check_rows(X, reset=False)
        distances = np.empty(len(X))
        for begin in range(0, len(X), _BLOCK_ROWS):
            of = slice(begin, begin + _BLOCK_ROWS)
            # Row by row the same, however many there are.
            y = np.einsum("ij,jk->ik", X[of].astype(np.float64) - self.location_, self.precision_cholesky_)
            distances[of] = np.einsum("ij,ij->i", y, y)
        return distances

    def sample(self, n_samples: int = 1) -> Floats:
        """Draw rows from the fitted density.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw, at least 1.

        Returns
        -------
        array of shape (n_samples, n_features)
            Rows.

        Raises
        ------
        ValueError, TypeError
            `n_samples` is no integer of at least 1.
        """
        check_is_fitted(self)
        check.integer("n_samples", n_samples, 1)
        random = check_random_state(self.random_state)
        rows: Floats = random.multivariate_normal(self.location_, self.covariance_, n_samples)
        return rows

    # ---- what `Density` asks for

    def _density(self, X: Any, standardize: bool) -> Any:
        return GaussianObjective(
            X, covariance_type=self.covariance_type, reg_covar=float(self.reg_covar), standardize=standardize
        )

    def _form(self) -> Any:
        # A factor of "full" may be diagonal, too.
        kind = "full" if np.triu(self.precision_cholesky_, 1).any() else self.covariance_type
        some = np.zeros((1, self.n_features_in_))
        return GaussianObjective(some, covariance_type=kind, reg_covar=float(self.reg_covar))

    def _refuse_changed(self) -> None:
        if self.covariance_type == "diag" and np.triu(self.precision_cholesky_, 1).any():
            raise ValueError(
                "a Gaussian with covariance_type='full' cannot go on with covariance_type='diag'; fit anew with "
                "warm_start=False"
            )

    def _starts(self, objective: Any, X: Any, seed: int, *, is_piece: bool) -> list[Floats]:
        is_full, reg_covar = self.covariance_type == "full", float(self.reg_covar)
        if not is_piece:
            # The optimum, up to the rounding of descent's arithmetic: from a diagonal descent does not get to columns
            # that are nearly linear in others.
            mean, covariance = moments(X, is_full)
            return [objective.pack(mean, regular_factors(covariance, reg_covar, is_full))]
        given = some_rows(X)
        found = gaussians(np.ones((len(given.rows), 1)), given, reg_covar, is_full, True)
        return [objective.pack(found.means[0], found.factors[0])]

    def _best(
        self, objective: Any, starts: Sequence[Floats], seed: int, checkpoint: Checkpoint | None
    ) -> tuple[Result, Plan]:
        """As for all, but the start where the end is alike: where rounding was all that was left to descend."""
        result, plan = super()._best(objective, starts, seed, checkpoint)
        noise = _NOISE * float(np.finfo(objective.dtype).eps) * max(1.0, abs(result.fun))
        if abs(objective.value(starts[0]) - result.fun) <= noise:
            result.x = starts[0]
        return result, plan

    def _held(self) -> Any:
        return vars(self).get("location_")

    def _pack(self, objective: Any) -> Floats:
        factor = self.precision_cholesky_
        if objective.covariance_type == "diag":
            factor = np.diagonal(factor)
        start: Floats = objective.pack(self.location_, factor)
        return start

    def _set_params_of(self, objective: Any, x: Floats) -> None:
        with np.errstate(over="ignore"):
            location, factor = objective.unpack(x)
        factor = factor if factor.ndim == 2 else np.diag(factor)
        precision, covariance, is_valid = both_of(factor, True)
        self._refuse_overflowed(is_valid and bool(np.isfinite(location).all()))
        self.location_, self.precision_cholesky_ = location, factor
        self.precision_, self.covariance_ = precision, covariance
