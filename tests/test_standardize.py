"""``standardize=True`` is the objective of explicitly standardised features, on the data as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgd
from fastgd import reference
from fastgd._folds import make_folds
from fastgd.optimizers import LBFGS, SAGA, SGD, Adam

N, D = 400, 13
CONSTANT = 3


def raw_table(dtype: Any) -> np.ndarray:
    """Features of sizes from 0.01 to 100, away from 0, one of them constant."""
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(N, D)) + 3.0 * rng.normal(size=D)) * 10.0 ** rng.integers(-2, 3, D)
    X[:, CONSTANT] = 5.0
    return X.astype(dtype)


def by_hand(X: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    Z = X.astype(np.float64)
    mean = np.average(Z, axis=0, weights=weight)
    scale = np.sqrt(np.average((Z - mean) ** 2, axis=0, weights=weight))
    scale[CONSTANT] = np.inf
    return (Z - mean) / scale


def targets(kind: str) -> np.ndarray:
    rng = np.random.default_rng(1)
    Z = by_hand(raw_table(np.float64))
    if kind == "squared_error":
        return Z[:, :2] @ rng.normal(size=(2, 2)) + rng.normal(size=(N, 2))
    return (Z[:, 0] + rng.normal(size=N) > 0.0).astype(int) + (kind == "multinomial") * (Z[:, 1] > 1.0)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "multinomial"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_the_objective_of_standardised_features(
    dtype: Any, loss: str, weighted: bool, fit_intercept: bool
) -> None:
    X = raw_table(dtype)
    weight = np.random.default_rng(2).integers(0, 3, N).astype(float) if weighted else None
    options: dict[str, Any] = {
        "loss": loss,
        "alpha": 0.01,
        "fit_intercept": fit_intercept,
        "sample_weight": weight,
        "n_classes": {"log_loss": 2, "multinomial": 3}.get(loss),
    }
    found = fastgd.LinearObjective(X, targets(loss), standardize=True, **options)
    expected = fastgd.LinearObjective(by_hand(X, weight), targets(loss), **options)
    twin = reference.LinearObjective(X.astype(np.float64), targets(loss), standardize=True, **options)
    w = 0.3 * np.random.default_rng(3).normal(size=found.n_params)
    # A mean is up to some hundred standard deviations, by which rounding of a score is larger.
    eps = 400.0 * D * np.finfo(dtype).eps
    np.testing.assert_allclose(found.value(w), expected.value(w), rtol=eps)
    np.testing.assert_allclose(twin.value_and_grad(w)[0], expected.value(w), rtol=1e-12)
    np.testing.assert_allclose(twin.value_and_grad(w)[1], expected.grad(w), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.grad(w), expected.grad(w), rtol=eps, atol=eps)
    np.testing.assert_allclose(found.hvp(w, w[::-1].copy()), expected.hvp(w, w[::-1].copy()), rtol=eps, atol=eps)
    rows = np.arange(0, N, 3)
    np.testing.assert_allclose(found.grad(w, rows), expected.grad(w, rows), rtol=eps, atol=eps)
    np.testing.assert_allclose(found.decision_function(w), expected.decision_function(w), rtol=eps, atol=3 * eps)
    coef, intercept = found.raw_coef(w)
    scores = X.astype(np.float64) @ coef.T + intercept
    np.testing.assert_allclose(np.squeeze(scores), expected.decision_function(w), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
@pytest.mark.parametrize("optimizer", [SGD(), SGD(momentum=0.5), Adam(0.01), SAGA(), LBFGS()], ids=repr)
def test_descent_is_that_on_standardised_features(optimizer: Any, batch_size: Any) -> None:
    if (batch_size == "full") != isinstance(optimizer, LBFGS) and isinstance(optimizer, (LBFGS, SAGA)):
        batch_size = "full" if isinstance(optimizer, LBFGS) else 7
    X, y = raw_table(np.float64), targets("log_loss")
    options: dict[str, Any] = {"optimizer": optimizer, "batch_size": batch_size, "max_epochs": 5, "tol": None}
    found = fastgd.minimize(fastgd.LinearObjective(X, y, alpha=0.01, standardize=True), **options, n_threads=1)
    expected = fastgd.minimize(fastgd.LinearObjective(by_hand(X), y, alpha=0.01), **options)
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose([found.fun, found.lr], [expected.fun, expected.lr], rtol=1e-9)
    assert found.x[CONSTANT] == 0.0
    for n_threads in (2, 7):
        objective = fastgd.LinearObjective(X, y, alpha=0.01, standardize=True)
        np.testing.assert_array_equal(fastgd.minimize(objective, **options, n_threads=n_threads).x, found.x)


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_folds_have_a_standard_of_their_own(batch_size: Any) -> None:
    X, y = raw_table(np.float32), targets("log_loss")
    objective = fastgd.LinearObjective(X, y, alpha=0.01, standardize=True)
    found = fastgd.sweep(objective, grid={"lr": ["auto"]}, cv=3, batch_size=batch_size, max_epochs=3, tol=None)
    of_row = make_folds(objective, 3, 0)
    for fold in range(3):
        weight = np.where(of_row == fold, 0.0, 1.0)
        alone = fastgd.LinearObjective(X, y, alpha=0.01, standardize=True, sample_weight=weight)
        expected = fastgd.minimize(alone, batch_size=batch_size, max_epochs=3, tol=None)
        np.testing.assert_array_equal(found.results[fold].x, expected.x)


def test_what_is_not_finite_is_named() -> None:
    X = raw_table(np.float64)
    X[17, 4] = np.nan
    objective = fastgd.LinearObjective(X, targets("log_loss"), standardize=True)
    with pytest.raises(ValueError, match="X must be finite, got nan in row 17, column 4"):
        objective.value(np.zeros(D + 1))
    with pytest.raises(ValueError, match="X must be finite, got nan in row 17, column 4"):
        fastgd.minimize(objective)
