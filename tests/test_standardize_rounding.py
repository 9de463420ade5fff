"""Standardising without a copy costs rounding errors of the size of the data as they are, and nothing else.

The twin standardises in float64. What the core computes is a score of the data as they are, so `_rounding` bounds it
there; the change of parameters takes the bounds along.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import _rounding
import numpy as np
import pytest
from _parity import DENSE as DTYPES

import fastgd
from fastgd import reference
from fastgd._auto_lr import choose_lr, smoothness

N, D = 1500, 21
CONSTANT, ZERO = 5, 6
OUTPUTS = {"squared_error": 2, "poisson": 1, "log_loss": 1, "squared_hinge": 3, "multinomial": 4}
# Losses with a duality gap, and the bounds on their second derivatives.
DUAL = {"squared_error": 1.0, "log_loss": 0.25, "squared_hinge": 2.0}
EPS64 = _rounding.EPS64


def draw_table(storage: str) -> np.ndarray:
    """Columns whose means are up to a thousand of their deviations, as far as the storage can tell them apart."""
    rng = np.random.default_rng(0)
    if storage in ("uint8", "int8"):
        X = rng.integers(0, 2 ** rng.integers(1, 8, D), (N, D)) + rng.integers(0, 120, D)
        X = X - (128 if storage == "int8" else 0)
    else:
        largest = 3.0 if np.dtype(DTYPES[storage]).itemsize > 2 else 0.5
        X = rng.normal(size=(N, D)) + rng.choice([-1.0, 1.0], D) * 10.0 ** rng.uniform(-1.0, largest, D)
        X *= 10.0 ** rng.uniform(-2.0, 2.0, D) if largest == 3.0 else 1.0
    X[:, CONSTANT], X[:, ZERO] = 101.0 - 128.0 * (storage == "int8"), 0.0
    return X.astype(DTYPES[storage])


class Problem(NamedTuple):
    """The objective, its twin on standardised features, and the same scores as a model of the data as they are."""

    objective: fastgd.LinearObjective
    twin: reference.LinearObjective
    plain: reference.LinearObjective
    center: np.ndarray
    inverse_scale: np.ndarray
    w: np.ndarray
    v: np.ndarray
    eps: float

    def raw(self, w: np.ndarray) -> np.ndarray:
        """Parameters of `plain`."""
        coef, intercept = self.twin.unpack(w)
        scaled = coef * self.inverse_scale
        return self.plain.pack(scaled, intercept - scaled @ self.center)

    def bring(self, bound: np.ndarray) -> np.ndarray:
        """Bounds on a gradient by the parameters of `plain` as those on the one by `w`."""
        coef, intercept = self.plain.unpack(bound)
        return self.twin.pack((coef + np.abs(self.center) * intercept[:, None]) * self.inverse_scale, intercept)


def make(storage: str, loss: str, fit_intercept: bool = True, weighted: bool = False, **more: Any) -> Problem:
    X, rng = draw_table(storage), np.random.default_rng(1)
    n_outputs, regression = OUTPUTS[loss], loss in ("squared_error", "poisson")
    options: dict[str, Any] = {"loss": loss, "n_classes": None if regression else max(2, n_outputs), **more}
    if weighted:
        options["sample_weight"] = rng.integers(0, 4, N) / 2.0
    y: np.ndarray = rng.integers(0, max(2, n_outputs), N)
    if regression:
        y = rng.integers(0, 9, (N, n_outputs)).squeeze() / 4.0
    Z = X.astype(np.float64)
    twin = reference.LinearObjective(Z, y, standardize=True, fit_intercept=fit_intercept, **options)
    present = twin.present()
    mean = np.average(Z[present], axis=0, weights=twin.weight[present])
    deviation = np.sqrt(np.average((Z[present] - mean) ** 2, axis=0, weights=twin.weight[present]))
    inverse_scale = np.where(np.isin(np.arange(D), [CONSTANT, ZERO]), 0.0, 1.0 / np.maximum(deviation, 1e-9))
    w, v = rng.normal(size=(2, twin.n_params)) / np.sqrt(D)
    if storage not in ("uint8", "int8"):
        # What is absent is never looked at.
        X[twin.weight == 0.0, 0] = np.nan
    return Problem(
        fastgd.LinearObjective(X, y, standardize=True, fit_intercept=fit_intercept, **options),
        twin,
        reference.LinearObjective(Z, y, **options | {"alpha": 0.0}),
        mean,
        inverse_scale,
        w,
        v,
        EPS64 if storage == "float64" else 2.0**-23,
    )


@pytest.mark.parametrize("rows", [None, np.arange(0, N, 7)], ids=["all", "some"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", OUTPUTS)
@pytest.mark.parametrize("storage", DTYPES)
def test_errors_are_those_of_scores_of_the_data(
    storage: str, loss: str, fit_intercept: bool, weighted: bool, rows: np.ndarray | None
) -> None:
    p = make(storage, loss, fit_intercept, weighted, alpha=0.1, l1_ratio=0.25)
    objective, twin, w, v = p.objective, p.twin, p.w, p.v
    raw_w, raw_v = p.raw(w), p.raw(v)
    present = twin.present(rows)
    scores = objective.decision_function(w, present).reshape(len(present), -1)
    assert np.all(np.abs(scores - twin.raw(w, present)) <= _rounding.score_error(p.plain, raw_w, present, p.eps))

    bound = _rounding.bound(p.plain, raw_w, rows, p.eps)
    expected, expected_gradient = twin.value_and_grad(w, rows)
    value, gradient = objective.value_and_grad(w, rows)
    penalty, slope = twin.penalty(w)
    assert abs(value - expected) <= bound.value + 32.0 * EPS64 * penalty
    assert value == pytest.approx(objective.value(w, rows), rel=0.0, abs=bound.value)
    assert np.all(np.abs(gradient - expected_gradient) <= p.bring(bound.gradient) + 32.0 * EPS64 * np.abs(slope))

    bent = p.bring(_rounding.hessian_error(p.plain, raw_w, raw_v, rows, p.eps))
    product = objective.hvp(w, v, rows)
    assert np.all(np.abs(product - twin.hvp(w, v, rows)) <= bent + 32.0 * EPS64 * np.abs(v))
    # The bounds tell this gradient from others: in float64 even from that without the penalty.
    assert np.median(p.bring(bound.gradient)) < 0.2 * np.median(np.abs(expected_gradient))
    if p.eps == EPS64:
        assert np.median(p.bring(bound.gradient)) < 1e-8 * np.median(np.abs(slope))


def gap_error(p: Problem) -> float:
    """What errors of the scores z make of the gap, to first order.

    A row has a part in the gap of ``loss(z) + loss*(t) - t u.x``, where ``t = loss'(z)`` and u is the gradient of the
    penalty's conjugate, which an error e of z changes by at most ``(|t| + loss'' (|z| + |u.x|)) |e|``. To balance t,
    and to add up what it multiplies, is another error of that size.
    """
    twin, rows = p.twin, p.twin.present()
    raw, theta = twin.raw(p.w, rows), twin.slopes(p.w, rows) / twin.weight[rows][:, None]
    l1 = twin.alpha * twin.l1_ratio
    slopes, _ = twin.unpack(twin.risk_gradient(p.w, rows))
    u = np.maximum(np.abs(slopes) - l1, 0.0) / (twin.alpha - l1) * -np.sign(slopes)
    change = np.abs(theta) + DUAL[twin.loss] * (np.abs(raw) + np.abs(twin.X[rows] @ u.T))
    share = twin.weight[rows] / twin.weight[rows].sum()
    error = _rounding.score_error(p.plain, p.raw(p.w), rows, p.eps)
    return 2.0 * float(share @ np.sum(change * error, axis=1))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", DUAL)
@pytest.mark.parametrize("storage", ["float64", "float32", "uint8"])
def test_the_gap_is_that_of_standardised_features(storage: str, loss: str, weighted: bool, fit_intercept: bool) -> None:
    for l1_ratio in (0.0, 0.5):
        p = make(storage, loss, fit_intercept, weighted, alpha=0.1, l1_ratio=l1_ratio)
        expected = p.twin.duality_gap(p.w)
        bound = gap_error(p)
        assert bound < 0.25 * expected
        assert abs(p.objective.duality_gap(p.w) - expected) <= bound
        if l1_ratio == 0.0 and storage == "float64":
            best = fastgd.minimize(p.objective, optimizer=fastgd.optimizers.LBFGS(), max_epochs=500, tol=None)
            assert 0.0 <= p.objective.duality_gap(best.x) < 1e-9


@pytest.mark.parametrize("storage", DTYPES)
def test_raw_coefficients_give_the_same_scores_to_the_bit(storage: str) -> None:
    for loss, n_outputs in OUTPUTS.items():
        p = make(storage, loss, fit_intercept=n_outputs != 3)
        assert p.objective._matrix.storage == storage
        coef, intercept = p.objective.raw_coef(p.w)
        assert (coef.shape, intercept.shape) == ((n_outputs, D), (n_outputs,))
        plain = fastgd.LinearObjective(draw_table(storage), np.zeros((N, n_outputs)), loss="squared_error")
        scores = plain.decision_function(plain.pack(coef, intercept))
        np.testing.assert_array_equal(scores, p.objective.decision_function(p.w))
        assert p.objective.raw_coef(p.w.astype(np.float32))[0].dtype == np.float32


def test_raw_coefficients_without_a_standard_are_the_coefficients() -> None:
    objective = fastgd.LinearObjective(draw_table("float64"), np.arange(N) % 2)
    w = np.arange(D + 1.0)
    for found, expected in zip(objective.raw_coef(w), objective.unpack(w), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert objective.feature_means is None
    assert objective.feature_scales is None


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", DTYPES)
def test_means_and_scales(storage: str, weighted: bool) -> None:
    p = make(storage, "log_loss", weighted=weighted)
    means, scales = p.objective.feature_means, p.objective.feature_scales
    assert means is not None
    assert scales is not None
    # Means of what may change its sign; deviations of differences that have the rounding of the mean.
    size = np.mean(np.abs(p.plain.X[p.twin.present()]), axis=0)
    assert _rounding.excess(means - p.center, _rounding.walk(N) * EPS64 * size) <= 1.0
    varies = p.inverse_scale > 0.0
    rounding = (_rounding.walk(N) + np.abs(p.center) * p.inverse_scale) * EPS64
    assert _rounding.excess((scales * p.inverse_scale - 1.0)[varies], rounding[varies]) <= 1.0
    # Exact, however often a number is added up that is no sum of powers of two.
    np.testing.assert_array_equal(scales[~varies], 1.0)
    np.testing.assert_array_equal(means[~varies], draw_table(storage)[0, ~varies].astype(np.float64))
    with pytest.raises(ValueError, match="read-only"):
        means[0] = 0.0


def test_what_does_not_vary_has_no_part() -> None:
    for value in (0.1, -3e5, 1e-300):
        X = np.column_stack([np.full(5000, value), np.random.default_rng(2).normal(size=5000)])
        for dtype in (np.float64, np.float32):
            objective = fastgd.LinearObjective(X.astype(dtype), np.arange(5000) % 2, standardize=True)
            alone = fastgd.LinearObjective(X[:, 1:].astype(dtype), np.arange(5000) % 2, standardize=True)
            value, gradient = objective.value_and_grad([7.0, 0.5, 0.25])
            expected, expected_gradient = alone.value_and_grad([0.5, 0.25])
            # Exact: products with 0 are all that it adds.
            assert value == expected
            assert gradient.tolist() == [0.0, *expected_gradient]
            assert objective.raw_coef([7.0, 0.5, 0.25])[0][0, 0] == 0.0


def bits(objective: Callable[[], fastgd.LinearObjective], n_threads: int) -> bytes:
    with fastgd.threads(n_threads):
        made = objective()
        w, v = np.random.default_rng(3).normal(size=(2, made.n_params))
        moments = made._row_moments["eigenvalue_bound"], made._max_square_norm
        found = [made.feature_means, made.feature_scales, *made.value_and_grad(w), made.hvp(w, v), moments]
        return np.concatenate([np.ravel(a) for a in (*found, made.duality_gap(w), made.raw_coef(w)[1])]).tobytes()


@pytest.mark.parametrize("storage", ["float64", "float32", "uint8"])
def test_the_same_bits_for_every_number_of_threads(storage: str) -> None:
    X = np.random.default_rng(4).integers(0, 256, (9000, 45), np.uint8).astype(DTYPES[storage])
    y, weight = np.arange(9000) % 2, np.arange(9000) % 3 / 2.0

    def objective() -> fastgd.LinearObjective:
        return fastgd.LinearObjective(X, y, standardize=True, alpha=0.1, sample_weight=weight)

    assert len({bits(objective, n_threads) for n_threads in (1, 2, 7)}) == 1


@pytest.mark.parametrize("batch_size", [0, 1, 16])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", OUTPUTS)
def test_the_automatic_rate_is_that_of_standardised_features(
    loss: str, fit_intercept: bool, weighted: bool, batch_size: int
) -> None:
    for storage in ("float64", "float32", "uint8"):
        p = make(storage, loss, fit_intercept, weighted)
        # In float64 a millionth of a millionth; in float32 of what is left of scores that are far from 0.
        tolerance = 4.0 * p.eps * float(np.max(np.abs(p.center) * p.inverse_scale))
        by_hand = fastgd.LinearObjective(
            p.twin.X,
            p.objective._y,
            loss=loss,
            fit_intercept=fit_intercept,
            sample_weight=p.twin.weight,
            n_classes=p.objective.n_classes,
        )
        expected = smoothness(by_hand, 0.1, 0.5, batch_size)
        assert smoothness(p.objective, 0.1, 0.5, batch_size) == pytest.approx(expected, rel=tolerance)
        chosen = choose_lr(p.objective, 0.1, 0.5, batch_size)
        assert chosen.lr == pytest.approx(choose_lr(by_hand, 0.1, 0.5, batch_size).lr, rel=tolerance)
        assert ", with x standardised, plus the l2 penalty" in chosen.reason


def test_nothing_bends_where_nothing_varies() -> None:
    objective = fastgd.LinearObjective(
        np.full((3000, 2), 0.1), np.ones(3000), loss="squared_error", fit_intercept=False, standardize=True
    )
    reason = "1, as nothing bends the objective: X holds columns that do not vary only"
    assert choose_lr(objective, 0.0, 0.0, 0) == (1.0, reason)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_not_finite_is_named_at_the_first_evaluation(dtype: Any, value: float) -> None:
    X = draw_table("float64").astype(dtype)
    X[1200, 8] = value
    objective = fastgd.LinearObjective(X, np.arange(N) % 2, standardize=True, alpha=0.1)
    w = np.zeros(D + 1)
    for call in (
        objective.value,
        objective.grad,
        objective.decision_function,
        objective.duality_gap,
        lambda w: objective.hvp(w, w),
        # The row is not among these, but has a part in the standard.
        lambda w: objective.value(w, [0, 1, 2]),
        lambda w: choose_lr(objective, 0.0, 0.0, 0),
    ):
        with pytest.raises(ValueError, match=f"X must be finite, got {value} in row 1200, column 8"):
            call(w)


def test_bad_input() -> None:
    X, y = draw_table("float64"), np.arange(N) % 2
    with pytest.raises(TypeError, match="standardize must be True or False, got 'yes'"):
        fastgd.LinearObjective(X, y, standardize="yes")  # type: ignore[arg-type]
    objective = fastgd.LinearObjective(X, y, standardize=True)
    with pytest.raises(ValueError, match=r"w must have shape \(22,\), for coef .* got shape \(21,\)"):
        objective.raw_coef(np.zeros(D))
    with pytest.raises(AttributeError, match="standardize of a LinearObjective is fixed"):
        objective.standardize = False
    X[:, 3] *= 1e200
    large = fastgd.LinearObjective(X, y, standardize=True)
    message = "X must have columns whose squares are within float64's range with standardize=True, .* in column 3"
    for call in (large.value, large.grad, lambda w: choose_lr(large, 0.0, 0.0, 0)):
        with pytest.raises(ValueError, match=message):
            call(np.zeros(D + 1))
