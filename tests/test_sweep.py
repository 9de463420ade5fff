"""Every model of a sweep has the bits of its run alone, every fold those of a run with its rows at weight 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _sweeps import N, assert_same_bits, objective_of, optimizer_of, settings_of

import fastgd
from fastgd._folds import make_folds
from fastgd.optimizers import (
    ASGD,
    FTRL,
    LBFGS,
    SAGA,
    SGD,
    SVRG,
    Adam,
    BarzilaiBorwein,
    DoG,
    PolyakSGD,
    Prodigy,
    ScheduleFreeAdamW,
)
from fastgd.schedules import Exponential, ReduceOnPlateau

MOMENTUM = SGD(momentum=0.9)
BB = BarzilaiBorwein()
OPTIMIZERS = [SGD(), MOMENTUM, BB, Adam(), ASGD(), FTRL(0.1), DoG(), Prodigy(), SAGA(), SVRG(), LBFGS()]
COMMON: dict[str, Any] = {"max_epochs": 3, "tol": None, "random_state": 3}


def grid_of(optimizer: Any, batch_size: Any) -> dict[str, list[Any]]:
    if isinstance(optimizer, LBFGS):
        return {"memory": [2, 10], "alpha": [1e-4, 1e-1]}
    if optimizer == SGD() and batch_size == "full":
        return {"lr": ["auto"], "alpha": [1e-4, 1e-3, 1e-1]}
    return {"lr": [1e-5, "auto"], "alpha": [1e-4, 1e-1]}


def sizes(optimizer: Any) -> list[Any]:
    if isinstance(optimizer, (LBFGS, BarzilaiBorwein)):
        return ["full"]
    return [32, 1] if isinstance(optimizer, (SAGA, SVRG)) else ["full", 32, 1, 5000]


LOSSES, DTYPES = ["log_loss", "squared_error", "multinomial"], [np.float64, np.float32, np.uint8]
CASES = [
    (optimizer, batch_size, LOSSES[(i + j) % 3], DTYPES[(i + 2 * j) % 3])
    for i, optimizer in enumerate(OPTIMIZERS)
    for j, batch_size in enumerate(sizes(optimizer))
]


@pytest.mark.parametrize("optimizer, batch_size, loss, dtype", CASES, ids=str)
def test_models_and_folds_are_what_they_are_alone(optimizer: Any, batch_size: Any, loss: str, dtype: Any) -> None:
    weight = np.random.default_rng(2).integers(0, 3, N).astype(float)
    common = {**COMMON, "batch_size": batch_size}
    shared = objective_of(loss, dtype, sample_weight=weight)
    grid = grid_of(optimizer, batch_size)
    plain = fastgd.sweep(shared, grid=grid, optimizer=optimizer, **common)
    folded = fastgd.sweep(shared, grid=grid, optimizer=optimizer, cv=3, **common, n_threads=2)
    of_row = make_folds(shared, 3, COMMON["random_state"])
    eps = np.finfo(np.float64 if dtype is np.float64 else np.float32).eps
    for at, setting in enumerate(settings_of(plain)):
        own = optimizer_of(optimizer, setting)
        single = objective_of(loss, dtype, sample_weight=weight, alpha=setting["alpha"])
        assert_same_bits(plain.results[at], fastgd.minimize(single, optimizer=own, **common))
        for fold in range(3):
            without = np.where(of_row == fold, 0.0, weight)
            single = objective_of(loss, dtype, sample_weight=without, alpha=setting["alpha"])
            expected = fastgd.minimize(single, optimizer=own, **common)
            assert_same_bits(folded.results[3 * at + fold], expected)
            held_out = objective_of(loss, dtype, sample_weight=np.where(of_row == fold, weight, 0.0))
            # Means of the same losses, which may be added up in another order.
            score = pytest.approx(held_out.value(expected.x), rel=8.0 * float(eps))
            assert folded.table["held_out"][3 * at + fold] == score


def of_ones_own(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    root = np.sqrt(1.0 + (raw - y) ** 2)
    return root, (raw - y) / root


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
@pytest.mark.parametrize("kind", ["standardize", "offset", "own loss", "own loss, standardize"])
@pytest.mark.parametrize("optimizer", [SGD(momentum=0.5), Adam()], ids=lambda one: type(one).__name__)
def test_objectives_of_every_kind_have_folds(optimizer: Any, kind: str, batch_size: Any) -> None:
    """What they measure of the rows they measure of those that a model sees."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(120, 6)) * np.arange(1.0, 7.0) + 3.0
    y, offset = np.sin(X[:, 0]), rng.normal(size=120) if kind == "offset" else None

    def make(weight: np.ndarray | None = None, alpha: float = 0.0) -> fastgd.LinearObjective:
        about = {"offset": offset, "sample_weight": weight, "alpha": alpha, "standardize": "standardize" in kind}
        return fastgd.LinearObjective(X, y, loss=of_ones_own if "own" in kind else "squared_error", **about)

    grid: dict[str, list[Any]] = {"alpha": [0.0, 0.5], "lr": ["auto", 1e-4]}
    found = fastgd.sweep(make(), grid=grid, cv=2, optimizer=optimizer, batch_size=batch_size, **COMMON)
    of_row = make_folds(make(), 2, COMMON["random_state"])
    for at, result in enumerate(found.results):
        single = make((of_row != at % 2).astype(float), grid["alpha"][at // 4])
        own = optimizer_of(optimizer, {"lr": grid["lr"][at // 2 % 2]})
        assert_same_bits(result, fastgd.minimize(single, optimizer=own, batch_size=batch_size, **COMMON))
        np.testing.assert_array_equal(result.jac, single.grad(result.x))


@pytest.mark.parametrize("batch_size", ["full", 50, 1])
@pytest.mark.parametrize(
    "optimizer", [SGD(), ASGD(), FTRL(), DoG(), SAGA(), SVRG()], ids=lambda one: type(one).__name__
)
def test_l1_and_schedules_vary_too(optimizer: Any, batch_size: Any) -> None:
    if batch_size == "full" and isinstance(optimizer, (SAGA, SVRG)):
        batch_size = 4000
    shared = objective_of("squared_error", alpha=0.1)
    optimizer.set_params(lr=Exponential(0.01, gamma=0.9))
    grid = {"lr__gamma": [0.9, 0.99], "l1_ratio": [0.0, 0.5, 1.0]}
    found = fastgd.sweep(shared, grid=grid, optimizer=optimizer, batch_size=batch_size, **COMMON)
    for setting, result in zip(settings_of(found), found.results, strict=True):
        single = objective_of("squared_error", alpha=0.1, l1_ratio=setting["l1_ratio"])
        own = optimizer_of(optimizer, setting)
        assert_same_bits(result, fastgd.minimize(single, optimizer=own, batch_size=batch_size, **COMMON))
    assert len(np.unique(found.x, axis=0)) == 6


def test_schedules_of_one_kind_and_functions_vary() -> None:
    shared = objective_of("log_loss")
    for rates in (
        [Exponential(0.1, 0.9), Exponential(0.01, 0.99)],
        [ReduceOnPlateau(1.0, patience=0), ReduceOnPlateau(5.0, factor=0.5, patience=0)],
        [lambda step: 0.1 / (1 + step), lambda step: 0.01],
    ):
        options = {"batch_size": 32, "max_epochs": 6, "tol": None}
        found = fastgd.sweep(shared, grid={"lr": rates}, **options)
        for lr, result in zip(rates, found.results, strict=True):
            assert_same_bits(result, fastgd.minimize(shared, optimizer=SGD(lr), **options))


@pytest.mark.parametrize("batch_size", ["full", 32])
def test_starts_vary(batch_size: Any) -> None:
    shared = objective_of("multinomial", np.float32)
    starts = np.random.default_rng(4).normal(size=(3, shared.n_params))
    grid = {"w0": starts, "momentum": [0.0, 0.5]}
    found = fastgd.sweep(shared, grid=grid, optimizer=SGD(0.1), batch_size=batch_size, cv=2, **COMMON)
    of_row = make_folds(shared, 2, COMMON["random_state"])
    for at, result in enumerate(found.results):
        single = objective_of("multinomial", np.float32, sample_weight=(of_row != at % 2).astype(float))
        own = SGD(0.1, momentum=[0.0, 0.5][at // 2 % 2])
        expected = fastgd.minimize(single, starts[at // 4], optimizer=own, batch_size=batch_size, **COMMON)
        assert_same_bits(result, expected)
    alike = fastgd.sweep(shared, starts[1], grid={"lr": [0.1]}, batch_size=batch_size, **COMMON)
    assert_same_bits(
        alike.best, fastgd.minimize(shared, starts[1], optimizer=SGD(0.1), batch_size=batch_size, **COMMON)
    )


class Anywhere(fastgd.FunctionObjective):
    """A bowl with random starts."""

    def __init__(self) -> None:
        super().__init__(lambda w: (float(w @ w), 2.0 * w), jac=True, n_params=2)

    def initial(self, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=2)


def test_seeds_vary_the_start() -> None:
    found = fastgd.sweep(Anywhere(), grid={"init_seed": range(4)}, optimizer=SGD(0.1), max_epochs=5)
    for seed, result in enumerate(found.results):
        assert_same_bits(result, fastgd.minimize(Anywhere(), init_seed=seed, optimizer=SGD(0.1), max_epochs=5))
    one = fastgd.sweep(Anywhere(), grid={"lr": [0.1]}, init_seed=3, max_epochs=5)
    assert_same_bits(one.best, found.results[3])


@pytest.mark.parametrize("batch_size", ["full", 32])
def test_models_end_one_by_one(batch_size: Any) -> None:
    """And those that go on do not notice."""
    shared = objective_of("log_loss")
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 60, "tol": 1e-3, "n_iter_no_change": 2}
    rates = [1e-3, 0.5, 1e-2, 0.1] if batch_size == "full" else [1e-4, 2e-2, 1e-3, 5e-3]
    found = fastgd.sweep(shared, grid={"lr": rates}, **options)
    assert len({result.n_epochs for result in found.results}) >= 3
    for lr, result in zip(rates, found.results, strict=True):
        assert_same_bits(result, fastgd.minimize(shared, optimizer=SGD(lr), **options))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "optimizer", [SGD(), SGD(momentum=0.9), Adam(), SVRG()], ids=["plain", "momentum", "adam", "svrg"]
)
def test_a_model_that_diverges_harms_no_other(optimizer: Any, dtype: Any) -> None:
    """Three epochs are less than it takes to give up, but all it did was go back."""
    shared = objective_of("squared_error", dtype)
    rates = [1e-4, 1e30, 1e-3]
    for batch_size in (32, 1) if isinstance(optimizer, SVRG) else ("full", 32, 1, 5000):
        found = fastgd.sweep(shared, grid={"lr": rates}, optimizer=optimizer, batch_size=batch_size, **COMMON)
        assert [result.status for result in found.results][::2] == ["max_epochs", "max_epochs"]
        for lr, result in zip(rates, found.results, strict=True):
            own = optimizer_of(optimizer, {"lr": lr})
            assert_same_bits(result, fastgd.minimize(shared, optimizer=own, batch_size=batch_size, **COMMON))
        assert found.best_params["lr"] != 1e30


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_threads_do_not_show(batch_size: Any) -> None:
    """Rows of 1400 columns are enough for seven."""
    shared = objective_of("log_loss", np.float32, (300, 1400))
    grid = {"lr": [1e-3, 1e-2], "alpha": [1e-3, 1e-1]}
    found = [
        fastgd.sweep(shared, grid=grid, cv=3, halving=True, batch_size=batch_size, n_threads=n, max_epochs=4, tol=None)
        for n in (1, 2, 7)
    ]
    for other in found[1:]:
        for result, expected in zip(other.results, found[0].results, strict=True):
            assert_same_bits(result, expected)
        np.testing.assert_array_equal(other.table["held_out"], found[0].table["held_out"])


# --------------------------------------------------------------------------------------------------------- folds


def test_folds_are_stratified_and_of_a_seed() -> None:
    shared = objective_of("multinomial")
    of_row = make_folds(shared, 4, 0)
    assert np.ptp(np.bincount(of_row, minlength=4)) == 0
    for k in range(3):
        assert np.ptp(np.bincount(of_row[shared._y == k], minlength=4)) <= 1
    np.testing.assert_array_equal(of_row, make_folds(objective_of("multinomial"), 4, 0))
    assert not np.array_equal(of_row, make_folds(shared, 4, 1))


def test_rows_of_weight_0_do_not_count_for_folds() -> None:
    """Else a fold might have nothing to be scored on."""
    weight = np.zeros(N)
    weight[::70] = 1.0
    shared = objective_of("squared_error", sample_weight=weight)
    assert np.bincount(make_folds(shared, 5, 0)[::70]).tolist() == [2] * 5
    found = fastgd.sweep(shared, grid={"lr": [0.01]}, cv=10, max_epochs=2)
    assert np.all(np.isfinite(found.table["held_out"]))
    with pytest.raises(ValueError, match="cv must be an integer from 2 to 10, got 11"):
        fastgd.sweep(shared, grid={"lr": [0.01]}, cv=11)


# ------------------------------------------------------------------------------------------------------- halving

RATES: list[tuple[Any, list[Any]]] = [
    (SGD(momentum=0.5), [1e-3, 1e-2, 1e-1, 0.3, 1.0]),
    (SGD(), [ReduceOnPlateau(lr, patience=0) for lr in (0.01, 0.1, 0.3, 1.0, 3.0)]),
    (Adam(), [1e-4, 1e-3, 1e-2, 0.1, 1.0]),
    (ASGD(), [1e-3, 1e-2, 1e-1, 0.3, 1.0]),
    (FTRL(), [1e-3, 1e-2, 1e-1, 0.3, 1.0]),
    (DoG(), [0.1, 0.3, 1.0, 2.0, 4.0]),
    (Prodigy(), [0.1, 0.3, 1.0, 2.0, 4.0]),
    (ScheduleFreeAdamW(), [1e-4, 1e-3, 1e-2, 0.1, 1.0]),
]


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("batch_size", ["full", 32])
@pytest.mark.parametrize("optimizer, rates", RATES, ids=lambda one: type(one).__name__)
def test_halving_drops_the_worst_and_spares_the_bits_of_the_others(
    optimizer: Any, rates: list[Any], batch_size: Any, cv: Any
) -> None:
    """Ten configurations: four stay after one epoch, two after three, one after nine."""
    shared = objective_of("log_loss", np.float32)
    grid = {"lr": rates, "alpha": [1e-4, 1e-1]}
    common = {"optimizer": optimizer, "cv": cv, "batch_size": batch_size, "tol": None}
    halved = fastgd.sweep(shared, grid=grid, halving=True, max_epochs=27, **common)
    full = fastgd.sweep(shared, grid=grid, max_epochs=27, **common)
    k = cv or 1
    alive = np.arange(10)
    for n_epochs, n_kept in ((1, 4), (3, 2), (9, 1)):
        part = fastgd.sweep(shared, grid=grid, max_epochs=n_epochs, **common)
        score = part.fun if cv is None else part.table["held_out"]
        kept = alive[np.argsort(score.reshape(10, k).mean(axis=1)[alive], kind="stable")[:n_kept]]
        for dropped in set(alive) - set(kept):
            for at in range(dropped * k, dropped * k + k):
                found, expected = halved.results[at], part.results[at]
                assert (found.status, found.success) == ("dropped", False)
                assert f"was dropped by halving ({n_epochs} epoch" in found.message
                found.status = "max_epochs"
                found.success = True
                assert_same_bits(found, expected)
        alive = np.sort(kept)
    for at in range(alive[0] * k, alive[0] * k + k):
        assert_same_bits(halved.results[at], full.results[at])


@pytest.mark.parametrize(
    "rates, statuses, n_restarts",
    [
        ([1e3, 2e3, 3e3], ["max_epochs", "dropped", "dropped"], 3),
        ([2.5, 3.0, 3.5], ["diverged", "diverged", "max_epochs"], 1),
    ],
)
def test_a_model_that_diverged_on_the_way_goes_on_after_a_rung(
    rates: list[float], statuses: list[str], n_restarts: int
) -> None:
    shared = objective_of("squared_error")
    common: dict[str, Any] = {"batch_size": "full", "tol": None, "max_epochs": 24}
    halved, full = (fastgd.sweep(shared, grid={"lr": rates}, halving=on, **common) for on in (True, False))
    assert [result.status for result in halved.results] == statuses
    kept = statuses.index("max_epochs")
    assert f"diverged {n_restarts}x on the way, lr fell to a tenth" in halved.results[kept].message
    assert_same_bits(halved.results[kept], full.results[kept])


def trap(w: np.ndarray) -> tuple[float, np.ndarray]:
    """Below 0 it is low, but leads nowhere."""
    if w[0] > 0.0:
        return 10.0 + (w[0] - 3.0) ** 2, 2.0 * (w - 3.0)
    return (1.0, np.array([1e300])) if w[0] > -2.0 else (np.nan, w)


def test_what_diverged_is_the_first_to_go() -> None:
    objective = fastgd.FunctionObjective(trap, jac=True)
    starts = [[-1.0], [5.0], [1.5]]
    found = fastgd.sweep(objective, grid={"w0": starts}, optimizer=SGD(0.01), max_epochs=18, halving=True, tol=None)
    assert [result.status for result in found.results] == ["diverged", "dropped", "max_epochs"]
    assert found.fun[0] < found.fun[2]
    assert found.best is found.results[2]


def test_where_all_diverge_the_best_is_the_lowest() -> None:
    objective = fastgd.FunctionObjective(lambda w: (1e3 * float(w @ w), 2e3 * w), jac=True)
    found = fastgd.sweep(
        objective, grid={"w0": [[3.0], [1.0], [2.0]]}, optimizer=SGD(1e30), max_epochs=90, halving=True
    )
    assert {result.status for result in found.results} == {"diverged"}
    assert found.best.fun == 1e3


def test_halving_of_few_epochs_or_one_configuration_is_none() -> None:
    shared = objective_of("log_loss")
    for grid, max_epochs in (({"lr": [0.1, 1.0]}, 1), ({"lr": [0.1]}, 9)):
        found, full = (fastgd.sweep(shared, grid=grid, max_epochs=max_epochs, halving=on) for on in (True, False))
        for result, expected in zip(found.results, full.results, strict=True):
            assert_same_bits(result, expected)


def test_models_that_have_converged_stay_as_they_are() -> None:
    shared = objective_of("log_loss")
    options: dict[str, Any] = {"batch_size": 32, "max_epochs": 60, "tol": 0.1, "n_iter_no_change": 1}
    rates = [0.5, 0.1, 1e-4, 2.0]
    found = fastgd.sweep(shared, grid={"lr": rates}, halving=True, **options)
    full = fastgd.sweep(shared, grid={"lr": rates}, **options)
    converged = [at for at, result in enumerate(found.results) if result.status == "converged"]
    assert len(converged) >= 2
    for at in converged:
        assert_same_bits(found.results[at], full.results[at])


def test_polyak_rates_know_the_model() -> None:
    shared = objective_of("squared_error")
    found = fastgd.sweep(shared, grid={"alpha": [1e-3, 1e-1]}, optimizer=PolyakSGD(), batch_size=50, **COMMON)
    for alpha, result in zip([1e-3, 1e-1], found.results, strict=True):
        single = objective_of("squared_error", alpha=alpha)
        assert_same_bits(result, fastgd.minimize(single, optimizer=PolyakSGD(), batch_size=50, **COMMON))


def test_a_model_that_diverges_beside_others_counts_the_steps_that_it_makes_alone() -> None:
    """Also where it has nothing finite left long before the others' epoch ends."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3))
    objective = fastgd.LinearObjective(X, X[:, 0], loss="squared_error")
    options: dict[str, Any] = {"batch_size": 32, "max_epochs": 2, "tol": None}
    found = fastgd.sweep(objective, grid={"lr": [1e-3, 1e9]}, **options)
    for at, lr in enumerate((1e-3, 1e9)):
        assert_same_bits(found.results[at], fastgd.minimize(objective, optimizer=SGD(lr), **options))
    assert found.results[1].status == "diverged"
