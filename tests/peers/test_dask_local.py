"""Local mini-batches with periodic averaging, sweeps over workers, and real data through a cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import _real_data
import numpy as np
import pytest
from _cluster import cluster, in_chunks, some_rows
from _peers import load

import fastgd
import fastgd.linear_model as local
from fastgd.optimizers import LBFGS, SGD, Adam
from fastgd.schedules import InverseScaling

# The sets that are read here go to the workers with the tasks.
pytestmark = pytest.mark.filterwarnings("ignore:.*has not converged", "ignore:Sending large graph")


def estimators() -> Any:
    load("distributed")
    import fastgd.dask

    return fastgd.dask


def test_no_client() -> None:
    X, y = some_rows(90)
    with pytest.raises(ValueError, match=r"client must be given where there is no current one, got None; distributed"):
        estimators().LinearRegression().fit(in_chunks(X, 2), in_chunks(y, 2))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with cluster(2) as client:
        yield client


OPTIMIZERS: dict[str, Any] = {
    "sgd": SGD(InverseScaling(1.0)),
    "momentum": SGD(InverseScaling(0.3), momentum=0.9),
    "adam": Adam(InverseScaling(0.1)),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("sync_every", [1, 5])
def test_the_mean_of_local_descents_comes_as_low_as_one_machine(optimizer: Any, sync_every: int, client: Any) -> None:
    X, scores = some_rows(4000)
    y = (scores > 0.0).astype(np.int64)
    options: dict[str, Any] = {"optimizer": optimizer, "alpha": 1e-2, "batch_size": 16, "max_iter": 20, "tol": None}
    model = estimators().SGDClassifier("log_loss", client=client, sync_every=sync_every, random_state=0, **options)
    model.fit(in_chunks(X, 4), in_chunks(y, 4))
    one = local.SGDClassifier("log_loss", random_state=0, **options).fit(X, y)
    objective = fastgd.LinearObjective(X, y, alpha=1e-2)
    minimum = fastgd.minimize(objective, optimizer=LBFGS(), tol=None, gtol=1e-9).fun
    found, alone = (objective.value(objective.pack(each.coef_, each.intercept_)) for each in (model, one))
    # Of the loss at the start, which is log 2, this is what is left to go.
    assert found - minimum <= 1e-3 * np.log(2.0)
    assert alone - minimum <= 1e-3 * np.log(2.0)
    assert len(model.loss_curve_) == -(-20 // sync_every)
    assert model.n_iter_ == 20


def test_local_descent_is_repeated_in_its_bits(client: Any) -> None:
    X, scores = some_rows()
    rows, y = in_chunks(X, 3), in_chunks(scores, 3)
    params: dict[str, Any] = {"hidden_layer_sizes": (4,), "dropout": 0.2, "max_iter": 6, "sync_every": 2}
    first, again, other = (
        estimators().MLPRegressor(client=client, random_state=seed, **params).fit(rows, y).coefs_[0]
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_local_descent_of_one_chunk_goes_on_as_one_machine_does(client: Any) -> None:
    X, scores = some_rows()
    params: dict[str, Any] = {"shuffle": False, "max_iter": 6, "tol": None, "optimizer": Adam(0.01), "batch_size": 8}
    model = estimators().SGDRegressor(client=client, sync_every=2, random_state=0, **params)
    model.fit(in_chunks(X, 1), in_chunks(scores, 1))
    one = fastgd.minimize(
        fastgd.LinearObjective(X, scores, loss="squared_error", alpha=1e-4),
        optimizer=Adam(0.01),
        batch_size=8,
        shuffle=False,
        max_epochs=6,
        tol=None,
    )
    # Weights are divided out again, which rounds.
    assert np.abs(np.append(model.coef_, model.intercept_) - one.x).max() <= 1e-12 * np.abs(one.x).max()


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """Does something in the middle of a round of local descent, whose tasks are on their way."""
    from fastgd.dask import _averaging

    def during(round_: int, do: Callable[[], None]) -> None:
        gathered, seen = _averaging.gathered, []

        def waits(client: Any, tasks: Any) -> Any:
            seen.extend(task.key for task in tasks[:1] if task.key.startswith("fastgd-descent"))
            if len(seen) == round_ and tasks[0].key == seen[-1]:
                do()
            return gathered(client, tasks)

        monkeypatch.setattr(_averaging, "gathered", waits)

    return during


def in_rounds(client: Any, max_iter: int) -> Any:
    X, scores = some_rows()
    params: dict[str, Any] = {"sync_every": 2, "random_state": 0, "tol": None, "max_iter": max_iter}
    return estimators().SGDRegressor(client=client, **params), (in_chunks(X, 4), in_chunks(scores, 4))


def test_ctrl_c_leaves_the_mean_of_the_last_round(client: Any, rounds: Any) -> None:
    rounds(4, lambda: signal.raise_signal(signal.SIGINT))
    model, rows = in_rounds(client, 20)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*rows)
    before, rows = in_rounds(client, 6)
    np.testing.assert_array_equal(model.coef_, before.fit(*rows).coef_)
    assert (model.n_iter_, len(model.loss_curve_)) == (6, 3)


def test_a_worker_that_is_killed_in_a_round_costs_a_retry(client: Any, rounds: Any) -> None:
    model, rows = in_rounds(client, 10)
    expected = model.fit(*rows).coef_.copy()
    pids = client.run(os.getpid)
    rounds(3, lambda: os.kill(min(pids.values()), signal.SIGKILL))
    np.testing.assert_array_equal(model.fit(*rows).coef_, expected)
    assert min(pids.values()) not in client.run(os.getpid).values()


GRIDS: list[dict[str, Any]] = [
    {"grid": {"alpha": [1e-3, 1e-2, 0.1], "lr": [0.01, 0.1]}},
    {"grid": {"lr": [0.01, 0.1, 0.5]}, "cv": 3},
    {"grid": {"lr": [0.1]}},
]


@pytest.mark.parametrize("options", GRIDS)
def test_a_sweep_is_that_of_one_process(options: dict[str, Any], client: Any) -> None:
    X, scores = some_rows()
    objective = fastgd.LinearObjective(X, scores > 0.0, alpha=1e-3)
    options = {"batch_size": 32, "max_epochs": 5, **options}
    found = estimators().sweep(objective, client=client, **options)
    expected = fastgd.sweep(objective, **options)
    np.testing.assert_array_equal(found.x, expected.x)
    for name, column in expected.table.items():
        np.testing.assert_array_equal(found.table[name], column)
    assert found.best_params == expected.best_params
    np.testing.assert_array_equal(found.best.x, expected.best.x)
    assert repr(found) == repr(expected)


def test_what_a_sweep_cannot_do_on_a_cluster(client: Any) -> None:
    X, scores = some_rows(90)
    objective = fastgd.LinearObjective(X, scores, loss="squared_error")
    with pytest.raises(ValueError, match="halving must be left at its default on a cluster, got True"):
        estimators().sweep(objective, grid={"lr": [0.1]}, client=client, halving=True)
    with pytest.raises(ValueError, match="grid"):
        estimators().sweep(objective, grid={"rate": [0.1]}, client=client)
    for given in (0.1, "auto"):
        with pytest.raises(TypeError, match=r"grid\['lr'\] must be a list of values"):
            estimators().sweep(objective, grid={"lr": given}, client=client)


def test_images_as_bytes(client: Any) -> None:
    """scikit-learn's is at .834 to .835."""
    data = _real_data.load("fashion_mnist")
    optimizer = SGD(InverseScaling(8e-6), momentum=0.9, nesterov=True)
    # As many steps one after another as ten epochs of one machine have, of which each chunk makes a quarter in one.
    options: dict[str, Any] = {"penalty": None, "batch_size": 128, "max_iter": 40, "tol": None, "random_state": 0}
    model = estimators().SGDClassifier("multinomial", optimizer=optimizer, client=client, sync_every=2, **options)
    model.fit(in_chunks(data["X_train"], 4), in_chunks(data["y_train"], 4))
    assert model.score(in_chunks(data["X_test"], 2), in_chunks(data["y_test"], 2)) >= 0.835


def test_adult(client: Any) -> None:
    data = _real_data.load("adult")
    model = estimators().SGDClassifier("log_loss", optimizer="lbfgs", max_iter=100, tol=None, client=client)
    model.fit(in_chunks(data["X_train"], 4), in_chunks(data["y_train"], 4))
    whole = local.LogisticRegression(C=1.0 / (1e-4 * len(data["y_train"]))).fit(data["X_train"], data["y_train"])
    found = [each.score(data["X_test"], data["y_test"]) for each in (model, whole)]
    assert found[0] >= max(0.84, found[1] - 0.002)
