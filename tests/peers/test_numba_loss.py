"""numba's compiled functions as losses: a cfunc on all threads, an njit function as a Python function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
from _peers import load
from _user_losses import tolerance

import fastgd
from fastgd.optimizers import SGD

N, D, K = 2000, 40, 3
SCORE = np.random.default_rng(0).normal(size=(D, K))


def table(dtype: Any) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, 5, (N, D), np.uint8) if dtype is np.uint8 else rng.normal(size=(N, D)).astype(dtype)


@pytest.fixture(scope="module")
def losses() -> dict[str, Any]:
    """Squared error and multinomial as cfuncs, and log_loss as an njit function."""
    numba = load("numba")
    doubles, int64 = numba.types.CPointer(numba.types.double), numba.types.int64
    signature = numba.types.void(doubles, doubles, int64, int64, doubles, doubles)

    @numba.cfunc(signature)
    def squared_error(y, raw, n_rows, n_outputs, loss, dloss):
        for i in range(n_rows):
            loss[i] = 0.0
            for k in range(i * n_outputs, (i + 1) * n_outputs):
                dloss[k] = raw[k] - y[k]
                loss[i] += 0.5 * dloss[k] ** 2

    @numba.cfunc(signature)
    def multinomial(y, raw, n_rows, n_outputs, loss, dloss):
        scores = numba.carray(raw, (n_rows, n_outputs))
        slopes = numba.carray(dloss, (n_rows, n_outputs))
        for i in range(n_rows):
            own, top = int(y[i]), scores[i].max()
            for k in range(n_outputs):
                slopes[i, k] = np.exp(scores[i, k] - top)
            total = slopes[i].sum()
            loss[i] = np.log(total) - (scores[i, own] - top)
            for k in range(n_outputs):
                slopes[i, k] = slopes[i, k] / total - (1.0 if k == own else 0.0)

    @numba.njit
    def log_loss(y, raw):
        return np.log1p(np.exp(-y * raw)), -y / (1.0 + np.exp(y * raw))

    return {"squared_error": squared_error, "multinomial": multinomial, "log_loss": log_loss}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("name", ["squared_error", "multinomial", "log_loss"])
def test_they_are_the_named_losses(losses: dict[str, Any], name: str, dtype: Any) -> None:
    X = table(dtype)
    scores = 0.1 * (X @ SCORE)
    y = {"squared_error": scores, "multinomial": scores.argmax(axis=1)}.get(name, np.where(scores[:, 0] > 0.0, 1, -1))
    if name == "log_loss":
        y[0] = -1
    elif name == "multinomial":
        y[:K] = range(K)
    options: dict[str, Any] = {"alpha": 0.01, "sample_weight": np.arange(N) % 3}
    classes = {"n_classes": K} if name == "multinomial" else {}
    own = fastgd.LinearObjective(X, y, loss=losses[name], **classes, **options)
    named = fastgd.LinearObjective(X, y, loss=name, **options)
    w = np.linspace(-0.1, 0.1, own.n_params)
    for threads in (1, 2, 7):
        with fastgd.threads(threads):
            np.testing.assert_allclose(own.value(w), named.value(w), **tolerance(dtype))
            np.testing.assert_allclose(own.grad(w), named.grad(w), **tolerance(dtype))
            for batch_size in ("full", 32, 1):
                found, expected = (
                    fastgd.minimize(one, optimizer=SGD(1e-3), batch_size=batch_size, max_epochs=2)
                    for one in (own, named)
                )
                np.testing.assert_allclose(found.x, expected.x, **tolerance(dtype))


def test_a_cfunc_in_a_low_level_callable(losses: dict[str, Any]) -> None:
    X, cfunc = table(np.float64), losses["squared_error"]
    y = X[:, 0]
    w = np.linspace(-1.0, 1.0, D + 1)
    values = [
        fastgd.LinearObjective(X, y, loss=loss).value(w)
        for loss in (cfunc, cfunc.ctypes, scipy.LowLevelCallable(cfunc.ctypes))
    ]
    assert values[0] == values[1] == values[2]


def test_a_cfunc_of_another_signature_is_refused() -> None:
    numba = load("numba")

    @numba.cfunc(numba.types.double(numba.types.double))
    def square(x):
        return x * x

    with pytest.raises(TypeError, match=r"as a C function, .* got c_double and restype c_double"):
        fastgd.LinearObjective(table(np.float64), np.zeros(N), loss=square)
