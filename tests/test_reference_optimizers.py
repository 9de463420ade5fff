"""Optimisers of the reference where no peer has them, or where closed forms say what they must do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import SGDRegressor

from fastgd.reference import OPTIMIZERS, LinearObjective, clipping, minimize, minimize_function, schedules
from fastgd.reference.optimizers import Step, finite_sum

EPS = 2.0**-52
EPOCHS: dict[Any, int] = {1: 150, 7: 400, "full": 1000}


def still(w: np.ndarray) -> tuple[float, np.ndarray]:
    """A function that is 0 everywhere."""
    return 0.0, np.zeros_like(w)


def lasso(l1_ratio: float = 1.0) -> tuple[LinearObjective, np.ndarray]:
    """Least squares on orthogonal columns with an elastic net, and the closed form of its minimum."""
    rng = np.random.default_rng(21)
    Q = np.linalg.qr(rng.normal(size=(30, 4)))[0] * math.sqrt(30)
    y = Q @ [2.0, -1.0, 0.2, 0.0] + rng.normal(0.0, 0.1, 30)
    objective = LinearObjective(Q, y, loss="squared_error", alpha=0.5, l1_ratio=l1_ratio, fit_intercept=False)
    correlation = Q.T @ y / 30
    shrunken = np.sign(correlation) * np.maximum(np.abs(correlation) - 0.5 * l1_ratio, 0.0)
    return objective, shrunken / (1.0 + 0.5 * (1.0 - l1_ratio))


def ridge(weighted: bool = True) -> tuple[LinearObjective, np.ndarray]:
    """Ridge regression of two targets with weights, of which some are 0, and the closed form of its minimum."""
    rng = np.random.default_rng(22)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    s = rng.choice([0.0, 1.0, 2.0], 40) if weighted else np.ones(40)
    design = np.column_stack([X, np.ones(40)])
    normal = design.T @ (s[:, None] * design) / s.sum() + 0.1 * np.diag([1.0, 1.0, 1.0, 0.0])
    exact = np.linalg.solve(normal, design.T @ (s[:, None] * y) / s.sum())
    objective = LinearObjective(X, y, loss="squared_error", alpha=0.1, sample_weight=s)
    return objective, objective.pack(exact[:3].T, exact[3])


# ------------------------------------------------------------------------------------------------------- averages


def test_asgd_by_hand() -> None:
    init, update, solution = OPTIMIZERS["asgd"].init, OPTIMIZERS["asgd"].update, OPTIMIZERS["asgd"].solution
    w = np.array([1.0])
    state = init(w)
    assert solution(state, w) is w, "the first parameters are reported, but never averaged"
    reported = []
    for index, slope in enumerate((2.0, 4.0, -1.0, 3.0)):
        w, state = update(np.array([slope]), state, w, Step(0.5, index), average_from=2)
        reported.append(float(solution(state, w)[0]))
    assert w[0] == -3.0
    assert reported == [0.0, -2.0, (-2.0 - 1.5) / 2, pytest.approx((-2.0 - 1.5 - 3.0) / 3, rel=EPS)]


@pytest.mark.parametrize("average", [1, 30])
def test_asgd_is_the_average_of_scikit_learn(average: int) -> None:
    rng = np.random.default_rng(23)
    X, y = rng.normal(size=(50, 4)), rng.normal(size=50)
    theirs = SGDRegressor(alpha=0.01, eta0=0.05, power_t=0.4, shuffle=False, max_iter=3, tol=None, average=average)
    theirs.fit(X, y)
    ours = minimize(
        LinearObjective(X, y, loss="squared_error", alpha=0.01),
        optimizer="asgd",
        optimizer_params={"average_from": average},
        lr=schedules.inverse_scaling(0.05, power_t=0.4),
        batch_size=1,
        shuffle=False,
        max_epochs=3,
        tol=None,
    )
    np.testing.assert_allclose(ours.x, [*theirs.coef_, *theirs.intercept_], rtol=150 * EPS)  # one rounding a step


@pytest.mark.parametrize("name", ["asgd", "schedule_free_sgd", "schedule_free_adamw"])
def test_what_averages_reports_its_average(name: str) -> None:
    objective, _ = ridge()
    found = minimize(objective, optimizer=name, lr=0.1, batch_size=5, max_epochs=4, tol=None)
    assert found.fun == objective.value(found.x)
    assert found.grad_norm == pytest.approx(float(np.linalg.norm(objective.grad(found.x))), rel=8 * EPS)
    path = minimize_function(objective.value_and_grad, objective.initial(), optimizer=name, lr=0.1, n_steps=5)
    full = minimize(objective, optimizer=name, lr=0.1, max_epochs=5, tol=None)
    np.testing.assert_allclose(full.x, path.x, rtol=64 * EPS)
    assert np.all(path.solutions[-1] == path.x)
    assert np.linalg.norm(path.x - path.parameters[-1]) > 1e-3


def test_schedule_free_without_interpolation_averages_plain_descent() -> None:
    objective, _ = ridge()
    same: dict[str, Any] = {"lr": 0.2, "n_steps": 20}
    free = minimize_function(
        objective.value_and_grad,
        objective.initial(),
        optimizer="schedule_free_sgd",
        optimizer_params={"beta": 0.0},
        **same,
    )
    plain = minimize_function(objective.value_and_grad, objective.initial(), **same)
    np.testing.assert_allclose(free.parameters, plain.parameters, rtol=64 * EPS)
    np.testing.assert_allclose(free.x, plain.parameters[1:].mean(axis=0), rtol=64 * EPS)


# --------------------------------------------------------------------------------------------------------- l1 norm


ADMITTING: dict[str, tuple[dict[str, Any], float, int]] = {
    "sgd": ({}, 0.5, 200),
    "asgd": ({"average_from": 200}, 0.5, 400),
    "adagrad": ({}, 1.0, 400),
    "rmsprop": ({"eps": 0.1}, 0.1, 400),
    "ftrl": ({}, 1.0, 4000),
    "dog": ({}, 1.0, 1000),
    "polyak_sgd": ({"f_min": -1.0}, 0.5, 400),
    "barzilai_borwein": ({}, 0.5, 200),
    "saga": ({}, 0.5, 200),
    "svrg": ({"update_every": 3}, 0.5, 200),
}


def test_every_optimizer_admits_the_l1_norm_or_says_why_not() -> None:
    assert {name for name, method in OPTIMIZERS.items() if method.takes_l1} == set(ADMITTING)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.6])
@pytest.mark.parametrize("name", ADMITTING)
def test_descent_with_an_l1_norm_reaches_the_closed_form(name: str, l1_ratio: float) -> None:
    objective, exact = lasso(l1_ratio)
    params, lr, n_epochs = ADMITTING[name]
    start = np.array([0.5, 0.5, -0.5, 0.5])
    common: dict[str, Any] = {"optimizer": name, "optimizer_params": params, "lr": lr, "tol": None}
    found = minimize(objective, start, max_epochs=n_epochs, **common)
    assert np.all(found.x[exact == 0.0] == 0.0), "zeros are exact"
    assert np.any(exact == 0.0)
    # All rates halve the way a step or, where they fall, add up to hundreds: what is left is a rounding a step.
    np.testing.assert_allclose(found.x, exact, rtol=0.0, atol=n_epochs * EPS)
    assert found.fun - objective.value(exact) <= n_epochs * EPS


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ADMITTING])
def test_other_optimizers_refuse_the_l1_norm(name: str) -> None:
    objective, _ = lasso(0.5)
    with pytest.raises(ValueError, match=f"l1_ratio must be 0 for optimizer '{name}': its "):
        minimize(objective, optimizer=name)
    with pytest.raises(ValueError, match="l1_ratio must be 0"):
        minimize_function(still, [1.0], optimizer=name, l1=0.1)


def test_momentum_of_rmsprop_refuses_the_l1_norm() -> None:
    objective, _ = lasso(0.5)
    with pytest.raises(ValueError, match=r"optimizer 'rmsprop' with momentum=0\.5: its step follows a mean"):
        minimize(objective, optimizer="rmsprop", optimizer_params={"momentum": 0.5})


# ----------------------------------------------------------------------------------------------------------- FTRL


def test_ftrl_without_l1_is_descent_with_rates_of_its_own() -> None:
    objective, _ = ridge()
    w = np.random.default_rng(24).normal(size=objective.n_params)
    path = minimize_function(
        objective.value_and_grad, w, optimizer="ftrl", optimizer_params={"beta": 2.0}, lr=0.7, n_steps=30
    )
    square_sum = np.zeros_like(w)
    for expected in path.parameters[1:]:
        slope = objective.grad(w)
        square_sum += slope**2
        w = w - 0.7 / (2.0 + np.sqrt(square_sum)) * slope
        np.testing.assert_allclose(expected, w, rtol=1e3 * EPS)


def test_ftrl_minimises_what_it_says() -> None:
    """The sum of the gradients' linear models, of the l1 norm once a step, and of the squared ways, rates varying."""
    lr, l1, beta = (lambda index: 0.5 / (index + 1.0)), 0.3, 1.0
    slopes = np.array([1.0, -2.0, 0.5, 0.25])
    first = 0.8
    method = OPTIMIZERS["ftrl"]
    iterates, w, state = [first], np.array([first]), method.init(np.array([first]))
    for index, slope in enumerate(slopes):
        w, state = method.update(np.array([slope]), state, w, Step(lr(index), index, l1=l1), beta=beta)
        iterates.append(float(w[0]))
    curvatures = [beta / lr(0), *((beta + np.sqrt(np.cumsum(slopes**2))) / [lr(index) for index in range(4)])]
    grid = np.linspace(-1.0, 1.0, 200_001)
    total = curvatures[0] * (grid - first) ** 2 / 2.0
    # What holds the parameters to the start is centred where its minimum without l1 norm is the start.
    for index, slope in enumerate(slopes):
        sigma = curvatures[index + 1] - curvatures[index]
        total = total + slope * grid + l1 * np.abs(grid) + sigma * (grid - iterates[index]) ** 2 / 2.0
        assert iterates[index + 1] == pytest.approx(grid[np.argmin(total)], abs=1e-5)


# ------------------------------------------------------------------------------------------------------ SAGA, SVRG


@pytest.mark.parametrize("batch_size", [1, 7, "full"])
@pytest.mark.parametrize(("name", "params"), [("saga", {}), ("svrg", {}), ("svrg", {"update_every": 2})])
def test_finite_sums_reach_the_closed_form_at_a_constant_rate(
    name: str, params: dict[str, Any], batch_size: int | str
) -> None:
    objective, exact = ridge()
    common: dict[str, Any] = {"lr": 0.05, "batch_size": batch_size, "max_epochs": EPOCHS[batch_size], "tol": None}
    found = minimize(objective, optimizer=name, optimizer_params=params, **common)
    # A step leaves 1 - 0.05 * 0.77 of the way by the least curvature, and EPOCHS all but rounding.
    np.testing.assert_allclose(found.x, exact, rtol=0.0, atol=16 * EPS)
    if batch_size == 1:
        assert np.max(np.abs(minimize(objective, **common).x - exact)) > 1e-3, "plain steps stay away"


def as_sum(objective: LinearObjective, slopes: np.ndarray) -> np.ndarray:
    """The gradient of the risk that a table adds up to, a row at a time."""
    rows = objective.present()
    total = [np.append(np.outer(slopes[i], objective.X[i]).ravel(), slopes[i]) for i in rows]
    return np.sum(total, axis=0) / (objective.mean_weight * len(rows))


@pytest.mark.parametrize("loss", ["squared_error", "multinomial"])
def test_the_table_of_saga(loss: str) -> None:
    rng = np.random.default_rng(25)
    X, s = rng.normal(size=(12, 3)), rng.choice([0.0, 1.0, 2.0], 12)
    y = np.arange(12) % 3 if loss == "multinomial" else rng.normal(size=(12, 2))
    objective = LinearObjective(X, y, loss=loss, sample_weight=s)
    w, rows = rng.normal(size=objective.n_params), objective.present()
    table = finite_sum.saga_begin_epoch(objective, w, None, 0)
    first, table = finite_sum.saga_gradient(objective, w, rows[:3], table)
    np.testing.assert_allclose(first, objective.risk_gradient(w, rows[:3]), rtol=64 * EPS)
    batch = rows[[2, 4, 2, 5]]  # one row that is in the table, two that are not, and one of them twice: it counts once
    for _ in range(2):
        w = rng.normal(size=objective.n_params)
        before = table
        found, table = finite_sum.saga_gradient(objective, w, batch, before)
        slopes = objective.slopes(w, np.arange(12))
        change = sum(
            np.append(np.outer(slopes[i] - before.slopes[i], X[i]).ravel(), slopes[i] - before.slopes[i])
            for i in set(batch)
        )
        expected = change / (objective.mean_weight * 4) + before.average
        np.testing.assert_allclose(found, expected, rtol=1e3 * EPS, atol=8 * EPS)
        assert np.all(table.slopes[batch] == slopes[batch])
        untouched = np.setdiff1d(np.arange(12), batch)
        assert np.all(table.slopes[untouched] == before.slopes[untouched])
        np.testing.assert_allclose(table.average, as_sum(objective, table.slopes), rtol=1e3 * EPS, atol=8 * EPS)


def test_finite_sum_gradients_are_right_on_average() -> None:
    objective, _ = ridge(weighted=False)
    rng = np.random.default_rng(26)
    w, snapshot = rng.normal(size=(2, objective.n_params))
    table = finite_sum.svrg_begin_epoch(objective, snapshot, None, 0)
    np.testing.assert_allclose(table.average, objective.risk_gradient(snapshot, np.arange(40)), rtol=1e3 * EPS)
    each = [finite_sum.svrg_gradient(objective, w, np.array([i]), table)[0] for i in range(40)]
    np.testing.assert_allclose(np.mean(each, axis=0), objective.risk_gradient(w, np.arange(40)), rtol=1e3 * EPS)
    twice = finite_sum.svrg_gradient(objective, w, np.array([3, 3, 5]), table)[0]
    np.testing.assert_allclose(twice, (2.0 * each[3] + each[5]) / 3.0, rtol=1e3 * EPS)
    at_snapshot = [finite_sum.svrg_gradient(objective, snapshot, np.array([i]), table)[0] for i in range(40)]
    np.testing.assert_allclose(at_snapshot, np.tile(table.average, (40, 1)), rtol=1e3 * EPS)


def test_snapshots_of_svrg_come_every_so_many_epochs() -> None:
    objective, _ = ridge()
    w = np.ones(objective.n_params)
    table = finite_sum.svrg_begin_epoch(objective, w, None, 0, update_every=3)
    for epoch in (1, 2):
        assert finite_sum.svrg_begin_epoch(objective, 2.0 * w, table, epoch, update_every=3) is table
    assert np.any(finite_sum.svrg_begin_epoch(objective, 2.0 * w, table, 3, update_every=3).average != table.average)


# -------------------------------------------------------------------------------------------------------- clipping


def test_clipping_by_hand() -> None:
    slope = np.array([3.0, -4.0])
    assert clipping.clip_by_value(slope, 3.5).tolist() == [3.0, -3.5]
    assert clipping.clip_by_norm(slope, 6.0).tolist() == [3.0, -4.0]
    assert clipping.clip_by_norm(slope, 1.0) == pytest.approx(slope / 5.000001, rel=4 * EPS)
    assert clipping.clip_by_norm(np.zeros(2), 1.0).tolist() == [0.0, 0.0]
    both = clipping.clip(slope, 1.0, 0.5)
    assert both == pytest.approx(np.array([1.0, -1.0]) * 0.5 / (math.sqrt(2.0) + 1e-6), rel=4 * EPS)


def test_the_gradient_is_clipped_with_the_penalty_in_it() -> None:
    objective = LinearObjective([[1.0]], [0.0], loss="squared_error", alpha=10.0, fit_intercept=False)
    common: dict[str, Any] = {"lr": 0.5, "max_epochs": 1, "tol": None}
    assert minimize(objective, [2.0], clip_value=3.0, **common).x == 0.5
    assert minimize(objective, [2.0], clip_norm=3.0, **common).x == pytest.approx(2.0 - 1.5 * 22 / 22.000001, rel=EPS)
    assert minimize(objective, [2.0], clip_value=30.0, **common).x == 2.0 - 11.0
    for name in ("saga", "svrg"):
        assert minimize(objective, [2.0], optimizer=name, clip_value=3.0, **common).x == 0.5


# ------------------------------------------------------------------------------------------------- what else holds


@pytest.mark.parametrize("name", ["adamw", "lion", "schedule_free_adamw", "prodigy"])
def test_only_weights_decay(name: str) -> None:
    method, params = OPTIMIZERS[name], {"weight_decay": 0.5, **({"d0": 1.0} if name == "prodigy" else {})}
    w = np.array([1.0, 1.0])
    state = method.init(w, **params)
    step = Step(0.1, decays=np.array([True, False]))
    w, state = method.update(np.zeros(2), state, w, step, **params)
    # Prodigy's rate is corrected as Adam's is.
    rate = 0.1 * math.sqrt(1.0 - 0.999) / (1.0 - 0.9) if name == "prodigy" else 0.1
    assert w == pytest.approx([1.0 - rate * 0.5, 1.0], rel=8 * EPS)


def test_intercepts_do_not_decay() -> None:
    objective = LinearObjective([[1.0], [-1.0]], [0.0, 0.0], loss="squared_error")
    found = minimize(objective, [0.0, 1.0], optimizer="lion", optimizer_params={"weight_decay": 0.5}, max_epochs=1)
    assert found.x.tolist() == [0.0, 0.99]
    assert objective.is_weight().tolist() == [True, False]


def test_polyak_steps_end_at_the_bound() -> None:
    def bowl(w: np.ndarray) -> tuple[float, np.ndarray]:
        return 1.0 + 0.5 * float(w @ w), w

    common: dict[str, Any] = {"optimizer": "polyak_sgd", "lr": 10.0, "n_steps": 1}
    assert minimize_function(bowl, [2.0], optimizer_params={"f_min": 1.0}, **common).x == 1.0
    assert minimize_function(bowl, [2.0], optimizer_params={"f_min": 4.0}, **common).x == 2.0, "never uphill"
    assert minimize_function(bowl, [0.0], **common).x == 0.0, "no slope, no step"
    with_l1 = minimize_function(bowl, [2.0], optimizer_params={"f_min": 1.0}, l1=0.5, **common)
    assert with_l1.x == 2.0 - 0.75 * 2.0 - 0.75 * 0.5, "the l1 norm is part of the objective"
    with pytest.raises(ValueError, match=r"step.value must be"):
        OPTIMIZERS["polyak_sgd"].update(np.ones(1), None, np.ones(1), Step(0.1))


@pytest.mark.parametrize("name", [name for name, method in OPTIMIZERS.items() if method.estimator is None])
def test_without_slope_nothing_moves(name: str) -> None:
    params = {"weight_decay": 0.0} if name == "adamw" else {}
    found = minimize_function(still, [1.0, -2.0], optimizer=name, optimizer_params=params, n_steps=3)
    assert found.x == pytest.approx([1.0, -2.0], rel=4 * EPS)


def test_centred_rmsprop_stays_finite_where_the_gradient_does_not_change() -> None:
    def slope(w: np.ndarray) -> tuple[float, np.ndarray]:
        return 0.1 * float(w[0]), np.full(1, 0.1)

    found = minimize_function(slope, [1.0], optimizer="rmsprop", optimizer_params={"centered": True}, n_steps=5000)
    assert np.isfinite(found.x)


def test_unknown_names_and_functions_without_rows_are_refused() -> None:
    objective, _ = ridge()
    with pytest.raises(ValueError, match="optimizer must be one of"):
        minimize(objective, optimizer="newton")
    for name in ("saga", "svrg"):
        with pytest.raises(ValueError, match=f"optimizer must be one that takes any function, got '{name}'"):
            minimize_function(still, [1.0], optimizer=name)
    for name in OPTIMIZERS:
        with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
            minimize(objective, optimizer=name, optimizer_params={"speed": 1.0}, max_epochs=1)


def test_divergence_of_an_average_leaves_the_best_average() -> None:
    X = np.random.default_rng(27).normal(size=(40, 3))
    objective = LinearObjective(X, X @ [1.0, -2.0, 3.0], loss="squared_error")
    common: dict[str, Any] = {
        "optimizer": "asgd",
        "lr": lambda step: 0.01 if step < 40 else 1e30,
        "batch_size": 1,
        "tol": None,
    }
    found = minimize(objective, max_epochs=1000, **common)
    assert (found.status, found.n_restarts) == ("diverged", 3)
    assert found.x.tolist() == minimize(objective, max_epochs=1, **common).x.tolist()
    assert found.fun < objective.value(objective.initial())
