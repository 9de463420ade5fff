"""The perceptron."""

from __future__ import annotations

from typing import Any

from .sgd_classifier import StreamingClassifier


class Perceptron(StreamingClassifier):
    """Linear perceptron classifier.

    It is `SGDClassifier` with ``loss="perceptron"``, a constant rate of 1 and no penalty.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
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
    eta0 : float, default=1.0
        The rate.
    n_jobs : int, optional
        Another name for `n_threads`; -1 for all.
    random_state : int, RandomState or None, default=0
        Seed of the orders of rows and of the validation rows.
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
    batch_size : int or "full", default=1
        Rows a step.
    optimizer : str or an instance from fastgd.optimizers, optional
        How a gradient becomes a step; plain gradient steps by default. An instance has its own rate. A name takes
        `learning_rate`, but that its default stands for ``"auto"`` with others than ``"sgd"`` and ``"asgd"``, as it is
        made for plain steps.
    standardize : bool, default=False
        Whether the descent, and with it the penalty, is that of standardised features; `coef_` is for the features as
        they are. X is not copied.
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
    SGDClassifier

    References
    ----------
    .. [1] F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
       Psychological Review 65, 1958.

    Examples
    --------
    >>> from fastgd.linear_model import Perceptron
    >>> Perceptron().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]).predict([[0.5], [2.5]]).tolist()
    [0, 1]
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        name: rule
        for name, rule in StreamingClassifier._parameter_constraints.items()
        if name not in ("loss", "loss_params", "epsilon", "learning_rate", "power_t", "average")
    }

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        batch_size: int | str = 1,
        optimizer: Any = None,
        standardize: bool = False,
        scoring: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.scoring = scoring
        self.n_threads = n_threads
