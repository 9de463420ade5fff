"""Logistic regression to the minimum, by L-BFGS."""

from __future__ import annotations

import math
import warnings
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

from .._estimators.inputs import add_class_weight, check_sample_weight, check_X_y, encode_labels, refuse_no_weight
from .._probabilities import log_probabilities, probabilities
from ..objectives import LinearObjective
from ._base import LinearClassifier
from ._quasi_newton import start_from, to_the_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint

    Floats = NDArray[np.floating[Any]]

SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "liblinear")
_SHARES = {"l1": 1.0, "l2": 0.0}


class LogisticRegression(LinearClassifier):
    """Logistic regression with an l2, l1 or elastic-net penalty, minimised by L-BFGS.

    With two classes the loss of a row is that of `fastgd.LinearObjective`'s ``log_loss``, with more the softmax
    cross-entropy, ``multinomial``. What is minimised is [1]_, divided by ``C`` times the sum of weights, ::

        C * sum_i s_i loss(y_i, raw_i) + (1 - l1_ratio) / 2 * ||coef||^2 + l1_ratio * ||coef||_1

    by `fastgd.optimizers.LBFGS`, orthant-wise where ``l1_ratio > 0``; each evaluation is one pass over X, which is read
    as it is.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet", None}, default="deprecated"
        As in scikit-learn, which deprecates it in favour of `l1_ratio` and `C`: 0, 1 or `l1_ratio` in the place of
        `l1_ratio`, and None for ``C=inf``.
    C : float, default=1.0
        Inverse of the penalty's strength, above 0; infinity for no penalty.
    l1_ratio : float, default=0.0
        Share of the l1 norm in the penalty, from 0 to 1.
    dual : bool, default=False
        Only False: the primal problem is solved.
    tol : float, default=1e-4
        The fit has converged when the Euclidean norm of the gradient of the objective divided by ``C`` times the sum of
        weights is at most this; with an l1 norm, that of the subgradient of least norm. scikit-learn's lbfgs asks the
        same of its largest entry, which is less.
    fit_intercept : bool, default=True
        Whether there is an intercept for each score; it is never penalised.
    intercept_scaling : float, default=1
        Only 1, which is no scaling.
    class_weight : dict or "balanced", default=None
        Weights of the classes, which multiply those of the rows; "balanced" for ``n / (n_classes * count)``.
    random_state : int, RandomState or None, default=None
        Without effect, as nothing is random; here for scikit-learn's signature.
    solver : str, default="lbfgs"
        Any of scikit-learn's names. All mean the same minimum and the same way there; "liblinear", which in
        scikit-learn penalises the intercept, only with ``fit_intercept=False``.
    max_iter : int, default=100
        Evaluations of the objective at most, at least 1.
    verbose : int, default=0
        1 shows a bar; needs ``fastgd[progress]``.
    warm_start : bool, default=False
        Whether `fit` starts from the last coefficients.
    n_jobs : int, default=None
        Alias of `n_threads`; both given and different are an error.
    standardize : bool, default=False
        Whether the penalty is on the coefficients of features of mean 0 and deviation 1; X stays as it is, and `coef_`
        are those of its features.
    n_threads : int, default=None
        Threads; `fastgd.get_num_threads` by default. The result is the same for every number.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels.
    coef_ : array of shape (1, n_features) or (n_classes, n_features)
        Coefficients.
    intercept_ : array of shape (1,) or (n_classes,)
        Intercepts; of more than two classes their sum is 0, as adding to all of them changes nothing.
    n_iter_ : array of shape (1,)
        Evaluations of the objective.
    history_ : History
        Loss and norm of the gradient after each of them.
    n_features_in_, feature_names_in_
        Number and names of the features.

    See Also
    --------
    fastgd.linear_model.SGDClassifier : the same losses, and others, by stochastic gradient descent.

    References
    ----------
    .. [1] D. R. Cox, "The regression analysis of binary sequences", Journal of the Royal Statistical Society B 20,
       1958.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastgd.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression().fit(X, y)
    >>> model.predict(X[:2]).tolist(), round(model.score(X, y), 3)
    ([0, 0], 0.973)
    >>> sparse = LogisticRegression(l1_ratio=1.0, C=0.1, standardize=True).fit(X, y)
    >>> int((sparse.coef_ == 0).sum()) > 4
    True
    """

    coef_: Any
    n_iter_: NDArray[np.int32]
    history_: Any

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions(set(SOLVERS))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "standardize": ["boolean"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        standardize: bool = False,
        n_threads: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.standardize = standardize
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, checkpoint: Checkpoint | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy.
        y : array-like of shape (n_samples,)
            Labels: strings, integers, bool.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; 1 each by default. A row of weight 0 is as absent.
        checkpoint : fastgd.Checkpoint, optional
            Where to keep what the fit needs to go on should it be ended from outside, and where to go on from.

        Returns
        -------
        object
            This estimator, fitted.
        """
        C, l1_ratio = self._penalty()
        self._refuse_what_has_no_meaning()
        X, y = check_X_y(self, X, y, reset=True)
        weight = check_sample_weight(sample_weight, X.shape[0])
        classes, indices = encode_labels(y)
        if len(classes) < 2:
            raise ValueError(f"y must hold at least 2 classes, got one class: {classes.tolist()}")
        weight = add_class_weight(self.class_weight, classes, indices, weight)
        refuse_no_weight(weight)
        total = float(X.shape[0] if weight is None else weight.sum())
        objective = LinearObjective(
            X,
            indices,
            loss="log_loss" if len(classes) == 2 else "multinomial",
            alpha=1.0 / (C * total),
            l1_ratio=l1_ratio,
            fit_intercept=bool(self.fit_intercept),
            sample_weight=weight,
            n_classes=len(classes),
            standardize=bool(self.standardize),
        )
        start = None
        if self.warm_start and hasattr(self, "coef_"):
            start = start_from(self, objective)
        result = to_the_minimum(self, objective, start, gtol=float(self.tol), checkpoint=checkpoint)
        self.classes_ = classes
        coef, intercept = objective.raw_coef(result.x)
        if len(classes) > 2:
            intercept = intercept - intercept.mean()
        if not self.fit_intercept:
            intercept = np.zeros(len(coef))
        self.coef_ = coef.astype(objective.dtype)
        self.intercept_ = intercept.astype(objective.dtype)
        self.n_iter_ = np.array([result.n_epochs], np.int32)
        self.history_ = result.history
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return probabilities("multinomial", self._raw_scores(X))

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of the probabilities, which are finite where these are too small for their type.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Logarithms, in the order of `classes_`.
        """
        return log_probabilities(self._raw_scores(X))

    def _loss_of_probabilities(self) -> str:
        return "multinomial"

    def _penalty(self) -> tuple[float, float]:
        """`C` and `l1_ratio`, by the deprecated way to give them too."""
        if self.penalty == "deprecated":
            return float(self.C), float(self.l1_ratio)
        warnings.warn(
            "penalty is deprecated, as in scikit-learn 1.8: leave it out, and give l1_ratio=0 for 'l2', l1_ratio=1 for "
            "'l1', another l1_ratio for 'elasticnet', C=np.inf for None",
            FutureWarning,
            stacklevel=5,
        )
        if self.penalty is None:
            return math.inf, 0.0
        share = _SHARES.get(self.penalty, float(self.l1_ratio))
        if self.l1_ratio not in (0.0, share):
            raise ValueError(f"l1_ratio must be {share:g} with penalty={self.penalty!r}, got {self.l1_ratio}")
        return float(self.C), share

    def _refuse_what_has_no_meaning(self) -> None:
        if self.dual:
            raise ValueError("dual must be False: the primal problem is solved, got True")
        if self.intercept_scaling != 1:
            raise ValueError(
                f"intercept_scaling must be 1: the intercept is not penalised, got {self.intercept_scaling}"
            )
        if self.solver == "liblinear" and self.fit_intercept:
            raise ValueError(
                "solver must be another than 'liblinear' with fit_intercept=True, got 'liblinear': it stands for a "
                "penalty on the intercept, which there is not; take 'lbfgs'"
            )
