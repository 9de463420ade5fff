"""Linear classifiers by stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context

from .. import _validation as check
from .._estimators.from_source import (
    SourceFit,
    classes_of,
    learn_classes,
    refuse_beside_source,
    validation_beside_source,
)
from .._estimators.inputs import add_class_weight, check_sample_weight, check_X_y, encode_labels, forget
from .._estimators.split import check_validation, split
from .._estimators.stopping import CallbackTasks, has_callbacks
from ..data import Source
from ._classifier import BaseSGDClassifier, check_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from .._estimators.problem import Problem, Validation


_LEARNED = ("classes_", "coef_", "intercept_")


class StreamingClassifier(BaseSGDClassifier):
    """What `SGDClassifier` and `Perceptron` share: `fit`, and `partial_fit`."""

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
        classes: Any = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or a source
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy; or a source of
            `fastgd.data`, which may be larger than memory.
        y : array-like of shape (n_samples,)
            Labels: strings, integers, bool. None where X is a source.
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
        checkpoint : fastgd.Checkpoint, optional
            Where to keep what the fit needs to go on should it be ended from outside, and where to go on from; needs
            an int as `random_state`.
        classes : array-like of shape (n_classes,), optional
            Where X is a source, all labels that there are; by default they are found in a pass over the labels.

        Returns
        -------
        object
            This estimator, fitted.
        """
        if isinstance(X, Source):
            beside = {"y": y, "coef_init": coef_init, "intercept_init": intercept_init, "sample_weight": sample_weight}
            refuse_beside_source(self, X, **beside)
            validation = validation_beside_source(self, X, X_val, y_val, sample_weight_val)
            self._fit_source(X, classes, validation, checkpoint)
            return self
        if classes is not None:
            raise ValueError("classes must be None where X is no source: y tells them")
        X, y = check_X_y(self, X, y, reset=True)
        weight = check_sample_weight(sample_weight, X.shape[0])
        classes, indices = encode_labels(y)
        check_classes(classes)
        if not self.warm_start:
            forget(self, "coef_", "intercept_", "_stream")
        elif hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            if intercept_init is None and self.fit_intercept:
                intercept_init = self.intercept_
        self.classes_ = classes
        given = check_validation(self, X_val, y_val, sample_weight_val)
        weight, validation = (weight, given) if given is not None else split(self, X, y, weight, stratify=indices)
        tasks = CallbackTasks(self, X, y, sample_weight) if has_callbacks(self) else None
        self._descend(self._problem(X, indices, weight), coef_init, intercept_init, validation, tasks, checkpoint)
        return self

    def _fit_source(
        self, source: Source, classes: Any, validation: Validation | None, checkpoint: Checkpoint | None
    ) -> None:
        labels, of_class = classes_of(source, classes, self.class_weight)
        check_classes(labels)

        def problem(X: Any, indices: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
            return self._weighted_problem(X, indices, add_class_weight(of_class, labels, indices, weight))

        SourceFit(self, source, learn_classes(self, labels, problem)).run(validation, checkpoint, labels)

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
        is_first = "coef_" not in vars(self)
        if is_first:
            self._validate_params()
            self._refuse_for_stream()
            forget(self, "classes_")
        X, y = check_X_y(self, X, y, reset=is_first)
        before = {name: vars(self)[name] for name in _LEARNED if name in vars(self)}
        try:
            indices = self._encode_piece(y, classes)
            weight = check_sample_weight(sample_weight, X.shape[0])
            self._go_on(self._problem(X, indices, weight))
        except BaseException:
            # Neither classes nor rows for them, where nothing was learned of them.
            forget(self, *_LEARNED)
            self.__dict__.update(before)
            raise
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
            check_classes(union)
            if known is not None and len(union) > len(known):
                self._grow(known, union)
            self.classes_ = union
        elif known is None:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = np.unique(np.asarray(classes))
            check_classes(self.classes_)
        elif classes is not None and not np.array_equal(known, np.unique(np.asarray(classes))):
            raise ValueError(
                f"`classes={check.shown(classes)}` is not the same as on last call to partial_fit, was: {known}"
            )
        return encode_labels(y, self.classes_)[1]

    def _grow(self, known: NDArray[Any], union: NDArray[Any]) -> None:
        """Rows of zeros for new classes."""
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        of_known = self._scores_of_classes(np.atleast_2d(coef), len(known))
        coef = np.zeros((len(union), of_known.shape[1]), of_known.dtype)
        intercept = np.zeros(len(union), of_known.dtype)
        places = np.searchsorted(union, known)
        coef[places] = of_known
        intercept[places] = self._scores_of_classes(np.reshape(self.intercept_, (-1, 1)), len(known))[:, 0]
        self.coef_, self.intercept_ = coef, intercept


class SGDClassifier(StreamingClassifier):
    """Linear classifier, fitted by stochastic gradient descent.

    It is scikit-learn's estimator of this name, with mini-batches, multi-class losses, every optimiser and threads, on
    the data as they are. What differs is in ``docs/compatibility.md``.

    Parameters
    ----------
    loss : str, default="hinge"
        A binary loss (hinge, log_loss, squared_hinge, modified_huber, perceptron, exponential), one-vs-rest for more
        than two classes, all of them in one pass; a multi-class one (multinomial, multiclass_hinge, crammer_singer); or
        one of regression, on targets of -1 and 1.
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
    n_jobs : int, optional
        Another name for `n_threads`; -1 for all.
    random_state : int, RandomState or None, default=None
        Seed of the orders of rows and of the validation rows.
    learning_rate : str, schedule or function step -> float, default="optimal"
        ``"constant"``: `eta0`; ``"optimal"``: `fastgd.schedules.Optimal` of `alpha`; ``"invscaling"``: ``eta0 / t **
        power_t``; ``"adaptive"``: `eta0`, divided by 5 where the fit would end, down to 1e-6; ``"auto"``: found from
        the data, see `fastgd.minimize`. Rates count steps, each on `batch_size` rows.
    eta0 : float, default=0.01
        First rate. A longer step than the L2 penalty can take is not made: ``1 / alpha`` at most.
    power_t : float, default=0.5
        Exponent of ``"invscaling"``.
    early_stopping : bool, default=False
        Whether the score on rows that are not learned from decides about the end; `fit` takes them or draws a share.
    validation_fraction : float, default=0.1
        That share; it is copied.
    n_iter_no_change : int, default=5
        See `tol`.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, with which the weights of its rows are multiplied; ``"balanced"`` gives all classes the
        same sum of weights.
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
    coef_ : array of shape (1, n_features) or (n_classes, n_features)
        Coefficients, float64 for float64 data and float32 for all others.
    intercept_ : array of shape (n_outputs,)
        Intercepts.
    validation_scores_ : list of float
        With early stopping the score after each epoch.
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
    SGDClassifierCV, fastgd.minimize, fastgd.optimizers, fastgd.schedules

    References
    ----------
    .. [1] L. Bottou, F. E. Curtis and J. Nocedal, "Optimization methods for large-scale machine learning", SIAM Review
       60, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.linear_model import SGDClassifier
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = SGDClassifier(random_state=0).fit(X, ["no", "no", "yes", "yes"])
    >>> model.predict([[-0.8, -1.0]]).tolist()
    ['no']
    """

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
