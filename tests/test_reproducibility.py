"""One configuration, one result: whole fits give the same bits on any number of threads, on every SIMD level, beside
other models, and the bits that the repository holds.

The fits and how to renew their hashes: `_fits`. Every level is a process of its own, as ``FASTGD_SIMD`` is read once.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import _fits
import _program
import numpy as np
import pytest

import fastgd
from fastgd._run import Model, Plan, run
from fastgd.optimizers import SGD
from fastgd.schedules import InverseScaling

LEVELS = _fits.LEVELS
LOSSES = {"squared_error": 1, "log_loss": 1, "multinomial": 5}


@functools.cache
def report(level: str) -> dict[str, Any]:
    """What all fits gave on the level."""
    found: dict[str, Any] = _program.run(
        "_fits.py", "--report", timeout=300.0, FASTGD_SIMD=level, OPENBLAS_NUM_THREADS="1"
    )
    assert found["level"] == level
    return found


@pytest.mark.parametrize(("level", "n_threads"), [(level, n) for level in LEVELS for n in _fits.threads_on(level)])
def test_whole_fits_have_the_hashes_of_the_repository(level: str, n_threads: int) -> None:
    golden = _fits.golden_lines()
    assert set(golden) == {line for name in _fits.FITS for line in (name, f"{name}-history")}
    assert report(level)["hashes"][str(n_threads)] == golden, (
        "after a change that was meant: python tests/_fits.py --write"
    )


@pytest.mark.parametrize("level", LEVELS)
def test_the_fits_are_worth_their_hashes(level: str) -> None:
    """They move, they end in different places, and the threads that were asked for ran."""
    found = report(level)
    assert all(found["moved"].values())
    hashes = found["hashes"][str(_fits.THREADS[-1])]
    assert len(set(hashes.values())) == len(hashes)
    if sys.platform == "linux" and fastgd._core.openmp_runtime() != "none":
        assert found["most_tasks"] >= max(_fits.THREADS)


def test_bytes_and_floats_that_hold_the_same_numbers_give_the_same_bits() -> None:
    X = _fits.pixels(_fits.WIDE)
    results = [
        fastgd.minimize(
            fastgd.LinearObjective(values, _fits.classes(_fits.WIDE, 3), loss="multinomial"),
            optimizer=SGD(2.0**-20),
            batch_size=batch_size,
            max_epochs=2,
            tol=None,
        ).x.tobytes()
        for batch_size in ("full", 50, 1)
        for values in (X, X.astype(np.float16), X.astype(np.float32))
    ]
    for i in range(0, len(results), 3):
        assert results[i] == results[i + 1] == results[i + 2]
    assert len(set(results)) == 3


# ------------------------------------------------------------------------------------------------------ many models


def objective_of(loss: str, X: np.ndarray, **options: Any) -> fastgd.LinearObjective:
    shape = X.shape
    y = _fits.targets(shape) if loss == "squared_error" else _fits.classes(shape, max(2, LOSSES[loss]))
    return fastgd.LinearObjective(X, y, loss=loss, **options)


def models_of(objective: fastgd.LinearObjective, rates: list[Any], momenta: list[float]) -> list[Model]:
    """Models that differ in everything they may differ in."""
    models = []
    for m, (lr, momentum) in enumerate(zip(rates, momenta, strict=True)):
        words = _fits.random_bytes(objective.n_params, 90 + m).astype(np.float64)
        w0 = (words - 128.0) / 2.0**12 if m else np.zeros(objective.n_params)
        optimizer = SGD(lr, momentum=momentum, nesterov=momentum > 0.8, dampening=0.25 if momentum == 0.5 else 0.0)
        models.append(Model(w0, optimizer, alpha=(0.0, 2.0**-4, 0.125, 0.25)[m], l1_ratio=(0.0, 0.0, 1.0, 0.5)[m]))
    return models


def plan_of(batch_size: int, n_threads: int, **changes: Any) -> Plan:
    plan = Plan(
        batch_size=batch_size,
        max_epochs=3,
        tol=None,
        n_iter_no_change=5,
        shuffle=True,
        order=None,
        seed=11,
        gtol=None,
        gap_tol=None,
        clip_value=0.0,
        clip_norm=0.0,
        time_limit=None,
        n_threads=n_threads,
    )
    return plan._replace(**changes)


def bits(outcome: Any, model: int) -> dict[str, Any]:
    """All that a run tells of one of its models, as bits."""
    ended = int(np.isnan(outcome["history"]["lr"][:, model]).argmax()) or len(outcome["history"]["lr"])
    return {
        **{name: outcome[name][model].tobytes() for name in ("x", "fun", "grad_norm")},
        **{
            f"history.{name}": outcome["history"][name][:ended, model].tobytes() for name in ("loss", "lr", "grad_norm")
        },
        "status": outcome["status"][model],
    }


def assert_alone_as_together(objective: fastgd.LinearObjective, models: list[Model], **plan: Any) -> list[str]:
    """Each of the models ends as it does alone; returns how."""
    together = run(objective, models, plan_of(n_threads=7, **plan), None)
    found = [bits(together, m) for m in range(len(models))]
    assert len({one["x"] for one in found}) == len(models)
    for m, model in enumerate(models):
        alone = run(objective, [model], plan_of(n_threads=1, **plan), None)
        assert found[m] == bits(alone, 0), f"model {m}"
    return [one["status"] for one in found]


@pytest.mark.parametrize("momenta", [[0.0] * 4, [0.0, 0.9, 0.5, 0.0]], ids=["plain", "momentum"])
@pytest.mark.parametrize("batch_size", [0, 128, 1], ids=["full", "128", "1"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_each_model_of_a_run_is_what_it_is_alone(dtype: Any, loss: str, batch_size: int, momenta: list[float]) -> None:
    X = _fits.pixels(_fits.WIDE) if dtype is np.uint8 else _fits.floats(_fits.WIDE, dtype)
    weight = None if loss == "log_loss" else _fits.weights(_fits.WIDE)
    objective = objective_of(loss, X, sample_weight=weight, fit_intercept=loss != "squared_error")
    scale = 2.0**-27 if dtype is np.uint8 else 2.0**-12
    rates: list[Any] = [scale * k for k in (1.0, 8.0, 2.0, 3.0)]
    if batch_size != 0:
        rates = [InverseScaling(lr, power_t) for lr, power_t in zip(rates, (0.5, 0.25, 0.75, 0.0), strict=True)]
    statuses = assert_alone_as_together(objective, models_of(objective, rates, momenta), batch_size=batch_size)
    assert statuses == ["max_epochs"] * 4


@pytest.mark.parametrize("batch_size", [0, 128, 1], ids=["full", "128", "1"])
def test_a_model_that_ends_early_leaves_the_others_as_they_are(batch_size: int) -> None:
    """One converges at once, one diverges, one goes on."""
    objective = objective_of("squared_error", _fits.floats((300, 900), np.float32))
    models = models_of(objective, [2.0**-40, 2.0**60, 2.0**-12, 2.0**-11], [0.0] * 4)
    statuses = assert_alone_as_together(
        objective, models, batch_size=batch_size, max_epochs=12, tol=1e-3, n_iter_no_change=2
    )
    assert statuses[:2] == ["converged", "diverged"]


def test_a_model_of_many_is_the_one_of_minimize() -> None:
    shape = _fits.WIDE
    X, y = _fits.floats(shape, np.float32), _fits.classes(shape, 2)
    shared = fastgd.LinearObjective(X, y, alpha=0.5)
    models = models_of(shared, [2.0**-10, 2.0**-9, 2.0**-8], [0.0, 0.9, 0.5])
    together = run(shared, models, plan_of(batch_size=32, n_threads=2), None)
    for m, model in enumerate(models):
        own = fastgd.LinearObjective(X, y, alpha=model.alpha, l1_ratio=model.l1_ratio)
        alone = fastgd.minimize(
            own, model.w0, optimizer=model.optimizer, batch_size=32, max_epochs=3, tol=None, random_state=11
        )
        assert alone.x.tobytes() == together["x"][m].tobytes()
        assert alone.fun == together["fun"][m]
        assert alone.history.loss.tobytes() == together["history"]["loss"][:, m].tobytes()
