"""Every loss from the least to the largest scores: right wherever that can be said in its type, else infinite.

`_exact_losses` has the formulas and says how right. A row's score is its offset, and its only feature is 1, so that the
gradient is the derivative itself.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import _exact_losses
import numpy as np
import pytest

import fastgd

DTYPES = [np.float32, np.float64]
POWERS = (-0.5, 0.0, 1.0, 1.5, 2.0, 3.0)
CASES: list[tuple[str, dict[str, float]]] = [
    ("huber", {"epsilon": 1.5}),
    ("epsilon_insensitive", {"epsilon": 0.75}),
    ("squared_epsilon_insensitive", {"epsilon": 0.75}),
    ("quantile", {"quantile": 0.875}),
    *(("tweedie", {"power": power}) for power in POWERS),
]
CASES += [(loss, {}) for loss in _exact_losses.ELEMENTWISE if loss not in dict(CASES)]


def sizes(dtype: Any) -> np.ndarray:
    """Numbers from the least denormal to half the largest, close to each other where losses bend."""
    info = np.finfo(dtype)
    powers = np.linspace(np.log2(float(info.tiny)) + 1.0, np.log2(float(info.max)) - 1.0, 60)
    # Where exponentials end, at both sides.
    ends = np.outer(np.log([float(info.max), float(info.tiny), float(info.smallest_subnormal)]), [0.5, 0.99, 1.01, 2.0])
    bends = np.linspace(0.0, 4.0, 65)
    special = [info.smallest_subnormal, 3.0 * info.smallest_subnormal, info.tiny, info.max / 2.0]
    return np.concatenate([2.0**powers, np.abs(ends).ravel(), bends, special]).astype(dtype)


def targets(loss: str, params: dict[str, float], dtype: Any) -> np.ndarray:
    """Targets in a loss's domain, some of them very small or large."""
    if fastgd.reference.KINDS[loss] == "binary":
        return np.array([-1.0, 1.0])
    info = np.finfo(dtype)
    above = np.array([info.tiny, 1e-30, 1e-3, 1.0, 1.5, 700.0, 1e30]).astype(dtype)
    power = {"poisson": 1.0, "gamma": 2.0}.get(loss, params.get("power", 0.0))
    if power >= 2.0:
        return above
    return np.concatenate([[0.0], above]) if power >= 1.0 else np.concatenate([-above, [0.0], above])


def worst(objective: Any, raw: np.ndarray, exact: Any, dtype: Any) -> tuple[float, str]:
    """The largest excess of an objective's rows, and where it is."""
    info = np.finfo(dtype)
    limits = (float(info.eps), float(info.max), float(info.smallest_subnormal))
    found = (0.0, "")
    w = np.zeros(objective.n_params)
    for i in range(objective.n_samples):
        value, slope = objective.value_and_grad(w, rows=[i])
        wanted_value, wanted_slope = _exact_losses.in_many_digits(lambda i=i: exact(i))
        for got, want in zip([value, *slope], [wanted_value, *wanted_slope], strict=True):
            size = _exact_losses.excess(float(got), want, *limits)
            if size > found[0]:
                found = (size, f"{got} at {raw[i]} in the place of {want}")
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "params"), CASES, ids=[f"{loss}-{[*params.values()]}" for loss, params in CASES])
def test_of_one_score(loss: str, params: dict[str, float], dtype: Any) -> None:
    size = sizes(dtype)
    y, raw = map(np.ravel, np.meshgrid(targets(loss, params, dtype), np.concatenate([-size, size])))
    objective = fastgd.LinearObjective(
        np.ones((len(y), 1), dtype), y, loss=loss, loss_params=params, fit_intercept=False, offset=raw
    )
    formula = _exact_losses.ELEMENTWISE[loss]
    known = [Decimal(float(dtype(value))) for value in params.values()]
    found, where = worst(objective, raw, lambda i: formula(Decimal(float(y[i])), Decimal(float(raw[i])), *known), dtype)
    assert found <= 1.0, where


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [*_exact_losses.OF_CLASSES])
def test_of_scores_of_classes(loss: str, dtype: Any) -> None:
    some = np.concatenate([sizes(dtype)[::7], [0.0, 1e-7, 1.0, 20.0]])
    raw = np.array([(a, b, c) for a, b in itertools.product(np.concatenate([-some, some]), repeat=2) for c in (0.0, b)])
    raw = np.ascontiguousarray(raw[:: max(1, len(raw) // 3000)].astype(dtype))
    y = np.arange(len(raw)) % 3
    objective = fastgd.LinearObjective(
        np.ones((len(y), 1), dtype), y, loss=loss, n_classes=3, fit_intercept=False, offset=raw
    )
    formula = _exact_losses.OF_CLASSES[loss]
    found, where = worst(objective, raw, lambda i: formula(int(y[i]), [Decimal(float(s)) for s in raw[i]]), dtype)
    assert found <= 1.0, where


def check_run(objective: Any, optimizer: str) -> None:
    """A run from somewhere, which may diverge: it says so, and none of its numbers is NaN."""
    method = fastgd.optimizers.LBFGS() if optimizer == "LBFGS" else getattr(fastgd.optimizers, optimizer)(lr=1.0)
    start = np.full(objective.n_params, 0.25)
    batch_size = "full" if optimizer == "LBFGS" else 8
    result = fastgd.minimize(objective, start, optimizer=method, batch_size=batch_size, max_epochs=5)
    assert not np.isnan([result.fun, *result.history.loss]).any()
    assert np.isfinite(result.x).all()
    assert result.status == "diverged" or np.isfinite(result.fun)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "LBFGS"])
@pytest.mark.parametrize("loss", fastgd.losses())
def test_a_run_beyond_all_range_says_so(loss: str, optimizer: str, dtype: Any) -> None:
    """Features, weights or a penalty that carry everything away: a status, and no number that is none."""
    rng = np.random.default_rng(3)
    largest = float(np.finfo(dtype).max)
    X = rng.normal(size=(40, 3)).astype(dtype)
    kind = fastgd.reference.KINDS[loss]
    y = rng.integers(0, 3, 40) if kind == "multiclass" else rng.integers(0, 2, 40) + (kind == "regression")
    for huge, options in (
        (np.sqrt(largest) * X, {}),
        (largest**0.75 * X, {}),
        (X, {"sample_weight": np.full(40, largest / 64.0)}),
        (X, {"alpha": largest}),
    ):
        check_run(fastgd.LinearObjective(huge, y, loss=loss, **options), optimizer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ["SGD", "LBFGS"])
@pytest.mark.parametrize("kind", ["relu", "gelu", "softplus", "tanh", "gaussian", "mixture"])
def test_a_network_or_density_beyond_all_range_says_so(kind: str, optimizer: str, dtype: Any) -> None:
    X = np.random.default_rng(3).normal(size=(40, 3))
    for power in (0.5, 0.75, 0.99):
        huge = (float(np.finfo(dtype).max) ** power / 4.0 * X).astype(dtype)
        objective = {
            "gaussian": lambda Z: fastgd.GaussianObjective(Z),
            "mixture": lambda Z: fastgd.GaussianMixtureObjective(Z, 2),
        }.get(kind, lambda Z: fastgd.MLPObjective(Z, np.arange(40) % 3, activation=kind, hidden_layer_sizes=5))(huge)
        check_run(objective, optimizer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 8}, {"optimizer": "lbfgs"}], ids=str)
@pytest.mark.parametrize("exponent", [-1070, -147, 120, 1020])
def test_only_the_ratios_of_weights_count(exponent: int, options: dict[str, Any], dtype: Any) -> None:
    """In any unit, also one in which float32 would hold but zeros, or infinities."""
    rng = np.random.default_rng(4)
    X, y, weight = rng.normal(size=(40, 3)).astype(dtype), rng.integers(0, 2, 40), rng.integers(1, 5, 40) / 4.0
    for make in (fastgd.LinearObjective, lambda *a, **k: fastgd.MLPObjective(*a, loss="log_loss", **k)):
        plain, scaled = (make(X, y, sample_weight=np.ldexp(weight, e)) for e in (0, exponent))
        runs = [fastgd.minimize(objective, max_epochs=3, **options) for objective in (plain, scaled)]
        assert runs[0].x.tolist() == runs[1].x.tolist()
        assert runs[0].fun == runs[1].fun
