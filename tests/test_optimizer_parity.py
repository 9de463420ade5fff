"""Every optimiser's fits by `fastgd.minimize` end where those of `fastgd.reference.minimize` do, on linear objectives.

Every choice of an optimiser's parameters meets every batch size in either precision; losses, penalties, clipping,
weights, shapes and numbers of threads are dealt to them. `_noisy_twin` tells how far rounding may take a fit.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, NamedTuple

import _design
import _noisy_twin
import _parity
import _rounding
import numpy as np
import pytest
from _descent_bound import ProvesNothing
from _rounding import EPS64, excess
from _twins import as_class, parameters_of
from sklearn.linear_model import ElasticNet
from test_descent_parity import make_order

import fastgd
from fastgd import reference
from fastgd.optimizers import SGD
from fastgd.reference import OPTIMIZERS


class Choice(NamedTuple):
    """An optimiser by its twin's names, and a rate that takes it some way in a few steps."""

    name: str
    lr: float
    params: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.params)])


def choice(name: str, lr: float, **params: Any) -> Choice:
    return Choice(name, lr, tuple(params.items()))


CHOICES = [
    choice("sgd", 0.02),
    choice("sgd", 0.01, momentum=0.75, dampening=0.25),
    choice("sgd", 0.01, momentum=0.5, nesterov=True),
    choice("asgd", 0.02),
    choice("asgd", 0.02, average_from=3),
    choice("adagrad", 0.02),
    choice("adagrad", 0.02, lr_decay=0.25, initial_accumulator_value=0.5, eps=0.125),
    choice("adadelta", 1.0, rho=0.75, eps=1e-3),
    choice("rmsprop", 0.002, eps=0.125),
    choice("rmsprop", 0.002, rho=0.75, eps=0.125, momentum=0.5, centered=True),
    choice("adam", 0.01),
    choice("adam", 0.01, beta1=0.75, beta2=0.5, eps=0.125, amsgrad=True),
    choice("adamw", 0.01, weight_decay=0.5),
    choice("adamw", 0.01, beta1=0.75, beta2=0.875, eps=0.125, weight_decay=0.5, amsgrad=True),
    choice("nadam", 0.01),
    choice("nadam", 0.01, beta1=0.75, beta2=0.875, eps=0.125, momentum_decay=0.125),
    choice("lion", 0.002),
    choice("lion", 0.002, beta1=0.75, beta2=0.875, weight_decay=0.5),
    choice("ftrl", 0.02),
    choice("ftrl", 0.02, beta=0.25),
    choice("schedule_free_sgd", 0.02),
    choice("schedule_free_sgd", 0.02, beta=0.5, weight_lr_power=1.0),
    choice("schedule_free_adamw", 0.01),
    choice("schedule_free_adamw", 0.01, beta1=0.75, beta2=0.875, eps=0.125, weight_decay=0.5, weight_lr_power=1.5),
    choice("prodigy", 1.0, d0=0.002),
    choice("prodigy", 1.0, d0=0.002, beta1=0.75, beta2=0.875, beta3=0.0, eps=0.125, d_coef=0.5, weight_decay=0.5),
    choice("prodigy", 1.0, d0=0.002, beta3=0.75, safeguard_warmup=True),
    choice("dog", 1.0, reps_rel=0.02),
    choice("dog", 0.5, reps_rel=0.02, eps=4.0),
    choice("barzilai_borwein", 0.02),
    choice("polyak_sgd", 0.02),
    choice("polyak_sgd", 1.0, f_min=-0.5, eps=16.0),
    choice("saga", 0.01),
    choice("svrg", 0.01),
    choice("svrg", 0.01, update_every=2),
]
CLIPS: dict[str, dict[str, float]] = {
    "none": {},
    "value": {"clip_value": 0.25},
    "norm": {"clip_norm": 0.5},
    "both": {"clip_value": 0.25, "clip_norm": 0.5},
}
EPOCHS: dict[Any, int] = {"full": 12, 1: 2, 7: 3, 32: 6}
CROSSED: dict[str, list[Any]] = {"storage": ["float64", "float32"], "batch_size": [*EPOCHS], "choice": CHOICES}
# The losses are smooth: at a kink rounding may choose the side.
DEALT: dict[str, list[Any]] = {
    "loss": [(name, ()) for name in ("squared_error", "log_cosh", "log_loss", "multinomial")],
    "clip": [*CLIPS],
    "penalty": [*_parity.PENALTIES],
    "weight": ["none", "positive", "zeros"],
    "fit_intercept": [True, False],
    "falls": [True, False],
    "order": ["shuffled", "given"],
    "columns": ["N-1", "4N+1", "P+1"],
    "outputs": ["one", "few"],
    "offset": [True, False],
    "n_threads": [1, 2, 7],
}
FIXED = {"n_rows": 45, "layout": "plain", "rows": "all"}
CASES = _design.cover(CROSSED, DEALT)
N_NOISY = 6


def allowed(case: _design.Case) -> _design.Case:
    """The case, without what its optimiser refuses."""
    name, params = case["choice"].name, dict(case["choice"].params)
    refuses_l1 = not OPTIMIZERS[name].takes_l1 or (params.get("momentum") and name == "rmsprop")
    has_table, is_full = OPTIMIZERS[name].estimator is not None, OPTIMIZERS[name].ends_with_best
    return {
        **case,
        "penalty": "l2" if refuses_l1 and case["penalty"] in ("l1", "both") else case["penalty"],
        "clip": "value" if has_table and case["clip"] in ("norm", "both") else case["clip"],
        "batch_size": "full" if is_full else 45 if has_table and case["batch_size"] == "full" else case["batch_size"],
    }


def name_of(case: _design.Case) -> str:
    seed = zlib.crc32(repr(sorted(case.items())).encode())
    return f"{case['choice']}-{case['batch_size']}-{case['storage']}-{seed:08x}"


def largest_excess(case: _design.Case, folder: Path) -> float:
    """The largest error of a fit over what rounding may do."""
    problem = _parity.make_problem({**FIXED, **case}, folder)
    twin, w = problem.twin, -problem.w
    name, lr, params = case["choice"]
    power_t = 0.125 if case["falls"] else 0.0
    schedule = reference.schedules.inverse_scaling(lr, power_t=power_t)
    options: dict[str, Any] = {
        "batch_size": case["batch_size"],
        "max_epochs": EPOCHS.get(case["batch_size"], EPOCHS["full"]),
        "tol": None,
        "order": None if case["batch_size"] == "full" or case["order"] == "shuffled" else make_order("given", twin, 3),
        "random_state": 3,
        **CLIPS[case["clip"]],
    }
    twins: dict[str, Any] = {"optimizer": name, "optimizer_params": dict(params), "lr": schedule, **options}
    expected = reference.minimize(twin, w, **twins)
    optimizer = as_class(name, dict(params), fastgd.schedules.InverseScaling(lr, power_t))
    found = fastgd.minimize(problem.objective, w, optimizer=optimizer, n_threads=case["n_threads"], **options)
    assert (found.status, found.n_epochs, found.n_steps) == (expected.status, expected.n_epochs, expected.n_steps)
    assert expected.n_restarts == 0
    np.testing.assert_array_equal(found.history.step, expected.history.step)
    np.testing.assert_allclose(found.history.lr, expected.history.lr, rtol=8 * EPS64)
    # Which of two parameters is the better one may be a toss: enough for both sides.
    n_noisy = 4 * N_NOISY if OPTIMIZERS[name].ends_with_best else N_NOISY
    noisy = [_noisy_twin.minimize(twin, w, eps=problem.eps, seed=seed, **twins) for seed in range(n_noisy)]
    reach = float(np.max([np.abs(one.x - expected.x) for one in noisy]))
    if not 0.0 < reach < 2.0**-6 * np.max(np.abs(expected.x - w)):
        raise ProvesNothing("rounding may lead as far as the fit")
    loss_reach = np.max([np.abs(one.history.loss - expected.history.loss) for one in noisy])
    return max(excess(found.x - expected.x, reach), excess(found.history.loss - expected.history.loss, loss_reach))


@pytest.mark.parametrize("case", [*map(allowed, CASES)], ids=name_of)
def test_a_fit_ends_where_the_twins_ends(case: _design.Case, tmp_path: Path) -> None:
    """On other data where the first make Lion take a sign that rounding could turn."""
    for attempt in range(3):
        try:
            assert largest_excess({**case, "attempt": attempt}, tmp_path) <= 1.0
            return
        except ProvesNothing:
            continue
    raise AssertionError("no data on which this case would prove anything")


def test_the_cases_meet_in_all_pairs() -> None:
    assert set().union(*map(_design.pairs_of, CASES)) == _design.all_pairs({**CROSSED, **DEALT})


def test_every_optimizer_and_every_parameter_of_it_is_tried() -> None:
    for name, method in OPTIMIZERS.items():
        assert {key for choice in CHOICES if choice.name == name for key, _ in choice.params} == set(
            parameters_of(method)
        )


@pytest.mark.parametrize("name", ["adam", "prodigy", "schedule_free_adamw"])
@pytest.mark.parametrize("storage", ["float64", "float32"])
def test_batches_of_thousands_end_where_the_twins_end(storage: str, name: str, tmp_path: Path) -> None:
    """Above 4096 rows a batch is summed in blocks; the last one of an epoch here is a smaller batch."""
    case = {
        "choice": next(choice for choice in CHOICES if choice.name == name),
        "batch_size": 4600,
        "storage": storage,
        "loss": ("log_loss", ()),
        "clip": "both",
        "penalty": "l2",
        "weight": "zeros",
        "fit_intercept": True,
        "falls": True,
        "order": "shuffled",
        "columns": "N-1",
        "outputs": "one",
        "offset": False,
        "n_threads": 2,
        "n_rows": 5003,
    }
    assert largest_excess(case, tmp_path) <= 1.0


# --------------------------------------------------------------------------------------------- momentum and the l1 norm

MOMENTA: list[dict[str, Any]] = [
    {"momentum": 0.9},
    {"momentum": 0.75, "dampening": 0.5},
    {"momentum": 0.9, "nesterov": True},
]


@pytest.mark.parametrize("params", MOMENTA, ids=str)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_momentum_ends_at_the_minimum_of_coordinate_descent(l1_ratio: float, params: dict[str, Any]) -> None:
    rng = np.random.default_rng(8)
    X = rng.normal(size=(60, 8)) @ (np.eye(8) + 0.25 * rng.normal(size=(8, 8)))
    y = X @ [2.0, -1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.25] + 0.5 + rng.normal(size=60)
    exact = ElasticNet(alpha=0.5, l1_ratio=l1_ratio, tol=1e-15, max_iter=100_000).fit(X, y)
    assert 2 <= np.count_nonzero(exact.coef_) <= 6
    # At the minimum a gradient of 60 terms is rounding alone, of which the least curvature makes a distance.
    eigenvalues = np.linalg.eigvalsh(np.cov(X[:, exact.coef_ != 0.0].T))
    rounding = _rounding.walk(60) * EPS64 * eigenvalues[-1] / eigenvalues[0]
    about: dict[str, Any] = {"loss": "squared_error", "alpha": 0.5, "l1_ratio": l1_ratio}
    same: dict[str, Any] = {"max_epochs": 2000, "tol": None}
    twin = reference.minimize(reference.LinearObjective(X, y, **about), lr=0.02, optimizer_params=params, **same)
    core = fastgd.minimize(fastgd.LinearObjective(X, y, **about), optimizer=SGD(0.02, **params), **same)
    for found in (twin, core):
        assert np.all(found.x[:8][exact.coef_ == 0.0] == 0.0), "zeros are exact"
        np.testing.assert_allclose(found.x, [*exact.coef_, exact.intercept_], rtol=rounding)
