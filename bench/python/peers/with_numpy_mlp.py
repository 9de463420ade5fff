"""NumPy: the products of a network with its BLAS, into room that is there, the rest in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from data import Floats, Ints
from network import BETAS, EPS, Network


def mlp_epoch(X: Floats, y: Ints, order: Ints, batch_size: int, network: Network) -> dict[str, Callable[[], Floats]]:
    room = [np.empty((batch_size, size), X.dtype) for size in network.sizes]
    deltas = [np.empty_like(units) for units in room]

    def epoch() -> Floats:
        params = network.start.astype(X.dtype)
        grad = np.empty_like(params)
        layers, slopes = network.layers(params), network.layers(grad)
        update = _UPDATES[network.optimizer](params, grad, network.lr)
        for begin in range(0, len(order), batch_size):
            rows = order[begin : begin + batch_size]
            # Without mode="clip", take copies by way of a buffer.
            np.take(X, rows, axis=0, out=room[0], mode="clip")
            for place, (weight, bias) in enumerate(layers):
                np.dot(room[place], weight, out=room[place + 1])
                room[place + 1] += bias
                if place + 1 < len(layers):
                    np.maximum(room[place + 1], 0, out=room[place + 1])
            _residual(room[-1], y[rows], deltas[-1])
            for place in reversed(range(len(layers))):
                np.dot(room[place].T, deltas[place + 1], out=slopes[place][0])
                np.sum(deltas[place + 1], axis=0, out=slopes[place][1])
                if place > 0:
                    np.dot(deltas[place + 1], layers[place][0].T, out=deltas[place])
                    deltas[place] *= room[place] > 0
            update()
        return params

    return {"NumPy": epoch}


def _residual(raw: Floats, y: Ints, out: Floats) -> None:
    """The derivatives of the mean loss by the scores."""
    if raw.shape[1] == 1:
        np.divide(1, 1 + np.exp(-raw), out=out)
        out[:, 0] -= y
    else:
        np.subtract(raw, raw.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
        out[np.arange(len(y)), y] -= 1
    out /= len(y)


def _sgd(params: Floats, grad: Floats, lr: float) -> Callable[[], None]:
    def update() -> None:
        np.multiply(grad, lr, out=grad)
        np.subtract(params, grad, out=params)

    return update


def _adam(params: Floats, grad: Floats, lr: float) -> Callable[[], None]:
    first, second, room = np.zeros_like(params), np.zeros_like(params), np.empty_like(params)
    products = [1.0, 1.0]

    def update() -> None:
        for place, (average, beta) in enumerate(zip((first, second), BETAS, strict=True)):
            products[place] *= beta
            np.multiply(average, beta, out=average)
            np.multiply(grad, 1 - beta, out=room)
            if place == 1:
                np.multiply(room, grad, out=room)
            np.add(average, room, out=average)
        np.sqrt(second, out=room)
        np.multiply(room, (1 - products[1]) ** -0.5, out=room)
        np.add(room, EPS, out=room)
        np.divide(first, room, out=room)
        np.multiply(room, lr / (1 - products[0]), out=room)
        np.subtract(params, room, out=params)

    return update


_UPDATES = {"sgd": _sgd, "adam": _adam}
