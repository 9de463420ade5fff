"""Duality gaps: never less than the distance to the minimum, nothing at the minimum, and the twin's number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from conftest import Data

import fastgd
from fastgd import reference

LOSSES = ("squared_error", "log_loss", "hinge", "squared_hinge")
SMOOTH = ("squared_error", "log_loss", "squared_hinge")


def make(loss: str, n_outputs: int = 1, seed: int = 0, dtype: Any = np.float64, **options: Any) -> Any:
    """An objective and its twin on noisy data whose classes are not of one size."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(80, 5)) * [1.0, 2.0, 0.5, 1.0, 0.1] + 0.3).astype(dtype)
    raw = X[:, :n_outputs] + rng.normal(size=(80, n_outputs)) + 0.4
    y: np.ndarray = raw if loss == "squared_error" else raw.argmax(axis=1) if n_outputs > 1 else raw[:, 0] > 0.0
    if options.pop("weighted", False):
        options["sample_weight"] = np.where(np.arange(80) % 7 == 0, 0.0, rng.integers(1, 5, 80) / 2.0)
    if options.pop("known", False):
        options["offset"] = rng.normal(size=(80, n_outputs)).astype(np.float32)
    objective = fastgd.LinearObjective(X, y, loss=loss, **options)
    return objective, reference.LinearObjective(X, y, loss=loss, **options)


def minimum(objective: fastgd.LinearObjective) -> Any:
    """By SciPy, of a smooth objective; of one with kinks the least that was seen."""
    start = np.zeros(objective.n_params)
    options = {"maxiter": 20_000, "maxfun": 200_000, "ftol": 1e-16, "gtol": 1e-12}
    found = scipy.optimize.minimize(objective.value_and_grad, start, jac=True, method="L-BFGS-B", options=options)
    if objective.loss != "squared_error" and objective.loss in SMOOTH and objective.l1_ratio == 0.0:
        found = scipy.optimize.minimize(
            objective.value_and_grad,
            found.x,
            jac=True,
            hessp=objective.hvp,
            method="trust-ncg",
            options={"gtol": 1e-10},
        )
    return found


def lasso(twin: reference.LinearObjective, n_sweeps: int = 3000) -> np.ndarray:
    """Coordinate descent on squared errors with an elastic net, one output, to rounding."""
    X, y, p = twin.X, twin.y.ravel() - twin.offset[:, 0], twin.weight / twin.weight.sum()
    l1, l2 = twin.alpha * twin.l1_ratio, twin.alpha * (1.0 - twin.l1_ratio)
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(n_sweeps):
        if twin.fit_intercept:
            b += float(p @ (y - X @ w - b))
        for j in range(X.shape[1]):
            slope = float((p * X[:, j]) @ (y - X @ w - b + X[:, j] * w[j]))
            w[j] = np.sign(slope) * max(abs(slope) - l1, 0.0) / (float(p @ X[:, j] ** 2) + l2)
    return twin.pack(w, [b])


OPTIONS = [
    {"alpha": 0.1},
    {"alpha": 0.01, "fit_intercept": False},
    {"alpha": 0.05, "l1_ratio": 0.5, "weighted": True},
    {"alpha": 1.0, "weighted": True, "known": True},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_it_bounds_the_distance_to_the_minimum(loss: str, n_outputs: int, options: dict[str, Any]) -> None:
    objective, _ = make(loss, n_outputs, **options)
    least = minimum(objective)
    rng = np.random.default_rng(1)
    for scale in (0.0, 1e-3, 0.1, 1.0, 10.0):
        w = scale * rng.normal(size=objective.n_params)
        for point in (w, least.x + w):
            gap = objective.duality_gap(point)
            assert np.isfinite(gap)
            assert gap >= objective.value(point) - least.fun - 1e-12 * abs(objective.value(point))


@pytest.mark.parametrize("options", [o for o in OPTIONS if "l1_ratio" not in o])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", SMOOTH)
def test_it_vanishes_at_the_minimum(loss: str, n_outputs: int, options: dict[str, Any]) -> None:
    objective, _ = make(loss, n_outputs, **options)
    least = minimum(objective)
    assert 0.0 <= objective.duality_gap(least.x) <= 1e-12
    # It falls as the square of the distance, as the objective itself does.
    away = np.random.default_rng(2).normal(size=objective.n_params)
    gaps = [objective.duality_gap(least.x + t * away) for t in (1e-2, 1e-3, 1e-4)]
    assert 50.0 < gaps[0] / gaps[1] < 200.0
    assert 50.0 < gaps[1] / gaps[2] < 200.0


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.25, 0.9, 1.0])
def test_lasso_and_elastic_net(l1_ratio: float, fit_intercept: bool) -> None:
    objective, twin = make("squared_error", alpha=0.3, l1_ratio=l1_ratio, fit_intercept=fit_intercept, known=True)
    w = lasso(twin)
    assert 0 < np.count_nonzero(w[:5]) < 5
    assert 0.0 <= objective.duality_gap(w) <= 1e-12
    # It falls at least as the distance.
    gaps = [objective.duality_gap(w + t) for t in (1e-2, 1e-3, 1e-4)]
    assert gaps[0] > 9.0 * gaps[1] > 81.0 * gaps[2] > 0.0
    rng = np.random.default_rng(3)
    for scale in (1e-3, 0.1, 3.0):
        point = w + scale * rng.normal(size=len(w))
        assert objective.value(point) - objective.value(w) <= objective.duality_gap(point) < np.inf


def test_the_hinge_comes_close() -> None:
    """Its slope on the kink is not told by the parameters: what is left is of the order of the rows that lie there."""
    for n in (80, 80 * 50):
        rng = np.random.default_rng(4)
        X = rng.normal(size=(n, 5))
        objective = fastgd.LinearObjective(X, X[:, 0] + rng.normal(size=n) > 0.0, loss="hinge", alpha=0.1)
        result = fastgd.minimize(
            objective, optimizer=fastgd.optimizers.SGD(fastgd.schedules.InverseScaling(0.2)), max_epochs=3000, tol=None
        )
        # As many rows as there are parameters may lie on the kink, each with a slope that is wrong by at most 1.
        change = 6.0 * float(np.linalg.norm(X, axis=1).max()) / n
        bound = change * float(np.linalg.norm(result.x[:5])) + change**2 / (2.0 * 0.1)
        assert 0.0 < objective.duality_gap(result.x) < bound


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", [*OPTIONS, {"alpha": 0.1, "l1_ratio": 1.0}, {"alpha": 0.0}])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_the_twins(loss: str, n_outputs: int, options: dict[str, Any], dtype: Any) -> None:
    objective, twin = make(loss, n_outputs, dtype=dtype, **options)
    rng = np.random.default_rng(5)
    for scale in (0.0, 0.1, 1.0):
        w = scale * rng.normal(size=objective.n_params).astype(np.float32).astype(np.float64)
        expected = twin.duality_gap(w)
        eps = float(np.finfo(dtype).eps)
        # The twin subtracts the dual objective from the primal one.
        size = 1.0 + abs(twin.value(w)) + (expected if np.isfinite(expected) else 0.0)
        assert objective.duality_gap(w) == pytest.approx(expected, rel=0.0, abs=64.0 * eps * size)


def test_small_gaps_do_not_drown_in_the_rounding_of_the_objective() -> None:
    """In float32 the objective itself is not known to better than 1e-7."""
    objective, twin = make("squared_error", dtype=np.float32, alpha=1.0)
    X, y = np.column_stack([twin.X, np.ones(80)]), twin.y.ravel()
    ridge = np.linalg.solve(X.T @ X / 80.0 + np.diag([1.0] * 5 + [0.0]), X.T @ y / 80.0)
    assert 0.0 <= objective.duality_gap(ridge) < 1e-12


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "hinge"])
def test_one_class_and_scores_far_out(loss: str) -> None:
    X = np.random.default_rng(6).normal(size=(30, 2))
    objective = fastgd.LinearObjective(X, np.ones(30), loss=loss, alpha=0.1, n_classes=2)
    # Nothing balances the one class: the bound is that F is not below 0.
    for w in ([0.0, 0.0, 0.0], [1.0, -1.0, 3.0], [0.0, 0.0, 1000.0]):
        assert objective.duality_gap(w) == pytest.approx(objective.value(w), rel=1e-12, abs=1e-300)
    both = fastgd.LinearObjective(X, X[:, 0] > 0.0, loss=loss, alpha=0.1)
    for w in ([500.0, 0.0, 0.0], [-500.0, 0.0, 0.0], [0.0, 0.0, 1e4]):
        assert 0.0 <= both.duality_gap(w) < np.inf
        assert both.duality_gap(w) >= both.value(w) - both.value(np.zeros(3))


def test_the_same_bits_for_every_number_of_threads() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(9000, 40))
    objective = fastgd.LinearObjective(X, X[:, 0] > rng.normal(size=9000), loss="log_loss", alpha=0.01)
    w = rng.normal(size=41)
    gaps = set()
    for n_threads in (1, 2, 7):
        with fastgd.threads(n_threads):
            gaps.add(objective.duality_gap(w))
    assert len(gaps) == 1


def test_other_losses_have_none(data: Data) -> None:
    for loss in sorted({*fastgd.losses(), "zero_one"} - set(LOSSES)):
        objective = data.objective(loss, alpha=1.0)
        allowed = "loss must be one of squared_error, log_loss, hinge, squared_hinge for a duality gap, got "
        with pytest.raises(ValueError, match=f"{allowed}{loss!r}"):
            objective.duality_gap(np.zeros(objective.n_params))


def test_bad_input(data: Data) -> None:
    objective = data.objective(alpha=0.1)
    with pytest.raises(ValueError, match=r"w must have shape \(5,\)"):
        objective.duality_gap(np.zeros(4))
    with pytest.raises(ValueError, match=r"w must be finite, got nan at w\[0\]"):
        objective.duality_gap(np.full(5, np.nan))
    X = data.X.copy()
    X[3, 0] = np.inf
    with pytest.raises(ValueError, match="X must be finite, got inf in row 3, column 0"):
        data.objective(X=X, alpha=0.1).duality_gap(np.zeros(5))


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "squared_hinge"])
@pytest.mark.parametrize("optimizer", [fastgd.optimizers.SGD(0.5), "lbfgs"], ids=["sgd", "lbfgs"])
def test_descent_stops_on_it(loss: str, optimizer: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    score = X[:, 0] + rng.normal(size=300)
    objective = fastgd.LinearObjective(X, score if loss == "squared_error" else score > 0.0, loss=loss, alpha=0.1)
    result = fastgd.minimize(objective, optimizer=optimizer, max_epochs=5000, tol=None, gap_tol=1e-12)
    assert result.status == "converged"
    assert result.gap <= 1e-12
    best = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=500, tol=None).fun
    assert result.fun - best <= 2e-12
    if optimizer != "lbfgs":
        assert "the duality gap is at most gap_tol=1e-12" in result.message
        assert result.n_epochs % 10 == 0
        # Where it looked before.
        earlier = fastgd.minimize(objective, optimizer=optimizer, max_epochs=result.n_epochs - 11, tol=None)
        assert objective.duality_gap(earlier.x) > 1e-12


def test_where_there_is_no_gap_to_stop_on() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    objective = fastgd.LinearObjective(X, X[:, 0], loss="huber", alpha=0.1)
    with pytest.raises(ValueError, match="gap_tol must be None but for a LinearObjective with alpha > 0 and one of"):
        fastgd.minimize(objective, gap_tol=1e-3)
    assert np.isnan(fastgd.minimize(objective, max_epochs=2).gap)
    ridge = fastgd.LinearObjective(X, X[:, 0], loss="squared_error", alpha=0.1)
    with pytest.raises(ValueError, match="gap_tol must be None but with batch_size='full'"):
        fastgd.minimize(ridge, gap_tol=1e-3, batch_size=10)
