"""A linear one-class support vector machine by stochastic gradient descent."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import OutlierMixin, _fit_context
from sklearn.utils._param_validation import Interval

from .._estimators.inputs import check_sample_weight, check_X, forget
from .._estimators.problem import Problem
from .._estimators.stopping import CallbackTasks, has_callbacks
from .._export import Outliers
from ._engine import SGDModel

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from ..objectives import LinearObjective

    Floats = NDArray[np.floating[Any]]

_PARAMETERS = ("fit_intercept", "max_iter", "tol", "shuffle", "verbose", "random_state", "learning_rate", "eta0")
_MORE_PARAMETERS = ("power_t", "warm_start", "average", "batch_size", "optimizer", "n_threads")


class SGDOneClassSVM(OutlierMixin, SGDModel):
    """Linear one-class support vector machine, fitted by stochastic gradient descent.

    It minimises ``mean max(0, offset - X @ coef) + nu / 2 ||coef||^2 - nu * offset`` [1]_, and is scikit-learn's
    estimator of this name with mini-batches and every optimiser. It has no `standardize`: an offset of standardised
    features is another one.

    Parameters
    ----------
    nu : float, default=0.5
        A bound on the share of outliers, above 0 and at most 1.
    fit_intercept : bool, default=True
        Whether the offset is learned.
    max_iter : int, default=1000
        Epochs at most; `partial_fit` makes one.
    tol : float or None, default=0.001
        The fit ends when the loss of an epoch has not been better than the best one by at least this, 5 times in a row.
        None: no such end.
    shuffle : bool, default=True
        Whether every epoch visits the rows in a new random order.
    verbose : int, default=0
        Whether to print a line an epoch.
    random_state : int, RandomState or None, default=None
        Seed of the orders of rows.
    learning_rate : str, schedule or function step -> float, default="optimal"
        ``"constant"``: `eta0`; ``"optimal"``: `fastgd.schedules.Optimal` of `nu`; ``"invscaling"``: ``eta0 / t **
        power_t``; ``"adaptive"``: `eta0`, divided by 5 where the fit would end, down to 1e-6; ``"auto"``: found from
        the data, see `fastgd.minimize`. Rates count steps, each on `batch_size` rows.
    eta0 : float, default=0.01
        First rate. A longer step than the L2 penalty can take is not made: ``1 / nu`` at most.
    power_t : float, default=0.5
        Exponent of ``"invscaling"``.
    warm_start : bool, default=False
        Whether `fit` begins where the last one ended.
    average : bool or int, default=False
        Whether the result is the mean of the parameters after all steps, or those from this step on.
    batch_size : int or "full", default=1
        Rows a step.
    optimizer : str or an instance from fastgd.optimizers, optional
        How a gradient becomes a step; plain gradient steps by default. An instance has its own rate. A name takes
        `learning_rate`, but that its default stands for ``"auto"`` with others than ``"sgd"`` and ``"asgd"``, as it is
        made for plain steps.
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
    coef_ : array of shape (n_features,)
        Coefficients, float64 for float64 data and float32 for all others.
    offset_ : array of shape (1,)
        Offset: the rows whose scores are below it are outliers.
    n_iter_ : int
        Epochs made.
    t_ : float
        Steps made, plus 1.
    loss_curve_ : list of float
        Loss of each epoch, as ``history_.loss``.
    history_ : History
        What happened in each epoch of the last `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Their names, where X has some.

    References
    ----------
    .. [1] B. Schoelkopf, J. C. Platt, J. Shawe-Taylor, A. J. Smola and R. C. Williamson, "Estimating the support of a
       high-dimensional distribution", Neural Computation 13, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.linear_model import SGDOneClassSVM
    >>> X = np.random.default_rng(0).normal(loc=3.0, size=(500, 2))
    >>> model = SGDOneClassSVM(nu=0.1, average=True, random_state=0).fit(X)
    >>> model.predict([[3.0, 3.0], [-3.0, -3.0]]).tolist()
    [1, -1]
    """

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
        self,
        X: Any,
        y: Any = None,
        coef_init: Any = None,
        offset_init: Any = None,
        sample_weight: Any = None,
        *,
        checkpoint: Checkpoint | None = None,
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
            Offset to start from; 0 by default, or likewise.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; 1 each by default.
        checkpoint : fastgd.Checkpoint, optional
            Where to keep what the fit needs to go on should it be ended from outside, and where to go on from; needs
            an int as `random_state`.

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
        offset = np.atleast_1d(np.asarray(0.0 if offset_init is None else offset_init, np.float64))
        tasks = CallbackTasks(self, X, y, sample_weight) if has_callbacks(self) else None
        self._descend(self._problem(X, sample_weight, offset), coef_init, 1.0 - offset, None, tasks, checkpoint)
        return self

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
        is_first = "coef_" not in vars(self)
        if is_first:
            self._validate_params()
        X = check_X(self, X, reset=is_first)
        self._go_on(self._problem(X, sample_weight, vars(self).get("offset_", np.zeros(1))))
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

    def _head(self) -> Outliers:
        return Outliers()

    def _start_intercept(self) -> Any:
        return 1.0 - np.asarray(vars(self).get("offset_", [0.0]), np.float64)

    def _alpha(self) -> float:
        return float(self.nu)

    def _problem(self, X: Any, sample_weight: Any, offset: Floats) -> Problem:
        n_samples = X.shape[0]
        # An offset that is not learned is a part of the scores.
        fixed = None if self.fit_intercept else np.full(n_samples, 1.0 - offset[0])
        self._fixed_offset = offset
        weight = check_sample_weight(sample_weight, n_samples)
        return Problem(X, np.ones(n_samples, np.int8), "hinge", 2, weight, fixed)

    def _start(self, objective: LinearObjective, coef: Any, intercept: Any) -> NDArray[np.float64]:
        return super()._start(objective, coef, intercept if self.fit_intercept else None)

    def _objective(self, problem: Problem) -> LinearObjective:
        # mean max(0, offset - X @ coef) + nu / 2 ||coef||^2 - nu offset, with intercept = 1 - offset.
        return super()._objective(problem)._with(_intercept_slope=float(self.nu))

    def _set_params_of(self, objective: LinearObjective, x: NDArray[np.float64]) -> None:
        coef, intercept = objective.unpack(x)
        self.coef_ = coef[0].astype(objective.dtype)
        offset = 1.0 - intercept if self.fit_intercept else self._fixed_offset
        self.offset_ = np.asarray(offset, objective.dtype)
