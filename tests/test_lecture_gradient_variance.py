"""The noise of a mini-batch's gradient falls as the batch grows: steps of `fastgd.trace` at one point show it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

import fastgd
from fastgd.optimizers import SGD

N_EPOCHS = 400
# A mean of so many epochs is off by more than this many standard errors once in 3 million tests.
ERRORS = 5.0


@pytest.fixture(scope="module")
def objective() -> fastgd.LinearObjective:
    X, y = load_breast_cancer(return_X_y=True)
    return fastgd.LinearObjective(X, y, loss="log_loss", alpha=0.01, standardize=True)


def square_deviations(
    objective: fastgd.LinearObjective, batch_size: int, n_epochs: int = N_EPOCHS, **order: Any
) -> np.ndarray:
    """Mean of ``||g_B - g||^2`` over the whole batches of each epoch, at parameters that stay where they are."""
    w = np.full(objective.n_params, 0.125)
    gradient = objective.grad(w)
    found: list[list[float]] = [[] for _ in range(n_epochs)]
    still = SGD(lambda step: 0.0)
    options: dict[str, Any] = {"optimizer": still, "batch_size": batch_size, "max_epochs": n_epochs, "tol": None}
    for step in fastgd.trace(objective, w, **options, **order):
        if len(step.rows) == batch_size:
            found[step.epoch].append(float(np.sum((step.gradient - gradient) ** 2)))
    np.testing.assert_array_equal(step.x, w)
    return np.array([np.mean(epoch) for epoch in found])


def variance_of_rows(objective: fastgd.LinearObjective) -> float:
    w = np.full(objective.n_params, 0.125)
    gradients = np.array([objective.grad(w, [row]) for row in range(objective.n_samples)])
    return float(np.sum(np.var(gradients, axis=0)))


def check(found: np.ndarray, expected: float, other: float) -> None:
    """Within the error of a mean of independent epochs, and further from the other law."""
    error = ERRORS * float(np.std(found, ddof=1)) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected) < error < abs(np.mean(found) - other)


@pytest.mark.parametrize("batch_size", [64, 160, 400])
def test_the_variance_of_shuffled_batches_is_that_of_draws_without_replacement(
    objective: fastgd.LinearObjective, batch_size: int
) -> None:
    n, of_rows = objective.n_samples, variance_of_rows(objective)
    with_replacement = of_rows / batch_size
    without = with_replacement * (n - batch_size) / (n - 1)
    check(square_deviations(objective, batch_size), without, other=with_replacement)
    drawn = square_deviations(
        objective, batch_size, order=lambda epoch: np.random.default_rng([7, epoch]).integers(0, n, n)
    )
    check(drawn, with_replacement, other=without)


def test_single_rows_have_the_variance_of_rows_and_all_rows_have_none(objective: fastgd.LinearObjective) -> None:
    """Of an epoch that visits each row once, to rounding."""
    n = objective.n_samples
    rounding = 64 * np.finfo(np.float64).eps
    single = square_deviations(objective, 1, n_epochs=1)[0]
    assert single == pytest.approx(variance_of_rows(objective), rel=rounding * np.sqrt(n))
    assert square_deviations(objective, n, n_epochs=1)[0] < rounding**2 * single


def test_four_times_the_rows_halve_the_noise(objective: fastgd.LinearObjective) -> None:
    """Of rows drawn with replacement, by which the squares fall to a quarter."""
    n, rng = objective.n_samples, np.random.default_rng(11)
    squares = {
        size: square_deviations(objective, size, n_epochs=120, order=lambda epoch: rng.integers(0, n, 2048))
        for size in (32, 128, 512)
    }
    for size in (32, 128):
        fewer, more = squares[size], squares[4 * size]
        errors = [np.std(found, ddof=1) / np.mean(found) / np.sqrt(len(found)) for found in (fewer, more)]
        assert np.mean(fewer) / np.mean(more) == pytest.approx(4.0, rel=ERRORS * float(np.hypot(*errors)))
