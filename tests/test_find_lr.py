"""The range test of learning rates, and the rates that ``"auto"`` chooses by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgd
from fastgd.optimizers import LBFGS, SAGA, SGD, Adam, get_optimizer


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


@pytest.mark.parametrize("batch_size, n_steps, epochs", [("full", 5, 5), (20, 60, 3), (20, 3, 1), (1000, 4, 4)])
def test_steps_are_as_many_as_asked_for(objective: Any, batch_size: Any, n_steps: int, epochs: int) -> None:
    curve = fastgd.find_lr(objective, optimizer="adam", rates=[0.01, 0.1], batch_size=batch_size, n_steps=n_steps)
    assert curve.n_steps == n_steps
    assert f"in {n_steps} steps" in curve.reason

    def order(epoch: int) -> np.ndarray:
        whole = fastgd.reference.permutation(500, 0, epoch)
        return whole[: (n_steps - epoch * 25) * 20] if batch_size == 20 else whole

    options = {"batch_size": batch_size, **({} if batch_size == "full" else {"order": order})}
    for rate, fun in zip([0.01, 0.1], curve.fun, strict=True):
        alone = fastgd.minimize(objective, optimizer=Adam(rate), max_epochs=epochs, tol=None, **options)
        assert (alone.n_steps, alone.fun) == (n_steps, fun)


def test_batches_without_weight_are_no_steps() -> None:
    X = np.random.default_rng(0).normal(size=(90, 3))
    weight = (np.arange(90) % 3 == 0).astype(float)
    objective = fastgd.LinearObjective(X, X[:, 0], loss="squared_error", sample_weight=weight)
    curve = fastgd.find_lr(objective, optimizer="adam", batch_size=1, n_steps=90)
    assert curve.n_steps == 30
    assert "in 30 steps" in curve.reason


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("optimizer", ["ftrl", "adam", "dog", "svrg", "schedule_free_sgd", "lion"])
def test_the_test_begins_where_it_is_told(optimizer: str, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6)).astype(dtype)
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0, alpha=1e-2)
    w0 = np.full(7, 50.0)
    curve = fastgd.find_lr(objective, w0, optimizer=optimizer, rates=[1e-3, 0.1], batch_size=20, n_steps=10)
    assert curve.start == objective.value(w0)
    for rate, fun in zip(curve.lr, curve.fun, strict=True):
        one = get_optimizer(optimizer).set_params(lr=rate)
        assert fun == fastgd.minimize(objective, w0, optimizer=one, batch_size=20, max_epochs=1, tol=None).fun


def test_it_prints_its_reason(objective: Any) -> None:
    curve = fastgd.find_lr(objective, optimizer="adam", rates=[0.1, 0.2], n_steps=1)
    assert repr(curve) == (
        f"0.2 is the smallest of 2 rates from 0.1 to 0.2 that brings 80% of the largest decrease in 1 step, "
        f"that of 0.2, from {curve.start:.6g} to {curve.fun[1]:.6g}"
    )


def test_where_nothing_decreases_the_smallest_is_taken() -> None:
    ridge = fastgd.FunctionObjective(lambda w: (float(np.abs(w).sum()), np.sign(w)), jac=True)
    curve = fastgd.find_lr(ridge, [0.0], rates=[0.1, 1.0])
    assert curve.best == 0.1
    assert curve.reason == "0.1 is the smallest of 2 rates tried, none of which decreased the objective in 16 steps"


@pytest.mark.parametrize("n_threads", [2, 7])
def test_it_does_not_depend_on_threads(n_threads: int) -> None:
    X = np.random.default_rng(1).normal(size=(300, 700)).astype(np.float32)
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    curves = [fastgd.find_lr(objective, optimizer="adam", batch_size=64, n_threads=n) for n in (1, n_threads)]
    np.testing.assert_array_equal(curves[0].fun, curves[1].fun)
    assert (curves[0].best, curves[0].start) == (curves[1].best, curves[1].start)


def test_the_rows_are_those_of_the_run(objective: Any) -> None:
    """Its own order, in place of all rows shuffled."""
    epochs: list[int] = []

    def order(epoch: int) -> range:
        epochs.append(epoch)
        return range(40)

    result = fastgd.minimize(objective, optimizer="adam", batch_size=10, order=order, max_epochs=2, tol=None)
    assert epochs[-2:] == [0, 1]
    assert epochs[:-2] == [*range(13)]
    assert "in 50 steps" in result.lr_reason
    for options in ({"order": range(500)}, {"shuffle": False}):
        result = fastgd.minimize(objective, optimizer="adam", batch_size=10, max_epochs=2, **options)
        again = fastgd.minimize(
            objective, optimizer="adam", batch_size=10, max_epochs=2, order=lambda epoch: range(500)
        )
        assert result.lr_reason == again.lr_reason


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
        ({"rates": [[0.1, 0.2]]}, ValueError, "rates must be a 1-D array of rising numbers > 0"),
        ({"rates": [0.1, np.inf]}, ValueError, r"rates must be finite, got inf at rates\[1\]"),
        ({"rates": "fast"}, TypeError, "rates must hold real numbers"),
        ({"n_steps": 1.5}, TypeError, "n_steps must be an integer >= 1, got 1.5"),
        (
            {"objective": 3},
            TypeError,
            "a GaussianMixtureObjective or a FunctionObjective of fastgd, got 3",
        ),
        ({"optimizer": SAGA()}, ValueError, "batch_size must be an integer from 1 to 4096 with SAGA, got full"),
        ({"n_steps": 0}, ValueError, "n_steps must be an integer >= 1, got 0"),
        ({"optimizer": LBFGS()}, ValueError, "optimizer must have a learning rate"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1 or 'full', got 0"),
        ({"w0": [0.0]}, ValueError, r"w0 must have shape \(7,\), got shape \(1,\)"),
    ],
)
def test_bad_input(objective: Any, wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fastgd.find_lr(**{"objective": objective, **wrong})
