"""Linear regression by stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions

from .._estimators.from_source import SourceFit, refuse_beside_source, validation_beside_source
from .._estimators.inputs import check_sample_weight, check_X_y, forget
from .._estimators.problem import Problem
from .._estimators.split import check_validation, split
from .._estimators.stopping import CallbackTasks, has_callbacks
from .._losses import LOG_LINK, registry
from ..data import Source
from ._base import LinearRegressor
from ._engine import SGDModel

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from ..data._windows import Window
    from ..objectives import LinearObjective

    Floats = NDArray[np.floating[Any]]

LOSSES = frozenset(name for name, loss in registry().items() if loss.kind == "regression")


class SGDRegressor(LinearRegressor, SGDModel):
    """Linear regression, fitted by stochastic gradient descent.

    It is scikit-learn's estimator of this name, with mini-batches, several outputs, every optimiser and threads, on the
    data as they are. What differs is in ``docs/compatibility.md``.

    Parameters
    ----------
    loss : str, default="squared_error"
        squared_error (half the square), absolute_error, huber, epsilon_insensitive, squared_epsilon_insensitive,
        quantile, log_cosh; poisson, gamma and tweedie, whose prediction is the exponential of the score.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        What is added to the mean loss, ``alpha`` times half the squared norm of the coefficients, the sum of their
        magnitudes, or a mixture of both. L1 is a proximal step; the intercept is never penalised.
    alpha : float, default=0.0001
        Strength of the penalty, and what ``learning_rate="optimal"`` is made of.
    l1_ratio : float, default=0.15
        Share of the l1 norm in ``"elasticnet"``, from 0 to 1.
    fit_intercept : bool, default=True
        Whether there is an intercept.
    max_iter : int, default=1000
        Epochs at most; `partial_fit` makes one.
    tol : float or None, default=0.001
        The fit ends when the loss of an epoch (or, with early stopping, the validation score) has not been better than
        the best one by at least this, `n_iter_no_change` times in a row. None: no such end.
    shuffle : bool, default=True
        Whether every epoch visits the rows in a new random order.
    verbose : int, default=0
        Whether to print a line an epoch.
    epsilon : float, default=0.1
        Parameter of the losses huber, epsilon_insensitive and squared_epsilon_insensitive.
    random_state : int, RandomState or None, default=None
        Seed of the orders of rows and of the validation rows.
    learning_rate : str, schedule or function step -> float, default="invscaling"
        ``"constant"``: `eta0`; ``"optimal"``: `fastgd.schedules.Optimal` of `alpha`; ``"invscaling"``: ``eta0 / t **
        power_t``; ``"adaptive"``: `eta0`, divided by 5 where the fit would end, down to 1e-6; ``"auto"``: found from
        the data, see `fastgd.minimize`. Rates count steps, each on `batch_size` rows.
    eta0 : float, default=0.01
        First rate. A longer step than the L2 penalty can take is not made: ``1 / alpha`` at most.
    power_t : float, default=0.25
        Exponent of ``"invscaling"``.
    early_stopping : bool, default=False
        Whether the score on rows that are not learned from decides about the end; `fit` takes them or draws a share.
    validation_fraction : float, default=0.1
        That share; it is copied.
    n_iter_no_change : int, default=5
        See `tol`.
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
    standardize : bool, default=False
        Whether the descent, and with it the penalty, is that of standardised features; `coef_` is for the features as
        they are. X is not copied.
    loss_params : dict, optional
        Parameters of the loss, such as ``{"quantile": 0.9}``; see `fastgd.LinearObjective`.
    scoring : str or callable, optional
        The validation score, as scikit-learn names it; by default that of `score`.
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
    coef_ : array of shape (n_features,), or (n_outputs, n_features) for targets of two axes
        Coefficients, float64 for float64 data and float32 for all others.
    intercept_ : array of shape (n_outputs,)
        Intercepts.
    validation_scores_ : list of float
        With early stopping the score after each epoch.
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

    See Also
    --------
    fastgd.minimize, fastgd.optimizers, fastgd.schedules

    References
    ----------
    .. [1] L. Bottou, F. E. Curtis and J. Nocedal, "Optimization methods for large-scale machine learning", SIAM Review
       60, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.linear_model import SGDRegressor
    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> model = SGDRegressor(random_state=0).fit(X, X @ [1.0, -2.0] + 3.0)
    >>> bool(model.score(X, X @ [1.0, -2.0] + 3.0) > 0.999)
    True
    """

    _takes_many_targets = True

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **SGDModel._parameter_constraints,
        "loss": [StrOptions(set(LOSSES))],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        random_state: Any = None,
        learning_rate: Any = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: int | str = 1,
        optimizer: Any = None,
        standardize: bool = False,
        loss_params: Any = None,
        scoring: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.loss_params = loss_params
        self.scoring = scoring
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any = None,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        checkpoint: Checkpoint | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or a source
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy; or a source of
            `fastgd.data`, which may be larger than memory.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. None where X is a source.
        coef_init : array of shape (n_features,) or (n_outputs, n_features), optional
            Coefficients to start from; zeros by default, with ``warm_start=True`` those of the last fit.
        intercept_init : array of shape (n_outputs,), optional
            Intercepts to start from, likewise.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; 1 each by default.
        X_val : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            With ``early_stopping=True`` the rows to score, in place of a share of X.
        y_val : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Their targets.
        sample_weight_val : array-like of shape (n_rows,), optional
            Their weights in the score.
        checkpoint : fastgd.Checkpoint, optional
            Where to keep what the fit needs to go on should it be ended from outside, and where to go on from; needs
            an int as `random_state`.

        Returns
        -------
        object
            This estimator, fitted.
        """
        if isinstance(X, Source):
            beside = {"y": y, "coef_init": coef_init, "intercept_init": intercept_init, "sample_weight": sample_weight}
            refuse_beside_source(self, X, **beside)
            validation = validation_beside_source(self, X, X_val, y_val, sample_weight_val)
            SourceFit(self, X, self._learn_window).run(validation, checkpoint)
            return self
        X, y = check_X_y(self, X, y, reset=True, multi_output=True, y_numeric=True)
        weight = check_sample_weight(sample_weight, X.shape[0])
        if not self.warm_start:
            forget(self, "coef_", "intercept_", "_stream")
        elif hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            if intercept_init is None and self.fit_intercept:
                intercept_init = self.intercept_
        self._is_flat = y.ndim == 1
        given = check_validation(self, X_val, y_val, sample_weight_val)
        weight, validation = (weight, given) if given is not None else split(self, X, y, weight)
        tasks = CallbackTasks(self, X, y, sample_weight) if has_callbacks(self) else None
        self._descend(Problem(X, y, self.loss, None, weight), coef_init, intercept_init, validation, tasks, checkpoint)
        return self

    def _learn_window(self, window: Window, is_first: bool) -> Any:
        X, y = check_X_y(self, window.X, window.y, reset=is_first, multi_output=True, y_numeric=True)
        if is_first:
            self._is_flat = y.ndim == 1
        problem = Problem(X, y, self.loss, None, window.sample_weight)
        return self._go_on(problem, is_in_order=window.order is not None)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Make one epoch on a piece of a stream.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
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
        if is_first and self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit, got True")
        X, y = check_X_y(self, X, y, reset=is_first, multi_output=True, y_numeric=True)
        if is_first:
            self._is_flat = y.ndim == 1
        self._go_on(Problem(X, y, self.loss, None, check_sample_weight(sample_weight, X.shape[0])))
        return self

    def _set_params_of(self, objective: LinearObjective, x: NDArray[np.float64]) -> None:
        super()._set_params_of(objective, x)
        if self._is_flat:
            self.coef_ = self.coef_[0]

    def _start(self, objective: LinearObjective, coef: Any, intercept: Any) -> NDArray[np.float64]:
        if intercept is not None:
            intercept = np.atleast_1d(intercept)
        return super()._start(objective, coef, intercept)

    def _has_flat_targets(self) -> bool:
        # Sparse coefficients have two axes in any case.
        return bool(self._is_flat)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _has_log_link(self) -> bool:
        return self.loss in LOG_LINK
