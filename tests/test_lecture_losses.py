"""What the lecture says of losses: the 0-1 loss gives no direction, its surrogates lie above it and do."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_wine

import fastgd

# What a loss is divided by to be 1 where the score is 0, or two classes are equally likely.
BINARY = {"hinge": 1.0, "squared_hinge": 1.0, "modified_huber": 1.0, "exponential": 1.0, "log_loss": np.log(2.0)}
MULTICLASS = {"multiclass_hinge": 1.0, "crammer_singer": 1.0, "multinomial": np.log(2.0)}


def real_data(n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = (load_breast_cancer if n_classes == 2 else load_wine)(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_share_of_mistakes_is_flat_around_almost_every_point(n_classes: int) -> None:
    """Around every one where no row is just between two classes, as far as none gets there."""
    X, y = real_data(n_classes)
    mistakes = fastgd.LinearObjective(X, y, loss="zero_one")
    rng = np.random.default_rng(0)
    for _ in range(200):
        w, direction = rng.normal(size=(2, mistakes.n_params))
        scores, rates = mistakes.decision_function(w), mistakes.decision_function(direction)
        if n_classes == 3:
            # The lead of each class over another one: all three pairs.
            scores, rates = scores - np.roll(scores, 1, axis=1), rates - np.roll(rates, 1, axis=1)
        reach = float(np.min(np.abs(scores) / np.abs(rates)))
        assert reach > 0.0
        here = mistakes.value(w)
        for h in (-0.999 * reach, -1e-3 * reach, 1e-3 * reach, 0.999 * reach):
            assert mistakes.value(w + h * direction) == here


@pytest.mark.parametrize(("loss", "unit"), [*BINARY.items(), *MULTICLASS.items()])
def test_surrogates_lie_above_it_row_by_row(loss: str, unit: float) -> None:
    X, y = real_data(2 if loss in BINARY else 3)
    surrogate = fastgd.LinearObjective(X, y, loss=loss)
    mistakes = fastgd.LinearObjective(X, y, loss="zero_one", n_classes=surrogate.n_classes)
    rng = np.random.default_rng(1)
    n_wrong = 0
    for scale in (1e-9, 0.1, 1.0):
        w = scale * rng.normal(size=surrogate.n_params)
        for row in range(0, len(X), 3):
            above, below = surrogate.value(w, [row]) / unit, mistakes.value(w, [row])
            # The logarithm of 2 is rounded, and so is a score.
            assert above >= below - 1e-14
            n_wrong += int(below)
    assert 0 < n_wrong < len(X)


@pytest.mark.parametrize(("loss", "unit"), [*BINARY.items(), *MULTICLASS.items()])
def test_descent_on_a_surrogate_makes_mistakes_few(loss: str, unit: float) -> None:
    X, y = real_data(2 if loss in BINARY else 3)
    surrogate = fastgd.LinearObjective(X, y, loss=loss)
    found = fastgd.minimize(surrogate, max_epochs=300)
    share = fastgd.LinearObjective(X, y, loss="zero_one").value(found.x)
    assert share <= found.fun / unit < 0.2


def test_the_hinge_of_many_classes_is_that_of_the_lecture() -> None:
    """L_i = sum over j != y_i of max(0, s_j - s_yi + 1), L = mean L_i + sum of w^2, by hand."""
    X = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
    objective = fastgd.LinearObjective(X, [0, 2, 1], loss="multiclass_hinge", alpha=2.0, fit_intercept=False)
    w = np.array([[1.0, 0.5], [-0.5, 0.25], [0.0, 2.0]])
    # Scores (2, 0, 4), (-0.5, -0.25, -2), (3.25, -1.375, 1).
    losses = [3.0, 2.5 + 2.75, 5.625 + 3.375]
    value, gradient = objective.value_and_grad(w.ravel())
    assert value == pytest.approx(sum(losses) / 3.0 + 5.5625, rel=1e-15)
    # Each term above 0 pulls its class down by x and the right one up.
    pull = np.array([[0.0, -1.0], [0.0, -1.0], [0.0, 0.0]])
    pull += np.array([-1.0 * X[0], [0.0, 0.0], X[0]]) + np.array([[0.0, 0.0], [0.0, 0.0], -2.0 * X[1]])
    pull += np.array([X[2], -2.0 * X[2], X[2]])
    np.testing.assert_allclose(gradient.reshape(3, 2), pull / 3.0 + 2.0 * w, rtol=1e-15)
