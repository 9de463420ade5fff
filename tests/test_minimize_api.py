"""What a caller of the objectives, of minimize and of its optimisers sees: types, names, messages, callbacks, results."""

from __future__ import annotations

import copy
import doctest
import importlib
import inspect
import os
import pickle
import signal
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.optimize
from conftest import Data
from sklearn.base import clone

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import Constant, InverseScaling

# ---------------------------------------------------------------------------------------------------- objectives


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
        "l1_ratio=0.0, fit_intercept=True)"
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


# ------------------------------------------------------------------------------------------------------ minimize


def test_result(data: Data) -> None:
    objective = data.objective(alpha=0.01)
    result = fastgd.minimize(objective, max_epochs=30, tol=None)
    assert (result.x.shape, result.x.dtype) == ((5,), np.float64)
    assert result.fun == pytest.approx(objective.value(result.x), rel=1e-13)
    assert result.grad_norm == pytest.approx(float(np.linalg.norm(objective.grad(result.x))), rel=1e-9)
    assert (result.status, result.success, result.n_epochs, result.n_steps) == ("max_epochs", True, 30, 30)
    assert (result.nit, result.nfev, result.njev) == (30, 30, 30)
    np.testing.assert_array_equal(result.jac, objective.grad(result.x))
    history = result.history
    for array in (history.epoch, history.step, history.loss, history.lr, history.grad_norm, history.seconds):
        assert array.shape == (30,)
    np.testing.assert_array_equal(history.epoch, np.arange(30))
    np.testing.assert_array_equal(history.step, np.arange(1, 31))
    assert history.loss[0] == pytest.approx(objective.value(np.zeros(5)), rel=1e-13)
    assert history.grad_norm[0] == pytest.approx(float(np.linalg.norm(objective.grad(np.zeros(5)))), rel=1e-9)
    assert np.all(np.diff(history.loss) < 0.0)
    assert np.all(np.diff(history.seconds) >= 0.0)


def test_result_prints_and_travels(data: Data) -> None:
    result = fastgd.minimize(data.objective(), max_epochs=3, tol=None)
    lines = [line.split(":")[0].strip() for line in repr(result).splitlines()]
    assert lines == ["x", "fun", "grad_norm", "lr", "n_epochs", "n_steps", "success", "status", "message", "history"]
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        np.testing.assert_array_equal(other.x, result.x)
        np.testing.assert_array_equal(other.jac, result.jac)
        assert other.message == result.message
        assert repr(other) == repr(result)


@pytest.mark.parametrize(
    "batch_size, mode, steps",
    [
        ("full", "batch gradient descent", 1),
        (1, "stochastic gradient descent", 60),
        (25, "mini-batch gradient descent with batches of 25", 3),
        (np.int32(60), "mini-batch gradient descent with batches of 60", 1),
    ],
)
def test_the_message_names_the_mode(data: Data, batch_size: Any, mode: str, steps: int) -> None:
    result = fastgd.minimize(data.objective(), batch_size=batch_size, max_epochs=2, tol=None)
    assert result.message.startswith(f"{mode} made all its epochs")
    assert result.n_steps == 2 * steps


def test_convergence(data: Data) -> None:
    result = fastgd.minimize(data.objective(), max_epochs=10_000, tol=1e-3, n_iter_no_change=2)
    assert (result.status, result.success) == ("converged", True)
    assert "converged: the loss fell by less than the fraction tol=0.001 of it in 2 epochs" in result.message
    loss = result.history.loss
    assert len(loss) == result.n_epochs < 10_000
    assert min(loss[-2:]) > min(loss[:-2]) * (1.0 - 1e-3)
    assert fastgd.reference.has_converged(list(loss), 1e-3, 2)
    assert not fastgd.reference.has_converged(list(loss[:-1]), 1e-3, 2)
    assert not fastgd.minimize(data.objective(), max_epochs=3).success


def test_w0_is_the_start_and_stays_as_it_is(data: Data) -> None:
    objective = data.objective()
    w0 = np.linspace(-1.0, 1.0, 5)
    kept = w0.copy()
    result = fastgd.minimize(objective, w0, max_epochs=1)
    np.testing.assert_array_equal(w0, kept)
    assert result.history.loss[0] == pytest.approx(objective.value(w0), rel=1e-13)
    from_list = fastgd.minimize(objective, w0.tolist(), max_epochs=1)
    np.testing.assert_array_equal(from_list.x, result.x)


def test_one_seed_one_result(data: Data) -> None:
    objective = data.objective()
    runs = {
        seed: fastgd.minimize(objective, batch_size=7, random_state=seed, max_epochs=3).x for seed in (0, 1, 2**64 - 1)
    }
    assert len({x.tobytes() for x in runs.values()}) == 3
    for n_threads in (1, 2):
        again = fastgd.minimize(objective, batch_size=7, random_state=np.int64(1), max_epochs=3, n_threads=n_threads)
        np.testing.assert_array_equal(again.x, runs[1])
    unshuffled = [
        fastgd.minimize(objective, batch_size=7, shuffle=False, random_state=s, max_epochs=3).x for s in (0, 1)
    ]
    np.testing.assert_array_equal(*unshuffled)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_order(data: Data, batch_size: int) -> None:
    objective = data.objective()
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3, "tol": None}
    plain = fastgd.minimize(objective, shuffle=False, **options)
    np.testing.assert_array_equal(fastgd.minimize(objective, order=range(60), **options).x, plain.x)
    epochs: list[int] = []

    def order(epoch: int) -> np.ndarray:
        epochs.append(epoch)
        return fastgd.reference.permutation(60, 5, epoch)

    by_function = fastgd.minimize(objective, order=order, **options)
    np.testing.assert_array_equal(by_function.x, fastgd.minimize(objective, random_state=5, **options).x)
    assert epochs == [0, 1, 2]
    few = fastgd.minimize(objective, order=[3, 3, 5], **options)
    assert few.n_steps == 3 * -(-3 // batch_size)


def test_an_order_longer_than_the_data(data: Data) -> None:
    order = np.tile(np.arange(60), 2)
    result = fastgd.minimize(data.objective(), order=order, batch_size=100, max_epochs=1, tol=None)
    assert result.n_steps == 2


def test_an_error_in_order_is_passed_on(data: Data) -> None:
    def order(epoch: int) -> list[int]:
        if epoch == 1:
            raise KeyError("no such epoch")
        return [0, 1]

    with pytest.raises(KeyError, match="no such epoch"):
        fastgd.minimize(data.objective(), order=order, batch_size=1)


def test_auto_lr_follows_its_formula(data: Data) -> None:
    squares = float(np.mean(np.sum(data.X**2, axis=1)))
    counts = float(np.mean(data.counts)) + 1.0
    expected = {
        ("squared_error", 1.0): squares + 1.0,
        ("log_loss", 1.0): 0.25 * (squares + 1.0),
        ("multinomial", 1.0): 0.5 * (squares + 1.0),
        ("hinge", 1.0): squares + 1.0,
        ("poisson", 1.0): counts * (squares + 1.0),
        ("exponential", 1.0): 2.0 * (squares + 1.0),
    }
    for (loss, _), bound in expected.items():
        result = fastgd.minimize(data.objective(loss), max_epochs=1)
        assert result.lr == pytest.approx(1.0 / bound, rel=1e-12), loss
    elastic = data.objective(alpha=2.0, l1_ratio=0.25, fit_intercept=False)
    assert fastgd.minimize(elastic, max_epochs=1).lr == pytest.approx(1.0 / (squares + 1.5), rel=1e-12)
    assert fastgd.minimize(data.objective(), batch_size=4, max_epochs=1).lr == pytest.approx(
        1.0 / (1.5 * (squares + 1.0)), rel=1e-12
    )
    nothing = fastgd.LinearObjective(np.zeros((4, 2)), np.ones(4), loss="squared_error", fit_intercept=False)
    assert fastgd.minimize(nothing, max_epochs=1).lr == 1.0


@pytest.mark.parametrize("batch_size", ["full", 1, 16])
@pytest.mark.parametrize("loss", fastgd.losses())
def test_auto_lr_descends(data: Data, loss: str, batch_size: Any) -> None:
    objective = data.objective(loss, alpha=0.01)
    result = fastgd.minimize(objective, batch_size=batch_size, max_epochs=30)
    assert result.status in ("converged", "max_epochs"), result.message
    assert result.fun < objective.value(objective.initial())


def test_schedules_reach_the_run(data: Data) -> None:
    schedule = InverseScaling(0.2, power_t=0.75)
    result = fastgd.minimize(data.objective(), optimizer=SGD(lr=schedule), max_epochs=5, tol=None)
    np.testing.assert_allclose(result.history.lr, [schedule(step) for step in range(5)], rtol=1e-15)
    assert result.lr == result.history.lr[-1]
    constant = fastgd.minimize(data.objective(), optimizer=SGD(lr=Constant(0.05)), max_epochs=5, tol=None)
    number = fastgd.minimize(data.objective(), optimizer=SGD(lr=0.05), max_epochs=5, tol=None)
    np.testing.assert_array_equal(constant.x, number.x)
    np.testing.assert_array_equal(constant.history.lr, np.full(5, 0.05))


@pytest.mark.parametrize("n_epochs", [1, 20])
def test_l1_makes_exact_zeros(data: Data, n_epochs: int) -> None:
    result = fastgd.minimize(data.objective(alpha=50.0, l1_ratio=1.0), max_epochs=n_epochs, tol=None)
    np.testing.assert_array_equal(result.x[:4], np.zeros(4))
    assert result.x[4] != 0.0


def test_divergence_is_a_result_with_its_cause(data: Data) -> None:
    X = data.X.copy()
    X[:, 2] *= 1e5
    objective = data.objective(X=X)
    result = fastgd.minimize(objective, optimizer=SGD(lr=0.1), batch_size=10)
    assert (result.status, result.success) == ("diverged", False)
    assert result.message.startswith("mini-batch gradient descent with batches of 10 diverged after")
    assert "feature 2 has standard deviation" in result.message
    stable = 2.0 / (np.mean(np.sum(X**2, axis=1)) * 1.2)
    assert f"the largest stable learning rate is about {stable:.2g}, lr was 0.1" in result.message
    assert np.all(np.isfinite(result.x))
    assert np.isfinite(result.fun)
    assert result.fun <= objective.value(objective.initial())
    calm = fastgd.minimize(objective, optimizer=SGD(lr=0.5 * stable), max_epochs=20, batch_size=10)
    assert calm.status in ("converged", "max_epochs")


def test_divergence_of_an_exponential_loss_names_it(data: Data) -> None:
    result = fastgd.minimize(data.objective("poisson"), np.full(5, 3.0), optimizer=SGD(lr=0.05))
    assert result.status == "diverged"
    assert "loss 'poisson' grows exponentially" in result.message or "largest stable learning rate" in result.message


def test_time_limit(data: Data) -> None:
    began = time.perf_counter()
    result = fastgd.minimize(data.objective(), batch_size=1, max_epochs=10**9, tol=None, time_limit=0.2)
    assert 0.2 <= time.perf_counter() - began < 20.0
    assert (result.status, result.success) == ("time_limit", False)
    assert "reached its time limit of 0.2 s" in result.message
    assert result.fun < data.objective().value(np.zeros(5))


# ----------------------------------------------------------------------------------------------------- callbacks


def test_callbacks_see_every_epoch(data: Data) -> None:
    seen: list[fastgd.EpochInfo] = []
    lasts: list[np.ndarray] = []

    def watch(info: fastgd.EpochInfo) -> None:
        seen.append(info)
        lasts.append(info.x)

    result = fastgd.minimize(data.objective(), batch_size=8, max_epochs=4, tol=None, callbacks=watch)
    assert [info.epoch for info in seen] == [0, 1, 2, 3]
    assert [info.step for info in seen] == result.history.step.tolist()
    assert [info.loss for info in seen] == result.history.loss.tolist()
    assert [info.lr for info in seen] == result.history.lr.tolist()
    assert [info.seconds for info in seen] == result.history.seconds.tolist()
    assert all(type(value) is float for info in seen for value in (info.loss, info.lr, info.seconds))
    assert seen[0].x.shape == (5,)
    np.testing.assert_array_equal(seen[-1].x, result.x)
    assert len({x.tobytes() for x in lasts}) == 4
    assert repr(seen[0]).startswith("EpochInfo(epoch=0, step=8, loss=")


def test_callbacks_do_not_change_the_run(data: Data) -> None:
    def scribble(info: fastgd.EpochInfo) -> None:
        info.x[:] = np.nan

    plain = fastgd.minimize(data.objective(), max_epochs=5, tol=None)
    watched = fastgd.minimize(data.objective(), max_epochs=5, tol=None, callbacks=[scribble])
    np.testing.assert_array_equal(watched.x, plain.x)


def test_parameters_of_a_past_epoch_are_gone(data: Data) -> None:
    kept: list[fastgd.EpochInfo] = []
    fastgd.minimize(data.objective(), max_epochs=2, callbacks=kept.append)
    with pytest.raises(RuntimeError, match="keep info.x during the callback"):
        _ = kept[0].x


def stop_by_true(info: fastgd.EpochInfo) -> bool:
    return info.epoch >= 2


def stop_by_numpy_true(info: fastgd.EpochInfo) -> Any:
    return np.float64(info.epoch) >= 2


def stop_by_exception(info: fastgd.EpochInfo) -> None:
    if info.epoch >= 2:
        raise StopIteration


@pytest.mark.parametrize("stop", [stop_by_true, stop_by_numpy_true, stop_by_exception])
@pytest.mark.parametrize("batch_size", ["full", 8])
def test_callbacks_stop(data: Data, stop: Any, batch_size: Any) -> None:
    counted: list[int] = []
    callbacks = (callback for callback in (stop, lambda info: counted.append(info.epoch)))
    result = fastgd.minimize(data.objective(), batch_size=batch_size, callbacks=callbacks, tol=None)
    assert (result.status, result.success, result.n_epochs) == ("callback", True, 3)
    assert "was ended by a callback (3 epochs)" in result.message
    assert counted == [0, 1, 2]
    same = fastgd.minimize(data.objective(), batch_size=batch_size, max_epochs=3, tol=None)
    np.testing.assert_array_equal(result.x, same.x)


def test_other_answers_do_not_stop(data: Data) -> None:
    result = fastgd.minimize(data.objective(), max_epochs=4, tol=None, callbacks=[lambda info: "go on", lambda info: 1])
    assert result.n_epochs == 4


def test_an_error_in_a_callback_is_passed_on(data: Data) -> None:
    def fail(info: fastgd.EpochInfo) -> None:
        raise ZeroDivisionError(f"in epoch {info.epoch}")

    with pytest.raises(ZeroDivisionError, match="in epoch 0"):
        fastgd.minimize(data.objective(), callbacks=fail)


def test_an_interruption_in_a_callback_keeps_the_result(data: Data) -> None:
    def interrupt(info: fastgd.EpochInfo) -> None:
        if info.epoch == 2:
            raise KeyboardInterrupt

    result = fastgd.minimize(data.objective(), callbacks=interrupt, tol=None)
    assert (result.status, result.success, result.n_epochs) == ("interrupted", False, 3)
    assert "was interrupted" in result.message
    assert result.fun < data.objective().value(np.zeros(5))


@pytest.mark.parametrize("batch_size", ["full", 1, 8])
@pytest.mark.parametrize("watched", [False, True])
def test_ctrl_c_keeps_the_result(data: Data, batch_size: Any, watched: bool) -> None:
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.perf_counter()
    try:
        result = fastgd.minimize(
            data.objective(),
            batch_size=batch_size,
            max_epochs=10**9,
            tol=None,
            time_limit=60.0,
            callbacks=[lambda info: None] if watched else [],
        )
    finally:
        timer.cancel()
    assert result.status == "interrupted"
    assert time.perf_counter() - began < 30.0
    assert result.fun < data.objective().value(np.zeros(5))


# ------------------------------------------------------------------------------------------------------ progress


class Bar:
    """Stands in for tqdm's bar and remembers what it was told."""

    made: Bar

    def __init__(self, total: int, unit: str) -> None:
        self.total, self.unit, self.count, self.closed, self.texts = total, unit, 0, False, []
        Bar.made = self

    def update(self, n: int) -> None:
        self.count += n

    def set_postfix(self, refresh: bool, **values: str) -> None:
        self.texts.append(values)

    def close(self) -> None:
        self.closed = True


def test_progress_shows_every_epoch(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tqdm")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", module)
    result = fastgd.minimize(data.objective(), max_epochs=7, tol=None, progress=True)
    bar = Bar.made
    assert (bar.total, bar.unit, bar.count, bar.closed) == (7, "epoch", 7, True)
    assert bar.texts[-1] == {"loss": f"{result.history.loss[-1]:.6g}", "lr": f"{result.lr:.3g}"}


def test_progress_closes_the_bar_after_an_error(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tqdm")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", module)
    with pytest.raises(ZeroDivisionError):
        fastgd.minimize(data.objective(), progress=True, callbacks=lambda info: 1 / 0)
    assert Bar.made.closed


def test_progress_without_tqdm_names_the_extra(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"pip install 'fastgd\[progress\]'"):
        fastgd.minimize(data.objective(), progress=True)


# --------------------------------------------------------------------------------------- optimisers and schedules

PARAMETRISED = [
    SGD(),
    SGD(lr=0.1, momentum=0.9, nesterov=True),
    SGD(lr=InverseScaling(0.1, power_t=0.75), momentum=0.5, dampening=0.25),
    Constant(0.3),
    InverseScaling(0.3),
]


@pytest.mark.parametrize("one", PARAMETRISED, ids=repr)
def test_optimizers_and_schedules_are_their_parameters(one: Any) -> None:
    scope = {"SGD": SGD, "Constant": Constant, "InverseScaling": InverseScaling}
    again = [type(one)(**one.get_params(deep=False)), pickle.loads(pickle.dumps(one)), copy.deepcopy(one), clone(one)]
    for other in (*again, eval(repr(one), scope)):
        assert other == one
        assert other is not one
    assert sum(other == one for other in PARAMETRISED) == 1
    assert one != "SGD"


def test_nested_parameters() -> None:
    schedule = InverseScaling(0.1)
    optimizer = SGD(lr=schedule, momentum=0.9)
    assert optimizer.get_params()["lr__power_t"] == 0.5
    assert set(optimizer.get_params(deep=False)) == {"lr", "momentum", "dampening", "nesterov"}
    assert optimizer.set_params(lr__power_t=1.0, nesterov=True) is optimizer
    assert optimizer == SGD(lr=InverseScaling(0.1, power_t=1.0), momentum=0.9, nesterov=True)
    assert schedule == InverseScaling(0.1)
    optimizer.set_params(lr=InverseScaling(0.5), lr__power_t=0.25)
    assert optimizer.lr == InverseScaling(0.5, power_t=0.25)


def test_set_params_sets_all_or_none() -> None:
    optimizer = SGD(lr=InverseScaling(0.1))
    for wrong in ({"momentum": 0.5, "lr": -1.0}, {"momentum": 0.5, "lr__power_t": -1.0}, {"momentum": 0.5, "x__y": 1}):
        with pytest.raises(ValueError, match="must be|SGD takes"):
            optimizer.set_params(**wrong)
        assert optimizer == SGD(lr=InverseScaling(0.1))


@pytest.mark.parametrize("schedule", [Constant(0.3), InverseScaling(0.3), InverseScaling(2.0, power_t=0.9)], ids=repr)
def test_schedules_are_their_twins(schedule: Any) -> None:
    name = {Constant: "constant", InverseScaling: "inverse_scaling"}[type(schedule)]
    twin = fastgd.reference.SCHEDULES[name](**schedule.get_params())
    assert [schedule(step) for step in (0, 1, 10, 10**6)] == [twin(step) for step in (0, 1, 10, 10**6)]


# --------------------------------------------------------------------------------------- configuration and package


def test_threads() -> None:
    default = fastgd.get_num_threads()
    assert default >= 1
    try:
        fastgd.set_num_threads(3)
        assert fastgd.get_num_threads() == 3
        outer = fastgd.threads(2)
        with outer:
            assert fastgd.get_num_threads() == 2
            with fastgd.threads(1), outer:
                assert fastgd.get_num_threads() == 2
            assert fastgd.get_num_threads() == 2
        assert fastgd.get_num_threads() == 3
        with pytest.raises(KeyError), fastgd.threads(1):
            raise KeyError
        assert fastgd.get_num_threads() == 3
    finally:
        fastgd.set_num_threads(None)
    assert fastgd.get_num_threads() == default


def test_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert fastgd.simd_level() in fastgd.simd_levels()
    assert fastgd.simd_levels()[-1] == "generic"
    fastgd.show_config()
    printed = capsys.readouterr().out
    for part in (fastgd.__version__, np.__version__, fastgd.simd_level(), "threads", "OpenMP runtime", "compiler"):
        assert part in printed


def test_public_names() -> None:
    assert set(fastgd.__all__) <= set(dir(fastgd))
    for name in fastgd.__all__:
        assert getattr(fastgd, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'minimise'"):
        _ = fastgd.minimise  # type: ignore[attr-defined]


def test_losses_have_twins() -> None:
    assert set(fastgd.losses()) == set(fastgd.reference.LOSSES)


@pytest.mark.parametrize(
    "module", ["_functional", "_minimize", "config", "objectives.linear", "optimizers", "schedules"]
)
def test_examples_of_docstrings(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"fastgd.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize(
    "function", [fastgd.minimize, fastgd.LinearObjective, fastgd.loss_and_grad, SGD, InverseScaling]
)
def test_docstrings_name_every_parameter(function: Any) -> None:
    text = inspect.getdoc(function)
    assert text is not None
    section = text.split("Parameters\n----------")[1].split("\n\n")[0]
    for name in inspect.signature(function).parameters:
        assert f"{name} :" in section or f"{name}," in section or f", {name}" in section, name
