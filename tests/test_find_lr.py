"""The range test of learning rates, and the rates that ``"auto"`` chooses by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgd
from fastgd.optimizers import LBFGS, SAGA, SGD, Adam


@pytest.fixture(scope="module")
def objective() -> fastgd.LinearObjective:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 6))
    return fastgd.LinearObjective(X, X[:, 0] + rng.normal(size=500) > 0.0, alpha=1e-3)


@pytest.mark.parametrize("batch_size, steps", [("full", 16), (20, 25)])
def test_the_curve_is_that_of_runs_alone(objective: Any, batch_size: Any, steps: int) -> None:
    curve = fastgd.find_lr(objective, optimizer="adam", batch_size=batch_size)
    assert curve.start == pytest.approx(objective.value(np.zeros(7)), rel=1e-12)
    options = {"max_epochs": 16} if batch_size == "full" else {"max_epochs": 1, "batch_size": batch_size}
    for rate, fun in zip(curve.lr, curve.fun, strict=True):
        alone = fastgd.minimize(objective, optimizer=Adam(rate), tol=None, **options)
        assert alone.n_steps == steps
        assert fun == alone.fun
    decrease = curve.start - curve.fun
    enough = curve.lr[decrease >= 0.8 * decrease.max()]
    assert curve.best == enough.min()
    assert f"{curve.best:.3g} is the smallest of 22 rates" in curve.reason


def test_rates_that_diverge_are_infinite() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3)) * 1e3
    steep = fastgd.LinearObjective(X, X[:, 0], loss="squared_error")
    curve = fastgd.find_lr(steep, rates=[1e-8, 1e-7, 1e30], n_steps=40)
    assert np.isinf(curve.fun[2])
    assert curve.best == 1e-7


def test_auto_takes_it_and_tells_why(objective: Any) -> None:
    curve = fastgd.find_lr(objective, optimizer="adam", batch_size=20)
    result = fastgd.minimize(objective, optimizer="adam", batch_size=20, max_epochs=2)
    assert (result.lr, result.lr_reason) == (curve.best, curve.reason)
    bound = fastgd.minimize(objective, batch_size=20, max_epochs=2)
    assert bound.lr_reason.startswith(f"{bound.lr:.3g} = 1/L with L = 0.25 * ")
    third = fastgd.minimize(objective, optimizer=SAGA(), batch_size=20, max_epochs=2)
    assert third.lr == pytest.approx(bound.lr / 3.0, rel=1e-15)
    assert third.lr_reason.startswith("0.333 times ")
    assert fastgd.minimize(objective, optimizer=SGD(0.1), max_epochs=2).lr_reason == ""


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        ({"rates": []}, ValueError, r"rates must be a 1-D array of rising numbers > 0, got \[\]"),
        ({"rates": [0.1, 0.1]}, ValueError, "rates must be a 1-D array of rising numbers > 0"),
        ({"rates": [-0.1, 0.1]}, ValueError, "rates must be a 1-D array of rising numbers > 0"),
        ({"n_steps": 0}, ValueError, "n_steps must be an integer >= 1, got 0"),
        ({"optimizer": LBFGS()}, ValueError, "optimizer must have a learning rate"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1 or 'full', got 0"),
        ({"w0": [0.0]}, ValueError, r"w0 must have shape \(7,\), got shape \(1,\)"),
    ],
)
def test_bad_input(objective: Any, wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fastgd.find_lr(objective, **wrong)
