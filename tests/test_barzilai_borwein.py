"""Barzilai and Borwein's rates, and where ``lr="auto"`` means them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _rounding import EPS64
from _sweeps import assert_same_bits, objective_of
from conftest import Data

import fastgd
from fastgd import reference
from fastgd._losses import registry
from fastgd.optimizers import SGD, BarzilaiBorwein
from fastgd.schedules import Exponential

SMOOTH = [name for name, loss in registry().items() if loss.trainable and loss.curvature > 0.0]


def ellipse(w: np.ndarray) -> tuple[float, np.ndarray]:
    slope = np.array([1.0, 10.0, 100.0]) * w
    return 0.5 * float(w @ slope), slope


def funnel(w: np.ndarray) -> tuple[float, np.ndarray]:
    """Almost straight far from 0, so that changes of the gradient promise rates that are far too large."""
    root = np.sqrt(1.0 + w * w)
    return float(root.sum()), w / root


def path(function: Any, start: list[float], n_steps: int, lr: Any = 0.007) -> tuple[fastgd.Result, np.ndarray]:
    """The result, and where each step ended."""
    points: list[np.ndarray] = []
    objective = fastgd.FunctionObjective(function, jac=True)
    options: dict[str, Any] = {"optimizer": BarzilaiBorwein(lr), "max_epochs": n_steps, "tol": None}
    found = fastgd.minimize(objective, start, callbacks=lambda info: points.append(info.x), **options)
    return found, np.array([start, *points])


# -------------------------------------------------------------------------------------------------------- the steps


@pytest.mark.parametrize("function, start", [(ellipse, [3.0, -1.0, 0.5]), (funnel, [90.0, 8.0, -0.5])])
def test_the_steps_are_the_twins(function: Any, start: list[float]) -> None:
    _, points = path(function, start, 10)
    twin = reference.minimize_function(function, start, optimizer="barzilai_borwein", lr=0.007, n_steps=10)
    # Each rate is a quotient of differences, which have lost digits.
    np.testing.assert_allclose(points, twin.parameters, rtol=1e6 * EPS64)


def test_a_rate_is_the_mean_curvature_of_the_step_before() -> None:
    _, points = path(ellipse, [3.0, -1.0, 0.5], 3)
    gradients = np.array([ellipse(w)[1] for w in points])
    s, y = np.diff(points, axis=0), np.diff(gradients, axis=0)
    np.testing.assert_allclose(s[0], -0.007 * gradients[0], rtol=1e3 * EPS64)
    for k in (1, 2):
        rate = float(s[k - 1] @ y[k - 1]) / float(y[k - 1] @ y[k - 1])
        np.testing.assert_allclose(s[k], -rate * gradients[k], rtol=1e4 * EPS64)


def test_a_step_that_leads_astray_is_taken_back_with_a_tenth_of_its_rate() -> None:
    found, points = path(funnel, [5.0], 12, lr=300.0)
    before, far, after, last = points[:4, 0]
    assert funnel(far)[0] > funnel(after)[0] > funnel(before)[0]
    np.testing.assert_allclose([after - before, last - before], [0.1 * (far - before), 0.01 * (far - before)])
    # Nothing of this is divergence.
    assert found.status == "max_epochs"
    assert "diverged" not in found.message
    assert found.fun == pytest.approx(1.0, rel=1e-12)


def test_a_run_ends_with_its_best_parameters() -> None:
    _, points = path(funnel, [5.0], 4, lr=300.0)
    values = [funnel(w)[0] for w in points]
    for n_steps in range(1, 5):
        # The last step's end has no epoch of its own.
        assert path(funnel, [5.0], n_steps, lr=300.0)[0].fun == min(values[: n_steps + 1])


def test_a_schedule_makes_rates_smaller() -> None:
    _, points = path(ellipse, [3.0, -1.0, 0.5], 2, Exponential(0.007, gamma=0.5))
    _, constant = path(ellipse, [3.0, -1.0, 0.5], 2)
    np.testing.assert_array_equal(points[1], constant[1])
    np.testing.assert_allclose(points[2] - points[1], 0.5 * (constant[2] - constant[1]), rtol=1e3 * EPS64)


def test_it_is_for_full_batches(data: Data) -> None:
    with pytest.raises(ValueError, match="batch_size must be 'full' with BarzilaiBorwein, which compares its steps"):
        fastgd.minimize(data.objective(), optimizer="barzilai_borwein", batch_size=8)


# ----------------------------------------------------------------------------------------------------------- "auto"


@pytest.mark.parametrize("loss", SMOOTH)
def test_auto_means_them_on_full_batches_of_smooth_losses(data: Data, loss: str) -> None:
    objective = data.objective(loss, alpha=0.01)
    found, same = (fastgd.minimize(objective, optimizer=one) for one in (SGD(), BarzilaiBorwein()))
    assert_same_bits(found, same)
    assert found.lr_reason.endswith("; later rates are those of Barzilai and Borwein")
    assert "diverged" not in found.message
    least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=300, tol=None).fun
    constant = fastgd.minimize(objective, optimizer=SGD(found.lr), max_epochs=found.n_epochs, tol=None).fun
    start = objective.value(np.zeros(objective.n_params))
    assert found.fun - least <= 1e-3 * (start - least)
    assert found.fun < constant


@pytest.mark.parametrize(
    "loss, optimizer, batch_size",
    [("hinge", SGD(), "full"), ("log_loss", SGD(momentum=0.5), "full"), ("log_loss", SGD(), 60)],
)
def test_elsewhere_auto_is_one_rate(data: Data, loss: str, optimizer: SGD, batch_size: Any) -> None:
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 20, "tol": None}
    found = fastgd.minimize(data.objective(loss), optimizer=optimizer, **options)
    given = SGD(found.lr, momentum=optimizer.momentum)
    np.testing.assert_array_equal(found.x, fastgd.minimize(data.objective(loss), optimizer=given, **options).x)
    assert "Barzilai" not in found.lr_reason


@pytest.mark.parametrize("grid", [{"lr": ["auto", 0.1]}, {"momentum": [0.0, 0.5]}], ids=str)
def test_a_pass_has_one_kind_of_step(grid: dict[str, list[Any]]) -> None:
    objective = objective_of("log_loss", np.float64)
    with pytest.raises(ValueError, match=r"grid must have one kind of step .* got barzilai_borwein and sgd: on full"):
        fastgd.sweep(objective, grid=grid)
    assert fastgd.sweep(objective, grid=grid, batch_size=32, max_epochs=2).x.shape[0] == 2


@pytest.mark.parametrize("n", [1, 2, 5])
def test_one_row_and_flat_objectives_have_rates(n: int) -> None:
    """Where the gradient does not change there is no curvature to learn from."""
    for X, y in ((np.zeros((n, 2)), np.ones(n)), (np.ones((n, 2)), np.zeros(n)), (np.eye(5)[:n], np.arange(n))):
        found = fastgd.minimize(fastgd.LinearObjective(X, y.astype(float), loss="squared_error"), tol=None)
        assert np.isfinite(found.x).all()
        assert found.fun <= 1e-12
        assert "diverged" not in found.message
