"""A loss of one's own: NumPy functions and C functions do what the named losses of the same formula do."""

from __future__ import annotations

import ctypes
import gc
import shutil
import subprocess
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
from _user_losses import (
    CASES,
    PROTOTYPE,
    D,
    N,
    as_callback,
    multinomial,
    pair,
    squared_error,
    table,
    targets,
    tolerance,
)

import fastgd
from fastgd.optimizers import ASGD, FTRL, LBFGS, SAGA, SGD, SVRG, Adam, DoG, PolyakSGD

HEADERS = Path(__file__).resolve().parent.parent / "cpp" / "include"
C_SOURCE = """
#include "fastgd/user_loss.h"

void squared_error(const double* y, const double* raw, int64_t n_rows, int64_t n_outputs, double* loss, double* dloss) {
    for (int64_t i = 0; i < n_rows; ++i) {
        loss[i] = 0.0;
        for (int64_t k = i * n_outputs; k < (i + 1) * n_outputs; ++k) {
            dloss[k] = raw[k] - y[k];
            loss[i] += 0.5 * dloss[k] * dloss[k];
        }
    }
}
fastgd_user_loss check_its_type = squared_error;
"""


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Squared error as a C function: compiled where there is a compiler, else a callback."""
    compiler = shutil.which("cc")
    if compiler is None:
        return as_callback(squared_error)
    folder = tmp_path_factory.mktemp("user_loss")
    (folder / "loss.c").write_text(C_SOURCE)
    command = [compiler, "-shared", "-fPIC", "-Wall", "-Werror", f"-I{HEADERS}", "loss.c", "-o", "loss.so"]
    subprocess.run(command, cwd=folder, check=True)
    function = ctypes.CDLL(str(folder / "loss.so")).squared_error
    function.argtypes, function.restype = PROTOTYPE._argtypes_, None
    return function


# ------------------------------------------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["numpy", "C"])
@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient_are_those_of_the_named_loss(case: str, form: str, weighted: bool, dtype: Any) -> None:
    n_outputs = {"two outputs": 2, "multinomial": 3}.get(case, 1)
    rng = np.random.default_rng(2)
    options: dict[str, Any] = {"alpha": 0.1, "l1_ratio": 0.3, "offset": rng.normal(size=(N, n_outputs))}
    if weighted:
        options["sample_weight"] = rng.integers(0, 4, N) / 2.0
    own, named = pair(case, form, dtype, **options)
    w = 0.3 * rng.normal(size=named.n_params)
    for rows in (None, [5], np.arange(N - 1, 40, -2)):
        value, gradient = own.value_and_grad(w, rows)
        np.testing.assert_allclose(value, named.value(w, rows), **tolerance(dtype))
        np.testing.assert_allclose(gradient, named.grad(w, rows), **tolerance(dtype))
        assert own.value(w, rows) == value
    assert (own.n_outputs, own.n_classes) == (n_outputs, named.n_classes if case == "multinomial" else None)
    np.testing.assert_array_equal(own.decision_function(w), named.decision_function(w))


@pytest.mark.parametrize("batch_size", ["full", 32, 1, 5000])
@pytest.mark.parametrize("form", ["numpy", "C"])
@pytest.mark.parametrize("case", CASES)
def test_descent_takes_the_steps_of_the_named_loss(case: str, form: str, batch_size: int | str) -> None:
    weight = np.arange(N) % 4 / 2.0
    options: dict[str, Any] = {"alpha": 0.01, "l1_ratio": 0.5, "sample_weight": weight}
    for dtype in (np.float64, np.float32, np.uint8):
        own, named = (
            fastgd.minimize(one, optimizer=SGD(1e-3), batch_size=batch_size, max_epochs=3, tol=None)
            for one in pair(case, form, dtype, **options)
        )
        np.testing.assert_allclose(own.x, named.x, **tolerance(dtype))
        np.testing.assert_allclose(own.history.loss, named.history.loss, **tolerance(dtype))
        np.testing.assert_allclose(own.fun, named.fun, **tolerance(dtype))
        assert own.n_steps == named.n_steps


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.01, momentum=0.9),
        Adam(0.01),
        ASGD(0.01),
        FTRL(0.1),
        DoG(),
        PolyakSGD(0.01),
        SAGA(0.01),
        SVRG(0.01),
        LBFGS(precondition=False),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_every_kind_of_optimizer(optimizer: Any, batch_size: int | str) -> None:
    if isinstance(optimizer, LBFGS) or (isinstance(optimizer, (SAGA, SVRG)) and batch_size == "full"):
        batch_size = "full" if isinstance(optimizer, LBFGS) else 7
    # A line search needs the gradient as it is.
    clip = None if isinstance(optimizer, LBFGS) else 3.0
    own, named = (
        fastgd.minimize(one, optimizer=optimizer, batch_size=batch_size, max_epochs=4, tol=None, clip_value=clip)
        for one in pair("log_loss", alpha=0.01)
    )
    np.testing.assert_allclose(own.x, named.x, **tolerance(np.float64))
    np.testing.assert_allclose(own.fun, named.fun, **tolerance(np.float64))


@pytest.mark.parametrize("n, d, batch_size", [(7300, 70, "full"), (1500, 600, 256), (9000, 70, 4500)])
def test_c_functions_on_every_number_of_threads(compiled: Any, n: int, d: int, batch_size: int | str) -> None:
    """Teams that share rows, and teams that share columns, where all threads want the same losses."""
    X, y = table(n=n, d=d), targets("two outputs", n)
    own, named = (fastgd.LinearObjective(X, y, loss=loss) for loss in (compiled, "squared_error"))
    w = np.linspace(-1.0, 1.0, named.n_params)
    results = []
    for threads in (1, 2, 7):
        with fastgd.threads(threads):
            np.testing.assert_allclose(own.grad(w), named.grad(w), **tolerance(np.float64))
        results.append(
            fastgd.minimize(own, optimizer=SGD(1e-3), batch_size=batch_size, max_epochs=2, tol=None, n_threads=threads)
        )
        np.testing.assert_array_equal(results[-1].x, results[0].x)
    expected = fastgd.minimize(named, optimizer=SGD(1e-3), batch_size=batch_size, max_epochs=2, tol=None)
    np.testing.assert_allclose(results[0].x, expected.x, **tolerance(np.float64))


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("batch_size", ["full", 512])
def test_python_functions_are_called_on_the_callers_thread(batch_size: int | str, threads: int) -> None:
    callers = set()

    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        callers.add(threading.get_ident())
        return multinomial(y, raw)

    X, y = table(n=7300, d=400), targets("multinomial", 7300)
    own, named = (fastgd.LinearObjective(X, y, loss=one, n_classes=3) for one in (loss, "multinomial"))
    run: dict[str, Any] = {"optimizer": SGD(0.01), "batch_size": batch_size, "max_epochs": 2, "n_threads": threads}
    np.testing.assert_allclose(fastgd.minimize(own, **run).x, fastgd.minimize(named, **run).x, **tolerance(np.float64))
    with fastgd.threads(threads):
        own.grad(np.zeros(own.n_params))
    assert callers == {threading.get_ident()}


def test_standardized_features() -> None:
    own, named = (
        fastgd.minimize(one, optimizer=SGD(0.1)) for one in pair("log_loss", dtype=np.uint8, standardize=True)
    )
    np.testing.assert_allclose(own.x, named.x, **tolerance(np.uint8))


@pytest.mark.parametrize("batch_size", ["full", 32])
def test_many_models(batch_size: int | str) -> None:
    """Sweeps with held-out folds; one call of the function serves all models."""
    calls = 0

    def counted(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal calls
        calls += 1
        return multinomial(y, raw)

    _, named = pair("multinomial")
    own = fastgd.LinearObjective(table(), targets("multinomial"), loss=counted, n_classes=3)
    run: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3, "tol": None, "cv": 3}
    counts = []
    for alphas in ([0.1], [0.1, 0.01, 0.0]):
        calls = 0
        found = fastgd.sweep(own, grid={"lr": [0.1], "alpha": alphas}, **run)
        counts.append(calls)
    expected = fastgd.sweep(named, grid={"lr": [0.1], "alpha": alphas}, **run)
    for one, other in zip(found.results, expected.results, strict=True):
        np.testing.assert_allclose(one.x, other.x, **tolerance(np.float64))
    assert counts[0] == counts[1]


def test_scipy_low_level_callables(compiled: Any) -> None:
    X, y = table(), targets("squared_error")
    objective = fastgd.LinearObjective(X, y, loss=scipy.LowLevelCallable(compiled))
    w = np.linspace(-1.0, 1.0, D + 1)
    assert objective.value(w) == fastgd.LinearObjective(X, y, loss=compiled).value(w)
    with pytest.raises(ValueError, match="loss must have no user_data as a LowLevelCallable"):
        fastgd.LinearObjective(X, y, loss=scipy.LowLevelCallable(compiled, ctypes.c_void_p(1)))


# --------------------------------------------------------------------------------------------- what a function gets


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_shapes_and_dtypes(dtype: Any) -> None:
    seen: list[tuple[Any, ...]] = []

    def look(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert y.flags.c_contiguous
        assert raw.flags.c_contiguous
        seen.append((y.shape, y.dtype, raw.shape, raw.dtype))
        return np.zeros(len(raw)), np.zeros_like(raw)

    double = np.dtype(np.float64)
    for case, n_columns in (("squared_error", ()), ("two outputs", (2,))):
        objective = fastgd.LinearObjective(table(dtype), targets(case), loss=look)
        objective.value(np.zeros(objective.n_params), [0, 1, 2])
        assert seen.pop() == ((3, *n_columns), double, (3, *n_columns), double)
    objective = fastgd.LinearObjective(table(dtype), targets("multinomial"), loss=look, n_classes=5)
    objective.value(np.zeros(objective.n_params), [0, 1, 2])
    assert seen.pop() == ((3,), np.dtype(np.intp), (3, 5), double)
    assert objective.n_classes == 5


def test_rows_come_many_at_once() -> None:
    """A call of Python costs as much as hundreds of rows, so wide rows do not make for small blocks."""
    sizes: list[int] = []

    def look(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(len(y))
        return squared_error(y, raw)

    objective = fastgd.LinearObjective(table(n=2500, d=700), targets("squared_error", 2500), loss=look)
    objective.grad(np.zeros(701))
    assert sizes == [1024, 1024, 452]


def test_arrays_are_the_functions_own() -> None:
    kept: list[np.ndarray] = []

    def spoil(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = squared_error(y, raw)
        y[:], raw[:] = 7.0, 8.0
        kept.extend([y, raw])
        return found

    own, named = (
        fastgd.LinearObjective(table(), targets("squared_error"), loss=loss) for loss in (spoil, "squared_error")
    )
    w = np.linspace(-1.0, 1.0, D + 1)
    assert own.value(w) == named.value(w) == own.value(w)
    assert all((array == (7.0, 8.0)[i % 2]).all() for i, array in enumerate(kept))


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_rows_of_weight_0_are_not_seen(batch_size: int | str) -> None:
    X, y = table(), targets("squared_error")
    absent = np.arange(N) % 3 == 0
    X[absent] = np.nan
    y[absent] = 1e300

    def look(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert np.abs(y).max() < 10.0
        return squared_error(y, raw)

    weight = np.where(absent, 0.0, 1.0)
    own, named = (
        fastgd.minimize(
            fastgd.LinearObjective(X, y, loss=loss, sample_weight=weight),
            optimizer=SGD(0.01),
            batch_size=batch_size,
            max_epochs=2,
        )
        for loss in (look, "squared_error")
    )
    np.testing.assert_allclose(own.x, named.x, **tolerance(np.float64))


def test_lists_and_integers_may_be_returned() -> None:
    objective = fastgd.LinearObjective(table(), targets("squared_error"), loss=lambda y, raw: [[1] * len(y), raw > y])
    value, gradient = objective.value_and_grad(np.zeros(D + 1))
    assert value == 1.0
    assert gradient[-1] == np.mean(targets("squared_error") < 0.0)


def test_an_automatic_rate_is_found_by_a_range_test() -> None:
    own, named = (fastgd.minimize(one, batch_size=32, max_epochs=20) for one in pair("log_loss"))
    assert "is the smallest of" in own.lr_reason
    assert own.fun < named.fun + 0.01


def test_an_objective_and_the_owner_of_its_loss_are_collected() -> None:
    class Model:
        def __init__(self) -> None:
            self.objective = fastgd.LinearObjective(table(), targets("squared_error"), loss=self.loss)

        def loss(self, y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return squared_error(y, raw)

    model = Model()
    model.objective.value(np.zeros(D + 1))
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None
