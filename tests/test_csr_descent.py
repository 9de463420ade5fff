"""Descent on sparse rows: steps that cost as much as there are entries end where dense ones do."""

from __future__ import annotations

import itertools
from typing import Any

import _csr
import _user_losses
import numpy as np
import pytest

import fastgd
from fastgd import optimizers
from fastgd.optimizers import SGD
from fastgd.schedules import InverseScaling, Step

N, D = 400, 60


@pytest.fixture(scope="module")
def dense() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.where(rng.random((N, D)) < 0.06, rng.normal(size=(N, D)), 0.0)


@pytest.fixture(scope="module")
def y(dense: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.argmax(dense @ rng.normal(size=(D, 3)) + 0.3 * rng.normal(size=(N, 3)), axis=1)


OPTIMIZERS: dict[str, fastgd.optimizers.Optimizer] = {
    "sgd": SGD(0.5),
    "sgd, falling": SGD(InverseScaling(1.0, power_t=0.5)),
    # A rate at which an l2 penalty turns coefficients around.
    "sgd, turning": SGD(Step(15.0, 20, 0.1)),
    "sgd, momentum": SGD(0.1, momentum=0.9),
    "asgd": optimizers.ASGD(0.3),
    "asgd, later": optimizers.ASGD(0.3, average_from=30),
    "adagrad": optimizers.Adagrad(0.1, lr_decay=0.01, initial_accumulator_value=0.1),
    "ftrl": optimizers.FTRL(0.1),
    "ftrl, falling": optimizers.FTRL(Step(0.5, 40, 0.5)),
    "adam": optimizers.Adam(0.01),
    "dog": optimizers.DoG(),
    "saga": optimizers.SAGA(0.05),
}
PENALTIES = {"none": (0.0, 0.0), "l2": (0.1, 0.0), "l1": (0.02, 1.0), "both": (0.05, 0.3)}
CASES = [
    (name, penalty, size)
    for name, penalty, size in itertools.product(OPTIMIZERS, PENALTIES, (1, 8, 64, "full"))
    if not (penalty in ("l1", "both") and not OPTIMIZERS[name]._info["l1"])
    and not (name == "saga" and size == "full")
    and not (name == "sgd, turning" and size == "full")
]


@pytest.mark.parametrize("name, penalty, batch_size", CASES)
def test_sparse_rows_end_where_dense_ones_do(
    name: str, penalty: str, batch_size: int | str, dense: np.ndarray, y: np.ndarray
) -> None:
    alpha, l1_ratio = PENALTIES[penalty]
    weight = np.resize([1.0, 0.5, 0.0, 2.0], N)
    found = []
    for X in (dense, _csr.as_csr(dense, "csr_float64_int32", "halved")):
        objective = fastgd.LinearObjective(
            X, y, loss="log_loss", alpha=alpha, l1_ratio=l1_ratio, sample_weight=weight, n_classes=3
        )
        options: dict[str, Any] = {"optimizer": OPTIMIZERS[name], "batch_size": batch_size}
        found.append(fastgd.minimize(objective, max_epochs=3, tol=None, random_state=2, **options))
    np.testing.assert_allclose(found[1].x, found[0].x, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(found[1].x == 0.0, found[0].x == 0.0)
    np.testing.assert_allclose(found[1].history.loss, found[0].history.loss, rtol=1e-9)


@pytest.mark.parametrize(
    "optimizer, penalty",
    [
        *((SGD(0.05), penalty) for penalty in PENALTIES.values()),
        # Penalties whose strength is no sign of their absence, parameters that idle from a start which is not 0.
        (optimizers.ASGD(0.05), (1.0, 1.0)),
        (optimizers.Adagrad(0.1), (1.0, 0.0)),
        (optimizers.Adagrad(0.1), (0.02, 1.0)),
        (optimizers.FTRL(0.1), (1.0, 0.0)),
        (optimizers.FTRL(0.1), (0.02, 1.0)),
    ],
    ids=str,
)
def test_idle_coefficients_are_where_steps_would_have_taken_them(
    optimizer: fastgd.optimizers.Optimizer, penalty: tuple[float, float], dense: np.ndarray, y: np.ndarray
) -> None:
    start = np.random.default_rng(5).normal(size=D + 1)
    ends = []
    for X in (dense, _csr.as_csr(dense, "csr_float64_int32")):
        # With a loss of its own SGD takes the road of the others, not that of rows one by one.
        objective = fastgd.LinearObjective(
            X, y.astype(np.float64), loss=_user_losses.squared_error, alpha=penalty[0], l1_ratio=penalty[1]
        )
        found = fastgd.minimize(objective, start, optimizer=optimizer, batch_size=8, max_epochs=3, tol=None)
        ends.append(found.x)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(ends[1] == 0.0, ends[0] == 0.0)


@pytest.mark.parametrize("clip", [{"clip_value": 0.02}, {"clip_norm": 0.05}], ids=["value", "norm"])
@pytest.mark.parametrize("optimizer", [SGD(0.3), optimizers.Adagrad(0.1), optimizers.FTRL(0.1)], ids=str)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_clipped_gradients(
    batch_size: int, optimizer: fastgd.optimizers.Optimizer, clip: dict[str, float], dense: np.ndarray, y: np.ndarray
) -> None:
    """What a clipped penalty does to idle coefficients is no sum that could be made up for later."""
    start = np.random.default_rng(5).normal(size=D + 1)
    ends = []
    for X in (dense, _csr.as_csr(dense, "csr_float64_int32")):
        objective = fastgd.LinearObjective(X, y.astype(np.float64), loss="squared_error", alpha=0.3)
        options: dict[str, Any] = {"optimizer": optimizer, "batch_size": batch_size, "max_epochs": 2, **clip}
        ends.append(fastgd.minimize(objective, start, tol=None, **options).x)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("loss", ["squared_error", _user_losses.squared_error], ids=["named", "own"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
@pytest.mark.parametrize("lr", [0.9, 1.1])
def test_coefficients_that_a_penalty_shrinks_beyond_all_numbers(
    lr: float, l1_ratio: float, loss: Any, dense: np.ndarray, y: np.ndarray
) -> None:
    """Each step takes a tenth of them, and the steps of an epoch a factor that nothing can be divided by."""
    start = np.random.default_rng(5).normal(size=D + 1)
    n_idle = 8
    X = np.concatenate([dense[:, :-n_idle], np.zeros((N, n_idle))], axis=1)
    ends = []
    for data in (X, _csr.as_csr(X, "csr_float64_int32")):
        objective = fastgd.LinearObjective(
            data, y.astype(np.float64), loss=loss, alpha=1.0 / (1.0 - l1_ratio), l1_ratio=l1_ratio
        )
        found = fastgd.minimize(objective, start, optimizer=SGD(lr), batch_size=1, max_epochs=2, tol=None)
        ends.append(found.x)
    assert np.max(np.abs(ends[0][D - n_idle : D])) < 1e-300
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("optimizer", [SGD(), optimizers.Adagrad(), optimizers.FTRL(), optimizers.Adam()])
def test_models_of_a_sweep_have_the_bits_of_runs_alone(
    optimizer: fastgd.optimizers.Optimizer, batch_size: int, dense: np.ndarray, y: np.ndarray
) -> None:
    X = _csr.as_csr(dense, "csr_float32_int32", "shuffled")
    # A penalty with which Adagrad and FTRL cannot leave coefficients idle, beside one with which they can.
    alphas, rates = [0.0, 0.01], [0.01, 0.3]
    objective = fastgd.LinearObjective(X, y, loss="multinomial")
    grid = {"alpha": alphas, "lr": rates}
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3}
    swept = fastgd.sweep(objective, grid=grid, optimizer=optimizer, **options)
    for x, (alpha, lr) in zip(swept.x, itertools.product(alphas, rates), strict=True):
        one = fastgd.LinearObjective(X, y, loss="multinomial", alpha=alpha)
        alone = fastgd.minimize(one, optimizer=type(optimizer)(lr=lr), **options)  # type: ignore[call-arg]
        np.testing.assert_array_equal(x, alone.x)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_held_out_rows_are_absent(batch_size: int, dense: np.ndarray, y: np.ndarray) -> None:
    X = _csr.as_csr(dense, "csr_float64_int64")
    objective = fastgd.LinearObjective(X, y, loss="multinomial", alpha=0.01, l1_ratio=0.5)
    swept = fastgd.sweep(objective, grid={"lr": [0.1]}, cv=4, batch_size=batch_size, max_epochs=2)
    plain = fastgd.LinearObjective(dense, y, loss="multinomial", alpha=0.01, l1_ratio=0.5)
    expected = fastgd.sweep(plain, grid={"lr": [0.1]}, cv=4, batch_size=batch_size, max_epochs=2)
    np.testing.assert_allclose(swept.x, expected.x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(swept.table["held_out"], expected.table["held_out"], rtol=1e-9)


def test_momentum_beside_none_is_refused_where_the_bits_would_differ(dense: np.ndarray, y: np.ndarray) -> None:
    objective = fastgd.LinearObjective(_csr.as_csr(dense, "csr_float64_int32"), y, loss="multinomial")
    grid = {"momentum": [0.0, 0.9]}
    with pytest.raises(ValueError, match="grid must not have momentum 0 beside others for mini-batches of sparse rows"):
        fastgd.sweep(objective, grid=grid, optimizer=SGD(0.1), batch_size=2)
    assert fastgd.sweep(objective, grid=grid, optimizer=SGD(0.1), batch_size="full", max_epochs=1).x.shape == (2, 183)


# ---- lazy steps


@pytest.mark.parametrize("optimizer", [optimizers.Adam(0.05), SGD(0.1, momentum=0.5), optimizers.Adagrad(0.1)])
def test_lazy_steps_leave_the_columns_of_other_rows_alone(
    optimizer: fastgd.optimizers.Optimizer, dense: np.ndarray, y: np.ndarray
) -> None:
    X = _csr.as_csr(dense, "csr_float64_int32")
    rows = np.arange(40)
    met = np.flatnonzero(np.any(dense[rows] != 0.0, axis=0))
    assert 0 < len(met) < D, "data on which nothing could be seen"
    options: dict[str, Any] = {"optimizer": optimizer, "batch_size": 8, "order": rows, "max_epochs": 5, "tol": None}
    w0 = np.random.default_rng(0).normal(size=3 * D + 3)

    def descend(X: Any, columns: Any, **more: Any) -> np.ndarray:
        objective = fastgd.LinearObjective(X, y, loss="multinomial", alpha=0.05)
        start = np.concatenate([w0[: 3 * D].reshape(3, D)[:, columns].ravel(), w0[3 * D :]])
        return objective.unpack(fastgd.minimize(objective, start, **options, **more).x)[0]

    lazy = descend(X, slice(None), lazy=True)
    others = np.setdiff1d(np.arange(D), met)
    np.testing.assert_array_equal(lazy[:, others], w0[: 3 * D].reshape(3, D)[:, others])
    assert np.all(lazy[:, met] != w0[: 3 * D].reshape(3, D)[:, met])
    assert np.any(descend(X, slice(None))[:, others] != lazy[:, others])


@pytest.mark.parametrize("optimizer", [optimizers.Adam(0.05), SGD(0.1, momentum=0.5), optimizers.RMSprop(0.01)])
def test_lazy_steps_on_rows_without_zeros_are_the_dense_ones(optimizer: fastgd.optimizers.Optimizer) -> None:
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(64, 7)), rng.integers(0, 2, 64)
    found = [
        fastgd.minimize(fastgd.LinearObjective(data, y, alpha=0.1), optimizer=optimizer, batch_size=8, lazy=lazy).x
        for data, lazy in ((X, False), (_csr.as_csr(X, "csr_float64_int32"), True))
    ]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"optimizer": "dog"}, "lazy must be False with DoG"),
        ({"optimizer": "saga"}, "lazy must be False with SAGA"),
        ({"optimizer": "asgd"}, "lazy must be False with ASGD"),
        ({"optimizer": "adam", "clip_norm": 1.0}, "lazy must be False with clip_norm"),
        ({"batch_size": "full"}, "lazy must be False but for a LinearObjective of sparse rows"),
        ({"batch_size": 5000}, "lazy must be False but for a LinearObjective of sparse rows"),
        ({"lazy": 1}, "lazy must be True or False"),
    ],
)
def test_lazy_steps_that_cannot_be_had_are_refused(
    options: dict[str, Any], message: str, dense: np.ndarray, y: np.ndarray
) -> None:
    objective = fastgd.LinearObjective(_csr.as_csr(dense, "csr_float64_int32"), y, loss="multinomial")
    with pytest.raises((ValueError, TypeError), match=message):
        fastgd.minimize(objective, **{"batch_size": 8, "lazy": True, **options})


def test_lazy_steps_are_for_sparse_rows(dense: np.ndarray, y: np.ndarray) -> None:
    for X, standardize in ((dense, False), (_csr.as_csr(dense, "csr_float64_int32"), True)):
        objective = fastgd.LinearObjective(X, y, loss="multinomial", standardize=standardize)
        with pytest.raises(ValueError, match="lazy must be False but for a LinearObjective of sparse rows"):
            fastgd.minimize(objective, batch_size=8, lazy=True)
