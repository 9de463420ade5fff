"""A row of weight 2 is a row twice: exactly on full batches (scikit-learn's check), on average row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, two_classes

from fastgd.linear_model import SGDClassifier, SGDRegressor

SEEDS = range(200)


# Mean 2: a weighted fit, where weights count in units of their mean, comes to the sum of weights of a repeated one in
# twice its epochs.
WEIGHTS = np.resize([1, 3, 0, 2, 2], 60)
EPOCHS = 10


def coefficients(model: Any, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, epochs: int) -> np.ndarray:
    """One row a seed, with the intercept."""
    fits = (
        model.set_params(random_state=seed, max_iter=epochs, tol=None).fit(X, y, sample_weight=weight) for seed in SEEDS
    )
    return np.array([np.append(fit.coef_, fit.intercept_) for fit in fits])


def standard_errors_apart(first: np.ndarray, second: np.ndarray) -> float:
    error = np.sqrt((first.var(axis=0) + second.var(axis=0)) / len(SEEDS))
    return float(np.max(np.abs(first.mean(axis=0) - second.mean(axis=0)) / error))


# Rates at which a step twice as long is two steps; the first ones of "optimal" leap beyond the minimum.
SMALL: dict[str, Any] = {"alpha": 0.01, "learning_rate": "invscaling"}


@pytest.mark.parametrize(
    "model, data",
    [
        (SGDRegressor(), numbers),
        (SGDRegressor(average=True), numbers),
        (SGDClassifier("log_loss", **SMALL), two_classes),
        (SGDClassifier("modified_huber", **SMALL), two_classes),
    ],
    ids=["regressor", "average", "log_loss", "modified_huber"],
)
def test_weighted_and_repeated_fits_agree_on_average(model: Any, data: Any) -> None:
    X, y = data(n=60)
    rows = np.repeat(np.arange(len(y)), WEIGHTS)
    weighted = coefficients(model, X, y, WEIGHTS, 2 * EPOCHS)
    assert standard_errors_apart(weighted, coefficients(model, X[rows], y[rows], None, EPOCHS)) < 4.0
    # What it would say of weights in other places.
    assert standard_errors_apart(weighted, coefficients(model, X, y, np.roll(WEIGHTS, 1), 2 * EPOCHS)) > 4.0
