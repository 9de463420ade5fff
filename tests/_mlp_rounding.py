"""How far the core's perceptrons may be from the twin's: `_rounding`, carried from layer to layer and back.

Beside the facts that are told there:

* A hidden unit's argument is a sum over all units before it in one accumulator, and so is what it gets back from the
  units behind it: `walk` of as many terms. Sums of products of wrong numbers are wrong by the chain rule with absolute
  values, so nothing is assumed about cancellation.
* Activations have slopes of at most `STEEPEST`, which themselves change by at most 1 a unit, but for the rectified
  ones: their slope may be either where the argument is known to no better than its sign.
* After that an activation and its slope are evaluated with an error of ``8 eps`` of what is added up in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from _rounding import (
    BLOCK_ROWS,
    EPS64,
    EVALUATION,
    Bound,
    LossErrors,
    elementwise_errors,
    kink_distance,
    multiclass_errors,
    walk,
)

from fastgd import reference
from fastgd.reference import ACTIVATIONS, KINDS
from fastgd.reference.activations import sigmoid

Twin = reference.MLPObjective
Array = np.ndarray

STEEPEST = 1.13  # gelu's, at sqrt(2); silu's is 1.10
KINKED = ("relu", "leaky_relu")
# What is added up in a slope, where that is more than the slope itself.
ADDED_UP: dict[str, Callable[[Array, Array], Array]] = {
    "tanh": lambda z, slope: np.ones_like(z),
    "logistic": lambda z, slope: sigmoid(z),
    "silu": lambda z, slope: sigmoid(z) * (1.0 + np.abs(z)),
    "gelu": lambda z, slope: slope + 2.0 * np.maximum(-z, 0.0) * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi),
}


class ProvesNothing(Exception):
    """Of a problem on which a right core may be far from its twin."""


class Layer(NamedTuple):
    """What comes into a layer, and in what it is wrong: (n_rows, n_in)."""

    input: Array
    error: Array


class Hidden(NamedTuple):
    """Slopes of a hidden layer, dropout included, and their errors: (n_rows, n_units)."""

    slope: Array
    error: Array


class Forward(NamedTuple):
    """All that is known of some rows before their losses."""

    layers: list[Layer]
    hidden: list[Hidden]
    score_error: Array


def argument_error(layer: Layer, coef: Array, intercept: Array, eps: float, n_terms: int) -> Array:
    """Errors of the sums that a layer makes of its input."""
    magnitude = np.abs(layer.input) @ np.abs(coef) + np.abs(intercept)
    carried: Array = layer.error @ np.abs(coef)
    return carried + walk(n_terms) * eps * (magnitude + carried)


def forward(twin: Twin, w: Array, rows: Array, eps: float) -> Forward:
    """Errors of the rows' activations and scores at the parameters."""
    coefs, intercepts = twin.unpack(w)
    # Entries of sparse rows may come twice, as halves.
    n_terms = 2 * twin.n_features
    layers, hidden = [Layer(twin.X[rows], np.zeros((len(rows), twin.n_features)))], []
    for at, made in enumerate(twin.hidden(w, rows)):
        z = made.z
        error = argument_error(layers[-1], coefs[at], intercepts[at], eps, n_terms)
        a, slope = ACTIVATIONS[twin.activation](z)
        if twin.activation in KINKED:
            bends = np.where(np.abs(z) <= error, 1.0, 0.0)
        else:
            bends = error if twin.activation != "identity" else np.zeros_like(error)
        value_error = error * np.minimum(np.abs(slope) + bends, STEEPEST) + EVALUATION * eps * np.abs(a)
        slope_error = bends + EVALUATION * eps * ADDED_UP.get(twin.activation, lambda z, slope: slope)(z, slope)
        factor = 1.0 if twin._factors is None else twin._factors[at]
        layers.append(Layer(made.output, factor * value_error + eps * np.abs(made.output)))
        hidden.append(Hidden(made.slope, factor * slope_error + eps * np.abs(made.slope)))
        n_terms = made.z.shape[1]
    return Forward(layers, hidden, argument_error(layers[-1], coefs[-1], intercepts[-1], eps, n_terms))


def loss_errors(twin: Twin, w: Array, rows: Array, eps: float, passed: Forward | None = None) -> LossErrors:
    """Errors of the rows' losses and of their derivatives by the scores."""
    raw = twin.raw(w, rows)
    delta = (passed or forward(twin, w, rows, eps)).score_error
    if KINDS[twin.loss] != "multiclass":
        return elementwise_errors(twin, rows, raw, delta, eps)
    if not np.all(4.0 * delta.max(axis=1) < kink_distance(twin.loss, twin.y[rows], raw)):
        raise ProvesNothing("the bounds on the scores reach over a kink")
    return multiclass_errors(twin, rows, raw, delta, eps)


def gradient_error(twin: Twin, w: Array, rows: Array, eps: float) -> Array:
    """Errors of the gradient of the risk over rows of positive weight, shape (n_params,)."""
    passed = forward(twin, w, rows, eps)
    coefs, _ = twin.unpack(w)
    scale = 1.0 / (twin.mean_weight * len(rows))
    slope = scale * twin.slopes(w, rows)
    error = scale * twin.weight[rows][:, None] * loss_errors(twin, w, rows, eps, passed).derivative
    error = error + EVALUATION * eps * np.abs(slope)
    along_rows = walk(min(len(rows), BLOCK_ROWS)) * eps
    errors = []
    for at in range(len(coefs) - 1, -1, -1):
        layer, size = passed.layers[at], np.abs(slope) + error
        coef_error = np.abs(layer.input).T @ (error + along_rows * np.abs(slope)) + layer.error.T @ size
        errors.append((coef_error, error.sum(axis=0) + along_rows * np.abs(slope).sum(axis=0)))
        if at > 0:
            below, transposed = passed.hidden[at - 1], np.abs(coefs[at]).T
            back = slope @ coefs[at].T
            back_error = error @ transposed + walk(slope.shape[1]) * eps * (size @ transposed)
            error = back_error * (np.abs(below.slope) + below.error) + np.abs(back) * below.error
            slope = back * below.slope
            error = error + eps * np.abs(slope)
    return twin.pack(*zip(*errors[::-1], strict=True))


def bound(twin: Twin, w: Array, rows: Array | None, eps: float) -> Bound:
    """Largest errors of ``value_and_grad(w, rows)`` in arithmetic of precision eps; `rows` are all present or None."""
    present = twin.present(rows)
    weight = twin.weight[present] / (twin.mean_weight * len(present))
    losses = np.abs(twin.row_losses(w, present))
    penalty, penalty_slope = twin.penalty(w)
    value = weight @ loss_errors(twin, w, present, eps).value
    value = value + EPS64 * (walk(len(present)) * (weight @ losses) + walk(len(w)) * penalty)
    gradient = gradient_error(twin, w, present, eps) + EVALUATION * EPS64 * np.abs(penalty_slope)
    return Bound(float(value), gradient)
