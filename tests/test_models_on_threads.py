"""Many models are dealt out to threads, each of which takes its own through the rows: the same bits as on one."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from _sweeps import assert_same_bits

import fastgd
from fastgd.optimizers import SAGA, SGD, SVRG, Adam, DoG

# Enough work for six parts: 4096 rows at a time, 40 columns, 48 models, in pieces of 2**20.
N_ROWS, N_COLUMNS = 6000, 40
GRID: dict[str, list[Any]] = {"lr": [1e-3, 1e-2, 1e9], "alpha": np.logspace(-6, -1, 16).tolist()}


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_COLUMNS)).astype(np.float32)
    return X, X[:, 0] + 0.5 * rng.normal(size=N_ROWS) > 0.0


def assert_same_sweeps(found: fastgd.SweepResult, expected: fastgd.SweepResult) -> None:
    for one, other in zip(found.results, expected.results, strict=True):
        assert_same_bits(one, other)
    for column, values in expected.table.items():
        np.testing.assert_array_equal(found.table[column], values)


@pytest.mark.parametrize("n_threads", [2, 7])
@pytest.mark.parametrize(
    "optimizer, batch_size, options",
    [
        (SGD(), 32, {}),
        (SGD(), 1, {"cv": 2}),
        (SGD(momentum=0.5), 200, {"cv": 3}),
        (Adam(), 32, {"halving": True, "max_epochs": 9}),
        (DoG(), 64, {"clip_norm": 1.0}),
        (SAGA(), 32, {}),
        (SVRG(), 32, {"cv": 2}),
    ],
    ids=str,
)
def test_the_same_bits_on_any_number_of_threads(
    table: tuple[np.ndarray, np.ndarray], optimizer: Any, batch_size: int, options: dict[str, Any], n_threads: int
) -> None:
    """A third of the models diverges on the way."""
    objective = fastgd.LinearObjective(*table, sample_weight=np.arange(N_ROWS) % 4 / 2.0)
    run: dict[str, Any] = {"max_epochs": 2, "tol": None, **options, "optimizer": optimizer, "batch_size": batch_size}
    found, expected = (fastgd.sweep(objective, grid=GRID, n_threads=n, **run) for n in (n_threads, 1))
    assert_same_sweeps(found, expected)
    assert {"max_epochs", "diverged"} & set(expected.table["status"].tolist())


@pytest.mark.parametrize("storage", [np.float64, np.uint8])
def test_classes_and_standardized_features(table: tuple[np.ndarray, np.ndarray], storage: Any) -> None:
    X = (40.0 * table[0] + 128.0).clip(0.0, 255.0).astype(storage)
    y = (X[:, :3] + 0.0).argmax(axis=1)
    objective = fastgd.LinearObjective(X, y, loss="multinomial", standardize=True)
    grid = {"alpha": GRID["alpha"]}
    run: dict[str, Any] = {"optimizer": SGD(), "batch_size": 64, "max_epochs": 2, "cv": 3}
    assert_same_sweeps(*(fastgd.sweep(objective, grid=grid, n_threads=n, **run) for n in (2, 1)))


def test_it_has_the_bits_of_each_model_alone(table: tuple[np.ndarray, np.ndarray]) -> None:
    objective = fastgd.LinearObjective(*table)
    run: dict[str, Any] = {"batch_size": 32, "max_epochs": 2, "tol": None, "n_threads": 2}
    found = fastgd.sweep(objective, grid=GRID, **run)
    for at in (0, 15, 16, 47):
        alone = fastgd.LinearObjective(*table, alpha=found.table["alpha"][at])
        assert_same_bits(found.results[at], fastgd.minimize(alone, optimizer=SGD(found.table["lr"][at]), **run))


def test_time_limits_and_other_threads_of_the_process_are_heeded(table: tuple[np.ndarray, np.ndarray]) -> None:
    objective = fastgd.LinearObjective(*table)
    run: dict[str, Any] = {"grid": GRID, "batch_size": 32, "tol": None, "n_threads": 2}
    ended: list[fastgd.SweepResult] = []
    other = threading.Thread(target=lambda: ended.append(fastgd.sweep(objective, max_epochs=2, **run)))
    began = time.perf_counter()
    other.start()
    limited = fastgd.sweep(objective, max_epochs=10**6, time_limit=0.5, **run)
    other.join()
    assert time.perf_counter() - began < 20.0
    assert "time_limit" in limited.table["status"]
    assert_same_sweeps(ended[0], fastgd.sweep(objective, max_epochs=2, **run))
