"""How far a whole fit of the core may be from the twin's: the errors of `_rounding`, carried on from step to step.

Parameters that are wrong by at most ``e``, an element at a time, change the raw scores of a row by at most ``|x| e``.
`_rounding` turns errors of scores into errors of losses and derivatives, these become errors of the gradient and of the
velocity by the chain rule with absolute values, and a step adds its own rounding. The l1 norm's proximal step brings
no two numbers further apart. Nothing is assumed about cancellation, so the bounds grow with every step; rates and
numbers of steps have to be such that they stay below what a wrong formula would do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import _rounding
import numpy as np
from _rounding import EPS64, EVALUATION, LossErrors, walk

from fastgd import reference
from fastgd.reference import KINDS

Twin = reference.LinearObjective


class ProvesNothing(Exception):
    """Of a problem on which a right core may end far from its twin, as by rounding to the other side of a kink."""


class Step(NamedTuple):
    """What a step began with, and its rate."""

    w: np.ndarray
    rows: np.ndarray
    gradient: np.ndarray
    lr: float


class Recorder:
    """The twin, which keeps the steps that descent with this learning rate makes on it."""

    def __init__(self, twin: Twin, lr: float | Callable[[int], float]) -> None:
        self.twin = twin
        self.schedule = reference.schedules.as_schedule(lr)
        self.steps: list[Step] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.twin, name)

    def in_training(self, rows: np.ndarray, step: int, seed: int) -> Recorder:
        return self

    def batch_gradient(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        gradient = self.twin.batch_gradient(w, rows)
        self.steps.append(Step(w, rows, gradient, self.schedule(len(self.steps))))
        return gradient


class Bounds(NamedTuple):
    """Largest errors of the parameters before each step and, last, of the result."""

    parameters: list[np.ndarray]
    steps: list[Step]
    eps: float


def loss_errors(twin: Twin, w: np.ndarray, rows: np.ndarray, error: np.ndarray, eps: float) -> LossErrors:
    """Errors of the rows' losses and derivatives, at parameters that are themselves wrong by `error`."""
    raw = twin.raw(w, rows)
    coef, intercept = twin.unpack(error)
    delta = _rounding.score_error(twin, w, rows, eps) + np.abs(twin.X[rows]) @ coef.T + intercept
    if KINDS[twin.loss] != "multiclass":
        return _rounding.elementwise_errors(twin, rows, raw, delta, eps)
    if not np.all(4.0 * delta.max(axis=1) < _rounding.kink_distance(twin.loss, twin.y[rows], raw)):
        raise ProvesNothing("the bounds on the scores reach over a kink")
    return _rounding.multiclass_errors(twin, rows, raw, delta, eps)


def risk_gradient_error(twin: Twin, w: np.ndarray, rows: np.ndarray, error: np.ndarray, eps: float) -> np.ndarray:
    """Errors of a batch's mean gradient, without the penalty."""
    errors = twin.weight[rows][:, None] * loss_errors(twin, w, rows, error, eps).derivative
    errors = errors + walk(len(rows)) * eps * np.abs(twin.slopes(w, rows))
    return _rounding.combined(twin, errors, rows, len(rows))


def carry(
    recorder: Recorder, eps: float, momentum: float = 0.0, dampening: float = 0.0, nesterov: bool = False
) -> Bounds:
    """Errors along a recorded run, of which the core rounds with `eps` and the twin in float64."""
    twin, eps = recorder.twin, eps + EPS64
    l2, threshold = twin.is_weight() * twin.alpha * (1.0 - twin.l1_ratio), twin.l1_strength()
    error = velocity_error = np.zeros(twin.n_params)
    velocity: np.ndarray | None = None
    gain = length = 1.0
    errors = [error]
    for w, rows, gradient, lr in recorder.steps:
        slope = risk_gradient_error(twin, w, rows, error, eps) + l2 * error
        slope = slope + EVALUATION * eps * (np.abs(gradient) + l2 * np.abs(w))
        direction, direction_error = gradient, slope
        if momentum != 0.0:
            fresh = 1.0 if velocity is None else 1.0 - dampening
            before = np.zeros_like(gradient) if velocity is None else momentum * velocity
            gain = fresh if velocity is None else momentum * gain + fresh
            velocity = before + fresh * gradient
            velocity_error = momentum * velocity_error + fresh * slope
            velocity_error = velocity_error + EVALUATION * eps * (np.abs(before) + fresh * np.abs(gradient))
            direction, direction_error, length = velocity, velocity_error, gain
            if nesterov:
                direction = gradient + momentum * velocity
                direction_error = slope + momentum * velocity_error + EVALUATION * eps * np.abs(direction)
                length = 1.0 + momentum * gain
        error = error + lr * direction_error
        error = error + eps * (np.abs(w) + EVALUATION * lr * (np.abs(direction) + length * threshold))
        errors.append(error)
    return Bounds(errors, recorder.steps, eps)


def penalty_error(twin: Twin, w: np.ndarray, error: np.ndarray) -> float:
    """Error of the penalty at parameters that are wrong by `error`."""
    value, slope = twin.penalty(w)
    coef, _ = twin.unpack(error)
    curved = twin.alpha * (0.5 * float(np.sum(coef**2)) + twin.l1_ratio * float(np.sum(np.abs(coef))))
    return float(np.abs(slope) @ error) + curved + 2.0 * walk(len(w)) * EPS64 * value


def objective_error(twin: Twin, w: np.ndarray, error: np.ndarray, eps: float) -> tuple[float, float]:
    """Errors of the objective and of its gradient's norm, at parameters that are wrong by `error`."""
    rows = twin.present()
    weight = twin.weight[rows] / twin.weight[rows].sum()
    value = weight @ loss_errors(twin, w, rows, error, eps).value
    value += 2.0 * walk(len(rows)) * EPS64 * float(weight @ np.abs(twin.row_losses(w, rows)))
    # The l1 norm's gradient jumps by 2 where a parameter changes its sign.
    jumps = 2.0 * twin.l1_strength() * (np.abs(w) <= error)
    slope = risk_gradient_error(twin, w, rows, error, eps) + twin.smooth_penalty_gradient(error) + jumps
    gradient = float(np.linalg.norm(slope)) + EVALUATION * eps * float(np.linalg.norm(twin.grad(w)))
    return float(value) + penalty_error(twin, w, error), gradient


def epoch_errors(recorder: Recorder, bounds: Bounds, ends: np.ndarray) -> list[float]:
    """Errors of the history's losses, for epochs that end after these numbers of steps."""
    twin, errors = recorder.twin, []
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        total = weight_sum = 0.0
        for (w, rows, _, _), error in zip(bounds.steps[begin:end], bounds.parameters[begin:end], strict=True):
            weight = twin.weight[rows]
            total += float(weight @ loss_errors(twin, w, rows, error, bounds.eps).value)
            total += 2.0 * walk(len(rows) * (end - begin)) * EPS64 * float(weight @ np.abs(twin.row_losses(w, rows)))
            weight_sum += float(weight.sum())
        start, error = bounds.steps[begin].w, bounds.parameters[begin]
        errors.append(total / weight_sum + penalty_error(twin, start, error))
    return errors
