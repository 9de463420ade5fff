"""What `minimize` refuses beside an optimiser, and what is left of an epoch that did not come to its end."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from conftest import Data

import fastgd
from fastgd.optimizers import SGD


@pytest.mark.parametrize(
    "optimizer, options, penalty, message",
    [
        ("lbfgs", {"clip_value": 1.0}, {}, r"clip_value must be None with LBFGS, whose line searches .* got 1\.0"),
        ("lbfgs", {"clip_norm": 2.0}, {}, r"clip_norm must be None with LBFGS, whose line searches .* got 2\.0"),
        ("asgd", {"gtol": 1e-3}, {}, r"gtol must be None with ASGD, whose gradients are not those of its result"),
    ],
)
def test_options_that_an_optimizer_cannot_heed_are_refused(
    data: Data, optimizer: str, options: dict[str, Any], penalty: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fastgd.minimize(data.objective(**penalty), optimizer=optimizer, **options)


def test_an_epoch_without_any_row_of_weight_is_an_error(data: Data) -> None:
    weight = np.where(np.arange(60) < 30, 0.0, 1.0)
    objective = data.objective(sample_weight=weight)
    with pytest.raises(ValueError, match="order visits no row of positive weight in epoch 1"):
        fastgd.minimize(objective, batch_size=7, order=lambda epoch: np.arange(60) if epoch == 0 else np.arange(30))


@pytest.mark.parametrize("batch_size", ["full", 7])
def test_steps_of_an_epoch_that_was_cut_short_are_not_counted(data: Data, batch_size: Any) -> None:
    calls = []

    def stops(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(len(rows))
        if len(calls) == 14:
            raise KeyboardInterrupt
        return float(w @ w), 2.0 * w

    objective = fastgd.FunctionObjective(stops, jac=True, n_params=2, n_samples=60)
    options: dict[str, Any] = {"optimizer": SGD(0.01), "batch_size": batch_size, "tol": None}
    found = fastgd.minimize(objective, [1.0, 2.0], **options)
    assert found.status == "interrupted"
    assert found.n_steps == found.history.step[-1] == found.n_epochs * (1 if batch_size == "full" else 9)


def test_a_time_limit_is_heeded_between_the_steps_of_slow_functions() -> None:
    def slow(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        time.sleep(0.01)
        return float(w @ w), 2.0 * w

    objective = fastgd.FunctionObjective(slow, jac=True, n_params=2, n_samples=3000)
    began = time.perf_counter()
    found = fastgd.minimize(objective, [1.0, 2.0], optimizer=SGD(0.01), batch_size=1, time_limit=0.1)
    assert found.status == "time_limit"
    # An epoch would take half a minute.
    assert time.perf_counter() - began < 10.0
