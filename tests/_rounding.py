"""How far the core may be from its twin: bounds on rounding errors, computed from the data, an element at a time.

Three facts about floating-point sums and one about convex functions are all there is to them.

* A sum of terms t in one accumulator a lane has an error of at most ``(8 + sqrt(n)) eps sum |t|`` with n terms a lane:
  roundings of either sign add up like a random walk, and 8 pays for what is done once, such as the tree over the
  lanes, the panels' additions and the factors. A score has ``ceil(d / lanes)`` terms a lane, a gradient has a block's
  rows, at most 1024 (blocks are added in double). Sparse rows have four chains in the place of lanes: a twin beside
  them says so in an attribute `lanes`.
* A rounding of ``raw - y`` or ``1 - y raw`` is the same as a change of raw by ``eps (|raw| + |y| + 1)``.
* After that a loss is evaluated with an error of ``8 eps`` of the magnitudes that are added up in it.
* A convex loss and its derivative, over the interval that raw is known to lie in, differ from their values at its
  middle by no more than they do at its ends. (That is exact; the losses that are not convex everywhere, tweedie outside
  1 <= power <= 2, bend little over an interval of this width.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fastgd import reference
from fastgd.reference import KINDS, LOSSES

EPS64 = 2.0**-52
BLOCK_ROWS = 1024
EVALUATION = 8.0


class Bound(NamedTuple):
    """Largest errors of the value and of each entry of the gradient, shape (n_params,)."""

    value: float
    gradient: np.ndarray


class LossErrors(NamedTuple):
    """Largest errors of a row's loss, shape (n,), and of its derivatives, shape (n, n_outputs)."""

    value: np.ndarray
    derivative: np.ndarray


def excess(error: Any, bound: Any) -> float:
    """The largest error as a share of its bound; infinite where one of them is NaN."""
    return float(np.max(np.nan_to_num(np.abs(error) / np.maximum(bound, 1e-300), nan=np.inf)))


def walk(n_terms: int) -> float:
    """The factor before ``eps sum |terms|`` for n_terms terms a lane."""
    return EVALUATION + float(np.sqrt(n_terms))


def score_error(twin: reference.LinearObjective, w: np.ndarray, rows: np.ndarray, eps: float) -> np.ndarray:
    """Largest errors of the raw scores of the rows, shape (n, n_outputs)."""
    lanes = getattr(twin, "lanes", 16 if eps > EPS64 else 8)
    coef, intercept = twin.unpack(w)
    magnitude = np.abs(twin.X[rows]) @ np.abs(coef).T + np.abs(intercept) + np.abs(twin.offset[rows])
    return walk(-(-twin.n_features // lanes)) * eps * magnitude


def combined(twin: reference.LinearObjective, slopes: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """What absolute values of weighted derivatives add up to in a gradient where nothing cancels, shape (n_params,)."""
    scaled = slopes / (twin.mean_weight * count)
    return twin.pack(scaled.T @ np.abs(twin.X[rows]), scaled.sum(axis=0))


def labels(twin: reference.LinearObjective, rows: np.ndarray) -> np.ndarray:
    """The rows' targets, one for each output, as an elementwise loss sees them."""
    y = twin.y[rows]
    if KINDS[twin.loss] == "binary" and twin.n_outputs > 1:
        return reference.losses.label_columns(y, twin.n_outputs)
    return y.reshape(len(rows), -1)


def shifted(
    twin: reference.LinearObjective, y: np.ndarray, raw: np.ndarray, delta: np.ndarray, eps: float
) -> np.ndarray:
    """How far an elementwise loss's scores may be off: by delta, and by what is rounded where a target meets them."""
    parameter = max((abs(v) for v in twin.loss_params.values()), default=0.0)
    return delta + eps * (np.abs(raw) + np.abs(y) + 1.0 + parameter)


def power_of(loss: str, params: Mapping[str, float]) -> float | None:
    """The variance's power of a loss of the Tweedie family; None of others."""
    return {"poisson": 1.0, "gamma": 2.0, "tweedie": params.get("power", 1.5)}.get(loss)


def exponentials(power: float, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of `power`'s losses. An exponent a is itself rounded, which changes its exponential by eps |a|."""
    first, second = (np.exp(a) * (1.0 + np.abs(a)) for a in ((1.0 - power) * raw, (2.0 - power) * raw))
    return first, second


def added_up(twin: reference.LinearObjective, y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the magnitudes of what is added in an elementwise loss, and in its derivative."""
    value, derivative = (np.abs(a) for a in LOSSES[twin.loss](y, raw, **twin.loss_params))
    if twin.loss == "log_cosh":
        value = value + 2.0 * np.abs(raw - y)
    if (power := power_of(twin.loss, twin.loss_params)) is not None:
        first, second = exponentials(power, raw)
        first = np.abs(y) * first
        value = first / (abs(1.0 - power) or 1.0) + second / (abs(2.0 - power) or 1.0) + np.abs(y * raw) + np.abs(raw)
        derivative = first + second
    return value, derivative


def elementwise_errors(
    twin: reference.LinearObjective, rows: np.ndarray, raw: np.ndarray, delta: np.ndarray, eps: float
) -> LossErrors:
    """Errors of regression and binary losses, whose scores are known to within delta."""
    y = labels(twin, rows)
    loss = LOSSES[twin.loss]
    delta = shifted(twin, y, raw, delta, eps)
    middle, slope = loss(y, raw, **twin.loss_params)
    ends = [loss(y, raw + side * delta, **twin.loss_params) for side in (-1.0, 1.0)]
    value, derivative = (EVALUATION * eps * a for a in added_up(twin, y, raw))
    value = value + np.maximum(*(np.abs(end - middle) for end, _ in ends))
    derivative = derivative + np.maximum(*(np.abs(end - slope) for _, end in ends))
    return LossErrors(value.sum(axis=1), derivative)


def multiclass_errors(
    twin: reference.LinearObjective, rows: np.ndarray, raw: np.ndarray, delta: np.ndarray, eps: float
) -> LossErrors:
    """Errors of losses that weigh scores against each other: a difference of two of them changes by 2 delta."""
    y = twin.y[rows].astype(np.int64)
    middle, slope = LOSSES[twin.loss](y, raw)
    difference = 2.0 * (delta + eps * (np.abs(raw) + 1.0)).max(axis=1)
    if twin.loss == "multinomial":
        share = slope.copy()
        share[np.arange(len(y)), y] += 1.0
        # A share p is multiplied by at most exp(2 difference); 1 is subtracted from that of the right class.
        derivative = share * np.expm1(2.0 * difference)[:, None] + EVALUATION * eps * (share + (share != slope))
        return LossErrors(difference + EVALUATION * eps * (1.0 + middle), derivative)
    # Away from the kinks the derivatives are whole numbers, and as many differences are added as there are others > 0.
    value = np.maximum(slope, 0.0).sum(axis=1) * difference + EVALUATION * eps * middle
    return LossErrors(value, np.zeros_like(slope))


def loss_errors(twin: reference.LinearObjective, w: np.ndarray, rows: np.ndarray, eps: float) -> LossErrors:
    """Largest errors of the rows' losses and derivatives at the parameters."""
    raw = twin.raw(w, rows)
    delta = score_error(twin, w, rows, eps)
    errors = multiclass_errors if KINDS[twin.loss] == "multiclass" else elementwise_errors
    return errors(twin, rows, raw, delta, eps)


def gradient_error(twin: reference.LinearObjective, w: np.ndarray, rows: np.ndarray, eps: float) -> np.ndarray:
    """Largest errors of the gradient of the risk over rows of positive weight, shape (n_params,)."""
    errors = twin.weight[rows][:, None] * loss_errors(twin, w, rows, eps).derivative
    errors = errors + walk(min(len(rows), BLOCK_ROWS)) * eps * np.abs(twin.slopes(w, rows))
    return combined(twin, errors, rows, len(rows))


def bound(twin: reference.LinearObjective, w: np.ndarray, rows: np.ndarray | None, eps: float) -> Bound:
    """Largest errors of ``value_and_grad(w, rows)`` in arithmetic of precision eps."""
    present = twin.present(rows)
    weight = twin.weight[present] / (twin.mean_weight * len(present))
    errors = loss_errors(twin, w, present, eps)
    losses = np.abs(twin.row_losses(w, present))
    penalty, penalty_slope = twin.penalty(w)
    value = weight @ errors.value + EPS64 * (walk(len(present)) * (weight @ losses) + walk(len(w)) * penalty)
    gradient = gradient_error(twin, w, present, eps) + EVALUATION * EPS64 * np.abs(penalty_slope)
    return Bound(float(value), gradient)


def plane_error(
    twin: reference.LinearObjective, w: np.ndarray, directions: np.ndarray, c: np.ndarray, eps: float
) -> float:
    """Largest error of the value at a point of a plane, in arithmetic of precision eps.

    Each score is that at the origin and those along the directions, added up in one operation each.
    """
    present = twin.present(None)
    origin, along = (
        twin.raw(w, present),
        [reference.linear.raw_scores(twin.X[present], *twin.unpack(d)) for d in directions],
    )
    raw = origin + np.tensordot(c, along, 1)
    size, delta = np.abs(origin), score_error(twin, w, present, eps)
    for factor, direction, scores in zip(np.abs(c), directions, along, strict=True):
        delta = delta + factor * score_error(twin, direction, present, eps)
        size = size + factor * np.abs(scores)
    delta = delta + len(c) * eps * size
    if KINDS[twin.loss] == "multiclass" and twin.loss != "multinomial":
        # Where the point is does not matter to a kink: each difference of two scores counts once at most.
        difference = 2.0 * (delta + eps * (np.abs(raw) + 1.0)).max(axis=1)
        losses = twin.score_losses(raw, present)
        errors = (twin.n_outputs - 1) * difference + EVALUATION * eps * losses
    else:
        kind = multiclass_errors if twin.loss == "multinomial" else elementwise_errors
        errors = kind(twin, present, raw, delta, eps).value
    weight = twin.weight[present] / twin.weight[present].sum()
    losses = np.abs(twin.score_losses(raw, present))
    penalty = twin.penalty(np.abs(w) + np.abs(c) @ np.abs(directions))[0]
    return float(weight @ errors + EPS64 * (walk(len(present)) * (weight @ losses) + walk(len(w)) * penalty))


def product_errors(
    twin: reference.LinearObjective, w: np.ndarray, u: np.ndarray, u_error: np.ndarray, rows: np.ndarray, eps: float
) -> np.ndarray:
    """Largest errors of the losses' Hessians times u, which is known to within u_error; shape (n, n_outputs)."""
    raw = twin.raw(w, rows)
    delta = score_error(twin, w, rows, eps)
    size = np.abs(u)
    if twin.loss == "multinomial":
        # Shares as in `multiclass_errors`; the mean is subtracted from u, and is wrong by as much as they and u are.
        share = np.exp(raw - raw.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        part = np.expm1(4.0 * (delta + eps * (np.abs(raw) + 1.0)).max(axis=1))[:, None] + EVALUATION * eps

        def mean(values: np.ndarray) -> np.ndarray:
            total: np.ndarray = np.sum(share * values, axis=1, keepdims=True)
            return total

        return share * (part * (size + 3.0 * mean(size)) + u_error + mean(u_error))
    second = reference.second_derivatives.SECOND_DERIVATIVES.get(twin.loss)
    if second is None:
        return np.zeros_like(u)
    y = labels(twin, rows)
    delta = shifted(twin, y, raw, delta, eps)
    middle, *ends = (second(y, raw + side * delta, **twin.loss_params) for side in (0.0, -1.0, 1.0))
    error = np.maximum(*(np.abs(end - middle) for end in ends))
    magnitude = np.abs(middle)
    if (power := power_of(twin.loss, twin.loss_params)) is not None:
        first, last = exponentials(power, raw)
        magnitude = abs(1.0 - power) * np.abs(y) * first + abs(2.0 - power) * last
    elif twin.loss in ("log_loss", "exponential", "log_cosh"):
        magnitude = magnitude * (1.0 + np.abs(raw) + np.abs(y))
    return (error + EVALUATION * eps * magnitude) * (size + u_error) + np.abs(middle) * u_error


def hessian_error(
    twin: reference.LinearObjective, w: np.ndarray, v: np.ndarray, rows: np.ndarray | None, eps: float
) -> np.ndarray:
    """Largest errors of ``hvp(w, v, rows)`` in arithmetic of precision eps, shape (n_params,)."""
    present = twin.present(rows)
    u = reference.linear.raw_scores(twin.X[present], *twin.unpack(v))
    u_error = score_error(twin, v, present, eps)
    product = reference.second_derivatives.hessian_product(
        twin.loss, twin.y[present], twin.raw(w, present), u, **twin.loss_params
    )
    each = product_errors(twin, w, u, u_error, present, eps)
    each = each + walk(min(len(present), BLOCK_ROWS)) * eps * np.abs(product)
    curved = combined(twin, twin.weight[present][:, None] * each, present, len(present))
    return curved + EVALUATION * EPS64 * np.abs(twin.smooth_penalty_gradient(v))


def kink_distance(loss: str, y: np.ndarray, raw: np.ndarray, epsilon: float = 0.1) -> np.ndarray:
    """How far each row's scores, shape (n, n_outputs), are from a jump of the loss's derivative; inf without one.

    `y` is as `labels` gives it, or class indices for a multi-class loss.
    """
    n, n_outputs = raw.shape
    if KINDS[loss] != "multiclass":
        distances = {
            "absolute_error": lambda: np.abs(raw - y),
            "quantile": lambda: np.abs(raw - y),
            "epsilon_insensitive": lambda: np.abs(np.abs(raw - y) - epsilon),
            "hinge": lambda: np.abs(1.0 - y * raw),
            "perceptron": lambda: np.abs(raw),
        }
        return distances[loss]().min(axis=1) if loss in distances else np.full(n, np.inf)
    if loss == "multinomial":
        return np.full(n, np.inf)
    y = y.reshape(-1).astype(np.int64)
    own = raw[np.arange(n), y][:, None]
    others = raw[np.arange(n_outputs) != y[:, None]].reshape(n, -1)
    distance = np.abs(others - own + 1.0).min(axis=1)
    if loss == "crammer_singer" and n_outputs > 2:
        best = np.sort(others, axis=1)
        distance = np.minimum(distance, best[:, -1] - best[:, -2])
    return distance
