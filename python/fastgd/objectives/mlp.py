"""The empirical risk of a multi-layer perceptron on dense or sparse data, with its gradient."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .data_objective import DataObjective
from .mlp_parameters import MLPParameters, check_activation, check_layer_sizes, split_layers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["MLPObjective"]

_MAX_STEP = 2**63 - 1
_MAX_PARAMS = 2**56


class MLPObjective(MLPParameters, DataObjective):
    """Weighted empirical risk of a multi-layer perceptron, plus a penalty, as a function of flat parameters.

    With ``a_0 = x``, hidden layers ``a_l = activation(a_{l-1} @ W_l + b_l)`` and raw scores ``raw`` that are the last
    layer, without an activation::

        F(w) = sum_i s_i loss(y_i, raw_i) / sum_i s_i + alpha / 2 * sum_l ||W_l||^2

    ``w`` holds the layers in order, of each ``W_l.ravel()`` and then ``b_l``, with ``W_l`` of shape (n_in, n_out).
    Biases are not penalised.

    Parameters
    ----------
    X : array or SciPy sparse array of shape (n_samples, n_features)
        Data, read as it is, as by `LinearObjective`: the first layer takes rows of any storage without a copy. The
        arithmetic is in float64 for float64 and in float32 for all others.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Targets. Regression losses: numbers, one or more columns. Binary losses: {0, 1}, {-1, +1} or bool, with a column
        for each label where there are several, or class indices from 0 for one-vs-rest. Multi-class losses: class
        indices.
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer, at least 1; with none at all the model is linear.
    activation : str, default="relu"
        Of the hidden units: identity, relu, leaky_relu (slope 0.01), tanh, logistic, gelu (exact), silu or softplus.
    loss : str or function, default="multinomial"
        Of the raw scores: every one of `LinearObjective`, by the names there (``squared_error``, ``log_loss``,
        ``hinge``, ``multinomial`` and 15 more), or a function of your own.
    alpha : float, default=0.0
        Strength of the penalty, at least 0. `fastgd.sweep` takes an ``l1_ratio``, too. There is no ``offset``, no
        ``standardize``, and none of `hvp` and `duality_gap`: scale X, or the weights of the first layer.
    dropout : float, default=0.0
        Probability with which a step of a descent leaves out each hidden unit, from 0 to below 1; the others count
        ``1 / (1 - dropout)`` times, to 16 bits. The units depend on the run's ``init_seed``, the step, and the place
        of a row in its batch. Values, scores and results are those of the whole network.
    sample_weight : array of shape (n_samples,), optional
        Weights, at least 0 and not all 0; 1 each by default. A row of weight 0 is as absent.
    n_classes : int, optional
        Number of classes, as in `LinearObjective`.
    loss_params : dict, optional
        Parameters of the loss, as in `LinearObjective`.

    Attributes
    ----------
    n_samples, n_features, n_outputs, n_params : int
        Sizes; ``n_params`` is the sum of ``(n_in + 1) * n_out`` over the layers.
    sizes : tuple of int
        ``(n_features, *hidden_layer_sizes, n_outputs)``.
    n_classes : int or None
        Number of classes, None for regression.
    hidden_layer_sizes, activation, loss, loss_params, alpha, dropout
        As given, the sizes as a tuple and with the defaults of `loss_params` filled in.
    dtype : numpy.dtype
        Of the arithmetic, float64 or float32.

    Raises
    ------
    TypeError, ValueError
        As `LinearObjective`; and a layer has no units, the activation is unknown, or `dropout` is none.
    MemoryError
        There is no room for the network.

    See Also
    --------
    fastgd.minimize, fastgd.sweep : gradient descent on it, and from many starts at once.

    Notes
    -----
    The derivative of relu at 0 is 0, that of leaky_relu 0.01. Data are kept as by `LinearObjective`: do not change them
    while the objective is in use. Evaluating from several threads is safe.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors",
       Nature 323, 1986.
    .. [2] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple way to prevent
       neural networks from overfitting", Journal of Machine Learning Research 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> xor = fastgd.MLPObjective(X, [0, 1, 1, 0], hidden_layer_sizes=8, activation="tanh", loss="log_loss")
    >>> result = fastgd.minimize(xor, optimizer=fastgd.optimizers.Adam(lr=0.1), max_epochs=200, tol=None)
    >>> (xor.decision_function(result.x) > 0.0).tolist()
    [False, True, True, False]
    """

    _core: _core.MLPObjective
    # Not a parameter of the objective; a sweep gives its models one.
    l1_ratio: float
    _computed = "the hidden units and raw scores"

    def __init__(
        self,
        X: Any,
        y: Any,
        *,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        loss: str | Callable[..., Any] = "multinomial",
        alpha: float = 0.0,
        dropout: float = 0.0,
        sample_weight: ArrayLike | None = None,
        n_classes: int | None = None,
        loss_params: Mapping[str, float] | None = None,
    ) -> None:
        self.hidden_layer_sizes = check_layer_sizes("hidden_layer_sizes", hidden_layer_sizes)
        self.activation = check_activation("activation", activation)
        self._set_loss(loss, n_classes, loss_params)
        self.alpha = check.number("alpha", alpha, *check.NOT_NEGATIVE)
        self.l1_ratio = 0.0
        self.dropout = check.number("dropout", dropout, *check.SHARE)

        self._take(X, y, n_classes, sample_weight)
        self._fixed = True

    def value_and_grad(
        self,
        w: ArrayLike,
        rows: ArrayLike | None = None,
        out: NDArray[Any] | None = None,
        *,
        dropout_step: int | None = None,
        init_seed: int = 0,
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Return the objective and its gradient, in one pass over the data.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices of a mini-batch, as in `value`. All rows by default.
        out : array of shape (n_params,), optional
            Where to write the gradient; of the gradient's dtype. A new array by default.
        dropout_step : int, optional
            Take the network that step number so many of a descent sees, counted from 0, with the units left out that
            `dropout_masks` tells; by default the whole network.
        init_seed : int, default=0
            That of the descent, with `dropout_step`.

        Returns
        -------
        value : float
            ``F(w)``.
        gradient : array of shape (n_params,)
            Its gradient, in the dtype of `w`, float64 where `w` holds integers.

        Raises
        ------
        ValueError, TypeError
            As `value`; and `out` does not fit, or the loss is ``"zero_one"``.
        """
        seed = check.seed("init_seed", init_seed)
        if dropout_step is None or not self._loss.trainable:
            return super().value_and_grad(w, rows, out)
        step = check.integer("dropout_step", dropout_step, 0, _MAX_STEP)
        return self._write_gradient(self._evaluator(seed, step), w, rows, out)

    def dropout_masks(self, step: int, n_rows: int, init_seed: int = 0) -> list[NDArray[np.bool_]]:
        """Return which hidden units a step of a descent keeps.

        Parameters
        ----------
        step : int
            Number of the step, counted from 0.
        n_rows : int
            Rows of its batch.
        init_seed : int, default=0
            That of the descent.

        Returns
        -------
        list of arrays of shape (n_rows, n_units), bool
            One a hidden layer: True for the units that are kept, for each row of the batch in its order.
        """
        check.integer("step", step, 0, _MAX_STEP)
        check.integer("n_rows", n_rows, 1)
        check.seed("init_seed", init_seed)
        return [
            _core.dropout_mask(init_seed, step, layer, n_rows, n_units, self.dropout)
            for layer, n_units in enumerate(self.hidden_layer_sizes)
        ]

    def __repr__(self) -> str:
        return (
            f"MLPObjective(n_samples={self.n_samples}, sizes={self.sizes}, storage={self._matrix.storage!r}, "
            f"activation={self.activation!r}, loss={self.loss!r}, alpha={self.alpha}, dropout={self.dropout})"
        )

    @property
    def _has_random_steps(self) -> bool:
        return self.dropout > 0.0 and len(self.hidden_layer_sizes) > 0

    def _count_params(self) -> int:
        vars(self)["sizes"] = (self.n_features, *self.hidden_layer_sizes, self.n_outputs)
        n_params = self._count_layers()
        if n_params >= _MAX_PARAMS:
            raise ValueError(
                f"hidden_layer_sizes must make fewer than 2**56 parameters, got {n_params} of layers {self.sizes}"
            )
        return n_params

    def _attach_core(self) -> None:
        """Make the core's objective, and what is read from it."""
        core = _core.MLPObjective(
            self._matrix.view,
            self._matrix.storage,
            self._y,
            self._core_loss(),
            dict(self.loss_params),
            self.n_outputs,
            list(self.hidden_layer_sizes),
            self.activation,
            self.alpha,
            self.l1_ratio,
            self.dropout,
            self._weight,
        )
        vars(self)["_core"] = core
        vars(self)["_evaluate"] = self._evaluator() if self._loss.trainable else self._refuse_gradient

    def _evaluator(self, seed: int = 0, step: int = -1) -> Callable[..., float]:
        return partial(_evaluate, self._core, seed, step)

    def _penalised(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([coef.ravel() for coef, _ in split_layers(w, self.sizes)])


def _evaluate(
    core: _core.MLPObjective,
    seed: int,
    step: int,
    w: NDArray[np.float64],
    rows: NDArray[np.int64] | None,
    grad: NDArray[np.float64],
    n_threads: int,
) -> float:
    return core.value_and_grad(w, rows, grad, n_threads, seed, step)
