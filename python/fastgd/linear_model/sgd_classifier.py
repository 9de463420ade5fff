"""Linear classifiers by stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from .. import _validation as check
from .._losses import registry
from ._base import LinearClassifier, add_class_weight, check_sample_weight, check_X_y, encode_labels
from ._engine import Problem, SGDModel, forget, has_callbacks
from ._probabilities import PROBABILITIES, probabilities
from ._split import check_validation, split
from ._stopping import CallbackTasks

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from ..objectives import LinearObjective

    Floats = NDArray[np.floating[Any]]

LOSSES = frozenset(name for name, loss in registry().items() if loss.trainable)


class BaseSGDClassifier(LinearClassifier, SGDModel):
    """What `SGDClassifier` and `Perceptron` share."""

    loss: str = "perceptron"
    n_jobs: int | None = None

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **SGDModel._parameter_constraints,
        "loss": [StrOptions(set(LOSSES))],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy.
        y : array-like of shape (n_samples,)
            Labels: strings, integers, bool.
        coef_init : array of shape (n_outputs, n_features), optional
            Coefficients to start from; zeros by default, with ``warm_start=True`` those of the last fit.
        intercept_init : array of shape (n_outputs,), optional
            Intercepts to start from, likewise.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, multiplied with those of the classes; 1 each by default.
        X_val : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            With ``early_stopping=True`` the rows to score, in place of a share of X.
        y_val : array-like of shape (n_rows,), optional
            Their labels.
        sample_weight_val : array-like of shape (n_rows,), optional
            Their weights in the score.

        Returns
        -------
        object
            This estimator, fitted.
        """
        X, y = check_X_y(self, X, y, reset=True)
        weight = check_sample_weight(sample_weight, X.shape[0])
        classes, indices = encode_labels(y)
        _check_classes(classes)
        if not self.warm_start:
            forget(self, "coef_", "intercept_", "_stream")
        elif hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        self.classes_ = classes
        given = check_validation(self, X_val, y_val, sample_weight_val)
        labels = classes[indices]
        weight, validation = (weight, given) if given is not None else split(self, X, labels, weight, stratify=indices)
        tasks = CallbackTasks(self, X, y, sample_weight) if has_callbacks(self) else None
        self._descend(self._problem(X, indices, weight), coef_init, intercept_init, validation, tasks)
        return self

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Make one epoch on a piece of a stream.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), or "grow", optional
            All labels that there will be, for the first call; with ``"grow"`` labels that are new join the classes, of
            which the first call needs two.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, as they are: twice all weights is twice as long a step.

        Returns
        -------
        object
            This estimator.
        """
        is_first = "classes_" not in vars(self)
        if is_first:
            self._refuse_for_stream()
        X, y = check_X_y(self, X, y, reset=is_first)
        indices = self._encode_piece(y, classes)
        weight = check_sample_weight(sample_weight, X.shape[0])
        self._go_on(self._problem(X, indices, weight))
        return self

    def _refuse_for_stream(self) -> None:
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit, got True")
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which does not know how many rows of each "
                "class there will be; compute_class_weight of scikit-learn makes a dict of weights for class_weight"
            )

    def _encode_piece(self, y: NDArray[Any], classes: Any) -> NDArray[Any]:
        """Class indices of a piece's labels; classes that are new join those that are known."""
        known = vars(self).get("classes_")
        grows = isinstance(classes, str) and classes == "grow"
        if grows:
            found, _ = encode_labels(y)
            union = found if known is None else np.union1d(known, found)
            _check_classes(union)
            if known is not None and len(union) > len(known):
                self._grow(known, union)
            self.classes_ = union
        elif known is None:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = np.unique(np.asarray(classes))
            _check_classes(self.classes_)
        elif classes is not None and not np.array_equal(known, np.unique(np.asarray(classes))):
            raise ValueError(
                f"`classes={check.shown(classes)}` is not the same as on last call to partial_fit, was: {known}"
            )
        return encode_labels(y, self.classes_)[1]

    def _grow(self, known: NDArray[Any], union: NDArray[Any]) -> None:
        """Rows of zeros for new classes."""
        of_known = self._scores_of_classes(np.atleast_2d(self.coef_), len(known))
        coef = np.zeros((len(union), of_known.shape[1]), of_known.dtype)
        intercept = np.zeros(len(union), of_known.dtype)
        places = np.searchsorted(union, known)
        coef[places] = of_known
        intercept[places] = self._scores_of_classes(np.reshape(self.intercept_, (-1, 1)), len(known))[:, 0]
        self.coef_, self.intercept_ = coef, intercept

    def _scores_of_classes(self, rows: Floats, n_classes: int) -> Floats:
        """One row a class: two classes may have one between them, which is the second one's."""
        if n_classes > 2:
            return rows
        share = 0.5 if registry()[self.loss].kind == "multiclass" else 1.0
        return np.concatenate([-share * rows, share * rows])

    def _problem(self, X: Any, indices: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        n_classes = len(self.classes_)
        weight = add_class_weight(self.class_weight, self.classes_, indices, weight)
        if registry()[self.loss].kind != "regression":
            return Problem(X, indices, self.loss, n_classes, weight)
        if n_classes == 2:
            return Problem(X, np.where(indices > 0, 1.0, -1.0), self.loss, None, weight)
        targets = np.full((len(indices), n_classes), -1.0)
        targets[np.arange(len(indices)), indices] = 1.0
        return Problem(X, targets, self.loss, None, weight)

    def _set_params_of(self, objective: LinearObjective, x: NDArray[np.float64]) -> None:
        super()._set_params_of(objective, x)
        if self._has_two_scores_for_two():
            self.coef_ = self.coef_[1:] - self.coef_[:1]
            self.intercept_ = self.intercept_[1:] - self.intercept_[:1]

    def _start(self, objective: LinearObjective, coef: Any, intercept: Any) -> NDArray[np.float64]:
        if self._has_two_scores_for_two():
            if coef is not None:
                coef = self._scores_of_classes(np.atleast_2d(coef), 2)
            if intercept is not None:
                intercept = self._scores_of_classes(np.reshape(intercept, (-1, 1)), 2)[:, 0]
        return super()._start(objective, coef, intercept)

    def _has_two_scores_for_two(self) -> bool:
        return len(self.classes_) == 2 and registry()[self.loss].kind == "multiclass"


class SGDClassifier(BaseSGDClassifier):
    """Linear classifier, fitted by stochastic gradient descent."""

    def __init__(
        self,
        loss: str = "hinge",
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
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: Any = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.loss_params = loss_params
        self.scoring = scoring
        self.n_threads = n_threads

    def _has_probabilities(self) -> bool:
        if self.loss not in PROBABILITIES:
            raise AttributeError(
                f"loss {self.loss!r} is not compatible with predict_proba; it needs {', '.join(PROBABILITIES)}, or "
                "CalibratedClassifierCV around this estimator"
            )
        return True

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, with the losses log_loss, multinomial and modified_huber.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return probabilities(self.loss, self._raw_scores(X))

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of the probabilities; those of modified_huber may be those of 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Logarithms, in the order of `classes_`.
        """
        with np.errstate(divide="ignore"):
            logarithms: Floats = np.log(self.predict_proba(X))
        return logarithms


def _check_classes(classes: NDArray[Any]) -> None:
    if len(classes) < 2:
        raise ValueError(
            f"The number of classes has to be greater than one; got {len(classes)} class: y is {classes.tolist()} only"
        )
