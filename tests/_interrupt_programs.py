"""Calls that take long, for a signal to end: one after the other in a process, which tells how that went.

    python tests/_interrupt_programs.py SIGNAL NAME...   sends itself the signal during each of the calls

prints as JSON, for each name, what the call ended with, the status of its result or the exception, whether the result's
parameters are finite, and the seconds from the signal to that end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse

import fastgd
from fastgd.data import ChunkSource, NpySource
from fastgd.linear_model import SGDClassifier, SGDRegressor
from fastgd.neighbors import KNeighborsClassifier
from fastgd.online import Learner
from fastgd.optimizers import SGD, SVRG, Adam

Call = Callable[[], Any]
RNG = np.random.default_rng(0)
DELAY = 0.15  # seconds from the beginning of the call
PATIENCE = 60.0


def rows(n: int, d: int) -> np.ndarray:
    return RNG.normal(size=(n, d)).astype(np.float32)


def linear(n: int = 60_000) -> fastgd.LinearObjective:
    X = rows(n, 200)
    return fastgd.LinearObjective(X, X[:, 0] > 0.0)


def sparse() -> fastgd.LinearObjective:
    # scipy.sparse.random takes ten seconds of as many: it permutes all places.
    n, d, per_row = 40_000, 3_000, 30
    parts = RNG.normal(size=n * per_row).astype(np.float32), RNG.integers(0, d, n * per_row)
    X = scipy.sparse.csr_array((*parts, np.arange(0, n * per_row + 1, per_row)), shape=(n, d))
    return fastgd.LinearObjective(X, np.arange(n) % 2)


def network(n: int = 20_000, n_units: int = 256) -> fastgd.MLPObjective:
    X = rows(n, 64)
    return fastgd.MLPObjective(X, X[:, 0] > 0.0, hidden_layer_sizes=(n_units, n_units))


def mixture() -> fastgd.GaussianMixtureObjective:
    return fastgd.GaussianMixtureObjective(rows(40_000, 16), 8)


def bowl(w: np.ndarray) -> tuple[float, np.ndarray]:
    return float(w @ w), 2.0 * w


def function() -> fastgd.FunctionObjective:
    return fastgd.FunctionObjective(bowl, jac=True, n_params=2)


def function_that_ends_slowly() -> fastgd.FunctionObjective:
    """Takes its time from the fourth evaluation on, which is that of the end of three epochs."""
    n_calls = 0

    def evaluate(w: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal n_calls
        n_calls += 1
        if n_calls > 3:
            time.sleep(PATIENCE)
        return bowl(w)

    return fastgd.FunctionObjective(evaluate, jac=True, n_params=2)


# ---- calls


def again(call: Call) -> Call:
    """One call after another, each of which may be short."""

    def calls() -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            call()

    return calls


def descent(objective: Any, **options: Any) -> Call:
    options = {"optimizer": SGD(1e-6), "max_epochs": 10**9, "tol": None, **options}
    return lambda: fastgd.minimize(objective, time_limit=PATIENCE, **options)


def sweep(objective: Any, n_models: int = 3, batch_size: int = 32) -> Call:
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 10**9, "tol": None, "time_limit": PATIENCE}
    grid = {"alpha": np.geomspace(1e-5, 1e-3, n_models)}
    return lambda: fastgd.sweep(objective, optimizer=SGD(1e-6), grid=grid, **options).best


def value(objective: Any) -> Call:
    return again(lambda: objective.value(np.zeros(objective.n_params)))


def value_and_grad(objective: Any) -> Call:
    return again(lambda: objective.value_and_grad(np.zeros(objective.n_params)))


def values(objective: Any) -> Call:
    return lambda: objective.values(np.zeros((5_000, objective.n_params)))


def plane() -> Call:
    X = rows(100_000, 4)
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    return lambda: objective.plane(np.zeros(5), np.eye(2, 5), RNG.normal(size=(10**6, 2)))


def scores(objective: Any) -> Call:
    w = objective.initial(0)
    many = np.tile(np.arange(objective.n_samples), 500)
    score = objective.score_samples if hasattr(objective, "score_samples") else objective.decision_function
    return lambda: score(w, rows=many)


def risk() -> Call:
    X = rows(60_000, 200)
    model = SGDClassifier(max_iter=1, tol=None).fit(X, X[:, 0] > 0.0)
    return again(lambda: fastgd.risk(model, X=X, y=X[:, 0] > 0.0))


def standardized() -> Call:
    X = rows(60_000, 200)
    return again(lambda: fastgd.LinearObjective(X, X[:, 0] > 0.0, standardize=True))


def learner() -> Call:
    """Which learns all rows of an array or none."""
    X = np.ones((8_000_000, 4))
    y = [1.0] * len(X)

    def learn() -> None:
        learner = Learner(loss="squared_error")
        try:
            learner.update(X, y)
        finally:
            assert learner.n_steps == 0, "went to its end in spite of a signal, or had none"

    return learn


def neighbours() -> Call:
    X = rows(40_000, 64)
    model = KNeighborsClassifier(5).fit(X, np.arange(len(X)) % 3)
    return lambda: model.kneighbors(X)


def source() -> Call:
    """Which keeps what was learned, and leaves no thread."""
    X = rows(60_000, 200)
    model = SGDClassifier(max_iter=10**9, tol=None, batch_size=32)

    def learn() -> None:
        try:
            model.fit(NpySource(X, X[:, 0] > 0.0, max_memory="4MB"))
        finally:
            assert not [thread for thread in threading.enumerate() if thread.name == "fastgd-reader"]
            assert model.t_ > 1
            assert np.isfinite(model.coef_).all()

    return learn


def source_that_waits() -> Call:
    """For rows that do not come, after some."""

    def chunks() -> Iterator[Any]:
        yield rows(1_000, 20), np.ones(1_000)
        time.sleep(PATIENCE)

    return lambda: SGDRegressor(max_iter=1).fit(ChunkSource(chunks(), max_memory="20KB"))


# What is made beforehand, which returns the call. Rates are given: who looks for one has no result to keep yet.
CALLS: dict[str, Callable[[], Call]] = {
    "full batch": lambda: descent(linear()),
    "large batch": lambda: descent(linear(), batch_size=20_000),
    "mini-batch": lambda: descent(linear(), optimizer=Adam(1e-4), batch_size=64),
    "per sample": lambda: descent(linear(), batch_size=1),
    "csr": lambda: descent(sparse(), batch_size=16),
    "snapshots": lambda: descent(linear(), optimizer=SVRG(1e-6), batch_size=256),
    "mlp": lambda: descent(network(), optimizer=Adam(1e-4), batch_size=256),
    "mlp, full batch": lambda: descent(network()),
    "mlp, long steps": lambda: descent(network(8_000, 1_024), batch_size=4_096),
    "mixture": lambda: descent(mixture(), optimizer=Adam(1e-4), batch_size=1024),
    "function": lambda: descent(function()),
    "end of a run": lambda: descent(function_that_ends_slowly(), max_epochs=3),
    "sweep": lambda: sweep(linear()),
    # Of more models a good part of DELAY goes into their table, when there is nothing to keep yet.
    "sweep, long steps": lambda: sweep(linear(8_000), n_models=250, batch_size=4_096),
    "random_search": lambda: (lambda of: lambda: fastgd.random_search(of, max_evals=10**7))(linear()),
    "find_lr": lambda: (lambda of: again(lambda: fastgd.find_lr(of, batch_size=64)))(linear()),
    "find_lr of networks": lambda: (lambda of: again(lambda: fastgd.find_lr(of)))(network(n_units=512)),
    "standardized": standardized,
    "learner": learner,
    "value": lambda: value(linear()),
    "value_and_grad": lambda: value_and_grad(linear()),
    "values": lambda: values(linear()),
    "values of networks": lambda: values(network(4_000)),
    "plane": plane,
    "neighbours": neighbours,
    "scores": lambda: scores(linear()),
    "scores of networks": lambda: scores(network()),
    "scores of densities": lambda: scores(mixture()),
    "risk": risk,
    "source": source,
    "source that waits": source_that_waits,
}


class Stopped(Exception):
    """What the handler of SIGTERM raises."""


def stop(*_: Any) -> None:
    raise Stopped


def ended_by(number: signal.Signals, call: Call) -> dict[str, Any]:
    """What a call ends with when the signal comes during it."""
    sent = []
    began, worked = time.perf_counter(), time.process_time()

    def send() -> None:
        # By the time that it has worked: beside other programs what comes before a run takes longer. Some only wait:
        # for a time in which even a busy machine gets to the run.
        while time.process_time() - worked < DELAY and time.perf_counter() - began < 20.0 * DELAY:
            time.sleep(0.01)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    finite = None
    try:
        found = call()
        outcome = getattr(found, "status", "returned")
        finite = bool(np.isfinite(getattr(found, "x", np.nan)).all())
    except (Stopped, KeyboardInterrupt) as error:
        outcome = type(error).__name__
    end = time.perf_counter()
    # A signal that is still to come ends the program: it was meant for this call.
    sender.join()
    return {"outcome": outcome, "finite": finite, "seconds": end - sent[0]}


def main() -> None:
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGTERM, stop)
    number, names = signal.Signals[sys.argv[1]], sys.argv[2:]
    found = {}
    for name in names:
        # In case that it does not end: which one it is.
        print(name, file=sys.stderr, flush=True)
        found[name] = ended_by(number, CALLS[name]())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
