"""Runs of every kind of state that a checkpoint has to keep."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastgd
from fastgd import _saves
from fastgd._npz_file import write_atomically
from fastgd.optimizers import SGD

N_ROWS = 9000
EPOCHS = 6


class Ended(Exception):
    """In the place of whatever ends a process."""


def end_after(n_written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so many checkpoints be written and then raise."""
    n = 0

    def write(path: Any, fill: Any) -> None:
        nonlocal n
        write_atomically(path, fill)
        n += 1
        if n == n_written:
            raise Ended

    monkeypatch.setattr(_saves, "write_atomically", write)


@cache
def _rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 6))
    return X, X[:, 0] + rng.normal(size=N_ROWS) > 0.0


@cache
def _sparse() -> sp.csr_array:
    return sp.random_array((N_ROWS, 60), density=0.05, rng=np.random.default_rng(1), dtype=np.float32, format="csr")


def _linear(**options: Any) -> fastgd.LinearObjective:
    return fastgd.LinearObjective(*_rows(), alpha=1e-3, **options)


def _of_sparse(**options: Any) -> fastgd.LinearObjective:
    return fastgd.LinearObjective(_sparse(), _rows()[1], **options)


def _standardized() -> fastgd.LinearObjective:
    X, y = _rows()
    return fastgd.LinearObjective((X * 5.0 + 3.0).astype(np.float32), y, standardize=True)


def _network(**options: Any) -> fastgd.MLPObjective:
    return fastgd.MLPObjective(*_rows(), hidden_layer_sizes=(4,), n_classes=2, **options)


def _mixture() -> fastgd.GaussianMixtureObjective:
    return fastgd.GaussianMixtureObjective(np.ascontiguousarray(_rows()[0][:, :2]), 2)


def _function() -> fastgd.FunctionObjective:
    X = _rows()[0]
    return fastgd.FunctionObjective(
        lambda w, rows: float(np.mean((X[rows] @ w - 1.0) ** 2)),
        lambda w, rows: 2.0 * X[rows].T @ (X[rows] @ w - 1.0) / len(rows),
        n_params=6,
        n_samples=N_ROWS,
    )


# name -> objective, arguments of minimize
RUNS: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain steps of rows": (_linear, {"optimizer": SGD(lr=0.01), "batch_size": 1}),
    "momentum": (_linear, {"optimizer": SGD(lr=0.01, momentum=0.9), "batch_size": 32}),
    "l1 norm": (lambda: _linear(l1_ratio=0.5), {"optimizer": "adagrad", "batch_size": 64}),
    "standardized": (_standardized, {"batch_size": 50}),
    "a table of slopes": (_linear, {"optimizer": "saga", "batch_size": 10}),
    "snapshots": (_linear, {"optimizer": "svrg", "batch_size": 10}),
    "sparse rows": (lambda: _of_sparse(alpha=1e-3, l1_ratio=0.3), {"optimizer": SGD(lr=0.05), "batch_size": 1}),
    "sparse batches": (lambda: _of_sparse(alpha=1e-3), {"optimizer": SGD(lr=0.05), "batch_size": 32}),
    "idle columns": (lambda: _of_sparse(alpha=1e-3), {"optimizer": "asgd", "batch_size": 32}),
    "lazy columns": (lambda: _of_sparse(alpha=1e-3), {"optimizer": "adam", "batch_size": 32, "lazy": True}),
    "sums over parameters": (_linear, {"optimizer": "prodigy", "batch_size": 100}),
    "an average": (_linear, {"optimizer": "schedule_free_sgd", "batch_size": 100}),
    "line searches": (_linear, {"optimizer": "lbfgs"}),
    "line searches, l1 norm": (lambda: _linear(l1_ratio=0.5), {"optimizer": "lbfgs"}),
    "steps that compare": (_linear, {}),
    "full batches": (_linear, {"optimizer": SGD(lr=0.1)}),
    "large batches": (_linear, {"optimizer": SGD(lr=0.1), "batch_size": 5000}),
    "a schedule with memory": (
        _linear,
        {"optimizer": SGD(lr=fastgd.schedules.ReduceOnPlateau(0.5, patience=1)), "batch_size": 100},
    ),
    "restarts": (_linear, {"optimizer": SGD(lr=1e4), "batch_size": 100}),
    "dropout": (lambda: _network(dropout=0.2), {"optimizer": "adam", "batch_size": 128}),
    "network, line searches": (_network, {"optimizer": "lbfgs"}),
    "mixture, line searches": (_mixture, {"optimizer": "lbfgs"}),
    "mixture, batches": (_mixture, {"optimizer": "adam", "batch_size": 500}),
    "a function": (_function, {"optimizer": "adam", "batch_size": 500}),
    "an order": (_linear, {"optimizer": SGD(lr=0.01), "batch_size": 8, "order": lambda epoch: np.arange(epoch, 8500)}),
}


def descend(name: str, **options: Any) -> fastgd.Result:
    """One of the runs; the options are more of `minimize`."""
    objective, arguments = RUNS[name]
    return fastgd.minimize(objective(), **{"max_epochs": EPOCHS, "tol": None, **arguments, **options})


# name -> objective, arguments of sweep
SWEEPS: dict[str, tuple[Any, dict[str, Any]]] = {
    "rates, one of them too large": (_linear, {"grid": {"lr": [0.1, 1e6], "alpha": [1e-3, 0.1]}, "batch_size": 64}),
    "folds": (_linear, {"grid": {"lr": [0.01, "auto"]}, "cv": 3, "batch_size": 64, "optimizer": "adam"}),
    "tables of slopes": (_linear, {"grid": {"alpha": [1e-3, 0.1]}, "cv": 2, "batch_size": 10, "optimizer": "saga"}),
    "line searches": (_linear, {"grid": {"alpha": [1e-3, 0.1], "memory": [2, 10]}, "optimizer": "lbfgs"}),
    # Threads have models of their own.
    "starts of networks": (_network, {"grid": {"init_seed": range(5)}, "batch_size": 128, "optimizer": "adam"}),
    "starts of mixtures": (_mixture, {"grid": {"init_seed": range(5)}, "batch_size": 500, "optimizer": "adam"}),
    "starts of mixtures, line searches": (_mixture, {"grid": {"init_seed": range(5)}, "optimizer": "lbfgs"}),
}


def sweep(name: str, **options: Any) -> fastgd.SweepResult:
    """One of the sweeps; the options are more of `fastgd.sweep`."""
    objective, arguments = SWEEPS[name]
    return fastgd.sweep(objective(), **{"max_epochs": EPOCHS, "tol": None, **arguments, **options})


def bits(result: fastgd.Result) -> tuple[Any, ...]:
    """All that two runs of the same bits have in common."""
    history = result.history
    arrays = (result.x, history.epoch, history.step, history.loss, history.lr, history.grad_norm)
    return (*(array.tobytes() for array in arrays), np.float64(result.fun).tobytes(), result.n_steps, result.message)
