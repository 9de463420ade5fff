"""What a caller of a sweep sees: tables, the best, and ends before the end."""

from __future__ import annotations

import copy
import pickle
import sys
import time
import types
from typing import Any

import numpy as np
import pandas as pd
import pytest
from _known_minima import KNOWN_MINIMA, himmelblau
from _rounding import EPS64
from _sweeps import N, assert_same_bits, objective_of

import fastgd
from fastgd._folds import make_folds
from fastgd.optimizers import LBFGS, SGD, Adam
from fastgd.schedules import Exponential

COMMON: dict[str, Any] = {"max_epochs": 3, "tol": None, "batch_size": 32}


# -------------------------------------------------------------------------------------------------------- tables


def test_a_row_a_model() -> None:
    shared = objective_of("log_loss")
    found = fastgd.sweep(shared, grid={"lr": [0.01, 0.3], "nesterov": [False]}, optimizer=SGD(momentum=0.5), **COMMON)
    table = pd.DataFrame(found.table)
    assert list(table.columns) == ["lr", "nesterov", "fun", "grad_norm", "n_epochs", "status"]
    assert table.lr.tolist() == [0.01, 0.3]
    kinds = [column.dtype.kind for column in found.table.values()]
    assert kinds == ["f", "b", "f", "f", "i", "U"]
    assert table.status.tolist() == ["max_epochs"] * 2
    assert table.fun.tolist() == found.fun.tolist() == [result.fun for result in found.results]
    assert found.scores is None
    assert (len(found), found.x.shape, found.x.dtype, found.fun.dtype) == (2, (2, 22), np.float64, np.float64)
    for row, result in zip(found.x, found.results, strict=True):
        np.testing.assert_array_equal(row, result.x)
    lines = repr(found).splitlines()
    assert lines[0].split() == list(table.columns)
    assert lines[1].split()[:3] == ["0.01", "False", f"{found.fun[0]:.6g}"]
    assert len({len(line) for line in lines[:-1]}) == 1
    assert lines[-1] == f"best: lr={found.best_params['lr']:g}, nesterov=False"
    assert found.best is found.results[int(np.argmin(found.fun))]


def test_a_row_a_configuration_where_folds_were_held_out() -> None:
    shared = objective_of("log_loss")
    found = fastgd.sweep(shared, grid={"lr": [0.01, 0.3], "alpha": [1e-3, 1.0]}, cv=3, **COMMON)
    table = pd.DataFrame(found.table)
    assert list(table.columns) == ["lr", "alpha", "fold", "held_out", "fun", "grad_norm", "n_epochs", "status"]
    assert table.fold.tolist() == [0, 1, 2] * 4
    assert found.scores is not None
    scores = pd.DataFrame(found.scores)
    assert list(scores.columns) == ["lr", "alpha", "mean", "std", "rank", "status"]
    by_setting = table.groupby(["lr", "alpha"]).held_out
    np.testing.assert_allclose(scores["mean"], by_setting.mean().to_numpy())
    np.testing.assert_allclose(scores["std"], by_setting.std(ddof=0).to_numpy())
    np.testing.assert_array_equal(scores["rank"], scores["mean"].rank())
    assert scores.status.tolist() == ["max_epochs"] * 4
    best = by_setting.mean().idxmin()
    assert found.best_params == {"lr": best[0], "alpha": best[1]}
    refit = objective_of("log_loss", alpha=best[1])
    assert_same_bits(found.best, fastgd.minimize(refit, optimizer=SGD(best[0]), **COMMON))
    assert found.best is found.best
    lines = repr(found).splitlines()
    assert lines[0].split() == list(scores.columns)
    assert (len(lines), lines[-1]) == (6, f"best: lr={best[0]:g}, alpha={best[1]:g}")


def test_the_best_has_the_rate_of_all_rows() -> None:
    shared = objective_of("squared_error")
    found = fastgd.sweep(shared, grid={"alpha": [1e-3, 1.0]}, cv=3, **COMMON)
    single = fastgd.minimize(objective_of("squared_error", alpha=found.best_params["alpha"]), **COMMON)
    assert_same_bits(found.best, single)
    assert found.best.lr_reason != found.results[0].lr_reason != ""


def test_values_of_any_kind_have_a_column() -> None:
    shared = objective_of("log_loss")
    pairs = [(0.9, 0.99), (0.5, 0.9)]
    for key, values, optimizer in (
        ("betas", pairs, Adam(0.01)),
        ("lr", ["auto", 0.1], SGD()),
        ("lr", [Exponential(0.1, 0.9), Exponential(0.2, 0.9)], SGD()),
        ("w0", np.eye(2, 22).tolist(), SGD(0.1)),
    ):
        found = fastgd.sweep(shared, grid={key: values}, optimizer=optimizer, **COMMON)
        column = pd.DataFrame(found.table)[key]
        assert column.dtype == object
        assert [np.array_equal(a, b) if key == "w0" else a == b for a, b in zip(column, values, strict=True)] == [
            True
        ] * 2
        assert repr(found).splitlines()[-1].startswith(f"best: {key}=")
    found = fastgd.sweep(shared, grid={"lr": np.logspace(-3, -1, 3)}, **COMMON)
    assert type(found.best_params["lr"]) is float
    assert found.table["lr"].tolist() == np.logspace(-3, -1, 3).tolist()


def test_long_tables_are_cut() -> None:
    lines = repr(fastgd.sweep(objective_of("log_loss"), grid={"lr": np.linspace(0.01, 1, 30)}, **COMMON)).splitlines()
    assert (len(lines), lines[21]) == (23, "... and 10 more")


def test_what_was_dropped_or_diverged_ranks_last() -> None:
    """Though the lowest mean may be its, as here, where all rates fit the noise in the end."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 21))
    few = fastgd.LinearObjective(X, X[:, 0] + 2.0 * rng.normal(size=30), loss="squared_error")
    found = fastgd.sweep(few, grid={"lr": [0.1, 0.02, 0.05]}, cv=3, halving=True, max_epochs=60, tol=None)
    assert found.scores is not None
    assert found.scores["status"].tolist() == ["dropped", "max_epochs", "dropped"]
    assert found.scores["rank"].tolist() == [3, 1, 2]
    assert found.scores["mean"][1] > found.scores["mean"][2]
    assert found.best_params == {"lr": 0.02}
    shared = objective_of("squared_error")
    steep = fastgd.sweep(shared, np.full(22, 1.0), grid={"lr": [1e20, 1e-9]}, cv=2, max_epochs=40, tol=None)
    assert steep.scores is not None
    assert steep.scores["status"].tolist() == ["diverged", "max_epochs"]
    assert steep.scores["rank"].tolist() == [2, 1]


def test_losses_on_held_out_rows_may_be_infinite() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    X[17] = 3e38
    found = fastgd.sweep(fastgd.LinearObjective(X, X[:, 0], loss="squared_error"), grid={"lr": [0.1]}, cv=3)
    assert found.scores is not None
    assert found.scores["mean"][0] == np.inf
    assert "inf" in repr(found)


def test_results_are_of_their_own_objective() -> None:
    shared = objective_of("squared_error")
    found = fastgd.sweep(shared, grid={"alpha": [0.1, 2.0]}, cv=2, **COMMON)
    of_row = make_folds(shared, 2, 0)
    for at, result in enumerate(found.results):
        weight = (of_row != at % 2).astype(float)
        single = objective_of("squared_error", alpha=[0.1, 2.0][at // 2], sample_weight=weight)
        np.testing.assert_array_equal(result.jac, single.grad(result.x))
        assert result.gap == single.duality_gap(result.x) < np.inf
        assert result.fun == pytest.approx(single.value(result.x), rel=1e-12)
        assert result.grad_norm == pytest.approx(np.linalg.norm(result.jac), rel=1e-9)
    single = objective_of("squared_error", alpha=found.best_params["alpha"])
    np.testing.assert_array_equal(found.best.jac, single.grad(found.best.x))


@pytest.mark.parametrize("cv", [None, 3])
def test_they_travel(cv: Any) -> None:
    found = fastgd.sweep(objective_of("log_loss"), grid={"lr": [0.01, 0.3]}, cv=cv, **COMMON)
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert repr(other) == repr(found)
        assert_same_bits(other.best, found.best)
        np.testing.assert_array_equal(other.x, found.x)
        np.testing.assert_array_equal(other.results[1].jac, found.results[1].jac)


# --------------------------------------------------------------------------------------------------- many starts


def of_many(fun_and_grad: Any) -> Any:
    """The same function of one row of parameters a model."""
    return lambda w: tuple(map(np.array, zip(*map(fun_and_grad, w), strict=True)))


@pytest.mark.parametrize("optimizer", [SGD(0.01), Adam(0.1), LBFGS()], ids=lambda one: type(one).__name__)
def test_many_starts_find_many_minima(optimizer: Any) -> None:
    starts = [[4.0, 4.0], [-4.0, 4.0], [-4.0, -4.0], [4.0, -4.0]]
    common: dict[str, Any] = {"optimizer": optimizer, "max_epochs": 400, "tol": None}
    by_batch = {}
    for batched in (False, True):
        function = of_many(himmelblau) if batched else himmelblau
        objective = fastgd.FunctionObjective(function, jac=True, n_params=2, batched=batched)
        found = by_batch[batched] = fastgd.sweep(objective, grid={"w0": starts}, **common)
        assert np.all(found.fun < 1e-12)
        assert len(np.unique(found.x.round(3), axis=0)) == 4
        for start, result in zip(starts, found.results, strict=True):
            assert_same_bits(result, fastgd.minimize(objective, start, **common))
    for one, other in zip(by_batch[False].results, by_batch[True].results, strict=True):
        assert_same_bits(one, other)


def test_the_best_of_many_starts_is_global() -> None:
    """Of Styblinski and Tang's four minima, one is."""
    known = KNOWN_MINIMA["Styblinski-Tang"]
    objective = fastgd.FunctionObjective(of_many(known.fun_and_grad), jac=True, batched=True)
    starts = np.random.default_rng(0).uniform(-4.0, 4.0, (32, 2))
    for halving in (False, True):
        # With a second derivative of 34.6 there, a step leaves two thirds of the way: rounding is what is left.
        options = {"optimizer": SGD(0.01), "max_epochs": 300, "tol": None, "halving": halving}
        found = fastgd.sweep(objective, grid={"w0": starts}, **options)
        assert found.best.fun == pytest.approx(known.minimum, rel=4.0 * EPS64)
        assert found.fun.max() > -70.0
        np.testing.assert_array_equal(found.best_params["w0"], starts[found.results.index(found.best)])


# ---------------------------------------------------------------------------------------------- ends before the end


def slow(w: np.ndarray) -> Any:
    time.sleep(0.005)
    return (w**2).sum(axis=-1), 2.0 * w


SLOW: dict[str, Any] = {"grid": {"w0": np.arange(1.0, 10.0)[:, None]}, "optimizer": SGD(1e-3), "tol": None}


def test_seconds_go_on_from_rung_to_rung() -> None:
    objective = fastgd.FunctionObjective(slow, jac=True, batched=True)
    found = fastgd.sweep(objective, halving=True, max_epochs=27, **SLOW)
    assert [result.n_epochs for result in found.results] == [27, 9, 9, 3, 3, 3, 3, 3, 3]
    seconds = found.best.history.seconds
    assert np.all(seconds >= 0.005 * np.arange(1, 28))
    np.testing.assert_array_equal(found.best.history.epoch, np.arange(27))


def test_the_time_limit_is_that_of_all_rungs() -> None:
    """All 60 epochs sleep for 0.3 s, the last rung for 0.2 s."""
    objective = fastgd.FunctionObjective(slow, jac=True, batched=True)
    found = fastgd.sweep(objective, halving=True, max_epochs=60, time_limit=0.25, **SLOW)
    assert found.best.status == "time_limit"
    assert "reached its time limit of 0.25 s" in found.best.message
    assert found.best.n_epochs < 60


class Bar:
    """Stands in for tqdm's bar, and may interrupt."""

    made: Bar
    interrupts_at: int | None = None

    def __init__(self, total: int, unit: str) -> None:
        self.total, self.count, self.closed, self.texts = total, 0, False, []
        Bar.made = self

    def update(self, n: int) -> None:
        self.count += n
        if self.count == self.interrupts_at:
            raise KeyboardInterrupt

    def set_postfix(self, refresh: bool, **values: str) -> None:
        self.texts.append(values)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> type[Bar]:
    module = types.ModuleType("tqdm")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", module)
    return Bar


def test_one_bar_shows_all_rungs(bar: type[Bar]) -> None:
    grid = {"lr": [1e-3, 0.1, 1e-2]}
    found = fastgd.sweep(objective_of("log_loss"), grid=grid, halving=True, max_epochs=9, tol=None, progress=True)
    assert (bar.made.total, bar.made.count, bar.made.closed) == (9, 9, True)
    assert bar.made.texts[0] == {"models": "3", "lowest_loss": f"{found.results[0].history.loss[0]:.6g}"}
    assert bar.made.texts[-1]["loss"] == f"{found.best.history.loss[-1]:.6g}"


def test_what_a_bar_shows_has_been_evaluated(bar: type[Bar]) -> None:
    """Models that searches along lines have brought to their minimum are no longer evaluated, while others go on."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(60, 2)), rng.normal(size=(40, 2)) * 0.5 + 4.0])
    grid = {"init_seed": range(6)}
    mixture = fastgd.GaussianMixtureObjective(rows, 2)
    found = fastgd.sweep(mixture, grid=grid, optimizer="lbfgs", progress=True)
    assert len({result.n_epochs for result in found.results}) > 1
    shown = [float(text["lowest_loss"]) for text in bar.made.texts if "lowest_loss" in text]
    assert min(shown) >= min(result.fun for result in found.results) - 1e-5


def swept(**options: Any) -> fastgd.SweepResult:
    """A sweep that is interrupted; an interruption that leaves it would end the tests."""
    try:
        return fastgd.sweep(objective_of("log_loss"), grid={"lr": [1e-3, 0.1, 1e-2]}, tol=None, max_epochs=9, **options)
    except KeyboardInterrupt:
        pytest.fail("sweep raised KeyboardInterrupt in place of returning its result")


@pytest.mark.parametrize("epoch", [1, 3, 5])
@pytest.mark.parametrize("halving", [False, True])
def test_an_interruption_ends_the_sweep_with_what_there_is(
    bar: type[Bar], monkeypatch: pytest.MonkeyPatch, epoch: int, halving: bool
) -> None:
    """At the end of the third epoch, too, after which one of three models would go on."""
    monkeypatch.setattr(bar, "interrupts_at", epoch)
    found = swept(progress=True, halving=halving)
    assert bar.made.closed
    first = [result for result in found.results if result.status != "dropped"]
    assert {(result.status, result.n_epochs) for result in first} == {("interrupted", epoch)}
    assert len(first) == (1 if halving and epoch == 5 else 3)
    assert found.best.status == "interrupted"


def test_an_interruption_between_epochs_too() -> None:
    def order(epoch: int) -> range:
        if epoch == 4:
            raise KeyboardInterrupt
        return range(N)

    found = swept(halving=True, batch_size=32, order=order)
    assert sorted(result.status for result in found.results) == ["dropped", "dropped", "interrupted"]
    assert found.best.n_epochs == 4


def test_an_interruption_of_a_range_test_is_passed_on() -> None:
    """There is no result yet."""
    calls = 0

    def fun(w: np.ndarray) -> Any:
        nonlocal calls
        calls += 1
        if calls == 50:
            raise KeyboardInterrupt
        return float(w @ w), 2.0 * w

    objective = fastgd.FunctionObjective(fun, jac=True)
    for run in (fastgd.minimize, fastgd.find_lr):
        calls = 0
        try:
            run(objective, [1.0, 2.0], optimizer="adam")
        except KeyboardInterrupt:
            continue
        pytest.fail("the interruption was lost")
