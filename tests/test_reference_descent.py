"""The NumPy twin's objective and descent are held to closed forms, hand-made steps and scikit-learn."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier, SGDRegressor

from fastgd import numerical_grad, reference
from fastgd.reference import KINDS, LOSSES, LinearObjective, minimize, penalties, sampling, schedules
from fastgd.reference.optimizers import Step
from fastgd.reference.optimizers.sgd import SGDState, sgd_init, sgd_update

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


def problem(loss: str, seed: int, n: int = 12) -> dict[str, Any]:
    """Arguments of a small objective with everything that it can have."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n) if KINDS[loss] != "regression" else rng.uniform(0.1, 2.0, n)
    return {
        "X": rng.normal(0.0, 0.5, (n, 4)),
        "y": y,
        "loss": loss,
        "alpha": 0.3,
        "l1_ratio": 0.4,
        "sample_weight": rng.choice([0.5, 1.0, 2.5], n),
        "n_classes": None if KINDS[loss] == "regression" else 3,
        "offset": rng.normal(0.0, 0.2, n),
    }


def parameters(objective: LinearObjective) -> Array:
    return np.random.default_rng(9).normal(0.0, 0.7, (objective.n_params,))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_objective_is_its_formula(loss: str, fit_intercept: bool) -> None:
    arguments = problem(loss, 1)
    objective = LinearObjective(**arguments, fit_intercept=fit_intercept)
    w = parameters(objective)
    coef, intercept = objective.unpack(w)
    assert objective.pack(coef, intercept).tolist() == w.tolist()
    total = 0.0
    for i in range(objective.n_samples):
        raw = [
            sum(coef[k, j] * arguments["X"][i, j] for j in range(4))
            + (w[4 * objective.n_outputs + k] if fit_intercept else 0.0)
            + arguments["offset"][i]
            for k in range(objective.n_outputs)
        ]
        y = arguments["y"][i]
        if KINDS[loss] == "multiclass":
            row = LOSSES[loss]([y], [raw])[0][0]
        elif KINDS[loss] == "binary":
            row = sum(LOSSES[loss](1.0 if k == y else -1.0, raw[k])[0] for k in range(3))
        else:
            row = LOSSES[loss](y, raw[0])[0]
        total += arguments["sample_weight"][i] * float(row)
    squares, absolutes = sum(c**2 for c in coef.flat), sum(abs(c) for c in coef.flat)
    expected = total / sum(arguments["sample_weight"]) + 0.3 * (0.6 / 2.0 * squares + 0.4 * absolutes)
    assert objective.value(w) == pytest.approx(expected, rel=64 * EPS)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("rows", [None, [3, 0, 7, 7]])
def test_gradient_is_the_derivative_of_the_value(loss: str, rows: list[int] | None) -> None:
    h = 1e-5
    for seed in range(3):
        objective = LinearObjective(**problem(loss, seed))
        w = parameters(objective)
        value, gradient = objective.value_and_grad(w, rows)
        numerical = numerical_grad(partial(objective.value, rows=rows), w, h=h)
        np.testing.assert_allclose(gradient, numerical, atol=(1.0 + abs(value)) * (8.0 * EPS / h + 10.0 * h**2))


def test_two_classes_have_one_output_in_either_encoding() -> None:
    X = np.random.default_rng(0).normal(size=(6, 2))
    codes = np.array([0, 1, 1, 0, 1, 0])
    w = [0.3, -0.2, 0.1]
    values = {LinearObjective(X, y).value(w) for y in (codes, 2 * codes - 1, codes.astype(bool))}
    assert len(values) == 1
    softmax = LinearObjective(X, codes, loss="multinomial").value([0.0, 0.0, 0.3, -0.2, 0.0, 0.1])
    assert softmax == pytest.approx(values.pop(), rel=16 * EPS)
    assert LinearObjective(X, codes, loss="zero_one").value(w) == np.mean((X @ w[:2] + w[2] > 0.0) != codes)
    assert LinearObjective(X, [0, 1, 2, 0, 1, 2], loss="zero_one").n_outputs == 3
    with pytest.raises(ValueError, match="zero_one"):
        LinearObjective(X, codes, loss="zero_one").grad(w)


def test_several_targets_are_summed() -> None:
    rng = np.random.default_rng(0)
    X, Y, coef = rng.normal(size=(7, 3)), rng.normal(size=(7, 2)), rng.normal(size=(2, 3))
    both = LinearObjective(X, Y, loss="huber", loss_params={"epsilon": 0.5}, fit_intercept=False)
    alone = [
        LinearObjective(X, Y[:, k], loss="huber", loss_params={"epsilon": 0.5}, fit_intercept=False) for k in (0, 1)
    ]
    assert both.value(both.pack(coef)) == pytest.approx(alone[0].value(coef[0]) + alone[1].value(coef[1]))


@settings(max_examples=40, deadline=None)
@given(loss=st.sampled_from(sorted(LOSSES)), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_weights_count_rows_and_zero_removes_them(loss: str, seed: int, data: st.DataObject) -> None:
    arguments = problem(loss, seed)
    count = np.array(data.draw(st.lists(st.integers(0, 3), min_size=12, max_size=12).filter(any)))
    per_row = ("X", "y", "offset")
    repeated = {
        **arguments,
        **{key: np.repeat(arguments[key], count, axis=0) for key in per_row},
        "sample_weight": None,
    }
    arguments["X"][count == 0] = np.nan
    weighted = LinearObjective(**{**arguments, "sample_weight": count})
    w = parameters(weighted)
    shuffled = data.draw(st.permutations(range(12)))
    permuted = {key: arguments[key][shuffled] for key in per_row}
    for other in (
        LinearObjective(**repeated),
        LinearObjective(**{**arguments, **permuted, "sample_weight": 4.0 * count[shuffled]}),
    ):
        value, gradient = weighted.value_and_grad(w)
        other_value, other_gradient = other.value_and_grad(w)
        bound = 64 * EPS * (1.0 + abs(value) + np.max(np.abs(gradient)))
        assert other_value == pytest.approx(value, abs=bound)
        np.testing.assert_allclose(other_gradient, gradient, atol=bound)


@settings(max_examples=25, deadline=None)
@given(loss=st.sampled_from(sorted(LOSSES)), shift=st.floats(-2, 2), scale=st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_shifts_go_into_the_intercept_and_scales_into_the_coefficients(loss: str, shift: float, scale: float) -> None:
    arguments = problem(loss, 3)
    arguments["alpha"] = 0.0
    objective = LinearObjective(**arguments)
    coef, intercept = objective.unpack(parameters(objective))
    moved = LinearObjective(**{**arguments, "X": scale * (arguments["X"] + shift)})
    same = moved.pack(coef / scale, intercept - shift * coef.sum(axis=1))
    offset = LinearObjective(**{**arguments, "offset": arguments["offset"] + shift})
    value = objective.value(objective.pack(coef, intercept))
    assert moved.value(same) == pytest.approx(value, rel=1e3 * EPS, abs=1e3 * EPS)
    assert offset.value(offset.pack(coef, intercept - shift)) == pytest.approx(value, rel=1e3 * EPS, abs=1e3 * EPS)


@pytest.mark.parametrize("batch_size", [1, 5, 12])
def test_batches_of_an_epoch_sum_to_the_full_gradient(batch_size: int) -> None:
    arguments = problem("multinomial", 5)
    arguments["sample_weight"][[2, 9]] = 0.0
    objective = LinearObjective(**arguments)
    w = parameters(objective)
    rest = objective.batch_gradient(w, objective.present()) - objective.risk_gradient(w, objective.present())
    total = np.zeros(objective.n_params)
    for cut in sampling.batches(reference.permutation(12, 3, 1), batch_size):
        batch = objective.present(cut)
        if batch.size:
            total += batch.size / 10.0 * (objective.batch_gradient(w, batch) - rest)
    np.testing.assert_allclose(total, objective.risk_gradient(w, objective.present()), atol=64 * EPS)
    coef, _ = objective.unpack(w)
    np.testing.assert_allclose(rest, objective.pack(0.3 * 0.6 * coef, np.zeros(3)), atol=8 * EPS)


def test_rows_that_cannot_be_used_are_named() -> None:
    X = np.zeros((3, 2))
    X[1, 1] = np.inf
    with pytest.raises(ValueError, match="row 1, column 1"):
        LinearObjective(X, [0, 1, 0])
    objective = LinearObjective(X, [0, 1, 0], sample_weight=[1, 0, 1])
    with pytest.raises(ValueError, match="positive weight"):
        objective.value(np.zeros(3), [1])
    with pytest.raises(ValueError, match="sample_weight"):
        LinearObjective(X, [0, 1, 0], sample_weight=[0, 0, 0])
    with pytest.raises(ValueError, match="loss must be one of"):
        LinearObjective(X, [0, 1, 0], loss="log")


# Two steps with gradients 1 and 3 at rate 0.1 from w = 1: parameters after each, and the last velocity.
@pytest.mark.parametrize(
    ("params", "first", "second", "velocity"),
    [
        ({}, 0.9, 0.6, None),
        ({"momentum": 0.5}, 0.9, 0.9 - 0.1 * 3.5, 3.5),
        ({"momentum": 0.5, "dampening": 0.2}, 0.9, 0.9 - 0.1 * 2.9, 2.9),
        ({"momentum": 0.5, "nesterov": True}, 0.85, 0.85 - 0.1 * (3.0 + 0.5 * 3.5), 3.5),
        ({"momentum": 0.5, "dampening": 0.2, "nesterov": True}, 0.85, 0.85 - 0.1 * (3.0 + 0.5 * 2.9), 2.9),
        ({"dampening": 0.2, "nesterov": True}, 0.9, 0.6, None),
    ],
)
def test_sgd_by_hand(params: dict[str, Any], first: float, second: float, velocity: float | None) -> None:
    start = np.array([1.0])
    w, state = sgd_update(np.array([1.0]), sgd_init(start), start, Step(0.1), **params)
    assert w[0] == pytest.approx(first, rel=4 * EPS)
    w, state = sgd_update(np.array([3.0]), state, w, Step(0.1), **params)
    assert w[0] == pytest.approx(second, rel=4 * EPS)
    assert state == SGDState(None, 0.0) if velocity is None else state.velocity == pytest.approx(velocity, rel=4 * EPS)
    assert start[0] == 1.0


def test_schedules_by_hand() -> None:
    assert [schedules.constant(0.3)(step) for step in (0, 1, 99)] == [0.3, 0.3, 0.3]
    assert [schedules.inverse_scaling(0.3)(step) for step in (0, 3, 99)] == pytest.approx(
        [0.3, 0.15, 0.03], rel=4 * EPS
    )
    assert schedules.inverse_scaling(0.3, power_t=1.0)(2) == pytest.approx(0.1, rel=4 * EPS)


def test_full_batch_descent_reaches_closed_form_least_squares() -> None:
    rng = np.random.default_rng(11)
    X, y, s = rng.normal(size=(40, 3)), rng.normal(size=40), rng.choice([0.0, 1.0, 2.0], 40)
    offset = rng.normal(size=40)
    design = np.column_stack([X, np.ones(40)])
    for alpha in (0.0, 0.2):
        objective = LinearObjective(X, y, loss="squared_error", alpha=alpha, sample_weight=s, offset=offset)
        normal = design.T @ (s[:, None] * design) / s.sum() + alpha * np.diag([1.0, 1.0, 1.0, 0.0])
        exact = np.linalg.solve(normal, design.T @ (s * (y - offset)) / s.sum())
        for params in ({}, {"momentum": 0.5}, {"momentum": 0.5, "nesterov": True}):
            found = minimize(objective, lr=0.3, optimizer_params=params, max_epochs=400, tol=None)
            np.testing.assert_allclose(found.x, exact, atol=1e3 * EPS)
            assert found.grad_norm < 1e3 * EPS
            assert found.fun == objective.value(found.x) <= objective.value(exact) + 8 * EPS
            assert (found.status, found.n_epochs, found.n_steps, found.lr) == ("max_epochs", 400, 400, 0.3)
            assert np.all(np.diff(found.history.loss) <= 4 * EPS) or params


def test_full_batch_descent_reaches_the_closed_form_lasso() -> None:
    rng = np.random.default_rng(12)
    Q = np.linalg.qr(rng.normal(size=(30, 4)))[0] * math.sqrt(30)
    y = Q @ [2.0, -1.0, 0.1, 0.0] + rng.normal(0.0, 0.1, 30)
    objective = LinearObjective(Q, y, loss="squared_error", alpha=0.5, l1_ratio=0.8, fit_intercept=False)
    correlation = Q.T @ y / 30
    exact = np.sign(correlation) * np.maximum(np.abs(correlation) - 0.4, 0.0) / (1.0 + 0.1)
    found = minimize(objective, lr=0.5, max_epochs=200, tol=None)
    np.testing.assert_allclose(found.x, exact, atol=64 * EPS)
    assert np.count_nonzero(found.x) == 2


def by_scalars(X: Array, y: Array, s: Array, order: list[int], batch_size: int, n_epochs: int) -> tuple[Any, ...]:
    """Least squares with elastic net, Nesterov momentum and a falling rate, a number at a time."""
    alpha, l1_ratio, momentum, gain, w, b, velocity, step = 0.2, 0.3, 0.9, 0.0, 0.5, -0.25, None, 0
    mean_weight = sum(v for v in s if v > 0) / sum(1 for v in s if v > 0)
    losses, steps = [], []
    for _ in range(n_epochs):
        at_start = alpha * (0.7 / 2 * w**2 + 0.3 * abs(w))
        loss_sum = weight_sum = 0.0
        for begin in range(0, len(order), batch_size):
            batch = [i for i in order[begin : begin + batch_size] if s[i] > 0]
            if not batch:
                continue
            residual = {i: X[i] * w + b - y[i] for i in batch}
            loss_sum += sum(s[i] * residual[i] ** 2 / 2 for i in batch)
            weight_sum += sum(s[i] for i in batch)
            divisor = mean_weight * len(batch)
            g = [sum(s[i] * residual[i] * X[i] for i in batch) / divisor + alpha * (1 - l1_ratio) * w]
            g.append(sum(s[i] * residual[i] for i in batch) / divisor)
            gain = 1.0 if velocity is None else momentum * gain + 1.0
            velocity = list(g) if velocity is None else [momentum * v + d for v, d in zip(velocity, g, strict=True)]
            lr = 0.05 / (step + 1) ** 0.5
            w -= lr * (g[0] + momentum * velocity[0])
            b -= lr * (g[1] + momentum * velocity[1])
            w = math.copysign(max(abs(w) - lr * (1.0 + momentum * gain) * alpha * l1_ratio, 0.0), w)
            step += 1
        losses.append(loss_sum / weight_sum + at_start)
        steps.append(step)
    return w, b, losses, steps, lr


def test_mini_batch_descent_by_scalars() -> None:
    rng = np.random.default_rng(13)
    X, y, s = rng.normal(size=7), rng.normal(size=7), np.array([1.0, 2.0, 0.0, 0.5, 1.0, 0.0, 3.0])
    order = [6, 0, 2, 5, 3, 1, 4, 4]  # its second batch is empty, and row 4 comes twice
    w, b, losses, steps, lr = by_scalars(X, y, s, order, 2, 6)
    X[s == 0.0] = np.nan
    objective = LinearObjective(X[:, None], y, loss="squared_error", alpha=0.2, l1_ratio=0.3, sample_weight=s)
    found = minimize(
        objective,
        [0.5, -0.25],
        lr=schedules.inverse_scaling(0.05),
        optimizer_params={"momentum": 0.9, "nesterov": True},
        batch_size=2,
        order=order,
        max_epochs=6,
        tol=None,
    )
    found_gradient = objective.grad(found.x)
    np.testing.assert_allclose(found.x, [w, b], rtol=64 * EPS)
    np.testing.assert_allclose(found.history.loss, losses, rtol=64 * EPS)
    assert found.history.epoch.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.history.step.tolist() == steps == [3, 6, 9, 12, 15, 18]
    assert found.grad_norm == pytest.approx(math.hypot(*found_gradient), rel=4 * EPS)
    assert found.lr == found.history.lr[-1] == pytest.approx(lr, rel=4 * EPS)
    assert np.all(np.isnan(found.history.grad_norm))


@pytest.mark.parametrize(
    ("loss", "estimator"),
    [
        *(
            (name, SGDRegressor)
            for name in ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
        ),
        *((name, SGDClassifier) for name in ("log_loss", "hinge", "squared_hinge", "modified_huber", "perceptron")),
    ],
)
def test_stochastic_descent_is_that_of_scikit_learn(loss: str, estimator: Any) -> None:
    rng = np.random.default_rng(14)
    X = rng.normal(size=(50, 4))
    y = X @ rng.normal(size=4) + rng.normal(size=50)
    y = y if estimator is SGDRegressor else np.where(y > 0.0, 1.0, -1.0)
    s = rng.uniform(0.5, 1.5, 50)
    s /= s.mean()
    common = {"loss": loss, "alpha": 0.01, "learning_rate": "invscaling", "eta0": 0.05, "power_t": 0.4}
    theirs = estimator(**common, shuffle=False, max_iter=3, tol=None).fit(X, y, sample_weight=s)
    objective = LinearObjective(X, y, loss=loss, alpha=0.01, sample_weight=s)
    lr = schedules.inverse_scaling(0.05, power_t=0.4)
    ours = minimize(objective, lr=lr, batch_size=1, shuffle=False, max_epochs=3, tol=None)
    np.testing.assert_allclose(ours.x, [*theirs.coef_.ravel(), *theirs.intercept_], rtol=1e4 * EPS)


def test_shuffled_epochs_follow_the_permutation() -> None:
    objective = LinearObjective(**problem("multinomial", 15))
    same: dict[str, Any] = {"lr": 0.1, "batch_size": 5, "max_epochs": 3, "tol": None}
    shuffled = minimize(objective, random_state=4, **same)
    epochs = iter(range(3))
    given_order = minimize(objective, order=lambda epoch: reference.permutation(12, 4, next(epochs)), **same)
    assert shuffled.x.tolist() == given_order.x.tolist()
    assert shuffled.x.tolist() != minimize(objective, random_state=5, **same).x.tolist()
    assert shuffled.x.tolist() != minimize(objective, shuffle=False, **same).x.tolist()
    assert (
        minimize(objective, shuffle=True, max_epochs=3).x.tolist()
        == minimize(objective, shuffle=False, max_epochs=3).x.tolist()
    )
    with pytest.raises(ValueError, match="batch_size"):
        minimize(objective, batch_size=0)
    with pytest.raises(ValueError, match="positive weight in epoch 0"):
        minimize(LinearObjective([[1.0], [2.0]], [0, 1], sample_weight=[0, 1]), order=[0], batch_size=1)


def test_full_batch_history_is_the_objective_before_each_step() -> None:
    objective = LinearObjective(**problem("log_cosh", 16))
    history = minimize(objective, lr=0.2, max_epochs=4, tol=None).history
    w = objective.initial()
    for epoch in range(4):
        value, gradient = objective.value_and_grad(w)
        assert history.loss[epoch] == pytest.approx(value, rel=8 * EPS)
        # The subgradient of least norm.
        beyond = np.maximum(np.abs(gradient) - objective.l1_strength(), 0.0)
        least = np.where(w == 0.0, beyond, gradient)
        assert history.grad_norm[epoch] == pytest.approx(math.sqrt(sum(least**2)), rel=8 * EPS)
        w = penalties.prox_l1(w - 0.2 * objective.batch_gradient(w, np.arange(12)), 0.2 * objective.l1_strength())


def test_stopping_rule_by_hand() -> None:
    losses = [10.0, 5.0, 4.8, 4.9, 4.7]
    assert not reference.has_converged(losses[:3], 0.1, 3), "not before more than n_iter_no_change epochs"
    assert not reference.has_converged(losses[:4], 0.1, 3)
    assert reference.has_converged(losses, 0.1, 3), "4.7 is no tenth below 5"
    assert not reference.has_converged(losses, 0.05, 3), "but a twentieth"
    assert not reference.has_converged(losses, None, 3)
    assert reference.has_converged([-10.0, -10.5], 0.1, 1)
    assert not reference.has_converged([-10.0, -11.5], 0.1, 1)
    objective = LinearObjective(**problem("log_cosh", 17))
    found = minimize(objective, lr=0.5, max_epochs=500, tol=1e-3, n_iter_no_change=2)
    assert found.status == "converged"
    assert found.n_epochs == len(found.history.loss) < 100
    before = list(found.history.loss)
    assert reference.has_converged(before, 1e-3, 2)
    assert not any(reference.has_converged(before[:k], 1e-3, 2) for k in range(found.n_epochs))


def test_divergence_leaves_the_best_parameters() -> None:
    rng = np.random.default_rng(18)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    objective = LinearObjective(X, y, loss="squared_error")
    found = minimize(objective, lr=1e9, max_epochs=1000, tol=None)
    assert (found.status, found.n_restarts) == ("diverged", 3)
    assert found.fun == min(found.history.loss) == objective.value(found.x)
    assert found.history.lr[-1] == pytest.approx(1e6, rel=8 * EPS)
    assert found.n_epochs < 20


def test_restarts_by_hand() -> None:
    """Steps of 5 times the way to the minimum grow by 4 each, and the loss by 16."""
    objective = LinearObjective([[1.0]], [0.0], loss="squared_error", fit_intercept=False)
    found = minimize(objective, [1.0], lr=5.0, max_epochs=9, tol=None)
    growing = [0.5 * 16.0**k for k in range(6)]
    assert growing[5] > 1e4 * growing[1] > growing[4], "the first loss and the second are the early ones"
    np.testing.assert_allclose(found.history.loss, [*growing, 0.5, 0.125, 0.03125], rtol=8 * EPS)
    assert found.history.lr.tolist() == [5.0] * 6 + [0.5] * 3
    assert found.x == pytest.approx(0.125, rel=8 * EPS)
    assert (found.status, found.n_restarts, found.n_epochs, found.n_steps) == ("max_epochs", 1, 9, 9)


def test_restarts_go_back_in_all_but_the_order_of_rows() -> None:
    """From the begin of the best epoch on, descent is that of a run with other rates whose rows come in that order."""
    arguments = {**problem("squared_error", 19), "l1_ratio": 0.0}
    objective = LinearObjective(**arguments)
    same: dict[str, Any] = {"batch_size": 5, "optimizer_params": {"momentum": 0.5}, "tol": None}
    falls = schedules.inverse_scaling(0.1)
    # The steps of the fourth epoch, the first time that it comes to them.
    wild = iter([1.0] * 9 + [1e30] * 3 + [1.0] * 100)
    found = minimize(objective, lr=lambda step: falls(step) * next(wild), max_epochs=8, **same)
    assert found.n_restarts == 1
    diverged = int(np.flatnonzero(~(found.history.loss < 1e6))[0])
    best = int(np.argmin(found.history.loss[:diverged]))
    assert best > 0
    epochs = [*range(best), *range(diverged + 1, 8)]
    order = iter(epochs)
    again = minimize(
        objective,
        lr=lambda step: falls(step) * (1.0 if step < 3 * best else 0.1),
        order=lambda epoch: reference.permutation(12, 0, next(order)),
        max_epochs=len(epochs),
        **same,
    )
    np.testing.assert_allclose(found.x, again.x, rtol=1e3 * EPS)
    np.testing.assert_allclose(found.history.loss[epochs], again.history.loss, rtol=1e3 * EPS)


def test_what_came_before_a_restart_is_no_sign_of_convergence() -> None:
    """Twice: losses that only grow are no end, and those of before are not compared with those of after."""
    objective = LinearObjective([[1.0], [1.0]], [0.0, 2.0], loss="squared_error", fit_intercept=False)
    found = minimize(objective, [2.0], lr=5.0, max_epochs=100, tol=1e-3, n_iter_no_change=2)
    assert found.history.loss[:5] == pytest.approx([1.0, 8.5, 128.5, 1.0, 0.625], rel=8 * EPS)
    assert (found.status, found.n_restarts) == ("converged", 1)
    assert found.fun == pytest.approx(0.5, rel=1e-3)
