"""Exact synchronous descent on Dask collections: the bits of one process, whoever evaluates, and whoever dies."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from _cluster import cluster, in_chunks, some_rows
from _peers import load

import fastgd
from fastgd.optimizers import LBFGS, SGD

N_CHUNKS = 5


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with cluster(4) as client:
        yield client


def estimators() -> Any:
    load("distributed")
    import fastgd.dask

    return fastgd.dask


def objectives(n_chunks: int = N_CHUNKS, **options: Any) -> list[fastgd.LinearObjective]:
    X, scores = some_rows()
    pieces = zip(np.array_split(X, n_chunks), np.array_split(scores, n_chunks), strict=True)
    return [fastgd.LinearObjective(x, y, loss="squared_error", **options) for x, y in pieces]


def least_squares(client: Any, n_chunks: int = N_CHUNKS, **params: Any) -> Any:
    X, scores = some_rows()
    model = estimators().LinearRegression(client=client, **params)
    return model.fit(in_chunks(X, n_chunks), in_chunks(scores, n_chunks))


def descent(client: Any, **params: Any) -> Any:
    X, scores = some_rows()
    params = {"optimizer": SGD(0.1, momentum=0.5), "alpha": 1e-3, "max_iter": 40, "tol": None, **params}
    model = estimators().SGDRegressor(client=client, **params)
    return model.fit(in_chunks(X, N_CHUNKS), in_chunks(scores, N_CHUNKS))


def parameters(model: Any) -> np.ndarray:
    return np.append(model.coef_, model.intercept_)


def test_bits_are_those_of_one_process(client: Any) -> None:
    chunked = fastgd.ChunkedObjective(objectives(alpha=1e-3))
    alone = fastgd.minimize(chunked, optimizer=SGD(0.1, momentum=0.5), max_epochs=40, tol=None)
    model = descent(client)
    np.testing.assert_array_equal(parameters(model), alone.x)
    np.testing.assert_array_equal(model.loss_curve_, alone.history.loss)
    whole = objectives(1, alpha=1e-3)[0]
    contiguous = fastgd.minimize(whole, optimizer=SGD(0.1, momentum=0.5), max_epochs=40, tol=None)
    assert np.abs(alone.x - contiguous.x).max() <= 1e-12 * np.abs(contiguous.x).max()


def test_least_squares_are_those_of_all_rows(client: Any) -> None:
    chunked = fastgd.ChunkedObjective(objectives())
    slope = np.linalg.norm(chunked.grad(chunked.initial()))
    alone = fastgd.minimize(chunked, optimizer=LBFGS(), max_epochs=15_000, tol=None, gtol=1e-9 * slope)
    model = least_squares(client, tol=1e-9)
    np.testing.assert_array_equal(parameters(model), alone.x)
    whole = objectives(1)[0]
    contiguous = fastgd.minimize(whole, optimizer=LBFGS(), max_epochs=15_000, tol=None, gtol=1e-9 * slope)
    assert abs(whole.value(parameters(model)) - contiguous.fun) <= 1e-12 * contiguous.fun


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_networks_have_the_bits_of_one_process(name: str, client: Any) -> None:
    X, scores = some_rows()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
    is_classifier = name == "MLPClassifier"
    y = np.digitize(scores, [-1.0, 1.0]) if is_classifier else scores
    params = {"hidden_layer_sizes": (5,), "solver": "sgd", "max_iter": 15, "random_state": 7, "alpha": 0.1}
    model = getattr(estimators(), name)(client=client, n_iter_no_change=100, **params)
    with pytest.warns(UserWarning, match="has not converged"):
        model.fit(in_chunks(X, 3), in_chunks(y, 3), in_chunks(weight, 3))
    chunks = [
        fastgd.MLPObjective(
            X[rows],
            y[rows],
            hidden_layer_sizes=(5,),
            loss="multinomial" if is_classifier else "squared_error",
            n_classes=3 if is_classifier else None,
            alpha=0.1 / sum(weight[part].sum() for part in np.array_split(np.arange(len(X)), 3)),
            sample_weight=weight[rows],
        )
        for rows in np.array_split(np.arange(len(X)), 3)
    ]
    chunked = fastgd.ChunkedObjective(chunks)
    optimizer = SGD(1e-3, momentum=0.9, nesterov=True)
    alone = fastgd.minimize(chunked, chunked.initial(7), optimizer=optimizer, max_epochs=15, tol=None)
    found = chunks[0].pack(model.coefs_, model.intercepts_)
    np.testing.assert_array_equal(found, alone.x)


def moved(client: Any) -> int:
    """Bytes that workers have sent each other so far."""
    return sum(
        client.run(lambda dask_worker: sum(each["total"] for each in dask_worker.transfer_incoming_log)).values()
    )


@pytest.fixture
def without_work_stealing(client: Any) -> Iterator[None]:
    """With it, Dask moves a chunk when a worker has nothing to do and another has much, as on a busy machine."""

    async def stop(dask_scheduler: Any) -> None:
        await dask_scheduler.extensions["stealing"].stop()

    async def start(dask_scheduler: Any) -> None:
        await dask_scheduler.extensions["stealing"].start()

    client.run_on_scheduler(stop)
    yield
    client.run_on_scheduler(start)


@pytest.mark.usefixtures("without_work_stealing")
@pytest.mark.parametrize("sync_every", [None, 2])
def test_rows_stay_where_they_are(sync_every: int | None, client: Any) -> None:
    distributed, da = load("distributed"), load("dask.array")
    workers = sorted(client.run(os.getpid))
    # Unevenly spread, and their targets elsewhere.
    rows = da.random.default_rng(0).normal(size=(40_000, 50), chunks=(5_000, 50)).persist(workers=workers[:2])
    y = rows[:, 0].persist()
    distributed.wait([rows, y])
    distributed.wait(y := y.map_blocks(np.negative).persist(workers=workers[2:]))
    before = moved(client)
    params = {"learning_rate": "constant", "eta0": 1e-3, "max_iter": 6, "tol": None, "sync_every": sync_every}
    estimators().SGDRegressor(client=client, **params).fit(rows, y)
    # The targets, and no more, have to move to them.
    assert y.nbytes <= moved(client) - before <= 1.2 * y.nbytes


def interrupted_alone(evaluation: int) -> np.ndarray:
    """What one process has left of the same descent when it was interrupted in this evaluation."""
    chunked = fastgd.ChunkedObjective(objectives(alpha=1e-3))
    n_seen = 0

    def evaluate(w: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal n_seen
        n_seen += 1
        if n_seen == evaluation:
            raise KeyboardInterrupt
        return chunked.value_and_grad(w)

    function = fastgd.FunctionObjective(evaluate, jac=True, n_params=chunked.n_params)
    result = fastgd.minimize(function, optimizer=SGD(0.1, momentum=0.5), max_epochs=40, tol=None)
    assert result.status == "interrupted"
    return result.x


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """Does something in the middle of a round: the workers have been asked, and nobody waits for an answer yet."""
    from fastgd.dask import _holders

    def during(round_: int, do: Callable[[], None]) -> None:
        answer, first = _holders._answer, []

        def waits(holder: Any, call: Any) -> Any:
            # Of the holder that is waited for first in each round.
            first.extend([holder.key] * (not first or holder.key == first[0]))
            if len(first) == round_ and holder.key == first[0]:
                do()
            return answer(holder, call)

        monkeypatch.setattr(_holders, "_answer", waits)

    return during


def test_ctrl_c_ends_the_rounds_and_leaves_the_best(client: Any, rounds: Any) -> None:
    pids = client.run(os.getpid)

    def press() -> None:
        for pid in pids.values():
            os.kill(pid, signal.SIGSTOP)
        # Someone who waits for workers that do not answer.
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    rounds(9, press)
    model = estimators().SGDRegressor(
        client=client, optimizer=SGD(0.1, momentum=0.5), alpha=1e-3, max_iter=40, tol=None
    )
    X, scores = some_rows()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(in_chunks(X, N_CHUNKS), in_chunks(scores, N_CHUNKS))
    finally:
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
    np.testing.assert_array_equal(parameters(model), interrupted_alone(9))
    # Nothing is left to do, and nothing of the fit is left but in the frames of the exception.
    until = time.monotonic() + 30.0
    while left := [*client.who_has(), *(key for keys in client.processing().values() for key in keys)]:
        assert time.monotonic() < until, left
        gc.collect()
        time.sleep(0.1)


def test_a_worker_that_is_killed_costs_a_retry(client: Any, rounds: Any) -> None:
    expected = parameters(descent(client))
    pids = client.run(os.getpid)
    killed = []

    def kill() -> None:
        holders = {address for at in client.who_has().values() for address in at}
        killed.append(min(holders))
        os.kill(pids[killed[0]], signal.SIGKILL)

    rounds(7, kill)
    np.testing.assert_array_equal(parameters(descent(client)), expected)
    assert killed[0] not in client.run(os.getpid)


def test_bits_do_not_depend_on_the_number_of_workers(client: Any) -> None:
    found = []
    for n_workers in (4, 2, 1):
        client.cluster.scale(n_workers)
        until = time.monotonic() + 60.0
        while len(client.scheduler_info()["workers"]) != n_workers:
            assert time.monotonic() < until
            time.sleep(0.1)
        found.append([parameters(descent(client)), parameters(least_squares(client))])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
