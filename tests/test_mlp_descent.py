"""Descents of perceptrons by `fastgd.minimize` end where those of `fastgd.reference.minimize` do, with every optimiser.

Every choice of an optimiser's parameters meets every batch size; activations, losses, layers, dropout and the rest are
dealt to them. Both start from the initial parameters of the same seed, which dropout takes its masks from, too.
`_noisy_twin` tells how far rounding may take a fit.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import _design
import _mlp_parity
import _noisy_twin
import numpy as np
import pytest
from _mlp_rounding import ProvesNothing
from _rounding import EPS64, excess
from _sweeps import assert_same_bits, optimizer_of, settings_of
from _twins import as_class
from test_descent_parity import make_order
from test_optimizer_parity import CHOICES, CLIPS

import fastgd
from fastgd import reference
from fastgd._folds import make_folds
from fastgd.optimizers import LBFGS, SGD, Adam, AdamW, BarzilaiBorwein, DoG, Prodigy, ScheduleFreeSGD
from fastgd.reference import ACTIVATIONS, OPTIMIZERS

EPOCHS: dict[Any, int] = {"full": 12, 1: 1, 7: 2, 32: 6}
CROSSED: dict[str, list[Any]] = {
    "choice": [choice for choice in CHOICES if OPTIMIZERS[choice.name].estimator is None],
    "batch_size": [*EPOCHS],
}
# The losses are smooth: at a kink rounding may choose the side.
DEALT: dict[str, list[Any]] = {
    "storage": ["float64", "float32", "float16", "csr_float32_int64"],
    "activation": [*ACTIVATIONS],
    "loss": ["squared_error", "log_cosh", "log_loss", "multinomial"],
    "hidden": [(), (5,), (17,), (9, 4)],
    "dropout": [0.0, 0.25, 0.5],
    "clip": [*CLIPS],
    "alpha": [0.0, 0.125],
    "weight": ["none", "positive", "zeros"],
    "falls": [True, False],
    "order": ["shuffled", "given"],
    "columns": ["1", "N-1", "N+1"],
    "outputs": ["one", "few"],
    "n_threads": [1, 2, 7],
}
FIXED = {"n_rows": 45, "layout": "plain", "rows": "all", "labels": "indices"}
CASES = _design.cover(CROSSED, DEALT)
N_NOISY = 5
INIT_SEED = 21


def allowed(case: _design.Case) -> _design.Case:
    """The case, without what its optimiser refuses."""
    if not OPTIMIZERS[case["choice"].name].ends_with_best:
        return case
    # Clipped, it goes a short way, on rates that are quotients of small differences.
    return {**case, "batch_size": "full", "dropout": 0.0, "clip": "none"}


def name_of(case: _design.Case) -> str:
    seed = zlib.crc32(repr(sorted(case.items())).encode())
    return f"{case['choice']}-{case['batch_size']}-{case['activation']}-{case['storage']}-{seed:08x}"


def largest_excess(case: _design.Case, folder: Path) -> float:
    """The largest error of a fit over what rounding may do."""
    problem = _mlp_parity.make_problem({**FIXED, **case}, folder)
    twin = problem.twin
    name, lr, params = case["choice"]
    power_t = 0.125 if case["falls"] else 0.0
    options: dict[str, Any] = {
        "batch_size": case["batch_size"],
        "max_epochs": case.get("max_epochs", EPOCHS.get(case["batch_size"])),
        "tol": None,
        "order": None if case["batch_size"] == "full" or case["order"] == "shuffled" else make_order("given", twin, 3),
        "random_state": 3,
        "init_seed": INIT_SEED,
        **CLIPS[case["clip"]],
    }
    schedule = reference.schedules.inverse_scaling(lr, power_t=power_t)
    twins: dict[str, Any] = {"optimizer": name, "optimizer_params": dict(params), "lr": schedule, **options}
    expected = reference.minimize(twin, **twins)
    optimizer = as_class(name, dict(params), fastgd.schedules.InverseScaling(lr, power_t))
    found = fastgd.minimize(problem.objective, optimizer=optimizer, n_threads=case["n_threads"], **options)
    assert (found.status, found.n_epochs, found.n_steps) == (expected.status, expected.n_epochs, expected.n_steps)
    assert expected.n_restarts == 0
    np.testing.assert_array_equal(found.history.step, expected.history.step)
    np.testing.assert_allclose(found.history.lr, expected.history.lr, rtol=8 * EPS64)
    noisy = [_noisy_twin.minimize(twin, None, eps=problem.eps, seed=seed, **twins) for seed in range(N_NOISY)]
    reach = float(np.max([np.abs(one.x - expected.x) for one in noisy]))
    if not 0.0 < reach < 2.0**-6 * np.max(np.abs(expected.x - twin.initial(INIT_SEED))):
        raise ProvesNothing("rounding may lead as far as the fit")
    loss_reach = np.max([np.abs(one.history.loss - expected.history.loss) for one in noisy])
    norms, expected_norms = found.history.grad_norm, expected.history.grad_norm
    np.testing.assert_array_equal(np.isnan(norms), np.isnan(expected_norms))
    norms_reach = np.max([np.abs(np.nan_to_num(one.history.grad_norm - expected_norms)) for one in noisy])
    fun_reach = np.max([abs(one.fun - expected.fun) for one in noisy])
    norm_reach = np.max([abs(one.grad_norm - expected.grad_norm) for one in noisy])
    return max(
        excess(found.x - expected.x, reach),
        excess(found.history.loss - expected.history.loss, loss_reach),
        excess(np.nan_to_num(norms - expected_norms), max(norms_reach, 8.0 * problem.eps * np.nan_to_num(norms).max())),
        excess(found.fun - expected.fun, max(fun_reach, loss_reach)),
        excess(found.grad_norm - expected.grad_norm, max(norm_reach, problem.eps * expected.grad_norm)),
    )


def on_some_data(case: _design.Case, folder: Path) -> float:
    """On other data where rounding could turn a sign, or lead to a kink's other side."""
    for attempt in range(5):
        try:
            return largest_excess({**case, "attempt": attempt}, folder)
        except ProvesNothing:
            continue
    raise AssertionError("no data on which this case would prove anything")


@pytest.mark.parametrize("case", [*map(allowed, CASES)], ids=name_of)
def test_a_fit_ends_where_the_twins_ends(case: _design.Case, tmp_path: Path) -> None:
    assert on_some_data(case, tmp_path) <= 1.0


def test_the_cases_meet_in_all_pairs() -> None:
    """But for those with an optimiser, which does not know what its gradients come from."""
    tried = set().union(*map(_design.pairs_of, CASES))
    assert tried >= _design.all_pairs(CROSSED) | _design.all_pairs({"batch_size": [*EPOCHS], **DEALT})


@pytest.mark.parametrize("storage, batch_size", [("float32", "full"), ("float64", 4600), ("float32", 1030)])
def test_batches_of_thousands_end_where_the_twins_end(storage: str, batch_size: Any, tmp_path: Path) -> None:
    """Sums of many rows are made in blocks, and masks go on from one block to the next."""
    case: dict[str, Any] = {
        "choice": next(choice for choice in CHOICES if str(choice) == "sgd-momentum=0.5-nesterov=True"),
        "batch_size": batch_size,
        "storage": storage,
        "activation": "silu",
        "loss": "multinomial",
        "hidden": (9,),
        "dropout": 0.25,
        "clip": "none",
        "alpha": 0.125,
        "weight": "zeros",
        "falls": True,
        "order": "shuffled",
        "columns": "N-1",
        "outputs": "few",
        "n_threads": 7,
        "n_rows": 5003,
        "max_epochs": 3,
    }
    assert on_some_data(case, tmp_path) <= 1.0


def test_divergence_leaves_the_first_parameters() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 6)), rng.normal(size=50)
    options: dict[str, Any] = {"hidden_layer_sizes": (7,), "activation": "relu", "loss": "squared_error"}
    objective, twin = fastgd.MLPObjective(X, y, **options), reference.MLPObjective(X, y, **options)
    common: dict[str, Any] = {"batch_size": 10, "max_epochs": 20, "tol": None, "init_seed": 4}
    expected = reference.minimize(twin, lr=1e30, **common)
    found = fastgd.minimize(objective, optimizer=SGD(1e30), **common)
    assert found.status == expected.status == "diverged"
    np.testing.assert_array_equal(found.x, twin.initial(4))
    np.testing.assert_array_equal(expected.x, twin.initial(4))
    assert found.fun == objective.value(found.x)


# --------------------------------------------------------------------------------------------------------- many models

N = 90
SWEPT = [SGD(), SGD(momentum=0.9), Adam(), AdamW(), BarzilaiBorwein(), DoG(), Prodigy(), ScheduleFreeSGD(), LBFGS()]


def objective_of(dtype: Any, weight: np.ndarray, alpha: float = 0.0, dropout: float = 0.0) -> fastgd.MLPObjective:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 19)) if dtype is not np.uint8 else rng.integers(0, 4, (N, 19))
    y = np.digitize(X[:, 0] * X[:, 1], [-0.5, 0.5])
    return fastgd.MLPObjective(
        X.astype(dtype),
        y,
        hidden_layer_sizes=(17, 3),
        activation="tanh",
        alpha=alpha,
        dropout=dropout,
        sample_weight=weight,
        n_classes=3,
    )


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("batch_size", ["full", 16, 1])
@pytest.mark.parametrize("optimizer", SWEPT, ids=str)
def test_models_of_a_sweep_are_what_they_are_alone(optimizer: Any, batch_size: Any, dropout: float) -> None:
    """With seeds, penalties and rates of their own, and in folds, whose rows are others' to learn from."""
    if isinstance(optimizer, (LBFGS, BarzilaiBorwein)):
        batch_size, dropout = "full", 0.0
    dtype = {"full": np.float64, 16: np.float32, 1: np.uint8}[batch_size]
    weight = np.random.default_rng(2).integers(0, 3, N).astype(float)
    common: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 2, "tol": None, "random_state": 3}
    shared = objective_of(dtype, weight, dropout=dropout)
    rates: dict[str, list[Any]] = {} if isinstance(optimizer, LBFGS) else {"lr": [0.01, 0.1]}
    grid = {**rates, "alpha": [0.0, 0.125], "init_seed": [0, 7]}
    plain = fastgd.sweep(shared, grid=grid, optimizer=optimizer, **common)
    folded = fastgd.sweep(shared, grid=grid, optimizer=optimizer, cv=3, **common, n_threads=2)
    assert len({one.x.tobytes() for one in plain.results}) == len(plain.results) == (8 if rates else 4)
    of_row = make_folds(shared, 3, common["random_state"])
    for at, setting in enumerate(settings_of(plain)):
        own = {"optimizer": optimizer_of(optimizer, setting), "init_seed": setting["init_seed"], **common}
        single = objective_of(dtype, weight, setting["alpha"], dropout)
        assert_same_bits(plain.results[at], fastgd.minimize(single, **own))
        for fold in range(3):
            single = objective_of(dtype, np.where(of_row == fold, 0.0, weight), setting["alpha"], dropout)
            assert_same_bits(folded.results[3 * at + fold], fastgd.minimize(single, **own))


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "ftrl"])
def test_an_l1_norm_of_a_sweep_is_the_twins(optimizer: str) -> None:
    weight = np.ones(N)
    objective = objective_of(np.float64, weight)
    X, y = objective._matrix.source, objective._y
    twin = reference.MLPObjective(
        X, y, hidden_layer_sizes=(17, 3), activation="tanh", alpha=0.03125, l1_ratio=0.75, n_classes=3
    )
    common: dict[str, Any] = {"batch_size": 16, "max_epochs": 3, "tol": None, "random_state": 3}
    swept = fastgd.sweep(
        objective,
        grid={"alpha": [0.03125], "l1_ratio": [0.75], "init_seed": [5]},
        optimizer=as_class(optimizer, {}, 0.125),
        **common,
    )
    expected = reference.minimize(twin, optimizer=optimizer, lr=0.125, init_seed=5, **common)
    assert 10 < np.count_nonzero(expected.x == 0.0) < len(expected.x) - 30
    np.testing.assert_array_equal(swept.x[0] == 0.0, expected.x == 0.0)
    # 18 steps' roundings, none of which a step makes more than twice as large.
    np.testing.assert_allclose(swept.x[0], expected.x, atol=2.0**18 * EPS64 * np.abs(expected.x).max())
