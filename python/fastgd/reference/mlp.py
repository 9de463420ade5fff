"""Multi-layer perceptrons: their scores, and the gradient of their risk by backpropagation.

The objective is that of `risk`.  With ``a_0`` a row of X, layer l of L hidden ones makes ::

    z_l = a_l W_l + b_l,    a_{l+1} = activation(z_l)

and the head, which is the layer of number L, the raw scores ``a_L W_L + b_L``.  The penalty is on all ``W``, of shape
(units before, units), and not on the biases ``b``.  Flat parameters are
``concatenate([W_0.ravel(), b_0, W_1.ravel(), b_1, ...])``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FloatArray, IntArray, as_float64
from .activations import ACTIVATIONS, RECTIFIERS
from .risk import EmpiricalRisk
from .sampling import philox

INITIAL_STREAM, DROPOUT_STREAM = 1, 4
PIECES = 1 << 16


def initial_bound(n_in: int, n_out: int, method: str) -> float:
    """Return the largest of a layer's first weights, which are uniform between it and its negative.

    ``sqrt(6 / n_in)`` for "he", so that rectified units keep the variance of those before them;
    ``sqrt(6 / (n_in + n_out))`` for "glorot", a compromise with that of the gradients.

    Parameters
    ----------
    n_in, n_out : int
        Units before the layer, and its own.
    method : str
        "he" or "glorot".

    Returns
    -------
    float
        The bound.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    International Conference on Artificial Intelligence and Statistics, 2010.
    K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", International Conference on Computer Vision, 2015.
    """
    if method not in ("he", "glorot"):
        raise ValueError(f"method must be 'he', 'glorot' or None, got {method!r}")
    return float(np.sqrt(6.0 / (n_in if method == "he" else n_in + n_out)))


def initial_weights(seed: int, layer: int, n_in: int, n_out: int, method: str) -> FloatArray:
    """Return the first weights of a layer, ``(2 u - 1) bound`` with u uniform in [0, 1).

    The number of index k in C order takes the upper 53 bits of word ``k % 4`` of Philox's block ``k // 4``.

    Parameters
    ----------
    seed, layer : int
        Seed of the model, and number of the layer, counted from 0 with the head as the last.
    n_in, n_out, method
        As of `initial_bound`.

    Returns
    -------
    array of shape (n_in, n_out)
        Weights.
    """
    words = philox(seed, INITIAL_STREAM, layer, 0, n_blocks=-(-n_in * n_out // 4))[: n_in * n_out]
    uniform = as_float64(words >> np.uint64(11))[0] * 2.0**-53
    return np.asarray((2.0 * uniform.reshape(n_in, n_out) - 1.0) * initial_bound(n_in, n_out, method))


def kept_pieces(dropout: float) -> int:
    """Return how many of 65536 equal chances keep a unit, ``round((1 - dropout) 65536)``.

    With dropout at least one does, and at least one does not.
    """
    return PIECES if dropout == 0.0 else min(max(round((1.0 - dropout) * PIECES), 1), PIECES - 1)


def dropout_mask(seed: int, step: int, layer: int, n_rows: int, n_units: int, dropout: float) -> NDArray[np.bool_]:
    """Return which units of a hidden layer a step of descent keeps, for each row by its position in the batch.

    A row has ``ceil(n_units / 16)`` blocks of Philox of its own, and a unit 16 of their bits; it is kept where these
    are below `kept_pieces`.

    Parameters
    ----------
    seed, step, layer : int
        Seed of the model, number of the step and of the hidden layer, all counted from 0.
    n_rows, n_units : int
        Rows of the batch, and units of the layer.
    dropout : float
        Share of the units that is dropped, from 0 to below 1.

    Returns
    -------
    array of shape (n_rows, n_units), bool
        True where a unit is kept.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple way to prevent neural
    networks from overfitting", Journal of Machine Learning Research 15, 2014.
    """
    n_blocks = -(-n_units // 16)
    words = philox(seed, DROPOUT_STREAM, step, 0, layer, n_blocks=n_rows * n_blocks)
    pieces = (words[:, None] >> np.arange(0, 64, 16, dtype=np.uint64)) % np.uint64(PIECES)
    return pieces.reshape(n_rows, 16 * n_blocks)[:, :n_units] < kept_pieces(dropout)


class HiddenLayer(NamedTuple):
    """What a hidden layer makes of some rows.

    Parameters
    ----------
    z : array of shape (n_rows, n_units)
        Arguments of the activation.
    output : array of shape (n_rows, n_units)
        Activations, multiplied by the layer's dropout.
    slope : array of shape (n_rows, n_units)
        Derivatives of `output` by `z`.
    """

    z: FloatArray
    output: FloatArray
    slope: FloatArray


class MLPObjective(EmpiricalRisk):
    """The objective ``F`` of a multi-layer perceptron, as a function of flat parameters.

    Parameters
    ----------
    X, y, loss, alpha, l1_ratio, sample_weight, n_classes, loss_params
        As of `EmpiricalRisk`.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; none make a linear model.
    activation : str
        Name in `ACTIVATIONS`.
    dropout : float
        Share of the hidden units that a step of descent drops, from 0 to below 1.

    Attributes
    ----------
    sizes : tuple of int
        Features, units of the hidden layers, and outputs.
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        hidden_layer_sizes: Sequence[int] = (100,),
        activation: str = "relu",
        loss: str = "multinomial",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        dropout: float = 0.0,
        sample_weight: ArrayLike | None = None,
        n_classes: int | None = None,
        loss_params: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(
            X,
            y,
            loss=loss,
            alpha=alpha,
            l1_ratio=l1_ratio,
            sample_weight=sample_weight,
            n_classes=n_classes,
            loss_params=loss_params,
        )
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {sorted(ACTIVATIONS)}, got {activation!r}")
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}")
        self.activation, self.dropout = activation, dropout
        self.sizes = (self.n_features, *hidden_layer_sizes, self.n_outputs)
        self.n_params = sum((n_in + 1) * n_out for n_in, n_out in self._layers())
        # What each hidden layer's activations are multiplied by in a step of descent.
        self._factors: list[FloatArray] | None = None

    def _layers(self) -> list[tuple[int, int]]:
        """Return units before, and units, of each layer."""
        return list(pairwise(self.sizes))

    def pack(self, coefs: Sequence[ArrayLike], intercepts: Sequence[ArrayLike]) -> FloatArray:
        """Return the flat parameters, shape (n_params,), of the layers' weights and biases."""
        parts = [as_float64(part)[0].ravel() for layer in zip(coefs, intercepts, strict=True) for part in layer]
        return np.concatenate(parts)

    def unpack(self, w: ArrayLike) -> tuple[list[FloatArray], list[FloatArray]]:
        """Return the layers' weights, of shape (units before, units), and their biases, of shape (units,)."""
        (w,) = as_float64(w)
        coefs, intercepts, at = [], [], 0
        for n_in, n_out in self._layers():
            coef, intercept, _ = np.split(w[at:], [n_in * n_out, (n_in + 1) * n_out])
            coefs.append(coef.reshape(n_in, n_out))
            intercepts.append(intercept)
            at += (n_in + 1) * n_out
        return coefs, intercepts

    def initial(self, seed: int = 0, method: str | None = None) -> FloatArray:
        """Return the parameters that descent starts from: biases of 0 and `initial_weights`.

        Parameters
        ----------
        seed : int
            Seed of the model.
        method : str, optional
            "he" or "glorot" for the hidden layers; by default "he" for an activation of `RECTIFIERS` and "glorot" for
            the others. The head's is "glorot".

        Returns
        -------
        array of shape (n_params,)
            Parameters.
        """
        hidden = method or ("he" if self.activation in RECTIFIERS else "glorot")
        methods = [hidden] * (len(self.sizes) - 2) + ["glorot"]
        coefs = [
            initial_weights(seed, layer, n_in, n_out, method)
            for layer, ((n_in, n_out), method) in enumerate(zip(self._layers(), methods, strict=True))
        ]
        return self.pack(coefs, [np.zeros(n_out) for _, n_out in self._layers()])

    def dropout_masks(self, step: int, n_rows: int, init_seed: int = 0) -> list[NDArray[np.bool_]]:
        """Return the `dropout_mask` of each hidden layer, of shape (n_rows, n_units)."""
        return [
            dropout_mask(init_seed, step, layer, n_rows, n_units, self.dropout)
            for layer, n_units in enumerate(self.sizes[1:-1])
        ]

    def in_training(self, rows: IntArray, step: int, seed: int) -> MLPObjective:
        """Return the objective with the step's masks, times ``65536 / kept_pieces``: the mean of that is 1."""
        if self.dropout == 0.0:
            return self
        present = self.weight[rows] > 0.0
        factor = PIECES / kept_pieces(self.dropout)
        seen = copy(self)
        seen._factors = [np.where(mask[present], factor, 0.0) for mask in self.dropout_masks(step, len(rows), seed)]
        return seen

    def hidden(self, w: ArrayLike, rows: ArrayLike | None = None) -> list[HiddenLayer]:
        """Return what each `HiddenLayer` makes of the given rows (all by default)."""
        output, layers = self._data(rows), []
        coefs, intercepts = self.unpack(w)
        for layer, (coef, intercept) in enumerate(zip(coefs[:-1], intercepts[:-1], strict=True)):
            z = output @ coef + intercept
            activation, slope = ACTIVATIONS[self.activation](z)
            factor = 1.0 if self._factors is None else self._factors[layer]
            layers.append(HiddenLayer(z, activation * factor, slope * factor))
            output = layers[-1].output
        return layers

    def _data(self, rows: ArrayLike | None) -> FloatArray:
        return self.X[slice(None) if rows is None else np.asarray(rows, dtype=np.int64)]

    def raw(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the raw scores, shape (n_rows, n_outputs), of the given rows (all by default)."""
        *_, last = self._data(rows), *(layer.output for layer in self.hidden(w, rows))
        coefs, intercepts = self.unpack(w)
        return np.asarray(last @ coefs[-1] + intercepts[-1])

    def is_finite(self, w: ArrayLike, rows: IntArray) -> bool:
        """Whether the scores and the arguments of all activations are finite."""
        return super().is_finite(w, rows) and all(np.all(np.isfinite(layer.z)) for layer in self.hidden(w, rows))

    def risk_gradient(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return the gradient, shape (n_params,), of the empirical risk over rows of positive weight.

        By the chain rule, from the head to the first layer, with rows i and the activations ``a`` before a layer::

            dF/draw_i = s_i dloss_i / (mean(s) |B|)
            dF/dW = sum_i a_i dF/dz_i,    dF/db = sum_i dF/dz_i,    dF/dz_i before it = (dF/dz_i W^T) activation'(z_i)

        References
        ----------
        D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors", Nature
        323, 1986.
        """
        coefs, _ = self.unpack(w)
        layers = self.hidden(w, rows)
        inputs = [self.X[rows], *(layer.output for layer in layers)]
        slope = self.slopes(w, rows) / (self.mean_weight * len(rows))
        gradients = [(inputs[-1].T @ slope, slope.sum(axis=0))]
        for before, coef, layer in zip(inputs[-2::-1], coefs[:0:-1], layers[::-1], strict=True):
            slope = (slope @ coef.T) * layer.slope
            gradients.append((before.T @ slope, slope.sum(axis=0)))
        return self.pack(*zip(*gradients[::-1], strict=True))

    def value_and_grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, *, dropout_step: int | None = None, init_seed: int = 0
    ) -> tuple[float, FloatArray]:
        """Return `value` and `grad`; with `dropout_step`, as that step of descent with these rows sees them."""
        if dropout_step is None:
            return super().value_and_grad(w, rows)
        batch = np.arange(self.n_samples) if rows is None else np.asarray(rows, dtype=np.int64)
        return self.in_training(batch, dropout_step, init_seed).value_and_grad(w, batch)

    def is_weight(self) -> NDArray[np.bool_]:
        """Return which parameters are weights, shape (n_params,): the penalised ones, and those that decay."""
        layers = self._layers()
        return self.pack([np.ones(layer) for layer in layers], [np.zeros(n_out) for _, n_out in layers]) > 0.0
