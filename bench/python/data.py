"""Tables and targets, the same in every run."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

# Where real tables are looked for.
DEFAULT = Path("data")

_ALIGNMENT = 64


def table(shape: tuple[int, int], dtype: npt.DTypeLike) -> Array:
    """Room for a table that no peer needs to copy: JAX takes aligned memory as it is."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    begin = -room.ctypes.data % _ALIGNMENT
    return room[begin : begin + n_bytes].view(dtype).reshape(shape)


@functools.cache
def real(folder: Path, name: str) -> dict[str, Any] | None:
    """A real table by name: its task, and X_train, y_train, X_test, y_test; None where it is not in the folder."""
    spec = importlib.util.spec_from_file_location("load", folder / "load.py")
    if spec is None or spec.loader is None or not (folder / name).is_dir():
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.load(name)
    return found


def normal(rng: np.random.Generator, shape: tuple[int, int], dtype: npt.DTypeLike) -> Floats:
    X = table(shape, dtype)
    rng.standard_normal(out=X, dtype=X.dtype)
    return X


def dependent(rng: np.random.Generator, shape: tuple[int, int], dtype: npt.DTypeLike) -> Floats:
    """Columns that depend on each other, and are not centred."""
    X = normal(rng, shape, dtype)
    d = shape[1]
    mixed: Floats = (X @ rng.normal(size=(d, d)) / np.sqrt(d) + 0.5 * rng.normal(size=d)).astype(dtype)
    return mixed


def uniform(rng: np.random.Generator, shape: tuple[int, int], dtype: npt.DTypeLike) -> Floats:
    X = table(shape, dtype)
    rng.random(out=X, dtype=X.dtype)
    return X


def labels(rng: np.random.Generator, X: Floats) -> Floats:
    """Classes 0 and 1, in X's dtype, as a logistic model draws them."""
    raw = X @ parameters(rng, X.shape[1], X.dtype)
    return (rng.random(len(X)) < 1.0 / (1.0 + np.exp(-raw))).astype(X.dtype)


def parameters(rng: np.random.Generator, n: int, dtype: npt.DTypeLike) -> Floats:
    """Parameters with which scores of standardised rows are of size 1."""
    return (rng.standard_normal(n) / np.sqrt(n)).astype(dtype)
