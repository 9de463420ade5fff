"""Every step that `fastgd.trace` yields is one of the twin's, and the last one ends where `fastgd.minimize` does."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import _design
import _noisy_twin
import _parity
import _rounding
import numpy as np
import pytest
from _descent_bound import ProvesNothing
from _rounding import EPS64, EVALUATION, excess
from _twins import as_class
from test_descent_parity import make_order
from test_optimizer_parity import CHOICES, CLIPS, allowed

import fastgd
from fastgd import reference
from fastgd.reference.optimizers import OPTIMIZERS, Step
from fastgd.schedules import InverseScaling

EPOCHS: dict[Any, int] = {"full": 10, 1: 1, 32: 4}
CROSSED: dict[str, list[Any]] = {"choice": CHOICES, "batch_size": [*EPOCHS]}
# The losses are smooth: at a kink rounding may choose the side.
DEALT: dict[str, list[Any]] = {
    "storage": ["float64", "float32", "float16", "csr_float64_int32", "csr_float32_int64"],
    "loss": [(name, ()) for name in ("squared_error", "log_cosh", "log_loss", "multinomial")],
    "clip": [*CLIPS],
    "penalty": [*_parity.PENALTIES],
    "weight": ["none", "positive", "zeros"],
    "fit_intercept": [True, False],
    "falls": [True, False],
    "order": ["shuffled", "stored", "given"],
    "columns": ["N-1", "4N+1"],
    "outputs": ["one", "few"],
    "offset": [True, False],
}
FIXED = {"n_rows": 45, "layout": "plain", "rows": "all"}
CASES = _design.cover(CROSSED, DEALT)
N_NOISY = 4


def name_of(case: _design.Case) -> str:
    seed = zlib.crc32(repr(sorted(case.items())).encode())
    return f"{case['choice']}-{case['batch_size']}-{case['storage']}-{seed:08x}"


def is_step_of_the_twin(
    steps: list[fastgd.TraceStep], twin: reference.LinearObjective, choice: Any, clips: dict[str, float], eps: float
) -> float:
    """Holds each step to the twin's from the same parameters; returns the gradients' largest error over its bound."""
    method, params = OPTIMIZERS[choice.name], dict(choice.params)
    given, params = (params, {}) if method.estimator is not None else ({}, params)
    w = steps[0].w
    state, table, epoch, worst = method.init(w, **params), None, -1, 0.0
    for number, step in enumerate(steps):
        np.testing.assert_array_equal(step.w, w)
        assert (step.step, step.restart) == (number, 0)
        value_bound, _ = _rounding.bound(twin, w, step.rows, eps)
        after, _ = _rounding.bound(twin, w + step.update, step.rows, eps)
        decrease = twin.batch_value(w, step.rows) - twin.batch_value(w + step.update, step.rows)
        worst = max(
            worst,
            excess(step.loss - twin.batch_value(w, step.rows), value_bound),
            excess(step.actual_decrease - decrease, value_bound + after),
        )
        size = _rounding.gradient_error(twin, w, step.rows, eps)
        if method.estimator is None:
            gradient = twin.batch_gradient(w, step.rows)
        else:
            if step.epoch != epoch:
                table = method.estimator.begin_epoch(twin, w, table, step.epoch, **given)
            gradient, table = method.estimator.gradient(twin, w, step.rows, table)
            gradient = gradient + twin.smooth_penalty_gradient(w)
            # A row of the table was computed at an earlier step, the average is a sum over all rows.
            size = 3.0 * _rounding.gradient_error(twin, w, twin.present(), eps) + 3.0 * size
        epoch = step.epoch
        # Clipping does not bring gradients further apart, but for the rounding of its factor.
        expected = reference.clipping.clip(gradient, clips.get("clip_value"), clips.get("clip_norm"))
        size = size + EVALUATION * EPS64 * np.abs(gradient)
        if "clip_norm" in clips:
            size = np.linalg.norm(size)
        worst = max(worst, excess(step.gradient - expected, size))
        # From here on there is no rounding but that of the twin.
        now = Step(step.lr, number, step.loss, twin.is_weight(), twin.l1_strength())
        w, state = method.update(step.gradient, state, step.w, now, **params)
        np.testing.assert_array_equal(step.update, w - step.w)
        np.testing.assert_array_equal(step.x, method.solution(state, w))
    return worst


def largest_excess(case: _design.Case, folder: Path) -> float:
    """The largest error of a step's gradient, or of the end, over what rounding may do."""
    problem = _parity.make_problem({**FIXED, **case}, folder)
    twin, w = problem.twin, -problem.w
    name, lr, params = case["choice"]
    power_t = 0.125 if case["falls"] else 0.0
    full = case["batch_size"] == "full"
    options: dict[str, Any] = {
        "batch_size": case["batch_size"],
        "max_epochs": EPOCHS.get(case["batch_size"], EPOCHS["full"]),
        "tol": None,
        "shuffle": case["order"] == "shuffled",
        "order": None if full else make_order(case["order"], twin, 3),
        "random_state": 3,
        **CLIPS[case["clip"]],
    }
    optimizer = as_class(name, dict(params), InverseScaling(lr, power_t))
    steps = list(fastgd.trace(problem.objective, w, optimizer=optimizer, **options))
    found = fastgd.minimize(problem.objective, w, optimizer=optimizer, **options)
    assert (len(steps), steps[-1].epoch + 1) == (found.n_steps, found.n_epochs)
    ends = found.history.step - 1
    np.testing.assert_array_equal([steps[end].lr for end in ends], found.history.lr)
    worst = is_step_of_the_twin(steps, twin, case["choice"], CLIPS[case["clip"]], problem.eps)

    schedule = reference.schedules.inverse_scaling(lr, power_t=power_t)
    twins: dict[str, Any] = {"optimizer": name, "optimizer_params": dict(params), "lr": schedule, **options}
    expected = reference.minimize(twin, w, **twins)
    noisy = [_noisy_twin.minimize(twin, w, eps=problem.eps, seed=seed, **twins) for seed in range(N_NOISY)]
    reach = float(np.max([np.abs(one.x - expected.x) for one in noisy]))
    if not 0.0 < reach < 2.0**-6 * np.max(np.abs(expected.x - w)):
        raise ProvesNothing("rounding may lead as far as the fit")
    end = steps[-1].x
    if OPTIMIZERS[name].ends_with_best:
        end = min(min(steps, key=lambda step: step.loss).w, end, key=twin.value)
    # Both are no further from the exact end.
    return max(worst, excess(end - found.x, 2.0 * reach))


@pytest.mark.parametrize("case", [*map(allowed, CASES)], ids=name_of)
def test_steps_are_those_of_the_twin_and_lead_where_minimize_ends(case: _design.Case, tmp_path: Path) -> None:
    for attempt in range(3):
        try:
            assert largest_excess({**case, "attempt": attempt}, tmp_path) <= 1.0
            return
        except ProvesNothing:
            continue
    raise AssertionError("no data on which this case would prove anything")
