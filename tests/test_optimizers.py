"""Optimisers: how they descend, what clipping and decay do, and where their steps leave the minimum as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _optimizers import FINITE_SUMS, FULL_BATCH, INFO, STEPS, TUNED
from _rounding import EPS64, EVALUATION
from _sweeps import optimizer_of
from conftest import Data

import fastgd
from fastgd import reference
from fastgd.optimizers import (
    ASGD,
    FTRL,
    SGD,
    Adam,
    AdamW,
    Lion,
    Optimizer,
    PolyakSGD,
    Prodigy,
    RMSprop,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from fastgd.schedules import Constant

HESSIAN = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 0.5]])
CENTER = np.array([1.0, -2.0, 0.5])


def bowl(w: np.ndarray) -> tuple[float, np.ndarray]:
    """A quadratic function with its minimum, 0, at CENTER."""
    slope = HESSIAN @ (w - CENTER)
    return 0.5 * float((w - CENTER) @ slope), slope


# ------------------------------------------------------------------------------------------------------- descent


# Tables of rows are for mini-batches, comparisons of steps for full ones.
DESCENTS = [
    *((name, "full") for name in TUNED if name not in FINITE_SUMS),
    *((name, rows) for name in TUNED if name not in FULL_BATCH for rows in (7, 1)),
]


@pytest.mark.parametrize("name, batch_size", DESCENTS)
def test_every_optimizer_descends_with_the_same_bits_on_any_number_of_threads(
    data: Data, name: str, batch_size: Any
) -> None:
    objective = data.objective("log_loss", alpha=0.05)
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 200 if batch_size == "full" else 40, "tol": None}
    results = [fastgd.minimize(objective, optimizer=TUNED[name], n_threads=n, **options) for n in (1, 2, 7)]
    least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=200, tol=None)
    assert least.grad_norm < 1e-6
    start = objective.value(np.zeros(5))
    assert results[0].status in ("max_epochs", "converged")
    assert least.fun - 1e-12 <= results[0].fun <= least.fun + 0.25 * (start - least.fun)
    for result in results[1:]:
        np.testing.assert_array_equal(result.x, results[0].x)
        np.testing.assert_array_equal(result.history.loss, results[0].history.loss)


@pytest.mark.parametrize("name", TUNED)
def test_a_name_means_the_defaults(data: Data, name: str) -> None:
    default = type(TUNED[name])()
    options: dict[str, Any] = {"batch_size": "full" if name in FULL_BATCH else 7, "max_epochs": 2, "tol": None}
    by_name, by_class = (fastgd.minimize(data.objective(), optimizer=one, **options) for one in (name, default))
    np.testing.assert_array_equal(by_name.x, by_class.x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", STEPS)
def test_gradients_of_zero_leave_no_nan(name: str, dtype: Any) -> None:
    """In a column of zeros, and between the columns and the end of a vector, with the smallest divisors allowed."""
    X = np.random.default_rng(0).normal(size=(20, 5)).astype(dtype)
    X[:, 2] = 0.0
    smallest = {"eps": 1e-20, "d0": 1e-15, "beta": 1e-20}
    own = {key: least for key, least in smallest.items() if key in TUNED[name]._names}
    optimizer = optimizer_of(TUNED[name], own)
    objective = fastgd.LinearObjective(X, X[:, 0], loss="squared_error")
    sizes: list[Any] = ["full"] if name in FULL_BATCH else ["full", 4, 1]
    for batch_size in sizes:
        result = fastgd.minimize(objective, optimizer=optimizer, batch_size=batch_size, max_epochs=3, tol=None)
        assert np.isfinite(result.x).all()
        assert result.x[2] == 0.0
        assert "diverged" not in result.message


@pytest.mark.parametrize("name", STEPS)
def test_rates_of_zero_are_rests(name: str) -> None:
    """As at the beginning of a warmup and at the end of a cosine."""
    objective = fastgd.FunctionObjective(bowl, jac=True)
    options: dict[str, Any] = {"w0": np.zeros(3), "tol": None}
    rate = TUNED[name].get_params()["lr"]
    half = optimizer_of(TUNED[name], {"lr": lambda step: rate * (step % 2)})
    result = fastgd.minimize(objective, optimizer=half, max_epochs=400, **options)
    assert np.isfinite(result.x).all()
    assert result.status == "max_epochs"
    assert result.fun < 0.75 * bowl(np.zeros(3))[0]
    resting = optimizer_of(TUNED[name], {"lr": lambda step: 0.0})
    never = fastgd.minimize(objective, optimizer=resting, max_epochs=5, **options)
    np.testing.assert_array_equal(never.x, np.zeros(3))


def test_a_rate_of_zero_is_no_step_of_ftrl() -> None:
    objective = fastgd.LinearObjective(np.eye(4), np.arange(4.0), loss="squared_error", alpha=0.25, l1_ratio=1.0)
    rates = [0.0, 0.5, 0.0, 0.0, 0.5, 0.25]
    resting = fastgd.minimize(objective, optimizer=FTRL(rates.__getitem__), max_epochs=6, tol=None)
    steps = [rate for rate in rates if rate > 0.0]
    without = fastgd.minimize(objective, optimizer=FTRL(steps.__getitem__), max_epochs=3, tol=None)
    assert not np.array_equal(without.x, np.zeros(5))
    np.testing.assert_array_equal(resting.x, without.x)


# ------------------------------------------------------------------------------------------------------ averages


@pytest.mark.parametrize("average_from", [1, 4, 12, 13])
def test_asgd_is_the_mean_of_the_iterates(data: Data, average_from: int) -> None:
    iterates: list[np.ndarray] = []
    options: dict[str, Any] = {"max_epochs": 12, "tol": None}
    objective = data.objective("log_loss", alpha=0.25, l1_ratio=0.5)
    fastgd.minimize(objective, optimizer=SGD(0.5), callbacks=lambda info: iterates.append(info.x), **options)
    result = fastgd.minimize(objective, optimizer=ASGD(0.5, average_from=average_from), **options)
    expected = np.mean(iterates[average_from - 1 :], axis=0) if average_from <= 12 else iterates[-1]
    np.testing.assert_allclose(result.x, expected, rtol=1e-13)


def test_schedule_free_is_the_mean_of_the_iterates_at_a_constant_rate() -> None:
    """With beta = 0, gradients are taken at the iterates, which are those of gradient descent."""
    iterates: list[np.ndarray] = []
    objective = fastgd.FunctionObjective(bowl, jac=True)
    options: dict[str, Any] = {"w0": [0.0, 1.0, 2.0], "max_epochs": 9, "tol": None}
    fastgd.minimize(objective, optimizer=SGD(0.25), callbacks=lambda info: iterates.append(info.x), **options)
    result = fastgd.minimize(objective, optimizer=ScheduleFreeSGD(0.25, beta=0.0), **options)
    np.testing.assert_allclose(result.x, np.mean(iterates, axis=0), rtol=1e-13)
    others = [fastgd.minimize(objective, optimizer=ScheduleFreeSGD(0.25, beta=b), **options).x for b in (0.0, 0.5, 1.0)]
    assert len({x.tobytes() for x in others}) == 3


def test_polyaks_rate_is_at_most_lr_and_ends_at_the_least_value() -> None:
    objective = fastgd.FunctionObjective(lambda w: (3.0 + float(w @ w), 2.0 * w), jac=True)
    options: dict[str, Any] = {"w0": [4.0, -3.0], "tol": None}
    one = fastgd.minimize(objective, optimizer=PolyakSGD(10.0, f_min=3.0), max_epochs=1, **options)
    np.testing.assert_allclose(one.x, [2.0, -1.5], rtol=1e-15)
    slow = fastgd.minimize(objective, optimizer=PolyakSGD(0.125, f_min=3.0), max_epochs=1, **options)
    np.testing.assert_allclose(slow.x, [3.0, -2.25], rtol=1e-15)
    for f_min in (28.0, 29.0):
        there = fastgd.minimize(objective, optimizer=PolyakSGD(10.0, f_min=f_min), max_epochs=5, **options)
        np.testing.assert_array_equal(there.x, [4.0, -3.0])


# --------------------------------------------------------------------------------------------------- the l1 norm

TAKES_L1 = [name for name, row in INFO.items() if row["l1"]]


WITH_L1 = [
    *(TUNED[name] for name in TAKES_L1),
    SGD(0.1, momentum=0.75),
    SGD(0.1, momentum=0.75, dampening=0.5),
    SGD(0.1, momentum=0.75, nesterov=True),
]


@pytest.mark.parametrize("optimizer", WITH_L1, ids=repr)
def test_steps_leave_the_minimum_with_an_l1_norm_where_it_is(optimizer: Optimizer) -> None:
    X = np.random.default_rng(3).normal(size=(40, 5))
    y = X @ [1.0, -2.0, 0.5, 0.0, 0.0]
    objective = fastgd.LinearObjective(X, y, loss="squared_error", alpha=0.5, l1_ratio=0.75, fit_intercept=False)
    minimum = fastgd.minimize(objective, optimizer=SGD(0.5), max_epochs=2000, tol=None).x
    assert (minimum == 0.0).sum() == 2
    # The minimum is that of a batch of all rows; full ones are not for tables.
    batch_size: Any = 40 if optimizer._core_name in FINITE_SUMS else "full"
    options: dict[str, Any] = {"optimizer": optimizer, "batch_size": batch_size, "max_epochs": 20, "tol": None}
    rounding = 20 * EVALUATION * EPS64
    np.testing.assert_allclose(fastgd.minimize(objective, minimum, **options).x, minimum, rtol=0.0, atol=rounding)
    beside = minimum + np.array([0.25, 0.0, 0.0, -0.25, 0.0])
    assert fastgd.minimize(objective, beside, **options).fun < objective.value(beside)


REFUSES_L1 = [
    *(
        (TUNED[name], why)
        for name, why in {
            "adadelta": "its rates grow while the gradient is not 0",
            "adam": "its step follows a mean of past gradients",
            "adamw": "its step follows a mean of past gradients",
            "nadam": "its step follows a mean of past gradients",
            "lion": "its steps have one size",
            "schedule_free_sgd": "its gradients are taken at other parameters",
            "schedule_free_adamw": "its gradients are taken at other parameters",
            "prodigy": "its step follows a mean of past gradients",
        }.items()
    ),
    (RMSprop(0.01, momentum=0.5), "with momentum its step follows a mean of past gradients"),
]


def test_every_optimizer_takes_the_l1_norm_or_says_why_not() -> None:
    assert {*TAKES_L1, *(one._core_name for one, _ in REFUSES_L1)} == set(INFO)
    assert set(TAKES_L1) & {one._core_name for one, _ in REFUSES_L1} == {"rmsprop"}


@pytest.mark.parametrize("optimizer, why", REFUSES_L1, ids=lambda value: getattr(value, "_core_name", ""))
def test_the_l1_norm_is_refused_with_its_reason(data: Data, optimizer: Optimizer, why: str) -> None:
    message = rf"l1_ratio must be 0 with {type(optimizer).__name__}, got 0.5: {why}.*take it: sgd, adagrad"
    with pytest.raises(ValueError, match=message):
        fastgd.minimize(data.objective(alpha=0.1, l1_ratio=0.5), optimizer=optimizer)
    # Where there is no penalty there is no l1 norm to refuse.
    fastgd.minimize(data.objective(alpha=0.0, l1_ratio=0.5), optimizer=optimizer, max_epochs=1)
    fastgd.minimize(data.objective(alpha=0.1), optimizer=optimizer, max_epochs=1)


# ------------------------------------------------------------------------------------------------------ clipping


CLIPPED: dict[str, dict[str, float]] = {
    "value": {"clip_value": 0.75},
    "norm": {"clip_norm": 0.5},
    "both": {"clip_value": 0.75, "clip_norm": 0.5},
}


def clipped_as(clips: dict[str, float], gradient: np.ndarray) -> np.ndarray:
    return reference.clipping.clip(gradient, clips.get("clip_value"), clips.get("clip_norm"))


@pytest.mark.parametrize("how", CLIPPED)
@pytest.mark.parametrize("name", STEPS)
def test_clipping_is_that_of_gradients_clipped_by_hand(name: str, how: str) -> None:
    clips = CLIPPED[how]
    # Steps of one size tell gradients apart only where they change their signs.
    optimizer = Lion(0.25) if name == "lion" else TUNED[name]
    n_steps, rounding = 25, 25 * EVALUATION * EPS64
    if name == "barzilai_borwein":
        # A rate from a difference of gradients has their rounding, relative to that difference.
        first = clipped_as(clips, bowl(np.array([3.0, 1.0, -2.0]))[1])
        second = clipped_as(clips, bowl(np.array([3.0, 1.0, -2.0]) - 0.2 * first)[1])
        n_steps, rounding = 2, rounding * float(np.linalg.norm(first) / np.linalg.norm(second - first))
    options: dict[str, Any] = {"w0": [3.0, 1.0, -2.0], "optimizer": optimizer, "max_epochs": n_steps, "tol": None}
    plain = fastgd.FunctionObjective(bowl, jac=True)
    by_hand = fastgd.FunctionObjective(lambda w: (bowl(w)[0], clipped_as(clips, bowl(w)[1])), jac=True)
    clipped = fastgd.minimize(plain, **options, **clips)
    expected = fastgd.minimize(by_hand, **options).x
    np.testing.assert_allclose(clipped.x, expected, rtol=rounding)
    assert not np.array_equal(clipped.x, fastgd.minimize(plain, **options).x)


@pytest.mark.parametrize("how", CLIPPED)
@pytest.mark.parametrize("optimizer", [SGD(0.2, momentum=0.5), Adam(0.02), Prodigy(d0=1e-3)], ids=repr)
@pytest.mark.parametrize("batch_size", ["full", 7, 1])
def test_clipped_gradients_of_linear_objectives_have_the_penalty_in_them(
    data: Data, optimizer: Optimizer, batch_size: Any, how: str
) -> None:
    clips = CLIPPED[how]
    linear = data.objective("multinomial", alpha=0.5)

    def clipped_by_hand(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = linear.value_and_grad(w, rows=rows)
        return value, clipped_as(clips, gradient)

    own = fastgd.FunctionObjective(clipped_by_hand, jac=True, n_params=15, n_samples=60)
    options: dict[str, Any] = {"w0": np.linspace(-2.0, 2.0, 15), "optimizer": optimizer, "batch_size": batch_size}
    options |= {"max_epochs": 10 if batch_size == "full" else 2, "tol": None}
    found = fastgd.minimize(linear, **options, **clips)
    rounding = found.n_steps * EVALUATION * EPS64
    np.testing.assert_allclose(found.x, fastgd.minimize(own, **options).x, rtol=rounding, atol=rounding)
    assert not np.array_equal(found.x, fastgd.minimize(linear, **options).x)


# -------------------------------------------------------------------------------------------------- weight decay

# Each with what a step leaves of a weight; Prodigy's rate is d * lr * sqrt(1 - beta2) / (1 - beta1).
DECAYING: list[tuple[Optimizer, float]] = [
    (AdamW(0.25, weight_decay=0.5), 1.0 - 0.25 * 0.5),
    (Lion(0.25, weight_decay=0.5), 1.0 - 0.25 * 0.5),
    (ScheduleFreeAdamW(0.25, weight_decay=0.5), 1.0 - 0.25 * 0.5),
    (Prodigy(weight_decay=0.5, d0=0.25), 1.0 - 0.25 * np.sqrt(1.0 - 0.999) / (1.0 - 0.9) * 0.5),
]


@pytest.mark.parametrize("batch_size", ["full", 4])
@pytest.mark.parametrize("optimizer, share", DECAYING, ids=repr)
def test_weights_decay_and_intercepts_do_not(optimizer: Optimizer, share: float, batch_size: Any) -> None:
    """Where the gradient is 0, nothing else moves."""
    objective = fastgd.LinearObjective(np.zeros((4, 3)), np.full(4, 2.0), loss="squared_error")
    w0 = objective.pack(np.array([[1.0, -3.0, 0.5]]), np.array([2.0]))
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 1, "tol": None}
    coef, intercept = objective.unpack(fastgd.minimize(objective, w0, optimizer=optimizer, **options).x)
    np.testing.assert_allclose(coef, [[share, -3.0 * share, 0.5 * share]], rtol=1e-14)
    assert intercept.tolist() == [2.0]
    still = optimizer_of(optimizer, {"weight_decay": 0.0})
    np.testing.assert_array_equal(fastgd.minimize(objective, w0, optimizer=still, **options).x, w0)


@pytest.mark.parametrize("optimizer, share", DECAYING, ids=repr)
def test_all_parameters_of_a_function_decay(optimizer: Optimizer, share: float) -> None:
    flat = fastgd.FunctionObjective(lambda w: (1.0, np.zeros_like(w)), jac=True)
    result = fastgd.minimize(flat, [1.0, -4.0], optimizer=optimizer, max_epochs=1, tol=None)
    np.testing.assert_allclose(result.x, [share, -4.0 * share], rtol=1e-14)


def test_a_schedule_gives_every_step_its_rate() -> None:
    objective = fastgd.FunctionObjective(bowl, jac=True)
    options: dict[str, Any] = {"w0": np.zeros(3), "max_epochs": 6, "tol": None}
    for name in STEPS:
        number = fastgd.minimize(objective, optimizer=optimizer_of(TUNED[name], {"lr": 0.125}), **options)
        schedule = fastgd.minimize(objective, optimizer=optimizer_of(TUNED[name], {"lr": Constant(0.125)}), **options)
        np.testing.assert_array_equal(schedule.x, number.x)
        assert schedule.history.lr.tolist() == [0.125] * 6
