"""Cross-validated choice of parameters, all of them and all folds in one pass over the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.model_selection import ParameterGrid, check_cv

from .. import _validation as check
from .._estimators.inputs import check_sample_weight, check_X_y, encode_labels, forget, threads_of
from .._estimators.problem import seed_of
from .._outcome import refuse_nonfinite
from .._plan import make_plan
from .._run import Model, check_together, run
from .._sweep import of_folds
from . import _rates
from ._classifier import BaseSGDClassifier, check_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._run import Folds
    from ..objectives import LinearObjective

    Floats = NDArray[np.float64]

_ALPHAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
# What may differ between the models of a pass.
_VARY = ("alpha", "l1_ratio", "penalty", "learning_rate", "eta0", "power_t", "optimizer")


class SGDClassifierCV(BaseSGDClassifier):
    """Linear classifier whose parameters are chosen by cross-validation, in one pass over the data an epoch.

    All candidates on all folds descend together, as with `fastgd.sweep`; the best one is then fitted on all rows, as
    `SGDClassifier` with ``best_params_`` would be.

    Parameters
    ----------
    loss : str, default="hinge"
        A binary loss (hinge, log_loss, squared_hinge, modified_huber, perceptron, exponential), one-vs-rest for more
        than two classes, all of them in one pass; a multi-class one (multinomial, multiclass_hinge, crammer_singer); or
        one of regression, on targets of -1 and 1.
    param_grid : dict of str to list, optional
        The values to combine, of alpha, l1_ratio, penalty, learning_rate, eta0, power_t and optimizer; schedules and
        optimisers of one kind. By default six values of alpha from 1e-6 to 0.1.
    cv : int, splitter or iterable of (train, test), default=5
        Number of random folds, stratified and of equal size; or what holds out each row once.
    scoring : str or callable, optional
        The score of a fold, as scikit-learn names it; by default the loss on its rows, weighted, without the penalty,
        times -1.
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
        Epochs at most.
    tol : float or None, default=0.001
        A fit ends when the loss has not fallen by this (in the folds: this fraction of it) in `n_iter_no_change`
        epochs. None: no such end.
    shuffle : bool, default=True
        Whether every epoch visits the rows in a new random order.
    epsilon : float, default=0.1
        Parameter of the losses huber, epsilon_insensitive and squared_epsilon_insensitive.
    n_jobs : int, optional
        Another name for `n_threads`; -1 for all.
    random_state : int, RandomState or None, default=None
        Seed of the orders of rows and of the folds.
    learning_rate : str, schedule or function step -> float, default="optimal"
        ``"constant"``: `eta0`; ``"optimal"``: `fastgd.schedules.Optimal` of `alpha`; ``"invscaling"``: ``eta0 / t **
        power_t``; ``"adaptive"``: `eta0`, divided by 5 where the fit would end, down to 1e-6; ``"auto"``: found from
        the data, see `fastgd.minimize`. Rates count steps, each on `batch_size` rows.
    eta0 : float, default=0.01
        First rate. A longer step than the L2 penalty can take is not made: ``1 / alpha`` at most.
    power_t : float, default=0.5
        Exponent of ``"invscaling"``.
    n_iter_no_change : int, default=5
        See `tol`.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, with which the weights of its rows are multiplied; ``"balanced"`` gives all classes the
        same sum of weights.
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
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
    best_params_ : dict
        The best candidate.
    best_score_ : float
        Its mean score over the folds.
    best_index_ : int
        Its place among the candidates.
    cv_results_ : dict of str to array
        ``params``, ``split<k>_test_score``, ``mean_test_score``, ``std_test_score``, ``rank_test_score`` and
        ``mean_test_loss``. A candidate that diverged in a fold scores -infinity there.
    coef_ : array of shape (1, n_features) or (n_classes, n_features)
        Coefficients, float64 for float64 data and float32 for all others.
    intercept_ : array of shape (n_outputs,)
        Intercepts.
    classes_ : array of shape (n_classes,)
        The labels, sorted.
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
    SGDClassifier, fastgd.sweep

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.linear_model import SGDClassifierCV
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> search = SGDClassifierCV(param_grid={"alpha": [1e-3, 100.0]}, random_state=0).fit(X, X[:, 0] > 0)
    >>> search.best_params_
    {'alpha': 0.001}
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **{
            name: rule
            for name, rule in BaseSGDClassifier._parameter_constraints.items()
            if name not in ("early_stopping", "validation_fraction", "warm_start", "verbose")
        },
        "param_grid": [Mapping, None],
        "cv": ["cv_object"],
    }
    verbose = 0

    def __init__(
        self,
        loss: str = "hinge",
        *,
        param_grid: Mapping[str, Iterable[Any]] | None = None,
        cv: Any = 5,
        scoring: Any = None,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        epsilon: float = 0.1,
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: Any = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        average: bool | int = False,
        batch_size: int | str = 1,
        optimizer: Any = None,
        standardize: bool = False,
        loss_params: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.loss = loss
        self.param_grid = param_grid
        self.cv = cv
        self.scoring = scoring
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.epsilon = epsilon
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.average = average
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.loss_params = loss_params
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose the parameters, and fit with the best ones on all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, read as they are.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, in the fits and in the scores; 1 each by default.

        Returns
        -------
        object
            This estimator, fitted.
        """
        X, y = check_X_y(self, X, y, reset=True)
        weight = check_sample_weight(sample_weight, X.shape[0])
        self.classes_, indices = encode_labels(y)
        check_classes(self.classes_)
        forget(self, "coef_", "intercept_", "best_params_", "best_score_", "best_index_", "cv_results_")
        problem = self._problem(X, indices, weight)
        objective = self._objective(problem)
        candidates = [self._with(setting) for setting in ParameterGrid(self._grid())]
        models = [candidate._model(objective) for candidate in candidates]
        plan = make_plan(
            objective,
            batch_size=self.batch_size,
            max_epochs=self.max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            shuffle=bool(self.shuffle),
            random_state=seed_of(self.random_state),
            n_threads=threads_of(self),
        )._replace(evaluate=False)
        for model in models:
            check_together(objective, model, plan)
        k, of_row = self._folds(objective, X, y)
        fitted, folds = of_folds(objective, models, plan, k, of_row)
        outcome = run(objective, fitted, plan, folds=folds)
        refuse_nonfinite(objective, outcome)
        if "interrupted" in outcome["status"]:
            raise KeyboardInterrupt
        assert folds is not None
        losses = outcome["held_out"].reshape(-1, k)
        scores = -losses if self.scoring is None else self._scores(objective, X, y, weight, outcome["x"], folds)
        diverged = np.reshape([status == "diverged" for status in outcome["status"]], losses.shape)
        self._tell(list(ParameterGrid(self._grid())), np.where(diverged, -np.inf, scores), losses)
        best = candidates[self.best_index_]
        best._descend(problem)
        self.__dict__.update({name: value for name, value in vars(best).items() if name not in self.get_params()})
        return self

    def _folds(self, objective: LinearObjective, X: Any, y: Any) -> tuple[int, NDArray[np.int32] | None]:
        """The number of folds, and the fold of each row where the caller says it."""
        if isinstance(self.cv, Integral):
            return check.integer("cv", self.cv, 2, objective._n_present), None
        splits = list(check_cv(self.cv, y, classifier=True).split(X, y))
        of_row = np.full(X.shape[0], -1, np.int32)
        for fold, (train, test) in enumerate(splits):
            if (of_row[test] >= 0).any() or len(np.union1d(train, test)) != len(of_row):
                raise ValueError("cv must hold out each row once, and learn from all others: one pass serves all folds")
            of_row[test] = fold
        if (of_row < 0).any():
            raise ValueError(f"cv must hold out each row once, got none for row {int(np.argmin(of_row))}")
        return len(splits), of_row

    def _grid(self) -> Mapping[str, Iterable[Any]]:
        grid = {"alpha": _ALPHAS} if self.param_grid is None else self.param_grid
        for name in grid:
            if name not in _VARY:
                raise ValueError(f"param_grid must vary only {', '.join(_VARY)}, got {check.shown(name)}")
        return grid

    def _with(self, setting: Mapping[str, Any]) -> SGDClassifierCV:
        """A copy that has these parameters, checked."""
        other = copy(self)
        other.__dict__.update(setting)
        other._validate_params()
        return other

    def _model(self, objective: LinearObjective) -> Model:
        alpha = 0.0 if self.penalty is None else self._alpha()
        return Model(objective.initial(), _rates.make_optimizer(self, self._alpha()), alpha, self._l1_share())

    def _scores(
        self, objective: LinearObjective, X: Any, y: Any, weight: NDArray[Any] | None, x: Floats, folds: Folds
    ) -> Floats:
        """Of each model on the rows that it has held out, by `scoring`."""
        from sklearn.metrics import check_scoring

        scorer = check_scoring(self, self.scoring)
        scores = []
        for params, fold in zip(x, folds.of_model, strict=True):
            rows = np.flatnonzero(folds.of_row == fold)
            fitted = copy(self)
            forget(fitted, "feature_names_in_")
            fitted._set_params_of(objective, params)
            given = {} if weight is None else {"sample_weight": weight[rows]}
            scores.append(float(scorer(fitted, X[rows], y[rows], **given)))
        return np.reshape(scores, (-1, folds.of_row.max() + 1))

    def _tell(self, settings: list[dict[str, Any]], scores: Floats, losses: Floats) -> None:
        mean = scores.mean(axis=1)
        self.best_index_ = int(np.argmax(mean))
        self.best_params_ = settings[self.best_index_]
        self.best_score_ = float(mean[self.best_index_])
        with np.errstate(invalid="ignore"):
            std = scores.std(axis=1)
        self.cv_results_: dict[str, Any] = {
            "params": settings,
            **{f"split{k}_test_score": scores[:, k] for k in range(scores.shape[1])},
            "mean_test_score": mean,
            "std_test_score": std,
            "rank_test_score": 1 + np.searchsorted(np.sort(-mean), -mean),
            "mean_test_loss": losses.mean(axis=1),
        }
