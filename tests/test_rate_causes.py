"""Rates come from the rows that count and from runs that held; what is said of a divergence fits its optimiser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastgd
from fastgd.optimizers import SGD, Adagrad


def table(n: int = 60, d: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d))


def test_targets_of_rows_that_do_not_count_have_no_say() -> None:
    X = table()
    y = np.abs(X[:, 0]) + 0.1
    weight = np.where(np.arange(60) % 3 == 0, 0.0, 1.0)
    wild = np.where(weight > 0.0, y, 1e6)
    calm, other = (
        fastgd.minimize(fastgd.LinearObjective(X, of, loss="poisson", sample_weight=weight), max_epochs=2)
        for of in (y, wild)
    )
    assert (calm.lr, calm.lr_reason) == (other.lr, other.lr_reason)


@pytest.mark.parametrize("batch_size", ["full", 8])
def test_a_range_test_names_what_is_not_finite(batch_size: Any) -> None:
    X = table()
    X[17, 2] = np.nan
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    for call in (fastgd.find_lr, lambda *given, **more: fastgd.minimize(*given, optimizer="adam", **more)):
        with pytest.raises(ValueError, match="X must be finite, got nan in row 17, column 2"):
            call(objective, batch_size=batch_size)


def test_a_rate_that_diverged_has_no_value() -> None:
    """Also where it is known in the end only, without a number that is not finite."""
    objective = fastgd.FunctionObjective(lambda w: (float(w @ w), 2.0 * w), jac=True, n_params=1)
    alone = fastgd.minimize(objective, [1.0], optimizer=SGD(3.0), max_epochs=3, tol=None)
    assert alone.status == "diverged"
    curve = fastgd.find_lr(objective, [1.0], rates=[0.1, 3.0], n_steps=3)
    assert np.isfinite(curve.fun[0])
    assert np.isinf(curve.fun[1])
    assert curve.best == 0.1


def test_a_stable_rate_is_named_for_gradient_steps_alone() -> None:
    X = table()
    objective = fastgd.LinearObjective(X, X[:, 0], loss="squared_error")
    plain = fastgd.minimize(objective, optimizer=SGD(1e200))
    scaled = fastgd.minimize(objective, optimizer=Adagrad(1e200))
    assert plain.status == scaled.status == "diverged"
    assert "the largest stable learning rate is about" in plain.message
    assert "stable" not in scaled.message
    assert "try a smaller one, or standardize=True" in scaled.message


def test_nothing_is_said_of_raw_features_that_are_standardized() -> None:
    X = table() * [1.0, 1.0, 1e5]
    objective = fastgd.LinearObjective(X, X[:, 0], loss="squared_error", standardize=True)
    result = fastgd.minimize(objective, optimizer=SGD(1e200))
    assert result.status == "diverged"
    assert "feature" not in result.message
    assert "the largest stable learning rate is about" in result.message
