"""NaN and infinity in X: not looked for in advance, and named by row and column by whatever meets them first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastgd
from fastgd.optimizers import SGD

NAN, INF = float("nan"), float("inf")
SIGNS = np.array([-1, 1, 1, -1, 1, -1])
NUMBERS = np.linspace(-1.0, 1.0, 6)


def table(dtype: Any = np.float64) -> np.ndarray:
    return np.arange(18).reshape(6, 3).astype(dtype)


def with_entry(array: np.ndarray, index: Any, value: Any) -> np.ndarray:
    changed = np.array(array)
    changed[index] = value
    return changed


EVALUATIONS: dict[str, Callable[[fastgd.LinearObjective], object]] = {
    "value": lambda objective: objective.value(np.zeros(4)),
    "value of rows": lambda objective: objective.value(np.zeros(4), rows=[0, 4]),
    "grad": lambda objective: objective.grad(np.zeros(4)),
    "value_and_grad": lambda objective: objective.value_and_grad(np.zeros(4)),
    "decision_function": lambda objective: objective.decision_function(np.zeros(4)),
    "batch": lambda objective: fastgd.minimize(objective),
    "stochastic": lambda objective: fastgd.minimize(objective, batch_size=1, optimizer=SGD(0.01)),
    "mini-batch": lambda objective: fastgd.minimize(objective, batch_size=4, optimizer=SGD(0.01), n_threads=2),
}


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_nonfinite_x(dtype: Any, value: float, evaluation: str) -> None:
    X = with_entry(table(dtype), (4, 1), value)
    objective = fastgd.LinearObjective(X, NUMBERS, loss="squared_error")
    before = X.tobytes()
    with pytest.raises(ValueError, match=rf"X must be finite, got {value} in row 4, column 1"):
        EVALUATIONS[evaluation](objective)
    assert X.tobytes() == before


@pytest.mark.parametrize("layout", ["F", "strided columns", "reversed rows", "every second row"])
def test_nonfinite_x_in_other_layouts(layout: str) -> None:
    X = with_entry(table(), (4, 1), NAN)
    view, place = {
        "F": (np.asfortranarray(X), (4, 1)),
        "strided columns": (np.repeat(X, 2, axis=1)[:, ::2], (4, 1)),
        "reversed rows": (X[::-1], (1, 1)),
        "every second row": (np.repeat(X, 2, axis=0)[::2], (4, 1)),
    }[layout]
    objective = fastgd.LinearObjective(view, NUMBERS, loss="squared_error")
    with pytest.raises(ValueError, match=rf"got nan in row {place[0]}, column {place[1]}"):
        objective.value(np.zeros(4))


def test_nonfinite_x_in_a_metric() -> None:
    objective = fastgd.LinearObjective(with_entry(table(), (2, 2), NAN), SIGNS, loss="zero_one")
    with pytest.raises(ValueError, match="got nan in row 2, column 2"):
        objective.value(np.ones(4))


@pytest.mark.parametrize("loss", ["squared_error", "zero_one"])
def test_a_row_of_weight_0_may_hold_anything(loss: str) -> None:
    y = SIGNS.astype(float)
    weight = with_entry(np.ones(6), 2, 0.0)
    kept = np.flatnonzero(weight)
    w = np.array([0.1, -0.2, 0.3, 0.4])
    objective = fastgd.LinearObjective(with_entry(table(), (2, 2), NAN), y, loss=loss, sample_weight=weight)
    without = fastgd.LinearObjective(table()[kept], y[kept], loss=loss)
    assert objective.value(w) == pytest.approx(without.value(w), rel=1e-14)
    scores = objective.decision_function(w)
    np.testing.assert_array_equal(scores[kept], without.decision_function(w))
    assert np.isnan(scores[2])


def test_out_is_untouched_when_the_evaluation_fails() -> None:
    objective = fastgd.LinearObjective(with_entry(table(), (5, 0), NAN), NUMBERS, loss="squared_error")
    out = np.full(4, 7.0)
    with pytest.raises(ValueError, match="got nan in row 5, column 0"):
        objective.value_and_grad(np.zeros(4), out=out)
    np.testing.assert_array_equal(out, np.full(4, 7.0))


# -------------------------------------------------------------------------------------- behind activations of any kind

NETWORK_EVALUATIONS: dict[str, Callable[[fastgd.MLPObjective, np.ndarray], object]] = {
    "value": lambda objective, w: objective.value(w),
    "value of rows": lambda objective, w: objective.value(w, rows=[0, 4]),
    "value_and_grad": lambda objective, w: objective.value_and_grad(w),
    "with dropout": lambda objective, w: objective.value_and_grad(w, dropout_step=0),
    "decision_function": lambda objective, w: objective.decision_function(w),
    "batch": lambda objective, w: fastgd.minimize(objective, w, optimizer=SGD(0.01)),
    "stochastic": lambda objective, w: fastgd.minimize(objective, w, batch_size=1, optimizer=SGD(0.01)),
    "mini-batch": lambda objective, w: fastgd.minimize(objective, w, batch_size=4, optimizer=SGD(0.01), n_threads=2),
}


@pytest.mark.parametrize("evaluation", NETWORK_EVALUATIONS)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("activation", fastgd.reference.ACTIVATIONS)
def test_nonfinite_x_behind_an_activation(activation: str, value: float, evaluation: str) -> None:
    """Of infinity a unit that is rectified or saturated makes a number, on either side; the head here makes it 0."""
    X = with_entry(table(np.float32), (4, 1), value)
    for coef in (0.5, -0.5):
        objective = fastgd.MLPObjective(
            X, NUMBERS, hidden_layer_sizes=(2,), activation=activation, loss="squared_error", dropout=0.5
        )
        w = objective.pack([np.full((3, 2), coef), np.zeros((2, 1))], [np.zeros(2), np.zeros(1)])
        with pytest.raises(ValueError, match=rf"X must be finite, got {value} in row 4, column 1"):
            NETWORK_EVALUATIONS[evaluation](objective, w)


@pytest.mark.parametrize("activation", fastgd.reference.ACTIVATIONS)
def test_a_row_of_weight_0_may_hold_anything_behind_an_activation(activation: str) -> None:
    weight = with_entry(np.ones(6), 2, 0.0)
    kept = np.flatnonzero(weight)
    options: dict[str, Any] = {"hidden_layer_sizes": (4,), "activation": activation, "loss": "squared_error"}
    objective = fastgd.MLPObjective(with_entry(table(), (2, 2), INF), NUMBERS, sample_weight=weight, **options)
    without = fastgd.MLPObjective(table()[kept], NUMBERS[kept], **options)
    w = objective.initial(3)
    value, gradient = objective.value_and_grad(w)
    expected, slope = without.value_and_grad(w)
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(gradient, slope, rtol=1e-13, atol=1e-13 * np.abs(slope).max())
    for batch_size in ("full", 2):
        result = fastgd.minimize(objective, w, optimizer=SGD(1e-4), batch_size=batch_size, max_epochs=2, tol=None)
        assert result.status == "max_epochs"
        assert np.all(np.isfinite(result.x))
