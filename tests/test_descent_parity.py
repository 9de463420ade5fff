"""Fits by `fastgd.minimize` end where those of `fastgd.reference.minimize` do, in as many steps, with the same history.

Every loss meets every batch size; optimisers, schedules, penalties, weights, orders, storages, shapes and numbers of
threads are dealt to them so that all pairs meet. The bounds come from `_descent_bound`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import _descent_bound
import _design
import _parity
import numpy as np
import pytest
from _rounding import excess

import fastgd
from fastgd import reference
from fastgd.optimizers import SGD
from fastgd.reference import KINDS
from fastgd.schedules import InverseScaling

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum": {"momentum": 0.75},
    "dampening": {"momentum": 0.5, "dampening": 0.25},
    "nesterov": {"momentum": 0.875, "nesterov": True},
}
SCHEDULES: dict[str, float | None] = {"constant": None, "root": 0.5, "slow": 0.125}
EPOCHS: dict[Any, int] = {"full": 6, 1: 2, 7: 3, 32: 5}
CROSSED: dict[str, list[Any]] = {
    "loss": _parity.LOSSES,
    "batch_size": [*EPOCHS],
    "fit_intercept": [True, False],
}
DEALT: dict[str, list[Any]] = {
    "optimizer": [*OPTIMIZERS],
    "schedule": [*SCHEDULES],
    "order": ["shuffled", "stored", "given", "function"],
    "penalty": [*_parity.PENALTIES],
    "weight": ["none", "positive", "zeros"],
    "storage": [*_parity.DENSE],
    "columns": ["1", "N-1", "4N+1", "P+1", "2P+4N-1"],
    "outputs": ["one", "few"],
    "offset": [True, False],
    "n_threads": [1, 2, 7],
}
FIXED = {"n_rows": 61, "layout": "plain", "rows": "all"}
CASES = _design.cover(CROSSED, DEALT)
# Rows one by one without momentum have a kernel of their own.
ROWS_CROSSED: dict[str, list[Any]] = {"loss": _parity.LOSSES, "storage": [*_parity.DTYPES]}
ROWS_DEALT: dict[str, list[Any]] = {
    "fit_intercept": [True, False],
    **{name: DEALT[name] for name in DEALT if name not in ("optimizer", "storage")},
    "columns": ["1", "N-1", "P+1", "2P+4N-1"],
}
ROWS_CASES = _design.cover(ROWS_CROSSED, ROWS_DEALT)
# Steps times rate times curvature: what errors may grow by is the exponential of about this.
TRAVEL = 3.0


class Fit(NamedTuple):
    """The core's result and the twin's, with the twin's steps and the optimiser that both took."""

    found: fastgd.Result
    twin: reference.Result
    recorder: _descent_bound.Recorder
    params: dict[str, Any]
    eps: float


def seed_of(case: _design.Case) -> int:
    return zlib.crc32(repr(sorted(case.items())).encode())


def name_of(case: _design.Case) -> str:
    return f"{case['loss'][0]}-{case.get('batch_size', 1)}-{case['storage']}-{seed_of(case):08x}"


def make_order(kind: str, twin: reference.LinearObjective, seed: int) -> Any:
    """Rows with repeats, behind a whole batch of rows of weight 0 where there are such."""
    n = twin.n_samples
    if kind == "function":
        return lambda epoch: np.random.default_rng([seed, epoch]).permutation(n)[: n - epoch]
    if kind != "given":
        return None
    absent = np.flatnonzero(twin.weight == 0.0)
    idle = np.resize(absent, 40 if absent.size else 0)
    return np.concatenate([idle, np.random.default_rng(seed).integers(0, n, n - 4)])


def rate_for(twin: reference.LinearObjective, w: np.ndarray, n_steps: int, momentum: float) -> float:
    """A rate that makes the way `TRAVEL` long, from how the derivatives change about the start; exact in float32."""
    rows = twin.present()
    raw = twin.raw(w, rows)
    loss = reference.risk.output_loss(twin.loss, twin.n_outputs)
    slopes = [loss(twin.y[rows], raw + h, **twin.loss_params)[1] for h in (-0.25, 0.25)]
    bend = np.maximum(
        np.abs(slopes[1] - slopes[0]).max(axis=1) / 0.5, 1.0 if KINDS[twin.loss] == "multiclass" else 0.25
    )
    size = float(np.mean(bend * (np.sum(twin.X[rows] ** 2, axis=1) + 1.0))) + twin.alpha
    return float(np.float32((1.0 - momentum) * TRAVEL / (n_steps * size)))


def run_both(problem: _parity.Problem, case: dict[str, Any], max_epochs: int) -> Fit:
    objective, twin, w, eps = problem.objective, problem.twin, problem.w, problem.eps
    # The targets lie about the scores at w: from there nothing much would happen.
    w = -w
    batch_size = case["batch_size"]
    params = OPTIMIZERS[case["optimizer"]]
    n_steps = max_epochs * (1 if batch_size == "full" else -(-twin.n_samples // batch_size))
    lr = rate_for(twin, w, n_steps, params.get("momentum", 0.0))
    power_t = SCHEDULES[case["schedule"]]
    common: dict[str, Any] = {
        "batch_size": batch_size,
        "max_epochs": max_epochs,
        "tol": None,
        "shuffle": case["order"] == "shuffled",
        "order": None if batch_size == "full" else make_order(case["order"], twin, seed_of(case)),
        "random_state": seed_of(case),
    }
    schedule: Callable[[int], float] | float = lr
    if power_t is not None:
        schedule = reference.schedules.inverse_scaling(lr, power_t)
    recorder = _descent_bound.Recorder(twin, schedule)
    expected = reference.minimize(recorder, w, lr=schedule, optimizer_params=params, **common)
    optimizer = SGD(lr if power_t is None else InverseScaling(lr, power_t), **params)
    found = fastgd.minimize(objective, w, optimizer=optimizer, n_threads=case["n_threads"], **common)
    return Fit(found, expected, recorder, params, eps)


def check(fit: Fit) -> float:
    """Holds everything that a result tells to the twin's; returns the largest error as a share of its bound."""
    found, expected, recorder, params, eps = fit
    assert (found.status, found.n_epochs, found.n_steps) == (expected.status, expected.n_epochs, expected.n_steps)
    np.testing.assert_array_equal(found.history.epoch, expected.history.epoch)
    np.testing.assert_array_equal(found.history.step, expected.history.step)
    # Powers of the core are at most 4 ulp wrong, NumPy's at most 1.
    np.testing.assert_allclose(found.history.lr, expected.history.lr, rtol=8 * 2.0**-52)
    assert found.lr == found.history.lr[-1]

    bounds = _descent_bound.carry(recorder, eps, **params)
    error = bounds.parameters[-1]
    moved = np.abs(expected.x - recorder.steps[0].w).max()
    if not np.median(error) < 2.0**-5 * moved:
        raise _descent_bound.ProvesNothing("the bounds are as wide as the way")
    value_error, norm_error = _descent_bound.objective_error(recorder.twin, expected.x, error, bounds.eps)
    return max(
        excess(found.x - expected.x, error),
        excess(
            found.history.loss - expected.history.loss,
            _descent_bound.epoch_errors(recorder, bounds, expected.history.step),
        ),
        excess(found.fun - expected.fun, value_error),
        excess(found.grad_norm - expected.grad_norm, norm_error),
    )


def test_the_cases_meet_in_all_pairs() -> None:
    assert set().union(*map(_design.pairs_of, CASES)) == _design.all_pairs({**CROSSED, **DEALT})
    assert set().union(*map(_design.pairs_of, ROWS_CASES)) == _design.all_pairs({**ROWS_CROSSED, **ROWS_DEALT})


def largest_excess(case: dict[str, Any], max_epochs: int, folder: Path) -> float:
    for attempt in range(20):
        problem = _parity.make_problem({**case, "attempt": attempt}, folder)
        try:
            return check(run_both(problem, case, max_epochs))
        except _descent_bound.ProvesNothing:
            continue
    raise AssertionError("no problem proved anything")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_fits_end_where_the_twin_ends(case: _design.Case, tmp_path: Path) -> None:
    assert largest_excess({**case, **FIXED}, EPOCHS[case["batch_size"]], tmp_path) <= 1.0


@pytest.mark.parametrize("case", ROWS_CASES, ids=name_of)
def test_plain_fits_by_rows_end_where_the_twin_ends(case: _design.Case, tmp_path: Path) -> None:
    of_rows = {**case, **FIXED, "batch_size": 1, "optimizer": "plain"}
    assert largest_excess(of_rows, 2, tmp_path) <= 1.0


@pytest.mark.parametrize("n_threads", [2, 7])
@pytest.mark.parametrize("storage", _parity.DTYPES)
@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "multinomial"])
def test_teams_end_where_the_twin_ends(loss: str, storage: str, n_threads: int, tmp_path: Path) -> None:
    """Batches with enough work for each thread to have columns of its own."""
    case = {
        "loss": (loss, ()),
        "storage": storage,
        "n_threads": n_threads,
        "batch_size": 160,
        "optimizer": "nesterov",
        "schedule": "root",
        "order": "shuffled",
        "penalty": "both",
        "weight": "zeros",
        "columns": "2P+4N-1",
        "outputs": "many",
        "fit_intercept": True,
        "offset": True,
        **FIXED,
        "n_rows": 401,
    }
    assert largest_excess(case, 3, tmp_path) <= 1.0


@pytest.mark.parametrize("n_threads", [1, 7])
@pytest.mark.parametrize("storage", ["float64", "uint8"])
def test_batches_of_thousands_end_where_the_twin_ends(storage: str, n_threads: int, tmp_path: Path) -> None:
    """Above 4096 rows a batch is summed in blocks; the last one of an epoch here is a smaller batch."""
    case = {
        "loss": ("log_loss", ()),
        "storage": storage,
        "n_threads": n_threads,
        "batch_size": 4600,
        "optimizer": "momentum",
        "schedule": "constant",
        "order": "given",
        "penalty": "l2",
        "weight": "zeros",
        "columns": "4N+1",
        "outputs": "one",
        "fit_intercept": True,
        "offset": False,
        **FIXED,
        "n_rows": 5003,
    }
    assert largest_excess(case, 3, tmp_path) <= 1.0


def test_a_loss_that_begins_at_zero_may_grow() -> None:
    """At 0 the perceptron loses nothing, but has a gradient: the first step is up, and no divergence."""
    X = np.random.default_rng(0).normal(size=(200, 5))
    y = np.where(X[:, 0] + X[::-1, 1] > 0.0, 1, -1)
    common: dict[str, Any] = {"max_epochs": 20, "tol": None}
    expected = reference.minimize(reference.LinearObjective(X, y, loss="perceptron"), lr=0.1, **common)
    found = fastgd.minimize(fastgd.LinearObjective(X, y, loss="perceptron"), optimizer=SGD(0.1), **common)
    assert found.history.loss[0] == 0.0 < found.history.loss[-1]
    assert found.status == expected.status == "max_epochs"
    assert np.any(found.x)


@pytest.mark.parametrize("batch_size", ["full", 10, 1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [16, 19])
def test_divergence_leaves_parameters_and_their_objective(n_features: int, dtype: Any, batch_size: Any) -> None:
    """Also where all numbers of the run became infinite or NaN, and where the parameters do not fill their vectors."""
    X = np.random.default_rng(0).normal(size=(50, n_features)).astype(dtype)
    objective = fastgd.LinearObjective(X, X[:, 0] + 1.0, loss="squared_error")
    w0 = np.arange(n_features + 1.0) / 8.0
    common: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 20, "tol": None}
    expected = reference.minimize(
        reference.LinearObjective(X, X[:, 0] + 1.0, loss="squared_error"), w0, lr=1e30, **common
    )
    found = fastgd.minimize(objective, w0, optimizer=SGD(1e30), **common)
    assert found.status == expected.status == "diverged"
    np.testing.assert_array_equal(found.x, w0)
    np.testing.assert_array_equal(expected.x, w0)
    assert found.fun == objective.value(w0)
    assert found.grad_norm == pytest.approx(float(np.linalg.norm(objective.grad(w0))), rel=1e-12)
