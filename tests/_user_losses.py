"""Losses of one's own with the formulas of named ones, as NumPy functions and behind C function pointers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

import fastgd

Loss = Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]

N, D = 300, 7
DOUBLES = ctypes.POINTER(ctypes.c_double)
PROTOTYPE = ctypes.CFUNCTYPE(None, DOUBLES, DOUBLES, ctypes.c_int64, ctypes.c_int64, DOUBLES, DOUBLES)


def squared_error(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = raw - y
    return 0.5 * (r**2 if r.ndim == 1 else (r**2).sum(axis=1)), r


def log_loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.logaddexp(0.0, -y * raw), -y / (1.0 + np.exp(y * raw))


def multinomial(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shifted = raw - raw.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1)
    own = np.arange(len(y)), y
    slopes = np.exp(shifted) / total[:, None]
    slopes[own] -= 1.0
    return np.log(total) - shifted[own], slopes


def as_callback(loss: Loss, class_targets: bool = False) -> Any:
    """The same function behind a C function pointer."""

    @PROTOTYPE
    def call(y: Any, raw: Any, n_rows: int, n_outputs: int, value: Any, slope: Any) -> None:
        shape = (n_rows,) if n_outputs == 1 else (n_rows, n_outputs)
        targets = np.ctypeslib.as_array(y, (n_rows,) if class_targets else shape)
        found = loss(targets.astype(int) if class_targets else targets, np.ctypeslib.as_array(raw, shape))
        np.ctypeslib.as_array(value, (n_rows,))[:] = found[0]
        np.ctypeslib.as_array(slope, shape)[:] = found[1]

    return call


def table(dtype: Any = np.float64, n: int = N, d: int = D) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 9, (n, d), np.uint8) if dtype is np.uint8 else rng.normal(size=(n, d)).astype(dtype)


def targets(name: str, n: int = N) -> np.ndarray:
    rng = np.random.default_rng(1)
    if name == "multinomial":
        return rng.integers(0, 3, n)
    if name == "log_loss":
        return rng.choice([-1, 1], n)
    return rng.normal(size=(n, 2) if name == "two outputs" else n)


CASES: dict[str, tuple[str, Loss, dict[str, Any]]] = {
    "squared_error": ("squared_error", squared_error, {}),
    "two outputs": ("squared_error", squared_error, {}),
    "log_loss": ("log_loss", log_loss, {}),
    "multinomial": ("multinomial", multinomial, {"n_classes": 3}),
}


def pair(case: str, form: str = "numpy", dtype: Any = np.float64, **options: Any) -> list[fastgd.LinearObjective]:
    """The objective of a user's loss and that of the named one."""
    name, function, classes = CASES[case]
    loss = as_callback(function, bool(classes)) if form == "C" else function
    n = options.pop("n", N)
    X, y = table(dtype, n, options.pop("d", D)), targets(case, n)
    return [fastgd.LinearObjective(X, y, loss=one, **classes, **options) for one in (loss, name)]


def tolerance(dtype: Any) -> dict[str, float]:
    """Of a few roundings of terms of about 1 to 10.

    Whole fits, too: a step at rate r adds r times the rounding of a gradient, and a thousand of those at rates up to
    0.1 less than a few of the parameters themselves.
    """
    eps = np.finfo(np.float64 if dtype is np.float64 else np.float32).eps
    return {"rtol": 32 * eps, "atol": 32 * eps}
