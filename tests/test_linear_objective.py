"""LinearObjective and loss_and_grad as a caller sees them: what is read without a copy, types, shapes, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.optimize
from conftest import Data

import fastgd


def test_value_is_a_float_and_the_gradient_has_the_parameters_dtype(data: Data) -> None:
    for X in (data.X, data.X.astype(np.float32)):
        objective = data.objective(X=X)
        w = np.linspace(-1.0, 1.0, objective.n_params)
        for given, expected in ((w, np.float64), (w.astype(np.float32), np.float32), ([0, 1, 0, 1, 0], np.float64)):
            value, gradient = objective.value_and_grad(given)
            assert type(value) is float
            assert gradient.dtype == expected
            assert gradient.shape == (objective.n_params,)
            assert objective.value(given) == pytest.approx(value, rel=1e-6)
            np.testing.assert_array_equal(objective.grad(given), gradient)


def test_computes_in_float64_for_float64_and_in_float32_otherwise(data: Data) -> None:
    assert data.objective().dtype == np.float64
    assert data.objective(X=data.X.astype(np.int64)).dtype == np.float64
    for dtype in (np.float32, np.float16, ml_dtypes.bfloat16, np.uint8, np.int8, bool):
        objective = data.objective(X=np.abs(data.X).astype(dtype))
        assert objective.dtype == np.float32
        assert objective.decision_function(np.zeros(5)).dtype == np.float32


def test_out_receives_the_gradient(data: Data) -> None:
    objective = data.objective()
    w = np.linspace(-1.0, 1.0, 5)
    expected = objective.value_and_grad(w)
    for out in (np.empty(5), np.empty(10)[::2]):
        value, gradient = objective.value_and_grad(w, out=out)
        assert gradient is out
        assert value == expected[0]
        np.testing.assert_array_equal(out, expected[1])
    shared = w.copy()
    assert objective.grad(shared, out=shared) is shared
    np.testing.assert_array_equal(shared, expected[1])


def test_rows_are_a_mini_batch(data: Data) -> None:
    weight = np.where(np.arange(60) % 5 == 0, 0.0, data.weight)
    objective = data.objective(sample_weight=weight, alpha=0.1, l1_ratio=0.3)
    twin = fastgd.reference.LinearObjective(
        data.X, data.numbers, loss="squared_error", sample_weight=weight, alpha=0.1, l1_ratio=0.3
    )
    w = np.linspace(-1.0, 1.0, 5)
    for rows in ([3], [3, 3, 5, 7], np.arange(59, -1, -1), np.array([1, 2], np.uint8)):
        value, gradient = objective.value_and_grad(w, rows)
        assert value == pytest.approx(twin.value(w, rows), rel=1e-13)
        np.testing.assert_allclose(gradient, twin.grad(w, rows), rtol=1e-12, atol=1e-13)
        assert objective.value(w, rows) == pytest.approx(value, rel=1e-14)


def no_copy(objective: fastgd.LinearObjective, X: np.ndarray) -> bool:
    return np.shares_memory(objective._matrix.view, X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.uint8, np.int8, bool])
def test_data_is_read_as_it_is(data: Data, dtype: Any, tmp_path: Path) -> None:
    X = np.abs(3.0 * data.X).astype(dtype)
    w = np.linspace(-1.0, 1.0, 5)
    expected = data.objective(X=X).value_and_grad(w)
    read_only = X.copy()
    read_only.setflags(write=False)
    padded = np.zeros((60, 7), dtype)
    padded[:, 2:6] = X
    backwards = np.ascontiguousarray(X[::-1])[::-1]
    unaligned = np.zeros(X.nbytes + 1, np.uint8)[1:].view(dtype).reshape(X.shape)
    unaligned[...] = X
    np.save(tmp_path / "X.npy", X.view(f"u{X.itemsize}"))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r").view(dtype)
    for as_given in (X, read_only, padded[:, 2:6], backwards, unaligned, mapped):
        objective = data.objective(X=as_given)
        assert no_copy(objective, as_given)
        value, gradient = objective.value_and_grad(w)
        assert value == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_rows_that_are_the_same_memory(data: Data) -> None:
    X = np.broadcast_to(data.X[:1], (60, 4))
    w = np.linspace(-1.0, 1.0, 5)
    assert no_copy(data.objective(X=X), X)
    assert data.objective(X=X).value(w) == data.objective(X=X.copy()).value(w)


def test_one_column_at_any_stride(data: Data) -> None:
    column = data.X[:, 1:2]
    objective = data.objective(X=column)
    assert no_copy(objective, data.X)
    assert objective.value([0.5, 0.1]) == data.objective(X=column.copy()).value([0.5, 0.1])


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X.astype(">f8"),
        lambda X: X.astype(np.longdouble),
        lambda X: pd.DataFrame(X, columns=list("abcd")),
        lambda X: X.tolist(),
    ],
)
def test_other_data_is_copied_once_and_means_the_same(data: Data, convert: Any) -> None:
    w = np.linspace(-1.0, 1.0, 5)
    assert data.objective(X=convert(data.X)).value(w) == data.objective().value(w)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.uint16, np.uint32, np.uint64, ">i4"])
def test_other_integers_become_float64(data: Data, dtype: Any) -> None:
    X = np.abs(10.0 * data.X).astype(dtype)
    w = np.linspace(-1.0, 1.0, 5)
    assert data.objective(X=X).value(w) == data.objective(X=X.astype(np.float64)).value(w)


def test_a_copy_of_many_rows_is_complete() -> None:
    X = np.asfortranarray(np.random.default_rng(0).normal(size=(20_011, 7)))
    copied = fastgd.LinearObjective(X, X[:, 0], loss="squared_error")._matrix.view
    assert copied.flags.c_contiguous
    np.testing.assert_array_equal(copied, X)


@pytest.mark.parametrize("loss", ["log_loss", "zero_one"])
def test_binary_labels_in_every_form(data: Data, loss: str) -> None:
    w = np.linspace(-1.0, 1.0, 5)
    positive = data.signs > 0
    expected = data.objective(loss).value(w)
    for y in (
        positive,
        positive.astype(int),
        positive.astype(np.float32),
        data.signs.astype(float),
        pd.Series(data.signs),
    ):
        objective = fastgd.LinearObjective(data.X, y, loss=loss)
        assert (objective.n_outputs, objective.n_classes) == (1, 2)
        assert objective.value(w) == expected


@pytest.mark.parametrize("loss", ["multinomial", "log_loss", "zero_one"])
def test_class_indices(data: Data, loss: str) -> None:
    for y in (data.classes, data.classes.astype(float), data.classes.astype(np.uint8)):
        objective = fastgd.LinearObjective(data.X, y, loss=loss)
        assert (objective.n_outputs, objective.n_classes, objective.n_params) == (3, 3, 15)
    more = fastgd.LinearObjective(data.X, data.classes, loss=loss, n_classes=5)
    assert more.decision_function(np.zeros(25)).shape == (60, 5)


def test_the_hinge_of_several_classes_with_the_sum_of_squares(data: Data) -> None:
    """``L = 1/N sum_i sum_{j != y_i} max(0, s_j - s_{y_i} + 1) + sum w^2``, by its letters; biases are left alone."""
    objective = data.objective("multiclass_hinge", alpha=2.0)
    w = np.linspace(-0.4, 0.5, objective.n_params)
    coef, intercept = objective.unpack(w)
    total = 0.0
    for x, y in zip(data.X, data.classes, strict=True):
        s = coef @ x + intercept
        total += sum(max(0.0, s[j] - s[y] + 1.0) for j in range(3) if j != y)
    np.testing.assert_allclose(objective.value(w), total / 60 + (coef**2).sum(), rtol=1e-13)
    fastgd.check_grad(objective, w).raise_if_wrong()
    # Without an intercept all of w is penalised.
    without = data.objective("multiclass_hinge", alpha=2.0, fit_intercept=False)
    difference = without.value(w[:12]) - data.objective("multiclass_hinge", fit_intercept=False).value(w[:12])
    np.testing.assert_allclose(difference, (w[:12] ** 2).sum(), rtol=1e-13)


def test_several_targets(data: Data) -> None:
    Y = np.column_stack([data.numbers, 2.0 * data.numbers])
    objective = fastgd.LinearObjective(data.X, Y, loss="squared_error", offset=np.ones((60, 2)))
    assert objective.n_outputs == 2
    w = np.zeros(10)
    assert objective.value(w) == pytest.approx(0.5 * float(np.mean(np.sum((1.0 - Y) ** 2, axis=1))), rel=1e-14)
    np.testing.assert_array_equal(objective.decision_function(w), np.ones((60, 2)))


def test_pack_and_unpack_are_inverse(data: Data) -> None:
    coef, intercept = np.arange(12.0).reshape(3, 4), np.arange(3.0)
    objective = data.objective("multinomial")
    w = objective.pack(coef, intercept)
    np.testing.assert_array_equal(w, [*range(12), *range(3)])
    back = objective.unpack(w)
    np.testing.assert_array_equal(back[0], coef)
    np.testing.assert_array_equal(back[1], intercept)
    assert np.shares_memory(back[0], w)
    single = data.objective(fit_intercept=False)
    np.testing.assert_array_equal(single.pack([1, 2, 3, 4]), [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(single.unpack(np.ones(4, np.float32))[1], np.zeros(1, np.float32))
    assert single.pack(np.ones(4, np.float32)).dtype == np.float32


def test_scores(data: Data) -> None:
    objective = data.objective(offset=data.numbers)
    w = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(objective.decision_function(w), data.X @ w[:4] + 5.0 + data.numbers, rtol=1e-13)
    np.testing.assert_array_equal(objective.decision_function(w, [7, 3]), objective.decision_function(w)[[7, 3]])


def test_initial_is_zero_for_every_seed(data: Data) -> None:
    objective = data.objective()
    np.testing.assert_array_equal(objective.initial(0), np.zeros(5))
    np.testing.assert_array_equal(objective.initial(2**64 - 1), np.zeros(5))


def test_scipy_minimises_an_objective(data: Data) -> None:
    objective = data.objective("log_loss", X=data.X.astype(np.float32), alpha=0.1)
    found = scipy.optimize.minimize(objective.value_and_grad, np.zeros(5), jac=True, method="L-BFGS-B")
    assert found.success
    assert np.abs(objective.grad(found.x)).max() < 1e-4


def test_the_objective_says_what_it_is(data: Data) -> None:
    objective = data.objective("huber", alpha=0.5, X=data.X.astype(np.float32))
    assert repr(objective) == (
        "LinearObjective(n_samples=60, n_features=4, n_outputs=1, storage='float32', loss='huber', alpha=0.5, "
        "l1_ratio=0.0, fit_intercept=True, standardize=False)"
    )
    assert dict(objective.loss_params) == {"epsilon": 0.1}


@pytest.mark.parametrize("weighted", [False, True])
def test_zero_one_counts_mistakes(data: Data, weighted: bool) -> None:
    weight = np.where(np.arange(60) % 7 == 0, 0.0, data.weight) if weighted else None
    for y, n_outputs in ((data.signs, 1), (data.classes, 3)):
        objective = fastgd.LinearObjective(data.X, y, loss="zero_one", sample_weight=weight, alpha=0.1)
        w = np.random.default_rng(1).normal(size=objective.n_params)
        raw = objective.decision_function(w)
        wrong = y * raw <= 0 if n_outputs == 1 else raw.argmax(axis=1) != y
        penalty = 0.05 * np.sum(w[: 4 * n_outputs] ** 2)
        assert 0 < wrong.sum() < 60
        assert objective.value(w) == pytest.approx(np.average(wrong, weights=weight) + penalty, rel=1e-12)


def test_zero_one_counts_the_undecided_as_wrong(data: Data) -> None:
    assert data.objective("zero_one").value(np.zeros(5)) == 1.0


def test_zero_one_has_no_gradient(data: Data) -> None:
    objective = data.objective("zero_one")
    for call in (objective.grad, objective.value_and_grad, lambda w: fastgd.minimize(objective, w)):
        with pytest.raises(ValueError, match=r"piecewise constant.*surrogate \(log_loss, hinge.*crammer_singer\)"):
            call(np.zeros(5))
    assert "zero_one" not in fastgd.losses()


def test_loss_and_grad_is_the_objective(data: Data) -> None:
    coef, intercept = np.linspace(-1.0, 1.0, 12).reshape(3, 4), np.array([0.1, 0.2, 0.3])
    options: dict[str, Any] = {"alpha": 0.2, "l1_ratio": 0.5, "sample_weight": data.weight}
    for loss in ("multinomial", "log_loss"):
        objective = fastgd.LinearObjective(data.X, data.classes, loss=loss, **options)
        value, gradient = objective.value_and_grad(objective.pack(coef, intercept))
        found = fastgd.loss_and_grad(data.X, data.classes, coef, intercept, loss=loss, **options)
        assert found.loss == value
        np.testing.assert_array_equal(found.coef_grad, objective.unpack(gradient)[0])
        np.testing.assert_array_equal(found.intercept_grad, objective.unpack(gradient)[1])


def test_loss_and_grad_keeps_shapes_and_dtypes(data: Data) -> None:
    loss, coef_grad, intercept_grad = fastgd.loss_and_grad(data.X, data.signs, np.zeros(4, np.float32))
    assert (type(loss), coef_grad.shape, coef_grad.dtype, intercept_grad) == (float, (4,), np.float32, None)
    found = fastgd.loss_and_grad(data.X, data.signs, np.zeros((1, 4)), 0.5)
    assert (found.coef_grad.shape, np.shape(found.intercept_grad)) == ((1, 4), ())


@pytest.mark.parametrize("standardize", [False, True])
def test_a_copy_with_other_weights_evaluates_with_them(data: Data, standardize: bool) -> None:
    own = data.objective("log_loss", sample_weight=data.weight, standardize=standardize)
    copied = data.objective("log_loss", standardize=standardize)._with(_weight=data.weight)
    w = np.linspace(-1.0, 1.0, own.n_params)
    assert copied.value(w) == own.value(w) == copied.value_and_grad(w)[0]
    np.testing.assert_array_equal(copied.grad(w), own.grad(w))
