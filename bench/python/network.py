"""A network of rectified units, and how it descends: what fastgd and its peers are told alike."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from data import Floats

BETAS = (0.9, 0.999)
EPS = 1e-8


class Network(NamedTuple):
    """`sizes` from the features to the outputs: several ones are a softmax of classes, a single one is logistic.

    `start` holds the flat parameters that the descent begins with, in float64: weights of shape (n_in, n_out), then
    biases, layer by layer.
    """

    sizes: tuple[int, ...]
    start: Floats
    optimizer: str
    lr: float

    def layers(self, params: Floats) -> list[tuple[Floats, Floats]]:
        """Weights and biases of each layer, views of flat parameters."""
        found, at = [], 0
        for n_in, n_out in pairwise(self.sizes):
            end = at + n_in * n_out
            found.append((params[at:end].reshape(n_in, n_out), params[end : end + n_out]))
            at = end + n_out
        return found

    def flops(self, n_rows: int) -> float:
        """Multiplications and additions in the products of a step on so many rows.

        Forward and the gradient of the weights in every layer, the derivatives by its inputs in all but the first.
        """
        sizes = [n_in * n_out for n_in, n_out in pairwise(self.sizes)]
        return 2.0 * n_rows * (3 * sum(sizes) - sizes[0])

    def name(self) -> str:
        return "-".join(map(str, self.sizes))


def pack(layers: list[tuple[Floats, Floats]]) -> Floats:
    """Flat parameters of layers."""
    return np.concatenate([np.ravel(part) for layer in layers for part in layer])
