"""Perceptrons where something is large: orders, masks, rows that are held out, networks between looks at the clock."""

from __future__ import annotations

import time

import numpy as np
import pytest

import fastgd
from fastgd import reference
from fastgd._folds import make_folds
from fastgd.optimizers import SGD


def data(n_rows: int = 20, n_features: int = 7) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).normal(size=(n_rows, n_features)), np.arange(n_rows) % 3


@pytest.mark.parametrize("batch_size", [25, 64, 80])
def test_batches_of_repeated_rows_may_be_longer_than_the_data(batch_size: int) -> None:
    X, y = data()
    ours = fastgd.MLPObjective(X, y, hidden_layer_sizes=(33, 5))
    twin = reference.MLPObjective(X, y, hidden_layer_sizes=(33, 5))
    order = np.tile(np.arange(20), 4)
    shared = {"batch_size": batch_size, "order": order, "max_epochs": 3, "tol": None}
    found = fastgd.minimize(ours, optimizer=SGD(lr=0.1), **shared).x
    expected = reference.minimize(twin, optimizer="sgd", lr=0.1, **shared).x
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.allocator
def test_masks_that_no_memory_holds_are_an_error() -> None:
    X, y = data()
    objective = fastgd.MLPObjective(X, y, hidden_layer_sizes=(4,), dropout=0.5)
    with pytest.raises(MemoryError):
        objective.dropout_masks(0, 2**62)


@pytest.mark.allocator
def test_networks_that_no_memory_holds_are_an_error() -> None:
    X, y = data()
    objective = fastgd.MLPObjective(X, y, hidden_layer_sizes=(2**27, 2**27))
    with pytest.raises(MemoryError):
        objective.initial()


def test_the_smallest_dropout_leaves_something_out() -> None:
    """Less than one unit in 65536 would be none at all."""
    X, y = data()
    objective = fastgd.MLPObjective(X, y, hidden_layer_sizes=(64,), dropout=1e-9)
    (mask,) = objective.dropout_masks(0, 8192)
    assert 0 < np.sum(~mask) < 50
    assert np.array_equal(mask, reference.mlp.dropout_mask(0, 0, 0, 8192, 64, 1e-9))


@pytest.mark.parametrize("batch_size", ["full", 16])
def test_held_out_rows_do_not_reach_hidden_units(batch_size: int | str) -> None:
    """A model of a fold is the one of a run in which the fold's rows weigh nothing, whatever they hold."""
    X = data(60)[0].astype(np.float32)
    X[3] = 3e38
    y = np.arange(60) % 2
    settings = {"optimizer": SGD(lr=0.1), "batch_size": batch_size, "max_epochs": 3, "tol": None}
    network = {"hidden_layer_sizes": (8,), "activation": "tanh", "loss": "log_loss"}
    objective = fastgd.MLPObjective(X, y, **network)
    w0 = np.full(objective.n_params, 1.0)
    folds = make_folds(objective, 2, 0)
    fold = folds[3]
    found = fastgd.sweep(objective, w0, grid={"alpha": [0.0]}, cv=2, **settings)
    alone = fastgd.minimize(fastgd.MLPObjective(X, y, sample_weight=folds != fold, **network), w0, **settings)
    assert found.results[fold].status == alone.status == "max_epochs"
    assert np.array_equal(found.x[fold], alone.x)
    assert np.array_equal(found.results[fold].history.loss, alone.history.loss)


@pytest.mark.parametrize("n_models", [1, 8])
def test_a_time_limit_ends_large_networks_soon(n_models: int) -> None:
    """A slice of batches takes seconds: the clock is looked at within it. No claim of speed: hours would pass."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4096, 256)).astype(np.float32), np.arange(4096) % 10
    objective = fastgd.MLPObjective(X, y, hidden_layer_sizes=(1024, 1024))
    looks = []

    def bound(epoch: int) -> np.ndarray:
        looks.append(time.perf_counter())
        return np.arange(4096)

    settings = {"optimizer": SGD(lr=0.01), "batch_size": 64, "order": bound, "max_epochs": 10_000, "time_limit": 0.05}
    found = fastgd.sweep(objective, grid={"init_seed": range(n_models)}, **settings)
    assert {result.status for result in found.results} == {"time_limit"}
    assert {result.n_epochs for result in found.results} == {0}
