"""What goes wrong in a loss of one's own, and what it is told."""

from __future__ import annotations

import ctypes
import traceback
from typing import Any

import numpy as np
import pytest
from _user_losses import PROTOTYPE, D, N, as_callback, multinomial, pair, squared_error, table, targets, tolerance

import fastgd
from fastgd.optimizers import SGD


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_what_a_function_raises_is_passed_on(batch_size: int | str) -> None:
    broken = True

    def deep_inside() -> None:
        raise LookupError("no such row")

    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if broken:
            deep_inside()
        return squared_error(y, raw)

    objective = fastgd.LinearObjective(table(n=3000), targets("squared_error", 3000), loss=loss)
    for call in (
        lambda: objective.value(np.zeros(D + 1)),
        lambda: objective.grad(np.zeros(D + 1)),
        lambda: fastgd.minimize(objective, optimizer=SGD(0.1), batch_size=batch_size),
    ):
        with pytest.raises(LookupError, match="no such row") as caught:
            call()
        assert "deep_inside" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    broken = False
    found = fastgd.minimize(objective, optimizer=SGD(0.1), batch_size=batch_size, max_epochs=3, tol=None)
    named = fastgd.LinearObjective(table(n=3000), targets("squared_error", 3000), loss="squared_error")
    expected = fastgd.minimize(named, optimizer=SGD(0.1), batch_size=batch_size, max_epochs=3, tol=None)
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-12)


@pytest.mark.parametrize("batch_size", ["full", 32, 1])
def test_ctrl_c_ends_a_run_with_what_it_has(batch_size: int | str) -> None:
    interrupts = iter([False] * 900 + [True])

    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if next(interrupts, False):
            raise KeyboardInterrupt
        return squared_error(y, raw)

    objective = fastgd.LinearObjective(table(), targets("squared_error"), loss=loss)
    run: dict[str, Any] = {"optimizer": SGD(0.001), "batch_size": batch_size, "tol": None}
    found = fastgd.minimize(objective, max_epochs=10000, **run)
    assert found.status == "interrupted"
    assert found.n_epochs == {"full": 900, 32: 90, 1: 3}[batch_size]
    assert found.fun < objective.value(np.zeros(D + 1))


@pytest.mark.parametrize(
    "returned, error, message",
    [
        (lambda raw: raw, ValueError, r"loss\(y, raw\) must be \(loss, dloss/draw\), got array\("),
        (lambda raw: None, ValueError, r"loss\(y, raw\) must be \(loss, dloss/draw\), got None"),
        (lambda raw: (raw, raw, raw), ValueError, r"loss\(y, raw\) must be \(loss, dloss/draw\), got \("),
        (lambda raw: (raw.sum(), raw), ValueError, r"loss\(y, raw\)\[0\] must have shape \(300,\), got shape \(\)"),
        (lambda raw: (raw, raw[:, None]), ValueError, r"\[1\] must have shape \(300,\), got shape \(300, 1\)"),
        (lambda raw: (raw, raw * 1j), TypeError, r"loss\(y, raw\)\[1\] must hold real numbers, got dtype complex128"),
        (lambda raw: (raw, ["a"] * len(raw)), TypeError, r"loss\(y, raw\)\[1\] must hold real numbers, got dtype <U1"),
    ],
)
def test_what_a_function_may_not_return(returned: Any, error: type[Exception], message: str) -> None:
    objective = fastgd.LinearObjective(table(), targets("squared_error"), loss=lambda y, raw: returned(raw))
    with pytest.raises(error, match=message):
        objective.value(np.zeros(D + 1))
    with pytest.raises(error, match=message):
        fastgd.minimize(objective, optimizer=SGD(0.1))


@pytest.mark.parametrize("form", ["numpy", "C"])
@pytest.mark.parametrize("where", [0, 1])
def test_nan_is_named(where: int, form: str) -> None:
    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = squared_error(y, raw)
        found[where][y == 2.5] = np.nan
        return found

    y = targets("squared_error")
    y[[123, 200]] = 2.5
    objective = fastgd.LinearObjective(table(), y, loss=as_callback(loss) if form == "C" else loss)
    what = ("loss nan and dloss/draw -2.5", "loss 3.125 and dloss/draw nan")[where]
    message = f"loss must not be NaN where raw is finite, got {what} for y=2.5, raw=0.0 in row 123"
    for batch_size in ("full", 32, 1):
        with pytest.raises(ValueError, match=message):
            fastgd.minimize(objective, optimizer=SGD(0.01), batch_size=batch_size)
    with pytest.raises(ValueError, match=message):
        objective.value(np.zeros(D + 1))
    assert np.isfinite(objective.value(np.zeros(D + 1), [0, 1, 2]))


@pytest.mark.parametrize("written, got", [(0, "loss 0.0 and dloss/draw nan"), (1, "loss nan and dloss/draw 0.0")])
def test_what_a_c_function_leaves_unwritten_is_nan(written: int, got: str) -> None:
    @PROTOTYPE
    def write_one(y: Any, raw: Any, n_rows: int, n_outputs: int, *results: Any) -> None:
        np.ctypeslib.as_array(results[written], (n_rows,))[:] = 0.0

    objective = fastgd.LinearObjective(table(), targets("squared_error"), loss=write_one)
    with pytest.raises(ValueError, match=f"got {got} for y=.*, raw=0.0 in row 0"):
        objective.value(np.zeros(D + 1))


def test_nan_on_the_way_is_divergence() -> None:
    """The run goes back, and on with a smaller rate, as where a raw score overflows."""

    def fragile(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = squared_error(y, raw)
        return np.where(np.abs(raw) > 50.0, np.nan, value), slope

    X, y = table(), targets("squared_error")
    objective = fastgd.LinearObjective(X, y, loss=fragile)
    found = fastgd.minimize(objective, optimizer=SGD(5.0), max_epochs=300, tol=None)
    assert found.status == "max_epochs"
    assert "diverged 1x on the way" in found.message
    # A rate of 0.5 leaves less than half of the way to the minimum a step, so that rounding is what is left.
    least = 0.5 * np.linalg.lstsq(np.column_stack([X, np.ones(N)]), y)[1] / N
    np.testing.assert_allclose(found.fun, least[0], **tolerance(np.float64))


def test_scores_that_are_not_finite_are_not_shown_to_it() -> None:
    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert np.isfinite(raw).all()
        with np.errstate(over="ignore"):
            return squared_error(y, raw)

    X, y = table(), targets("squared_error")
    objective = fastgd.LinearObjective(X, y, loss=loss)
    with pytest.raises(ValueError, match="w must be small enough for the raw scores"):
        objective.value(np.full(D + 1, 1e308))
    assert fastgd.minimize(objective, optimizer=SGD(1e300), max_epochs=9).status == "diverged"
    X[17, 3] = np.nan
    with pytest.raises(ValueError, match="X must be finite, got nan in row 17, column 3"):
        fastgd.LinearObjective(X, y, loss=loss).value(np.zeros(D + 1))
    with pytest.raises(ValueError, match="X must be finite, got nan in row 17, column 3"):
        fastgd.minimize(fastgd.LinearObjective(X, y, loss=loss), optimizer=SGD(0.1))


def test_what_it_cannot_do() -> None:
    objective, _ = pair("squared_error", alpha=0.1)
    w = np.zeros(D + 1)
    with pytest.raises(ValueError, match=r"loss must be one of .* for hvp, got <function squared_error"):
        objective.hvp(w, w)
    with pytest.raises(ValueError, match=r"loss must be one of .* for a duality gap, got <function squared_error"):
        objective.duality_gap(w)


def test_bad_arguments() -> None:
    X, y = table(), targets("squared_error")

    def make(loss: Any, y: Any = y, **options: Any) -> None:
        fastgd.LinearObjective(X, y, loss=loss, **options)

    with pytest.raises(TypeError, match=r"or a function \(y, raw\) -> \(loss, dloss/draw\), got 3 of type int"):
        make(3)
    with pytest.raises(
        ValueError, match=r"parameters of loss 'squared_error\(y, raw\)' \(it takes none\), got 'epsilon'"
    ):
        make(squared_error, loss_params={"epsilon": 1.0})
    with pytest.raises(ValueError, match="y must be finite, got nan"):
        make(squared_error, np.where(np.arange(N) == 3, np.nan, y))
    with pytest.raises(ValueError, match="y must hold class indices from 0 to 2 for loss 'multinomial"):
        make(multinomial, np.arange(N) % 4, n_classes=3)
    with pytest.raises(ValueError, match="n_classes must be an integer from 2"):
        make(multinomial, np.zeros(N, int), n_classes=1)


def test_c_functions_must_say_what_they_take() -> None:
    X, y = table(), targets("squared_error")
    signature = r"loss must be void \(const double \*y, .* as a C function, with argtypes and restype to say so, got "
    undeclared = ctypes.pythonapi.PyErr_CheckSignals
    with pytest.raises(TypeError, match=signature + "no argtypes and restype c_int"):
        fastgd.LinearObjective(X, y, loss=undeclared)
    floats = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_float))(lambda _: None)
    with pytest.raises(TypeError, match=signature + "LP_c_float and restype None"):
        fastgd.LinearObjective(X, y, loss=floats)
