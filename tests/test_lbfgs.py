"""The core's L-BFGS against its NumPy twin: the same evaluations, to the bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA, Array

import fastgd
from fastgd import LinearObjective, _core
from fastgd.reference.lbfgs import lbfgs

Function = Callable[[Array], tuple[float, Array]]


def evaluated_by_the_core(fun_and_grad: Function, start: Array, max_evals: int) -> tuple[list[Array], Array]:
    solver = _core.Lbfgs(start)
    points: list[Array] = []
    said = "searching"
    while said != "finished" and len(points) < max_evals:
        points.append(solver.ask())
        said = solver.tell(*fun_and_grad(points[-1]))
    return points, solver.point()


def evaluated_by_the_twin(fun_and_grad: Function, start: Array, max_evals: int) -> tuple[list[Array], Array]:
    points: list[Array] = []

    def recorded(w: Array) -> tuple[float, Array]:
        points.append(w)
        return fun_and_grad(w)

    return points, lbfgs(recorded, start, gtol=0.0, max_evals=max_evals).x


def barrier(w: Array) -> tuple[float, Array]:
    if w.min() <= 0.0:
        return math.nan, np.full_like(w, math.nan)
    return float(np.sum(w - np.log(w))), 1.0 - 1.0 / w


def cliff(w: Array) -> tuple[float, Array]:
    return (float(w @ w) if w[0] > 0.5 else math.inf), 2.0 * w


def downhill(w: Array) -> tuple[float, Array]:
    return float(w.sum()), np.ones_like(w)


def logistic(w: Array) -> tuple[float, Array]:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(200, w.size - 1)) * np.logspace(-0.5, 0.5, w.size - 1)
    y = np.sign(X.sum(axis=1) + 2.0 * rng.normal(size=200))
    return LinearObjective(X, y, alpha=1e-3).value_and_grad(w)


CASES: dict[str, tuple[Function, list[float]]] = {
    **{name: (known.fun_and_grad, known.start) for name, known in KNOWN_MINIMA.items()},
    "logistic": (logistic, [0.0] * 21),
    "barrier": (barrier, [1e-3, 50.0]),
    "cliff": (cliff, [1.0, 2.0]),
    "downhill": (downhill, [1.0, 2.0]),
}


@pytest.mark.parametrize("name", CASES)
def test_takes_the_evaluations_of_its_twin(name: str) -> None:
    fun_and_grad, start = CASES[name]
    points, best = evaluated_by_the_core(fun_and_grad, np.array(start), 300)
    twins, twins_best = evaluated_by_the_twin(fun_and_grad, np.array(start), 300)
    assert len(points) > 9
    np.testing.assert_array_equal(points, twins)
    np.testing.assert_array_equal(best, twins_best)


def test_the_best_point_is_what_was_told() -> None:
    solver = _core.Lbfgs(np.array([1.0, 2.0]), memory=3)
    assert math.isnan(solver.value())
    assert solver.tell(5.0, np.array([3.0, 4.0])) == "accepted"
    np.testing.assert_array_equal(solver.point(), [1.0, 2.0])
    np.testing.assert_array_equal(solver.gradient(), [3.0, 4.0])
    assert (solver.value(), solver.grad_norm()) == (5.0, 5.0)
    np.testing.assert_allclose(solver.ask(), [1.0 - 0.6, 2.0 - 0.8], rtol=1e-15)
    assert solver.tell(9.0, np.array([-30.0, -40.0])) == "searching"
    assert solver.value() == 5.0


def test_a_search_that_fails_is_followed_by_one_along_the_gradient() -> None:
    solver = _core.Lbfgs(np.array([0.0, 0.0]), max_search=20)
    nowhere = (math.inf, np.array([1.0, 1.0]))
    solver.tell(0.0, np.array([1.0, 0.0]))
    grad = np.array([0.5, 2.0])
    assert solver.tell(-1.0, grad) == "accepted"
    start = solver.point()

    def turn() -> float:
        d = solver.ask() - start
        return float(d[0] * grad[1] - d[1] * grad[0]) / float(np.linalg.norm(d))

    assert abs(turn()) > 0.1
    assert {solver.tell(*nowhere) for _ in range(20)} == {"searching"}
    assert abs(turn()) < 1e-9
    assert [solver.tell(*nowhere) for _ in range(20)] == ["searching"] * 19 + ["finished"]
    np.testing.assert_array_equal(solver.point(), start)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="memory must be >= 1"):
        _core.Lbfgs(np.zeros(2), memory=0)
    with pytest.raises(ValueError, match="grad must have 2 elements, got 3"):
        _core.Lbfgs(np.zeros(2)).tell(1.0, np.zeros(3))


@pytest.mark.parametrize("scale", [1e5, 1e10, 1e15, 1e19, 1e25, 1e30])
@pytest.mark.parametrize("penalty", [0.0, 1e-9])
def test_features_of_any_scale(scale: float, penalty: float) -> None:
    """A first step of length 1 would be too long by the whole scale, which 20 trials of a search do not reach."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 0.3, 0.0] + rng.normal(size=200) > 0.0
    options: dict[str, Any] = {"optimizer": fastgd.optimizers.LBFGS(precondition=False), "max_epochs": 100}
    found, known = (
        fastgd.minimize(fastgd.LinearObjective(data, y, alpha=alpha, l1_ratio=1.0), **options)
        for data, alpha in ((X.astype(np.float32), penalty), ((X * scale).astype(np.float32), penalty * scale))
    )
    assert found.success
    assert known.success
    # What the intercept brings is lost beside features of such a size.
    assert found.fun == pytest.approx(known.fun, rel=0.02)


def test_a_first_step_that_is_far_too_long_is_no_end() -> None:
    def far(w: np.ndarray) -> tuple[float, np.ndarray]:
        bent = 1e9 * w - 3.0
        return float((bent**2).sum() ** 2 + 5e7), 4.0 * (bent**2).sum() * bent * 1e9

    result = fastgd.minimize(fastgd.FunctionObjective(far, jac=True), [0.0, 0.0], optimizer="lbfgs", tol=1e-9)
    assert result.success
    # Above the minimum by no more than tol of it, and the start by 324.
    assert result.fun <= 5e7 * (1.0 + 1e-9)


def near_0(name: str) -> tuple[Function, Array, float]:
    """Functions whose value at the start is near 0 by chance, and tells nothing of the scale; their minimum."""
    if name == "saddle":
        return (
            lambda w: (w[0] ** 2 - w[1] ** 2 + w[1] ** 4, np.array([2.0 * w[0], -2.0 * w[1] + 4.0 * w[1] ** 3])),
            np.array([0.3 * np.sqrt(0.91), 0.3]),
            -0.25,
        )
    if name == "sine":
        return lambda w: (np.sin(w[0]), np.cos(w)), np.array([100.0 * np.pi]), -1.0
    rng = np.random.default_rng(0)
    curvature, best = np.geomspace(1.0, 100.0, 20), 20.0 * rng.normal(size=20)
    first = 0.5 * float(curvature @ best**2) - 1e-15

    def shifted(w: Array) -> tuple[float, Array]:
        return 0.5 * float(curvature @ (w - best) ** 2) - first, curvature * (w - best)

    return shifted, np.zeros(20), -first


@pytest.mark.parametrize("name", ["saddle", "sine", "parabola"])
def test_a_first_value_near_0_is_no_end(name: str) -> None:
    fun, start, minimum = near_0(name)
    objective = fastgd.FunctionObjective(lambda w: (float(fun(w)[0]), fun(w)[1]), jac=True)
    assert abs(objective.value(start)) < 1e-13
    result = fastgd.minimize(objective, start, optimizer="lbfgs", tol=1e-9)
    assert result.success
    assert result.fun == pytest.approx(minimum, rel=1e-6)
    points, _ = evaluated_by_the_core(fun, start, 15)
    np.testing.assert_array_equal(points, evaluated_by_the_twin(fun, start, 15)[0])


def test_squares_that_overflow_are_told() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3)) * 1e160
    y = X[:, 0] > 0.0
    result = fastgd.minimize(fastgd.LinearObjective(X, y), optimizer="lbfgs")
    assert result.status == "diverged"
    assert "bring the features to a smaller scale" in result.message
    with pytest.raises(ValueError, match=r"squares are within float64's range with standardize=True, got .* column 0"):
        fastgd.minimize(fastgd.LinearObjective(X, y, standardize=True), optimizer="lbfgs")
