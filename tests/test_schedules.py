"""Learning-rate schedules: each is its twin, at every step it may meet."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _schedules import EACH, PLATEAUS, by_epoch, rates
from sklearn.linear_model import SGDRegressor

from fastgd import _core, reference
from fastgd.schedules import (
    Constant,
    Cosine,
    CosineWarmRestarts,
    Exponential,
    InverseScaling,
    OneCycle,
    Optimal,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)
from fastgd.schedules._function import Function, as_schedule
from fastgd.schedules._spec import stacked

EPS = float(np.finfo(np.float64).eps)
# A rate is a few operations on functions with errors below 1 ulp, in the core and in the libm of the twin.
ROUNDING = 8 * EPS


def twin(schedule: Schedule) -> Callable[[int], float]:
    """The twin of a schedule, without any loss seen."""
    params = {name: value for name, value in schedule.get_params(deep=False).items() if name != "unit"}
    if isinstance(schedule, Warmup):
        lr = params.pop("lr")
        return reference.schedules.warmup(twin(lr if isinstance(lr, Schedule) else Constant(lr)), **params)
    if isinstance(schedule, ReduceOnPlateau):
        return reference.schedules.constant(reference.schedules.plateau(schedule.lr).lr)
    return reference.SCHEDULES[schedule._core_name](**params)


# Rates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", EACH, ids=repr)
def test_the_core_is_the_twin(schedule: Schedule) -> None:
    steps = np.arange(400)
    expected = [twin(schedule)(int(step)) for step in steps]
    # A cosine near -1 leaves little of 1 + cos, and the twin rounds pi: the error is then that of the largest rate.
    largest = max(expected) if "cos" in repr(schedule).lower() else 0.0
    np.testing.assert_allclose(rates(schedule, steps), expected, rtol=ROUNDING, atol=ROUNDING * largest)


@pytest.mark.parametrize("schedule", EACH, ids=repr)
def test_a_schedule_is_called_with_a_step_or_an_epoch(schedule: Schedule) -> None:
    counts = [0, 1, 19, 20, 21, 77]
    at = list(rates(schedule, counts))
    assert [schedule(count) for count in counts] == at
    other = by_epoch(schedule)
    assert [other(count) for count in counts] == at
    if other is not schedule:
        assert list(rates(other, [10**6] * len(counts), counts)) == at


@pytest.mark.parametrize(
    "schedule, limit",
    [
        (Constant(0.3), 0.3),
        (InverseScaling(0.3), 0.3 / (10**9 + 1) ** 0.5),
        (InverseScaling(0.3, power_t=0.0), 0.3),
        (Optimal(0.25), 1.0 / (0.25 * (0.25**-0.75 + 1e9))),
        (Step(0.3, 10**8, gamma=0.5), 0.3 / 1024),
        (Step(0.3, 1), 0.0),
        (Exponential(0.3, 1.0 - 2**-30), 0.3 * math.exp(1e9 * math.log1p(-(2**-30)))),
        (Exponential(0.3, 0.9), 0.0),
        (Polynomial(0.3, 2 * 10**9), 0.15),
        (Polynomial(0.3, 10**9), 0.0),
        (Cosine(0.3, 3, eta_min=0.1), 0.15),
        (Cosine(0.3, 10**9, eta_min=0.1), 0.1),
        (CosineWarmRestarts(0.3, 4), 0.3),
        (CosineWarmRestarts(0.3, 10**9 + 1, t_mult=2), 0.0),
        (CosineWarmRestarts(0.3, 1, t_mult=3, eta_min=0.1), None),
        (OneCycle(0.3, 100), 0.3 / 25e4),
        (OneCycle(0.3, 2 * 10**9 + 2, pct_start=0.0, anneal_strategy="linear", final_div_factor=1.0), 0.156),
        (Warmup(0.3, 2 * 10**9, start_factor=0.5), 0.3 * 0.75),
        (Warmup(Polynomial(0.3, 2 * 10**9 - 200), 100), 0.15),
    ],
    ids=repr,
)
def test_far_steps(schedule: Schedule, limit: float | None) -> None:
    if limit is None:
        limit = twin(schedule)(10**9)
    assert schedule(10**9) == pytest.approx(limit, rel=1e-14, abs=1e-15 * 0.3)
    if not isinstance(schedule, (Optimal, OneCycle, Warmup)):
        assert schedule(0) == 0.3


def test_rates_at_the_corners() -> None:
    assert [Cosine(0.5, 2, eta_min=0.5)(step) for step in range(4)] == [0.5] * 4
    assert [Cosine(0.5, 1)(step) for step in range(4)] == [0.5, 0.0, 0.5, 0.0]
    assert [CosineWarmRestarts(0.5, 1)(step) for step in range(3)] == [0.5] * 3
    assert [Polynomial(0.5, 1)(step) for step in range(3)] == [0.5, 0.0, 0.0]
    assert [OneCycle(0.5, 1, div_factor=2.0, final_div_factor=1.0)(step) for step in range(3)] == [0.25] * 3
    assert [Warmup(0.5, 1, start_factor=0.5)(step) for step in range(3)] == [0.25, 0.5, 0.5]
    assert Warmup(0.5, 5, start_factor=1.0)(3) == 0.5


@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 0.5])
def test_optimal_is_scikit_learns(alpha: float) -> None:
    # The intercept alone: each row far above it moves it by the rate.
    model = SGDRegressor("epsilon_insensitive", epsilon=0.0, alpha=alpha, learning_rate="optimal", shuffle=False)
    intercept = [0.0]
    for _ in range(50):
        model.partial_fit([[0.0]], [1e12])
        intercept.append(float(model.intercept_[0]))
    # A difference has the rounding of its intercepts.
    rounding = 2.0**-52 * intercept[-1]
    np.testing.assert_allclose(rates(Optimal(alpha), np.arange(50)), np.diff(intercept), rtol=0.0, atol=rounding)


LOSSES = {
    "noisy": [1.0 / (1 + epoch) + 0.1 * math.sin(7.0 * epoch) for epoch in range(60)],
    "flat": [1.0] * 60,
    "not a number": [1.0, math.nan, math.inf, 0.9, *[math.nan] * 26],
    "negative": [-1.0 - 0.04 * epoch for epoch in range(30)] + [-2.0] * 30,
}


@pytest.mark.parametrize("losses", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("schedule", PLATEAUS, ids=repr)
def test_reduce_on_plateau_reads_the_losses(schedule: ReduceOnPlateau, losses: list[float]) -> None:
    start, update = reference.LOSS_SCHEDULES["reduce_on_plateau"]
    state = start(schedule.lr)
    expected = []
    for loss in losses:
        expected.append(state.lr)
        state = update(state, loss, **{k: v for k, v in schedule.get_params().items() if k != "lr"})
    seen = np.array(losses)[:, None]
    assert list(rates(schedule, np.arange(len(losses)), losses=seen)) == expected
    if losses == LOSSES["flat"]:
        assert len(set(expected)) > 1


def test_a_warmed_up_plateau_reads_the_losses_of_the_rise_too() -> None:
    schedule = Warmup(ReduceOnPlateau(1.0, factor=0.5, patience=1), 4, start_factor=0.5)
    got = rates(schedule, np.arange(6), losses=np.ones((6, 1)))
    assert list(got) == [0.5, 0.625, 0.75, 0.4375, 0.5, 0.25]


def test_models_have_their_own_parameters_and_memory() -> None:
    each = [ReduceOnPlateau(0.3, patience=0, factor=factor) for factor in (0.5, 0.25)]
    losses = np.array([[1.0, 1.0], [1.0, 0.5], [1.0, 1.0], [0.1, 0.1]])
    steps = np.arange(4)
    both = _core.schedule_rates(stacked([one._spec() for one in each]), 2, steps, steps, losses)
    for m, one in enumerate(each):
        assert list(both[:, m]) == list(rates(one, steps, losses=losses[:, m : m + 1].copy()))
    warm = [Warmup(Exponential(lr, 0.5), 2) for lr in (0.1, 0.2)]
    both = _core.schedule_rates(stacked([one._spec() for one in warm]), 2, steps, steps, None)
    assert [list(both[:, m]) for m in range(2)] == [list(rates(one, steps)) for one in warm]


@pytest.mark.parametrize(
    "one, other",
    [
        (Constant(1.0), Step(1.0, 2)),
        (Step(1.0, 2), Step(1.0, 2, unit="epoch")),
        (Warmup(1.0, 2), Warmup(Step(1.0, 2), 2)),
    ],
)
def test_models_of_one_run_have_one_kind_of_schedule(one: Schedule, other: Schedule) -> None:
    with pytest.raises(ValueError, match="all models of a run must have the same schedule, got"):
        stacked([one._spec(), other._spec()])


# Functions -----------------------------------------------------------------------------------------------------------


def test_functions_of_the_user() -> None:
    schedule = as_schedule(lambda step: 1.0 / (1 + step))
    assert [schedule(step) for step in range(3)] == [1.0, 0.5, 1.0 / 3.0]
    assert list(rates(Warmup(lambda step: np.float32(step + 1), 2, start_factor=0.5), np.arange(4))) == [
        0.5,
        0.75,
        1,
        2,
    ]
    each = [Function(lambda step: 0.1), Function(lambda step: 0.2 * step)]
    got = _core.schedule_rates(stacked([one._spec() for one in each]), 2, np.arange(2), np.arange(2), None)
    assert got.tolist() == [[0.1, 0.0], [0.1, 0.2]]


def test_an_exception_of_a_users_function_goes_through() -> None:
    error = KeyError("mine")

    def fails(step: int) -> float:
        raise error

    for schedule in (as_schedule(fails), Warmup(fails, 3)):
        with pytest.raises(KeyError) as caught:
            schedule(0)
        assert caught.value is error
        assert caught.traceback[-1].name == "fails"

    def interrupts(step: int) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        as_schedule(interrupts)(0)


@pytest.mark.parametrize(
    "value, error, shown",
    [
        (-0.5, ValueError, "got -0.5"),
        (math.nan, ValueError, "got nan"),
        (math.inf, ValueError, "got inf"),
        (None, TypeError, "got None"),
        ("0.1", TypeError, "got '0.1' of type str"),
    ],
)
def test_what_a_users_function_may_not_return(value: Any, error: type[Exception], shown: str) -> None:
    schedule = as_schedule(lambda step: value if step == 3 else 0.1)
    assert schedule(2) == 0.1
    with pytest.raises(error, match=re.escape(f"lr(3) must be a finite number >= 0, {shown}")):
        schedule(3)
