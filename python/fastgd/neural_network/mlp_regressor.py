"""Regression by multi-layer perceptrons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from .. import _export
from .._estimators.from_source import SourceFit, refuse_beside_source, validation_beside_source
from .._estimators.inputs import check_sample_weight, check_X_y, forget
from .._estimators.problem import Problem
from .._losses import LOG_LINK, registry
from ..data import Source
from . import _from_torch
from ._network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._checkpoint import Checkpoint
    from ..data._windows import Window

    Floats = NDArray[np.floating[Any]]

LOSSES = frozenset(name for name, loss in registry().items() if loss.kind == "regression")


class MLPRegressor(RegressorMixin, Network):
    """Multi-layer perceptron that predicts numbers.

    It is scikit-learn's estimator of this name, with more losses, every optimiser, dropout, more activations and
    threads, on the data as they are. What differs is in ``docs/compatibility.md``.

    Parameters
    ----------
    loss : str, default="squared_error"
        squared_error (half the square), absolute_error, huber, epsilon_insensitive, squared_epsilon_insensitive,
        quantile, log_cosh; poisson, gamma and tweedie, whose prediction is the exponential of the score. Summed over
        the columns of the targets.
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
        kept: those of the best. `fit` takes the rows or draws a share.
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
    loss_params : dict, optional
        Parameters of the loss, such as ``{"quantile": 0.9}``; see `fastgd.LinearObjective`.
    scoring : str or callable, optional
        The validation score, as scikit-learn names it; by default that of `score`.
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
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
        What makes a prediction of a score: ``"identity"`` or ``"exp"``.
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
    >>> from fastgd.neural_network import MLPRegressor
    >>> X = np.random.default_rng(0).uniform(-1.0, 1.0, size=(400, 2))
    >>> y = np.sin(3.0 * X[:, 0]) + X[:, 1] ** 2
    >>> model = MLPRegressor(learning_rate_init=0.01, max_iter=500, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.98)
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **Network._parameter_constraints,
        "loss": [StrOptions(set(LOSSES))],
        "loss_params": [Mapping, None],
    }

    def __init__(
        self,
        loss: str = "squared_error",
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
        loss_params: Any = None,
        scoring: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.loss = loss
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
        self.loss_params = loss_params
        self.scoring = scoring
        self.n_threads = n_threads

    @classmethod
    def from_torch(cls, module: Any, **params: Any) -> Self:
        """Make a fitted estimator of a module of PyTorch; needs ``fastgd[torch]``.

        It has the module's weights to the bit, and predicts with them; `partial_fit`, or `fit` with
        ``warm_start=True``, goes on from there.

        Parameters
        ----------
        module : torch.nn.Sequential
            Linear layers, each but the last one followed by the same activation, and by dropout or not. Its outputs are
            the targets, or with the losses poisson, gamma and tweedie their logarithms.
        **params
            The estimator's other parameters, such as its `loss`; layers, activation and dropout are the module's.

        Returns
        -------
        MLPRegressor
            Fitted.

        Raises
        ------
        ImportError
            Without torch.
        ValueError, TypeError
            What the module holds is no such network.
        """
        layers = _from_torch.regressor_layers(module)
        model = _from_torch.make(cls, layers, params)
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
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or a source
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy; or a source of
            `fastgd.data`, which may be larger than memory.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. None where X is a source.
        sample_weight : array-like of shape (n_samples,), optional
            Weights; 1 each by default. A row of weight 0 is as absent.
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
            refuse_beside_source(self, X, y=y, sample_weight=sample_weight)
            validation = validation_beside_source(self, X, X_val, y_val, sample_weight_val)
            SourceFit(self, X, self._learn_window).run(validation, checkpoint)
            return self
        goes_on = self.warm_start and "coefs_" in vars(self)
        with self._unless_refused():
            X, y = self._check(X, y, reset=not goes_on)
            if not goes_on:
                forget(self, "coefs_", "intercepts_", "_stream", "_recipe")
            problem = Problem(X, y, self.loss, None, check_sample_weight(sample_weight, X.shape[0]))
            self._fit_network(problem, y, (X_val, y_val, sample_weight_val), None, checkpoint)
        return self

    def _learn_window(self, window: Window, is_first: bool) -> Any:
        X, y = self._check(window.X, window.y, reset=is_first)
        problem = Problem(X, y, self.loss, None, window.sample_weight)
        return self._go_on(problem, is_in_order=window.order is not None)

    @available_if(lambda self: self._check_streams())  # type: ignore[untyped-decorator]
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
        is_first = "coefs_" not in vars(self)
        if is_first:
            self._validate_params()
        self._refuse_early_stopping()
        with self._unless_refused():
            X, y = self._check(X, y, reset=is_first)
            self._learn_piece(Problem(X, y, self.loss, None, check_sample_weight(sample_weight, X.shape[0])))
        return self

    def predict(self, X: Any) -> Floats:
        """Return the predicted targets of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,), or (n_samples, n_outputs) with more than one
            Predictions.
        """
        raw = self._raw_scores(X)
        if self.out_activation_ == "exp":
            raw = np.exp(raw)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        X, y = check_X_y(self, X, y, reset=reset, multi_output=True, y_numeric=True)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _head(self) -> _export.Values:
        return _export.Values(log_link=self.out_activation_ == "exp")

    def _activation_of_scores(self) -> str:
        return "exp" if self.loss in LOG_LINK else "identity"
