"""What `fastgd.trace` shows of a descent, on every kind of objective, and where it ends."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from typing import Any

import _parity
import _rounding
import numpy as np
import pytest
from _rounding import EPS64, EVALUATION
from _schedules import EACH, PLATEAUS, by_epoch
from sklearn.datasets import load_breast_cancer, load_diabetes
from test_restarts import data as restarting_data

import fastgd
from fastgd import _trace, reference
from fastgd.optimizers import SGD, SVRG, Adam, AdamW, BarzilaiBorwein, PolyakSGD, ScheduleFreeSGD
from fastgd.schedules import InverseScaling, Schedule, Warmup

N_ROWS = 45


def linear(**options: Any) -> fastgd.LinearObjective:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N_ROWS, 6))
    y = X @ rng.normal(size=6) + 0.5 + 0.1 * rng.normal(size=N_ROWS)
    return fastgd.LinearObjective(X, y, **{"loss": "squared_error", **options})


def network(**options: Any) -> fastgd.MLPObjective:
    rng = np.random.default_rng(6)
    X, weight = rng.normal(size=(N_ROWS, 4)), rng.choice([0.0, 1.0, 2.0], N_ROWS)
    y = (np.prod(X[:, :2], axis=1) > 0.0).astype(int)
    about = {"hidden_layer_sizes": (5, 3), "activation": "tanh", "sample_weight": weight, "alpha": 0.1}
    return fastgd.MLPObjective(X, y, **{**about, **options})


def close(found: Any, expected: Any, n_steps: int) -> None:
    """Equal but for the rounding of so many steps, each a few operations on sums over the rows."""
    rounding = _rounding.walk(N_ROWS) * EVALUATION * EPS64 * n_steps
    np.testing.assert_allclose(found, expected, rtol=rounding, atol=rounding * float(np.max(np.abs(expected))))


def ends_as_minimize(objective: Any, w0: Any = None, **options: Any) -> tuple[list[fastgd.TraceStep], fastgd.Result]:
    """The steps, the last of which is where `minimize` ends after as many."""
    steps = list(fastgd.trace(objective, w0, **options))
    found = fastgd.minimize(objective, w0, **options)
    assert (len(steps), steps[-1].epoch + 1) == (found.n_steps, found.n_epochs)
    ends = [steps[end - 1] for end in found.history.step]
    np.testing.assert_allclose([step.lr for step in ends], found.history.lr, rtol=EVALUATION * EPS64)
    return steps, found


# ---- what a step tells


def test_an_epoch_visits_each_row_once_and_single_rows_fluctuate() -> None:
    """On real data: what a step sees of one row says little of the others, while batches of all fall steadily."""
    X, y = load_breast_cancer(return_X_y=True)
    objective = fastgd.LinearObjective(X, y, loss="log_loss", alpha=1e-3, standardize=True)
    by_rows = list(fastgd.trace(objective, batch_size=1, max_epochs=3, tol=None))
    for epoch in range(3):
        visited = [step.rows for step in by_rows if step.epoch == epoch]
        assert {len(rows) for rows in visited} == {1}
        assert np.sort(np.concatenate(visited)).tolist() == [*range(len(X))]
    batches = [
        list(fastgd.trace(objective, optimizer=SGD(0.05), batch_size=size, max_epochs=2, tol=None)) for size in (32, 8)
    ]
    assert [[len(step.rows) for step in steps[:20]] for steps in batches] == [[32] * 17 + [25] + [32] * 2, [8] * 20]
    full = [step.loss for step in fastgd.trace(objective, optimizer=SGD(0.05), max_epochs=50, tol=None)]
    assert np.all(np.diff(full) < 0.0)
    last = [step.loss for step in by_rows if step.epoch == 2]
    assert np.std(last) > np.mean(last), "the loss of single rows varies by more than what it is on the whole"
    assert np.count_nonzero(np.diff(last) > 0.0) > 0.4 * len(last)
    assert np.count_nonzero([step.actual_decrease > 0.0 for step in by_rows]) == len(by_rows)


@pytest.mark.parametrize("batch_size", ["full", 64])
def test_a_short_step_brings_half_of_what_the_slope_promises(batch_size: Any) -> None:
    """Below 1/L, and all of it as the rate goes to 0; above 2/L of a quadratic it brings less than nothing."""
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    for loss, bend in (("squared_error", 1.0), ("log_loss", 0.25)):
        y = y if loss == "squared_error" else y > np.median(y)
        objective = fastgd.LinearObjective(X, y, loss=loss, fit_intercept=False)
        common: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3, "tol": None}
        largest = [
            bend * np.linalg.eigvalsh(X[step.rows].T @ X[step.rows] / len(step.rows))[-1]
            for step in fastgd.trace(objective, **common)
        ]
        smooth = max(largest)
        for part in (0.99, 0.5, 1e-3):
            for step in fastgd.trace(objective, optimizer=SGD(part / smooth), **common):
                assert step.predicted_decrease == pytest.approx(step.lr * step.gradient @ step.gradient, rel=1e-12)
                rounding = EVALUATION * EPS64 * step.loss
                least = (1.0 - 0.5 * part) * step.predicted_decrease
                assert least - rounding <= step.actual_decrease <= step.predicted_decrease + rounding
        if loss == "squared_error":
            # Along the steepest direction alone.
            first = np.linalg.eigh(X.T @ X)[1][:, -1] * 1e3
            step = next(fastgd.trace(objective, first, optimizer=SGD(2.5 / smooth)))
            assert batch_size != "full" or step.actual_decrease < 0.0 < step.predicted_decrease


@pytest.mark.parametrize("storage", _parity.DTYPES)
@pytest.mark.parametrize("standardize", [False, True])
def test_losses_and_gradients_are_those_of_the_objective(storage: str, standardize: bool, tmp_path: Any) -> None:
    """On every storage, to the bit where nothing is added to them."""
    case = {"storage": storage, "loss": ("log_loss", ()), "weight": "positive", "n_rows": N_ROWS, "columns": "N+1"}
    about = {"outputs": "one", "layout": "plain", "fit_intercept": True, "offset": True, "penalty": "none"}
    objective = _parity.make_problem({**case, **about, "rows": "all"}, tmp_path).objective
    if standardize:
        X, y, weight = objective._matrix.source, objective._y, objective._weight
        objective = fastgd.LinearObjective(X, y, sample_weight=weight, standardize=True)
    for batch_size in (7, "full"):
        for step in fastgd.trace(objective, optimizer=SGD(1e-3), batch_size=batch_size, max_epochs=2, tol=None):
            rows = None if batch_size == "full" else step.rows
            value, gradient = objective.value_and_grad(step.w, rows)
            np.testing.assert_array_equal(step.gradient, gradient)
            assert step.loss == pytest.approx(value, rel=4 * EPS64)
            after = objective.value(step.w + step.update, rows)
            assert step.actual_decrease == pytest.approx(value - after, abs=16 * EPS64 * max(value, after))


def test_an_l1_norm_is_no_part_of_the_gradient_but_of_both_decreases() -> None:
    objective = linear(alpha=0.5, l1_ratio=0.75)
    smooth = linear(alpha=0.125, l1_ratio=0.0)
    zeros = 0
    for step in fastgd.trace(objective, optimizer=SGD(0.1), max_epochs=40, tol=None):
        close(step.gradient, smooth.grad(step.w), 1)
        assert step.loss == pytest.approx(objective.value(step.w), rel=8 * EPS64)
        assert step.actual_decrease <= step.predicted_decrease + 8 * EPS64
        zeros += np.count_nonzero(step.x == 0.0)
    assert zeros > 0
    assert step.predicted_decrease < 1e-3 * step.loss


def test_arrays_are_the_callers_own_and_a_trace_may_be_left() -> None:
    objective = linear(alpha=0.1)
    for optimizer, batch_size in ((BarzilaiBorwein(0.1), "full"), (ScheduleFreeSGD(0.1), 7), (SVRG(0.01), 5)):
        w0, order = np.ones(objective.n_params), np.arange(N_ROWS)[::-1].copy()
        options: dict[str, Any] = {"optimizer": optimizer, "batch_size": batch_size, "max_epochs": 6, "tol": None}
        options["order"] = None if batch_size == "full" else order
        expected = [(step.x, step.loss) for step in fastgd.trace(objective, w0, **options)]
        steps = fastgd.trace(objective, w0, **options)
        w0[:], order[:] = np.nan, 0
        for step, (x, loss) in zip(steps, expected, strict=True):
            np.testing.assert_array_equal(step.x, x)
            assert step.loss == loss
            for array in (step.w, step.gradient, step.update, step.x, step.rows):
                array[:] = 0
    steps = fastgd.trace(objective, batch_size=1)
    next(steps)
    steps.close()
    assert next(steps, None) is None


def test_a_step_prints_its_numbers() -> None:
    step = next(fastgd.trace(linear(), optimizer=SGD(0.25)))
    told = dict(re.findall(r"([|\w]+)=(\[[^]]*\]|[^,)]+)", repr(step)))
    assert told["rows"] == "[ 0,  1,  2, ..., 42, 43, 44]"
    assert (told["epoch"], told["step"], told["lr"]) == ("0", "0", "0.25")
    for name, value in (("loss", step.loss), ("actual_decrease", step.actual_decrease)):
        assert float(told[name]) == pytest.approx(value, rel=1e-2)
    assert float(told["|update|"]) == pytest.approx(np.linalg.norm(step.update), rel=1e-2)
    assert "restart" not in told


def test_the_example_in_its_documentation_runs() -> None:
    found = doctest.testmod(_trace)
    assert (found.failed, found.attempted > 0) == (0, True)


def test_the_twin_is_loaded_by_those_only_who_trace() -> None:
    program = "import sys, fastgd; fastgd.trace; print('fastgd.reference' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


# ---- where it ends


@pytest.mark.parametrize("batch_size", ["full", 7, 1])
def test_steps_that_a_divergence_undoes_are_seen_and_counted(batch_size: Any) -> None:
    X, y, weight = restarting_data()
    objective = fastgd.LinearObjective(X, y, loss="squared_error", alpha=0.01, sample_weight=weight)
    lr = InverseScaling({"full": 2.0, 7: 2.5, 1: 1.5}[batch_size], 0.125)
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 40, "tol": None}
    steps, found = ends_as_minimize(objective, optimizer=SGD(lr), **options)
    close(steps[-1].x, found.x, found.n_steps)
    restarts = np.array([step.restart for step in steps])
    assert np.all(np.diff(restarts) >= 0)
    assert restarts[-1] >= 1
    for back in np.flatnonzero(np.diff(restarts)) + 1:
        undone = next(i for i in range(back) if steps[i].step == steps[back].step)
        assert steps[undone].epoch < steps[back].epoch
        np.testing.assert_array_equal(steps[back].w, steps[undone].w)
        factor = 0.1 ** (restarts[back] - restarts[undone])
        assert steps[back].lr == pytest.approx(factor * steps[undone].lr, rel=4 * EPS64)


def test_a_run_that_can_only_diverge_ends_and_warns_nobody() -> None:
    """Also where scores are not finite any more, and without a change of NumPy's error handling."""
    before = np.geterr()
    for objective in (linear(), network()):
        steps = []
        for step in fastgd.trace(objective, optimizer=SGD(1e200), batch_size=9, max_epochs=50, tol=None):
            assert np.geterr() == before
            steps.append(step)
        found = fastgd.minimize(objective, optimizer=SGD(1e200), batch_size=9, max_epochs=50, tol=None)
        assert (found.status, found.n_steps, steps[-1].restart) == ("diverged", len(steps), 3)
        assert any(np.isnan(step.loss) for step in steps)


@pytest.mark.parametrize(
    "optimizer", ["sgd", SGD(momentum=0.5), "saga", "barzilai_borwein", "adam", "prodigy"], ids=str
)
@pytest.mark.parametrize("kind", ["linear", "network"])
def test_rates_are_chosen_as_by_minimize(kind: str, optimizer: Any) -> None:
    batch_size = {"saga": 5, "barzilai_borwein": "full"}.get(str(optimizer))
    if (kind, optimizer) == ("network", "saga"):
        optimizer = "asgd"
    objective = linear(alpha=0.01) if kind == "linear" else network()
    for size in ("full", 16) if batch_size is None else (batch_size,):
        steps, found = ends_as_minimize(objective, optimizer=optimizer, batch_size=size, max_epochs=8, tol=None)
        if optimizer != "barzilai_borwein" and not (optimizer == "sgd" and size == "full" and kind == "linear"):
            np.testing.assert_allclose(steps[-1].x, found.x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("schedule", [*EACH, *PLATEAUS, Warmup(PLATEAUS[4], 4, unit="step"), lambda t: 0.3 / (t + 2)])
@pytest.mark.parametrize("unit", ["step", "epoch"])
def test_rates_of_every_schedule_are_those_of_minimize(schedule: Any, unit: str) -> None:
    """Those that look at losses see steps that bring nothing, from the minimum on."""
    objective = fastgd.LinearObjective(
        [[0.25], [0.25], [0.25]], [1.0, 2.0, 3.0], loss="squared_error", fit_intercept=False
    )
    if unit == "epoch" and isinstance(schedule, Schedule):
        schedule = by_epoch(schedule)
    steps, found = ends_as_minimize(
        objective, optimizer=SGD(schedule), batch_size=2, max_epochs=40, tol=None, shuffle=False
    )
    assert steps[-1].restart == 0
    close(steps[-1].x, found.x, found.n_steps)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("batch_size", ["full", 7, 1])
@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.5), AdamW(0.01, weight_decay=0.5)], ids=str)
def test_networks_with_the_units_that_each_step_keeps(optimizer: Any, batch_size: Any, dropout: float) -> None:
    objective = network(dropout=dropout)
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3, "tol": None, "init_seed": 4}
    steps, found = ends_as_minimize(objective, optimizer=optimizer, **options)
    close(steps[-1].x, found.x, found.n_steps)
    np.testing.assert_array_equal(steps[0].w, objective.initial(4))
    if batch_size == "full":
        for step in steps:
            keeps = {"dropout_step": step.step, "init_seed": 4}
            value, gradient = objective.value_and_grad(step.w, **keeps)
            after, _ = objective.value_and_grad(step.w + step.update, **keeps)
            close(step.gradient, gradient, 1)
            assert step.loss == pytest.approx(value, rel=16 * EPS64)
            assert step.actual_decrease == pytest.approx(value - after, abs=64 * EPS64 * value)


def test_functions_with_and_without_terms() -> None:
    targets = np.random.default_rng(1).normal(size=(12, 3))
    calls = []

    def mean_distance(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(rows)
        apart = w - targets[rows]
        return 0.5 * float(np.mean(np.sum(apart**2, axis=1))), apart.mean(axis=0)

    terms = fastgd.FunctionObjective(mean_distance, jac=True, n_params=3, n_samples=12)
    for optimizer in (SGD(0.2), Adam(0.1), AdamW(0.1, weight_decay=0.1), PolyakSGD(0.5)):
        steps, found = ends_as_minimize(terms, optimizer=optimizer, batch_size=5, max_epochs=4, tol=None)
        close(steps[-1].x, found.x, found.n_steps)
    calls.clear()
    for step in fastgd.trace(terms, optimizer=SGD(0.2), batch_size=5, max_epochs=1):
        assert [rows.tolist() for rows in calls] == [step.rows.tolist()] * 2, "before the step and after it"
        assert step.loss == terms.value(step.w, step.rows)
        calls.clear()

    def saddle(w: np.ndarray) -> tuple[float, np.ndarray]:
        return float(w[0] ** 2 - w[1] ** 2), np.array([2.0 * w[0], -2.0 * w[1]])

    whole = fastgd.FunctionObjective(saddle, jac=True)
    steps, found = ends_as_minimize(whole, [1.0, 0.0], optimizer=SGD(0.25), max_epochs=20)
    assert [step.w.tolist() for step in steps[:3]] == [[1.0, 0.0], [0.5, 0.0], [0.25, 0.0]]
    assert steps[0].rows.tolist() == [0]
    np.testing.assert_array_equal(steps[-1].x, found.x)


@pytest.mark.parametrize(
    "ends",
    [
        {"tol": 1e-3, "n_iter_no_change": 2},
        {"tol": None, "gtol": 1e-3},
        {"tol": None, "gap_tol": 1e-3},
        {"tol": 1e-2, "batch_size": 8},
    ],
    ids=str,
)
def test_a_trace_ends_when_minimize_has_converged(ends: dict[str, Any]) -> None:
    objective = linear(alpha=0.1, l1_ratio=0.25 if "gtol" in ends else 0.0)
    steps, found = ends_as_minimize(objective, optimizer=SGD(0.1), max_epochs=1000, **ends)
    assert found.status == "converged"
    assert 10 < found.n_epochs < 1000
    end = steps[-1].w if "gtol" in ends or "gap_tol" in ends else steps[-1].x
    close(end, found.x, found.n_steps)


def test_the_loop_is_the_one_of_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    run = reference.steps.Descent.run
    monkeypatch.setattr(reference.steps.Descent, "run", lambda self: seen.append(type(self.objective)) or run(self))
    next(fastgd.trace(linear(), optimizer=SGD(0.1)))
    reference.minimize(reference.LinearObjective([[1.0], [2.0]], [0, 1]), max_epochs=1)
    assert [kind.__name__ for kind in seen] == ["CoreObjective", "LinearObjective"]
