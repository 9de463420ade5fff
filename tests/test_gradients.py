"""The gradient is the derivative of the value, by the core's own values in float64, away from kinks.

Central differences along each parameter, and the remainder of Taylor's first order along a direction, which has to
shrink as the square of the step. What a formula may miss by is computed from the gradients at the ends of the step
(the third derivative), what rounding may add from `_rounding`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import _parity
import _rounding
import numpy as np
import pytest

from fastgd.reference import LOSSES

# Times |x| at most half a KINK; the fifth derivatives that are left out are multiplied by the fourth power of it.
STEP = 2.0**-14
CASES = [
    pytest.param(loss, params, outputs, id="-".join([loss, *(f"{name}={value}" for name, value in params), outputs]))
    for loss, params in _parity.LOSSES
    for outputs in ("one", "few")
]


class Point(NamedTuple):
    """Value and gradient of the core, and what rounding may have done to them."""

    value: float
    gradient: np.ndarray
    value_error: float
    gradient_error: np.ndarray


def bends(loss: str, params: dict[str, float], y: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Distances of the scores to where the second derivative jumps though the first does not."""
    epsilon = params.get("epsilon", 0.1)
    distance = {
        "huber": lambda: np.abs(np.abs(raw - y) - epsilon),
        "squared_epsilon_insensitive": lambda: np.abs(np.abs(raw - y) - epsilon),
        "squared_hinge": lambda: np.abs(1.0 - y * raw),
        "modified_huber": lambda: np.minimum(np.abs(1.0 - y * raw), np.abs(1.0 + y * raw)),
    }.get(loss, lambda: np.full(raw.shape, np.inf))
    return distance()


def make_problem(loss: str, params: tuple[tuple[str, float], ...], outputs: str, folder: Path) -> _parity.Problem:
    """A problem whose rows are all far from both kinds of kinks, at parameters that are not 0."""
    case = {
        "loss": (loss, params),
        "storage": "float64",
        "outputs": outputs,
        "columns": "N+1",
        "n_rows": 17,
        "layout": "plain",
        "fit_intercept": True,
        "offset": True,
        "penalty": "both",
        "weight": "zeros",
        "rows": "all",
    }
    for attempt in range(1000):
        problem = _parity.make_problem({**case, "attempt": attempt}, folder)
        twin, w = problem.twin, problem.w
        rows = twin.present()
        near = bends(loss, dict(params), _rounding.labels(twin, rows), twin.raw(w, rows)).min()
        if near > _parity.KINK and np.all(np.abs(w) > 2.0 * _parity.KINK) and np.abs(twin.X[rows]).max() < 4.0:
            return problem
    raise AssertionError("no problem was away from the kinks")


def at(problem: _parity.Problem, w: np.ndarray) -> Point:
    value, gradient = problem.objective.value_and_grad(w)
    return Point(value, gradient, *_rounding.bound(problem.twin, w, None, problem.eps))


@pytest.mark.parametrize("loss, params, outputs", CASES)
def test_central_differences(loss: str, params: tuple[tuple[str, float], ...], outputs: str, tmp_path: Path) -> None:
    problem = make_problem(loss, params, outputs, tmp_path)
    middle = at(problem, problem.w)
    for j in range(len(problem.w)):
        before, after = (at(problem, problem.w + side * STEP * np.eye(len(problem.w))[j]) for side in (-1.0, 1.0))
        difference = (after.value - before.value) / (2.0 * STEP)
        # h^2 / 6 of the third derivative, which the gradients at both ends tell: Simpson's rule.
        curved = (after.gradient[j] - 2.0 * middle.gradient[j] + before.gradient[j]) / 6.0
        rounding = (after.value_error + before.value_error) / (2.0 * STEP) + _rounding.EPS64 * abs(problem.w[j]) / STEP
        rounding += (after.gradient_error + 4.0 * middle.gradient_error + before.gradient_error)[j] / 6.0
        assert abs(difference - curved - middle.gradient[j]) <= rounding
        assert rounding + abs(curved) < 1e-4 * np.linalg.norm(middle.gradient)


@pytest.mark.parametrize("loss, params, outputs", CASES)
def test_taylor_remainders_shrink_as_the_square(
    loss: str, params: tuple[tuple[str, float], ...], outputs: str, tmp_path: Path
) -> None:
    problem = make_problem(loss, params, outputs, tmp_path)
    twin, w = problem.twin, problem.w
    direction = np.random.default_rng(3).normal(size=len(w))
    rows = twin.present()
    direction /= max(1.0, float(np.abs(twin.raw(direction, rows) - twin.offset[rows]).max()))
    start = at(problem, w)
    steps = 2.0 ** -np.arange(11.0, 15.0)
    points = [at(problem, w + t * direction) for t in steps]
    along = [float(point.gradient @ direction) for point in (start, *points)]
    remainders = [p.value - start.value - t * along[0] for t, p in zip(steps, points, strict=True)]
    # Rounding of w + t v changes the value by the gradient times it.
    moved = float(np.abs(start.gradient) @ np.abs(w)) * 2.0 * _rounding.EPS64
    slope_error = float(start.gradient_error @ np.abs(direction))
    for k, t in enumerate(steps[:-1]):
        rounding = points[k].value_error + 4.0 * points[k + 1].value_error + 5.0 * (start.value_error + moved)
        rounding += 4.0 * t * slope_error
        # With the second derivative alone it would be a fourth; a third of this is what the third derivative adds.
        third = t * abs(along[k + 1] - 2.0 * along[k + 2] + along[0]) + 4.0 * t * slope_error
        assert abs(remainders[k] - 4.0 * remainders[k + 1]) <= third + rounding
        # Something is left to shrink: the l2 penalty curves the objective even where the loss does not.
        assert abs(remainders[k]) > 16.0 * (third + rounding)
        if loss != "tweedie" or 1.0 <= dict(params).get("power", 1.5) <= 2.0:
            assert 0.0 < remainders[k] <= t * (along[k + 1] - along[0]) + rounding, "it is convex"


def test_every_loss_is_among_the_cases() -> None:
    assert {case.values[0] for case in CASES} == set(LOSSES)
