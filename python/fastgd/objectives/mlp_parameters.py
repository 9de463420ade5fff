"""The flat parameters of a multi-layer perceptron: layer by layer, weights and then biases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .flat_parameters import FlatParameters, as_floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Arrays = list[NDArray[np.floating[Any]]]

_LARGEST = 2**31 - 1
_METHODS = ("he", "glorot")


class MLPParameters(FlatParameters):
    """What an objective of a network knows of its parameters, whatever its data and loss."""

    sizes: tuple[int, ...]
    activation: str

    def initial(self, seed: int = 0, method: str | None = None) -> NDArray[np.float64]:
        """Return random parameters to start from: biases are 0, weights uniform in ``(-bound, bound)``.

        Parameters
        ----------
        seed : int, default=0
            Seed, 0 to 2**64 - 1. The same one gives the same bits everywhere.
        method : {"he", "glorot"}, optional
            ``bound`` of the hidden layers: ``sqrt(6 / n_in)`` [1]_ or ``sqrt(6 / (n_in + n_out))`` [2]_. By default he
            for relu, leaky_relu, gelu, silu and softplus, glorot for identity, tanh and logistic. The last layer is
            always glorot's.

        Returns
        -------
        array of shape (n_params,), float64
            Parameters.

        References
        ----------
        .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", International Conference on Computer
           Vision, 2015.
        .. [2] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
           Artificial Intelligence and Statistics, 2010.
        """
        check.seed("seed", seed)
        if method is not None and method not in _METHODS:
            raise check.refuse("method", f"one of {', '.join(map(repr, _METHODS))} or None", method)
        # Memory that cannot be had is refused before anything is computed.
        np.empty(self._shape)
        return _core.mlp_initial(list(self.sizes), self.activation, seed, method or "")

    def pack(self, coefs: Sequence[ArrayLike], intercepts: Sequence[ArrayLike]) -> NDArray[np.floating[Any]]:
        """Return the flat parameters of weights and biases.

        Parameters
        ----------
        coefs : list of arrays of shape (n_in, n_out)
            Weights of each layer.
        intercepts : list of arrays of shape (n_out,)
            Biases of each layer.

        Returns
        -------
        array of shape (n_params,)
            Parameters, in the arrays' floating-point dtype.
        """
        parts: list[NDArray[Any]] = []
        n_layers = len(self.sizes) - 1
        for name, given in {"coefs": coefs, "intercepts": intercepts}.items():
            if isinstance(given, np.ndarray) or not isinstance(given, Sequence) or len(given) != n_layers:
                raise check.refuse(name, f"a list of {n_layers} array{'s' * (n_layers > 1)}, one a layer", given)
        for layer, shape in enumerate(pairwise(self.sizes)):
            parts.append(_of_shape(f"coefs[{layer}]", coefs[layer], shape).ravel())
            parts.append(_of_shape(f"intercepts[{layer}]", intercepts[layer], shape[1:]))
        return as_floats(np.concatenate(parts))

    def unpack(self, w: ArrayLike) -> tuple[Arrays, Arrays]:
        """Return weights and biases of flat parameters.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.

        Returns
        -------
        coefs : list of arrays of shape (n_in, n_out)
            Weights of each layer, views of `w` where that is an array.
        intercepts : list of arrays of shape (n_out,)
            Biases of each layer, likewise.
        """
        params = as_floats(check.real_array("w", w))
        self._check_shape(params)
        layers = list(split_layers(params, self.sizes))
        return [coef for coef, _ in layers], [intercept for _, intercept in layers]

    def _count_layers(self) -> int:
        return sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.sizes))

    def _parts(self) -> str:
        return " and ".join(f"({n_in}, {n_out}) and ({n_out},)" for n_in, n_out in pairwise(self.sizes))

    def _place(self, index: int) -> str:
        for layer, (n_in, n_out) in enumerate(pairwise(self.sizes)):
            if index < n_in * n_out:
                return f"coefs[{layer}][{index // n_out}, {index % n_out}]"
            index -= n_in * n_out
            if index < n_out:
                return f"intercepts[{layer}][{index}]"
            index -= n_out
        raise AssertionError("no layer has so many parameters")


def split_layers(
    params: NDArray[np.floating[Any]], sizes: Sequence[int]
) -> Iterator[tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]]:
    """Weights and biases of each layer, as views."""
    at = 0
    for n_in, n_out in pairwise(sizes):
        middle, end = at + n_in * n_out, at + (n_in + 1) * n_out
        yield params[at:middle].reshape(n_in, n_out), params[middle:end]
        at = end


def check_layer_sizes(name: str, given: object) -> tuple[int, ...]:
    """The sizes of hidden layers: an integer alone is one layer, none at all make a linear model."""
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        return (check.integer(name, given, 1, _LARGEST),)
    if isinstance(given, np.ndarray) and given.ndim == 1:
        given = list(given)
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        raise check.refuse(name, "an integer >= 1 or a sequence of them", given, TypeError)
    return tuple(check.integer(f"{name}[{i}]", size, 1, _LARGEST) for i, size in enumerate(given))


def check_activation(name: str, given: object) -> str:
    """The name of an activation."""
    allowed = f"one of {', '.join(_core.activations())}"
    if not isinstance(given, str):
        raise check.refuse(name, allowed, given, TypeError)
    if given not in _core.activations():
        raise check.refuse(name, allowed, given)
    return given


def _of_shape(name: str, given: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    array = check.real_array(name, given)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got shape {array.shape}")
    return array
