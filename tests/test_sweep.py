"""Every model of a sweep has the bits of its run alone, every fold those of a run with its rows at weight 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fastgd
from fastgd._folds import make_folds
from fastgd.optimizers import ASGD, FTRL, LBFGS, SAGA, SGD, SVRG, Adam, DoG, Prodigy
from fastgd.schedules import Exponential

N, D = 700, 21
OPTIMIZERS = [SGD(), SGD(momentum=0.9), Adam(), ASGD(), FTRL(0.1), DoG(), Prodigy(), SAGA(), SVRG(), LBFGS()]
COMMON: dict[str, Any] = {"max_epochs": 3, "tol": None, "random_state": 3}


def data(dtype: Any) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 200, (N, D), np.uint8) if dtype is np.uint8 else rng.normal(size=(N, D)).astype(dtype)


def objective_of(loss: str, dtype: Any, **options: Any) -> fastgd.LinearObjective:
    X = data(dtype)
    rng = np.random.default_rng(1)
    score = X[:, :3].astype(float) @ [1.0, -1.0, 0.5]
    score = score / score.std() + rng.normal(size=N)
    y = {"squared_error": score, "log_loss": score > 0.0}.get(loss, np.digitize(score, [-1.0, 1.0]))
    return fastgd.LinearObjective(X, y, loss=loss, **options)


def grid_of(optimizer: Any) -> dict[str, list[Any]]:
    if isinstance(optimizer, LBFGS):
        return {"memory": [2, 10], "alpha": [1e-4, 1e-1]}
    return {"lr": [1e-5, "auto"], "alpha": [1e-4, 1e-1]}


def alone(optimizer: Any, setting: dict[str, Any]) -> Any:
    own = {key: value for key, value in setting.items() if key not in ("alpha", "l1_ratio")}
    return type(optimizer)(**{**optimizer.get_params(deep=False), **own})


def assert_same_bits(found: fastgd.Result, expected: fastgd.Result) -> None:
    np.testing.assert_array_equal(found.x, expected.x)
    assert (found.fun, found.grad_norm) == (expected.fun, expected.grad_norm)
    assert (found.status, found.n_epochs, found.n_steps) == (expected.status, expected.n_epochs, expected.n_steps)
    for name in ("epoch", "step", "loss", "lr", "grad_norm"):
        np.testing.assert_array_equal(getattr(found.history, name), getattr(expected.history, name))


def sizes(optimizer: Any) -> list[Any]:
    if isinstance(optimizer, LBFGS):
        return ["full"]
    return [32, 1] if isinstance(optimizer, (SAGA, SVRG)) else ["full", 32, 1]


CASES = [
    (optimizer, batch_size, loss, dtype)
    for i, optimizer in enumerate(OPTIMIZERS)
    for j, batch_size in enumerate(sizes(optimizer))
    for loss, dtype in [
        (
            ["log_loss", "squared_error", "multinomial"][(i + j) % 3],
            [np.float64, np.float32, np.uint8][(i + 2 * j) % 3],
        )
    ]
]


@pytest.mark.parametrize("optimizer, batch_size, loss, dtype", CASES, ids=str)
def test_models_and_folds_are_what_they_are_alone(optimizer: Any, batch_size: Any, loss: str, dtype: Any) -> None:
    weight = np.random.default_rng(2).integers(0, 3, N).astype(float)
    common = {**COMMON, "batch_size": batch_size}
    shared = objective_of(loss, dtype, sample_weight=weight)
    grid = grid_of(optimizer)
    plain = fastgd.sweep(shared, grid=grid, optimizer=optimizer, **common)
    folded = fastgd.sweep(shared, grid=grid, optimizer=optimizer, cv=3, **common, n_threads=2)
    of_row = make_folds(shared, 3, COMMON["random_state"])
    for at, setting in enumerate(plain._settings):
        own = alone(optimizer, setting)
        single = objective_of(loss, dtype, sample_weight=weight, alpha=setting["alpha"])
        assert_same_bits(plain.results[at], fastgd.minimize(single, optimizer=own, **common))
        for fold in range(3):
            without = np.where(of_row == fold, 0.0, weight)
            single = objective_of(loss, dtype, sample_weight=without, alpha=setting["alpha"])
            expected = fastgd.minimize(single, optimizer=own, **common)
            assert_same_bits(folded.results[3 * at + fold], expected)
            held_out = objective_of(loss, dtype, sample_weight=np.where(of_row == fold, weight, 0.0))
            score = held_out.value(expected.x)
            assert folded.table["held_out"][3 * at + fold] == pytest.approx(score, rel=1e-6)


def test_l1_and_schedules_vary_too() -> None:
    shared = objective_of("squared_error", np.float64, alpha=0.1)
    optimizer = SGD(Exponential(0.01, gamma=0.9))
    grid = {"lr__gamma": [0.9, 0.99], "l1_ratio": [0.0, 1.0]}
    found = fastgd.sweep(shared, grid=grid, optimizer=optimizer, batch_size=50, **COMMON)
    for setting, result in zip(found._settings, found.results, strict=True):
        single = objective_of("squared_error", np.float64, alpha=0.1, l1_ratio=setting["l1_ratio"])
        own = SGD(Exponential(0.01, gamma=setting["lr__gamma"]))
        assert_same_bits(result, fastgd.minimize(single, optimizer=own, batch_size=50, **COMMON))


def test_a_model_that_diverges_harms_no_other() -> None:
    shared = objective_of("squared_error", np.float32)
    found = fastgd.sweep(shared, grid={"lr": [1e-2, 1e30]}, batch_size=32, **COMMON)
    # Three epochs are less than it takes to give up, but all it did was go back.
    assert [result.status for result in found.results] == ["max_epochs", "diverged"]
    assert_same_bits(found.results[0], fastgd.minimize(shared, optimizer=SGD(1e-2), batch_size=32, **COMMON))
    assert found.best_params == {"lr": 1e-2}


def test_folds_are_stratified() -> None:
    shared = objective_of("multinomial", np.float64)
    of_row = make_folds(shared, 4, 0)
    for k in range(3):
        counts = np.bincount(of_row[shared._y == k], minlength=4)
        assert counts.max() - counts.min() <= 1
    assert not np.array_equal(of_row, make_folds(shared, 4, 1))


def test_halving_drops_the_worst_and_spares_the_bits_of_the_others() -> None:
    shared = objective_of("log_loss", np.float64)
    grid = {"lr": [1e-3, 1e-2, 1e-1, 0.3, 1.0], "alpha": [1e-4, 1e-1]}
    common = {"batch_size": 32, "max_epochs": 18, "tol": None}
    for cv in (None, 3):
        halved = fastgd.sweep(shared, grid=grid, cv=cv, halving=True, **common)
        full = fastgd.sweep(shared, grid=grid, cv=cv, **common)
        kept = [result.status != "dropped" for result in halved.results]
        assert 0 < sum(kept) <= 2 * (cv or 1)
        for is_kept, found, expected in zip(kept, halved.results, full.results, strict=True):
            if is_kept:
                assert_same_bits(found, expected)
            else:
                assert found.n_epochs < 18
                np.testing.assert_array_equal(found.history.loss, expected.history.loss[: found.n_epochs])
                assert "was dropped by halving" in found.message
        assert halved.best.status == "max_epochs"


def test_tables_and_the_best() -> None:
    shared = objective_of("log_loss", np.float64)
    found = fastgd.sweep(shared, grid={"lr": [0.01, 0.3], "alpha": [1e-3, 1.0]}, cv=3, batch_size=32, **COMMON)
    table = pd.DataFrame(found.table)
    assert list(table.columns) == ["lr", "alpha", "fold", "held_out", "fun", "grad_norm", "n_epochs", "status"]
    assert found.scores is not None
    means = table.groupby(["lr", "alpha"]).held_out.mean()
    np.testing.assert_allclose(found.scores["mean"], means.to_numpy())
    assert found.scores["rank"][np.argmin(found.scores["mean"])] == 1
    best = means.idxmin()
    assert found.best_params == {"lr": best[0], "alpha": best[1]}
    refit = objective_of("log_loss", np.float64, alpha=best[1])
    assert_same_bits(found.best, fastgd.minimize(refit, optimizer=SGD(best[0]), batch_size=32, **COMMON))
    lines = repr(found).splitlines()
    assert lines[0].split() == ["lr", "alpha", "mean", "std", "rank"]
    assert lines[-1] == f"best: lr={best[0]:g}, alpha={best[1]:g}"


@pytest.mark.parametrize("batched", [False, True])
def test_many_starts_find_many_minima(batched: bool) -> None:
    def himmelblau(w: np.ndarray) -> Any:
        x, y = w[..., 0], w[..., 1]
        a, b = x * x + y - 11.0, x + y * y - 7.0
        return a * a + b * b, np.stack([4.0 * a * x + 2.0 * b, 2.0 * a + 4.0 * b * y], axis=-1)

    objective = fastgd.FunctionObjective(himmelblau, jac=True, n_params=2, batched=batched)
    starts = [[4.0, 4.0], [-4.0, 4.0], [-4.0, -4.0], [4.0, -4.0]]
    found = fastgd.sweep(objective, grid={"w0": starts}, optimizer=SGD(0.01), max_epochs=400, tol=None)
    assert np.all(found.fun < 1e-12)
    assert len(np.unique(found.x.round(3), axis=0)) == 4
    for start, result in zip(starts, found.results, strict=True):
        assert_same_bits(result, fastgd.minimize(objective, start, optimizer=SGD(0.01), max_epochs=400, tol=None))


SHARED = ["batch_size", "shuffle", "order", "random_state", "max_epochs", "loss", "optimizer", "tol", "clip_norm"]


@pytest.mark.parametrize(
    "options, error, message",
    [
        *[({"grid": {key: [1, 2]}}, ValueError, f"grid must not vary '{key}'") for key in SHARED],
        ({"grid": {"alhpa": [1.0]}}, ValueError, "grid's keys must be among .*alpha.*, got 'alhpa'"),
        ({"grid": {}}, ValueError, "grid must have at least one key"),
        ({"grid": [("lr", [1.0])]}, TypeError, "grid must be a mapping"),
        ({"grid": {"lr": []}}, ValueError, r"grid\['lr'\] must have at least one value"),
        ({"grid": {"lr": "auto"}}, TypeError, r"grid\['lr'\] must be a list of values, got 'auto'"),
        ({"grid": {"lr": [0.1, -1.0]}}, ValueError, "lr must be a finite number > 0.*, got -1.0"),
        ({"grid": {"alpha": [-1.0]}}, ValueError, "alpha must be a finite number >= 0, got -1.0"),
        ({"grid": {"l1_ratio": [2.0]}}, ValueError, "l1_ratio must be a number from 0 to 1, got 2.0"),
        ({"grid": {"init_seed": [0, 1]}}, ValueError, "every one of which gives the same start"),
        ({"grid": {"w0": [[0.0, 1.0]]}}, ValueError, r"w0 must have shape \(22,\), got shape \(2,\)"),
        ({"grid": {"lr": [0.1]}, "cv": 1}, ValueError, "cv must be an integer from 2 to 700, got 1"),
        ({"grid": {"lr": [0.1]}, "cv": 701}, ValueError, "cv must be an integer from 2 to 700, got 701"),
        ({"grid": {"lr": [0.1]}, "halving": 1}, TypeError, "halving must be True or False"),
        (
            {"grid": {"lr": [0.1], "alpha": [0.1], "l1_ratio": [0.5]}, "optimizer": "adam"},
            ValueError,
            "l1_ratio must be 0 with Adam",
        ),
        (
            {"grid": {"memory": [5]}, "optimizer": "lbfgs", "batch_size": 8},
            ValueError,
            "batch_size must be 'full' with LBFGS",
        ),
    ],
    ids=str,
)
def test_bad_input(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fastgd.sweep(objective_of("log_loss", np.float64), **options)


def test_functions_have_no_rows_to_hold_out() -> None:
    bowl = fastgd.FunctionObjective(lambda w: (float(w @ w), 2.0 * w), jac=True, n_params=2)
    with pytest.raises(ValueError, match="cv must be None for FunctionObjective"):
        fastgd.sweep(bowl, grid={"lr": [0.1]}, cv=3)
