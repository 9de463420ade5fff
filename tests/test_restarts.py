"""A fit that diverges goes back to its best epoch and on with a tenth of its rate, as the twin does."""

from __future__ import annotations

import re
from typing import Any

import _rounding
import numpy as np
import pytest
from _twins import as_class

import fastgd
from fastgd import reference
from fastgd.optimizers import SGD

N_ROWS = 45


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, targets and weights, of which some are 0."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N_ROWS, 6))
    return X, X @ rng.normal(size=6) + 0.5 + 0.1 * rng.normal(size=N_ROWS), rng.choice([0.0, 1.0, 2.0], N_ROWS)


def both(
    optimizer: str, params: dict[str, Any], lr: Any, **options: Any
) -> tuple[fastgd.Result, reference.Result, fastgd.LinearObjective]:
    X, y, weight = data()
    about = {"loss": "squared_error", "alpha": 0.01, "sample_weight": weight}
    objective = fastgd.LinearObjective(X, y, **about)
    found = fastgd.minimize(objective, optimizer=as_class(optimizer, params, lr), **options)
    twin = reference.LinearObjective(X, y, **about)
    return found, reference.minimize(twin, optimizer=optimizer, optimizer_params=params, lr=lr, **options), objective


def n_restarts(result: fastgd.Result) -> int:
    """As the message tells."""
    told = re.search(r"diverged (\d)x on the way", result.message)
    return int(told[1]) if told else 0


def assert_same(found: fastgd.Result, expected: reference.Result) -> None:
    """Rounding grows on the way to divergence as the parameters do, so that a step adds a few to its share of them."""
    assert (found.status, found.n_epochs, found.n_steps) == (expected.status, expected.n_epochs, expected.n_steps)
    np.testing.assert_array_equal(found.history.step, expected.history.step)
    np.testing.assert_allclose(found.history.lr, expected.history.lr, rtol=1e-14)
    rounding = _rounding.EVALUATION * _rounding.EPS64 * found.n_steps
    np.testing.assert_allclose(found.history.loss, expected.history.loss, rtol=rounding)
    np.testing.assert_allclose(found.x, expected.x, rtol=rounding)
    assert found.lr == found.history.lr[-1]


@pytest.mark.parametrize("batch_size", ["full", 7, 1])
@pytest.mark.parametrize(
    ("optimizer", "params", "full_lr"),
    [
        ("sgd", {}, 2.0),
        ("sgd", {"momentum": 0.5}, 3.0),
        ("sgd", {"momentum": 0.5, "nesterov": True}, 2.0),
        ("asgd", {"average_from": 20}, 2.0),
        ("schedule_free_sgd", {}, 2.0),
        ("saga", {}, 0.0),
        ("svrg", {"update_every": 3}, 0.0),
    ],
)
def test_a_fit_that_diverges_once_goes_on_as_the_twin_does(
    optimizer: str, params: dict[str, Any], full_lr: float, batch_size: Any
) -> None:
    if full_lr == 0.0 and batch_size == "full":
        batch_size = N_ROWS
    lr = {"full": full_lr, N_ROWS: 2.0, 7: 2.5, 1: 1.5}[batch_size]
    # Gradients between the iterate and the mean bear larger rates; SAGA's, of single rows, only smaller ones.
    lr *= {("schedule_free_sgd", batch_size): 4.0, ("saga", 1): 0.25}.get((optimizer, batch_size), 1.0)
    # A rate that falls tells whether the count of steps goes back.
    rate = reference.schedules.inverse_scaling(lr, power_t=0.125)
    found, expected, objective = both(optimizer, params, rate, batch_size=batch_size, max_epochs=40, tol=None)
    assert_same(found, expected)
    assert n_restarts(found) == expected.n_restarts >= 1
    assert found.status == "max_epochs"
    assert found.fun < 0.25 * objective.value(np.zeros(7))


@pytest.mark.parametrize("batch_size", ["full", 7])
def test_a_fit_that_diverges_once_converges_after_it(batch_size: Any) -> None:
    options = {"batch_size": batch_size, "max_epochs": 500, "tol": 1e-4, "n_iter_no_change": 3}
    found, expected, objective = both("sgd", {}, 2.0 if batch_size == "full" else 2.5, **options)
    assert_same(found, expected)
    assert (found.status, n_restarts(found), expected.n_restarts) == ("converged", 1, 1)
    least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=100, tol=None).fun
    assert found.fun <= 1.1 * least


@pytest.mark.parametrize("batch_size", ["full", 7])
def test_a_fit_that_can_only_diverge_ends_where_it_was_best(batch_size: Any) -> None:
    found, expected, objective = both("sgd", {}, 1e9, batch_size=batch_size, max_epochs=50, tol=None)
    assert_same(found, expected)
    assert (found.status, expected.n_restarts) == ("diverged", 3)
    assert found.lr == pytest.approx(1e6, rel=1e-12)
    assert found.fun == objective.value(found.x) == objective.value(np.zeros(7))


@pytest.mark.parametrize("optimizer", ["sgd", "saga", "svrg"])
def test_a_restart_leaves_other_models_as_they_are(optimizer: str) -> None:
    X, y, _ = data()
    objective = fastgd.LinearObjective(X, y, loss="squared_error")
    options: dict[str, Any] = {"batch_size": 7, "max_epochs": 20, "tol": None}
    rates = [2.5, 0.05, 3.0]
    together = fastgd.sweep(objective, grid={"lr": rates}, optimizer=optimizer, **options)
    for lr, found in zip(rates, together.results, strict=True):
        alone = fastgd.minimize(objective, optimizer=as_class(optimizer, {}, lr), **options)
        assert found.x.tobytes() == alone.x.tobytes()
        assert n_restarts(found) == n_restarts(alone) == (lr > 0.1)


def test_losses_that_only_grow_are_no_convergence() -> None:
    """And one that grew is not compared with those after it."""
    objective = fastgd.LinearObjective([[1.0], [1.0]], [0.0, 2.0], loss="squared_error", fit_intercept=False)
    found = fastgd.minimize(objective, [2.0], optimizer=SGD(5.0), max_epochs=100, tol=1e-3, n_iter_no_change=2)
    assert found.history.loss[:5] == pytest.approx([1.0, 8.5, 128.5, 1.0, 0.625], rel=1e-14)
    assert found.message.startswith("batch gradient descent converged")
    assert n_restarts(found) == 1
    assert found.fun == pytest.approx(0.5, rel=1e-3)
