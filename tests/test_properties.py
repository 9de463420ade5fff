"""What has to hold whatever the data are: two ways to write one problem have one objective and one fit.

Rows may come in any order, a weight of 2 is a row twice, a weight of 0 no row; factors of X go into the coefficients,
shifts into the intercept. Where only the order of sums differs, so may the results by both sides' bounds of
`_rounding`, or of `_descent_bound` for fits; factors that are powers of two change no bit.
"""

from __future__ import annotations

from typing import Any

import _descent_bound
import _rounding
import numpy as np
from _tables import Table, tables
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fastgd
from fastgd import reference
from fastgd.optimizers import SGD

RESIDUAL = [
    "squared_error",
    "absolute_error",
    "huber",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
    "log_cosh",
]
OF_RESIDUALS = [(loss, ()) for loss in RESIDUAL] + [
    ("quantile", (("quantile", 0.875),)),
    ("huber", (("epsilon", 1.5),)),
]
properties = settings(max_examples=80, deadline=None)
of_fits = settings(max_examples=60, deadline=None)


def agree(one: Table, other: Table, to_other: np.ndarray | None = None) -> None:
    """Both have the same value, and the same gradient after the linear map that takes the one's to the other's."""
    value, gradient = one.core.value_and_grad(one.w)
    other_value, other_gradient = other.core.value_and_grad(other.w)
    bound = _rounding.bound(one.twin, one.w, None, one.eps)
    other_bound = _rounding.bound(other.twin, other.w, None, other.eps)
    # Neither may be further from the exact result than its bound.
    assert abs(value - other_value) <= bound.value + other_bound.value
    to_other = np.eye(len(gradient)) if to_other is None else to_other
    mapped_bound = np.abs(to_other) @ bound.gradient + 2.0 * len(gradient) * _rounding.EPS64 * np.abs(
        to_other
    ) @ np.abs(gradient)
    assert np.all(np.abs(to_other @ gradient - other_gradient) <= mapped_bound + other_bound.gradient)


# ------------------------------------------------------------------------------------------------------- objectives


@properties
@given(table=tables(), data=st.data())
def test_rows_may_come_in_any_order(table: Table, data: st.DataObject) -> None:
    weight = np.array(data.draw(st.lists(st.integers(1, 8), min_size=len(table.X), max_size=len(table.X)))) / 4.0
    order = data.draw(st.permutations(range(len(table.X))))
    weighted = table.but(weight=weight)
    agree(weighted, weighted.take(order))


@properties
@given(table=tables(), data=st.data())
def test_weights_count_rows(table: Table, data: st.DataObject) -> None:
    count = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(table.X), max_size=len(table.X)).filter(any)))
    repeated = table.take(np.repeat(np.arange(len(table.X)), count))
    agree(table.but(weight=count.astype(float)), repeated)
    # Weights of one size are none, and only their ratios matter: by powers of two to the bit.
    for factor in (0.25, 8.0):
        value, gradient = table.but(weight=factor * count).core.value_and_grad(table.w)
        plain = table.but(weight=count.astype(float)).core.value_and_grad(table.w)
        assert value == plain[0]
        np.testing.assert_array_equal(gradient, plain[1])


@properties
@given(table=tables(), data=st.data())
def test_rows_of_weight_zero_are_absent(table: Table, data: st.DataObject) -> None:
    weight = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(table.X), max_size=len(table.X)).filter(any)))
    weighted = table.but(weight=weight / 2.0)
    X, y, offset = weighted.X.copy(), weighted.y.copy(), weighted.offset.copy()
    if X.dtype.kind not in "iu":
        X[weight == 0] = np.nan
    y[weight == 0] = y[weight > 0][0]
    offset[weight == 0] = 1e30
    holding_anything = fastgd.LinearObjective(X, y, **{**weighted.options, "offset": offset})
    value, gradient = holding_anything.value_and_grad(weighted.w)
    present = weighted.take(weight > 0)
    expected, expected_gradient = present.core.value_and_grad(present.w)
    bound = _rounding.bound(present.twin, present.w, None, present.eps)
    assert abs(value - expected) <= 2.0 * bound.value
    assert np.all(np.abs(gradient - expected_gradient) <= 2.0 * bound.gradient)


@properties
@given(table=tables(alpha=0.0), factor=st.sampled_from([2, 3, 5]))
def test_factors_of_the_data_go_into_the_coefficients(table: Table, factor: int) -> None:
    larger = table.but(X=table.X.astype(np.float64) * factor)
    steeper = table.but(coef=table.coef * factor)
    n_coef = table.coef.size
    back = np.diag(np.r_[np.full(n_coef, 1.0 / factor), np.ones(len(table.w) - n_coef)])
    agree(larger, steeper, back)
    if factor == 2:
        value, gradient = larger.core.value_and_grad(larger.w)
        same_value, same_gradient = steeper.core.value_and_grad(steeper.w)
        assert value == same_value
        np.testing.assert_array_equal(back @ gradient, same_gradient)


@properties
@given(table=tables(alpha=0.0), shift=st.sampled_from([-3, -1, 1, 2]))
def test_shifts_of_the_data_go_into_the_intercept(table: Table, shift: int) -> None:
    moved = table.but(X=table.X.astype(np.float64) + shift)
    same = table.but(intercept=table.intercept + shift * table.coef.sum(axis=1))
    # d/dcoef of the one is d/dcoef of the other plus shift times d/dintercept.
    n, d = table.coef.shape
    to_other = np.eye(n * d + n)
    to_other[: n * d, n * d :] = -shift * np.kron(np.eye(n), np.ones((d, 1)))
    agree(moved, same, to_other)


@properties
@given(table=tables(), shift=st.sampled_from([-2.0, 0.5, 1.0]))
def test_offsets_are_intercepts_that_are_known(table: Table, shift: float) -> None:
    agree(table.but(offset=table.offset + shift), table.but(intercept=table.intercept + shift))
    known = np.broadcast_to(table.intercept, table.offset.shape)
    without = table.but(offset=table.offset + known, fit_intercept=False)
    assert abs(without.core.value(without.w) - table.core.value(table.w)) <= 2.0 * (
        _rounding.bound(table.twin, table.w, None, table.eps).value
    )


@properties
@given(table=tables(losses=OF_RESIDUALS), shift=st.sampled_from([-2.0, 0.5, 8.0]))
def test_shifts_of_the_targets_go_into_the_intercept(table: Table, shift: float) -> None:
    y = np.round(table.y * 64.0) / 64.0
    agree(table.but(y=y), table.but(y=y + shift, intercept=table.intercept + shift))


# ------------------------------------------------------------------------------------------------- full-batch fits


class Fit:
    """The core's fit from the table's parameters, and how far it may be from that of exact arithmetic."""

    def __init__(self, table: Table, lr: float, **params: Any) -> None:
        w = table.w
        recorder = _descent_bound.Recorder(table.twin, lr)
        common: dict[str, Any] = {"max_epochs": 6, "tol": None}
        twin = reference.minimize(recorder, w, lr=lr, optimizer_params=params, **common)
        self.result = fastgd.minimize(table.core, w, optimizer=SGD(lr, **params), **common)
        try:
            # A loss that grows exponentially may leave the range of float64; its bounds then prove nothing either.
            with np.errstate(over="ignore", invalid="ignore"):
                self.bounds = _descent_bound.carry(recorder, table.eps, **params)
        except _descent_bound.ProvesNothing:
            assume(False)
        self.error = self.bounds.parameters[-1]
        # Runs that diverge have tests of their own.
        assume(twin.status == self.result.status == "max_epochs")
        assume(np.median(self.error) <= 2.0**-5 * np.abs(twin.x - w).max())

    def agrees(self, other: Fit, moved: np.ndarray | float = 0.0) -> None:
        distance = np.abs(self.result.x - other.result.x - moved)
        assert np.all(distance <= self.error + other.error)


def rate_for(table: Table) -> float:
    """About half of what is stable for a loss whose second derivative is 2, and no more for any other here."""
    return float(2.0 ** np.floor(np.log2(0.25 / (np.mean(np.sum(table.X.astype(float) ** 2, axis=1)) + 1.0))))


MOMENTA = st.sampled_from(
    [{}, {"momentum": 0.5}, {"momentum": 0.5, "nesterov": True}, {"momentum": 0.5, "dampening": 0.5}]
)


@of_fits
@given(table=tables(max_columns=20), momentum=MOMENTA, data=st.data())
def test_fits_on_rows_in_any_order(table: Table, momentum: dict[str, Any], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(table.X))))
    lr = rate_for(table)
    Fit(table, lr, **momentum).agrees(Fit(table.take(order), lr, **momentum))


@of_fits
@given(table=tables(max_columns=20), momentum=MOMENTA, data=st.data())
def test_fits_with_weights_are_fits_on_repeated_rows(
    table: Table, momentum: dict[str, Any], data: st.DataObject
) -> None:
    count = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(table.X), max_size=len(table.X)).filter(any)))
    lr = rate_for(table)
    weighted = Fit(table.but(weight=count.astype(float)), lr, **momentum)
    weighted.agrees(Fit(table.take(np.repeat(np.arange(len(count)), count)), lr, **momentum))
    present = table.but(weight=count.astype(float)).take(count > 0)
    weighted.agrees(Fit(present, lr, **momentum))


@of_fits
@given(table=tables(max_columns=20, fit_intercept=False), momentum=MOMENTA, power=st.integers(-2, 1))
def test_fits_on_data_times_a_power_of_two(table: Table, momentum: dict[str, Any], power: int) -> None:
    """With coefficients over that factor and rates over its square: the same steps, to the bit."""
    assume(table.storage not in ("uint8", "int8") or power >= 0)
    factor = 2.0**power
    larger = table.but(X=table.X.astype(np.float64) * factor, coef=table.coef / factor)
    # Penalties as they have to be for the same objective: the l2 norm's over factor**2, or the l1 norm's over factor.
    l1 = table.l1_ratio == 1.0
    assume(l1 or table.l1_ratio == 0.0)
    larger = larger.but(alpha=table.alpha * (factor if l1 else factor**2))
    lr = rate_for(table)
    results = [
        fastgd.minimize(t.core, t.w, optimizer=SGD(rate, **momentum), max_epochs=6, tol=None)
        for t, rate in ((table, lr), (larger, lr / factor**2))
    ]
    np.testing.assert_array_equal(results[1].x * factor, results[0].x)
    np.testing.assert_array_equal(results[1].history.loss, results[0].history.loss)


@of_fits
@given(table=tables(max_columns=20), momentum=MOMENTA, shift=st.sampled_from([-1.0, 0.5, 2.0]))
def test_fits_with_an_offset_from_an_intercept(table: Table, momentum: dict[str, Any], shift: float) -> None:
    lr = rate_for(table)
    plain = Fit(table, lr, **momentum)
    moved = Fit(table.but(offset=table.offset - shift, intercept=table.intercept + shift), lr, **momentum)
    intercepts = np.r_[np.zeros(table.coef.size), np.full(len(table.intercept), shift)]
    moved.agrees(plain, intercepts)
