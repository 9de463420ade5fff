"""A mixture of Gaussians, fitted by descent."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._estimators.density import Density
from .._estimators.precisions import both_of
from ..objectives import GaussianMixtureObjective
from ._starts import INIT_PARAMS, make_starts

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from ..result import Result

    Floats = NDArray[np.float64]


# Variances below so many times what is added are no property of the rows.
_AT_LEAST = 10.0


class GaussianMixture(Density):
    """Density of rows as a weighted sum of Gaussians.

    It is scikit-learn's estimator of this name, fitted by descent in the place of expectation-maximisation: by L-BFGS
    on all rows, by mini-batches, or from a stream. What is minimised is the mean of ``-log q(x)`` with::

        q(x) = sum_k weights_k * N(x; means_k, covariances_k)

    see `fastgd.GaussianMixtureObjective`. What differs is in ``docs/compatibility.md``.

    Parameters
    ----------
    n_components : int, default=1
        Number of Gaussians, at most that of rows.
    covariance_type : {"full", "diag"}, default="full"
        Whether each has a covariance matrix of its own, or one variance a feature.
    tol : float, default=1e-3
        On full batches the fit ends when the norm of the gradient, of standardised features, is at most this;
        on mini-batches when the loss of an epoch has not been better than the best one by this, 10 times in a row.
    reg_covar : float, default=1e-6
        Added to every variance, at the optimum exactly so. It keeps a component from shrinking onto one row.
    max_iter : int, default=200
        Evaluations of L-BFGS at most, and epochs of others; `partial_fit` makes one epoch.
    n_init : int, default=10
        Starts, all descending in the same passes over the rows; those that are the same, as k-means often finds the
        same groups, are one. The fit is the one with the lowest loss. One that has a component with a variance, in any
        direction, below 10 times `reg_covar` comes after those that have none: it has shrunk onto one row, or onto
        rows that share a value, and its loss says how small `reg_covar` is.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}, default="kmeans"
        What a start is made from: groups of rows by k-means, or of those nearest to seeds by k-means++ or to random
        rows, or random shares of each row; on standardised features, of at most 16384 evenly spaced rows.
    weights_init : array-like of shape (n_components,), optional
        Weights of all starts, above 0.
    means_init : array-like of shape (n_components, n_features), optional
        Means of all starts.
    precisions_init : array-like, optional
        Inverse covariances of all starts: (n_components, n_features, n_features), of ``"diag"`` (n_components,
        n_features).
    random_state : int, RandomState or None, default=None
        Seed of the starts, the orders of rows, and of `sample`.
    warm_start : bool, default=False
        Whether `fit` begins where the last one ended, from that one start.
    verbose : int, default=0
        Whether to print how a fit goes.
    verbose_interval : int, default=10
        Epochs from line to line.
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
    weights_ : array of shape (n_components,)
        Weights, which sum to 1.
    means_ : array of shape (n_components, n_features)
        Means; all fitted arrays are float64.
    covariances_ : array of shape (n_components, n_features, n_features), of "diag" (n_components, n_features)
        Covariances, or variances.
    precisions_ : array of the same shape
        Their inverses.
    precisions_cholesky_ : array of the same shape
        Upper triangles U with ``U @ U.T`` the precision, or roots of precisions.
    converged_ : bool
        Whether the last `fit` ended by `tol`.
    n_iter_ : int
        Epochs of the start that was kept.
    lower_bound_ : float
        Mean log-likelihood of the rows, less what `reg_covar` takes away. Of `partial_fit` that of the piece.
    lower_bounds_ : list of float
        The same after each epoch.
    loss_curve_ : list of float
        Their negatives; of `partial_fit` of all pieces.
    history_ : History
        What happened in each epoch of the last `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Their names, where X has some.

    See Also
    --------
    fastgd.GaussianMixtureObjective, fastgd.covariance.Gaussian

    References
    ----------
    .. [1] R. Hosseini and S. Sra, "An alternative to EM for Gaussian mixture models: batch and stochastic Riemannian
       optimization", Mathematical Programming 181, 2020.
    .. [2] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", ACM-SIAM Symposium on
       Discrete Algorithms, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.mixture import GaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(-2.0, 1.0, size=(300, 2)), rng.normal(3.0, 0.5, size=(100, 2))])
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> model.means_.round(0).tolist(), model.weights_.round(2).tolist()
    ([[-2.0, -2.0], [3.0, 3.0]], [0.75, 0.25])
    """

    _of_fit = ("tol", "n_init", "init_params")
    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **Density._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INIT_PARAMS))],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 200,
        n_init: int = 10,
        init_params: str = "kmeans",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        batch_size: int | str = "full",
        optimizer: Any = "auto",
        standardize: bool = True,
        n_threads: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, *, checkpoint: Checkpoint | None = None) -> Self:
        """Fit the mixture.

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

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.intp]:
        """Fit the mixture, and return the most likely component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.
        y : object, optional
            Ignored.

        Returns
        -------
        array of shape (n_samples,)
            Indices of components.
        """
        labels: NDArray[np.intp] = self.fit(X).predict(X)
        return labels

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Make one epoch on a piece of a stream.

        The first piece tells where to begin, the lowest of `n_init` starts, and with ``standardize=True`` how features
        scale; it needs as many rows as components, and two at least.

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
            self.lower_bound_ = -self.loss_curve_[-1]
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return how likely each row came from each component.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_components)
            Probabilities.
        """
        return self._scored(X, True)[1]

    def predict(self, X: Any) -> NDArray[np.intp]:
        """Return the component that each row most likely came from.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            Indices of components.
        """
        labels: NDArray[np.intp] = self.predict_proba(X).argmax(axis=1)
        return labels

    def sample(self, n_samples: int = 1) -> tuple[Floats, NDArray[np.intp]]:
        """Draw rows from the fitted density, with the numbers that scikit-learn draws.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw, at least 1.

        Returns
        -------
        X : array of shape (n_samples, n_features)
            Rows, component by component.
        y : array of shape (n_samples,)
            The component of each.

        Raises
        ------
        ValueError, TypeError
            `n_samples` is no integer of at least 1.
        """
        check_is_fitted(self)
        check.integer("n_samples", n_samples, 1)
        random = check_random_state(self.random_state)
        counts = random.multinomial(n_samples, self.weights_)
        parts = []
        for count, mean, covariance in zip(counts, self.means_, self.covariances_, strict=True):
            if covariance.ndim == 2:
                parts.append(random.multivariate_normal(mean, covariance, int(count)))
            else:
                parts.append(mean + random.standard_normal(size=(count, len(mean))) * np.sqrt(covariance))
        return np.concatenate(parts), np.repeat(np.arange(len(counts)), counts)

    def bic(self, X: Any) -> float:
        """Return the Bayesian information criterion of the fitted density on these rows; lower is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        float
            ``-2 * sum(score_samples(X)) + n_parameters * log(n_samples)``.
        """
        scores = self.score_samples(X)
        return -2.0 * float(scores.sum(dtype=np.float64)) + self._n_parameters() * float(np.log(len(scores)))

    def aic(self, X: Any) -> float:
        """Return Akaike's information criterion of the fitted density on these rows; lower is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        float
            ``-2 * sum(score_samples(X)) + 2 * n_parameters``.
        """
        return -2.0 * float(self.score_samples(X).sum(dtype=np.float64)) + 2.0 * self._n_parameters()

    def _n_parameters(self) -> int:
        n_components, n_features = len(self.means_), self.n_features_in_
        of_covariance = n_features * (n_features + 1) // 2 if self.covariances_.ndim == 3 else n_features
        return n_components * (of_covariance + n_features) + n_components - 1

    # ---- what `Density` asks for

    def _density(self, X: Any, standardize: bool) -> Any:
        return GaussianMixtureObjective(
            X,
            int(self.n_components),
            covariance_type=self.covariance_type,
            reg_covar=float(self.reg_covar),
            standardize=standardize,
        )

    def _form(self) -> Any:
        # Parameters may have been set since.
        kind = "full" if self.precisions_cholesky_.ndim == 3 else "diag"
        some = np.zeros_like(self.means_)
        return GaussianMixtureObjective(some, len(some), covariance_type=kind, reg_covar=float(self.reg_covar))

    def _refuse_changed(self) -> None:
        kind = "full" if self.precisions_cholesky_.ndim == 3 else "diag"
        if (kind, len(self.means_)) != (self.covariance_type, self.n_components):
            raise ValueError(
                f"a mixture of n_components={len(self.means_)} with covariance_type={kind!r} cannot go on as one of "
                f"n_components={self.n_components} with covariance_type={self.covariance_type!r}; fit anew with "
                "warm_start=False"
            )

    def _is_degenerate(self, objective: Any, x: Floats) -> bool:
        with np.errstate(over="ignore"):
            factors = objective.unpack(x).precisions_cholesky
        if not np.isfinite(factors).all():
            return True
        # The largest eigenvalue of a precision is the square of the largest singular value of its factor.
        roots = np.linalg.norm(factors, ord=2, axis=(1, 2)) if factors.ndim == 3 else factors.max(axis=1)
        return bool(roots.max() * np.sqrt(_AT_LEAST * self.reg_covar) > 1.0)

    def _least_rows(self) -> int:
        return max(2, int(self.n_components))

    def _starts(self, objective: Any, X: Any, seed: int, *, is_piece: bool) -> list[Floats]:
        return make_starts(self, objective, X, seed, is_piece)

    def _held(self) -> Any:
        return vars(self).get("means_")

    def _pack(self, objective: Any) -> Floats:
        start: Floats = objective.pack(self.weights_, self.means_, self.precisions_cholesky_)
        return start

    def _set_params_of(self, objective: Any, x: Floats) -> None:
        with np.errstate(over="ignore"):
            weights, means, factors = objective.unpack(x)
        precisions, covariances, is_valid = both_of(factors, factors.ndim == 3)
        self._refuse_overflowed(is_valid and bool((weights > 0.0).all() and np.isfinite(means).all()))
        self.weights_, self.means_, self.precisions_cholesky_ = weights, means, factors
        self.precisions_, self.covariances_ = precisions, covariances

    def _tell(self, result: Result) -> None:
        self.lower_bound_ = -result.fun
        self.lower_bounds_ = (-result.history.loss).tolist()
