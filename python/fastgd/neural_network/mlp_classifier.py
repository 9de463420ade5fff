"""Classification by multi-layer perceptrons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from .. import _export
from .. import _validation as check
from .._estimators.from_source import (
    SourceFit,
    classes_of,
    learn_classes,
    refuse_beside_source,
    validation_beside_source,
)
from .._estimators.inputs import check_sample_weight, check_X_y, encode_labels, forget
from .._estimators.problem import Problem
from .._probabilities import log_logistic, log_probabilities, logistic, probabilities
from ..data import Source
from . import _from_torch
from ._labels import as_labels, set_classes, strata
from ._network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint

    Floats = NDArray[np.floating[Any]]


class MLPClassifier(ClassifierMixin, Network):
    """Multi-layer perceptron that tells the probabilities of classes.

    It is scikit-learn's estimator of this name, with every optimiser, dropout, more activations and threads, on the
    data as they are. Two classes have one score and its logistic loss, more classes a score each and the softmax's
    cross-entropy, and several labels a row (a matrix of 0 and 1) a logistic loss each. What differs is in
    ``docs/compatibility.md``.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; with none at all the model is linear.
    activation : str, default="relu"
        Of the hidden units: identity, relu, leaky_relu, tanh, logistic, gelu, silu or softplus.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        Adam, gradient steps with momentum, or L-BFGS on full batches.
    alpha : float, default=0.0001
        Strength of the L2 penalty, divided by the weight of a batch: ``alpha / 2 * sum ||W||^2`` beside the sum of the
        batch's losses. Biases are not penalised.
    batch_size : int, "auto" or "full", default="auto"
        Rows a step; ``"auto"``: 200, or all where there are fewer. More than there are rows are clipped to them, with a
        warning.
    learning_rate : str, schedule or function step -> float, default="constant"
        ``"constant"``: `learning_rate_init`; ``"invscaling"``: ``learning_rate_init / t ** power_t``, with t counting
        steps; ``"adaptive"``: `learning_rate_init`, divided by 5 where the fit would end, down to 1e-6; ``"auto"``: by
        a range test, see `fastgd.find_lr`. Not for L-BFGS.
    learning_rate_init : float, default=0.001
        First rate.
    power_t : float, default=0.5
        Exponent of ``"invscaling"``.
    max_iter : int, default=200
        Epochs at most, of L-BFGS evaluations; `partial_fit` makes one epoch.
    shuffle : bool, default=True
        Whether every epoch visits the rows in a new random order.
    random_state : int, RandomState or None, default=None
        Seed of the start, the orders of rows, the validation rows and dropout.
    tol : float, default=0.0001
        The fit ends when the loss of an epoch (or, with early stopping, the validation score) has not been better than
        the best one by this, more than `n_iter_no_change` times in a row. With L-BFGS, when the norm of the gradient is
        at most this.
    verbose : int, default=False
        Whether to print a line an epoch.
    warm_start : bool, default=False
        Whether `fit` begins where the last one ended.
    momentum : float, default=0.9
        Momentum of ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether it is Nesterov's.
    early_stopping : bool, default=False
        Whether the score on rows that are not learned from decides about the end, and which epoch's parameters are
        kept: those of the best. `fit` takes the rows or draws a share, stratified where a row has one label.
    validation_fraction : float, default=0.1
        That share; it is copied.
    beta_1, beta_2 : float, default=0.9, 0.999
        What ``solver="adam"`` keeps of the means of gradients and of their squares at each step.
    epsilon : float, default=1e-8
        What keeps its division finite.
    n_iter_no_change : int or inf, default=10
        See `tol`.
    max_fun : int, default=15000
        Evaluations of L-BFGS at most, beside `max_iter`.
    dropout : float, default=0.0
        Probability with which a step leaves out each hidden unit, see `fastgd.MLPObjective`. Not for L-BFGS.
    optimizer : str or an instance from fastgd.optimizers, optional
        How a gradient becomes a step, in the place of `solver`. An instance has its own rate. A name takes
        `learning_rate` and `learning_rate_init`, but that their defaults stand for ``"auto"``.
    scoring : str or callable, optional
        The validation score, as scikit-learn names it; by default that of `score`.
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, in order.
    coefs_ : list of array of shape (n_in, n_out)
        Weights of each layer, float64 for float64 data and float32 for all others.
    intercepts_ : list of array of shape (n_out,)
        Biases of each layer.
    loss_ : float
        Loss of the last epoch, penalty included; with L-BFGS that of the result.
    best_loss_ : float or None
        Least of `loss_curve_`; None with early stopping.
    loss_curve_ : list of float
        Loss of each epoch: the mean over its batches, each before its step; of `partial_fit` of all pieces.
    validation_scores_ : list of float, or None
        With early stopping the score after each epoch.
    best_validation_score_ : float or None
        The best of them.
    n_iter_ : int
        Epochs made.
    t_ : int
        Rows seen.
    n_layers_ : int
        Layers, with that of the input and that of the output.
    n_outputs_ : int
        Scores a row.
    out_activation_ : str
        What makes a prediction of a score: ``"logistic"`` or ``"softmax"``.
    history_ : History
        What happened in each epoch of the last `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Their names, where X has some.

    See Also
    --------
    fastgd.MLPObjective, fastgd.minimize, fastgd.sweep

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors",
       Nature 323, 1986.
    .. [2] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", International Conference on Learning
       Representations, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.neural_network import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0.0, "same", "other")
    >>> model = MLPClassifier(max_iter=1000, random_state=0).fit(X, y)
    >>> model.predict([[1.0, 1.0], [1.0, -1.0]]).tolist()
    ['same', 'other']
    """

    classes_: NDArray[Any]
    _has_many_labels: bool

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        optimizer: Any = None,
        scoring: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.optimizer = optimizer
        self.scoring = scoring
        self.n_threads = n_threads

    @classmethod
    def from_torch(cls, module: Any, *, classes: Any = None, multi_label: bool = False, **params: Any) -> Self:
        """Make a fitted estimator of a module of PyTorch; needs ``fastgd[torch]``.

        It has the module's weights to the bit, and predicts with them; `partial_fit`, or `fit` with
        ``warm_start=True``, goes on from there.

        Parameters
        ----------
        module : torch.nn.Sequential
            Linear layers, each but the last one followed by the same activation, and by dropout or not. Its outputs are
            scores, as `to_torch` gives them: one of two classes, or one each; the difference is taken of two.
        classes : array-like of shape (n_classes,), optional
            The labels of the outputs, sorted; 0, 1, ... by default.
        multi_label : bool, default=False
            Whether each output is a label by itself, of which a row may have several.
        **params
            The estimator's other parameters; layers, activation and dropout are the module's.

        Returns
        -------
        MLPClassifier
            Fitted.

        Raises
        ------
        ImportError
            Without torch.
        ValueError, TypeError
            What the module holds is no such network, or `classes` does not fit its outputs.
        """
        layers = _from_torch.classifier_layers(module, check.boolean("multi_label", multi_label))
        model = _from_torch.make(cls, layers, params)
        model.classes_ = _from_torch.check_classes(classes, len(layers.intercepts[-1]), multi_label)
        model._has_many_labels = multi_label
        _from_torch.fill(model, layers)
        return model

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any = None,
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
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels: strings, integers, bool; or for each of several labels 1 where a row has it, else 0. None
            where X is a source.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; 1 each by default. A row of weight 0 is as absent.
        X_val : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            With ``early_stopping=True`` the rows to score, in place of a share of X.
        y_val : array-like of shape (n_rows,) or (n_rows, n_labels), optional
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
            refuse_beside_source(self, X, y=y, sample_weight=sample_weight)
            validation = validation_beside_source(self, X, X_val, y_val, sample_weight_val)
            labels = classes_of(X, classes)[0]
            SourceFit(self, X, learn_classes(self, labels, self._problem_of_window)).run(validation, checkpoint, labels)
            return self
        if classes is not None:
            raise ValueError("classes must be None where X is no source: y tells them")
        with self._unless_refused():
            self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), checkpoint)
        return self

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, given: tuple[Any, Any, Any], checkpoint: Checkpoint | None
    ) -> None:
        goes_on = self.warm_start and "coefs_" in vars(self)
        X, y = check_X_y(self, X, y, reset=not goes_on, multi_output=True)
        y, is_many = as_labels(y)
        weight = check_sample_weight(sample_weight, X.shape[0])
        if is_many:
            classes, indices = np.arange(y.shape[1]), y
        else:
            classes, indices = encode_labels(y)
        if goes_on and (is_many != self._has_many_labels or not np.array_equal(classes, self.classes_)):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        if not goes_on:
            forget(self, "coefs_", "intercepts_", "_stream", "_recipe")
        self.classes_, self._has_many_labels = classes, is_many
        draws = self.early_stopping and given[0] is None and not is_many
        stratify = strata(indices, len(classes), self.validation_fraction) if draws else None
        self._fit_network(self._problem(X, indices, weight), y, given, stratify, checkpoint)

    @available_if(lambda self: self._check_streams())  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Make one epoch on a piece of a stream.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, as they are: twice all weights is twice as long a step.
        classes : array-like of shape (n_classes,), optional
            All labels that there will be, for the first call.

        Returns
        -------
        object
            This estimator.
        """
        is_first = "coefs_" not in vars(self)
        if is_first:
            self._validate_params()
        self._refuse_early_stopping()
        with self._unless_refused():
            X, y = check_X_y(self, X, y, reset=is_first, multi_output=True)
            y, is_many = as_labels(y)
            set_classes(self, classes, y, is_many)
            indices = y if is_many else encode_labels(y, self.classes_)[1]
            self._learn_piece(self._problem(X, indices, check_sample_weight(sample_weight, X.shape[0])))
        return self

    def _problem_of_window(self, X: Any, indices: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        self._has_many_labels = False
        return self._problem(X, indices, weight)

    def _problem(self, X: Any, indices: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        if self._has_many_labels:
            return Problem(X, indices, "log_loss", None, weight)
        loss = "log_loss" if len(self.classes_) <= 2 else "multinomial"
        return Problem(X, indices, loss, max(2, len(self.classes_)), weight)

    def _activation_of_scores(self) -> str:
        return "logistic" if self._has_many_labels or len(self.classes_) <= 2 else "softmax"

    def _head(self) -> _export.Head:
        return _export.ManyLabels() if self._has_many_labels else _export.Labels(self.classes_, "multinomial")

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most likely class of each row, or its labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_labels)
            Labels; with several a row, 1 for those that are more likely than not.
        """
        raw = self._raw_scores(X)
        if self._has_many_labels:
            return (raw > 0).astype(np.int64)
        if raw.shape[1] > 1:
            chosen = raw.argmax(axis=1)
        else:
            chosen = (raw[:, 0] > 0).astype(np.intp) if len(self.classes_) > 1 else np.zeros(len(raw), np.intp)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`; of several labels a row each by itself.
        """
        raw = self._raw_scores(X)
        return logistic(raw) if self._has_many_labels else probabilities("multinomial", raw)

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
        raw = self._raw_scores(X)
        return log_logistic(raw) if self._has_many_labels else log_probabilities(raw)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
