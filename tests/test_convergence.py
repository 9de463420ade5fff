"""What the lecture says of rates: below 1/L all rows go down to the minimum; single rows hover, unless rates fall."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import InverseScaling

# ------------------------------------------------------------------------------------------------------ batch descent


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    condition=st.sampled_from([1.0, 30.0, 1000.0]),
    share=st.sampled_from([0.5, 0.99]),
    weighted=st.booleans(),
)
def test_batch_descent_reaches_the_closed_form(seed: int, condition: float, share: float, weighted: bool) -> None:
    """On least squares with an l2 penalty, at every rate below 1/L, going down all the way."""
    rng = np.random.default_rng(seed)
    n, d = 60, 5
    left = np.linalg.qr(rng.normal(size=(n, d)))[0]
    right = np.linalg.qr(rng.normal(size=(d, d)))[0]
    weight = rng.integers(1, 4, n) / 2.0 if weighted else np.ones(n)
    # The weighted second moments have exactly this condition; the penalty adds a little to both ends.
    X = (left * np.logspace(0.0, 0.5 * np.log10(condition), d)) @ right.T * np.sqrt(n / weight)[:, None]
    y, alpha = rng.normal(size=n), 1e-3
    hessian = (X.T * weight) @ X / weight.sum() + alpha * np.eye(d)
    exact = np.linalg.solve(hessian, (X.T * weight) @ y / weight.sum())
    eigenvalues = np.linalg.eigvalsh(hessian)
    assert eigenvalues[-1] / eigenvalues[0] <= 1e3 * (1.0 + 1e-9)
    objective = fastgd.LinearObjective(
        X, y, loss="squared_error", alpha=alpha, fit_intercept=False, sample_weight=weight if weighted else None
    )
    # A step leaves at least this share of the way, so that 1e-11 of it is left in the end.
    left_over = 1.0 - share * eigenvalues[0] / eigenvalues[-1]
    n_steps = int(np.ceil(np.log(1e-11) / np.log(left_over)))
    optimizer = SGD(share / eigenvalues[-1])
    found = fastgd.minimize(objective, optimizer=optimizer, max_epochs=n_steps, tol=None)
    np.testing.assert_allclose(found.x, exact, rtol=0.0, atol=1e-8 * float(np.linalg.norm(exact)))
    loss = found.history.loss
    assert np.all(np.diff(loss) <= 4.0 * np.finfo(float).eps * loss[:-1])


# ------------------------------------------------------------------------------------------------- a row a step, noise


@pytest.fixture(scope="module")
def noisy() -> fastgd.LinearObjective:
    """Two classes that no line separates."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 5))
    y = X @ [1.0, -1.0, 0.5, 0.0, 0.0] + 2.0 * rng.logistic(size=2000) > 0.0
    return fastgd.LinearObjective(X, y, loss="log_loss", alpha=1e-3)


def excess(objective: fastgd.LinearObjective, lr: Any, n_epochs: int, batch_size: int = 1) -> np.ndarray:
    """How far the objective is above its minimum at the end of each epoch."""
    least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=200, tol=None).fun
    values: list[float] = []
    fastgd.minimize(
        objective,
        optimizer=SGD(lr),
        batch_size=batch_size,
        max_epochs=n_epochs,
        tol=None,
        callbacks=lambda info: values.append(objective.value(info.x)),
    )
    return np.array(values) - least


@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_constant_rate_hovers_at_a_level_that_shrinks_with_it(noisy: fastgd.LinearObjective, batch_size: int) -> None:
    levels = []
    for rate in (0.08, 0.02, 0.005):
        above = excess(noisy, rate * batch_size, 120, batch_size)
        earlier, later = np.mean(above[40:80]), np.mean(above[80:])
        # It comes no nearer: the mean over forty epochs stays what it was.
        assert 0.5 < later / earlier < 2.0
        levels.append(later)
    assert levels[0] > 2.0 * levels[1] > 4.0 * levels[2] > 0.0
    assert levels[0] < 0.05


def test_decreasing_rates_converge(noisy: fastgd.LinearObjective) -> None:
    """By the theory the excess falls as the rate does, with the power 3/4 of the steps."""
    above = excess(noisy, InverseScaling(2.0, power_t=0.75), 640)
    constant = np.mean(excess(noisy, 0.08, 120)[80:])
    levels = [np.mean(above[n // 2 : n]) for n in (10, 40, 160, 640)]
    for before, after in itertools.pairwise(levels):
        # Four times the steps: 4 ** -0.75 is 0.35.
        assert after < 0.6 * before
    assert levels[-1] < 0.01 * constant
