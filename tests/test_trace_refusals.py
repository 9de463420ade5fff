"""What `fastgd.trace` refuses, at once where it is an argument, and by the step that meets it where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_trace import linear, network

import fastgd
from fastgd.optimizers import LBFGS, SAGA, SGD, SVRG


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"optimizer": LBFGS()}, ValueError, "optimizer must be another than LBFGS for trace"),
        ({"optimizer": "gd"}, ValueError, "optimizer must be one of"),
        ({"optimizer": "adam", "l1": True}, ValueError, "l1_ratio must be 0 with Adam"),
        ({"optimizer": SAGA()}, ValueError, "batch_size must be an integer from 1 to 4096 with SAGA"),
        ({"optimizer": SVRG(0.1), "batch_size": 1, "clip_norm": 1.0}, ValueError, "clip_norm must be None with SVRG"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1 or 'full', got 0"),
        ({"max_epochs": 0}, ValueError, "max_epochs must be"),
        ({"w0": [0.0, 1.0]}, ValueError, r"w0 must have shape \(7,\)"),
        ({"w0": [np.nan] * 7}, ValueError, "w0 must be finite"),
        ({"order": [45], "batch_size": 1}, ValueError, "order must be"),
        ({"order": [3]}, ValueError, "order must be None with batch_size='full'"),
        ({"clip_value": 0.0}, ValueError, "clip_value must be"),
        ({"gtol": 0.1, "batch_size": 2}, ValueError, "gtol must be None but with batch_size='full'"),
        ({"random_state": None}, TypeError, "random_state must be"),
        ({"init_seed": -1}, ValueError, "init_seed must be"),
        ({"callbacks": print}, TypeError, "callbacks"),
        ({"time_limit": 1.0}, TypeError, "time_limit"),
    ],
    ids=lambda given: str(given) if isinstance(given, dict) else "",
)
def test_bad_arguments_are_refused_before_a_step_is_asked_for(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = dict(options)
    objective = linear(alpha=0.1, l1_ratio=0.5 if given.pop("l1", False) else 0.0)
    with pytest.raises(error, match=message):
        fastgd.trace(objective, **given)


def test_what_cannot_be_minimised_is_refused() -> None:
    with pytest.raises(TypeError, match="objective must be a LinearObjective"):
        fastgd.trace(lambda w: w @ w, [0.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="zero_one"):
        fastgd.trace(fastgd.LinearObjective([[1.0], [2.0]], [0, 1], loss="zero_one"))
    with pytest.raises(ValueError, match="another than SVRG for MLPObjective"):
        fastgd.trace(network(), optimizer=SVRG(0.1), batch_size=1)
    with pytest.raises(ValueError, match="w0 must be given"):
        fastgd.trace(fastgd.FunctionObjective(lambda w: (w @ w, 2 * w), jac=True))


def test_data_that_are_not_finite_are_named_by_the_step_that_meets_them() -> None:
    X = np.ones((5, 2))
    X[3, 1] = np.nan
    objective = fastgd.LinearObjective(X, np.arange(5.0), loss="squared_error")
    steps = fastgd.trace(objective, optimizer=SGD(0.1), batch_size=1, shuffle=False)
    assert [next(steps).rows.tolist() for _ in range(3)] == [[0], [1], [2]]
    with pytest.raises(ValueError, match="X must be finite, got nan in row 3, column 1"):
        next(steps)


def test_functions_that_are_not_finite_at_the_start_are_refused_and_elsewhere_diverge() -> None:
    def well(w: np.ndarray) -> tuple[float, np.ndarray]:
        return (float(w @ w), 2.0 * w) if w[0] > -1.0 else (np.nan, w)

    objective = fastgd.FunctionObjective(well, jac=True)
    first = fastgd.trace(objective, [-2.0], optimizer=SGD(0.1))
    with pytest.raises(ValueError, match="the value of fun must be finite where descent begins, got nan"):
        next(first)
    steps = list(fastgd.trace(objective, [1.0], optimizer=SGD(1.5), tol=None))
    found = fastgd.minimize(objective, [1.0], optimizer=SGD(1.5), tol=None)
    assert (steps[-1].restart, len(steps)) == (1, found.n_steps)
    np.testing.assert_allclose(steps[-1].x, found.x, rtol=1e-12, atol=1e-300)
    undone = next(step for step in steps if np.isnan(step.loss))
    assert undone.restart == 0


def test_a_loss_of_the_users_own_that_is_nan_is_named() -> None:
    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(y > 2.0, np.nan, (raw - y) ** 2), 2.0 * (raw - y)

    objective = fastgd.LinearObjective(np.ones((4, 1)), [0.0, 1.0, 2.0, 3.0], loss=loss)
    with pytest.raises(ValueError, match=r"loss must not be NaN where raw is finite, got loss nan .* in row 3"):
        list(fastgd.trace(objective, optimizer=SGD(0.1)))
