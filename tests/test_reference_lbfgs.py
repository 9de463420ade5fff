"""L-BFGS's twin against SciPy's L-BFGS-B, its line search against the Wolfe conditions, its directions against BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA, Array, rosenbrock
from scipy.optimize import minimize

from fastgd import LinearObjective
from fastgd.reference.lbfgs import Pair, dot, lbfgs, two_loop_recursion
from fastgd.reference.wolfe_search import wolfe_search

Function = Callable[[Array], tuple[float, Array]]


class Recorded:
    """A function that remembers its values."""

    def __init__(self, fun_and_grad: Function) -> None:
        self.fun_and_grad = fun_and_grad
        self.values: list[float] = []

    def __call__(self, w: Array) -> tuple[float, Array]:
        value, grad = self.fun_and_grad(w)
        self.values.append(value)
        return value, grad

    def evals_to(self, value: float) -> int:
        return next(i for i, seen in enumerate(self.values, 1) if seen <= value)


def linear_model(loss: str, seed: int, n_features: int, alpha: float, decades: float) -> LinearObjective:
    """A noisy problem of 500 rows whose features span `decades` powers of ten on either side of 1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, n_features))
    y = X @ rng.normal(size=n_features) + 0.5 * np.sqrt(n_features) * rng.normal(size=500)
    X = X * 10.0 ** rng.uniform(-decades, decades, n_features)
    return LinearObjective(X, np.sign(y) if loss == "log_loss" else y, loss=loss, alpha=alpha)


def assert_needs_no_more_than_scipy(fun_and_grad: Function, start: Array, scale: float) -> None:
    scipys, ours = Recorded(fun_and_grad), Recorded(fun_and_grad)
    exact = {"ftol": 0.0, "gtol": 1e-10, "maxiter": 5000, "maxfun": 5000}
    minimize(scipys, start, jac=True, method="L-BFGS-B", options=exact)
    lbfgs(ours, start, gtol=1e-10, max_evals=5000)
    near = min(scipys.values) + 1e-8 * scale
    assert ours.evals_to(near) <= 1.2 * scipys.evals_to(near)


@pytest.mark.parametrize("name", KNOWN_MINIMA)
def test_known_minima_in_the_evaluations_of_scipy(name: str) -> None:
    known = KNOWN_MINIMA[name]
    assert lbfgs(known.fun_and_grad, known.start, gtol=1e-12).fun - known.minimum <= 1e-13
    assert_needs_no_more_than_scipy(known.fun_and_grad, np.array(known.start), 1.0)


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
@pytest.mark.parametrize(
    "seed, n_features, alpha, decades",
    [(0, 20, 1e-2, 0.0), (1, 50, 1e-3, 0.0), (2, 30, 1e-6, 0.0), (3, 20, 1e-3, 0.7), (4, 30, 1e-2, 1.0)],
)
def test_linear_models_in_the_evaluations_of_scipy(
    loss: str, seed: int, n_features: int, alpha: float, decades: float
) -> None:
    objective = linear_model(loss, seed, n_features, alpha, decades)
    start = np.zeros(objective.n_params)
    best = lbfgs(objective.value_and_grad, start).fun
    assert_needs_no_more_than_scipy(objective.value_and_grad, start, best)


def test_gradient_falls_to_rounding_errors() -> None:
    objective = linear_model("log_loss", 1, 50, 1e-3, 0.0)
    result = lbfgs(objective.value_and_grad, np.zeros(objective.n_params), gtol=1e-14)
    assert result.status == "gtol"
    assert np.linalg.norm(objective.grad(result.x)) <= 1e-14


# Parts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 1000])
def test_dot(n: int) -> None:
    u, v = np.random.default_rng(n).normal(size=(2, n))
    assert abs(dot(u, v) - math.fsum(u * v)) <= 1e-15 * (1.0 + np.abs(u * v).sum())


def test_direction_is_that_of_bfgs() -> None:
    rng = np.random.default_rng(0)
    pairs, inverse, gamma = [], 0.7 * np.eye(6), 0.7
    for _ in range(4):
        s, y = rng.normal(size=(2, 6))
        y = y if s @ y > 0.0 else -y
        pairs.append(Pair(s, y, s @ y))
        left = np.eye(6) - np.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
    grad = rng.normal(size=6)
    # Ten sums of six terms, whose sizes are bounded by those of the matrix and the gradient.
    rounding = 64 * 2.0**-52 * float(np.linalg.norm(inverse) * np.linalg.norm(grad))
    np.testing.assert_allclose(two_loop_recursion(grad, pairs, gamma), -inverse @ grad, rtol=0.0, atol=rounding)


def rational(t: float) -> tuple[float, float]:
    return -t / (t**2 + 2.0), (t**2 - 2.0) / (t**2 + 2.0) ** 2


def steep(t: float) -> tuple[float, float]:
    return (t + 0.004) ** 5 - 2.0 * (t + 0.004) ** 4, 5.0 * (t + 0.004) ** 4 - 8.0 * (t + 0.004) ** 3


def wavy(t: float) -> tuple[float, float]:
    beta, k = 0.01, 39.0 * np.pi / 2.0
    if t <= 1.0 - beta:
        value, slope = 1.0 - t, -1.0
    elif t >= 1.0 + beta:
        value, slope = t - 1.0, 1.0
    else:
        value, slope = (t - 1.0) ** 2 / (2.0 * beta) + beta / 2.0, (t - 1.0) / beta
    ripple = 2.0 * (1.0 - beta) / (39.0 * np.pi)
    return value + ripple * np.sin(k * t), slope + ripple * k * np.cos(k * t)


def two_kinks(b1: float, b2: float) -> Callable[[float], tuple[float, float]]:
    def gap(b: float) -> float:
        return math.sqrt(1.0 + b**2) - b

    def function(t: float) -> tuple[float, float]:
        left, right = math.sqrt((1.0 - t) ** 2 + b2**2), math.sqrt(t**2 + b1**2)
        return gap(b1) * left + gap(b2) * right, gap(b1) * (t - 1.0) / left + gap(b2) * t / right

    return function


@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
@pytest.mark.parametrize(
    "phi, armijo, curvature",
    [
        (rational, 1e-3, 0.1),
        (steep, 0.1, 0.1),
        (wavy, 0.1, 0.1),
        (two_kinks(0.001, 0.001), 1e-3, 1e-3),
        (two_kinks(0.01, 0.001), 1e-3, 1e-3),
        (two_kinks(0.001, 0.01), 1e-3, 1e-3),
    ],
    ids=["1", "2", "3", "4", "5", "6"],
)
def test_line_search_on_more_and_thuentes_functions(
    phi: Callable[[float], tuple[float, float]], armijo: float, curvature: float, first: float
) -> None:
    trials = []

    def scaled(step: float) -> tuple[float, float]:
        value, slope = phi(first * step)
        trials.append((step, float(value), float(slope) * first))
        return trials[-1][1:]

    value, slope = scaled(0.0)
    assert wolfe_search(scaled, value, slope, armijo=armijo, curvature=curvature)
    step, lower, flatter = trials[-1]
    assert trials[1][0] == 1.0
    assert lower <= value + armijo * step * slope
    assert abs(flatter) <= curvature * abs(slope)


def test_line_search_comes_back_from_beyond_the_domain() -> None:
    steps = []

    def narrow(step: float) -> tuple[float, float]:
        steps.append(step)
        if step >= 1e-30:
            return math.nan, math.nan
        return -math.log1p(-1e30 * step) - 2e30 * step, 1e30 / (1.0 - 1e30 * step) - 2e30

    assert wolfe_search(narrow, 0.0, -1e30)
    assert len(steps) <= 20
    assert 0.0 < steps[-1] < 1e-30


def flattening(t: float) -> tuple[float, float]:
    """Falls by 1/2 at once, then for ever, but too slowly to be sufficient."""
    fall = math.exp(-1e4 * t)
    return 0.5 * (fall - 1.0) - 0.1 * t, -5e3 * fall - 0.1


def wall(t: float) -> tuple[float, float]:
    """Interpolation between a gentle and a steep side creeps."""
    beyond = max(0.0, t - 0.9)
    return -t + 1e3 * beyond**2, -1.0 + 2e3 * beyond


@pytest.mark.parametrize("phi", [flattening, wall])
def test_line_search_is_safeguarded(phi: Callable[[float], tuple[float, float]]) -> None:
    steps = []

    def recorded(step: float) -> tuple[float, float]:
        steps.append(step)
        return phi(step)

    value, slope = phi(0.0)
    assert wolfe_search(recorded, value, slope, armijo=1e-3, curvature=0.5)
    assert phi(steps[-1])[0] < value + 1e-3 * steps[-1] * slope


# Ends ---------------------------------------------------------------------------------------------------------------


def test_statuses() -> None:
    start = [-1.2, 1.0]
    assert lbfgs(rosenbrock, start, gtol=1e-3).status == "gtol"
    assert lbfgs(rosenbrock, start, ftol=1e-2).status == "ftol"
    cut = lbfgs(rosenbrock, start, max_evals=9)
    assert (cut.status, cut.n_evals) == ("max_evals", 9)
    assert rosenbrock(cut.x)[0] == cut.fun < rosenbrock(np.array(start))[0]
    assert lbfgs(lambda w: (math.nan, w), start).status == "finished"
    assert lbfgs(lambda w: (3.0, 0.0 * w), start).n_evals == 1
    downhill = lbfgs(lambda w: (float(w.sum()), np.ones(2)), start, max_evals=100)
    assert downhill.status == "max_evals"
    assert downhill.fun < -1e6
    concave = lbfgs(lambda w: (-float(w @ w), -2.0 * w), start, max_evals=100)
    assert concave.status == "max_evals"
    assert concave.fun < -1e6
    flat = lbfgs(lambda w: (1.0, w - 1.0) if w[0] == 0.0 else (2.0, 1e-9 * w), [0.0], gtol=0.0, max_evals=2)
    assert (flat.n_evals, flat.fun, flat.x[0]) == (2, 1.0, 0.0)
    upside_down = lbfgs(lambda w: (float(w @ w), -2.0 * w), start)
    assert (upside_down.status, upside_down.fun) == ("finished", 2.44)


@pytest.mark.parametrize("noise", [1e-14, 1e-7, 1e-6])
def test_float32_ends_at_its_rounding_errors(noise: float) -> None:
    exact = linear_model("log_loss", 5, 20, 1e-2, 0.0)

    def rounded(w: Array) -> tuple[float, Array]:
        value, grad = exact.value_and_grad(w.astype(np.float32).astype(np.float64))
        return float(np.float32(value)), grad.astype(np.float32).astype(np.float64)

    recorded = Recorded(rounded)
    start = np.zeros(exact.n_params)
    result = lbfgs(recorded, start, gtol=0.0, noise=noise, max_evals=500)
    assert result.status == "finished"
    assert result.fun <= min(recorded.values) * (1.0 + noise)
    best = lbfgs(exact.value_and_grad, start, gtol=1e-12).fun
    assert exact.value(result.x) <= best * (1.0 + 1e-7)


def test_memory_makes_ill_conditioned_problems_faster() -> None:
    objective = linear_model("squared_error", 6, 20, 1e-3, 0.7)

    def n_evals(**options: Any) -> int:
        return lbfgs(
            objective.value_and_grad, np.zeros(objective.n_params), gtol=1e-8, max_evals=5000, **options
        ).n_evals

    assert n_evals(memory=20) < n_evals(memory=10) < n_evals(memory=3)
