"""Products with the Hessian: what the gradient does from one point to the next, and what SciPy's Newton methods need.

That the core agrees with its twin for every loss, storage and weight, on every SIMD level and number of threads, is
tested with values and gradients: see `_parity`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _rounding
import numpy as np
import pytest
import scipy.optimize
from conftest import Data
from test_gradients import CASES, STEP, make_problem

import fastgd

Params = tuple[tuple[str, float], ...]


@pytest.mark.parametrize("loss, params, outputs", CASES)
def test_it_is_the_derivative_of_the_gradient(loss: str, params: Params, outputs: str, tmp_path: Path) -> None:
    """Differences over a step and over its half: the first error of either is a third of how they differ."""
    objective, twin, w, _, eps = make_problem(loss, params, outputs, tmp_path)
    v = np.random.default_rng(4).normal(size=len(w))
    v /= max(1.0, float(np.abs(twin.raw(v, twin.present()) - twin.offset[twin.present()]).max()))
    product = objective.hvp(w, v)
    differences = []
    for step in (STEP, STEP / 2.0):
        ends = [(objective.grad(w + side * step * v), _rounding.bound(twin, w, None, eps)) for side in (-1.0, 1.0)]
        differences.append((ends[1][0] - ends[0][0]) / (2.0 * step))
    rounding = 8.0 * (_rounding.bound(twin, w, None, eps).gradient + _rounding.EPS64 * np.abs(product)) / STEP
    rounding += 64.0 * _rounding.EPS64 / STEP
    curved = np.abs(differences[0] - differences[1])
    assert np.all(np.abs(differences[1] - product) <= curved + rounding)
    # The comparison would notice a wrong formula, unless there is nothing but the penalty's part.
    assert np.max(curved + rounding) < 1e-4 * np.linalg.norm(product)


@pytest.mark.parametrize("loss, params, outputs", CASES)
def test_it_is_symmetric(loss: str, params: Params, outputs: str, tmp_path: Path) -> None:
    objective, twin, w, _, eps = make_problem(loss, params, outputs, tmp_path)
    v, u = np.random.default_rng(5).normal(size=(2, len(w)))
    bound = sum(np.abs(a) @ _rounding.hessian_error(twin, w, b, None, eps) for a, b in ((u, v), (v, u)))
    assert abs(u @ objective.hvp(w, v) - v @ objective.hvp(w, u)) <= bound


def test_piecewise_linear_losses_are_straight() -> None:
    """Only the penalty bends the objective, also on the kinks, where all rows lie at 0."""
    X = np.random.default_rng(0).normal(size=(20, 3))
    v = np.arange(1.0, 5.0)
    for loss in ("hinge", "perceptron", "absolute_error", "quantile", "epsilon_insensitive"):
        objective = fastgd.LinearObjective(X, np.arange(20) % 2, loss=loss, alpha=0.5, l1_ratio=0.5)
        np.testing.assert_array_equal(objective.hvp(np.zeros(4), v), [0.25, 0.5, 0.75, 0.0])


@pytest.mark.parametrize(
    "loss, y, raw, expected",
    [
        ("huber", 0.0, [-0.5, 0.5, 0.75], [1.0, 1.0, 0.0]),
        ("squared_epsilon_insensitive", 0.0, [-0.5, 0.5, 0.75], [0.0, 0.0, 2.0]),
        ("squared_hinge", 1.0, [0.5, 1.0, 2.0], [2.0, 0.0, 0.0]),
        ("modified_huber", 1.0, [-2.0, -1.0, 1.0], [0.0, 2.0, 0.0]),
    ],
)
def test_where_the_second_derivative_jumps(loss: str, y: float, raw: list[float], expected: list[float]) -> None:
    params = {"epsilon": 0.5} if "epsilon" in loss or loss == "huber" else None
    for score, second in zip(raw, expected, strict=True):
        # The second row has weight 0, so that there are two classes.
        options: dict[str, Any] = {"sample_weight": [1.0, 0.0], "fit_intercept": False, "loss_params": params}
        objective = fastgd.LinearObjective([[1.0], [1.0]], [y, -1.0], loss=loss, **options)
        twin = fastgd.reference.LinearObjective([[1.0], [1.0]], [y, -1.0], loss=loss, **options)
        assert objective.hvp([score], [1.0]) == [second]
        assert twin.hvp([score], [1.0]) == [second]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scores", [[-800.0, 800.0], [-90.0, 90.0]])
@pytest.mark.parametrize("loss", ["log_loss", "log_cosh", "multinomial"])
def test_far_scores_give_zero_and_no_nan(loss: str, scores: list[float], dtype: Any) -> None:
    y = [0, 1] if loss != "log_cosh" else [0.0, 0.0]
    objective = fastgd.LinearObjective(np.array([[1.0], [1.0]], dtype), y, loss=loss, fit_intercept=False)
    for score in scores:
        w = np.full(objective.n_params, score) * np.resize([1.0, -1.0], objective.n_params)
        assert np.abs(objective.hvp(w, np.ones(objective.n_params))).max() < 1e-30
        assert np.abs(objective.hvp(w, np.resize([1.0, -1.0], objective.n_params))).max() < 1e-30


def test_rows_are_a_mini_batch(data: Data) -> None:
    weight = np.where(np.arange(60) % 5 == 0, 0.0, data.weight)
    options: dict[str, Any] = {"sample_weight": weight, "alpha": 0.1, "l1_ratio": 0.3}
    objective = data.objective("log_loss", **options)
    twin = fastgd.reference.LinearObjective(data.X, data.signs, loss="log_loss", **options)
    w, v = np.linspace(-1.0, 1.0, 5), np.arange(5.0)
    for rows in ([3], [3, 3, 5, 7], np.arange(59, -1, -1), None):
        error = objective.hvp(w, v, rows) - twin.hvp(w, v, rows)
        assert _rounding.excess(error, _rounding.hessian_error(twin, w, v, rows, _rounding.EPS64)) <= 1.0


def test_the_product_has_the_dtype_of_the_direction(data: Data) -> None:
    objective = data.objective()
    w = np.zeros(5)
    assert objective.hvp(w, np.ones(5, np.float32)).dtype == np.float32
    assert objective.hvp(w.astype(np.float32), np.ones(5)).dtype == np.float64
    assert objective.hvp(w, [1, 2, 3, 4, 5]).dtype == np.float64


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-krylov"])
@pytest.mark.parametrize("loss", ["log_loss", "multinomial", "poisson", "squared_hinge"])
def test_scipy_finds_the_minimum_with_it(data: Data, loss: str, method: str) -> None:
    objective = data.objective(loss, alpha=0.05)
    w0 = np.zeros(objective.n_params)
    found = scipy.optimize.minimize(objective.value_and_grad, w0, jac=True, hessp=objective.hvp, method=method)
    assert np.abs(objective.grad(found.x)).max() < 1e-4
    # Newton steps: a gradient method would need many more.
    assert found.nit < 25


def test_bad_input(data: Data) -> None:
    objective = data.objective()
    w, v = np.zeros(5), np.ones(5)
    with pytest.raises(ValueError, match=r"v must have shape \(5,\), for coef \(1, 4\) and \(1,\), got shape \(4,\)"):
        objective.hvp(w, v[:4])
    with pytest.raises(ValueError, match=r"w must have shape \(5,\).*got shape \(5, 1\)"):
        objective.hvp(w[:, None], v)
    with pytest.raises(ValueError, match=r"v must be finite, got nan at v\[2\]"):
        objective.hvp(w, [1.0, 2.0, np.nan, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"w must be finite, got inf at w\[4\]"):
        objective.hvp([0.0, 0.0, 0.0, 0.0, np.inf], v)
    with pytest.raises(ValueError, match=r"w and v must be small enough .* float64.s range, got entries up to 1e\+308"):
        objective.hvp(w, np.full(5, 1e308))
    with pytest.raises(TypeError, match="v must hold real numbers"):
        objective.hvp(w, ["a"] * 5)
    with pytest.raises(ValueError, match=r"rows must be .* got 60 at rows\[0\]"):
        objective.hvp(w, v, [60])
    with pytest.raises(ValueError, match="hvp needs a gradient, and loss 'zero_one' has none"):
        data.objective("zero_one").hvp(w, v)
    X = data.X.copy()
    X[7, 2] = np.nan
    with pytest.raises(ValueError, match="X must be finite, got nan in row 7, column 2"):
        data.objective(X=X).hvp(w, v)
